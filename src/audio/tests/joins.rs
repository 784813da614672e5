//! Files appended to files, and headers that lie about lengths: all of it is heard.

use super::support::*;
use crate::audio::{AudioInfo, UnheardKind};

/// Frames of a file of MPEG audio without the tag before them and the frame with
/// the table of contents.
fn frames_of(name: &str) -> Vec<u8> {
    let bytes = fixture(name);
    let first = bytes.windows(2).position(|w| w[0] == 0xff && w[1] & 0xe0 == 0xe0).unwrap();
    let is_mono = bytes[first + 3] >> 6 == 3;
    let table = bytes[first..].windows(4).position(|w| w == b"Info" || w == b"Xing").unwrap();
    assert!(table < 40);
    let next = (first + 40..bytes.len())
        .find(|&at| bytes[at..at + 2] == bytes[first..first + 2] && (bytes[at + 3] >> 6 == 3) == is_mono)
        .unwrap();
    bytes[next..].to_vec()
}

/// Asserts that the signal sounds from `at_s` on. Delays of encoders between parts are
/// no whole number of output samples, which costs correlation.
fn assert_heard(out: &[f32], at_s: f64, what: &str) {
    let due = signal(OUT_HZ);
    let from = (at_s * f64::from(OUT_HZ)) as usize;
    let found = &out[from.min(out.len())..(from + due.len() + 4_000).min(out.len())];
    let (correlation, lag) = correlate_within(found, &due, 4_000);
    assert!(correlation > 0.7, "{what}: {correlation} at {lag}");
}

fn joined(parts: &[Vec<u8>]) -> (Vec<f32>, AudioInfo) {
    run(&parts.concat(), None).unwrap()
}

#[test]
fn appended_streams_of_frames_are_heard() {
    for (first, second) in [
        ("lame.mp3", "lame.mp3"),
        // Another rate and other channels.
        ("lame.mp3", "mono.mp3"),
        ("mono.mp3", "lame.mp3"),
        ("aac.aac", "aac.aac"),
        ("aac.aac", "he1.aac"),
        ("he1.aac", "aac.aac"),
    ] {
        let what = format!("{first} and {second}");
        let (out, info) = joined(&[fixture(first), fixture(second)]);
        assert!((2.0 * LENGTH_S..2.0 * LENGTH_S + 0.3).contains(&info.duration_s), "{what}: {info:?}");
        assert_eq!((info.packets_skipped, info.unheard.len()), (0, 0), "{what}: {info:?}");
        assert_heard(&out, 0.0, &what);
        assert_heard(&out, LENGTH_S, &what);
    }
}

#[test]
fn tables_of_contents_that_lie_end_nothing() {
    let good = fixture("lame.mp3");
    let (due, _) = run(&good, None).unwrap();
    let at = good.windows(4).position(|w| w == b"Info").unwrap() + 8;
    for frames in [0_u32, 1, 20, u32::MAX] {
        let mut bytes = good.clone();
        bytes[at..at + 4].copy_from_slice(&frames.to_be_bytes());
        // The sum of LAME's part does not fit any more, and its delay is not believed.
        let (out, info) = run(&bytes, None).unwrap_or_else(|error| panic!("{frames}: {error}"));
        assert!(out.len() >= due.len() && out.len() < due.len() + 4_000, "{frames}: {}", out.len());
        assert_heard(&out, 0.0, &format!("{frames} frames"));
        assert_eq!(info.unheard, [], "{frames}");
    }
}

#[test]
fn frames_without_a_table_are_heard_whatever_the_first_of_them_promise() {
    // Silent frames of 320 kbit/s: whoever guesses the length by them guesses a
    // fifth of it.
    let mut loud = [vec![0xff, 0xfb, 0xe0, 0x64], vec![0; 1_040]].concat().repeat(30);
    let frames = frames_of("lame.mp3");
    assert_eq!(frames[1], loud[1]);
    loud.extend(&frames);
    let (out, info) = run(&loud, None).unwrap();
    let due_s = 30.0 * 1_152.0 / 44_100.0 + LENGTH_S;
    assert!((due_s..due_s + 0.2).contains(&info.duration_s), "{info:?}");
    assert_eq!((info.claimed_s, info.unheard.len()), (None, 0));
    assert_heard(&out, due_s - LENGTH_S, "variable rates");
}

#[test]
fn tags_between_parts_do_not_matter() {
    let tag = id3v2(&[(b"TIT2", "Second")]);
    let ape = [&b"APETAGEX\xd0\x07\0\0\x20\0\0\0\0\0\0\0\0\0\0\xa0\0\0\0\0\0\0\0\0"[..], &[0; 32]].concat();
    let old = [b"TAG".to_vec(), vec![b' '; 125]].concat();
    let (out, info) = joined(&[fixture("lame.mp3"), old, ape, tag, fixture("lame.mp3")]);
    assert_eq!((info.packets_skipped, info.unheard.len()), (0, 0), "{info:?}");
    assert_heard(&out, LENGTH_S, "behind tags");
}

#[test]
fn what_stands_between_frames_and_is_none_is_told() {
    let junk: Vec<u8> = (0..9_000_u32).map(|i| (i * 7 % 251) as u8).collect();
    let (out, info) = joined(&[fixture("lame.mp3"), junk, frames_of("lame.mp3")]);
    assert_heard(&out, LENGTH_S, "behind junk");
    let [part] = &info.unheard[..] else { panic!("{info:?}") };
    assert_eq!((part.kind, part.seconds), (UnheardKind::Damaged, None));
    assert!(part.detail.contains("9000 bytes"), "{part:?}");
}

#[test]
fn another_container_behind_frames_is_heard() {
    let wave = wav(44_100, 2, Format::S16, &signal(44_100), &[]);
    for second in
        [wave, fixture("vorbis.ogg"), fixture("flac.flac"), fixture("opus.webm"), fixture("aac.m4a")]
    {
        for first in ["lame.mp3", "aac.aac"] {
            let what = format!("{first} and {}", String::from_utf8_lossy(&second[..4]));
            let (out, info) = joined(&[fixture(first), second.clone()]);
            assert_eq!((info.packets_skipped, info.unheard.len()), (0, 0), "{what}: {info:?}");
            assert_heard(&out, LENGTH_S, &what);
        }
    }
}

#[test]
fn a_part_that_is_not_decoded_is_told() {
    let speex = [ogg_page(2, 1, b"Speex   1.2"), ogg_page(0, 1, &[0; 200])].concat();
    let (_, info) = joined(&[fixture("lame.mp3"), speex]);
    let [part] = &info.unheard[..] else { panic!("{info:?}") };
    assert_eq!((part.kind, part.seconds), (UnheardKind::Trailing, None));
    assert!(part.detail.contains("Speex"), "{part:?}");
}
