//! Formats and limits that need no encoder.

use super::support::*;
use crate::audio::{AudioError, Limits};

#[test]
fn all_sample_formats_and_channel_counts() {
    let due = signal(OUT_HZ);
    for (format, least) in [
        (Format::U8, 0.999),
        (Format::S16, 0.9999),
        (Format::S24, 0.9999),
        (Format::S32, 0.9999),
        (Format::F32, 0.9999),
        (Format::F64, 0.9999),
    ] {
        for channels in [1, 2, 3, 6, 8] {
            let bytes = wav(16_000, channels, format, &signal(16_000), &[]);
            let (out, info) =
                run(&bytes, Some("wav")).unwrap_or_else(|e| panic!("{format:?} x{channels}: {e}"));
            let (correlation, lag) = correlate(&out, &due);
            assert!(correlation > least && lag == 0, "{format:?} x{channels}: {correlation} at {lag}");
            assert_eq!((info.channels, info.container.as_str()), (channels, "wave"));
            assert_eq!(out.len(), due.len());
        }
    }
    let (out, info) = run(&wav(8_000, 1, Format::ALaw, &[0.0; 8_000], &[]), None).unwrap();
    assert_eq!((out.len(), info.codec.as_str()), (12_000, "pcm_alaw"));
}

#[test]
fn all_rates_keep_time_and_level() {
    let due = signal(OUT_HZ);
    for rate in [
        8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 88_200, 96_000, 192_000,
        44_056,
    ] {
        // At 8 kHz the top of the sweep is beyond the band; compare its start.
        let n = if rate == 8_000 { 9_000 } else { due.len() };
        let (out, _) = run(&wav(rate, 1, Format::F32, &signal(rate), &[]), None).unwrap();
        let (correlation, lag) = correlate(&out[..n], &due[..n]);
        assert!(correlation > 0.999 && lag == 0, "{rate} Hz: {correlation} at {lag}");
        let level = |s: &[f32]| s.iter().map(|x| f64::from(x * x)).sum::<f64>();
        let ratio = level(&out[..n]) / level(&due[..n]);
        assert!((ratio - 1.0).abs() < 0.01, "{rate} Hz: power is {ratio} times what it was");
    }
}

#[test]
fn silence_and_very_short_files() {
    for frames in [1, 2, 3, 100] {
        let (out, info) = run(&wav(44_100, 2, Format::S16, &vec![0.0; frames], &[]), None).unwrap();
        assert!((out.len() as f64 - frames as f64 * 12.0 / 44.1).abs() <= 0.51, "{frames}: {}", out.len());
        assert!((info.duration_s - frames as f64 / 44_100.0).abs() < 1e-9);
        assert!(out.iter().all(|s| *s == 0.0));
    }
}

#[test]
fn nothing_in_the_file() {
    assert!(matches!(run(b"", None), Err(AudioError::EmptyFile)));
    let empty = wav(44_100, 2, Format::S16, &[], &[]);
    assert!(matches!(run(&empty, None), Err(AudioError::NoAudio { .. })), "{:?}", run(&empty, None));
    let text = "This is no audio file. ".repeat(500);
    assert!(matches!(run(text.as_bytes(), Some("mp3")), Err(AudioError::UnrecognisedContainer { .. })));
}

#[test]
fn limits_are_named() {
    let bytes = wav(48_000, 2, Format::S16, &vec![0.1; 96_000], &[]);
    let error = |limits: Limits| run_with(&bytes, None, &limits).unwrap_err().to_string();
    let text = error(Limits { max_duration_s: 1.0, ..Limits::default() });
    assert!(text.contains("length") && text.contains("limit is 1"), "{text}");
    let text = error(Limits { max_channels: 1, ..Limits::default() });
    assert!(text.contains("channels is 2"), "{text}");
    let text = error(Limits { max_rate_hz: 44_100, ..Limits::default() });
    assert!(text.contains("rate in Hz is 48000"), "{text}");
}

#[test]
fn headers_that_claim_too_much() {
    let good = wav(44_100, 2, Format::S16, &vec![0.1; 44_100], &[]);
    let at = good.windows(4).position(|w| w == b"data").unwrap();
    // Four gigabytes of data, of which one second is there.
    let mut bytes = good.clone();
    bytes[at + 4..at + 8].copy_from_slice(&0xffff_fff0_u32.to_le_bytes());
    let (out, info) = run(&bytes, None).unwrap();
    assert!(out.len() >= 11_900 && info.duration_s < 1.01, "{info:?}");
    // 65 535 channels, no channels, no rate, too high a rate.
    for (offset, value, size) in
        [(22, 65_535_u32, 2), (22, 0, 2), (24, 0, 4), (24, u32::MAX, 4), (32, 0, 2), (34, 0, 2)]
    {
        let mut bytes = good.clone();
        bytes[offset..offset + size].copy_from_slice(&value.to_le_bytes()[..size]);
        if let Ok((out, _)) = run(&bytes, None) {
            assert!(out.len() < 200_000, "{value} at {offset} gave {} samples", out.len());
        }
    }
}

#[test]
fn an_hour_is_not_held_in_memory() {
    // An hour of silence as a source that is made while it is read.
    struct Hour {
        head: Vec<u8>,
        len: u64,
        at: u64,
    }
    impl std::io::Read for Hour {
        fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
            let n = (buf.len() as u64).min(self.len - self.at) as usize;
            for (i, b) in buf[..n].iter_mut().enumerate() {
                *b = self.head.get(self.at as usize + i).copied().unwrap_or(0);
            }
            self.at += n as u64;
            Ok(n)
        }
    }
    impl std::io::Seek for Hour {
        fn seek(&mut self, to: std::io::SeekFrom) -> std::io::Result<u64> {
            self.at = match to {
                std::io::SeekFrom::Start(n) => n,
                std::io::SeekFrom::End(n) => self.len.saturating_add_signed(n),
                std::io::SeekFrom::Current(n) => self.at.saturating_add_signed(n),
            }
            .min(self.len);
            Ok(self.at)
        }
    }
    let data = 3_600 * 44_100 * 2_u32;
    let mut head = wav(44_100, 1, Format::S16, &[], &[]);
    let at = head.len();
    head[at - 4..].copy_from_slice(&data.to_le_bytes());
    head[4..8].copy_from_slice(&(data + 36).to_le_bytes());
    let source = Hour { len: head.len() as u64 + u64::from(data), head, at: 0 };
    let (mut samples, mut largest) = (0, 0);
    let info = crate::audio::decode(source, None, OUT_HZ, &Limits::default(), &mut |block| {
        samples += block.len();
        largest = largest.max(block.len());
    })
    .unwrap();
    assert_eq!((samples, info.duration_s), (3_600 * 12_000, 3_600.0));
    assert!(largest < 10_000, "a block of {largest} samples");
}
