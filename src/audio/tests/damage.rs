//! Cut and corrupted files: an answer or an error, never a panic that escapes,
//! never without end, never more samples than the bytes can hold. The files are
//! made here from the committed ones and from those with every tag, by a fixed
//! sequence of numbers, so that a failure comes again.

use std::time::{Duration, Instant};

use super::formats::rf64;
use super::make::RECIPES;
use super::rights::specimens;
use super::support::*;
use crate::audio::{AudioError, Limits, read_tags};
use crate::random::Random;

/// Each damaged file is small; one that takes longer than this hangs.
const PATIENCE: Duration = Duration::from_secs(20);

/// Every container, and those with every tag.
fn files() -> Vec<(&'static str, Vec<u8>)> {
    let mut files: Vec<_> = RECIPES.iter().map(|(name, ..)| (*name, fixture(name))).collect();
    let long = rf64(b"BW64", &wav(8_000, 2, Format::S16, &[0.1; 800], &[]), &chunk(b"axml", b"<a/>"));
    files.extend(specimens());
    files.push(("bw64", long));
    files
}

fn survive(name: &str, bytes: &[u8], what: &str) {
    let limits = Limits { max_duration_s: 100.0, ..Limits::default() };
    let began = Instant::now();
    let result = run_with(bytes, None, &limits);
    let tags = read_tags(std::io::Cursor::new(bytes.to_vec()), None, &limits);
    assert!(began.elapsed() < PATIENCE, "{name} {what}: {:?}", began.elapsed());
    if let Ok((out, info)) = &result {
        assert!(out.iter().all(|s| s.is_finite()), "{name} {what}");
        assert!(
            info.duration_s > 0.0 && info.duration_s <= 100.0 && !out.is_empty(),
            "{name} {what}: {info:?}"
        );
        assert!(info.packets_skipped <= info.packets + 1, "{name} {what}: {info:?}");
    }
    for error in [result.err(), tags.err()].into_iter().flatten() {
        assert!(!error.to_string().is_empty());
        if let AudioError::DecoderPanicked { stage, message } = &error {
            println!("{name} {what}: the {stage} panicked, contained: {message}");
        }
    }
}

#[test]
fn cut_files() {
    for (name, bytes) in files() {
        let step = bytes.len() / 40;
        for end in (0..200.min(bytes.len())).step_by(7).chain((200..bytes.len()).step_by(step)) {
            survive(name, &bytes[..end], &format!("cut at {end}"));
            survive(name, &bytes[end..], &format!("from {end}"));
        }
    }
}

#[test]
fn flipped_bits() {
    let mut random = Random::new(1);
    for (name, good) in files() {
        for round in 0..60 {
            let mut bytes = good.clone();
            // From one flip to one in a hundred bytes; every third round only
            // in the headers, where sizes are.
            let flips = 1 + random.below(bytes.len() as u64 / 100 + 1) as usize;
            let range = if round % 3 == 0 { 600.min(bytes.len()) } else { bytes.len() };
            for _ in 0..flips.min(range / 20) {
                let at = random.below(range as u64) as usize;
                bytes[at] ^= 1 << random.below(8);
            }
            survive(name, &bytes, &format!("flipped, round {round}"));
        }
    }
}

#[test]
fn sizes_that_lie() {
    for (name, good) in files() {
        for at in (0..good.len().saturating_sub(4)).step_by(if name.ends_with("mp3") { 97 } else { 31 }) {
            for size in [[0x7f, 0xff, 0xff, 0xff], [0xff, 0xff, 0xff, 0xff], [0, 0, 0, 0]] {
                let mut bytes = good.clone();
                bytes[at..at + 4].copy_from_slice(&size);
                survive(name, &bytes, &format!("{size:?} at {at}"));
            }
        }
    }
}

#[test]
fn two_files_in_one() {
    // The beginning of one container, and the middle of another.
    let files = files();
    for (i, (name, first)) in files.iter().enumerate() {
        let (other, second) = &files[(i * 7 + 3) % files.len()];
        for cut in [4, 8, 12, 20, 44, 100, first.len() / 2] {
            let bytes = [&first[..cut.min(first.len())], &second[cut.min(second.len())..]].concat();
            survive(name, &bytes, &format!("{other} from {cut}"));
        }
    }
}

#[test]
fn noise_is_no_audio() {
    let mut random = Random::new(7);
    for len in [1, 10, 1_000, 100_000] {
        let noise: Vec<u8> = (0..len).map(|_| random.next() as u8).collect();
        survive("noise", &noise, &format!("of {len} bytes"));
        assert!(run(&noise, None).is_err(), "{len} bytes of noise decode");
    }
}

#[test]
fn a_cut_file_gives_what_is_there() {
    for name in ["lame.mp3", "vorbis.ogg", "celt.opus", "flac.flac", "opus.webm", "pcm.aiff"] {
        let bytes = fixture(name);
        let (out, info) = run(&bytes[..bytes.len() * 7 / 10], None).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert!((0.3..LENGTH_S).contains(&info.duration_s), "{name}: {} s", info.duration_s);
        let n = out.len() - 1_000;
        let (correlation, lag) = correlate(&out[..n], &signal(OUT_HZ)[..n]);
        assert!(correlation > 0.98 && lag.abs() <= 2, "{name}: {correlation} at {lag}");
    }
}

#[test]
fn what_follows_damage_keeps_its_time() {
    let due = signal(OUT_HZ);
    // Bytes in the middle, where only packets are.
    for name in ["aac.m4a", "celt.opus"] {
        let mut bytes = fixture(name);
        let (from, to) = (bytes.len() * 40 / 100, bytes.len() * 43 / 100);
        bytes[from..to].fill(0xff);
        let (out, info) = run(&bytes, None).unwrap_or_else(|e| panic!("{name}: {e}"));
        let (correlation, lag) = correlate(&out[due.len() * 7 / 8..], &due[due.len() * 7 / 8..]);
        println!(
            "{name}: {} of {} packets skipped, {} s filled",
            info.packets_skipped, info.packets, info.filled_s
        );
        assert!(correlation > 0.98 && lag.abs() <= 2, "{name}: {correlation} at {lag}");
    }
}

#[test]
fn what_precedes_damage_of_the_structure_is_kept() {
    let mut bytes = fixture("opus.webm");
    let at = bytes.len() / 2;
    bytes[at..at + 300].fill(0xff);
    let (out, info) = run(&bytes, None).unwrap();
    let (correlation, lag) = correlate(&out[..4_000], &signal(OUT_HZ)[..4_000]);
    assert!(correlation > 0.98 && lag == 0, "{correlation} at {lag}, {info:?}");
    assert!(info.truncated || info.packets_skipped > 0, "{info:?}");
}

#[test]
fn mostly_damaged_is_an_error_that_says_so() {
    let mut bytes = fixture("opus.mp4");
    let at = bytes.windows(4).position(|w| w == b"mdat").unwrap();
    let len = u32::from_be_bytes(bytes[at - 4..at].try_into().unwrap()) as usize;
    // A packet that begins like this claims 63 frames, which none may have.
    bytes[at + len / 4..at - 4 + len].fill(0xff);
    match run(&bytes, None) {
        Err(AudioError::TooDamaged { skipped, packets, .. }) => assert!(skipped * 2 > packets),
        other => panic!("{other:?}"),
    }
}
