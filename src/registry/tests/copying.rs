//! Exports, and label copy.

use std::fs;
use std::path::{Path, PathBuf};

use super::*;

/// The registry of [`fill`] with what can stand in every field.
fn full(folder: &Path) {
    fill(folder);
    let mut registry = Registry::open_for_writing(folder).unwrap();
    let mut rich = named("r\u{f6}d \"5\"", 5);
    rich.isrcs = ["QZHB12400002", "QZHB12400001"].map(|text| text.parse().unwrap()).to_vec();
    // Not a number that a short text gives back.
    rich.duration_s = 0.1 + 0.2;
    rich.facts = Facts {
        title: Some("T; \"quoted\"\nline".to_owned()),
        owner: Some("EM".to_owned()),
        release_date: Some("1999".to_owned()),
        ..Facts::default()
    };
    rich.source_path = None;
    registry.add(&[rich]).unwrap();
    let mut long = declaration(Subject::Prefix("QZHB1".parse().unwrap()), Permission::Allow);
    long.statement = Permission::Constrain { terms: "two\nlines; \u{2117}".to_owned() }.into();
    long.territories = ["FR", "DE"].map(|code| code.parse().unwrap()).to_vec();
    long.from = Some("2026-01-01".parse().unwrap());
    long.until = Some("2026-12-31".parse().unwrap());
    long.source = Some("https://example.com".to_owned());
    long.document_hash = Some(DocumentHash([0xab; 32]));
    long.received_at = "2026-11-21T12:00:00.123456789Z".parse().unwrap();
    let mut withdrawn = declaration(Subject::Everything, Permission::Allow);
    withdrawn.statement = Statement::Withdraw;
    let isrc = Subject::Isrc("QZHB12400001".parse().unwrap());
    let mut owned = owner("Group", &["G; Inc", "The Group"], None, Some("2026-03-01"));
    owned.document_hash = Some(DocumentHash([1; 32]));
    registry
        .append(&[
            long.into(),
            withdrawn.into(),
            declaration(isrc, Permission::Allow).into(),
            owned.into(),
            owner("One", &["Semicolon; in a name"], None, None).into(),
            mandate("Agency", MandateAct::Revoke, "prefix:QZHB1", "2027-01-01..2027-12-31").into(),
        ])
        .unwrap();
}

fn export(folder: &Path, to: &Path, fingerprints: bool) -> Exported {
    let mut out = Vec::new();
    let exported = Registry::open(folder).unwrap().export(to, fingerprints, &mut out).unwrap();
    fs::write(to, out).unwrap();
    exported
}

/// A registry, its export with fingerprints, and the file.
fn exported() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    full(&folder.path().join("r"));
    let file = folder.path().join("copy.jsonl");
    export(&folder.path().join("r"), &file, true);
    (folder, file)
}

type Content = (Vec<(String, Recording)>, Log, [u8; 32]);

/// Everything but the keys.
fn content(folder: &Path) -> Content {
    let registry = Registry::open(folder).unwrap();
    assert_eq!(registry.verify().unwrap(), []);
    let mut recordings: Vec<(String, Recording)> = registry
        .recordings()
        .map(|recording| {
            let recording = Recording { key: crate::units::RecordingKey(0), ..recording.unwrap() };
            (recording.id.clone(), recording)
        })
        .collect();
    recordings.sort_by(|a, b| a.0.cmp(&b.0));
    (recordings, registry.log().unwrap(), registry.info().unwrap().content_hash)
}

#[test]
fn an_export_with_fingerprints_makes_an_equal_registry_from_nothing() {
    let (folder, file) = exported();
    let (from, to) = (folder.path().join("r"), folder.path().join("copy"));
    let imported =
        Registry::create(&to, &Params::default()).unwrap().import(&file, &agreed(), day()).unwrap();
    assert_eq!((imported.new, imported.log_rows, imported.equal), (4, 10, true));
    assert_eq!(imported.left_out, []);
    assert_eq!(content(&to), content(&from));
    let ids = |folder: &Path| {
        let registry = Registry::open(folder).unwrap();
        let index = registry.index().unwrap();
        let mut found: Vec<_> = index
            .recordings()
            .filter(|at| !index.is_removed(index.recording(*at).key))
            .map(|at| {
                let key = index.recording(at).key;
                (registry.recording(key).unwrap().unwrap().id, index.peaks(at))
            })
            .collect();
        found.sort_by(|a, b| a.0.cmp(&b.0));
        found
    };
    assert!(ids(&to) == ids(&from), "the same fingerprints, without those of removed recordings");

    // Once more changes nothing, and the copy goes on like the original.
    let mut copy = Registry::open_for_writing(&to).unwrap();
    let generation = copy.generation().unwrap();
    let again = copy.import(&file, &agreed(), day()).unwrap();
    assert_eq!((again.new, again.changed, again.unchanged, again.log_rows), (0, 0, 4, 0));
    assert!(again.equal);
    assert_eq!(copy.generation().unwrap(), generation);
    copy.add(&[named("six", 6)]).unwrap();
    copy.compact(|_, _| ()).unwrap();
    assert_eq!(copy.verify().unwrap(), []);
}

#[test]
fn without_fingerprints_the_audio_that_is_there_gets_its_metadata() {
    let (folder, file) = exported();
    let from = folder.path().join("r");
    let plain = folder.path().join("plain.jsonl");
    let told = export(&from, &plain, false);
    assert_eq!((told.recordings, told.log_rows, told.segments), (4, 10, 0));
    let rich = fs::read_to_string(&file).unwrap();
    let poor = fs::read_to_string(&plain).unwrap();
    assert_eq!(
        rich.lines().skip(1).collect::<Vec<_>>(),
        poor.lines().skip(1).collect::<Vec<_>>(),
        "the rows are the same"
    );

    // The same audio under other names, one missing, one more.
    let to = folder.path().join("other");
    let mut registry = Registry::create(&to, &Params::default()).unwrap();
    let mut five = named("five", 5);
    five.duration_s = 0.1 + 0.2;
    five.isrcs = vec!["QZHB12400009".parse().unwrap()];
    registry.add(&[recording(1), named("three", 3), five, named("extra", 9)]).unwrap();
    let imported = registry.import(&plain, &agreed(), day()).unwrap();
    assert_eq!((imported.new, imported.changed, imported.unchanged), (0, 2, 1));
    assert_eq!(imported.left_out.len(), 1);
    assert_eq!(imported.left_out[0].0, "four");
    assert!(!imported.equal);
    assert_eq!(registry.verify().unwrap(), []);
    assert_eq!(registry.log().unwrap(), Registry::open(&from).unwrap().log().unwrap());
    registry.remove(&["extra".to_owned()]).unwrap();
    registry.add(&[named("four", 4)]).unwrap();
    drop(registry);
    assert_eq!(content(&to), content(&from), "the same content in the end");
    // A registry with recordings of its own takes no fingerprints, but the rest.
    let mut registry = Registry::open_for_writing(&to).unwrap();
    assert!(registry.import(&file, &agreed(), day()).unwrap().equal);
}

#[test]
fn logs_are_taken_where_one_begins_with_the_other() {
    let (folder, file) = exported();
    let to = folder.path().join("copy");
    let mut copy = Registry::create(&to, &Params::default()).unwrap();
    copy.import(&file, &agreed(), day()).unwrap();
    copy.declare(&[declaration(Subject::Everything, Permission::Allow)]).unwrap();
    let longer = folder.path().join("longer.jsonl");
    drop(copy);
    export(&to, &longer, false);

    // The original catches up, and the shorter export has nothing for it then.
    let mut original = Registry::open_for_writing(&folder.path().join("r")).unwrap();
    assert_eq!(original.import(&longer, &agreed(), day()).unwrap().log_rows, 1);
    assert_eq!(original.import(&file, &agreed(), day()).unwrap().log_rows, 0);
    // One that went another way does not.
    let mut other = Registry::create(&folder.path().join("other"), &Params::default()).unwrap();
    other.declare(&[declaration(Subject::Everything, Permission::Disallow)]).unwrap();
    for file in [&file, &longer] {
        let before = other.info().unwrap();
        let error = other.import(file, &agreed(), day()).unwrap_err().to_string();
        assert!(error.contains("two chains cannot become one"), "{error}");
        assert_eq!(other.info().unwrap(), before, "nothing was taken");
        assert_eq!(segment_files(&folder.path().join("other")), [""; 0]);
    }
}

#[test]
fn a_changed_export_is_refused_and_leaves_nothing_behind() {
    let (folder, file) = exported();
    let good = fs::read_to_string(&file).unwrap();
    let lines: Vec<&str> = good.lines().collect();
    let without = |number: usize| {
        let kept: Vec<&str> =
            lines.iter().enumerate().filter(|(at, _)| *at != number).map(|(_, line)| *line).collect();
        kept.join("\n")
    };
    let cases: Vec<(&str, String, &str)> = vec![
        ("no rows", String::new(), "is empty"),
        ("no header", without(0), "line 1: is not the header"),
        ("a recording missing", without(2), "it was cut"),
        ("a row of the log missing", without(6), "line 7: row 2 of the log is missing"),
        ("the last row missing", without(lines.len() - 1), "it was cut"),
        (
            "no JSON",
            good.replacen("{\"row\":\"declaration\"", "{row", 1).replace("\"seq\":1,", "\"seq\":1;"),
            "line 6",
        ),
        (
            "a use changed",
            good.replacen("\"use\":\"ai-training\"", "\"use\":\"data-mining\"", 1),
            "line 6: its hash is not that of the row",
        ),
        (
            "a hash changed",
            good.replacen("\"permission\":\"disallow\"", "\"permission\":\"allow\"", 1),
            "changed after it was written",
        ),
        ("an unknown kind", good.replace("\"row\":\"mandate\"", "\"row\":\"marriage\""), "marriage"),
        (
            "an unknown key",
            good.replacen("\"row\":\"recording\"", "\"row\":\"recording\",\"mood\":\"blue\"", 1),
            "mood",
        ),
        (
            "another schema",
            good.replacen("earmark.registry/1", "earmark.registry/9", 1),
            "earmark.registry/9",
        ),
        (
            "other params",
            good.replacen(&Params::default().id().to_string(), "0123456789abcdef", 1),
            "0123456789abcdef",
        ),
        ("a segment elsewhere", good.replacen("copy.1.seg", "../copy.1.seg", 1), "not a plain file name"),
        ("a segment missing", good.replacen("copy.1.seg", "copy.7.seg", 1), "copy.7.seg"),
        (
            "the wrong segment",
            good.replacen("copy.1.seg", "copy.2.seg", 1),
            "is not the file that was exported",
        ),
        (
            "the key of another",
            good.replacen("\"key\":1,", "\"key\":77,", 1),
            "no segment holds its fingerprint",
        ),
        ("audio twice", good.replacen(&hash_of(1), &hash_of(3), 1), "stands twice"),
        ("a bad id", good.replacen("\"id\":\"one\"", "\"id\":\"o\\u0007e\"", 1), "control character"),
    ];
    for (name, bad, expected) in cases {
        fs::write(&file, bad).unwrap();
        let to = folder.path().join(format!("to {name}"));
        let mut registry = Registry::create(&to, &Params::default()).unwrap();
        let error = registry.import(&file, &agreed(), day()).map(|_| ()).unwrap_err().to_string();
        assert!(error.contains(expected), "{name}: {error}");
        assert_eq!(registry.info().unwrap().recordings, 0, "{name}");
        assert_eq!(registry.generation().unwrap(), 0, "{name}");
        assert_eq!(registry.verify().unwrap(), [], "{name}: no orphans");
    }
    fs::write(&file, &good).unwrap();
    let segment = file.with_extension("1.seg");
    let mut bytes = fs::read(&segment).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&segment, bytes).unwrap();
    let mut registry = Registry::create(&folder.path().join("flipped"), &Params::default()).unwrap();
    let error = registry.import(&file, &agreed(), day()).unwrap_err().to_string();
    assert!(error.contains("is not the file that was exported"), "{error}");
}

fn hash_of(seed: u32) -> String {
    blake3::hash(&seed.to_le_bytes()).to_hex().to_string()
}

#[test]
fn damaged_fingerprints_are_not_exported() {
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path());
    for name in ["00000001.seg", "00000002.seg"] {
        let path = folder.path().join("segments").join(name);
        let good = fs::read(&path).unwrap();
        let mut bad = good.clone();
        let last = bad.len() - 20;
        bad[last] ^= 1;
        // Damage that comes after the opening, which would have found it.
        let reader = Registry::open(folder.path()).unwrap();
        fs::write(&path, &bad).unwrap();
        let to = folder.path().join("copy.jsonl");
        let error = reader.export(&to, true, &mut Vec::new()).unwrap_err();
        assert!(error.to_string().contains("not exported"), "{error}");
        fs::write(&path, good).unwrap();
    }
}

#[test]
fn only_an_export_is_taken_for_one() {
    let (folder, file) = exported();
    assert!(is_export(&file).unwrap());
    for text in ["", "path,isrc\n", "{\"path\":\"a\"}\n", "{\"schema\":\"earmark.scan/1\"}\n"] {
        let other = folder.path().join("other.jsonl");
        fs::write(&other, text).unwrap();
        assert!(!is_export(&other).unwrap(), "{text}");
    }
    assert!(is_export(Path::new("/nowhere")).is_err());
}

#[test]
fn label_copy_fills_what_is_missing_and_replaces_when_told() {
    let folder = tempfile::tempdir().unwrap();
    let mut registry = Registry::create(folder.path(), &Params::default()).unwrap();
    let isrc = |text: &str| vec![text.parse().unwrap()];
    let mut one = named("one", 1);
    one.isrcs = isrc("QZHB12400001");
    one.facts.title = Some("Title".to_owned());
    let mut two = named("two", 2);
    two.isrcs = isrc("QZHB12400001");
    registry.add(&[one, two, named("three", 3)]).unwrap();
    let facts = Facts {
        title: Some("Other title".to_owned()),
        owner: Some(" Label ".to_owned()),
        ..Facts::default()
    };
    let by_isrc = LabelCopy { isrcs: isrc("QZHB12400001"), facts: facts.clone(), ..LabelCopy::default() };
    let by_id =
        LabelCopy { id: Some("three".to_owned()), isrcs: isrc("QZHB12400003"), facts: Facts::default() };
    let unknown = LabelCopy { isrcs: isrc("QZHB12400009"), ..LabelCopy::default() };
    let mut long = by_id.clone();
    long.facts.title = Some("x".repeat(70_000));
    let updates =
        registry.update(&[by_isrc.clone(), by_id, unknown, long], Existing::Keep, &agreed()).unwrap();
    let Updated::Changed { ids, kept, authority } = &updates[0] else { panic!("{:?}", updates[0]) };
    assert_eq!(
        (ids.join(" "), kept.join(" "), authority.len()),
        ("one two".to_owned(), "title".to_owned(), 2)
    );
    assert_eq!(
        updates[1..3],
        [
            Updated::Changed { ids: vec!["three".to_owned()], kept: vec![], authority: vec![] },
            Updated::NotRegistered,
        ]
    );
    assert!(matches!(&updates[3], Updated::Refused(reason) if reason.contains("limit")));
    let of = |registry: &Registry, id: &str| registry.recording_by_id(id).unwrap().unwrap();
    assert_eq!(of(&registry, "one").facts.title.as_deref(), Some("Title"));
    assert_eq!(of(&registry, "two").facts.title.as_deref(), Some("Other title"));
    assert_eq!(of(&registry, "one").facts.owner.as_deref(), Some("Label"));
    assert_eq!(of(&registry, "three").isrcs, isrc("QZHB12400003"));
    assert_eq!(registry.verify().unwrap(), [], "the hash went along");

    let generation = registry.generation().unwrap();
    let again = registry.update(std::slice::from_ref(&by_isrc), Existing::Keep, &agreed()).unwrap();
    assert_eq!(again, [Updated::Unchanged { kept: vec!["title"], authority: vec![] }]);
    assert_eq!(registry.generation().unwrap(), generation, "nothing changed, no commit");
    let replaced = registry.update(&[by_isrc], Existing::Replace, &agreed()).unwrap();
    assert_eq!(replaced, [Updated::Changed { ids: vec!["one".to_owned()], kept: vec![], authority: vec![] }]);
    assert_eq!(of(&registry, "one").facts.title.as_deref(), Some("Other title"));
    assert_eq!(registry.verify().unwrap(), []);
}
