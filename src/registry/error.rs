//! What can go wrong with a registry, and what to do then.

use std::path::PathBuf;

use crate::error_kind::ErrorKind;
use crate::index::IndexError;
use crate::params::ParamsId;

use super::Break;

use crate::declarations::EntryError;

/// An operation on a registry that failed. Nothing was committed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RegistryError {
    /// There is no registry in this folder.
    #[error(
        "there is no registry in {}: check the name; `earmark register INPUT --registry {}` makes one, and \
         `earmark registry init --registry {}` an empty one",
        path.display(), path.display(), path.display()
    )]
    NotFound {
        /// The folder.
        path: PathBuf,
    },
    /// [`create`](super::Registry::create) found a registry already there.
    #[error("{} already holds a registry: open it, or choose another folder", path.display())]
    AlreadyExists {
        /// The folder.
        path: PathBuf,
    },
    /// The database is not an earmark registry.
    #[error("{} is not an earmark registry ({found}): check the folder, or restore it from a copy", path.display())]
    NotARegistry {
        /// The database file.
        path: PathBuf,
        /// What was found instead.
        found: String,
    },
    /// Written by a newer earmark.
    #[error("{} has format version {found}, and this earmark reads up to version {supported}: update earmark", path.display())]
    FormatTooNew {
        /// The database file.
        path: PathBuf,
        /// Its format version.
        found: i64,
        /// The newest version this program reads.
        supported: i64,
    },
    /// Written by an older earmark, and opened for reading only.
    #[error(
        "{} is a registry of format version {found}, and this earmark reads version {expected}: bring it \
         forward with `earmark registry upgrade --registry {}`, which changes no content",
        path.display(), path.display()
    )]
    FormatOld {
        /// The registry folder.
        path: PathBuf,
        /// Its format version.
        found: i64,
        /// The version this program reads.
        expected: i64,
    },
    /// The registry's fingerprints were made with other parameters.
    #[error(
        "{} was made with other fingerprint parameters (id {found}, wanted {expected}; {}): \
         register into a new folder, or use the registry's own parameters",
        path.display(), differences.join("; ")
    )]
    ParamsDiffer {
        /// The registry folder.
        path: PathBuf,
        /// Id of the parameters in the registry.
        found: ParamsId,
        /// Id of the parameters asked for.
        expected: ParamsId,
        /// The differing fields with both values.
        differences: Vec<String>,
    },
    /// The parameters have fields this version does not know, or lack some.
    #[error("{} holds fingerprints of version {}, {reason}: {}",
        path.display(), found.map_or("unknown".to_owned(), |found| found.to_string()),
        other_version(*found, *expected)
    )]
    UnknownParams {
        /// The database file.
        path: PathBuf,
        /// Version of the algorithm that made its fingerprints; `None` when it
        /// does not say.
        found: Option<u64>,
        /// The version of this program.
        expected: u64,
        /// Why that cannot be read, going on with the sentence.
        reason: String,
    },
    /// A segment has another format, or was made with other parameters.
    #[error("{source}")]
    OtherSegment {
        /// The segment file.
        path: PathBuf,
        /// Which, and what to do.
        source: IndexError,
    },
    /// A segment to be merged is damaged. Nothing was merged.
    #[error("segment {} {what}, and cannot be merged (`earmark registry verify` lists all that is damaged)", path.display())]
    Unmergeable {
        /// The segment file.
        path: PathBuf,
        /// What is wrong with it, completing the sentence.
        what: String,
    },
    /// Another writer is at work.
    #[error("{} is being written by {holder}: wait until that is done, then try again (reading is possible meanwhile)", path.display())]
    Locked {
        /// The registry folder.
        path: PathBuf,
        /// Who holds the lock, as far as it can be told.
        holder: String,
    },
    /// A change was asked of a registry that was opened for reading.
    #[error("{} was opened for reading only: open it for writing to change it", path.display())]
    ReadOnly {
        /// The registry folder.
        path: PathBuf,
    },
    /// What answers rest on was changed, and not by earmark.
    #[error(
        "{} was changed from outside: {what}. Nothing is answered from it: restore the folder from a copy \
         (`earmark registry verify` lists all that does not fit)", path.display()
    )]
    Altered {
        /// The database or segment file.
        path: PathBuf,
        /// What does not fit.
        what: String,
    },
    /// The database is not what became of the state that the last writer noted.
    #[error(
        "the registry is not what its last writer left ({}): {reason}. Restore the whole folder from a copy; if \
         registry.db was put there on purpose, delete {} to accept it as it is", path.display(), path.display()
    )]
    Overtaken {
        /// The file in which the last writer noted the state.
        path: PathBuf,
        /// How that is known.
        reason: Break,
    },
    /// A writer changed the database all the time while it was to be copied.
    #[error(
        "{} is being written without a pause, and you may not write beside it: try again later, or get the \
         right to write to its folder, with which reading waits for nobody", path.display()
    )]
    Unsettled {
        /// The database file.
        path: PathBuf,
    },
    /// Something other than a plain file stands where a file of a registry belongs.
    #[error(
        "{} is {found} and not the file that belongs there: take it away, and restore the folder from a copy \
         if something is missing then", path.display()
    )]
    NotPlain {
        /// The path.
        path: PathBuf,
        /// What it is.
        found: &'static str,
    },
    /// SQLite reported an error.
    #[error("cannot {action} {}: {source}; {}", path.display(), remedy(source))]
    Database {
        /// The database file.
        path: PathBuf,
        /// What was being done, completing "cannot ...".
        action: &'static str,
        /// SQLite's error.
        source: DatabaseError,
    },
    /// The file system reported an error.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What was being done, completing "cannot ...".
        action: &'static str,
        /// The system's error.
        source: std::io::Error,
    },
    /// A segment could not be written or opened.
    #[error("{source} (`earmark registry verify` lists all that is damaged)")]
    Segment {
        /// The segment file.
        path: PathBuf,
        /// What is wrong with it.
        source: IndexError,
    },
    /// A stored value cannot be what a registry writes.
    #[error("{} is damaged: {what}; run `earmark registry verify` and restore the folder from a copy", path.display())]
    Corrupt {
        /// The database file.
        path: PathBuf,
        /// The value and why it is impossible.
        what: String,
    },
    /// A row for the log is not valid; none of the batch was stored.
    #[error("{kind} {number} of {of}: {source}")]
    Entry {
        /// The kind of row.
        kind: &'static str,
        /// Its place in the batch, from 1.
        number: usize,
        /// Rows in the batch.
        of: usize,
        /// What is wrong with it.
        source: EntryError,
    },
    /// Owners would contradict each other; none of the batch was stored.
    #[error("owners: {source}")]
    Owners {
        /// How.
        source: EntryError,
    },
    /// An export cannot be written or taken in; nothing was committed.
    #[error("{}{}: {reason}", path.display(), line.map_or_else(String::new, |line| format!(", line {line}")))]
    Copy {
        /// The file.
        path: PathBuf,
        /// The line, from 1, if it is about one.
        line: Option<u64>,
        /// What is wrong and what to do.
        reason: String,
    },
    /// Every recording key was used once (keys are never reused).
    #[error("{} has given out all {limit} recording keys: register into a new folder", path.display())]
    KeysExhausted {
        /// The registry folder.
        path: PathBuf,
        /// How many keys there are.
        limit: u64,
    },
}

impl RegistryError {
    /// What sort of thing went wrong.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::NotFound { .. } => ErrorKind::NotFound,
            Self::AlreadyExists { .. } => ErrorKind::AlreadyExists,
            Self::NotARegistry { .. } | Self::NotPlain { .. } => ErrorKind::WrongType,
            Self::FormatTooNew { .. }
            | Self::FormatOld { .. }
            | Self::ParamsDiffer { .. }
            | Self::UnknownParams { .. } => ErrorKind::OtherVersion,
            Self::OtherSegment { source, .. } | Self::Segment { source, .. } => source.kind(),
            Self::Unmergeable { .. } | Self::Corrupt { .. } => ErrorKind::Damaged,
            Self::Locked { .. } | Self::Unsettled { .. } => ErrorKind::Busy,
            Self::ReadOnly { .. } => ErrorKind::ReadOnly,
            Self::Altered { .. } | Self::Overtaken { .. } => ErrorKind::Altered,
            Self::Database { source, .. } => source.kind(),
            Self::Io { source, .. } => ErrorKind::of_io(source),
            Self::Entry { .. } | Self::Owners { .. } | Self::Copy { .. } => ErrorKind::Invalid,
            Self::KeysExhausted { .. } => ErrorKind::TooLarge,
        }
    }
}

/// What SQLite says.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct DatabaseError(rusqlite::Error);

impl DatabaseError {
    pub(super) fn new(error: rusqlite::Error) -> Self {
        Self(error)
    }

    /// What sort of thing went wrong.
    pub fn kind(&self) -> ErrorKind {
        use rusqlite::ErrorCode;
        match self.0.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => ErrorKind::Busy,
            Some(ErrorCode::PermissionDenied | ErrorCode::ReadOnly) => ErrorKind::PermissionDenied,
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => ErrorKind::Damaged,
            Some(_) => ErrorKind::Io,
            None => ErrorKind::Damaged,
        }
    }
}

/// What to do about an error of SQLite.
fn remedy(error: &DatabaseError) -> &'static str {
    use rusqlite::ErrorCode;
    match error.0.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => "the disk is full: make room and try again, nothing was lost",
        Some(ErrorCode::SystemIoFailure) => {
            "the disk or file system failed: look for room on it and for its messages, then try again"
        }
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            "another program holds it: try again when it is done"
        }
        Some(ErrorCode::CannotOpen | ErrorCode::PermissionDenied | ErrorCode::ReadOnly) => {
            "look at the permissions of the folder and its files"
        }
        _ => "run `earmark registry verify`, and restore the folder from a copy if it is damaged",
    }
}

/// What to do with fingerprints of another version.
fn other_version(found: Option<u64>, expected: u64) -> &'static str {
    if found.is_some_and(|found| found > expected) {
        "update earmark"
    } else {
        "register the audio again into a new folder, or use the earmark that made it"
    }
}
