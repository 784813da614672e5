use std::fs;
use std::path::Path;

use rusqlite::Connection;

use super::*;

/// Copies a registry at rest.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to.join("segments")).unwrap();
    fs::copy(from.join("registry.db"), to.join("registry.db")).unwrap();
    for name in segment_files(from) {
        fs::copy(from.join("segments").join(&name), to.join("segments").join(&name)).unwrap();
    }
}

/// Whether damage is noticed by `verify`, or when it opens.
fn noticed(folder: &Path) -> bool {
    match Registry::open_unchecked(folder) {
        Err(_) => true,
        Ok(registry) => match registry.verify() {
            Err(_) => true,
            Ok(problems) => problems.iter().any(|problem| !problem.is_harmless()),
        },
    }
}

/// What `verify` says about damage, or the error when it opens.
fn told(folder: &Path) -> String {
    match Registry::open_unchecked(folder).and_then(|registry| registry.verify()) {
        Err(error) => error.to_string(),
        Ok(problems) => problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"),
    }
}

/// Asks for everything, so that a panic anywhere shows.
fn read_all(folder: &Path) {
    if let Ok(registry) = Registry::open(folder) {
        let _ = registry.info();
        let _ = registry.index();
        let _ = registry.declarations();
        let _ = registry.recordings().count();
        let _ = registry.recording_by_id("one");
    }
    if let Ok(mut registry) = Registry::open_for_writing(folder) {
        let _ = registry.add(&[named("new", 77)]);
        let _ = registry.declare(&[declaration(Subject::Recording("one".to_owned()), Permission::Allow)]);
        let _ = registry.remove(&["one".to_owned()]);
    }
}

#[test]
fn a_whole_registry_has_no_problems() {
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path());
    assert!(!noticed(folder.path()));
    let moved = tempfile::tempdir().unwrap();
    copy(folder.path(), moved.path());
    assert!(!noticed(moved.path()), "a copied folder is a registry");
}

#[test]
fn every_flipped_byte_of_a_segment_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path());
    let path = folder.path().join("segments/00000002.seg");
    let good = fs::read(&path).unwrap();
    // All of a small file, or a stride that still meets every part of it.
    for place in (0..good.len()).step_by((good.len() / 400).max(1)) {
        let mut bad = good.clone();
        bad[place] ^= 1 << (place % 8);
        fs::write(&path, &bad).unwrap();
        let told = told(folder.path());
        assert!(told.contains("00000002.seg"), "byte {place} of {}: {told}", good.len());
        // Bytes 8 to 11 are the version: of another one nothing more is known.
        let version = (8..12).contains(&place) && told.contains("segment format");
        assert!(version || told.contains("(it holds 1 recording: four)"), "byte {place}: {told}");
    }
    for length in [0, 1, good.len() / 2, good.len() - 1] {
        fs::write(&path, &good[..length]).unwrap();
        assert!(noticed(folder.path()), "cut to {length} bytes");
        read_all_segments(folder.path());
    }
    fs::remove_file(&path).unwrap();
    assert!(noticed(folder.path()), "missing");
    assert!(Registry::open(folder.path()).unwrap().index().is_err(), "and no search without it");
    fs::write(&path, &good).unwrap();
    assert!(!noticed(folder.path()));
}

/// Where a section of a segment starts and its length, by its number in the header.
fn section(bytes: &[u8], number: usize) -> (usize, usize) {
    let at = 40 + 20 * number;
    let field = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap()) as usize;
    (field(at), field(at + 8))
}

/// A registry of one segment: seven recordings, the second removed.
fn seven(folder: &Path) -> std::path::PathBuf {
    let mut registry = Registry::create(folder, &Params::default()).unwrap();
    let recordings: Vec<NewRecording> = (1..=7).map(|seed| named(&format!("r{seed}"), seed)).collect();
    registry.add(&recordings).unwrap();
    registry.remove(&["r2".to_owned()]).unwrap();
    folder.join("segments/00000001.seg")
}

#[test]
fn damaged_peaks_are_laid_at_their_recordings_door() {
    const RECORDING_TABLE: usize = 1;
    const PEAKS: usize = 2;
    let folder = tempfile::tempdir().unwrap();
    let path = seven(folder.path());
    let good = fs::read(&path).unwrap();
    let (table, _) = section(&good, RECORDING_TABLE);
    let (peaks, _) = section(&good, PEAKS);
    let entry = |ordinal: usize, at: usize, length: usize| {
        let start = table + 28 * ordinal + at;
        let mut bytes = [0; 8];
        bytes[..length].copy_from_slice(&good[start..start + length]);
        u64::from_le_bytes(bytes) as usize
    };
    // First, middle and last byte of the peaks of some recordings.
    for (ordinals, expected) in [
        (&[2][..], "the peaks of 1 of its 7 recordings are damaged; restore it from a copy (damaged: r3)"),
        (&[6], "the peaks of 1 of its 7 recordings are damaged; restore it from a copy (damaged: r7)"),
        (
            &[0, 1, 6],
            "the peaks of 3 of its 7 recordings are damaged, 1 of them removed; restore it from a copy (damaged: r1, r7)",
        ),
        (&[1], "the peaks of 1 of its 7 recordings are damaged, 1 of them removed; restore it from a copy"),
    ] {
        for part in 0..3 {
            let mut bad = good.clone();
            for ordinal in ordinals {
                let (start, length) = (peaks + entry(*ordinal, 12, 8), entry(*ordinal, 20, 4));
                bad[start + part * (length - 1) / 2] ^= 1 << ((ordinal + part) % 8);
            }
            fs::write(&path, &bad).unwrap();
            assert_eq!(told(folder.path()), format!("segment {}: {expected}", path.display()));
        }
    }
}

#[test]
fn damaged_lists_concern_the_whole_segment() {
    let folder = tempfile::tempdir().unwrap();
    let path = seven(folder.path());
    let good = fs::read(&path).unwrap();
    for (number, name) in [(1, "recording table"), (3, "posting lists"), (4, "table of the posting lists")] {
        let (start, length) = section(&good, number);
        for place in [start, start + length / 2, start + length - 1] {
            let mut bad = good.clone();
            bad[place] ^= 0x10;
            fs::write(&path, &bad).unwrap();
            let told = told(folder.path());
            assert!(told.contains(&format!("the {name} does not fit its checksum")), "{told}");
            assert!(told.ends_with(" (it holds 6 recordings: r1, r3, r4, r5, r6, ...)"), "{told}");
        }
    }
}

fn read_all_segments(folder: &Path) {
    if let Ok(registry) = Registry::open(folder) {
        let _ = registry.index();
    }
}

#[test]
fn swapped_segments_are_noticed() {
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path());
    let [one, two] = ["00000001.seg", "00000002.seg"].map(|name| folder.path().join("segments").join(name));
    let (first, second) = (fs::read(&one).unwrap(), fs::read(&two).unwrap());
    fs::write(&one, second).unwrap();
    fs::write(&two, first).unwrap();
    assert!(noticed(folder.path()));
}

#[test]
fn flipped_bytes_of_the_database_never_panic_and_mostly_show() {
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path());
    let good = fs::read(folder.path().join("registry.db")).unwrap();
    let content = rows(folder.path());
    let scratch = tempfile::tempdir().unwrap();
    let bad = scratch.path().join("bad");
    // A prime stride, so that every offset of SQLite's structures is met on
    // some page; asking for everything writes, and is done for some only.
    for (turn, place) in (0..good.len()).step_by(131).enumerate() {
        let mut bytes = good.clone();
        bytes[place] ^= 0x55;
        copy(folder.path(), &bad);
        fs::write(bad.join("registry.db"), &bytes).unwrap();
        // Free space in pages and unused header fields mean nothing; where
        // nothing is noticed, the content must be what it was.
        if !noticed(&bad) {
            assert_eq!(rows(&bad), content, "byte {place}");
        }
        if turn % 8 == 0 {
            read_all(&bad);
        }
        fs::remove_dir_all(&bad).unwrap();
    }
}

fn rows(folder: &Path) -> (Vec<Recording>, Log, [u8; 32]) {
    let registry = Registry::open(folder).unwrap();
    let recordings = registry.recordings().map(Result::unwrap).collect();
    (recordings, registry.log().unwrap(), registry.info().unwrap().content_hash)
}

#[test]
fn a_cut_database_is_noticed_and_never_panics() {
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path());
    let path = folder.path().join("registry.db");
    let good = fs::read(&path).unwrap();
    for length in [1, 15, 99, 100, 511, 4095, 4096, 8192, good.len() - 4096, good.len() - 1] {
        let scratch = tempfile::tempdir().unwrap();
        copy(folder.path(), scratch.path());
        fs::write(scratch.path().join("registry.db"), &good[..length]).unwrap();
        assert!(noticed(scratch.path()), "cut to {length} bytes");
        read_all(scratch.path());
    }
}

#[test]
fn changes_from_outside_are_noticed() {
    let changes = [
        ("a recording's owner", "UPDATE recording SET owner = 'Somebody' WHERE id = 'one'"),
        ("a recording dropped", "DELETE FROM recording WHERE id = 'one'"),
        (
            "an ISRC slipped in",
            "INSERT INTO recording_isrc SELECT key, 'QZHB12400001' FROM recording WHERE id = 'one'",
        ),
        (
            "an ISRC that is none",
            "INSERT INTO recording_isrc SELECT key, 'nonsense0000' FROM recording WHERE id = 'one'",
        ),
        (
            "a declaration changed",
            "DROP TRIGGER declaration_no_update; UPDATE declaration SET permission = 'allow' WHERE seq = 1",
        ),
        (
            "a declaration nobody can read",
            "DROP TRIGGER declaration_no_update; UPDATE declaration SET use = 'all' WHERE seq = 1",
        ),
        (
            "a declaration backdated",
            "DROP TRIGGER declaration_no_update; UPDATE declaration SET received_at = '2020-01-01T00:00:00Z' WHERE seq = 2",
        ),
        (
            "the first declaration dropped",
            "DROP TRIGGER declaration_no_delete; DELETE FROM declaration WHERE seq = 1",
        ),
        (
            "the last declaration dropped",
            "DROP TRIGGER declaration_no_delete; DELETE FROM declaration WHERE seq = 2",
        ),
        ("a mandate widened", "DROP TRIGGER mandate_no_update; UPDATE mandate SET valid_from = '2020-01-01'"),
        ("the last row dropped", "DROP TRIGGER owner_no_delete; DELETE FROM owner"),
        (
            "the tombstone gone",
            "UPDATE segment SET tombstones = (SELECT tombstones FROM segment WHERE number = 2)",
        ),
        ("tombstones that are none", "UPDATE segment SET tombstones = x'00'"),
        (
            "a segment too many",
            "INSERT INTO segment SELECT 7, bytes, recordings, hash, tombstones FROM segment WHERE number = 1",
        ),
        (
            "a tombstone of nobody",
            "UPDATE segment SET recordings = 0; DELETE FROM recording WHERE segment = 2",
        ),
        ("an index dropped", "DROP INDEX recording_by_segment"),
        (
            "a foreign trigger",
            "CREATE TRIGGER evil AFTER INSERT ON recording BEGIN DELETE FROM recording; END",
        ),
        ("a key from the future", "UPDATE registry SET next_key = 1"),
        ("the generation's row gone", "DELETE FROM registry"),
        ("other params", "UPDATE registry SET params = '{}'"),
        ("another params id", "UPDATE registry SET params_id = '0000000000000000'"),
    ];
    for (name, sql) in changes {
        let folder = tempfile::tempdir().unwrap();
        fill(folder.path());
        let connection = Connection::open(folder.path().join("registry.db")).unwrap();
        connection.execute_batch(&format!("PRAGMA foreign_keys = OFF; {sql}")).unwrap();
        drop(connection);
        assert!(noticed(folder.path()), "{name}");
        read_all(folder.path());
    }
}

#[test]
fn leftovers_are_ignored_then_swept() {
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path());
    let segments = folder.path().join("segments");
    for name in ["00000003.seg", "00000004.seg.tmp"] {
        fs::write(segments.join(name), "half a segment").unwrap();
    }
    let reader = Registry::open(folder.path()).unwrap();
    let problems = reader.verify().unwrap();
    assert_eq!(problems.len(), 2);
    assert!(problems.iter().all(Problem::is_harmless), "{problems:?}");
    reader.index().unwrap();
    let mut writer = Registry::open_for_writing(folder.path()).unwrap();
    writer.add(&[named("five", 5)]).unwrap();
    assert_eq!(segment_files(folder.path()), ["00000001.seg", "00000002.seg", "00000003.seg"]);
    assert_eq!(writer.verify().unwrap(), []);
}
