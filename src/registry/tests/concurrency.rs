use super::*;

#[test]
fn a_reader_keeps_its_snapshot_while_a_writer_commits() {
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path());
    let reader = Registry::open(folder.path()).unwrap();
    let before = reader.info().unwrap();
    let mut writer = Registry::open_for_writing(folder.path()).unwrap();
    writer.add(&[named("five", 5)]).unwrap();
    writer.remove(&["one".to_owned(), "three".to_owned()]).unwrap();
    writer.declare(&[declaration(Subject::Recording("five".to_owned()), Permission::Allow)]).unwrap();
    assert!(
        !folder.path().join("segments/00000001.seg").exists(),
        "the emptied segment is gone from the folder"
    );

    assert_eq!(ids(&reader), ["one", "three", "four"]);
    assert_eq!(reader.declarations().unwrap().len(), 2);
    let after = reader.info().unwrap();
    assert_eq!((after.generation, after.content_hash), (before.generation, before.content_hash));
    reader.index().unwrap();
    assert_eq!(reader.verify().unwrap().iter().filter(|problem| !problem.is_harmless()).count(), 0);

    let fresh = Registry::open(folder.path()).unwrap();
    assert_eq!(ids(&fresh), ["four", "five"]);
    assert_eq!(fresh.generation().unwrap(), before.generation + 3);
    assert_eq!(ids(&writer), ["four", "five"]);
}

#[test]
fn a_reader_goes_on_while_its_segments_are_merged_and_deleted() {
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path());
    let reader = Registry::open(folder.path()).unwrap();
    let before = (ids(&reader), reader.info().unwrap());
    let peaks = |registry: &Registry| -> Vec<_> {
        let index = registry.index().unwrap();
        let live = |at: &_| !index.is_removed(index.recording(*at).key);
        index.recordings().filter(live).map(|at| (index.recording(at).key, index.peaks(at))).collect()
    };
    let stored = peaks(&reader);
    let mut writer = Registry::open_for_writing(folder.path()).unwrap();
    writer.compact(|_, _| ()).unwrap();
    assert_eq!(segment_files(folder.path()), ["00000003.seg"]);

    assert_eq!((ids(&reader), reader.info().unwrap().segments), (before.0, 2));
    assert_eq!(peaks(&reader), stored);
    assert!(reader.verify().unwrap().iter().all(Problem::is_harmless));
    let fresh = Registry::open(folder.path()).unwrap();
    assert_eq!(peaks(&fresh), stored, "and whoever opens now finds the same");
    assert_eq!(fresh.info().unwrap().content_hash, before.1.content_hash);
}

#[test]
fn a_second_writer_is_refused_until_the_first_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let first = Registry::create(folder.path(), &Params::default()).unwrap();
    let error = Registry::open_or_create(folder.path(), &Params::default()).unwrap_err();
    assert!(matches!(error, RegistryError::Locked { .. }), "{error}");
    let pid = std::process::id().to_string();
    assert!(error.to_string().contains(&pid), "{error}");
    assert!(Registry::open(folder.path()).is_ok(), "readers do not care");
    drop(first);
    assert!(Registry::open_for_writing(folder.path()).is_ok());
}

#[test]
fn a_writer_and_many_readers_at_once_see_whole_commits_only() {
    const COMMITS: u32 = 12;
    let folder = tempfile::tempdir().unwrap();
    let mut writer = Registry::create(folder.path(), &Params::default()).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                loop {
                    let reader = Registry::open(folder.path()).unwrap();
                    let recordings = ids(&reader).len() as u64;
                    let generation = reader.generation().unwrap();
                    // Every odd commit adds a pair, every even one takes one of it away.
                    assert_eq!(recordings, generation / 2 + generation % 2 * 2, "generation {generation}");
                    reader.index().unwrap();
                    if generation == u64::from(COMMITS) {
                        break;
                    }
                }
            });
        }
        for commit in 0..COMMITS / 2 {
            let ids = [format!("{commit}a"), format!("{commit}b")];
            writer.add(&[named(&ids[0], 2 * commit), named(&ids[1], 2 * commit + 1)]).unwrap();
            writer.remove(&ids[1..]).unwrap();
        }
    });
    assert_eq!(writer.verify().unwrap(), []);
}

#[test]
fn whoever_opens_while_segments_are_merged_finds_them_all() {
    const ROUNDS: u32 = 30;
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path());
    let mut writer = Registry::open_for_writing(folder.path()).unwrap();
    std::thread::scope(|scope| {
        let writing = scope.spawn(move || {
            for round in 0..ROUNDS {
                writer.add(&[recording(100 + round)]).unwrap();
                writer.compact(|_, _| ()).unwrap();
            }
        });
        while !writing.is_finished() {
            let reader = Registry::open(folder.path()).unwrap();
            let recordings = reader.index().unwrap().recordings().count() as u64;
            let info = reader.info().unwrap();
            assert_eq!(recordings, info.recordings + info.tombstones);
        }
    });
}
