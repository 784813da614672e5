//! Answering a report anew after its registry has changed, without the audio and
//! without searching again where nothing new can be found.
//!
//! A report's rows are taken up one by one, with the fingerprints that were kept
//! of their files:
//!
//! | since the report | a file in which something was recognised | any other file |
//! |---|---|---|
//! | only declarations came | keeps its matches | stays without |
//! | recordings came | is searched again | is searched for those alone ([`Newcomers`]); where one may be, wholly |
//! | recordings were changed or removed, or the registry is another one | is searched again | is searched again |
//!
//! The verdict is made anew for every row, from its tags, its matches and the
//! declarations of now. Which of the three it is, the registry proves by its hash
//! ([`crate::registry::Since`]) and takes nothing on trust.
//!
//! The answer is that of a new scan of the same files, with one exception: a
//! registry that grows moves every E-value a little, and a file in which the old
//! recordings were not recognised is not searched for them again. A larger
//! registry makes E-values larger, so that nothing is lost by that.

mod change;
mod newcomers;
mod past;

pub use change::{CHANGE_SCHEMA, Change};
pub use newcomers::{Newcomers, Scout};
pub use past::{Basis, PastLine, PastReason, PastReport, PastRow};

use std::io;
use std::path::PathBuf;

/// Why a report cannot be answered anew.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RescanError {
    /// The report cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Io {
        /// The report.
        path: PathBuf,
        /// What went wrong.
        source: io::Error,
    },
    /// A line is no row of a scan.
    #[error(
        "{}, line {line}: {reason}; give the file that `earmark scan --format jsonl` wrote", path.display()
    )]
    NoRow {
        /// The report.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// What is wrong.
        reason: String,
    },
    /// A row is about another file than the fingerprint in its place.
    #[error(
        "{}, line {line} is about {row}, and the fingerprint in its place about {entry}: \
         give the fingerprints of the files that were scanned, in their order", path.display()
    )]
    OtherFile {
        /// The report.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// The path in the row.
        row: String,
        /// The path of the fingerprint.
        entry: String,
    },
    /// The report has more or fewer rows than there are fingerprints.
    #[error(
        "{} has {rows} rows, and there are {entries} fingerprints: \
         give the fingerprints of the files that were scanned, in their order", path.display()
    )]
    Count {
        /// The report.
        path: PathBuf,
        /// Its rows.
        rows: u64,
        /// The fingerprints.
        entries: u64,
    },
}
