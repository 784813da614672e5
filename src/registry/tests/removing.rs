use super::*;

fn remove(registry: &mut Registry, ids: &[&str]) -> Vec<Removal> {
    let ids: Vec<String> = ids.iter().map(|id| (*id).to_owned()).collect();
    registry.remove(&ids).unwrap()
}

#[test]
fn a_removed_recording_leaves_a_tombstone_and_its_key_is_not_reused() {
    let folder = tempfile::tempdir().unwrap();
    let mut registry = Registry::create(folder.path(), &Params::default()).unwrap();
    registry.add(&[named("one", 1), named("two", 2)]).unwrap();
    let key = registry.recording_by_id("two").unwrap().unwrap().key;
    assert_eq!(
        remove(&mut registry, &["two", "nobody", "two"]),
        [
            Removal::Removed { id: "two".to_owned() },
            Removal::Unknown { id: "nobody".to_owned() },
            Removal::Unknown { id: "two".to_owned() }
        ]
    );
    assert_eq!(registry.recording(key).unwrap(), None);
    assert_eq!(ids(&registry), ["one"]);
    let info = registry.info().unwrap();
    assert_eq!((info.tombstones, info.segments, info.generation), (1, 1, 2));
    assert_eq!(registry.verify().unwrap(), []);

    let added = registry.add(&[named("two", 2)]).unwrap();
    assert!(
        matches!(&added[0], Added::New { key: new, .. } if *new > key),
        "{added:?}: audio that was removed is new"
    );
    assert_eq!(registry.verify().unwrap(), []);
}

#[test]
fn an_empty_segment_is_dropped_with_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let mut registry = Registry::create(folder.path(), &Params::default()).unwrap();
    registry.add(&[named("one", 1), named("two", 2)]).unwrap();
    registry.add(&[named("three", 3)]).unwrap();
    remove(&mut registry, &["one"]);
    assert_eq!(segment_files(folder.path()), ["00000001.seg", "00000002.seg"]);
    remove(&mut registry, &["two"]);
    assert_eq!(segment_files(folder.path()), ["00000002.seg"]);
    assert_eq!(registry.info().unwrap().tombstones, 0, "its tombstones went with it");
    remove(&mut registry, &["three"]);
    assert_eq!(segment_files(folder.path()), Vec::<String>::new());
    assert_eq!(registry.verify().unwrap(), []);
    registry.index().unwrap();

    registry.add(&[named("one", 1)]).unwrap();
    assert_eq!(segment_files(folder.path()), ["00000003.seg"], "a number is not used twice");
    assert_eq!(registry.verify().unwrap(), []);
}

#[test]
fn removing_nothing_is_no_commit() {
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path());
    let mut registry = Registry::open_for_writing(folder.path()).unwrap();
    let before = registry.info().unwrap();
    assert_eq!(remove(&mut registry, &["nobody"]), [Removal::Unknown { id: "nobody".to_owned() }]);
    assert_eq!(remove(&mut registry, &[]), []);
    assert_eq!(registry.info().unwrap(), before);
}

#[test]
fn isrcs_go_with_their_recording() {
    let folder = tempfile::tempdir().unwrap();
    let mut registry = Registry::create(folder.path(), &Params::default()).unwrap();
    let isrc = "QZHB12400001".parse().unwrap();
    let with_isrc = |id, seed| NewRecording { isrcs: vec![isrc], ..named(id, seed) };
    registry.add(&[with_isrc("one", 1), with_isrc("two", 2)]).unwrap();
    let found = |registry: &Registry| registry.recordings_with_isrc(&isrc).unwrap().len();
    assert_eq!(found(&registry), 2, "one code, two recordings");
    remove(&mut registry, &["one"]);
    assert_eq!(found(&registry), 1);
}
