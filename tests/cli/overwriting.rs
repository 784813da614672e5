//! Outputs never hit inputs, nor the registry, nor each other.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use super::support::{Run, earmark, fill, folder, program, registry, run};

/// A folder with a registry `reg`, audio in `d`, a manifest and a report.
fn place() -> tempfile::TempDir {
    let folder = folder();
    let at = |name: &str| folder.path().join(name);
    fs::create_dir_all(at("d")).expect("a folder");
    fill(&at("reg"));
    for name in ["cut.mp3", "noise.ogg"] {
        fs::copy(Path::new("testdata/scraped").join(name), at("d").join(name)).expect("a copy");
    }
    fs::write(at("m.jsonl"), "{\"path\":\"d/cut.mp3\"}\n{\"path\":\"d/noise.ogg\"}\n").expect("a file");
    let scanned = within(&folder, "scan d --registry reg --format jsonl --out r.jsonl");
    assert_eq!(scanned.code, Some(1), "{}", scanned.stderr);
    folder
}

/// Runs the program in the folder.
fn within(folder: &tempfile::TempDir, line: &str) -> Run {
    run(program().current_dir(folder.path()).args(line.split_whitespace()))
}

/// Every file below a folder with its bytes.
fn everything(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(everything(&path));
        } else {
            found.push((path.clone(), fs::read(path).unwrap_or_default()));
        }
    }
    found.sort();
    found
}

#[test]
fn nothing_is_written_over_what_is_read() {
    let folder = place();
    let at = |name: &str| folder.path().join(name);
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(at("d/cut.mp3"), at("soft.mp3")).expect("a link");
        fs::hard_link(at("d/cut.mp3"), at("hard.mp3")).expect("a link");
        std::os::unix::fs::symlink(at("m.jsonl"), at("m2.jsonl")).expect("a link");
        fs::hard_link(at("reg/registry.db"), at("hard.db")).expect("a link");
    }
    let segment = super::support::segment(&at("reg"));
    let segment = segment.strip_prefix(folder.path()).expect("below").display().to_string();
    let before = everything(folder.path());
    let scan = "scan d --registry reg";
    let export = "registry export --registry reg --out";
    let cases = [
        ("scan d/cut.mp3 --registry reg --out d/cut.mp3".to_owned(), "--out", "(INPUT)"),
        (format!("{scan} --out d/cut.mp3"), "--out", "d (INPUT)"),
        (format!("{scan} --allow-list d/noise.ogg"), "--allow-list", "d (INPUT)"),
        (format!("{scan} --deny-list reg/registry.db"), "--deny-list", "(--registry)"),
        (format!("{scan} --format csv --out {segment}"), "--out", "(--registry)"),
        (format!("{scan} --allow-list a --deny-list a"), "--deny-list", "--allow-list (a)"),
        (format!("{scan} --out a --review-list ./a"), "--review-list", "--out (a)"),
        (
            "scan --manifest m.jsonl --registry reg --allow-list m.jsonl".into(),
            "--allow-list",
            "(--manifest)",
        ),
        ("scan --manifest m.jsonl --registry reg --filtered m.jsonl".into(), "--filtered", "(--manifest)"),
        // The row is read later, before anything gets its name.
        ("scan --manifest m.jsonl --registry reg --out d/noise.ogg".into(), "--out", "d/noise.ogg"),
        ("identify d/cut.mp3 --registry reg --out d/cut.mp3".into(), "--out", "(INPUT)"),
        ("report r.jsonl --html r.jsonl".into(), "--html", "(REPORT)"),
        ("report r.jsonl --html d/cut.mp3".into(), "--html", "d/cut.mp3"),
        ("report r.jsonl --eu-summary d/cut.mp3".into(), "--eu-summary", "d/cut.mp3"),
        ("report r.jsonl --html reg/x.html --registry reg".into(), "--html", "(--registry)"),
        ("evidence r.jsonl --path d/cut.mp3 --registry reg --out reg/new".into(), "--out", "(--registry)"),
        (format!("{export} reg/registry.db"), "--out", "(--registry)"),
        (format!("{export} reg/copy.jsonl --fingerprints"), "--out", "(--registry)"),
    ];
    let linked = [
        ("scan d/cut.mp3 --registry reg --out soft.mp3".to_owned(), "--out", "(INPUT)"),
        (format!("{scan} --out soft.mp3"), "--out", "(INPUT)"),
        (format!("{scan} --out hard.mp3"), "--out", "d/cut.mp3"),
        (format!("{scan} --out hard.db"), "--out", "(--registry)"),
        ("scan --manifest m.jsonl --registry reg --filtered m2.jsonl".into(), "--filtered", "(--manifest)"),
    ];
    let all = cases.iter().chain(linked.iter().filter(|_| cfg!(unix)));
    for (line, option, other) in all {
        let run = within(&folder, line);
        assert_eq!(run.code, Some(2), "{line}: {}", run.stderr);
        assert!(run.stderr.contains(&format!("{option} would write to ")), "{line}: {}", run.stderr);
        assert!(run.stderr.contains(other), "{line}: {}", run.stderr);
        // A run that ends while it goes on leaves its unfinished file.
        let _ = fs::remove_file(at("d/noise.ogg.part"));
        assert!(everything(folder.path()) == before, "{line}: a file changed");
    }
}

#[cfg(unix)]
#[test]
fn a_stream_that_is_an_input_is_not_written() {
    let folder = place();
    let at = |name: &str| folder.path().join(name);
    let (manifest, before) = (at("m.jsonl"), fs::read(at("m.jsonl")).expect("a file"));
    let out = fs::File::options().append(true).open(&manifest).expect("a file");
    let line = ["scan", "--manifest", "m.jsonl", "--registry", "reg", "--format", "jsonl"];
    let run = program().current_dir(folder.path()).args(line).stdout(out).output().expect("it runs");
    let said = String::from_utf8_lossy(&run.stderr).into_owned();
    assert_eq!(run.status.code(), Some(2), "{said}");
    assert!(said.contains("standard output") && said.contains("m.jsonl (--manifest)"), "{said}");
    assert_eq!(fs::read(&manifest).expect("a file"), before);
}

#[cfg(unix)]
#[test]
fn links_that_somebody_put_there_are_not_written_through() {
    use std::os::unix::fs::symlink;
    let folder = place();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("victim"), "precious").expect("a file");
    for (line, link) in [
        ("scan d --registry reg --out o.jsonl --format jsonl", "o.jsonl.part"),
        ("scan d --registry reg --out o.jsonl --format jsonl --resume", "o.jsonl.part"),
        ("scan d --registry reg --allow-list l", "l.verdicts"),
        ("scan d --registry reg --allow-list l", "l.part"),
        ("scan d --registry reg --format csv --out o.csv", "o.csv.json.part"),
        ("fingerprint d --out f.efp", "f.efp.part"),
        ("registry export --registry reg --out x.jsonl --fingerprints", "x.1.seg.part"),
        ("declare --registry reg --owner A --use search --allow --declarant A", "reg/writer.lock"),
    ] {
        let _ = fs::remove_file(at("reg/writer.lock"));
        symlink(at("victim"), at(link)).expect("a link");
        let run = within(&folder, line);
        assert_eq!(run.code, Some(2), "{line}: {}", run.stderr);
        assert!(run.stderr.contains(link) && run.stderr.contains("a link"), "{line}: {}", run.stderr);
        assert_eq!(fs::read(at("victim")).expect("a file"), b"precious", "{line}");
        fs::remove_file(at(link)).expect("a link");
    }
}

#[test]
fn two_runs_with_one_output_do_not_mix_their_rows() {
    let folder = place();
    let at = |name: &str| folder.path().join(name);
    for (line, held) in [
        ("scan d --registry reg --format jsonl --out o.jsonl", "o.jsonl.part"),
        ("scan d --registry reg --format jsonl --out o.jsonl --resume", "o.jsonl.part"),
        ("scan d --registry reg --allow-list l", "l.verdicts"),
    ] {
        let mut other = fs::File::create(at(held)).expect("a file");
        other.write_all(b"rows of another run\n").expect("written");
        other.lock().expect("locked");
        let run = within(&folder, line);
        assert_eq!(run.code, Some(2), "{line}: {}", run.stderr);
        assert!(run.stderr.contains(&format!("{held} is being written by another")), "{}", run.stderr);
        assert_eq!(fs::read(at(held)).expect("a file"), b"rows of another run\n");
        drop(other);
        fs::remove_file(at(held)).expect("a file");
    }
}

#[test]
fn names_in_an_evidence_package_stay_in_its_folder() {
    let folder = place();
    let line = "evidence r.jsonl --path d/cut.mp3 --registry reg --out ...zip";
    let run = within(&folder, line);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let bytes = fs::read(folder.path().join("...zip")).expect("a package");
    let text = String::from_utf8_lossy(&bytes).into_owned();
    assert!(text.contains("evidence/README.txt") && !text.contains("../README.txt"));
}

#[test]
fn a_csv_with_an_open_quote_gives_no_rows_in_silence() {
    let folder = folder();
    let cut = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/scraped/cut.mp3");
    let cut = cut.display();
    let csv = format!("path,text\n{cut},ok\n{cut},\"he said\n{cut},b\n");
    fs::write(folder.path().join("m.csv"), csv).expect("a file");
    let line =
        format!("scan --manifest {{}}/m.csv --registry {} --filtered {{}}/o.csv", registry().display());
    let run = earmark(&line, folder.path());
    assert_eq!(run.code, Some(2), "{}", run.stderr);
    assert!(run.stderr.contains("a quote is opened on line 3"), "{}", run.stderr);
    assert!(run.stdout.contains("a quote is opened on line 3"), "{}", run.stdout);
    assert!(!folder.path().join("o.csv").exists());
}
