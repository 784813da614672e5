//! The committed test files are what the generator makes, and all there.

#[path = "../examples/make_testdata/catalogue.rs"]
#[allow(dead_code)]
mod catalogue;
#[path = "../examples/make_testdata/encode.rs"]
#[allow(dead_code)]
mod encode;
#[path = "../examples/make_testdata/synth/mod.rs"]
#[allow(dead_code)]
mod synth;
#[path = "../examples/make_testdata/wav.rs"]
mod wav;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn testdata() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata")
}

/// The promise of the generator: the same bytes on every platform.
#[test]
fn the_generator_makes_the_committed_wav_again() {
    let song =
        catalogue::songs().into_iter().find(|song| song.file.ends_with(".wav")).expect("one song is a WAV");
    let committed = fs::read(testdata().join("catalogue").join(song.file)).expect("the song is committed");
    let made = wav::bytes(&song.render());
    let first_difference = made.iter().zip(&committed).position(|(a, b)| a != b);
    assert_eq!(made.len(), committed.len());
    assert_eq!(first_difference, None, "first differing byte");
}

#[test]
fn the_manifest_names_every_song_and_nothing_else() {
    let mut manifest =
        csv::Reader::from_path(testdata().join("catalogue.csv")).expect("the manifest is committed");
    let named: BTreeSet<String> =
        manifest.records().map(|row| row.expect("a row of the manifest")[0].to_owned()).collect();
    let present = files("catalogue").into_iter().map(|file| format!("catalogue/{file}")).collect();
    assert_eq!(named, present);
}

#[test]
fn every_clip_has_an_expected_answer_about_recordings_of_the_catalogue() {
    let known: BTreeSet<&str> = catalogue::songs().iter().map(catalogue::Song::recording).collect();
    let mut expected =
        csv::Reader::from_path(testdata().join("expected.csv")).expect("the answers are committed");
    let mut named = BTreeSet::new();
    for row in expected.records() {
        let row = row.expect("a row of the answers");
        named.insert(row[0].to_owned());
        assert!(row[3].is_empty() || known.contains(&row[3]), "{} is not in the catalogue", &row[3]);
    }
    assert_eq!(named, files("scraped"));
}

/// A clone stays small.
#[test]
fn the_test_data_stays_below_4_mb() {
    let bytes: u64 = walkdir::WalkDir::new(testdata())
        .into_iter()
        .map(|entry| entry.expect("a readable folder").metadata().expect("a readable file"))
        .filter(|metadata| metadata.is_file())
        .map(|metadata| metadata.len())
        .sum();
    assert!(bytes < 4_000_000, "{bytes} bytes");
}

fn files(folder: &str) -> BTreeSet<String> {
    fs::read_dir(testdata().join(folder))
        .expect("the folder is committed")
        .map(|entry| entry.expect("a readable entry").file_name().into_string().expect("plain names"))
        .collect()
}
