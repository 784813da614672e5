//! The metadata blocks of FLAC files (RFC 9639, section 8) that Symphonia refuses a
//! whole file for when a bit of them is wrong: it is shown padding in their place.

use std::io::{self, Read, Seek, SeekFrom};

use super::id3v2;
use super::source::Patch;

/// Most blocks visited; a real file has a dozen.
const MAX_BLOCKS: usize = 1_000;
/// Bytes of the description of the stream (section 8.2).
pub(super) const INFO: usize = 34;
/// Most bytes of a cue sheet: 255 tracks of 255 indices.
const MAX_SHEET: u64 = 1 << 20;

/// What was found.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Scan {
    /// The ISRCs of the tracks of cue sheets, as written.
    pub(super) isrcs: Vec<String>,
    /// The description of the stream, which is the first block.
    pub(super) info: Option<[u8; INFO]>,
    /// Where the blocks end and the frames begin.
    pub(super) frames_at: u64,
    /// What hides the blocks that nobody needs.
    pub(super) patches: Vec<Patch>,
}

/// Looks through `source`, also behind ID3v2 tags. Damage ends the search early.
pub(super) fn scan<R: Read + Seek>(source: &mut R) -> Scan {
    let mut scan = Scan::default();
    // A read error only means that less is found.
    let _ = blocks(source, &mut scan);
    scan
}

fn blocks<R: Read + Seek>(source: &mut R, scan: &mut Scan) -> io::Result<()> {
    const PADDING: u8 = 1;
    let mut at = id3v2::end(source)?;
    let mut magic = [0; 4];
    source.seek(SeekFrom::Start(at))?;
    source.read_exact(&mut magic)?;
    if &magic != b"fLaC" {
        return Ok(());
    }
    at += 4;
    for _ in 0..MAX_BLOCKS {
        let mut head = [0; 4];
        source.seek(SeekFrom::Start(at))?;
        source.read_exact(&mut head)?;
        let [kind, a, b, c] = head;
        let size = u64::from(u32::from_be_bytes([0, a, b, c]));
        match kind & 0x7f {
            // Application, cue sheet, picture.
            2 | 5 | 6 => scan.patches.push(Patch { at, bytes: [kind & 0x80 | PADDING, a, b, c] }),
            _ => {}
        }
        if kind & 0x7f == 0 && size == INFO as u64 && scan.info.is_none() {
            let mut info = [0; INFO];
            source.read_exact(&mut info)?;
            scan.info = Some(info);
        }
        scan.frames_at = at + 4 + size;
        if kind & 0x7f == 5 {
            let mut sheet = Vec::new();
            source.take(size.min(MAX_SHEET)).read_to_end(&mut sheet)?;
            scan.take_sheet(&sheet);
        }
        if kind & 0x80 != 0 {
            break;
        }
        at += 4 + size;
    }
    Ok(())
}

impl Scan {
    /// Section 8.7: catalogue number, lead-in, flags and reserved bytes, count; each
    /// track has its place, number, ISRC, flags and reserved bytes, and indices.
    fn take_sheet(&mut self, sheet: &[u8]) {
        const HEAD: usize = 128 + 8 + 259;
        const TRACK: usize = 8 + 1 + 12 + 14 + 1;
        const INDEX: usize = 12;
        let Some((count, mut rest)) = sheet.get(HEAD..).and_then(|rest| rest.split_first()) else { return };
        for _ in 0..*count {
            let Some((track, after)) = rest.split_at_checked(TRACK) else { return };
            self.isrcs.push(String::from_utf8_lossy(&track[9..21]).into_owned());
            rest = after.get(usize::from(track[TRACK - 1]) * INDEX..).unwrap_or_default();
        }
    }
}
