//! Taking an export in.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use jiff::Timestamp;
use roaring::RoaringBitmap;
use rusqlite::{Transaction, params};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::declarations::entry_of;
use crate::index::{Segment, SegmentSummary};
use crate::isrc::Isrc;
use crate::registry::add::{self, recordings_hash, store_recordings_hash};
use crate::registry::log::append_to;
use crate::registry::recording::{check_id, check_texts};
use crate::registry::schema::database_error;
use crate::registry::{Entry, Facts, Logged, Place, Recording, Registry, RegistryError, read, segments};
use crate::units::{RecordingKey, Seconds};

use super::export::{copy_file, io_error};
use super::{EXPORT_SCHEMA, Header};

/// Longest accepted line, in bytes. A row of the longest accepted texts, every
/// character escaped, takes half of it.
const MAX_LINE_BYTES: u64 = 8 * 1024 * 1024;

/// What became of an export.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Imported {
    /// Recordings that are new, with their fingerprints.
    pub new: u64,
    /// Registered recordings whose name, facts, ISRCs or source changed.
    pub changed: u64,
    /// Registered recordings that were as in the export.
    pub unchanged: u64,
    /// Recordings of the export that are not registered here: id, and why.
    pub left_out: Vec<(String, String)>,
    /// Rows added to the log.
    pub log_rows: u64,
    /// Whether the registry is equal to the exported one now: the content
    /// hashes are the same.
    pub equal: bool,
}

/// Whether the file is an export, by its first line. Fails when it cannot be read.
pub fn is_export(path: &Path) -> std::io::Result<bool> {
    let mut line = Vec::new();
    BufReader::new(File::open(path)?).take(64 * 1024).read_until(b'\n', &mut line)?;
    let schema = serde_json::from_slice::<Value>(&line).ok();
    Ok(schema.is_some_and(|header| header["schema"].as_str().is_some_and(|name| name == EXPORT_SCHEMA)))
}

/// An export as it was read.
struct Export {
    header: Header,
    recordings: Vec<ReadRecording>,
    entries: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReadRecording {
    key: u32,
    id: String,
    isrcs: Vec<Isrc>,
    title: Option<String>,
    version: Option<String>,
    artist: Option<String>,
    album: Option<String>,
    owner: Option<String>,
    label: Option<String>,
    p_line: Option<String>,
    release_date: Option<String>,
    audio_hash: String,
    duration_s: Seconds,
    source_path: Option<String>,
}

impl ReadRecording {
    fn recording(&self) -> Result<Recording, String> {
        let audio_hash = blake3::Hash::from_hex(&self.audio_hash)
            .map_err(|_| format!("audio_hash {:?} is no hash of 64 hexadecimal digits", self.audio_hash))?;
        let facts = Facts {
            title: self.title.clone(),
            version: self.version.clone(),
            artist: self.artist.clone(),
            album: self.album.clone(),
            owner: self.owner.clone(),
            label: self.label.clone(),
            p_line: self.p_line.clone(),
            release_date: self.release_date.clone(),
        };
        if self.id.trim().is_empty() {
            return Err("a recording without an id".to_owned());
        }
        check_id(&self.id).map_err(|error| error.to_string())?;
        check_texts(&facts, self.source_path.as_deref(), self.duration_s)
            .map_err(|error| error.to_string())?;
        Ok(Recording {
            key: RecordingKey(self.key),
            id: self.id.clone(),
            isrcs: add::sorted(&self.isrcs),
            facts,
            audio_hash: *audio_hash.as_bytes(),
            duration_s: self.duration_s,
            source_path: self.source_path.clone(),
        })
    }
}

impl Registry {
    /// Takes an export in, in one transaction: after a crash all of it is there
    /// or none.
    ///
    /// A registry without recordings takes fingerprints, where the export has
    /// them. Any other, and every registry where it has none, takes name, facts,
    /// ISRCs and source of the recordings whose audio it holds, as they are in
    /// the export, and tells of the others. The log is taken row by row with
    /// its numbers and hashes; it must begin with the whole log that is there,
    /// or be the beginning of it.
    ///
    /// # Errors
    /// When a file cannot be read or is damaged, when the fingerprints were made
    /// with other params, or when the logs differ. Nothing is taken then.
    pub fn import(&mut self, path: &Path) -> Result<Imported, RegistryError> {
        let export = parse(path)?;
        let params_id = self.params.id().to_string();
        if export.header.params_id != params_id {
            return Err(refused(
                path,
                None,
                format!(
                    "its params id is {} and the registry's is {params_id}: \
                     such fingerprints cannot be searched together",
                    export.header.params_id
                ),
            ));
        }
        let committed = self.commit(|transaction, place| {
            let mut imported = Imported::default();
            let empty = transaction
                .query_row("SELECT NOT EXISTS (SELECT 1 FROM recording)", [], |row| row.get(0))
                .map_err(database_error(place.database, "read"))?;
            if empty && !export.header.fingerprints.is_empty() {
                take_fingerprints(transaction, place, path, &export, &mut imported)?;
            } else {
                take_metadata(transaction, place, &export, &mut imported)?;
            }
            take_log(transaction, place, path, &export, &mut imported)?;
            let changed = imported.new + imported.changed + imported.log_rows > 0;
            Ok((imported, changed))
        });
        // Also what was copied in vain.
        self.sweep()?;
        let mut imported = committed?;
        imported.equal = self.content_hash_hex()? == export.header.content_hash;
        Ok(imported)
    }
}

fn refused(path: &Path, line: Option<u64>, reason: impl Into<String>) -> RegistryError {
    RegistryError::Copy { path: path.to_owned(), line, reason: reason.into() }
}

/// The segments become the registry's, under numbers of its own.
fn take_fingerprints(
    transaction: &Transaction<'_>,
    place: &Place<'_>,
    path: &Path,
    export: &Export,
    imported: &mut Imported,
) -> Result<(), RegistryError> {
    let database = database_error(place.database, "write to");
    let first: i64 =
        transaction.query_row("SELECT next_segment FROM registry", [], |row| row.get(0)).map_err(database)?;
    let mut segment_of: HashMap<u32, i64> = HashMap::new();
    for (number, file) in (first..).zip(&export.header.fingerprints) {
        if file.file.is_empty() || Path::new(&file.file).file_name() != Some(file.file.as_ref()) {
            return Err(refused(path, Some(1), format!("{:?} is not a plain file name", file.file)));
        }
        let from = path.with_file_name(&file.file);
        let written = segments::write(place.folder, number, |to| {
            copy_file(&from, to).map(|_| ()).map_err(|error| crate::index::IndexError::Io {
                path: from.clone(),
                source: std::io::Error::other(error.to_string()),
            })?;
            Ok(SegmentSummary { bytes: file.bytes, recordings: file.recordings, frames: 0, triplets: 0 })
        })?;
        let copy = segments::path(place.folder, number);
        if blake3::Hash::from_bytes(written.hash).to_hex().as_str() != file.hash {
            return Err(refused(&from, None, "is not the file that was exported: copy it again"));
        }
        let segment = Segment::open(&copy, place.params)
            .map_err(|source| RegistryError::Segment { path: from.clone(), source })?;
        segments::enter(transaction, place, number, &written)?;
        for key in segment.keys() {
            if segment_of.insert(key.0, number).is_some() {
                return Err(refused(&from, None, format!("holds recording {} a second time", key.0)));
            }
        }
    }
    let mut hash = recordings_hash(transaction, place)?;
    let (mut seen, mut ids) = (RoaringBitmap::new(), HashSet::new());
    let mut audio = HashSet::new();
    for (line, read) in (2..).zip(&export.recordings) {
        let recording = read.recording().map_err(|reason| refused(path, Some(line), reason))?;
        let Some(segment) = segment_of.get(&recording.key.0) else {
            return Err(refused(path, Some(line), "no segment holds its fingerprint"));
        };
        if !seen.insert(recording.key.0)
            || !ids.insert(recording.id.clone())
            || !audio.insert(recording.audio_hash)
        {
            return Err(refused(path, Some(line), "its key, id or audio stands twice"));
        }
        add::insert(transaction, &recording, *segment).map_err(database)?;
        hash.insert(&recording.canonical());
        imported.new += 1;
    }
    if seen.len() != segment_of.len() as u64 {
        let reason =
            format!("its segments hold {} recordings, its rows are {}", segment_of.len(), seen.len());
        return Err(refused(path, None, reason));
    }
    let next_key = i64::from(seen.max().unwrap_or(0)) + 1;
    transaction.execute("UPDATE registry SET next_key = max(next_key, ?1)", [next_key]).map_err(database)?;
    store_recordings_hash(transaction, place, &hash)
}

/// What is known about the recordings whose audio is registered here.
fn take_metadata(
    transaction: &Transaction<'_>,
    place: &Place<'_>,
    export: &Export,
    imported: &mut Imported,
) -> Result<(), RegistryError> {
    let database = database_error(place.database, "write to");
    let mut hash = recordings_hash(transaction, place)?;
    for read in &export.recordings {
        let given = match read.recording() {
            Ok(given) => given,
            Err(reason) => {
                imported.left_out.push((read.id.clone(), reason));
                continue;
            }
        };
        let Some(registered) = read::by_audio_hash(transaction, place.database, &given.audio_hash)? else {
            imported.left_out.push((given.id, "no registered recording has its audio".to_owned()));
            continue;
        };
        // Its place and length are those of the registered audio.
        let given = Recording { key: registered.key, duration_s: registered.duration_s, ..given };
        if given == registered {
            imported.unchanged += 1;
            continue;
        }
        if given.id != registered.id && add::is_taken(transaction, &given.id).map_err(database)? {
            let why = format!("another recording has that id; its audio is registered as {}", registered.id);
            imported.left_out.push((given.id, why));
            continue;
        }
        transaction
            .prepare_cached("DELETE FROM recording_isrc WHERE recording = ?1")
            .and_then(|mut statement| statement.execute(params![given.key.0]))
            .and_then(|_| add::update(transaction, &given))
            .map_err(database)?;
        hash.remove(&registered.canonical());
        hash.insert(&given.canonical());
        imported.changed += 1;
    }
    store_recordings_hash(transaction, place, &hash)
}

fn take_log(
    transaction: &Transaction<'_>,
    place: &Place<'_>,
    path: &Path,
    export: &Export,
    imported: &mut Imported,
) -> Result<(), RegistryError> {
    let (rows, last): (i64, [u8; 32]) = transaction
        .query_row("SELECT log_rows, log_hash FROM registry", [], |row| Ok((row.get(0)?, row.get(1)?)))
        .map_err(database_error(place.database, "read"))?;
    let there = usize::try_from(rows).map_err(|_| place.corrupt(format!("its log has {rows} rows")))?;
    let differ = || {
        refused(
            path,
            None,
            "its log is another one than the registry's: two chains cannot become one; \
             import it into a new registry, or declare what it holds anew",
        )
    };
    if export.entries.len() <= there {
        let Some(end) = export.entries.last() else { return Ok(()) };
        let same = read::log_hash_of(transaction, place.database, end.seq)?;
        return if same == Some(end.hash) { Ok(()) } else { Err(differ()) };
    }
    let (known, new) = export.entries.split_at(there);
    if known.last().is_some_and(|end| end.hash != last) {
        return Err(differ());
    }
    let rows: Vec<_> = new.iter().map(|entry| entry.row.clone()).collect();
    let stored = append_to(transaction, place, &rows)?;
    let first_line = 2 + export.recordings.len() + there;
    for (line, (stored, given)) in (first_line as u64..).zip(stored.iter().zip(new)) {
        if stored.seq != given.seq || stored.hash != given.hash {
            return Err(refused(
                path,
                Some(line),
                "its hash is not that of the row: the export was changed after it was written",
            ));
        }
    }
    imported.log_rows = stored.len() as u64;
    Ok(())
}

fn parse(path: &Path) -> Result<Export, RegistryError> {
    let file = File::open(path).map_err(io_error(path, "open"))?;
    let mut reader = BufReader::with_capacity(256 * 1024, file);
    let (mut bytes, mut number) = (Vec::new(), 0);
    let mut export: Option<Export> = None;
    loop {
        bytes.clear();
        let read = (&mut reader).take(MAX_LINE_BYTES).read_until(b'\n', &mut bytes);
        if read.map_err(io_error(path, "read"))? == 0 {
            break;
        }
        number += 1;
        let wrong = |reason: String| refused(path, Some(number), reason);
        if bytes.last() != Some(&b'\n') && bytes.len() as u64 == MAX_LINE_BYTES {
            return Err(wrong(format!("is longer than {MAX_LINE_BYTES} bytes: no row of an export is")));
        }
        match &mut export {
            None => {
                let header: Header = serde_json::from_slice(&bytes)
                    .map_err(|error| wrong(format!("is not the header of an export: {error}")))?;
                if header.schema != EXPORT_SCHEMA {
                    let schema = header.schema;
                    return Err(wrong(format!(
                        "has the schema {schema}, and this earmark reads {EXPORT_SCHEMA}"
                    )));
                }
                export = Some(Export { header, recordings: Vec::new(), entries: Vec::new() });
            }
            Some(export) => row(&bytes, export).map_err(wrong)?,
        }
    }
    let export = export.ok_or_else(|| refused(path, None, "is empty"))?;
    let counts = (export.recordings.len() as u64, export.entries.len() as u64);
    if counts != (export.header.recordings, export.header.log_rows) {
        let reason = format!(
            "holds {} recordings and {} rows of the log, its header says {} and {}: it was cut, copy it again",
            counts.0, counts.1, export.header.recordings, export.header.log_rows
        );
        return Err(refused(path, None, reason));
    }
    Ok(export)
}

fn row(bytes: &[u8], export: &mut Export) -> Result<(), String> {
    let no_row = |error: serde_json::Error| format!("is no row of an export: {error}");
    let mut object: Map<String, Value> = serde_json::from_slice(bytes).map_err(no_row)?;
    let mut take = |key: &str| match object.remove(key) {
        Some(Value::String(text)) => Ok(text),
        Some(Value::Number(number)) => Ok(number.to_string()),
        _ => Err(format!("has no {key}")),
    };
    let kind = take("row")?;
    if kind == "recording" {
        if !export.entries.is_empty() {
            return Err("a recording after rows of the log".to_owned());
        }
        export.recordings.push(serde_json::from_value(Value::Object(object)).map_err(no_row)?);
        return Ok(());
    }
    let seq = take("seq")?;
    let hash = take("hash")?;
    let received_at = take("received_at")?;
    let hash = blake3::Hash::from_hex(&hash).map_err(|_| format!("{hash:?} is no hash"))?;
    let received_at: Timestamp =
        received_at.parse().map_err(|error| format!("received_at {received_at:?}: {error}"))?;
    let entry = entry_of(&kind, object, received_at)?;
    let seq = seq.parse().map_err(|_| format!("seq {seq} is no number"))?;
    if seq != export.entries.len() as u64 + 1 {
        return Err(format!("row {} of the log is missing or out of place", export.entries.len() + 1));
    }
    export.entries.push(Logged { seq, row: entry, hash: *hash.as_bytes() });
    Ok(())
}
