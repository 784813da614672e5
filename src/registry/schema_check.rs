//! Whether a database has the tables, indexes and triggers that this program
//! makes, and nothing else.
//!
//! A trigger or view that somebody added could change what is read or written. It
//! is never run (`schema::open_writer`), and a database that has one is refused.

use std::collections::BTreeMap;
use std::fmt;

use rusqlite::Connection;

/// An object of a schema that is not as this program makes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Oddity {
    /// `table`, `index`, `trigger` or `view`.
    kind: String,
    pub(super) name: String,
    what: Odd,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Odd {
    Missing,
    Changed,
    Foreign,
}

impl fmt::Display for Oddity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, name, what } = self;
        match what {
            Odd::Missing => write!(f, "the {kind} {name} is missing"),
            Odd::Changed => write!(f, "the {kind} {name} is not as earmark makes it"),
            Odd::Foreign => write!(f, "the {kind} {name} was added"),
        }
    }
}

/// The table that an object belongs to and the text that made it, by kind and name.
type Objects = BTreeMap<(String, String), (String, Option<String>)>;

fn objects(connection: &Connection) -> rusqlite::Result<Objects> {
    let mut statement = connection.prepare("SELECT type, name, tbl_name, sql FROM sqlite_schema")?;
    let rows = statement.query_map([], |row| Ok(((row.get(0)?, row.get(1)?), (row.get(2)?, row.get(3)?))))?;
    rows.collect()
}

/// Compares a schema with the one that `tables` make, in the order of kind and name.
pub(super) fn oddities(connection: &Connection, tables: &[&str]) -> rusqlite::Result<Vec<Oddity>> {
    let fresh = Connection::open_in_memory()?;
    tables.iter().try_for_each(|tables| fresh.execute_batch(tables))?;
    let (expected, found) = (objects(&fresh)?, objects(connection)?);
    let mut odd = Vec::new();
    for (key, object) in &expected {
        match found.get(key) {
            Some(same) if same == object => {}
            Some(_) => odd.push((key, Odd::Changed)),
            None => odd.push((key, Odd::Missing)),
        }
    }
    odd.extend(found.keys().filter(|key| !expected.contains_key(key)).map(|key| (key, Odd::Foreign)));
    odd.sort_unstable_by_key(|(key, _)| *key);
    Ok(odd
        .into_iter()
        .map(|((kind, name), what)| Oddity { kind: kind.clone(), name: name.clone(), what })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::schema;

    fn told(change: &str) -> Vec<String> {
        let connection = Connection::open_in_memory().unwrap();
        schema::TABLES.iter().for_each(|tables| connection.execute_batch(tables).unwrap());
        connection.execute_batch(change).unwrap();
        let odd = oddities(&connection, &schema::TABLES).unwrap();
        odd.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn every_kind_of_change_is_told() {
        let cases: [(&str, &[&str]); 8] = [
            ("", &[]),
            ("DROP INDEX recording_by_segment", &["the index recording_by_segment is missing"]),
            (
                "DROP TRIGGER owner_no_update; \
                 CREATE TRIGGER owner_no_update BEFORE UPDATE ON owner BEGIN SELECT 1; END",
                &["the trigger owner_no_update is not as earmark makes it"],
            ),
            (
                "CREATE TRIGGER evil AFTER INSERT ON recording BEGIN DELETE FROM mandate; END",
                &["the trigger evil was added"],
            ),
            // Triggers have names of their own.
            (
                "CREATE TRIGGER recording AFTER INSERT ON recording BEGIN DELETE FROM mandate; END",
                &["the trigger recording was added"],
            ),
            ("CREATE VIEW v AS SELECT * FROM owner", &["the view v was added"]),
            (
                "ALTER TABLE owner ADD COLUMN note TEXT; CREATE TABLE notes (a)",
                &["the table notes was added", "the table owner is not as earmark makes it"],
            ),
            (
                "ALTER TABLE mandate RENAME TO mandate_2; CREATE VIEW mandate AS SELECT * FROM mandate_2",
                &[
                    "the table mandate is missing",
                    "the table mandate_2 was added",
                    "the trigger mandate_no_delete is not as earmark makes it",
                    "the trigger mandate_no_update is not as earmark makes it",
                    "the view mandate was added",
                ],
            ),
        ];
        for (change, expected) in cases {
            assert_eq!(told(change), expected, "{change}");
        }
    }
}
