//! `earmark fingerprint`, and fingerprint files in place of audio.

use std::fs;
use std::path::Path;

use super::support::{earmark, fill, folder, registry, segment};

/// Audio of all kinds, broken files, wrong and missing tags.
const INPUTS: &str = "testdata/scraped testdata/catalogue testdata/scraped/nowhere.mp3";

/// Keeps [`INPUTS`] in `all.efp`.
fn keep(folder: &Path) {
    let run = earmark(&format!("fingerprint {INPUTS} --out {{}}/all.efp"), folder);
    assert_eq!(run.code, Some(3), "{}", run.stderr);
    assert!(run.stderr.contains("testdata/scraped/not-audio.mp3: "), "{}", run.stderr);
    assert!(run.stderr.contains("29 files, 3 failed; "), "{}", run.stderr);
    assert_eq!(run.stdout, "");
}

fn with(line: &str, inputs: &str, folder: &Path) -> super::support::Run {
    let registry = registry().to_str().expect("temporary folders have plain names");
    earmark(&line.replace("INPUTS", inputs).replace("REGISTRY", registry), folder)
}

#[test]
fn a_fingerprint_file_answers_as_its_audio_would_to_the_byte() {
    let folder = folder();
    keep(folder.path());
    for line in [
        "scan INPUTS --registry REGISTRY --as-of 2026-06-01 --format jsonl",
        "scan INPUTS --registry REGISTRY --as-of 2026-06-01 --format csv",
        "scan INPUTS --registry REGISTRY --as-of 2026-06-01 --policy opt-in",
        "identify INPUTS --registry REGISTRY --format jsonl --effort fast",
        "identify INPUTS --registry REGISTRY --format jsonl --threads 1",
    ] {
        let (audio, kept) = (with(line, INPUTS, folder.path()), with(line, "{}/all.efp", folder.path()));
        assert!(audio.stdout.lines().count() >= 29, "{line}");
        // The header names the inputs.
        let header = usize::from(line.starts_with("scan") && line.contains("jsonl"));
        let rows = |text: &str| text.lines().skip(header).map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(rows(&audio.stdout), rows(&kept.stdout), "{line}");
        assert_eq!(audio.code, kept.code, "{line}");
    }
}

#[test]
fn the_same_inputs_give_the_same_file_and_fingerprint_files_are_joined() {
    let folder = folder();
    keep(folder.path());
    let read = |name: &str| fs::read(folder.path().join(name)).expect(name);
    let line = format!("fingerprint {INPUTS} --out {{}}/one.EFP --threads 1");
    earmark(&line, folder.path());
    assert!(read("all.efp") == read("one.EFP"), "on one thread");
    earmark("fingerprint testdata/scraped --out {}/a.efp", folder.path());
    earmark("fingerprint testdata/catalogue testdata/scraped/nowhere.mp3 --out {}/b.efp", folder.path());
    let joined = earmark("fingerprint {}/a.efp {}/b.efp --out {}/joined.efp", folder.path());
    assert_eq!(joined.code, Some(3), "what could not be decoded is still told: {}", joined.stderr);
    assert!(read("all.efp") == read("joined.efp"), "joined");
    assert!(!folder.path().join("all.efp.part").exists());
}

#[test]
fn registering_a_fingerprint_file_gives_the_registry_that_the_audio_gives() {
    let (audio, kept) = (folder(), folder());
    fill(audio.path());
    let line = "fingerprint --manifest testdata/catalogue.csv --out {}/catalogue.efp";
    let run = earmark(line, kept.path());
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let run = earmark("register {}/catalogue.efp --registry {}", kept.path());
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert!(run.stderr.contains("8 new, 0 duplicates, 0 failed"), "{}", run.stderr);
    assert!(
        fs::read(segment(audio.path())).expect("a segment")
            == fs::read(segment(kept.path())).expect("a segment")
    );
    let list = |folder: &Path| earmark("registry list --registry {} --format jsonl", folder).stdout;
    assert_eq!(list(audio.path()), list(kept.path()));
}

#[test]
fn what_is_missing_of_a_file_that_is_cut_off_is_an_error_in_its_place() {
    let folder = folder();
    keep(folder.path());
    let path = folder.path().join("all.efp");
    let bytes = fs::read(&path).expect("a file");
    let line = "identify INPUTS testdata/scraped/cut.mp3 --registry REGISTRY --format jsonl";
    let whole = with(line, "{}/all.efp", folder.path());
    fs::write(&path, &bytes[..bytes.len() / 2]).expect("written");
    let cut = with(line, "{}/all.efp", folder.path());
    assert_eq!(cut.code, Some(3));
    let (whole, cut): (Vec<_>, Vec<_>) = (whole.stdout.lines().collect(), cut.stdout.lines().collect());
    let kept = cut.len() - 2;
    assert!(kept > 5 && kept < whole.len() - 2);
    assert_eq!(cut[..kept], whole[..kept]);
    assert!(cut[kept].contains(&format!("all.efp is cut off after {kept} entries: ")), "{}", cut[kept]);
    assert_eq!(cut[kept + 1], whole[whole.len() - 1], "the next input is read");

    fs::write(&path, "RIFF").expect("written");
    let other = with(line, "{}/all.efp", folder.path());
    assert!(other.stdout.contains("all.efp is no earmark fingerprint file"), "{}", other.stdout);
    assert_eq!(other.stdout.lines().count(), 2);
}

#[test]
fn a_fingerprint_file_is_named_as_one() {
    let run = earmark("fingerprint testdata/scraped/cut.mp3 --out {}/x.bin", folder().path());
    assert_eq!(run.code, Some(2));
    assert!(run.stderr.contains("end it in .efp"), "{}", run.stderr);
}
