//! Checking many files: in parallel, results in the order of the inputs,
//! progress beside them.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::{io, iter};

use earmark::check::pipeline::{Ending, Panicked, Pipeline};
use earmark::inputs::{Selection, Shard};
use earmark::params::Params;
use earmark::report::{IdentifyRow, ScanRow};
use earmark::units::Seconds;

use crate::cli::error::CliError;
use crate::cli::listing::Inputs;
use crate::cli::ui::interrupt;
use crate::cli::ui::output::Output;
use crate::cli::ui::progress::Progress;
use earmark::check::Source;

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
}

impl Part {
    /// Every input.
    pub fn all() -> Self {
        Self { shard: None, done: Box::new(iter::empty()) }
    }
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

/// Calls `check` with every source of `part`, on several threads, and `write` with every
/// row, in the order of the inputs. `panicked` makes the row of a source on
/// which `check` panicked.
pub fn run<R: Row>(
    job: &Job<'_>,
    inputs: Inputs,
    part: Part,
    check: impl Fn(Source) -> R + Sync,
    panicked: impl Fn(&Path, String) -> R,
    mut write: impl FnMut(&R) -> io::Result<()>,
) -> Result<Run, CliError> {
    let pipeline = Pipeline::new(job.threads, interrupt::watch()?)
        .map_err(|error| CliError::Threads { reason: error.to_string() })?;
    let mut progress = Progress::new(if part.shard.is_some() { None } else { inputs.count });
    let mut failures = false;
    let (left_out, refusal) = (inputs.left_out(), inputs.refusal());
    let sources = inputs.sources(job.params);
    let mut selection = Selection::new(sources, part.shard, part.done);
    let sources = iter::from_fn(|| selection.next_by(Source::name));
    let ending = run_named(&pipeline, sources, Source::name, check, |path, result| {
        let row = match result {
            Ok(row) => row,
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
    progress.while_hidden(|| left_out.tell());
    refusal.check()?;
    if let Some(error) = selection.error() {
        return Err(error.into());
    }
    Ok(Run { whole: ending.whole()?, failures, progress })
}

/// As [`Pipeline::run`], and tells `deliver` what each result is of, also where
/// `work` panicked.
pub fn run_named<T: Send, R: Send, B>(
    pipeline: &Pipeline,
    items: impl Iterator<Item = T>,
    path: impl Fn(&T) -> PathBuf,
    work: impl Fn(T) -> R + Sync,
    mut deliver: impl FnMut(&Path, Result<R, Panicked>) -> ControlFlow<B>,
) -> Ending<B> {
    // Taken and delivered by this thread, in one order.
    let paths = RefCell::new(VecDeque::new());
    let items = items.inspect(|item| paths.borrow_mut().push_back(path(item)));
    pipeline.run(items, work, |result| {
        let path = paths.borrow_mut().pop_front().unwrap_or_default();
        deliver(&path, result)
    })
}
