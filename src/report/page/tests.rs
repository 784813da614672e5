//! What the page must hold, and what it must not let through.

use std::collections::BTreeMap;

use super::super::past::PastRow;
use super::super::scan_row::tests::{example, failed, half_heard, header};
use super::super::{ScanRow, Totals};
use super::*;

/// A row as the reader gives it.
fn past(row: &ScanRow) -> PastRow {
    let mut line = Vec::new();
    row.write_json_line(&mut line).expect("memory does not fail");
    serde_json::from_slice(&line).expect("a row")
}

fn page(rows: &[ScanRow]) -> String {
    let header = header();
    let mut totals = Totals::default();
    let mut files = Vec::new();
    for (line, row) in (2..).zip(rows) {
        let row = past(row);
        totals.add(&row);
        let picture = PagePicture {
            png: vec![1, 2, 3],
            size: (1_000, 600),
            peaks: 200,
            peaks_found: 150,
            peaks_by_chance: 21.3,
            heard: [true, false],
            drawn_s: (0.0, 9.0),
        };
        files.push(PageFile { line, row, pictures: BTreeMap::from([(0, Ok(picture))]) });
    }
    let page =
        Page { header: &header, totals: &totals, files, pictures_left_out: 3, log: None, registry_now: None };
    let mut out = Vec::new();
    page.write(&mut out).expect("memory does not fail");
    String::from_utf8(out).expect("the page is UTF-8")
}

#[test]
fn the_page_says_what_the_report_says() {
    let page = page(&[example(), failed()]);
    for said in [
        "2\u{a0}files, 9.0\u{a0}s of audio",
        "used for <b>AI training</b>, everywhere, on <b>2026-01-31</b>",
        "a/<wbr>tag-wrong.ogg",
        "Slow Orbit, Mina Voss",
        "8.0\u{a0}% faster, 1.33 semitones higher",
        "0:00.0\u{2013}0:08.9",
        "has <b>150</b> (75\u{a0}%)",
        "chance gives about 21 (11\u{a0}%)",
        "data:image/png;base64,AQID",
        "declaration 2, declaration 5",
        "https://a.example/x",
        &"ef".repeat(32),
        &"ab".repeat(32),
        "5.6\u{a0}\u{d7}\u{a0}10<sup>\u{2212}49</sup>",
        "3\u{a0}further matches without a picture",
        "unknown format",
    ] {
        assert!(page.contains(said), "{said}");
    }
}

#[test]
fn every_part_that_was_not_heard_is_listed() {
    let mut row = example();
    row.audio = Some(half_heard());
    let page = page(&[row]);
    for part in ["track, 9.0 s: audio track 2", "cut: it stops; and goes on"] {
        assert!(page.contains(part), "{part}");
    }
}

#[test]
fn hostile_text_stays_text() {
    const EVIL: &str = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>\u{202e}";
    let mut row = example();
    row.path = EVIL.to_owned();
    row.matches[0].title = Some(EVIL.to_owned());
    row.matches[0].recording = EVIL.to_owned();
    row.columns = vec![(EVIL.to_owned(), EVIL.into())];
    row.reasons[0].text = EVIL.to_owned();
    let signal = crate::audio::RightsSignal {
        kind: crate::audio::SignalKind::Copyright,
        carrier: EVIL.to_owned(),
        field: EVIL.to_owned(),
        text: EVIL.to_owned(),
        uses: Vec::new(),
        signature: None,
    };
    row.tags = Some(crate::audio::Tags {
        title: Some(EVIL.to_owned()),
        signals: vec![signal],
        ..crate::audio::Tags::default()
    });
    let page = page(&[row]);
    assert!(!page.contains("<img src=x") && !page.contains('\u{202e}'));
    assert_eq!(page.matches("<script>").count(), 1, "the page's own");
    assert!(page.matches("&lt;script&gt;").count() >= 10);
    let policy = "default-src 'none'; img-src data:; style-src 'sha256-";
    assert!(page.contains(policy));
    for outside in ["http-equiv=\"refresh", "src=\"http", "href=\"http", "url(", "@import"] {
        assert!(!page.contains(outside), "{outside}");
    }
}

#[test]
fn the_same_report_gives_the_same_page() {
    assert_eq!(page(&[example(), failed()]), page(&[example(), failed()]));
}
