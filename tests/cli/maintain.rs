//! `earmark registry`.

use std::fs;

use super::support::{earmark, fill, folder, noise_wav, registry, segment};

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
fn compacting_returns_the_space_of_what_was_removed() {
    let folder = folder();
    fill(folder.path());
    let hash = || {
        earmark("registry info --registry {} --format jsonl", folder.path()).objects()[0]["content_hash"]
            .clone()
    };
    assert_eq!(earmark("registry remove windmill-waltz --registry {}", folder.path()).code, Some(0));
    let before = hash();
    let run = earmark("registry compact --registry {} --format jsonl", folder.path());
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""), "{run:?}");
    let summary = &run.objects()[0];
    let number = |key: &str| summary[key].as_u64();
    assert_eq!(
        (number("segments_before"), number("segments_after"), number("dropped")),
        (Some(1), Some(1), Some(1))
    );
    assert!(number("bytes_after") < number("bytes_before"), "{summary}");
    assert_eq!(hash(), before);
    assert_eq!(earmark("registry verify --registry {}", folder.path()).code, Some(0));
    let again = earmark("registry compact --registry {}", folder.path());
    assert!(again.stdout.starts_with("segments: 1 before, 1 after; bytes: "), "{again:?}");
    assert!(again.stdout.ends_with("; removed recordings dropped: 0\n"), "{again:?}");
}

#[test]
fn runs_that_add_a_song_each_are_merged() {
    let folder = folder();
    for seed in 1..=9 {
        noise_wav(&folder.path().join("song.wav"), 3, seed);
        let run = earmark("register {}/song.wav --registry {}/r", folder.path());
        assert_eq!(run.code, Some(0), "{run:?}");
    }
    let info = earmark("registry info --registry {}/r --format jsonl", folder.path()).objects();
    assert_eq!((info[0]["recordings"].as_u64(), info[0]["segments"].as_u64()), (Some(9), Some(2)));
}

#[test]
fn nothing_is_registered_beside_a_damaged_segment() {
    let folder = folder();
    let register = |seed: u32| {
        noise_wav(&folder.path().join("song.wav"), 3, seed);
        earmark("register {}/song.wav --registry {}/r", folder.path())
    };
    for seed in 1..=2 {
        assert_eq!(register(seed).code, Some(0));
    }
    let path = folder.path().join("r/segments/00000001.seg");
    let good = fs::read(&path).expect("a segment");
    let mut bad = good.clone();
    let middle = bad.len() / 2;
    bad[middle] ^= 1;
    fs::write(&path, bad).expect("writable");
    let run = register(3);
    assert_eq!(run.code, Some(2), "{run:?}");
    assert!(run.stderr.contains("00000001.seg was changed from outside"), "{run:?}");
    fs::write(&path, good).expect("writable");
    assert!(register(3).stderr.contains("1 new"));
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
    for command in ["info", "list", "verify", "compact", "remove x"] {
        let run = earmark(&format!("registry {command} --registry {{}}/none"), folder.path());
        assert_eq!(run.code, Some(2), "{command}");
        assert!(run.stderr.contains("there is no registry in"), "{}", run.stderr);
        assert!(!folder.path().join("none").exists());
    }
}
