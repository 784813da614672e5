//! `earmark registry`.

use std::fs;

use super::support::{earmark, fill, folder, registry, segment};

#[test]
fn info_and_list_tell_what_is_there() {
    let info = earmark("registry info --registry {} --format jsonl", registry()).objects();
    let number = |key: &str| info[0][key].as_u64();
    assert_eq!(number("recordings"), Some(8));
    assert_eq!(number("isrcs"), Some(8));
    assert_eq!(number("declarations"), Some(5));
    assert_eq!((number("segments"), number("tombstones")), (Some(1), Some(0)));
    // One commit of the recordings, one of the declarations.
    assert_eq!(number("generation"), Some(2));
    let table = earmark("registry info --registry {}", registry()).stdout;
    assert!(table.contains(info[0]["content_hash"].as_str().expect("a hash")), "{table}");

    let listed = earmark("registry list --registry {} --format jsonl", registry()).objects();
    assert_eq!(listed.len(), 8);
    assert_eq!(listed[5]["id"], "windmill-waltz");
    assert_eq!(listed[5]["isrcs"], serde_json::json!(["QZHB22400012", "QZHB22500031"]));
    let table = earmark("registry list --registry {}", registry()).stdout;
    assert_eq!(table.lines().count(), 8);
    assert!(table.contains("windmill-waltz"), "{table}");
}

#[test]
fn removing_names_unknown_ids_and_removes_the_others() {
    let folder = folder();
    fill(folder.path());
    let run = earmark("registry remove windmill-waltz nothing --registry {}", folder.path());
    assert_eq!(run.code, Some(3));
    assert!(run.stderr.contains("no recording has the id nothing"), "{}", run.stderr);
    assert!(run.stderr.contains("removed 1 recording\n"), "{}", run.stderr);
    let listed = earmark("registry list --registry {}", folder.path()).stdout;
    assert!(listed.lines().count() == 7 && !listed.contains("windmill"), "{listed}");
    assert_eq!(earmark("registry verify --registry {}", folder.path()).code, Some(0));
    let found = earmark(
        "identify testdata/catalogue/06-windmill-waltz.wav --registry {} --format jsonl",
        folder.path(),
    );
    assert_eq!(found.code, Some(0));
    assert!(!found.stdout.contains("windmill-waltz\""), "{}", found.stdout);

    // It can come back, under a new key.
    let again = earmark("register testdata/catalogue/06-windmill-waltz.wav --registry {}", folder.path());
    assert!(again.stderr.contains("1 new"), "{}", again.stderr);
}

#[test]
fn a_flipped_byte_is_found() {
    let folder = folder();
    fill(folder.path());
    let verify = || earmark("registry verify --registry {}", folder.path());
    let whole = verify();
    assert_eq!((whole.code, whole.stdout.as_str()), (Some(0), ""));
    assert!(
        whole.stderr.contains("all is well: 8 recordings, 1 segment, 5 declarations"),
        "{}",
        whole.stderr
    );

    let segment = segment(folder.path());
    let good = fs::read(&segment).expect("a segment");
    // From the first to the last byte, at places that are not multiples of anything.
    for place in (0..8).map(|i| i * (good.len() - 1) / 7) {
        let mut bad = good.clone();
        bad[place] ^= 0x10;
        fs::write(&segment, bad).expect("writable");
        let run = verify();
        assert_eq!(run.code, Some(2), "byte {place}");
        assert!(run.stdout.contains("00000001.seg"), "byte {place}: {}", run.stdout);
        assert!(run.stderr.contains("is damaged"), "{}", run.stderr);
    }
    fs::write(&segment, &good).expect("writable");
    assert_eq!(verify().code, Some(0));

    let database = folder.path().join("registry.db");
    let text = fs::read(&database).expect("a database");
    let title = text.windows(14).position(|window| window == b"Harbour Lights").expect("a title");
    let mut bad = text.clone();
    bad[title] ^= 1;
    fs::write(&database, bad).expect("writable");
    let run = verify();
    assert_eq!(run.code, Some(2));
    assert!(run.stdout.contains("changed from outside"), "{}", run.stdout);
}

#[test]
fn a_folder_without_a_registry_is_told_how_to_make_one() {
    let folder = folder();
    for command in ["info", "list", "verify", "remove x"] {
        let run = earmark(&format!("registry {command} --registry {{}}/none"), folder.path());
        assert_eq!(run.code, Some(2), "{command}");
        assert!(run.stderr.contains("there is no registry in"), "{}", run.stderr);
        assert!(!folder.path().join("none").exists());
    }
}
