//! Reading a segment.

use std::fs::File;
use std::ops::Range;
use std::path::{Path, PathBuf};

use memmap2::Mmap;

use crate::params::{PITCH_UNITS_PER_SEMITONE, Params};
use crate::peaks::Peak;
use crate::units::RecordingKey;

use super::format::{FORMAT_VERSION, Header, HeaderError, RECORDING_BYTES, RecordingEntry, Section};
use super::postings::Postings;
use super::writer::{SegmentEntry, encode_segment};
use super::{IndexError, mmap, varint};

/// An open, memory-mapped segment.
pub struct Segment {
    path: PathBuf,
    map: Mmap,
    header: Header,
    recordings: Vec<RecordingEntry>,
    seconds: f64,
}

/// A recording of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IndexedRecording {
    /// Its key in the registry.
    pub key: RecordingKey,
    /// Its length in STFT frames.
    pub frames: u32,
    /// Where it starts on the segment's time axis.
    pub first_slot: u32,
}

/// What a triplet's posting carries besides its slot: the pitch of the first
/// peak in quarter semitones (low byte) and the span in steps of 1/24 octave
/// from one tick (high byte). With them a hit tells pitch shift and time scale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TripletExtra(pub u16);

impl TripletExtra {
    pub(super) const BYTES: usize = 2;
    const PITCH_STEP: u16 = PITCH_UNITS_PER_SEMITONE as u16 / 4;
    const SPAN_STEPS_PER_OCTAVE: f64 = 24.0;

    /// Packs a pitch (in pitch units) and a span (in ticks).
    pub fn new(pitch: u16, span: u32) -> Self {
        let pitch = (pitch / Self::PITCH_STEP).min(255);
        let steps = f64::from(span.max(1)).log2() * Self::SPAN_STEPS_PER_OCTAVE;
        TripletExtra(pitch | (steps.round().min(255.0) as u16) << 8)
    }

    /// Pitch of the first peak in pitch units (the middle of its step).
    pub fn pitch(self) -> f64 {
        f64::from((self.0 & 0xff) * Self::PITCH_STEP) + f64::from(Self::PITCH_STEP - 1) / 2.0
    }

    /// log2 of the span in ticks.
    pub fn log2_span(self) -> f64 {
        f64::from(self.0 >> 8) / Self::SPAN_STEPS_PER_OCTAVE
    }
}

impl Segment {
    /// Maps a segment and checks its header and recording table (not the
    /// bodies of its lists; that is [`Segment::verify`]'s work).
    ///
    /// # Errors
    /// If it is no segment, of another version, damaged, or made with other
    /// parameters than `params`.
    pub fn open(path: &Path, params: &Params) -> Result<Segment, IndexError> {
        let io = |source| IndexError::Io { path: path.to_path_buf(), source };
        let file = File::open(path).map_err(io)?;
        Self::from_map(path, mmap::map(&file).map_err(io)?, params)
    }

    /// A segment that is in no file, for one search. Its
    /// [`path`](Segment::path) is a name only.
    ///
    /// # Errors
    /// Those of [`write_segment`](super::write_segment).
    pub fn in_memory(params: &Params, entries: &[SegmentEntry<'_>]) -> Result<Segment, IndexError> {
        let path = Path::new("(memory)");
        let (bytes, _) = encode_segment(params, entries)?;
        let map = mmap::hold(&bytes).map_err(|source| IndexError::Io { path: path.to_path_buf(), source })?;
        Self::from_map(path, map, params)
    }

    fn from_map(path: &Path, map: Mmap, params: &Params) -> Result<Segment, IndexError> {
        let damaged = |what: &str| IndexError::Damaged { path: path.to_path_buf(), what: what.to_string() };
        let header = Header::decode(&map).map_err(|e| match e {
            HeaderError::Magic => IndexError::NotASegment { path: path.to_path_buf() },
            HeaderError::Version(found) => {
                IndexError::Version { path: path.to_path_buf(), found, expected: FORMAT_VERSION }
            }
            HeaderError::Truncated => damaged("the header is cut off"),
            HeaderError::Checksum => damaged("the header does not fit its checksum"),
        })?;
        for section in Section::ALL {
            let extent = header.section(section);
            let end = extent.offset.checked_add(extent.length);
            if end.is_none_or(|end| end > map.len() as u64) {
                return Err(damaged(&format!("the {} is cut off", section.name())));
            }
        }
        let mut segment =
            Segment { path: path.to_path_buf(), map, header, recordings: Vec::new(), seconds: 0.0 };
        if segment.header.params_id != params.id() {
            let stored: Params = serde_json::from_slice(segment.bytes(Section::Params))
                .map_err(|_| damaged("its parameters cannot be read"))?;
            let fields = params.differences(&stored);
            return Err(IndexError::Params { path: path.to_path_buf(), fields });
        }
        segment.check(Section::Recordings)?;
        let entries = segment.bytes(Section::Recordings).chunks_exact(RECORDING_BYTES);
        let recordings: Vec<RecordingEntry> = entries.filter_map(RecordingEntry::decode).collect();
        if recordings.len() != segment.header.recordings as usize
            || !recordings.is_sorted_by_key(|r| r.first_slot)
        {
            return Err(damaged("the recording table contradicts the header"));
        }
        let frames: f64 = recordings.iter().map(|r| f64::from(r.frames)).sum();
        segment.seconds = frames * f64::from(params.hop_samples) / f64::from(params.rate_hz);
        segment.recordings = recordings;
        Ok(segment)
    }

    /// Seconds of audio in it.
    pub fn seconds(&self) -> f64 {
        self.seconds
    }

    /// Its file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Number of recordings; they are addressed by `0 .. recordings()`.
    pub fn recordings(&self) -> usize {
        self.recordings.len()
    }

    /// A recording by its place in the segment.
    pub fn recording(&self, ordinal: usize) -> IndexedRecording {
        let entry = &self.recordings[ordinal];
        IndexedRecording { key: RecordingKey(entry.key), frames: entry.frames, first_slot: entry.first_slot }
    }

    /// The recording that covers a slot.
    pub fn recording_at(&self, slot: u32) -> Option<usize> {
        self.recordings.partition_point(|r| r.first_slot <= slot).checked_sub(1)
    }

    /// Length of the time axis in slots.
    pub fn slots(&self) -> u32 {
        self.header.slots
    }

    /// The sparse constellation of a recording, in order of time. Damaged bytes
    /// end it early.
    pub fn peaks(&self, ordinal: usize) -> Vec<Peak> {
        let mut bytes = self.peak_bytes(&self.recordings[ordinal]).unwrap_or(&[]);
        let mut peaks = Vec::with_capacity(bytes.len() / 3);
        let mut tick = 0_u32;
        while let Some(step) = varint::read(&mut bytes) {
            let Some((packed, rest)) = bytes.split_first_chunk::<2>() else { break };
            bytes = rest;
            tick = tick.saturating_add(step);
            let packed = u16::from_le_bytes(*packed);
            let strength = ((packed >> 10) << 2) as u8;
            peaks.push(Peak { tick, pitch: packed & 1023, strength });
        }
        peaks
    }

    /// Calls `sink(slot)` for every posting of a pair hash.
    pub fn pairs(&self, hash: u32, mut sink: impl FnMut(u32)) {
        let postings = Postings {
            table: self.bytes(Section::PairTable),
            lists: self.bytes(Section::PairLists),
            bits: u32::from(self.header.pair_bucket_bits.min(31)),
            extra: 0,
        };
        postings.for_each(hash, |slot, _| sink(slot));
    }

    /// Calls `sink(slot, extra)` for every posting of a triplet hash.
    pub fn triplets(&self, hash: u32, mut sink: impl FnMut(u32, TripletExtra)) {
        let postings = Postings {
            table: self.bytes(Section::TripletTable),
            lists: self.bytes(Section::TripletLists),
            bits: u32::from(self.header.triplet_bucket_bits.min(31)),
            extra: TripletExtra::BYTES,
        };
        postings.for_each(hash, |slot, extra| sink(slot, TripletExtra(extra)));
    }

    /// Reads every byte and compares all checksums.
    ///
    /// # Errors
    /// [`IndexError::Damaged`], naming the section, and the recording where the
    /// damage lies in the peaks of one.
    pub fn verify(&self) -> Result<(), IndexError> {
        for entry in &self.recordings {
            let fits = self.peak_bytes(entry).is_some_and(|bytes| crc32fast::hash(bytes) == entry.peaks_crc);
            if !fits {
                return Err(IndexError::Damaged {
                    path: self.path.clone(),
                    what: format!("the peaks of recording {} do not fit", entry.key),
                });
            }
        }
        Section::ALL.into_iter().try_for_each(|section| self.check(section))
    }

    /// Keys of all recordings.
    pub fn keys(&self) -> impl Iterator<Item = RecordingKey> {
        self.recordings.iter().map(|r| RecordingKey(r.key))
    }

    fn check(&self, section: Section) -> Result<(), IndexError> {
        if crc32fast::hash(self.bytes(section)) == self.header.section(section).crc {
            return Ok(());
        }
        Err(IndexError::Damaged {
            path: self.path.clone(),
            what: format!("the {} does not fit its checksum", section.name()),
        })
    }

    fn bytes(&self, section: Section) -> &[u8] {
        let extent = self.header.section(section);
        let range: Range<usize> = extent.offset as usize..(extent.offset + extent.length) as usize;
        // `open` compared every extent with the length of the file.
        self.map.get(range).unwrap_or(&[])
    }

    fn peak_bytes(&self, entry: &RecordingEntry) -> Option<&[u8]> {
        let start = usize::try_from(entry.peaks_offset).ok()?;
        self.bytes(Section::Peaks).get(start..start.checked_add(entry.peaks_length as usize)?)
    }
}
