//! Statements about rights in whole files.

use super::support::*;
use crate::audio::rights::{c2pa::tests::store, xmp::tests::PACKET};
use crate::audio::{IsrcTrust, RightsSignal, SignalPermission, SignatureState, Tags};
use crate::usage::Use;

/// Files that hold every statement that is read.
pub fn specimens() -> Vec<(&'static str, Vec<u8>)> {
    let (mp3, wav, mp4) = (mp3_file(), wav_file(), mp4_file());
    vec![("mp3", mp3), ("wav", wav), ("mp4", mp4), ("ogg", ogg_file()), ("flac", flac_file())]
}

/// What the signals of `carrier` say, as `field`s in their order.
fn fields(tags: &Tags, carrier: &str) -> Vec<String> {
    tags.signals.iter().filter(|s| s.carrier == carrier).map(|s| s.field.clone()).collect()
}

fn assert_packet(tags: &Tags, name: &str) {
    assert_eq!(fields(tags, "xmp").len(), 8, "{name}: {:?}", tags.signals);
}

fn assert_store(tags: &Tags, name: &str) {
    assert_eq!(fields(tags, "c2pa"), ["cawg.training-mining__1"], "{name}: {:?}", tags.signals);
    assert_eq!(fields(tags, "c2pa-ingredient"), ["c2pa.training-mining"], "{name}");
    let signal = tags.signals.iter().find(|s| s.carrier == "c2pa").unwrap();
    assert_eq!(signal.signature, Some(SignatureState::NotVerified));
    let training = signal.uses.iter().find(|u| u.use_ == Use::AiTraining).unwrap();
    assert_eq!(training.permission, SignalPermission::NotAllowed);
}

/// Frames of every kind that is read.
fn frames() -> Vec<u8> {
    let geob = [&b"\0application/x-c2pa-manifest-store\0c2pa\0c2pa manifest store\0"[..], &store()].concat();
    let frames: &[(&[u8; 4], Vec<u8>)] = &[
        (b"GEOB", geob),
        (b"GEOB", b"\0text/plain\0\0\0no manifest".to_vec()),
        (b"PRIV", [&b"XMP\0"[..], PACKET.as_bytes()].concat()),
        (b"PRIV", [&b"WM/x\0"[..], PACKET.as_bytes()].concat()),
        (b"TCOP", b"\x032026 Nobody".to_vec()),
        (b"WCOP", b"https://example.com/c".to_vec()),
        (b"USER", b"\x03engno training".to_vec()),
        (b"TXXX", b"\x03LICENSE\0https://example.com/l".to_vec()),
        (b"TXXX", b"\x03TDM-RESERVATION\x001".to_vec()),
        (b"TXXX", b"\x03tdm-policy\0https://example.com/p".to_vec()),
        (b"TXXX", b"\x03Content-Usage\0train-ai=n".to_vec()),
    ];
    id3v2_frames(frames)
}

fn mp3_file() -> Vec<u8> {
    [frames(), fixture("mono.mp3")].concat()
}

#[test]
fn id3_holds_all_of_it() {
    let wav = wav(8_000, 1, Format::S16, &[0.0; 80], &[(b"id3 ", frames())]);
    for (name, bytes) in [("mp3", mp3_file()), ("wav", wav)] {
        let found = tags_of(bytes);
        assert_store(&found, name);
        assert_packet(&found, name);
        assert!(found.copyrights.contains(&"2026 Nobody".to_owned()), "{name}: {found:?}");
        assert!(found.licences.contains(&"no training".to_owned()), "{name}: {found:?}");
        let by = |field: &str| -> RightsSignal {
            let is = |s: &&RightsSignal| s.carrier == "id3v2" && s.field.to_lowercase().ends_with(field);
            let signal = found.signals.iter().find(is);
            signal.unwrap_or_else(|| panic!("{name} {field}: {:?}", found.signals)).clone()
        };
        assert_eq!(by("tcop").text, "2026 Nobody");
        assert_eq!(by("wcop").text, "https://example.com/c");
        assert_eq!(by("license").text, "https://example.com/l");
        assert_eq!(by("tdm-reservation").uses[0].permission, SignalPermission::Constrained);
        assert_eq!(by("tdm-reservation").uses[0].constraint.as_deref(), Some("https://example.com/p"));
        assert_eq!(by("content-usage").uses[0].use_, Use::AiTraining);
    }
}

/// Every chunk that is read, behind the data.
fn wav_file() -> Vec<u8> {
    let mut bext = vec![0; 602];
    bext[..20].copy_from_slice(b"Take 4, (c) 2026 Us\0");
    bext[288..308].copy_from_slice(b"ISRC:QZ-HB1-24-00003");
    let axml = r#"<?xml version="1.0" encoding="UTF-8"?><ebuCoreMain
        xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns="urn:ebu:metadata-schema:ebuCore_2012"><coreMetadata>
        <title><dc:title>Ax</dc:title></title>
        <identifier typeLabel="GUID" typeDefinition="Globally Unique Identifier" formatLabel="ISRC">
          <dc:identifier>ISRC:QZHB12400001</dc:identifier></identifier>
        <identifier formatLabel="UMID"><dc:identifier>QZHB12400009</dc:identifier></identifier>
        <rights><dc:rights>Axel</dc:rights></rights></coreMetadata></ebuCoreMain>"#;
    let ixml = "<BWFXML><IXML_VERSION>3.01</IXML_VERSION><ASWG><songTitle>Ix</songTitle><artist>Nobody</artist>\
        <isrcId>QZHB12400002</isrcId><rightsOwner>Somebody</rightsOwner><usageRights>Ask</usageRights></ASWG></BWFXML>";
    let tail = [
        chunk(b"bext", &bext),
        chunk(b"axml", axml.as_bytes()),
        chunk(b"iXML", ixml.as_bytes()),
        chunk(b"_PMX", PACKET.as_bytes()),
        chunk(b"C2PA", &store()),
        chunk(b"id3 ", &id3v2(&[(b"TCOP", "2026 Id3")])),
    ];
    [wav(8_000, 1, Format::S16, &[0.0; 8_001], &[]), tail.concat()].concat()
}

#[test]
fn wav_after_its_data() {
    let bytes = wav_file();
    assert_eq!(run(&bytes, None).unwrap().1.duration_s, 8_001.0 / 8_000.0);
    let found = tags_of(bytes);
    let codes: Vec<_> = found.isrcs.iter().map(|t| (t.isrc.as_str(), t.trust)).collect();
    assert_eq!(
        codes,
        [
            ("QZHB12400001", IsrcTrust::Trusted),
            ("QZHB12400002", IsrcTrust::Trusted),
            ("QZHB12400003", IsrcTrust::Untrusted)
        ]
    );
    assert_eq!((found.title.as_deref(), found.artist.as_deref()), (Some("Ax"), Some("Nobody")));
    assert_eq!(found.owners, ["Somebody"]);
    assert_eq!(found.copyrights, ["2026 Id3", "Axel", "Take 4, (c) 2026 Us"]);
    assert_eq!(found.licences, ["Ask"]);
    assert_packet(&found, "wav");
    assert_store(&found, "wav");
}

fn mp4_file() -> Vec<u8> {
    let boxed = |uuid: &[u8], body: &[u8]| {
        [&(24 + body.len() as u32).to_be_bytes()[..], b"uuid", uuid, body].concat()
    };
    let xmp = boxed(b"\xbe\x7a\xcf\xcb\x97\xa9\x42\xe8\x9c\x71\x99\x94\x91\xe3\xaf\xac", PACKET.as_bytes());
    let content = [&[0; 4][..], b"manifest\0", &[0; 8], &store()].concat();
    let c2pa = boxed(b"\xd8\xfe\xc3\xd6\x1b\x0e\x48\x3c\x92\x97\x58\x28\x87\x7e\xc4\x81", &content);
    [fixture("aac.m4a"), xmp, c2pa].concat()
}

#[test]
fn boxes_of_mp4() {
    let found = tags_of(mp4_file());
    assert_packet(&found, "mp4");
    assert_store(&found, "mp4");
    assert_eq!(fields(&found, "isomp4"), ["cprt"]);
}

fn ogg_file() -> Vec<u8> {
    let plain = fixture("celt.opus");
    let first = 28 + usize::from(plain[27]);
    let page = [&b"\0c2pa"[..], &store()].concat();
    [&plain[..first], &ogg_page(6, 0x7777, &page), &plain[first..]].concat()
}

#[test]
fn a_stream_of_its_own_in_ogg() {
    let bytes = ogg_file();
    assert_store(&tags_of(bytes.clone()), "ogg");
    // The audio is as it was.
    assert_eq!(
        run(&bytes, None).unwrap().1.audio_hash,
        run(&fixture("celt.opus"), None).unwrap().1.audio_hash
    );
}

fn flac_file() -> Vec<u8> {
    // A FLAC file with another comment block: see RFC 9639 section 8.6.
    let mut block = Vec::new();
    let mut text = |text: &str| {
        block.extend((text.len() as u32).to_le_bytes());
        block.extend(text.as_bytes());
    };
    text("nobody");
    let fields_due = ["COPYRIGHT=2026 Us", "LICENSE=https://example.com/l", "TDM_RESERVATION=1"];
    let list: Vec<u8> = fields_due
        .iter()
        .flat_map(|field| [&(field.len() as u32).to_le_bytes()[..], field.as_bytes()].concat())
        .collect();
    let block = [block, 3_u32.to_le_bytes().to_vec(), list].concat();
    let plain = fixture("flac.flac");
    let header = [4, 0, 0, block.len() as u8];
    [&plain[..42], &header, &block, &plain[42..]].concat()
}

#[test]
fn fields_of_other_tags() {
    let found = tags_of(flac_file());
    let carrier = found.signals[0].carrier.clone();
    let found_fields = fields(&found, &carrier);
    for field in ["COPYRIGHT", "LICENSE", "TDM_RESERVATION"] {
        assert!(found_fields.iter().any(|f| f == field), "{field}: {:?}", found.signals);
    }
    assert_eq!(carrier, "flac");
}

#[test]
fn many_boxes_made_to_be_slow() {
    let boxed =
        |kind: &[u8; 4], body: &[u8]| [&(body.len() as u32 + 8).to_be_bytes()[..], kind, body].concat();
    let attributes: String = (0..130_000).map(|n| format!(" a{n}=''")).collect();
    let spaces: String = (0..55_000).map(|n| format!(" xmlns:a{n}=''")).collect();
    let nested = format!("<a xmlns:x='u:{}'>", "x".repeat(30)).repeat(190) + &"<b/>".repeat(90_000);
    for content in [format!("<a{attributes}/>"), format!("<a{spaces}/>"), nested] {
        let xmp = boxed(b"XMP_", content.as_bytes());
        let bytes = [fixture("aac.m4a"), xmp.repeat(256)].concat();
        let began = std::time::Instant::now();
        assert_eq!(tags_of(bytes).title.as_deref(), Some(super::make::TITLE));
        assert!(began.elapsed().as_secs() < 10, "{:?}", began.elapsed());
    }
}
