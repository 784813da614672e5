//! Registries as earlier versions wrote them, and as this one does: each opens,
//! or is refused with what to do about it.

use std::fs;
use std::path::{Path, PathBuf};

use earmark::params::Params;
use earmark::registry::Registry;

/// What opening a registry must come to.
enum Fate {
    /// It holds these many recordings and declarations, and all is well.
    Opens(u64, u64),
    /// A reader refuses it with what to do; a writer brings it forward, and then
    /// it holds what it held: recordings, declarations and this content hash.
    Upgrades(u64, u64, &'static str),
    /// It is refused with an error that says these things.
    Refused(&'static [&'static str]),
}

/// Every folder of testdata/registries, and testdata/registry, which is of the
/// present version.
const FROZEN: [(&str, Fate); 3] = [
    // Format version 1 of the database, with segments of the present version.
    (
        "registries/db1",
        Fate::Upgrades(8, 5, "d8083da36566bdc521fc0bdd6eae0dd0672b3539ac3109819f72305b10c335a1"),
    ),
    // Pairs beside the triplets, and other posting lists: nothing that this version
    // could search.
    (
        "registries/v1",
        Fate::Refused(&[
            "fingerprints of version 1,",
            "and this earmark makes and reads version ",
            "register the audio again into a new folder",
            "or use the earmark that made it",
        ]),
    ),
    ("registry", Fate::Opens(8, 5)),
];

fn testdata() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata")
}

/// Work on a copy: opening for writing makes files.
fn copied(name: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("temporary folder");
    fs::create_dir(folder.path().join("segments")).expect("a folder");
    for part in ["", "segments"] {
        for entry in fs::read_dir(testdata().join(name).join(part)).expect("the registry is committed") {
            let path = entry.expect("readable").path();
            if path.is_file() {
                let to = folder.path().join(part).join(path.file_name().expect("a name"));
                fs::copy(&path, to).expect("a copy");
            }
        }
    }
    folder
}

/// All is well, and these many recordings and declarations are there.
fn holds(registry: &Registry, recordings: u64, declarations: u64, name: &str) {
    assert_eq!(registry.verify().expect("a database"), [], "{name}");
    let info = registry.info().expect("figures");
    assert_eq!((info.recordings, info.declarations), (recordings, declarations), "{name}");
    assert_eq!(registry.index().expect("segments").recordings().count() as u64, recordings);
}

#[test]
fn every_frozen_registry_opens_or_is_refused_with_what_to_do() {
    for (name, fate) in &FROZEN {
        let folder = copied(name);
        let reader = Registry::open(folder.path());
        match fate {
            Fate::Opens(recordings, declarations) => {
                let registry = reader.unwrap_or_else(|error| panic!("{name}: {error}"));
                holds(&registry, *recordings, *declarations, name);
                Registry::open_for_writing(folder.path()).unwrap_or_else(|error| panic!("{name}: {error}"));
            }
            Fate::Upgrades(recordings, declarations, hash) => {
                let error = reader.expect_err(name).to_string();
                let words = ["registry of format version 1", "earmark registry upgrade --registry"];
                assert!(words.iter().all(|word| error.contains(word)), "{name}: {error}");
                let mut writer = Registry::open_for_writing(folder.path()).expect(name);
                holds(&writer, *recordings, *declarations, name);
                assert_eq!(writer.content_hash_hex().expect("a hash"), *hash, "{name}");
                let old = writer.declarations().expect("declarations");
                let more = writer.declare(&[old[0].row.clone()]).expect("a declaration");
                assert_eq!(more[0].seq, declarations + 1, "{name}: the chain goes on");
                drop(writer);
                holds(&Registry::open(folder.path()).expect(name), *recordings, declarations + 1, name);
            }
            Fate::Refused(words) => {
                let before = fs::read(folder.path().join("registry.db")).expect("a database");
                let error = reader.expect_err(name).to_string();
                assert!(error.contains("registry.db"), "{name}: {error}");
                assert!(words.iter().all(|word| error.contains(word)), "{name}: {error}");
                // Nor is anything added to it.
                for writer in [
                    Registry::open_for_writing(folder.path()),
                    Registry::open_or_create(folder.path(), &Params::default()),
                ] {
                    assert_eq!(writer.expect_err(name).to_string(), error, "{name}");
                }
                assert!(fs::read(folder.path().join("registry.db")).expect("a database") == before, "{name}");
            }
        }
    }
}

#[test]
fn every_frozen_registry_is_spoken_of_here() {
    let mut folders: Vec<String> = fs::read_dir(testdata().join("registries"))
        .expect("the registries are committed")
        .map(|entry| format!("registries/{}", entry.expect("readable").file_name().to_str().expect("plain")))
        .collect();
    folders.push("registry".to_owned());
    folders.sort();
    let mut spoken_of: Vec<&str> = FROZEN.iter().map(|(name, _)| *name).collect();
    spoken_of.sort_unstable();
    assert_eq!(folders, spoken_of);
}
