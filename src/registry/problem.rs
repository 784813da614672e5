//! What may be wrong with a registry.

use std::fmt;
use std::path::PathBuf;

use serde::Serialize;

/// Something [`Registry::verify`](super::Registry::verify) found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(tag = "problem", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Problem {
    /// SQLite's own check found damage.
    #[error("registry.db: {what}")]
    Database {
        /// SQLite's words.
        what: String,
    },
    /// A table, index or trigger is missing, changed or foreign.
    #[error("registry.db: {what}; restore the folder from a copy")]
    Schema {
        /// Which, and how.
        what: String,
    },
    /// A segment the registry names cannot be read or does not check.
    #[error("segment {}: {what}{concerned}", path.display())]
    Segment {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
        /// The registered recordings in it.
        concerned: Concerned,
    },
    /// Recordings, tombstones and segments do not fit together.
    #[error("recordings: {what}")]
    Recordings {
        /// What does not fit.
        what: String,
    },
    /// A row of the log was changed, dropped or inserted after it was stored,
    /// or its owners contradict each other.
    #[error("log: {what}")]
    Log {
        /// Where the chain breaks.
        what: String,
    },
    /// Rows of the log were received before rows that stand before them. Harmless,
    /// as the order of the rows counts.
    #[error(
        "log: {rows} of its rows were received before a row that stands before them, the first is number {first}: \
         the clock was set back when they were stored (harmless: the order of the rows counts)"
    )]
    Clock {
        /// How many.
        rows: u64,
        /// Number of the first of them.
        first: u64,
    },
    /// A file of an interrupted write. Harmless: readers ignore it and the
    /// next writer deletes it.
    #[error("{} belongs to no commit (harmless: the next write deletes it)", path.display())]
    Orphan {
        /// The file.
        path: PathBuf,
    },
}

/// The recordings that damage to a segment concerns.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Concerned {
    /// How many.
    pub recordings: u64,
    /// Ids of the first of them; of all where the damage is in their peaks alone.
    pub first_ids: Vec<String>,
    /// Whether damage was found in the peaks of these recordings alone. It is
    /// searched for elsewhere in a segment only when all peaks are whole.
    pub in_peaks: bool,
}

impl fmt::Display for Concerned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.recordings == 0 {
            return Ok(());
        }
        if self.in_peaks {
            return write!(f, " (damaged: {})", self.first_ids.join(", "));
        }
        let some = if self.recordings as usize > self.first_ids.len() { ", ..." } else { "" };
        let plural = if self.recordings == 1 { "" } else { "s" };
        write!(f, " (it holds {} recording{plural}: {}{some})", self.recordings, self.first_ids.join(", "))
    }
}
