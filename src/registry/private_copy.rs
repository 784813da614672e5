//! Reading a database without the right to write beside it.
//!
//! Whoever may write joins SQLite's protocol: an index of the write-ahead log in
//! shared memory, and marks in it that say what readers still need. Whoever may
//! not could only look at the files while a writer changes them, and see pages of
//! two commits at once. So the database is copied to where this process may write,
//! in a way that gives the state of one instant, and the copy is read.
//!
//! **Why the copy is of one instant.** The database is read, then its write-ahead
//! log, then the database again. If both readings of the database are the same
//! bytes, no checkpoint changed it in between. If the log begins with the same
//! bytes before and after it was read, it was not started anew meanwhile, and can
//! only have grown: what was copied is a beginning of it, and holds everything that
//! the copied database was brought forward by. That is a state in which a power cut
//! might have left both files, and SQLite reads it as it reads one: up to the last
//! whole commit. If anything was different, all of it is done again.

use std::env;
use std::ffi::OsStr;
use std::fs::{self, DirBuilder, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process;
use std::thread;
use std::time::{Duration, Instant};

use super::RegistryError;

/// The database's name inside the registry folder.
pub(super) const FILE_NAME: &str = "registry.db";

/// Bytes with which a write-ahead log begins, new ones whenever it starts anew:
/// a count of its starts and two random numbers are among them.
/// <https://www.sqlite.org/fileformat2.html#the_write_ahead_log>
const LOG_HEADER_BYTES: usize = 32;

/// How long another state is waited for while a writer changes the database all
/// the time, which it does for milliseconds after every few hundred commits.
const PATIENCE: Duration = Duration::from_secs(10);

/// A copy in a folder of its own. The folder goes with the value.
#[derive(Debug)]
pub(super) struct PrivateCopy {
    folder: PathBuf,
    /// Whether the folder still has its name.
    named: bool,
}

impl PrivateCopy {
    /// Copies the state that `database` has at some instant during the call.
    pub(super) fn of(database: &Path) -> Result<Self, RegistryError> {
        let until = Instant::now() + PATIENCE;
        let copy = Self { folder: new_folder(&env::temp_dir())?, named: true };
        loop {
            if copy.take(database)? {
                return Ok(copy);
            }
            if Instant::now() > until {
                return Err(RegistryError::Unsettled { path: database.to_owned() });
            }
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Where the copied database is.
    pub(super) fn database(&self) -> PathBuf {
        self.folder.join(FILE_NAME)
    }

    /// Takes the names away, to be called when the files are open: nothing is left
    /// behind then, however the process ends. Windows keeps names of open files,
    /// and there they go with the value.
    pub(super) fn forget_names(&mut self) {
        if cfg!(unix) {
            self.remove();
        }
    }

    fn remove(&mut self) {
        // Somebody else may have a folder of that name afterwards.
        if std::mem::take(&mut self.named) {
            let _ = fs::remove_dir_all(&self.folder);
        }
    }

    /// Whether what was copied is one state.
    fn take(&self, database: &Path) -> Result<bool, RegistryError> {
        let log = with_ending(database, "-wal");
        let copied_log = with_ending(&self.database(), "-wal");
        let first = copy_file(database, &self.database())?;
        let begins = beginning(&log)?;
        match &begins {
            Some(begins) if !begins.is_empty() => {
                if !copy_if_there(&log, &copied_log)? || beginning(&log)?.as_ref() != Some(begins) {
                    return Ok(false);
                }
            }
            _ => remove_if_there(&copied_log)?,
        }
        Ok(hash_of(database)? == first)
    }
}

impl Drop for PrivateCopy {
    fn drop(&mut self) {
        self.remove();
    }
}

/// Makes a folder that nobody else may look into.
fn new_folder(within: &Path) -> Result<PathBuf, RegistryError> {
    // As many as one process may have open at once, and leftovers of others.
    const MOST: u32 = 10_000;
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    for number in 0..MOST {
        let folder = within.join(format!("earmark-{}-{number}", process::id()));
        match builder.create(&folder) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            made => return made.map(|()| folder.clone()).map_err(failed(&folder, MAKE)),
        }
    }
    Err(failed(within, MAKE)(io::ErrorKind::AlreadyExists.into()))
}

const MAKE: &str = "make a folder for a copy of the registry's database (TMPDIR names another place)";
const READ: &str = "copy";
const WRITE: &str = "write a copy of the registry's database (TMPDIR names another place) to";

fn failed(path: &Path, action: &'static str) -> impl Fn(io::Error) -> RegistryError {
    let path = path.to_owned();
    move |source| RegistryError::Io { path: path.clone(), action, source }
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or(OsStr::new("")).to_owned();
    name.push(ending);
    path.with_file_name(name)
}

/// The first bytes of a log, fewer if it has fewer; none if there is no log.
fn beginning(log: &Path) -> Result<Option<Vec<u8>>, RegistryError> {
    let mut bytes = Vec::new();
    match File::open(log).and_then(|file| file.take(LOG_HEADER_BYTES as u64).read_to_end(&mut bytes)) {
        Ok(_) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed(log, READ)(error)),
    }
}

/// Whether there was something to copy.
fn copy_if_there(from: &Path, to: &Path) -> Result<bool, RegistryError> {
    match copy_file(from, to) {
        Ok(_) => Ok(true),
        Err(RegistryError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

fn remove_if_there(path: &Path) -> Result<(), RegistryError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed(path, WRITE)(error)),
        _ => Ok(()),
    }
}

/// Copies a file; the hash of what was copied.
fn copy_file(from: &Path, to: &Path) -> Result<blake3::Hash, RegistryError> {
    let mut output = File::create(to).map_err(failed(to, WRITE))?;
    each_part(from, |part| output.write_all(part).map_err(failed(to, WRITE)))
}

fn hash_of(path: &Path) -> Result<blake3::Hash, RegistryError> {
    each_part(path, |_| Ok(()))
}

fn each_part(
    path: &Path,
    mut take: impl FnMut(&[u8]) -> Result<(), RegistryError>,
) -> Result<blake3::Hash, RegistryError> {
    let mut file = File::open(path).map_err(failed(path, READ))?;
    let mut buffer = vec![0; 256 * 1024];
    let mut hasher = blake3::Hasher::new();
    loop {
        let length = file.read(&mut buffer).map_err(failed(path, READ))?;
        let Some(part) = buffer.get(..length).filter(|part| !part.is_empty()) else {
            return Ok(hasher.finalize());
        };
        hasher.update(part);
        take(part)?;
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::*;

    fn writer(path: &Path) -> Connection {
        let connection = Connection::open(path).unwrap();
        connection
            .execute_batch(
                "PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; PRAGMA wal_autocheckpoint = 20;
                 CREATE TABLE IF NOT EXISTS t (a INTEGER PRIMARY KEY, filling BLOB)",
            )
            .unwrap();
        connection
    }

    /// Every row of `t` says which commit it is of: a copy of two says two things.
    fn commit(connection: &Connection, number: i64) {
        connection
            .execute_batch(&format!(
                "BEGIN; DELETE FROM t;
                 INSERT INTO t SELECT value * 1000000 + {number}, randomblob(300)
                     FROM (WITH RECURSIVE c(value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM c LIMIT 200)
                           SELECT value FROM c);
                 COMMIT"
            ))
            .unwrap();
    }

    #[test]
    fn what_stands_in_the_log_alone_is_copied_too() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE_NAME);
        let connection = writer(&path);
        commit(&connection, 7);
        assert!(with_ending(&path, "-wal").exists());
        let mut copy = PrivateCopy::of(&path).unwrap();
        let read = Connection::open(copy.database()).unwrap();
        let rows: i64 =
            read.query_row("SELECT count(*) FROM t WHERE a % 1000000 = 7", [], |row| row.get(0)).unwrap();
        assert_eq!(rows, 200);
        copy.forget_names();
        let names = copy.folder.clone();
        drop((read, copy));
        assert!(!names.exists(), "nothing is left behind");
    }

    #[test]
    fn copies_made_while_somebody_writes_are_of_one_commit() {
        const COMMITS: i64 = 400;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE_NAME);
        commit(&writer(&path), 0);
        thread::scope(|scope| {
            let writing = scope.spawn(|| {
                for number in 1..=COMMITS {
                    // Now and then the last one closes, which takes the log away.
                    commit(&writer(&path), number);
                    let connection = writer(&path);
                    (0..5).for_each(|_| commit(&connection, number));
                }
            });
            let mut copies = 0;
            while !writing.is_finished() {
                let copy = PrivateCopy::of(&path).unwrap();
                let read = Connection::open(copy.database()).unwrap();
                let found: (i64, i64, i64) = read
                    .query_row("SELECT count(*), min(a % 1000000), max(a % 1000000) FROM t", [], |row| {
                        Ok((row.get(0)?, row.get(1)?, row.get(2)?))
                    })
                    .unwrap();
                assert!(found.0 == 200 && found.1 == found.2, "{found:?}");
                let whole: String = read.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
                assert_eq!(whole, "ok");
                copies += 1;
            }
            assert!(copies > 3, "{copies}");
        });
    }
}
