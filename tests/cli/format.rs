//! The keys of rows are those that FORMAT.md documents.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use earmark::audio::{Limits, decode};
use serde_json::Value;

use super::support::{earmark, folder, registry};

/// The keys in the tables below a heading, up to the next.
fn documented(heading: &str) -> BTreeSet<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("FORMAT.md");
    let page = fs::read_to_string(path).expect("FORMAT.md is there");
    let start = page.find(&format!("\n{heading}\n")).expect(heading) + heading.len() + 2;
    let end = page[start..].find("\n#").map_or(page.len(), |end| start + end);
    // Rows of three cells are keys; the codes of reasons have two.
    let rows = page[start..end].lines().filter(|line| line.matches(" |").count() == 3);
    rows.filter_map(|row| row.strip_prefix("| `")?.split_once('`').map(|(key, _)| key.to_owned())).collect()
}

/// All keys of a value, as `a.b[].c`.
fn keys(value: &Value, place: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(object) => {
            for (key, value) in object {
                let place = if place.is_empty() { key.clone() } else { format!("{place}.{key}") };
                keys(value, &place, found);
                found.insert(place);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| keys(item, &format!("{place}[]"), found)),
        _ => {}
    }
}

fn written(line: &str) -> BTreeSet<String> {
    of(&earmark(line, registry()).objects())
}

fn of(objects: &[Value]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    objects.iter().for_each(|object| keys(object, "", &mut found));
    found
}

/// An MP3 whose tag reserves text and data mining in the words of TDMRep.
fn reserved() -> Vec<u8> {
    let frame = |field: &str, value: &str| {
        let text = format!("\u{3}{field}\0{value}");
        let size = u8::try_from(text.len()).expect("short");
        [b"TXXX\0\0\0".as_slice(), &[size, 0, 0], text.as_bytes()].concat()
    };
    let frames = [frame("tdm-reservation", "1"), frame("tdm-policy", "https://example.com/tdm")].concat();
    let size = u8::try_from(frames.len()).expect("short");
    assert!(size < 0x80, "sizes have seven bits a byte");
    let sound = fs::read("testdata/codecs/lame.mp3").expect("in the repository");
    [b"ID3\x04\0\0\0\0\0".as_slice(), &[size], &frames, &sound].concat()
}

/// A WAV of 10 channels: in nine of them a song, every other one upside down, below
/// louder noise in the last. Eight channels are listened to by themselves.
fn hidden() -> Vec<u8> {
    const CHANNELS: u16 = 10;
    const RATE_HZ: u32 = 12_000;
    let song = fs::File::open("testdata/catalogue/01-harbour-lights.mp3").expect("in the repository");
    let (mut samples, limits) = (Vec::new(), Limits::default());
    decode(song, Some("mp3"), RATE_HZ, &limits, &mut |block| samples.extend_from_slice(block))
        .expect("a song");
    let samples = &samples[4 * RATE_HZ as usize..14 * RATE_HZ as usize];
    let size = samples.len() as u32 * u32::from(CHANNELS) * 2;
    let mut bytes = [&b"RIFF"[..], &(36 + size).to_le_bytes(), b"WAVEfmt \x10\0\0\0\x01\0"].concat();
    bytes.extend(CHANNELS.to_le_bytes());
    bytes.extend(RATE_HZ.to_le_bytes());
    bytes.extend((RATE_HZ * u32::from(CHANNELS) * 2).to_le_bytes());
    bytes.extend((CHANNELS * 2).to_le_bytes());
    bytes.extend(b"\x10\0data");
    bytes.extend(size.to_le_bytes());
    let mut state = 1_u32;
    for sample in samples {
        for channel in 0..CHANNELS {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let value = match channel {
                9 => (state >> 16) as i16,
                even if even % 2 == 0 => (sample * 2_000.0) as i16,
                _ => (sample * -2_000.0) as i16,
            };
            bytes.extend(value.to_le_bytes());
        }
    }
    bytes
}

#[test]
fn every_key_is_documented_and_every_documented_key_is_written() {
    let identify = documented("### Identify rows");
    let folder = folder();
    fs::write(folder.path().join("hidden.wav"), hidden()).expect("a file");
    let line =
        format!("identify testdata/scraped {} --registry {{}} --format jsonl", folder.path().display());
    assert_eq!(written(&line), identify);
    // Reasons have the keys that they have in scan rows.
    let mut of_codes = written("check --isrc QZHB12500001 --registry {} --format jsonl");
    of_codes.retain(|key| !key.starts_with("reasons[]."));
    assert_eq!(of_codes, documented("### ISRC rows"));
    assert_eq!(of(&super::live::medley().objects()), documented("### Live rows"));
    let compare = documented("### Compare rows");
    let line = "compare testdata/scraped/cut.mp3 testdata/catalogue/01-harbour-lights.mp3 --format jsonl";
    let (shown, rest): (BTreeSet<_>, BTreeSet<_>) =
        written(line).into_iter().partition(|key| key.starts_with("shown."));
    assert_eq!(rest, compare);
    // What is shown has the keys of a match.
    let of_matches = compare.iter().filter_map(|key| key.strip_prefix("matches[]."));
    assert_eq!(shown, of_matches.map(|key| format!("shown.{key}")).collect());
    let mut scan = documented("### Scan rows");
    scan.extend(identify);
    fs::write(folder.path().join("reserved.mp3"), reserved()).expect("a file");
    // What follows the frames of an MP3 and is none of them was not heard.
    let sound = fs::read("testdata/scraped/cut.mp3").expect("in the repository");
    fs::write(folder.path().join("more.mp3"), [sound, b"no frames".repeat(2_000)].concat()).expect("a file");
    let line = format!("scan testdata/scraped {} --registry {{}} --format jsonl", folder.path().display());
    let objects = earmark(&line, registry()).objects();
    let (header, rows) = objects.split_first().expect("a header");
    assert_eq!(of(rows), scan);
    assert_eq!(of(std::slice::from_ref(header)), documented("### Scan header"));
}
