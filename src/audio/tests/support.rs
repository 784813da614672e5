//! A signal that is known at every rate, a WAV writer, and comparisons.

use std::f64::consts::TAU;
use std::io::Cursor;
use std::path::PathBuf;

use crate::audio::{AudioError, AudioInfo, Limits, Tags, decode, ogg, read_tags};

/// The analysis rate used in these tests.
pub const OUT_HZ: u32 = 12_000;
/// Length of [`signal`], in seconds: whole samples at every rate used.
pub const LENGTH_S: f64 = 1.2;

/// The signal at time `t` in seconds: a linear sweep from 200 Hz to 4.5 kHz
/// with two bursts, all below the analysis band edge, so that its values at
/// 12 kHz need no resampler.
pub fn signal_at(t: f64) -> f64 {
    let fade = (t.min(LENGTH_S - t) / 0.005).clamp(0.0, 1.0);
    let sweep = 0.5 * fade * (TAU * (200.0 * t + 0.5 * (4_300.0 / LENGTH_S) * t * t)).sin();
    let burst = |at: f64, hz: f64| 0.3 * (-((t - at) / 0.001).powi(2)).exp() * (TAU * hz * (t - at)).cos();
    sweep + burst(0.25, 3_500.0) + burst(0.9, 1_000.0)
}

/// The signal at a rate.
pub fn signal(rate_hz: u32) -> Vec<f32> {
    let n = (LENGTH_S * f64::from(rate_hz)).round() as usize;
    (0..n).map(|i| signal_at(i as f64 / f64::from(rate_hz)) as f32).collect()
}

/// Decodes bytes in memory to the analysis rate.
pub fn run(bytes: &[u8], hint: Option<&str>) -> Result<(Vec<f32>, AudioInfo), AudioError> {
    run_with(bytes, hint, &Limits::default())
}

/// As [`run`], under `limits`.
pub fn run_with(
    bytes: &[u8],
    hint: Option<&str>,
    limits: &Limits,
) -> Result<(Vec<f32>, AudioInfo), AudioError> {
    let mut out = Vec::new();
    let info = decode(Cursor::new(bytes.to_vec()), hint, OUT_HZ, limits, &mut |block| {
        assert!(!block.is_empty());
        out.extend_from_slice(block);
    })?;
    Ok((out, info))
}

/// The largest normalised correlation of `found` with `due` within 30 ms, and
/// its lag in samples (positive: `found` is late).
pub fn correlate(found: &[f32], due: &[f32]) -> (f64, i64) {
    correlate_within(found, due, 360)
}

/// As [`correlate`], within so many samples.
pub fn correlate_within(found: &[f32], due: &[f32], reach: i64) -> (f64, i64) {
    let at = |lag: i64| {
        let (mut fd, mut ff, mut dd) = (0.0, 0.0, 0.0);
        for (i, &d) in due.iter().enumerate() {
            let f = usize::try_from(i as i64 + lag).ok().and_then(|k| found.get(k)).copied().unwrap_or(0.0);
            fd += f64::from(f) * f64::from(d);
            ff += f64::from(f) * f64::from(f);
            dd += f64::from(d) * f64::from(d);
        }
        fd / (ff * dd).sqrt().max(1e-12)
    };
    (-reach..=reach).map(|lag| (at(lag), lag)).max_by(|a, b| a.0.total_cmp(&b.0)).unwrap()
}

/// How samples are stored in a WAV file.
#[derive(Clone, Copy, Debug)]
pub enum Format {
    U8,
    S16,
    S24,
    S32,
    F32,
    F64,
    ALaw,
}

/// A WAV file of `frames` in `channels` equal channels, with `chunks` (each a
/// four-character id and its body) before the data.
pub fn wav(
    rate_hz: u32,
    channels: u16,
    format: Format,
    frames: &[f32],
    chunks: &[(&[u8; 4], Vec<u8>)],
) -> Vec<u8> {
    let mut data = Vec::new();
    for &s in frames {
        let s = f64::from(s);
        let one: Vec<u8> = match format {
            Format::U8 => vec![(128.0 + 127.0 * s).round() as u8],
            Format::S16 => ((s * 32_767.0).round() as i16).to_le_bytes().to_vec(),
            Format::S24 => ((s * 8_388_607.0).round() as i32).to_le_bytes()[..3].to_vec(),
            Format::S32 => ((s * 2_147_483_647.0).round() as i32).to_le_bytes().to_vec(),
            Format::F32 => (s as f32).to_le_bytes().to_vec(),
            Format::F64 => s.to_le_bytes().to_vec(),
            // Silence only, which is enough to see that the format is accepted.
            Format::ALaw => vec![0xd5],
        };
        (0..channels).for_each(|_| data.extend(&one));
    }
    let (tag, bits) = match format {
        Format::U8 => (1_u16, 8_u16),
        Format::S16 => (1, 16),
        Format::S24 => (1, 24),
        Format::S32 => (1, 32),
        Format::F32 => (3, 32),
        Format::F64 => (3, 64),
        Format::ALaw => (6, 8),
    };
    let align = channels * bits / 8;
    let mut fmt = Vec::new();
    fmt.extend(tag.to_le_bytes());
    fmt.extend(channels.to_le_bytes());
    fmt.extend(rate_hz.to_le_bytes());
    fmt.extend((rate_hz * u32::from(align)).to_le_bytes());
    fmt.extend(align.to_le_bytes());
    fmt.extend(bits.to_le_bytes());
    if matches!(format, Format::ALaw) {
        fmt.extend([0, 0]);
    }
    let mut body = b"WAVE".to_vec();
    body.extend(chunk(b"fmt ", &fmt));
    chunks.iter().for_each(|(id, content)| body.extend(chunk(id, content)));
    body.extend(chunk(b"data", &data));
    chunk(b"RIFF", &body)
}

/// One RIFF chunk.
pub fn chunk(id: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let mut out = id.to_vec();
    out.extend((body.len() as u32).to_le_bytes());
    out.extend(body);
    if body.len() % 2 == 1 {
        out.push(0);
    }
    out
}

/// An ID3v2.4 tag of UTF-8 text frames.
pub fn id3v2(frames: &[(&[u8; 4], &str)]) -> Vec<u8> {
    let frames: Vec<_> = frames.iter().map(|(id, text)| (*id, [b"\x03", text.as_bytes()].concat())).collect();
    id3v2_frames(&frames)
}

/// An ID3v2.4 tag of frames as they are.
pub fn id3v2_frames(frames: &[(&[u8; 4], Vec<u8>)]) -> Vec<u8> {
    let synchsafe =
        |n: usize| [(n >> 21) as u8 & 0x7f, (n >> 14) as u8 & 0x7f, (n >> 7) as u8 & 0x7f, n as u8 & 0x7f];
    let mut body = Vec::new();
    for (id, content) in frames {
        body.extend(*id);
        body.extend(synchsafe(content.len()));
        body.extend([0, 0]);
        body.extend(content);
    }
    let mut tag = b"ID3\x04\x00\x00".to_vec();
    tag.extend(synchsafe(body.len()));
    tag.extend(body);
    tag
}

/// An Ogg page with one packet.
pub fn ogg_page(flags: u8, serial: u32, body: &[u8]) -> Vec<u8> {
    let mut page = [&b"OggS\0"[..], &[flags], &[0; 8], &serial.to_le_bytes(), &[0; 8]].concat();
    page.push((body.len() / 255 + 1) as u8);
    page.extend(vec![255; body.len() / 255]);
    page.push((body.len() % 255) as u8);
    page.extend(body);
    let sum = ogg::checksum(&page).to_le_bytes();
    page[22..26].copy_from_slice(&sum);
    page
}

/// What the file says about itself.
pub fn tags_of(bytes: Vec<u8>) -> Tags {
    read_tags(Cursor::new(bytes), None, &Limits::default()).unwrap()
}

/// Where the committed files lie.
pub fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("testdata/codecs")
}

/// A committed file.
pub fn fixture(name: &str) -> Vec<u8> {
    let path = folder().join(name);
    std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}
