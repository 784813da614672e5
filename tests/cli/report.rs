//! `earmark report` and `earmark evidence`.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::support::{Run, earmark, fill, folder, registry};

const SCAN: &str =
    "scan testdata/scraped --registry REGISTRY --as-of 2026-06-01 --format jsonl --out {}/old.jsonl";

fn with(line: &str, folder: &Path) -> Run {
    let registry = registry().to_str().expect("temporary folders have plain names");
    earmark(&line.replace("REGISTRY", registry), folder)
}

fn scan(folder: &Path) {
    let run = with(SCAN, folder);
    assert_eq!(run.code, Some(1), "{}", run.stderr);
}

fn read(folder: &Path, name: &str) -> String {
    fs::read_to_string(folder.join(name)).expect(name)
}

#[test]
fn a_report_is_repeated_to_the_byte_and_what_differs_is_told() {
    let folder = folder();
    let folder = folder.path();
    fill(&folder.join("r"));
    fs::create_dir(folder.join("data")).expect("a folder");
    for name in ["cut.mp3", "faster.ogg", "tag-only.mp3", "not-audio.mp3"] {
        fs::copy(Path::new("testdata/scraped").join(name), folder.join("data").join(name)).expect(name);
    }
    let line = "scan {}/data --registry {}/r --as-of 2026-06-01 --format jsonl --out {}/old.jsonl";
    assert_eq!(earmark(line, folder).code, Some(1));
    let verify = |more: &str| {
        earmark(&format!("report verify {{}}/old.jsonl --registry {{}}/r --format jsonl {more}"), folder)
    };
    let same = verify("");
    assert_eq!((same.code, same.stdout.as_str()), (Some(0), ""), "{}", same.stderr);
    assert!(same.stderr.contains("the same to the byte: 4 rows and the header"), "{}", same.stderr);
    earmark("fingerprint {}/data --out {}/all.efp", folder);
    let kept = verify("--fingerprints {}/all.efp");
    assert_eq!((kept.code, kept.stdout.as_str()), (Some(0), ""), "{}", kept.stderr);

    // Paths that start at another folder.
    let moved = read(folder, "old.jsonl").replace(folder.to_str().expect("plain"), "crawl");
    fs::write(folder.join("moved.jsonl"), moved).expect("written");
    fs::create_dir(folder.join("crawl")).expect("a folder");
    fs::rename(folder.join("data"), folder.join("crawl/data")).expect("moved");
    let line = "report verify {}/moved.jsonl --registry {}/r --root {}";
    let elsewhere = earmark(line, folder);
    assert_eq!(elsewhere.code, Some(0), "{}{}", elsewhere.stdout, elsewhere.stderr);
    let gone = verify("");
    assert_eq!(gone.code, Some(3), "{}", gone.stderr);
    let kinds = |run: &Run| -> Vec<Value> { run.objects().iter().map(|o| o["kind"].clone()).collect() };
    assert_eq!(kinds(&gone), ["missing"; 4]);
    assert_eq!(gone.objects()[0]["line"], 2);

    fs::copy("testdata/scraped/noise.ogg", folder.join("crawl/data/faster.ogg")).expect("another file");
    let line = "report verify {}/moved.jsonl --registry {}/r --root {} --format jsonl";
    let other = earmark(line, folder);
    assert_eq!((other.code, kinds(&other)), (Some(1), vec!["other-file".into()]), "{}", other.stdout);

    let line = "declare --registry {}/r --isrc QZHB12500001 --use ai-training --allow --declarant Somebody";
    assert_eq!(earmark(line, folder).code, Some(0));
    let later = verify("--fingerprints {}/all.efp");
    assert_eq!(
        (later.code, kinds(&later)),
        (Some(1), vec!["header".into(), "answer".into()]),
        "{}",
        later.stdout
    );
    let fields = |i: usize| later.objects()[i]["fields"].to_string();
    assert!(
        fields(0).contains("registry.generation") && fields(0).contains("registry.hash"),
        "{}",
        fields(0)
    );
    assert!(fields(1).contains("\"field\":\"reasons["), "{}", fields(1));
    let text = earmark("report verify {}/old.jsonl --registry {}/r --fingerprints {}/all.efp", folder);
    assert!(text.stdout.contains("the file is the same and the answer another"), "{}", text.stdout);
}

#[test]
fn a_page_holds_everything_and_names_no_other_place() {
    let folder = folder();
    let folder = folder.path();
    scan(folder);
    let make = |more: &str| {
        let run = with(&format!("report {{}}/old.jsonl --html {{}}/page.html {more}"), folder);
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        read(folder, "page.html")
    };
    let page = make("--registry REGISTRY");
    assert!(page.matches("src=\"data:image/png;base64,").count() >= 12);
    assert!(
        page.contains("Declaration 5: <bdi>Kitchen Table Music</bdi> <em class=\"disallow\">disallows</em>")
    );
    assert!(page.contains("Both spectrograms: A is the file") && !page.contains("No picture"));
    for outside in ["src=\"http", "href=\"http", "url(", "@import", "<link", "<iframe"] {
        assert!(!page.contains(outside), "{outside}");
    }
    assert!(page == make("--registry REGISTRY --threads 1"), "the same to the byte");

    let few = make("--registry REGISTRY --pictures 2 --files-listed 4");
    assert_eq!(few.matches("src=\"data:image/png").count(), 2);
    assert!(few.contains("16\u{a0}files of the report are counted above and not listed here"));
    assert!(few.contains("without a picture, as the page would become too large"));
    assert_eq!(few.matches("<tbody").count(), 4);
    assert!(few.contains("20\u{a0}files"), "all are counted");

    let without = make("");
    assert!(!without.contains("data:image/png") && without.contains("The registry was not at hand"));

    // Without the file its fingerprint, else the reason.
    earmark("fingerprint testdata/scraped --out {}/all.efp", folder);
    let kept = make("--registry REGISTRY --root {}/nowhere --fingerprints {}/all.efp");
    assert!(
        kept.contains("The peaks of the file, which is not at hand, and the spectrogram of the recording")
    );
    let nothing = make("--registry REGISTRY --root {}/nowhere");
    assert!(nothing.contains("No picture: the file is not at hand (cannot be opened: "), "{nothing}");
}

#[test]
fn another_registry_is_refused() {
    let folder = folder();
    let folder = folder.path();
    scan(folder);
    fill(&folder.join("r"));
    let run = earmark("report {}/old.jsonl --html {}/page.html --registry {}/r", folder);
    assert_eq!(run.code, Some(2));
    assert!(run.stderr.contains("is not a continuation of the one that"), "{}", run.stderr);
    assert!(!folder.join("page.html").exists());
}

#[test]
fn figures_count_what_a_manifest_tells() {
    let folder = folder();
    let folder = folder.path();
    let root = env!("CARGO_MANIFEST_DIR");
    let manifest = format!(
        "path,source_url,crawl_date,license\n\
         {root}/testdata/scraped/cut.mp3,https://www.a.example/1,2026-02-01,CC-BY-4.0\n\
         {root}/testdata/scraped/noise.ogg,https://b.example/2,2026-01-15,\n\
         {root}/testdata/scraped/not-audio.mp3,,,\n"
    );
    fs::write(folder.join("m.csv"), manifest).expect("a manifest");
    earmark("fingerprint --manifest {}/m.csv --out {}/all.efp", folder);
    let run = with("scan {}/all.efp --registry REGISTRY --format jsonl --out {}/old.jsonl", folder);
    assert!(run.stderr.contains("3 files: "), "{}", run.stderr);
    let first: Value =
        serde_json::from_str(read(folder, "old.jsonl").lines().nth(1).expect("a row")).expect("JSON");
    assert_eq!(first["columns"]["source_url"], "https://www.a.example/1");
    assert_eq!(first["file"]["sha256"].as_str().map(str::len), Some(64));
    let run = earmark("report {}/old.jsonl --eu-summary {}/eu.md", folder);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let text = read(folder, "eu.md");
    for said in [
        "| files | 3 |",
        "| files that could not be decoded | 1 |",
        "| `a.example` | 1 ",
        "| `b.example` | 1 ",
        "| *no address: source unknown* | 1 ",
        "Obtained from `2026-01-15` until `2026-02-01`",
        "| `CC-BY-4.0` | 1 ",
        "2\u{a0}files without one.",
        "**to be filled in**",
    ] {
        assert!(text.contains(said), "{said}\n{text}");
    }
}

#[test]
fn evidence_is_one_row_with_all_that_it_rests_on() {
    let folder = folder();
    let folder = folder.path();
    scan(folder);
    let pack = |more: &str| with(&format!("evidence {{}}/old.jsonl --registry REGISTRY {more}"), folder);
    let run = pack("--path testdata/scraped/two-at-once.ogg --match 2 --out {}/ev");
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let mut names: Vec<String> = fs::read_dir(folder.join("ev"))
        .expect("a folder")
        .map(|entry| entry.expect("readable").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort_unstable();
    assert_eq!(
        names,
        ["README.txt", "SHA256SUMS", "log.jsonl", "match-2.png", "report.html", "report.jsonl"]
    );
    let report = read(&folder.join("ev"), "report.jsonl");
    let old = read(folder, "old.jsonl");
    let row = old.lines().find(|line| line.contains("two-at-once")).expect("a row");
    assert_eq!(report, format!("{}\n{row}\n", old.lines().next().expect("a header")), "to the byte");
    assert!(read(&folder.join("ev"), "log.jsonl").starts_with("{\"seq\":1,\"row\":\"declaration\""));
    assert!(read(&folder.join("ev"), "log.jsonl").contains("\"previous_hash\":\"0000"));
    let again = with("report verify {}/ev/report.jsonl --registry REGISTRY", folder);
    assert_eq!(again.code, Some(0), "one row is a report: {}", again.stderr);

    let zip = |name: &str| {
        let run = pack(&format!("--path testdata/scraped/cut.mp3 --out {{}}/{name}"));
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        fs::read(folder.join(name)).expect(name)
    };
    let first = zip("a.zip");
    assert!(first.starts_with(b"PK"));
    fs::rename(folder.join("a.zip"), folder.join("first.zip")).expect("renamed");
    assert!(first == zip("a.zip"), "the same bytes");

    for (options, remedy) in [
        ("--path testdata/scraped/cut.mp3 --out {}/ev", "is not an empty folder"),
        ("--path cut.mp3 --out {}/x", "has no row about cut.mp3"),
        ("--path testdata/scraped/cut.mp3 --match 7 --out {}/x", "has no match 7: the report names 1"),
    ] {
        let run = pack(options);
        assert_eq!(run.code, Some(2), "{options}");
        assert!(run.stderr.contains(remedy), "{}", run.stderr);
    }
}
