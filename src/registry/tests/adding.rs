use super::*;
use crate::isrc::Isrc;

fn isrc(text: &str) -> Isrc {
    text.parse().unwrap()
}

#[test]
fn what_is_added_can_be_read_back() {
    let folder = tempfile::tempdir().unwrap();
    let mut new = recording(1);
    new.isrcs = vec![isrc("QZHB12400002"), isrc("QZHB12400001"), isrc("QZHB12400002")];
    new.facts = Facts {
        title: Some(" Song ".to_owned()),
        version: Some("live".to_owned()),
        artist: Some("Singer".to_owned()),
        album: Some("Album".to_owned()),
        owner: Some("Owner".to_owned()),
        label: Some("Label".to_owned()),
        p_line: Some("℗ 2026 Owner".to_owned()),
        release_date: Some("  ".to_owned()),
    };
    let mut registry = Registry::create(folder.path(), &Params::default()).unwrap();
    let added = registry.add(std::slice::from_ref(&new)).unwrap();
    let [Added::New { key, id }] = added.as_slice() else { panic!("{added:?}") };
    for registry in [&registry, &Registry::open(folder.path()).unwrap()] {
        let stored = registry.recording(*key).unwrap().unwrap();
        assert_eq!(stored.id, *id);
        assert_eq!(stored.isrcs, [isrc("QZHB12400001"), isrc("QZHB12400002")]);
        assert_eq!(stored.facts.title.as_deref(), Some("Song"), "blanks around texts go");
        assert_eq!(stored.facts.release_date, None, "a blank text is none");
        assert_eq!(stored.facts.p_line, new.facts.p_line);
        assert_eq!((stored.audio_hash, stored.duration_s), (new.audio_hash, new.duration_s));
        assert_eq!(stored.source_path, new.source_path);
        assert_eq!(registry.recording_by_id(id).unwrap().as_ref(), Some(&stored));
        assert_eq!(registry.recording_by_audio_hash(&new.audio_hash).unwrap().as_ref(), Some(&stored));
        assert_eq!(registry.recordings_with_isrc(&isrc("QZHB12400002")).unwrap(), [stored]);
        assert!(registry.recordings_with_isrc(&isrc("QZHB12400009")).unwrap().is_empty());
        assert_eq!(registry.info().unwrap().generation, 1);
        registry.index().unwrap();
    }
}

#[test]
fn ids_follow_the_rule() {
    let folder = tempfile::tempdir().unwrap();
    let mut registry = Registry::create(folder.path(), &Params::default()).unwrap();
    let with = |seed, id: Option<&str>, isrcs: &[&str]| NewRecording {
        id: id.map(str::to_owned),
        isrcs: isrcs.iter().map(|text| isrc(text)).collect(),
        ..recording(seed)
    };
    let hash = |seed: u32| blake3::hash(&seed.to_le_bytes()).to_hex()[..16].to_owned();
    let added = registry
        .add(&[
            with(1, Some(" given "), &["QZHB12400001"]),
            with(2, None, &["qz-hb1-24-00002"]),
            with(3, None, &["QZHB12400003", "QZHB12400004"]),
            with(4, None, &[]),
            with(5, Some(""), &["QZHB12400005", "QZHB12400005"]),
            with(6, None, &["QZHB12400002"]),
            with(7, Some("given"), &[]),
            with(8, Some("a\nb"), &[]),
            with(9, Some(&"x".repeat(256)), &[]),
        ])
        .unwrap();
    let id = |place: usize| match &added[place] {
        Added::New { id, .. } => id.clone(),
        other => panic!("{place}: {other:?}"),
    };
    assert_eq!(id(0), "given");
    assert_eq!(id(1), "QZHB12400002");
    assert_eq!(id(2), hash(3), "two ISRCs name nothing");
    assert_eq!(id(3), hash(4));
    assert_eq!(id(4), "QZHB12400005", "one ISRC given twice is one");
    assert_eq!(id(5), hash(6), "the ISRC is taken by other audio");
    assert_eq!(added[6], Added::Refused(RecordingError::IdTaken { id: "given".to_owned() }));
    assert!(matches!(&added[7], Added::Refused(RecordingError::BadId { .. })));
    assert!(matches!(&added[8], Added::Refused(RecordingError::BadId { .. })));
    assert_eq!(registry.info().unwrap().recordings, 6, "the refused ones alone are missing");
    assert_eq!(registry.verify().unwrap(), []);
}

#[test]
fn the_same_audio_is_stored_once_and_completed() {
    let folder = tempfile::tempdir().unwrap();
    let mut registry = Registry::create(folder.path(), &Params::default()).unwrap();
    let mut first = named("one", 1);
    first.facts.title = Some("Title".to_owned());
    first.isrcs = vec![isrc("QZHB12400001")];
    let mut again = named("uno", 1);
    again.facts.title = Some("Other title".to_owned());
    again.facts.owner = Some("Owner".to_owned());
    again.isrcs = vec![isrc("QZHB12400002")];
    let added = registry.add_with(&[first.clone(), again.clone()], &agreed()).unwrap();
    let Added::Duplicate { id, changed: true, kept, authority } = &added[1] else {
        panic!("also within one batch: {:?}", added[1])
    };
    assert_eq!((id.as_str(), kept.as_slice()), ("one", ["id", "title"].as_slice()));
    assert_eq!(authority.len(), 1, "the owner: {authority:?}");
    let stored = registry.recording_by_id("one").unwrap().unwrap();
    assert_eq!(stored.isrcs, [isrc("QZHB12400001"), isrc("QZHB12400002")]);
    assert_eq!(stored.facts.title.as_deref(), Some("Title"));
    assert_eq!(stored.facts.owner.as_deref(), Some("Owner"));

    let before = registry.info().unwrap();
    let added = registry.add(&[again]).unwrap();
    assert_eq!(
        added[0],
        Added::Duplicate {
            id: "one".to_owned(),
            changed: false,
            kept: vec!["id", "title"],
            authority: vec![]
        }
    );
    let after = registry.info().unwrap();
    assert_eq!(after.content_hash, before.content_hash);
    assert_eq!(after.generation, before.generation, "nothing new is no commit");
    assert_eq!(segment_files(folder.path()), ["00000001.seg"]);
    assert_eq!(registry.verify().unwrap(), []);
}

#[test]
fn impossible_values_are_refused_one_by_one() {
    let folder = tempfile::tempdir().unwrap();
    let mut registry = Registry::create(folder.path(), &Params::default()).unwrap();
    let mut batch = vec![recording(1), recording(2), recording(3), recording(4)];
    batch[0].duration_s = f64::NAN;
    batch[1].duration_s = -1.0;
    batch[2].facts.title = Some("x".repeat(70_000));
    let added = registry.add(&batch).unwrap();
    assert!(matches!(added[0], Added::Refused(RecordingError::BadDuration { .. })));
    assert!(matches!(added[1], Added::Refused(RecordingError::BadDuration { .. })));
    assert!(matches!(added[2], Added::Refused(RecordingError::TooLong { field: "title", .. })));
    assert!(matches!(added[3], Added::New { .. }));
    assert_eq!(registry.add(&[]).unwrap(), []);
    assert_eq!(registry.generation().unwrap(), 1);
}

#[test]
fn the_content_hash_tells_contents_and_not_histories() {
    let folder = tempfile::tempdir().unwrap();
    let build = |name: &str, batches: &[&[u32]], removed: &[u32]| {
        let path = folder.path().join(name);
        let mut registry = Registry::create(&path, &Params::default()).unwrap();
        for batch in batches {
            let batch: Vec<_> = batch.iter().map(|seed| named(&seed.to_string(), *seed)).collect();
            registry.add(&batch).unwrap();
        }
        let removed: Vec<String> = removed.iter().map(u32::to_string).collect();
        registry.remove(&removed).unwrap();
        registry.info().unwrap().content_hash
    };
    let one = build("one", &[&[1, 2, 3]], &[]);
    assert_eq!(one, build("two", &[&[3], &[5, 1], &[2]], &[5]));
    assert_ne!(one, build("three", &[&[1, 2]], &[]));
    assert_ne!(one, build("four", &[&[1, 2, 4]], &[]));
}

#[test]
fn many_recordings_come_back_page_by_page_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let mut registry = Registry::create(folder.path(), &Params::default()).unwrap();
    let shared = fingerprint(1);
    let batch: Vec<NewRecording> = (0..1200)
        .map(|seed: u32| NewRecording {
            id: Some(format!("{seed:04}")),
            isrcs: vec![format!("QZHB124{seed:05}").parse().unwrap()],
            facts: Facts::default(),
            audio_hash: *blake3::hash(&seed.to_le_bytes()).as_bytes(),
            duration_s: 2.0,
            source_path: None,
            fingerprint: shared.clone(),
        })
        .collect();
    registry.add(&batch).unwrap();
    let ids = ids(&registry);
    assert_eq!(ids.len(), 1200);
    assert!(ids.windows(2).all(|pair| pair[0] < pair[1]));
    let info = registry.info().unwrap();
    assert_eq!((info.recordings, info.isrcs, info.duration_s), (1200, 1200, 2400.0));
    let concern = registry.concern("2026-11-21".parse().unwrap()).unwrap();
    for (prefix, count) in [("QZHB1", 1200), ("QZHB2", 0)] {
        let subject = Subject::parse("prefix", prefix).unwrap();
        assert_eq!(concern.recordings(&declaration(subject, Permission::Allow)).unwrap(), count);
    }
    assert_eq!(registry.verify().unwrap(), []);
}
