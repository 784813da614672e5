//! What bytes without a telling name hold.

use std::io::{self, Read};

use flate2::read::MultiGzDecoder;

use super::LARGEST_MEMBER;
use super::walk::head;
use crate::audio::{Content, Packing};

/// What something holds, and the bytes that were read to know it.
pub(super) struct Sniffed {
    pub(super) bytes: Bytes,
    /// The first bytes. More may have been read, but not of [`Bytes::Audio`].
    pub(super) head: Vec<u8>,
}

/// What something holds by its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Bytes {
    /// Audio in a form that is decoded.
    Audio,
    /// Audio that cannot be had from here, and what it is.
    Unread(String),
    /// Nothing that sounds: a picture, a document, text, or no bytes at all.
    Silent,
    /// Something that holds or packs other things. What is in it is not known, or of
    /// no known kind.
    Packed(Packing),
    /// It may be audio without a header, or anything else.
    Unknown,
}

/// Looks at the first bytes of `content`, and at more of it to know that all is text or
/// what is packed.
///
/// # Errors
/// If `content` cannot be read.
pub(super) fn sniff(content: &mut dyn Read) -> io::Result<Sniffed> {
    let head = head(content)?;
    let bytes = match Content::of(&head) {
        Content::Audio => Bytes::Audio,
        Content::Unread { codec, container } => Bytes::Unread(format!("{codec} ({container})")),
        Content::Silent(_) => Bytes::Silent,
        Content::Packed(packing) => unpacked(packing, &mut (&head[..]).chain(content)),
        Content::Unknown if is_text(&mut (&head[..]).chain(content))? => Bytes::Silent,
        Content::Unknown => Bytes::Unknown,
    };
    Ok(Sniffed { bytes, head })
}

/// What is packed, where that is one thing.
fn unpacked(packing: Packing, content: &mut dyn Read) -> Bytes {
    let inside = match packing {
        Packing::Gzip => sniff_inside(&mut MultiGzDecoder::new(content)),
        _ => return Bytes::Packed(packing),
    };
    match inside {
        Ok(Content::Audio) => Bytes::Unread(format!("audio packed as {}", packing.name())),
        Ok(Content::Unread { codec, container }) => {
            Bytes::Unread(format!("{codec} ({container}) packed as {}", packing.name()))
        }
        Ok(Content::Silent(_)) => Bytes::Silent,
        Ok(Content::Packed(inside)) => Bytes::Packed(inside),
        Ok(Content::Unknown) | Err(_) => Bytes::Packed(packing),
    }
}

fn sniff_inside(content: &mut dyn Read) -> io::Result<Content> {
    let head = head(content)?;
    Ok(match Content::of(&head) {
        Content::Unknown if is_text(&mut (&head[..]).chain(content))? => Content::Silent("text"),
        other => other,
    })
}

/// Whether all of `content` is text: UTF-8 without control characters but those that
/// text has. Samples are not: they hold zeros, or bytes that are no UTF-8. What is
/// longer than the largest member is not looked at to its end, and is none.
fn is_text(content: &mut dyn Read) -> io::Result<bool> {
    let mut block = vec![0; 1 << 16];
    // Bytes at the start of `block` that begin a character.
    let mut kept = 0;
    let mut read = 0u64;
    loop {
        let more = match content.read(&mut block[kept..]) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            more => more?,
        };
        read += more as u64;
        if more == 0 {
            return Ok(kept == 0);
        }
        if read > LARGEST_MEMBER {
            return Ok(false);
        }
        let filled = kept + more;
        let whole = match std::str::from_utf8(&block[..filled]) {
            Ok(_) => filled,
            Err(error) if error.error_len().is_none() => error.valid_up_to(),
            Err(_) => return Ok(false),
        };
        let is_control =
            |byte: &u8| (*byte < b' ' && !matches!(byte, b'\t' | b'\n' | b'\r' | 0x0c)) || *byte == 0x7f;
        if block[..whole].iter().any(is_control) {
            return Ok(false);
        }
        block.copy_within(whole..filled, 0);
        kept = filled - whole;
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn sniffed(bytes: &[u8]) -> Bytes {
        sniff(&mut &bytes[..]).expect("memory").bytes
    }

    fn gz(bytes: &[u8]) -> Vec<u8> {
        let mut gz = GzEncoder::new(Vec::new(), Compression::fast());
        gz.write_all(bytes).expect("memory");
        gz.finish().expect("memory")
    }

    #[test]
    fn text_is_text_to_its_end() {
        let long = "ä \u{1f3b5}\r\n\t{\"a\": 1}\n".repeat(20_000);
        for text in ["", "7", "\u{feff}a,b\n", &long] {
            assert_eq!(sniffed(text.as_bytes()), Bytes::Silent);
        }
        let samples: Vec<u8> = (0..long.len()).flat_map(|at| ((at * 7) as i16).to_le_bytes()).collect();
        assert_eq!(sniffed(&samples), Bytes::Unknown);
        assert_eq!(sniffed(&[long.as_bytes(), &samples].concat()), Bytes::Unknown);
        // A character that is cut off, a zero, and Latin-1.
        for other in [&b"caf\xc3"[..], b"a\0b", b"caf\xe9 au lait"] {
            assert_eq!(sniffed(other), Bytes::Unknown);
        }
    }

    #[test]
    fn what_is_packed_is_looked_into() {
        let wave = b"RIFF\x24\0\0\0WAVEfmt ";
        assert_eq!(sniffed(wave), Bytes::Audio);
        assert_eq!(sniffed(&gz(wave)), Bytes::Unread("audio packed as gzip".to_owned()));
        assert_eq!(sniffed(&gz(b"#!AMR\n")), Bytes::Unread("AMR-NB (AMR) packed as gzip".to_owned()));
        assert_eq!(sniffed(&gz(b"{}")), Bytes::Silent);
        assert_eq!(sniffed(&gz(&[0; 100])), Bytes::Packed(Packing::Gzip));
        assert_eq!(sniffed(&gz(&gz(wave))), Bytes::Packed(Packing::Gzip));
        assert_eq!(sniffed(&gz(b"PK\x03\x04")), Bytes::Packed(Packing::Zip));
        assert_eq!(sniffed(b"7z\xbc\xaf\x27\x1c"), Bytes::Packed(Packing::SevenZip));
        // Packed, and cut.
        assert_eq!(sniffed(&gz(wave)[..12]), Bytes::Packed(Packing::Gzip));
    }
}
