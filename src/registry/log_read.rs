//! Reading the log.

use std::path::Path;
use std::str::FromStr;

use jiff::civil::Date;
use rusqlite::{Connection, Row};

use super::RegistryError;
use super::schema::database_error;
use crate::declarations::{
    ALIAS_SEPARATOR, Declaration, DocumentHash, Log, Logged, MandateAct, NewDeclaration, NewMandate,
    NewOwner, Owner, Statement, Subject, Territory,
};
use crate::usage::Use;

/// Reads every row; one that cannot be parsed is damage.
pub(super) fn read_log(connection: &Connection, path: &Path) -> Result<Log, RegistryError> {
    read_log_after(connection, path, 0)
}

/// Reads every row whose number is above `after`.
pub(super) fn read_log_after(connection: &Connection, path: &Path, after: u64) -> Result<Log, RegistryError> {
    Ok(Log {
        declarations: read_table(connection, path, DECLARATIONS, after, declaration_of)?,
        mandates: read_table(connection, path, MANDATES, after, mandate_of)?,
        owners: read_table(connection, path, OWNERS, after, owner_of)?,
    })
}

/// Reads the declarations alone.
pub(super) fn read_declarations(
    connection: &Connection,
    path: &Path,
) -> Result<Vec<Declaration>, RegistryError> {
    read_table(connection, path, DECLARATIONS, 0, declaration_of)
}

/// Reads the owners alone.
pub(super) fn read_owners(connection: &Connection, path: &Path) -> Result<Vec<Owner>, RegistryError> {
    read_table(connection, path, OWNERS, 0, owner_of)
}

/// Each begins with seq and hash.
const DECLARATIONS: &str = "SELECT seq, hash, subject_kind, subject, use, permission, terms, territories, \
     valid_from, valid_until, declarant, source, document_hash, received_at FROM declaration \
     WHERE seq > ?1 ORDER BY seq";
const MANDATES: &str = "SELECT seq, hash, declarant, act, subject_kind, subject, valid_from, valid_until, \
     source, document_hash, received_at FROM mandate WHERE seq > ?1 ORDER BY seq";
const OWNERS: &str = "SELECT seq, hash, name, aliases, parent, valid_from, source, document_hash, \
     received_at FROM owner WHERE seq > ?1 ORDER BY seq";

/// Reads one value of a row. SQLite's own error stays apart from a value that
/// earmark cannot have written.
enum Unreadable {
    Database(rusqlite::Error),
    Value(String),
}

impl From<rusqlite::Error> for Unreadable {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(error)
    }
}

fn read_table<T>(
    connection: &Connection,
    path: &Path,
    sql: &str,
    after: u64,
    row_of: fn(&Row<'_>) -> Result<T, Unreadable>,
) -> Result<Vec<Logged<T>>, RegistryError> {
    let database = database_error(path, "read the log of");
    let mut statement = connection.prepare_cached(sql).map_err(database)?;
    let mut rows = statement.query([i64::try_from(after).unwrap_or(i64::MAX)]).map_err(database)?;
    let mut entries = Vec::new();
    while let Some(row) = rows.next().map_err(database)? {
        let seq: i64 = row.get(0).map_err(database)?;
        let hash = row.get(1).map_err(database)?;
        let corrupt = |what: String| RegistryError::Corrupt {
            path: path.to_owned(),
            what: format!("row {seq} of the log: {what}"),
        };
        let number = u64::try_from(seq).map_err(|_| corrupt("its number is negative".to_owned()))?;
        let read = row_of(row).map_err(|error| match error {
            Unreadable::Database(source) => database(source),
            Unreadable::Value(what) => corrupt(what),
        })?;
        entries.push(Logged { seq: number, row: read, hash });
    }
    Ok(entries)
}

fn value<T>(parsed: Result<T, impl ToString>) -> Result<T, Unreadable> {
    parsed.map_err(|error| Unreadable::Value(error.to_string()))
}

fn date(row: &Row<'_>, place: usize) -> Result<Option<Date>, Unreadable> {
    let text: Option<String> = row.get(place)?;
    text.map(|text| value(text.parse().map_err(|error| format!("{text:?}: {error}")))).transpose()
}

fn received_at(row: &Row<'_>, place: usize) -> Result<jiff::Timestamp, Unreadable> {
    let text: String = row.get(place)?;
    value(text.parse().map_err(|error| format!("{text:?}: {error}")))
}

fn document_hash(row: &Row<'_>, place: usize) -> Result<Option<DocumentHash>, Unreadable> {
    Ok(row.get::<_, Option<[u8; 32]>>(place)?.map(DocumentHash))
}

fn text(row: &Row<'_>, place: usize) -> Result<String, Unreadable> {
    Ok(row.get(place)?)
}

fn declaration_of(row: &Row<'_>) -> Result<NewDeclaration, Unreadable> {
    let terms: Option<String> = row.get(6)?;
    Ok(NewDeclaration {
        subject: value(Subject::parse(&text(row, 2)?, &text(row, 3)?))?,
        use_: value(Use::from_str(&text(row, 4)?))?,
        statement: value(Statement::parse(&text(row, 5)?, terms.as_deref()))?,
        territories: text(row, 7)?
            .split(',')
            .filter(|code| !code.is_empty())
            .map(|code| value(Territory::from_str(code)))
            .collect::<Result<_, _>>()?,
        from: date(row, 8)?,
        until: date(row, 9)?,
        declarant: row.get(10)?,
        source: row.get(11)?,
        document_hash: document_hash(row, 12)?,
        received_at: received_at(row, 13)?,
    })
}

fn mandate_of(row: &Row<'_>) -> Result<NewMandate, Unreadable> {
    Ok(NewMandate {
        declarant: row.get(2)?,
        act: match text(row, 3)?.as_str() {
            "grant" => MandateAct::Grant,
            "revoke" => MandateAct::Revoke,
            other => return Err(Unreadable::Value(format!("a mandate's act is {other:?}"))),
        },
        speaks_for: value(Subject::parse(&text(row, 4)?, &text(row, 5)?))?,
        from: date(row, 6)?,
        until: date(row, 7)?,
        source: row.get(8)?,
        document_hash: document_hash(row, 9)?,
        received_at: received_at(row, 10)?,
    })
}

fn owner_of(row: &Row<'_>) -> Result<NewOwner, Unreadable> {
    Ok(NewOwner {
        name: row.get(2)?,
        aliases: text(row, 3)?
            .split(ALIAS_SEPARATOR)
            .filter(|alias| !alias.is_empty())
            .map(str::to_owned)
            .collect(),
        parent: row.get(4)?,
        from: date(row, 5)?,
        source: row.get(6)?,
        document_hash: document_hash(row, 7)?,
        received_at: received_at(row, 8)?,
    })
}
