//! Parts of the audio against the whole.

use std::io::Cursor;
use std::path::{Path, PathBuf};

use super::support::{OUT_HZ, run};
use crate::audio::{AudioInfo, Limits, Parts, Wish, decode_parts};
use crate::units::Seconds;

/// Decodes what lies in `wanted`, in seconds, and the last `tail_s`.
struct Windows {
    wanted: Vec<(f64, f64)>,
    tail_s: Seconds,
    end_s: f64,
    /// Runs of samples without a gap, each with the place of its first.
    heard: Vec<(u64, Vec<f32>)>,
}

impl Parts for Windows {
    fn wish(&mut self, at_s: Seconds) -> Wish {
        if at_s >= self.end_s {
            return Wish::End;
        }
        let inside = self.wanted.iter().any(|(from, until)| (*from..*until).contains(&at_s));
        if inside { Wish::Decode } else { Wish::Pass }
    }

    fn tail_s(&self) -> Seconds {
        self.tail_s
    }

    fn take(&mut self, first: u64, samples: &[f32]) {
        match self.heard.last_mut() {
            Some((at, run)) if *at + run.len() as u64 == first => run.extend_from_slice(samples),
            _ => self.heard.push((first, samples.to_vec())),
        }
    }
}

fn parts_of(bytes: &[u8], hint: &str, mut parts: Windows) -> (Vec<(u64, Vec<f32>)>, AudioInfo) {
    let source = Cursor::new(bytes.to_vec());
    let info = decode_parts(source, Some(hint), OUT_HZ, &Limits::default(), &mut parts).unwrap();
    (parts.heard, info)
}

/// Compares what lies in windows of the file at `path` with the same places of the
/// whole, and returns how much was decoded and the largest difference.
pub fn compare(path: &Path) -> (f64, f32) {
    let bytes = std::fs::read(path).unwrap();
    let hint = path.extension().unwrap_or_default().to_string_lossy().into_owned();
    let (whole, due) = run(&bytes, Some(&hint)).unwrap();
    let d = due.duration_s;
    let wanted = vec![(0.3 * d, 0.4 * d), (0.4 * d + 0.1, 0.5 * d), (0.7 * d, 0.75 * d)];
    let windows = Windows { wanted: wanted.clone(), tail_s: 0.1 * d, end_s: f64::MAX, heard: Vec::new() };
    let (heard, info) = parts_of(&bytes, &hint, windows);
    assert_eq!(
        (info.audio_hash, info.packets, info.truncated, info.sample_rate_hz),
        (due.audio_hash, due.packets, due.truncated, due.sample_rate_hz)
    );
    assert!((info.duration_s - due.duration_s).abs() < 1e-3, "{info:?} {due:?}");
    let mut worst = 0.0f32;
    for (first, samples) in &heard {
        // What the filters do not know behind a gap.
        let edge = if *first == 0 { 0 } else { 60 };
        let there = whole.get(*first as usize..).unwrap_or_default();
        assert!(samples.len() <= there.len() + 1, "{path:?}: {first} + {} of {}", samples.len(), whole.len());
        let differences = samples.iter().zip(there).skip(edge).map(|(a, b)| (a - b).abs());
        worst = worst.max(differences.fold(0.0, f32::max));
    }
    // Everything wanted is there, but for a packet and what is dropped at its start.
    let packet_s = d / due.packets as f64;
    let covered = |at_s: f64| {
        let at = (at_s * f64::from(OUT_HZ)) as u64;
        heard.iter().any(|(first, run)| (*first..first + run.len() as u64).contains(&at))
    };
    for (from, until) in wanted.into_iter().chain([(0.9 * d, d - 0.01)]) {
        for step in 0..=20 {
            let at_s = from + packet_s + 0.25 + (until - from) / 20.0 * f64::from(step);
            assert!(at_s >= until - 0.02 || covered(at_s), "{path:?}: {at_s} of {d}");
        }
    }
    let decoded: usize = heard.iter().map(|(_, run)| run.len()).sum();
    (decoded as f64 / f64::from(OUT_HZ), worst)
}

fn songs() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/catalogue");
    let mut songs: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    songs.sort();
    songs
}

#[test]
fn parts_are_what_the_whole_has_there() {
    for path in songs() {
        let (decoded_s, worst) = compare(&path);
        // Opus comes near the state it would have, AAC draws noise and goes on drawing
        // where it was; the others are exact.
        let alike = path.extension().is_some_and(|e| e == "opus" || e == "m4a");
        let allowed = if alike { 0.05 } else { 1e-4 };
        assert!(worst < allowed, "{path:?} differs by {worst}");
        assert!(decoded_s < 20.0, "{path:?}: {decoded_s} s");
    }
}

#[test]
fn packets_that_claim_to_last_for_hours_are_decoded() {
    let song = songs().into_iter().find(|path| path.extension().is_some_and(|e| e == "m4a")).unwrap();
    let mut bytes = std::fs::read(song).unwrap();
    // The table of durations: version, count, then how many packets and how long.
    let table = bytes.windows(4).position(|name| name == b"stts").unwrap() + 4;
    let count = u32::from_be_bytes(bytes[table + 4..table + 8].try_into().unwrap());
    for entry in 0..count as usize {
        let delta = table + 8 + 8 * entry + 4;
        bytes[delta..delta + 4].copy_from_slice(&u32::MAX.to_be_bytes());
    }
    let file = tempfile::Builder::new().suffix(".m4a").tempfile().unwrap();
    std::fs::write(file.path(), &bytes).unwrap();
    let (decoded_s, worst) = compare(file.path());
    assert!(decoded_s > 25.0 && worst == 0.0, "{decoded_s} s, {worst}");
}

#[test]
fn a_wish_to_end_ends() {
    let bytes = std::fs::read(&songs()[0]).unwrap();
    let windows = Windows { wanted: vec![(0.0, 100.0)], tail_s: 1.0, end_s: 3.0, heard: Vec::new() };
    let (heard, info) = parts_of(&bytes, "mp3", windows);
    let decoded: usize = heard.iter().map(|(_, run)| run.len()).sum();
    assert!((2.9..3.2).contains(&(decoded as f64 / f64::from(OUT_HZ))), "{decoded} samples");
    assert!(info.duration_s < 3.2);
}
