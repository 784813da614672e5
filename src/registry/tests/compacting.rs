use super::*;

/// A registry of `count` batches of one recording.
fn batches(folder: &Path, count: u32) -> Registry {
    let mut registry = Registry::create(folder, &Params::default()).unwrap();
    for seed in 0..count {
        registry.add(&[recording(seed)]).unwrap();
    }
    registry
}

#[test]
fn compacting_leaves_one_segment_and_the_content_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path());
    let mut registry = Registry::open_for_writing(folder.path()).unwrap();
    let before = (registry.info().unwrap(), ids(&registry));
    let mut steps = Vec::new();
    let compaction = registry.compact(|done, total| steps.push((done, total))).unwrap();
    assert_eq!((compaction.segments_before, compaction.segments_after, compaction.dropped), (2, 1, 1));
    assert!(compaction.bytes_after < compaction.bytes_before);
    assert!(steps.is_sorted() && steps.iter().all(|(_, total)| *total == 2 * before.0.segment_bytes));
    assert_eq!(steps.last().map(|(done, _)| *done), Some(2 * before.0.segment_bytes));

    let after = registry.info().unwrap();
    assert_eq!((after.content_hash, ids(&registry)), (before.0.content_hash, before.1));
    assert_eq!(after.generation, before.0.generation + 1, "merging is a commit");
    assert_eq!((after.segments, after.tombstones, after.recordings), (1, 0, 3));
    assert_eq!(segment_files(folder.path()), ["00000003.seg"]);
    assert_eq!(registry.verify().unwrap(), []);

    // Again: there is nothing to do, and no commit.
    let again = registry.compact(|_, _| ()).unwrap();
    assert_eq!((again.segments_before, again.segments_after), (1, 1));
    assert_eq!(again.bytes_before, again.bytes_after);
    assert_eq!(registry.generation().unwrap(), after.generation);

    // And the registry goes on.
    registry.remove(&["one".to_owned()]).unwrap();
    assert!(matches!(registry.add(&[named("two", 2)]).unwrap()[..], [Added::New { .. }]));
    assert_eq!(registry.verify().unwrap(), []);
}

#[test]
fn an_empty_registry_and_one_segment_need_no_merging() {
    let folder = tempfile::tempdir().unwrap();
    let mut registry = batches(folder.path(), 0);
    assert_eq!(registry.compact(|_, _| ()).unwrap().segments_after, 0);
    registry.merge_tiers(|| true).unwrap();
    registry.add(&[recording(1)]).unwrap();
    assert_eq!(registry.compact(|_, _| ()).unwrap().segments_after, 1);
    assert_eq!(segment_files(folder.path()), ["00000001.seg"]);
}

#[test]
fn eight_segments_of_a_size_become_one() {
    let folder = tempfile::tempdir().unwrap();
    let mut registry = batches(folder.path(), 7);
    registry.merge_tiers(|| true).unwrap();
    assert_eq!(registry.info().unwrap().segments, 7);
    registry.add(&[recording(7)]).unwrap();
    registry.merge_tiers(|| false).unwrap();
    assert_eq!(registry.info().unwrap().segments, 8, "it was told not to go on");
    registry.merge_tiers(|| true).unwrap();
    assert_eq!(segment_files(folder.path()), ["00000009.seg"]);
    assert_eq!(registry.verify().unwrap(), []);
}

#[test]
fn a_segment_of_which_a_third_is_removed_is_rewritten() {
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path());
    let mut registry = Registry::open_for_writing(folder.path()).unwrap();
    registry.merge_tiers(|| true).unwrap();
    let info = registry.info().unwrap();
    assert_eq!((info.segments, info.tombstones), (2, 0));
    assert_eq!(segment_files(folder.path()), ["00000002.seg", "00000003.seg"]);
    assert_eq!(registry.verify().unwrap(), []);
}

#[test]
fn damage_is_not_merged_and_nothing_is_lost_by_trying() {
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path());
    let mut registry = Registry::open_for_writing(folder.path()).unwrap();
    let [one, two] = ["00000001.seg", "00000002.seg"].map(|name| folder.path().join("segments").join(name));
    let good = std::fs::read(&two).unwrap();
    // Damaged, or whole and not the one that was registered.
    let mut bad = good.clone();
    bad[good.len() / 2] ^= 1;
    for bad in [bad, std::fs::read(&one).unwrap()] {
        std::fs::write(&two, bad).unwrap();
        let error = registry.compact(|_, _| ()).unwrap_err();
        assert!(matches!(&error, RegistryError::Unmergeable { path, .. } if *path == two), "{error}");
        assert_eq!(segment_files(folder.path()), ["00000001.seg", "00000002.seg"]);
    }
    std::fs::write(&two, good).unwrap();
    assert_eq!(registry.verify().unwrap(), []);
    registry.compact(|_, _| ()).unwrap();
    assert_eq!(registry.verify().unwrap(), []);
}

#[test]
fn the_space_of_removed_rows_is_returned() {
    let folder = tempfile::tempdir().unwrap();
    let mut registry = Registry::create(folder.path(), &Params::default()).unwrap();
    let sound = fingerprint(1);
    let many: Vec<NewRecording> = (0..500_u32)
        .map(|seed| NewRecording {
            id: Some(seed.to_string()),
            isrcs: Vec::new(),
            facts: Facts { title: Some("x".repeat(500)), ..Facts::default() },
            audio_hash: *blake3::hash(&seed.to_le_bytes()).as_bytes(),
            duration_s: 2.0,
            source_path: None,
            fingerprint: sound.clone(),
        })
        .collect();
    registry.add(&many).unwrap();
    let ids: Vec<String> = (1..500).map(|seed| seed.to_string()).collect();
    registry.remove(&ids).unwrap();
    let compaction = registry.compact(|_, _| ()).unwrap();
    assert_eq!(compaction.dropped, 499);
    assert!(compaction.bytes_after * 4 < compaction.bytes_before, "{compaction:?}");
    drop(registry);
    let registry = Registry::open(folder.path()).unwrap();
    let info = registry.info().unwrap();
    assert_eq!(info.segment_bytes + info.database_bytes, compaction.bytes_after);
    assert_eq!(registry.verify().unwrap(), []);
}

#[test]
fn a_registry_open_for_reading_is_not_compacted() {
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path());
    let mut registry = Registry::open(folder.path()).unwrap();
    assert!(matches!(registry.compact(|_, _| ()), Err(RegistryError::ReadOnly { .. })));
}

/// Milliseconds, printed with `--nocapture`; not a test of the machine.
#[test]
#[ignore = "a measurement"]
fn opening_takes_as_long_for_many_recordings_as_for_few() {
    for count in [20, 20_000_u32] {
        let folder = tempfile::tempdir().unwrap();
        let mut registry = Registry::create(folder.path(), &Params::default()).unwrap();
        let sound = fingerprint(1);
        let recordings: Vec<NewRecording> = (0..count)
            .map(|seed| NewRecording {
                audio_hash: *blake3::hash(&seed.to_le_bytes()).as_bytes(),
                fingerprint: sound.clone(),
                id: None,
                isrcs: Vec::new(),
                facts: Facts::default(),
                duration_s: 2.0,
                source_path: None,
            })
            .collect();
        for batch in recordings.chunks(1000) {
            registry.add(batch).unwrap();
        }
        drop(registry);
        for merged in [false, true] {
            let segments = segment_files(folder.path()).len();
            let time = |what: &str, run: &dyn Fn()| {
                run();
                let start = std::time::Instant::now();
                (0..20).for_each(|_| run());
                println!("{count} recordings, {segments} segments: {what} {:?}", start.elapsed() / 20);
            };
            time("open", &|| drop(Registry::open(folder.path()).unwrap()));
            time("open and index", &|| drop(Registry::open(folder.path()).unwrap().index().unwrap()));
            time("open for writing", &|| drop(Registry::open_for_writing(folder.path()).unwrap()));
            if !merged {
                let start = std::time::Instant::now();
                let mut registry = Registry::open_for_writing(folder.path()).unwrap();
                let done = registry.compact(|_, _| ()).unwrap();
                println!("{count} recordings: merged in {:?}: {done:?}", start.elapsed());
            }
        }
    }
}
