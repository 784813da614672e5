//! Registries that somebody changed by hand, and what every command says to them.

use std::fs;
use std::path::Path;

use roaring::RoaringBitmap;
use rusqlite::{Connection, params};

use super::support::{Run, earmark, fill, folder, mandate};

/// A change to the registry in a folder.
type Change = Box<dyn Fn(&Path)>;

/// What every command has to say to it.
const ALTERED: &str = "was changed from outside";
const OVERTAKEN: &str = "is not what its last writer left";

fn database(registry: &Path) -> Connection {
    Connection::open(registry.join("registry.db")).expect("a database")
}

fn sql(text: &'static str) -> Change {
    Box::new(move |registry| {
        let text = format!("PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON; {text}");
        database(registry).execute_batch(&text).expect(text.as_str());
    })
}

/// As [`sql`] on a table of the log, whose triggers are put back afterwards.
fn log_sql(text: &'static str) -> Change {
    Box::new(move |registry| {
        let connection = database(registry);
        let triggers: Vec<(String, String)> = connection
            .prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'")
            .and_then(|mut found| found.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect())
            .expect("triggers");
        for (name, _) in &triggers {
            connection.execute_batch(&format!("DROP TRIGGER {name}")).expect("a trigger");
        }
        connection.execute_batch(text).expect(text);
        triggers.iter().for_each(|(_, text)| connection.execute_batch(text).expect("a trigger"));
    })
}

/// Changes the tombstones of the one segment.
fn tombstones(change: fn(&mut RoaringBitmap, u32)) -> Change {
    Box::new(move |registry| {
        let connection = database(registry);
        let key: u32 = connection
            .query_row("SELECT key FROM recording WHERE id = 'windmill-waltz'", [], |row| row.get(0))
            .expect("a recording");
        let blob: Vec<u8> =
            connection.query_row("SELECT tombstones FROM segment", [], |row| row.get(0)).expect("a segment");
        let mut bitmap = RoaringBitmap::deserialize_from(&blob[..]).expect("a bitmap");
        change(&mut bitmap, key);
        let mut blob = Vec::new();
        bitmap.serialize_into(&mut blob).expect("memory");
        connection.execute("UPDATE segment SET tombstones = ?1", params![blob]).expect("written");
    })
}

/// Changes the file of the one segment.
fn segment(change: fn(&mut Vec<u8>)) -> Change {
    Box::new(move |registry| {
        let path = super::support::segment(registry);
        let mut bytes = fs::read(&path).expect("a segment");
        change(&mut bytes);
        fs::write(path, bytes).expect("written");
    })
}

/// Another segment of the same size, all of whose checksums fit: the lists of some
/// landmarks are others.
fn forge_lists(bytes: &mut [u8]) {
    const LISTS: usize = 3;
    const HEADER_BYTES: usize = 144;
    let at = 40 + 20 * LISTS;
    let number = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes")) as usize;
    let (start, length) = (number(at), number(at + 8));
    bytes[start + length / 3..start + 2 * length / 3].reverse();
    let crc = crc32fast::hash(&bytes[start..start + length]).to_le_bytes();
    bytes[at + 16..at + 20].copy_from_slice(&crc);
    let crc = crc32fast::hash(&bytes[..HEADER_BYTES - 4]).to_le_bytes();
    bytes[HEADER_BYTES - 4..HEADER_BYTES].copy_from_slice(&crc);
}

/// Removes every row of the log and chains others in their place, with hashes that fit.
fn chain_anew(registry: &Path) {
    use earmark::registry::{NewEntry, Permission, Problem, Registry};

    let entries = Registry::open(registry).expect("a registry").log().expect("a log").into_entries();
    let rows: Vec<NewEntry> = entries
        .into_iter()
        .map(|entry| match entry.row {
            NewEntry::Declaration(mut row) => {
                row.statement = Permission::Allow.into();
                NewEntry::Declaration(row)
            }
            other => other,
        })
        .collect();
    // Whoever does this knows earmark well, and not the file beside the database.
    let head = fs::read(registry.join("registry.head")).expect("a head");
    fs::remove_file(registry.join("registry.head")).expect("it was there");
    log_sql(
        "DELETE FROM declaration; DELETE FROM mandate; DELETE FROM owner;
         UPDATE registry SET log_rows = 0, log_hash = zeroblob(32), generation = generation - 1",
    )(registry);
    let mut writer = Registry::open_for_writing(registry).expect("a registry");
    writer.append(&rows).expect("a commit");
    drop(writer);
    fs::write(registry.join("registry.head"), head).expect("written");
    let problems = Registry::open_unchecked(registry).expect("a registry").verify().expect("a database");
    assert!(problems.iter().all(Problem::is_harmless), "{problems:?}");
}

/// Puts the database of the folder `old` beside the registry in its place.
fn put_back(registry: &Path) {
    let old = registry.with_file_name("old");
    fs::copy(old.join("registry.db"), registry.join("registry.db")).expect("a copy");
}

fn changes() -> Vec<(&'static str, &'static str, Change)> {
    let altered = |name, change: Change| (name, ALTERED, change);
    let overtaken = |name, change: Change| (name, OVERTAKEN, change);
    let owners_swapped = "
        UPDATE recording SET owner = (SELECT group_concat(DISTINCT owner) FROM recording AS other
            WHERE other.owner IS NOT recording.owner) WHERE id = 'windmill-waltz'";
    vec![
        // The log.
        altered(
            "permission, trigger dropped",
            sql(
                "DROP TRIGGER declaration_no_update; UPDATE declaration SET permission = 'allow' WHERE seq = 1",
            ),
        ),
        altered(
            "permission",
            log_sql("UPDATE declaration SET permission = 'allow', terms = NULL WHERE seq = 1"),
        ),
        altered("use", log_sql("UPDATE declaration SET use = 'search' WHERE seq = 2")),
        altered(
            "subject",
            log_sql(
                "UPDATE declaration SET subject = 'QZHB9' WHERE subject_kind = 'prefix'; UPDATE declaration SET subject = subject || 'x' WHERE subject_kind <> 'prefix'",
            ),
        ),
        altered("declarant", log_sql("UPDATE declaration SET declarant = 'Somebody' WHERE seq = 1")),
        altered(
            "terms",
            log_sql("UPDATE declaration SET permission = 'constrain', terms = 'any' WHERE seq = 3"),
        ),
        altered("territories", log_sql("UPDATE declaration SET territories = 'AQ' WHERE seq = 1")),
        altered("from", log_sql("UPDATE declaration SET valid_from = '2099-01-01' WHERE seq = 1")),
        altered("until", log_sql("UPDATE declaration SET valid_until = '2001-01-01' WHERE seq = 1")),
        altered(
            "source",
            log_sql("UPDATE declaration SET source = 'https://elsewhere.example' WHERE seq = 1"),
        ),
        altered("document", log_sql("UPDATE declaration SET document_hash = zeroblob(32) WHERE seq = 1")),
        altered(
            "time of receipt",
            log_sql("UPDATE declaration SET received_at = '2020-01-01T00:00:00Z' WHERE seq = 1"),
        ),
        altered(
            "another writing of the time",
            log_sql("UPDATE declaration SET received_at = replace(received_at, 'Z', '+00:00') WHERE seq = 5"),
        ),
        altered("hash of a row", log_sql("UPDATE declaration SET hash = zeroblob(32) WHERE seq = 2")),
        altered("first row deleted", log_sql("DELETE FROM declaration WHERE seq = 1")),
        altered("row in the middle deleted", log_sql("DELETE FROM declaration WHERE seq = 3")),
        altered("last row deleted", log_sql("DELETE FROM mandate")),
        altered(
            "last row deleted and counted",
            log_sql("DELETE FROM mandate; UPDATE registry SET log_rows = log_rows - 1"),
        ),
        altered(
            "rows swapped",
            log_sql(
                "UPDATE declaration SET seq = -seq WHERE seq IN (1, 2); UPDATE declaration SET seq = 3 + seq WHERE seq < 0",
            ),
        ),
        altered(
            "row added",
            log_sql(
                "INSERT INTO mandate SELECT seq + 1, 'Evil', act, subject_kind, subject, valid_from, valid_until, source, document_hash, received_at, hash FROM mandate",
            ),
        ),
        altered(
            "row added and counted",
            log_sql(
                "INSERT INTO mandate SELECT seq + 1, 'Evil', act, subject_kind, subject, valid_from, valid_until, source, document_hash, received_at, hash FROM mandate; UPDATE registry SET log_rows = log_rows + 1",
            ),
        ),
        altered("mandate's declarant", log_sql("UPDATE mandate SET declarant = 'Evil'")),
        altered("mandate revoked", log_sql("UPDATE mandate SET act = 'revoke'")),
        altered("number of rows", sql("UPDATE registry SET log_rows = log_rows + 1")),
        altered("hash of the log", sql("UPDATE registry SET log_hash = zeroblob(32)")),
        overtaken("log chained anew", Box::new(chain_anew)),
        // Recordings.
        altered("owner", sql("UPDATE recording SET owner = 'Evil' WHERE id = 'windmill-waltz'")),
        altered("owners swapped", sql(owners_swapped)),
        altered("title", sql("UPDATE recording SET title = 'Another' WHERE id = 'windmill-waltz'")),
        altered("id", sql("UPDATE recording SET id = 'renamed' WHERE id = 'windmill-waltz'")),
        altered("duration", sql("UPDATE recording SET duration_s = 1 WHERE id = 'windmill-waltz'")),
        altered(
            "audio hash",
            sql("UPDATE recording SET audio_hash = zeroblob(32) WHERE id = 'windmill-waltz'"),
        ),
        altered(
            "key",
            sql(
                "UPDATE recording_isrc SET recording = 900 WHERE recording = 1; UPDATE recording SET key = 900 WHERE key = 1; UPDATE registry SET next_key = 1000",
            ),
        ),
        altered("key beyond the next", sql("UPDATE registry SET next_key = 3")),
        altered("segment of a recording", sql("UPDATE recording SET segment = 7 WHERE key = 1")),
        altered(
            "recording deleted",
            sql("DELETE FROM recording_isrc WHERE recording = 1; DELETE FROM recording WHERE key = 1"),
        ),
        altered("ISRC added", sql("INSERT INTO recording_isrc VALUES (1, 'QZHB12400001')")),
        altered("ISRC deleted", sql("DELETE FROM recording_isrc WHERE recording = 1")),
        altered(
            "ISRCs swapped",
            sql(
                "UPDATE recording_isrc SET recording = 99 WHERE recording = 1; UPDATE recording_isrc SET recording = 1 WHERE recording = 2; UPDATE recording_isrc SET recording = 2 WHERE recording = 99",
            ),
        ),
        altered("ISRC of nobody", sql("INSERT INTO recording_isrc VALUES (777, 'QZHB12400001')")),
        altered("hash of the recordings", sql("UPDATE registry SET recordings_hash = zeroblob(2048)")),
        // Segments.
        altered(
            "tombstone added",
            tombstones(|bitmap, key| {
                bitmap.insert(key);
            }),
        ),
        altered(
            "tombstone of nobody",
            tombstones(|bitmap, _| {
                bitmap.insert(4_000_000);
            }),
        ),
        altered(
            "recording deleted and buried",
            Box::new(|registry| {
                tombstones(|bitmap, key| {
                    bitmap.insert(key);
                })(registry);
                sql(
                    "DELETE FROM recording_isrc WHERE recording = (SELECT key FROM recording WHERE id = 'windmill-waltz'); DELETE FROM recording WHERE id = 'windmill-waltz'",
                )(registry);
            }),
        ),
        altered("segment deleted from the list", sql("DELETE FROM segment")),
        altered("size of a segment", sql("UPDATE segment SET bytes = bytes + 1")),
        altered("recordings of a segment", sql("UPDATE segment SET recordings = recordings + 1")),
        altered("hash of a segment", sql("UPDATE segment SET hash = zeroblob(32)")),
        altered("lists forged", segment(|bytes| forge_lists(bytes))),
        altered(
            "a bit in the peaks",
            segment(|bytes| {
                let at = bytes.len() / 2;
                bytes[at] ^= 1;
            }),
        ),
        altered("bytes behind a segment", segment(|bytes| bytes.push(0))),
        // The schema.
        altered(
            "trigger added",
            sql(
                "CREATE TRIGGER evil AFTER INSERT ON declaration BEGIN UPDATE recording SET owner = 'Evil'; END",
            ),
        ),
        altered("view added", sql("CREATE VIEW v AS SELECT * FROM recording")),
        altered("table added", sql("CREATE TABLE notes (a)")),
        altered("column added", sql("ALTER TABLE mandate ADD COLUMN note TEXT")),
        altered("index added", sql("CREATE INDEX i ON recording (title)")),
        altered("index dropped", sql("DROP INDEX recording_by_segment")),
        altered("trigger dropped", sql("DROP TRIGGER mandate_no_delete")),
        altered(
            "table replaced by a view",
            sql("ALTER TABLE mandate RENAME TO m; CREATE VIEW mandate AS SELECT * FROM m"),
        ),
        // The whole.
        overtaken("generation", sql("UPDATE registry SET generation = generation - 1")),
        overtaken("older database", Box::new(put_back)),
    ]
}

/// Every command that opens a registry, but `verify`. `{r}` is the registry.
const COMMANDS: [&str; 15] = [
    "scan testdata/scraped/cut.mp3 --registry {r}",
    "identify testdata/scraped/cut.mp3 --registry {r}",
    "rescan {}/report.jsonl --fingerprints {}/all.efp --registry {r} --out {}/out",
    "report {}/report.jsonl --html {}/out --registry {r}",
    "report verify {}/report.jsonl --registry {r}",
    "evidence {}/report.jsonl --path testdata/scraped/cut.mp3 --registry {r} --out {}/out",
    "declare --registry {r} --isrc QZHB12500001 --use ai-training --allow --declarant Somebody",
    "register testdata/scraped/noise.ogg --registry {r}",
    "registry export --registry {r} --out {}/out",
    "registry info --registry {r}",
    "registry list --registry {r}",
    "registry log --registry {r}",
    "registry mandate Somebody --prefix QZHB1 --registry {r} --confirm-authority",
    "registry remove windmill-waltz --registry {r}",
    "registry compact --registry {r}",
];

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to.join("segments")).expect("a folder");
    for part in ["", "segments"] {
        for entry in fs::read_dir(from.join(part)).expect("a registry").flatten() {
            if entry.path().is_file() {
                fs::copy(entry.path(), to.join(part).join(entry.file_name())).expect("a copy");
            }
        }
    }
}

fn with(command: &str, registry: &Path, folder: &Path) -> Run {
    earmark(&command.replace("{r}", registry.to_str().expect("a plain name")), folder)
}

#[test]
fn every_alteration_is_noticed_by_every_command() {
    let folder = folder();
    let folder = folder.path();
    let whole = folder.join("r");
    fill(&whole);
    copy(&whole, &folder.join("old"));
    mandate(&whole, "Agency", "QZHB1");
    assert_eq!(earmark("fingerprint testdata/scraped/cut.mp3 --out {}/all.efp", folder).code, Some(0));
    let scan = earmark("scan {}/all.efp --registry {}/r --format jsonl --out {}/report.jsonl", folder);
    assert!(matches!(scan.code, Some(0 | 1)), "{scan:?}");
    // The fast commands run on every alteration, the others on some of each kind.
    let changes = changes();
    for (turn, (name, said, change)) in changes.iter().enumerate() {
        let place = folder.join("altered");
        copy(&whole, &place);
        // A copy of the last writer's lock would not be there.
        let _ = fs::remove_file(place.join("writer.lock"));
        change(&place);
        let before = fs::read(place.join("registry.db")).expect("a database");
        for (number, command) in COMMANDS.iter().enumerate() {
            // Scan and declare always; of the others each third alteration another.
            if !(number == 0 || number == 6 || (turn + number) % 3 == 0) {
                continue;
            }
            let run = with(command, &place, folder);
            assert_eq!(run.code, Some(2), "{name}, {command}: {run:?}");
            assert!(run.stderr.contains(said), "{name}, {command}: {}", run.stderr);
            assert!(run.stderr.contains("rom a copy"), "what to do is said: {}", run.stderr);
            assert_eq!(run.stdout, "", "{name}, {command}");
            assert!(!folder.join("out").exists(), "{name}, {command}");
        }
        assert!(fs::read(place.join("registry.db")).expect("a database") == before, "{name}: written to");
        if *said == ALTERED {
            let verified = with("registry verify --registry {r}", &place, folder);
            assert_eq!(verified.code, Some(2), "{name}: {verified:?}");
            assert_ne!(verified.stdout, "", "{name}");
        }
        fs::remove_dir_all(&place).expect("removed");
    }
    assert!(changes.len() > 55, "{}", changes.len());
    // And nothing of this is said to the registry itself.
    for command in COMMANDS {
        let run = with(command, &whole, folder);
        assert!(matches!(run.code, Some(0 | 1)), "{command}: {run:?}");
        assert!(!run.stderr.contains(ALTERED) && !run.stderr.contains(OVERTAKEN), "{command}: {run:?}");
        let out = folder.join("out");
        let _ = fs::remove_file(&out);
        let _ = fs::remove_dir_all(&out);
    }
}

#[test]
fn a_database_that_was_put_back_on_purpose_is_accepted_by_deleting_what_was_noted() {
    let folder = folder();
    let whole = folder.path().join("r");
    fill(&whole);
    copy(&whole, &folder.path().join("old"));
    mandate(&whole, "Agency", "QZHB1");
    put_back(&whole);
    let run = with("registry info --registry {r}", &whole, folder.path());
    assert!(run.stderr.contains("its log has 5 rows and had 6"), "{run:?}");
    assert!(run.stderr.contains("registry.head to accept it as it is"), "{run:?}");
    fs::remove_file(whole.join("registry.head")).expect("it was there");
    assert_eq!(with("registry info --registry {r}", &whole, folder.path()).code, Some(0));
    // What cannot be read is no memory to be trusted.
    mandate(&whole, "Agency", "QZHB1");
    fs::write(whole.join("registry.head"), "nonsense").expect("written");
    let run = with("registry info --registry {r}", &whole, folder.path());
    assert!(run.stderr.contains("what was noted of it cannot be read"), "{run:?}");
}
