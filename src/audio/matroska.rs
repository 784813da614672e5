//! What Symphonia reads past in Matroska files: the title, and the names of
//! codecs that it does not know (RFC 9559).

use std::io::{self, BufReader, Read, Seek, SeekFrom};

use super::encoding::Encoding;
use super::source::Patch;

/// Most elements visited; what comes before the first cluster has a hundred.
const MAX_ELEMENTS: u32 = 10_000;
/// Most bytes of a name or title.
const MAX_TEXT: u64 = 1_024;
/// Deepest nesting; segment, tracks, entry, encodings, encoding and compression are six.
const MAX_DEPTH: u32 = 7;
/// Most tracks.
const MAX_TRACKS: usize = 256;

const EBML: [u8; 4] = [0x1a, 0x45, 0xdf, 0xa3];
const SEGMENT: u64 = 0x1853_8067;
const CLUSTER: u64 = 0x1f43_b675;
const INFO: u64 = 0x1549_a966;
const TITLE: u64 = 0x7ba9;
const TRACKS: u64 = 0x1654_ae6b;
const ENTRY: u64 = 0xae;
const NUMBER: u64 = 0xd7;
const CODEC: u64 = 0x86;
const PRIVATE: u64 = 0x63a2;
const FLAG_DEFAULT: u64 = 0x88;
const ENCODINGS: u64 = 0x6d80;
const ENCODING: u64 = 0x6240;
const ENCODING_SCOPE: u64 = 0x5032;
const ENCODING_TYPE: u64 = 0x5033;
const COMPRESSION: u64 = 0x5034;
const ALGORITHM: u64 = 0x4254;
const SETTINGS: u64 = 0x4255;
/// What a segment holds: where to look, information, tracks, clusters, cues, chapters,
/// tags, attachments.
const IN_SEGMENT: [u64; 8] =
    [0x114d_9b74, INFO, TRACKS, CLUSTER, 0x1c53_bb6b, 0x1043_a770, 0x1254_c367, 0x1941_a469];
/// What a cluster holds: its time, silent tracks, place, size, and blocks of three kinds.
const IN_CLUSTER: [u64; 7] = [0xe7, 0x5854, 0xa7, 0xab, 0xa3, 0xa0, 0xaf];
/// Padding, and a sum, which stand anywhere.
const ANYWHERE: [u64; 2] = [0xec, 0xbf];

/// What was found before the first cluster.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Scan {
    pub(super) title: Option<String>,
    pub(super) tracks: Vec<TrackCodec>,
    elements: u32,
}

/// The codec of one track.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct TrackCodec {
    /// The track's number, as in its packets.
    pub(super) id: u32,
    /// Its name, such as `A_MPEG/L3`.
    pub(super) codec: String,
    /// The first two bytes of the codec's own header; of `A_MS/ACM` the format
    /// tag of a WAV file.
    pub(super) private: [u8; 2],
    /// How its packets are packed.
    pub(super) encoding: Encoding,
    /// Whether it says that it is not to be played by default; one that says nothing is.
    pub(super) is_secondary: bool,
}

/// Looks through `source`; finds nothing when it is no Matroska file. Damage
/// ends the search early.
pub(super) fn scan<R: Read + Seek>(source: &mut R, len: u64) -> Scan {
    let mut scan = Scan::default();
    let mut magic = [0; 4];
    let is_ebml = source.seek(SeekFrom::Start(0)).is_ok() && source.read_exact(&mut magic).is_ok();
    if is_ebml && magic == EBML {
        // A read error only means that less is found.
        let _ = walk(source, 0, len, 0, &mut scan);
    }
    scan
}

/// Visits the elements from `at` to `end` and those inside; returns whether to
/// go on, which ends at the first cluster.
fn walk<R: Read + Seek>(
    source: &mut R,
    mut at: u64,
    end: u64,
    depth: u32,
    scan: &mut Scan,
) -> io::Result<bool> {
    while at < end {
        scan.elements += 1;
        if scan.elements > MAX_ELEMENTS {
            return Ok(false);
        }
        source.seek(SeekFrom::Start(at))?;
        let (id, size) = (vint(source, true)?, vint(source, false)?);
        let from = source.stream_position()?;
        // A size of all ones is not known: it reaches to the end.
        let to = size.and_then(|size| from.checked_add(size)).unwrap_or(end).min(end);
        let has_room = scan.tracks.len() < MAX_TRACKS;
        let track = scan.tracks.last_mut();
        match (id, track) {
            (Some(CLUSTER), _) => return Ok(false),
            (Some(SEGMENT | INFO | TRACKS | ENTRY | ENCODINGS | ENCODING | COMPRESSION), track)
                if depth < MAX_DEPTH =>
            {
                match (id, track) {
                    (Some(ENTRY), _) if has_room => scan.tracks.push(TrackCodec::default()),
                    (Some(ENCODING), Some(track)) => track.encoding.count += 1,
                    _ => {}
                }
                if !walk(source, from, to, depth + 1, scan)? {
                    return Ok(false);
                }
            }
            (Some(TITLE), _) => scan.title = text(source, to.saturating_sub(from))?,
            (Some(NUMBER), Some(track)) => {
                track.id = u32::try_from(unsigned(source, from, to)?).unwrap_or(0);
            }
            (Some(FLAG_DEFAULT), Some(track)) => track.is_secondary = unsigned(source, from, to)? == 0,
            (Some(ENCODING_SCOPE), Some(track)) => track.encoding.scope = unsigned(source, from, to)?,
            (Some(ENCODING_TYPE), Some(track)) => track.encoding.kind = unsigned(source, from, to)?,
            (Some(ALGORITHM), Some(track)) => track.encoding.algorithm = unsigned(source, from, to)?,
            (Some(SETTINGS), Some(track)) => {
                source.by_ref().take((to - from).min(MAX_TEXT)).read_to_end(&mut track.encoding.settings)?;
            }
            (Some(CODEC), Some(track)) => {
                track.codec = text(source, to.saturating_sub(from))?.unwrap_or_default();
            }
            (Some(PRIVATE), Some(track)) if to.saturating_sub(from) >= 2 => {
                source.read_exact(&mut track.private)?;
            }
            _ => {}
        }
        at = to.max(from);
    }
    Ok(true)
}

/// Where a segment ends.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Extent {
    /// Where something else begins than a segment holds.
    pub(super) end: u64,
    /// What shows a segment that says it is shorter as one without a size.
    pub(super) patches: Vec<Patch>,
    /// Bytes of blocks that stand outside clusters.
    pub(super) stray_bytes: u64,
}

/// Walks over what the segment of `source` holds, which has `len` bytes. What it says
/// of its size is believed where nothing of a segment follows. `None` if there is
/// none.
///
/// # Errors
///
/// If it cannot be read.
pub(super) fn extent<R: Read + Seek>(source: &mut R, len: u64) -> io::Result<Option<Extent>> {
    source.seek(SeekFrom::Start(0))?;
    let mut source = BufReader::new(source);
    let mut extent = Extent::default();
    let (mut at, mut claimed, mut size_at, mut in_cluster) = (0, None, None, false);
    while at < len {
        // A part that is damaged ends the walk; its size may help over it.
        let Ok((id, size, header)) = element(&mut source) else { break };
        let from = at + header.0 + header.1;
        let to = size.map_or(len, |size| from.saturating_add(size));
        let next = match (id, size_at) {
            (SEGMENT, None) => {
                size_at = Some((at + header.0, header.1));
                claimed = size.map(|_| to);
                from
            }
            (_, None) => to,
            // A live stream does not know how long its clusters are.
            (CLUSTER, Some(_)) => {
                in_cluster = size.is_none();
                if in_cluster { from } else { to }
            }
            (id, Some(_)) if IN_CLUSTER.contains(&id) => {
                extent.stray_bytes += if in_cluster { 0 } else { to.min(len) - at };
                to
            }
            (id, Some(_)) if IN_SEGMENT.contains(&id) || ANYWHERE.contains(&id) => to,
            // Of a later version, or of somebody's own.
            (_, Some(_)) if claimed.is_some_and(|claimed| to <= claimed) => to,
            _ => break,
        };
        source.seek_relative(i64::try_from(next - from).unwrap_or(i64::MAX))?;
        at = next;
    }
    let Some((size_at, bytes)) = size_at else { return Ok(None) };
    let claimed = claimed.unwrap_or(0);
    extent.end = at.max(claimed).min(len);
    if claimed > 0 && claimed < extent.end {
        extent.patches = without_size(source.into_inner(), size_at, bytes)?;
    }
    Ok(Some(extent))
}

/// The id of the element that begins here, its size, and the bytes of both.
fn element<R: Read>(source: &mut R) -> io::Result<(u64, Option<u64>, (u64, u64))> {
    let mut counted = Counted(source, 0);
    let id = vint(&mut counted, true)?.ok_or(io::ErrorKind::InvalidData)?;
    let bytes = counted.1;
    let size = vint(&mut counted, false)?;
    Ok((id, size, (bytes, counted.1 - bytes)))
}

/// Counts what is read.
struct Counted<'a, R>(&'a mut R, u64);

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.0.read(buf)?;
        self.1 += n as u64;
        Ok(n)
    }
}

/// Shows the size that stands at `at` and has `bytes` as one that is not known.
fn without_size<R: Read + Seek>(source: &mut R, at: u64, bytes: u64) -> io::Result<Vec<Patch>> {
    let mut shown = [0; 12];
    source.seek(SeekFrom::Start(at))?;
    source.read_exact(&mut shown)?;
    let bytes = (bytes as usize).clamp(1, 8);
    shown[..bytes].fill(0xff);
    shown[0] = 0xff >> (bytes - 1);
    let patch = |from: usize| Patch { at: at + from as u64, bytes: [0, 1, 2, 3].map(|i| shown[from + i]) };
    Ok(vec![patch(0), patch(4)])
}

/// A number of up to eight bytes.
fn unsigned<R: Read>(source: &mut R, from: u64, to: u64) -> io::Result<u64> {
    (from..to.min(from.saturating_add(8))).try_fold(0, |n, _| byte(source).map(|byte| n << 8 | byte))
}

fn text<R: Read>(source: &mut R, size: u64) -> io::Result<Option<String>> {
    if size > MAX_TEXT {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    source.take(size).read_to_end(&mut bytes)?;
    Ok(Some(String::from_utf8_lossy(&bytes).trim_end_matches('\0').to_owned()))
}

/// A number of variable length (RFC 8794 section 4), with its marker bit where
/// `keep`, as ids have it. `None` for one of all ones or more than eight bytes.
fn vint<R: Read>(source: &mut R, keep: bool) -> io::Result<Option<u64>> {
    let first = byte(source)?;
    let more = (first as u8).leading_zeros();
    if more > 7 {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let marker = 0x80 >> more;
    let mut value = if keep { first } else { first & (marker - 1) };
    let mut all_ones = first & (marker - 1) == marker - 1;
    for _ in 0..more {
        let next = byte(source)?;
        all_ones &= next == 0xff;
        value = value << 8 | next;
    }
    Ok((keep || !all_ones).then_some(value))
}

fn byte<R: Read>(source: &mut R) -> io::Result<u64> {
    let mut byte = [0];
    source.read_exact(&mut byte)?;
    Ok(u64::from(byte[0]))
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn element(id: &[u8], body: &[u8]) -> Vec<u8> {
        [id, &[0x40 | (body.len() >> 8) as u8, body.len() as u8], body].concat()
    }

    fn file() -> Vec<u8> {
        let entry = [
            element(&[0xd7], &[3]),
            element(&[0x86], b"A_MS/ACM\0"),
            element(&[0x63, 0xa2], &[0x61, 0x01, 2, 0]),
        ]
        .concat();
        let info = element(&[0x15, 0x49, 0xa9, 0x66], &element(&[0x7b, 0xa9], "Café".as_bytes()));
        let tracks = element(&[0x16, 0x54, 0xae, 0x6b], &element(&[0xae], &entry));
        // A segment of unknown length, as live streams have it.
        let head = [element(&EBML, &[0; 5]), vec![0x18, 0x53, 0x80, 0x67, 0x01]].concat();
        [head, vec![0xff; 7], info, tracks, vec![0x1f, 0x43, 0xb6, 0x75, 0xff]].concat()
    }

    #[test]
    fn title_and_codecs() {
        let bytes = file();
        let found = scan(&mut Cursor::new(&bytes), bytes.len() as u64);
        assert_eq!(found.title.as_deref(), Some("Café"));
        let track =
            TrackCodec { id: 3, codec: "A_MS/ACM".to_owned(), private: [0x61, 1], ..Default::default() };
        assert_eq!(found.tracks, [track]);
        assert_eq!(scan(&mut Cursor::new(b"OggS"), 4), Scan::default());
    }

    #[test]
    fn segments_end_where_something_else_begins() {
        let end_of = |bytes: &[u8]| extent(&mut Cursor::new(bytes), bytes.len() as u64).unwrap().unwrap();
        let cluster = |blocks: usize| {
            let blocks = element(&[0xa3], &[0; 30]).repeat(blocks);
            element(&[0x1f, 0x43, 0xb6, 0x75], &[element(&[0xe7], &[0]), blocks].concat())
        };
        let file = |size: Option<usize>, content: &[u8]| {
            let size = size.map_or(vec![0xff], |size| vec![0x40 | (size >> 8) as u8, size as u8]);
            [element(&EBML, &[0; 5]), vec![0x18, 0x53, 0x80, 0x67], size, content.to_vec()].concat()
        };
        let content = [element(&[0x15, 0x49, 0xa9, 0x66], &[0; 9]), cluster(3), cluster(2)].concat();
        for size in [Some(content.len()), None] {
            let good = file(size, &content);
            let whole = Extent { end: good.len() as u64, ..Extent::default() };
            assert_eq!(end_of(&good), whole);
            assert_eq!(end_of(&[good.clone(), file(None, &content)].concat()), whole, "another file follows");
            assert_eq!(end_of(&[good, vec![b'x'; 50]].concat()), whole);
        }
        // It says that it ends with the first cluster.
        let bytes = file(Some(content.len() - cluster(2).len()), &content);
        let found = end_of(&bytes);
        assert_eq!((found.end, found.stray_bytes), (bytes.len() as u64, 0));
        let mut shown = bytes.clone();
        for patch in &found.patches {
            shown[patch.at as usize..][..4].copy_from_slice(&patch.bytes);
        }
        let at = element(&EBML, &[0; 5]).len() + 4;
        assert_eq!(shown[at..at + 2], [0x7f, 0xff]);
        assert_eq!((&shown[..at], &shown[at + 2..]), (&bytes[..at], &bytes[at + 2..]));
        // The cluster says that it ends before its last block.
        let mut bytes = file(None, &content);
        let at = bytes.len() - cluster(2).len() + 4;
        bytes[at + 1] -= 33;
        assert_eq!(end_of(&bytes).stray_bytes, 33);
        let live = [&[0x1f, 0x43, 0xb6, 0x75, 0xff][..], &element(&[0xa3], &[0; 30]).repeat(4)].concat();
        let bytes = file(None, &live);
        assert_eq!(end_of(&bytes), Extent { end: bytes.len() as u64, ..Extent::default() });
    }

    #[test]
    fn flags_and_encodings() {
        let stripped =
            element(&[0x50, 0x34], &[element(&[0x42, 0x54], &[3]), element(&[0x42, 0x55], &[7])].concat());
        let entry = [
            element(&[0xd7], &[1]),
            element(&[0x88], &[0]),
            element(&[0x6d, 0x80], &element(&[0x62, 0x40], &stripped)),
        ]
        .concat();
        let tracks = element(&[0x16, 0x54, 0xae, 0x6b], &element(&[0xae], &entry));
        let bytes = [element(&EBML, &[0; 5]), vec![0x18, 0x53, 0x80, 0x67, 0xff], tracks].concat();
        let found = scan(&mut Cursor::new(&bytes), bytes.len() as u64);
        let encoding = Encoding { count: 1, algorithm: 3, settings: vec![7], ..Encoding::default() };
        assert!(found.tracks[0].is_secondary);
        assert_eq!(found.tracks[0].encoding, encoding);
    }

    #[test]
    fn damage_is_harmless() {
        let good = file();
        let read = |bytes: &[u8]| {
            scan(&mut Cursor::new(bytes), bytes.len() as u64);
            let _ = extent(&mut Cursor::new(bytes), bytes.len() as u64);
        };
        for at in 0..good.len() {
            read(&good[..at]);
            for value in [0, 1, 0x7f, 0x80, 0xff] {
                let mut bad = good.clone();
                bad[at] = value;
                read(&bad);
            }
        }
        let deep = [&EBML[..], &[0x80], &[0x18, 0x53, 0x80, 0x67, 0xff].repeat(100_000)].concat();
        scan(&mut Cursor::new(&deep), deep.len() as u64);
    }
}
