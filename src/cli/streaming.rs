//! Checking many files: in parallel, results in the order of the inputs,
//! progress beside them.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{io, iter};

use earmark::check::{Lost, Marks, Run, Source};
use earmark::inputs::{Selection, Shard};
use earmark::params::Params;
use earmark::report::{IdentifyRow, ScanRow};
use earmark::units::Seconds;

use crate::cli::error::CliError;
use crate::cli::listing::Inputs;
use crate::cli::ui::interrupt;
use crate::cli::ui::output::Output;
use crate::cli::ui::progress::Progress;

/// A row of results, as far as progress is concerned.
pub trait Row: Send {
    /// Why the file could not be checked.
    fn error(&self) -> Option<&str>;
    /// Seconds of audio in it.
    fn duration_s(&self) -> Option<Seconds>;
}

impl Row for IdentifyRow {
    fn error(&self) -> Option<&str> {
        self.error.as_deref()
    }

    fn duration_s(&self) -> Option<Seconds> {
        self.duration_s
    }
}

impl Row for ScanRow {
    fn error(&self) -> Option<&str> {
        self.error.as_deref()
    }

    fn duration_s(&self) -> Option<Seconds> {
        self.duration_s
    }
}

/// What is to be checked and where the rows go.
pub struct Job<'a> {
    /// The params of the registry, and so of every fingerprint file.
    pub params: &'a Params,
    /// The file that results are written to; `None` for standard output.
    pub out: Option<&'a Path>,
    /// Whether the results are shown on a terminal, where the bar has to give way.
    pub shown: bool,
    /// Whether errors stand in what is shown, so that they need not be told.
    pub errors_shown: bool,
    /// Threads to use.
    pub threads: Option<NonZeroUsize>,
}

/// Which part of the inputs is to be checked.
pub struct Part {
    /// The share of this run.
    pub shard: Option<Shard>,
    /// What of it is done, by path.
    pub done: Box<dyn Iterator<Item = PathBuf>>,
    /// Where the items that are under way are noted.
    pub marks: Option<Arc<Marks>>,
}

impl Part {
    /// Every input.
    pub fn all() -> Self {
        Self { shard: None, done: Box::new(iter::empty()), marks: None }
    }
}

/// How a run over the inputs went.
pub struct Ran {
    /// Whether every input was checked; false after Ctrl-C.
    pub whole: bool,
    /// Whether some file could not be checked.
    pub failures: bool,
    /// What was done, still to be told.
    pub progress: Progress,
}

/// Calls `check` with every source of `part`, on several threads, and `write` with every
/// row, in the order of the inputs. `lost` makes the row of a source to which `check` gave
/// none.
pub fn run<R: Row + 'static>(
    job: &Job<'_>,
    inputs: Inputs,
    part: Part,
    check: impl Fn(Source) -> R + Send + Sync + 'static,
    lost: impl Fn(&Path, String) -> R,
    mut write: impl FnMut(&R) -> io::Result<()>,
) -> Result<Ran, CliError> {
    let stop = interrupt::watch()?;
    let inputs = inputs.until(&stop);
    let run = Run::new(stop.clone()).threads(job.threads).limit(inputs.timeout).marks(part.marks);
    let mut progress = Progress::new(if part.shard.is_some() { None } else { inputs.count });
    let mut failures = false;
    let (left_out, refusal) = (inputs.left_out(), inputs.refusal());
    let sources = inputs.sources(job.params);
    let mut selection = Selection::new(sources, part.shard, part.done);
    let sources = iter::from_fn(|| selection.next_by(Source::name));
    let mut sink = |path: PathBuf, row: Result<R, Lost>| -> Result<(), CliError> {
        let row = row.unwrap_or_else(|error| lost(&path, error.to_string()));
        match row.error() {
            Some(error) => {
                failures = true;
                if !job.errors_shown {
                    progress.say(&path, error);
                }
                progress.failed();
            }
            None => progress.done(row.duration_s().unwrap_or(0.0)),
        }
        let written = if job.shown { progress.while_hidden(|| write(&row)) } else { write(&row) };
        written.map_err(|error| Output::failed(job.out, error))
    };
    let ending = run.each(sources, Source::name, check, &mut sink);
    progress.while_hidden(|| left_out.tell());
    refusal.check()?;
    // Whoever stops has not seen all inputs.
    if let Some(error) = selection.error().filter(|_| !stop.is_stopped()) {
        return Err(error.into());
    }
    Ok(Ran { whole: ending?.is_complete(), failures, progress })
}
