//! WAV files as writers leave them: chunks that are odd, twice or wrong, samples of
//! any width, order and level.

use super::support::*;
use crate::audio::{AudioInfo, UnheardKind};

fn pcm16() -> Vec<u8> {
    let samples = signal(16_000);
    samples.iter().flat_map(|s| ((s * 32_767.0).round() as i16).to_le_bytes()).collect()
}

/// The body of a `fmt ` chunk of one channel at 16 kHz.
fn format(tag: u16, channels: u16, bits: u16, sample_bytes: u16) -> Vec<u8> {
    let align = sample_bytes * channels;
    let rates = [16_000, 16_000 * u32::from(align)].map(u32::to_le_bytes).concat();
    [&tag.to_le_bytes()[..], &channels.to_le_bytes(), &rates, &align.to_le_bytes(), &bits.to_le_bytes()]
        .concat()
}

fn riff(chunks: &[Vec<u8>]) -> Vec<u8> {
    chunk(b"RIFF", &[b"WAVE".to_vec(), chunks.concat()].concat())
}

/// A chunk that says it has another size.
fn sized(id: &[u8; 4], size: u32, body: &[u8]) -> Vec<u8> {
    [&id[..], &size.to_le_bytes(), body].concat()
}

/// Asserts that a file sounds as the signal and is heard whole.
fn assert_whole(bytes: &[u8], what: &str) -> AudioInfo {
    let (out, info) = run(bytes, None).unwrap_or_else(|error| panic!("{what}: {error}"));
    let due = signal(OUT_HZ);
    let (correlation, lag) = correlate(&out, &due);
    assert!(
        correlation > 0.999 && lag == 0 && out.len() == due.len(),
        "{what}: {correlation} at {lag}, {info:?}"
    );
    assert_eq!(info.unheard, [], "{what}");
    info
}

#[test]
fn chunks_before_the_samples_do_not_matter() {
    let (fmt, data) = (chunk(b"fmt ", &format(1, 1, 16, 2)), chunk(b"data", &pcm16()));
    for (what, other) in [
        ("an odd list", chunk(b"LIST", b"INFOISFT\x05\0\0\0Lavf5")),
        ("an odd list that is not filled up", sized(b"LIST", 17, b"INFOISFT\x05\0\0\0Lavf5")),
        ("a list of nothing", sized(b"LIST", 0, b"")),
        ("an entry that lies", chunk(b"LIST", b"INFOINAM\x88\x13\0\0Titel\0")),
        ("a list of another form", chunk(b"LIST", b"adtlnonsense")),
        ("an empty chunk of samples", sized(b"data", 0, b"")),
    ] {
        // A list that comes first, too.
        for chunks in [[fmt.clone(), other.clone(), data.clone()], [other, fmt.clone(), data.clone()]] {
            assert_whole(&riff(&chunks), what);
        }
    }
}

#[test]
fn all_chunks_of_samples_are_heard() {
    let (fmt, pcm) = (chunk(b"fmt ", &format(1, 1, 16, 2)), pcm16());
    let (first, second) = pcm.split_at(pcm.len() / 2);
    let between = chunk(b"junk", &[7; 333]);
    let two = [fmt.clone(), chunk(b"data", first), between, chunk(b"data", second)];
    let one = assert_whole(&riff(&[fmt.clone(), chunk(b"data", &pcm)]), "one chunk");
    let info = assert_whole(&riff(&two), "two chunks");
    assert_eq!((info.audio_hash, info.claimed_s), (one.audio_hash, one.claimed_s));
    // A size that is too small, as that of a long file may be, hides nothing.
    let info = assert_whole(&riff(&[fmt.clone(), sized(b"data", 1_000, &pcm)]), "a short size");
    assert_eq!((info.audio_hash, info.claimed_s), (one.audio_hash, Some(500.0 / 16_000.0)));
    // What stands behind the samples and is no audio is none.
    let long = chunk(b"LIST", &[b"INFO".to_vec(), vec![b'x'; 6_001]].concat());
    assert_whole(&riff(&[fmt, chunk(b"data", &pcm), long]), "a long list behind");
}

#[test]
fn what_follows_a_file_is_heard_or_told() {
    let file = riff(&[chunk(b"fmt ", &format(1, 1, 16, 2)), chunk(b"data", &pcm16())]);
    let id3v1 = [b"TAG".to_vec(), vec![b'T'; 125]].concat();
    for behind in [vec![0; 100_000], id3v1.clone(), id3v2(&[(b"TIT2", "A")]), vec![1; 100]] {
        assert_whole(&[file.clone(), behind].concat(), "padding and tags");
    }
    for second in [file.clone(), fixture("lame.mp3"), fixture("celt.opus")] {
        let bytes = [file.clone(), id3v1.clone(), vec![0; 77], second].concat();
        let (_, info) = run(&bytes, None).unwrap();
        assert!((info.duration_s - 2.0 * LENGTH_S).abs() < 0.1 && info.unheard.is_empty(), "{info:?}");
    }
    let (_, info) = run(&[file, vec![0; 1_000], vec![9; 50_000]].concat(), None).unwrap();
    assert_eq!(info.unheard.iter().map(|part| part.kind).collect::<Vec<_>>(), [UnheardKind::Trailing]);
    assert!(info.unheard[0].detail.contains("50000 bytes"), "{info:?}");
}

#[test]
fn samples_of_any_width() {
    let wide = |shift: u32, bytes: usize| -> Vec<u8> {
        let samples = signal(16_000);
        let ints = samples.iter().map(|s| (f64::from(*s) * 524_287.0).round() as i32);
        ints.flat_map(|s| (s << shift).to_le_bytes()[..bytes].to_vec()).collect()
    };
    let narrow: Vec<u8> =
        signal(16_000).iter().flat_map(|s| ((*s * 2_047.0) as i16).wrapping_shl(4).to_le_bytes()).collect();
    for (what, bits, sample_bytes, data) in [
        ("20 bits in 24", 20, 3, wide(4, 3)),
        ("24 bits in 32", 24, 4, wide(12, 4)),
        ("12 bits in 16", 12, 2, narrow),
    ] {
        assert_whole(
            &riff(&[chunk(b"fmt ", &format(1, 1, bits, sample_bytes)), chunk(b"data", &data)]),
            what,
        );
    }
    for channels in [27, 30, 64] {
        let data: Vec<u8> = pcm16().chunks(2).flat_map(|s| s.repeat(usize::from(channels))).collect();
        let file = riff(&[chunk(b"fmt ", &format(1, channels, 16, 2)), chunk(b"data", &data)]);
        assert_eq!(assert_whole(&file, "many channels").channels, channels);
    }
}

#[test]
fn big_endian_files() {
    let swapped = |bytes: &[u8], size: usize| -> Vec<u8> {
        bytes.chunks(size).flat_map(|word| word.iter().rev().copied().collect::<Vec<_>>()).collect()
    };
    let floats: Vec<u8> = signal(16_000).iter().flat_map(|s| s.to_be_bytes()).collect();
    for (fmt, data) in [(format(1, 1, 16, 2), swapped(&pcm16(), 2)), (format(3, 1, 32, 4), floats)] {
        let fmt = [swapped(&fmt[..4], 2), swapped(&fmt[4..12], 4), swapped(&fmt[12..], 2)].concat();
        let chunk = |id: &[u8], body: &[u8]| [id, &(body.len() as u32).to_be_bytes(), body].concat();
        let list = chunk(b"LIST", &[b"INFO".to_vec(), chunk(b"INAM", b"Title\0")].concat());
        let body = [b"WAVE".to_vec(), chunk(b"fmt ", &fmt), list, chunk(b"data", &data)].concat();
        let file = chunk(b"RIFX", &body);
        assert_whole(&file, "RIFX");
        assert_eq!(tags_of(file).title.as_deref(), Some("Title"));
    }
}

#[test]
fn floats_on_the_scale_of_whole_numbers() {
    let (due, _) = run(&wav(16_000, 2, Format::F32, &signal(16_000), &[]), None).unwrap();
    for scale in [8.0_f32, 32_768.0, 2_147_483_648.0] {
        for format in [Format::F32, Format::F64] {
            let loud: Vec<f32> = signal(16_000).iter().map(|s| s * scale).collect();
            let bytes = wav(16_000, 2, format, &loud, &[]);
            let info = assert_whole(&bytes, &format!("{scale}, {format:?}"));
            let out = run(&bytes, None).unwrap().0;
            let peak = out.iter().fold(0.0_f32, |peak, s| peak.max(s.abs()));
            assert!(peak <= 64.0 && info.duration_s == LENGTH_S, "{peak}");
            let level = |samples: &[f32]| samples.iter().map(|s| f64::from(s * s)).sum::<f64>();
            assert!(level(&out) > 0.2 * level(&due));
        }
    }
}
