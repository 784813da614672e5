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
use std::time::{Duration, Instant};

use earmark::params::Params;
use earmark::registry::{Registry, RegistryError};

use super::work::{self, TURN, WORK};
use super::{Random, times};

const CHILD: &str = "EARMARK_TEST_CRASH_FOLDER";

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
    let turn = time_of_a_turn();
    while done < kills {
        let folder = tempfile::tempdir().unwrap();
        let mut acknowledged = 0;
        for _ in 0..KILLS_PER_REGISTRY.min(kills - done) {
            // Most children are killed some time after a commit, however slow the
            // machine, so that every kind of work is met; the others also while
            // they start, create and open.
            let commits = random.below(TURN + 1).checked_sub(1);
            let longest = if commits.is_some() { turn / 3 } else { turn * 2 };
            let life = longest.mul_f64(random.below(1000) as f64 / 1000.0);
            let told = run_child(folder.path(), commits, life);
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

/// How long this machine takes for every kind of work once.
fn time_of_a_turn() -> Duration {
    let folder = tempfile::tempdir().unwrap();
    let mut registry = Registry::create(folder.path(), &Params::default()).unwrap();
    let fingerprint = work::fingerprint();
    let start = Instant::now();
    (0..TURN).for_each(|generation| work::commit(&mut registry, generation, &fingerprint));
    start.elapsed()
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

/// Starts a child, kills it after `life`, counted from the moment it has told so
/// many commits, if any number is given; the last generation it told.
fn run_child(folder: &Path, commits: Option<u64>, life: Duration) -> Option<u64> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "kill::a_killed_writer_leaves_its_last_commit", "--nocapture"])
        .env(CHILD, folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let committed = |line: String| -> Option<u64> {
        line.split_once("committed ").and_then(|(_, rest)| rest.trim().parse().ok())
    };
    let mut told = None;
    if let Some(commits) = commits {
        assert!(lines.by_ref().any(|line| line.contains(OPENED)), "the child ended by itself");
        for _ in 0..commits {
            told = lines.by_ref().find_map(committed);
            assert!(told.is_some(), "the child ended by itself");
        }
    }
    std::thread::sleep(life);
    // On Unix this is SIGKILL: nothing in the child runs after it.
    child.kill().unwrap();
    child.wait().unwrap();
    lines.filter_map(committed).last().or(told)
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
