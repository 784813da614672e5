//! The frames of ID3v2 tags, versions 2.2 to 2.4 (*ID3 tag version 2.4.0 - Main
//! Structure* and its predecessors).
//!
//! Symphonia is shown none of them. Its reader follows chapters inside chapters
//! as deep as a file nests them, until the stack is gone, and gives up a tag at the
//! first frame with an unknown flag or a bad name. Here nesting ends at
//! [`MAX_DEPTH`], and what writers are known to get wrong is read as other readers
//! do: frame sizes of version 2.4 as plain numbers, a flag of unsynchronisation over
//! data that is not, UTF-16 without a mark or of odd length.

use std::borrow::Cow;
use std::io::{self, Read, Seek, SeekFrom};

use flate2::read::ZlibDecoder;

/// Bytes of the header of a tag.
pub(super) const HEADER_LEN: usize = 10;
/// Most bytes of one tag that are read: two pictures of the largest size that FLAC
/// has room for. What stands behind is not read.
pub(super) const MAX_TAG: u64 = 32 << 20;
/// Most tags one behind another that are passed over.
const MAX_TAGS: usize = 16;
/// Deepest nesting of frames: a chapter in a table of contents is one.
const MAX_DEPTH: u32 = 4;
/// Most bytes that all compressed frames of a tag may hold.
const MAX_UNPACKED: u64 = 16 << 20;

/// The names of all frames of versions 2.3 and 2.4, and those that iTunes added, in
/// order and each with a blank. They tell which of two ways to read sizes finds frames.
const KNOWN: &str = "AENC APIC ASPI CHAP COMM COMR CTOC ENCR EQU2 EQUA ETCO GEOB GRID GRP1 IPLS LINK MCDI \
    MLLT MVIN MVNM OWNE PCNT PCST POPM POSS PRIV RBUF RVA2 RVAD RVRB SEEK SIGN SYLT SYTC TALB TBPM TCAT \
    TCMP TCOM TCON TCOP TDAT TDEN TDES TDLY TDOR TDRC TDRL TDTG TENC TEXT TFLT TGID TIME TIPL TIT1 TIT2 \
    TIT3 TKEY TKWD TLAN TLEN TMCL TMED TMOO TOAL TOFN TOLY TOPE TORY TOWN TPE1 TPE2 TPE3 TPE4 TPOS TPRO \
    TPUB TRCK TRDA TRSN TRSO TSIZ TSO2 TSOA TSOC TSOP TSOT TSRC TSSE TSST TXXX TYER UFID USER USLT WCOM \
    WCOP WFED WOAF WOAR WOAS WORS WPAY WPUB WXXX ";

/// The names in version 2.2 of the frames that are read.
const SHORT: [(&[u8; 3], &[u8; 4]); 11] = [
    (b"TRC", b"TSRC"),
    (b"TT2", b"TIT2"),
    (b"TP1", b"TPE1"),
    (b"TP2", b"TPE2"),
    (b"TAL", b"TALB"),
    (b"TPB", b"TPUB"),
    (b"TCR", b"TCOP"),
    (b"TXX", b"TXXX"),
    (b"WCP", b"WCOP"),
    (b"WXX", b"WXXX"),
    (b"GEO", b"GEOB"),
];

/// The ten bytes that a tag begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    version: u8,
    flags: u8,
    size: u32,
}

impl Header {
    /// Reads a header; `None` for what is no tag, or one of an unknown version.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let &[b'I', b'D', b'3', version @ 2..=4, _, flags, a, b, c, d, ..] = bytes else { return None };
        let is_size = [a, b, c, d].iter().all(|byte| *byte < 0x80);
        is_size.then_some(Header { version, flags, size: seven_bits([a, b, c, d]) })
    }

    /// Bytes of the tag behind its header.
    pub(super) fn rest(self) -> u64 {
        let footer = if self.version == 4 && self.flags & 0x10 != 0 { HEADER_LEN as u64 } else { 0 };
        u64::from(self.size) + footer
    }
}

/// Where the tags at the start of `source` end.
pub(super) fn end<R: Read + Seek>(source: &mut R) -> io::Result<u64> {
    let mut at = 0;
    for _ in 0..MAX_TAGS {
        let mut head = [0; HEADER_LEN];
        source.seek(SeekFrom::Start(at))?;
        source.read_exact(&mut head)?;
        let Some(header) = Header::parse(&head) else { break };
        at += HEADER_LEN as u64 + header.rest();
    }
    Ok(at)
}

/// Called with the name and the content of a frame, and whether it is about a
/// chapter.
type Visit<'a> = &'a mut dyn FnMut([u8; 4], Cow<'_, [u8]>, bool);

/// Gives every frame of `tag` to `visit`, in its order, that has at most `max_bytes`
/// and may say something about the recording: texts, addresses, private data,
/// objects. Names of version 2.2 are those of the later ones.
pub(super) fn frames(tag: &[u8], max_bytes: usize, visit: Visit<'_>) {
    let Some(header) = Header::parse(tag) else { return };
    let content = &tag[HEADER_LEN..];
    let content = &content[..content.len().min(header.size as usize)];
    let content = &content[extended(header, content)..];
    let whole = header.flags & 0x80 != 0;
    let content = if whole && header.version < 4 { synchronised(content) } else { content.into() };
    Walk { header, max_bytes, unpacked: 0, visit }.all(&content, 0);
}

/// Bytes of the extended header.
fn extended(header: Header, content: &[u8]) -> usize {
    let (Some(first), true) = (content.first_chunk::<4>(), header.version > 2 && header.flags & 0x40 != 0)
    else {
        return 0;
    };
    // Some set the flag and write none.
    let size = match header.version {
        _ if is_known(first) => 0,
        3 => u64::from(u32::from_be_bytes(*first)) + 4,
        _ => u64::from(seven_bits(*first)),
    };
    usize::try_from(size).ok().filter(|size| *size <= content.len()).unwrap_or(0)
}

struct Walk<'a> {
    header: Header,
    max_bytes: usize,
    unpacked: u64,
    visit: Visit<'a>,
}

/// A frame as it stands in the tag.
struct Raw<'a> {
    id: [u8; 4],
    flags: u16,
    content: &'a [u8],
}

impl Walk<'_> {
    fn all(&mut self, content: &[u8], depth: u32) {
        let plain = self.header.version == 3 || (self.header.version == 4 && sizes_are_plain(content));
        let mut rest = content;
        while let Some((frame, after)) = next(self.header.version, plain, rest) {
            rest = after;
            let Raw { id, content, .. } = frame;
            let is_chapter = matches!(&id, b"CHAP" | b"CTOC");
            let speaks = matches!(id[0], b'T' | b'W') || matches!(&id, b"USER" | b"PRIV" | b"GEOB");
            if content.is_empty() || !(is_chapter || (speaks && content.len() <= self.max_bytes)) {
                continue;
            }
            let Some(content) = self.unwrapped(&frame) else { continue };
            if is_chapter && depth < MAX_DEPTH {
                self.all(inside(&id, &content), depth + 1);
            } else if speaks {
                (self.visit)(id, content, depth > 0);
            }
        }
    }

    /// The content without what its flags say was done to it; `None` if it is
    /// encrypted or damaged.
    fn unwrapped<'a>(&mut self, frame: &Raw<'a>) -> Option<Cow<'a, [u8]>> {
        let (flags, mut content) = (frame.flags, frame.content);
        let [grouped, compressed, encrypted, unsynchronised, sized] = match self.header.version {
            3 => [0x20, 0x80, 0x40, 0, 0x80],
            4 => [0x40, 0x08, 0x04, 0x02, 0x01 | 0x08],
            _ => [0; 5],
        }
        .map(|bit| flags & bit != 0);
        if encrypted {
            return None;
        }
        // Where what follows the group's number cannot be a text, there is no number.
        let is_text = |at: usize| content.get(at).is_some_and(|byte| *byte <= 3);
        if grouped && (frame.id[0] != b'T' || is_text(1) || !is_text(0)) {
            content = content.get(1..)?;
        }
        if sized {
            content = content.get(4..)?;
        }
        let everywhere = self.header.version == 4 && self.header.flags & 0x80 != 0;
        let content = if unsynchronised || everywhere { synchronised(content) } else { content.into() };
        if !compressed {
            return Some(content);
        }
        let room = (self.max_bytes as u64).min(MAX_UNPACKED - self.unpacked);
        let mut unpacked = Vec::new();
        ZlibDecoder::new(&*content).take(room + 1).read_to_end(&mut unpacked).ok()?;
        let size = unpacked.len() as u64;
        self.unpacked = (self.unpacked + size).min(MAX_UNPACKED);
        (size <= room).then(|| unpacked.into())
    }
}

/// The first frame of `rest`, and what follows it; `None` where padding begins. A
/// frame that reaches beyond the end is cut there.
fn next(version: u8, plain: bool, rest: &[u8]) -> Option<(Raw<'_>, &[u8])> {
    let head = if version == 2 { 6 } else { 10 };
    let (head, rest) = rest.split_at_checked(head)?;
    let (id, size, flags) = match *head {
        [a, b, c, d, e, f] => ([a, b, c, 0], u32::from_be_bytes([0, d, e, f]), 0),
        [a, b, c, d, e, f, g, h, high, low] => {
            let size = [e, f, g, h];
            let size = if plain { u32::from_be_bytes(size) } else { seven_bits(size) };
            ([a, b, c, d], size, u16::from_be_bytes([high, low]))
        }
        _ => return None,
    };
    if id == [0; 4] {
        return None;
    }
    // Also in later versions some write names of version 2.2.
    let long = SHORT.iter().find(|(short, _)| id[3] == 0 && id[..3] == short[..]).map(|(_, long)| **long);
    let (content, after) = rest.split_at((size as usize).min(rest.len()));
    Some((Raw { id: long.unwrap_or(id), flags, content }, after))
}

/// Whether the sizes of frames in `content` are plain numbers and not such of seven
/// bits a byte, as version 2.4 has them and iTunes wrote them otherwise for years:
/// whether more known frames are found so, or as many and their end fits better.
fn sizes_are_plain(content: &[u8]) -> bool {
    let look = |plain: bool| {
        let (mut at, mut known) = (0_usize, 0_u32);
        let past = loop {
            let Some(head) = content.get(at..).and_then(|rest| rest.first_chunk::<10>()) else {
                break at as i64 - content.len() as i64;
            };
            if head == &[0; 10] {
                break -1;
            }
            let [a, b, c, d, e, f, g, h, ..] = *head;
            let size = if plain { u32::from_be_bytes([e, f, g, h]) } else { seven_bits([e, f, g, h]) };
            at = at.saturating_add(10).saturating_add(size as usize);
            known += u32::from(is_known(&[a, b, c, d]));
        };
        (known, past)
    };
    let ((safe, safe_past), (plain, plain_past)) = (look(false), look(true));
    plain > safe || (plain == safe && safe_past >= 1 && plain_past <= 1)
}

fn is_known(id: &[u8; 4]) -> bool {
    let (known, _) = KNOWN.as_bytes().as_chunks::<5>();
    known.binary_search_by(|known| known[..4].cmp(id)).is_ok()
}

/// A number of four bytes with seven bits each.
fn seven_bits(bytes: [u8; 4]) -> u32 {
    bytes.iter().fold(0, |n, byte| n << 7 | u32::from(byte & 0x7f))
}

/// `data` without the zeros that were put behind each 0xff, so that nothing looks
/// like audio; as it is where something does, as the flag lies then.
fn synchronised(data: &[u8]) -> Cow<'_, [u8]> {
    let lies = data.last() == Some(&0xff) || data.windows(2).any(|two| two[0] == 0xff && two[1] >= 0xe0);
    if lies || !data.contains(&0xff) {
        return data.into();
    }
    let mut after_ones = false;
    let kept = data.iter().filter(|byte| {
        let keep = !(after_ones && **byte == 0);
        after_ones = **byte == 0xff;
        keep
    });
    kept.copied().collect::<Vec<_>>().into()
}

/// The frames inside a chapter or a table of contents: behind its name and four
/// times, or behind its name, two bytes and the names of that many parts.
fn inside<'a>(id: &[u8; 4], content: &'a [u8]) -> &'a [u8] {
    let after_text = |rest: &'a [u8]| {
        let end = rest.iter().position(|byte| *byte == 0)?;
        Some(&rest[end + 1..])
    };
    let find = || {
        let rest = after_text(content)?;
        if id == b"CHAP" {
            return rest.get(16..);
        }
        let (_, count, mut rest) = (rest.first()?, rest.get(1)?, rest.get(2..)?);
        for _ in 0..*count {
            rest = after_text(rest)?;
        }
        Some(rest)
    };
    find().unwrap_or_default()
}

/// How texts are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encoding {
    Latin1,
    Utf16,
    Utf16Be,
    Utf8,
}

/// The texts of a frame that has nothing else: one, or several that NUL parts.
pub(super) fn texts(content: &[u8]) -> Vec<String> {
    match split_encoding(content) {
        Some((encoding, rest)) => all_texts(encoding, rest),
        // Nobody said how it is written.
        None => all_texts(Encoding::Latin1, content),
    }
}

/// The description of a `TXXX` or `WXXX` frame, and what it says.
pub(super) fn described(id: &[u8; 4], content: &[u8]) -> Option<(String, Vec<String>)> {
    let (encoding, rest) = split_encoding(content)?;
    let (name, rest) = first_text(encoding, rest);
    // Addresses are in Latin-1 whatever the description.
    let encoding = if id == b"WXXX" { Encoding::Latin1 } else { encoding };
    Some((name, all_texts(encoding, rest)))
}

/// The texts of a `USER` frame, which begins with its language.
pub(super) fn terms_of_use(content: &[u8]) -> Vec<String> {
    let read = || {
        let (encoding, rest) = split_encoding(content)?;
        Some(all_texts(encoding, rest.get(3..)?))
    };
    read().unwrap_or_default()
}

/// The address in a frame that holds nothing else.
pub(super) fn address(content: &[u8]) -> String {
    first_text(Encoding::Latin1, content).0
}

/// Who a `PRIV` frame belongs to, and its data.
pub(super) fn private(content: &[u8]) -> (String, &[u8]) {
    first_text(Encoding::Latin1, content)
}

/// The media type of a `GEOB` frame, and the object.
pub(super) fn object(content: &[u8]) -> Option<(String, &[u8])> {
    let (encoding, rest) = split_encoding(content)?;
    let (media_type, rest) = first_text(Encoding::Latin1, rest);
    // The name of a file, and a description.
    let (_, rest) = first_text(encoding, rest);
    let (_, object) = first_text(encoding, rest);
    Some((media_type, object))
}

fn split_encoding(content: &[u8]) -> Option<(Encoding, &[u8])> {
    let (first, rest) = content.split_first()?;
    let encoding = match first {
        0 => Encoding::Latin1,
        1 => Encoding::Utf16,
        2 => Encoding::Utf16Be,
        3 => Encoding::Utf8,
        _ => return None,
    };
    Some((encoding, rest))
}

fn all_texts(encoding: Encoding, mut rest: &[u8]) -> Vec<String> {
    let mut texts = Vec::new();
    while !rest.is_empty() {
        let (text, after) = first_text(encoding, rest);
        rest = after;
        texts.extend(Some(text).filter(|text| !text.is_empty()));
    }
    texts
}

/// The text before the first NUL, and what follows that.
fn first_text(encoding: Encoding, bytes: &[u8]) -> (String, &[u8]) {
    let wide = matches!(encoding, Encoding::Utf16 | Encoding::Utf16Be);
    let end = if wide {
        bytes.chunks(2).position(|unit| unit.iter().all(|byte| *byte == 0)).map(|at| 2 * at)
    } else {
        bytes.iter().position(|byte| *byte == 0)
    };
    let (text, rest) = match end {
        Some(end) => (&bytes[..end], bytes.get(end + if wide { 2 } else { 1 }..).unwrap_or_default()),
        None => (bytes, &[][..]),
    };
    let text = match encoding {
        Encoding::Latin1 => text.iter().map(|byte| char::from(*byte)).collect(),
        Encoding::Utf8 => String::from_utf8_lossy(text).into_owned(),
        Encoding::Utf16 | Encoding::Utf16Be => utf16(text, encoding == Encoding::Utf16Be),
    };
    (text, rest)
}

/// UTF-16 as its mark says. Without one it is little-endian as most write it, unless
/// it reads better the other way. A last byte that is alone has lost a zero.
fn utf16(bytes: &[u8], big: bool) -> String {
    let plain = |high: usize| bytes.chunks_exact(2).filter(|unit| unit[high] == 0).count();
    let (big, bytes) = match bytes {
        [0xff, 0xfe, rest @ ..] => (false, rest),
        [0xfe, 0xff, rest @ ..] => (true, rest),
        _ if big => (plain(0) >= plain(1), bytes),
        _ => (plain(0) > plain(1), bytes),
    };
    let order = if big { u16::from_be_bytes } else { u16::from_le_bytes };
    let units = bytes.chunks(2).map(|unit| order([unit[0], unit.get(1).copied().unwrap_or(0)]));
    char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}
