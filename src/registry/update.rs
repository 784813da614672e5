//! Label copy about recordings that are registered.

use crate::isrc::Isrc;

use super::add::{self, recordings_hash, store_recordings_hash};
use super::authority_change::Spoken;
use super::recording::{Facts, Recording, check_texts};
use super::schema::database_error;
use super::{AuthorityChange, Consent, Place, Registry, RegistryError, read};

/// What somebody knows about a recording, without its sound.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LabelCopy {
    /// Its name in the registry.
    pub id: Option<String>,
    /// Its ISRCs.
    pub isrcs: Vec<Isrc>,
    /// What else is known.
    pub facts: Facts,
}

/// What becomes of a registered value where label copy has another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// It is kept, and told.
    Keep,
    /// That of label copy takes its place.
    Replace,
}

/// What became of one row of label copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Updated {
    /// These recordings are as the row says now.
    Changed {
        /// Their names.
        ids: Vec<String>,
        /// Names of the fields that were given with another value than the
        /// registered one, which was kept.
        kept: Vec<&'static str>,
        /// What changes who may speak for them: applied with consent, else held back.
        authority: Vec<AuthorityChange>,
    },
    /// Nothing was new, or what was is held back.
    Unchanged {
        /// As in [`Updated::Changed`].
        kept: Vec<&'static str>,
        /// As in [`Updated::Changed`].
        authority: Vec<AuthorityChange>,
    },
    /// No registered recording is meant.
    NotRegistered,
    /// The row cannot be taken.
    Refused(String),
}

impl Registry {
    /// Adds facts and ISRCs to registered recordings, all in one transaction.
    /// The result has one entry per row, in the order given.
    ///
    /// A row with an id is about that recording. One without is about every
    /// recording that carries one of its ISRCs. Missing facts are filled in; `existing` says
    /// what becomes of registered values. ISRCs are only added. What changes who may speak
    /// for a recording, its owner or an ISRC that the log speaks about, is held back and
    /// reported unless there is consent.
    ///
    /// # Errors
    /// If the registry cannot be written.
    pub fn update(
        &mut self,
        rows: &[LabelCopy],
        existing: Existing,
        consent: &Consent,
    ) -> Result<Vec<Updated>, RegistryError> {
        self.commit(|transaction, place| {
            let spoken = Spoken::read(transaction, place.database)?;
            let mut hash = recordings_hash(transaction, place)?;
            let mut updates = Vec::with_capacity(rows.len());
            for row in rows {
                if let Err(error) = check_texts(&row.facts, None, 0.0) {
                    updates.push(Updated::Refused(error.to_string()));
                    continue;
                }
                let meant = meant(transaction, place, row)?;
                if meant.is_empty() {
                    updates.push(Updated::NotRegistered);
                    continue;
                }
                let (mut ids, mut kept, mut authority) = (Vec::new(), Vec::new(), Vec::new());
                for registered in meant {
                    let mut merged = merged(&registered, row, existing, &mut kept);
                    if let Some((change, rest)) = spoken.compare(&registered, &merged) {
                        authority.push(change);
                        if *consent == Consent::Withheld {
                            merged = rest;
                        }
                    }
                    if merged != registered {
                        add::update(transaction, &merged)
                            .map_err(database_error(place.database, "write to"))?;
                        hash.remove(&registered.canonical());
                        hash.insert(&merged.canonical());
                        ids.push(merged.id);
                    }
                }
                updates.push(match ids.is_empty() {
                    true => Updated::Unchanged { kept, authority },
                    false => Updated::Changed { ids, kept, authority },
                });
            }
            store_recordings_hash(transaction, place, &hash)?;
            let changed = updates.iter().any(|update| matches!(update, Updated::Changed { .. }));
            Ok((updates, changed))
        })
    }
}

/// The recordings a row is about.
fn meant(
    transaction: &rusqlite::Transaction<'_>,
    place: &Place<'_>,
    row: &LabelCopy,
) -> Result<Vec<Recording>, RegistryError> {
    let id = row.id.as_deref().map(str::trim).filter(|id| !id.is_empty());
    if let Some(id) = id {
        return Ok(read::by_id(transaction, place.database, id)?.into_iter().collect());
    }
    let mut meant: Vec<Recording> = Vec::new();
    for isrc in &row.isrcs {
        for recording in read::with_isrc(transaction, place.database, isrc)? {
            if !meant.iter().any(|known| known.key == recording.key) {
                meant.push(recording);
            }
        }
    }
    Ok(meant)
}

fn merged(
    registered: &Recording,
    row: &LabelCopy,
    existing: Existing,
    kept: &mut Vec<&'static str>,
) -> Recording {
    let mut merged = registered.clone();
    merged.isrcs.extend(&row.isrcs);
    merged.isrcs = add::sorted(&merged.isrcs);
    let mut given = row.facts.clone().trimmed();
    for ((stored, given), name) in
        merged.facts.values_mut().into_iter().zip(given.values_mut()).zip(Facts::NAMES)
    {
        let Some(given) = given.take() else { continue };
        match stored.as_ref() {
            Some(known) if *known != given && existing == Existing::Keep => {
                if !kept.contains(&name) {
                    kept.push(name);
                }
            }
            _ => *stored = Some(given),
        }
    }
    merged
}
