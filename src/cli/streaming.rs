//! Checking many files: in parallel, results in the order of the inputs,
//! progress beside them.

use std::io;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::path::Path;

use earmark::registry::RegistryError;
use earmark::report::{IdentifyRow, ScanRow};
use earmark::scan::inputs::Input;
use earmark::scan::pipeline::{Ending, Pipeline};
use earmark::units::Seconds;

use super::error::CliError;
use super::interrupt;
use super::output::Output;
use super::progress::Progress;

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
    /// The inputs.
    pub inputs: &'a [Input],
    /// The file that results are written to; `None` for standard output.
    pub out: Option<&'a Path>,
    /// Whether the results are shown on a terminal, where the bar has to give way.
    pub shown: bool,
    /// Whether errors stand in what is shown, so that they need not be told.
    pub errors_shown: bool,
    /// Threads to use.
    pub threads: Option<NonZeroUsize>,
}

/// How a run over the inputs went.
pub struct Run {
    /// Whether every input was checked; false after Ctrl-C.
    pub whole: bool,
    /// Whether some file could not be checked.
    pub failures: bool,
    /// What was done, still to be told.
    pub progress: Progress,
}

/// Calls `check` with every input, on several threads, and `write` with every
/// row, in the order of the inputs. `panicked` makes the row of an input on
/// which `check` panicked.
pub fn run<R: Row>(
    job: &Job<'_>,
    check: impl Fn(&Input) -> Result<R, RegistryError> + Sync,
    panicked: impl Fn(&Path, String) -> R,
    mut write: impl FnMut(&R) -> io::Result<()>,
) -> Result<Run, CliError> {
    let pipeline = Pipeline::new(job.threads, interrupt::watch()?)
        .map_err(|error| CliError::Threads { reason: error.to_string() })?;
    let mut progress = Progress::new(job.inputs.len() as u64);
    let mut failures = false;
    let mut delivered = job.inputs.iter();
    let ending = pipeline.run(job.inputs, check, |result| {
        let path = delivered.next().map_or(Path::new(""), Input::path);
        let row = match result {
            Ok(Ok(row)) => row,
            Ok(Err(error)) => return ControlFlow::Break(CliError::Registry(error)),
            Err(panic) => panicked(path, panic.to_string()),
        };
        match row.error() {
            Some(error) => {
                failures = true;
                if !job.errors_shown {
                    progress.say(path, error);
                }
                progress.failed();
            }
            None => progress.done(row.duration_s().unwrap_or(0.0)),
        }
        let written = if job.shown { progress.while_hidden(|| write(&row)) } else { write(&row) };
        match written {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => ControlFlow::Break(Output::failed(job.out, error)),
        }
    });
    match ending {
        Ending::Complete => Ok(Run { whole: true, failures, progress }),
        Ending::Stopped => Ok(Run { whole: false, failures, progress }),
        Ending::Broken(error) => Err(error),
    }
}
