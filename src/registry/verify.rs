//! Checking a registry for damage.

use std::path::Path;

use rusqlite::Connection;

use super::content_hash::SetHash;
use super::problem::{Concerned, Problem};
use super::schema::database_error;
use super::segment_check::{Fault, SegmentRow};
use super::{Registry, RegistryError, log_check, read, schema, schema_check, segments};

impl Concerned {
    /// Recordings named; the rest is counted.
    const NAMED: usize = 5;

    /// The recordings registered with a segment.
    fn by(segment: i64, connection: &Connection) -> rusqlite::Result<Self> {
        let sql = format!("SELECT id FROM recording WHERE segment = ?1 ORDER BY key LIMIT {}", Self::NAMED);
        let first_ids = connection
            .prepare(&sql)?
            .query_map([segment], |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?;
        let count = "SELECT count(*) FROM recording WHERE segment = ?1";
        let recordings: i64 = connection.query_row(count, [segment], |row| row.get(0))?;
        Ok(Self { recordings: recordings.unsigned_abs(), first_ids, in_peaks: false })
    }

    /// Those with damaged peaks among the recordings registered with a segment.
    fn with_damaged_peaks(
        row: &SegmentRow,
        fault: &Fault,
        connection: &Connection,
    ) -> rusqlite::Result<Self> {
        let mut statement = connection.prepare("SELECT id FROM recording WHERE key = ?1")?;
        let keys = &row.registered & &fault.peaks_of;
        let first_ids: Vec<String> = keys
            .iter()
            .map(|key| statement.query_row([key], |row| row.get(0)))
            .collect::<rusqlite::Result<_>>()?;
        Ok(Self { recordings: first_ids.len() as u64, first_ids, in_peaks: true })
    }
}

impl Problem {
    /// Whether the registry works as it should in spite of it.
    pub fn is_harmless(&self) -> bool {
        matches!(self, Self::Orphan { .. } | Self::Clock { .. })
    }
}

impl Registry {
    /// Reads everything and checks it: the database's structure, the hash of
    /// the recordings, the chain of the log, every checksum of every
    /// segment, and that they fit together. An empty list means that all is
    /// well. Takes as long as reading all files; fails only when the database
    /// is too damaged to be asked.
    ///
    /// # Errors
    /// If the registry cannot be read at all. Damage stands in the result.
    pub fn verify(&self) -> Result<Vec<Problem>, RegistryError> {
        let connection = self.connection();
        let mut problems = Vec::new();
        check_database(&connection, &self.database, &mut problems)?;
        check_schema(&connection, &self.database, &mut problems)?;
        // A damaged database can fail any of the following; what the checks
        // above found is worth more than the error.
        let checks = [check_recordings, log_check::check];
        for check in checks {
            if let Err(error) = check(&connection, &self.database, &mut problems) {
                problems.push(Problem::Database { what: error.to_string() });
            }
        }
        if let Err(error) = self.check_segments(&connection, &mut problems) {
            problems.push(Problem::Database { what: error.to_string() });
        }
        Ok(problems)
    }

    fn check_segments(
        &self,
        connection: &Connection,
        problems: &mut Vec<Problem>,
    ) -> Result<(), RegistryError> {
        let database = database_error(&self.database, "read the segments of");
        let live = read::live_segments(connection).map_err(database)?;
        for number in &live {
            let row = SegmentRow::read(connection, &self.database, *number)?;
            if row.registered.len() + row.tombstones.len() != row.recordings
                || !row.registered.is_disjoint(&row.tombstones)
            {
                let what = format!(
                    "segment {number} holds {} recordings, but {} are registered and {} removed",
                    row.recordings,
                    row.registered.len(),
                    row.tombstones.len()
                );
                problems.push(Problem::Recordings { what });
            }
            let path = segments::path(&self.folder, *number);
            let mapped =
                self.mapped.iter().find(|(known, _)| known == number).and_then(|(_, mapped)| mapped.clone());
            if let Err(fault) = row.checked(&path, &self.params, mapped) {
                let concerned = if fault.peaks_of.is_empty() {
                    Concerned::by(*number, connection)
                } else {
                    Concerned::with_damaged_peaks(&row, &fault, connection)
                };
                let concerned = concerned.map_err(database)?;
                problems.push(Problem::Segment { path, what: fault.what, concerned });
            }
        }
        match segments::orphans(&self.folder, &live) {
            Ok(orphans) => problems.extend(orphans.into_iter().map(|path| Problem::Orphan { path })),
            Err(error) => problems.push(Problem::Segment {
                path: self.folder.join(segments::FOLDER),
                what: format!("the folder cannot be listed: {error}"),
                concerned: Concerned::default(),
            }),
        }
        Ok(())
    }
}

fn check_database(
    connection: &Connection,
    path: &Path,
    problems: &mut Vec<Problem>,
) -> Result<(), RegistryError> {
    let database = database_error(path, "check");
    let mut report = |sql: &str, ok: Option<&str>| -> rusqlite::Result<()> {
        let mut statement = connection.prepare(sql)?;
        let columns = statement.column_count();
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let words = (0..columns)
                .map(|column| row.get::<_, rusqlite::types::Value>(column).map(|value| shown(&value)))
                .collect::<rusqlite::Result<Vec<_>>>()?
                .join(" ");
            if Some(words.as_str()) != ok {
                problems.push(Problem::Database { what: words });
            }
        }
        Ok(())
    };
    report("PRAGMA integrity_check", Some("ok")).map_err(database)?;
    // Fails where the damage is so deep that the rows cannot be walked.
    if let Err(error) = report("PRAGMA foreign_key_check", None) {
        problems.push(Problem::Database { what: error.to_string() });
    }
    Ok(())
}

fn shown(value: &rusqlite::types::Value) -> String {
    use rusqlite::types::Value;
    match value {
        Value::Null => "null".to_owned(),
        Value::Integer(number) => number.to_string(),
        Value::Real(number) => number.to_string(),
        Value::Text(text) => text.clone(),
        Value::Blob(bytes) => format!("{} bytes", bytes.len()),
    }
}

/// Compares the schema with the one this program makes.
fn check_schema(
    connection: &Connection,
    path: &Path,
    problems: &mut Vec<Problem>,
) -> Result<(), RegistryError> {
    let odd = schema_check::oddities(connection, &schema::TABLES)
        .map_err(database_error(path, "check the schema of"))?;
    problems.extend(odd.iter().map(|odd| Problem::Schema { what: odd.to_string() }));
    Ok(())
}

/// Recomputes the hash of all recordings and checks their keys.
fn check_recordings(
    connection: &Connection,
    path: &Path,
    problems: &mut Vec<Problem>,
) -> Result<(), RegistryError> {
    let (stored, next_key): (Vec<u8>, i64) = connection
        .query_row("SELECT recordings_hash, next_key FROM registry", [], |row| Ok((row.get(0)?, row.get(1)?)))
        .map_err(database_error(path, "read"))?;
    let mut hash = SetHash::default();
    let mut start = 0;
    loop {
        let page = read::page(connection, path, start)?;
        let Some(last) = page.last() else { break };
        start = i64::from(last.key.0) + 1;
        for recording in &page {
            hash.insert(&recording.canonical());
        }
    }
    if start > next_key {
        let what = format!("the last key is {}, but the next to give is {next_key}", start - 1);
        problems.push(Problem::Recordings { what });
    }
    if SetHash::from_bytes(&stored).as_ref() != Some(&hash) {
        let what = "their hash is not the one of the last commit: a row was changed from outside; \
                    restore the folder from a copy";
        problems.push(Problem::Recordings { what: what.to_owned() });
    }
    Ok(())
}
