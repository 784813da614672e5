//! Storing and reading the log.

use jiff::civil::Date;
use rusqlite::{Connection, Transaction, params};

use crate::registry::authority_change::changes_of;
use crate::registry::concern::owner_counts;
use crate::registry::log_read::{read_declarations, read_log, read_owners};
use crate::registry::schema::database_error;
use crate::registry::{AuthorityChange, Place, Registry, RegistryError};

use crate::declarations::{
    ALIAS_SEPARATOR, Declaration, Entry, Log, Logged, NewDeclaration, NewEntry, NewOwner, Owner,
    check_owners, link, territory_list,
};

/// What became of rows for the log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Appended {
    /// Those that were new, as they are stored.
    pub stored: Vec<Entry>,
    /// Of each other the number of the row that says the same.
    pub known: Vec<u64>,
}

/// Rows that the log has not, in their stored form, and the numbers of the others.
struct News {
    new: Vec<NewEntry>,
    known: Vec<u64>,
}

impl Registry {
    /// Appends declarations in one transaction and returns them as stored.
    /// One that is not valid refuses the whole batch.
    ///
    /// A subject need not be registered: rightsholders may declare first and
    /// register later. [`concern`](Self::concern) tells whether anything is
    /// concerned now. Nor need the declarant be entitled: whether it is, is for
    /// the verdict to see, by the mandates and owners of the day in question.
    ///
    /// # Errors
    /// If one is not valid, or the registry cannot be written.
    pub fn declare(&mut self, batch: &[NewDeclaration]) -> Result<Vec<Declaration>, RegistryError> {
        let entries: Vec<NewEntry> = batch.iter().cloned().map(NewEntry::Declaration).collect();
        Ok(Log::from_entries(self.append(&entries)?).declarations)
    }

    /// Appends rows of any kind in one transaction, in the order given, and
    /// returns them as stored. One that is not valid, or owners that contradict
    /// each other or those before, refuse the whole batch.
    ///
    /// # Errors
    /// If one is not valid, owners contradict each other, or the registry cannot be written.
    pub fn append(&mut self, batch: &[NewEntry]) -> Result<Vec<Entry>, RegistryError> {
        self.commit(|transaction, place| {
            let stored = append_to(transaction, place, batch)?;
            let changed = !stored.is_empty();
            Ok((stored, changed))
        })
    }

    /// The same of those rows alone that the log does not say already: a row counts as
    /// said where everything but the time of receipt is equal and nothing was said since
    /// by the same declarant about the same subject, or about the same owner. So a
    /// file of rows that is taken twice adds nothing.
    ///
    /// # Errors
    /// As [`append`](Self::append).
    pub fn append_new(&mut self, batch: &[NewEntry]) -> Result<Appended, RegistryError> {
        let News { new, known } = self.news(batch)?;
        Ok(Appended { stored: self.append(&new)?, known })
    }

    /// What [`append_new`](Self::append_new) would change in who may speak for what, one
    /// change for each row that is new. What holds before is told for `day`, or the first
    /// day of a row that begins later.
    ///
    /// # Errors
    /// As when the rows are stored.
    pub fn changes(&self, batch: &[NewEntry], day: Date) -> Result<Vec<AuthorityChange>, RegistryError> {
        let new = self.news(batch)?.new;
        let connection = self.connection();
        let carried = owner_counts(&connection, &self.database)?;
        changes_of(&connection, &self.database, &carried, &new, day)
    }

    fn news(&self, batch: &[NewEntry]) -> Result<News, RegistryError> {
        let batch = normalised(batch)?;
        let repeated = self.log()?.repeated(&batch);
        let known = repeated.iter().flatten().copied().collect();
        let new = batch.into_iter().zip(repeated).filter(|(_, seq)| seq.is_none()).map(|(row, _)| row);
        Ok(News { new: new.collect(), known })
    }

    /// The whole log.
    ///
    /// # Errors
    /// If the registry cannot be read, or a row is damaged.
    pub fn log(&self) -> Result<Log, RegistryError> {
        read_log(&self.connection(), &self.database)
    }

    /// All declarations, in the order they were received.
    ///
    /// # Errors
    /// If the registry cannot be read, or a row is damaged.
    pub fn declarations(&self) -> Result<Vec<Declaration>, RegistryError> {
        let connection = self.connection();
        read_declarations(&connection, &self.database)
    }
}

/// The rows in their stored form.
fn normalised(batch: &[NewEntry]) -> Result<Vec<NewEntry>, RegistryError> {
    let of = batch.len();
    let row = |(number, entry): (usize, &NewEntry)| {
        let failed = |source| RegistryError::Entry { kind: entry.kind(), number, of, source };
        entry.normalised().map_err(failed)
    };
    (1..).zip(batch).map(row).collect()
}

/// As [`Registry::append`], inside a transaction.
pub(crate) fn append_to(
    transaction: &Transaction<'_>,
    place: &Place<'_>,
    batch: &[NewEntry],
) -> Result<Vec<Entry>, RegistryError> {
    let database = database_error(place.database, "write the log of");
    let (count, mut hash): (i64, [u8; 32]) = transaction
        .query_row("SELECT log_rows, log_hash FROM registry", [], |row| Ok((row.get(0)?, row.get(1)?)))
        .map_err(database)?;
    let mut seq = u64::try_from(count).map_err(|_| place.corrupt(format!("its log has {count} rows")))?;
    let mut stored = Vec::with_capacity(batch.len());
    for row in normalised(batch)? {
        seq += 1;
        hash = link(&hash, seq, &row);
        let entry = Logged { seq, row, hash };
        insert(transaction, &entry).map_err(database)?;
        stored.push(entry);
    }
    if batch.iter().any(|entry| matches!(entry, NewEntry::Owner(_))) {
        owners_fit(transaction, place)?;
    }
    transaction
        .execute(
            "UPDATE registry SET log_rows = ?1, log_hash = ?2",
            params![i64::try_from(seq).unwrap_or(i64::MAX), hash],
        )
        .map_err(database)?;
    Ok(stored)
}

/// With the rows of this transaction.
fn owners_fit(transaction: &Transaction<'_>, place: &Place<'_>) -> Result<(), RegistryError> {
    let owners: Vec<Owner> = read_owners(transaction, place.database)?;
    let rows: Vec<&NewOwner> = owners.iter().map(|owner| &owner.row).collect();
    check_owners(&rows).map_err(|source| RegistryError::Owners { source })
}

impl Log {
    /// Sorts rows by kind.
    pub fn from_entries(entries: Vec<Entry>) -> Self {
        let mut log = Self::default();
        for Logged { seq, row, hash } in entries {
            match row {
                NewEntry::Declaration(row) => log.declarations.push(Logged { seq, row, hash }),
                NewEntry::Mandate(row) => log.mandates.push(Logged { seq, row, hash }),
                NewEntry::Owner(row) => log.owners.push(Logged { seq, row, hash }),
            }
        }
        log
    }

    /// All rows in the order of receipt.
    pub fn into_entries(self) -> Vec<Entry> {
        fn entries<T: Into<NewEntry>>(rows: Vec<Logged<T>>) -> impl Iterator<Item = Entry> {
            rows.into_iter().map(|Logged { seq, row, hash }| Logged { seq, row: row.into(), hash })
        }
        let mut all: Vec<Entry> =
            entries(self.declarations).chain(entries(self.mandates)).chain(entries(self.owners)).collect();
        all.sort_by_key(|entry| entry.seq);
        all
    }
}

fn insert(connection: &Connection, entry: &Entry) -> rusqlite::Result<()> {
    let seq = i64::try_from(entry.seq).unwrap_or(i64::MAX);
    let text = |date: Option<Date>| date.map(|date| date.to_string());
    let changed = match &entry.row {
        NewEntry::Declaration(row) => connection
            .prepare_cached(
                "INSERT INTO declaration (seq, subject_kind, subject, use, permission, terms, territories,
                     valid_from, valid_until, declarant, source, document_hash, received_at, hash)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
            )?
            .execute(params![
                seq,
                row.subject.kind(),
                row.subject.value(),
                row.use_.name(),
                row.statement.name(),
                row.statement.terms(),
                territory_list(&row.territories),
                text(row.from),
                text(row.until),
                row.declarant,
                row.source,
                row.document_hash.map(|hash| hash.0),
                row.received_at.to_string(),
                entry.hash
            ]),
        NewEntry::Mandate(row) => connection
            .prepare_cached(
                "INSERT INTO mandate (seq, declarant, act, subject_kind, subject, valid_from, valid_until,
                     source, document_hash, received_at, hash)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
            )?
            .execute(params![
                seq,
                row.declarant,
                row.act.name(),
                row.speaks_for.kind(),
                row.speaks_for.value(),
                text(row.from),
                text(row.until),
                row.source,
                row.document_hash.map(|hash| hash.0),
                row.received_at.to_string(),
                entry.hash
            ]),
        NewEntry::Owner(row) => connection
            .prepare_cached(
                "INSERT INTO owner (seq, name, aliases, parent, valid_from, source, document_hash,
                     received_at, hash)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            )?
            .execute(params![
                seq,
                row.name,
                row.aliases.join(ALIAS_SEPARATOR),
                row.parent,
                text(row.from),
                row.source,
                row.document_hash.map(|hash| hash.0),
                row.received_at.to_string(),
                entry.hash
            ]),
    };
    changed.map(|_| ())
}
