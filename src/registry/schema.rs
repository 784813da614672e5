//! The database: its tables, its format version, how it is opened.

use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::RegistryError;
use super::error::DatabaseError;
use super::private_copy::PrivateCopy;

pub(super) use super::private_copy::FILE_NAME;

/// SQLite's `application_id`: "earm" in ASCII.
pub(super) const APPLICATION_ID: i64 = 0x6561_726d;

/// SQLite's `user_version`. A reader takes this version alone. A change that an
/// older program would misread raises it; a writer brings an older one forward
/// (`upgrade`) in one transaction on opening.
pub(super) const FORMAT_VERSION: i64 = 2;

/// The tables of [`FORMAT_VERSION`], to be made in this order. Words that
/// later versions may add to (uses, permissions, kinds of subjects) are checked
/// by the program and not here, as SQLite cannot change a CHECK without
/// rebuilding the table.
pub(super) const TABLES: [&str; 3] = [REGISTRY_TABLE, RECORDING_TABLES, LOG_TABLES];

pub(super) const REGISTRY_TABLE: &str = "
CREATE TABLE registry (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    params TEXT NOT NULL,
    params_id TEXT NOT NULL,
    generation INTEGER NOT NULL,
    next_key INTEGER NOT NULL,
    next_segment INTEGER NOT NULL,
    recordings_hash BLOB NOT NULL,
    log_rows INTEGER NOT NULL,
    log_hash BLOB NOT NULL
) STRICT;
";

pub(super) const RECORDING_TABLES: &str = "
CREATE TABLE segment (
    number INTEGER PRIMARY KEY,
    bytes INTEGER NOT NULL,
    recordings INTEGER NOT NULL,
    hash BLOB NOT NULL CHECK (length(hash) = 32),
    tombstones BLOB NOT NULL
) STRICT;
CREATE TABLE recording (
    key INTEGER PRIMARY KEY CHECK (key BETWEEN 0 AND 4294967295),
    id TEXT NOT NULL UNIQUE,
    audio_hash BLOB NOT NULL UNIQUE CHECK (length(audio_hash) = 32),
    segment INTEGER NOT NULL REFERENCES segment (number) DEFERRABLE INITIALLY DEFERRED,
    duration_s REAL NOT NULL,
    source_path TEXT,
    title TEXT,
    version TEXT,
    artist TEXT,
    album TEXT,
    owner TEXT,
    label TEXT,
    p_line TEXT,
    release_date TEXT
) STRICT;
CREATE INDEX recording_by_segment ON recording (segment);
CREATE TABLE recording_isrc (
    recording INTEGER NOT NULL REFERENCES recording (key) ON DELETE CASCADE,
    isrc TEXT NOT NULL CHECK (length(isrc) = 12),
    PRIMARY KEY (recording, isrc)
) STRICT, WITHOUT ROWID;
CREATE INDEX recording_isrc_by_isrc ON recording_isrc (isrc, recording);
";

pub(super) const LOG_TABLES: &str = "
CREATE TABLE declaration (
    seq INTEGER PRIMARY KEY,
    subject_kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    use TEXT NOT NULL,
    permission TEXT NOT NULL,
    terms TEXT,
    territories TEXT NOT NULL,
    valid_from TEXT,
    valid_until TEXT,
    declarant TEXT NOT NULL,
    source TEXT,
    document_hash BLOB CHECK (length(document_hash) = 32),
    received_at TEXT NOT NULL,
    hash BLOB NOT NULL CHECK (length(hash) = 32)
) STRICT;
CREATE TRIGGER declaration_no_update BEFORE UPDATE ON declaration
BEGIN SELECT RAISE(ABORT, 'declarations are append-only'); END;
CREATE TRIGGER declaration_no_delete BEFORE DELETE ON declaration
BEGIN SELECT RAISE(ABORT, 'declarations are append-only'); END;
CREATE TABLE mandate (
    seq INTEGER PRIMARY KEY,
    declarant TEXT NOT NULL,
    act TEXT NOT NULL,
    subject_kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    valid_from TEXT,
    valid_until TEXT,
    source TEXT,
    document_hash BLOB CHECK (length(document_hash) = 32),
    received_at TEXT NOT NULL,
    hash BLOB NOT NULL CHECK (length(hash) = 32)
) STRICT;
CREATE TRIGGER mandate_no_update BEFORE UPDATE ON mandate
BEGIN SELECT RAISE(ABORT, 'mandates are append-only'); END;
CREATE TRIGGER mandate_no_delete BEFORE DELETE ON mandate
BEGIN SELECT RAISE(ABORT, 'mandates are append-only'); END;
CREATE TABLE owner (
    seq INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    aliases TEXT NOT NULL,
    parent TEXT,
    valid_from TEXT,
    source TEXT,
    document_hash BLOB CHECK (length(document_hash) = 32),
    received_at TEXT NOT NULL,
    hash BLOB NOT NULL CHECK (length(hash) = 32)
) STRICT;
CREATE TRIGGER owner_no_update BEFORE UPDATE ON owner
BEGIN SELECT RAISE(ABORT, 'owners are append-only'); END;
CREATE TRIGGER owner_no_delete BEFORE DELETE ON owner
BEGIN SELECT RAISE(ABORT, 'owners are append-only'); END;
";

/// How long a connection waits for another's short lock (recovery after a
/// crash, a checkpoint) before it gives up. Writers exclude each other by the
/// writer lock, so this is never a wait for a whole commit of audio.
const BUSY: Duration = Duration::from_secs(10);

/// What a database file turned out to be.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum State {
    /// Nothing was ever committed to it.
    Empty,
    /// A registry, of this format version or an older one.
    Registry(i64),
}

/// Opens for writing, creating the file if it is missing.
///
/// Journal mode is WAL: a scan holds one read transaction for hours, and WAL
/// is SQLite's only mode in which that neither delays a writer nor shows the
/// reader the writer's changes. `synchronous = FULL` syncs the log at every
/// commit, so that a commit that returned survives a power cut.
pub(super) fn open_writer(path: &Path) -> Result<(Connection, State), RegistryError> {
    let flags =
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let database = database_error(path, "open");
    let connection = Connection::open_with_flags(path, flags).map_err(database)?;
    configure(&connection).map_err(database)?;
    let state = state(&connection, path)?;
    let mode: String = connection
        .pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))
        .map_err(database)?;
    if mode != "wal" {
        let what = format!("its file system refuses SQLite's write-ahead log (journal mode {mode})");
        return Err(RegistryError::Corrupt { path: path.to_owned(), what });
    }
    // macOS syncs to the disk's cache only unless it is asked twice.
    connection
        .execute_batch("PRAGMA synchronous = FULL; PRAGMA fullfsync = ON; PRAGMA checkpoint_fullfsync = ON;")
        .map_err(database)?;
    Ok((connection, state))
}

/// A connection that sees one state.
pub(super) struct Opened {
    pub(super) connection: Connection,
    /// The format version, which may be older than this one.
    pub(super) version: i64,
    /// What the connection reads, where the registry's own files could not be
    /// joined. Has to live as long.
    pub(super) copy: Option<PrivateCopy>,
}

/// Opens for reading and takes a snapshot: until the connection closes, it
/// sees what was committed at this moment.
///
/// SQLite's `immutable` is never used: it reads the file without looking whether
/// somebody writes it.
pub(super) fn open_reader(path: &Path) -> Result<Opened, RegistryError> {
    let opened = snapshot(path, OpenFlags::SQLITE_OPEN_READ_WRITE).or_else(|error| {
        // No right to write, or no room: the log's index may exist already, made by a writer.
        if is_unwritable(&error) { snapshot(path, OpenFlags::SQLITE_OPEN_READ_ONLY) } else { Err(error) }
    });
    let (connection, copy) = match opened {
        Ok(connection) => (connection, None),
        Err(error) if is_unwritable(&error) => {
            let mut copy = PrivateCopy::of(path)?;
            let connection = own(&copy.database()).map_err(database_error(path, "read a copy of"))?;
            copy.forget_names();
            (connection, Some(copy))
        }
        Err(error) => return Err(database_error(path, "open")(error)),
    };
    match state(&connection, path)? {
        State::Registry(version) => Ok(Opened { connection, version, copy }),
        State::Empty => Err(RegistryError::NotARegistry {
            path: path.to_owned(),
            found: "an empty database, perhaps of an interrupted first registration".to_owned(),
        }),
    }
}

fn snapshot(path: &Path, access: OpenFlags) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(path, access | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    begin_reading(connection)
}

/// Opens a copy that is this connection's alone. So the log's index is kept in
/// memory, and no file but the database and its log is made.
fn own(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    begin_reading(connection)
}

fn begin_reading(connection: Connection) -> rusqlite::Result<Connection> {
    configure(&connection)?;
    connection.pragma_update(None, "query_only", true)?;
    // BEGIN alone takes no snapshot; the first read does.
    connection.execute_batch("BEGIN")?;
    connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
    Ok(connection)
}

/// Settings of every connection. The file may come from anywhere, so SQLite
/// is told not to trust what its schema could make it do: no trigger is run and no
/// view is read. The triggers of the schema are for whoever opens the file with
/// another program; this one neither updates nor deletes rows of the log.
fn configure(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false)?;
    connection
        .execute_batch("PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA foreign_keys = ON;")
}

/// Whether SQLite could not make or change a file, for want of rights or of room.
fn is_unwritable(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(
            ErrorCode::CannotOpen
                | ErrorCode::ReadOnly
                | ErrorCode::PermissionDenied
                | ErrorCode::DiskFull
                | ErrorCode::SystemIoFailure
        )
    )
}

/// Tells a registry from everything else by the ids in SQLite's header.
fn state(connection: &Connection, path: &Path) -> Result<State, RegistryError> {
    let read = |pragma| {
        connection
            .pragma_query_value(None, pragma, |row| row.get::<_, i64>(0))
            .map_err(database_error(path, "open"))
    };
    let application = read("application_id")?;
    let version = read("user_version")?;
    let objects: i64 = connection
        .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
        .map_err(database_error(path, "open"))?;
    if application == 0 && version == 0 && objects == 0 {
        return Ok(State::Empty);
    }
    let not_a_registry = |found| RegistryError::NotARegistry { path: path.to_owned(), found };
    if application != APPLICATION_ID {
        return Err(not_a_registry(format!(
            "application id {application:#010x}, expected {APPLICATION_ID:#010x}"
        )));
    }
    if version > FORMAT_VERSION {
        return Err(RegistryError::FormatTooNew {
            path: path.to_owned(),
            found: version,
            supported: FORMAT_VERSION,
        });
    }
    if version < 1 {
        return Err(not_a_registry(format!("format version {version}, the first was 1")));
    }
    Ok(State::Registry(version))
}

/// Wraps SQLite's error with the file and what was being done.
pub(super) fn database_error(
    path: &Path,
    action: &'static str,
) -> impl Fn(rusqlite::Error) -> RegistryError + Copy {
    move |source| {
        let source = DatabaseError::new(source);
        RegistryError::Database { path: path.to_owned(), action, source }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::params::Params;
    use crate::registry::Registry;

    #[test]
    fn a_copy_is_read_like_the_database_and_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        drop(Registry::create(folder.path(), &Params::default()).unwrap());
        let path = folder.path().join(FILE_NAME);
        let mut copy = PrivateCopy::of(&path).unwrap();
        let connection = own(&copy.database()).unwrap();
        let names = copy.database();
        copy.forget_names();
        assert_eq!(state(&connection, &path).unwrap(), State::Registry(FORMAT_VERSION));
        assert!(connection.execute("DELETE FROM registry", []).is_err(), "nor is a copy written");
        drop((connection, copy));
        assert!(!names.exists());
    }

    #[test]
    fn foreign_triggers_are_not_run_and_foreign_views_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE_NAME);
        let (connection, _) = open_writer(&path).unwrap();
        connection
            .execute_batch(
                "CREATE TABLE t (a); CREATE TABLE seen (a); CREATE VIEW v AS SELECT a FROM t;
                 CREATE TRIGGER evil AFTER INSERT ON t BEGIN INSERT INTO seen VALUES (1); END;
                 INSERT INTO t VALUES (7)",
            )
            .unwrap();
        let rows: i64 = connection.query_row("SELECT count(*) FROM seen", [], |row| row.get(0)).unwrap();
        assert_eq!(rows, 0);
        assert!(connection.query_row("SELECT count(*) FROM v", [], |_| Ok(())).is_err());
    }
}
