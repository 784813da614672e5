//! Checking the log for damage.

use std::path::Path;

use rusqlite::Connection;

use crate::declarations::check_owners;

use super::log_chain::{self, Chain, ChainFault};
use super::problem::Problem;
use super::schema::database_error;
use super::{RegistryError, log_read};

/// Follows the chain from the first row to the last: the first fault, if there
/// is one. Takes a microsecond a row.
pub(super) fn chain(connection: &Connection, path: &Path) -> Result<Option<ChainFault>, RegistryError> {
    let database = database_error(path, "read the log of");
    let (rows, hash): (i64, [u8; 32]) = connection
        .query_row("SELECT log_rows, log_hash FROM registry", [], |row| Ok((row.get(0)?, row.get(1)?)))
        .map_err(database)?;
    log_chain::follow(connection, Chain::START, Chain { rows, hash }).map_err(database)
}

/// Follows the chain, and looks whether every row can be read, the owners fit
/// together, and rows stand in the order in which they were received.
pub(super) fn check(
    connection: &Connection,
    path: &Path,
    problems: &mut Vec<Problem>,
) -> Result<(), RegistryError> {
    if let Some(fault) = chain(connection, path)? {
        problems.push(Problem::Log { what: format!("{fault}; restore the folder from a copy") });
    }
    let log = log_read::read_log(connection, path)?;
    let owners: Vec<_> = log.owners.iter().map(|owner| &owner.row).collect();
    if let Err(error) = check_owners(&owners) {
        problems.push(Problem::Log { what: format!("owners: {error}") });
    }
    let late = log.out_of_order();
    if let Some(first) = late.first() {
        problems.push(Problem::Clock { rows: late.len() as u64, first: first.seq });
    }
    Ok(())
}
