//! Figures about a registry.

use std::fs;

use rusqlite::OptionalExtension;
use serde::Serialize;

use crate::params::Params;
use crate::units::Seconds;

use super::schema::{self, database_error};
use super::{Registry, RegistryError, read};
use crate::canonical::Canonical;
use crate::declarations::as_hex;

/// What `earmark registry info` shows.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Info {
    /// Version of the database's format.
    pub format_version: i64,
    /// Id of the fingerprint parameters, 16 hexadecimal digits.
    pub params_id: String,
    /// Number of commits so far, merging included, which changes no content.
    pub generation: u64,
    /// BLAKE3 hash that names the whole content: params, recordings and log,
    /// whatever the order of registration. The same content has the same hash
    /// in every registry.
    #[serde(serialize_with = "as_hex")]
    pub content_hash: [u8; 32],
    /// Registered recordings.
    pub recordings: u64,
    /// Pairs of a recording and an ISRC it carries.
    pub isrcs: u64,
    /// Duration of all registered recordings together, in seconds.
    pub duration_s: Seconds,
    /// Declarations, superseded ones and withdrawals included.
    pub declarations: u64,
    /// Mandates, superseded ones and revocations included.
    pub mandates: u64,
    /// Rows about owners, superseded ones included.
    pub owners: u64,
    /// Hash of the log's last row, which covers all before it; zeros when
    /// there is none.
    #[serde(serialize_with = "as_hex")]
    pub log_hash: [u8; 32],
    /// Rows of the log that were received before a row that stands before them:
    /// the clock was set back when they were stored.
    pub received_out_of_order: u64,
    /// Live segments.
    pub segments: u64,
    /// Removed recordings whose fingerprints still lie in a live segment.
    pub tombstones: u64,
    /// Size of the live segments in bytes.
    pub segment_bytes: u64,
    /// Size of the database file in bytes, without its log.
    pub database_bytes: u64,
}

impl Info {
    /// The content hash as 64 hexadecimal digits.
    ///
    /// # Errors
    /// If the registry cannot be read.
    pub fn content_hash_hex(&self) -> String {
        blake3::Hash::from_bytes(self.content_hash).to_hex().to_string()
    }
}

/// The name of a registry whose log begins with a row of this hash.
pub(super) fn id_of(params: &Params, first: [u8; 32]) -> String {
    let mut id = Canonical::new("earmark registry id 1");
    id.text(&params.id().to_string());
    id.bytes(&first);
    blake3::hash(id.as_bytes()).to_hex().chars().take(32).collect()
}

/// Of the params, the set hash of the recordings as stored, the number of rows of the
/// log and the hash of the last.
pub(super) fn content_hash(params: &Params, recordings: &[u8], rows: u64, log: &[u8; 32]) -> [u8; 32] {
    let mut content = Canonical::new("earmark registry 1");
    content.text(&params.id().to_string());
    content.bytes(recordings);
    content.text(&rows.to_string());
    content.bytes(log);
    *blake3::hash(content.as_bytes()).as_bytes()
}

impl Registry {
    /// Number of commits so far; it rises by one with each, merging included.
    ///
    /// # Errors
    /// If the registry cannot be read.
    pub fn generation(&self) -> Result<u64, RegistryError> {
        self.connection()
            .query_row("SELECT generation FROM registry", [], |row| row.get::<_, i64>(0))
            .map(i64::unsigned_abs)
            .map_err(database_error(&self.database, "read the generation of"))
    }

    /// Which registry it is, whatever became of it later: the first 16 bytes, in
    /// hexadecimal, of BLAKE3 over the params and the hash of the log's first row,
    /// which is never changed or removed. Copies of a registry share it. `None`
    /// while the log is empty.
    ///
    /// # Errors
    /// If the registry cannot be read.
    pub fn id_hex(&self) -> Result<Option<String>, RegistryError> {
        let first: Option<[u8; 32]> = self
            .connection()
            .query_row(
                "SELECT hash FROM declaration WHERE seq = 1 UNION ALL \
                 SELECT hash FROM mandate WHERE seq = 1 UNION ALL \
                 SELECT hash FROM owner WHERE seq = 1",
                [],
                |row| row.get(0),
            )
            .optional()
            .map_err(database_error(&self.database, "read the log of"))?;
        Ok(first.map(|first| id_of(&self.params, first)))
    }

    /// [`Info::content_hash_hex`] alone, in constant time.
    ///
    /// # Errors
    /// If the registry cannot be read.
    pub fn content_hash_hex(&self) -> Result<String, RegistryError> {
        Ok(blake3::Hash::from_bytes(self.content_hash()?).to_hex().to_string())
    }

    fn content_hash(&self) -> Result<[u8; 32], RegistryError> {
        let (recordings_hash, log_rows, log_hash): (Vec<u8>, i64, [u8; 32]) = self
            .connection()
            .query_row("SELECT recordings_hash, log_rows, log_hash FROM registry", [], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })
            .map_err(database_error(&self.database, "read"))?;
        Ok(content_hash(&self.params, &recordings_hash, log_rows.unsigned_abs(), &log_hash))
    }

    /// Counts, sizes and hashes. Reads the table of recordings: milliseconds for
    /// each ten thousand of them.
    ///
    /// # Errors
    /// If the registry cannot be read.
    pub fn info(&self) -> Result<Info, RegistryError> {
        let content_hash = self.content_hash()?;
        let received_out_of_order = self.log()?.out_of_order().len() as u64;
        let connection = self.connection();
        let database = database_error(&self.database, "read");
        let count =
            |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0)).map(i64::unsigned_abs);
        let log_hash: [u8; 32] =
            connection.query_row("SELECT log_hash FROM registry", [], |row| row.get(0)).map_err(database)?;
        let mut tombstones = 0;
        let live = read::live_segments(&connection).map_err(database)?;
        for number in &live {
            tombstones += read::tombstones_of(&connection, *number, &self.database)?.len();
        }
        Ok(Info {
            format_version: schema::FORMAT_VERSION,
            params_id: self.params.id().to_string(),
            generation: count("SELECT generation FROM registry").map_err(database)?,
            content_hash,
            recordings: count("SELECT count(*) FROM recording").map_err(database)?,
            isrcs: count("SELECT count(*) FROM recording_isrc").map_err(database)?,
            duration_s: connection
                .query_row("SELECT total(duration_s) FROM recording", [], |row| row.get(0))
                .map_err(database)?,
            declarations: count("SELECT count(*) FROM declaration").map_err(database)?,
            mandates: count("SELECT count(*) FROM mandate").map_err(database)?,
            owners: count("SELECT count(*) FROM owner").map_err(database)?,
            log_hash,
            received_out_of_order,
            segments: live.len() as u64,
            tombstones,
            segment_bytes: count("SELECT coalesce(sum(bytes), 0) FROM segment").map_err(database)?,
            database_bytes: fs::metadata(&self.database).map_or(0, |file| file.len()),
        })
    }
}
