//! How many registered recordings a declaration is about.

use std::cell::OnceCell;
use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use jiff::civil::Date;
use rusqlite::Connection;

use crate::registry::schema::database_error;
use crate::registry::{Recording, Registry, RegistryError};

use crate::declarations::{About, Authority, NewDeclaration, Subject};

/// Counts the registered recordings that declarations are about, on one day.
/// What is common to many declarations is counted once.
#[derive(Debug)]
pub struct Concern<'a> {
    registry: &'a Registry,
    authority: Authority,
    /// Recordings of each owner and its affiliates, by key.
    of_owner: HashMap<String, u64>,
    /// Recordings each declarant may speak for, by key. Takes reading all
    /// recordings, and is done when somebody declares about everything.
    of_speaker: OnceCell<HashMap<String, u64>>,
}

impl Registry {
    /// Gets ready to count the recordings that declarations are about, with
    /// owners and mandates as they stand on `day`.
    ///
    /// # Errors
    /// If the registry cannot be read.
    pub fn concern(&self, day: Date) -> Result<Concern<'_>, RegistryError> {
        let authority = self.log()?.authority(day);
        let mut of_owner: HashMap<String, u64> = HashMap::new();
        for (owner, count) in owner_counts(&self.connection(), &self.database)? {
            for key in authority.ownership(&owner) {
                *of_owner.entry(key).or_default() += count;
            }
        }
        Ok(Concern { registry: self, authority, of_owner, of_speaker: OnceCell::new() })
    }
}

/// Every owner as label copy names it, with the number of its recordings.
pub(super) fn owner_counts(
    connection: &Connection,
    path: &Path,
) -> Result<Vec<(String, u64)>, RegistryError> {
    let read = || -> rusqlite::Result<Vec<(String, u64)>> {
        let mut statement = connection.prepare(
            "SELECT owner, count(*) FROM recording WHERE owner IS NOT NULL GROUP BY owner ORDER BY owner",
        )?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get::<_, i64>(1)?.unsigned_abs())))?;
        rows.collect()
    };
    read().map_err(database_error(path, "count the recordings of"))
}

/// How many recordings a subject is about by their id or codes; 0 for an owner and
/// everything, which are about other things.
pub(super) fn count_by_code(
    connection: &Connection,
    path: &Path,
    subject: &Subject,
) -> Result<u64, RegistryError> {
    let (sql, value) = match subject {
        Subject::Recording(id) => ("SELECT count(*) FROM recording WHERE id = ?1", id.as_str()),
        Subject::Isrc(isrc) => ("SELECT count(*) FROM recording_isrc WHERE isrc = ?1", isrc.as_str()),
        Subject::Prefix(prefix) => (
            // No ISRC has a character above 'Z', so this bounds the range in the index.
            "SELECT count(DISTINCT recording) FROM recording_isrc WHERE isrc >= ?1 AND isrc < ?1 || '['",
            prefix.as_str(),
        ),
        Subject::Owner(_) | Subject::Everything => return Ok(0),
    };
    connection
        .prepare_cached(sql)
        .and_then(|mut statement| statement.query_row([value], |row| row.get::<_, i64>(0)))
        .map(i64::unsigned_abs)
        .map_err(database_error(path, "count the recordings of"))
}

/// The owners of the recordings that a subject is about by their id or codes; `None` for
/// one without.
pub(super) fn owners_by_code(
    connection: &Connection,
    path: &Path,
    subject: &Subject,
) -> Result<Vec<Option<String>>, RegistryError> {
    let (sql, value) = match subject {
        Subject::Recording(id) => ("SELECT owner FROM recording WHERE id = ?1", id.as_str()),
        Subject::Isrc(isrc) => (
            "SELECT DISTINCT owner FROM recording
             JOIN recording_isrc ON recording_isrc.recording = recording.key
             WHERE isrc = ?1 ORDER BY owner",
            isrc.as_str(),
        ),
        Subject::Prefix(prefix) => (
            // Bounded as in `count_by_code`.
            "SELECT DISTINCT owner FROM recording
             JOIN recording_isrc ON recording_isrc.recording = recording.key
             WHERE isrc >= ?1 AND isrc < ?1 || '[' ORDER BY owner",
            prefix.as_str(),
        ),
        Subject::Owner(_) | Subject::Everything => return Ok(Vec::new()),
    };
    let read = || -> rusqlite::Result<Vec<Option<String>>> {
        let mut statement = connection.prepare_cached(sql)?;
        let rows = statement.query_map([value], |row| row.get(0))?;
        rows.collect()
    };
    read().map_err(database_error(path, "read the owners in"))
}

impl Concern<'_> {
    /// How many registered recordings the declaration is about, whether or
    /// not its declarant may speak for them.
    ///
    /// # Errors
    /// If the registry cannot be read.
    pub fn recordings(&self, declaration: &NewDeclaration) -> Result<u64, RegistryError> {
        match &declaration.subject {
            subject @ (Subject::Recording(_) | Subject::Isrc(_) | Subject::Prefix(_)) => {
                count_by_code(&self.registry.connection(), &self.registry.database, subject)
            }
            Subject::Owner(name) => {
                Ok(self.of_owner.get(&self.authority.owner_key(name)).copied().unwrap_or(0))
            }
            Subject::Everything => {
                let declarant = self.authority.owner_key(&declaration.declarant);
                Ok(self.of_speaker()?.get(&declarant).copied().unwrap_or(0))
            }
        }
    }

    /// Owners, as label copy names them, of recordings that the declaration is about
    /// and its declarant may not speak for; `None` stands for recordings whose owner
    /// nobody named. There it is a claim and leads to a review at most.
    ///
    /// # Errors
    /// If the registry cannot be read.
    pub fn claimed_owners(&self, declaration: &NewDeclaration) -> Result<Vec<Option<String>>, RegistryError> {
        let declarant = &declaration.declarant;
        let is_claim = |about: &About<'_>| !self.authority.may_speak(declarant, about);
        let of_owner =
            |owner: &Option<String>| is_claim(&About { owner: owner.as_deref(), ..About::default() });
        let of_recordings = |recordings: Vec<Recording>| {
            let claimed = recordings.into_iter().filter(|recording| is_claim(&recording.about()));
            let owners: BTreeSet<_> = claimed.map(|recording| recording.facts.owner).collect();
            owners.into_iter().collect()
        };
        Ok(match &declaration.subject {
            // About whatever is the declarant's, whoever that is.
            Subject::Everything => Vec::new(),
            Subject::Owner(owner) => Some(Some(owner.clone())).filter(of_owner).into_iter().collect(),
            Subject::Recording(id) => of_recordings(self.registry.recording_by_id(id)?.into_iter().collect()),
            Subject::Isrc(isrc) => of_recordings(self.registry.recordings_with_isrc(isrc)?),
            Subject::Prefix(prefix) if self.authority.is_mandated_for_prefix(declarant, prefix) => Vec::new(),
            // Of possibly millions of recordings, by their owners alone.
            Subject::Prefix(_) => {
                let database = &self.registry.database;
                let owners = owners_by_code(&self.registry.connection(), database, &declaration.subject)?;
                owners.into_iter().filter(of_owner).collect()
            }
        })
    }

    fn of_speaker(&self) -> Result<&HashMap<String, u64>, RegistryError> {
        if let Some(counted) = self.of_speaker.get() {
            return Ok(counted);
        }
        let mut counts: HashMap<String, u64> = HashMap::new();
        for recording in self.registry.recordings() {
            for speaker in self.authority.speakers(&recording?.about()) {
                *counts.entry(speaker).or_default() += 1;
            }
        }
        Ok(self.of_speaker.get_or_init(|| counts))
    }
}

impl Recording {
    /// What it takes to know who speaks for it.
    pub fn about(&self) -> About<'_> {
        About { id: &self.id, isrcs: &self.isrcs, owner: self.facts.owner.as_deref() }
    }
}
