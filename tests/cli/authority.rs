//! What changes who may speak for what is shown and held back until it is confirmed.

use std::fs;
use std::path::Path;

use super::support::{Run, earmark, fill, folder, program, run};

/// Runs the program with arguments that hold blanks, on the registry in `folder`.
fn with(arguments: &[&str], folder: &Path) -> Run {
    let registry = folder.join("r");
    run(program().args(arguments).args(["--registry", registry.to_str().expect("plain")]))
}

/// The verdict on a clip of a song of Halden Bay Records, which refuses.
fn verdict(folder: &Path) -> String {
    let line = "scan testdata/scraped/cut.mp3 --registry {}/r --format jsonl --as-of 2026-11-21";
    earmark(line, folder).rows()[0]["verdict"].as_str().expect("a verdict").to_owned()
}

fn log_rows(folder: &Path) -> usize {
    earmark("registry log --registry {}/r --format jsonl", folder).objects().len()
}

#[test]
fn an_owner_takes_no_name_over_by_the_way() {
    let folder = folder();
    let folder = folder.path();
    fill(&folder.join("r"));
    let before = verdict(folder);
    assert_eq!(before, "disallowed");
    let evil = ["registry", "owner", "Evil", "--alias", "HALDEN  bay records"];
    let run = with(&evil, folder);
    assert_eq!(run.code, Some(3), "{}", run.stderr);
    for said in [
        "held back: owner Evil (4 recordings): nothing is noted; then also HALDEN  bay records",
        "takes over HALDEN  bay records, the name of 4 recordings and in 2 rows of the log",
        "--confirm-authority --take-over 'HALDEN  bay records' applies",
    ] {
        assert!(run.stderr.contains(said), "{said}: {}", run.stderr);
    }
    let confirmed = with(&[&evil[..], &["--confirm-authority"]].concat(), folder);
    assert_eq!(confirmed.code, Some(3), "{}", confirmed.stderr);
    assert_eq!(log_rows(folder), 5);
    let allow = ["declare", "--everything", "--use", "ai-training", "--allow", "--declarant", "Evil"];
    assert_eq!(with(&allow, folder).code, Some(0));
    assert_eq!(verdict(folder), before);

    let by_name = [&evil[..], &["--confirm-authority", "--take-over", "Halden Bay Records"]].concat();
    let taken = with(&by_name, folder);
    assert_eq!(taken.code, Some(0), "{}", taken.stderr);
    assert!(taken.stderr.contains("applied: owner Evil"), "{}", taken.stderr);
    // Said again it is no change.
    let again = with(&evil, folder);
    assert_eq!(again.code, Some(0), "{}", again.stderr);
    assert!(again.stderr.contains("row 7 of the log says that already"), "{}", again.stderr);
}

#[test]
fn parents_and_mandates_are_shown_before_they_are_stored() {
    let folder = folder();
    let folder = folder.path();
    fill(&folder.join("r"));
    for (arguments, said) in [
        (
            &["registry", "owner", "Halden Bay Records", "--parent", "Evil"][..],
            "owner Halden Bay Records (4 recordings): nothing is noted; then no other name, belongs to Evil",
        ),
        (
            &["registry", "mandate", "Evil", "--owner", "Halden Bay Records"],
            "mandate of Evil for owner Halden Bay Records (4 recordings): it may not speak; then it may speak",
        ),
        (
            &["registry", "mandate", "Evil", "--prefix", "QZHB2", "--revoke"],
            "mandate of Evil for ISRC prefix QZHB2 (2 recordings of Nightjar Collective): it may not speak; then it may not speak",
        ),
        (
            &["registry", "mandate", "H\u{430}lden Bay Records", "--recording", "QZHB12500001"],
            "looks like Halden Bay Records and is another name",
        ),
    ] {
        let run = with(arguments, folder);
        assert_eq!(run.code, Some(3), "{arguments:?}: {}", run.stderr);
        assert!(run.stderr.contains(said), "{said}: {}", run.stderr);
        assert_eq!(log_rows(folder), 5);
    }
    let mandate = ["registry", "mandate", "Evil", "--owner", "Halden Bay Records", "--confirm-authority"];
    let run = with(&mandate, folder);
    assert_eq!((run.code, log_rows(folder)), (Some(0), 6), "{}", run.stderr);
    assert!(run.stderr.contains("applied: mandate of Evil"), "{}", run.stderr);
}

#[test]
fn a_file_speaks_in_one_name_unless_more_is_confirmed() {
    let folder = folder();
    let folder = folder.path();
    fill(&folder.join("r"));
    let rows = "owner,use,permission,declarant\n\
                Evil,ai-training,disallow,Evil\n\
                Halden Bay Records,ai-training,allow,Halden bay records\n";
    fs::write(folder.join("d.csv"), rows).expect("a file");
    let file = folder.join("d.csv");
    let import = ["declare", "--import", file.to_str().expect("plain")];
    for options in [&[][..], &["--declarant", "Evil"]] {
        let run = with(&[&import[..], options].concat(), folder);
        assert_eq!(run.code, Some(3), "{}", run.stderr);
        let said = "held back: declaration of Halden bay records about ai-training for owner Halden Bay Records \
                    (4 recordings): nothing was said; then allow";
        assert!(run.stderr.contains(said), "{}", run.stderr);
        assert_eq!(log_rows(folder), 5, "nothing of the file is stored");
    }
    assert_eq!(verdict(folder), "disallowed");
    assert_eq!(with(&[&import[..], &["--confirm-authority"]].concat(), folder).code, Some(0));
    assert_eq!(log_rows(folder), 7);
}

#[test]
fn what_is_taken_in_changes_no_owner_by_the_way() {
    let folder = folder();
    let folder = folder.path();
    fill(&folder.join("r"));
    let owner = || {
        let listed = earmark("registry list --registry {}/r --format jsonl", folder).objects();
        let of = |row: &&serde_json::Value| row["id"] == "undertow-demo";
        listed.iter().find(of).expect("registered").clone()
    };
    fs::write(folder.join("copy.csv"), "id,owner,album\nundertow-demo,Evil,Undertow\n").expect("a sheet");
    let import = "registry import {}/copy.csv --replace --registry {}/r";
    let run = earmark(import, folder);
    assert_eq!(run.code, Some(3), "{}", run.stderr);
    assert!(
        run.stderr.contains("held back: recording undertow-demo: owner Tomas Elm; then owner Evil"),
        "{}",
        run.stderr
    );
    assert_eq!((owner()["owner"].as_str(), owner()["album"].as_str()), (Some("Tomas Elm"), Some("Undertow")));
    assert_eq!(earmark(&format!("{import} --confirm-authority"), folder).code, Some(0));
    assert_eq!(owner()["owner"], "Evil");

    // Registered without label copy, then with it.
    let song = fs::canonicalize("testdata/catalogue/08-undertow.ogg").expect("a song");
    let line = format!("register {} --registry {{}}/r2", song.display());
    assert_eq!(earmark(&line, folder).code, Some(0));
    fs::write(folder.join("m.csv"), format!("path,owner\n{},Evil\n", song.display())).expect("a sheet");
    let register = "register --manifest {}/m.csv --registry {}/r2";
    let run = earmark(register, folder);
    assert_eq!(run.code, Some(3), "{}", run.stderr);
    assert!(run.stderr.contains("no owner; then owner Evil"), "{}", run.stderr);
    assert_eq!(earmark(&format!("{register} --confirm-authority"), folder).code, Some(0));
    assert_eq!(earmark(register, folder).code, Some(0), "nothing is left to confirm");
}

#[test]
fn an_export_of_somebody_brings_no_permission_by_the_way() {
    let folder = folder();
    let folder = folder.path();
    fill(&folder.join("r"));
    let export = "registry export --registry {}/r --out {}/mine.jsonl --fingerprints";
    assert_eq!(earmark(export, folder).code, Some(0));
    let import = "registry import {}/mine.jsonl --registry {}/theirs --confirm-authority";
    let copied = earmark(import, folder);
    assert_eq!(copied.code, Some(0), "{}", copied.stderr);
    let theirs = folder.join("theirs");
    let theirs = theirs.to_str().expect("plain");
    let allow = ["declare", "--prefix", "QZHB1", "--use", "ai-training", "--allow", "--declarant"];
    let allowed = run(program().args(allow).args(["Halden Bay Records", "--registry", theirs]));
    assert_eq!(allowed.code, Some(0), "{}", allowed.stderr);
    assert_eq!(earmark("registry export --registry {}/theirs --out {}/x.jsonl", folder).code, Some(0));

    let import = "registry import {}/x.jsonl --registry {}/r";
    let run = earmark(import, folder);
    assert_eq!(run.code, Some(3), "{}", run.stderr);
    let said = "held back: declaration of Halden Bay Records about ai-training for ISRC prefix QZHB1 \
                (4 recordings): disallow (row 1); then allow";
    assert!(run.stderr.contains(said), "{}", run.stderr);
    assert!(run.stderr.contains("0 changed, 8 unchanged"), "{}", run.stderr);
    assert_eq!(verdict(folder), "disallowed");
    assert_eq!(earmark(&format!("{import} --confirm-authority"), folder).code, Some(0));
    assert_eq!(verdict(folder), "allowed");
    assert_eq!(earmark(import, folder).code, Some(0), "nothing is left to confirm");
}
