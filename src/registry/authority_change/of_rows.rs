//! Changes that rows for the log bring.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use jiff::civil::Date;
use rusqlite::Connection;

use crate::declarations::{
    Log, Logged, MandateAct, NameClasses, NewDeclaration, NewEntry, NewMandate, NewOwner, Subject,
    check_owners, name_key,
};
use crate::registry::concern::{count_by_code, owner_counts, owners_by_code};
use crate::registry::log_read::read_log;
use crate::registry::{AuthorityChange, RegistryError};
use crate::usage::Use;

use super::{CarriedName, Change, Known, Names};

/// What `batch`, rows in their stored form that the log does not have, changes; one
/// for each row. What holds before is told for `day`, or the first day of a row that
/// begins later. `carried` are the owners of recordings, with their number, whose names
/// are not taken over.
pub(in crate::registry) fn changes_of(
    connection: &Connection,
    path: &Path,
    carried: &[(String, u64)],
    batch: &[NewEntry],
    day: Date,
) -> Result<Vec<AuthorityChange>, RegistryError> {
    let log = read_log(connection, path)?;
    let mut ledger = Ledger::new(connection, path, log, batch, day)?;
    for (owner, count) in carried {
        ledger.known.enter(owner);
        *ledger.of_name.entry(name_key(owner)).or_default() += count;
    }
    batch.iter().map(|row| ledger.change(row)).collect()
}

/// What holds so far.
struct Ledger<'a> {
    connection: &'a Connection,
    path: &'a Path,
    day: Date,
    classes: NameClasses,
    known: Known,
    /// Recordings of each owner, by the key of its name, that are not to be taken over.
    of_name: HashMap<String, u64>,
    /// The same with those of its affiliates, once the batch is stored.
    of_owner: HashMap<String, u64>,
    /// Rows of the log with each name, by key.
    rows_with: HashMap<String, u64>,
    /// Declarations by class of the declarant.
    declared_by: HashMap<String, u64>,
    owners: HashMap<String, Vec<NewOwner>>,
    mandates: HashMap<(String, Subject), Vec<NewMandate>>,
    said: HashMap<(String, Subject, Use), (u64, &'static str)>,
    counted: HashMap<Subject, u64>,
}

impl<'a> Ledger<'a> {
    fn new(
        connection: &'a Connection,
        path: &'a Path,
        log: Log,
        batch: &[NewEntry],
        day: Date,
    ) -> Result<Self, RegistryError> {
        let owners = owner_counts(connection, path)?;
        let mut after = log.clone().into_entries();
        let next = after.last().map_or(1, |row| row.seq + 1);
        after.extend((next..).zip(batch).map(|(seq, row)| Logged { seq, row: row.clone(), hash: [0; 32] }));
        let after = Log::from_entries(after);
        let rows: Vec<&NewOwner> = after.owners.iter().map(|row| &row.row).collect();
        check_owners(&rows).map_err(|source| RegistryError::Owners { source })?;
        let authority = after.authority(day);
        let mut ledger = Self {
            connection,
            path,
            day,
            classes: NameClasses::of(after.owners.iter().map(|row| &row.row)),
            known: Known::default(),
            of_name: HashMap::new(),
            of_owner: HashMap::new(),
            rows_with: HashMap::new(),
            declared_by: HashMap::new(),
            owners: HashMap::new(),
            mandates: HashMap::new(),
            said: HashMap::new(),
            counted: HashMap::new(),
        };
        for (owner, count) in owners {
            for key in authority.ownership(&owner) {
                *ledger.of_owner.entry(key).or_default() += count;
            }
        }
        // Owners by the names that lead to them.
        let aliases = after.owners.iter().flat_map(|row| std::iter::once(&row.name).chain(&row.aliases));
        for name in aliases {
            if let Some(count) = ledger.of_owner.get(&authority.owner_key(name)).copied() {
                ledger.of_owner.insert(name_key(name), count);
            }
        }
        for entry in log.into_entries() {
            let names = names(&entry.row);
            names.iter().for_each(|name| ledger.known.enter(name));
            let keys: BTreeSet<String> = names.into_iter().map(name_key).collect();
            keys.into_iter().for_each(|key| *ledger.rows_with.entry(key).or_default() += 1);
            ledger.take(&entry.row, Some(entry.seq));
        }
        Ok(ledger)
    }

    /// The row holds from here on.
    fn take(&mut self, row: &NewEntry, seq: Option<u64>) {
        match row {
            NewEntry::Owner(row) => {
                self.owners.entry(name_key(&row.name)).or_default().push(row.clone());
            }
            NewEntry::Mandate(row) => {
                self.mandates.entry(self.mandated(row)).or_default().push(row.clone());
            }
            NewEntry::Declaration(row) => {
                if let Some(seq) = seq {
                    *self.declared_by.entry(self.classes.class(&row.declarant)).or_default() += 1;
                    self.said.insert(self.about(row), (seq, row.statement.name()));
                }
            }
        }
    }

    fn mandated(&self, row: &NewMandate) -> (String, Subject) {
        (self.classes.class(&row.declarant), self.classes.subject(&row.speaks_for))
    }

    fn about(&self, row: &NewDeclaration) -> (String, Subject, Use) {
        (self.classes.class(&row.declarant), self.classes.subject(&row.subject), row.use_)
    }

    fn change(&mut self, row: &NewEntry) -> Result<AuthorityChange, RegistryError> {
        let change = match row {
            NewEntry::Owner(row) => self.owner(row),
            NewEntry::Mandate(row) => self.mandate(row)?,
            NewEntry::Declaration(row) => Change::Declaration {
                before: self.said.get(&self.about(row)).copied(),
                recordings: match row.subject {
                    // Of what is the declarant's.
                    Subject::Everything => self.recordings(&Subject::Owner(row.declarant.clone()))?,
                    _ => self.recordings(&row.subject)?,
                },
                row: Box::new(row.clone()),
            },
        };
        self.take(row, None);
        Ok(AuthorityChange { change, look_alikes: self.known.look_alikes(names(row)) })
    }

    fn owner(&self, row: &NewOwner) -> Change {
        let key = name_key(&row.name);
        let noted = self.owners.get(&key).map(Vec::as_slice).unwrap_or_default();
        let day = row.from.map_or(self.day, |from| from.max(self.day));
        let standing = noted.iter().rev().find(|row| row.from.is_none_or(|from| from <= day));
        let has =
            |row: &NewOwner, alias: &str| row.aliases.iter().any(|known| name_key(known) == name_key(alias));
        let takes_over = row.aliases.iter().filter_map(|alias| {
            let key = name_key(alias);
            let recordings = self.of_name.get(&key).copied().unwrap_or(0);
            let rows = self.rows_with.get(&key).copied().unwrap_or(0);
            let is_its_own = standing.is_some_and(|row| has(row, alias));
            (!is_its_own && recordings + rows > 0).then(|| CarriedName {
                name: alias.clone(),
                recordings,
                rows,
            })
        });
        Change::Owner {
            name: row.name.clone(),
            from: row.from,
            before: standing.map(names_of),
            after: names_of(row),
            recordings: self.of_owner.get(&key).copied().unwrap_or(0),
            takes_over: takes_over.collect(),
        }
    }

    fn mandate(&mut self, row: &NewMandate) -> Result<Change, RegistryError> {
        let key = self.mandated(row);
        let day = row.from.map_or(self.day, |from| from.max(self.day));
        let day = row.until.map_or(day, |until| until.min(day));
        let noted = self.mandates.get(&key).map(Vec::as_slice).unwrap_or_default();
        let standing = noted.iter().rev().find(|row| row.in_force_on(day));
        Ok(Change::Mandate {
            declarant: row.declarant.clone(),
            speaks_for: row.speaks_for.clone(),
            act: row.act,
            from: row.from,
            until: row.until,
            before: standing.is_some_and(|row| row.act == MandateAct::Grant),
            recordings: self.recordings(&row.speaks_for)?,
            owners: self.owners_of(&row.speaks_for)?,
            declarations: self.declared_by.get(&key.0).copied().unwrap_or(0),
        })
    }

    /// Of names that are one the first.
    fn owners_of(&self, subject: &Subject) -> Result<Vec<Option<String>>, RegistryError> {
        let mut owners = owners_by_code(self.connection, self.path, subject)?;
        let mut known = BTreeSet::new();
        owners.retain(|owner| known.insert(owner.as_deref().map(name_key)));
        Ok(owners)
    }

    fn recordings(&mut self, subject: &Subject) -> Result<u64, RegistryError> {
        if let Subject::Owner(name) = subject {
            return Ok(self.of_owner.get(&name_key(name)).copied().unwrap_or(0));
        }
        if let Some(count) = self.counted.get(subject) {
            return Ok(*count);
        }
        let count = count_by_code(self.connection, self.path, subject)?;
        self.counted.insert(subject.clone(), count);
        Ok(count)
    }
}

fn names_of(row: &NewOwner) -> Names {
    Names { aliases: row.aliases.clone(), parent: row.parent.clone() }
}

/// The names of owners and declarants in a row.
fn names(row: &NewEntry) -> Vec<&str> {
    let mut names: Vec<&str> = Vec::new();
    match row {
        NewEntry::Owner(row) => {
            names.push(&row.name);
            names.extend(row.aliases.iter().map(String::as_str));
            names.extend(row.parent.as_deref());
        }
        NewEntry::Mandate(row) => {
            names.push(&row.declarant);
            if let Subject::Owner(name) = &row.speaks_for {
                names.push(name);
            }
        }
        NewEntry::Declaration(row) => {
            names.push(&row.declarant);
            if let Subject::Owner(name) = &row.subject {
                names.push(name);
            }
        }
    }
    names
}
