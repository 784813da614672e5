//! Ctrl-C.

#![cfg(unix)]

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::support::{earmark, folder, noise_wav, program};

/// Longer than anything here takes on the slowest machine.
const PATIENCE: Duration = Duration::from_secs(120);

fn interrupt(child: &Child) {
    let status = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(status.expect("kill runs").success());
}

/// Waits until the registry is open, which is after Ctrl-C is watched for, and
/// then long enough for reading to begin.
fn wait_for(path: &Path) {
    let start = Instant::now();
    while !path.exists() {
        assert!(start.elapsed() < PATIENCE, "{} does not appear", path.display());
        std::thread::sleep(Duration::from_millis(5));
    }
    std::thread::sleep(Duration::from_millis(500));
}

#[test]
fn the_first_ctrl_c_commits_what_was_read() {
    let folder = folder();
    let registry = folder.path().join("r");
    // Three recordings, then one of them again and again: hours of work.
    let files: Vec<_> = (0..3).map(|i| folder.path().join(format!("{i}.wav"))).collect();
    for (file, seed) in files.iter().zip(1..) {
        noise_wav(file, 30, seed);
    }
    const MANY: usize = 2_000;
    let mut child = program()
        .args(["register", "--threads", "1", "--registry"])
        .arg(&registry)
        .args(files.iter().chain(std::iter::repeat_n(&files[0], MANY)))
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    wait_for(&registry.join("registry.db"));
    interrupt(&child);
    let stderr = BufReader::new(child.stderr.take().expect("a pipe"));
    let said = stderr.lines().map(|line| line.expect("UTF-8") + "\n").collect::<String>();
    let code = child.wait().expect("the program ends").code();
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("finishing the files under way"), "{said}");
    assert!(said.contains("interrupted: what is counted here is registered"), "{said}");

    let verified = earmark("registry verify --registry {}", &registry);
    assert_eq!(verified.code, Some(0), "{verified:?}");
    let listed = earmark("registry list --registry {}", &registry).stdout.lines().count();
    assert!((1..=3).contains(&listed), "the file under way was finished: {listed}");
    let new = format!("earmark: {listed} new, ");
    let duplicates = said.split_once(&new).and_then(|(_, rest)| rest.split_once(" duplicate"));
    let duplicates: usize = duplicates.expect("a summary").0.parse().expect("a count");
    assert!(duplicates < MANY, "the run was over before it was interrupted");

    // The same command goes on where the other stopped.
    let again = earmark("register {}/0.wav {}/1.wav {}/2.wav --registry {}/r", folder.path());
    assert_eq!(again.code, Some(0));
    assert!(again.stderr.contains(&format!("{} new, {listed} duplicate", 3 - listed)), "{}", again.stderr);
}

#[test]
fn the_second_ctrl_c_ends_it_at_once_and_the_registry_is_whole() {
    let folder = folder();
    let registry = folder.path().join("r");
    assert_eq!(
        earmark("register testdata/catalogue/05-night-bus.flac --registry {}", &registry).code,
        Some(0)
    );
    let file = folder.path().join("long.wav");
    // Hours of noise, so that the file under way cannot be finished.
    noise_wav(&file, 3 * 3600, 1);
    let mut child = program()
        .args(["register", "--registry"])
        .arg(&registry)
        .arg(&file)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    wait_for(&registry.join("registry.db-wal"));
    interrupt(&child);
    let mut stderr = BufReader::new(child.stderr.take().expect("a pipe"));
    let mut said = String::new();
    stderr.read_line(&mut said).expect("UTF-8");
    assert!(said.contains("press Ctrl-C again"), "{said}");
    let start = Instant::now();
    interrupt(&child);
    assert_eq!(child.wait().expect("the program ends").code(), Some(130));
    assert!(start.elapsed() < Duration::from_secs(1), "at once: {:?}", start.elapsed());
    let verified = earmark("registry verify --registry {}", &registry);
    assert_eq!(verified.code, Some(0), "{verified:?}");
    assert_eq!(earmark("registry list --registry {}", &registry).stdout.lines().count(), 1);
}
