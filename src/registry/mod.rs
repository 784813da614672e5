//! The registry: recordings, what their owners declared, and which segments
//! hold their fingerprints.
//!
//! A registry is a folder:
//!
//! ```text
//! registry.db     SQLite: recordings, ISRCs, the log, live segments, params
//! segments/       write-once files, memory-mapped by readers
//! writer.lock     held while somebody writes
//! ```
//!
//! **Commit point.** A new segment is written under a temporary name, synced,
//! renamed, its folder synced; then one SQLite transaction names it together
//! with its recordings. Killing the process at any instant leaves the state of
//! the last transaction; a segment that no transaction names is ignored, and
//! the next writer deletes it.
//!
//! **Merging.** Every batch is a segment of its own; [`Registry::merge_tiers`]
//! keeps their number logarithmic and [`Registry::compact`] makes one of them
//! all, by the same commit. Both leave out the fingerprints of removed recordings.
//!
//! **Readers** see the state of the moment they opened, for as long as they
//! keep the registry open, whatever a writer commits meanwhile. **Writers**
//! exclude each other: the second is refused and told who the first is.
//!
//! **Evidence.** Declarations, mandates and owners are rows of one [`Log`],
//! append-only and chained by hash; the content hash in [`Info`] names the whole
//! state: params, recordings, log.

mod add;
mod compact;
mod concern;
mod content_hash;
mod copy;
mod error;
mod info;
mod lock;
mod log;
mod log_check;
mod read;
mod recording;
mod remove;
mod schema;
mod segment_check;
mod segments;
mod state;
mod tiers;
mod update;
mod upgrade;
mod verify;

#[cfg(test)]
mod tests;

pub use crate::declarations::{
    About, Authority, DECLARATION_COLUMNS, Declaration, DocumentHash, Entry, EntryError, ImportError, Log,
    Logged, MANDATE_COLUMNS, Mandate, MandateAct, NewDeclaration, NewEntry, NewMandate, NewOwner,
    OWNER_COLUMNS, Owner, ParsedEntries, Permission, RowError, Statement, Subject, TableFormat, Territory,
    TerritoryError, Translated, Use, Vocabulary, VocabularyError, name_key, parse_declarations,
    parse_mandates, parse_owners,
};
pub use compact::Compaction;
pub use concern::Concern;
pub use copy::{EXPORT_SCHEMA, Exported, Imported, is_export};
pub use error::RegistryError;
pub use info::Info;
pub use read::Recordings;
#[cfg(any(test, fuzzing))]
pub(crate) use read::parse_tombstones;
pub use recording::{Added, Facts, NewRecording, Recording, RecordingError, Removal};
pub use state::{RecordingsState, Since};
pub use update::{LabelCopy, Updated};
pub use verify::{Concerned, Problem};

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, Transaction, TransactionBehavior};

use crate::index::Segment;
use crate::params::Params;

use lock::WriterLock;
use schema::{State, database_error};

/// An open registry, for reading or for writing. It may be shared between threads.
pub struct Registry {
    folder: PathBuf,
    database: PathBuf,
    params: Params,
    /// SQLite connections are not `Sync`; every use is short.
    connection: Mutex<Connection>,
    /// A reader's segments, mapped when it opened: a writer may delete the
    /// file of a dropped segment afterwards. `None` for one that did not open.
    /// Empty for a writer, which always sees its own last commit.
    mapped: Vec<(i64, Option<Arc<Segment>>)>,
    writer: Option<WriterLock>,
}

impl Registry {
    /// Makes a registry in `folder`, which may exist but holds none yet, and
    /// opens it for writing.
    pub fn create(folder: &Path, params: &Params) -> Result<Self, RegistryError> {
        let (registry, existed) = Self::open_writer(folder, Some(params))?;
        if existed {
            return Err(RegistryError::AlreadyExists { path: folder.to_owned() });
        }
        Ok(registry)
    }

    /// Opens for writing; makes the registry if there is none. Fails when the
    /// registry has other params, or when another writer is at work.
    pub fn open_or_create(folder: &Path, params: &Params) -> Result<Self, RegistryError> {
        Self::open_writer(folder, Some(params)).map(|(registry, _)| registry)
    }

    /// Opens an existing registry for writing, whatever its params are. Fails
    /// when another writer is at work.
    pub fn open_for_writing(folder: &Path) -> Result<Self, RegistryError> {
        Self::open_writer(folder, None).map(|(registry, _)| registry)
    }

    /// Opens for reading and keeps the state of this moment; a writer does not
    /// disturb it. Needs no right to write. Reads one row and the header of each
    /// segment, however many recordings there are.
    pub fn open(folder: &Path) -> Result<Self, RegistryError> {
        let database = folder.join(schema::FILE_NAME);
        if !database.is_file() {
            return Err(RegistryError::NotFound { path: folder.to_owned() });
        }
        // A writer may commit and delete a segment between the snapshot and
        // the mapping; the next snapshot no longer names that segment. More
        // tries than any real sequence of such commits: after them a missing
        // file is damage, which `index` and `verify` report.
        const TRIES: u32 = 20;
        let mut tries = 1;
        loop {
            let (connection, version) = schema::open_reader(&database)?;
            // First, as other fingerprints cannot be brought forward.
            let params = read::stored_params(&connection, &database)?;
            if version < schema::FORMAT_VERSION {
                return Err(RegistryError::FormatOld {
                    path: folder.to_owned(),
                    found: version,
                    expected: schema::FORMAT_VERSION,
                });
            }
            let live = read::live_segments(&connection)
                .map_err(database_error(&database, "read the segments of"))?;
            let mapped = segments::map(folder, &live, &params)?;
            if mapped.missing && tries < TRIES {
                tries += 1;
                continue;
            }
            return Ok(Self {
                folder: folder.to_owned(),
                database,
                params,
                connection: Mutex::new(connection),
                mapped: mapped.segments,
                writer: None,
            });
        }
    }

    /// The parameters of every fingerprint in this registry.
    pub fn params(&self) -> &Params {
        &self.params
    }

    /// The folder it was opened from.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The second value tells whether there was a registry before.
    fn open_writer(folder: &Path, wanted: Option<&Params>) -> Result<(Self, bool), RegistryError> {
        let database = folder.join(schema::FILE_NAME);
        match wanted {
            Some(_) => fs::create_dir_all(folder.join(segments::FOLDER)).map_err(|source| {
                RegistryError::Io { path: folder.to_owned(), action: "create the registry folder", source }
            })?,
            None if !database.is_file() => {
                return Err(RegistryError::NotFound { path: folder.to_owned() });
            }
            None => {}
        }
        let writer = WriterLock::acquire(folder)?;
        let (mut connection, state) = schema::open_writer(&database)?;
        if state == State::Empty {
            let Some(params) = wanted else {
                return Err(RegistryError::NotFound { path: folder.to_owned() });
            };
            read::store_first_state(&mut connection, params, &database)?;
            segments::sync_folder(folder)?;
        }
        let params = read::stored_params(&connection, &database)?;
        if let Some(wanted) = wanted
            && params.id() != wanted.id()
        {
            return Err(RegistryError::ParamsDiffer {
                path: folder.to_owned(),
                found: params.id(),
                expected: wanted.id(),
                differences: wanted.differences(&params),
            });
        }
        if state == State::Registry(1) {
            upgrade::from_1(&mut connection)
                .map_err(database_error(&database, "bring to the present format"))?;
        }
        let live =
            read::live_segments(&connection).map_err(database_error(&database, "read the segments of"))?;
        // Before anything is written: nothing is added to what cannot be searched.
        segments::map(folder, &live, &params)?;
        segments::sweep(folder, &live)?;
        let registry = Self {
            folder: folder.to_owned(),
            database,
            params,
            connection: Mutex::new(connection),
            mapped: Vec::new(),
            writer: Some(writer),
        };
        Ok((registry, state != State::Empty))
    }

    /// Deletes the files that the last commit no longer names.
    fn sweep(&self) -> Result<(), RegistryError> {
        let live = read::live_segments(&self.connection())
            .map_err(database_error(&self.database, "read the segments of"))?;
        segments::sweep(&self.folder, &live)
    }

    /// The connection. A panic elsewhere while it was held left no transaction
    /// open (dropping one rolls it back), so a poisoned lock is as good.
    fn connection(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs one transaction. `change` returns its result and whether anything
    /// changed; if so the generation rises by one with the commit.
    fn commit<T>(
        &mut self,
        change: impl FnOnce(&Transaction<'_>, &Place<'_>) -> Result<(T, bool), RegistryError>,
    ) -> Result<T, RegistryError> {
        if self.writer.is_none() {
            return Err(RegistryError::ReadOnly { path: self.folder.clone() });
        }
        let place = Place { folder: &self.folder, database: &self.database, params: &self.params };
        let database = database_error(&self.database, "write to");
        let connection = self.connection.get_mut().unwrap_or_else(PoisonError::into_inner);
        let transaction =
            connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(database)?;
        let (result, changed) = change(&transaction, &place)?;
        if changed {
            transaction.execute("UPDATE registry SET generation = generation + 1", []).map_err(database)?;
            transaction.commit().map_err(database)?;
        } else {
            transaction.rollback().map_err(database)?;
        }
        Ok(result)
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registry")
            .field("folder", &self.folder)
            .field("params", &self.params.id())
            .field("writer", &self.writer)
            .finish_non_exhaustive()
    }
}

/// Where a transaction works: what it needs of the registry beside the database.
struct Place<'a> {
    folder: &'a Path,
    database: &'a Path,
    params: &'a Params,
}

impl Place<'_> {
    fn corrupt(&self, what: impl Into<String>) -> RegistryError {
        RegistryError::Corrupt { path: self.database.to_owned(), what: what.into() }
    }
}
