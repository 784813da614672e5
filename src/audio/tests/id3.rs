//! ID3v2 tags as writers get them wrong, and as nobody writes them.

use std::io::{Cursor, Write};
use std::time::{Duration, Instant};

use flate2::write::ZlibEncoder;

use super::support::*;
use crate::audio::{Limits, Tags, decode_stream, read_tags};

/// Not the code that the committed files have themselves.
const OTHER: &str = "USS1Z9900001";

fn seven_bits(n: usize) -> [u8; 4] {
    [n >> 21, n >> 14, n >> 7, n].map(|part| part as u8 & 0x7f)
}

fn tag(version: u8, flags: u8, content: &[u8]) -> Vec<u8> {
    [&b"ID3"[..], &[version, 0, flags], &seven_bits(content.len()), content].concat()
}

/// A frame whose size is a plain number.
fn plain(id: &[u8; 4], flags: u16, content: &[u8]) -> Vec<u8> {
    [&id[..], &(content.len() as u32).to_be_bytes(), &flags.to_be_bytes(), content].concat()
}

/// A frame of version 2.4.
fn safe(id: &[u8; 4], flags: u16, content: &[u8]) -> Vec<u8> {
    [&id[..], &seven_bits(content.len()), &flags.to_be_bytes(), content].concat()
}

fn latin(text: &str) -> Vec<u8> {
    [b"\0", text.as_bytes()].concat()
}

/// In which order a unit of UTF-16 has its bytes.
type Order = fn(u16) -> [u8; 2];

fn wide(mark: &[u8], text: &str, order: Order) -> Vec<u8> {
    let units = text.encode_utf16().flat_map(order);
    [&[1], mark, &units.collect::<Vec<_>>()].concat()
}

fn of(tag: Vec<u8>) -> Tags {
    tags_of([tag, fixture("mono.mp3")].concat())
}

/// The codes, those of the file's own tag behind them.
fn codes(tag: Vec<u8>) -> Vec<String> {
    of(tag).isrcs.iter().map(|found| found.isrc.as_str().to_owned()).collect()
}

#[test]
fn what_writers_get_wrong() {
    let (le, be): (Order, Order) = (u16::to_le_bytes, u16::to_be_bytes);
    let frame = |content: &[u8]| plain(b"TSRC", 0, content);
    let long = [b"\0eng\0".to_vec(), vec![b'x'; 200]].concat();
    let picture = [&b"\0image/jpeg\0\x03\0"[..], &b"\xff\xd8\xff\xe0\xff\0\0".repeat(100)].concat();
    let zipped = {
        let mut encoder = ZlibEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(&latin(OTHER)).unwrap();
        [&14_u32.to_be_bytes()[..], &encoder.finish().unwrap()].concat()
    };
    let good = frame(&latin(OTHER));
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("nothing", tag(3, 0, &good)),
        ("UTF-16 without a mark", tag(3, 0, &frame(&wide(b"", OTHER, le)))),
        ("the same, big-endian", tag(3, 0, &frame(&wide(b"", OTHER, be)))),
        ("a mark of big-endian", tag(3, 0, &frame(&wide(b"\xfe\xff", OTHER, be)))),
        ("UTF-16 of odd length", tag(3, 0, &frame(&[wide(b"\xff\xfe", OTHER, le), vec![0]].concat()))),
        ("a zero lost", {
            let mut text = wide(b"\xff\xfe", OTHER, le);
            text.pop();
            tag(3, 0, &frame(&text))
        }),
        ("plain sizes", tag(4, 0, &[plain(b"COMM", 0, &long), good.clone()].concat())),
        ("plain sizes, and padding", {
            tag(4, 0, &[plain(b"COMM", 0, &long), good.clone(), vec![0; 100]].concat())
        }),
        ("sizes of seven bits", tag(4, 0, &[safe(b"COMM", 0, &long), good.clone()].concat())),
        ("unknown flags", tag(3, 0, &[plain(b"TIT2", 0x1f1f, b"\0a"), good.clone()].concat())),
        ("unknown flags in 2.4", tag(4, 0, &[safe(b"TIT2", 0x8f90, b"\0a"), good.clone()].concat())),
        ("a bad name", tag(3, 0, &[plain(b"T\0X2", 0, b"\0a"), good.clone()].concat())),
        ("a name that is no text", tag(4, 0, &[plain(b"\xff\x80?!", 0, b"\0a"), good.clone()].concat())),
        ("an empty frame", tag(3, 0, &[plain(b"TPE3", 0, b""), good.clone()].concat())),
        ("no encoding", tag(3, 0, &frame(OTHER.as_bytes()))),
        ("a flag that lies", {
            let content = [plain(b"APIC", 0, &picture), frame(&wide(b"\xff\xfe", OTHER, le))].concat();
            tag(3, 0x80, &content)
        }),
        ("a flag that does not", {
            let mut content = plain(b"APIC", 0, &[0xff, 0, 0xff, 0, 0]);
            // Three bytes are there for two.
            content[7] = 3;
            tag(3, 0x80, &[content, good.clone()].concat())
        }),
        ("the flag of 2.4 lies", tag(4, 0x80, &frame(&wide(b"\xff\xfe", OTHER, le)))),
        ("an extended header that is not there", tag(4, 0x40, &good)),
        ("an extended header", tag(3, 0x40, &[&6_u32.to_be_bytes()[..], &[0; 6], &good].concat())),
        ("an extended header of 2.4", tag(4, 0x40, &[&seven_bits(6)[..], &[1, 0], &good].concat())),
        ("a compressed frame", tag(3, 0, &plain(b"TSRC", 0x80, &zipped))),
        ("a compressed frame of 2.4", {
            let content = [&seven_bits(13)[..], &zipped[4..]].concat();
            tag(4, 0, &safe(b"TSRC", 0x09, &content))
        }),
        ("a group", tag(3, 0, &plain(b"TSRC", 0x20, &[&[7][..], &latin(OTHER)].concat()))),
        ("a group without its number", tag(3, 0, &plain(b"TSRC", 0x20, &latin(OTHER)))),
        ("version 2.2", tag(2, 0, &[&b"TRC\0\0\x0d"[..], &latin(OTHER)].concat())),
        ("a name of 2.2", tag(3, 0, &plain(b"TRC\0", 0, &latin(OTHER)))),
        ("a frame cut off by the end", {
            let mut cut = plain(b"TSRC", 0, &[&latin(OTHER)[..], &[0; 40]].concat());
            cut.truncate(10 + 13);
            tag(3, 0, &cut)
        }),
        ("a field of one's own", tag(4, 0, &safe(b"TXXX", 0, &latin(&format!("isrc\0{OTHER}"))))),
        ("a tag behind a tag", [tag(3, 0, &plain(b"TIT2", 0, b"\0a")), tag(3, 0, &good)].concat()),
    ];
    for (what, tag) in cases {
        assert_eq!(codes(tag).first().map(String::as_str), Some(OTHER), "{what}");
    }
}

#[test]
fn several_codes() {
    let (le, be): (Order, Order) = (u16::to_le_bytes, u16::to_be_bytes);
    let second = "GBAYE6700001";
    let both = [OTHER, second];
    let cases = [
        ("NUL", tag(3, 0, &plain(b"TSRC", 0, &latin(&format!("{OTHER}\0{second}\0"))))),
        ("nothing", tag(3, 0, &plain(b"TSRC", 0, &latin(&format!("{OTHER}{second}"))))),
        ("NUL, wide", tag(3, 0, &plain(b"TSRC", 0, &wide(b"\xff\xfe", &format!("{OTHER}\0{second}"), le)))),
        ("one mark", tag(3, 0, &plain(b"TSRC", 0, &wide(b"\xfe\xff", &format!("{OTHER}\0{second}"), be)))),
        (
            "two frames",
            tag(3, 0, &[plain(b"TSRC", 0, &latin(OTHER)), plain(b"TSRC", 0, &latin(second))].concat()),
        ),
    ];
    for (what, tag) in cases {
        assert_eq!(codes(tag)[..2], both, "{what}");
    }
}

/// Chapters inside one another, with a code in the innermost.
fn nested(id: &[u8; 4], depth: usize) -> Vec<u8> {
    let mut inner = safe(b"TSRC", 0, &latin(OTHER));
    let head: &[u8] = if id == b"CHAP" { b"c\0................" } else { b"c\0\0\0" };
    for _ in 0..depth {
        inner = safe(id, 0, &[head, &inner].concat());
    }
    tag(4, 0, &inner)
}

#[test]
fn chapters_inside_chapters_end() {
    for id in [b"CHAP", b"CTOC"] {
        assert_eq!(codes(nested(id, 2))[0], OTHER, "a chapter's code counts");
        for depth in [100, 2_000, 20_000] {
            let tag = nested(id, depth);
            // As long as the tag before them, and behind it.
            for bytes in [
                [tag.clone(), fixture("mono.mp3")].concat(),
                [tag.clone(), fixture("flac.flac")].concat(),
                aiff(&tag),
                wav(8_000, 1, Format::S16, &[0.1; 800], &[(b"id3 ", tag.clone())]),
            ] {
                let found = tags_of(bytes.clone());
                assert!(found.isrcs.iter().all(|found| found.isrc.as_str() != OTHER), "{depth} deep");
                run(&bytes, None).unwrap_or_else(|error| panic!("{depth} deep: {error}"));
            }
        }
    }
}

/// An AIFF file of silence with `tag` in front of the sound.
fn aiff(tag: &[u8]) -> Vec<u8> {
    let chunk = |id: &[u8; 4], body: &[u8]| {
        let padding = vec![0; body.len() % 2];
        [&id[..], &(body.len() as u32).to_be_bytes(), body, &padding].concat()
    };
    // One channel, 800 frames of 16 bits at 8 kHz.
    let common = [&[0, 1, 0, 0, 3, 32, 0, 16][..], &[0x40, 0x0b, 0xfa, 0, 0, 0, 0, 0, 0, 0]].concat();
    let sound = [vec![0; 8], vec![1; 1_600]].concat();
    let body =
        [&b"AIFF"[..], &chunk(b"COMM", &common), &chunk(b"ID3 ", tag), &chunk(b"SSND", &sound)].concat();
    chunk(b"FORM", &body)
}

#[test]
fn aiff_behind_something_else_is_refused() {
    // As long as what is looked at of a stream.
    let bytes = aiff(&nested(b"CHAP", 2_000));
    let mpeg = {
        let mut wave = wav(8_000, 1, Format::S16, &[], &[]);
        wave.truncate(wave.len() - 4);
        let at = wave.windows(4).position(|four| four == b"fmt ").unwrap() + 8;
        wave[at] = 0x55;
        [wave, (bytes.len() as u32).to_le_bytes().to_vec(), bytes.clone()].concat()
    };
    for bytes in [[b"x".to_vec(), bytes.clone()].concat(), [tag(3, 0, &[]), bytes.clone()].concat(), mpeg] {
        assert!(run(&bytes, None).is_err());
        assert!(read_tags(Cursor::new(bytes.clone()), None, &Limits::default()).is_err());
        let source = Cursor::new(bytes);
        assert!(decode_stream(source, None, OUT_HZ, &Limits::default(), &mut |_| {}).is_err());
    }
    let source = Cursor::new(bytes);
    decode_stream(source, None, OUT_HZ, &Limits::default(), &mut |_| {}).expect("the tag is hidden");
}

#[test]
fn tags_in_aiff_are_read() {
    let found = tags_of(aiff(&tag(3, 0, &plain(b"TSRC", 0, &latin(OTHER)))));
    assert_eq!(found.isrcs[0].isrc.as_str(), OTHER);
}

#[test]
fn tags_made_to_be_slow() {
    let limits = Limits::default();
    let mut encoder = ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(&vec![0; 1 << 20]).unwrap();
    let bomb = [&0_u32.to_be_bytes()[..], &encoder.finish().unwrap()].concat();
    let chapters = |frames: Vec<u8>| {
        let inner = |inner: &[u8]| safe(b"CHAP", 0, &[b"c\0................", inner].concat());
        (0..4).fold(frames, |frames, _| inner(&frames))
    };
    let cases = [
        ("small frames", tag(4, 0, &safe(b"TXXX", 0, b"\x01").repeat(700_000))),
        ("small frames in chapters", tag(4, 0, &chapters(safe(b"TSRC", 0, b"\x01").repeat(150_000)))),
        ("compressed zeros", tag(3, 0, &plain(b"TSRC", 0x80, &bomb).repeat(5_000))),
        ("many texts", tag(3, 0, &plain(b"TCOP", 0, &latin(&"a\0".repeat(500_000))))),
        ("ones", tag(4, 0x80, &safe(b"TSRC", 0x02, &[0xff, 0].repeat(400_000)))),
        ("tags", tag(3, 0, &[]).repeat(300_000)),
    ];
    for (what, tag) in cases {
        let bytes = [tag, fixture("mono.mp3")].concat();
        let began = Instant::now();
        let found = read_tags(Cursor::new(bytes), None, &limits);
        assert!(began.elapsed() < Duration::from_secs(10), "{what}: {:?}", began.elapsed());
        if let Ok(found) = found {
            assert!(found.copyrights.len() <= 256, "{what}");
        }
    }
}

#[test]
fn what_is_no_tag_is_passed_over() {
    for head in [&b"ID3\x07\0\0\0\0\0\0"[..], b"ID3\x04\0\0\xff\xff\xff\xff", b"ID3"] {
        let bytes = [head, &nested(b"CHAP", 3_000)[10..], &fixture("mono.mp3")].concat();
        // It may be refused, and it ends.
        let _ = run(&bytes, None);
        let _ = read_tags(Cursor::new(bytes), None, &Limits::default());
    }
}
