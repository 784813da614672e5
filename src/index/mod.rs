//! The index: write-once segments that hold landmarks and sparse
//! constellations, and the set of live ones.
//!
//! A segment lays its recordings one after the other on one time axis of slots
//! ([`crate::params::Params::slot_frames`] each). Posting lists name slots; the
//! stored constellations give back the exact times. FORMAT.md describes the
//! bytes.

mod constellation;
mod format;
mod merge;
mod mmap;
mod postings;
mod presence;
mod segment;
#[cfg(test)]
mod tests;
mod writer;

use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use presence::Presence;
use roaring::RoaringBitmap;

pub use format::{FORMAT_VERSION, MAGIC};
pub use merge::merge_segments;
pub use segment::{IndexedRecording, Segment};
pub use writer::{SegmentEntry, SegmentSummary, write_segment};

use crate::error_kind::ErrorKind;
#[cfg(test)]
use crate::fingerprint::Fingerprint;
use crate::landmarks::TripletSpace;
use crate::params::Params;
use crate::peaks::Peak;
use crate::units::RecordingKey;

/// Why a segment cannot be written or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IndexError {
    /// The file system failed.
    #[error("{path}: {source}")]
    Io {
        /// The segment.
        path: PathBuf,
        /// What went wrong.
        source: std::io::Error,
    },
    /// The file does not start like a segment.
    #[error("{path} is not an earmark segment")]
    NotASegment {
        /// The file.
        path: PathBuf,
    },
    /// The file has a format this version does not read.
    #[error(
        "{path} has segment format {found}, this earmark reads {expected}; \
         use the earmark that wrote it, or register the audio again"
    )]
    Version {
        /// The segment.
        path: PathBuf,
        /// Its format version.
        found: u32,
        /// The version this code reads.
        expected: u32,
    },
    /// The segment was made with other parameters.
    #[error(
        "{path} was made with other fingerprint parameters ({}); \
         open it with the registry it belongs to, or register the audio again",
        fields.join("; ")
    )]
    Params {
        /// The segment.
        path: PathBuf,
        /// The fields that differ, with both values.
        fields: Vec<String>,
    },
    /// The bytes contradict themselves or a checksum.
    #[error("{path} is damaged: {what}; restore it from a copy, or register its recordings again")]
    Damaged {
        /// The segment.
        path: PathBuf,
        /// Where and how.
        what: String,
    },
    /// More audio than one segment can address.
    #[error("too much audio for one segment ({what}); register in smaller batches")]
    TooLarge {
        /// What overflowed.
        what: &'static str,
    },
}

impl IndexError {
    /// What sort of thing went wrong.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Io { source, .. } => ErrorKind::of_io(source),
            Self::NotASegment { .. } => ErrorKind::WrongType,
            Self::Version { .. } | Self::Params { .. } => ErrorKind::OtherVersion,
            Self::Damaged { .. } => ErrorKind::Damaged,
            Self::TooLarge { .. } => ErrorKind::TooLarge,
        }
    }

    /// Whether there is no such file.
    pub(crate) fn is_missing(&self) -> bool {
        matches!(self, Self::Io { source, .. } if source.kind() == std::io::ErrorKind::NotFound)
    }
}

/// The live segments of a registry at one moment. A clone is the same index and costs
/// as much as that of an [`Arc`].
#[derive(Clone, Default)]
pub struct Index(Arc<Parts>);

#[derive(Default)]
struct Parts {
    segments: Vec<Arc<Segment>>,
    /// Where each segment starts on the common time axis, and where the last ends.
    first_slots: Vec<u64>,
    removed: RoaringBitmap,
    seconds: f64,
    /// Of an index that [`Index::only`] made.
    held: Option<Held>,
}

/// What of one segment is kept decoded.
struct Held {
    presence: Presence,
    /// The peaks of its recordings.
    peaks: Vec<Vec<Peak>>,
}

/// A recording of an index: its segment, and its place there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordingRef {
    /// Number of the segment.
    pub segment: u32,
    /// Number of the recording in the segment.
    pub ordinal: u32,
}

impl Index {
    /// An index over segments, without the recordings in `removed`.
    pub fn new(segments: Vec<Arc<Segment>>, removed: RoaringBitmap) -> Self {
        Self::of_parts(segments, removed, None)
    }

    fn of_parts(segments: Vec<Arc<Segment>>, removed: RoaringBitmap, held: Option<Held>) -> Self {
        let mut first_slots = vec![0];
        for segment in &segments {
            first_slots.push(first_slots.last().copied().unwrap_or(0) + u64::from(segment.slots()));
        }
        let seconds = segments.iter().map(|s| s.live_seconds(&removed)).sum();
        Index(Arc::new(Parts { segments, first_slots, removed, seconds, held }))
    }

    /// An index of the live recordings that `keep` takes, in memory of its own: a
    /// search in it costs what they cost, not what lies beside them. It takes 8 MB,
    /// and another 1.5 MB for every hour of them.
    ///
    /// # Errors
    /// [`IndexError::TooLarge`] and failures to get memory.
    pub fn only(&self, keep: impl Fn(RecordingKey) -> bool, params: &Params) -> Result<Index, IndexError> {
        let mut left_out = self.0.removed.clone();
        let mut sources = Vec::new();
        for segment in &self.0.segments {
            let taken = |key: RecordingKey| keep(key) && !self.is_removed(key);
            if segment.keys().any(taken) {
                left_out.extend(segment.keys().filter(|key| !taken(*key)).map(|key| key.0));
                sources.push(segment.as_ref());
            }
        }
        if sources.is_empty() {
            return Ok(Index::default());
        }
        let segment = Segment::merged_in_memory(params, &sources, &left_out)?;
        let held = Held {
            presence: Presence::of(&segment, TripletSpace::new(params).size()),
            peaks: (0..segment.recordings()).map(|ordinal| segment.peaks(ordinal)).collect(),
        };
        Ok(Self::of_parts(vec![Arc::new(segment)], RoaringBitmap::new(), Some(held)))
    }

    /// An index of these recordings, whose keys count from 0, in memory.
    #[cfg(test)]
    pub(crate) fn of(params: &Params, recordings: &[Fingerprint]) -> Index {
        let entry = |(fingerprint, key)| SegmentEntry { recording: RecordingKey(key), fingerprint };
        let entries: Vec<SegmentEntry<'_>> = recordings.iter().zip(0..).map(entry).collect();
        let segment = Segment::in_memory(params, &entries).unwrap();
        Index::new(vec![Arc::new(segment)], RoaringBitmap::new())
    }

    /// The segments, in order.
    pub fn segments(&self) -> &[Arc<Segment>] {
        &self.0.segments
    }

    /// Whether a recording was removed.
    pub fn is_removed(&self, recording: RecordingKey) -> bool {
        self.0.removed.contains(recording.0)
    }

    /// Seconds of registered audio, without removed recordings.
    pub fn seconds(&self) -> f64 {
        self.0.seconds
    }

    /// All recordings, removed ones included.
    pub fn recordings(&self) -> impl Iterator<Item = RecordingRef> {
        (0..).zip(&self.0.segments).flat_map(|(segment, s)| {
            (0..s.recordings() as u32).map(move |ordinal| RecordingRef { segment, ordinal })
        })
    }

    /// What the index knows of a recording.
    pub fn recording(&self, at: RecordingRef) -> IndexedRecording {
        self.0.segments[at.segment as usize].recording(at.ordinal as usize)
    }

    /// See [`Segment::peaks`].
    pub fn peaks(&self, at: RecordingRef) -> Vec<Peak> {
        self.0.segments[at.segment as usize].peaks(at.ordinal as usize)
    }

    /// See [`Segment::peaks_into`].
    pub fn peaks_into(&self, at: RecordingRef, ticks: Range<u32>, peaks: &mut Vec<Peak>) {
        if let Some(all) = self.0.held.as_ref().and_then(|held| held.peaks.get(at.ordinal as usize)) {
            let place = |tick| all.partition_point(|peak| peak.tick < tick);
            peaks.clear();
            peaks.extend_from_slice(&all[place(ticks.start)..place(ticks.end.max(ticks.start))]);
            return;
        }
        self.0.segments[at.segment as usize].peaks_into(at.ordinal as usize, ticks, peaks);
    }

    /// Where a recording starts on the time axis all segments share, in slots.
    pub fn first_slot(&self, at: RecordingRef) -> u64 {
        self.0.first_slots[at.segment as usize] + u64::from(self.recording(at).first_slot)
    }

    /// The recording that covers a slot of the common time axis.
    pub fn recording_at(&self, slot: u64) -> Option<RecordingRef> {
        let segment = self.0.first_slots.partition_point(|first| *first <= slot).checked_sub(1)?;
        let within = u32::try_from(slot - self.0.first_slots[segment]).ok()?;
        let ordinal = self.0.segments.get(segment)?.recording_at(within)?;
        Some(RecordingRef { segment: segment as u32, ordinal: ordinal as u32 })
    }

    /// Calls `sink(key, slot, span)` for every posting of a range of
    /// [keys](crate::landmarks::TripletSpace::keys); slots are those of the common
    /// time axis.
    #[inline]
    pub fn triplets(&self, keys: Range<u32>, mut sink: impl FnMut(u32, u64, u8)) {
        for (segment, first) in self.0.segments.iter().zip(&self.0.first_slots) {
            segment.triplets(keys.clone(), |key, slot, span| sink(key, first + u64::from(slot), span));
        }
    }

    /// Makes ready what [`triplets`](Index::triplets) will read of some ranges: the
    /// processor waits for memory once for all of them, as no load depends on
    /// another, where reading list after list it would wait for each.
    pub fn prefetch<'a>(&self, ranges: impl Iterator<Item = &'a Range<u32>> + Clone) {
        for segment in &self.0.segments {
            let sum = ranges.clone().fold(0, |sum, keys| sum ^ segment.touch(keys));
            std::hint::black_box(sum);
        }
    }

    /// Whether a range of keys may have postings. Where it is false there are none;
    /// only an index that [`only`](Index::only) made knows of many.
    #[inline]
    pub fn may_list(&self, keys: &Range<u32>) -> bool {
        self.0.held.as_ref().is_none_or(|held| held.presence.any(keys))
    }

    /// About how many postings a range of keys has; at least 1.
    #[inline]
    pub fn estimate(&self, keys: Range<u32>) -> u64 {
        self.0.segments.iter().map(|s| s.estimate(keys.clone())).sum::<u64>() / 256 + 1
    }
}
