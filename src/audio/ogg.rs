//! What Symphonia reads past in Ogg files (RFC 3533): the names of codecs that it
//! does not know, the stream of a C2PA manifest store, and Opus of more than two
//! channels without a speaker layout, whose header it refuses: it is shown another
//! one, and the decoder is given that of the file.

use std::io::{self, Read, Seek, SeekFrom};

use super::names;
use super::source::Patch;

/// Most pages visited; those of streams that begin come first.
const MAX_PAGES: usize = 4_096;
/// How the first packet of a C2PA stream begins (*C2PA Technical
/// Specification* 2.3, A.3.5).
const C2PA: &[u8] = b"\0c2pa";
/// Most Opus headers that are kept; a file has one.
const MAX_HEADS: usize = 16;
/// Most bytes of a manifest store that are read.
const MAX_C2PA: usize = 4 << 20;

/// What was found.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Scan {
    /// A codec that nothing here decodes.
    pub(super) unread: Option<&'static str>,
    /// The manifest store.
    pub(super) c2pa: Vec<u8>,
    /// Opus headers that are shown otherwise: serial number and header.
    pub(super) opus_heads: Vec<(u32, Vec<u8>)>,
    /// How they are shown.
    pub(super) patches: Vec<Patch>,
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
            scan.take_opus(at, &head, &lacing, &body);
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

impl Scan {
    /// Takes the header of Opus with a mapping family other than 0 (mono and
    /// stereo) and 1 (surround), from the page at `at`. It is shown as mono, with
    /// the page's sum put right.
    fn take_opus(&mut self, at: u64, head: &[u8; 27], lacing: &[u8], body: &[u8]) {
        const CHANNELS: usize = 9;
        const FAMILY: usize = 18;
        let is_other = body.starts_with(b"OpusHead") && body.get(FAMILY).is_some_and(|family| *family > 1);
        if !is_other || self.opus_heads.len() >= MAX_HEADS {
            return;
        }
        let mut shown = [&head[..], lacing, body].concat();
        let start = head.len() + lacing.len();
        (shown[start + CHANNELS], shown[start + FAMILY]) = (1, 0);
        shown[22..26].fill(0);
        let sum = checksum(&shown).to_le_bytes();
        shown[22..26].copy_from_slice(&sum);
        for from in [22, start + CHANNELS, start + FAMILY - 3] {
            if let Some(bytes) = shown.get(from..from + 4).and_then(|b| b.try_into().ok()) {
                self.patches.push(Patch { at: at + from as u64, bytes });
            }
        }
        self.opus_heads.push((u32::from_le_bytes([head[14], head[15], head[16], head[17]]), body.to_vec()));
    }
}

/// The sum of a page whose own sum is set to zero: CRC-32 with the polynomial
/// 0x04c11db7, not reflected (RFC 3533 section 6).
pub(super) fn checksum(page: &[u8]) -> u32 {
    page.iter().fold(0, |crc, byte| {
        (0..8).fold(crc ^ (u32::from(*byte) << 24), |c, _| {
            if c >> 31 == 1 { (c << 1) ^ 0x04c1_1db7 } else { c << 1 }
        })
    })
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
    fn opus_of_independent_channels_is_shown_as_mono() {
        let mut opus = b"OpusHead\x01\x04\x38\x01\x80\xbb\x00\x00\x02\x01\xff".to_vec();
        opus.extend([4, 0, 0, 1, 2, 3]);
        let mut bytes = page(2, 1, &opus);
        let found = scan(&mut Cursor::new(&bytes), bytes.len() as u64);
        assert_eq!(found.opus_heads, [(0x0101_0101, opus.clone())]);
        for patch in &found.patches {
            bytes[patch.at as usize..][..4].copy_from_slice(&patch.bytes);
        }
        let sum = u32::from_le_bytes(bytes[22..26].try_into().unwrap());
        bytes[22..26].fill(0);
        assert_eq!(checksum(&bytes), sum);
        (opus[9], opus[18]) = (1, 0);
        assert_eq!(bytes, page(2, 1, &opus), "nothing else is changed");
        // RFC 3720, B.4 has none for this variant; this is that of "123456789".
        assert_eq!(checksum(b"123456789"), 0x89a1_897f);
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
