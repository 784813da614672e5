//! Registries that are not what became of the one that a report names.

use std::fs;
use std::path::Path;

use super::support::{Run, earmark, fill, folder};

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to.join("segments")).expect("a folder");
    for entry in fs::read_dir(from.join("segments")).expect("a registry").flatten() {
        fs::copy(entry.path(), to.join("segments").join(entry.file_name())).expect("a copy");
    }
    for entry in fs::read_dir(from).expect("a registry").flatten() {
        if entry.path().is_file() {
            fs::copy(entry.path(), to.join(entry.file_name())).expect("a copy");
        }
    }
}

fn disallow(registry: &Path, declarant: &str) {
    let line =
        format!("declare --registry {{}} --everything --use ai-training --disallow --declarant {declarant}");
    assert_eq!(earmark(&line, registry).code, Some(0));
}

/// A report of the registry `r` of the folder, which rests on a refusal that its older
/// copy `old` does not know.
fn scanned(folder: &Path) {
    fill(&folder.join("r"));
    copy(&folder.join("r"), &folder.join("old"));
    disallow(&folder.join("r"), "Somebody");
    let kept = earmark("fingerprint testdata/scraped/cut.mp3 --out {}/all.efp", folder);
    assert_eq!(kept.code, Some(0), "{kept:?}");
    let scan = earmark("scan {}/all.efp --registry {}/r --format jsonl --out {}/report.jsonl", folder);
    assert!(matches!(scan.code, Some(0 | 1)), "{scan:?}");
}

/// The commands that take a report and a registry; `{r}` is the registry.
const COMMANDS: [&str; 5] = [
    "rescan {}/report.jsonl --fingerprints {}/all.efp --registry {r} --out {}/new.jsonl",
    "report verify {}/report.jsonl --fingerprints {}/all.efp --registry {r}",
    "report {}/report.jsonl --html {}/page.html --fingerprints {}/all.efp --registry {r}",
    "evidence {}/report.jsonl --path testdata/scraped/cut.mp3 --fingerprints {}/all.efp --registry {r} --out {}/e.zip",
    "scan {}/all.efp --registry {r} --known {}/report.jsonl",
];

fn with(command: &str, registry: &str, folder: &Path) -> Run {
    earmark(&command.replace("{r}", registry), folder)
}

#[test]
fn an_older_copy_is_refused_wherever_a_report_is_given() {
    let folder = folder();
    let folder = folder.path();
    scanned(folder);
    for command in COMMANDS {
        let same = with(command, "{}/r", folder);
        assert!(matches!(same.code, Some(0 | 1)), "{command}: {same:?}");
        assert!(!same.stderr.contains("continuation"), "{command}: {same:?}");

        for made in ["new.jsonl", "page.html", "e.zip"] {
            let _ = fs::remove_file(folder.join(made));
        }
        let older = with(command, "{}/old", folder);
        assert_eq!(older.code, Some(2), "{command}: {older:?}");
        assert!(older.stderr.contains("is not a continuation of the one that"), "{command}: {older:?}");
        assert!(older.stderr.contains("its log has 5 rows and had 6: rows were taken away"), "{older:?}");
        assert_eq!(older.stdout, "", "{command}");
        for made in ["new.jsonl", "page.html", "e.zip"] {
            assert!(!folder.join(made).exists(), "{command}");
        }
        let asked = with(&format!("{command} --allow-other-registry"), "{}/old", folder);
        assert!(matches!(asked.code, Some(0 | 1)), "{command}: {asked:?}");
        assert!(asked.stderr.contains("WARNING: the registry in"), "{command}: {asked:?}");
        for made in ["new.jsonl", "page.html", "e.zip"] {
            let _ = fs::remove_file(folder.join(made));
        }
    }
    let asked = with(&format!("{} --allow-other-registry", COMMANDS[0]), "{}/old", folder);
    assert!(asked.stderr.contains("every file is searched"), "nothing of the report is relied on: {asked:?}");

    // As many rows, and others.
    disallow(&folder.join("old"), "Anybody");
    let other = with(COMMANDS[0], "{}/old", folder);
    assert_eq!(other.code, Some(2));
    assert!(other.stderr.contains("the first 6 rows of its log are others than then"), "{other:?}");
    // What continues is told and taken.
    disallow(&folder.join("r"), "Anybody");
    let later = with(COMMANDS[4], "{}/r", folder);
    assert!(later.stderr.contains("has changed since") && later.stderr.contains("continues it"), "{later:?}");
}

#[test]
fn a_scan_is_not_resumed_with_an_older_copy() {
    let folder = folder();
    let folder = folder.path();
    scanned(folder);
    let report = fs::read(folder.join("report.jsonl")).expect("a report");
    let line = "scan {}/all.efp --registry {}/old --format jsonl --out {}/report.jsonl --resume";
    let run = earmark(line, folder);
    assert_eq!(run.code, Some(2), "{run:?}");
    assert!(run.stderr.contains("is not a continuation of the one that"), "{run:?}");
    assert!(run.stderr.contains("without --resume all is scanned anew"), "{run:?}");
    assert_eq!(fs::read(folder.join("report.jsonl")).expect("a report"), report);
}
