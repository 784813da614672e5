//! Where results go.

use std::fs;
use std::process::Stdio;

use super::support::{earmark, folder, program, registry};

#[test]
fn a_file_gets_what_standard_output_would() {
    let folder = folder();
    let out = folder.path().join("out");
    for format in ["table", "jsonl", "csv"] {
        let line = format!("scan testdata/scraped --registry {{}} --format {format}");
        let shown = earmark(&line, registry());
        let line = format!("{line} --out {}", out.display());
        let written = earmark(&line, registry());
        assert_eq!((written.code, written.stdout.as_str()), (shown.code, ""));
        assert_eq!(fs::read_to_string(&out).expect("the file is there"), shown.stdout, "{format}");
        let beside = folder.path().join("out.json");
        if format == "csv" {
            let header = fs::read_to_string(&beside).expect("the header stands beside it");
            assert!(header.starts_with(r#"{"kind":"header","tool":"earmark "#), "{header}");
            fs::remove_file(beside).expect("a file");
        }
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1, "nothing else is left");
    }
}

#[test]
fn a_run_that_fails_leaves_the_file_as_it_was() {
    let folder = folder();
    let out = folder.path().join("out.jsonl");
    fs::write(&out, "before").expect("a file");
    let run = earmark(
        "identify testdata/scraped --registry {}/none --format jsonl --out {}/out.jsonl",
        folder.path(),
    );
    assert_eq!(run.code, Some(2));
    assert_eq!(fs::read_to_string(&out).expect("still there"), "before");

    let line =
        format!("identify testdata/scraped --registry {{}} --out {}/none/out", folder.path().display());
    let run = earmark(&line, registry());
    assert_eq!(run.code, Some(2));
    assert!(run.stderr.contains("none/out"), "{}", run.stderr);
}

#[test]
fn a_reader_that_goes_away_ends_the_run_quietly() {
    let all =
        ["registry list --format jsonl", "scan testdata/scraped testdata/catalogue", "completions bash"];
    for line in all {
        let mut command = program();
        command.args(line.split(' '));
        if !line.starts_with("completions") {
            command.arg("--registry").arg(registry());
        }
        let mut child =
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts");
        drop(child.stdout.take());
        let output = child.wait_with_output().expect("the program ends");
        let said = String::from_utf8(output.stderr).expect("UTF-8").to_lowercase();
        assert_eq!(output.status.code(), Some(0), "{line}: {said}");
        assert!(!said.contains("pipe") && !said.contains("panic"), "{line}: {said}");
    }
}

#[test]
fn nobody_listening_on_standard_error_is_no_reason_to_stop() {
    let mut child = program()
        .args(["scan", "testdata/scraped", "--format", "jsonl", "--registry"])
        .arg(registry())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    drop(child.stderr.take());
    let output = child.wait_with_output().expect("the program ends");
    assert_eq!(String::from_utf8(output.stdout).expect("UTF-8").lines().count(), 21);
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn completions_know_the_commands() {
    let folder = folder();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let run = earmark(&format!("completions {shell}"), folder.path());
        assert_eq!(run.code, Some(0));
        assert!(run.stdout.contains("identify"), "{shell}");
    }
}
