//! Why a file of entries is not taken.

use std::io;

use crate::error_kind::ErrorKind;

/// A row that holds no valid entry.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}, line {line}: {reason}")]
pub struct RowError {
    /// The file's name as given by the caller.
    pub file: String,
    /// Line on which the row starts, from 1.
    pub line: u64,
    /// What is wrong and what to do.
    pub reason: String,
}

/// Why a file gives no entries.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// The file cannot be read.
    #[error("cannot read {file}: {source}")]
    Io {
        /// The file's name as given by the caller.
        file: String,
        /// The system's error.
        source: io::Error,
    },
    /// The header is missing, incomplete or has unknown columns.
    #[error("{file}: {reason}; the columns are {}", columns.join(", "))]
    Header {
        /// The file's name as given by the caller.
        file: String,
        /// What is wrong with it.
        reason: String,
        /// The columns there are.
        columns: &'static [&'static str],
    },
    /// Some rows are not valid.
    #[error("nothing was imported, as {} of {of} rows are not valid:\n{}", rows.len(), listed(rows))]
    Rows {
        /// Every bad row.
        rows: Vec<RowError>,
        /// Rows in the file.
        of: usize,
    },
}

impl ImportError {
    /// What sort of thing went wrong.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Io { source, .. } => ErrorKind::of_io(source),
            Self::Header { .. } | Self::Rows { .. } => ErrorKind::Invalid,
        }
    }
}

fn listed(rows: &[RowError]) -> String {
    rows.iter().map(RowError::to_string).collect::<Vec<_>>().join("\n")
}
