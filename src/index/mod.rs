//! The index: write-once segments that hold landmarks and sparse
//! constellations, and the set of live ones.
//!
//! A segment lays its recordings one after the other on one time axis of slots
//! ([`crate::params::Params::slot_frames`] each). Posting lists name slots; the
//! stored constellations give back the exact times. FORMAT.md describes the
//! bytes.

mod format;
mod mmap;
mod postings;
mod segment;
#[cfg(test)]
mod tests;
mod varint;
mod writer;

use std::path::PathBuf;
use std::sync::Arc;

use roaring::RoaringBitmap;

pub use format::{FORMAT_VERSION, MAGIC};
pub use segment::{IndexedRecording, Segment, TripletExtra};
pub use writer::{SegmentEntry, SegmentSummary, write_segment};

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

/// The live segments of a registry at one moment.
#[derive(Clone, Default)]
pub struct Index {
    segments: Vec<Arc<Segment>>,
    removed: RoaringBitmap,
}

impl Index {
    /// An index over segments, without the recordings in `removed`.
    pub fn new(segments: Vec<Arc<Segment>>, removed: RoaringBitmap) -> Self {
        Index { segments, removed }
    }

    /// The segments, in order.
    pub fn segments(&self) -> &[Arc<Segment>] {
        &self.segments
    }

    /// Whether a recording was removed.
    pub fn is_removed(&self, recording: RecordingKey) -> bool {
        self.removed.contains(recording.0)
    }

    /// Seconds of registered audio, removed recordings included.
    pub fn seconds(&self) -> f64 {
        self.segments.iter().map(|s| s.seconds()).sum()
    }
}
