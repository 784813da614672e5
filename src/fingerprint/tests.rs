//! Fingerprint files: what comes back, and what damage does.

use std::io::Cursor;
use std::path::Path;

use super::*;
use crate::audio::{IsrcTag, IsrcTrust, Tags, Unheard, UnheardKind};
use crate::random::Random;

fn info(duration_s: f64) -> AudioInfo {
    AudioInfo {
        container: "wave".to_owned(),
        codec: "pcm_s16le".to_owned(),
        sample_rate_hz: 44_100,
        channels: 2,
        duration_s,
        filled_s: 0.1 + 0.2,
        packets: 17,
        packets_skipped: 1,
        truncated: true,
        claimed_s: Some(0.1 + 0.7),
        unheard: vec![Unheard {
            kind: UnheardKind::Track,
            seconds: None,
            detail: "track 2".to_owned(),
            channel: None,
        }],
        audio_hash: [0xab; 32],
    }
}

fn about(path: &str) -> About {
    About {
        path: path.to_owned(),
        path_bytes: None,
        file: None,
        columns: Vec::new(),
        tags: Ok(Tags::default()),
    }
}

/// Entries with and without each part.
fn entries() -> Vec<Entry> {
    let params = Params::default();
    let mut random = Random::new(8);
    let tags = Tags {
        isrcs: vec![IsrcTag { isrc: "QZHB12500001".parse().expect("an ISRC"), trust: IsrcTrust::Untrusted }],
        title: Some("Ünïcode \u{1f3b5}".to_owned()),
        licences: vec!["all rights reserved".to_owned()],
        ..Tags::default()
    };
    let columns = vec![("url".to_owned(), "https://x.example".into()), ("n".to_owned(), 1.5.into())];
    let peaks = random.constellation(900, 4 * 800, params.max_pitch());
    vec![
        Entry {
            about: About {
                file: Some(FileHash { bytes: u64::MAX, sha256: [7; 32] }),
                columns,
                tags: Ok(tags),
                ..about("a/b.mp3")
            },
            // A length that shorter digits do not give back.
            sound: Ok((Fingerprint { peaks, frames: 800 }.into(), info(17.066_666_666_666_666))),
        },
        Entry { sound: Err("not a known audio container".to_owned()), ..silent("bad.mp3") },
        Entry { about: About { tags: Err("no".to_owned()), ..about("") }, ..silent("") },
        silent("silence.wav"),
    ]
}

fn silent(path: &str) -> Entry {
    Entry { about: about(path), sound: Ok((Fingerprint { peaks: Vec::new(), frames: 40 }.into(), info(1.0))) }
}

fn file(entries: &[Entry]) -> Vec<u8> {
    let params = Params::default();
    let mut writer = FingerprintWriter::new(Vec::new(), &params).expect("memory");
    for entry in entries {
        writer.write(&entry.encode(&params).expect("an entry")).expect("memory");
    }
    writer.finish().expect("memory")
}

fn open(bytes: &[u8]) -> Result<FingerprintReader<Cursor<Vec<u8>>>, FileError> {
    FingerprintReader::new(Cursor::new(bytes.to_vec()), Path::new("x.efp"), &Params::default())
}

/// The entries that can be read, and the errors.
fn read(bytes: &[u8]) -> (Vec<Entry>, Vec<FileError>) {
    let (mut entries, mut errors) = (Vec::new(), Vec::new());
    match open(bytes) {
        Err(error) => errors.push(error),
        Ok(reader) => {
            for entry in reader {
                match entry {
                    Ok(stored) => {
                        if let Ok(entry) = stored.decode(&Params::default(), &Limits::default()) {
                            entries.push(entry);
                        }
                    }
                    Err(error) => errors.push(error),
                }
            }
        }
    }
    (entries, errors)
}

#[test]
fn entries_come_back() {
    for count in 0..=4 {
        let written = &entries()[..count];
        let bytes = file(written);
        assert_eq!(open(&bytes).expect("a file").announced(), Some(count as u64));
        let (found, errors) = read(&bytes);
        assert!(errors.is_empty(), "{errors:?}");
        assert_eq!(found, written);
        assert_eq!(bytes, file(written), "the same bytes every time");
    }
}

#[test]
fn a_file_that_is_cut_off_gives_what_is_before_the_cut() {
    let written = entries();
    let bytes = file(&written);
    let header = file(&[]).len() - format::END_BYTES;
    let mut most = 0;
    for length in 0..bytes.len() {
        let (found, errors) = read(&bytes[..length]);
        assert_eq!(found, written[..found.len()], "cut at {length}");
        assert!(found.len() >= most, "an entry less at {length}");
        most = found.len();
        assert_eq!(errors.len(), 1, "cut at {length}");
        if length >= header {
            assert!(matches!(errors[0], FileError::CutOff { entries, .. } if entries == most as u64));
            assert_eq!(open(&bytes[..length]).expect("a header").announced(), None);
        }
    }
    assert_eq!(most, written.len());
}

#[test]
fn no_flipped_bit_goes_unnoticed_and_most_cost_one_entry() {
    let written = entries();
    let bytes = file(&written);
    let mut one_lost = 0;
    for bit in (0..8 * bytes.len()).step_by(3) {
        let mut damaged = bytes.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        let (found, errors) = read(&damaged);
        assert!(!errors.is_empty(), "bit {bit} flipped unnoticed");
        assert!(found.iter().all(|entry| written.contains(entry)), "bit {bit} gave another entry");
        // The damaged entry, and at last that the file does not fit its hash.
        one_lost += usize::from(found.len() + 1 == written.len() && errors.len() == 2);
    }
    assert!(one_lost > bytes.len(), "{one_lost}");
}

#[test]
fn nonsense_does_not_panic_and_takes_no_memory() {
    let mut random = Random::new(9);
    let bytes = file(&entries());
    for _ in 0..3000 {
        let mut damaged = bytes.clone();
        for _ in 0..1 + random.below(4) {
            let at = random.below(bytes.len() as u64) as usize;
            match random.below(3) {
                0 => damaged[at] = random.next() as u8,
                1 => damaged.truncate(at.max(1)),
                _ => {
                    damaged.splice(at.min(damaged.len())..at.min(damaged.len()), [0xff; 5]);
                }
            }
            damaged.resize(damaged.len().max(bytes.len()), 0);
        }
        read(&damaged);
    }
    // An entry that claims four gigabytes and has none, its checksum right.
    let mut claims = file(&[]);
    claims.truncate(claims.len() - format::END_BYTES);
    let start = claims.len();
    claims.extend(format::ENTRY);
    claims.extend(2_u32.to_le_bytes());
    claims.extend(u32::MAX.to_le_bytes());
    let crc = crc32fast::hash(&claims[start..]);
    claims.extend(crc.to_le_bytes());
    claims.extend(b"{}");
    assert!(matches!(read(&claims).1[..], [FileError::CutOff { entries: 0, .. }]));
}

#[test]
fn what_is_no_such_file_is_refused_with_the_reason() {
    let bytes = file(&entries());
    let refused = |bytes: &[u8]| open(bytes).err().map(|error| error.to_string()).unwrap_or_default();
    assert_eq!(refused(b""), "x.efp is no earmark fingerprint file");
    assert_eq!(refused(b"RIFF\0\0\0\0WAVE"), "x.efp is no earmark fingerprint file");
    let mut newer = bytes.clone();
    newer[8] = 9;
    assert!(refused(&newer).starts_with("x.efp has fingerprint format 9, this earmark reads 1: "));
    let other = Params { hop_samples: 300, slot_frames: 5, ..Params::default() };
    let made =
        FingerprintWriter::new(Vec::new(), &other).and_then(FingerprintWriter::finish).expect("memory");
    assert_eq!(
        refused(&made),
        "x.efp was made with other fingerprint parameters (hop_samples: 256 here, 300 there; \
         slot_frames: 4 here, 5 there): make it again from the audio"
    );
    let mut longer = bytes;
    longer.push(0);
    assert!(matches!(read(&longer), (found, errors) if found.len() == 4 && errors.len() == 1));
}

#[test]
fn an_entry_that_lies_is_refused_by_name() {
    let params = Params::default();
    let limits = Limits { max_duration_s: 60.0, ..Limits::default() };
    let decoded = |entry: &Entry| {
        let bytes = file(std::slice::from_ref(entry));
        let stored = open(&bytes).expect("a file").next().expect("an entry").expect("its checksum fits");
        stored.decode(&params, &limits)
    };
    let of = |frames, duration_s| Entry {
        sound: Ok((Fingerprint { peaks: Vec::new(), frames }.into(), info(duration_s))),
        ..silent("x")
    };
    assert!(decoded(&of(2812, 60.0)).is_ok());
    for (frames, duration_s) in [(u32::MAX, 1.0), (40, 61.0), (40, -1.0)] {
        let error = decoded(&of(frames, duration_s)).expect_err("too long").to_string();
        assert!(error.contains("the limit is 60 s"), "{error}");
    }
}

/// However often the settled peaks are taken, all of them are the peaks of the
/// whole.
#[test]
fn settled_peaks_are_those_of_the_whole() {
    let params = Params::default();
    let mut random = Random::new(3);
    let samples: Vec<f32> = (0..12_000 * 9).map(|_| random.unit() as f32 - 0.5).collect();
    let mut whole = Fingerprinter::new(&params);
    whole.push(&samples);
    let whole = whole.finish();
    for size in [1_000, 7_777, 200_000] {
        let mut fingerprinter = Fingerprinter::new(&params);
        let (mut taken, mut frames) = (Vec::new(), 0);
        let mut take = |settled: Settled| {
            assert!(settled.frames >= frames);
            let origin = settled.origin_frame as u32 * 4;
            taken.extend(settled.peaks.iter().map(|p| Peak { tick: p.tick + origin, ..*p }));
            frames = settled.frames;
        };
        for block in samples.chunks(size) {
            fingerprinter.push(block);
            take(fingerprinter.settled());
        }
        take(fingerprinter.finish_settled());
        assert_eq!((taken, frames), (whole.peaks.clone(), u64::from(whole.frames)), "{size} at a time");
    }
}
