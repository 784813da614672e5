use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rusqlite::Connection;

use super::*;

/// Everything that answers depend on.
fn told(snapshot: &Snapshot) -> impl PartialEq + std::fmt::Debug + use<> {
    let index = snapshot.index();
    let live = |at: &_| !index.is_removed(index.recording(*at).key);
    let peaks: Vec<_> =
        index.recordings().filter(live).map(|at| (index.recording(at).key, index.peaks(at))).collect();
    let recordings: Vec<Recording> = snapshot.recordings().collect();
    let found: Vec<_> = recordings
        .iter()
        .map(|recording| {
            let by_isrc = recording.isrcs.iter().flat_map(|isrc| snapshot.recordings_with_isrc(isrc));
            (snapshot.recording(recording.key), snapshot.recording_by_id(&recording.id), by_isrc.count())
        })
        .collect();
    (
        (snapshot.generation(), snapshot.content_hash(), snapshot.id_hex().map(str::to_owned)),
        (snapshot.recordings_state(), snapshot.recording_count(), snapshot.log().clone()),
        (recordings, found, peaks),
    )
}

fn with_isrcs(id: &str, seed: u32, isrcs: &[&str]) -> NewRecording {
    let isrcs = isrcs.iter().map(|isrc| isrc.parse().unwrap()).collect();
    NewRecording { isrcs, ..named(id, seed) }
}

#[test]
fn a_snapshot_says_what_the_database_says() {
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path());
    let isrcs = ["QZHB12600002", "QZHB12600001"];
    let mut registry = Registry::open_for_writing(folder.path()).unwrap();
    registry.add(&[with_isrcs("five", 5, &isrcs), with_isrcs("six", 6, &isrcs[..1])]).unwrap();
    let snapshot = Snapshot::open(folder.path()).unwrap();
    assert_eq!(snapshot.params(), registry.params());
    assert_eq!(snapshot.generation(), registry.generation().unwrap());
    assert_eq!(snapshot.content_hash(), registry.info().unwrap().content_hash);
    assert_eq!(snapshot.content_hash_hex(), registry.content_hash_hex().unwrap());
    assert_eq!(snapshot.id_hex().map(str::to_owned), registry.id_hex().unwrap());
    assert_eq!(snapshot.recordings_state(), registry.recordings_state().unwrap());
    assert_eq!(*snapshot.log(), registry.log().unwrap());
    let all: Vec<Recording> = registry.recordings().map(Result::unwrap).collect();
    assert_eq!(snapshot.recordings().collect::<Vec<_>>(), all);
    assert_eq!(snapshot.recording_count(), all.len());
    for recording in &all {
        assert_eq!(snapshot.recording(recording.key).as_ref(), Some(recording));
        assert_eq!(snapshot.recording_by_id(&recording.id).as_ref(), Some(recording));
    }
    for isrc in isrcs.map(|isrc| isrc.parse().unwrap()) {
        assert_eq!(snapshot.recordings_with_isrc(&isrc), registry.recordings_with_isrc(&isrc).unwrap());
    }
    assert_eq!(snapshot.recording_by_id("two"), None, "it was removed");
}

#[test]
fn a_reload_finds_what_a_new_reader_finds_whatever_was_committed() {
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path());
    let reader = RegistryReader::open(folder.path()).unwrap();
    assert!(!reader.reload().unwrap(), "nothing was committed");
    let facts = Facts { title: Some("Night Bus".to_owned()), ..Facts::default() };
    let copy = LabelCopy { id: Some("one".to_owned()), facts, ..LabelCopy::default() };
    let gone = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>();
    type Commit<'a> = (&'a str, &'a dyn Fn(&mut Registry));
    let commits: [Commit<'_>; 8] = [
        ("add", &|writer| drop(writer.add(&[with_isrcs("five", 5, &["QZHB12600001"])]).unwrap())),
        ("declare", &|writer| {
            drop(writer.declare(&[declaration(Subject::Everything, Permission::Allow)]).unwrap())
        }),
        ("owner", &|writer| drop(writer.append(&[owner("Halden", &[], None, None).into()]).unwrap())),
        ("update", &|writer| {
            drop(writer.update(std::slice::from_ref(&copy), Existing::Keep, &agreed()).unwrap())
        }),
        ("remove", &|writer| drop(writer.remove(&gone(&["four"])).unwrap())),
        ("add and remove", &|writer| {
            writer.add(&[named("six", 6), named("seven", 7)]).unwrap();
            writer.remove(&gone(&["one", "six"])).unwrap();
        }),
        ("compact", &|writer| assert!(writer.compact(|_, _| ()).is_ok())),
        ("all at once", &|writer| {
            writer.add(&[named("eight", 8)]).unwrap();
            writer.declare(&[declaration(Subject::Everything, Permission::Disallow)]).unwrap();
            writer.compact(|_, _| ()).unwrap();
            writer.remove(&gone(&["seven"])).unwrap();
        }),
    ];
    let mut kept = vec![(reader.snapshot(), told(&reader.snapshot()))];
    let mut writer = Registry::open_for_writing(folder.path()).unwrap();
    for (what, commit) in commits {
        commit(&mut writer);
        assert!(reader.reload().unwrap(), "{what}");
        let fresh = told(&Snapshot::open(folder.path()).unwrap());
        assert_eq!(told(&reader.snapshot()), fresh, "{what}");
        assert!(!reader.reload().unwrap(), "{what}");
        kept.push((reader.snapshot(), fresh));
    }
    for (snapshot, before) in &kept {
        assert_eq!(told(snapshot), *before, "a snapshot stays as it was");
    }
}

#[test]
fn a_reload_takes_up_a_registry_that_was_put_in_the_place_of_another() {
    let folder = tempfile::tempdir().unwrap();
    let (place, other) = (folder.path().join("registry"), folder.path().join("other"));
    fill(&place);
    fill(&other);
    Registry::open_for_writing(&other).unwrap().remove(&["one".to_owned()]).unwrap();
    let reader = RegistryReader::open(&place).unwrap();
    std::fs::rename(&place, folder.path().join("old")).unwrap();
    assert!(matches!(reader.reload(), Err(RegistryError::NotFound { .. })));
    assert_eq!(reader.snapshot().recording_count(), 3, "what is known is still known");
    std::fs::rename(&other, &place).unwrap();
    assert!(reader.reload().unwrap());
    assert_eq!(told(&reader.snapshot()), told(&Snapshot::open(&place).unwrap()));
}

#[test]
fn many_commits_leave_no_trace_of_a_reader_that_lives() {
    const COMMITS: u64 = 10_000;
    // SQLite writes its log back when it has a thousand pages of 4 KiB.
    const MOST_LOG_BYTES: u64 = 2 * 1000 * 4096;
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path());
    let reader = RegistryReader::open(folder.path()).unwrap();
    let first = reader.snapshot();
    let mut writer = Registry::open_for_writing(folder.path()).unwrap();
    let row = declaration(Subject::Recording("one".to_owned()), Permission::Allow);
    let mut most = 0;
    for commit in 0..COMMITS {
        writer.declare(std::slice::from_ref(&row)).unwrap();
        if commit % 100 == 0 {
            let log = std::fs::metadata(folder.path().join("registry.db-wal")).unwrap();
            most = most.max(log.len());
        }
        if commit % 1000 == 0 {
            assert!(reader.reload().unwrap());
            assert_eq!(reader.snapshot().generation(), first.generation() + commit + 1);
        }
    }
    assert!(most < MOST_LOG_BYTES, "the log had {most} bytes");
    assert!(reader.reload().unwrap());
    assert_eq!(reader.snapshot().generation(), first.generation() + COMMITS);
    assert_eq!(reader.snapshot().log().declarations.len() as u64, 2 + COMMITS);
    assert_eq!(first.log().declarations.len(), 2);
}

#[test]
fn threads_share_a_snapshot_while_a_writer_commits_and_compacts() {
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path());
    let reader = RegistryReader::open(folder.path()).unwrap();
    let snapshot = reader.snapshot();
    let expected = told(&snapshot);
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    assert_eq!(told(&snapshot), expected);
                }
            });
        }
        // Reloads beside both: each is one commit or another, whole.
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                reader.reload().unwrap();
                let now = reader.snapshot();
                let live = |at: &_| !now.index().is_removed(now.index().recording(*at).key);
                assert_eq!(now.index().recordings().filter(live).count(), now.recording_count());
            }
        });
        let mut writer = Registry::open_for_writing(folder.path()).unwrap();
        for round in 0..20 {
            writer.add(&[named("new", 100 + round), recording(200 + round)]).unwrap();
            writer.remove(&["new".to_owned(), "one".to_owned()]).unwrap();
            writer.compact(|_, _| ()).unwrap();
        }
        done.store(true, Ordering::Relaxed);
    });
    assert!(!folder.path().join("segments/00000001.seg").exists());
    assert_eq!(told(&snapshot), expected);
    reader.reload().unwrap();
    assert_eq!(told(&reader.snapshot()), told(&Snapshot::open(folder.path()).unwrap()));
}

#[test]
fn an_old_snapshot_goes_with_its_last_user() {
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path());
    let reader = RegistryReader::open(folder.path()).unwrap();
    let user = reader.snapshot();
    let segment = Arc::downgrade(&user.index().segments()[0]);
    Registry::open_for_writing(folder.path()).unwrap().compact(|_, _| ()).unwrap();
    reader.reload().unwrap();
    assert!(segment.upgrade().is_some(), "somebody uses it");
    drop(user);
    assert!(segment.upgrade().is_none(), "the mapped file is let go");
}

#[test]
fn what_was_altered_by_hand_is_refused() {
    let alterations = [
        "UPDATE recording SET title = 'Other' WHERE id = 'one'",
        "UPDATE recording SET owner = 'Other' WHERE id = 'three'",
        "UPDATE recording SET key = 99 WHERE id = 'none'; UPDATE recording SET id = 'ONE' WHERE id = 'one'",
        "DELETE FROM recording WHERE id = 'one'",
        "INSERT INTO recording_isrc SELECT key, 'QZHB12600001' FROM recording",
        "DROP TRIGGER declaration_no_update; UPDATE declaration SET permission = 'allow'",
        "DROP TRIGGER declaration_no_delete; DELETE FROM declaration WHERE seq = 2",
        "DROP TRIGGER owner_no_delete; DELETE FROM owner",
        "INSERT INTO owner SELECT 9, name, aliases, parent, valid_from, source, document_hash, received_at, hash \
         FROM owner",
        "UPDATE registry SET log_hash = zeroblob(32)",
        "UPDATE registry SET log_rows = log_rows + 1",
        "UPDATE segment SET tombstones = (SELECT tombstones FROM segment WHERE number = 2) WHERE number = 1",
    ];
    for sql in alterations {
        let folder = tempfile::tempdir().unwrap();
        fill(folder.path());
        let reader = RegistryReader::open(folder.path()).unwrap();
        let alter = |sql: &str| {
            Connection::open(folder.path().join("registry.db")).unwrap().execute_batch(sql).unwrap();
        };
        alter(sql);
        let error = Snapshot::open(folder.path()).expect_err(sql);
        assert!(matches!(error, RegistryError::Altered { .. }), "{sql}: {error}");
        alter("UPDATE registry SET generation = generation + 1");
        // What is known already is not read again, and stays as it was.
        let before = reader.snapshot();
        if let Ok(true) = reader.reload() {
            let now = reader.snapshot();
            assert_eq!(now.log(), before.log(), "{sql}");
            assert!(now.recordings().eq(before.recordings()), "{sql}");
        }
    }
}

/// What a large registry costs, printed: `cargo test --release --lib -- --ignored
/// --nocapture costs_of`.
#[test]
#[ignore = "a measurement"]
fn costs_of_a_hundred_thousand_recordings_and_twenty_thousand_rows() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = Registry::create(folder.path(), &Params::default()).unwrap();
    // What is searched does not matter here.
    let mut print = fingerprint(1);
    print.peaks.truncate(8);
    let add = |writer: &mut Registry, keys: std::ops::Range<u32>| {
        let batch = keys.map(|key| NewRecording {
            isrcs: vec![format!("QZHB1{:02}{:05}", key / 100_000, key % 100_000).parse().unwrap()],
            facts: Facts {
                title: Some(format!("A title of usual length {key}")),
                artist: Some(format!("Some Artist {}", key / 60)),
                album: Some(format!("The Album {}", key / 12)),
                owner: Some("Example Music".to_owned()),
                ..Facts::default()
            },
            audio_hash: *blake3::hash(&key.to_le_bytes()).as_bytes(),
            fingerprint: print.clone(),
            ..recording(1)
        });
        writer.add(&batch.collect::<Vec<_>>()).unwrap();
    };
    (0..25).for_each(|batch| add(&mut writer, batch * 4000..(batch + 1) * 4000));
    let row = declaration(Subject::Owner("Example Music".to_owned()), Permission::Disallow);
    writer.declare(&vec![row.clone(); 20_000]).unwrap();
    let timed = |what: &str, work: &mut dyn FnMut()| {
        let began = std::time::Instant::now();
        work();
        println!("{what}: {:.1} ms", began.elapsed().as_secs_f64() * 1e3);
    };
    let mut reader = None;
    timed("opening", &mut || reader = Some(RegistryReader::open(folder.path()).unwrap()));
    let reader = reader.unwrap();
    timed("reload of nothing", &mut || assert!(!reader.reload().unwrap()));
    writer.declare(&[row]).unwrap();
    timed("reload of a declaration", &mut || assert!(reader.reload().unwrap()));
    add(&mut writer, 100_000..100_001);
    timed("reload of a recording", &mut || assert!(reader.reload().unwrap()));
    writer.remove(&["QZHB10000000".to_owned()]).unwrap();
    timed("reload of a removal", &mut || assert!(reader.reload().unwrap()));
    let snapshot = reader.snapshot();
    timed("ten thousand recordings by id", &mut || {
        let found = (1..10_001).filter(|key| snapshot.recording_by_id(&format!("QZHB100{key:05}")).is_some());
        assert_eq!(found.count(), 10_000);
    });
}

#[test]
fn readers_and_snapshots_go_wherever_they_are_used() {
    fn held<T: Send + Sync + 'static>() {}
    held::<Snapshot>();
    held::<RegistryReader>();
    held::<crate::matching::Matcher>();
    held::<crate::matching::live::LiveMatcher>();
}
