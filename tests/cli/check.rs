//! `earmark check`.

use std::fs;

use super::support::{earmark, folder, registry};

#[test]
fn codes_are_answered_without_audio_in_order() {
    let folder = folder();
    let list = folder.path().join("codes.txt");
    fs::write(&list, "QZHB12500001\n\nQZ-HB1-25-00003\nnothing\nGBXYZ2400009\n").expect("a list");
    let line = "check --list {}/codes.txt --registry testdata/registry --as-of 2026-01-31 --format jsonl";
    let run = earmark(line, folder.path());
    assert_eq!(run.code, Some(1), "{run:?}");
    let rows = run.objects();
    let declared: Vec<_> = rows.iter().map(|row| row["declared"].as_str().unwrap_or("none")).collect();
    assert_eq!(declared, ["disallowed", "allowed", "none", "undeclared"]);
    assert_eq!(rows[0]["isrc"], "QZHB12500001");
    assert_eq!(rows[0]["recordings"].as_array().map(Vec::len), Some(1));
    assert_eq!(rows[2]["isrc"], "nothing");
    assert!(rows[2]["error"].as_str().is_some_and(|error| error.contains("ISRC")), "{:?}", rows[2]);
    assert_eq!(rows[3]["recordings"].as_array().map(Vec::len), Some(0));
    // The same codes in other forms have the same answers.
    fs::write(
        folder.path().join("codes.csv"),
        "title,ISRC\na,QZHB12500001\nb,QZ-HB1-25-00003\nc,nothing\nd,GBXYZ2400009\n",
    )
    .expect("a table");
    let lines = ["QZHB12500001", "QZ-HB1-25-00003", "nothing", "GBXYZ2400009"];
    let lines: String = lines.iter().map(|code| format!("{{\"isrc\":\"{code}\"}}\n")).collect();
    fs::write(folder.path().join("codes.jsonl"), lines).expect("lines");
    for form in ["csv", "jsonl"] {
        let again = earmark(&line.replace("codes.txt", &format!("codes.{form}")), folder.path());
        assert_eq!((again.code, again.stdout), (run.code, run.stdout.clone()), "{form}");
    }
}

#[test]
fn a_table_is_for_people_and_codes_decide_the_exit_code() {
    let line = "check --isrc QZHB12500003 --registry {} --as-of 2026-01-31";
    let run = earmark(line, registry());
    assert_eq!(run.code, Some(0), "{run:?}");
    assert!(run.stdout.starts_with("allowed      QZ-HB1-25-00003\n"), "{}", run.stdout);
    let run = earmark("check --isrc QZHB12500003 --isrc x --registry {} --as-of 2026-01-31", registry());
    assert_eq!(run.code, Some(3), "{run:?}");
    for line in [
        "check --registry {}",
        "check --list testdata/missing.txt --registry {}",
        "check --list testdata/catalogue.csv --isrc x --registry testdata/missing",
    ] {
        assert_eq!(earmark(line, registry()).code, Some(2), "{line}");
    }
}
