//! Whether a registry is what became of the one that a report knew.
//!
//! A folder that is whole in itself may still be an older copy, or have had its log
//! written anew with hashes that fit. Who kept what a report says of the registry
//! can tell: the row of the log that was the last then must still be there with its
//! hash, and what only ever grows must not have become smaller.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::schema::database_error;
use super::{RecordingsState, Registry, RegistryError, read};

/// A registry at one moment, as a report names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegistryState {
    /// Which registry it is, as in [`Registry::id_hex`]; null while its log is empty.
    pub id: Option<String>,
    /// Its number of commits.
    pub generation: u64,
    /// Its content hash in hexadecimal: params, recordings and log.
    pub hash: String,
    /// Its log; `None` in reports that earlier versions wrote.
    #[serde(default)]
    pub log: Option<LogState>,
    /// Its recordings, by which those that are registered later are told.
    pub recordings: RecordingsState,
}

/// The log of a registry at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogState {
    /// Its number of rows.
    pub rows: u64,
    /// Hash of the last of them in hexadecimal, which covers all before it; zeros
    /// when there is none.
    pub hash: String,
}

/// How a registry came from an earlier state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lineage {
    /// It has the same content.
    Same,
    /// Everything that the log said then it says now. Rows may have come, and
    /// recordings may have come, changed or gone.
    Continued,
    /// It did not come from that state.
    Broken(Break),
}

/// Why a registry did not come from an earlier state.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Break {
    /// The first row of its log is another: it is another registry.
    Another,
    /// Its log has fewer rows.
    LogShorter {
        /// Rows then.
        then: u64,
        /// Rows now.
        now: u64,
    },
    /// The rows that the log had then are others now.
    LogRewritten {
        /// Rows then.
        rows: u64,
    },
    /// It has had fewer commits.
    Older {
        /// Commits then.
        then: u64,
        /// Commits now.
        now: u64,
    },
    /// It has given fewer keys to recordings.
    FewerKeys {
        /// The next key then.
        then: i64,
        /// The next key now.
        now: i64,
    },
    /// What was noted of it cannot be read.
    Unreadable,
    /// It has no database any more.
    Gone,
    /// It has had as many commits, and another content.
    Diverged {
        /// Commits.
        generation: u64,
    },
}

impl fmt::Display for Break {
    /// Completes "it is not a continuation: ...".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Another => f.write_str("it is another registry, its log begins with another row"),
            Self::LogShorter { then, now } => write!(
                f,
                "its log has {now} rows and had {then}: rows were taken away, or an older copy was put back"
            ),
            Self::LogRewritten { rows } => {
                write!(f, "the first {rows} rows of its log are others than then: the log was written anew")
            }
            Self::Older { then, now } => {
                write!(f, "it has had {now} commits and had had {then}: an older copy was put back")
            }
            Self::FewerKeys { then, now } => write!(
                f,
                "its next recording gets the key {now}, and {then} was next: an older copy was put back"
            ),
            Self::Gone => f.write_str("its database is gone"),
            Self::Unreadable => f.write_str("what was noted of it cannot be read"),
            Self::Diverged { generation } => write!(
                f,
                "it has had {generation} commits, as then, and holds something else: it went another way \
                 from an older copy, or was changed from outside"
            ),
        }
    }
}

impl LogState {
    pub(super) fn new(rows: u64, hash: [u8; 32]) -> Self {
        Self { rows, hash: blake3::Hash::from_bytes(hash).to_hex().to_string() }
    }
}

impl RegistryState {
    /// How a registry of this state came from the state `then`; `last_row` is the
    /// hash, now, of the row that was the last of the log then.
    pub(super) fn lineage(&self, then: &RegistryState, last_row: Option<String>) -> Lineage {
        let rows_now = self.log.as_ref().map_or(0, |log| log.rows);
        let another = then.id.is_some() && then.id != self.id;
        // Of a log without rows it cannot be told whose it is.
        if let Some(log) = then.log.as_ref().filter(|log| log.rows > rows_now && (rows_now == 0 || !another))
        {
            return Lineage::Broken(Break::LogShorter { then: log.rows, now: rows_now });
        }
        if another {
            return Lineage::Broken(Break::Another);
        }
        if let Some(log) = then.log.as_ref().filter(|log| log.rows > 0)
            && last_row.as_ref() != Some(&log.hash)
        {
            return Lineage::Broken(Break::LogRewritten { rows: log.rows });
        }
        if self.generation < then.generation {
            return Lineage::Broken(Break::Older { then: then.generation, now: self.generation });
        }
        let (now, before) = (self.recordings.next_key, then.recordings.next_key);
        if now < before {
            return Lineage::Broken(Break::FewerKeys { then: before, now });
        }
        match (self.generation == then.generation, self.hash == then.hash) {
            (_, true) => Lineage::Same,
            (true, false) => Lineage::Broken(Break::Diverged { generation: self.generation }),
            (false, false) => Lineage::Continued,
        }
    }
}

impl Registry {
    /// The state as a report names it, in constant time.
    ///
    /// # Errors
    /// Those of reading the database.
    pub fn state(&self) -> Result<RegistryState, RegistryError> {
        Ok(RegistryState {
            id: self.id_hex()?,
            generation: self.generation()?,
            hash: self.content_hash_hex()?,
            log: Some(self.log_state()?),
            recordings: self.recordings_state()?,
        })
    }

    /// The size of the log and the hash of its last row.
    ///
    /// # Errors
    /// Those of reading the database.
    pub fn log_state(&self) -> Result<LogState, RegistryError> {
        let (rows, hash): (i64, [u8; 32]) = self
            .connection()
            .query_row("SELECT log_rows, log_hash FROM registry", [], |row| Ok((row.get(0)?, row.get(1)?)))
            .map_err(database_error(&self.database, "read the log of"))?;
        Ok(LogState::new(rows.unsigned_abs(), hash))
    }

    /// How this registry came from the state `then`. What cannot be told from a
    /// state (an earlier version left out the log) is taken for continued.
    ///
    /// # Errors
    /// Those of reading the database.
    pub fn lineage(&self, then: &RegistryState) -> Result<Lineage, RegistryError> {
        let last_row = match &then.log {
            Some(log) => self.hash_of_row(log.rows)?,
            None => None,
        };
        Ok(self.state()?.lineage(then, last_row))
    }

    fn hash_of_row(&self, seq: u64) -> Result<Option<String>, RegistryError> {
        let hash = read::log_hash_of(&self.connection(), &self.database, seq)?;
        Ok(hash.map(|hash| blake3::Hash::from_bytes(hash).to_hex().to_string()))
    }
}
