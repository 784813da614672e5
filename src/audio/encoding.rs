//! Packets that Matroska packs once more: without the bytes with which all begin, or
//! compressed (RFC 9559, section 5.1.4.1.31).

use std::io::Read;

/// Most bytes of a packet behind its compression: a second of 32 channels of PCM.
const MAX_PACKET: u64 = 16 << 20;

/// How the packets of a track are packed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Encoding {
    /// Encodings, one in the other.
    pub(super) count: u32,
    /// What is packed: packets alone are 1.
    pub(super) scope: u64,
    /// Compressed (0) or encrypted.
    pub(super) kind: u64,
    /// zlib (0), bzlib, lzo, or bytes that were taken away (3).
    pub(super) algorithm: u64,
    /// Those bytes.
    pub(super) settings: Vec<u8>,
}

impl Default for Encoding {
    fn default() -> Self {
        Encoding { count: 0, scope: 1, kind: 0, algorithm: 0, settings: Vec::new() }
    }
}

impl Encoding {
    /// Why packets cannot be unpacked.
    pub(super) fn refusal(&self) -> Option<&'static str> {
        match (self.count, self.kind, self.algorithm, self.scope) {
            (0, ..) => None,
            (_, 1, ..) => Some("the container encrypts its packets"),
            (2.., ..) => Some("the container packs its packets more than once"),
            (_, 0, 0 | 3, 1) => None,
            (_, 0, 0 | 3, _) => Some("the container compresses its header"),
            (_, 0, 1, _) => Some("the container compresses its packets with bzlib"),
            (_, 0, 2, _) => Some("the container compresses its packets with lzo"),
            _ => Some("the container packs its packets in a way that is not known"),
        }
    }

    /// A packet as it was; an empty one if it cannot be unpacked.
    pub(super) fn unpack(&self, packet: Box<[u8]>) -> Box<[u8]> {
        match (self.count, self.algorithm) {
            (0, _) => packet,
            (_, 3) => [&self.settings, &packet[..]].concat().into(),
            _ => {
                let mut data = Vec::new();
                let limited =
                    flate2::read::ZlibDecoder::new(&packet[..]).take(MAX_PACKET).read_to_end(&mut data);
                if limited.is_err() {
                    data.clear();
                }
                data.into()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn packets_are_unpacked_or_empty() {
        let plain = Encoding::default();
        assert_eq!((plain.refusal(), &plain.unpack([1, 2].into())[..]), (None, &[1, 2][..]));
        let stripped = Encoding { count: 1, algorithm: 3, settings: vec![9, 8], ..Encoding::default() };
        assert_eq!((stripped.refusal(), &stripped.unpack([1, 2].into())[..]), (None, &[9, 8, 1, 2][..]));
        let zlib = Encoding { count: 1, ..Encoding::default() };
        let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(b"a packet").unwrap();
        let packed = packed.finish().unwrap();
        assert_eq!((zlib.refusal(), &zlib.unpack(packed.clone().into())[..]), (None, &b"a packet"[..]));
        assert!(zlib.unpack(packed[..5].into()).is_empty());
        for (other, told) in [
            (Encoding { algorithm: 1, ..zlib.clone() }, "bzlib"),
            (Encoding { kind: 1, ..zlib.clone() }, "encrypts"),
            (Encoding { count: 2, ..zlib.clone() }, "more than once"),
            (Encoding { scope: 3, ..zlib }, "header"),
        ] {
            assert!(other.refusal().is_some_and(|reason| reason.contains(told)), "{other:?}");
        }
    }
}
