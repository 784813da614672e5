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
mod authority_change;
mod catalogue;
mod compact;
mod concern;
mod content_hash;
mod copy;
mod error;
mod head;
mod info;
mod lineage;
mod lock;
mod log;
mod log_chain;
mod log_check;
mod log_read;
mod opening;
mod plain;
mod private_copy;
mod problem;
mod read;
mod reader;
mod recording;
mod remove;
mod schema;
mod schema_check;
mod segment_check;
mod segments;
mod snapshot;
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
    OWNER_COLUMNS, OutOfOrder, Owner, ParsedEntries, Permission, RowError, Statement, Subject, TableFormat,
    Territory, TerritoryError, Translated, Use, Vocabulary, VocabularyError, name_key, parse_declarations,
    parse_mandates, parse_owners,
};
pub use authority_change::{AuthorityChange, CarriedName, Change, Consent, Identity, LookAlike, Names};
pub use compact::Compaction;
pub use concern::Concern;
pub use copy::{EXPORT_SCHEMA, Exported, Imported, LogTaken, is_export};
pub use error::{DatabaseError, RegistryError};
pub use info::Info;
pub use lineage::{Break, Lineage, LogState, RegistryState};
pub use log::Appended;
pub use problem::{Concerned, Problem};
pub use read::Recordings;
#[cfg(any(test, fuzzing))]
pub(crate) use read::parse_tombstones;
pub use reader::RegistryReader;
pub use recording::{Added, Facts, NewRecording, Recording, RecordingError, Removal};
pub use snapshot::Snapshot;
pub use state::{RecordingsState, Since};
pub use update::{Existing, LabelCopy, Updated};

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, Transaction, TransactionBehavior};

use crate::index::Segment;
use crate::params::Params;

use lock::WriterLock;
use plain::Links;
use private_copy::PrivateCopy;
use schema::{Opened, State, database_error};

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
    writer: Option<Writing>,
    /// What `connection` reads, where that is a copy: goes after it.
    _copy: Option<PrivateCopy>,
}

/// What a writer has.
#[derive(Debug)]
struct Writing {
    _lock: WriterLock,
    /// SQLite's number of the data that this connection has seen, which changes
    /// when somebody else commits.
    seen: i64,
}

/// Whether what answers rest on is checked on opening.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Trust {
    Checked,
    /// For [`Registry::verify`], which tells all that is wrong.
    Unchecked,
}

impl Registry {
    /// Makes a registry in `folder`, which may exist but holds none yet, and
    /// opens it for writing.
    ///
    /// # Errors
    /// If there is a registry already, or it cannot be written.
    pub fn create(folder: &Path, params: &Params) -> Result<Self, RegistryError> {
        let (registry, existed) = Self::open_writer(folder, Some(params))?;
        if existed {
            return Err(RegistryError::AlreadyExists { path: folder.to_owned() });
        }
        Ok(registry)
    }

    /// Opens for writing; makes the registry if there is none. Fails when the
    /// registry has other params, or when another writer is at work.
    ///
    /// # Errors
    /// As [`create`](Self::create) and [`open_for_writing`](Self::open_for_writing).
    pub fn open_or_create(folder: &Path, params: &Params) -> Result<Self, RegistryError> {
        Self::open_writer(folder, Some(params)).map(|(registry, _)| registry)
    }

    /// Opens an existing registry for writing, whatever its params are. Fails
    /// when another writer is at work.
    ///
    /// # Errors
    /// If there is no registry, another process writes it, it was altered by hand, or it cannot be
    /// read.
    pub fn open_for_writing(folder: &Path) -> Result<Self, RegistryError> {
        Self::open_writer(folder, None).map(|(registry, _)| registry)
    }

    /// Opens for reading and keeps the state of this moment; a writer does not
    /// disturb it. Needs no right to write: where the database's log cannot be
    /// joined, a copy of the database is read.
    ///
    /// What answers rest on is compared with what the last commit left: the schema,
    /// the chain of the log, the set hash of the recordings, the segments (the whole
    /// file of small ones). That takes a microsecond for each row of the log and three
    /// for each recording.
    ///
    /// # Errors
    /// [`RegistryError::Altered`] if something was changed from outside,
    /// [`RegistryError::Overtaken`] if an older database was put back,
    /// [`RegistryError::NotFound`] if there is no registry, and those of reading.
    pub fn open(folder: &Path) -> Result<Self, RegistryError> {
        Self::open_reader(folder, Trust::Checked)
    }

    /// As [`open`](Self::open), whatever was changed: for [`verify`](Self::verify),
    /// which tells all of it. Nothing else should be asked of what this returns.
    ///
    /// # Errors
    /// Where there is no registry, or it cannot be read at all.
    pub fn open_unchecked(folder: &Path) -> Result<Self, RegistryError> {
        Self::open_reader(folder, Trust::Unchecked)
    }

    fn open_reader(folder: &Path, trust: Trust) -> Result<Self, RegistryError> {
        let database = found(folder)?;
        // A writer may commit and delete a segment between the snapshot and
        // the mapping; the next snapshot no longer names that segment. More
        // tries than any real sequence of such commits: after them a missing
        // file is damage, which `index` and `verify` report.
        const TRIES: u32 = 20;
        let mut tries = 1;
        loop {
            let noted = if trust == Trust::Checked { head::read(folder)? } else { None };
            let (Opened { connection, copy, .. }, params) = read::open(folder, &database)?;
            if trust == Trust::Checked {
                opening::check(&connection, &database)?;
            }
            let live = read::live_segments(&connection)
                .map_err(database_error(&database, "read the segments of"))?;
            let mapped = segments::map(folder, &live, &params)?;
            if mapped.missing && tries < TRIES {
                tries += 1;
                continue;
            }
            if trust == Trust::Checked {
                opening::segments_fit(&connection, &database, &mapped.segments)?;
            }
            let registry = Self {
                folder: folder.to_owned(),
                database,
                params,
                connection: Mutex::new(connection),
                mapped: mapped.segments,
                writer: None,
                _copy: copy,
            };
            if let Some(noted) = noted {
                head::check(folder, registry.lineage(&noted)?)?;
            }
            return Ok(registry);
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
            None => {
                found(folder)?;
            }
        }
        let lock = WriterLock::acquire(folder)?;
        only_plain(&database)?;
        let noted = head::read(folder)?;
        let (mut connection, state) = schema::open_writer(&database)?;
        if state == State::Empty {
            let Some(params) = wanted else {
                return Err(RegistryError::NotFound { path: folder.to_owned() });
            };
            if noted.is_some() {
                head::check(folder, Lineage::Broken(Break::Gone))?;
            }
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
            upgrade::from_1(&mut connection, &database)?;
        }
        opening::check(&connection, &database)?;
        let live =
            read::live_segments(&connection).map_err(database_error(&database, "read the segments of"))?;
        // Before anything is written: nothing is added to what cannot be searched.
        let mapped = segments::map(folder, &live, &params)?;
        opening::segments_fit(&connection, &database, &mapped.segments)?;
        let seen = data_version(&connection).map_err(database_error(&database, "read"))?;
        let registry = Self {
            folder: folder.to_owned(),
            database,
            params,
            connection: Mutex::new(connection),
            mapped: Vec::new(),
            writer: Some(Writing { _lock: lock, seen }),
            _copy: None,
        };
        if let Some(noted) = noted {
            head::check(folder, registry.lineage(&noted)?)?;
        }
        segments::sweep(folder, &live)?;
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
        let Some(writing) = &mut self.writer else {
            return Err(RegistryError::ReadOnly { path: self.folder.clone() });
        };
        let place = Place { folder: &self.folder, database: &self.database, params: &self.params };
        let database = database_error(&self.database, "write to");
        let connection = self.connection.get_mut().unwrap_or_else(PoisonError::into_inner);
        let transaction =
            connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(database)?;
        // What was checked on opening is what is written to.
        if data_version(&transaction).map_err(database)? != writing.seen {
            let what = "another program wrote to it while earmark had it open for writing".to_owned();
            return Err(RegistryError::Altered { path: self.database.clone(), what });
        }
        let (result, changed) = match change(&transaction, &place) {
            Ok(changed) => changed,
            Err(error) => {
                drop(transaction);
                // SQLite counts it when it gives up what it could not write.
                writing.seen = data_version(connection).unwrap_or(writing.seen);
                return Err(error);
            }
        };
        if changed {
            transaction.execute("UPDATE registry SET generation = generation + 1", []).map_err(database)?;
            transaction.commit().map_err(database)?;
            if let Ok(state) = self.state() {
                head::write(&self.folder, state);
            }
        } else {
            transaction.rollback().map_err(database)?;
        }
        Ok(result)
    }
}

/// Where the database of a registry is, if there is one.
fn found(folder: &Path) -> Result<PathBuf, RegistryError> {
    let database = folder.join(schema::FILE_NAME);
    if plain::file(&database, Links::Followed)?.is_none() {
        return Err(RegistryError::NotFound { path: folder.to_owned() });
    }
    only_plain(&database)?;
    Ok(database)
}

/// That no pipe or planted link stands where SQLite reads or writes beside a database.
fn only_plain(database: &Path) -> Result<(), RegistryError> {
    for ending in ["-wal", "-shm", "-journal"] {
        let mut path = database.as_os_str().to_owned();
        path.push(ending);
        plain::file(Path::new(&path), Links::Refused)?;
    }
    Ok(())
}

fn data_version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, "data_version", |row| row.get(0))
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
