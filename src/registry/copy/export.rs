//! Writing an export.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::files;
use crate::index::merge_segments;
use crate::registry::schema::database_error;
use crate::registry::segment_check::SegmentRow;
use crate::registry::{Recording, Registry, RegistryError, read, segments};

use super::{EXPORT_SCHEMA, Header, SegmentFile};

/// Added to the name of a segment beside an export until it is whole.
const PART: &str = ".part";

/// What was exported.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Exported {
    /// Recordings.
    pub recordings: u64,
    /// Rows of the log.
    pub log_rows: u64,
    /// Segments that lie beside the file.
    pub segments: u64,
    /// The content hash, which an equal registry has.
    pub content_hash: String,
}

#[derive(Serialize)]
struct RecordingRow<'a> {
    row: &'static str,
    #[serde(flatten)]
    recording: &'a Recording,
}

impl Registry {
    /// Writes everything but fingerprints to `out`, which is to become the file
    /// at `path`. With `fingerprints` the segments are written beside it first, under the
    /// name of `path` with `.1.seg`, `.2.seg` and so on for its ending; files of these names
    /// are replaced.
    ///
    /// A registry opened for reading is exported as it was when it was opened.
    ///
    /// # Errors
    /// When a file cannot be written, or a segment is not the one that was
    /// registered: a copy of damage would pass for a good one.
    pub fn export(
        &self,
        path: &Path,
        fingerprints: bool,
        out: &mut impl Write,
    ) -> Result<Exported, RegistryError> {
        let fingerprints = if fingerprints { self.export_segments(path)? } else { Vec::new() };
        let info = self.info()?;
        let entries = self.log()?.into_entries();
        let header = Header {
            schema: EXPORT_SCHEMA.to_owned(),
            params_id: info.params_id.clone(),
            content_hash: info.content_hash_hex(),
            recordings: info.recordings,
            log_rows: entries.len() as u64,
            fingerprints,
        };
        let failed = |source: io::Error| RegistryError::Io {
            path: path.to_owned(),
            action: "write the export",
            source,
        };
        line(out, &header).map_err(failed)?;
        for recording in self.recordings() {
            line(out, &RecordingRow { row: "recording", recording: &recording? }).map_err(failed)?;
        }
        for entry in &entries {
            line(out, entry).map_err(failed)?;
        }
        Ok(Exported {
            recordings: header.recordings,
            log_rows: header.log_rows,
            segments: header.fingerprints.len() as u64,
            content_hash: header.content_hash,
        })
    }

    fn export_segments(&self, export: &Path) -> Result<Vec<SegmentFile>, RegistryError> {
        let connection = self.connection();
        let live = read::live_segments(&connection)
            .map_err(database_error(&self.database, "read the segments of"))?;
        let mut files = Vec::with_capacity(live.len());
        for (place, number) in (1..).zip(live) {
            let row = SegmentRow::read(&connection, &self.database, number)?;
            let from = segments::path(&self.folder, number);
            let place = export.with_extension(format!("{place}.seg"));
            let mut to = place.clone().into_os_string();
            to.push(PART);
            let to = PathBuf::from(to);
            let name = place.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let mapped = self.mapped.iter().find(|(known, _)| *known == number);
            let mapped = mapped.and_then(|(_, segment)| segment.clone());
            let damaged = |what: &str| RegistryError::Copy {
                path: from.clone(),
                line: None,
                reason: format!("{what}; fingerprints of a damaged registry are not exported"),
            };
            let hash = if row.tombstones.is_empty() && from.exists() {
                let hash = copy_file(&from, &to)?;
                if hash != row.hash {
                    return Err(damaged("is not the file that was registered: restore it from a copy"));
                }
                hash
            } else {
                // A reader's map outlives the name of a file that a writer dropped.
                let segment =
                    row.checked(&from, &self.params, mapped).map_err(|fault| damaged(&fault.what))?;
                merge_segments(&to, &self.params, &[&segment], &row.tombstones)
                    .map_err(|source| RegistryError::Segment { path: to.clone(), source })?;
                segments::hash(&to).map_err(io_error(&to, "read back"))?
            };
            let bytes = fs::metadata(&to).map_err(io_error(&to, "read back"))?.len();
            fs::rename(&to, &place).map_err(io_error(&place, "write"))?;
            files.push(SegmentFile {
                file: name,
                bytes,
                recordings: u32::try_from(row.registered.len()).unwrap_or(u32::MAX),
                hash: blake3::Hash::from_bytes(hash).to_hex().to_string(),
            });
        }
        Ok(files)
    }
}

/// Copies a file, synced; the hash of what was written.
pub(super) fn copy_file(from: &Path, to: &Path) -> Result<[u8; 32], RegistryError> {
    let mut input = File::open(from).map_err(io_error(from, "read"))?;
    let mut output = files::create(to).map_err(io_error(to, "write"))?;
    let mut hasher = blake3::Hasher::new();
    let mut buffer = vec![0; 256 * 1024];
    loop {
        let length = input.read(&mut buffer).map_err(io_error(from, "read"))?;
        let read = buffer.get(..length).unwrap_or_default();
        if read.is_empty() {
            break;
        }
        hasher.update(read);
        output.write_all(read).map_err(io_error(to, "write"))?;
    }
    output.sync_all().map_err(io_error(to, "write"))?;
    Ok(*hasher.finalize().as_bytes())
}

pub(super) fn io_error(path: &Path, action: &'static str) -> impl Fn(io::Error) -> RegistryError {
    let path: PathBuf = path.to_owned();
    move |source| RegistryError::Io { path: path.clone(), action, source }
}

fn line(out: &mut impl Write, row: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *out, row)?;
    out.write_all(b"\n")
}
