//! Where Apple's Core Audio files end (*Apple Core Audio Format Specification 1.0*).

use std::io::{self, Read, Seek, SeekFrom};

use super::riff;
use super::source::Patch;

/// Most chunks visited; a real file has a dozen.
const MAX_CHUNKS: usize = 1_000;

/// Bytes of the file's header, and of a chunk's.
const FILE_HEADER: u64 = 8;
const CHUNK_HEADER: u64 = 12;

/// Where something stands in `source` that is not a chunk, or its `len`; and what shows
/// samples whose size is not known, or more than there is, as those that are there.
///
/// # Errors
///
/// If it cannot be read.
pub(super) fn end<R: Read + Seek>(source: &mut R, len: u64) -> io::Result<(u64, Vec<Patch>)> {
    let mut at = FILE_HEADER;
    for _ in 0..MAX_CHUNKS {
        if at.saturating_add(CHUNK_HEADER) > len {
            break;
        }
        source.seek(SeekFrom::Start(at))?;
        let (mut id, mut size) = ([0; 4], [0; 8]);
        source.read_exact(&mut id)?;
        source.read_exact(&mut size)?;
        let size = i64::from_be_bytes(size);
        if !riff::is_id(&id) {
            break;
        }
        let end = u64::try_from(size).map_or(u64::MAX, |size| (at + CHUNK_HEADER).saturating_add(size));
        match end {
            end if end <= len => at = end,
            _ if &id == b"data" => return Ok((len, with_size(at + 4, len - at - CHUNK_HEADER))),
            // Whatever else reaches beyond the file is none of its chunks.
            _ => break,
        }
    }
    Ok((at.min(len), Vec::new()))
}

/// Shows the eight bytes at `at` as `size`.
fn with_size(at: u64, size: u64) -> Vec<Patch> {
    let [a, b, c, d, e, f, g, h] = size.to_be_bytes();
    vec![Patch { at, bytes: [a, b, c, d] }, Patch { at: at + 4, bytes: [e, f, g, h] }]
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    #[test]
    fn ends() {
        let chunk = |id: &[u8; 4], size: i64| [&id[..], &size.to_be_bytes(), &[7; 20]].concat();
        let file = |chunks: &[Vec<u8>]| [b"caff\0\x01\0\0".to_vec(), chunks.concat()].concat();
        let end_of = |bytes: &[u8]| end(&mut Cursor::new(bytes), bytes.len() as u64).unwrap().0;
        let whole = file(&[chunk(b"desc", 20), chunk(b"data", 20)]);
        assert_eq!(end_of(&whole), whole.len() as u64);
        assert_eq!(end_of(&[&whole[..], &[0xff; 50]].concat()), whole.len() as u64);
        let unknown = file(&[chunk(b"desc", 20), chunk(b"data", -1), vec![0xff; 50]]);
        assert_eq!(end_of(&unknown), unknown.len() as u64);
        assert_eq!(end_of(&file(&[chunk(b"desc", 20), chunk(b"data", 9)])), 8 + 32 + 12 + 9);
        let cut = file(&[chunk(b"desc", 20), chunk(b"data", i64::MAX)]);
        assert_eq!(end_of(&cut), cut.len() as u64, "it is cut short");
        let (_, patches) = end(&mut Cursor::new(&cut), cut.len() as u64).unwrap();
        assert_eq!(patches, with_size(8 + 32 + 4, 20));
        assert_eq!(end_of(&[&whole[..], &[b'U'; 50]].concat()), whole.len() as u64, "letters are no chunk");
    }
}
