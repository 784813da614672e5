//! `earmark declare`.

use std::fs;

use earmark::registry::Registry;

use super::support::{earmark, fill, folder, mandate};

#[test]
fn what_is_declared_counts_in_the_next_scan() {
    let folder = folder();
    let scan = |options: &str| {
        let line = format!("scan testdata/scraped/tag-only.mp3 --registry {{}} --format jsonl {options}");
        earmark(&line, folder.path()).rows()[0]["verdict"].as_str().map(str::to_owned)
    };
    let declare = |rest: &str| {
        let run = earmark(&format!("declare --registry {{}} --declarant Label {rest}"), folder.path());
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        run.stderr
    };
    // Nobody else may speak for codes that belong to no registered recording.
    mandate(folder.path(), "Label", "QZHB1");
    let said = declare("--prefix QZ-HB1 --use ai-training --constrain licence --territory DE,fr");
    assert!(said.contains("declaration 2: constrain ai-training ISRC prefix QZHB1"), "{said}");
    assert!(said.contains("no registered recording so far"), "{said}");
    assert_eq!(scan("--territory DE").as_deref(), Some("constrained"));
    // It holds elsewhere only, and the sound holds nothing that is registered.
    assert_eq!(scan("--territory US").as_deref(), Some("no-match"));
    declare("--isrc QZHB12500004 --use data-mining --disallow --from 2026-01-01 --until 2026-12-31");
    assert_eq!(scan("--as-of 2026-12-31").as_deref(), Some("disallowed"));
    assert_eq!(scan("--as-of 2027-01-01 --territory FR").as_deref(), Some("constrained"));
    assert_eq!(earmark("registry verify --registry {}", folder.path()).code, Some(0));
}

#[test]
fn a_declarant_is_told_where_it_may_not_speak() {
    let folder = folder();
    fill(folder.path());
    let declare = |rest: &str| {
        let line = format!("declare --registry {{}} --use search --disallow {rest}");
        earmark(&line, folder.path()).stderr
    };
    let said = declare("--declarant Stranger --prefix QZHB1");
    assert!(said.contains("Stranger may not speak for recordings of Halden Bay Records: "), "{said}");
    let said = declare("--declarant Stranger --recording QZHB12500001");
    assert!(said.contains("may not speak"), "{said}");
    mandate(folder.path(), "Stranger", "QZHB1");
    let said = declare("--declarant Stranger --prefix QZHB1");
    assert!(!said.contains("may not speak"), "{said}");
}

#[test]
fn half_a_file_is_not_imported() {
    let folder = folder();
    let registry = folder.path().join("r");
    assert_eq!(earmark("registry init --registry {}/r", folder.path()).code, Some(0));
    let rows = "prefix,use,permission,declarant\r\nQZHB1,ai-training,disallow,Label\r\nQZHB,ai-training,disallow,Label\r\n";
    fs::write(folder.path().join("d.csv"), rows).expect("a file");
    let run = earmark("declare --import {}/d.csv --declarant Label --registry {}/r", folder.path());
    assert_eq!(run.code, Some(2));
    assert!(run.stderr.contains("d.csv, line 3: "), "{}", run.stderr);
    let info = earmark("registry info --registry {} --format jsonl", &registry).objects();
    assert_eq!(info[0]["declarations"], 0);

    fs::write(folder.path().join("d.csv"), rows.replace("QZHB,", "QZHB2,")).expect("a file");
    let run = earmark("declare --import {}/d.csv --declarant Label --registry {}/r", folder.path());
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let info = earmark("registry info --registry {} --format jsonl", &registry).objects();
    assert_eq!(info[0]["declarations"], 2);
}

#[test]
fn a_clock_that_was_set_back_is_told() {
    let folder = folder();
    fill(folder.path());
    let declare = |said: &str| {
        let line =
            format!("declare --registry {{}} --isrc QZHB12500001 --use search {said} --declarant Somebody");
        let run = earmark(&line, folder.path());
        assert_eq!(run.code, Some(0), "{run:?}");
        run.stderr
    };
    assert!(!declare("--disallow").contains("clock"));
    let mut registry = Registry::open_for_writing(folder.path()).expect("a registry");
    let mut row = registry.declarations().expect("rows")[0].row.clone();
    row.received_at = "2131-01-01T00:00:00Z".parse().expect("a time");
    registry.declare(&[row]).expect("a commit");
    drop(registry);
    let said = declare("--allow");
    assert!(said.contains("a row before it at 2131-01-01T00:00:00Z: look at the clock"), "{said}");
    let info = earmark("registry info --registry {} --format jsonl", folder.path()).objects();
    assert_eq!(info[0]["received_out_of_order"], 1);
    let verified = earmark("registry verify --registry {}", folder.path());
    assert_eq!(verified.code, Some(0), "{verified:?}");
    assert!(verified.stdout.contains("the clock was set back"), "{verified:?}");
}

#[test]
fn a_file_that_is_imported_twice_adds_nothing() {
    let folder = folder();
    fill(folder.path());
    let log = || earmark("registry log --registry {} --format jsonl", folder.path()).stdout;
    let before = log();
    let again = earmark("declare --import testdata/declarations.csv --registry {}", folder.path());
    assert_eq!(again.code, Some(0), "{}", again.stderr);
    assert!(
        again.stderr.contains("5 declarations are in the log already, as rows 1 to 5"),
        "{}",
        again.stderr
    );
    assert_eq!(log(), before);

    // A licence names a row by its hash, and keeps counting when its terms are said again.
    let constrained = before.lines().find(|row| row.contains("constrain")).expect("a row with terms");
    let constrained: serde_json::Value = serde_json::from_str(constrained).expect("a row");
    let licence = format!("{{\"licence\": \"L-1\", \"hash\": {}}}\n", constrained["hash"]);
    fs::write(folder.path().join("l.jsonl"), licence).expect("a file");
    let scan =
        "scan testdata/catalogue/05-night-bus.flac --registry {} --accept-terms {}/l.jsonl --format jsonl";
    let verdict = || earmark(scan, folder.path()).rows()[0]["verdict"].clone();
    assert_eq!(verdict(), "allowed");
    let mut writer = Registry::open_for_writing(folder.path()).expect("a registry");
    let twice = writer.log().expect("a log").declarations;
    let twice: Vec<_> = twice.iter().map(|row| row.row.clone()).collect();
    writer.declare(&twice).expect("a commit");
    drop(writer);
    assert_eq!(verdict(), "allowed");
}
