//! The ID3v2 tags of AIFF files, which are read here and hidden from Symphonia (see
//! `id3v2`), and whether they can be hidden.

use std::io::{self, Read, Seek, SeekFrom};

use super::riff::Chunk;
use super::source::{Patch, UNKNOWN_LEN};

/// Most chunks visited; a real file has a dozen.
const MAX_CHUNKS: usize = 1_000;

/// What was found.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Scan {
    /// Whether it is an AIFF or AIFF-C file.
    pub(super) is_aiff: bool,
    /// Whether all chunks before the sound were seen.
    pub(super) saw_sound: bool,
    /// Where the first chunk of sound ends.
    pub(super) sound_end: Option<u64>,
    /// The chunks with tags.
    pub(super) tags: Vec<Chunk>,
    /// What hides them.
    pub(super) patches: Vec<Patch>,
}

/// Looks through what begins at `start` of `source`, which has `len` bytes. Damage
/// ends the search early.
pub(super) fn scan<R: Read + Seek>(source: &mut R, start: u64, len: u64) -> Scan {
    let mut scan = Scan::default();
    // A read error only means that less is found.
    let _ = chunks(source, start, len, &mut scan);
    scan
}

fn chunks<R: Read + Seek>(source: &mut R, start: u64, len: u64, scan: &mut Scan) -> io::Result<()> {
    let mut head = [0; 12];
    source.seek(SeekFrom::Start(start))?;
    source.read_exact(&mut head)?;
    scan.is_aiff = &head[..4] == b"FORM" && matches!(&head[8..], b"AIFF" | b"AIFC");
    if !scan.is_aiff {
        return Ok(());
    }
    let mut at = start.saturating_add(12);
    for _ in 0..MAX_CHUNKS {
        if at.saturating_add(8) > len {
            break;
        }
        source.seek(SeekFrom::Start(at))?;
        let (mut id, mut size) = ([0; 4], [0; 4]);
        source.read_exact(&mut id)?;
        source.read_exact(&mut size)?;
        let (start, size) = (at + 8, u64::from(u32::from_be_bytes(size)));
        if &id == b"SSND" && !scan.saw_sound {
            scan.saw_sound = true;
            let end = start.saturating_add(size + (size & 1));
            scan.sound_end = Some(end);
            if end > len && len != UNKNOWN_LEN {
                scan.patches.extend(with_size(at + 4, len.saturating_sub(start)));
                scan.sound_end = Some(len);
            }
        }
        if &id == b"ID3 " {
            scan.tags.push(Chunk { id, start, end: start + size });
            scan.patches.push(Patch { at, bytes: *b"id3\0" });
        }
        // Chunks begin at even positions.
        at = start.saturating_add(size + (size & 1));
    }
    // The size of all is believed where all of the sound is in it.
    let claimed = u64::from(u32::from_be_bytes([head[4], head[5], head[6], head[7]])) + 8;
    if let Some(end) = scan.sound_end.filter(|_| len != UNKNOWN_LEN)
        && !(end..=len.max(end)).contains(&(start + claimed))
    {
        scan.patches.extend(with_size(start + 4, end - start - 8));
    }
    Ok(())
}

/// Shows the four bytes at `at` as `size`, if it fits.
fn with_size(at: u64, size: u64) -> Option<Patch> {
    u32::try_from(size).ok().map(|size| Patch { at, bytes: size.to_be_bytes() })
}
