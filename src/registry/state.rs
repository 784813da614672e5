//! Which recordings a registry holds, so that it can be told later which are new.

use serde::{Deserialize, Serialize};

use crate::units::RecordingKey;

use super::content_hash::SetHash;
use super::schema::database_error;
use super::{Registry, RegistryError, read};

/// Names the recordings of a registry at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordingsState {
    /// Key that the next recording gets; keys are never given twice.
    pub next_key: i64,
    /// BLAKE3 of the set hash of all recordings, 64 hexadecimal digits.
    pub hash: String,
}

/// What became of the recordings of a registry since some moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Since {
    /// They are the same.
    Same,
    /// They are the same and those from this key on.
    Grown {
        /// The first key that was not given then.
        first: RecordingKey,
    },
    /// Some were changed or removed, or the registry is another one.
    Changed,
}

impl Registry {
    /// The recordings as of now, in constant time.
    ///
    /// # Errors
    /// If the registry cannot be read.
    pub fn recordings_state(&self) -> Result<RecordingsState, RegistryError> {
        let (next_key, set) = self.recordings_set()?;
        Ok(RecordingsState { next_key, hash: name(&set) })
    }

    /// What became of the recordings since `then`. The answer is not taken on
    /// trust: without the recordings from `then.next_key` on the set hash must be
    /// the one of then. Reads only those.
    ///
    /// # Errors
    /// If the registry cannot be read.
    pub fn recordings_since(&self, then: &RecordingsState) -> Result<Since, RegistryError> {
        let (_, mut set) = self.recordings_set()?;
        if name(&set) == then.hash {
            return Ok(Since::Same);
        }
        let Some(first) = u32::try_from(then.next_key).ok().map(RecordingKey) else {
            return Ok(Since::Changed);
        };
        let mut start = then.next_key;
        loop {
            let page = read::page(&self.connection(), &self.database, start)?;
            let Some(last) = page.last() else { break };
            start = i64::from(last.key.0) + 1;
            page.iter().for_each(|recording| set.remove(&recording.canonical()));
        }
        Ok(if name(&set) == then.hash { Since::Grown { first } } else { Since::Changed })
    }

    fn recordings_set(&self) -> Result<(i64, SetHash), RegistryError> {
        let (next_key, blob): (i64, Vec<u8>) = self
            .connection()
            .query_row("SELECT next_key, recordings_hash FROM registry", [], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .map_err(database_error(&self.database, "read"))?;
        let set = SetHash::from_bytes(&blob).ok_or_else(|| RegistryError::Corrupt {
            path: self.database.clone(),
            what: format!("the recordings' hash has {} bytes", blob.len()),
        })?;
        Ok((next_key, set))
    }
}

pub(super) fn name(set: &SetHash) -> String {
    blake3::hash(&set.to_bytes()).to_hex().to_string()
}
