//! Fingerprint files and segments.

use std::io::Cursor;
use std::path::Path;
use std::sync::Arc;

use roaring::RoaringBitmap;

use super::sound::search;
use super::{Dribble, choice, told, told_of};
use crate::audio::Limits;
use crate::fingerprint::{Entry, FingerprintReader, FingerprintWriter};
use crate::index::{Index, Segment, SegmentEntry};
use crate::landmarks::TripletSpace;
use crate::params::Params;
use crate::units::RecordingKey;

/// Entries that are searched and registered here have no more frames: a minute.
const MOST_FRAMES: u32 = 3_000;

/// A fingerprint file: as it is, or one entry with its sums put right.
pub fn fingerprint_file(data: &[u8]) {
    let Some((form, data)) = choice(data) else { return };
    let file = if form % 2 == 0 { data.to_vec() } else { with_sums(data) };
    let (params, path) = (Params::default(), Path::new("x.efp"));
    let whole = FingerprintReader::new(Cursor::new(&file), path, &params);
    let pieces = FingerprintReader::new(Dribble::new(Cursor::new(&file)), path, &params);
    let (whole, pieces) = match (whole, pieces) {
        (Ok(whole), Ok(pieces)) => (whole, pieces),
        (Err(error), Err(other)) => return assert_eq!(error.to_string(), other.to_string()),
        (whole, pieces) => panic!("{} and in pieces {}", whole.is_ok(), pieces.is_ok()),
    };
    assert_eq!(whole.announced(), pieces.announced());
    let mut good = Vec::new();
    for (read, other) in whole.zip(pieces) {
        assert_eq!(format!("{read:?}"), format!("{other:?}"));
        match read {
            Ok(stored) => good.extend(told_of(stored.decode(&params, &Limits::default()))),
            Err(error) => told(&error),
        }
    }
    assert!(good.len() <= file.len());
    // What was read is written, and read again.
    let mut writer = FingerprintWriter::new(Vec::new(), &params).expect("memory");
    for entry in &good {
        writer.write(&entry.encode(&params).expect("what was read")).expect("memory");
    }
    let again = writer.finish().expect("memory");
    let reader = FingerprintReader::new(Cursor::new(again), path, &params).expect("a fingerprint file");
    let again: Vec<Entry> = reader
        .map(|stored| stored.expect("whole").decode(&params, &Limits::default()).expect("good"))
        .collect();
    assert_eq!(again, good);
    for entry in &good {
        if let Ok((sound, _)) = &entry.sound
            && let fingerprint = &sound.mean
            && fingerprint.frames <= MOST_FRAMES
        {
            let entry = SegmentEntry { recording: RecordingKey(1), fingerprint };
            if let Some(segment) = told_of(Segment::in_memory(&params, &[entry])) {
                segment.verify().expect("whole");
                let index = Index::new(vec![Arc::new(segment)], RoaringBitmap::new());
                search(&index, fingerprint);
            }
        }
    }
}

/// A file of one entry: the length of its description in two bytes, that, its peaks.
fn with_sums(data: &[u8]) -> Vec<u8> {
    let mut file = FingerprintWriter::new(Vec::new(), &Params::default())
        .and_then(FingerprintWriter::abandon)
        .expect("memory");
    let Some((length, rest)) = data.split_first_chunk::<2>() else { return file };
    let (description, peaks) = rest.split_at(usize::from(u16::from_le_bytes(*length)).min(rest.len()));
    let mut head = b"ENTR".to_vec();
    head.extend((description.len() as u32).to_le_bytes());
    head.extend((peaks.len() as u32).to_le_bytes());
    head.extend(crc32fast::hash(&head).to_le_bytes());
    file.extend(head);
    file.extend([description, peaks].concat());
    file.extend(crc32fast::hash(&[description, peaks].concat()).to_le_bytes());
    file
}

/// Where the sections of a segment are named (FORMAT.md), and how many they are.
const SECTIONS_AT: usize = 40;
const SECTIONS: usize = 5;
const HEADER_BYTES: usize = SECTIONS_AT + 20 * SECTIONS + 4;

/// A segment: as it is, or with its id and sums put right. What is damaged may be
/// found wrongly or not, and nothing else.
pub fn segment(data: &[u8]) {
    let Some((form, data)) = choice(data) else { return };
    let params = Params::default();
    let mut bytes = data.to_vec();
    let mut is_whole = false;
    if form % 2 == 1 {
        is_whole = put_right(&mut bytes, &params);
    }
    if bytes.is_empty() {
        return;
    }
    let Some(segment) = told_of(Segment::held(Path::new("x.seg"), &bytes, &params)) else { return };
    let verified = told_of(segment.verify()).is_some();
    assert!(verified || !is_whole);
    assert!(segment.damaged_recordings().len() <= segment.recordings());
    let mut peaks = Vec::new();
    for ordinal in (0..segment.recordings()).take(8) {
        let all = segment.peaks(ordinal);
        assert!(all.len() <= bytes.len());
        for start in [0, 5_000, 1 << 24, u32::MAX - 1] {
            segment.peaks_into(ordinal, start..start.saturating_add(9_000), &mut peaks);
            assert!(peaks.len() <= all.len());
        }
    }
    let keys = TripletSpace::new(&params).size();
    let mut postings = 0;
    for start in (0..keys).step_by(keys as usize / 50).chain([keys - 20]) {
        let range = start..(start + 20).min(keys);
        segment.triplets(range.clone(), |key, slot, _| {
            assert!(range.contains(&key) && slot < segment.slots().max(1));
            postings += 1;
        });
        segment.estimate(range);
        segment.recording_at(start);
    }
    assert!(postings <= 51 * 8 * bytes.len());
    let removed: RoaringBitmap = segment.keys().map(|key| key.0).filter(|key| key % 3 == 1).collect();
    let (recordings, hours) = (segment.recordings(), segment.seconds() / 3600.0);
    let segment = Arc::new(segment);
    let index = Index::new(vec![Arc::clone(&segment), segment], removed);
    for at in index.recordings().take(8) {
        let _ = (index.recording(at), index.first_slot(at));
    }
    for slot in [0, 1, 1_000, u64::from(u32::MAX), 1 << 33] {
        let _ = index.recording_at(slot);
    }
    if recordings <= 4 && hours.abs() < 1.0 {
        search(&index, query());
        if form & 0x1e == 2
            && let Some(few) = told_of(index.only(|key| key.0 % 2 == 1, &params))
        {
            search(&few, query());
        }
    }
}

/// Puts the id and all sums right; whether there were all sections.
fn put_right(bytes: &mut [u8], params: &Params) -> bool {
    if bytes.len() < HEADER_BYTES {
        return false;
    }
    bytes[..8].copy_from_slice(&crate::index::MAGIC);
    bytes[8..12].copy_from_slice(&crate::index::FORMAT_VERSION.to_le_bytes());
    bytes[16..24].copy_from_slice(&params.id().0.to_le_bytes());
    let mut whole = true;
    for section in 0..SECTIONS {
        let at = SECTIONS_AT + 20 * section;
        let word = |from: usize| bytes[from..from + 8].iter().rev().fold(0, |n, b| n << 8 | u64::from(*b));
        let range = usize::try_from(word(at))
            .ok()
            .and_then(|from| Some(from..from.checked_add(usize::try_from(word(at + 8)).ok()?)?));
        match range.and_then(|range| bytes.get(range)).map(crc32fast::hash) {
            Some(crc) => bytes[at + 16..at + 20].copy_from_slice(&crc.to_le_bytes()),
            None => whole = false,
        }
    }
    let crc = crc32fast::hash(&bytes[..HEADER_BYTES - 4]);
    bytes[HEADER_BYTES - 4..HEADER_BYTES].copy_from_slice(&crc.to_le_bytes());
    // A section may hold the header, whose sums have changed since.
    let section =
        |n: usize| (SECTIONS_AT + 20 * n..).take(16).map(|at| u64::from(bytes[at])).collect::<Vec<_>>();
    whole && (0..SECTIONS).all(|n| from_le(&section(n)[..8]) >= HEADER_BYTES as u64)
}

fn from_le(bytes: &[u64]) -> u64 {
    bytes.iter().rev().fold(0, |n, byte| n << 8 | byte)
}

/// Six seconds of chance.
fn query() -> &'static crate::fingerprint::Fingerprint {
    use std::sync::OnceLock;
    static QUERY: OnceLock<crate::fingerprint::Fingerprint> = OnceLock::new();
    QUERY.get_or_init(|| {
        let mut state = 7_u32;
        let mut random = move |end: u32| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) % end
        };
        let max_pitch = Params::default().max_pitch();
        let mut peaks: Vec<_> = (0..400)
            .map(|_| crate::peaks::Peak { tick: random(1_100), pitch: random(max_pitch) as u16, strength: 9 })
            .collect();
        peaks.sort_unstable();
        crate::fingerprint::Fingerprint { peaks, frames: 280 }
    })
}
