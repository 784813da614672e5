//! `earmark register`.

use std::fs;

use serde_json::Value;

use super::support::{earmark, folder, segment};

fn list(folder: &std::path::Path) -> Vec<Value> {
    earmark("registry list --registry {} --format jsonl", folder).objects()
}

#[test]
fn the_manifest_speaks_first_and_the_tags_where_it_is_silent() {
    let folder = folder();
    let manifest = folder.path().join("m.csv");
    let music = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/catalogue");
    let rows = format!(
        "path,id,isrc,title,owner,mood\n{music}/01-harbour-lights.mp3,,,Other Title,Halden Bay Records,blue\n\
         {music}/02-paper-lanterns.ogg,lanterns,GBAYE0601498,,,\n"
    );
    fs::write(&manifest, rows).expect("a manifest");
    let line = "register testdata/catalogue/05-night-bus.flac testdata/catalogue/01-harbour-lights.mp3 \
                --manifest {}/m.csv --registry {}/r";
    let run = earmark(line, folder.path());
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert!(run.stderr.contains("3 new, 0 duplicates, 0 failed"), "{}", run.stderr);
    assert!(run.stderr.contains("mood"), "an ignored column is named: {}", run.stderr);
    let found = list(&folder.path().join("r"));
    let of = |row: usize, key: &str| found[row][key].as_str().unwrap_or("null").to_owned();
    assert_eq!(
        (of(0, "id"), of(0, "title"), of(0, "artist")),
        ("QZHB12500001".into(), "Other Title".into(), "The Tidewrights".into())
    );
    assert_eq!((of(0, "owner"), of(1, "owner")), ("Halden Bay Records".into(), "null".into()));
    assert_eq!((of(1, "id"), of(1, "title")), ("lanterns".into(), "Paper Lanterns".into()));
    assert_eq!(found[1]["isrcs"], serde_json::json!(["GBAYE0601498"]));
    assert_eq!(of(2, "id").len(), 16, "without ISRC the id is a hash of the content");
}

#[test]
fn the_same_audio_is_stored_once() {
    let folder = folder();
    let line = "register testdata/catalogue/01-harbour-lights.mp3 testdata/catalogue/01-harbour-lights.mp3 --registry {}";
    let first = earmark(line, folder.path());
    assert!(first.stderr.contains("1 new, 1 duplicate, 0 failed"), "{}", first.stderr);
    let info = earmark("registry info --registry {} --format jsonl", folder.path()).objects();
    let again = earmark(line, folder.path());
    assert_eq!(again.code, Some(0));
    assert!(again.stderr.contains("0 new, 2 duplicates, 0 failed"), "{}", again.stderr);
    assert_eq!(earmark("registry info --registry {} --format jsonl", folder.path()).objects(), info);
    segment(folder.path());

    // The same audio in the catalogue brings what the tags did not know.
    let line = "register --manifest testdata/catalogue.csv --registry {} --confirm-authority";
    let merged = earmark(line, folder.path());
    assert!(merged.stderr.contains("7 new, 1 duplicate, 0 failed"), "{}", merged.stderr);
    assert_eq!(list(folder.path())[0]["owner"], "Halden Bay Records");
}

#[test]
fn bad_files_and_bad_rows_are_named_and_the_rest_is_registered() {
    let folder = folder();
    let music = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata");
    let rows = format!(
        "path,id,isrc\n{music}/catalogue/01-harbour-lights.mp3,one,\n{music}/scraped/not-audio.mp3,,\n\
         {music}/scraped/short.wav,,\n{music}/catalogue/02-paper-lanterns.ogg,,QZHB1250000\n\
         {music}/catalogue/03-slow-orbit.m4a,one,\nmissing.mp3,,\n{music}/catalogue/04-copper-rain.opus,,\n"
    );
    fs::write(folder.path().join("m.csv"), rows).expect("a manifest");
    let run = earmark("register --manifest {}/m.csv --registry {}/r", folder.path());
    assert_eq!(run.code, Some(3));
    assert!(run.stderr.contains("2 new, 0 duplicates, 5 failed"), "{}", run.stderr);
    for said in [
        "not-audio.mp3: not a known audio container",
        "short.wav: has 0.40 s of audio, too little",
        "line 5, column isrc: ",
        "03-slow-orbit.m4a: the id \"one\" is already given to other audio",
        "missing.mp3: cannot be opened",
    ] {
        assert!(run.stderr.contains(said), "{said}: {}", run.stderr);
    }
    assert_eq!(list(&folder.path().join("r")).len(), 2);
}

#[test]
fn what_no_copy_will_be_recognised_of_is_said_at_once() {
    let folder = folder();
    let more = [fs::read("testdata/scraped/cut.mp3").expect("a clip"), b"no frames".repeat(2_000)].concat();
    fs::write(folder.path().join("more.mp3"), more).expect("a file");
    let run = earmark("register testdata/scraped/silence.flac {}/more.mp3 --registry {}/r", folder.path());
    assert_eq!(run.code, Some(0), "{run:?}");
    assert!(run.stderr.contains("silence.flac: registered, but no copy of it will be recognised"), "{run:?}");
    assert!(run.stderr.contains("more.mp3: registered without a part of it: "), "{run:?}");
    assert_eq!(run.stderr.matches("no copy of it").count(), 1, "{run:?}");
}

#[test]
fn the_registry_has_the_same_bytes_on_any_number_of_threads() {
    let (alone, together) = (folder(), folder());
    for (folder, threads) in [(&alone, 1), (&together, 3)] {
        let line =
            format!("register testdata/catalogue testdata/scraped --registry {{}} --threads {threads}");
        assert_eq!(earmark(&line, folder.path()).code, Some(3));
    }
    assert!(
        fs::read(segment(alone.path())).expect("a segment")
            == fs::read(segment(together.path())).expect("a segment")
    );
    let info = |folder: &tempfile::TempDir| {
        earmark("registry info --registry {} --format jsonl", folder.path()).stdout
    };
    assert_eq!(info(&alone), info(&together));
}

#[test]
fn a_manifest_that_cannot_be_read_is_an_error_of_usage_and_makes_no_registry() {
    let folder = folder();
    fs::write(folder.path().join("m.csv"), "file,id\n").expect("a manifest");
    fs::write(folder.path().join("m.txt"), "").expect("a manifest");
    for (manifest, said) in
        [("m.csv", "no column `path`"), ("m.txt", ".csv nor in .jsonl nor in .xml"), ("none.csv", "none.csv")]
    {
        let run = earmark(&format!("register --manifest {{}}/{manifest} --registry {{}}/r"), folder.path());
        assert_eq!(run.code, Some(2), "{manifest}");
        assert!(run.stderr.contains(said), "{}", run.stderr);
        assert!(!folder.path().join("r").exists());
    }
}
