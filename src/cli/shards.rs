//! Several manifests or archives written again, each by itself.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use earmark::dataset::{AnnotateError, Cells, Counts, Form};
use earmark::inputs::{Choice, Held, Holder};
use serde::Serialize;

use crate::cli::error::CliError;
use crate::cli::places::STATS;
use crate::cli::resume::beside;
use crate::cli::rewriting::{self, replace};
use crate::cli::ui::messages::tell;

/// What is told about each of several, in `NAME_stats.json`.
#[derive(Serialize)]
struct Stats<'a> {
    input: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    rows: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    samples: Option<u64>,
    written: u64,
    verdicts: &'a BTreeMap<&'static str, u64>,
    error: Option<String>,
}

/// Verdicts of one of them, counted on their way.
struct Own<'a> {
    verdicts: &'a mut dyn Iterator<Item = io::Result<Cells>>,
    left: u64,
    counted: BTreeMap<&'static str, u64>,
    last_error: Option<String>,
}

impl Iterator for Own<'_> {
    type Item = io::Result<Cells>;

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let cells = self.verdicts.next()?;
        if let Ok(cells) = &cells {
            *self.counted.entry(cells.verdict.name()).or_default() += 1;
            self.last_error.clone_from(&cells.error);
        }
        Some(cells)
    }
}

/// Writes `each` into its place, and beside it what became of it; `verdicts` are
/// those of all of them, in order. One that is damaged costs its own result only:
/// then the answer is false.
pub fn write<'a>(
    folder: &Path,
    form: Form,
    choice: &Choice,
    each: impl Iterator<Item = (&'a Holder, &'a Held, &'a Path)>,
    verdicts: &mut dyn Iterator<Item = io::Result<Cells>>,
) -> Result<bool, CliError> {
    let (mut read, mut written, mut damaged) = (0, 0, 0u64);
    let (mut tars, mut tables) = (false, false);
    for (holder, held, to) in each {
        if let Some(parent) = to.parent() {
            fs::create_dir_all(parent).map_err(|source| {
                let path = parent.to_owned();
                CliError::File { path, action: "make the folder", source }
            })?;
        }
        let mut own = Own { verdicts, left: held.items, counted: BTreeMap::new(), last_error: None };
        let result = if held.damaged {
            None
        } else {
            match rewriting::write(holder, form, choice, to, &mut own) {
                Ok(counts) => Some(Ok(counts)),
                // Written and read are different things: what is read ends with itself.
                Err(CliError::Annotate { source, .. }) if !matches!(source, AnnotateError::Io(_)) => {
                    Some(Err(source.to_string()))
                }
                Err(error) => return Err(error),
            }
        };
        own.by_ref().try_for_each(|cells| cells.map(drop))?;
        let (counts, error) = match result {
            Some(Ok(counts)) => (counts, None),
            Some(Err(error)) => (Counts::default(), Some(error)),
            // The last of its items is about the damage.
            None => (Counts::default(), Some(own.last_error.unwrap_or_default())),
        };
        if let Some(error) = &error {
            damaged += 1;
            tell(format_args!("{} is not written: {error}", to.display()));
        }
        read += counts.read;
        written += counts.written;
        let is_tar = matches!(holder, Holder::Tar(_));
        (tars, tables) = (tars || is_tar, tables || !is_tar);
        let stats = Stats {
            input: &holder.path().to_string_lossy(),
            rows: (!is_tar).then_some(counts.read),
            samples: is_tar.then_some(counts.read),
            written: counts.written,
            verdicts: &own.counted,
            error,
        };
        replace(&beside(to, STATS), |out| {
            serde_json::to_writer_pretty(&mut *out, &stats).map_err(io::Error::from)?;
            Ok(out.write_all(b"\n")?)
        })?;
    }
    let what = match (tars, tables) {
        (true, true) => "rows and samples",
        (true, false) => "samples",
        _ => "rows",
    };
    let left = if damaged > 0 { format!(", {damaged} damaged files left out") } else { String::new() };
    tell(format_args!("{}: {written} of {read} {what}{left}", folder.display()));
    Ok(damaged == 0)
}
