//! The `LIST`/`INFO` texts of WAV files.
//!
//! Symphonia 0.6.1 parses the list and drops it, and stops at `data`, after
//! which many writers put it. Keys are those of Microsoft's *Multimedia
//! Programming Interface and Data Specifications 1.0* (1991), section 2-14.

use std::io::{self, Read, Seek, SeekFrom};

/// Most chunks visited at each level; a real file has a dozen.
const MAX_CHUNKS: usize = 1_000;

/// Key and text of each entry, in the file's order. Damage ends the search.
pub(super) fn info<R: Read + Seek>(
    source: &mut R,
    len: u64,
    max_text_bytes: usize,
) -> Vec<([u8; 4], String)> {
    let mut entries = Vec::new();
    // A read error only means that less is found.
    let _ = chunks(source, 12, len, &mut |source, id, at, end| {
        let mut form = [0; 4];
        if &id == b"LIST" && source.read_exact(&mut form).is_ok() && &form == b"INFO" {
            chunks(source, at + 4, end, &mut |source, id, at, end| {
                let mut text = Vec::new();
                if end - at <= max_text_bytes as u64 {
                    source.take(end - at).read_to_end(&mut text)?;
                    entries.push((id, decode(&text)));
                }
                Ok(())
            })?;
        }
        Ok(())
    });
    entries
}

/// Called with the source at a chunk's content, its id, start and end.
type Visit<'a, R> = &'a mut dyn FnMut(&mut R, [u8; 4], u64, u64) -> io::Result<()>;

fn chunks<R: Read + Seek>(source: &mut R, mut at: u64, end: u64, visit: Visit<'_, R>) -> io::Result<()> {
    for _ in 0..MAX_CHUNKS {
        if at + 8 > end {
            break;
        }
        source.seek(SeekFrom::Start(at))?;
        let (mut id, mut size) = ([0; 4], [0; 4]);
        source.read_exact(&mut id)?;
        source.read_exact(&mut size)?;
        let size = u64::from(u32::from_le_bytes(size));
        visit(source, id, at + 8, (at + 8 + size).min(end))?;
        // Chunks begin at even positions.
        at += 8 + size + (size & 1);
    }
    Ok(())
}

/// The specification says nothing of the encoding. Writers use UTF-8 or the
/// Windows code page; every byte is a letter in the Latin-1 part of the latter.
fn decode(bytes: &[u8]) -> String {
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

    fn file() -> Vec<u8> {
        let list = [b"INFO".to_vec(), chunk(b"INAM", b"Caf\xc3\xa9"), chunk(b"IART", b"Caf\xe9")].concat();
        let other = [b"adtl".to_vec(), chunk(b"labl", b"no")].concat();
        let body = [chunk(b"LIST", &other), chunk(b"data", &[0; 7]), chunk(b"LIST", &list)].concat();
        [b"RIFF\0\0\0\0WAVE".to_vec(), body].concat()
    }

    #[test]
    fn lists_are_found_behind_the_data_and_in_both_encodings() {
        let bytes = file();
        let found = info(&mut Cursor::new(&bytes), bytes.len() as u64, 100);
        assert_eq!(found, [(*b"INAM", "Café".to_owned()), (*b"IART", "Café".to_owned())]);
        assert_eq!(info(&mut Cursor::new(&bytes), bytes.len() as u64, 4).len(), 1, "one text is too long");
    }

    #[test]
    fn damage_is_harmless() {
        let good = file();
        for at in 0..good.len() {
            info(&mut Cursor::new(&good[..at]), at as u64, 100);
            for value in [0, 0x7f, 0xff] {
                let mut bad = good.clone();
                bad[at] = value;
                info(&mut Cursor::new(&bad), bad.len() as u64, 100);
            }
        }
    }
}
