//! Answering a report anew after its registry has changed, without the audio and
//! without searching again where nothing new can be found.
//!
//! A report's rows are taken up one by one, with the fingerprints that were kept
//! of their files:
//!
//! | since the report | the file |
//! |---|---|
//! | only declarations came | keeps its matches; nothing is searched |
//! | recordings came | is looked over for those alone ([`Newcomers`]). Where one may be in it, and where an old match is not clear, it is searched wholly; else it keeps its matches |
//! | recordings were changed or removed, or the registry is another one | is searched wholly |
//!
//! The verdict is made anew for every row, from its tags, its matches and the
//! declarations of now. Which of the three it is, the registry proves by its hash
//! ([`crate::registry::Since`]) and takes nothing on trust.
//!
//! The answer is that of a new scan of the same files, but for this where
//! recordings came:
//!
//! - A match that is kept has the `score` and `e_value` of the search that found
//!   it. In the larger registry they would be a little worse, by 0.25 log10 of its
//!   growth and by what its rivals reach, and never another grade.
//! - The look over finds new recordings by look-ups. One that only sliding finds,
//!   far under noise, is missed.
//!
//! Searching every file wholly, which is an option, has neither.

mod change;
mod newcomers;

pub use change::{CHANGE_SCHEMA, Change};
pub use newcomers::{Newcomers, Scout};

use std::path::PathBuf;

/// Why a report cannot be answered anew.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RescanError {
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
