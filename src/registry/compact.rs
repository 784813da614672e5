//! Merging segments.

use std::sync::{Arc, PoisonError};

use roaring::RoaringBitmap;
use rusqlite::{Transaction, params};
use serde::Serialize;

use crate::index::{Segment, merge_segments};

use super::schema::database_error;
use super::segment_check::SegmentRow;
use super::tiers::{self, Size};
use super::{Place, Registry, RegistryError, data_version, read, segments};

/// What merging did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Compaction {
    /// Segments before.
    pub segments_before: u64,
    /// Segments after.
    pub segments_after: u64,
    /// Size of the segments and of the database before, in bytes.
    pub bytes_before: u64,
    /// The same after.
    pub bytes_after: u64,
    /// Removed recordings whose fingerprints were still stored before and are no
    /// longer.
    pub dropped: u64,
}

impl Registry {
    /// Merges what has become due: eight segments of similar length into one, and
    /// a segment of which more than a quarter is removed into a smaller one, until
    /// nothing is due. To be called after [`add`](Self::add), which makes a segment
    /// each time; searching costs a little for each segment. No recording is
    /// rewritten more often than the logarithm of their number.
    ///
    /// What is searched, what is found and the content hash stay as they are; the
    /// generation rises by one for each merged segment. Readers go on with the
    /// files they have open. The process may be killed at any instant. `go_on` is
    /// asked before each merging.
    ///
    /// # Errors
    /// [`RegistryError::Unmergeable`] when an input is damaged,
    /// [`RegistryError::Segment`] when a segment cannot be opened, and those of
    /// writing. What was merged before stays.
    pub fn merge_tiers(&mut self, mut go_on: impl FnMut() -> bool) -> Result<(), RegistryError> {
        loop {
            let due = tiers::due(&self.sizes()?);
            if due.is_empty() || !go_on() {
                return Ok(());
            }
            self.merge(&due, |_| ())?;
        }
    }

    /// Merges all segments into one (several where one cannot address them all:
    /// about ten years of audio) and returns all space that removed recordings
    /// took, in the database too. In all else as [`merge_tiers`](Self::merge_tiers).
    ///
    /// `progress` is called with the bytes done and the bytes to do; every byte
    /// counts once for being checked and once for being merged.
    ///
    /// # Errors
    /// Those of [`merge_tiers`](Self::merge_tiers).
    pub fn compact(&mut self, mut progress: impl FnMut(u64, u64)) -> Result<Compaction, RegistryError> {
        if self.writer.is_none() {
            return Err(RegistryError::ReadOnly { path: self.folder.clone() });
        }
        let before = self.usage()?;
        let groups = tiers::all(&self.sizes()?);
        let (mut done, total) = (0, 2 * self.bytes_of(groups.iter().flatten())?);
        for group in &groups {
            self.merge(group, |bytes| {
                done += bytes;
                progress(done, total);
            })?;
        }
        self.vacuum()?;
        let after = self.usage()?;
        Ok(Compaction {
            segments_before: before.segments,
            segments_after: after.segments,
            bytes_before: before.bytes,
            bytes_after: after.bytes,
            dropped: before.removed - after.removed.min(before.removed),
        })
    }

    /// Merges some segments in one commit; `done` is told the bytes worked off.
    fn merge(&mut self, numbers: &[i64], mut done: impl FnMut(u64)) -> Result<(), RegistryError> {
        self.commit(|transaction, place| {
            let mut inputs = Vec::with_capacity(numbers.len());
            let (mut removed, mut bytes) = (RoaringBitmap::new(), 0);
            for number in numbers {
                let row = SegmentRow::read(transaction, place.database, *number)?;
                inputs.push(checked(&row, place)?);
                removed |= row.tombstones;
                bytes += row.bytes;
                done(row.bytes);
            }
            let number = transaction
                .query_row("SELECT next_segment FROM registry", [], |row| row.get(0))
                .map_err(database_error(place.database, "read"))?;
            let inputs: Vec<&Segment> = inputs.iter().map(Arc::as_ref).collect();
            let written = segments::write(place.folder, number, |path| {
                merge_segments(path, place.params, &inputs, &removed)
            })?;
            segments::enter(transaction, place, number, &written)?;
            let moved =
                replace(transaction, numbers, number).map_err(database_error(place.database, "write to"))?;
            if moved != u64::from(written.recordings) {
                let what = format!("{moved} recordings moved to a segment with {}", written.recordings);
                return Err(place.corrupt(what));
            }
            done(bytes);
            Ok(((), true))
        })?;
        self.sweep()
    }

    /// What decides about merging each segment.
    fn sizes(&self) -> Result<Vec<Size>, RegistryError> {
        let connection = self.connection();
        let live = read::live_segments(&connection)
            .map_err(database_error(&self.database, "read the segments of"))?;
        let mut sizes = Vec::with_capacity(live.len());
        for number in live {
            let removed = read::tombstones_of(&connection, number, &self.database)?.len();
            let path = segments::path(&self.folder, number);
            let segment = Segment::open(&path, &self.params)
                .map_err(|source| RegistryError::Segment { path, source })?;
            let Some(first) = segment.keys().next() else { continue };
            let recordings = segment.recordings() as u64;
            sizes.push(Size { number, first_key: first.0, slots: segment.slots(), recordings, removed });
        }
        Ok(sizes)
    }

    fn bytes_of<'a>(&self, numbers: impl Iterator<Item = &'a i64>) -> Result<u64, RegistryError> {
        let connection = self.connection();
        let bytes = |number: &i64| {
            connection.query_row("SELECT bytes FROM segment WHERE number = ?1", [number], |row| {
                row.get::<_, i64>(0).map(i64::unsigned_abs)
            })
        };
        numbers.map(bytes).sum::<rusqlite::Result<_>>().map_err(database_error(&self.database, "read"))
    }

    fn usage(&self) -> Result<Usage, RegistryError> {
        let connection = self.connection();
        let database = database_error(&self.database, "read");
        let number =
            |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0)).map(i64::unsigned_abs);
        let live = read::live_segments(&connection).map_err(database)?;
        let mut removed = 0;
        for number in &live {
            removed += read::tombstones_of(&connection, *number, &self.database)?.len();
        }
        let sizes = "SELECT coalesce(sum(bytes), 0) FROM segment";
        let pages = "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size";
        let bytes = number(sizes).and_then(|segments| Ok(segments + number(pages)?)).map_err(database)?;
        Ok(Usage { segments: live.len() as u64, bytes, removed })
    }

    /// Returns the database's free pages, which removed rows left, in a transaction
    /// of SQLite's own. It changes nothing that is read, so the generation stays.
    fn vacuum(&mut self) -> Result<(), RegistryError> {
        let connection = self.connection.get_mut().unwrap_or_else(PoisonError::into_inner);
        let run = || -> rusqlite::Result<i64> {
            let free: i64 = connection.pragma_query_value(None, "freelist_count", |row| row.get(0))?;
            // Nobody waits for the checkpoint: the last connection to close does it.
            if free > 0 {
                connection.execute_batch("VACUUM")?;
            }
            data_version(connection)
        };
        let seen = run().map_err(database_error(&self.database, "return the free space of"))?;
        if let Some(writing) = &mut self.writer {
            writing.seen = seen;
        }
        Ok(())
    }
}

/// How much there is.
struct Usage {
    segments: u64,
    bytes: u64,
    removed: u64,
}

/// A segment to be merged, whole and the one that was registered: what merging
/// writes is vouched for by a new hash.
fn checked(row: &SegmentRow, place: &Place<'_>) -> Result<Arc<Segment>, RegistryError> {
    let path = segments::path(place.folder, row.number);
    row.checked(&path, place.params, None)
        .map_err(|fault| RegistryError::Unmergeable { path, what: fault.what })
}

/// Puts a segment in the place of others; the number of its recordings.
fn replace(transaction: &Transaction<'_>, old: &[i64], new: i64) -> rusqlite::Result<u64> {
    let mut moved = 0;
    for old in old {
        moved += transaction
            .prepare_cached("UPDATE recording SET segment = ?2 WHERE segment = ?1")?
            .execute(params![old, new])? as u64;
        transaction.prepare_cached("DELETE FROM segment WHERE number = ?1")?.execute([old])?;
    }
    Ok(moved)
}
