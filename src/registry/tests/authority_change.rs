//! What changes who may speak for what: told before and after, and not taken by the way.

use std::fs;
use std::path::Path;

use super::*;

fn owned(id: &str, seed: u32, owner: Option<&str>, isrc: &str) -> NewRecording {
    let mut recording = named(id, seed);
    recording.isrcs = vec![isrc.parse().unwrap()];
    recording.facts.owner = owner.map(str::to_owned);
    recording
}

/// Two recordings of Label that it refuses, and one of nobody.
fn label(folder: &Path) -> Registry {
    let mut registry = Registry::create(folder, &Params::default()).unwrap();
    registry
        .add(&[
            owned("one", 1, Some("Label"), "QZHB12400001"),
            owned("two", 2, Some("LABEL"), "QZHB12400002"),
            owned("three", 3, None, "QZHB22400003"),
        ])
        .unwrap();
    let refusal = NewDeclaration {
        declarant: "Label".to_owned(),
        ..declaration(Subject::Owner("Label".to_owned()), Permission::Disallow)
    };
    registry.declare(&[refusal]).unwrap();
    registry
}

fn told(registry: &Registry, rows: &[NewEntry]) -> Vec<String> {
    registry.changes(rows, day()).unwrap().iter().map(ToString::to_string).collect()
}

#[test]
fn every_row_is_told_with_what_holds_before_and_then() {
    let folder = tempfile::tempdir().unwrap();
    let mut registry = label(folder.path());
    let evil = owner("Evil", &["Fiend"], None, None);
    assert_eq!(
        told(&registry, &[evil.clone().into()]),
        ["owner Evil (0 recordings): nothing is noted; then also Fiend, belongs to nobody"]
    );
    registry.append(&[evil.into()]).unwrap();
    let rows = [
        owner("Label", &["Label Inc"], Some("Evil"), Some("2027-01-01")).into(),
        mandate("Evil", MandateAct::Grant, "prefix:QZHB1", "..2026-12-31").into(),
        mandate("fiend", MandateAct::Revoke, "prefix:QZHB1", "2026-12-01..").into(),
        mandate("Evil", MandateAct::Grant, "recording:three", "..").into(),
        NewDeclaration {
            declarant: "LABEL".to_owned(),
            ..declaration(Subject::Owner("Label".to_owned()), Permission::Allow)
        }
        .into(),
        declaration(Subject::Isrc("QZHB22400003".parse().unwrap()), Permission::Allow).into(),
    ];
    assert_eq!(
        told(&registry, &rows),
        [
            "owner Label (2 recordings): nothing is noted; then also Label Inc, belongs to Evil, from 2027-01-01",
            "mandate of Evil for ISRC prefix QZHB1 (2 recordings of LABEL): it may not speak; then it may speak, \
             until 2026-12-31",
            "mandate of fiend for ISRC prefix QZHB1 (2 recordings of LABEL): it may speak; then it may not speak, \
             from 2026-12-01",
            "mandate of Evil for recording three (1 recording of nobody): it may not speak; then it may speak",
            "declaration of LABEL about ai-training for owner Label (2 recordings): disallow (row 1); then allow",
            "declaration of Example Music about ai-training for ISRC QZ-HB2-24-00003 (1 recording): \
             nothing was said; then allow",
        ]
    );
    registry.append(&rows).unwrap();
    // The same once more is no change, and a sale names both sides.
    assert_eq!(told(&registry, &rows), [""; 0]);
    let sold = owner("Label", &[], Some("Buyer"), Some("2028-01-01"));
    assert_eq!(
        told(&registry, &[sold.into()]),
        [
            "owner Label (2 recordings): also Label Inc, belongs to Evil; then no other name, belongs to Buyer, \
          from 2028-01-01"
        ]
    );
}

#[test]
fn a_name_that_something_carries_is_taken_over_only_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let mut registry = label(folder.path());
    registry.append(&[mandate("Agency", MandateAct::Grant, "isrc:QZHB22400003", "..").into()]).unwrap();
    for (alias, carried) in [
        ("Label", "takes over Label, the name of 2 recordings and in 1 row of the log"),
        (" lAbEl ", "takes over lAbEl, the name of 2 recordings and in 1 row of the log"),
        ("agency", "takes over agency, the name of 0 recordings and in 1 row of the log"),
    ] {
        let rows = [owner("Evil", &[alias], None, None).into()];
        let changes = registry.changes(&rows, day()).unwrap();
        assert!(changes[0].to_string().contains(carried), "{}", changes[0]);
        assert!(!Consent::Withheld.covers(&changes));
        assert!(!agreed().covers(&changes), "{alias}");
        assert!(!Consent::Given { take_over: vec!["Other".to_owned()] }.covers(&changes));
        assert!(
            Consent::Given { take_over: vec!["Other".to_owned(), alias.to_uppercase()] }.covers(&changes)
        );
    }
    // A name that is its own is said again without ado.
    let first = owner("Label", &["Label Inc"], None, None);
    assert!(agreed().covers(&registry.changes(&[first.clone().into()], day()).unwrap()));
    registry.append(&[first.into()]).unwrap();
    registry.add(&[owned("four", 4, Some("label inc"), "QZHB12400004")]).unwrap();
    let again = owner("Label", &["Label Inc"], Some("Group"), None);
    assert!(agreed().covers(&registry.changes(&[again.into()], day()).unwrap()));
    // Not so one that it gave up.
    registry.append(&[owner("Label", &[], None, None).into()]).unwrap();
    let back = owner("Label", &["Label Inc"], None, None);
    assert!(!agreed().covers(&registry.changes(&[back.into()], day()).unwrap()));
}

#[test]
fn names_that_look_like_another_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let registry = label(folder.path());
    for name in ["L\u{430}bel", "Labe1", "La\u{200b}bel", "Lab-el", "\u{ff2c}abel"] {
        let rows = [mandate(name, MandateAct::Grant, "owner:Label", "..").into()];
        let changes = registry.changes(&rows, day()).unwrap();
        assert_eq!(changes[0].look_alikes.len(), 1, "{name}");
        assert_eq!(name_key(&changes[0].look_alikes[0].looks_like), "label");
        assert!(changes[0].to_string().contains("looks like Label and is another name"), "{}", changes[0]);
    }
    for name in ["Label", "LABEL ", "Liebel", "Other"] {
        let rows = [mandate(name, MandateAct::Grant, "owner:Label", "..").into()];
        assert_eq!(registry.changes(&rows, day()).unwrap()[0].look_alikes, [], "{name}");
    }
}

#[test]
fn recordings_keep_their_owner_and_codes_without_consent() {
    let folder = tempfile::tempdir().unwrap();
    let mut registry = label(folder.path());
    registry
        .append(&[
            mandate("Evil", MandateAct::Grant, "isrc:QZHB32400009", "..").into(),
            declaration(Subject::Prefix("QZHB4".parse().unwrap()), Permission::Allow).into(),
        ])
        .unwrap();
    let of = |registry: &Registry, id: &str| registry.recording_by_id(id).unwrap().unwrap();
    let copy = |id: &str, isrcs: &[&str], owner: &str| LabelCopy {
        id: Some(id.to_owned()),
        isrcs: isrcs.iter().map(|isrc| isrc.parse().unwrap()).collect(),
        facts: Facts { owner: Some(owner.to_owned()), title: Some("Title".to_owned()), ..Facts::default() },
    };
    let rows = [
        // Another spelling of the same name is no change of who may speak.
        copy("one", &["QZHB52400001"], "label"),
        copy("two", &["QZHB32400009", "QZHB42400001", "QZHB52400002"], "Evil"),
        copy("three", &[], "Label"),
    ];
    let update = |registry: &mut Registry, consent: &Consent| {
        let updates = registry.update(&rows, Existing::Replace, consent).unwrap();
        let authority = updates.into_iter().flat_map(|update| match update {
            Updated::Changed { authority, .. } | Updated::Unchanged { authority, .. } => authority,
            Updated::NotRegistered | Updated::Refused(_) => panic!("all are registered"),
        });
        authority.map(|change| change.to_string()).collect::<Vec<_>>()
    };
    let expected = [
        "recording two: owner LABEL, ISRC QZHB12400002; then owner Evil, ISRC QZHB12400002, QZHB32400009, \
         QZHB42400001, QZHB52400002",
        "recording three: no owner; then owner Label",
    ];
    assert_eq!(update(&mut registry, &Consent::Withheld), expected);
    let two = of(&registry, "two");
    assert_eq!(two.facts.owner.as_deref(), Some("LABEL"));
    assert_eq!(two.facts.title.as_deref(), Some("Title"), "the rest is taken");
    assert_eq!(two.isrcs.len(), 2, "a code that nobody speaks about is taken: {:?}", two.isrcs);
    assert_eq!(of(&registry, "three").facts.owner, None);
    assert_eq!(of(&registry, "one").facts.owner.as_deref(), Some("label"));
    assert_eq!(of(&registry, "one").isrcs.len(), 2);
    // A code is not lost either.
    let one = of(&registry, "one");
    let without = Recording { isrcs: Vec::new(), ..one.clone() };
    let spoken = crate::registry::authority_change::Spoken::default();
    let (change, rest) = spoken.compare(&one, &without).unwrap();
    assert_eq!(rest, one, "{change}");
    // The same audio, registered again with label copy.
    let again = owned("three", 3, Some("Evil"), "QZHB32400009");
    let added = registry.add(std::slice::from_ref(&again)).unwrap();
    assert!(matches!(&added[0], Added::Duplicate { changed: false, authority, .. } if authority.len() == 1));
    assert_eq!(of(&registry, "three").facts.owner, None);
    assert_eq!(registry.verify().unwrap(), [], "the hash went along");

    // Of two who call it theirs neither is the owner unseen.
    let claimed = owned("one", 1, Some("Evil"), "QZHB12400001");
    let added = registry.add(std::slice::from_ref(&claimed)).unwrap();
    let Added::Duplicate { changed: false, kept, authority, .. } = &added[0] else { panic!("{added:?}") };
    assert_eq!((kept.as_slice(), authority.len()), (["owner"].as_slice(), 1));
    assert_eq!(authority[0].to_string(), "recording one: owner label; then owner Evil");
    assert_eq!(of(&registry, "one").facts.owner.as_deref(), Some("label"));

    assert_eq!(update(&mut registry, &agreed()).len(), 2);
    assert_eq!(of(&registry, "two").facts.owner.as_deref(), Some("Evil"));
    assert_eq!(of(&registry, "two").isrcs.len(), 4);
    registry.add_with(&[again], &agreed()).unwrap();
    assert_eq!(of(&registry, "three").isrcs.len(), 2);
    let added = registry.add_with(&[claimed], &agreed()).unwrap();
    assert!(
        matches!(&added[0], Added::Duplicate { changed: true, kept, .. } if kept.is_empty()),
        "{added:?}"
    );
    assert_eq!(of(&registry, "one").facts.owner.as_deref(), Some("Evil"));
    assert_eq!(registry.verify().unwrap(), []);
}

#[test]
fn an_export_brings_no_authority_by_the_way() {
    let folder = tempfile::tempdir().unwrap();
    let (mine, theirs, file) =
        (folder.path().join("mine"), folder.path().join("theirs"), folder.path().join("x.jsonl"));
    drop(label(&mine));
    // Somebody's copy of it, in which the owner allows and has become another.
    let mut copy = Vec::new();
    Registry::open(&mine).unwrap().export(&file, true, &mut copy).unwrap();
    fs::write(&file, &copy).unwrap();
    let mut other = Registry::create(&theirs, &Params::default()).unwrap();
    other.import(&file, &agreed(), day()).unwrap();
    let copy = |id: &str, owner: &str| LabelCopy {
        id: Some(id.to_owned()),
        isrcs: Vec::new(),
        facts: Facts { owner: Some(owner.to_owned()), album: Some("Album".to_owned()), ..Facts::default() },
    };
    other.update(&[copy("one", "Evil")], Existing::Replace, &agreed()).unwrap();
    other
        .append(&[
            NewDeclaration {
                declarant: "Label".to_owned(),
                ..declaration(Subject::Owner("Label".to_owned()), Permission::Allow)
            }
            .into(),
            mandate("Evil", MandateAct::Grant, "owner:Label", "..").into(),
            owner("Evil", &["Label"], None, None).into(),
        ])
        .unwrap();
    let mut out = Vec::new();
    other.export(&file, false, &mut out).unwrap();
    fs::write(&file, &out).unwrap();

    let mut registry = Registry::open_for_writing(&mine).unwrap();
    let log = registry.log().unwrap();
    let imported = registry.import(&file, &Consent::Withheld, day()).unwrap();
    assert_eq!((imported.changed, imported.unchanged, imported.log_rows), (1, 2, 0));
    assert_eq!((imported.log, imported.recordings_held, imported.equal), (LogTaken::HeldBack, 1, false));
    let told: Vec<String> = imported.authority.iter().map(ToString::to_string).collect();
    assert_eq!(told[0], "recording one: owner Label; then owner Evil");
    assert!(
        told[1]
            .starts_with("declaration of Label about ai-training for owner Label (2 recordings): disallow")
    );
    assert!(told[2].starts_with("mandate of Evil for owner Label"));
    assert!(told[3].contains("takes over Label"));
    assert_eq!(registry.log().unwrap(), log);
    let one = registry.recording_by_id("one").unwrap().unwrap();
    assert_eq!((one.facts.owner.as_deref(), one.facts.album.as_deref()), (Some("Label"), Some("Album")));
    // Once more says the same and changes nothing.
    let generation = registry.generation().unwrap();
    let again = registry.import(&file, &Consent::Withheld, day()).unwrap();
    assert_eq!((again.changed, again.authority), (0, imported.authority));
    assert_eq!(registry.generation().unwrap(), generation);
    // Consent in general is none to a name that changes hands.
    let half = registry.import(&file, &agreed(), day()).unwrap();
    assert_eq!((half.log, half.log_rows, half.recordings_held), (LogTaken::HeldBack, 0, 0));
    let consent = Consent::Given { take_over: vec!["label".to_owned()] };
    let whole = registry.import(&file, &consent, day()).unwrap();
    assert_eq!((whole.log, whole.log_rows, whole.equal), (LogTaken::Whole, 3, true));
    // A log that went another way is left out, and the rest taken.
    registry.append(&[owner("Third", &[], Some("Group"), None).into()]).unwrap();
    other.append(&[owner("Fourth", &[], Some("Group"), None).into()]).unwrap();
    let mut out = Vec::new();
    other.export(&file, false, &mut out).unwrap();
    fs::write(&file, &out).unwrap();
    let differs = registry.import(&file, &Consent::Withheld, day()).unwrap();
    assert_eq!((differs.log, differs.unchanged), (LogTaken::Differs, 3));
    assert!(registry.import(&file, &agreed(), day()).is_err());
    assert_eq!(registry.verify().unwrap(), []);
}
