//! Frames of AAC in ADTS (ISO/IEC 14496-3 section 1.A.2.2).

use symphonia::core::audio::Channels;
use symphonia::core::audio::layouts::{CHANNEL_LAYOUT_MONO, CHANNEL_LAYOUT_STEREO};
use symphonia::core::codecs::audio::well_known::CODEC_ID_AAC;

use super::{Form, Frame};

/// Bytes of a header without a sum.
pub(super) const HEADER: usize = 7;

/// Bytes of the sum behind the header.
const SUM: usize = 2;

/// Hz by index.
const RATES_HZ: [u32; 13] =
    [96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350];

/// The frame that begins `bytes`; the rest of it need not be there.
pub(super) fn frame(bytes: &[u8]) -> Option<Frame> {
    let head: &[u8; HEADER] = bytes.first_chunk()?;
    if head[0] != 0xff || head[1] & 0xf6 != 0xf0 {
        return None;
    }
    let rate_hz = *RATES_HZ.get(usize::from(head[2] >> 2 & 0xf))?;
    let channels = match (head[2] & 1) << 2 | head[3] >> 6 {
        // The layout stands inside the frame.
        0 => None,
        1 => Some(CHANNEL_LAYOUT_MONO),
        2 => Some(CHANNEL_LAYOUT_STEREO),
        7 => Some(Channels::Discrete(8)),
        n => Some(Channels::Discrete(u16::from(n))),
    };
    let bytes = usize::from(head[3] & 3) << 11 | usize::from(head[4]) << 3 | usize::from(head[5] >> 5);
    let head_bytes = HEADER + if head[1] & 1 == 0 { SUM } else { 0 };
    let blocks = u32::from(head[6] & 3) + 1;
    if bytes <= head_bytes {
        return None;
    }
    Some(Frame {
        form: Form { codec: CODEC_ID_AAC, rate_hz, channels },
        bytes,
        head_bytes,
        samples: 1_024 * blocks,
        unread: (blocks > 1).then_some("several blocks of AAC in one frame of ADTS are not supported"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers() {
        let head = [0xff, 0xf1, 0x50, 0x80, 0x2e, 0x7f, 0xfc];
        let found = frame(&head).unwrap();
        assert_eq!((found.form.rate_hz, found.bytes, found.head_bytes), (44_100, 371, 7));
        assert_eq!((found.form.channels.unwrap().count(), found.samples), (2, 1_024));
        assert!(found.unread.is_none());
        let with = |at: usize, byte: u8| {
            let mut head = head;
            head[at] = byte;
            frame(&head)
        };
        assert_eq!(with(1, 0xf0).unwrap().head_bytes, 9);
        assert_eq!(with(6, 0xff).unwrap().samples, 4_096);
        assert!(with(6, 0xff).unwrap().unread.is_some());
        assert_eq!(with(2, 0x50 | 0x34).map(|f| f.form.rate_hz), None, "a rate that is reserved");
        assert!(
            with(1, 0xf3).is_none() && with(4, 0).is_none(),
            "another layer, and a frame without content"
        );
    }
}
