//! Storing and reading declarations.

use std::path::Path;
use std::str::FromStr;

use rusqlite::{Connection, params};

use super::declaration::{Declaration, NewDeclaration, Permission, Subject, Use, name_key};
use super::schema::database_error;
use super::territory::Territory;
use super::{Registry, RegistryError, chain};

const COLUMNS: &str = "seq, subject_kind, subject, use, permission, terms, territories, valid_from, valid_until, \
     declarant, source, received_at, hash";

impl Registry {
    /// Appends declarations in one transaction and returns them as stored.
    /// One that is not valid refuses the whole batch.
    ///
    /// A subject need not be registered: rightsholders may declare first and
    /// register later. [`recordings_concerned`](Self::recordings_concerned)
    /// tells whether anything is concerned now.
    pub fn declare(&mut self, batch: &[NewDeclaration]) -> Result<Vec<Declaration>, RegistryError> {
        self.commit(|transaction, place| {
            let database = database_error(place.database, "write the declarations of");
            let (count, mut hash): (i64, [u8; 32]) = transaction
                .query_row("SELECT declarations, declarations_hash FROM registry", [], |row| {
                    Ok((row.get(0)?, row.get(1)?))
                })
                .map_err(database)?;
            let mut seq = u64::try_from(count)
                .map_err(|_| place.corrupt(format!("its count of declarations is {count}")))?;
            let mut stored = Vec::with_capacity(batch.len());
            for (place, declaration) in batch.iter().enumerate() {
                let declaration = declaration.normalised().map_err(|source| RegistryError::Declaration {
                    number: place + 1,
                    of: batch.len(),
                    source,
                })?;
                seq += 1;
                hash = chain::link(&hash, seq, &declaration);
                let declaration = with_seq(declaration, seq, hash);
                insert(transaction, &declaration).map_err(database)?;
                stored.push(declaration);
            }
            transaction
                .execute(
                    "UPDATE registry SET declarations = ?1, declarations_hash = ?2",
                    params![i64::try_from(seq).unwrap_or(i64::MAX), hash],
                )
                .map_err(database)?;
            let changed = !stored.is_empty();
            Ok((stored, changed))
        })
    }

    /// All declarations, in the order they were received.
    pub fn declarations(&self) -> Result<Vec<Declaration>, RegistryError> {
        read_all(&self.connection(), &self.database)
    }

    /// How many registered recordings a subject speaks about.
    pub fn recordings_concerned(&self, subject: &Subject) -> Result<u64, RegistryError> {
        let count = |sql: &str, value: &str| -> Result<u64, RegistryError> {
            self.connection()
                .query_row(sql, [value], |row| row.get::<_, i64>(0))
                .map(i64::unsigned_abs)
                .map_err(database_error(&self.database, "count the recordings of"))
        };
        match subject {
            Subject::Recording(id) => count("SELECT count(*) FROM recording WHERE id = ?1", id),
            Subject::Isrc(isrc) => {
                count("SELECT count(*) FROM recording_isrc WHERE isrc = ?1", isrc.as_str())
            }
            Subject::Prefix(prefix) => count(
                // No ISRC has a character above 'Z', so this bounds the range in the index.
                "SELECT count(DISTINCT recording) FROM recording_isrc WHERE isrc >= ?1 AND isrc < ?1 || '['",
                &prefix.to_string(),
            ),
            Subject::Owner(name) => {
                let wanted = name_key(name);
                let mut concerned = 0;
                for recording in self.recordings() {
                    let owner = recording?.facts.owner;
                    concerned += u64::from(owner.is_some_and(|owner| name_key(&owner) == wanted));
                }
                Ok(concerned)
            }
        }
    }
}

fn with_seq(new: NewDeclaration, seq: u64, hash: [u8; 32]) -> Declaration {
    Declaration {
        seq,
        subject: new.subject,
        use_: new.use_,
        permission: new.permission,
        territories: new.territories,
        from: new.from,
        until: new.until,
        declarant: new.declarant,
        source: new.source,
        received_at: new.received_at,
        hash,
    }
}

fn insert(connection: &Connection, declaration: &Declaration) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO declaration (seq, subject_kind, subject, use, permission, terms, territories,
                 valid_from, valid_until, declarant, source, received_at, hash)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
        )?
        .execute(params![
            i64::try_from(declaration.seq).unwrap_or(i64::MAX),
            declaration.subject.kind(),
            declaration.subject.value(),
            declaration.use_.name(),
            declaration.permission.name(),
            declaration.permission.terms(),
            chain::territory_list(&declaration.territories),
            declaration.from.map(|date| date.to_string()),
            declaration.until.map(|date| date.to_string()),
            declaration.declarant,
            declaration.source,
            declaration.received_at.to_string(),
            declaration.hash
        ])
        .map(|_| ())
}

/// A row as stored, every field still text.
struct Raw {
    seq: i64,
    subject_kind: String,
    subject: String,
    use_: String,
    permission: String,
    terms: Option<String>,
    territories: String,
    from: Option<String>,
    until: Option<String>,
    declarant: String,
    source: Option<String>,
    received_at: String,
    hash: [u8; 32],
}

/// Reads every declaration; one that cannot be parsed is damage.
pub(super) fn read_all(connection: &Connection, path: &Path) -> Result<Vec<Declaration>, RegistryError> {
    let database = database_error(path, "read the declarations of");
    let sql = format!("SELECT {COLUMNS} FROM declaration ORDER BY seq");
    let mut statement = connection.prepare_cached(&sql).map_err(database)?;
    let rows = statement
        .query_map([], |row| {
            Ok(Raw {
                seq: row.get(0)?,
                subject_kind: row.get(1)?,
                subject: row.get(2)?,
                use_: row.get(3)?,
                permission: row.get(4)?,
                terms: row.get(5)?,
                territories: row.get(6)?,
                from: row.get(7)?,
                until: row.get(8)?,
                declarant: row.get(9)?,
                source: row.get(10)?,
                received_at: row.get(11)?,
                hash: row.get(12)?,
            })
        })
        .map_err(database)?;
    rows.map(|raw| {
        let raw = raw.map_err(database)?;
        let seq = raw.seq;
        parse(raw).map_err(|what| RegistryError::Corrupt {
            path: path.to_owned(),
            what: format!("declaration {seq}: {what}"),
        })
    })
    .collect()
}

fn parse(raw: Raw) -> Result<Declaration, String> {
    let date =
        |text: Option<String>| text.map(|text| text.parse().map_err(|error| format!("{text:?}: {error}")));
    Ok(Declaration {
        seq: u64::try_from(raw.seq).map_err(|_| "its number is negative".to_owned())?,
        subject: Subject::parse(&raw.subject_kind, &raw.subject).map_err(|error| error.to_string())?,
        use_: Use::from_str(&raw.use_).map_err(|error| error.to_string())?,
        permission: match (raw.permission.as_str(), raw.terms) {
            ("allow", None) => Permission::Allow,
            ("disallow", None) => Permission::Disallow,
            ("constrain", Some(terms)) => Permission::Constrain { terms },
            (other, terms) => return Err(format!("permission {other:?} with terms {terms:?}")),
        },
        territories: raw
            .territories
            .split(',')
            .filter(|code| !code.is_empty())
            .map(|code| Territory::from_str(code).map_err(|error| error.to_string()))
            .collect::<Result<_, _>>()?,
        from: date(raw.from).transpose()?,
        until: date(raw.until).transpose()?,
        declarant: raw.declarant,
        source: raw.source,
        received_at: raw.received_at.parse().map_err(|error| format!("{:?}: {error}", raw.received_at))?,
        hash: raw.hash,
    })
}
