//! Bringing the database of an older earmark to the present format.

use rusqlite::{Connection, TransactionBehavior};

use super::schema;

/// Rewrites the tables of version 1 as those of version 2, in one transaction:
/// after a crash the database is of the one version or of the other.
///
/// Version 1 knew declarations alone. They keep their numbers and hashes, as
/// rows without a document's hash have the same chain in both, and the
/// registry keeps its generation and content hash: nothing in it changes.
pub(super) fn from_1(connection: &mut Connection) -> rusqlite::Result<()> {
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
