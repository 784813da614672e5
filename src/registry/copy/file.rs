//! The file of an export, as it is read.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use crate::declarations::{Object, entry_of};
use crate::isrc::Isrc;
use crate::registry::add;
use crate::registry::recording::{check_id, check_texts};
use crate::registry::{Entry, Facts, Logged, Recording, RegistryError};
use crate::units::{RecordingKey, Seconds};

use super::export::io_error;
use super::{EXPORT_SCHEMA, Header};

/// Longest accepted line, in bytes. A row of the longest accepted texts, every
/// character escaped, takes half of it.
const MAX_LINE_BYTES: u64 = 8 * 1024 * 1024;

/// Whether the file is an export, by its first line.
///
/// # Errors
/// If it cannot be read.
pub fn is_export(path: &Path) -> std::io::Result<bool> {
    let mut line = Vec::new();
    BufReader::new(File::open(path)?).take(64 * 1024).read_until(b'\n', &mut line)?;
    let schema = serde_json::from_slice::<Value>(&line).ok();
    Ok(schema.is_some_and(|header| header["schema"].as_str().is_some_and(|name| name == EXPORT_SCHEMA)))
}

/// An export as it was read.
pub(super) struct Export {
    pub(super) header: Header,
    pub(super) recordings: Vec<ReadRecording>,
    pub(super) entries: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ReadRecording {
    pub(super) key: u32,
    pub(super) id: String,
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
    pub(super) fn recording(&self) -> Result<Recording, String> {
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

pub(super) fn refused(path: &Path, line: Option<u64>, reason: impl Into<String>) -> RegistryError {
    RegistryError::Copy { path: path.to_owned(), line, reason: reason.into() }
}

/// Reads the whole file.
pub(super) fn parse(path: &Path) -> Result<Export, RegistryError> {
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
    let Object(mut object) = serde_json::from_slice(bytes).map_err(no_row)?;
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
