//! What ends a command before its time.

use std::io;
use std::path::PathBuf;

use earmark::annotate::AnnotateError;
use earmark::fingerprint::FileError;
use earmark::index::IndexError;
use earmark::registry::{ImportError, RegistryError, VocabularyError};
use earmark::report::MergeError;
use earmark::rescan::RescanError;
use earmark::scan::inputs::{BadGlob, InputError, SelectionError};
use earmark::scan::manifest::ManifestError;

/// An error of usage or environment: the command as a whole cannot go on.
/// What is wrong with a single file is no such error.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// The registry cannot be opened, read or written.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// The manifest cannot be read.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// The declaration file holds nothing that may be imported.
    #[error(transparent)]
    Import(#[from] ImportError),
    /// No recording has the id that was asked for.
    #[error("no recording has the id {id}: `earmark registry list` shows the ids")]
    UnknownRecording {
        /// The id.
        id: String,
    },
    /// A text is not in the vocabulary it should be in.
    #[error(transparent)]
    Vocabulary(#[from] VocabularyError),
    /// The name of a file of entries tells no format.
    #[error("{}: the name ends neither in .csv nor in .jsonl: rename it to what it is", path.display())]
    UnknownFormat {
        /// The file.
        path: PathBuf,
    },
    /// A file beside the inputs cannot be used.
    #[error("cannot {action} {}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What was being done, completing "cannot ...".
        action: &'static str,
        /// The system's error.
        source: io::Error,
    },
    /// The passage to compare has no length.
    #[error("the passage is empty: give --until a later time than --from")]
    EmptyPassage,
    /// The passage to compare begins after the end of the query.
    #[error("{} ends at {duration_s:.1} s: give --from an earlier time", path.display())]
    PassageBeyond {
        /// The query.
        path: PathBuf,
        /// Its length in seconds.
        duration_s: f64,
    },
    /// Two files that were laid so that they do not meet.
    #[error(
        "with --at {at_s} nothing of {} ({duration_s:.1} s long) sounds in the passage: \
         --at is the position in it at which the passage starts",
        path.display()
    )]
    NoOverlap {
        /// The recording.
        path: PathBuf,
        /// The position that was asked for, in seconds.
        at_s: f64,
        /// The recording's length in seconds.
        duration_s: f64,
    },
    /// A file cannot be prepared for searching.
    #[error(transparent)]
    Index(#[from] IndexError),
    /// A fingerprint file that has to be whole is not.
    #[error(transparent)]
    Fingerprints(#[from] FileError),
    /// A report cannot be answered anew.
    #[error(transparent)]
    Rescan(#[from] RescanError),
    /// What is to be read cannot be listed.
    #[error(transparent)]
    Input(#[from] InputError),
    /// A glob says nothing.
    #[error(transparent)]
    Glob(#[from] BadGlob),
    /// A run cannot go on.
    #[error(transparent)]
    Selection(#[from] SelectionError),
    /// A report is not of the same scan.
    #[error(
        "{} is no unfinished report of this scan: registry, question, options and shard have to be the same; run without --resume to begin anew",
        path.display()
    )]
    ResumeOther {
        /// The report.
        path: PathBuf,
    },
    /// An option works with rows of JSON alone.
    #[error("{option} needs --format jsonl")]
    NeedsJsonl {
        /// The option.
        option: &'static str,
    },
    /// There are no rows that could be written again.
    #[error("{option} writes rows again: {reason}")]
    NoRows {
        /// The option.
        option: &'static str,
        /// What there is instead.
        reason: String,
    },
    /// Rows cannot be written again.
    #[error("cannot write {}: {source}", path.display())]
    Annotate {
        /// The file to be written.
        path: PathBuf,
        /// Why.
        source: AnnotateError,
    },
    /// Verdicts cannot be kept until the end.
    #[error("cannot keep the verdicts: {0}")]
    Spool(#[from] io::Error),
    /// The reports of shards cannot be joined.
    #[error(transparent)]
    Merge(#[from] MergeError),
    /// A registry does not check.
    #[error("{} is damaged ({problems} found): restore the folder from a copy", path.display())]
    Damaged {
        /// The registry's folder.
        path: PathBuf,
        /// How many problems were listed.
        problems: usize,
    },
    /// Standard output takes no more.
    #[error("cannot write to standard output: {0}")]
    Stdout(io::Error),
    /// No threads to work on.
    #[error("cannot start threads ({reason}): ask for fewer with --threads")]
    Threads {
        /// The system's words.
        reason: String,
    },
    /// Ctrl-C cannot be watched for.
    #[error("cannot watch for Ctrl-C: {0}")]
    Signals(#[from] ctrlc::Error),
}

impl CliError {
    /// Whether nobody reads the results any more, as after `| head`: then
    /// nobody wants to be told so either.
    pub fn is_broken_pipe(&self) -> bool {
        matches!(self, Self::Stdout(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }
}
