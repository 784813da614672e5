//! Readers that may not write, while somebody writes.
//!
//! The reader is another user, which only root can arrange; run by anybody else
//! these tests say so and pass. `EARMARK_SOAK_SECONDS` makes the long one longer.

#![cfg(unix)]

use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use earmark::fingerprint::Fingerprinter;
use earmark::registry::{Consent, Existing, Facts, LabelCopy, NewRecording, Registry};
use serde_json::Value;

use super::support::{Run, earmark, fill, folder, program, run};

/// `nobody` on the systems that have it; a user without a name does as well.
const NOBODY: &str = "65534";

/// The program as a user who owns nothing; none where that cannot be arranged.
fn as_nobody() -> Option<Command> {
    let is_root = Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout == b"0\n");
    let program = program();
    let mut command = Command::new("setpriv");
    command.args(["--reuid", NOBODY, "--regid", NOBODY, "--clear-groups"]).arg(program.get_program());
    command.current_dir(program.get_current_dir()?);
    let starts = Command::new("setpriv")
        .args(["--reuid", NOBODY, "--regid", NOBODY, "--clear-groups"])
        .arg(program.get_program())
        .arg("--version")
        .output()
        .is_ok_and(|output| output.status.success());
    if !(is_root && starts) {
        eprintln!("not tested: only root can run the program as another user, with setpriv");
        return None;
    }
    Some(command)
}

fn reading(line: &str, folder: &Path) -> Option<Run> {
    let folder = folder.to_str().expect("temporary folders have plain names");
    let mut command = as_nobody()?;
    Some(run(command.args(line.split_whitespace().map(|word| word.replace("{}", folder)))))
}

fn open_to(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("root may");
}

/// One title for all recordings.
fn retitle(registry: &mut Registry, ids: &[String], title: &str) {
    let rows: Vec<LabelCopy> = ids
        .iter()
        .map(|id| LabelCopy {
            id: Some(id.clone()),
            facts: Facts { title: Some(title.to_owned()), ..Facts::default() },
            ..LabelCopy::default()
        })
        .collect();
    registry.update(&rows, Existing::Replace, &Consent::Withheld).expect("a commit");
}

fn extra(number: u64, params: &earmark::params::Params) -> NewRecording {
    let samples: Vec<f32> = (0..16_000).map(|at| ((at * (number + 7)) % 101) as f32 / 101.0 - 0.5).collect();
    let mut fingerprinter = Fingerprinter::new(params);
    fingerprinter.push(&samples);
    NewRecording {
        id: Some(format!("extra-{number}")),
        isrcs: Vec::new(),
        facts: Facts::default(),
        audio_hash: *blake3::hash(&number.to_le_bytes()).as_bytes(),
        duration_s: 2.0,
        source_path: None,
        fingerprint: fingerprinter.finish(),
    }
}

/// Opens the registry for writing. A program that another test starts holds the lock of
/// the last writer too, from its fork until it is that program.
fn open_for_writing(folder: &Path) -> Registry {
    let until = Instant::now() + Duration::from_secs(10);
    loop {
        match Registry::open_for_writing(folder) {
            Err(earmark::registry::RegistryError::Locked { .. }) if Instant::now() < until => {
                std::thread::sleep(Duration::from_millis(10));
            }
            opened => return opened.expect("a registry"),
        }
    }
}

/// Tells the writer to stop when it is dropped.
struct StopAtEnd<'a>(&'a AtomicBool);

impl Drop for StopAtEnd<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Commits until told to stop; which title each generation has goes into `titles`.
fn keep_writing(
    folder: &Path,
    ids: &[String],
    export: &Path,
    titles: &Mutex<HashMap<u64, String>>,
    stop: &AtomicBool,
) {
    let mut title = "state 0".to_owned();
    for turn in 1.. {
        // Closing takes the write-ahead log away, and opening makes a new one.
        let mut registry = open_for_writing(folder);
        let params = registry.params().clone();
        for step in 0..6 {
            let note = |registry: &Registry, title: &str| {
                let generation = registry.generation().expect("a number");
                titles.lock().expect("no panic").insert(generation, title.to_owned());
            };
            match step {
                0 | 3 => {
                    title = format!("state {turn}.{step}");
                    // A reader may be faster than the noting.
                    let next = registry.generation().expect("a number") + 1;
                    titles.lock().expect("no panic").insert(next, title.clone());
                    retitle(&mut registry, ids, &title);
                }
                1 => {
                    registry.add(&[extra(turn, &params)]).expect("a commit");
                }
                2 => {
                    registry.remove(&[format!("extra-{}", turn.saturating_sub(2))]).expect("a commit");
                }
                4 => {
                    registry.compact(|_, _| ()).expect("a commit");
                }
                _ => {
                    let next = registry.generation().expect("a number") + 1;
                    titles.lock().expect("no panic").insert(next, "state 0".to_owned());
                    title = "state 0".to_owned();
                    let day = jiff::civil::date(2026, 11, 21);
                    registry.import(export, &Consent::Withheld, day).expect("a commit");
                }
            }
            note(&registry, &title);
            if stop.load(Ordering::Relaxed) {
                return;
            }
        }
    }
}

#[test]
#[ignore = "a soak test, by hand: EARMARK_SOAK_SECONDS=600 cargo test --test cli readers -- --ignored"]
fn a_reader_who_may_not_write_sees_one_generation_while_others_write() {
    if as_nobody().is_none() {
        return;
    }
    let seconds = std::env::var("EARMARK_SOAK_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(5);
    let folder = folder();
    open_to(folder.path(), 0o755);
    let place = folder.path().join("r");
    fill(&place);
    let listed = earmark("registry list --registry {} --format jsonl", &place).objects();
    let ids: Vec<String> = listed.iter().map(|row| row["id"].as_str().expect("an id").to_owned()).collect();
    retitle(&mut Registry::open_for_writing(&place).expect("a registry"), &ids, "state 0");
    let export = folder.path().join("copy.jsonl");
    let exported = earmark("registry export --registry {}/r --out {}/copy.jsonl", folder.path());
    assert_eq!(exported.code, Some(0), "{exported:?}");

    let (titles, stop) = (Mutex::new(HashMap::new()), AtomicBool::new(false));
    let first = Registry::open(&place).expect("a registry").generation().expect("a number");
    titles.lock().expect("no panic").insert(first, "state 0".to_owned());
    let mut counts = (0, 0);
    std::thread::scope(|scope| {
        // Also when an assertion fails: the scope waits for the writer.
        let _stopped = StopAtEnd(&stop);
        let writing = scope.spawn(|| keep_writing(&place, &ids, &export, &titles, &stop));
        let until = Instant::now() + Duration::from_secs(seconds);
        while Instant::now() < until || counts.0 < 3 || counts.1 < 1 {
            assert!(!writing.is_finished(), "the writer failed");
            let list = reading("registry list --registry {} --format jsonl", &place).expect("as before");
            assert_eq!((list.code, list.stderr.as_str()), (Some(0), ""), "{list:?}");
            let rows = list.objects();
            let of = |row: &Value| row["title"].as_str().map(str::to_owned);
            let found: Vec<_> =
                rows.iter().filter(|row| ids.iter().any(|id| row["id"] == *id)).map(of).collect();
            assert_eq!(found.len(), ids.len());
            assert!(found.iter().all(|title| *title == found[0]), "{found:?}");
            counts.0 += 1;
            if counts.0 % 4 != 1 {
                continue;
            }
            let scan = reading("scan testdata/scraped/cut.mp3 --registry {} --format jsonl", &place)
                .expect("as before");
            assert!(matches!(scan.code, Some(0 | 1)), "{scan:?}");
            let objects = scan.objects();
            let generation = objects[0]["registry"]["generation"].as_u64().expect("a number");
            let title = objects[1]["matches"][0]["title"].as_str().expect("a match");
            let expected = titles.lock().expect("no panic").get(&generation).cloned();
            assert_eq!(Some(title.to_owned()), expected, "generation {generation}");
            counts.1 += 1;
        }
    });
    let commits = Registry::open(&place).expect("a registry").generation().expect("a number") - first;
    println!("{} listings and {} scans beside {commits} commits in {seconds} s", counts.0, counts.1);
    assert_eq!(earmark("registry verify --registry {}", &place).code, Some(0));
}

#[test]
fn what_may_not_be_read_is_told_so_and_not_called_missing() {
    let folder = folder();
    open_to(folder.path(), 0o755);
    let place = folder.path().join("r");
    fill(&place);
    open_to(&place, 0o700);
    let Some(run) = reading("registry info --registry {}", &place) else { return };
    assert_eq!(run.code, Some(2));
    assert!(run.stderr.contains("ermission denied") && !run.stderr.contains("there is no"), "{run:?}");
    // Reading is enough for reading, also where nothing may be written anywhere beside.
    open_to(&place, 0o755);
    let run = reading("registry info --registry {}", &place).expect("as before");
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
    let run = reading("registry remove windmill-waltz --registry {}", &place).expect("as before");
    assert_eq!(run.code, Some(2));
    assert!(run.stderr.contains("ermission denied"), "{run:?}");
}

/// A file system of a few hundred kilobytes, for as long as the value lives.
struct Small<'a>(&'a Path);

impl<'a> Small<'a> {
    fn new(at: &'a Path) -> Option<Self> {
        fs::create_dir(at).expect("a folder");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=1m", "tmpfs"])
            .arg(at)
            .output()
            .is_ok_and(|output| output.status.success());
        if !mounted {
            eprintln!("not tested: only root can mount a small file system");
        }
        mounted.then_some(Self(at))
    }
}

impl Drop for Small<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0).status();
    }
}

#[test]
fn a_full_disk_stops_no_reader_and_is_called_full() {
    let folder = folder();
    let at = folder.path().join("small");
    let Some(small) = Small::new(&at) else { return };
    fill(&folder.path().join("r"));
    let place = at.join("r");
    fs::create_dir_all(place.join("segments")).expect("a folder");
    for name in ["registry.db", "segments/00000001.seg"] {
        fs::copy(folder.path().join("r").join(name), place.join(name)).expect("room for a copy");
    }
    let mut filling = fs::File::create(at.join("filling")).expect("a file");
    let full = std::io::copy(&mut std::io::repeat(7), &mut filling).expect_err("no room without end");
    assert_eq!(full.kind(), std::io::ErrorKind::StorageFull);

    let scan = earmark("scan testdata/scraped/cut.mp3 --registry {}", &place);
    assert!(matches!(scan.code, Some(0 | 1)), "{scan:?}");
    let declare = earmark(
        "declare --registry {} --isrc QZHB12500001 --use ai-training --disallow --declarant Somebody",
        &place,
    );
    assert_eq!(declare.code, Some(2), "{declare:?}");
    assert!(declare.stderr.contains("room") && !declare.stderr.contains("damaged"), "{declare:?}");
    drop(filling);
    fs::remove_file(at.join("filling")).expect("it was there");
    assert_eq!(earmark("registry verify --registry {}", &place).code, Some(0));
    drop(small);
}
