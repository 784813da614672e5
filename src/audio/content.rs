//! What bytes are, by how they begin.
//!
//! Names lie and are missing, so whoever lists inputs asks the bytes. Symphonia
//! looks for the first MP3 frame in whatever it is given, and finds one in archives,
//! pictures and films: so what is known to be something else is refused before.

use super::{AudioError, names};

/// Bytes from the start that [`Content::of`] looks at, at most: two ADTS frames, the
/// longest of which have 8,191 bytes (ISO/IEC 13818-7, section 6.2).
pub const CONTENT_HEAD: usize = 16 << 10;

/// What a file, or a member of an archive, holds, as far as its first bytes tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Content {
    /// Audio, or a film that may have some, in a form that is decoded.
    Audio,
    /// Audio or film in a form that is not read.
    Unread {
        /// The codec, as people know it.
        codec: &'static str,
        /// The form of the file.
        container: &'static str,
    },
    /// Something that holds files or rows of any kind, or is packed.
    Packed(Packing),
    /// What has no sound, by name: a picture, a document.
    Silent(&'static str),
    /// Nothing that is known begins like this. It may be samples without a header.
    Unknown,
}

/// The forms of what holds or packs other things.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Packing {
    /// tar (POSIX.1-2017, and older).
    Tar,
    /// zip.
    Zip,
    /// gzip.
    Gzip,
    /// Zstandard.
    Zstd,
    /// xz.
    Xz,
    /// bzip2.
    Bzip2,
    /// LZ4 frames.
    Lz4,
    /// 7-Zip.
    SevenZip,
    /// RAR.
    Rar,
    /// Apache Parquet.
    Parquet,
    /// Apache Arrow's file.
    Arrow,
}

impl Packing {
    /// What people call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tar => "tar",
            Self::Zip => "zip",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
            Self::Xz => "xz",
            Self::Bzip2 => "bzip2",
            Self::Lz4 => "LZ4",
            Self::SevenZip => "7z",
            Self::Rar => "RAR",
            Self::Parquet => "Parquet",
            Self::Arrow => "Arrow",
        }
    }
}

/// What begins with these bytes.
const PACKED: &[(&[u8], Packing)] = &[
    (b"PK\x03\x04", Packing::Zip),
    // Without members, and of several volumes.
    (b"PK\x05\x06", Packing::Zip),
    (b"PK\x07\x08", Packing::Zip),
    (b"\x1f\x8b\x08", Packing::Gzip),
    (b"\x28\xb5\x2f\xfd", Packing::Zstd),
    (b"\xfd7zXZ\0", Packing::Xz),
    (b"\x04\x22\x4d\x18", Packing::Lz4),
    (b"7z\xbc\xaf\x27\x1c", Packing::SevenZip),
    (b"Rar!\x1a\x07", Packing::Rar),
    (b"PAR1", Packing::Parquet),
    (b"ARROW1\0\0", Packing::Arrow),
];

const SILENT: &[(usize, &[u8], &str)] = &[
    (0, b"\x89PNG\r\n\x1a\n", "a PNG picture"),
    (0, b"\xff\xd8\xff", "a JPEG picture"),
    (0, b"GIF87a", "a GIF picture"),
    (0, b"GIF89a", "a GIF picture"),
    (8, b"WEBPVP8", "a WebP picture"),
    (0, b"II*\0", "a TIFF picture"),
    (0, b"MM\0*", "a TIFF picture"),
    (0, b"\0\0\0\x0cjP  \r\n\x87\n", "a JPEG 2000 picture"),
    (0, b"\0\0\0\x0cJXL \r\n\x87\n", "a JPEG XL picture"),
    (0, b"8BPS\0\x01", "a Photoshop picture"),
    (0, b"%PDF-", "a PDF document"),
    // The attributes that macOS packs beside a file, as `._NAME`.
    (0, b"\0\x05\x16\x07\0\x02\0\0", "the attributes of a file"),
];

const AUDIO: &[(usize, &[u8])] = &[
    (0, b"fLaC"),
    (0, b"OggS"),
    (0, b"caff"),
    (0, b"\x1a\x45\xdf\xa3"),
    (0, b"ID3"),
    (0, b"APETAGEX"),
    (8, b"WAVE"),
    (8, b"AIFF"),
    (8, b"AIFC"),
    // The first box of MP4 and QuickTime (ISO/IEC 14496-12; QuickTime File Format).
    (4, b"ftyp"),
    (4, b"moov"),
    (4, b"mdat"),
    (4, b"wide"),
    (4, b"free"),
    (4, b"skip"),
    (4, b"pnot"),
];

impl Content {
    /// What begins with `head`: the first [`CONTENT_HEAD`] bytes, or all if there are fewer.
    pub fn of(head: &[u8]) -> Self {
        let at = |from: usize, magic: &[u8]| head.get(from..).is_some_and(|head| head.starts_with(magic));
        if let Some((_, packing)) = PACKED.iter().find(|(magic, _)| at(0, magic)) {
            return Self::Packed(*packing);
        }
        if at(0, b"BZh") && (at(4, b"\x31\x41\x59\x26\x53\x59") || at(4, b"\x17\x72\x45\x38\x50\x90")) {
            return Self::Packed(Packing::Bzip2);
        }
        if let Some((.., name)) = SILENT.iter().find(|(from, magic, _)| at(*from, magic)) {
            return Self::Silent(name);
        }
        if is_bitmap(head) {
            return Self::Silent("a BMP picture");
        }
        let chunked = at(0, b"RIFF") || at(0, b"RIFX") || at(0, b"RF64") || at(0, b"BW64") || at(0, b"FORM");
        if AUDIO.iter().any(|(from, magic)| at(*from, magic) && (*from != 8 || chunked)) || is_frames(head) {
            return Self::Audio;
        }
        if let Some((codec, container)) = names::of_magic(head) {
            return Self::Unread { codec, container };
        }
        // Last, as its sum is weaker than a magic.
        if is_tar(head) { Self::Packed(Packing::Tar) } else { Self::Unknown }
    }

    /// Why a file that holds this is not given to a reader that takes any MP3 frame
    /// inside it for the file; `None` where that reader may look.
    pub(super) fn refusal(self) -> Option<AudioError> {
        match self {
            Self::Packed(packing) => Some(AudioError::Packed { packing: packing.name() }),
            Self::Silent(what) => Some(AudioError::NotAudio { what }),
            Self::Unread { codec, container } => Some(AudioError::UnsupportedCodec {
                codec: codec.to_owned(),
                reason: format!("files of the kind {container} are not read"),
            }),
            Self::Audio | Self::Unknown => None,
        }
    }
}

/// A Windows bitmap: two letters, so its reserved bytes and the size of the header
/// that follows have to fit, too (Microsoft, BITMAPFILEHEADER).
fn is_bitmap(head: &[u8]) -> bool {
    let Some(header) = head.get(..18).filter(|head| head.starts_with(b"BM")) else { return false };
    header[6..10] == [0; 4]
        && matches!(header[14], 12 | 40 | 52 | 56 | 64 | 108 | 124)
        && header[15..] == [0; 3]
}

/// Whether the first 512 bytes are a tar header: their sum, with blanks in its own
/// place, is what they say it is (POSIX.1-2017, pax, ustar interchange format).
/// Old archives lack the word `ustar`.
fn is_tar(head: &[u8]) -> bool {
    let Some(block) = head.get(..512) else { return false };
    let digits = block[148..156].iter().copied().skip_while(|byte| *byte == b' ');
    let digits: Vec<u8> = digits.take_while(|byte| matches!(byte, b'0'..=b'7')).collect();
    let said = std::str::from_utf8(&digits).ok().and_then(|digits| u32::from_str_radix(digits, 8).ok());
    let sum = |(at, byte): (usize, &u8)| if (148..156).contains(&at) { 32 } else { u32::from(*byte) };
    said.is_some_and(|said| said > 0 && said == block.iter().enumerate().map(sum).sum::<u32>())
}

/// Whether frames of MPEG audio or ADTS stand there: two in a row of one kind, or
/// one that fills all.
fn is_frames(head: &[u8]) -> bool {
    let Some(first) = Frame::of(head) else { return false };
    match head.get(first.bytes..) {
        None => false,
        Some([]) => true,
        Some(rest) => Frame::of(rest).is_some_and(|next| next.kind == first.kind),
    }
}

/// What the header of a frame says.
struct Frame {
    /// What does not change from frame to frame: version, layer, rate.
    kind: [u8; 2],
    /// How long it is, with its header.
    bytes: usize,
}

impl Frame {
    fn of(head: &[u8]) -> Option<Self> {
        let header: [u8; 4] = head.get(..4)?.try_into().ok()?;
        if header[0] != 0xff || header[1] & 0xe0 != 0xe0 {
            return None;
        }
        if header[1] & 0xf6 == 0xf0 { Self::adts(head) } else { Self::mpeg(header) }
    }

    /// ISO/IEC 13818-7, section 6.2.
    fn adts(head: &[u8]) -> Option<Self> {
        let header: [u8; 7] = head.get(..7)?.try_into().ok()?;
        let rate = header[2] >> 2 & 15;
        let bytes =
            usize::from(header[3] & 3) << 11 | usize::from(header[4]) << 3 | usize::from(header[5] >> 5);
        (rate < 13 && bytes > 7).then_some(Self { kind: [header[1], header[2] & 0xfc], bytes })
    }

    /// ISO/IEC 11172-3, section 2.4.2.3, and 13818-3; version 2.5 is Fraunhofer's.
    fn mpeg(header: [u8; 4]) -> Option<Self> {
        const KBIT: [[u32; 15]; 5] = [
            [0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448],
            [0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384],
            [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
            [0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256],
            [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
        ];
        let (version, layer) = (header[1] >> 3 & 3, header[1] >> 1 & 3);
        let rate = *[44_100, 48_000, 32_000].get(usize::from(header[2] >> 2 & 3))?;
        let rate = match version {
            3 => rate,
            2 => rate / 2,
            0 => rate / 4,
            _ => return None,
        };
        let table = match (version, layer) {
            (_, 0) => return None,
            (3, 3) => 0,
            (3, 2) => 1,
            (3, _) => 2,
            (_, 3) => 3,
            _ => 4,
        };
        // Frames of a free bit rate do not say how long they are.
        let bits = 1_000 * *KBIT[table].get(usize::from(header[2] >> 4)).filter(|kbit| **kbit > 0)?;
        let padding = u32::from(header[2] >> 1 & 1);
        let bytes = match (version, layer) {
            (_, 3) => (12 * bits / rate + padding) * 4,
            (3, _) | (_, 2) => 144 * bits / rate + padding,
            _ => 72 * bits / rate + padding,
        };
        Some(Self { kind: [header[1], header[2] & 0x0c], bytes: bytes as usize })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tar(name: &str) -> Vec<u8> {
        let mut tar = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_old();
        header.set_size(3);
        tar.append_data(&mut header, name, &b"abc"[..]).expect("memory");
        tar.into_inner().expect("memory")
    }

    #[test]
    fn the_audio_of_this_repository_is_known_by_its_bytes() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata");
        let mut known = 0;
        for folder in ["catalogue", "codecs"] {
            for entry in std::fs::read_dir(root.join(folder)).expect("a folder") {
                let path = entry.expect("an entry").path();
                if path.extension().is_some_and(|extension| extension == "md") {
                    continue;
                }
                let bytes = std::fs::read(&path).expect("a file");
                match Content::of(&bytes[..bytes.len().min(CONTENT_HEAD)]) {
                    Content::Audio => known += 1,
                    Content::Unread { .. } => {}
                    other => panic!("{}: {other:?}", path.display()),
                }
            }
        }
        assert!(known > 20, "{known}");
    }

    #[test]
    fn an_archive_is_not_the_first_mp3_in_it() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/codecs");
        let mp3 = std::fs::read(root.join("lame.mp3")).expect("a file");
        let error = |head: &[u8]| {
            let bytes = std::io::Cursor::new([head, &mp3].concat());
            let limits = super::super::Limits::default();
            match super::super::decode(bytes, Some("mp3"), 12_000, &limits, &mut |_| {}) {
                Ok(_) => String::new(),
                Err(error) => error.to_string(),
            }
        };
        assert_eq!(error(b""), "");
        let tar = tar("a.mp3");
        for (head, told) in [
            (&tar[..512], "packed as tar: unpack it"),
            (b"7z\xbc\xaf\x27\x1c\0\x04", "packed as 7z"),
            (b"\x89PNG\r\n\x1a\n", "not audio but a PNG picture"),
            (b"RIFF\0\x10\0\0AVI LIST", "of an AVI video"),
            (b"FLV\x01\x05\0\0\0\x09", "of a Flash video"),
        ] {
            let error = error(head);
            assert!(error.contains(told), "{error}");
        }
    }

    #[test]
    fn frames_are_two_in_a_row() {
        // 128 kbit/s at 44.1 kHz: 417 bytes, and 418 with padding.
        let frame = |header: [u8; 4], length: usize| [&header[..], &vec![0; length - 4]].concat();
        let (plain, padded) = (frame([0xff, 0xfb, 0x90, 0], 417), frame([0xff, 0xfb, 0x92, 0], 418));
        assert_eq!(Content::of(&[&plain[..], &padded, &plain].concat()), Content::Audio);
        assert_eq!(Content::of(&plain), Content::Audio);
        assert_eq!(Content::of(&plain[..300]), Content::Unknown);
        assert_eq!(Content::of(&[&plain[..], &[0; 9]].concat()), Content::Unknown);
        // Another rate behind it.
        assert_eq!(Content::of(&[&plain[..], &frame([0xff, 0xfb, 0x94, 0], 384)].concat()), Content::Unknown);
        let adts = [&[0xff, 0xf1, 0x50, 0x80, 0x02, 0x1f, 0xfc][..], &[0; 9]].concat();
        assert_eq!(Content::of(&[&adts[..], &adts].concat()), Content::Audio);
    }

    #[test]
    fn what_is_something_else_is_called_so() {
        let cases: [(&[u8], Content); 12] = [
            (b"7z\xbc\xaf\x27\x1c\0\x04", Content::Packed(Packing::SevenZip)),
            (b"\x28\xb5\x2f\xfd\x04", Content::Packed(Packing::Zstd)),
            (b"\xfd7zXZ\0\0\x04", Content::Packed(Packing::Xz)),
            (b"BZh91AY&SY", Content::Packed(Packing::Bzip2)),
            (b"BZh, a word", Content::Unknown),
            (b"\x89PNG\r\n\x1a\n\0", Content::Silent("a PNG picture")),
            (b"RIFF\x10\0\0\0WEBPVP8 ", Content::Silent("a WebP picture")),
            (b"BM\x46\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0", Content::Silent("a BMP picture")),
            (b"BM, a word that is long enough", Content::Unknown),
            (b"RIFF\0\0\0\0AVI LIST", Content::Unread { codec: "of an AVI video", container: "AVI" }),
            (b"12345678WAVE", Content::Unknown),
            (b"", Content::Unknown),
        ];
        for (head, expected) in cases {
            assert_eq!(Content::of(head), expected, "{:?}", String::from_utf8_lossy(head));
        }
        assert_eq!(Content::of(&tar("a.mp3")), Content::Packed(Packing::Tar));
        assert_eq!(Content::of(&tar("a.mp3")[..511]), Content::Unknown);
        assert_eq!(Content::of(&[0; 1024]), Content::Unknown);
    }
}
