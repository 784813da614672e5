//! `earmark registry mandate`, `owner`, `log`, `export`, `import` and `upgrade`,
//! and what `declare` takes in other vocabularies.

use std::fs;
use std::path::Path;

use super::support::{Run, earmark, fill, folder, program, run};

/// Runs the program in `folder` with arguments that hold blanks.
fn with(arguments: &[&str], folder: &Path) -> Run {
    let registry = folder.join("r");
    let run = run(program().args(arguments).args(["--registry", registry.to_str().expect("plain")]));
    assert_eq!(run.code, Some(0), "{arguments:?}: {}", run.stderr);
    run
}

#[test]
fn who_may_speak_is_noted_and_shown() {
    let folder = folder();
    fill(&folder.path().join("r"));
    fs::write(folder.path().join("contract.txt"), "We agree.").expect("a file");
    let contract = folder.path().join("contract.txt");
    let contract = contract.to_str().expect("plain");
    let owner = [
        "registry",
        "owner",
        "Halden Bay Records",
        "--alias",
        "HBR",
        "--alias",
        "Halden Bay",
        "--parent",
        "Example Group",
        "--confirm-authority",
    ];
    assert!(with(&owner, folder.path()).stderr.contains("owner stored as row 6 of the log"));
    let mandate = [
        "registry",
        "mandate",
        "Northern Agency",
        "--owner",
        "HBR",
        "--from",
        "2026-01-01",
        "--document",
        contract,
        "--confirm-authority",
    ];
    with(&mandate, folder.path());
    with(
        &[
            "registry",
            "mandate",
            "Northern Agency",
            "--owner",
            "HBR",
            "--revoke",
            "--from",
            "2027-01-01",
            "--confirm-authority",
        ],
        folder.path(),
    );
    let said = with(
        &["declare", "--everything", "--use", "ai-training", "--disallow", "--declarant", "example GROUP"],
        folder.path(),
    );
    let listed = earmark("registry list --registry {}/r --format jsonl", folder.path()).objects();
    let owned = listed.iter().filter(|row| row["owner"] == "Halden Bay Records").count();
    assert!(said.stderr.contains(&format!("concerns {owned} registered recordings")), "{}", said.stderr);
    with(
        &["declare", "--everything", "--use", "ai-training", "--withdraw", "--declarant", "Example Group"],
        folder.path(),
    );

    let log = earmark("registry log --registry {}/r --format jsonl", folder.path()).objects();
    let rows: Vec<&str> = log.iter().map(|row| row["row"].as_str().expect("a kind")).collect();
    assert_eq!(rows[5..], ["owner", "mandate", "mandate", "declaration", "declaration"]);
    assert_eq!(log[5]["aliases"], serde_json::json!(["HBR", "Halden Bay"]));
    let sha256 = "7ed727ed3508bd4738b621ac9e2c93fbc3ac2f60b880f3f2915283332ccd89ea";
    assert_eq!(log[6]["document_hash"], sha256);
    assert_eq!((log[7]["act"].as_str(), log[7]["owner"].as_str()), (Some("revoke"), Some("HBR")));
    assert_eq!(
        (log[8]["everything"].as_bool(), log[9]["permission"].as_str()),
        (Some(true), Some("withdraw"))
    );
    let table = earmark("registry log --registry {}/r", folder.path()).stdout;
    for words in [
        "owner Halden Bay Records, also HBR, Halden Bay, belongs to Example Group",
        "Northern Agency may speak for owner HBR, from 2026-01-01",
        "Northern Agency may not speak any more for owner HBR, from 2027-01-01",
        "example GROUP declares: disallow ai-training for everything it speaks for",
    ] {
        assert!(table.contains(words), "{words}: {table}");
    }
    // By any name of a declarant or owner, and by recording.
    let count = |options: &str| {
        earmark(&format!("registry log --registry {{}}/r --format jsonl {options}"), folder.path())
            .objects()
            .len()
    };
    let named = |name: &str| {
        let run = with(&["registry", "log", "--format", "jsonl", "--declarant", name], folder.path());
        run.objects().len()
    };
    assert_eq!((named("Example Group"), named("Northern agency"), named("Nobody")), (2, 2, 0));
    let id = listed.iter().find(|row| row["owner"] == "Halden Bay Records").expect("one")["id"].as_str();
    let id = id.expect("text").to_owned();
    assert!(count(&format!("--recording {id}")) >= 5);
    assert_eq!(earmark("registry log --registry {}/r --recording none", folder.path()).code, Some(2));
    assert_eq!(earmark("registry verify --registry {}/r", folder.path()).code, Some(0));

    let contradiction = run(program().args([
        "registry",
        "owner",
        "Example Group",
        "--parent",
        "HBR",
        "--registry",
        folder.path().join("r").to_str().expect("plain"),
    ]));
    assert_eq!(contradiction.code, Some(2));
    assert!(contradiction.stderr.contains("its own parent"), "{}", contradiction.stderr);
}

#[test]
fn mandates_and_owners_come_from_files_whole_or_not_at_all() {
    let folder = folder();
    let owners = "name,aliases,parent,from\nSmall,SR; S. R.,Group,\nSmall,SR,Other,2027-01-01\n";
    let mandates = "declarant,owner,prefix,act,until\nAgency,Small,,,2026-12-31\nAgency,,QZHB1,revoke,\n";
    fs::write(folder.path().join("owners.csv"), owners).expect("a file");
    fs::write(folder.path().join("mandates.csv"), mandates).expect("a file");
    fs::write(folder.path().join("bad.csv"), mandates.replace("revoke", "recall")).expect("a file");
    assert_eq!(earmark("registry init --registry {}/r", folder.path()).code, Some(0));
    let bad = earmark("registry mandate --import {}/bad.csv --registry {}/r", folder.path());
    assert_eq!(bad.code, Some(2));
    assert!(bad.stderr.contains("line 3") && bad.stderr.contains("recall"), "{}", bad.stderr);
    assert_eq!(
        earmark("registry owner --import {}/owners.csv --registry {}/r --confirm-authority", folder.path())
            .code,
        Some(0)
    );
    assert_eq!(
        earmark(
            "registry mandate --import {}/mandates.csv --registry {}/r --confirm-authority",
            folder.path()
        )
        .code,
        Some(0)
    );
    let log = earmark("registry log --registry {}/r --format jsonl", folder.path()).objects();
    assert_eq!(log.len(), 4);
    assert_eq!(log[0]["aliases"], serde_json::json!(["SR", "S. R."]));
    assert_eq!((log[2]["act"].as_str(), log[3]["act"].as_str()), (Some("grant"), Some("revoke")));
}

#[test]
fn other_vocabularies_come_in_and_go_out() {
    let folder = folder();
    let assertion = r#"{"entries":{"cawg.ai_generative_training":{"use":"notAllowed"},"cawg.ai_training":{"use":"allowed"},"x.y":{"use":"allowed"}}}"#;
    fs::write(folder.path().join("c.json"), assertion).expect("a file");
    fs::write(
        folder.path().join("t.json"),
        r#"[{"location":"/","tdm-reservation":1,"tdm-policy":"https://p.example"}]"#,
    )
    .expect("a file");
    assert_eq!(earmark("registry init --registry {}/r", folder.path()).code, Some(0));
    let declare = |rest: &str| {
        let line = format!("declare --registry {{}}/r --owner Label --declarant Label {rest}");
        let run = earmark(&line, folder.path());
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        run.stderr
    };
    let said = declare("--cawg {}/c.json --source https://label.example");
    assert!(said.contains("not taken over from cawg: the entry x.y"), "{said}");
    declare("--aipref search=y");
    declare("--tdmrep {}/t.json --territory DE");
    assert_eq!(
        earmark("declare --registry {}/r --owner L --declarant L --aipref =", folder.path()).code,
        Some(2)
    );
    let log = earmark("registry log --registry {}/r --format jsonl", folder.path()).objects();
    let short: Vec<String> = log
        .iter()
        .map(|row| {
            format!("{} {}", row["use"].as_str().expect("a use"), row["permission"].as_str().expect("one"))
        })
        .collect();
    assert_eq!(
        short,
        ["ai-training allow", "ai-generative-training disallow", "search allow", "data-mining constrain"]
    );
    assert_eq!(log[3]["terms"], "https://p.example");

    let out = |vocabulary: &str| {
        let line = format!("registry log --registry {{}}/r --vocabulary {vocabulary} --as-of 2026-11-21");
        earmark(&line, folder.path()).objects()
    };
    let aipref = &out("aipref")[0];
    assert_eq!(aipref["aipref"], "train-ai=n, ai-use=n, search=y");
    assert_eq!(aipref["declarations"], serde_json::json!([1, 2, 3, 4]));
    assert!(aipref["lost"].to_string().contains("territories of 4"), "{aipref}");
    assert_eq!(out("tdmrep")[0]["tdmrep"][0]["tdm-policy"], "https://p.example");
    assert_eq!(out("cawg")[0]["cawg"]["data"]["entries"]["cawg.ai_generative_training"]["use"], "notAllowed");
}

#[test]
fn an_export_makes_an_equal_registry() {
    let folder = folder();
    fill(&folder.path().join("r"));
    with(
        &["registry", "owner", "Halden Bay Records", "--parent", "Group", "--confirm-authority"],
        folder.path(),
    );
    let exported =
        earmark("registry export --registry {}/r --out {}/copy.jsonl --fingerprints", folder.path());
    assert_eq!(exported.code, Some(0), "{}", exported.stderr);
    let imported =
        earmark("registry import {}/copy.jsonl --registry {}/copy --confirm-authority", folder.path());
    assert_eq!(imported.code, Some(0), "{}", imported.stderr);
    assert!(imported.stderr.contains("equal to the exported one"), "{}", imported.stderr);
    assert_eq!(earmark("registry verify --registry {}/copy", folder.path()).code, Some(0));
    let hash = |name: &str| {
        let line = format!("registry info --registry {{}}/{name} --format jsonl");
        earmark(&line, folder.path()).objects()[0]["content_hash"].clone()
    };
    assert_eq!(hash("r"), hash("copy"));
    let scan = |name: &str| {
        let line = format!("scan testdata/scraped --registry {{}}/{name} --format csv --as-of 2026-11-21");
        earmark(&line, folder.path())
    };
    assert_eq!(scan("r").stdout, scan("copy").stdout);
    // Without the audio there is nothing to describe.
    fs::remove_file(folder.path().join("copy.1.seg")).expect("a segment");
    let plain = earmark("registry export --registry {}/r --out {}/plain.jsonl", folder.path());
    assert!(plain.stderr.contains("no fingerprints"), "{}", plain.stderr);
    let nothing = earmark("registry import {}/plain.jsonl --registry {}/empty", folder.path());
    assert_eq!(nothing.code, Some(3));
    assert!(
        nothing.stderr.contains("8 left out") && nothing.stderr.contains("another"),
        "{}",
        nothing.stderr
    );
    let missing = earmark("registry import {}/copy.jsonl --registry {}/none", folder.path());
    assert_eq!(missing.code, Some(2));
    assert!(missing.stderr.contains("copy.1.seg"), "{}", missing.stderr);
}

#[test]
fn label_copy_without_audio_describes_what_is_registered() {
    let folder = folder();
    fill(&folder.path().join("r"));
    let sheet = "ISRC_CODE,Track Title,Rights,Length\nQZHB12500001,Harbour Lights II,Halden Bay Records,9:59\nQZHB12509999,Unknown,,\n,,,\n";
    fs::write(folder.path().join("copy.csv"), sheet).expect("a sheet");
    let import = |rest: &str| {
        let file = folder.path().join("copy.csv");
        let mut arguments = vec!["registry", "import", file.to_str().expect("plain")];
        arguments.extend(["--columns", "isrc=isrc_code,title=Track Title,owner=Rights,duration=Length"]);
        arguments.extend(rest.split_whitespace());
        let registry = folder.path().join("r");
        run(program().args(arguments).args(["--registry", registry.to_str().expect("plain")]))
    };
    let title = || {
        earmark("registry list --registry {}/r --format jsonl", folder.path())
            .objects()
            .iter()
            .find(|row| row["id"] == "QZHB12500001")
            .expect("registered")["title"]
            .clone()
    };
    let before = title();
    let kept = import("");
    assert_eq!(kept.code, Some(3), "{}", kept.stderr);
    for said in [
        "line 2: the registered title kept",
        "QZ-HB1-25-09999 is not registered",
        "line 4",
        "label copy says 599.0 s",
    ] {
        assert!(kept.stderr.contains(said), "{said}: {}", kept.stderr);
    }
    assert_eq!(title(), before);
    assert_eq!(import("--replace").code, Some(3));
    assert_eq!(title(), "Harbour Lights II");
    assert_eq!(earmark("registry verify --registry {}/r", folder.path()).code, Some(0));
}

#[test]
fn a_registry_of_an_older_version_is_brought_forward() {
    let folder = folder();
    let old = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/registries/db1");
    fs::create_dir_all(folder.path().join("segments")).expect("a folder");
    fs::copy(old.join("registry.db"), folder.path().join("registry.db")).expect("a copy");
    fs::copy(old.join("segments/00000001.seg"), folder.path().join("segments/00000001.seg")).expect("a copy");
    let refused = earmark("registry info --registry {}", folder.path());
    assert_eq!(refused.code, Some(2));
    assert!(refused.stderr.contains("earmark registry upgrade --registry"), "{}", refused.stderr);
    let upgraded = earmark("registry upgrade --registry {}", folder.path());
    assert_eq!(upgraded.code, Some(0), "{}", upgraded.stderr);
    assert!(upgraded.stderr.contains("format version 2"), "{}", upgraded.stderr);
    assert_eq!(earmark("registry verify --registry {}", folder.path()).code, Some(0));
}
