//! Registries that are not there, and registries that hold nothing.

use std::fs;

use super::support::{earmark, folder, noise_wav};

const SEARCHES: [&str; 2] = [
    "scan {}/noise.wav --format jsonl --registry {}/r",
    "identify {}/noise.wav --format jsonl --registry {}/r",
];

#[test]
fn a_registry_that_holds_nothing_lets_nothing_pass() {
    let folder = folder();
    noise_wav(&folder.path().join("noise.wav"), 3, 1);
    assert_eq!(earmark("registry init --registry {}/r", folder.path()).code, Some(0));
    for search in SEARCHES {
        let run = earmark(search, folder.path());
        assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""), "{search}");
        assert!(run.stderr.contains("everything would pass"), "{}", run.stderr);
        let allowed = earmark(&format!("{search} --allow-empty-registry"), folder.path());
        assert_eq!(allowed.code, Some(0), "{}", allowed.stderr);
        assert!(allowed.stderr.contains("holds no recordings"), "{}", allowed.stderr);
    }

    let [scan, identify] = SEARCHES;
    let line = format!("{scan} --allow-empty-registry --out {{}}/report.jsonl");
    assert_eq!(earmark(&line, folder.path()).code, Some(0));
    assert_eq!(earmark("fingerprint {}/noise.wav --out {}/n.efp", folder.path()).code, Some(0));
    let rescan = "rescan {}/report.jsonl --fingerprints {}/n.efp --registry {}/r --out {}/again.jsonl";
    assert_eq!(earmark(rescan, folder.path()).code, Some(2));
    assert!(!folder.path().join("again.jsonl").exists());
    assert_eq!(earmark(&format!("{rescan} --allow-empty-registry"), folder.path()).code, Some(0));

    // Declarations answer for the ISRCs in tags, and for no sound.
    let line = "declare --registry {}/r --prefix QZHB1 --use search --allow --declarant me";
    assert_eq!(earmark(line, folder.path()).code, Some(0));
    let run = earmark(scan, folder.path());
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert!(run.stderr.contains("holds no recordings"), "{}", run.stderr);
    assert_eq!(earmark(identify, folder.path()).code, Some(2));
}

#[test]
fn what_is_noted_needs_a_registry_that_is_there() {
    let folder = folder();
    let rows = "prefix,use,permission,declarant\nQZHB1,search,allow,me\n";
    fs::write(folder.path().join("d.csv"), rows).expect("a file");
    for line in [
        "declare --registry {}/typo --prefix QZHB1 --use search --allow --declarant me",
        "declare --registry {}/typo --import {}/d.csv",
        "registry owner Label --alias L --registry {}/typo",
        "registry mandate Agency --owner Label --registry {}/typo",
    ] {
        let run = earmark(line, folder.path());
        assert_eq!(run.code, Some(2), "{line}");
        assert!(run.stderr.contains("there is no registry in"), "{}", run.stderr);
        assert!(run.stderr.contains("earmark registry init"), "{}", run.stderr);
        assert!(!folder.path().join("typo").exists(), "{line}");
    }
    assert_eq!(earmark("registry init --registry {}/r", folder.path()).code, Some(0));
    let again = earmark("registry init --registry {}/r", folder.path());
    assert_eq!(again.code, Some(2));
    assert!(again.stderr.contains("already holds a registry"), "{}", again.stderr);
}
