//! Files appended to files, and headers that lie about lengths: all of it is heard.

use super::support::*;
use crate::audio::sums::{FLAC_FRAME, FLAC_HEADER};
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
    let begin = |part: &Vec<u8>| String::from_utf8_lossy(&part[..part.len().min(12)]).into_owned();
    let told = || parts.iter().map(begin).collect::<Vec<_>>();
    run(&parts.concat(), None).unwrap_or_else(|error| panic!("{:?}: {error}", told()))
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
    assert!(part.detail.contains("8964 bytes"), "{part:?}");
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

#[test]
fn appended_films_and_web_audio_are_heard() {
    for first in ["aac.m4a", "opus.mp4", "opus.webm", "vorbis.webm"] {
        for second in [first, "lame.mp3", "celt.opus"] {
            let what = format!("{first} and {second}");
            let (out, info) = joined(&[fixture(first), fixture(second)]);
            assert!(
                (2.0 * LENGTH_S - 0.1..2.0 * LENGTH_S + 0.2).contains(&info.duration_s),
                "{what}: {info:?}"
            );
            assert_eq!((info.packets_skipped, info.unheard.len()), (0, 0), "{what}: {info:?}");
            assert_heard(&out, LENGTH_S - 0.05, &what);
        }
    }
}

/// FLAC of verbatim samples, a fifth of a second to a frame.
fn flac(rate_hz: u32, samples: &[f32]) -> Vec<u8> {
    let mut file = b"fLaC\x80\0\0\x22".to_vec();
    let block = (rate_hz / 5) as u16;
    file.extend([block.to_be_bytes(), block.to_be_bytes()].concat());
    file.extend([0; 6]);
    // Mono, 16 bits.
    file.extend((rate_hz << 12 | 15 << 4).to_be_bytes());
    file.extend((samples.len() as u32).to_be_bytes());
    file.extend([0; 16]);
    for (number, block) in (0_u8..).zip(samples.chunks(block.into())) {
        let mut frame = vec![0xff, 0xf8, 0x70, 0x08, number];
        frame.extend((block.len() as u16 - 1).to_be_bytes());
        frame.push((FLAC_HEADER.of(0, &frame) >> 24) as u8);
        frame.push(0x02);
        block.iter().for_each(|s| frame.extend(((s * 32_767.0).round() as i16).to_be_bytes()));
        let sum = (FLAC_FRAME.of(0, &frame) >> 16) as u16;
        frame.extend(sum.to_be_bytes());
        file.extend(frame);
    }
    file
}

#[test]
fn appended_flac_is_heard() {
    let own = flac(44_100, &signal(44_100));
    let (_, alone) = run(&own, None).unwrap();
    assert_eq!((alone.unheard.len(), alone.claimed_s, alone.truncated), (0, Some(LENGTH_S), false));
    for first in [fixture("flac.flac"), own.clone()] {
        // Another rate and encoder, and what is behind tags.
        let tagged = [id3v2(&[(b"TIT2", "Second")]), own.clone()].concat();
        for second in [own.clone(), fixture("flac.flac"), tagged, fixture("lame.mp3"), fixture("celt.opus")] {
            let (out, info) = joined(&[first.clone(), second]);
            assert!((2.0 * LENGTH_S..2.0 * LENGTH_S + 0.1).contains(&info.duration_s), "{info:?}");
            assert_eq!((info.packets_skipped, info.unheard.len(), info.truncated), (0, 0, false), "{info:?}");
            assert_heard(&out, LENGTH_S - 0.05, "behind FLAC");
        }
    }
}

#[test]
fn tags_behind_flac_cost_no_frame() {
    let ape = [&b"APETAGEX\xd0\x07\0\0\x20\0\0\0\0\0\0\0\0\0\0\xa0\0\0\0\0\0\0\0\0"[..], &[0; 32]].concat();
    let old = [b"TAG".to_vec(), vec![b' '; 125]].concat();
    for file in [fixture("flac.flac"), flac(44_100, &signal(44_100))] {
        let (out, alone) = run(&file, None).unwrap();
        for behind in [old.clone(), ape.clone(), [ape.clone(), old.clone()].concat(), vec![0; 5_000]] {
            let (tagged, info) = run(&[file.clone(), behind].concat(), None).unwrap();
            assert!(tagged == out && info == alone, "{info:?}");
        }
        let (_, info) = run(&[file, vec![0x55; 9_000]].concat(), None).unwrap();
        assert_eq!(info.audio_hash, alone.audio_hash);
        let [part] = &info.unheard[..] else { panic!("{info:?}") };
        assert_eq!((part.kind, part.seconds), (UnheardKind::Damaged, None));
    }
}

#[test]
fn damage_in_flac_costs_the_frames_that_it_hits() {
    let mut file = flac(44_100, &signal(44_100));
    let frame = (file.len() - 42) / 6;
    // In the third frame, and the header of the fourth.
    file[42 + 2 * frame + 5_000] ^= 1;
    file[42 + 3 * frame] = 0;
    let (out, info) = run(&file, None).unwrap();
    assert!((info.duration_s - LENGTH_S).abs() < 0.01, "{info:?}");
    let kinds: Vec<_> = info.unheard.iter().map(|part| part.kind).collect();
    assert!(kinds.contains(&UnheardKind::Damaged) && !info.truncated, "{info:?}");
    let lost: f64 = info.unheard.iter().filter_map(|part| part.seconds).sum();
    assert!((0.39..0.41).contains(&lost), "{info:?}");
    let due = &signal(OUT_HZ)[10_200..14_000];
    assert!(correlate(&out[10_200..14_000], due).0 > 0.99);
}

#[test]
fn flac_is_heard_at_the_rate_of_its_frames() {
    // The description says 8 kHz and no length, the frames are of 44.1 kHz.
    let mut file = flac(44_100, &signal(44_100));
    let mut at = 42;
    while at < file.len() {
        file[at + 2] = 0x79;
        file[at + 7] = (FLAC_HEADER.of(0, &file[at..at + 7]) >> 24) as u8;
        let size = 2 * (usize::from(file[at + 5]) << 8 | usize::from(file[at + 6])) + 2 + 9;
        let sum = (FLAC_FRAME.of(0, &file[at..at + size]) >> 16) as u16;
        file[at + size..at + size + 2].copy_from_slice(&sum.to_be_bytes());
        at += size + 2;
    }
    let (due, _) = run(&file, None).unwrap();
    file[18..22].copy_from_slice(&(8_000_u32 << 12 | 15 << 4).to_be_bytes());
    let (out, info) = run(&file, None).unwrap();
    assert!(info.sample_rate_hz == 44_100 && out == due, "{info:?}");
}

#[test]
fn a_flac_file_that_is_cut_off_is_heard_up_to_there() {
    let file = flac(44_100, &signal(44_100));
    let (_, info) = run(&file[..file.len() - 3_000], None).unwrap();
    assert!(info.truncated && (info.duration_s - 1.0).abs() < 0.001, "{info:?}");
    assert_eq!(info.unheard, []);
}

#[test]
fn another_container_behind_ogg_aiff_and_caf_is_heard() {
    for first in ["vorbis.ogg", "celt.opus", "flac.ogg", "pcm.aiff", "pcm.caf", "alac.m4a"] {
        for second in [first, "lame.mp3", "opus.webm"] {
            let what = format!("{first} and {second}");
            let (out, info) = joined(&[fixture(first), fixture(second)]);
            assert!(info.duration_s > 2.0 * LENGTH_S - 0.1, "{what}: {info:?}");
            assert_eq!((info.packets_skipped, info.unheard.len()), (0, 0), "{what}: {info:?}");
            assert_heard(&out, LENGTH_S - 0.05, &what);
        }
        let (_, info) = joined(&[fixture(first), vec![0x55; 9_000]]);
        let [part] = &info.unheard[..] else { panic!("{first}: {info:?}") };
        assert_eq!((part.kind, part.seconds), (UnheardKind::Trailing, None), "{first}");
    }
}

#[test]
fn frames_between_pages_of_ogg_are_heard() {
    let (out, info) = joined(&[fixture("celt.opus"), frames_of("lame.mp3"), fixture("celt.opus")]);
    assert!(info.duration_s > 3.0 * LENGTH_S - 0.1 && info.unheard.is_empty(), "{info:?}");
    assert_heard(&out, 2.0 * LENGTH_S - 0.05, "the third part");
    let junk: Vec<u8> = (0..9_000_u32).map(|i| (i * 7 % 251) as u8).collect();
    let (_, info) = joined(&[fixture("celt.opus"), junk, fixture("celt.opus")]);
    assert!(info.duration_s > 2.0 * LENGTH_S - 0.1, "{info:?}");
    assert_eq!(info.unheard.first().map(|part| part.kind), Some(UnheardKind::Damaged), "{info:?}");
}

#[test]
fn what_stands_before_the_first_frame_is_told() {
    let junk: Vec<u8> = (0..9_000_u32).map(|i| (i * 7 % 251) as u8).collect();
    let tag = id3v2(&[(b"TIT2", "First")]);
    for second in ["lame.mp3", "aac.aac", "vorbis.ogg", "flac.flac", "aac.m4a"] {
        for before in [junk.clone(), [tag.clone(), junk.clone()].concat()] {
            let (out, info) = joined(&[before, fixture(second)]);
            assert_heard(&out, 0.0, second);
            let [part] = &info.unheard[..] else { panic!("{second}: {info:?}") };
            assert_eq!((part.kind, part.seconds), (UnheardKind::Unknown, None), "{second}");
        }
        let (_, info) = joined(&[vec![0; 9_000], fixture(second)]);
        assert_eq!(info.unheard, [], "{second}: zeros hold nothing");
    }
}

#[test]
fn a_film_that_is_cut_off_is_heard_up_to_there() {
    // Its tables stand in front.
    let bytes = fixture("opus.mp4");
    let at = |kind: &[u8]| bytes.windows(4).position(|w| w == kind).unwrap() - 4;
    assert!(at(b"moov") > at(b"mdat"), "the fixture has its tables behind: the samples move back");
    let (mdat, moov) = (&bytes[at(b"mdat")..at(b"moov")], &bytes[at(b"moov")..]);
    let mut moov = moov.to_vec();
    let stco = moov.windows(4).position(|w| w == b"stco").unwrap() + 8;
    let chunks = u32::from_be_bytes(moov[stco..stco + 4].try_into().unwrap()) as usize;
    for chunk in 0..chunks {
        let place = stco + 4 + 4 * chunk;
        let old = u32::from_be_bytes(moov[place..place + 4].try_into().unwrap());
        let new = old + moov.len() as u32;
        moov[place..place + 4].copy_from_slice(&new.to_be_bytes());
    }
    let front = [&bytes[..at(b"mdat")], &moov, mdat].concat();
    let (_, whole) = run(&front, None).unwrap();
    let (out, info) = run(&front[..front.len() - 1_000], None).unwrap();
    assert!(info.truncated && info.duration_s > 0.7 * whole.duration_s, "{info:?}");
    assert!(!whole.truncated && info.duration_s < whole.duration_s, "{info:?}");
    assert!(correlate(&out[..9_000], &signal(OUT_HZ)[..9_000]).0 > 0.98);
}
