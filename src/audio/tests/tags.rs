//! Tags of every container.

use std::io::Cursor;

use super::make::{ISRC, TITLE};
use super::support::*;
use crate::audio::{IsrcTrust, Limits, Tags, read_tags};

fn codes(tags: &Tags, trust: IsrcTrust) -> Vec<String> {
    tags.isrcs.iter().filter(|t| t.trust == trust).map(|t| t.isrc.to_string()).collect()
}

#[test]
fn every_container_that_can_hold_an_isrc() {
    for name in [
        "lame.mp3",
        "mono.mp3",
        "aac.m4a",
        "aac.mkv",
        "vorbis.ogg",
        "vorbis.webm",
        "flac.flac",
        "flac.ogg",
        "celt.opus",
        "opus.webm",
        "pcm.aiff",
    ] {
        let found = tags_of(fixture(name));
        assert_eq!(codes(&found, IsrcTrust::Trusted), [ISRC], "{name}: {found:?}");
        // Matroska's title is no tag but a field of its own, which is not read.
        let title = if found.title.is_none() && (name.ends_with("mkv") || name.ends_with("webm")) {
            None
        } else {
            Some(TITLE)
        };
        assert_eq!(found.title.as_deref(), title, "{name}");
        assert_eq!(found.copyrights, ["2026 Nobody"], "{name}");
    }
}

#[test]
fn several_codes_in_one_id3_frame() {
    let mut bytes = id3v2(&[
        (b"TSRC", "QZHB12400001\0USS1Z9900001"),
        (b"TIT2", "One"),
        (b"TPE1", "Two"),
        (b"TALB", "Three"),
        (b"TPE2", "Four"),
        (b"TPUB", "Five"),
        (b"TOWN", "Six"),
        (b"TCOP", "Seven"),
        (b"TXXX", "LICENSE\0no training"),
    ]);
    bytes.extend(fixture("mono.mp3"));
    let found = tags_of(bytes);
    assert_eq!(codes(&found, IsrcTrust::Trusted), [ISRC, "US-S1Z-99-00001"], "{found:?}");
    assert_eq!(found.title.as_deref(), Some("One"));
    assert_eq!(found.artist.as_deref(), Some("Two"));
    assert_eq!(found.album.as_deref(), Some("Three"));
    assert_eq!(found.album_artist.as_deref(), Some("Four"));
    assert_eq!(found.label.as_deref(), Some("Five"));
    assert_eq!(found.owners, ["Six"]);
    assert_eq!(found.copyrights[0], "Seven");
    assert_eq!(found.licences, ["no training"]);
}

#[test]
fn the_source_field_of_wav_is_trusted_little_and_only_as_a_whole() {
    let info = |value: &str| {
        let mut list = b"INFO".to_vec();
        list.extend(chunk(b"INAM", b"Title\0"));
        list.extend(chunk(b"ISRC", format!("{value}\0").as_bytes()));
        tags_of(wav(8_000, 1, Format::S16, &[0.0; 80], &[(b"LIST", list)]))
    };
    let found = info("QZ-HB1-24-00001");
    assert_eq!(codes(&found, IsrcTrust::Untrusted), [ISRC], "{found:?}");
    assert!(codes(&found, IsrcTrust::Trusted).is_empty());
    assert_eq!(found.title.as_deref(), Some("Title"));
    assert!(info("Vinyl, QZHB12400001 or so").isrcs.is_empty());
    assert!(info("Tape 4").isrcs.is_empty());
}

#[test]
fn id3_inside_wav() {
    let id3 = id3v2(&[(b"TSRC", "QZHB12400001"), (b"TIT2", "Inside"), (b"TCOP", "2026 Somebody")]);
    let mut list = b"INFO".to_vec();
    list.extend(chunk(b"ISRC", b"QZHB12400001\0\0"));
    for id in [b"id3 ", b"ID3 "] {
        let found =
            tags_of(wav(8_000, 1, Format::S16, &[0.0; 80], &[(b"LIST", list.clone()), (id, id3.clone())]));
        assert_eq!(codes(&found, IsrcTrust::Trusted), [ISRC], "{found:?}");
        assert_eq!(found.isrcs.len(), 1, "the better source counts, once");
        assert_eq!(found.title.as_deref(), Some("Inside"));
        assert_eq!(found.copyrights, ["2026 Somebody"]);
    }
}

#[test]
fn no_tags_are_no_error() {
    let found = tags_of(wav(8_000, 1, Format::S16, &[0.0; 80], &[]));
    assert_eq!(found, Tags::default());
    assert!(read_tags(Cursor::new(Vec::new()), None, &Limits::default()).is_err());
}

#[test]
fn json_form() {
    let json = serde_json::to_value(tags_of(fixture("flac.flac"))).unwrap();
    assert_eq!(json["isrcs"][0]["isrc"], "QZHB12400001");
    assert_eq!(json["isrcs"][0]["trust"], "trusted");
    assert_eq!(json["title"], TITLE);
}
