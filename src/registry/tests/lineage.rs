use std::fs;

use super::altered::edit;
use super::*;

fn open(folder: &Path) -> Registry {
    Registry::open(folder).unwrap()
}

fn row() -> NewDeclaration {
    declaration(Subject::Recording("one".to_owned()), Permission::Allow)
}

#[test]
fn whatever_is_done_with_earmark_continues_a_registry() {
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path());
    let mut writer = Registry::open_for_writing(folder.path()).unwrap();
    let then = writer.state().unwrap();
    assert_eq!(then.log.as_ref().unwrap().rows, 4);
    assert_eq!(writer.lineage(&then).unwrap(), Lineage::Same);
    writer.compact(|_, _| ()).unwrap();
    assert_eq!(writer.lineage(&then).unwrap(), Lineage::Same, "merging changes no content");
    writer.declare(&[row()]).unwrap();
    assert_eq!(writer.lineage(&then).unwrap(), Lineage::Continued);
    writer.add(&[named("five", 5)]).unwrap();
    writer.remove(&["one".to_owned(), "five".to_owned()]).unwrap();
    assert_eq!(writer.lineage(&then).unwrap(), Lineage::Continued);
    let empty = tempfile::tempdir().unwrap();
    let mut writer = Registry::create(empty.path(), &Params::default()).unwrap();
    let then = writer.state().unwrap();
    writer.declare(&[row()]).unwrap();
    assert_eq!(writer.lineage(&then).unwrap(), Lineage::Continued, "from a log without rows");
}

#[test]
fn older_copies_and_other_registries_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let (old, new) = (folder.path().join("old"), folder.path().join("new"));
    fill(&old);
    fs::create_dir_all(new.join("segments")).unwrap();
    for name in ["registry.db", "segments/00000001.seg", "segments/00000002.seg"] {
        fs::copy(old.join(name), new.join(name)).unwrap();
    }
    let mut writer = Registry::open_for_writing(&new).unwrap();
    writer.compact(|_, _| ()).unwrap();
    let merged = writer.state().unwrap();
    writer.add(&[named("five", 5)]).unwrap();
    let added = writer.state().unwrap();
    writer.declare(&[row()]).unwrap();
    let declared = writer.state().unwrap();
    let broken = |then: &RegistryState| match open(&old).lineage(then).unwrap() {
        Lineage::Broken(broken) => broken,
        other => panic!("{other:?}"),
    };
    assert_eq!(broken(&declared), Break::LogShorter { then: 5, now: 4 });
    assert_eq!(broken(&merged), Break::Older { then: 6, now: 5 });
    assert_eq!(broken(&added), Break::Older { then: 7, now: 5 });
    // What an earlier version wrote, which named no log.
    assert_eq!(broken(&RegistryState { log: None, ..declared.clone() }), Break::Older { then: 8, now: 5 });

    // From the old copy on, the same number of commits and more.
    let mut other = Registry::open_for_writing(&old).unwrap();
    other.declare(&[NewDeclaration { declarant: "Somebody".to_owned(), ..row() }]).unwrap();
    assert_eq!(other.lineage(&merged).unwrap(), Lineage::Broken(Break::Diverged { generation: 6 }));
    other.remove(&["four".to_owned()]).unwrap();
    other.remove(&["three".to_owned()]).unwrap();
    assert_eq!(other.lineage(&declared).unwrap(), Lineage::Broken(Break::LogRewritten { rows: 5 }));
    assert_eq!(
        other.lineage(&added).unwrap(),
        Lineage::Broken(Break::FewerKeys { then: 6, now: 5 }),
        "it never gave that key"
    );

    let third = folder.path().join("third");
    Registry::create(&third, &Params::default()).unwrap();
    let shorter = Lineage::Broken(Break::LogShorter { then: 5, now: 0 });
    assert_eq!(open(&third).lineage(&declared).unwrap(), shorter);
    let mut writer = Registry::open_for_writing(&third).unwrap();
    writer.declare(&[NewDeclaration { declarant: "Somebody".to_owned(), ..row() }]).unwrap();
    assert_eq!(writer.lineage(&declared).unwrap(), Lineage::Broken(Break::Another));
    for seed in 0..6 {
        writer.declare(&[NewDeclaration { declarant: format!("Somebody {seed}"), ..row() }]).unwrap();
    }
    assert_eq!(writer.lineage(&declared).unwrap(), Lineage::Broken(Break::Another));
}

/// A log whose every hash fits, and that says something else.
#[test]
fn a_log_that_was_chained_anew_is_told() {
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path());
    let then = open(folder.path()).state().unwrap();
    let mut entries = open(folder.path()).log().unwrap().into_entries();
    let second = entries[1].row.clone();
    if let NewEntry::Declaration(row) = &mut entries[1].row {
        row.statement = Permission::Disallow.into();
    }
    assert_ne!(entries[1].row, second);
    let rows: Vec<NewEntry> = entries.into_iter().map(|entry| entry.row).collect();
    fs::remove_file(folder.path().join("registry.head")).unwrap();
    let tables = ["declaration", "mandate", "owner"];
    edit(folder.path(), "UPDATE registry SET log_rows = 0, log_hash = zeroblob(32)");
    for table in tables {
        edit(
            folder.path(),
            &format!("DROP TRIGGER {table}_no_update; DROP TRIGGER {table}_no_delete; DELETE FROM {table}"),
        );
    }
    for table in tables {
        for (action, word) in [("UPDATE", "update"), ("DELETE", "delete")] {
            edit(
                folder.path(),
                &format!(
                    "CREATE TRIGGER {table}_no_{word} BEFORE {action} ON {table}\n\
                     BEGIN SELECT RAISE(ABORT, '{table}s are append-only'); END"
                ),
            );
        }
    }
    let mut writer = Registry::open_for_writing(folder.path()).unwrap();
    writer.append(&rows).unwrap();
    assert_eq!(writer.verify().unwrap(), [], "it is whole in itself");
    assert_eq!(writer.lineage(&then).unwrap(), Lineage::Broken(Break::LogRewritten { rows: 4 }));
}
