//! Reading a segment.

use std::fs::{self, File};
use std::io::Cursor;
use std::ops::Range;
use std::path::{Path, PathBuf};

use memmap2::Mmap;
use roaring::RoaringBitmap;

use crate::landmarks::TripletSpace;
use crate::params::Params;
use crate::peaks::Peak;
use crate::units::RecordingKey;

use super::format::{FORMAT_VERSION, Header, HeaderError, RECORDING_BYTES, RecordingEntry, Section};
use super::merge::encode_merged;
use super::postings::{Posting, Postings, table_bytes};
use super::writer::{SegmentEntry, encode_segment};
use super::{IndexError, constellation, mmap};

/// An open, memory-mapped segment.
///
/// Opening reads the header only, whatever the size of the file.
pub struct Segment {
    path: PathBuf,
    map: Mmap,
    header: Header,
    pitch_bits: u32,
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

impl Segment {
    /// Maps a segment and checks its header. What is in the sections is
    /// [`Segment::verify`]'s work.
    ///
    /// # Errors
    /// If it is no segment, of another version, damaged, or made with other
    /// parameters than `params`.
    pub fn open(path: &Path, params: &Params) -> Result<Segment, IndexError> {
        let io = |source| IndexError::Io { path: path.to_path_buf(), source };
        // Opening a pipe would wait until somebody writes into it.
        if !fs::metadata(path).map_err(io)?.is_file() {
            return Err(IndexError::NotASegment { path: path.to_path_buf() });
        }
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
        let mut bytes = Cursor::new(Vec::new());
        encode_segment(path, &mut bytes, params, entries)?;
        Self::held(path, bytes.get_ref(), params)
    }

    /// The recordings of several segments, without those in `removed`, as a
    /// segment that is in no file, for one search. What of the inputs is damaged
    /// is damaged in it.
    ///
    /// # Errors
    /// Those of [`write_segment`](super::write_segment).
    pub fn merged_in_memory(
        params: &Params,
        inputs: &[&Segment],
        removed: &RoaringBitmap,
    ) -> Result<Segment, IndexError> {
        let path = Path::new("(memory)");
        let mut bytes = Cursor::new(Vec::new());
        encode_merged(path, &mut bytes, params, inputs, removed)?;
        Self::held(path, bytes.get_ref(), params)
    }

    pub(crate) fn held(path: &Path, bytes: &[u8], params: &Params) -> Result<Segment, IndexError> {
        let map = mmap::hold(bytes).map_err(|source| IndexError::Io { path: path.to_path_buf(), source })?;
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
        if header.section(Section::Recordings).length != u64::from(header.recordings) * RECORDING_BYTES as u64
        {
            return Err(damaged("the recording table contradicts the header"));
        }
        // Searching takes time with the buckets that are claimed, not with those that are there.
        let table = table_bytes(TripletSpace::new(params).size(), u32::from(header.bucket_bits));
        if header.params_id == params.id() && table != Some(header.section(Section::Table).length) {
            return Err(damaged("the table of the posting lists contradicts the header"));
        }
        let seconds = header.frames as f64 * f64::from(params.hop_samples) / f64::from(params.rate_hz);
        let pitch_bits = constellation::pitch_bits(params);
        let segment = Segment { path: path.to_path_buf(), map, header, pitch_bits, seconds };
        if segment.header.params_id != params.id() {
            let stored: Params = serde_json::from_slice(segment.bytes(Section::Params))
                .map_err(|_| damaged("its parameters cannot be read"))?;
            let fields = params.differences(&stored);
            return Err(IndexError::Params { path: path.to_path_buf(), fields });
        }
        Ok(segment)
    }

    /// Seconds of audio in it.
    pub fn seconds(&self) -> f64 {
        self.seconds
    }

    /// Seconds of audio in it without the recordings in `removed`. Reads the table
    /// of recordings only if there are any.
    pub(super) fn live_seconds(&self, removed: &RoaringBitmap) -> f64 {
        if removed.is_empty() || self.header.frames == 0 {
            return self.seconds;
        }
        let entries = (0..self.recordings()).map(|ordinal| self.entry(ordinal));
        let live = entries.filter(|entry| !removed.contains(entry.key)).map(|entry| u64::from(entry.frames));
        self.seconds * live.sum::<u64>() as f64 / self.header.frames as f64
    }

    /// Its file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Size of its file in bytes.
    pub fn file_bytes(&self) -> u64 {
        self.map.len() as u64
    }

    /// BLAKE3 hash of its whole file, all of which is read.
    pub fn file_hash(&self) -> [u8; 32] {
        *blake3::hash(&self.map).as_bytes()
    }

    /// Number of recordings; they are addressed by `0 .. recordings()`.
    pub fn recordings(&self) -> usize {
        self.header.recordings as usize
    }

    /// A recording by its place in the segment, which is below
    /// [`recordings`](Segment::recordings).
    pub fn recording(&self, ordinal: usize) -> IndexedRecording {
        let entry = self.entry(ordinal);
        IndexedRecording { key: RecordingKey(entry.key), frames: entry.frames, first_slot: entry.first_slot }
    }

    pub(super) fn entry(&self, ordinal: usize) -> RecordingEntry {
        let table = self.bytes(Section::Recordings);
        RecordingEntry::decode(&table[RECORDING_BYTES * ordinal..][..RECORDING_BYTES]).unwrap_or_default()
    }

    /// The recording that covers a slot.
    pub fn recording_at(&self, slot: u32) -> Option<usize> {
        let (mut low, mut high) = (0, self.recordings());
        while low < high {
            let middle = low + (high - low) / 2;
            if self.entry(middle).first_slot <= slot { low = middle + 1 } else { high = middle }
        }
        low.checked_sub(1)
    }

    /// Length of the time axis in slots.
    pub fn slots(&self) -> u32 {
        self.header.slots
    }

    /// The sparse constellation of a recording, in order of time. The strength of
    /// peaks is not stored and 0. Damaged bytes end it early.
    pub fn peaks(&self, ordinal: usize) -> Vec<Peak> {
        let mut peaks = Vec::new();
        self.peaks_into(ordinal, 0..u32::MAX, &mut peaks);
        peaks
    }

    /// Replaces `peaks` by those of a recording's ticks, and some before and after:
    /// they are stored in chunks.
    pub fn peaks_into(&self, ordinal: usize, ticks: Range<u32>, peaks: &mut Vec<Peak>) {
        peaks.clear();
        let entry = self.entry(ordinal);
        let bytes = self.peak_bytes(&entry).unwrap_or(&[]);
        constellation::decode(bytes, entry.frames, self.pitch_bits, ticks, peaks);
    }

    /// Calls `sink(key, slot, span)` for every posting of a range of
    /// [keys](crate::landmarks::TripletSpace::keys), in order.
    #[inline]
    pub fn triplets(&self, keys: Range<u32>, mut sink: impl FnMut(u32, u32, u8)) {
        self.postings().for_each(keys, |Posting { key, slot, span }| sink(key, slot, span));
    }

    /// Reads a little of where the postings of a range of keys start; see
    /// [`Index::prefetch`](super::Index::prefetch).
    #[inline]
    pub(super) fn touch(&self, keys: &Range<u32>) -> u8 {
        self.postings().touch(keys)
    }

    /// About how many postings a range of keys has, in 256ths.
    #[inline]
    pub fn estimate(&self, keys: Range<u32>) -> u64 {
        self.postings().estimate(keys)
    }

    pub(super) fn postings(&self) -> Postings<'_> {
        Postings {
            table: self.bytes(Section::Table),
            lists: self.bytes(Section::Lists),
            bits: u32::from(self.header.bucket_bits.min(31)),
            slots: self.header.slots.max(1),
        }
    }

    /// Reads every byte and compares all checksums.
    ///
    /// # Errors
    /// [`IndexError::Damaged`], naming the section, and the recordings where the
    /// damage lies in the peaks of some.
    pub fn verify(&self) -> Result<(), IndexError> {
        // The recording table comes before the peaks, which are found with its help.
        for section in Section::ALL {
            match self.check(section) {
                Err(_) if section == Section::Peaks => return Err(self.damaged_peaks()),
                checked => checked?,
            }
        }
        Ok(())
    }

    fn damaged_peaks(&self) -> IndexError {
        let keys: Vec<String> = self.damaged_recordings().iter().map(|key| key.0.to_string()).collect();
        self.damaged(format!("the peaks of the recordings {} do not fit", keys.join(", ")))
    }

    /// Keys of the recordings whose peaks do not fit their checksum; all of them
    /// where the recording table is damaged.
    pub fn damaged_recordings(&self) -> Vec<RecordingKey> {
        let table_fits = self.check(Section::Recordings).is_ok();
        let fits = |entry: &RecordingEntry| {
            table_fits && self.peak_bytes(entry).map(crc32fast::hash) == Some(entry.peaks_crc)
        };
        let entries = (0..self.recordings()).map(|ordinal| self.entry(ordinal));
        entries.filter(|entry| !fits(entry)).map(|entry| RecordingKey(entry.key)).collect()
    }

    /// Keys of all recordings.
    pub fn keys(&self) -> impl Iterator<Item = RecordingKey> {
        (0..self.recordings()).map(|ordinal| RecordingKey(self.entry(ordinal).key))
    }

    fn check(&self, section: Section) -> Result<(), IndexError> {
        if crc32fast::hash(self.bytes(section)) == self.header.section(section).crc {
            return Ok(());
        }
        Err(self.damaged(format!("the {} does not fit its checksum", section.name())))
    }

    fn damaged(&self, what: String) -> IndexError {
        IndexError::Damaged { path: self.path.clone(), what }
    }

    fn bytes(&self, section: Section) -> &[u8] {
        let extent = self.header.section(section);
        let range: Range<usize> = extent.offset as usize..(extent.offset + extent.length) as usize;
        // `open` compared every extent with the length of the file.
        self.map.get(range).unwrap_or(&[])
    }

    pub(super) fn peak_bytes(&self, entry: &RecordingEntry) -> Option<&[u8]> {
        let start = usize::try_from(entry.peaks_offset).ok()?;
        self.bytes(Section::Peaks).get(start..start.checked_add(entry.peaks_length as usize)?)
    }
}
