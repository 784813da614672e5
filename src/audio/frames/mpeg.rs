//! Frames of MPEG audio: layers 1, 2 and 3 of MPEG-1 (ISO/IEC 11172-3 section
//! 2.4.1.3), MPEG-2 (13818-3) and what is known as MPEG-2.5.

use symphonia::core::audio::layouts::{CHANNEL_LAYOUT_MONO, CHANNEL_LAYOUT_STEREO};
use symphonia::core::codecs::audio::AudioCodecId;
use symphonia::core::codecs::audio::well_known::{CODEC_ID_MP1, CODEC_ID_MP2, CODEC_ID_MP3};

use super::{Form, Frame};

/// Bytes of a header.
pub(super) const HEADER: usize = 4;

/// kbit/s by index, of the kinds that differ: MPEG-1 layers 1, 2 and 3, MPEG-2
/// layer 1, and layers 2 and 3. Index 0 is "free": any rate, which the decoder
/// does not support.
const KBITS: [[u32; 14]; 5] = [
    [32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448],
    [32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384],
    [32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
    [32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256],
    [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
];

/// A header's fields.
struct Header {
    /// Whether it is MPEG-1.
    first: bool,
    layer: u32,
    rate_hz: u32,
    mono: bool,
    /// Whether a sum of two bytes follows the header.
    sum: bool,
    /// Of the whole frame.
    bytes: usize,
}

impl Header {
    fn parse(bytes: &[u8]) -> Option<Header> {
        let word = u32::from_be_bytes(*bytes.first_chunk()?);
        let field = |at: u32, bits: u32| word >> at & ((1 << bits) - 1);
        if field(21, 11) != 0x7ff {
            return None;
        }
        let halvings = match field(19, 2) {
            3 => 0,
            2 => 1,
            0 => 2,
            _ => return None,
        };
        let first = halvings == 0;
        let layer = 4 - field(17, 2);
        let table = match (first, layer) {
            (_, 4) => return None,
            (true, layer) => layer as usize - 1,
            (false, 1) => 3,
            (false, _) => 4,
        };
        let kbits = *KBITS[table].get((field(12, 4) as usize).checked_sub(1)?)?;
        let rate_hz = [44_100, 48_000, 32_000].get(field(10, 2) as usize)? >> halvings;
        let mono = field(6, 2) == 3;
        // Layer 2 forbids some of its rates (section 2.4.2.3).
        let forbidden: &[u32] = if mono { &[224, 256, 320, 384] } else { &[32, 48, 56, 80] };
        if layer == 2 && forbidden.contains(&kbits) {
            return None;
        }
        let (slots, slot_bytes) = match (layer, first) {
            (1, _) => (12, 4),
            (3, false) => (72, 1),
            _ => (144, 1),
        };
        let bytes = ((slots * 1_000 * kbits / rate_hz + field(9, 1)) * slot_bytes) as usize;
        Some(Header { first, layer, rate_hz, mono, sum: field(16, 1) == 0, bytes })
    }

    fn samples(&self) -> u32 {
        match (self.layer, self.first) {
            (1, _) => 384,
            (3, false) => 576,
            _ => 1_152,
        }
    }

    fn codec(&self) -> AudioCodecId {
        match self.layer {
            1 => CODEC_ID_MP1,
            2 => CODEC_ID_MP2,
            _ => CODEC_ID_MP3,
        }
    }

    /// Where a tag of Xing's form begins: behind the side information.
    fn tag_at(&self) -> usize {
        HEADER
            + match (self.first, self.mono) {
                (true, false) => 32,
                (false, true) => 9,
                _ => 17,
            }
    }
}

/// The frame that begins `bytes`; the rest of it need not be there.
pub(super) fn frame(bytes: &[u8]) -> Option<Frame> {
    let header = Header::parse(bytes)?;
    Some(Frame {
        form: Form {
            codec: header.codec(),
            rate_hz: header.rate_hz,
            channels: Some(if header.mono { CHANNEL_LAYOUT_MONO } else { CHANNEL_LAYOUT_STEREO }),
        },
        bytes: header.bytes,
        head_bytes: 0,
        samples: header.samples(),
        unread: None,
    })
}

/// Whether a whole frame of layer 3 holds no audio but a table of contents for
/// players: `Xing`, `Info` or `VBRI`. With it, the samples of the stream that it
/// claims.
pub(super) fn contents(frame: &[u8]) -> Option<Option<u64>> {
    let header = Header::parse(frame).filter(|header| header.layer == 3)?;
    let is_empty = |to: usize| {
        let from = HEADER + if header.sum { 2 } else { 0 };
        frame.get(from..to).is_some_and(|side| side.iter().all(|byte| *byte == 0))
    };
    let word = |at: usize| Some(u32::from_be_bytes(*frame.get(at..)?.first_chunk()?));
    let samples = |frames: u32| u64::from(frames) * u64::from(header.samples());
    let at = header.tag_at();
    if matches!(frame.get(at..at + 4), Some(b"Xing" | b"Info")) && is_empty(at) {
        let has_frames = word(at + 4)? & 1 != 0;
        return Some(word(at + 8).filter(|_| has_frames).map(samples));
    }
    // It stands behind the longest side information, whatever the frame's is.
    let at = HEADER + 32;
    if frame.get(at..at + 4) == Some(b"VBRI") && is_empty(at) {
        return Some(word(at + 14).map(samples));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_frames() {
        // From files of LAME and ffmpeg: bytes, samples, rate, channels.
        for (head, bytes, samples, rate_hz, channels) in [
            ([0xff, 0xfb, 0x90, 0x64], 417, 1_152, 44_100, 2),
            ([0xff, 0xfb, 0x92, 0x64], 418, 1_152, 44_100, 2),
            ([0xff, 0xf3, 0x40, 0xc4], 104, 576, 22_050, 1),
            ([0xff, 0xe3, 0x18, 0xc4], 72, 576, 8_000, 1),
            ([0xff, 0xfd, 0xa4, 0x04], 576, 1_152, 48_000, 2),
            ([0xff, 0xff, 0xc0, 0x04], 416, 384, 44_100, 2),
        ] {
            let found = frame(&head).unwrap();
            let form = (found.form.rate_hz, found.form.channels.unwrap().count());
            assert_eq!(
                (found.bytes, found.samples, form),
                (bytes, samples, (rate_hz, channels)),
                "{head:x?}"
            );
        }
        for no_head in [
            [0xff, 0xeb, 0x90, 0x64],
            [0xff, 0xf9, 0x90, 0x64],
            [0xff, 0xfb, 0x00, 0x64],
            [0xff, 0xfb, 0xf0, 0x64],
            [0xff, 0xfb, 0x9c, 0x64],
            [0xff, 0xfd, 0x10, 0x04],
        ] {
            assert!(frame(&no_head).is_none(), "{no_head:x?}");
        }
    }

    #[test]
    fn tables_of_contents_are_known() {
        let mut bytes = vec![0; 417];
        bytes[..4].copy_from_slice(&[0xff, 0xfb, 0x90, 0x64]);
        assert_eq!(contents(&bytes), None);
        bytes[36..48].copy_from_slice(b"Xing\0\0\0\x01\0\0\0\x03");
        assert_eq!(contents(&bytes), Some(Some(3 * 1_152)));
        bytes[43] = 0;
        assert_eq!(contents(&bytes), Some(None));
        bytes[20] = 1;
        assert_eq!(contents(&bytes), None, "there is audio in it");
        bytes[20] = 0;
        bytes[36..54].copy_from_slice(b"VBRI\0\x01..........\0\x02");
        bytes[50..54].copy_from_slice(&[0, 0, 0, 2]);
        assert_eq!(contents(&bytes), Some(Some(2 * 1_152)));
    }
}
