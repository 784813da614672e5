//! Registering recordings.

use rusqlite::{ToSql, Transaction, params};

use crate::declarations::name_key;
use crate::index::{SegmentEntry, write_segment};
use crate::isrc::Isrc;
use crate::units::RecordingKey;

use super::authority_change::Spoken;
use super::content_hash::SetHash;
use super::recording::{Added, NewRecording, Recording, RecordingError};
use super::schema::database_error;
use super::{Consent, Place, Registry, RegistryError, read, segments};

/// Keys are u32 in segments and bitmaps.
const MAX_KEY: i64 = u32::MAX as i64;

impl Registry {
    /// Registers a batch: one segment and one transaction, so that after a
    /// crash either all of the batch is there or none.
    ///
    /// The result has one entry per recording, in the order given. Audio that
    /// is registered already (or stands earlier in the batch) is not stored
    /// again: its new ISRCs and the facts it lacked are added to the
    /// registered recording, and what differs is reported. What would change who may
    /// speak for it, another owner than the registered one or an ISRC that the log speaks
    /// about, is held back and reported; [`add_with`](Self::add_with) takes consent.
    ///
    /// A recording without a given id is named by its ISRC if it has exactly
    /// one; else by the first 16 hexadecimal digits of its audio hash. If that
    /// ISRC already names other audio (labels reuse codes), the hash is taken
    /// too. A *given* id of other audio refuses that recording alone.
    ///
    /// # Errors
    /// If the registry cannot be written. What is wrong with a recording stands in its result.
    pub fn add(&mut self, batch: &[NewRecording]) -> Result<Vec<Added>, RegistryError> {
        self.add_with(batch, &Consent::Withheld)
    }

    /// The same; changes of who may speak for a registered recording are applied where
    /// there is consent.
    ///
    /// # Errors
    /// As [`add`](Self::add).
    pub fn add_with(
        &mut self,
        batch: &[NewRecording],
        consent: &Consent,
    ) -> Result<Vec<Added>, RegistryError> {
        self.commit(|transaction, place| {
            let mut work = Work::start(transaction, place, consent)?;
            let mut added = Vec::with_capacity(batch.len());
            for recording in batch {
                added.push(work.add(recording)?);
            }
            work.finish()?;
            let changed = added.iter().any(|added| match added {
                Added::New { .. } => true,
                Added::Duplicate { changed, .. } => *changed,
                Added::Refused(_) => false,
            });
            Ok((added, changed))
        })
    }
}

/// A batch on its way into the registry.
struct Work<'a> {
    transaction: &'a Transaction<'a>,
    place: &'a Place<'a>,
    next_key: i64,
    segment: i64,
    recordings: SetHash,
    consent: &'a Consent,
    /// Read when the first registered recording is met.
    spoken: Option<Spoken>,
    entries: Vec<SegmentEntry<'a>>,
}

impl<'a> Work<'a> {
    fn start(
        transaction: &'a Transaction<'a>,
        place: &'a Place<'a>,
        consent: &'a Consent,
    ) -> Result<Self, RegistryError> {
        let (next_key, segment) = transaction
            .query_row("SELECT next_key, next_segment FROM registry", [], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .map_err(database_error(place.database, "read"))?;
        let recordings = recordings_hash(transaction, place)?;
        Ok(Self {
            transaction,
            place,
            next_key,
            segment,
            recordings,
            consent,
            spoken: None,
            entries: Vec::new(),
        })
    }

    fn add(&mut self, new: &'a NewRecording) -> Result<Added, RegistryError> {
        let given_id = match new.check().and_then(|()| new.checked_id()) {
            Ok(id) => id,
            Err(error) => return Ok(Added::Refused(error)),
        };
        if let Some(registered) = read::by_audio_hash(self.transaction, self.place.database, &new.audio_hash)?
        {
            return self.merge(registered, given_id.as_deref(), new);
        }
        let id = match given_id {
            Some(id) if self.is_taken(&id)? => {
                return Ok(Added::Refused(RecordingError::IdTaken { id }));
            }
            Some(id) => id,
            None => match self.derived_id(new)? {
                Ok(id) => id,
                Err(error) => return Ok(Added::Refused(error)),
            },
        };
        let key = self.next_key()?;
        let recording = Recording {
            key,
            id,
            isrcs: sorted(&new.isrcs),
            facts: new.facts.clone().trimmed(),
            audio_hash: new.audio_hash,
            duration_s: new.duration_s,
            source_path: new.source_path.clone(),
        };
        insert(self.transaction, &recording, self.segment)
            .map_err(database_error(self.place.database, "write to"))?;
        self.recordings.insert(&recording.canonical());
        self.entries.push(SegmentEntry { recording: key, fingerprint: &new.fingerprint });
        Ok(Added::New { key, id: recording.id })
    }

    /// Adds what a registered recording lacks.
    fn merge(
        &mut self,
        registered: Recording,
        given_id: Option<&str>,
        new: &NewRecording,
    ) -> Result<Added, RegistryError> {
        let mut merged = registered.clone();
        let mut kept = Vec::new();
        if given_id.is_some_and(|id| id != registered.id) {
            kept.push("id");
        }
        merged.isrcs.extend(&new.isrcs);
        merged.isrcs = sorted(&merged.isrcs);
        let mut given = new.facts.clone().trimmed();
        let owner = given.owner.clone();
        for ((stored, given), name) in
            merged.facts.values_mut().into_iter().zip(given.values_mut()).zip(super::Facts::NAMES)
        {
            match (stored.as_ref(), given.take()) {
                (_, None) => {}
                (None, given) => *stored = given,
                (Some(known), Some(other)) if *known != other => kept.push(name),
                (Some(_), Some(_)) => {}
            }
        }
        let spoken = match self.spoken.take() {
            Some(spoken) => spoken,
            None => Spoken::read(self.transaction, self.place.database)?,
        };
        // Of two who call the same audio theirs the first must not stay the owner unseen.
        let is_other = |owner: &String| {
            let known = merged.facts.owner.as_deref();
            known.is_some_and(|known| name_key(known) != name_key(owner))
        };
        if let Some(owner) = owner.filter(is_other) {
            merged.facts.owner = Some(owner);
        }
        let authority = spoken.compare(&registered, &merged).map(|(change, rest)| {
            if *self.consent == Consent::Withheld {
                merged = rest;
            }
            change
        });
        if merged.facts.owner != registered.facts.owner {
            kept.retain(|name| *name != "owner");
        }
        self.spoken = Some(spoken);
        let changed = merged != registered;
        if changed {
            update(self.transaction, &merged).map_err(database_error(self.place.database, "write to"))?;
            self.recordings.remove(&registered.canonical());
            self.recordings.insert(&merged.canonical());
        }
        Ok(Added::Duplicate { id: registered.id, changed, kept, authority: authority.into_iter().collect() })
    }

    /// Writes the segment, then names it and the new counters.
    fn finish(self) -> Result<(), RegistryError> {
        let database = database_error(self.place.database, "write to");
        if !self.entries.is_empty() {
            let written = segments::write(self.place.folder, self.segment, |path| {
                write_segment(path, self.place.params, &self.entries)
            })?;
            segments::enter(self.transaction, self.place, self.segment, &written)?;
            self.transaction
                .execute("UPDATE registry SET next_key = ?1", [self.next_key])
                .map_err(database)?;
        }
        store_recordings_hash(self.transaction, self.place, &self.recordings)
    }

    fn next_key(&mut self) -> Result<RecordingKey, RegistryError> {
        let key = u32::try_from(self.next_key).map_err(|_| {
            if self.next_key > MAX_KEY {
                RegistryError::KeysExhausted {
                    path: self.place.folder.to_owned(),
                    limit: u64::from(u32::MAX),
                }
            } else {
                self.place.corrupt(format!("its next recording key is {}", self.next_key))
            }
        })?;
        self.next_key += 1;
        Ok(RecordingKey(key))
    }

    fn is_taken(&self, id: &str) -> Result<bool, RegistryError> {
        is_taken(self.transaction, id).map_err(database_error(self.place.database, "read the recordings of"))
    }

    fn derived_id(&self, new: &NewRecording) -> Result<Result<String, RecordingError>, RegistryError> {
        let hash = blake3::Hash::from_bytes(new.audio_hash).to_hex();
        // 64 bits: among a million recordings, two share them with odds of 1 in 37 million.
        let short = hash.as_str().get(..16).unwrap_or(hash.as_str());
        let isrc = match sorted(&new.isrcs).as_slice() {
            [only] => Some(only.as_str().to_owned()),
            _ => None,
        };
        for id in isrc.into_iter().chain([short.to_owned(), hash.as_str().to_owned()]) {
            if !self.is_taken(&id)? {
                return Ok(Ok(id));
            }
        }
        Ok(Err(RecordingError::IdTaken { id: hash.as_str().to_owned() }))
    }
}

/// Whether a recording has this name.
pub(super) fn is_taken(transaction: &Transaction<'_>, id: &str) -> rusqlite::Result<bool> {
    transaction
        .prepare_cached("SELECT 1 FROM recording WHERE id = ?1")
        .and_then(|mut statement| statement.exists([id]))
}

/// Enters a recording whose fingerprint lies in `segment`.
pub(super) fn insert(
    transaction: &Transaction<'_>,
    recording: &Recording,
    segment: i64,
) -> rusqlite::Result<()> {
    let facts = recording.facts.values();
    transaction
        .prepare_cached(
            "INSERT INTO recording (key, id, audio_hash, segment, duration_s, source_path,
                 title, version, artist, album, owner, label, p_line, release_date)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
        )?
        .execute(&*with_facts(
            params![
                recording.key.0,
                recording.id,
                recording.audio_hash,
                segment,
                recording.duration_s,
                recording.source_path
            ],
            &facts,
        ))?;
    insert_isrcs(transaction, recording)
}

/// Stores another name, other facts and another source of a recording, and
/// ISRCs it did not have.
pub(super) fn update(transaction: &Transaction<'_>, recording: &Recording) -> rusqlite::Result<()> {
    let facts = recording.facts.values();
    transaction
        .prepare_cached(
            "UPDATE recording SET id = ?2, source_path = ?3, title = ?4, version = ?5, artist = ?6,
                 album = ?7, owner = ?8, label = ?9, p_line = ?10, release_date = ?11
             WHERE key = ?1",
        )?
        .execute(&*with_facts(params![recording.key.0, recording.id, recording.source_path], &facts))?;
    insert_isrcs(transaction, recording)
}

/// The values of a row of which the last are facts.
fn with_facts<'a>(values: &[&'a dyn ToSql], facts: &'a [Option<&str>]) -> Vec<&'a dyn ToSql> {
    values.iter().copied().chain(facts.iter().map(|fact| fact as &dyn ToSql)).collect()
}

fn insert_isrcs(transaction: &Transaction<'_>, recording: &Recording) -> rusqlite::Result<()> {
    let mut statement = transaction
        .prepare_cached("INSERT OR IGNORE INTO recording_isrc (recording, isrc) VALUES (?1, ?2)")?;
    for isrc in &recording.isrcs {
        statement.execute(params![recording.key.0, isrc.as_str()])?;
    }
    Ok(())
}

/// In ascending order, each once.
pub(super) fn sorted(isrcs: &[Isrc]) -> Vec<Isrc> {
    let mut isrcs = isrcs.to_vec();
    isrcs.sort_unstable();
    isrcs.dedup();
    isrcs
}

/// The set hash of the recordings as of the last commit.
pub(super) fn recordings_hash(
    transaction: &Transaction<'_>,
    place: &Place<'_>,
) -> Result<SetHash, RegistryError> {
    let blob: Vec<u8> = transaction
        .query_row("SELECT recordings_hash FROM registry", [], |row| row.get(0))
        .map_err(database_error(place.database, "read"))?;
    SetHash::from_bytes(&blob)
        .ok_or_else(|| place.corrupt(format!("the recordings' hash has {} bytes", blob.len())))
}

/// Stores the set hash with the transaction.
pub(super) fn store_recordings_hash(
    transaction: &Transaction<'_>,
    place: &Place<'_>,
    hash: &SetHash,
) -> Result<(), RegistryError> {
    transaction
        .execute("UPDATE registry SET recordings_hash = ?1", [hash.to_bytes()])
        .map(|_| ())
        .map_err(database_error(place.database, "write to"))
}
