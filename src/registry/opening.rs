//! What is checked before a registry answers or is written to.
//!
//! Everything an answer rests on is compared with what the last commit left,
//! whoever opens and for whatever. The checks are functions of a connection, so
//! that every kind of opening runs the same ones.

use std::path::Path;

use rusqlite::Connection;

use super::schema::{self, database_error};
use super::{RegistryError, log_check, schema_check};

/// Compares the schema with the one this program makes, and recomputes the chain
/// of the log.
///
/// # Errors
/// [`RegistryError::Altered`] says what was changed from outside.
pub(super) fn check(connection: &Connection, path: &Path) -> Result<(), RegistryError> {
    schema_is_ours(connection, path, &schema::TABLES)?;
    match log_check::chain(connection, path)? {
        Some(fault) => Err(altered(path, format!("the log: {fault}"))),
        None => Ok(()),
    }
}

/// That the database has the tables, indexes and triggers of `tables` and nothing
/// else. Has to come before anything is written.
pub(super) fn schema_is_ours(
    connection: &Connection,
    path: &Path,
    tables: &[&str],
) -> Result<(), RegistryError> {
    let odd =
        schema_check::oddities(connection, tables).map_err(database_error(path, "read the schema of"))?;
    match odd.first() {
        Some(first) => Err(altered(path, first.to_string())),
        None => Ok(()),
    }
}

/// The error of what was changed from outside.
pub(super) fn altered(path: &Path, what: String) -> RegistryError {
    RegistryError::Altered { path: path.to_owned(), what }
}
