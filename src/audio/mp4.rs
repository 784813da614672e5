//! What Symphonia reads past in MP4 files: edit lists, the kind of each track,
//! the `xid ` tag, and boxes with statements about rights.
//!
//! Encoders put their delay before the first sample and say so in an edit list
//! (`moov/trak/edts/elst`, ISO/IEC 14496-12 section 8.6.6), which Symphonia
//! reads past. Without it every AAC file would start 1 024 to 2 112 samples
//! late. This reads the list ahead of the demultiplexer.
//!
//! Symphonia hands out the samples of all tracks in turn. A film whose picture
//! tracks it does not know of is read without the pictures.

use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;

use super::mov_pcm::{self, Pcm};
use super::riff;
use super::source::Patch;

/// Most boxes visited; a real `moov` has a few hundred.
const MAX_BOXES: u32 = 20_000;
/// Most entries read of one edit list; two is what encoders write.
const MAX_EDITS: u32 = 64;
/// Most bytes read of one text; an `xid ` has some thirty.
const MAX_TEXT: u64 = 1_024;
/// Deepest nesting; `moov/trak/mdia/minf/stbl/stsd` is six.
const MAX_DEPTH: u32 = 12;
/// Most tracks, and boxes of one kind of rights statement.
const MAX_KEPT: usize = 256;
/// What stands at the top of files, and may be cut short.
const AT_TOP: [[u8; 4]; 14] = [
    *b"ftyp", *b"moov", *b"mdat", *b"moof", *b"free", *b"skip", *b"wide", *b"uuid", *b"meta", *b"sidx",
    *b"styp", *b"mfra", *b"emsg", *b"pnot",
];
/// The `uuid` of a box with XMP (*XMP Specification Part 3*, section 1.2.7.1).
const XMP_UUID: [u8; 16] = *b"\xbe\x7a\xcf\xcb\x97\xa9\x42\xe8\x9c\x71\x99\x94\x91\xe3\xaf\xac";
/// That of one with a C2PA manifest store (*C2PA Technical Specification*, A.5).
const C2PA_UUID: [u8; 16] = *b"\xd8\xfe\xc3\xd6\x1b\x0e\x48\x3c\x92\x97\x58\x28\x87\x7e\xc4\x81";

/// What the edit list of one track says: play from `start`, for `length`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Edit {
    /// The track's id, as in its packets.
    pub(super) track: u32,
    /// Where presentation starts, in seconds of the track's media.
    pub(super) start_s: f64,
    /// How long it lasts, in seconds; `None` when the list does not say or has
    /// more than one piece.
    pub(super) length_s: Option<f64>,
}

/// What a track is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct TrackKind {
    /// The track's id, as in its packets.
    pub(super) id: u32,
    /// `soun` for audio, `vide` for pictures.
    pub(super) handler: [u8; 4],
    /// The first sample entry, which names the codec.
    pub(super) entry: [u8; 4],
    /// Its samples, where they are not packed.
    pub(super) pcm: Option<Pcm>,
    /// Where the type of its `trak` box stands.
    at: u64,
}

#[derive(Default)]
struct Found {
    movie_scale: u32,
    media_scale: u32,
    track: TrackKind,
    /// Duration in movie units and start in media units of each entry.
    entries: Vec<(u64, i64)>,
    /// How many samples have a size.
    samples: u32,
    /// How many have a duration; and where the count of the last entry stands, and it.
    timed: Option<(u64, u64, u32)>,
}

/// What was found in the whole file.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Scan {
    /// One for each track that has an edit list.
    pub(super) edits: Vec<Edit>,
    /// Values of `moov/udta/meta/ilst/xid `, such as `Vendor:isrc:QZHB12400001`.
    pub(super) vendor_ids: Vec<String>,
    /// The tracks, in the file's order.
    pub(super) tracks: Vec<TrackKind>,
    /// Where XMP packets lie.
    pub(super) xmp: Vec<Range<u64>>,
    /// Where C2PA boxes lie, from after their `uuid`.
    pub(super) c2pa: Vec<Range<u64>>,
    /// Where something that is no box stands, or another file.
    pub(super) end: Option<u64>,
    /// What shows a last box that is cut short as one that ends with the file, and
    /// durations of all samples where fewer have one.
    cut: Vec<Patch>,
    /// Whether samples come in fragments, each with its own tables.
    fragmented: bool,
    /// Whether the search ends where the samples begin.
    in_order: bool,
    boxes: u32,
}

impl Scan {
    /// How the demultiplexer is shown the file: it reads no samples of a box that is
    /// cut short, and those of all tracks in turn.
    pub(super) fn patches(&self) -> Vec<Patch> {
        [self.hide_pictures(), self.cut.clone()].concat()
    }

    /// What plain samples of a track are, where the demultiplexer takes them for
    /// others.
    pub(super) fn pcm_of(&self, track: u32) -> Option<Pcm> {
        self.tracks.iter().find(|t| t.id == track)?.pcm
    }

    /// What hides all tracks but audio from the demultiplexer. Nothing where
    /// there is no audio, so that it can say what else there is, and nothing in
    /// fragmented files, where a track is named in every fragment.
    fn hide_pictures(&self) -> Vec<Patch> {
        let is_audio = |track: &&TrackKind| &track.handler == b"soun";
        if self.fragmented || !self.tracks.iter().any(|t| is_audio(&t)) {
            return Vec::new();
        }
        let others = self.tracks.iter().filter(|t| !is_audio(t));
        others.map(|track| Patch { at: track.at, bytes: *b"free" }).collect()
    }
}

/// Looks through `source`; finds nothing when it is no MP4 file. Damage ends
/// the search early, it is the demultiplexer's to report. `in_order` ends it where
/// the samples begin, which may never end.
pub(super) fn scan<R: Read + Seek>(source: &mut R, len: u64, in_order: bool) -> Scan {
    let mut scan = Scan { in_order, ..Scan::default() };
    let mut head = [0; 8];
    let is_mp4 = source.seek(SeekFrom::Start(0)).is_ok()
        && source.read_exact(&mut head).is_ok()
        && &head[4..] == b"ftyp";
    if is_mp4 {
        // A read error only means that less is found.
        let _ = walk(source, 0, len, 0, &mut Found::default(), &mut scan);
    }
    scan
}

fn walk<R: Read + Seek>(
    source: &mut R,
    mut at: u64,
    end: u64,
    depth: u32,
    found: &mut Found,
    scan: &mut Scan,
) -> io::Result<()> {
    while at.saturating_add(8) <= end && scan.boxes < MAX_BOXES && depth < MAX_DEPTH {
        scan.boxes += 1;
        source.seek(SeekFrom::Start(at))?;
        let (size, kind) = (u32_of(source)?, array::<4, _>(source)?);
        let (header, size) = match size {
            0 => (8, end - at),
            1 => (16, u64::from_be_bytes(array(source)?)),
            size => (8, u64::from(size)),
        };
        // Files are appended to files: another one begins, or what is no box at all.
        let is_cut = depth == 0 && !scan.in_order && at.saturating_add(size) > end;
        let is_other = (is_cut && !AT_TOP.contains(&kind))
            || at > 0 && (&kind == b"ftyp" || !riff::is_id(&kind.map(|b| if b == 0xa9 { b' ' } else { b })));
        if depth == 0 && is_other {
            scan.end = Some(at);
            break;
        }
        let Some(next) = at.checked_add(size).filter(|_| size >= header) else { break };
        let (from, to) = (at + header, next.min(end));
        if is_cut {
            scan.cut.extend(ends_at(at, header, end));
        }
        match &kind {
            b"mdat" | b"moof" if scan.in_order && depth == 0 => break,
            b"moov" | b"edts" | b"mdia" | b"minf" | b"stbl" | b"udta" | b"ilst" | b"xid " => {
                walk(source, from, to, depth + 1, found, scan)?;
            }
            // Version and flags come before the children.
            b"meta" => walk(source, from + 4, to, depth + 1, found, scan)?,
            b"mvex" => scan.fragmented = true,
            b"XMP_" if scan.xmp.len() < MAX_KEPT => scan.xmp.push(from..to),
            b"uuid" => match array(source)? {
                XMP_UUID if scan.xmp.len() < MAX_KEPT => scan.xmp.push(from + 16..to),
                C2PA_UUID if scan.c2pa.len() < MAX_KEPT => scan.c2pa.push(from + 16..to),
                _ => {}
            },
            b"data" => {
                // Type and locale, then the text.
                array::<8, _>(source)?;
                let mut text = String::new();
                let room = to.saturating_sub(from + 8).min(MAX_TEXT);
                if source.by_ref().take(room).read_to_string(&mut text).is_ok() {
                    scan.vendor_ids.push(text);
                }
            }
            b"trak" => {
                *found = Found { movie_scale: found.movie_scale, ..Found::default() };
                found.track.at = at + 4;
                walk(source, from, to, depth + 1, found, scan)?;
                if scan.tracks.len() < MAX_KEPT {
                    scan.tracks.push(found.track);
                    scan.cut.extend(found.untimed());
                    scan.edits.extend(found.edit());
                }
            }
            b"mvhd" => found.movie_scale = after_times(source)?,
            b"mdhd" => found.media_scale = after_times(source)?,
            b"tkhd" => found.track.id = after_times(source)?,
            b"hdlr" if found.track.handler == [0; 4] => {
                array::<8, _>(source)?;
                found.track.handler = array(source)?;
            }
            b"stsd" => {
                // Version and flags, count, and the size of the first entry.
                array::<12, _>(source)?;
                found.track.entry = array(source)?;
                let mut body = Vec::new();
                let room = to.saturating_sub(from + 16).min(MAX_TEXT);
                source.by_ref().take(room).read_to_end(&mut body)?;
                found.track.pcm = mov_pcm::of_entry(found.track.entry, &body);
            }
            b"stsz" => {
                array::<8, _>(source)?;
                found.samples = u32_of(source)?;
            }
            b"stts" => found.timed = timed(source, from)?,
            b"elst" => {
                let long = array::<4, _>(source)?[0] == 1;
                for _ in 0..u32_of(source)?.min(MAX_EDITS) {
                    found.entries.push(if long {
                        (u64::from_be_bytes(array(source)?), i64::from_be_bytes(array(source)?))
                    } else {
                        (u64::from(u32_of(source)?), i64::from(i32::from_be_bytes(array(source)?)))
                    });
                    u32_of(source)?;
                }
            }
            _ => {}
        }
        at = next;
    }
    Ok(())
}

/// What shows the box at `at`, whose own header takes `header` bytes, as one that ends
/// at `end`.
fn ends_at(at: u64, header: u64, end: u64) -> Vec<Patch> {
    let size = end - at;
    let word = |at: u64, word: u64| Patch { at, bytes: (word as u32).to_be_bytes() };
    match u32::try_from(size) {
        _ if header == 16 => vec![word(at + 8, size >> 32), word(at + 12, size)],
        Ok(_) => vec![word(at, size)],
        // It said less than 4 GiB, and there is more.
        Err(_) => Vec::new(),
    }
}

/// The field after the version, flags and two dates that `mvhd`, `mdhd` and
/// `tkhd` begin with.
fn after_times<R: Read>(source: &mut R) -> io::Result<u32> {
    if array::<4, _>(source)?[0] == 1 {
        array::<16, _>(source)?;
    } else {
        array::<8, _>(source)?;
    }
    u32_of(source)
}

fn array<const N: usize, R: Read>(source: &mut R) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    source.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn u32_of<R: Read>(source: &mut R) -> io::Result<u32> {
    array(source).map(u32::from_be_bytes)
}

/// Most entries of a table of durations that are added up; audio has two.
const MAX_TIMES: u32 = 1 << 16;

/// How many samples a table of durations, which begins at `from`, has, and its last
/// count.
fn timed<R: Read>(source: &mut R, from: u64) -> io::Result<Option<(u64, u64, u32)>> {
    array::<4, _>(source)?;
    let entries = u32_of(source)?;
    if entries == 0 || entries > MAX_TIMES {
        return Ok(None);
    }
    let (mut sum, mut last) = (0, 0);
    for _ in 0..entries {
        last = u32_of(source)?;
        u32_of(source)?;
        sum += u64::from(last);
    }
    Ok(Some((sum, from + 8 * u64::from(entries), last)))
}

impl Found {
    /// Shows the last duration as that of all samples that have none, as players take
    /// it: the demultiplexer ends where durations end.
    fn untimed(&self) -> Option<Patch> {
        let (sum, at, last) = self.timed?;
        let missing = u64::from(self.samples).checked_sub(sum).filter(|missing| *missing > 0)?;
        let count = u32::try_from(u64::from(last) + missing).ok()?;
        Some(Patch { at, bytes: count.to_be_bytes() })
    }

    fn edit(&self) -> Option<Edit> {
        // An entry that starts at -1 is a pause before the audio; it delays the
        // audio against a picture and says nothing about the audio itself.
        let mut played = self.entries.iter().filter(|(_, start)| *start >= 0);
        let &(length, start) = played.next()?;
        let one = played.next().is_none();
        if self.media_scale == 0 {
            return None;
        }
        Some(Edit {
            track: self.track.id,
            start_s: start as f64 / f64::from(self.media_scale),
            // Fragmented files write 0: the length was not known.
            length_s: (one && length > 0 && self.movie_scale > 0)
                .then(|| length as f64 / f64::from(self.movie_scale)),
        })
    }
}

/// Start and length, in samples, from iTunes' `iTunSMPB` comment: hexadecimal
/// words of which the second is the delay and the fourth the length.
pub(super) fn itunes_gapless(comment: &str) -> Option<(u64, u64)> {
    let mut words = comment.split_whitespace().map(|w| u64::from_str_radix(w, 16));
    let delay = words.nth(1)?.ok()?;
    let length = words.nth(1)?.ok()?;
    // A second of delay is beyond any encoder.
    (delay <= 48_000 && length > 0).then_some((delay, length))
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn boxed(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
        let mut b = (body.len() as u32 + 8).to_be_bytes().to_vec();
        b.extend(kind);
        b.extend(body);
        b
    }

    fn words(words: &[u32]) -> Vec<u8> {
        words.iter().flat_map(|w| w.to_be_bytes()).collect()
    }

    fn file(elst: &[u32]) -> Vec<u8> {
        let edts = boxed(b"edts", &boxed(b"elst", &words(elst)));
        let mdia = boxed(b"mdia", &boxed(b"mdhd", &words(&[0, 0, 0, 44_100, 0, 0])));
        let tkhd = boxed(b"tkhd", &words(&[0, 0, 0, 7, 0]));
        let trak = boxed(b"trak", &[tkhd, edts, mdia].concat());
        let mvhd = boxed(b"mvhd", &words(&[0, 0, 0, 1_000, 0]));
        let moov = boxed(b"moov", &[mvhd, trak].concat());
        [boxed(b"ftyp", b"M4A "), boxed(b"free", &[0; 5]), moov].concat()
    }

    fn read_all(bytes: &[u8]) -> Scan {
        scan(&mut Cursor::new(bytes), bytes.len() as u64, false)
    }

    fn read(bytes: &[u8]) -> Vec<Edit> {
        read_all(bytes).edits
    }

    fn track(id: u32, handler: &[u8; 4], entry: &[u8; 4]) -> Vec<u8> {
        let hdlr = boxed(b"hdlr", &[&[0; 8][..], handler].concat());
        let stsd = boxed(b"stsd", &[&words(&[0, 1, 16])[..], entry, &[0; 8]].concat());
        let minf = boxed(b"minf", &boxed(b"stbl", &stsd));
        let mdia = boxed(b"mdia", &[hdlr, minf].concat());
        boxed(b"trak", &[boxed(b"tkhd", &words(&[0, 0, 0, id, 0])), mdia].concat())
    }

    #[test]
    fn pictures_are_hidden_where_there_is_audio() {
        let film = |tracks: &[Vec<u8>]| [boxed(b"ftyp", b"isom"), boxed(b"moov", &tracks.concat())].concat();
        let (video, audio) = (track(1, b"vide", b"avc1"), track(2, b"soun", b"ac-3"));
        let bytes = film(&[video.clone(), audio.clone()]);
        let found = read_all(&bytes);
        assert_eq!((found.tracks[1].id, &found.tracks[1].entry), (2, b"ac-3"));
        let [patch] = found.hide_pictures()[..] else { panic!("{found:?}") };
        let at = patch.at as usize;
        assert_eq!((&bytes[at..at + 4], &patch.bytes), (&b"trak"[..], b"free"));
        assert!(read_all(&film(std::slice::from_ref(&video))).hide_pictures().is_empty());
        assert!(read_all(&film(&[video, audio, boxed(b"mvex", &[])])).hide_pictures().is_empty());
    }

    #[test]
    fn rights_boxes() {
        let xmp = boxed(b"uuid", &[&XMP_UUID[..], b"<x/>"].concat());
        let c2pa = boxed(b"uuid", &[&C2PA_UUID[..], b"JUMBF"].concat());
        let udta = boxed(b"moov", &boxed(b"udta", &boxed(b"XMP_", b"<y/>")));
        let bytes = [boxed(b"ftyp", b"isom"), xmp, c2pa, udta].concat();
        let found = read_all(&bytes);
        let at = |range: &Range<u64>| &bytes[range.start as usize..range.end as usize];
        assert_eq!(found.xmp.iter().map(at).collect::<Vec<_>>(), [b"<x/>", b"<y/>"]);
        assert_eq!(found.c2pa.iter().map(at).collect::<Vec<_>>(), [b"JUMBF"]);
    }

    #[test]
    fn deep_nesting_ends() {
        let mut bytes = boxed(b"ftyp", b"isom");
        for _ in 0..100_000 {
            bytes.extend([0, 0, 0, 0]);
            bytes.extend(b"moov");
        }
        assert_eq!(read_all(&bytes).tracks, []);
    }

    #[test]
    fn one_edit() {
        let found = read(&file(&[0, 1, 2_000, 1_024, 0x1_0000]));
        assert_eq!(found, [Edit { track: 7, start_s: 1_024.0 / 44_100.0, length_s: Some(2.0) }]);
    }

    #[test]
    fn a_pause_comes_first() {
        let found = read(&file(&[0, 2, 500, u32::MAX, 0x1_0000, 2_000, 0, 0x1_0000]));
        assert_eq!(found, [Edit { track: 7, start_s: 0.0, length_s: Some(2.0) }]);
    }

    #[test]
    fn two_pieces_have_no_single_length() {
        let found = read(&file(&[0, 2, 500, 0, 0x1_0000, 2_000, 88_200, 0x1_0000]));
        assert_eq!(found[0].length_s, None);
    }

    #[test]
    fn damage_is_harmless() {
        let good = file(&[0, 1, 2_000, 1_024, 0x1_0000]);
        for cut in 0..good.len() {
            read(&good[..cut]);
            for value in [0, 1, 0x7f, 0xff] {
                let mut bad = good.clone();
                bad[cut] = value;
                read(&bad);
            }
        }
        assert!(read(b"RIFF").is_empty());
        // More entries than there are bytes.
        assert!(read(&file(&[0, u32::MAX, 2_000, 1_024, 0x1_0000])).len() <= 1);
    }

    #[test]
    fn vendor_ids() {
        let data = boxed(b"data", b"\0\0\0\x01\0\0\0\0Shop:isrc:QZHB12400001");
        let ilst = boxed(b"ilst", &boxed(b"xid ", &data));
        let meta = boxed(b"meta", &[&[0; 4][..], &ilst].concat());
        let bytes = [boxed(b"ftyp", b"M4A "), boxed(b"moov", &boxed(b"udta", &meta))].concat();
        let found = scan(&mut Cursor::new(&bytes), bytes.len() as u64, false).vendor_ids;
        assert_eq!(found, ["Shop:isrc:QZHB12400001"]);
    }

    #[test]
    fn itunes_comment() {
        let text = " 00000000 00000840 000001CA 00000000003F31F6 00000000 00000000";
        assert_eq!(itunes_gapless(text), Some((2_112, 0x3f_31f6)));
        assert_eq!(itunes_gapless(""), None);
        assert_eq!(itunes_gapless("00000000 FFFFFFFF 0 1"), None);
    }
}
