//! Going on with a scan that was stopped or killed.

use std::io;
use std::path::{Path, PathBuf};

use earmark::dataset::Cells;
use earmark::inputs::Shard;
use earmark::registry::{Lineage, Snapshot};
use earmark::report::Unfinished;
use serde::Serialize;
use std::fs;

use crate::cli::error::CliError;
use crate::cli::ui::messages::{counted, tell};
use crate::cli::ui::output::{Output, Part, part_of};

/// What an earlier run has done.
pub struct Done {
    /// The rows it left.
    pub rows: u64,
    /// The paths of their files, in order.
    pub paths: Box<dyn Iterator<Item = PathBuf>>,
    /// Where the next row goes.
    pub output: Output,
}

/// Opens `out` to go on behind the rows of the run that was writing it, which
/// `take` is given; from the start where there is none. A run that came to its end
/// is gone on with, too: it may be that inputs were added.
pub fn open(
    out: &Path,
    shard: Option<Shard>,
    basis: &impl Serialize,
    registry: &Snapshot,
    mut take: impl FnMut(Cells) -> Result<(), CliError>,
) -> Result<Done, CliError> {
    let part = part_of(out);
    // From here on nobody else writes it.
    let left = Part::left_of(out)?;
    let from = if left.is_some() || !out.exists() { part.clone() } else { out.to_owned() };
    if !from.exists() {
        return fresh(out);
    }
    let read = |source| CliError::File { path: from.clone(), action: "read", source };
    let mut failed = None;
    let found = Unfinished::read(&from, |row| {
        let taken = match Cells::of_value(row) {
            Some(cells) => take(cells),
            None => Err(CliError::ResumeOther { path: from.clone() }),
        };
        taken.map_err(|error| {
            failed = Some(error);
            io::ErrorKind::Other.into()
        })
    });
    if let Some(error) = failed {
        return Err(error);
    }
    let found = found.map_err(read)?;
    if found.rows == 0 {
        drop(left);
        return fresh(out);
    }
    if let Some(then) = found.registry()
        && let Lineage::Broken(reason) = registry.lineage(&then)
    {
        let (path, report) = (registry.folder().to_owned(), from);
        let remedy = "give the registry that the report was begun with; without --resume all is scanned anew";
        return Err(CliError::NotContinued { path, report, reason, remedy });
    }
    if found.shard != shard || !found.rests_on(basis) {
        return Err(CliError::ResumeOther { path: from });
    }
    let left = match left {
        Some(left) => left,
        None => {
            let write = |source| CliError::File { path: part.clone(), action: "write", source };
            fs::rename(&from, &part).map_err(write)?;
            Part::left_of(out)?.ok_or_else(|| write(io::ErrorKind::NotFound.into()))?
        }
    };
    let paths = found.paths(&part).map_err(|source| CliError::File { path: part, action: "read", source })?;
    tell(format_args!("resuming behind {}", counted(found.rows, "row")));
    Ok(Done { rows: found.rows, paths: Box::new(paths), output: left.go_on(found.bytes)? })
}

fn fresh(out: &Path) -> Result<Done, CliError> {
    Ok(Done { rows: 0, paths: Box::new(std::iter::empty()), output: Output::open(Some(out), false)? })
}

/// A path with something added to its name.
pub fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}
