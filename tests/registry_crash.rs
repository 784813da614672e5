//! Kills a process that is writing a registry, again and again, at any
//! instant, and looks at what is left.
//!
//! The child is this test program itself, started with an environment
//! variable that names the folder. It tells every commit on its standard
//! output *after* the call returned; so what the parent has read must be there
//! after the kill, and what is there must be whole commits.

#![cfg(unix)]

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use earmark::fingerprint::{Fingerprint, Fingerprinter};
use earmark::params::Params;
use earmark::registry::{Facts, NewDeclaration, NewRecording, Permission, Registry, Subject, Use};

const CHILD: &str = "EARMARK_TEST_CRASH_FOLDER";

/// Kills; each at another instant of the child's life.
const KILLS: u64 = 60;

/// Longest life of a child in microseconds: long enough for several commits.
const LONGEST_LIFE_US: u64 = 120_000;

/// Told by a child that has opened the registry and starts to write.
const OPENED: &str = "opened";

/// Recordings in a batch: several, so that half a batch would show.
const BATCH: u64 = 3;

#[test]
fn a_killed_writer_leaves_its_last_commit() {
    if let Some(folder) = std::env::var_os(CHILD) {
        write_until_killed(Path::new(&folder));
    }
    let folder = tempfile::tempdir().unwrap();
    let mut random = 0x9E37_79B9_7F4A_7C15_u64;
    let (mut acknowledged, mut killed_while_writing) = (0, 0);
    let start = Instant::now();
    for kill in 0..KILLS {
        // xorshift64 (Marsaglia 2003): the same instants in every run, as far as the machine allows.
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        // Every other child is sure to be killed while it writes, however slow
        // the machine; the others also while they start, create and open.
        let wait = kill % 2 == 1;
        let told = run_child(folder.path(), wait, Duration::from_micros(random % LONGEST_LIFE_US));
        acknowledged = told.unwrap_or(acknowledged).max(acknowledged);
        killed_while_writing += u64::from(told.is_some());
        let found = check(folder.path(), acknowledged, kill);
        // What was committed but not told any more counts from now on.
        acknowledged = found;
    }
    // A test in which no child ever came to write would prove nothing.
    assert!(
        killed_while_writing >= KILLS / 4,
        "only {killed_while_writing} of {KILLS} children committed anything before they were killed, in {:?}",
        start.elapsed()
    );
    // And the registry goes on working.
    let mut registry = Registry::open_or_create(folder.path(), &Params::default()).unwrap();
    let next = registry.generation().unwrap();
    commit(&mut registry, next, &fingerprint());
    assert_eq!(registry.verify().unwrap(), []);
}

/// Starts a child, kills it after `life`, counted from the moment it has
/// opened the registry if `wait`; the last generation it told.
fn run_child(folder: &Path, wait: bool, life: Duration) -> Option<u64> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "a_killed_writer_leaves_its_last_commit", "--nocapture"])
        .env(CHILD, folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    if wait {
        assert!(lines.by_ref().any(|line| line.contains(OPENED)), "the child ended by itself");
    }
    std::thread::sleep(life);
    // On Unix this is SIGKILL: nothing in the child runs after it.
    child.kill().unwrap();
    child.wait().unwrap();
    let told = |line: &str| line.split_once("committed ").and_then(|(_, rest)| rest.trim().parse().ok());
    lines.filter_map(|line| told(&line)).last()
}

/// Opens what is left; returns its generation.
fn check(folder: &Path, acknowledged: u64, kill: u64) -> u64 {
    if !folder.join("registry.db").exists() {
        assert_eq!(acknowledged, 0, "kill {kill}: the registry is gone");
        return 0;
    }
    let registry = match Registry::open(folder) {
        Ok(registry) => registry,
        // Killed while it was made: nothing was committed yet.
        Err(error) if acknowledged == 0 => {
            eprintln!("kill {kill}: {error}");
            return 0;
        }
        Err(error) => panic!("kill {kill}: {error}"),
    };
    let harmful: Vec<String> = registry
        .verify()
        .unwrap()
        .iter()
        .filter(|problem| !problem.is_harmless())
        .map(ToString::to_string)
        .collect();
    assert!(harmful.is_empty(), "kill {kill}: {harmful:?}");
    registry.index().unwrap();

    let generation = registry.generation().unwrap();
    assert!(generation >= acknowledged, "kill {kill}: told {acknowledged}, found {generation}");
    let mut found: Vec<String> = registry.recordings().map(|recording| recording.unwrap().id).collect();
    found.sort();
    let mut expected: Vec<String> =
        (0..generation).flat_map(|done| expected_after(done, generation)).collect();
    expected.sort();
    assert_eq!(found, expected, "kill {kill}: whole commits only, generation {generation}");
    let declared = (0..generation).filter(|done| done % 3 == 2).count();
    assert_eq!(registry.declarations().unwrap().len(), declared, "kill {kill}");
    generation
}

/// Commit number `generation` (from 0): adds a batch; removes all but the
/// first of it, every other time the whole of it; declares. In turn.
fn commit(registry: &mut Registry, generation: u64, fingerprint: &Fingerprint) {
    match generation % 3 {
        0 => {
            let batch: Vec<NewRecording> = batch(generation)
                .map(|id| NewRecording {
                    audio_hash: *blake3::hash(id.as_bytes()).as_bytes(),
                    id: Some(id),
                    isrcs: Vec::new(),
                    facts: Facts::default(),
                    duration_s: 2.0,
                    source_path: None,
                    fingerprint: fingerprint.clone(),
                })
                .collect();
            registry.add(&batch).unwrap();
        }
        1 => {
            registry.remove(&removed(generation)).unwrap();
        }
        _ => {
            let declaration = NewDeclaration {
                subject: Subject::Recording("0-0".to_owned()),
                use_: Use::AiTraining,
                permission: Permission::Disallow,
                territories: Vec::new(),
                from: None,
                until: None,
                declarant: "Example Music".to_owned(),
                source: None,
                received_at: "2026-11-21T12:00:00Z".parse().unwrap(),
            };
            registry.declare(&[declaration]).unwrap();
        }
    }
    assert_eq!(registry.generation().unwrap(), generation + 1);
}

fn batch(generation: u64) -> impl Iterator<Item = String> {
    (0..BATCH).map(move |place| format!("{generation}-{place}"))
}

/// What the removal with number `generation` takes of the batch before it.
fn removed(generation: u64) -> Vec<String> {
    batch(generation - 1).skip(usize::from(generation.is_multiple_of(2))).collect()
}

/// What is left, at `now`, of what commit `done` added.
fn expected_after(done: u64, now: u64) -> Vec<String> {
    if !done.is_multiple_of(3) {
        return Vec::new();
    }
    let gone = if done + 1 < now { removed(done + 1) } else { Vec::new() };
    batch(done).filter(|id| !gone.contains(id)).collect()
}

fn write_until_killed(folder: &Path) -> ! {
    let mut registry = Registry::open_or_create(folder, &Params::default()).unwrap();
    let fingerprint = fingerprint();
    let mut out = std::io::stdout();
    writeln!(out, "{OPENED}").unwrap();
    out.flush().unwrap();
    loop {
        let generation = registry.generation().unwrap();
        commit(&mut registry, generation, &fingerprint);
        writeln!(out, "committed {}", generation + 1).unwrap();
        out.flush().unwrap();
    }
}

/// Two seconds of noise.
fn fingerprint() -> Fingerprint {
    let mut state = 1_u32;
    let noise: Vec<f32> = (0..24_000)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            state as f32 / u32::MAX as f32 - 0.5
        })
        .collect();
    let mut fingerprinter = Fingerprinter::new(&Params::default());
    fingerprinter.push(&noise);
    fingerprinter.finish()
}
