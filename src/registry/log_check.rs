//! Checking the log for damage.

use std::path::Path;

use rusqlite::Connection;

use crate::registry::schema::database_error;
use crate::registry::verify::Problem;
use crate::registry::{NewEntry, RegistryError};

use super::log;
use crate::declarations::{GENESIS, check_owners, link};

/// Follows the chain from the first row to the last, and looks whether the
/// owners fit together.
pub(crate) fn check(
    connection: &Connection,
    path: &Path,
    problems: &mut Vec<Problem>,
) -> Result<(), RegistryError> {
    let (count, last): (i64, [u8; 32]) = connection
        .query_row("SELECT log_rows, log_hash FROM registry", [], |row| Ok((row.get(0)?, row.get(1)?)))
        .map_err(database_error(path, "read"))?;
    let entries = log::read_log(connection, path)?.into_entries();
    let mut hash = GENESIS;
    for (place, entry) in entries.iter().enumerate() {
        let expected = place as u64 + 1;
        if entry.seq != expected {
            let what = if entry.seq < expected {
                format!("number {} stands twice; restore the folder from a copy", entry.seq)
            } else {
                format!("number {expected} is missing; restore the folder from a copy")
            };
            problems.push(Problem::Log { what });
            return Ok(());
        }
        hash = link(&hash, entry.seq, &entry.row);
        if hash != entry.hash {
            let what = format!(
                "number {} ({}) does not have its hash; restore the folder from a copy",
                entry.seq,
                entry.kind()
            );
            problems.push(Problem::Log { what });
            return Ok(());
        }
    }
    if i64::try_from(entries.len()).ok() != Some(count) || hash != last {
        let what = format!(
            "there are {} rows, the last commit had {count} or ended with another hash; restore the folder from a copy",
            entries.len()
        );
        problems.push(Problem::Log { what });
    }
    let owners: Vec<_> = entries
        .iter()
        .filter_map(|entry| match &entry.row {
            NewEntry::Owner(owner) => Some(owner),
            NewEntry::Declaration(_) | NewEntry::Mandate(_) => None,
        })
        .collect();
    if let Err(error) = check_owners(&owners) {
        problems.push(Problem::Log { what: format!("owners: {error}") });
    }
    Ok(())
}
