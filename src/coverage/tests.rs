//! Long files against what is in them.

use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::ops::Range;

use super::{Sound, listen};
use crate::audio::{AudioError, AudioInfo, Limits, UnheardKind};
use crate::fingerprint::{Fingerprint, Fingerprinter, Fingerprints, fingerprint};
use crate::index::Index;
use crate::matching::{Grade, Match, MatchOptions, Matcher};
use crate::params::Params;
use crate::random::Random;
use crate::units::RecordingKey;

/// Of the songs, in seconds.
const LENGTH_S: usize = 200;

const RATE_HZ: usize = 12_000;

/// Plucked notes that never repeat.
fn song(seed: u64) -> Vec<f32> {
    let mut random = Random::new(seed);
    let mut song = vec![0.0f32; LENGTH_S * RATE_HZ];
    for note in 0..LENGTH_S * 6 {
        let hz = 220.0 * (random.below(36) as f64 / 12.0).exp2();
        let start = note * RATE_HZ / 6;
        for (i, sample) in song[start..].iter_mut().take(RATE_HZ / 2).enumerate() {
            let t = i as f64 / RATE_HZ as f64;
            let partial = |k: f64| (std::f64::consts::TAU * k * hz * t).sin() / k;
            *sample += (0.15 * (-6.0 * t).exp() * (partial(1.0) + partial(2.0) + partial(3.0))) as f32;
        }
    }
    song
}

fn part(song: &[f32], seconds: Range<usize>) -> &[f32] {
    &song[seconds.start * RATE_HZ..seconds.end * RATE_HZ]
}

fn wav(samples: &[f32]) -> Vec<u8> {
    let data: Vec<u8> =
        samples.iter().flat_map(|s| ((s.clamp(-1.0, 1.0) * 32_767.0) as i16).to_le_bytes()).collect();
    let rate = RATE_HZ as u32;
    let mut out = Vec::new();
    out.extend_from_slice(b"RIFF");
    out.extend_from_slice(&(36 + data.len() as u32).to_le_bytes());
    out.extend_from_slice(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    out.extend_from_slice(&rate.to_le_bytes());
    out.extend_from_slice(&(2 * rate).to_le_bytes());
    out.extend_from_slice(b"\x02\0\x10\0data");
    out.extend_from_slice(&(data.len() as u32).to_le_bytes());
    out.extend_from_slice(&data);
    out
}

struct Library {
    params: Params,
    index: Index,
    a: Vec<f32>,
    b: Vec<f32>,
}

impl Library {
    /// Registers two songs.
    fn new() -> Self {
        let params = Params::default();
        let songs = [song(1), song(2)];
        let fingerprints = songs.each_ref().map(|song| {
            let mut fingerprinter = Fingerprinter::new(&params);
            fingerprinter.push(song);
            fingerprinter.finish()
        });
        let index = Index::of(&params, &fingerprints);
        let [a, b] = songs;
        Library { params, index, a, b }
    }

    fn listen(&self, samples: &[f32]) -> (Sound, AudioInfo) {
        let bytes = wav(samples);
        let matcher = Matcher::new(&self.index, &self.params, MatchOptions::default());
        let limits = Limits::default();
        let found =
            listen(Cursor::new(bytes.clone()), Some("wav"), &matcher, &self.params, &limits, &|| false);
        // What the windows disagree about is decoded anew.
        found.unwrap().unwrap_or_else(|| {
            let (found, info) = fingerprint(Cursor::new(bytes), Some("wav"), &self.params, &limits).unwrap();
            (Fingerprints::from(found).into(), info)
        })
    }

    /// What a file holds by windows, and how much of it was decoded.
    fn settled(&self, samples: &[f32]) -> (Match, f64) {
        match self.listen(samples) {
            (Sound::Settled { found, decoded_s }, info) => {
                assert!((info.duration_s - samples.len() as f64 / RATE_HZ as f64).abs() < 1e-3);
                let [part] = &info.unheard[..] else { panic!("{info:?}") };
                assert_eq!(
                    (part.kind, part.seconds),
                    (UnheardKind::Passed, Some(info.duration_s - decoded_s))
                );
                (found, decoded_s)
            }
            (Sound::Whole(_), _) => panic!("all was decoded"),
        }
    }

    /// That all of a file is decoded, as without windows.
    fn whole(&self, samples: &[f32]) {
        let source = Cursor::new(wav(samples));
        let due = fingerprint(source, Some("wav"), &self.params, &Limits::default()).unwrap();
        let (Sound::Whole(found), info) = self.listen(samples) else { panic!("windows sufficed") };
        assert_eq!((found.mean, info), due);
    }
}

#[test]
fn a_recording_is_known_by_windows() {
    let library = Library::new();
    let (found, decoded_s) = library.settled(&library.a);
    assert_eq!((found.recording, found.grade), (RecordingKey(0), Grade::Match));
    assert!((45.0..70.0).contains(&decoded_s), "{decoded_s}");
    assert!(found.query_start_s < 1.0 && found.query_end_s > 198.0, "{found:?}");
    assert!((found.reference_start_s - found.query_start_s).abs() < 0.1, "{found:?}");
    assert!((found.reference_end_s - found.query_end_s).abs() < 0.1, "{found:?}");
    assert!((found.time_scale - 1.0).abs() < 1e-3 && found.e_value < 1e-6, "{found:?}");
    // A part of it, with the end of a window near its own.
    let (found, _) = library.settled(part(&library.a, 33..197));
    assert!((found.reference_start_s - found.query_start_s - 33.0).abs() < 0.1, "{found:?}");
    assert!(found.query_end_s > 162.0, "{found:?}");
}

#[test]
fn what_is_put_in_or_taken_out_or_laid_over_a_window_is_seen() {
    let library = Library::new();
    let Library { a, b, .. } = &library;
    let other = song(3);
    // Between windows, and longer than what it replaces.
    library.whole(&[part(a, 0..80), part(&other, 0..20), part(a, 80..180)].concat());
    library.whole(&[part(a, 0..80), part(a, 81..200)].concat());
    // Another recording behind, and another within a window.
    library.whole(&[part(a, 0..100), part(b, 0..100)].concat());
    let mut mixed = a.clone();
    mixed[62 * RATE_HZ..68 * RATE_HZ].copy_from_slice(part(b, 62..68));
    library.whole(&mixed);
    // Nothing registered, and nothing registered at the start.
    library.whole(&other);
    library.whole(&[part(&other, 0..30), part(a, 0..170)].concat());
    // Shorter than a window, and than the first and the last.
    library.whole(part(a, 0..9));
    library.whole(part(a, 40..61));
}

/// What the documentation says: it moves nothing and lies between two windows.
#[test]
fn what_replaces_as_much_between_windows_is_not_seen() {
    let library = Library::new();
    let mut mixed = library.a.clone();
    mixed[75 * RATE_HZ..115 * RATE_HZ].copy_from_slice(part(&library.b, 0..40));
    let (found, _) = library.settled(&mixed);
    assert_eq!(found.recording, RecordingKey(0));
}

/// A file that cannot be read.
struct Missing;

impl Read for Missing {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::ErrorKind::NotFound.into())
    }
}

impl Seek for Missing {
    fn seek(&mut self, _: SeekFrom) -> io::Result<u64> {
        Err(io::ErrorKind::NotFound.into())
    }
}

#[test]
fn an_error_of_reading_is_told() {
    let library = Library::new();
    let matcher = Matcher::new(&library.index, &library.params, MatchOptions::default());
    let result = listen(Missing, None, &matcher, &library.params, &Limits::default(), &|| false);
    assert!(matches!(result, Err(AudioError::Io(_))));
    let empty = Fingerprints::from(Fingerprint { peaks: Vec::new(), frames: 0 });
    assert_eq!(Sound::from(empty.clone()), Sound::Whole(empty));
}
