//! Bringing the database of an older earmark to the present format.

use std::path::Path;

use rusqlite::{Connection, TransactionBehavior};

use super::schema::{self, database_error};
use super::{RegistryError, opening};

/// The tables of version 1.
const TABLES_1: [&str; 3] = [
    "CREATE TABLE registry (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    params TEXT NOT NULL,
    params_id TEXT NOT NULL,
    generation INTEGER NOT NULL,
    next_key INTEGER NOT NULL,
    next_segment INTEGER NOT NULL,
    recordings_hash BLOB NOT NULL,
    declarations INTEGER NOT NULL,
    declarations_hash BLOB NOT NULL
) STRICT;",
    schema::RECORDING_TABLES,
    "CREATE TABLE declaration (
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
    received_at TEXT NOT NULL,
    hash BLOB NOT NULL CHECK (length(hash) = 32)
) STRICT;
CREATE TRIGGER declaration_no_update BEFORE UPDATE ON declaration
BEGIN SELECT RAISE(ABORT, 'declarations are append-only'); END;
CREATE TRIGGER declaration_no_delete BEFORE DELETE ON declaration
BEGIN SELECT RAISE(ABORT, 'declarations are append-only'); END;",
];

/// Rewrites the tables of version 1 as those of version 2, in one transaction:
/// after a crash the database is of the one version or of the other. Tables that
/// somebody else changed are refused.
///
/// Version 1 knew declarations alone. They keep their numbers and hashes, as
/// rows without a document's hash have the same chain in both, and the
/// registry keeps its generation and content hash: nothing in it changes.
pub(super) fn from_1(connection: &mut Connection, path: &Path) -> Result<(), RegistryError> {
    opening::schema_is_ours(connection, path, &TABLES_1)?;
    rewrite_1(connection).map_err(database_error(path, "bring to the present format"))
}

fn rewrite_1(connection: &mut Connection) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.execute_batch(
        "DROP TRIGGER declaration_no_update;
         DROP TRIGGER declaration_no_delete;
         ALTER TABLE registry RENAME TO registry_1;
         ALTER TABLE declaration RENAME TO declaration_1;",
    )?;
    transaction.execute_batch(schema::REGISTRY_TABLE)?;
    transaction.execute_batch(schema::LOG_TABLES)?;
    transaction.execute_batch(
        "INSERT INTO registry (one, params, params_id, generation, next_key, next_segment,
                               recordings_hash, log_rows, log_hash)
             SELECT one, params, params_id, generation, next_key, next_segment,
                    recordings_hash, declarations, declarations_hash FROM registry_1;
         INSERT INTO declaration (seq, subject_kind, subject, use, permission, terms, territories,
                                  valid_from, valid_until, declarant, source, received_at, hash)
             SELECT seq, subject_kind, subject, use, permission, terms, territories,
                    valid_from, valid_until, declarant, source, received_at, hash FROM declaration_1;
         DROP TABLE registry_1;
         DROP TABLE declaration_1;",
    )?;
    transaction.pragma_update(None, "user_version", schema::FORMAT_VERSION)?;
    transaction.commit()
}
