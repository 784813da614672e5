use super::*;

#[test]
fn new_recordings_are_told_from_other_changes() {
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path());
    let mut registry = Registry::open_for_writing(folder.path()).unwrap();
    let then = registry.recordings_state().unwrap();
    assert_eq!(then.next_key, 5);
    registry.declare(&[declaration(Subject::Recording("two".to_owned()), Permission::Allow)]).unwrap();
    registry.compact(|_, _| ()).unwrap();
    assert_eq!(registry.recordings_since(&then).unwrap(), Since::Same, "declaring and merging");

    registry.add(&[named("five", 5), named("six", 6)]).unwrap();
    let grown = Since::Grown { first: crate::units::RecordingKey(5) };
    assert_eq!(registry.recordings_since(&then).unwrap(), grown);
    registry.remove(&["five".to_owned()]).unwrap();
    registry.compact(|_, _| ()).unwrap();
    assert_eq!(registry.recordings_since(&then).unwrap(), grown, "removed again");

    let isrc = vec!["QZHB12400001".parse().unwrap()];
    registry.add(&[NewRecording { isrcs: isrc, ..named("one", 1) }]).unwrap();
    assert_eq!(registry.recordings_since(&then).unwrap(), Since::Changed, "an old one has a new code");
}

#[test]
fn another_registry_is_a_change() {
    let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    fill(one.path());
    let mut registry = Registry::create(other.path(), &Params::default()).unwrap();
    registry.add(&[named("seven", 7), named("one", 1), named("three", 3), named("four", 4)]).unwrap();
    let then = Registry::open(one.path()).unwrap().recordings_state().unwrap();
    assert_eq!(registry.recordings_since(&then).unwrap(), Since::Changed);
    registry.remove(&["seven".to_owned()]).unwrap();
    assert_eq!(
        registry.recordings_since(&then).unwrap(),
        Since::Same,
        "the same recordings in another order"
    );
}
