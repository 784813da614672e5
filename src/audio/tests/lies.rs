//! Headers that say less than there is, or more: what is there is heard.

use super::support::*;
use crate::audio::UnheardKind;

/// The file with `field` at `offset` from the first `word`.
fn with(file: &[u8], word: &[u8], offset: usize, field: &[u8]) -> Vec<u8> {
    let at = file.windows(word.len()).position(|w| w == word).unwrap() + offset;
    let mut file = file.to_vec();
    file[at..at + field.len()].copy_from_slice(field);
    file
}

#[track_caller]
fn assert_whole(bytes: &[u8], what: &str) {
    let (out, info) = run(bytes, None).unwrap_or_else(|error| panic!("{what}: {error}"));
    assert!(info.duration_s > LENGTH_S - 0.05, "{what}: {info:?}");
    assert_eq!((info.unheard.len(), info.packets_skipped), (0, 0), "{what}: {info:?}");
    let (correlation, _) = correlate(&out, &signal(OUT_HZ));
    assert!(correlation > 0.97, "{what}: {correlation}");
}

#[test]
fn samples_without_a_duration_are_heard() {
    let file = fixture("aac.m4a");
    for count in [0_u32, 9] {
        assert_whole(&with(&file, b"stts", 12, &count.to_be_bytes()), &format!("{count} have one"));
    }
}

#[test]
fn sizes_of_aiff_that_lie_end_nothing() {
    let file = fixture("pcm.aiff");
    for size in [4_u32, 3_000, 0x7fff_ffff, u32::MAX] {
        assert_whole(&with(&file, b"FORM", 4, &size.to_be_bytes()), &format!("FORM of {size}"));
    }
    for size in [0x7fff_ffff_u32, u32::MAX] {
        let (out, info) = run(&with(&file, b"SSND", 4, &size.to_be_bytes()), None).unwrap();
        // The chunk behind it counts as samples.
        assert!((LENGTH_S..LENGTH_S + 0.02).contains(&info.duration_s), "{info:?}");
        assert!(correlate(&out[..14_000], &signal(OUT_HZ)[..14_000]).0 > 0.97);
    }
    // What follows fewer samples is told.
    let (_, info) = run(&with(&file, b"SSND", 4, &3_000_u32.to_be_bytes()), None).unwrap();
    assert_eq!(info.unheard.first().map(|part| part.kind), Some(UnheardKind::Trailing), "{info:?}");
}

#[test]
fn samples_of_caf_are_heard_whatever_their_size() {
    let file = fixture("pcm.caf");
    for size in [-1_i64, i64::MAX] {
        assert_whole(&with(&file, b"data", 4, &size.to_be_bytes()), &format!("data of {size}"));
    }
    let (_, info) = run(&file[..file.len() / 2], None).unwrap();
    assert!((0.5..0.7).contains(&info.duration_s), "{info:?}");
    let (_, info) = run(&with(&file, b"data", 4, &5_000_i64.to_be_bytes()), None).unwrap();
    assert_eq!(info.unheard.first().map(|part| part.kind), Some(UnheardKind::Trailing), "{info:?}");
}

#[test]
fn sizes_of_blocks_and_frames_of_flac_are_not_believed() {
    let file = fixture("flac.flac");
    for (at, field) in [(8, &[0, 0, 0, 0][..]), (8, &[0, 20, 0, 16]), (12, &[0xff; 3]), (15, &[0, 0, 1])] {
        assert_whole(&with(&file, b"fLaC", at, field), &format!("{field:?} at {at}"));
    }
}

#[test]
fn a_segment_of_matroska_that_says_it_is_shorter_is_heard() {
    let file = fixture("opus.webm");
    let at = file.windows(4).position(|w| w == [0x18, 0x53, 0x80, 0x67]).unwrap() + 4;
    assert_eq!(file[at], 1, "a size of eight bytes");
    assert_whole(&with(&file, &[0x18, 0x53, 0x80, 0x67], 5, &[0, 0, 0, 0, 0, 4, 0]), "1 kB");
}

#[test]
fn a_container_behind_junk_is_heard_and_the_junk_told() {
    let junk: Vec<u8> = (0..9_000_u32).map(|i| (i * 7 % 251) as u8).collect();
    for name in ["opus.webm", "aac.m4a", "pcm.caf", "flac.flac"] {
        let (_, info) = run(&[fixture(name), junk.clone(), fixture(name)].concat(), None).unwrap();
        assert!(info.duration_s > 2.0 * LENGTH_S - 0.1, "{name}: {info:?}");
        assert!(matches!(info.unheard[0].kind, UnheardKind::Trailing | UnheardKind::Damaged), "{name}");
    }
}

#[test]
fn tags_of_other_kinds_before_the_audio_do_not_matter() {
    // Without the end that it announces.
    let ape = [&b"APETAGEX\xd0\x07\0\0\x20\0\0\0\0\0\0\0\0\0\0\xa0\0\0\0\0\0\0\0\0"[..], &[0; 32]].concat();
    let tags = [ape, id3v2(&[(b"TIT2", "First")])].concat();
    for name in ["lame.mp3", "flac.flac", "aac.m4a", "vorbis.ogg"] {
        assert_whole(&[tags.clone(), fixture(name)].concat(), name);
    }
}
