//! What ends a command before its time.

use std::io;
use std::path::PathBuf;

use earmark::check::NoThreads;
use earmark::check::rescan::RescanError;
use earmark::dataset::AnnotateError;
use earmark::fingerprint::FileError;
use earmark::index::IndexError;
use earmark::inputs::label_copy::ManifestError;
use earmark::inputs::{BadGlob, InputError, SelectionError};
use earmark::registry::{Break, DocumentHash, ImportError, RegistryError, VocabularyError};
use earmark::report::{MergeError, ReportError};
use earmark::verdict::AcceptedTermsError;

/// An error of usage or environment: the command as a whole cannot go on.
/// What is wrong with a single file is no such error.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// The service cannot run.
    #[cfg(feature = "serve")]
    #[error("{0}")]
    Serve(String),
    /// The registry cannot be opened, read or written.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// The manifest cannot be read.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// The declaration file holds nothing that may be imported.
    #[error(transparent)]
    Import(#[from] ImportError),
    /// Nothing is registered or declared, so everything would pass.
    #[error(
        "the registry in {} is empty, and everything would pass: check the name, register first, or \
         give --allow-empty-registry",
        path.display()
    )]
    EmptyRegistry {
        /// The registry's folder.
        path: PathBuf,
    },
    /// No recording has the id that was asked for.
    #[error("no recording has the id {id}: `earmark registry list` shows the ids")]
    UnknownRecording {
        /// The id.
        id: String,
    },
    /// A text is not in the vocabulary it should be in.
    #[error(transparent)]
    Vocabulary(#[from] VocabularyError),
    /// The name of a list tells no format.
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
    /// Another process writes the same output.
    #[error(
        "{} is being written by another process: wait until it is done, or name another file",
        path.display()
    )]
    BeingWritten {
        /// The unfinished file.
        path: PathBuf,
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
    /// A report cannot be read.
    #[error(transparent)]
    Report(#[from] ReportError),
    /// A report cannot be answered anew.
    #[error(transparent)]
    Rescan(#[from] RescanError),
    /// The list of accepted terms cannot be used.
    #[error(transparent)]
    AcceptedTerms(#[from] AcceptedTermsError),
    /// A report rests on accepted terms, and they were not given again.
    #[error(
        "{} rests on accepted terms (SHA-256 {hash}): give their list with --accept-terms", path.display()
    )]
    TermsMissing {
        /// The report.
        path: PathBuf,
        /// The list's hash.
        hash: DocumentHash,
    },
    /// Windows of files and fingerprints of the whole give different rows.
    #[error(
        "{} was made with --coverage adaptive, from windows of the files: compare it with the files \
         themselves, without --fingerprints", path.display()
    )]
    SampledReport {
        /// The report.
        path: PathBuf,
    },
    /// A report of one registry, and a registry that did not come from it.
    #[error(
        "the registry in {} is not a continuation of the one that {} names: {reason}. What to do: {remedy}",
        path.display(), report.display()
    )]
    NotContinued {
        /// The registry's folder.
        path: PathBuf,
        /// The report.
        report: PathBuf,
        /// How that is known.
        reason: Break,
        /// What to do, as a sentence without its end.
        remedy: &'static str,
    },
    /// A report has no row about a file.
    #[error("{} has no row about {path}: write the path as the report does", report.display())]
    NoSuchRow {
        /// The report.
        report: PathBuf,
        /// The path.
        path: String,
    },
    /// A file has fewer matches.
    #[error("{path} has no match {number}: the report names {matches} of them")]
    NoSuchMatch {
        /// The file.
        path: String,
        /// The match, from 1.
        number: usize,
        /// How many there are.
        matches: usize,
    },
    /// A folder that is to be filled holds something.
    #[error("{} is not an empty folder: name one that does not exist yet, or a file ending in .zip", path.display())]
    NotEmpty {
        /// The folder.
        path: PathBuf,
    },
    /// A live stream beside other inputs.
    #[error(
        "- is a live stream on standard input and has to be the only input: name files in a run of their own, \
         or read a list of paths from standard input with --files-from -"
    )]
    StreamAmongInputs,
    /// An option that a live stream has no use for.
    #[error(
        "{option} means nothing for the live stream -: leave it out, or save the stream and name the file"
    )]
    NotLive {
        /// The option.
        option: &'static str,
    },
    /// The form of raw samples, and no stream of them.
    #[error("--pcm says what a live stream is: give - as the only input")]
    PcmWithoutStream,
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
    /// A share of the rows cannot be laid beside all of them.
    #[error(
        "{option} needs the verdicts of all rows, which a --shard has not: join the reports with `earmark report merge` into one file, and give it as --out to the same scan with --resume and {option}, without --shard; that scans nothing again"
    )]
    ShardedRows {
        /// The option.
        option: &'static str,
    },
    /// Rows would be written over what they are read from, or over each other.
    #[error("{option} would write to {}, which {reason}: name another place", path.display())]
    Destination {
        /// The option.
        option: &'static str,
        /// Where.
        path: PathBuf,
        /// What it is otherwise, and by which option.
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
    #[error("{0}: ask for fewer with --threads")]
    Threads(#[from] NoThreads),
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

#[cfg(feature = "serve")]
impl CliError {
    /// An error of the service, with its causes.
    pub fn serve(error: impl Into<Box<dyn std::error::Error>>) -> Self {
        let error = error.into();
        let mut text = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            text = format!("{text}: {error}");
            cause = error.source();
        }
        Self::Serve(text)
    }
}
