//! What is found does not depend on how segments came to be.

use std::fs;
use std::path::Path;

use super::support::{earmark, fill, folder, registry, segment};

/// A manifest of some songs of the catalogue, in `folder`.
fn manifest(folder: &Path, name: &str, songs: &[usize]) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/catalogue/");
    let catalogue = fs::read_to_string("testdata/catalogue.csv").expect("the catalogue");
    let catalogue = catalogue.replace("catalogue/", root.to_str().expect("a plain name"));
    let lines: Vec<&str> = catalogue.lines().collect();
    let chosen = [0].iter().chain(songs).map(|line| lines[*line]);
    fs::write(folder.join(name), chosen.collect::<Vec<_>>().join("\n")).expect("writable");
}

fn register(folder: &Path, name: &str, songs: &[usize]) {
    manifest(folder, "songs.csv", songs);
    let run = earmark(&format!("register --manifest {{}}/songs.csv --registry {{}}/{name}"), folder);
    assert_eq!(run.code, Some(0), "{run:?}");
}

fn compact(registry: &Path) {
    assert_eq!(earmark("registry compact --registry {}", registry).code, Some(0));
}

/// The rows about every clip.
fn rows(registry: &Path) -> String {
    let run = earmark("identify testdata/scraped --registry {} --format jsonl", registry);
    assert!(run.stdout.contains("QZHB12500001"), "{run:?}");
    run.stdout
}

#[test]
fn two_batches_merged_are_one_batch() {
    let folder = folder();
    let split = folder.path().join("split");
    register(folder.path(), "split", &[1, 2, 3]);
    register(folder.path(), "split", &[4, 5, 6, 7, 8]);
    let together = rows(registry());
    assert_eq!(rows(&split), together, "in two segments");
    compact(&split);
    assert_eq!(rows(&split), together, "merged");
    let bytes = |registry| fs::read(segment(registry)).expect("a segment");
    assert!(bytes(&split) == bytes(registry()), "the same segment, to the byte");
}

#[test]
fn what_was_removed_and_merged_away_was_never_there() {
    let folder = folder();
    let removed = folder.path().join("removed");
    fill(&removed);
    register(folder.path(), "never", &[1, 3, 4, 5, 6, 7]);
    let ids = earmark("registry list --registry {} --format jsonl", &removed).objects();
    let ids = [&ids[1], &ids[7]].map(|row| row["id"].as_str().expect("an id").to_owned());
    let run = earmark(&format!("registry remove {} --registry {{}}", ids.join(" ")), &removed);
    assert_eq!(run.code, Some(0));
    let never = rows(&folder.path().join("never"));
    compact(&removed);
    assert_eq!(rows(&removed), never);
}
