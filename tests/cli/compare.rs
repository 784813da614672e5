//! `earmark compare`.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::support::{Run, earmark, folder};

const FASTER: &str = "testdata/scraped/faster.ogg testdata/catalogue/03-slow-orbit.m4a";

/// Width and height of a PNG.
fn size(path: &Path) -> (u32, u32) {
    let bytes = fs::read(path).expect("a picture");
    assert_eq!(&bytes[..8], b"\x89PNG\r\n\x1a\n");
    let number = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().expect("four bytes"));
    (number(16), number(20))
}

fn compare(line: &str, folder: &Path) -> Run {
    earmark(&format!("compare {line}"), folder)
}

fn number(value: &Value, key: &str) -> f64 {
    value[key].as_f64().unwrap_or_else(|| panic!("{key} in {value}"))
}

#[test]
fn a_match_is_told_and_drawn() {
    let folder = folder();
    let run = compare(&format!("{FASTER} --output {{}}/a.png --width 1000 --height 700"), folder.path());
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
    assert!(run.stdout.contains("\nmatch\n  A 0:00."), "{}", run.stdout);
    assert!(run.stdout.contains("time scale 1.0798 (speed +8.0 %), pitch +1.33 semitones"), "{}", run.stdout);
    assert_eq!(size(&folder.path().join("a.png")), (1_000, 700));
    assert_eq!(fs::read_dir(folder.path()).expect("folder").count(), 1);
    // The same bytes again.
    compare(&format!("{FASTER} --output {{}}/b.png --width 1000 --height 700"), folder.path());
    let bytes = |name: &str| fs::read(folder.path().join(name)).expect("a picture");
    assert!(bytes("a.png") == bytes("b.png"));
}

#[test]
fn it_is_the_match_of_a_registry_that_holds_only_the_recording() {
    for (query, recording) in [
        ("faster.ogg", "03-slow-orbit.m4a"),
        ("lower.m4a", "05-night-bus.flac"),
        ("medley.opus", "02-paper-lanterns.ogg"),
    ] {
        let folder = folder();
        earmark(&format!("register testdata/catalogue/{recording} --registry {{}}"), folder.path());
        let identified = earmark(
            &format!("identify testdata/scraped/{query} --registry {{}} --format jsonl"),
            folder.path(),
        );
        let line = format!("testdata/scraped/{query} testdata/catalogue/{recording} --format jsonl");
        let compared = compare(&line, folder.path());
        let (identified, compared) = (&identified.objects()[0]["matches"], &compared.objects()[0]["matches"]);
        let (identified, compared) =
            (identified.as_array().expect("list"), compared.as_array().expect("list"));
        assert!(!identified.is_empty() && identified.len() == compared.len(), "{query}");
        for (identified, compared) in identified.iter().zip(compared) {
            for key in [
                "query_start_s",
                "query_end_s",
                "reference_start_s",
                "reference_end_s",
                "time_scale",
                "pitch_semitones",
                "score",
                "grade",
            ] {
                assert_eq!(identified[key], compared[key], "{query}: {key}");
            }
            assert!(
                number(compared, "peaks_found") > 3.0 * number(compared, "peaks_by_chance"),
                "{compared}"
            );
        }
    }
}

#[test]
fn what_is_not_recognised_is_drawn_and_called_so() {
    let folder = folder();
    let cases = [
        ("testdata/scraped/unregistered.mp3 testdata/catalogue/03-slow-orbit.m4a", true),
        ("testdata/scraped/silence.flac testdata/catalogue/03-slow-orbit.m4a", false),
        ("testdata/scraped/short.wav testdata/catalogue/03-slow-orbit.m4a", false),
    ];
    for (files, candidate) in cases {
        let picture = folder.path().join("picture.png");
        let run = compare(&format!("{files} --output {{}}/picture.png --format jsonl"), folder.path());
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        let row = &run.objects()[0];
        assert_eq!(row["matches"], serde_json::json!([]));
        assert_eq!(row["shown"]["grade"] == "below-threshold", candidate, "{row}");
        assert_eq!(row["shown"].is_null(), !candidate);
        assert_eq!(size(&picture), (1_600, 1_000));
        fs::remove_file(picture).expect("a picture");
        let text = compare(files, folder.path()).stdout;
        assert!(text.contains("B was not recognised in A"), "{text}");
        assert!(!text.contains("\nmatch\n"), "{text}");
    }
}

#[test]
fn a_position_can_be_given_instead_of_searched() {
    let folder = folder();
    let given = |at: &str| {
        let line =
            format!("{FASTER} --at {at} --scale 1.08 --pitch 1.3324 --output {{}}/p.png --format jsonl");
        let run = compare(&line, folder.path());
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        assert_eq!(size(&folder.path().join("p.png")), (1_600, 1_000));
        run.objects().remove(0)
    };
    // testdata/expected.csv: the clip starts at 9 s of the song.
    let right = given("0:09");
    assert_eq!(right["matches"], serde_json::json!([]));
    let shown = &right["shown"];
    assert_eq!((&shown["grade"], &shown["score"]), (&"given".into(), &Value::Null));
    assert!((number(shown, "reference_start_s") - 9.0).abs() < 0.001);
    assert!(number(shown, "peaks_found") > 3.0 * number(shown, "peaks_by_chance"), "{shown}");
    let wrong = given("-3");
    let shown = &wrong["shown"];
    assert!((number(shown, "query_start_s") - 3.0 / 1.08).abs() < 0.001, "{shown}");
    assert!(number(shown, "peaks_found") < 3.0 * number(shown, "peaks_by_chance"), "{shown}");
}

#[test]
fn a_passage_is_looked_at_alone_and_told_in_the_time_of_the_file() {
    let folder = folder();
    let medley = "testdata/scraped/medley.opus testdata/catalogue/03-slow-orbit.m4a --format jsonl";
    let found = compare(&format!("{medley} --from 8 --until 0:12"), folder.path()).objects().remove(0);
    // The song sounds from 6 s to 13 s, from its 14 s on.
    let found = &found["matches"][0];
    let (start, end) = (number(found, "query_start_s"), number(found, "query_end_s"));
    assert!(start >= 8.0 && end <= 12.05 && end - start > 2.0, "{found}");
    assert!((number(found, "reference_start_s") - start - 8.0).abs() < 0.03, "{found}");
    let nothing = compare(&format!("{medley} --until 5"), folder.path()).objects().remove(0);
    assert_eq!(nothing["matches"], serde_json::json!([]));
}

#[test]
fn a_broken_file_is_named_and_nothing_drawn() {
    let folder = folder();
    for files in [
        "testdata/scraped/not-audio.mp3 testdata/catalogue/03-slow-orbit.m4a",
        "testdata/catalogue/03-slow-orbit.m4a testdata/scraped/not-audio.mp3",
        "testdata/catalogue/03-slow-orbit.m4a testdata/scraped/missing.mp3",
    ] {
        let run = compare(&format!("{files} --output {{}}/picture.png --format jsonl"), folder.path());
        assert_eq!(run.code, Some(3), "{files}");
        let bad = files.split(' ').find(|file| file.contains("scraped")).expect("one");
        assert!(run.stderr.contains(&format!("earmark: {bad}: ")), "{}", run.stderr);
        let row = &run.objects()[0];
        let side = if files.starts_with(bad) { "query" } else { "recording" };
        assert!(row[side]["error"].is_string() && row["picture"].is_null(), "{row}");
        assert_eq!(fs::read_dir(folder.path()).expect("folder").count(), 0);
    }
}

#[test]
fn what_makes_no_sense_is_refused_with_a_remedy() {
    let folder = folder();
    for (options, remedy) in [
        ("--from 5 --until 5", "--until"),
        ("--from 9:00", "faster.ogg ends at 9.0 s"),
        ("--at 99", "03-slow-orbit.m4a (28.0 s long)"),
        ("--output {}/missing/a.png", "missing/a.png"),
        ("--output {}/a.jpg", ".png"),
    ] {
        let run = compare(&format!("{FASTER} {options}"), folder.path());
        assert_eq!(run.code, Some(2), "{options}");
        assert!(run.stderr.contains(remedy), "{options}: {}", run.stderr);
    }
}
