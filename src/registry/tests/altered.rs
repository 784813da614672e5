//! Alterations from outside, and what opening says to them.

use std::fs;
use std::path::Path;

use rusqlite::Connection;

use super::*;

/// Changes the database as somebody with another program would.
pub(super) fn edit(folder: &Path, sql: &str) {
    let connection = Connection::open(folder.join("registry.db")).unwrap();
    connection.execute_batch(&format!("PRAGMA foreign_keys = OFF; {sql}")).unwrap();
}

/// What whoever reads and whoever writes is told.
fn refused(folder: &Path) -> String {
    let reading = Registry::open(folder).map(|_| ()).unwrap_err();
    let writing = Registry::open_for_writing(folder).map(|_| ()).unwrap_err();
    assert_eq!(reading.to_string(), writing.to_string());
    assert!(matches!(reading, RegistryError::Altered { .. }), "{reading:?}");
    assert!(reading.to_string().contains("registry.db was changed from outside"), "{reading}");
    assert!(reading.to_string().contains("restore the folder from a copy"), "{reading}");
    reading.to_string()
}

#[test]
fn an_altered_log_is_refused_by_whoever_opens() {
    let update = |table: &str, set: &str| format!("DROP TRIGGER {table}_no_update; UPDATE {table} SET {set}");
    let again = "CREATE TRIGGER declaration_no_update BEFORE UPDATE ON declaration\n\
                 BEGIN SELECT RAISE(ABORT, 'declarations are append-only'); END";
    let cases = [
        (
            update("declaration", "permission = 'allow' WHERE seq = 1"),
            "trigger declaration_no_update is missing",
        ),
        // Somebody who puts the trigger back.
        (
            format!("{}; {again}", update("declaration", "permission = 'allow' WHERE seq = 1")),
            "number 1 (declaration) does not have its hash",
        ),
        (
            format!(
                "{}; {again}",
                update("declaration", "received_at = '2026-11-21T12:00:00.0Z' WHERE seq = 2")
            ),
            "number 2 (declaration) does not have its hash",
        ),
        (
            format!("{}; {again}", update("declaration", "document_hash = zeroblob(32) WHERE seq = 1")),
            "number 1 (declaration) does not have its hash",
        ),
        (
            "INSERT INTO declaration SELECT 5, subject_kind, subject, use, permission, terms, territories,
                 valid_from, valid_until, declarant, source, document_hash, received_at, hash
             FROM declaration WHERE seq = 1"
                .to_owned(),
            "number 5 (declaration) does not have its hash",
        ),
        (
            "INSERT INTO owner SELECT 1, name, aliases, parent, valid_from, source, document_hash,
                 received_at, hash FROM owner"
                .to_owned(),
            "number 1 stands twice or where it cannot",
        ),
        ("UPDATE registry SET log_rows = 3".to_owned(), "there are 4 rows, the last commit had 3"),
        ("UPDATE registry SET log_hash = zeroblob(32)".to_owned(), "ended with another hash"),
    ];
    for (sql, said) in cases {
        let folder = tempfile::tempdir().unwrap();
        fill(folder.path());
        edit(folder.path(), &sql);
        let told = refused(folder.path());
        assert!(told.contains(said), "{sql}: {told}");
    }
}

#[test]
fn what_somebody_added_to_the_schema_is_refused_and_never_run() {
    let cases = [
        (
            "CREATE TRIGGER evil AFTER INSERT ON declaration BEGIN DELETE FROM recording; END",
            "the trigger evil was added",
        ),
        ("CREATE VIEW v AS SELECT * FROM recording", "the view v was added"),
        ("CREATE TABLE t (a)", "the table t was added"),
        ("CREATE INDEX i ON recording (title)", "the index i was added"),
        ("ALTER TABLE mandate ADD COLUMN note TEXT", "the table mandate is not as earmark makes it"),
    ];
    for (sql, said) in cases {
        let folder = tempfile::tempdir().unwrap();
        fill(folder.path());
        edit(folder.path(), sql);
        let told = refused(folder.path());
        assert!(told.contains(said), "{sql}: {told}");
    }
}

#[test]
fn a_writer_that_was_overtaken_by_another_program_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path());
    let mut writer = Registry::open_for_writing(folder.path()).unwrap();
    let row = declaration(Subject::Recording("one".to_owned()), Permission::Allow);
    writer.declare(std::slice::from_ref(&row)).unwrap();
    // What was refused for its content does not count as somebody else's.
    writer.declare(&[NewDeclaration { declarant: String::new(), ..row.clone() }]).unwrap_err();
    writer.remove(&["three".to_owned()]).unwrap();
    writer.compact(|_, _| ()).unwrap();
    writer.declare(std::slice::from_ref(&row)).unwrap();
    edit(folder.path(), "CREATE TRIGGER evil AFTER INSERT ON declaration BEGIN DELETE FROM recording; END");
    let error = writer.declare(&[row]).unwrap_err().to_string();
    assert!(error.contains("another program wrote to it"), "{error}");
    assert_eq!(writer.log().unwrap().declarations.len(), 4);
    assert_eq!(ids(&writer), ["one", "four"]);
}

#[test]
fn rows_received_while_the_clock_was_set_back_are_told() {
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path());
    let mut writer = Registry::open_for_writing(folder.path()).unwrap();
    assert_eq!(writer.log().unwrap().out_of_order(), []);
    let row = declaration(Subject::Recording("one".to_owned()), Permission::Allow);
    let received = |at: &str| NewDeclaration { received_at: at.parse().unwrap(), ..row.clone() };
    writer
        .declare(&[
            received("2026-11-22T00:00:00Z"),
            received("2023-11-22T00:00:00Z"),
            // Before 1 and after what stands before it.
            received("2026-11-22T00:00:00.5Z"),
            received("2026-11-21T23:00:00Z"),
            // Clocks are put right by so little all the time.
            received("2026-11-21T23:59:50Z"),
        ])
        .unwrap();
    let late: Vec<_> = writer.log().unwrap().out_of_order().iter().map(|late| late.seq).collect();
    assert_eq!(late, [6, 8]);
    assert_eq!(writer.info().unwrap().received_out_of_order, 2);
    let problems = writer.verify().unwrap();
    assert_eq!(problems, [Problem::Clock { rows: 2, first: 6 }]);
    assert!(problems[0].is_harmless());
}

#[cfg(unix)]
mod files {
    use std::os::unix::fs::symlink;
    use std::process::Command;

    use super::*;

    fn pipe(path: &Path) {
        assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
    }

    #[test]
    fn a_pipe_in_place_of_a_file_is_told_at_once() {
        for name in ["registry.db", "registry.db-wal", "registry.db-shm", "segments/00000001.seg"] {
            let folder = tempfile::tempdir().unwrap();
            fill(folder.path());
            let path = folder.path().join(name);
            let _ = fs::remove_file(&path);
            pipe(&path);
            let told = |opened: Result<Registry, RegistryError>| match opened {
                Ok(registry) => registry.index().map(|_| ()).unwrap_err().to_string(),
                Err(error) => error.to_string(),
            };
            let said = if name.starts_with("segments") { "is not an earmark segment" } else { "is a pipe" };
            let reading = told(Registry::open(folder.path()));
            assert!(reading.contains(said) && reading.contains(name), "{name}: {reading}");
            let writing = told(Registry::open_for_writing(folder.path()));
            assert!(writing.contains(said) && writing.contains(name), "{name}: {writing}");
        }
    }

    #[test]
    fn what_a_planted_link_points_to_is_never_written() {
        for name in ["writer.lock", "registry.db-wal", "registry.db-shm"] {
            let folder = tempfile::tempdir().unwrap();
            fill(folder.path());
            let victim = folder.path().join("victim");
            fs::write(&victim, "precious").unwrap();
            let path = folder.path().join(name);
            let _ = fs::remove_file(&path);
            symlink(&victim, &path).unwrap();
            let error = Registry::open_for_writing(folder.path()).unwrap_err().to_string();
            assert!(error.contains(name) && error.contains("is a link"), "{error}");
            assert_eq!(fs::read(&victim).unwrap(), b"precious");
            // Nor is what does not exist made.
            fs::remove_file(&victim).unwrap();
            Registry::open_for_writing(folder.path()).unwrap_err();
            assert!(!victim.exists(), "{name}");
        }
    }

    #[test]
    fn a_lock_file_that_holds_something_else_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        fill(folder.path());
        let victim = folder.path().join("victim");
        fs::write(&victim, "precious").unwrap();
        fs::remove_file(folder.path().join("writer.lock")).unwrap();
        fs::hard_link(&victim, folder.path().join("writer.lock")).unwrap();
        let error = Registry::open_for_writing(folder.path()).unwrap_err().to_string();
        assert!(error.contains("a file with something else in it"), "{error}");
        assert_eq!(fs::read(&victim).unwrap(), b"precious");
    }
}
