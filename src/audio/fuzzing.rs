//! What of this module is fuzzed by itself; see [`crate::fuzzing`].

use std::io::Cursor;

use super::balance::Balance;
use super::opus::{self, OpusTrack};
use super::rights::{c2pa, xmp};
use super::{Tags, aac, caf, matroska, mp4, ogg, riff};
use crate::fuzzing::{Dribble, choice};

/// Largest text or chunk that is taken here.
const MOST_BYTES: usize = 1 << 12;

/// What is read of containers beside the demultiplexer.
pub fn containers(data: &[u8]) {
    let len = data.len() as u64;
    let whole = || Cursor::new(data);
    let pieces = || Dribble::new(Cursor::new(data));
    for in_order in [true, false] {
        let found = mp4::scan(&mut whole(), len, in_order);
        assert_eq!(found, mp4::scan(&mut pieces(), len, in_order));
        for patch in found.patches() {
            assert!(patch.at + 4 <= len);
        }
    }
    let found = matroska::scan(&mut whole(), len);
    assert_eq!(found, matroska::scan(&mut pieces(), len));
    let found = ogg::scan(&mut whole(), len);
    assert_eq!(found, ogg::scan(&mut pieces(), len));
    assert!(found.patches.iter().all(|patch| patch.at + 4 <= len));
    let found = ogg::extent(&mut whole(), len).expect("memory");
    assert!(found.end <= len && found.lost_bytes <= len);
    if let Some(found) = matroska::extent(&mut whole(), len).expect("memory") {
        assert!(found.end <= len && found.patches.iter().all(|patch| patch.at + 4 <= len));
    }
    let (end, patches) = caf::end(&mut whole(), len.max(8)).expect("memory");
    assert!(end <= len.max(8) && patches.iter().all(|patch| patch.at + 4 <= len));
    let Some(wave) = riff::scan(&mut whole(), len) else { return };
    assert_eq!(Some(&wave), riff::scan(&mut pieces(), len).as_ref());
    for chunk in &wave.chunks {
        assert!(chunk.start <= len && chunk.start <= chunk.end);
        let body = riff::body(&mut whole(), *chunk, len, MOST_BYTES);
        assert!(body.is_none_or(|body| body.len() <= MOST_BYTES));
    }
    let texts = riff::info(&mut whole(), &wave, len, MOST_BYTES);
    assert_eq!(texts, riff::info(&mut pieces(), &wave, len, MOST_BYTES));
    // In UTF-8 a byte of Latin-1 has two.
    assert!(texts.iter().all(|(_, text)| text.len() <= 2 * MOST_BYTES));
}

/// Statements about rights, and cue sheets.
pub fn rights(data: &[u8]) {
    let Some((form, data)) = choice(data) else { return };
    match form % 4 {
        0 => {
            let found = xmp::signals(data);
            let marked = data.starts_with(b"\xef\xbb\xbf") || data.starts_with(b"\xff\xfe");
            if let Ok(text) = std::str::from_utf8(data)
                && !marked
            {
                let units = std::iter::once(0xfeff).chain(text.encode_utf16());
                let wide: Vec<u8> = units.flat_map(u16::to_be_bytes).collect();
                assert_eq!(found, xmp::signals(&wide));
            }
        }
        1 => drop(c2pa::signals(data)),
        2 => drop(c2pa::in_mp4(data).map(c2pa::signals)),
        _ => {
            let text = String::from_utf8_lossy(data);
            let (sheet, name) = text.split_once('\0').unwrap_or((&text, "a.wav"));
            let mut tags = Tags::default();
            tags.add_cue_sheet(sheet, name);
            let once = tags.clone();
            tags.add_cue_sheet(sheet, name);
            assert_eq!(tags, once, "said twice is said once");
        }
    }
}

/// Headers and packets of Opus, and the headers of AAC: the length of the header,
/// it, and packets with their lengths.
pub fn opus(data: &[u8]) {
    if let Some(core) = aac::core_config(data) {
        assert_eq!((core.first().map(|byte| byte >> 3), aac::core_config(&core)), (Some(2), None));
    }
    let _ = aac::profile(data);
    let Some((length, rest)) = choice(data) else { return };
    let Some((head, mut rest)) = rest.split_at_checked(usize::from(length)) else { return };
    let head = [b"OpusHead", head].concat();
    let Ok(mut track) = OpusTrack::new((length > 0).then_some(&head)) else { return };
    let mut mono = Vec::new();
    for _ in 0..24 {
        let Some((length, after)) = choice(rest) else { return };
        let (packet, after) = after.split_at(usize::from(length).min(after.len()));
        rest = after;
        let frames = opus::packet_frames(packet);
        assert!(frames <= opus::MAX_FRAMES as u64);
        if track.decode(packet, None, &mut mono, &mut Balance::default()).is_ok() {
            assert!(mono.len() <= opus::MAX_FRAMES && mono.iter().all(|sample| sample.is_finite()));
        }
    }
}
