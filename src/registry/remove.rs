//! Removing recordings.

use rusqlite::{OptionalExtension, params};

use crate::units::RecordingKey;

use super::add::{recordings_hash, store_recordings_hash};
use super::recording::Removal;
use super::schema::database_error;
use super::{Registry, RegistryError, read};

impl Registry {
    /// Removes recordings by id, all in one transaction. The result has one
    /// entry per id, in the order given.
    ///
    /// Fingerprints stay in their segment under a tombstone, which hides them
    /// from [`index`](Self::index), until merging leaves them out. A segment
    /// without any recording left is dropped and its file deleted after the
    /// commit. Declarations about a
    /// removed recording stay: they are history. Its key is not given again.
    ///
    /// # Errors
    /// If the registry cannot be written.
    pub fn remove(&mut self, ids: &[String]) -> Result<Vec<Removal>, RegistryError> {
        let removals = self.commit(|transaction, place| {
            let database = database_error(place.database, "write to");
            let mut hash = recordings_hash(transaction, place)?;
            let mut removals = Vec::with_capacity(ids.len());
            for id in ids {
                let Some(recording) = read::by_id(transaction, place.database, id)? else {
                    removals.push(Removal::Unknown { id: id.clone() });
                    continue;
                };
                let segment = transaction
                    .query_row("SELECT segment FROM recording WHERE key = ?1", [recording.key.0], |row| {
                        row.get(0)
                    })
                    .optional()
                    .map_err(database)?
                    .ok_or_else(|| place.corrupt(format!("recording {id} cannot be found by its key")))?;
                bury(transaction, place, segment, recording.key)?;
                transaction
                    .execute("DELETE FROM recording WHERE key = ?1", [recording.key.0])
                    .map_err(database)?;
                hash.remove(&recording.canonical());
                removals.push(Removal::Removed { id: id.clone() });
            }
            transaction
                .execute(
                    "DELETE FROM segment
                     WHERE NOT EXISTS (SELECT 1 FROM recording WHERE recording.segment = segment.number)",
                    [],
                )
                .map_err(database)?;
            store_recordings_hash(transaction, place, &hash)?;
            let changed = removals.iter().any(|removal| matches!(removal, Removal::Removed { .. }));
            Ok((removals, changed))
        })?;
        self.sweep()?;
        Ok(removals)
    }
}

/// Adds a key to its segment's tombstones.
fn bury(
    transaction: &rusqlite::Transaction<'_>,
    place: &super::Place<'_>,
    segment: i64,
    key: RecordingKey,
) -> Result<(), RegistryError> {
    let mut tombstones = read::tombstones_of(transaction, segment, place.database)?;
    tombstones.insert(key.0);
    let mut blob = Vec::with_capacity(tombstones.serialized_size());
    tombstones
        .serialize_into(&mut blob)
        .map_err(|error| place.corrupt(format!("cannot serialise tombstones: {error}")))?;
    transaction
        .execute("UPDATE segment SET tombstones = ?2 WHERE number = ?1", params![segment, blob])
        .map(|_| ())
        .map_err(database_error(place.database, "write to"))
}
