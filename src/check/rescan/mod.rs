//! Answering a report anew after its registry has changed, without the audio and
//! without searching again where nothing new can be found.
//!
//! A report's rows are taken up one by one, with the fingerprints that were kept
//! of their files:
//!
//! | since the report | the file |
//! |---|---|
//! | only declarations came | keeps its matches; nothing is searched |
//! | recordings came | is looked over for those alone ([`Newcomers`]) and searched wholly where one may be in it; else it keeps its matches |
//! | recordings were changed or removed, or the registry is another one | is searched wholly |
//!
//! The verdict is made anew for every row, from its tags, its matches and the
//! declarations of now. Which of the three it is, the registry proves by its hash
//! ([`crate::registry::Since`]) and takes nothing on trust.
//!
//! The answer is that of a new scan of the same files, but for this where
//! recordings came and a file was not searched wholly:
//!
//! - Its matches have the `score`, `e_value` and `grade` of the search that found
//!   them. The larger registry makes E-values a little worse, by 0.25 log10 of its
//!   growth, and moves them by what their rivals reach: so a *possible* match may
//!   come or go in a new scan.
//! - A new recording that a whole search would find just so, far under noise, may
//!   be missed: 2 of 61 in degraded clips.
//!
//! Searching every file wholly, which is an option, has neither.

mod change;
mod newcomers;
mod pairs;
mod rescanner;

pub use change::{CHANGE_SCHEMA, Change};
pub use newcomers::{Newcomers, Scout};
pub use pairs::{Pair, announced, pairs};
pub use rescanner::{Answer, Rescanner};

pub(super) use pairs::same_file;

use std::path::PathBuf;

use crate::error_kind::ErrorKind;
use crate::fingerprint::FileError;
use crate::report::ReportError;

/// Why a report cannot be answered anew.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RescanError {
    /// The report cannot be read.
    #[error(transparent)]
    Report(#[from] ReportError),
    /// A fingerprint file cannot be read, which has to be whole.
    #[error(transparent)]
    Fingerprints(#[from] FileError),
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

impl RescanError {
    /// What sort of thing went wrong.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Report(error) => error.kind(),
            Self::Fingerprints(error) => error.kind(),
            Self::OtherFile { .. } | Self::Count { .. } => ErrorKind::Invalid,
        }
    }
}
