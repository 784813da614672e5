//! What Symphonia reads past in Ogg files (RFC 3533): the names of codecs that it
//! does not know, the stream of a C2PA manifest store, and Opus of more than two
//! channels without a speaker layout, whose header it refuses: it is shown another
//! one, and the decoder is given that of the file.

use std::io::{self, BufReader, Read, Seek, SeekFrom};

use super::source::Patch;
use super::sums::OGG_PAGE;
use super::{frames, link, names};

/// Most pages visited; those of streams that begin come first.
const MAX_PAGES: usize = 4_096;
/// How the first packet of a C2PA stream begins (*C2PA Technical
/// Specification* 2.3, A.3.5).
const C2PA: &[u8] = b"\0c2pa";
/// Most Opus headers that are kept; a file has one.
const MAX_HEADS: usize = 16;
/// Bytes of the header of a page, without its table.
const HEADER: usize = 27;
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

/// What all pages of a file tell.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Extent {
    /// Where something else begins.
    pub(super) end: u64,
    /// Bytes between the pages, and in pages whose sum does not fit.
    pub(super) lost_bytes: u64,
}

/// Walks over all pages of `source`, which has `len` bytes, to where another container
/// begins, or what is no page up to the end.
///
/// # Errors
///
/// If it cannot be read.
pub(super) fn extent<R: Read + Seek>(source: &mut R, len: u64) -> io::Result<Extent> {
    source.seek(SeekFrom::Start(0))?;
    let mut source = BufReader::with_capacity(1 << 16, source);
    let (mut extent, mut at, mut page) = (Extent::default(), 0, Vec::new());
    while at < len {
        page.clear();
        source.by_ref().take(HEADER as u64).read_to_end(&mut page)?;
        if page.len() < HEADER || !page.starts_with(b"OggS") {
            source.seek_relative(-(page.len() as i64))?;
            let Some(junk) = junk(&mut source)? else { return Ok(extent) };
            extent.lost_bytes += junk;
            at += junk;
            continue;
        }
        source.by_ref().take(page[HEADER - 1].into()).read_to_end(&mut page)?;
        let size: u64 = page[HEADER..].iter().map(|lacing| u64::from(*lacing)).sum();
        source.by_ref().take(size).read_to_end(&mut page)?;
        if (page.len() as u64) < HEADER as u64 + u64::from(page[HEADER - 1]) + size {
            // The file is cut short in it.
            extent.end = len;
            return Ok(extent);
        }
        let sum = [page[22], page[23], page[24], page[25]];
        page[22..26].fill(0);
        if checksum(&page).to_le_bytes() == sum {
            at += page.len() as u64;
            extent.end = at;
        } else {
            // As its length may be wrong, too, the next is looked for inside.
            source.seek_relative(4 - page.len() as i64)?;
            extent.lost_bytes += 4;
            at += 4;
        }
    }
    // What follows the last page is looked at apart.
    extent.lost_bytes -= at.saturating_sub(extent.end).min(extent.lost_bytes);
    Ok(extent)
}

/// Passes over what is no page, up to the next; `None` where another container begins,
/// or nothing more.
fn junk<R: Read + Seek>(source: &mut BufReader<R>) -> io::Result<Option<u64>> {
    let mut passed = 0;
    let mut head = Vec::new();
    loop {
        head.clear();
        source.by_ref().take(link::HEAD).read_to_end(&mut head)?;
        let is_other = |at: usize| frames::tag(&head[at..]).is_some() || link::is_container(&head[at..]);
        if passed == 0 && (head.is_empty() || is_other(0)) {
            return Ok(None);
        }
        // The first byte of a page that does not fit is passed over, too.
        let from = usize::from(passed == 0);
        let found = head.windows(4).skip(from).position(|four| four == b"OggS").map(|at| at + from);
        let is_last = (head.len() as u64) < link::HEAD;
        // Three of the four letters may be the last that is here.
        let next = found.unwrap_or(if is_last { head.len() } else { head.len() - 3 });
        source.seek_relative(next as i64 - head.len() as i64)?;
        passed += next as u64;
        if found.is_some() || is_last {
            return Ok(Some(passed));
        }
    }
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

/// The sum of a page whose own sum is set to zero.
pub(super) fn checksum(page: &[u8]) -> u32 {
    OGG_PAGE.of(0, page)
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
