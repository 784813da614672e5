//! Writing a segment.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use crate::fingerprint::Fingerprint;
use crate::landmarks::pairs::PairSpace;
use crate::landmarks::triplets::TripletSpace;
use crate::params::{Params, TICKS_PER_FRAME};
use crate::peaks::{Peak, sparse, strongest_per_block};
use crate::units::RecordingKey;

use super::IndexError;
use super::format::{Extent, HEADER_BYTES, Header, RecordingEntry, Section};
use super::postings::{Posting, bucket_bits, encode};
use super::segment::TripletExtra;
use super::varint;

/// A recording to be written.
#[derive(Clone, Copy, Debug)]
pub struct SegmentEntry<'a> {
    /// Its key in the registry.
    pub recording: RecordingKey,
    /// Its dense constellation, from which all that is stored is derived.
    pub fingerprint: &'a Fingerprint,
}

/// What was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SegmentSummary {
    /// Size of the file.
    pub bytes: u64,
    /// Recordings in it.
    pub recordings: u32,
    /// STFT frames of all recordings.
    pub frames: u64,
    /// Stored peaks.
    pub peaks: u64,
    /// Postings of pair landmarks.
    pub pairs: u64,
    /// Postings of triplet landmarks.
    pub triplets: u64,
}

/// Empty slots between two recordings on the time axis.
const GAP_SLOTS: u32 = 8;

/// Writes a segment to `path` and syncs the file. Entries are stored in the
/// order given; the same entries give the same bytes.
///
/// The caller writes under a temporary name, renames and syncs the folder.
///
/// # Errors
/// [`IndexError::Io`], and [`IndexError::TooLarge`] for more than about ten
/// years of audio.
pub fn write_segment(
    path: &Path,
    params: &Params,
    entries: &[SegmentEntry<'_>],
) -> Result<SegmentSummary, IndexError> {
    let (bytes, summary) = encode_segment(params, entries)?;
    let io = |source| IndexError::Io { path: path.to_path_buf(), source };
    let mut file = File::create(path).map_err(io)?;
    file.write_all(&bytes).map_err(io)?;
    file.sync_all().map_err(io)?;
    Ok(summary)
}

pub(super) fn encode_segment(
    params: &Params,
    entries: &[SegmentEntry<'_>],
) -> Result<(Vec<u8>, SegmentSummary), IndexError> {
    let too_large = |what| IndexError::TooLarge { what };
    let pair_space = PairSpace::new(params);
    let triplet_space = TripletSpace::new(params);
    let slot_ticks = params.slot_frames * TICKS_PER_FRAME;

    let mut recordings = Vec::new();
    let mut peaks = Vec::new();
    let mut pairs = Vec::new();
    let mut triplets = Vec::new();
    let mut slots = 0_u32;
    let mut frames = 0_u64;
    let mut stored_peaks = 0;
    for entry in entries {
        let stored = sparse(&entry.fingerprint.peaks, params);
        let offset = peaks.len();
        encode_peaks(&stored, &mut peaks);
        RecordingEntry {
            key: entry.recording.0,
            frames: entry.fingerprint.frames,
            first_slot: slots,
            peaks_offset: offset as u64,
            peaks_length: u32::try_from(peaks.len() - offset)
                .map_err(|_| too_large("peaks of one recording"))?,
            peaks_crc: crc32fast::hash(&peaks[offset..]),
        }
        .encode(&mut recordings);
        stored_peaks += stored.len() as u64;

        let few = strongest_per_block(&stored, params.pair_peaks_per_block, params);
        pair_space.for_each(&few, |a, b| {
            pairs.push(Posting { hash: pair_space.hash(a, b), slot: slots + a.tick / slot_ticks, extra: 0 });
        });
        let few = strongest_per_block(&stored, params.triplet_peaks_per_block, params);
        triplet_space.for_each(&few, 1.0, |t| {
            triplets.push(Posting {
                hash: triplet_space.hash(t),
                slot: slots + t.0.tick / slot_ticks,
                extra: TripletExtra::new(t.0.pitch, t.span()).0,
            });
        });
        let length = entry.fingerprint.frames / params.slot_frames + GAP_SLOTS;
        slots = slots.checked_add(length).ok_or(too_large("time axis"))?;
        frames += u64::from(entry.fingerprint.frames);
    }
    pairs.sort_unstable();
    triplets.sort_unstable();
    let pair_bits = bucket_bits(pair_space.size(), pairs.len());
    let triplet_bits = bucket_bits(triplet_space.size(), triplets.len());
    let (pair_table, pair_lists) =
        encode(&pairs, pair_space.size(), pair_bits, 0).ok_or(too_large("pair landmarks"))?;
    let (triplet_table, triplet_lists) =
        encode(&triplets, triplet_space.size(), triplet_bits, TripletExtra::BYTES)
            .ok_or(too_large("triplet landmarks"))?;

    let json = params.to_json().into_bytes();
    let sections = [json, recordings, peaks, pair_table, pair_lists, triplet_table, triplet_lists];
    let mut extents = [Extent::default(); Section::ALL.len()];
    let mut offset = HEADER_BYTES as u64;
    for (extent, bytes) in extents.iter_mut().zip(&sections) {
        *extent = Extent { offset, length: bytes.len() as u64, crc: crc32fast::hash(bytes) };
        offset += bytes.len() as u64;
    }
    let header = Header {
        pair_bucket_bits: pair_bits as u8,
        triplet_bucket_bits: triplet_bits as u8,
        params_id: params.id(),
        recordings: entries.len() as u32,
        slots,
        sections: extents,
    };
    let mut bytes = header.encode();
    for section in &sections {
        bytes.extend_from_slice(section);
    }
    let summary = SegmentSummary {
        bytes: bytes.len() as u64,
        recordings: entries.len() as u32,
        frames,
        peaks: stored_peaks,
        pairs: pairs.len() as u64,
        triplets: triplets.len() as u64,
    };
    Ok((bytes, summary))
}

/// Each peak: the difference of its tick to the one before (varint), then
/// strength * 1024 + pitch in two bytes (the strength in 1/4 of its range).
fn encode_peaks(peaks: &[Peak], out: &mut Vec<u8>) {
    let mut last = 0;
    for peak in peaks {
        varint::write(out, peak.tick - last);
        let packed = u16::from(peak.strength >> 2) << 10 | peak.pitch.min(1023);
        out.extend_from_slice(&packed.to_le_bytes());
        last = peak.tick;
    }
}
