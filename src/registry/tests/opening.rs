use std::fs;

use rusqlite::Connection;

use super::*;

#[test]
fn a_missing_registry_is_said_to_be_missing() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("nothing");
    assert!(matches!(Registry::open(&missing), Err(RegistryError::NotFound { .. })));
    assert!(matches!(Registry::open_for_writing(&missing), Err(RegistryError::NotFound { .. })));
    assert!(!missing.exists(), "asking for a registry makes none");
}

#[test]
fn create_refuses_what_open_or_create_opens() {
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path());
    assert!(matches!(
        Registry::create(folder.path(), &Params::default()),
        Err(RegistryError::AlreadyExists { .. })
    ));
    let registry = Registry::open_or_create(folder.path(), &Params::default()).unwrap();
    assert_eq!(ids(&registry), ["one", "three", "four"]);
}

#[test]
fn other_params_are_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path());
    let other = Params { hop_samples: Params::default().hop_samples + 1, ..Params::default() };
    let error = Registry::open_or_create(folder.path(), &other).unwrap_err();
    assert!(matches!(error, RegistryError::ParamsDiffer { .. }), "{error}");
    assert!(error.to_string().contains("hop_samples"), "{error}");
    assert_eq!(Registry::open(folder.path()).unwrap().params(), &Params::default());
}

#[test]
fn foreign_and_newer_databases_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("registry.db");
    let set = |pragma: &str, value: i64| {
        Connection::open(&database).unwrap().pragma_update(None, pragma, value).unwrap();
    };
    let both = |expected: &dyn Fn(&RegistryError) -> bool| {
        let read = Registry::open(folder.path()).unwrap_err();
        assert!(expected(&read), "{read}");
        let write = Registry::open_or_create(folder.path(), &Params::default()).unwrap_err();
        assert!(expected(&write), "{write}");
    };

    Connection::open(&database).unwrap().execute_batch("CREATE TABLE t (a)").unwrap();
    both(&|error| matches!(error, RegistryError::NotARegistry { .. }));
    fs::remove_file(&database).unwrap();

    fs::write(&database, "this is no database, and long enough to be looked at as one").unwrap();
    both(&|error| matches!(error, RegistryError::Database { .. }));
    fs::remove_file(&database).unwrap();

    fill(folder.path());
    set("user_version", schema::FORMAT_VERSION + 1);
    both(
        &|error| matches!(error, RegistryError::FormatTooNew { found, .. } if *found == schema::FORMAT_VERSION + 1),
    );
    assert!(Registry::open(folder.path()).unwrap_err().to_string().contains("update earmark"));
    set("user_version", schema::FORMAT_VERSION);
    // Fingerprints of another algorithm, whose parameters may have other names.
    for (algorithm, remedy) in [(1_000_000, "update earmark"), (0, "register the audio again")] {
        for extra in ["", r#", "new_field": 7"#] {
            let params = Params { algorithm, ..Params::default() };
            let json = params.to_json().replace('}', extra) + "}";
            let connection = Connection::open(&database).unwrap();
            connection.execute("UPDATE registry SET params = ?1", [json]).unwrap();
            drop(connection);
            both(
                &|error| matches!(error, RegistryError::UnknownParams { found: Some(found), .. } if *found == u64::from(algorithm)),
            );
            let error = Registry::open(folder.path()).unwrap_err().to_string();
            assert!(error.contains(&format!("version {algorithm},")) && error.contains(remedy), "{error}");
        }
    }
    fs::remove_dir_all(folder.path().join("segments")).unwrap();
    fs::remove_file(&database).unwrap();
    let error = Registry::open_or_create(folder.path(), &Params::default()).unwrap_err().to_string();
    assert!(error.contains("its database is gone") && error.contains("registry.head"), "{error}");
    fs::remove_file(folder.path().join("registry.head")).unwrap();
    fill(folder.path());
    set("user_version", 0);
    both(&|error| matches!(error, RegistryError::NotARegistry { .. }));
}

#[test]
fn an_interrupted_creation_is_finished_by_the_next_writer() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("registry.db"), "").unwrap();
    assert!(matches!(Registry::open(folder.path()), Err(RegistryError::NotARegistry { .. })));
    assert!(matches!(
        Registry::open_for_writing(folder.path()),
        Err(RegistryError::NotFound { .. } | RegistryError::Io { .. })
    ));
    let mut registry = Registry::open_or_create(folder.path(), &Params::default()).unwrap();
    registry.add(&[recording(1)]).unwrap();
    assert_eq!(registry.verify().unwrap(), []);
}

#[test]
fn a_reader_changes_nothing_and_leaves_no_files() {
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path());
    let listing = || {
        let mut files: Vec<_> = fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap())
            .map(|entry| (entry.file_name(), fs::read(entry.path()).unwrap_or_default()))
            .collect();
        files.sort();
        files
    };
    let before = listing();
    let mut registry = Registry::open(folder.path()).unwrap();
    assert!(matches!(registry.add(&[recording(9)]), Err(RegistryError::ReadOnly { .. })));
    assert!(matches!(registry.remove(&["one".to_owned()]), Err(RegistryError::ReadOnly { .. })));
    assert!(matches!(registry.declare(&[]), Err(RegistryError::ReadOnly { .. })));
    assert_eq!(registry.verify().unwrap(), []);
    drop(registry);
    assert_eq!(before, listing());
}

#[test]
fn the_database_says_what_it_is() {
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path());
    let bytes = fs::read(folder.path().join("registry.db")).unwrap();
    assert_eq!(&bytes[..16], b"SQLite format 3\0");
    assert_eq!(&bytes[68..72], b"earm", "application_id at byte 68 of SQLite's header");
    assert_eq!(bytes[60..64], [0, 0, 0, 2], "user_version at byte 60");
}

#[test]
fn the_registry_may_be_shared_between_threads() {
    fn shareable<T: Send + Sync>() {}
    shareable::<Registry>();
}
