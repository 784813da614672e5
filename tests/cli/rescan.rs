//! `earmark rescan`.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::support::{Run, earmark, fill, folder, mandate, noise_wav};

const SCAN: &str = "scan {}/all.efp --registry {}/r --format jsonl --as-of 2026-06-01";

/// Fingerprints of the clips and of noise.
fn keep(folder: &Path) {
    noise_wav(&folder.join("noise.wav"), 12, 3);
    earmark("fingerprint testdata/scraped {}/noise.wav --out {}/all.efp", folder);
}

fn scan(folder: &Path, out: &str) {
    let run = earmark(&format!("{SCAN} --out {{}}/{out}"), folder);
    assert_eq!(run.code, Some(1), "{}", run.stderr);
}

fn rescan(folder: &Path, from: &str, to: &str, more: &str) -> Run {
    let line = format!(
        "rescan {{}}/{from} --fingerprints {{}}/all.efp --registry {{}}/r --out {{}}/{to} \
         --as-of 2026-06-01 --format jsonl {more}"
    );
    let run = earmark(&line, folder);
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    run
}

fn read(folder: &Path, name: &str) -> String {
    fs::read_to_string(folder.join(name)).expect(name)
}

/// The rows without what a kept match has of the search that found it.
fn without_scores(report: &str) -> Vec<Value> {
    fn strip(found: &mut Value) {
        for found in found.as_array_mut().expect("a list") {
            let found = found.as_object_mut().expect("an object");
            assert!(found.remove("score").is_some() && found.remove("e_value").is_some());
            strip(&mut found["siblings"]);
        }
    }
    let lines = report.lines().skip(1);
    let mut rows: Vec<Value> = lines.map(|line| serde_json::from_str(line).expect(line)).collect();
    rows.iter_mut().for_each(|row| strip(&mut row["matches"]));
    rows
}

fn declare(folder: &Path) {
    let line =
        "declare --registry {}/r --isrc QZHB12500001 --use ai-training --disallow --declarant Somebody";
    assert_eq!(earmark(line, folder).code, Some(0));
}

#[test]
fn new_declarations_change_verdicts_without_a_search() {
    let folder = folder();
    let folder = folder.path();
    keep(folder);
    fill(&folder.join("r"));
    scan(folder, "old.jsonl");
    let same = rescan(folder, "old.jsonl", "same.jsonl", "");
    assert_eq!(same.stdout, "", "nothing changed");
    assert_eq!(read(folder, "same.jsonl"), read(folder, "old.jsonl"));

    declare(folder);
    let run = rescan(folder, "old.jsonl", "again.jsonl", "");
    assert!(run.stderr.contains("nothing is searched"), "{}", run.stderr);
    assert!(run.stderr.contains(", 0 searched wholly"), "{}", run.stderr);
    scan(folder, "fresh.jsonl");
    assert_eq!(read(folder, "again.jsonl"), read(folder, "fresh.jsonl"), "to the byte");
    let changes = run.objects();
    let cut = changes.iter().find(|change| change["path"] == "testdata/scraped/cut.mp3").expect("a change");
    assert_eq!(cut["verdict"], "disallowed");
    assert_eq!(cut["recordings_added"], serde_json::json!([]));
    assert!(cut["declarations_added"].as_array().is_some_and(|list| !list.is_empty()), "{cut}");
    assert!(cut["reasons_added"].to_string().contains("Somebody"), "{cut}");
    assert_eq!(cut["schema"], "earmark.change/1");
    let rows = |name| read(folder, name).lines().skip(1).map(str::to_owned).collect::<Vec<_>>();
    let changed =
        rows("old.jsonl").into_iter().zip(rows("again.jsonl")).filter(|(old, new)| old != new).count();
    assert_eq!(changes.len(), changed, "every row that changed is listed");
}

#[test]
fn new_recordings_are_found_and_the_rest_is_kept() {
    let folder = folder();
    let folder = folder.path();
    keep(folder);
    let catalogue = |from: usize, until: usize| {
        let mut files: Vec<_> = fs::read_dir("testdata/catalogue").expect("a folder").flatten().collect();
        files.sort_by_key(fs::DirEntry::path);
        files[from..until].iter().map(|file| file.path().display().to_string()).collect::<Vec<_>>().join(" ")
    };
    let register = |files: String| {
        let run = earmark(&format!("register {files} --registry {{}}/r"), folder);
        assert_eq!(run.code, Some(0), "{}", run.stderr);
    };
    register(catalogue(0, 3));
    assert_eq!(
        earmark("declare --import testdata/declarations.csv --confirm-authority --registry {}/r", folder)
            .code,
        Some(0)
    );
    // The files name no owner.
    mandate(&folder.join("r"), "Halden Bay Records", "QZHB1");
    scan(folder, "old.jsonl");
    register(catalogue(3, 8));
    scan(folder, "fresh.jsonl");

    let run = rescan(folder, "old.jsonl", "again.jsonl", "");
    assert!(run.stderr.contains("min of recordings are new"), "{}", run.stderr);
    let rows = without_scores(&read(folder, "again.jsonl"));
    for (row, fresh) in rows.iter().zip(without_scores(&read(folder, "fresh.jsonl"))) {
        assert_eq!(*row, fresh);
    }
    let old = without_scores(&read(folder, "old.jsonl"));
    let found = |rows: &[Value]| rows.iter().filter(|row| row["matches"][0].is_object()).count();
    assert!(found(&old) > 3 && found(&rows) > found(&old) + 3, "{} and {}", found(&old), found(&rows));
    let searched: usize = {
        let words: Vec<&str> = run.stderr.split_whitespace().collect();
        let at = words.iter().position(|word| *word == "searched").expect("told");
        let at = words[at + 1..].iter().position(|word| *word == "searched").map_or(at, |next| at + 1 + next);
        words[at - 1].parse().expect("a number")
    };
    assert!(searched > 3 && searched < rows.len() - 6, "{searched} of {}: {}", rows.len(), run.stderr);
    assert!(run.objects().iter().any(|change| {
        change["verdict_before"] == "no-match" && change["recordings_added"][0].is_string()
    }));

    rescan(folder, "old.jsonl", "full.jsonl", "--full");
    assert_eq!(read(folder, "full.jsonl"), read(folder, "fresh.jsonl"), "searched wholly: to the byte");
    declare(folder);
    rescan(folder, "again.jsonl", "later.jsonl", "");
    scan(folder, "fresh.jsonl");
    assert_eq!(without_scores(&read(folder, "later.jsonl")), without_scores(&read(folder, "fresh.jsonl")));
}

#[test]
fn what_was_accepted_is_asked_for_again() {
    let folder = folder();
    let folder = folder.path();
    keep(folder);
    fill(&folder.join("r"));
    let list = "licence,declarant,terms\nN-7,Nightjar Collective,licence from ai@nightjar.example\n";
    fs::write(folder.join("licences.csv"), list).expect("a file");
    let accepting = " --accept-terms {}/licences.csv";
    let run = earmark(&format!("{SCAN} --min-overlap 2% --out {{}}/old.jsonl{accepting}"), folder);
    let row = row_under_terms(&run, folder, "old.jsonl");
    assert_eq!(row["verdict"], "allowed", "{row}");
    let asked = question(folder, "old.jsonl");
    assert_eq!(asked["min_overlap"], "2%");
    assert_eq!(asked["accepted_terms"].as_str().map(str::len), Some(64));
    assert!(row["reasons"].to_string().contains("licence N-7"), "{row}");

    let line = "rescan {}/old.jsonl --fingerprints {}/all.efp --registry {}/r --out {}/again.jsonl \
                --as-of 2026-06-01";
    let refused = earmark(line, folder);
    assert_eq!(refused.code, Some(2));
    assert!(refused.stderr.contains("give their list with --accept-terms"), "{}", refused.stderr);
    let run = earmark(&format!("{line}{accepting}"), folder);
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    assert_eq!(read(folder, "again.jsonl"), read(folder, "old.jsonl"), "to the byte");
    fs::write(folder.join("licences.csv"), "licence,declaration\nN-8,1\n").expect("a file");
    let run = earmark(&format!("{line} --min-overlap 60s{accepting}"), folder);
    let row = row_under_terms(&run, folder, "again.jsonl");
    assert_eq!(row["verdict"], "review", "short, and other terms: {row}");
    assert_eq!(question(folder, "again.jsonl")["min_overlap"], "60s");
}

/// What a report asked.
fn question(folder: &Path, report: &str) -> Value {
    let rows = read(folder, report);
    let header: Value = serde_json::from_str(rows.lines().next().expect("a header")).expect("JSON");
    header["question"].clone()
}

/// The row of the clip whose owner names terms, in a report.
fn row_under_terms(run: &Run, folder: &Path, report: &str) -> Value {
    assert!(matches!(run.code, Some(1 | 3)), "{}", run.stderr);
    let rows = read(folder, report);
    let line = rows.lines().find(|line| line.contains("scraped/lower.m4a")).expect("a row");
    serde_json::from_str(line).expect("JSON")
}

#[test]
fn after_a_removal_everything_is_searched() {
    let folder = folder();
    let folder = folder.path();
    keep(folder);
    fill(&folder.join("r"));
    scan(folder, "old.jsonl");
    assert_eq!(earmark("registry remove QZHB12500001 --registry {}/r", folder).code, Some(0));
    let run = rescan(folder, "old.jsonl", "again.jsonl", "");
    assert!(run.stderr.contains("every file is searched"), "{}", run.stderr);
    scan(folder, "fresh.jsonl");
    assert_eq!(read(folder, "again.jsonl"), read(folder, "fresh.jsonl"), "to the byte");
    let dropped = |change: &Value| change["recordings_dropped"] == serde_json::json!(["QZHB12500001"]);
    assert!(run.objects().iter().any(dropped), "{}", run.stdout);
    let text = earmark(
        "rescan {}/old.jsonl --fingerprints {}/all.efp --registry {}/r --out {}/x.jsonl --as-of 2026-06-01",
        folder,
    );
    assert!(text.stdout.contains("testdata/scraped/cut.mp3  "), "{}", text.stdout);
    assert!(text.stdout.contains("no longer recognised: QZHB12500001"), "{}", text.stdout);
}

#[test]
fn fingerprints_of_other_files_are_refused() {
    let folder = folder();
    let folder = folder.path();
    keep(folder);
    fill(&folder.join("r"));
    scan(folder, "old.jsonl");
    let refused = |report: &str, efp: &str| {
        let line =
            format!("rescan {{}}/{report} --fingerprints {{}}/{efp} --registry {{}}/r --out {{}}/x.jsonl");
        let run = earmark(&line, folder);
        assert_eq!(run.code, Some(2), "{}", run.stderr);
        assert!(!folder.join("x.jsonl").exists());
        run.stderr
    };
    earmark("fingerprint testdata/catalogue --out {}/other.efp", folder);
    assert!(refused("old.jsonl", "other.efp").contains("line 2 is about testdata/scraped/contested.m4a"));
    earmark("fingerprint testdata/scraped --out {}/fewer.efp", folder);
    assert!(refused("old.jsonl", "fewer.efp").contains("has 21 rows, and there are 20 fingerprints"));
    earmark("fingerprint {}/all.efp {}/noise.wav --out {}/more.efp", folder);
    assert!(refused("old.jsonl", "more.efp").contains("has 21 rows, and there are 22 fingerprints"));
    let cut = fs::read(folder.join("all.efp")).expect("a file");
    fs::write(folder.join("cut.efp"), &cut[..cut.len() / 2]).expect("written");
    assert!(refused("old.jsonl", "cut.efp").contains("cut.efp is cut off after"));
    fs::write(folder.join("no.jsonl"), "{\"path\":1}\n").expect("written");
    assert!(refused("no.jsonl", "all.efp").contains("line 1: names no schema"));
}
