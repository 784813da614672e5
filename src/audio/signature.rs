//! Containers by how they begin.

/// What begins with a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Signature {
    /// WAV and its long forms.
    Wave,
    /// AIFF.
    Aiff,
    /// Ogg.
    Ogg,
    /// FLAC without a container.
    Flac,
    /// MP4 and its kin.
    Mp4,
    /// Matroska and WebM.
    Matroska,
    /// Apple's Core Audio format.
    Caf,
    /// An ID3v2 tag, with audio behind it.
    Id3,
}

/// What begins `bytes`, of which the first 16 count. What looks like one by chance
/// is one in 2^32 places and fewer.
pub(super) fn of(bytes: &[u8]) -> Option<Signature> {
    Some(match bytes {
        [b'R', b'I', b'F', b'F' | b'X', _, _, _, _, b'W', b'A', b'V', b'E', ..]
        | [b'R', b'F', b'6', b'4', _, _, _, _, b'W', b'A', b'V', b'E', ..]
        | [b'B', b'W', b'6', b'4', _, _, _, _, b'W', b'A', b'V', b'E', ..] => Signature::Wave,
        [b'F', b'O', b'R', b'M', _, _, _, _, b'A', b'I', b'F', b'F' | b'C', ..] => Signature::Aiff,
        // The version, and the first page of a stream.
        [b'O', b'g', b'g', b'S', 0, 2 | 6, ..] => Signature::Ogg,
        // Its first block is the stream's description, of 34 bytes.
        [b'f', b'L', b'a', b'C', 0 | 0x80, 0, 0, 34, ..] => Signature::Flac,
        [0, 0, _, _, b'f', b't', b'y', b'p', ..] => Signature::Mp4,
        [0x1a, 0x45, 0xdf, 0xa3, ..] => Signature::Matroska,
        [b'c', b'a', b'f', b'f', 0, 1, 0, 0, ..] => Signature::Caf,
        _ if id3v2(bytes).is_some() => Signature::Id3,
        _ => return None,
    })
}

/// Bytes of the ID3v2 tag that begins `bytes` (*ID3 tag version 2.4.0*, section 3.1).
pub(super) fn id3v2(bytes: &[u8]) -> Option<u64> {
    let [b'I', b'D', b'3', major @ 2..=4, revision, flags, size @ ..] = bytes else { return None };
    let size: &[u8; 4] = size.first_chunk()?;
    if *revision == 0xff || flags & 0xf != 0 || size.iter().any(|byte| byte & 0x80 != 0) {
        return None;
    }
    let content = size.iter().fold(0, |size, byte| size << 7 | u64::from(*byte));
    let footer = if *major == 4 && flags & 0x10 != 0 { 10 } else { 0 };
    Some(10 + content + footer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn containers_are_known_by_their_beginning() {
        for (bytes, due) in [
            (&b"RIFF\x01\x02\x03\x04WAVEfmt "[..], Some(Signature::Wave)),
            (b"RIFX\x01\x02\x03\x04WAVE", Some(Signature::Wave)),
            (b"RIFF\x01\x02\x03\x04AVI ", None),
            (b"FORM\0\0\0\0AIFC", Some(Signature::Aiff)),
            (b"OggS\0\x02", Some(Signature::Ogg)),
            (b"OggS\0\x00", None),
            (b"fLaC\0\0\0\x22", Some(Signature::Flac)),
            (b"\0\0\0\x1cftypM4A ", Some(Signature::Mp4)),
            (b"\x1a\x45\xdf\xa3\x01", Some(Signature::Matroska)),
            (b"ID3\x04\0\0\0\0\0\x05", Some(Signature::Id3)),
            (b"ID3\x04\0\0\0\0\0\x80", None),
            (b"", None),
        ] {
            assert_eq!(of(bytes), due, "{bytes:?}");
        }
        assert_eq!(id3v2(b"ID3\x04\0\x10\0\0\x01\x05"), Some(10 + 133 + 10));
    }
}
