//! Segment files: their names, how one comes to be, how they are opened, how
//! leftovers go.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use roaring::RoaringBitmap;
use rusqlite::{Transaction, params};

use crate::index::{IndexError, Segment, SegmentSummary};
use crate::params::Params;

use super::schema::database_error;
use super::{Place, RegistryError};

/// The folder of the segments inside the registry folder.
pub(super) const FOLDER: &str = "segments";

const EXTENSION: &str = ".seg";

/// Appended while a segment is being written; never opened by a reader.
const TEMPORARY: &str = ".tmp";

/// Where segment `number` lies.
pub(super) fn path(registry: &Path, number: i64) -> PathBuf {
    registry.join(FOLDER).join(format!("{number:08}{EXTENSION}"))
}

/// What the database keeps about a segment file.
#[derive(Debug)]
pub(super) struct Written {
    /// Its size.
    pub(super) bytes: u64,
    /// Recordings in it.
    pub(super) recordings: u32,
    /// BLAKE3 hash of the whole file. Its own checksums find accidents; this
    /// one also finds another segment in its place.
    pub(super) hash: [u8; 32],
}

/// Lets `fill` write and sync a segment under a temporary name, renames it and
/// syncs the folder. When this returns, the file survives a power cut, but
/// belongs to the registry only once the database names it.
pub(super) fn write(
    registry: &Path,
    number: i64,
    fill: impl FnOnce(&Path) -> Result<SegmentSummary, IndexError>,
) -> Result<Written, RegistryError> {
    let path = path(registry, number);
    let mut temporary = path.clone().into_os_string();
    temporary.push(TEMPORARY);
    let temporary = PathBuf::from(temporary);
    let summary = fill(&temporary).map_err(|source| {
        // At once, and not by the next writer: perhaps the disk is full.
        let _ = fs::remove_file(&temporary);
        RegistryError::Segment { path: temporary.clone(), source }
    })?;
    let hash = hash(&temporary).map_err(|source| RegistryError::Io {
        path: temporary.clone(),
        action: "read back",
        source,
    })?;
    fs::rename(&temporary, &path).map_err(|source| RegistryError::Io {
        path: path.clone(),
        action: "rename the new segment to",
        source,
    })?;
    sync_folder(&registry.join(FOLDER))?;
    Ok(Written { bytes: summary.bytes, recordings: summary.recordings, hash })
}

/// Names a written segment in the database, without tombstones, and moves on
/// to the next number.
pub(super) fn enter(
    transaction: &Transaction<'_>,
    place: &Place<'_>,
    number: i64,
    written: &Written,
) -> Result<(), RegistryError> {
    let mut tombstones = Vec::new();
    RoaringBitmap::new()
        .serialize_into(&mut tombstones)
        .map_err(|error| place.corrupt(format!("cannot serialise tombstones: {error}")))?;
    let bytes = i64::try_from(written.bytes).unwrap_or(i64::MAX);
    transaction
        .execute(
            "INSERT INTO segment (number, bytes, recordings, hash, tombstones) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![number, bytes, written.recordings, written.hash, tombstones],
        )
        .and_then(|_| transaction.execute("UPDATE registry SET next_segment = ?1", [number + 1]))
        .map(|_| ())
        .map_err(database_error(place.database, "write to"))
}

/// Opens segment `number`, which takes the reading of its header.
pub(super) fn open(registry: &Path, number: i64, params: &Params) -> Result<Segment, RegistryError> {
    let path = path(registry, number);
    Segment::open(&path, params).map_err(|source| match source {
        IndexError::Version { .. } | IndexError::Params { .. } => {
            RegistryError::OtherSegment { path, source }
        }
        _ => RegistryError::Segment { path, source },
    })
}

/// The live segments of a snapshot, as far as they can be opened.
pub(super) struct Mapped {
    /// Number and file; `None` for a missing or damaged one.
    pub(super) segments: Vec<(i64, Option<Arc<Segment>>)>,
    /// Whether a file is missing: deleted by a writer since the snapshot, or lost.
    pub(super) missing: bool,
}

/// Opens segments; each takes the reading of its header.
///
/// # Errors
/// If one has another format or other params: then nothing in the registry can be
/// searched together. Damage is no error here, so that `verify` can tell it.
pub(super) fn map(registry: &Path, live: &[i64], params: &Params) -> Result<Mapped, RegistryError> {
    let mut mapped = Mapped { segments: Vec::with_capacity(live.len()), missing: false };
    for number in live {
        let segment = match open(registry, *number, params) {
            Ok(segment) => Some(Arc::new(segment)),
            Err(error @ RegistryError::OtherSegment { .. }) => return Err(error),
            Err(RegistryError::Segment { source, .. }) if source.is_missing() => {
                mapped.missing = true;
                None
            }
            Err(_) => None,
        };
        mapped.segments.push((*number, segment));
    }
    Ok(mapped)
}

/// BLAKE3 hash of a file.
pub(super) fn hash(path: &Path) -> io::Result<[u8; 32]> {
    // BLAKE3 works on many 1 KiB chunks at once: 64 KiB keep every lane busy.
    let mut buffer = vec![0; 64 * 1024];
    let mut file = File::open(path)?;
    let mut hasher = blake3::Hasher::new();
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(*hasher.finalize().as_bytes()),
            length => hasher.update(buffer.get(..length).unwrap_or_default()),
        };
    }
}

/// Makes the names in a folder survive a power cut.
pub(super) fn sync_folder(folder: &Path) -> Result<(), RegistryError> {
    // Windows opens no folders as files; its file system journals names itself.
    if cfg!(windows) {
        return Ok(());
    }
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(|source| RegistryError::Io {
        path: folder.to_owned(),
        action: "sync the folder",
        source,
    })
}

/// The files in the segments folder that `live` does not name but that this
/// program may have written: leftovers of an interrupted commit or removal.
/// Foreign names are left alone. Sorted.
pub(super) fn orphans(registry: &Path, live: &[i64]) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(registry.join(FOLDER))? {
        let entry = entry?;
        let name = entry.file_name();
        let Some(name) = name.to_str() else { continue };
        let (stem, temporary) = match name.strip_suffix(TEMPORARY) {
            Some(stem) => (stem, true),
            None => (name, false),
        };
        if let Some(number) = number(stem)
            && (temporary || !live.contains(&number))
        {
            found.push(entry.path());
        }
    }
    found.sort();
    Ok(found)
}

/// The number in a segment's file name, if it is one that [`path`] gives.
fn number(name: &str) -> Option<i64> {
    let digits = name.strip_suffix(EXTENSION)?;
    let number: i64 = digits.parse().ok()?;
    (number > 0 && format!("{number:08}") == digits).then_some(number)
}

/// Deletes leftovers. A file that cannot be deleted (open elsewhere on
/// Windows, say) is harmless and is tried again by the next writer.
pub(super) fn sweep(registry: &Path, live: &[i64]) -> Result<(), RegistryError> {
    let orphans = orphans(registry, live).map_err(|source| RegistryError::Io {
        path: registry.join(FOLDER),
        action: "list the folder",
        source,
    })?;
    for orphan in orphans {
        let _ = fs::remove_file(orphan);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_our_own_are_leftovers() {
        let folder = tempfile::tempdir().unwrap();
        let segments = folder.path().join(FOLDER);
        fs::create_dir(&segments).unwrap();
        for name in [
            "00000001.seg",
            "00000002.seg",
            "00000002.seg.tmp",
            "3.seg",
            "notes.txt",
            "x.seg",
            "-0000001.seg",
            "123456789.seg",
        ] {
            fs::write(segments.join(name), "").unwrap();
        }
        let names = |paths: Vec<PathBuf>| -> Vec<String> {
            paths.iter().map(|path| path.file_name().unwrap().to_str().unwrap().to_owned()).collect()
        };
        assert_eq!(
            names(orphans(folder.path(), &[2]).unwrap()),
            ["00000001.seg", "00000002.seg.tmp", "123456789.seg"]
        );
        sweep(folder.path(), &[2]).unwrap();
        assert_eq!(orphans(folder.path(), &[2]).unwrap(), Vec::<PathBuf>::new());
        assert!(segments.join("notes.txt").exists() && segments.join("00000002.seg").exists());
    }
}
