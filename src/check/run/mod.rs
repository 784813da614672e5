//! Work on any number of items on several threads, with the results in order and in
//! bounded memory.
//!
//! The calling thread takes items from the source, hands them to threads, and gives the
//! results to a [`Sink`] in the order of the items. It stops taking items while too many
//! are under way or wait for their turn, so that memory depends on the number of threads
//! and not on the number of items.
//!
//! A thread that reads a file may never come back: a network that is gone, a file that
//! is no file, a loop in a library. Nothing can end it. A run therefore owns all that it
//! works with, and leaves such a thread behind: another one takes its place, the item
//! has an error, and the run goes on. A file may also end the whole process; [`Marks`]
//! tell the next one which.

mod foreman;
mod marks;
#[cfg(test)]
mod tests;

use std::io;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use foreman::{Crew, Foreman};

use crate::error_kind::ErrorKind;

pub use marks::{Care, Marks, Suspects};

/// How long one item may take, unless somebody says otherwise. A day of audio, the
/// longest that is decoded, takes a third of it on one core.
pub const DEFAULT_LIMIT: Duration = Duration::from_secs(600);

/// Results that may wait for an earlier, slower item, per thread, unless told
/// otherwise. Results are usually small beside the work that makes them, and one
/// hour-long file among short ones must not leave the other threads idle.
const WAITING_PER_THREAD: usize = 64;

/// The name of every thread.
const NAME: &str = "check";

/// A request to stop, shared between threads (and a Ctrl-C handler).
#[derive(Clone, Debug, Default)]
pub struct StopFlag(Arc<AtomicBool>);

impl StopFlag {
    /// A flag that nobody has raised.
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks to stop. There is no way back.
    pub fn stop(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    /// Whether somebody asked to stop.
    pub fn is_stopped(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

/// An item that has no result. It costs that item and no other.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Lost {
    /// The work on it panicked: a defect in the program or in a decoder.
    #[error("internal error, please report it with the file: {message}")]
    Panicked {
        /// What the panic said.
        message: String,
    },
    /// The work on it did not end in time.
    #[error("took longer than {limit_s} s: raise --file-timeout if the file is genuine")]
    TimedOut {
        /// How long it may take, in seconds.
        limit_s: u64,
    },
    /// The work on it was not begun, as the process died at it before; see [`Marks`].
    #[error(
        "is passed over: the process was killed twice while it read this file, at last nothing else; \
         memory may have run out: check the file by itself, and report it"
    )]
    PassedOver,
}

impl Lost {
    /// What sort of thing went wrong.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Panicked { .. } => ErrorKind::Internal,
            Self::TimedOut { .. } => ErrorKind::TimedOut,
            Self::PassedOver => ErrorKind::PassedOver,
        }
    }
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ending {
    /// Every item was delivered.
    Complete,
    /// Somebody asked to stop. Items that ended soon after were delivered; the rest was
    /// not looked at, or came to nothing.
    Stopped,
}

impl Ending {
    /// Whether every item was delivered.
    pub fn is_complete(self) -> bool {
        self == Self::Complete
    }
}

/// The system starts no thread.
#[derive(Debug, thiserror::Error)]
#[error("cannot start threads: {0}")]
pub struct NoThreads(#[from] io::Error);

/// Takes results in the order of the items, on the thread that called [`Run::each`].
///
/// A closure is one: `|name: PathBuf, result: Result<Row, Lost>| -> Result<(), Error> {…}`.
pub trait Sink<K, R> {
    /// What ends a run before its time.
    type Error: From<NoThreads>;

    /// Takes the result of the item whose ticket is `ticket`.
    ///
    /// # Errors
    /// If the run has to end: when results cannot be written, say. What is wrong with
    /// one item is no such error.
    fn take(&mut self, ticket: K, result: Result<R, Lost>) -> Result<(), Self::Error>;
}

impl<K, R, E: From<NoThreads>, F: FnMut(K, Result<R, Lost>) -> Result<(), E>> Sink<K, R> for F {
    type Error = E;

    fn take(&mut self, ticket: K, result: Result<R, Lost>) -> Result<(), E> {
        self(ticket, result)
    }
}

/// How items are worked on.
///
/// ```
/// use std::path::PathBuf;
/// use earmark::check::{Lost, NoThreads, Run, StopFlag};
///
/// let mut lengths = Vec::new();
/// let mut sink = |_: PathBuf, length: Result<usize, Lost>| -> Result<(), NoThreads> {
///     lengths.push(length.ok());
///     Ok(())
/// };
/// let ending = Run::new(StopFlag::new()).each(["a", "bcd"], |name| name.into(), |name| name.len(), &mut sink)?;
/// assert!(ending.is_complete());
/// assert_eq!(lengths, [Some(1), Some(3)]);
/// # Ok::<(), NoThreads>(())
/// ```
#[derive(Debug)]
#[must_use]
pub struct Run {
    threads: usize,
    waiting_per_thread: usize,
    stop: StopFlag,
    limit: Option<Duration>,
    marks: Option<Arc<Marks>>,
}

impl Run {
    /// A run on as many threads as there are cores, until `stop` is raised.
    pub fn new(stop: StopFlag) -> Self {
        Self {
            threads: thread::available_parallelism().map_or(1, NonZeroUsize::get),
            waiting_per_thread: WAITING_PER_THREAD,
            stop,
            limit: None,
            marks: None,
        }
    }

    /// On so many threads; `None` for as many as there are cores, which is the default.
    pub fn threads(self, threads: Option<NonZeroUsize>) -> Self {
        Self { threads: threads.map_or(self.threads, NonZeroUsize::get), ..self }
    }

    /// Up to `count` results per thread (64 unless told) may wait for an earlier one:
    /// fewer for large results.
    pub fn waiting_per_thread(self, count: usize) -> Self {
        Self { waiting_per_thread: count, ..self }
    }

    /// An item that takes longer than `limit` is given up, two seconds later: work that
    /// looks at its own clock ends meanwhile, and has more to tell. Without a limit,
    /// which is the default, none is.
    pub fn limit(self, limit: Option<Duration>) -> Self {
        Self { limit, ..self }
    }

    /// Which items are under way is noted there, and what it says of items is heeded:
    /// some are worked on alone, some passed over.
    pub fn marks(self, marks: Option<Arc<Marks>>) -> Self {
        Self { marks, ..self }
    }

    /// Calls `work` with every item on threads and `sink` with every result on this
    /// thread, in the order of the items. `ticket` makes of an item what the sink is to
    /// know of it, whatever comes of the work; it tells the name as well.
    ///
    /// One item more than there are threads is under way at most, and so many results
    /// as [`waiting_per_thread`](Self::waiting_per_thread) says wait for an earlier
    /// one; `items` is not asked for more until there is room. A panic in `work`, and
    /// work that does not end in time, become that item's result. When `sink` fails, or
    /// the flag is raised, this returns within half a second and leaves what is under
    /// way alone: its thread ends with it, or with the process.
    ///
    /// # Errors
    /// Those of `sink`, and if the system starts no thread.
    pub fn each<T, K, R, S>(
        &self,
        items: impl IntoIterator<Item = T>,
        ticket: impl Fn(&T) -> K,
        work: impl Fn(T) -> R + Send + Sync + 'static,
        sink: &mut S,
    ) -> Result<Ending, S::Error>
    where
        T: Send + 'static,
        K: AsRef<Path>,
        R: Send + 'static,
        S: Sink<K, R>,
    {
        let (jobs, queue) = mpsc::channel();
        let (events, told) = mpsc::channel();
        let crew = Arc::new(Crew::new(Mutex::new(queue), self.marks.clone(), work));
        let given_up = crew.given_up();
        let hire = move || {
            let (crew, events) = (Arc::clone(&crew), events.clone());
            thread::Builder::new().name(NAME.to_owned()).spawn(move || crew.toil(&events)).map(drop)
        };
        Foreman::new(self, jobs, told, given_up, hire).run(items.into_iter(), ticket, sink)
    }
}
