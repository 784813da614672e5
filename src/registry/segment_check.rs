//! Whether a segment file is the one that the database knows, and whole.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;

use roaring::RoaringBitmap;
use rusqlite::Connection;

use crate::index::{IndexError, Segment};
use crate::params::Params;

use super::schema::database_error;
use super::{RegistryError, read, segments};

/// Up to which size a segment is hashed on every opening: a few milliseconds.
const SMALL_BYTES: u64 = 8 << 20;

/// What the database says about a segment.
pub(super) struct SegmentRow {
    /// Its number.
    pub(super) number: i64,
    /// Size of its file.
    pub(super) bytes: u64,
    /// Recordings in it, removed ones included.
    pub(super) recordings: u64,
    /// Hash of its file.
    pub(super) hash: [u8; 32],
    /// Keys of the recordings registered with it.
    pub(super) registered: RoaringBitmap,
    /// Keys of those removed from it.
    pub(super) tombstones: RoaringBitmap,
}

/// What is wrong with a segment's file.
pub(super) struct Fault {
    pub(super) what: String,
    /// Keys of the recordings whose peaks are damaged, where damage was found in the
    /// peaks of some alone; else none, and the whole segment is concerned.
    pub(super) peaks_of: RoaringBitmap,
}

impl From<String> for Fault {
    fn from(what: String) -> Self {
        Self { what, peaks_of: RoaringBitmap::new() }
    }
}

impl SegmentRow {
    /// Reads what the database says.
    pub(super) fn read(connection: &Connection, database: &Path, number: i64) -> Result<Self, RegistryError> {
        let read = || -> rusqlite::Result<(i64, i64, [u8; 32], RoaringBitmap)> {
            let (bytes, recordings, hash) = connection.query_row(
                "SELECT bytes, recordings, hash FROM segment WHERE number = ?1",
                [number],
                |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
            )?;
            let mut statement = connection.prepare_cached("SELECT key FROM recording WHERE segment = ?1")?;
            let keys = statement.query_map([number], |row| row.get::<_, u32>(0))?;
            Ok((bytes, recordings, hash, keys.collect::<rusqlite::Result<_>>()?))
        };
        let (bytes, recordings, hash, registered) =
            read().map_err(database_error(database, "read the segments of"))?;
        let tombstones = read::tombstones_of(connection, number, database)?;
        // A negative number is damage and equals no count.
        let unsigned = |number| u64::try_from(number).unwrap_or(u64::MAX);
        Ok(Self {
            number,
            bytes: unsigned(bytes),
            recordings: unsigned(recordings),
            hash,
            registered,
            tombstones,
        })
    }

    /// The segment when nothing is wrong with its file, else what is. `mapped` is
    /// a segment that a reader has open: it may have lost its name to a later
    /// commit, and its bytes still count.
    pub(super) fn checked(
        &self,
        path: &Path,
        params: &Params,
        mapped: Option<Arc<Segment>>,
    ) -> Result<Arc<Segment>, Fault> {
        let named = mapped.is_none() || path.exists();
        let unreadable =
            |error: io::Error| Fault::from(format!("cannot be read: {error}; restore it from a copy"));
        if named {
            let found = fs::metadata(path).map_err(unreadable)?.len();
            if found != self.bytes {
                let what =
                    format!("has {found} bytes, registered with {}; restore it from a copy", self.bytes);
                return Err(what.into());
            }
        }
        let segment = match mapped {
            Some(segment) => segment,
            None => Arc::new(Segment::open(path, params).map_err(|error| error.to_string())?),
        };
        // Before the file's hash, as its own checksums tell where the damage is.
        segment.verify().map_err(|error| self.fault(&segment, &error))?;
        if named && segments::hash(path).map_err(unreadable)? != self.hash {
            return Err("is not the file that was registered; restore it from a copy".to_owned().into());
        }
        match self.keys_fit(&segment) {
            Err(what) => Err(format!("{what}; restore the folder from a copy").into()),
            Ok(()) => Ok(segment),
        }
    }

    /// That an open segment is the one that was registered, as far as can be told in
    /// milliseconds: its size, its keys, and the hash of all of it where it is small.
    pub(super) fn fits(&self, segment: &Segment) -> Result<(), String> {
        let found = segment.file_bytes();
        if found != self.bytes {
            return Err(format!("it has {found} bytes and was registered with {}", self.bytes));
        }
        self.keys_fit(segment)?;
        if found <= SMALL_BYTES && segment.file_hash() != self.hash {
            return Err("it is not the file that was registered".to_owned());
        }
        Ok(())
    }

    /// That it holds the recordings that are registered with it or removed from it.
    fn keys_fit(&self, segment: &Segment) -> Result<(), String> {
        let keys: RoaringBitmap = segment.keys().map(|key| key.0).collect();
        let counted = self.registered.len() + self.tombstones.len() == self.recordings;
        let all = &self.registered | &self.tombstones;
        if counted && keys == all && all.len() == self.recordings {
            return Ok(());
        }
        Err("it holds other recordings than those registered with it".to_owned())
    }

    /// Where a segment that does not check is damaged.
    fn fault(&self, segment: &Segment, error: &IndexError) -> Fault {
        let damaged = segment.damaged_recordings();
        // All of them are also told of where the recording table is damaged.
        if damaged.is_empty() || damaged.len() == segment.recordings() {
            return error.to_string().into();
        }
        let peaks_of: RoaringBitmap = damaged.iter().map(|key| key.0).collect();
        let removed = match peaks_of.intersection_len(&self.tombstones) {
            0 => String::new(),
            removed => format!(", {removed} of them removed"),
        };
        let what = format!(
            "the peaks of {} of its {} recordings are damaged{removed}; restore it from a copy",
            damaged.len(),
            segment.recordings()
        );
        Fault { what, peaks_of }
    }
}
