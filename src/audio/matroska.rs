//! What Symphonia reads past in Matroska files: the title, and the names of
//! codecs that it does not know (RFC 9559).

use std::io::{self, Read, Seek, SeekFrom};

/// Most elements visited; what comes before the first cluster has a hundred.
const MAX_ELEMENTS: u32 = 10_000;
/// Most bytes of a name or title.
const MAX_TEXT: u64 = 1_024;
/// Deepest nesting; segment, tracks and entry are three.
const MAX_DEPTH: u32 = 4;
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
        let track = scan.tracks.last_mut();
        match (id, track) {
            (Some(CLUSTER), _) => return Ok(false),
            (Some(SEGMENT | INFO | TRACKS | ENTRY), _) if depth < MAX_DEPTH => {
                if id == Some(ENTRY) && scan.tracks.len() < MAX_TRACKS {
                    scan.tracks.push(TrackCodec::default());
                }
                if !walk(source, from, to, depth + 1, scan)? {
                    return Ok(false);
                }
            }
            (Some(TITLE), _) => scan.title = text(source, to.saturating_sub(from))?,
            (Some(NUMBER), Some(track)) => {
                let last = (from..to.min(from.saturating_add(8)))
                    .try_fold(0_u64, |n, _| byte(source).map(|byte| n << 8 | byte))?;
                track.id = u32::try_from(last).unwrap_or(0);
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
        let track = TrackCodec { id: 3, codec: "A_MS/ACM".to_owned(), private: [0x61, 1] };
        assert_eq!(found.tracks, [track]);
        assert_eq!(scan(&mut Cursor::new(b"OggS"), 4), Scan::default());
    }

    #[test]
    fn damage_is_harmless() {
        let good = file();
        for at in 0..good.len() {
            scan(&mut Cursor::new(&good[..at]), at as u64);
            for value in [0, 1, 0x7f, 0x80, 0xff] {
                let mut bad = good.clone();
                bad[at] = value;
                scan(&mut Cursor::new(&bad), bad.len() as u64);
            }
        }
        let deep = [&EBML[..], &[0x80], &[0x18, 0x53, 0x80, 0x67, 0xff].repeat(100_000)].concat();
        scan(&mut Cursor::new(&deep), deep.len() as u64);
    }
}
