//! Writing a segment.

use std::fs::File;
use std::io::{BufWriter, Seek, SeekFrom, Write};
use std::path::Path;

use crate::fingerprint::Fingerprint;
use crate::landmarks::TripletSpace;
use crate::params::{Params, TICKS_PER_FRAME};
use crate::peaks::{sparse, strongest_per_block};
use crate::units::RecordingKey;

use super::format::{Extent, HEADER_BYTES, Header, RecordingEntry, Section};
use super::postings::{ListWriter, Posting};
use super::{IndexError, constellation};

/// A recording to be written.
#[derive(Clone, Copy, Debug)]
pub struct SegmentEntry<'a> {
    /// Its key in the registry.
    pub recording: RecordingKey,
    /// Its dense constellation, from which all that is stored is derived.
    pub fingerprint: &'a Fingerprint,
}

/// What was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SegmentSummary {
    /// Size of the file.
    pub bytes: u64,
    /// Recordings in it.
    pub recordings: u32,
    /// STFT frames of all recordings.
    pub frames: u64,
    /// Postings of triplet landmarks.
    pub triplets: u64,
}

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
    to_file(path, |file| encode_segment(path, file, params, entries))
}

/// Creates a file, lets it be filled and syncs it.
pub(super) fn to_file(
    path: &Path,
    fill: impl FnOnce(&mut BufWriter<File>) -> Result<SegmentSummary, IndexError>,
) -> Result<SegmentSummary, IndexError> {
    let io = |source| IndexError::Io { path: path.to_path_buf(), source };
    let mut file = BufWriter::with_capacity(1 << 20, crate::files::create(path).map_err(io)?);
    let summary = fill(&mut file)?;
    let file = file.into_inner().map_err(|e| io(e.into_error()))?;
    file.sync_all().map_err(io)?;
    Ok(summary)
}

/// Writes a segment to `out`, which errors call `path`.
pub(super) fn encode_segment(
    path: &Path,
    out: &mut (impl Write + Seek),
    params: &Params,
    entries: &[SegmentEntry<'_>],
) -> Result<SegmentSummary, IndexError> {
    let space = TripletSpace::new(params);
    let slot_ticks = params.slot_frames * TICKS_PER_FRAME;
    let pitch_bits = constellation::pitch_bits(params);
    let mut layout = Layout::new(params);
    let mut peaks = Vec::new();
    let mut postings = Vec::new();
    for entry in entries {
        let Fingerprint { frames, peaks: dense } = entry.fingerprint;
        let stored = sparse(dense, params);
        let start = peaks.len();
        constellation::encode(&stored, *frames, pitch_bits, &mut peaks)
            .ok_or(IndexError::TooLarge { what: "peaks in one stretch" })?;
        let slot = layout.add(entry.recording.0, *frames, &peaks[start..])?;
        let few = strongest_per_block(&stored, params.triplet_peaks_per_block, params);
        space.for_each(&few, 1.0, |t| {
            postings.push(Posting::new(space.landmark(t), slot + t.0.tick / slot_ticks));
        });
    }
    postings.sort_unstable();
    let mut rest = postings.iter().copied().peekable();
    let mut file = SegmentFile::start(path, out, params)?;
    file.section(Section::Recordings, &layout.table)?;
    file.section(Section::Peaks, &peaks)?;
    file.lists(params, layout.slots, |end, bucket| {
        while let Some(posting) = rest.next_if(|p| p.key < end) {
            bucket.push(posting);
        }
    })?;
    file.finish(&layout, params)
}

/// Empty slots between two recordings on the time axis.
const GAP_SLOTS: u32 = 8;

/// Where the recordings of a segment lie.
pub(super) struct Layout {
    /// The recording table.
    pub table: Vec<u8>,
    /// Length of the time axis.
    pub slots: u32,
    slot_frames: u32,
    peak_bytes: u64,
    recordings: u32,
    frames: u64,
}

impl Layout {
    pub fn new(params: &Params) -> Self {
        Layout {
            table: Vec::new(),
            slots: 0,
            slot_frames: params.slot_frames,
            peak_bytes: 0,
            recordings: 0,
            frames: 0,
        }
    }

    /// Appends a recording with its coded peaks; the slot it starts at.
    pub fn add(&mut self, key: u32, frames: u32, peaks: &[u8]) -> Result<u32, IndexError> {
        let first_slot = self.slots;
        let entry = RecordingEntry {
            key,
            frames,
            first_slot,
            peaks_offset: self.peak_bytes,
            peaks_length: u32::try_from(peaks.len())
                .map_err(|_| IndexError::TooLarge { what: "peaks of one recording" })?,
            peaks_crc: crc32fast::hash(peaks),
        };
        entry.encode(&mut self.table);
        self.peak_bytes += peaks.len() as u64;
        self.recordings += 1;
        self.frames += u64::from(frames);
        let length = frames / self.slot_frames + GAP_SLOTS;
        self.slots = first_slot.checked_add(length).ok_or(IndexError::TooLarge { what: "time axis" })?;
        Ok(first_slot)
    }
}

/// A segment in the making: sections are appended, the header comes last.
pub(super) struct SegmentFile<'a, W> {
    path: &'a Path,
    out: W,
    at: u64,
    extents: [Extent; Section::ALL.len()],
    bucket_bits: u32,
    triplets: u64,
}

impl<'a, W: Write + Seek> SegmentFile<'a, W> {
    /// Leaves room for the header and writes the parameters.
    pub fn start(path: &'a Path, out: W, params: &Params) -> Result<Self, IndexError> {
        let mut file =
            SegmentFile { path, out, at: 0, extents: Default::default(), bucket_bits: 0, triplets: 0 };
        file.write(&[0; HEADER_BYTES])?;
        file.section(Section::Params, params.to_json().as_bytes())?;
        Ok(file)
    }

    /// Writes a whole section.
    pub fn section(&mut self, section: Section, bytes: &[u8]) -> Result<(), IndexError> {
        self.sections(section, std::iter::once(bytes))
    }

    /// Writes a section that comes in pieces.
    pub fn sections<'b>(
        &mut self,
        section: Section,
        pieces: impl Iterator<Item = &'b [u8]>,
    ) -> Result<(), IndexError> {
        let offset = self.at;
        let mut hasher = crc32fast::Hasher::new();
        for piece in pieces {
            hasher.update(piece);
            self.write(piece)?;
        }
        let length = self.at - offset;
        self.extents[section as usize] = Extent { offset, length, crc: hasher.finalize() };
        Ok(())
    }

    /// Writes the posting lists and their table. `fill(end, bucket)` adds the
    /// postings with keys below `end` that it was not asked for before.
    pub fn lists(
        &mut self,
        params: &Params,
        slots: u32,
        mut fill: impl FnMut(u32, &mut Vec<Posting>),
    ) -> Result<(), IndexError> {
        let mut writer = ListWriter::new(TripletSpace::new(params).size(), slots);
        self.bucket_bits = writer.bits();
        let offset = self.at;
        let mut hasher = crc32fast::Hasher::new();
        let (mut bucket, mut bytes) = (Vec::new(), Vec::new());
        for number in 0..writer.buckets() {
            bucket.clear();
            fill(writer.end_of(number), &mut bucket);
            self.triplets += bucket.len() as u64;
            writer.push(number, &mut bucket, &mut bytes);
            if bytes.len() >= 1 << 16 {
                hasher.update(&bytes);
                self.write(&bytes)?;
                bytes.clear();
            }
        }
        let table = writer.finish(&mut bytes);
        hasher.update(&bytes);
        self.write(&bytes)?;
        let length = self.at - offset;
        self.extents[Section::Lists as usize] = Extent { offset, length, crc: hasher.finalize() };
        self.section(Section::Table, &table)
    }

    /// Writes the header.
    pub fn finish(mut self, layout: &Layout, params: &Params) -> Result<SegmentSummary, IndexError> {
        let header = Header {
            bucket_bits: self.bucket_bits as u8,
            params_id: params.id(),
            recordings: layout.recordings,
            slots: layout.slots,
            frames: layout.frames,
            sections: self.extents,
        };
        let bytes = self.at;
        let io = |source| IndexError::Io { path: self.path.to_path_buf(), source };
        self.out.seek(SeekFrom::Start(0)).map_err(io)?;
        self.out.write_all(&header.encode()).map_err(io)?;
        self.out.flush().map_err(io)?;
        Ok(SegmentSummary {
            bytes,
            recordings: layout.recordings,
            frames: layout.frames,
            triplets: self.triplets,
        })
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), IndexError> {
        self.out
            .write_all(bytes)
            .map_err(|source| IndexError::Io { path: self.path.to_path_buf(), source })?;
        self.at += bytes.len() as u64;
        Ok(())
    }
}
