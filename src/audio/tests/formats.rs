//! Containers that are presented to the demultiplexer otherwise than they are,
//! and what is refused by name.

use std::io::{Cursor, Read, Seek, SeekFrom};

use super::support::*;
use crate::audio::{AudioError, Limits, decode, read_tags};

/// The WAV file as RF64 or BW64, sizes in `ds64`, with `tail` behind the data.
pub fn rf64(magic: &[u8; 4], wav: &[u8], tail: &[u8]) -> Vec<u8> {
    let at = wav.windows(4).position(|w| w == b"data").unwrap();
    let data = u64::from(u32::from_le_bytes(wav[at + 4..at + 8].try_into().unwrap()));
    let mut ds64 = Vec::new();
    [wav.len() as u64 + 28, data, 0].iter().for_each(|size| ds64.extend(size.to_le_bytes()));
    ds64.extend([0; 4]);
    let head = [&magic[..], &[0xff; 4], b"WAVE", &chunk(b"ds64", &ds64)].concat();
    [&head[..], &wav[12..at + 4], &[0xff; 4], &wav[at + 8..], tail].concat()
}

#[test]
fn sizes_of_64_bits() {
    let plain = wav(16_000, 2, Format::S16, &signal(16_000), &[(b"bext", vec![7; 603])]);
    let due = run(&plain, None).unwrap();
    let tail = chunk(b"LIST", &[b"INFO".to_vec(), chunk(b"INAM", b"Behind")].concat());
    for (magic, name) in [(b"RF64", "rf64"), (b"BW64", "bw64")] {
        let bytes = rf64(magic, &plain, &tail);
        let (out, info) = run(&bytes, None).unwrap();
        assert_eq!(out, due.0, "{name}: what stands behind the data is no audio");
        assert_eq!((info.container.as_str(), info.truncated), (name, false));
        let tags = read_tags(Cursor::new(bytes.clone()), None, &Limits::default()).unwrap();
        assert_eq!(tags.title.as_deref(), Some("Behind"));
        // Cut off: what is there is heard, and the cut is told.
        let (out, info) = run(&bytes[..bytes.len() / 2], None).unwrap();
        assert!(info.truncated && out.len() > due.0.len() / 3, "{info:?}");
        // A recorder that was switched off left no size.
        let mut open = bytes[..bytes.len() - tail.len()].to_vec();
        open[28..36].fill(0);
        assert_eq!(run(&open, None).unwrap().0, due.0);
    }
}

/// A file of which only the beginning and the end are not zero.
struct Sparse {
    head: Vec<u8>,
    tail: Vec<u8>,
    len: u64,
    at: u64,
}

impl Read for Sparse {
    fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
        let n = (buf.len() as u64).min(self.len - self.at) as usize;
        buf[..n].fill(0);
        let parts = [(0, &self.head), (self.len - self.tail.len() as u64, &self.tail)];
        for (start, part) in parts {
            let (from, to) = (start.max(self.at), (start + part.len() as u64).min(self.at + n as u64));
            if from < to {
                let bytes = &part[(from - start) as usize..(to - start) as usize];
                buf[(from - self.at) as usize..][..bytes.len()].copy_from_slice(bytes);
            }
        }
        self.at += n as u64;
        Ok(n)
    }
}

impl Seek for Sparse {
    fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
        let to = match to {
            SeekFrom::Start(n) => n,
            SeekFrom::End(n) => self.len.saturating_add_signed(n),
            SeekFrom::Current(n) => self.at.saturating_add_signed(n),
        };
        self.at = to.min(self.len);
        Ok(self.at)
    }
}

#[test]
fn more_than_four_gigabytes() {
    // 24 channels of 8 bytes at 192 kHz: 37 MB a second.
    let frame = 24 * 8;
    let sound = wav(192_000, 24, Format::F64, &signal(192_000), &[]);
    let at = sound.windows(4).position(|w| w == b"data").unwrap() + 8;
    // Whole samples at 12 kHz, so that what comes last lies on them.
    let data = (u64::from(u32::MAX) / frame + 192_000).next_multiple_of(16) * frame;
    let mut head = rf64(b"RF64", &sound[..at], &[]);
    head[28..36].copy_from_slice(&data.to_le_bytes());
    let title = chunk(b"LIST", &[b"INFO".to_vec(), chunk(b"INAM", b"Large")].concat());
    let tail = [&sound[at..], &title].concat();
    let len = head.len() as u64 + data + title.len() as u64;
    let file = || Sparse { head: head.clone(), tail: tail.clone(), len, at: 0 };
    let mut last = Vec::new();
    let keep = (LENGTH_S * f64::from(OUT_HZ)) as usize;
    let info = decode(file(), None, OUT_HZ, &Limits::default(), &mut |block| {
        last.extend_from_slice(block);
        let over = last.len().saturating_sub(keep);
        last.drain(..over);
    })
    .unwrap();
    assert!((info.duration_s - (data / frame) as f64 / 192_000.0).abs() < 1e-6, "{info:?}");
    assert!(!info.truncated && data > u64::from(u32::MAX));
    let (correlation, lag) = correlate(&last, &signal(OUT_HZ));
    assert!(correlation > 0.999 && lag == 0, "{correlation} at {lag}");
    let tags = read_tags(file(), None, &Limits::default()).unwrap();
    assert_eq!(tags.title.as_deref(), Some("Large"));
}

#[test]
fn pictures_are_not_read() {
    // What is in the picture track does not matter, even where its tables lie.
    let mut bytes = fixture("film.mp4");
    let due = run(&bytes, None).unwrap();
    let at = bytes.windows(4).position(|w| w == b"avc1").unwrap();
    bytes[at - 8..at + 4].fill(0xff);
    assert_eq!(run(&bytes, None).unwrap(), due);
}

#[test]
fn what_is_not_decoded_is_named() {
    let replaced = |name: &str, from: &[u8], to: &[u8]| {
        let mut bytes = fixture(name);
        let at = bytes.windows(from.len()).position(|w| w == from).unwrap();
        bytes[at..at + to.len()].copy_from_slice(to);
        bytes
    };
    let asf = [&b"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\x00\xaa\x00\x62\xce\x6c"[..], &[0; 600]].concat();
    let gsm = {
        let mut bytes = wav(8_000, 1, Format::U8, &[0.0; 800], &[]);
        bytes[20] = 0x31;
        bytes
    };
    let cases: &[(Vec<u8>, &str)] = &[
        (replaced("aac.m4a", b"mp4a", b"samr"), "AMR-NB"),
        (replaced("opus.mp4", b"Opus", b"dtsh"), "DTS"),
        (replaced("opus.mp4", b"Opus", b"zz9z"), "zz9z"),
        (replaced("film.mp4", b"mp4a", b"enca"), "encrypted"),
        (replaced("opus.webm", b"A_OPUS", b"A_EAC3"), "E-AC-3"),
        (replaced("opus.webm", b"A_OPUS", b"A_ZZ98"), "A_ZZ98"),
        (asf, "WMA"),
        ([&b"#!AMR\n"[..], &[0x3c; 600]].concat(), "AMR-NB"),
        ([&b"MAC \x96\x0f"[..], &[1; 600]].concat(), "Monkey's Audio"),
        ([&b"wvpk"[..], &[2; 600]].concat(), "WavPack"),
        ([&b"tBaK"[..], &[2; 600]].concat(), "TAK"),
        ([&b"MPCK"[..], &[2; 600]].concat(), "Musepack"),
        ([&b"RIFF\0\0\0\0AVI "[..], &[2; 600]].concat(), "AVI"),
        (gsm, "GSM"),
    ];
    for (bytes, codec) in cases {
        for hint in [None, Some("mp3")] {
            let error = run(bytes, hint).unwrap_err();
            assert!(
                matches!(&error, AudioError::UnsupportedCodec { codec: found, .. } if found.contains(codec)),
                "{codec}: {error}"
            );
        }
    }
}
