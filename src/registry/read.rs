//! Reading a registry.

use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;

use roaring::RoaringBitmap;
use rusqlite::{Connection, OptionalExtension, Row, named_params, params};

use crate::declarations;
use crate::index::{Index, Segment};
use crate::isrc::Isrc;
use crate::params::Params;
use crate::units::RecordingKey;

use super::content_hash::SetHash;
use super::recording::{Facts, Recording};
use super::schema::{self, database_error};
use super::{Registry, RegistryError, segments};

/// Columns of a recording, in the order [`recording_of`] reads them.
const COLUMNS: &str = "key, id, audio_hash, duration_s, source_path, \
     title, version, artist, album, owner, label, p_line, release_date";

/// Recordings fetched at a time while iterating: enough to make the two
/// queries of a page cheap beside its rows, few enough to need no memory.
const PAGE: usize = 512;

impl Registry {
    /// The live segments and the tombstones of removed recordings, ready to
    /// be searched.
    ///
    /// # Errors
    /// If a segment is missing or damaged, or the registry cannot be read.
    pub fn index(&self) -> Result<Index, RegistryError> {
        let connection = self.connection();
        let database = database_error(&self.database, "read the segments of");
        let mut open = Vec::new();
        let mut tombstones = RoaringBitmap::new();
        for number in live_segments(&connection).map_err(database)? {
            tombstones |= tombstones_of(&connection, number, &self.database)?;
            let mapped = self.mapped.iter().find(|(known, _)| *known == number);
            let segment = match mapped {
                Some((_, Some(segment))) => Arc::clone(segment),
                _ => {
                    let path = segments::path(&self.folder, number);
                    let segment = Segment::open(&path, &self.params)
                        .map_err(|source| RegistryError::Segment { path, source })?;
                    Arc::new(segment)
                }
            };
            open.push(segment);
        }
        Ok(Index::new(open, tombstones))
    }

    /// The recording with this key; `None` when it was removed or never was.
    ///
    /// # Errors
    /// If the registry cannot be read.
    pub fn recording(&self, key: RecordingKey) -> Result<Option<Recording>, RegistryError> {
        find(&self.connection(), &self.database, "key = ?1", &key.0)
    }

    /// The recording of this name.
    ///
    /// # Errors
    /// If the registry cannot be read.
    pub fn recording_by_id(&self, id: &str) -> Result<Option<Recording>, RegistryError> {
        find(&self.connection(), &self.database, "id = ?1", &id)
    }

    /// The recording with this audio, by the hash of the audio without tags.
    ///
    /// # Errors
    /// If the registry cannot be read.
    pub fn recording_by_audio_hash(&self, hash: &[u8; 32]) -> Result<Option<Recording>, RegistryError> {
        find(&self.connection(), &self.database, "audio_hash = ?1", &hash.as_slice())
    }

    /// The recordings that carry this ISRC, in order of registration. There
    /// may be several: labels reuse codes.
    ///
    /// # Errors
    /// If the registry cannot be read.
    pub fn recordings_with_isrc(&self, isrc: &Isrc) -> Result<Vec<Recording>, RegistryError> {
        with_isrc(&self.connection(), &self.database, isrc)
    }

    /// Whether anything is registered.
    ///
    /// # Errors
    /// If the registry cannot be read.
    pub fn has_recordings(&self) -> Result<bool, RegistryError> {
        self.any("SELECT EXISTS (SELECT 1 FROM recording)")
    }

    /// Whether anything was declared.
    ///
    /// # Errors
    /// If the registry cannot be read.
    pub fn has_declarations(&self) -> Result<bool, RegistryError> {
        self.any("SELECT EXISTS (SELECT 1 FROM declaration)")
    }

    fn any(&self, sql: &str) -> Result<bool, RegistryError> {
        let read = self.connection().query_row(sql, [], |row| row.get(0));
        read.map_err(database_error(&self.database, "read"))
    }

    /// All recordings in order of registration, read page by page.
    pub fn recordings(&self) -> Recordings<'_> {
        Recordings { registry: self, page: Vec::new().into_iter(), next_key: Some(0) }
    }
}

/// Iterates over the recordings of a registry in order of registration.
#[derive(Debug)]
pub struct Recordings<'a> {
    registry: &'a Registry,
    page: std::vec::IntoIter<Recording>,
    /// Where the next page starts; `None` after the last page or an error.
    next_key: Option<i64>,
}

impl Iterator for Recordings<'_> {
    type Item = Result<Recording, RegistryError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(recording) = self.page.next() {
                return Some(Ok(recording));
            }
            let start = self.next_key.take()?;
            match page(&self.registry.connection(), &self.registry.database, start) {
                Ok(page) => {
                    self.next_key = page.last().map(|recording| i64::from(recording.key.0) + 1);
                    self.page = page.into_iter();
                }
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

/// Up to [`PAGE`] recordings from `start` on.
pub(super) fn page(
    connection: &Connection,
    path: &Path,
    start: i64,
) -> Result<Vec<Recording>, RegistryError> {
    let database = database_error(path, "read the recordings of");
    let sql = format!("SELECT {COLUMNS} FROM recording WHERE key >= ?1 ORDER BY key LIMIT {PAGE}");
    let mut statement = connection.prepare_cached(&sql).map_err(database)?;
    let rows = statement.query_map([start], recording_of).map_err(database)?;
    let mut page = rows.collect::<rusqlite::Result<Vec<_>>>().map_err(database)?;
    for recording in &mut page {
        recording.isrcs = isrcs_of(connection, path, recording.key)?;
    }
    Ok(page)
}

/// Hands over the recordings with keys from `first_key` on, in order of registration.
pub(super) fn each_recording(
    connection: &Connection,
    path: &Path,
    first_key: i64,
    mut take: impl FnMut(Recording),
) -> Result<(), RegistryError> {
    let database = database_error(path, "read the recordings of");
    let sql = format!("SELECT {COLUMNS} FROM recording WHERE key >= ?1 ORDER BY key");
    let mut statement = connection.prepare_cached(&sql).map_err(database)?;
    let mut rows = statement.query([first_key]).map_err(database)?;
    // The ISRCs in the same order: one walk beside the other.
    let mut codes = connection
        .prepare_cached(
            "SELECT recording, isrc FROM recording_isrc WHERE recording >= ?1 ORDER BY recording, isrc",
        )
        .map_err(database)?;
    let mut codes = codes
        .query_map([first_key], |row| Ok((row.get::<_, u32>(0)?, row.get::<_, String>(1)?)))
        .map_err(database)?
        .peekable();
    while let Some(row) = rows.next().map_err(database)? {
        let mut recording = recording_of(row).map_err(database)?;
        while let Some(code) =
            codes.next_if(|code| code.as_ref().map_or(true, |(key, _)| *key <= recording.key.0))
        {
            let (key, text) = code.map_err(database)?;
            // None is of an earlier one, as the database keeps no ISRC without its recording.
            if key == recording.key.0 {
                recording.isrcs.push(parsed_isrc(path, recording.key, &text)?);
            }
        }
        take(recording);
    }
    Ok(())
}

/// Opens for reading and takes a transaction, with the params; other versions are
/// refused.
pub(super) fn open(folder: &Path, database: &Path) -> Result<(schema::Opened, Params), RegistryError> {
    let opened = schema::open_reader(database)?;
    // First, as other fingerprints cannot be brought forward.
    let params = stored_params(&opened.connection, database)?;
    if opened.version < schema::FORMAT_VERSION {
        return Err(RegistryError::FormatOld {
            path: folder.to_owned(),
            found: opened.version,
            expected: schema::FORMAT_VERSION,
        });
    }
    Ok((opened, params))
}

fn find(
    connection: &Connection,
    path: &Path,
    condition: &str,
    value: &dyn rusqlite::ToSql,
) -> Result<Option<Recording>, RegistryError> {
    let database = database_error(path, "read the recordings of");
    let sql = format!("SELECT {COLUMNS} FROM recording WHERE {condition}");
    let mut statement = connection.prepare_cached(&sql).map_err(database)?;
    let Some(mut recording) =
        statement.query_row(params![value], recording_of).optional().map_err(database)?
    else {
        return Ok(None);
    };
    recording.isrcs = isrcs_of(connection, path, recording.key)?;
    Ok(Some(recording))
}

/// As [`Registry::recording_by_id`], inside a transaction.
pub(super) fn by_id(
    connection: &Connection,
    path: &Path,
    id: &str,
) -> Result<Option<Recording>, RegistryError> {
    find(connection, path, "id = ?1", &id)
}

/// As [`Registry::recording_by_audio_hash`], inside a transaction.
pub(super) fn by_audio_hash(
    connection: &Connection,
    path: &Path,
    hash: &[u8; 32],
) -> Result<Option<Recording>, RegistryError> {
    find(connection, path, "audio_hash = ?1", &hash.as_slice())
}

/// As [`Registry::recordings_with_isrc`], inside a transaction.
pub(super) fn with_isrc(
    connection: &Connection,
    path: &Path,
    isrc: &Isrc,
) -> Result<Vec<Recording>, RegistryError> {
    let keys = collect_keys(connection, isrc).map_err(database_error(path, "read"))?;
    let mut found = Vec::with_capacity(keys.len());
    for key in keys {
        found.extend(find(connection, path, "key = ?1", &key)?);
    }
    Ok(found)
}

/// The hash of one row of the log, of whatever kind.
pub(super) fn log_hash_of(
    connection: &Connection,
    path: &Path,
    seq: u64,
) -> Result<Option<[u8; 32]>, RegistryError> {
    let sql = "SELECT hash FROM declaration WHERE seq = ?1
               UNION ALL SELECT hash FROM mandate WHERE seq = ?1
               UNION ALL SELECT hash FROM owner WHERE seq = ?1";
    connection
        .query_row(sql, [i64::try_from(seq).unwrap_or(i64::MAX)], |row| row.get(0))
        .optional()
        .map_err(database_error(path, "read the log of"))
}

/// The row without its ISRCs.
fn recording_of(row: &Row<'_>) -> rusqlite::Result<Recording> {
    let mut facts = Facts::default();
    for (place, value) in facts.values_mut().into_iter().enumerate() {
        *value = row.get(5 + place)?;
    }
    Ok(Recording {
        key: RecordingKey(row.get(0)?),
        id: row.get(1)?,
        isrcs: Vec::new(),
        facts,
        audio_hash: row.get(2)?,
        duration_s: row.get(3)?,
        source_path: row.get(4)?,
    })
}

fn isrcs_of(connection: &Connection, path: &Path, key: RecordingKey) -> Result<Vec<Isrc>, RegistryError> {
    let database = database_error(path, "read the ISRCs of");
    let mut statement = connection
        .prepare_cached("SELECT isrc FROM recording_isrc WHERE recording = ?1 ORDER BY isrc")
        .map_err(database)?;
    let rows = statement.query_map([key.0], |row| row.get::<_, String>(0)).map_err(database)?;
    rows.map(|text| {
        let text = text.map_err(database)?;
        parsed_isrc(path, key, &text)
    })
    .collect()
}

fn parsed_isrc(path: &Path, key: RecordingKey, text: &str) -> Result<Isrc, RegistryError> {
    Isrc::from_str(text).map_err(|error| RegistryError::Corrupt {
        path: path.to_owned(),
        what: format!("an ISRC of recording {}: {error}", key.0),
    })
}

fn collect_keys(connection: &Connection, isrc: &Isrc) -> rusqlite::Result<Vec<u32>> {
    let mut statement = connection
        .prepare_cached("SELECT recording FROM recording_isrc WHERE isrc = ?1 ORDER BY recording")?;
    let rows = statement.query_map([isrc.as_str()], |row| row.get(0))?;
    rows.collect()
}

/// Numbers of the live segments, oldest first.
pub(super) fn live_segments(connection: &Connection) -> rusqlite::Result<Vec<i64>> {
    let mut statement = connection.prepare_cached("SELECT number FROM segment ORDER BY number")?;
    let rows = statement.query_map([], |row| row.get(0))?;
    rows.collect()
}

/// Keys of the removed recordings whose fingerprints are still in a segment.
pub(super) fn tombstones_of(
    connection: &Connection,
    number: i64,
    path: &Path,
) -> Result<RoaringBitmap, RegistryError> {
    let blob: Vec<u8> = connection
        .prepare_cached("SELECT tombstones FROM segment WHERE number = ?1")
        .and_then(|mut statement| statement.query_row([number], |row| row.get(0)))
        .map_err(database_error(path, "read the tombstones of"))?;
    parse_tombstones(&blob).ok_or_else(|| RegistryError::Corrupt {
        path: path.to_owned(),
        what: format!("the tombstones of segment {number} are no roaring bitmap"),
    })
}

/// A roaring bitmap that fills `blob` exactly.
pub(crate) fn parse_tombstones(mut blob: &[u8]) -> Option<RoaringBitmap> {
    let bitmap = RoaringBitmap::deserialize_from(&mut blob).ok()?;
    blob.is_empty().then_some(bitmap)
}

/// The params stored in the database.
pub(super) fn stored_params(connection: &Connection, path: &Path) -> Result<Params, RegistryError> {
    let (json, id): (String, String) = connection
        .query_row("SELECT params, params_id FROM registry", [], |row| Ok((row.get(0)?, row.get(1)?)))
        .map_err(database_error(path, "read the params of"))?;
    let expected = u64::from(Params::default().algorithm);
    let unknown = |reason| {
        // The one field that every version has.
        let fields: serde_json::Value = serde_json::from_str(&json).unwrap_or_default();
        let found = fields.get("algorithm").and_then(serde_json::Value::as_u64);
        // Of another version, other fields are no news.
        let reason = match found {
            Some(found) if found == expected => reason,
            _ => format!("and this earmark makes and reads version {expected}"),
        };
        RegistryError::UnknownParams { path: path.to_owned(), found, expected, reason }
    };
    let params: Params = serde_json::from_str(&json).map_err(|error| {
        unknown(format!("made with parameters that this earmark does not know ({error})"))
    })?;
    if u64::from(params.algorithm) != expected {
        return Err(unknown(String::new()));
    }
    if params.id().to_string() != id {
        let what = format!("its params have the id {} but {id} is stored", params.id());
        return Err(RegistryError::Corrupt { path: path.to_owned(), what });
    }
    Ok(params)
}

/// Makes the tables and the one row of the registry, in one transaction.
pub(super) fn store_first_state(
    connection: &mut Connection,
    stored: &Params,
    path: &Path,
) -> Result<(), RegistryError> {
    let json = serde_json::to_string(stored).map_err(|error| RegistryError::Corrupt {
        path: path.to_owned(),
        what: format!("params cannot be written as JSON: {error}"),
    })?;
    let create = |connection: &mut Connection| -> rusqlite::Result<()> {
        let transaction = connection.transaction()?;
        schema::TABLES.iter().try_for_each(|tables| transaction.execute_batch(tables))?;
        transaction.execute(
            "INSERT INTO registry (one, params, params_id, generation, next_key, next_segment,
                                   recordings_hash, log_rows, log_hash)
             VALUES (1, :params, :id, 0, 1, 1, :recordings, 0, :log)",
            named_params! {
                ":params": json,
                ":id": stored.id().to_string(),
                ":recordings": SetHash::default().to_bytes(),
                ":log": declarations::GENESIS,
            },
        )?;
        transaction.pragma_update(None, "application_id", schema::APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", schema::FORMAT_VERSION)?;
        transaction.commit()
    };
    create(connection).map_err(database_error(path, "create"))
}
