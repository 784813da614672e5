//! Kills the program itself, as people run it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use earmark::registry::{Info, Registry, RegistryError};

use super::{Random, times};

/// Runs `earmark` with `words`, to its end.
fn run(words: &[&str]) -> Output {
    let output = program(words).output().expect("the program starts");
    assert!(output.status.success(), "{words:?}: {output:?}");
    output
}

/// Runs it and kills it after `life`, if it lives so long.
fn killed(words: &[&str], life: Duration) {
    let mut child = program(words).spawn().expect("the program starts");
    std::thread::sleep(life);
    child.kill().expect("SIGKILL");
    child.wait().expect("it is dead");
}

fn program(words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_earmark"));
    command.current_dir(env!("CARGO_MANIFEST_DIR"));
    command.args(words).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// What is there and whole; `None` before anything was committed.
fn checked(folder: &Path) -> Option<Info> {
    let registry = match Registry::open(folder) {
        Ok(registry) => registry,
        Err(RegistryError::NotFound { .. } | RegistryError::NotARegistry { .. }) => return None,
        Err(error) => panic!("{error}"),
    };
    let problems = registry.verify().expect("a database");
    assert!(problems.iter().all(|problem| problem.is_harmless()), "{problems:?}");
    Some(registry.info().expect("figures"))
}

/// Longer than `words` take: kills come at any instant of a run and some after it.
fn life_of(words: &[&str]) -> Duration {
    let start = Instant::now();
    run(words);
    start.elapsed().mul_f64(1.2)
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a plain name")
}

#[test]
fn the_killed_program_is_run_again_and_completes_its_work() {
    let kills = times(24);
    let mut random = Random::new();
    let folder = tempfile::tempdir().expect("temporary folder");
    let (killed_registry, whole) = (folder.path().join("killed"), folder.path().join("whole"));
    let mut songs: Vec<PathBuf> =
        fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/catalogue"))
            .expect("the songs")
            .map(|entry| entry.expect("readable").path())
            .collect();
    songs.sort();

    // Each song in a run of its own: eight segments, which the last run merges.
    let rounds = kills.div_ceil(2 * songs.len() as u64);
    for (song, registered) in songs.iter().zip(1..) {
        let words =
            |registry: &Path| ["register", text(song), "--registry", text(registry)].map(str::to_owned);
        let (again, once) = (words(&killed_registry), words(&whole));
        let (again, once) = (again.each_ref().map(String::as_str), once.each_ref().map(String::as_str));
        let longest = life_of(&once);
        for _ in 0..rounds {
            killed(&again, longest.mul_f64(random.below(1000) as f64 / 1000.0));
            let found = checked(&killed_registry).map_or(0, |info| info.recordings);
            assert!((registered - 1..=registered).contains(&found), "{found} of {registered}");
        }
        run(&again);
        assert_eq!(checked(&killed_registry).expect("a registry").recordings, registered);
    }
    let (found, expected) =
        (checked(&killed_registry).expect("a registry"), checked(&whole).expect("a registry"));
    assert_eq!(found.content_hash, expected.content_hash);
    assert_eq!((found.segments, expected.segments), (1, 1), "eight of a size were merged");

    // Removing and merging, from the same beginning each time.
    let ids: Vec<String> = Registry::open(&whole)
        .expect("a registry")
        .recordings()
        .map(|recording| recording.expect("a row").id)
        .collect();
    let (mut longest_remove, mut longest_compact) = (Duration::ZERO, Duration::ZERO);
    for turn in 0..=kills.div_ceil(4) {
        let copy = folder.path().join(format!("copy-{turn}"));
        copied(&whole, &copy);
        let remove = ["registry", "remove", &ids[0], &ids[1], "--registry", text(&copy)];
        let compact = ["registry", "compact", "--registry", text(&copy)];
        if turn == 0 {
            (longest_remove, longest_compact) = (life_of(&remove), life_of(&compact));
            continue;
        }
        killed(&remove, longest_remove.mul_f64(random.below(1000) as f64 / 1000.0));
        let mut info = checked(&copy).expect("a registry");
        assert!([6, 8].contains(&info.recordings), "both or none");
        if info.recordings == 8 {
            run(&remove);
            info = checked(&copy).expect("a registry");
        }
        killed(&compact, longest_compact.mul_f64(random.below(1000) as f64 / 1000.0));
        let after = checked(&copy).expect("a registry");
        assert_eq!((after.recordings, after.content_hash), (6, info.content_hash));
        assert!([0, 2].contains(&after.tombstones), "merged or not");
        run(&compact);
        let merged = checked(&copy).expect("a registry");
        assert_eq!((merged.segments, merged.tombstones), (1, 0));
        assert_eq!(merged.content_hash, info.content_hash);
        fs::remove_dir_all(&copy).expect("a temporary folder");
    }
}

fn copied(from: &Path, to: &Path) {
    fs::create_dir_all(to.join("segments")).expect("a folder");
    fs::copy(from.join("registry.db"), to.join("registry.db")).expect("a database");
    for entry in fs::read_dir(from.join("segments")).expect("segments") {
        let entry = entry.expect("readable");
        fs::copy(entry.path(), to.join("segments").join(entry.file_name())).expect("a segment");
    }
}
