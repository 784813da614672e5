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
            Self::Diverged { generation } => write!(
                f,
                "it has had {generation} commits, as then, and holds something else: it went another way \
                 from an older copy, or was changed from outside"
            ),
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
        Ok(LogState { rows: rows.unsigned_abs(), hash: blake3::Hash::from_bytes(hash).to_hex().to_string() })
    }

    /// How this registry came from the state `then`. What cannot be told from a
    /// state (an earlier version left out the log) is taken for continued.
    ///
    /// # Errors
    /// Those of reading the database.
    pub fn lineage(&self, then: &RegistryState) -> Result<Lineage, RegistryError> {
        let now = self.state()?;
        let rows_now = now.log.as_ref().map_or(0, |log| log.rows);
        let (first, log) = (then.id.as_ref(), then.log.as_ref());
        let broken = if let Some(log) = log.filter(|log| log.rows > rows_now) {
            // Of a log without rows it cannot be told whose it is.
            let another = rows_now > 0 && first.is_some() && first != now.id.as_ref();
            Some(if another { Break::Another } else { Break::LogShorter { then: log.rows, now: rows_now } })
        } else if first.is_some() && first != now.id.as_ref() {
            Some(Break::Another)
        } else if let Some(log) = log.filter(|log| log.rows > 0)
            && self.hash_of_row(log.rows)? != Some(log.hash.clone())
        {
            Some(Break::LogRewritten { rows: log.rows })
        } else if now.generation < then.generation {
            Some(Break::Older { then: then.generation, now: now.generation })
        } else if now.recordings.next_key < then.recordings.next_key {
            Some(Break::FewerKeys { then: then.recordings.next_key, now: now.recordings.next_key })
        } else if now.generation == then.generation && now.hash != then.hash {
            Some(Break::Diverged { generation: now.generation })
        } else {
            None
        };
        Ok(match broken {
            Some(broken) => Lineage::Broken(broken),
            None if now.hash == then.hash => Lineage::Same,
            None => Lineage::Continued,
        })
    }

    fn hash_of_row(&self, seq: u64) -> Result<Option<String>, RegistryError> {
        let hash = read::log_hash_of(&self.connection(), &self.database, seq)?;
        Ok(hash.map(|hash| blake3::Hash::from_bytes(hash).to_hex().to_string()))
    }
}
