//! Segments: round trip, refusal, damage.

use std::fs;

use crate::fingerprint::Fingerprint;
use crate::landmarks::TripletSpace;
use crate::params::Params;
use crate::peaks::sparse;
use crate::random::Random;
use crate::units::RecordingKey;

use super::{FORMAT_VERSION, IndexError, Segment, SegmentEntry, merge_segments, write_segment};

fn fingerprints(params: &Params) -> Vec<Fingerprint> {
    let mut random = Random::new(8);
    [900_u64, 0, 40, 3000]
        .iter()
        .map(|&frames| Fingerprint {
            peaks: if frames == 0 {
                Vec::new()
            } else {
                random.constellation(2 * frames as usize, 4 * frames, params.max_pitch())
            },
            frames: frames as u32,
        })
        .collect()
}

fn write(path: &std::path::Path, params: &Params) -> Vec<Fingerprint> {
    let fingerprints = fingerprints(params);
    let entries: Vec<SegmentEntry<'_>> = fingerprints
        .iter()
        .zip(5..)
        .map(|(fingerprint, key)| SegmentEntry { recording: RecordingKey(key), fingerprint })
        .collect();
    write_segment(path, params, &entries).unwrap();
    fingerprints
}

#[test]
fn what_was_written_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.seg");
    let params = Params::default();
    let fingerprints = write(&path, &params);
    let segment = Segment::open(&path, &params).unwrap();
    segment.verify().unwrap();
    assert_eq!(segment.recordings(), 4);
    let frames: u32 = fingerprints.iter().map(|f| f.frames).sum();
    assert!((segment.seconds() - f64::from(frames) * 256.0 / 12_000.0).abs() < 1e-9);
    for (ordinal, fingerprint) in fingerprints.iter().enumerate() {
        let recording = segment.recording(ordinal);
        assert_eq!(recording.key, RecordingKey(ordinal as u32 + 5));
        assert_eq!(recording.frames, fingerprint.frames);
        let stored = segment.peaks(ordinal);
        let wanted = sparse(&fingerprint.peaks, &params);
        assert_eq!(stored.len(), wanted.len());
        for (a, b) in stored.iter().zip(&wanted) {
            assert_eq!((a.tick, a.pitch, a.strength), (b.tick, b.pitch, 0));
        }
        assert_eq!(segment.recording_at(recording.first_slot), Some(ordinal));
    }
    // The same entries give the same bytes.
    let again = folder.path().join("b.seg");
    write(&again, &params);
    assert_eq!(fs::read(&path).unwrap(), fs::read(&again).unwrap());
}

#[test]
fn other_parameters_versions_and_files_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.seg");
    let params = Params::default();
    write(&path, &params);
    let other = Params { hop_samples: 128, slot_frames: 8, ..Params::default() };
    let Err(IndexError::Params { fields, .. }) = Segment::open(&path, &other) else {
        panic!("other parameters were accepted");
    };
    assert_eq!(fields, ["hop_samples: 128 here, 256 there", "slot_frames: 8 here, 4 there"]);

    let mut bytes = fs::read(&path).unwrap();
    bytes[8] += 1;
    fs::write(&path, &bytes).unwrap();
    assert!(matches!(
        Segment::open(&path, &params),
        Err(IndexError::Version { found, expected: FORMAT_VERSION, .. }) if found == FORMAT_VERSION + 1
    ));
    fs::write(&path, b"RIFF and so on").unwrap();
    assert!(matches!(Segment::open(&path, &params), Err(IndexError::NotASegment { .. })));
    fs::write(&path, b"").unwrap();
    assert!(Segment::open(&path, &params).is_err());
}

#[test]
fn every_damaged_byte_is_found_and_none_is_fatal() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.seg");
    let params = Params::default();
    write(&path, &params);
    let bytes = fs::read(&path).unwrap();
    let mut random = Random::new(5);
    let copy = folder.path().join("b.seg");
    for _ in 0..300 {
        let mut damaged = bytes.clone();
        let at = random.below(bytes.len() as u64) as usize;
        damaged[at] ^= 1 << random.below(8);
        fs::write(&copy, &damaged).unwrap();
        if let Ok(segment) = Segment::open(&copy, &params) {
            assert!(segment.verify().is_err(), "a flipped bit at byte {at} went unnoticed");
            // Reading it anyway must not panic.
            for ordinal in 0..segment.recordings() {
                segment.peaks(ordinal);
            }
            let mut read = 0_u64;
            segment.triplets(0..TripletSpace::new(&params).size(), |_, _, _| read += 1);
            assert!(read <= 8 * bytes.len() as u64);
        }
    }
    for _ in 0..50 {
        let length = random.below(bytes.len() as u64) as usize;
        fs::write(&copy, &bytes[..length]).unwrap();
        let complete = Segment::open(&copy, &params).is_ok_and(|s| s.verify().is_ok());
        assert!(!complete, "a segment cut to {length} bytes passed");
    }
}

/// What a header or a table claims, under good checksums, costs no more than what
/// is there.
#[test]
fn sizes_that_lie_cost_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.seg");
    let params = Params::default();
    write(&path, &params);
    let good = fs::read(&path).unwrap();
    let rewrite = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = good.clone();
        change(&mut bytes);
        let end = super::format::HEADER_BYTES - 4;
        let crc = crc32fast::hash(&bytes[..end]).to_le_bytes();
        bytes[end..end + 4].copy_from_slice(&crc);
        Segment::held(&path, &bytes, &params)
    };
    // The number of low bits of a key that do not select its bucket.
    for bits in (0..=255).filter(|bits| *bits != good[12]) {
        let opened = rewrite(&|bytes| bytes[12] = bits);
        assert!(matches!(opened, Err(IndexError::Damaged { .. })), "{bits} bits");
    }
    // The frames of the first recording.
    let table = u64::from_le_bytes(good[60..68].try_into().unwrap()) as usize;
    let long = rewrite(&|bytes| bytes[table + 4..table + 8].fill(0xff)).unwrap();
    assert_eq!(long.recording(0).frames, u32::MAX);
    let merged = Segment::merged_in_memory(&params, &[&long], &Default::default()).unwrap();
    assert!(merged.slots() < 1_000_000, "{} slots", merged.slots());
}

/// Merging gives the bytes of building together, however the recordings were split
/// and whatever was removed on the way.
#[test]
fn merging_is_building_together() {
    let folder = tempfile::tempdir().unwrap();
    let params = Params::default();
    let mut random = Random::new(21);
    let fingerprints: Vec<Fingerprint> = [700_u32, 0, 30, 2500, 5000, 64]
        .iter()
        .map(|&frames| {
            let ticks = u64::from(4 * frames).max(1);
            let peaks = random.constellation(3 * frames as usize, ticks, params.max_pitch());
            Fingerprint { peaks, frames }
        })
        .collect();
    let write = |name: &str, which: &[usize]| {
        let path = folder.path().join(name);
        let entry = |&i: &usize| SegmentEntry {
            recording: RecordingKey(100 + i as u32),
            fingerprint: &fingerprints[i],
        };
        let entries: Vec<SegmentEntry<'_>> = which.iter().map(entry).collect();
        write_segment(&path, &params, &entries).unwrap();
        path
    };
    let open = |path: &std::path::Path| Segment::open(path, &params).unwrap();
    for (parts, removed, kept) in [
        (vec![vec![0, 1, 2], vec![3, 4, 5]], vec![], vec![0, 1, 2, 3, 4, 5]),
        (vec![vec![0], vec![1], vec![2, 3], vec![4], vec![5]], vec![], vec![0, 1, 2, 3, 4, 5]),
        (vec![vec![0, 1, 2], vec![3, 4, 5]], vec![0, 3, 5], vec![1, 2, 4]),
        (vec![vec![4, 3, 0]], vec![3], vec![4, 0]),
        (vec![vec![4, 3], vec![0]], vec![3, 4], vec![0]),
        (vec![vec![1, 2]], vec![1, 2], vec![]),
    ] {
        let paths: Vec<_> = parts.iter().enumerate().map(|(i, p)| write(&format!("{i}.seg"), p)).collect();
        let inputs: Vec<Segment> = paths.iter().map(|path| open(path)).collect();
        let removed = removed.iter().map(|i| 100 + i).collect();
        let merged = folder.path().join("merged.seg");
        let summary = merge_segments(&merged, &params, &inputs.iter().collect::<Vec<_>>(), &removed).unwrap();
        let together = write("together.seg", &kept);
        assert!(fs::read(&merged).unwrap() == fs::read(&together).unwrap(), "{parts:?} without {removed:?}");
        assert_eq!(summary.bytes, fs::metadata(&merged).unwrap().len());
        open(&merged).verify().unwrap();
    }
}

#[test]
fn damage_is_not_merged() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.seg");
    let params = Params::default();
    write(&path, &params);
    let mut bytes = fs::read(&path).unwrap();
    let last = bytes.len() - 9;
    bytes[last] ^= 1;
    fs::write(&path, &bytes).unwrap();
    let segment = Segment::open(&path, &params).unwrap();
    let merged = merge_segments(&folder.path().join("b.seg"), &params, &[&segment], &Default::default());
    assert!(matches!(merged, Err(IndexError::Damaged { path: damaged, .. }) if damaged == path));
}
