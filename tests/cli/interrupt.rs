//! Ctrl-C.

#![cfg(unix)]

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::support::{earmark, folder, noise_wav, program, registry, run};

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
    assert!(said.contains("stopping; press Ctrl-C again"), "{said}");
    assert!(said.contains("interrupted: what is counted here is registered"), "{said}");

    let verified = earmark("registry verify --registry {}", &registry);
    assert_eq!(verified.code, Some(0), "{verified:?}");
    let listed = earmark("registry list --registry {}", &registry).stdout.lines().count();
    assert!((1..=3).contains(&listed), "what was read was registered: {listed}");
    let new = format!("earmark: {listed} new, ");
    let duplicates = said.split_once(&new).and_then(|(_, rest)| rest.split_once(" duplicate"));
    let duplicates: usize = duplicates.expect("a summary").0.parse().expect("a count");
    assert!(duplicates < MANY, "the run was over before it was interrupted");

    // The same command goes on where the other stopped.
    let again = earmark("register {}/0.wav {}/1.wav {}/2.wav --registry {}/r", folder.path());
    assert_eq!(again.code, Some(0));
    assert!(again.stderr.contains(&format!("{} new, {listed} duplicate", 3 - listed)), "{}", again.stderr);
}

/// Hours of noise, so that the file under way cannot be finished.
fn endless(path: &Path) {
    noise_wav(path, 3 * 3600, 1);
}

#[test]
fn ctrl_c_ends_a_scan_soon_whatever_a_file_does() {
    let folder = folder();
    let at = |name: &str| folder.path().join(name);
    for (seed, name) in ["0.wav", "1.wav"].into_iter().enumerate() {
        noise_wav(&at(name), 4, seed as u32);
    }
    endless(&at("2.wav"));
    noise_wav(&at("3.wav"), 4, 3);
    let words = |more: &str| {
        let line = format!(
            "scan {{}}/0.wav {{}}/1.wav {{}}/2.wav {{}}/3.wav --registry {} --format jsonl --as-of 2026-11-21 \
             --threads 2 --out {{}}/o.jsonl {more}",
            registry().display()
        );
        let names = folder.path().to_str().expect("a plain name").to_owned();
        line.split_whitespace().map(|word| word.replace("{}", &names)).collect::<Vec<_>>()
    };
    let mut child = program()
        .args(words(""))
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let start = Instant::now();
    let rows = || fs::read_to_string(at("o.jsonl.part")).map_or(0, |text| text.lines().count());
    // The header, and the rows before the file that does not end.
    while rows() < 3 {
        assert!(start.elapsed() < PATIENCE, "no rows appear");
        std::thread::sleep(Duration::from_millis(5));
    }
    let start = Instant::now();
    interrupt(&child);
    let mut said = String::new();
    child.stderr.take().expect("a pipe").read_to_string(&mut said).expect("UTF-8");
    assert_eq!(child.wait().expect("the program ends").code(), Some(3), "{said}");
    // Half a second, on a machine that has nothing else to do.
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
    assert!(said.contains("interrupted: the results so far are in"), "{said}");
    assert_eq!(rows(), 3, "what was delivered is there");
    assert!(!at("o.jsonl.in-work").exists(), "an end in order accuses no file");

    let again = run(program().args(words("--resume --file-timeout 1")));
    assert!(again.stderr.contains("resuming behind 2 rows"), "{}", again.stderr);
    let text = fs::read_to_string(at("o.jsonl")).expect("the report");
    let errors: Vec<Value> = text
        .lines()
        .skip(1)
        .map(|line| serde_json::from_str::<Value>(line).expect("a row")["error"].clone())
        .collect();
    assert_eq!(errors.len(), 4);
    assert!(errors[2].as_str().is_some_and(|error| error.starts_with("took longer than 1 s")), "{errors:?}");
    assert!([0, 1, 3].iter().all(|row| errors[*row].is_null()), "{errors:?}");
}

#[test]
fn a_second_ctrl_c_is_no_worse_and_the_registry_is_whole() {
    let folder = folder();
    let registry = folder.path().join("r");
    assert_eq!(
        earmark("register testdata/catalogue/05-night-bus.flac --registry {}", &registry).code,
        Some(0)
    );
    let file = folder.path().join("long.wav");
    endless(&file);
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
    // On a machine that is busy it may have ended by itself.
    let code = child.wait().expect("the program ends").code();
    assert!(matches!(code, Some(130 | 3)), "{code:?}");
    assert!(start.elapsed() < Duration::from_secs(5), "at once: {:?}", start.elapsed());
    let verified = earmark("registry verify --registry {}", &registry);
    assert_eq!(verified.code, Some(0), "{verified:?}");
    assert_eq!(earmark("registry list --registry {}", &registry).stdout.lines().count(), 1);
}

/// Whether the note of what is in work names the file, and how many others.
fn in_work(note: &Path, name: &str) -> Option<usize> {
    let text = fs::read(note).ok()?;
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().filter(|line| line.starts_with("in-work")).collect();
    lines.iter().any(|line| line.contains(name)).then(|| lines.len() - 1)
}

#[test]
fn a_file_that_kills_the_process_twice_is_passed_over() {
    let folder = folder();
    let at = |name: &str| folder.path().join(name);
    noise_wav(&at("0.wav"), 4, 1);
    endless(&at("1.wav"));
    endless(&at("2.wav"));
    noise_wav(&at("3.wav"), 4, 2);
    let words = |more: &str| {
        let line = format!(
            "scan {{}}/0.wav {{}}/1.wav {{}}/2.wav {{}}/3.wav --registry {} --format jsonl --as-of 2026-11-21 \
             --threads 2 --out {{}}/o.jsonl --resume {more}",
            registry().display()
        );
        let names = folder.path().to_str().expect("a plain name").to_owned();
        line.split_whitespace().map(|word| word.replace("{}", &names)).collect::<Vec<_>>()
    };
    let note = at("o.jsonl.in-work");
    // Runs until the file and so many others are in work, and kills the process.
    let killed = |others: usize| {
        let mut child = program().args(words("")).stderr(Stdio::null()).spawn().expect("the program starts");
        let start = Instant::now();
        while in_work(&note, "1.wav") != Some(others) || in_work(&note, "0.wav").is_some() {
            assert!(start.elapsed() < PATIENCE, "the file is not in work beside {others} others");
            std::thread::sleep(Duration::from_millis(5));
        }
        // Long enough for another file to begin, if one is to.
        std::thread::sleep(Duration::from_millis(300));
        assert_eq!(in_work(&note, "1.wav"), Some(others));
        child.kill().expect("SIGKILL");
        child.wait().expect("it is dead");
    };
    killed(1);
    // Both are suspected now, and each is tried alone.
    killed(0);
    let text = fs::read_to_string(&note).expect("the note");
    assert_eq!(text.lines().filter(|line| line.starts_with("suspect 1 ")).count(), 2, "{text}");
    let left = fs::read(&note).expect("the note");

    let run_on = |more: &str| {
        let out = run(program().args(words(more)));
        assert_eq!(out.code, Some(3), "{}", out.stderr);
        assert!(!note.exists(), "nothing has to be known any more");
        let text = fs::read_to_string(at("o.jsonl")).expect("the report");
        let rows = text.lines().skip(1).map(|line| serde_json::from_str::<Value>(line).expect("a row"));
        (rows.collect::<Vec<_>>(), out.stderr)
    };
    let part = fs::read(at("o.jsonl.part")).expect("what was done");
    // Whoever knows that he killed it himself removes the note, and all are tried again.
    fs::remove_file(&note).expect("the note");
    let (rows, _) = run_on("--file-timeout 1");
    let late =
        |row: &Value| row["error"].as_str().is_some_and(|error| error.starts_with("took longer than 1 s"));
    assert!(rows[0]["error"].is_null() && late(&rows[1]) && late(&rows[2]), "{rows:?}");

    fs::remove_file(at("o.jsonl")).expect("the report");
    fs::write(at("o.jsonl.part"), part).expect("what was done");
    fs::write(&note, left).expect("the note");
    let (rows, said) = run_on("--file-timeout 1");
    assert!(said.contains("killed with 1 file in work: each is tried again alone"), "{said}");
    assert!(said.contains("1 file passed over; remove"), "{said}");
    assert_eq!(rows.len(), 4);
    assert_eq!(rows[1]["verdict"], "error");
    let error = rows[1]["error"].as_str().expect("an error");
    assert!(error.starts_with("is passed over: the process was killed twice"), "{error}");
    assert!(late(&rows[2]), "{}", rows[2]);
    assert!(rows[0]["error"].is_null() && rows[3]["error"].is_null());
}
