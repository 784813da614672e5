//! Merging segments into one.

use std::io::{Seek, Write};
use std::path::Path;
use std::vec::IntoIter;

use roaring::RoaringBitmap;

use crate::landmarks::TripletSpace;
use crate::params::Params;

use super::format::{RecordingEntry, Section};
use super::postings::Posting;
use super::writer::{Layout, SegmentFile, SegmentSummary, to_file};
use super::{IndexError, Segment, constellation};

/// Writes one segment with the recordings of several, in order, without those in
/// `removed`, and syncs the file. It is, to the byte, what [`write_segment`]
/// makes of the same recordings; their audio is not needed for it.
///
/// Memory: a few buckets of each input, and 20 bytes a recording.
///
/// [`write_segment`]: super::write_segment
///
/// # Errors
/// Those of [`write_segment`], and [`IndexError::Damaged`] where an input does not
/// fit its checksums: damage is not carried on.
pub fn merge_segments(
    path: &Path,
    params: &Params,
    inputs: &[&Segment],
    removed: &RoaringBitmap,
) -> Result<SegmentSummary, IndexError> {
    for input in inputs {
        input.verify()?;
    }
    to_file(path, |out| encode_merged(path, out, params, inputs, removed))
}

/// Writes what [`merge_segments`] writes to `out`, which errors call `path`.
pub(super) fn encode_merged(
    path: &Path,
    out: &mut (impl Write + Seek),
    params: &Params,
    inputs: &[&Segment],
    removed: &RoaringBitmap,
) -> Result<SegmentSummary, IndexError> {
    let mut layout = Layout::new(params);
    let mut sources = Vec::with_capacity(inputs.len());
    for input in inputs {
        sources.push(Source::new(input, removed, &mut layout, params)?);
    }
    let mut file = SegmentFile::start(path, out, params)?;
    file.section(Section::Recordings, &layout.table)?;
    let kept = sources
        .iter()
        .flat_map(|source| source.kept.iter().filter_map(|kept| source.segment.peak_bytes(&kept.old)));
    file.sections(Section::Peaks, kept)?;
    file.lists(params, layout.slots, |end, bucket| {
        for source in &mut sources {
            source.take_below(end, bucket);
        }
    })?;
    file.finish(&layout, params)
}

/// A recording on its way to the output.
struct Kept {
    old: RecordingEntry,
    /// Where it starts in the output.
    first_slot: u32,
    /// How much of the axis is its own.
    slots: u32,
}

/// The part of an input that is kept.
struct Source<'a> {
    segment: &'a Segment,
    kept: Vec<Kept>,
    keys: u32,
    next_bucket: u32,
    waiting: std::iter::Peekable<IntoIter<Posting>>,
}

impl<'a> Source<'a> {
    fn new(
        segment: &'a Segment,
        removed: &RoaringBitmap,
        layout: &mut Layout,
        params: &Params,
    ) -> Result<Self, IndexError> {
        let mut kept = Vec::new();
        for ordinal in 0..segment.recordings() {
            let old = segment.entry(ordinal);
            if !removed.contains(old.key) {
                let peaks = segment.peak_bytes(&old).unwrap_or(&[]);
                // Of a damaged table, what it claims is not laid out.
                let frames = old.frames.min(constellation::most_frames(peaks.len()));
                let first_slot = layout.add(old.key, frames, peaks)?;
                kept.push(Kept { old, first_slot, slots: layout.slots - first_slot });
            }
        }
        let keys = TripletSpace::new(params).size();
        Ok(Source { segment, kept, keys, next_bucket: 0, waiting: Vec::new().into_iter().peekable() })
    }

    /// Moves the postings below a key to `bucket`.
    fn take_below(&mut self, end: u32, bucket: &mut Vec<Posting>) {
        loop {
            while let Some(posting) = self.waiting.next_if(|p| p.key < end) {
                bucket.push(posting);
            }
            let postings = self.segment.postings();
            let first_key = u64::from(self.next_bucket) << postings.bits;
            if self.waiting.peek().is_some() || first_key >= u64::from(end.min(self.keys)) {
                return;
            }
            let last_key = (first_key + (1 << postings.bits)).min(u64::from(self.keys));
            let mut read = Vec::new();
            postings.for_each(first_key as u32..last_key as u32, |posting| {
                read.extend(self.slot(posting.slot).map(|slot| Posting { slot, ..posting }));
            });
            self.waiting = read.into_iter().peekable();
            self.next_bucket += 1;
        }
    }

    /// Where a slot lies in the output; `None` if its recording was removed.
    fn slot(&self, slot: u32) -> Option<u32> {
        let at = self.kept.partition_point(|kept| kept.old.first_slot <= slot).checked_sub(1)?;
        let kept = &self.kept[at];
        // In a damaged table they are in no order.
        let within = slot.checked_sub(kept.old.first_slot)?;
        (within < kept.slots).then_some(kept.first_slot + within)
    }
}
