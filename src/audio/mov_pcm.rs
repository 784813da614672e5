//! Plain samples in QuickTime files (*QuickTime File Format*, Sound Sample
//! Descriptions). Symphonia 0.6.1 takes all of 24 and 32 bits for little-endian.

use symphonia::core::codecs::audio::AudioCodecId;
use symphonia::core::codecs::audio::well_known::*;

/// What the samples of a track are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pcm {
    /// Of this codec.
    Codec(AudioCodecId),
    /// Of a size that does not fill their bytes.
    Padded,
}

/// Bytes behind the type of a sample entry, up to its version; and of all fields of
/// each version.
const VERSION_AT: usize = 8;
const FIELDS: [usize; 3] = [28, 44, 64];

/// Most boxes in an entry.
const MAX_BOXES: usize = 64;

/// What samples an entry of type `kind` describes that goes on with `body`; `None` if
/// its type does not stand for plain samples whose order is described apart.
pub(super) fn of_entry(kind: [u8; 4], body: &[u8]) -> Option<Pcm> {
    let version = usize::from(u16::from_be_bytes(*body.get(VERSION_AT..)?.first_chunk()?));
    if &kind == b"lpcm" {
        return if version == 2 { padded(body) } else { None };
    }
    let boxes = body.get(*FIELDS.get(version)?..).unwrap_or_default();
    let little = is_little(boxes, 0);
    Some(Pcm::Codec(match (&kind, little) {
        (b"in24", false) => CODEC_ID_PCM_S24BE,
        (b"in24", true) => CODEC_ID_PCM_S24LE,
        (b"in32", false) => CODEC_ID_PCM_S32BE,
        (b"in32", true) => CODEC_ID_PCM_S32LE,
        (b"fl32", false) => CODEC_ID_PCM_F32BE,
        (b"fl32", true) => CODEC_ID_PCM_F32LE,
        (b"fl64", false) => CODEC_ID_PCM_F64BE,
        (b"fl64", true) => CODEC_ID_PCM_F64LE,
        _ => return None,
    }))
}

/// Version 2 has its own fields: channels, bits, flags, bytes of a packet and its frames.
fn padded(body: &[u8]) -> Option<Pcm> {
    let word = |at: usize| Some(u64::from(u32::from_be_bytes(*body.get(at..)?.first_chunk()?)));
    let (channels, bits, bytes, frames) = (word(40)?, word(48)?, word(56)?, word(60)?);
    let is_full = bytes.saturating_mul(8) == channels.saturating_mul(bits).saturating_mul(frames.max(1));
    (!is_full).then_some(Pcm::Padded)
}

/// Whether a box `enda`, alone or in a `wave`, says that samples are little-endian.
/// Without one they are not.
fn is_little(mut boxes: &[u8], depth: u32) -> bool {
    for _ in 0..MAX_BOXES {
        let Some((head, _)) = boxes.split_first_chunk::<8>() else { break };
        let size = u32::from_be_bytes([head[0], head[1], head[2], head[3]]) as usize;
        let Some(content) = boxes.get(8..size.min(boxes.len())) else { break };
        match &head[4..] {
            b"enda" => return content.get(..2) == Some(&[0, 1]),
            b"wave" if depth == 0 && is_little(content, 1) => return true,
            _ => {}
        }
        boxes = boxes.get(size.max(8)..).unwrap_or_default();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_big_endian_unless_they_say_otherwise() {
        let entry = |version: u8, boxes: &[u8]| {
            let mut body = vec![0; FIELDS[usize::from(version)]];
            body[VERSION_AT + 1] = version;
            [&body[..], boxes].concat()
        };
        let enda = |value: u8| [&b"\0\0\0\x0aenda\0"[..], &[value]].concat();
        let wave = |content: &[u8]| [&[0, 0, 0, 8 + content.len() as u8], &b"wave"[..], content].concat();
        let codec = Pcm::Codec;
        for (version, boxes, due) in [
            (0, vec![], CODEC_ID_PCM_S24BE),
            (1, vec![], CODEC_ID_PCM_S24BE),
            (1, enda(1), CODEC_ID_PCM_S24LE),
            (0, enda(1), CODEC_ID_PCM_S24LE),
            (1, enda(0), CODEC_ID_PCM_S24BE),
            (1, wave(&[b"\0\0\0\x0cfrmain24".to_vec(), enda(1)].concat()), CODEC_ID_PCM_S24LE),
            (1, wave(&enda(0)), CODEC_ID_PCM_S24BE),
            (1, vec![0xff; 20], CODEC_ID_PCM_S24BE),
        ] {
            assert_eq!(of_entry(*b"in24", &entry(version, &boxes)), Some(codec(due)), "{version} {boxes:?}");
        }
        assert_eq!(of_entry(*b"fl64", &entry(1, &enda(1))), Some(codec(CODEC_ID_PCM_F64LE)));
        assert_eq!(of_entry(*b"mp4a", &entry(1, &enda(1))), None);
        assert_eq!(of_entry(*b"in24", &[0; 9]), None);
    }

    #[test]
    fn samples_that_do_not_fill_their_bytes_are_not_taken_for_others() {
        let entry = |bits: u32, bytes: u32| {
            let mut body = vec![0; FIELDS[2]];
            body[VERSION_AT + 1] = 2;
            for (at, value) in [(40, 2), (48, bits), (56, bytes), (60, 1)] {
                body[at..at + 4].copy_from_slice(&value.to_be_bytes());
            }
            body
        };
        assert_eq!(of_entry(*b"lpcm", &entry(24, 6)), None);
        assert_eq!(of_entry(*b"lpcm", &entry(24, 8)), Some(Pcm::Padded));
    }
}
