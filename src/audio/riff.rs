//! The chunks of WAV files, of RF64 and BW64 too.
//!
//! Symphonia 0.6.1 stops at `data`, after which many writers put what they have
//! to say, and refuses RF64 (EBU Tech 3306) and BW64 (ITU-R BS.2088), whose
//! sizes of 64 bits stand in a chunk `ds64`. Keys of `LIST`/`INFO` are those of
//! Microsoft's *Multimedia Programming Interface and Data Specifications 1.0*
//! (1991), section 2-14.

use std::io::{self, Read, Seek, SeekFrom};

use super::source::UNKNOWN_LEN;

/// Most chunks visited at each level; a real file has a dozen.
const MAX_CHUNKS: usize = 1_000;
/// Most entries of the table in `ds64`, one for each further chunk above 4 GiB.
const MAX_TABLE: u32 = 1_000;
/// The tag of a header whose own tag stands in a GUID.
const EXTENSIBLE: u16 = 0xfffe;
/// A size that stands elsewhere, or was not known to a writer to a pipe.
const ELSEWHERE: u32 = u32::MAX;
/// Lengths that writers to a pipe put down for the longest that a file may be:
/// within 64 KiB of 2 or of 4 GiB (SoX, arecord, GStreamer).
const LONGEST: [std::ops::RangeInclusive<u32>; 2] = [0x7fff_0000..=0x8000_0000, 0xffff_0000..=u32::MAX];

/// What kind of file it is, by its first four bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Riff,
    /// With big-endian numbers.
    Rifx,
    Rf64,
    Bw64,
}

impl Kind {
    /// Whether sizes of 64 bits stand in `ds64`.
    fn is_long(self) -> bool {
        matches!(self, Kind::Rf64 | Kind::Bw64)
    }

    pub(super) fn order(self) -> Order {
        if self == Kind::Rifx { Order::Big } else { Order::Little }
    }

    /// The container's short name.
    pub(super) fn name(self) -> &'static str {
        match self {
            Kind::Riff | Kind::Rifx => "wave",
            Kind::Rf64 => "rf64",
            Kind::Bw64 => "bw64",
        }
    }
}

/// One chunk: its id, where its header's size stands, its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Chunk {
    pub(super) id: [u8; 4],
    /// Where the content starts.
    pub(super) start: u64,
    /// Where it ends by the header; may lie beyond the end of the file.
    pub(super) end: u64,
}

/// The chunks of a file, in its order.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wave {
    pub(super) kind: Kind,
    pub(super) chunks: Vec<Chunk>,
    /// What the `fmt ` chunk says the samples are.
    pub(super) format: Option<Format>,
    /// Whether the length of `data` in a plain RIFF file is a mere placeholder.
    pub(super) unknown_length: bool,
}

impl Wave {
    /// The first chunk of this id.
    pub(super) fn chunk(&self, id: &[u8; 4]) -> Option<Chunk> {
        self.chunks.iter().find(|c| &c.id == id).copied()
    }
}

/// Looks through `source`, which is `len` bytes long. `None` when it is no WAV
/// file. Damage ends the search early, it is the demultiplexer's to report.
pub(super) fn scan<R: Read + Seek>(source: &mut R, len: u64) -> Option<Wave> {
    let mut head = [0; 12];
    source.seek(SeekFrom::Start(0)).ok()?;
    source.read_exact(&mut head).ok()?;
    let kind = match &head[..4] {
        b"RIFF" => Kind::Riff,
        b"RIFX" => Kind::Rifx,
        b"RF64" => Kind::Rf64,
        b"BW64" => Kind::Bw64,
        _ => return None,
    };
    if &head[8..] != b"WAVE" {
        return None;
    }
    let mut wave = Wave { kind, chunks: Vec::new(), format: None, unknown_length: false };
    let order = kind.order();
    let riff_end = 8 + u64::from(order.word([head[4], head[5], head[6], head[7]]));
    let mut sizes = Vec::new();
    // A read error only means that less is found.
    let _ = chunks(source, order, 12, len, &mut |source, id, start, size| {
        if kind.is_long() && &id == b"ds64" {
            sizes = long_sizes(source)?;
        }
        if &id == b"fmt " && wave.format.is_none() {
            wave.format = Format::read(source, order, size)?;
        }
        let long = sizes.iter().find(|s| s.0 == id).map(|s| s.1);
        let size = match long {
            // A recording that was cut off left no length.
            None | Some(0) if size == ELSEWHERE => len.saturating_sub(start),
            Some(long) if size == ELSEWHERE => long,
            _ if !kind.is_long() && &id == b"data" && is_placeholder(size, start, riff_end, len) => {
                wave.unknown_length = true;
                len.saturating_sub(start)
            }
            _ if !kind.is_long() && &id == b"data" && len != UNKNOWN_LEN => unwrapped(size, start, len),
            _ => u64::from(size),
        };
        let end = start.saturating_add(size);
        wave.chunks.push(Chunk { id, start, end });
        Ok(end)
    });
    Some(wave)
}

/// The size of `data`, which begins at `start`, in a file that may be longer than 32
/// bits can say: writers that do not look keep the lower ones.
fn unwrapped(size: u32, start: u64, len: u64) -> u64 {
    let there = len.saturating_sub(start);
    let wraps = there.saturating_sub(u64::from(size)) >> 32;
    (wraps << 32) + u64::from(size)
}

/// Whether a writer that did not know the length of `data`, which begins at
/// `start`, put down `size`: nothing in a file that ends there by its own header
/// and does not, or the most in a stream.
fn is_placeholder(size: u32, start: u64, riff_end: u64, len: u64) -> bool {
    let nothing = size == 0 && riff_end <= start && start < len;
    nothing || (len == UNKNOWN_LEN && LONGEST.iter().any(|range| range.contains(&size)))
}

/// The order of the bytes of numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Little,
    Big,
}

impl Order {
    pub(super) fn word(self, bytes: [u8; 4]) -> u32 {
        match self {
            Order::Little => u32::from_le_bytes(bytes),
            Order::Big => u32::from_be_bytes(bytes),
        }
    }

    fn half(self, bytes: [u8; 2]) -> u16 {
        match self {
            Order::Little => u16::from_le_bytes(bytes),
            Order::Big => u16::from_be_bytes(bytes),
        }
    }
}

/// What the samples are (Microsoft's mmreg.h, `WAVEFORMATEXTENSIBLE`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Format {
    /// The format tag, or that which the extended header's GUID begins with.
    pub(super) tag: u16,
    pub(super) channels: u16,
    pub(super) rate_hz: u32,
    /// Bytes of a frame.
    pub(super) align: u16,
    pub(super) bits: u16,
}

impl Format {
    fn read<R: Read>(source: &mut R, order: Order, size: u32) -> io::Result<Option<Format>> {
        let mut fixed = [0; 16];
        if size < 14 {
            return Ok(None);
        }
        // The oldest form has no word for the bits.
        let there = (size as usize).min(fixed.len());
        source.read_exact(&mut fixed[..there])?;
        let half = |at: usize| order.half([fixed[at], fixed[at + 1]]);
        let mut format = Format {
            tag: half(0),
            channels: half(2),
            rate_hz: order.word([fixed[4], fixed[5], fixed[6], fixed[7]]),
            align: half(12),
            bits: half(14),
        };
        if format.tag == EXTENSIBLE && size >= 26 {
            let mut extended = [0; 10];
            source.read_exact(&mut extended)?;
            format.tag = order.half([extended[8], extended[9]]);
        }
        Ok(Some(format))
    }
}

/// Whether samples of this format are decoded: PCM, ADPCM, float, A-law, µ-law,
/// IMA ADPCM, MPEG.
pub(super) fn is_decoded(tag: u16) -> bool {
    matches!(tag, 1..=3 | 6 | 7 | 0x11) || is_mpeg(tag)
}

/// Whether they are frames of MP2 or MP3.
pub(super) fn is_mpeg(tag: u16) -> bool {
    matches!(tag, 0x50 | 0x55)
}

/// Whether there is an AIFF file in place of the MPEG frames.
pub(super) fn holds_aiff<R: Read + Seek>(source: &mut R, wave: &Wave) -> bool {
    let mut head = [0; 4];
    let mut begins = |data: Chunk| {
        source.seek(SeekFrom::Start(data.start)).and_then(|_| source.read_exact(&mut head)).is_ok()
    };
    let is_mpeg = wave.format.is_some_and(|format| is_mpeg(format.tag));
    is_mpeg && wave.chunk(b"data").is_some_and(&mut begins) && &head == b"FORM"
}

/// The sizes of 64 bits in `ds64`: that of `data`, then those of the table.
fn long_sizes<R: Read>(source: &mut R) -> io::Result<Vec<([u8; 4], u64)>> {
    let (mut long, mut short) = ([0; 8], [0; 4]);
    // The size of the file, that of `data`, the count of samples.
    source.read_exact(&mut long)?;
    source.read_exact(&mut long)?;
    let mut sizes = vec![(*b"data", u64::from_le_bytes(long))];
    source.read_exact(&mut long)?;
    source.read_exact(&mut short)?;
    for _ in 0..u32::from_le_bytes(short).min(MAX_TABLE) {
        let mut entry = [0; 12];
        if source.read_exact(&mut entry).is_err() {
            break;
        }
        let [a, b, c, d, size @ ..] = entry;
        sizes.push(([a, b, c, d], u64::from_le_bytes(size)));
    }
    Ok(sizes)
}

/// The texts of the `LIST`/`INFO` chunks: key and text of each entry, in the
/// file's order. A text that has more than `max_bytes`, with those before it, is left out.
pub(super) fn info<R: Read + Seek>(
    source: &mut R,
    wave: &Wave,
    len: u64,
    max_bytes: usize,
) -> Vec<([u8; 4], String)> {
    let (mut entries, mut left) = (Vec::new(), max_bytes);
    for list in wave.chunks.iter().filter(|c| &c.id == b"LIST") {
        let mut form = [0; 4];
        let start = source.seek(SeekFrom::Start(list.start)).and_then(|_| source.read_exact(&mut form));
        if start.is_err() || &form != b"INFO" {
            continue;
        }
        let end = list.end.min(len);
        let _ = chunks(source, wave.kind.order(), list.start + 4, end, &mut |source, id, start, size| {
            let content = Chunk { id, start, end: (start + u64::from(size)).min(end) };
            if entries.len() < MAX_CHUNKS
                && let Some(text) = body(source, content, len, left)
            {
                left -= text.len();
                entries.push((id, latin_or_utf8(&text)));
            }
            Ok(content.end)
        });
    }
    entries
}

/// The content of a chunk; `None` when it is longer than `max_bytes` or cannot
/// be read.
pub(super) fn body<R: Read + Seek>(
    source: &mut R,
    chunk: Chunk,
    len: u64,
    max_bytes: usize,
) -> Option<Vec<u8>> {
    let size = chunk.end.min(len).checked_sub(chunk.start)?;
    if size > max_bytes as u64 {
        return None;
    }
    source.seek(SeekFrom::Start(chunk.start)).ok()?;
    let mut bytes = Vec::new();
    source.take(size).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

/// Called with the source at a chunk's content, its id, start and the size in
/// its header; returns where the content ends.
type Visit<'a, R> = &'a mut dyn FnMut(&mut R, [u8; 4], u64, u32) -> io::Result<u64>;

fn chunks<R: Read + Seek>(
    source: &mut R,
    order: Order,
    mut at: u64,
    end: u64,
    visit: Visit<'_, R>,
) -> io::Result<()> {
    for _ in 0..MAX_CHUNKS {
        if at % 2 == 1 && !begins_unpadded(source, at)? {
            at += 1;
        }
        if at.saturating_add(8) > end {
            break;
        }
        source.seek(SeekFrom::Start(at))?;
        let (mut id, mut size) = ([0; 4], [0; 4]);
        source.read_exact(&mut id)?;
        source.read_exact(&mut size)?;
        at = visit(source, id, at + 8, order.word(size))?;
    }
    Ok(())
}

/// Whether a chunk begins at the odd place `at`, as where a writer left out the byte
/// that fills up an odd chunk.
fn begins_unpadded<R: Read + Seek>(source: &mut R, at: u64) -> io::Result<bool> {
    let mut head = [0; 5];
    source.seek(SeekFrom::Start(at))?;
    source.read_exact(&mut head)?;
    Ok(is_id(&head[..4]) && !is_id(&head[1..]))
}

/// Whether these may be the letters of a chunk.
pub(super) fn is_id(bytes: &[u8]) -> bool {
    bytes.len() == 4 && bytes.iter().all(|byte| (b' '..=b'~').contains(byte))
}

/// The specification says nothing of the encoding. Writers use UTF-8 or the
/// Windows code page; every byte is a letter in the Latin-1 part of the latter.
pub(super) fn latin_or_utf8(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().map(|b| char::from(*b)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn chunk(id: &[u8; 4], body: &[u8]) -> Vec<u8> {
        let mut out = [&id[..], &(body.len() as u32).to_le_bytes(), body].concat();
        out.resize(out.len().next_multiple_of(2), 0);
        out
    }

    fn list() -> Vec<u8> {
        [b"INFO".to_vec(), chunk(b"INAM", b"Caf\xc3\xa9"), chunk(b"IART", b"Caf\xe9")].concat()
    }

    fn file() -> Vec<u8> {
        let other = [b"adtl".to_vec(), chunk(b"labl", b"no")].concat();
        let body = [chunk(b"LIST", &other), chunk(b"data", &[0; 7]), chunk(b"LIST", &list())].concat();
        [b"RIFF\0\0\0\0WAVE".to_vec(), body].concat()
    }

    /// `data` of 7 bytes and `axml` of 4, both with their sizes in `ds64`.
    fn long_file() -> Vec<u8> {
        let words = [0_u64, 7, 3].iter().flat_map(|w| w.to_le_bytes()).collect::<Vec<_>>();
        let table = [&1_u32.to_le_bytes()[..], b"axml", &4_u64.to_le_bytes()].concat();
        let mut data = chunk(b"data", &[0; 7]);
        data[4..8].fill(0xff);
        let mut axml = chunk(b"axml", b"text");
        axml[4..8].fill(0xff);
        let ds64 = chunk(b"ds64", &[words, table].concat());
        [b"RF64\xff\xff\xff\xffWAVE".to_vec(), ds64, data, axml, chunk(b"LIST", &list())].concat()
    }

    fn texts(bytes: &[u8], max_bytes: usize) -> Vec<([u8; 4], String)> {
        let mut source = Cursor::new(bytes);
        let len = bytes.len() as u64;
        let wave = scan(&mut source, len);
        wave.map(|wave| info(&mut source, &wave, len, max_bytes)).unwrap_or_default()
    }

    #[test]
    fn lists_are_found_behind_the_data_and_in_both_encodings() {
        let found = texts(&file(), 100);
        assert_eq!(found, [(*b"INAM", "Café".to_owned()), (*b"IART", "Café".to_owned())]);
        assert_eq!(texts(&file(), 4).len(), 1, "one text is too long");
        assert_eq!(texts(&file(), 5).len(), 1, "both together are");
    }

    #[test]
    fn sizes_of_64_bits_are_used() {
        let bytes = long_file();
        let mut source = Cursor::new(&bytes);
        let wave = scan(&mut source, bytes.len() as u64).unwrap();
        assert_eq!(wave.kind, Kind::Rf64);
        let ids: Vec<_> = wave.chunks.iter().map(|c| c.id).collect();
        assert_eq!(ids, [*b"ds64", *b"data", *b"axml", *b"LIST"]);
        assert_eq!(body(&mut source, wave.chunk(b"axml").unwrap(), bytes.len() as u64, 9).unwrap(), b"text");
        assert_eq!(texts(&bytes, 100).len(), 2);
    }

    #[test]
    fn a_size_beyond_32_bits_is_what_the_file_has_room_for() {
        let mut bytes = file();
        let at = bytes.windows(4).position(|w| w == b"data").unwrap();
        // 4 GiB and 8 bytes of samples: the size says 8, and a list may follow.
        bytes[at + 4..at + 8].copy_from_slice(&8_u32.to_le_bytes());
        let start = at as u64 + 8;
        for (len, due) in [
            (start + 8, 8),
            (start + (1 << 32) - 1, 8),
            (start + (1 << 32) + 8, (1 << 32) + 8),
            (start + (1 << 32) + 5_000, (1 << 32) + 8),
            (start + (3 << 32) + 8, (3 << 32) + 8),
        ] {
            let wave = scan(&mut Cursor::new(&bytes), len).unwrap();
            let data = wave.chunk(b"data").unwrap();
            assert_eq!(data.end - data.start, due, "a file of {len} bytes");
        }
        // Nobody knows how long a pipe is.
        let wave = scan(&mut Cursor::new(&bytes), UNKNOWN_LEN).unwrap();
        assert_eq!(wave.chunk(b"data").map(|data| data.end), Some(start + 8));
    }

    #[test]
    fn damage_is_harmless() {
        for good in [file(), long_file()] {
            for at in 0..good.len() {
                texts(&good[..at], 100);
                for value in [0, 0x7f, 0xff] {
                    let mut bad = good.clone();
                    bad[at] = value;
                    texts(&bad, 100);
                }
            }
        }
    }
}
