//! What is checked before a registry answers or is written to.
//!
//! Everything an answer rests on is compared with what the last commit left,
//! whoever opens and for whatever. The checks are functions of a connection, so
//! that every kind of opening runs the same ones.

use std::path::Path;
use std::sync::Arc;

use rusqlite::Connection;

use crate::index::Segment;

use super::content_hash::SetHash;
use super::schema::{self, database_error};
use super::segment_check::SegmentRow;
use super::{RegistryError, log_check, read, schema_check};

/// Compares the schema with the one this program makes, recomputes the chain of the
/// log and the set hash of the recordings.
///
/// # Errors
/// [`RegistryError::Altered`] says what was changed from outside.
pub(super) fn check(connection: &Connection, path: &Path) -> Result<(), RegistryError> {
    schema_is_ours(connection, path, &schema::TABLES)?;
    match log_check::chain(connection, path)? {
        Some(fault) => Err(altered(path, format!("the log: {fault}"))),
        None => recordings_fit(connection, path),
    }
}

/// That the rows of the recordings have the set hash of the last commit, no ISRC
/// belongs to nobody, and every key was given.
fn recordings_fit(connection: &Connection, path: &Path) -> Result<(), RegistryError> {
    let stored: Vec<u8> = connection
        .query_row("SELECT recordings_hash FROM registry", [], |row| row.get(0))
        .map_err(database_error(path, "read"))?;
    let (mut set, mut last, mut carried) = (SetHash::default(), None, 0);
    read::each_recording(connection, path, 0, |recording| {
        set.insert(&recording.canonical());
        last = Some(recording.key.0);
        carried += recording.isrcs.len();
    })?;
    if SetHash::from_bytes(&stored).as_ref() != Some(&set) {
        let what = "the rows of its recordings do not have the hash that the last commit noted";
        return Err(altered(path, what.to_owned()));
    }
    rows_are_all(connection, path, last, carried)
}

/// That no ISRC is stored that belongs to nobody, and every key was given: `last` is the
/// largest of the recordings' keys, and `carried` how many ISRCs they have.
///
/// # Errors
/// [`RegistryError::Altered`] says what is too much.
pub(super) fn rows_are_all(
    connection: &Connection,
    path: &Path,
    last: Option<u32>,
    carried: usize,
) -> Result<(), RegistryError> {
    let sql = "SELECT next_key, (SELECT count(*) FROM recording_isrc) FROM registry";
    let (next_key, codes): (i64, i64) = connection
        .query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?)))
        .map_err(database_error(path, "read"))?;
    if usize::try_from(codes) != Ok(carried) {
        let what = format!("{codes} ISRCs are stored, and its recordings carry {carried}");
        return Err(altered(path, what));
    }
    match last.filter(|last| i64::from(*last) >= next_key) {
        Some(last) => {
            Err(altered(path, format!("the last key is {last}, but the next to give is {next_key}")))
        }
        None => Ok(()),
    }
}

/// That the segments that could be opened are the ones that were registered, hold
/// the recordings that are registered with them, and the tombstones hide no other.
/// One that could not be opened fails where it is to be searched.
///
/// # Errors
/// [`RegistryError::Altered`] names the segment.
pub(super) fn segments_fit(
    connection: &Connection,
    database: &Path,
    mapped: &[(i64, Option<Arc<Segment>>)],
) -> Result<(), RegistryError> {
    let mut placed = 0;
    for (number, segment) in mapped {
        let row = SegmentRow::read(connection, database, *number)?;
        placed += row.registered.len();
        if let Some(segment) = segment {
            row.fits(segment).map_err(|what| altered(segment.path(), what))?;
        }
    }
    let registered = connection
        .query_row("SELECT count(*) FROM recording", [], |row| row.get::<_, i64>(0))
        .map_err(database_error(database, "read"))?
        .unsigned_abs();
    if placed == registered {
        return Ok(());
    }
    Err(altered(
        database,
        format!("{registered} recordings are registered, and {placed} of them lie in a segment"),
    ))
}

/// As [`segments_fit`], of one segment.
pub(super) fn segment_fits(
    connection: &Connection,
    database: &Path,
    number: i64,
    segment: &Segment,
) -> Result<(), RegistryError> {
    let row = SegmentRow::read(connection, database, number)?;
    row.fits(segment).map_err(|what| altered(segment.path(), what))
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
