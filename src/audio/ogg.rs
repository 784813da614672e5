//! What Symphonia reads past in Ogg files (RFC 3533): the names of codecs that it
//! does not know, and the stream of a C2PA manifest store.

use std::io::{self, Read, Seek, SeekFrom};

use super::names;

/// Most pages visited; those of streams that begin come first.
const MAX_PAGES: usize = 4_096;
/// How the first packet of a C2PA stream begins (*C2PA Technical
/// Specification* 2.3, A.3.5).
const C2PA: &[u8] = b"\0c2pa";
/// Most bytes of a manifest store that are read.
const MAX_C2PA: usize = 4 << 20;

/// What was found.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Scan {
    /// A codec that nothing here decodes.
    pub(super) unread: Option<&'static str>,
    /// The manifest store.
    pub(super) c2pa: Vec<u8>,
}

/// Looks through `source`. Damage ends the search early.
pub(super) fn scan<R: Read + Seek>(source: &mut R, len: u64) -> Scan {
    let mut scan = Scan::default();
    // A read error only means that less is found.
    let _ = pages(source, len, &mut scan);
    scan
}

fn pages<R: Read + Seek>(source: &mut R, len: u64, scan: &mut Scan) -> io::Result<()> {
    let (mut at, mut serial) = (0_u64, None);
    for _ in 0..MAX_PAGES {
        if at >= len {
            break;
        }
        source.seek(SeekFrom::Start(at))?;
        let mut head = [0; 27];
        source.read_exact(&mut head)?;
        if &head[..4] != b"OggS" {
            break;
        }
        let mut lacing = vec![0; usize::from(head[26])];
        source.read_exact(&mut lacing)?;
        let size = lacing.iter().map(|l| usize::from(*l)).sum::<usize>();
        let (begins, ends) = (head[5] & 2 != 0, head[5] & 4 != 0);
        let own = [head[14], head[15], head[16], head[17]];
        if begins {
            let mut body = vec![0; size];
            source.read_exact(&mut body)?;
            scan.unread = scan.unread.or(names::of_ogg(&body));
            if serial.is_none()
                && let Some(store) = body.strip_prefix(C2PA)
            {
                serial = Some(own);
                scan.c2pa.extend(store);
            }
        } else if serial == Some(own) && scan.c2pa.len() + size <= MAX_C2PA {
            source.by_ref().take(size as u64).read_to_end(&mut scan.c2pa)?;
        } else if serial.is_none() {
            // Streams begin before anything else: there is none of ours.
            break;
        }
        if ends && serial == Some(own) {
            break;
        }
        at = at.saturating_add(27 + lacing.len() as u64 + size as u64);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn page(flags: u8, serial: u8, body: &[u8]) -> Vec<u8> {
        let mut page = b"OggS\0".to_vec();
        page.push(flags);
        page.extend([0; 8]);
        page.extend([serial; 4]);
        page.extend([0; 8]);
        page.push((body.len() / 255 + 1) as u8);
        page.extend(vec![255; body.len() / 255]);
        page.push((body.len() % 255) as u8);
        page.extend(body);
        page
    }

    fn file() -> Vec<u8> {
        [
            page(2, 1, b"Speex   1.2"),
            page(2, 2, b"\0c2pafirst"),
            page(0, 1, &[0; 700]),
            page(0, 2, b", second"),
            page(4, 2, b", third"),
            page(0, 2, b" and not this"),
        ]
        .concat()
    }

    #[test]
    fn foreign_codecs_and_manifests_are_found() {
        let bytes = file();
        let found = scan(&mut Cursor::new(&bytes), bytes.len() as u64);
        assert_eq!(found.unread, Some("Speex"));
        assert_eq!(found.c2pa, b"first, second, third");
        let plain = [page(2, 1, b"OpusHead"), page(0, 1, b"OpusTags")].concat();
        assert_eq!(scan(&mut Cursor::new(&plain), plain.len() as u64), Scan::default());
    }

    #[test]
    fn damage_is_harmless() {
        let good = file();
        for at in 0..good.len() {
            scan(&mut Cursor::new(&good[..at]), at as u64);
            for value in [0, 0x7f, 0xff] {
                let mut bad = good.clone();
                bad[at] = value;
                scan(&mut Cursor::new(&bad), bad.len() as u64);
            }
        }
    }
}
