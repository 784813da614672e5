//! What the service keeps of its own, in `service.db` beside the registry: who may
//! do what, jobs, and who did what. Nothing of it reaches a verdict.

mod audit;
mod jobs;
mod manifests;
mod tokens;

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use rusqlite::Connection;

pub use audit::AuditRow;
pub use jobs::{Job, JobState};
pub use tokens::{NewToken, Principal, Role, Token, TokenRow};

/// Why the store does not answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The database.
    #[error("{}", path.display())]
    Database {
        /// Its file.
        path: PathBuf,
        /// What happened.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A token that cannot be made or used.
    #[error("{0}")]
    Token(String),
}

/// The service's own database.
pub struct Store {
    path: PathBuf,
    connection: Mutex<Connection>,
    cache: Mutex<tokens::Cache>,
}

impl Store {
    /// Opens `service.db` in `folder`, or makes it.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        let path = folder.join("service.db");
        let open = || -> rusqlite::Result<Connection> {
            let connection = Connection::open(&path)?;
            connection.pragma_update(None, "journal_mode", "wal")?;
            // An acknowledged token or job survives a power cut.
            connection.pragma_update(None, "synchronous", "full")?;
            connection.busy_timeout(std::time::Duration::from_secs(5))?;
            connection.execute_batch(SCHEMA)?;
            Ok(connection)
        };
        let connection =
            open().map_err(|source| StoreError::Database { path: path.clone(), source: source.into() })?;
        Ok(Store { path, connection: Mutex::new(connection), cache: Mutex::default() })
    }

    fn with<T>(&self, work: impl FnOnce(&mut Connection) -> rusqlite::Result<T>) -> Result<T, StoreError> {
        let mut connection: MutexGuard<'_, Connection> =
            self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        work(&mut connection)
            .map_err(|source| StoreError::Database { path: self.path.clone(), source: source.into() })
    }
}

const SCHEMA: &str = "
create table if not exists token (
    id text primary key,
    name text not null,
    hash blob not null,
    role text not null,
    owner text,
    licensee text,
    created text not null,
    expires text,
    revoked text
) strict;
create index if not exists token_by_name on token (name);
create table if not exists job (
    id text primary key,
    caller text not null,
    question text not null,
    state text not null,
    created text not null,
    finished text,
    error text
) strict;
create table if not exists idempotency (
    caller text not null,
    key text not null,
    body blob not null,
    answer text not null,
    created text not null,
    primary key (caller, key)
) strict;
create table if not exists audit (
    seq integer primary key,
    at text not null,
    caller text not null,
    act text not null,
    status integer not null,
    subject text not null
) strict;
create table if not exists manifest (
    recording text not null,
    manifest_id text not null,
    endpoint text,
    primary key (recording, manifest_id)
) strict;
";

fn now() -> String {
    let now = Timestamp::now();
    // Whole seconds, so that texts compare as times do.
    Timestamp::from_second(now.as_second()).unwrap_or(now).to_string()
}
