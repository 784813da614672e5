//! What a disk may hold after a power cut.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use earmark::params::Params;
use earmark::registry::Registry;

use super::work::{self, TURN, WORK};
use super::{Random, times};

const DATABASE: &str = "registry.db";
const LOG: &str = "registry.db-wal";

/// What a disk writes whole or not at all.
const SECTOR: usize = 512;

/// Files by their path in the registry's folder. SQLite's `-shm` is none of them:
/// it is memory, and made anew from the log.
type Files = BTreeMap<String, Vec<u8>>;

#[test]
fn a_power_cut_leaves_a_commit() {
    let cuts = times(80);
    let mut random = Random::new();
    let fingerprint = work::fingerprint();
    let (mut done, mut lost) = (0, [0; WORK.len()]);
    while done < cuts {
        let folder = tempfile::tempdir().unwrap();
        // Open all the time, as a closed one has no log.
        let mut registry = Registry::create(folder.path(), &Params::default()).unwrap();
        for generation in 0..3 * TURN {
            let before = files(folder.path());
            work::commit(&mut registry, generation, &fingerprint);
            let after = files(folder.path());
            let content = registry.info().unwrap().content_hash_hex();
            for _ in 0..3 {
                let cut = Cut { before: &before, after: &after, generation };
                let kept = cut.survive(&mut random, &content);
                lost[(generation % TURN) as usize] += u64::from(!kept);
                done += 1;
            }
        }
    }
    println!("{done} power cuts; commits lost in them: {WORK:?} {lost:?}");
    assert!(lost.iter().all(|lost| *lost > 0), "some of each were lost: {lost:?}");
}

/// A power cut during one commit.
struct Cut<'a> {
    /// What was on the disk when the commit began.
    before: &'a Files,
    /// What would have been after it.
    after: &'a Files,
    /// Number of commits before.
    generation: u64,
}

impl Cut<'_> {
    /// Makes up what the disk holds, checks it and completes the work; whether
    /// the commit had reached the disk.
    fn survive(&self, random: &mut Random, content: &str) -> bool {
        let (database, log) = self.database(random);
        let folder = tempfile::tempdir().unwrap();
        let kept = committed(&database, &log) > self.generation;
        let mut disk = if kept { self.after.clone() } else { self.before.clone() };
        disk.insert(DATABASE.to_owned(), database);
        disk.insert(LOG.to_owned(), log);
        self.segments(kept, &mut disk, random);
        write(&disk, folder.path());

        let context = format!("power cut in commit {} ({kept})", self.generation);
        let (found, _) = work::check(folder.path(), &context);
        assert_eq!(found, self.generation + u64::from(kept), "{context}");
        let mut registry = Registry::open_for_writing(folder.path()).unwrap();
        if !kept {
            work::commit(&mut registry, found, &work::fingerprint());
        }
        assert_eq!(registry.verify().unwrap(), [], "{context}: nothing is left over");
        assert_eq!(registry.info().unwrap().content_hash_hex(), content, "{context}");
        kept
    }

    /// The database and its log: of what was appended to the log, some.
    fn database(&self, random: &mut Random) -> (Vec<u8>, Vec<u8>) {
        let empty = Vec::new();
        let old = self.before.get(LOG).unwrap_or(&empty);
        let new = self.after.get(LOG).unwrap_or(&empty);
        assert!(
            self.before[DATABASE] == self.after[DATABASE] && new.starts_with(old),
            "no checkpoint in so few commits"
        );
        let mut log = new.clone();
        let cut = old.len() + random.below((new.len() - old.len()) as u64 + 1) as usize;
        match random.below(4) {
            0 => log.truncate(cut),
            1 => log[cut..].fill(0),
            2 => log[cut..].iter_mut().for_each(|byte| *byte = random.below(256) as u8),
            _ => {
                // Some sectors were written and some not, in no order.
                for sector in log[old.len()..].chunks_mut(SECTOR) {
                    if random.below(40) == 0 {
                        sector.fill(0);
                    }
                }
            }
        }
        (self.before[DATABASE].clone(), log)
    }

    /// The segments: whole as far as they were synced before the commit.
    fn segments(&self, kept: bool, disk: &mut Files, random: &mut Random) {
        let of = |files: &Files| -> Vec<String> {
            files.keys().filter(|path| path.ends_with(".seg")).cloned().collect()
        };
        if kept {
            // Deleting need not have reached the disk.
            for path in of(self.before) {
                if random.below(2) == 0 {
                    disk.insert(path.clone(), self.before[&path].clone());
                }
            }
            return;
        }
        for path in of(self.after) {
            if self.before.contains_key(&path) {
                continue;
            }
            let mut bytes = self.after[&path].clone();
            let cut = random.below(bytes.len() as u64 + 1) as usize;
            match random.below(4) {
                0 => continue,
                1 => bytes.truncate(cut),
                2 => bytes[cut..].fill(0),
                _ => {}
            }
            let temporary = if random.below(2) == 0 { ".tmp" } else { "" };
            disk.insert(path + temporary, bytes);
        }
    }
}

/// Commits in a database with this log.
fn committed(database: &[u8], log: &[u8]) -> u64 {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(DATABASE), database).unwrap();
    fs::write(folder.path().join(LOG), log).unwrap();
    let connection = rusqlite::Connection::open(folder.path().join(DATABASE)).unwrap();
    let generation: i64 =
        connection.query_row("SELECT generation FROM registry", [], |row| row.get(0)).unwrap();
    generation.unsigned_abs()
}

fn files(folder: &Path) -> Files {
    let mut files = Files::new();
    for name in [DATABASE, LOG] {
        if let Ok(bytes) = fs::read(folder.join(name)) {
            files.insert(name.to_owned(), bytes);
        }
    }
    for entry in fs::read_dir(folder.join("segments")).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        files.insert(format!("segments/{name}"), fs::read(entry.path()).unwrap());
    }
    files
}

fn write(files: &Files, folder: &Path) {
    fs::create_dir(folder.join("segments")).unwrap();
    for (path, bytes) in files {
        fs::write(folder.join(path), bytes).unwrap();
    }
}
