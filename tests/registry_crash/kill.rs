//! Kills a process that is writing a registry, again and again, at any instant.
//!
//! The child is this test program itself, started with an environment variable
//! that names the folder. It tells every commit on its standard output *after* the
//! call returned; so what the parent has read must be there after the kill. The
//! next child goes on where it was killed.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use earmark::params::Params;
use earmark::registry::{Registry, RegistryError};

use super::work::{self, TURN, WORK};
use super::{Random, times};

const CHILD: &str = "EARMARK_TEST_CRASH_FOLDER";

/// Longest life of a child in microseconds: long enough for several commits.
const LONGEST_LIFE_US: u64 = 120_000;

/// Kills after which a new registry is begun: creating is killed, too, and no
/// registry grows so large that a child comes to nothing.
const KILLS_PER_REGISTRY: u64 = 20;

/// Told by a child that has opened the registry and starts to write.
const OPENED: &str = "opened";

#[test]
fn a_killed_writer_leaves_its_last_commit() {
    if let Some(folder) = std::env::var_os(CHILD) {
        write_until_killed(Path::new(&folder));
    }
    let kills = times(80);
    let mut random = Random::new();
    // What was killed; `None` before the first commit.
    let mut during: HashMap<&str, u64> = HashMap::new();
    // Content after each commit: the same whatever was killed on the way.
    let mut contents: HashMap<u64, String> = HashMap::new();
    let mut while_writing = 0;
    let mut done = 0;
    while done < kills {
        let folder = tempfile::tempdir().unwrap();
        let mut acknowledged = 0;
        for _ in 0..KILLS_PER_REGISTRY.min(kills - done) {
            // Every other child is sure to be killed while it writes, however slow
            // the machine; the others also while they start, create and open.
            let wait = done % 2 == 1;
            let life = Duration::from_micros(random.below(LONGEST_LIFE_US));
            let told = run_child(folder.path(), wait, life);
            while_writing += u64::from(told.is_some());
            acknowledged = told.unwrap_or(acknowledged).max(acknowledged);
            done += 1;
            let Some(found) = left(folder.path(), acknowledged, done, &mut contents) else {
                *during.entry("create").or_default() += 1;
                continue;
            };
            *during.entry(WORK[(found % TURN) as usize]).or_default() += 1;
            // What was committed but not told any more counts from now on.
            acknowledged = found;
        }
        // And the work can be completed.
        let mut registry = Registry::open_or_create(folder.path(), &Params::default()).unwrap();
        let fingerprint = work::fingerprint();
        let next = registry.generation().unwrap();
        for generation in next..(next + 1).next_multiple_of(TURN) {
            work::commit(&mut registry, generation, &fingerprint);
        }
        assert_eq!(registry.verify().unwrap(), [], "the leftovers are gone");
    }
    println!("{kills} kills, by what was under way: {during:?}");
    // A test in which no child ever came to write would prove nothing.
    assert!(while_writing >= kills / 4, "only {while_writing} of {kills} children committed anything");
}

/// Checks what a kill left; its generation, `None` if nothing was created yet.
fn left(folder: &Path, acknowledged: u64, kill: u64, contents: &mut HashMap<u64, String>) -> Option<u64> {
    let context = format!("kill {kill}");
    // Killed while it was made.
    if acknowledged == 0
        && let Err(RegistryError::NotFound { .. } | RegistryError::NotARegistry { .. }) =
            Registry::open(folder)
    {
        return None;
    }
    let (generation, content) = work::check(folder, &context);
    assert!(generation >= acknowledged, "{context}: told {acknowledged}, found {generation}");
    let known = contents.entry(generation).or_insert_with(|| content.clone());
    assert_eq!(*known, content, "{context}: the content of generation {generation}");
    Some(generation)
}

/// Starts a child, kills it after `life`, counted from the moment it has
/// opened the registry if `wait`; the last generation it told.
fn run_child(folder: &Path, wait: bool, life: Duration) -> Option<u64> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "kill::a_killed_writer_leaves_its_last_commit", "--nocapture"])
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

fn write_until_killed(folder: &Path) -> ! {
    let mut registry = Registry::open_or_create(folder, &Params::default()).unwrap();
    let fingerprint = work::fingerprint();
    let mut out = std::io::stdout();
    writeln!(out, "{OPENED}").unwrap();
    out.flush().unwrap();
    loop {
        let generation = registry.generation().unwrap();
        work::commit(&mut registry, generation, &fingerprint);
        writeln!(out, "committed {}", generation + 1).unwrap();
        out.flush().unwrap();
    }
}
