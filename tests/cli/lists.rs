//! Lists of paths: each path on one of them, as it is, and no name can forge one.

use std::fs;
use std::path::Path;

use super::support::{Run, folder, program, registry, run};

/// Runs a line in a folder; `REG` is the registry.
fn within(folder: &Path, line: &str) -> Run {
    let registry = registry().to_str().expect("temporary folders have plain names");
    run(program().current_dir(folder).args(line.split_whitespace().map(|word| word.replace("REG", registry))))
}

fn copy(name: &str, to: &Path) {
    fs::create_dir_all(to.parent().expect("a folder")).expect("a folder");
    fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/scraped").join(name), to).expect("a copy");
}

fn list(folder: &Path, name: &str) -> Vec<u8> {
    fs::read(folder.join(name)).expect("a list")
}

const LISTS: &str = "--allow-list allow --deny-list deny --review-list review";

#[cfg(unix)]
#[test]
fn names_keep_their_bytes_in_lists_rows_and_fingerprints() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let folder = folder();
    let folder = folder.path();
    let name = OsStr::from_bytes(b"la\xe9.mp3");
    copy("cut.mp3", &folder.join("n").join(name));
    copy("noise.ogg", &folder.join("n/other.ogg"));
    let scan = "scan n --registry REG --as-of 2026-01-31 --format jsonl";
    let scanned = within(folder, &format!("{scan} --out n.jsonl --null {LISTS}"));
    assert_eq!(scanned.code, Some(1), "{}", scanned.stderr);
    assert_eq!(list(folder, "deny"), b"n/la\xe9.mp3\0");
    assert_eq!(list(folder, "allow"), b"n/other.ogg\0");
    let report = fs::read_to_string(folder.join("n.jsonl")).expect("a report");
    assert!(report.contains(r#""path":"n/la\u{fffd}.mp3","path_bytes":"6e2f6c61e92e6d7033","#.replace("\\u{fffd}", "\u{fffd}").as_str()), "{report}");
    assert!(report.contains(r#""path":"n/other.ogg","path_bytes":null,"#), "{report}");

    // Lists are inputs again.
    let again = within(folder, "identify --files-from deny --null --registry REG --format jsonl");
    assert!(again.stdout.contains("Harbour Lights"), "{}", again.stdout);

    // What repeats a report finds the file.
    let verified = within(folder, "report verify n.jsonl --registry REG");
    assert_eq!(verified.code, Some(0), "{}{}", verified.stdout, verified.stderr);
    within(folder, "fingerprint n --out n.efp");
    let verified = within(folder, "report verify n.jsonl --registry REG --fingerprints n.efp");
    assert_eq!(verified.code, Some(0), "{}{}", verified.stdout, verified.stderr);
    let line = "rescan n.jsonl --fingerprints n.efp --registry REG --as-of 2026-01-31 --out r.jsonl";
    let rescanned = within(folder, line);
    assert_eq!(rescanned.code, Some(1), "{}", rescanned.stderr);
    assert_eq!(fs::read_to_string(folder.join("r.jsonl")).expect("a report"), report);

    // And a run that goes on takes no other file for it.
    let resumed = within(folder, &format!("{scan} --out n.jsonl --resume"));
    assert_eq!(resumed.code, Some(1), "{}", resumed.stderr);
    fs::rename(folder.join("n").join(name), folder.join("n").join(OsStr::from_bytes(b"la\xe8.mp3")))
        .expect("renamed");
    let resumed = within(folder, &format!("{scan} --out n.jsonl --resume"));
    assert_eq!(resumed.code, Some(2), "{}", resumed.stderr);
    assert!(resumed.stderr.contains("the inputs changed"), "{}", resumed.stderr);
}

#[cfg(unix)]
#[test]
fn one_hostile_name_costs_that_name() {
    let folder = folder();
    let folder = folder.path();
    for name in ["d/a.ogg", "d/b\nc.ogg", "d/d.ogg\r", "d/e.ogg "] {
        copy("noise.ogg", &folder.join(name));
    }
    copy("cut.mp3", &folder.join("d/f.mp3"));
    let scan = "scan d --include *ogg* --include *.mp3 --registry REG --format jsonl --out o.jsonl";
    let scanned = within(folder, &format!("{scan} {LISTS}"));
    assert_eq!(scanned.code, Some(1), "{}", scanned.stderr);
    assert_eq!(list(folder, "allow"), b"d/a.ogg\n");
    assert_eq!(list(folder, "deny"), b"d/f.mp3\n");
    assert!(scanned.stderr.contains(r"d/b\nc.ogg: is on no list"), "{}", scanned.stderr);
    assert!(scanned.stderr.contains("3 paths on no list"), "{}", scanned.stderr);
    fs::remove_file(folder.join("d/f.mp3")).expect("a file");
    let scanned = within(folder, &format!("{scan} {LISTS}"));
    assert_eq!(scanned.code, Some(3), "what is on no list is an answer that is missing");
    let scanned = within(folder, &format!("{scan} {LISTS} --null"));
    assert_eq!(scanned.code, Some(0), "{}", scanned.stderr);
    assert_eq!(list(folder, "allow"), b"d/a.ogg\0d/b\nc.ogg\0d/d.ogg\r\0d/e.ogg \0");
}

#[test]
fn the_strictest_member_of_a_name_decides() {
    let folder = folder();
    let folder = folder.path();
    let bytes = |name: &str| {
        fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/scraped").join(name)).expect("a file")
    };
    let mut tar = tar::Builder::new(Vec::new());
    for (name, content) in
        [("a.mp3", "unregistered.mp3"), ("./a.mp3", "cut.mp3"), ("b.mp3", "unregistered.mp3")]
    {
        let (content, mut header) = (bytes(content), tar::Header::new_gnu());
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        // As it is: the builder would tidy it.
        header.as_gnu_mut().expect("such a header").name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_cksum();
        tar.append(&header, &content[..]).expect("memory");
    }
    fs::write(folder.join("x.tar"), tar.into_inner().expect("memory")).expect("a file");
    let scanned = within(folder, &format!("scan x.tar --registry REG {LISTS}"));
    assert_eq!(scanned.code, Some(1), "{}", scanned.stderr);
    assert_eq!(list(folder, "allow"), b"x.tar/b.mp3\n");
    assert_eq!(list(folder, "deny"), b"x.tar/a.mp3\nx.tar/./a.mp3\n");
    assert!(scanned.stderr.contains("deny: 2 paths, 1 of them for what else"), "{}", scanned.stderr);
}
