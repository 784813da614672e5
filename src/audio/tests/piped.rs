//! What cannot seek gives the samples that a file gives.

use std::io::{self, Read};

use super::make::RECIPES;
use super::support::*;
use crate::audio::{AudioError, AudioInfo, Limits, PcmForm, PcmSample, decode_stream};

/// Files with tables or lengths behind the audio, which nobody can decode as they
/// come.
const NEEDS_SEEKING: &[&str] =
    &["aac.m4a", "alac.m4a", "he1.m4a", "he2.m4a", "opus.mp4", "film.mp4", "pcm.caf"];

/// Bytes that come in pieces of odd sizes.
struct Pieces {
    bytes: Vec<u8>,
    at: usize,
    size: usize,
}

impl Read for Pieces {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = buf.len().min(self.size).min(self.bytes.len() - self.at);
        buf[..n].copy_from_slice(&self.bytes[self.at..self.at + n]);
        self.at += n;
        Ok(n)
    }
}

fn piped(bytes: &[u8], size: usize, pcm: Option<PcmForm>) -> Result<(Vec<f32>, AudioInfo), AudioError> {
    let source = Pieces { bytes: bytes.to_vec(), at: 0, size };
    let limits = Limits { max_duration_s: f64::INFINITY, ..Limits::default() };
    let mut out = Vec::new();
    let info = decode_stream(source, pcm, OUT_HZ, &limits, &mut |block| out.extend_from_slice(block))?;
    Ok((out, info))
}

/// Nothing is known only from the end of these files: not one sample may differ.
fn assert_same(name: &str, bytes: &[u8]) {
    let (due, file) = run(bytes, None).unwrap_or_else(|error| panic!("{name}: {error}"));
    for size in [1_009, 1 << 20] {
        let (out, info) = piped(bytes, size, None).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(out.len(), due.len(), "{name} in pieces of {size}");
        assert!(out == due, "{name} in pieces of {size}");
        // Where the end is, and what it leaves of a claim, only a file tells.
        let info = AudioInfo { truncated: file.truncated, claimed_s: file.claimed_s, ..info };
        assert_eq!(info, file, "{name} in pieces of {size}");
    }
}

#[test]
fn every_file_gives_the_same_samples_or_says_that_it_has_to_be_a_file() {
    for (name, ..) in RECIPES {
        let bytes = fixture(name);
        if NEEDS_SEEKING.contains(name) {
            let error = piped(&bytes, 4_096, None).unwrap_err();
            assert!(matches!(error, AudioError::NeedsSeeking { .. }), "{name}: {error}");
            assert!(error.to_string().contains("ffmpeg -i FILE -f wav -"), "{error}");
        } else {
            assert_same(name, &bytes);
        }
    }
}

fn pcm16(form: &PcmForm) -> Vec<u8> {
    let samples = signal(form.rate_hz);
    let frames = samples.iter().map(|s| (s * 32_767.0) as i16);
    frames.flat_map(|s| (0..form.channels).flat_map(move |_| s.to_le_bytes())).collect()
}

/// A WAV file of 16-bit samples with these words for the lengths of file and audio.
fn wave(form: &PcmForm, lengths: [u32; 2], samples: &[u8]) -> Vec<u8> {
    let mut bytes = form.wave_header();
    bytes[4..8].copy_from_slice(&lengths[0].to_le_bytes());
    bytes[40..44].copy_from_slice(&lengths[1].to_le_bytes());
    bytes.extend(samples);
    bytes
}

#[test]
fn a_wave_whose_length_nobody_knew_is_read_to_its_end() {
    let form = PcmForm { sample: PcmSample::S16, rate_hz: 44_100, channels: 2 };
    let samples = pcm16(&form);
    let length = samples.len() as u32;
    let (due, _) = run(&wave(&form, [length + 36, length], &samples), None).unwrap();
    let all_ones = u32::MAX;
    // ffmpeg, a header that nobody went back to, SoX and arecord.
    for lengths in [[all_ones; 2], [0, 0], [36, 0], [0x7fff_f024, 0x7fff_f000], [0x8000_0024, 0x8000_0000]] {
        let bytes = wave(&form, lengths, &samples);
        let (out, info) = piped(&bytes, 999, None).unwrap();
        assert!(out == due, "{lengths:x?}: {} samples of {}", out.len(), due.len());
        assert_eq!((info.container.as_str(), info.packets_skipped), ("wave", 0));
        assert_same("a WAV file", &bytes);
    }
    // A length that is told is believed: what follows is no audio.
    let mut bytes = wave(&form, [length + 36, length], &samples);
    bytes.extend(b"LIST\x04\0\0\0INFO");
    assert!(piped(&bytes, 999, None).unwrap().0 == due);
}

#[test]
fn raw_samples_are_those_of_a_wave_with_their_form() {
    let form = |sample| PcmForm { sample, rate_hz: 48_000, channels: 1 };
    let signal = signal(48_000);
    let due = {
        let form = form(PcmSample::F32);
        let bytes: Vec<u8> = signal.iter().flat_map(|s| s.to_le_bytes()).collect();
        run(&wave(&form, [u32::MAX; 2], &bytes), None).unwrap().0
    };
    for sample in PcmSample::ALL {
        let scaled = |bits: u32| {
            signal.iter().map(move |s| (f64::from(*s) * f64::from((1_u32 << (bits - 1)) - 1)) as i32)
        };
        let bytes: Vec<u8> = match sample {
            PcmSample::U8 => scaled(8).map(|s| (s + 128) as u8).collect(),
            PcmSample::S16 => scaled(16).flat_map(|s| (s as i16).to_le_bytes()).collect(),
            PcmSample::S24 => scaled(24).flat_map(|s| [s as u8, (s >> 8) as u8, (s >> 16) as u8]).collect(),
            PcmSample::S32 => scaled(32).flat_map(i32::to_le_bytes).collect(),
            PcmSample::F32 => signal.iter().flat_map(|s| s.to_le_bytes()).collect(),
        };
        let (out, info) = piped(&bytes, 1_009, Some(form(sample))).unwrap();
        assert_eq!((info.container.as_str(), info.sample_rate_hz, info.channels), ("pcm", 48_000, 1));
        assert_eq!(out.len(), due.len(), "{sample:?}");
        let tolerance = if sample == PcmSample::U8 { 0.02 } else { 1e-4 };
        let off = out.iter().zip(&due).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(off < tolerance, "{sample:?} is off by {off}");
    }
    // Channels are mixed, and a frame that is cut off is left out.
    for channels in [2, 3, 8] {
        let form = PcmForm { sample: PcmSample::S16, rate_hz: 48_000, channels };
        let mut bytes = pcm16(&form);
        bytes.push(7);
        let (out, info) = piped(&bytes, 77, Some(form)).unwrap();
        assert_eq!((out.len(), info.channels), (due.len(), channels));
        assert!(out.iter().zip(&due).all(|(a, b)| (a - b).abs() < 1e-4), "{channels} channels");
    }
}

#[test]
fn a_stream_of_nothing_or_of_text_is_refused_by_name() {
    assert!(matches!(piped(b"", 1, None), Err(AudioError::EmptyFile)));
    let text = b"music/a.mp3\nmusic/b.mp3\n".repeat(200);
    assert!(matches!(piped(&text, 100, None), Err(AudioError::UnrecognisedContainer { .. })));
    let form = PcmForm { sample: PcmSample::S16, rate_hz: 1, channels: 1 };
    assert!(matches!(piped(b"abcd", 4, Some(form)), Err(AudioError::LimitExceeded { .. })));
    let form = PcmForm { rate_hz: 44_100, ..form };
    assert!(matches!(piped(b"", 4, Some(form)), Err(AudioError::NoAudio { .. })));
}
