use super::*;

const DAY: &str = "2026-11-21";

fn speakers(owners: &[NewOwner], mandates: &[NewMandate], day: &str, about: &About<'_>) -> Vec<String> {
    Authority::on(owners, mandates, day.parse().unwrap()).speakers(about).into_iter().collect()
}

fn of(owner: &str) -> About<'_> {
    About { owner: Some(owner), ..About::default() }
}

#[test]
fn an_owner_speaks_for_itself_and_its_affiliates_under_any_name() {
    let owners = [
        owner("Group", &["Group Inc."], None, None),
        owner("Middle", &[], Some("group INC."), None),
        owner("Small", &["Small Rec", "SR"], Some("Middle"), None),
    ];
    assert_eq!(speakers(&owners, &[], DAY, &of(" sr ")), ["group", "middle", "small"]);
    assert_eq!(speakers(&owners, &[], DAY, &of("Middle")), ["group", "middle"]);
    assert_eq!(speakers(&owners, &[], DAY, &of("Unheard of")), ["unheard of"], "a name stands for itself");
    assert_eq!(speakers(&owners, &[], DAY, &About::default()), [""; 0], "nobody owns it");
    let authority = Authority::on(&owners, [], DAY.parse().unwrap());
    assert!(authority.may_speak("GROUP inc.", &of("small rec")));
    assert!(!authority.may_speak("Small", &of("Group")), "upwards it does not go");
}

#[test]
fn a_sale_moves_an_affiliate_on_its_day() {
    let owners = [
        owner("Small", &["SR"], Some("Seller"), None),
        owner("Small", &["SR", "Small Buyer"], Some("Buyer"), Some("2026-03-01")),
    ];
    assert_eq!(speakers(&owners, &[], "2026-02-28", &of("SR")), ["seller", "small"]);
    assert_eq!(speakers(&owners, &[], "2026-03-01", &of("SR")), ["buyer", "small"]);
    assert_eq!(speakers(&owners, &[], "2026-02-28", &of("Small Buyer")), ["small buyer"]);
}

#[test]
fn mandates_reach_what_they_name_while_they_hold() {
    use MandateAct::{Grant, Revoke};
    let owners = [owner("Small", &[], Some("Group"), None), owner("Agency", &["The Agency"], None, None)];
    let isrcs = ["QZHB12400001".parse().unwrap(), "GBXYZ2400009".parse().unwrap()];
    let about = About { id: "one", isrcs: &isrcs, owner: Some("Small") };
    let cases = [
        ("an owner's", vec![mandate("The Agency", Grant, "owner:Small", "..")], true),
        ("the parent's", vec![mandate("Agency", Grant, "owner:Group", "..")], true),
        ("another owner's", vec![mandate("Agency", Grant, "owner:Other", "..")], false),
        ("a prefix's", vec![mandate("Agency", Grant, "prefix:GBXYZ", "..")], true),
        ("another prefix's", vec![mandate("Agency", Grant, "prefix:GBXYY", "..")], false),
        ("an ISRC's", vec![mandate("Agency", Grant, "isrc:QZHB12400001", "..")], true),
        ("the recording's", vec![mandate("Agency", Grant, "recording:one", "..")], true),
        ("not yet", vec![mandate("Agency", Grant, "recording:one", "2026-11-22..")], false),
        (
            "on the first and last day",
            vec![mandate("Agency", Grant, "recording:one", "2026-11-21..2026-11-21")],
            true,
        ),
        ("no more", vec![mandate("Agency", Grant, "recording:one", "..2026-11-20")], false),
        (
            "revoked",
            vec![
                mandate("Agency", Grant, "owner:Small", ".."),
                mandate("The agency", Revoke, "owner:small", "2026-01-01.."),
            ],
            false,
        ),
        (
            "revoked from tomorrow",
            vec![
                mandate("Agency", Grant, "owner:Small", ".."),
                mandate("Agency", Revoke, "owner:Small", "2026-11-22.."),
            ],
            true,
        ),
        (
            "revoked and given again",
            vec![
                mandate("Agency", Grant, "owner:Small", ".."),
                mandate("Agency", Revoke, "owner:Small", ".."),
                mandate("Agency", Grant, "owner:Small", ".."),
            ],
            true,
        ),
        (
            "another's revocation",
            vec![
                mandate("Agency", Grant, "owner:Small", ".."),
                mandate("Other", Revoke, "owner:Small", ".."),
            ],
            true,
        ),
        (
            "a mandate is not passed on",
            vec![
                mandate("Middleman", Grant, "owner:Small", ".."),
                mandate("Agency", Grant, "owner:Middleman", ".."),
            ],
            false,
        ),
    ];
    for (name, mandates, expected) in cases {
        let authority = Authority::on(&owners, &mandates, DAY.parse().unwrap());
        assert_eq!(authority.may_speak("the agency", &about), expected, "{name}");
        assert!(authority.may_speak("Group", &about), "{name}");
        let declared = |subject: &Subject| authority.is_about(subject, "Agency", &about);
        assert_eq!(declared(&Subject::Everything), expected, "{name}");
        assert!(declared(&Subject::Owner("group".to_owned())), "{name}: with its affiliates");
    }
}

#[test]
fn the_rows_behind_an_authority_are_told() {
    let owners = [
        owner("Group", &["Group Inc."], None, None),
        owner("Small", &["SR"], Some("Group Inc."), None),
        owner("Agency", &["The Agency"], None, None),
    ];
    let mandates = [
        mandate("The Agency", MandateAct::Grant, "owner:Group Inc.", ".."),
        mandate("Shop", MandateAct::Grant, "prefix:QZHB1", ".."),
        mandate("Shop", MandateAct::Revoke, "recording:two", ".."),
    ];
    // As in a log: owners are rows 1 to 3, mandates 4 to 6.
    let entries: Vec<NewEntry> =
        owners.map(NewEntry::Owner).into_iter().chain(mandates.map(NewEntry::Mandate)).collect();
    let folder = tempfile::tempdir().unwrap();
    let mut registry = Registry::create(folder.path(), &Params::default()).unwrap();
    registry.append(&entries).unwrap();
    let authority = registry.log().unwrap().authority(DAY.parse().unwrap());
    let isrcs = ["QZHB12400001".parse().unwrap()];
    let of = |owner, id, isrcs| About { id, isrcs, owner };
    let cases: [(&str, About<'_>, Option<&[u64]>); 9] = [
        ("Small", of(Some("Small"), "", &[]), Some(&[])),
        ("SR", of(Some("Small"), "", &[]), Some(&[2])),
        ("small", of(Some("SR"), "", &[]), Some(&[2])),
        ("Group", of(Some("Small"), "", &[]), Some(&[1, 2])),
        ("Agency", of(Some("Small"), "", &[]), Some(&[1, 2, 3, 4])),
        ("Small", of(Some("Group"), "", &[]), None),
        ("Shop", of(None, "", &isrcs), Some(&[5])),
        ("Shop", of(None, "two", &[]), None),
        ("Stranger", of(Some("Small"), "", &isrcs), None),
    ];
    for (declarant, about, expected) in cases {
        assert_eq!(authority.grounds(declarant, &about).as_deref(), expected, "{declarant}: {about:?}");
        assert_eq!(authority.may_speak(declarant, &about), expected.is_some());
        let speakers = authority.speakers(&about);
        assert_eq!(speakers.contains(&authority.owner_key(declarant)), expected.is_some(), "{declarant}");
    }
}

#[test]
fn owners_that_contradict_each_other_are_refused() {
    let cases = [
        (vec![owner("A", &["a"], Some("A"), None)], "its own parent"),
        (vec![owner("A", &["B"], Some("b"), None)], "its own parent"),
        (
            vec![
                owner("A", &[], Some("B"), None),
                owner("B", &[], Some("C"), None),
                owner("C", &["X"], Some("a"), None),
            ],
            "A would be its own parent (A belongs to B belongs to C belongs to A)",
        ),
        (
            vec![
                owner("A", &["X"], None, None),
                owner("B", &["Y"], Some("X"), None),
                owner("A", &["X"], Some("Y"), Some("2027-01-01")),
            ],
            "its own parent",
        ),
        (
            vec![owner("A", &["X"], None, None), owner("B", &["x"], None, None)],
            "alias of \"B\" and at the same time one of \"A\"",
        ),
        (vec![owner("A", &["B"], None, None), owner("B", &[], Some("C"), None)], "a row of its own"),
        (vec![owner(" ", &[], None, None)], "name is empty"),
        (vec![owner("A", &["a\nb"], None, None)], "control character"),
    ];
    for (owners, expected) in cases {
        let folder = tempfile::tempdir().unwrap();
        let mut registry = Registry::create(folder.path(), &Params::default()).unwrap();
        let entries: Vec<NewEntry> = owners.into_iter().map(NewEntry::Owner).collect();
        let error = registry.append(&entries).unwrap_err().to_string();
        assert!(error.contains(expected), "{expected}: {error}");
        assert_eq!(registry.log().unwrap(), Log::default());
    }
    // What contradicted each other on one day may follow one on the other.
    let fine = [
        owner("A", &["X"], None, None),
        owner("A", &[], None, Some("2026-01-01")),
        owner("B", &["X", "A"], None, Some("2026-01-01")),
    ];
    let folder = tempfile::tempdir().unwrap();
    let mut registry = Registry::create(folder.path(), &Params::default()).unwrap();
    registry.append(&fine.map(NewEntry::Owner)).unwrap();
    assert_eq!(registry.verify().unwrap(), []);
}

#[test]
fn rows_of_all_kinds_are_one_chain() {
    let folder = tempfile::tempdir().unwrap();
    let mut registry = Registry::create(folder.path(), &Params::default()).unwrap();
    let mut documented = declaration(Subject::Everything, Permission::Disallow);
    documented.document_hash = Some(DocumentHash([7; 32]));
    let mut taken_back = declaration(Subject::Everything, Permission::Disallow);
    taken_back.statement = Statement::Withdraw;
    let mut dated = owner(" Small  ", &["SR", " sr", "", "S. R."], Some("Group"), Some("2026-03-01"));
    dated.document_hash = Some(DocumentHash([8; 32]));
    let batch: [NewEntry; 5] = [
        dated.into(),
        documented.into(),
        mandate("Agency", MandateAct::Grant, "prefix:QZHB1", "2026-01-01..2026-12-31").into(),
        taken_back.into(),
        declaration(Subject::Owner("Small".to_owned()), Permission::Allow).into(),
    ];
    let mut stored = registry.append(&batch[..3]).unwrap();
    stored.extend(registry.append(&batch[3..]).unwrap());
    assert_eq!(stored.iter().map(|entry| entry.seq).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
    let log = registry.log().unwrap();
    assert_eq!(log.owners[0].aliases, ["SR", "S. R."]);
    assert_eq!(log.declarations.iter().map(|declaration| declaration.seq).collect::<Vec<_>>(), [2, 4, 5]);
    assert_eq!(log.declarations[1].permission(), None);
    assert_eq!(Log::from_entries(stored.clone()), log);
    assert_eq!(log.into_entries(), stored);
    assert_eq!(registry.verify().unwrap(), []);
    let info = registry.info().unwrap();
    assert_eq!((info.declarations, info.mandates, info.owners), (3, 1, 1));
    assert_eq!(info.log_hash, stored[4].hash);

    let path = folder.path().join("registry.db");
    drop(registry);
    for (table, change, undo) in [
        ("mandate", "UPDATE mandate SET subject = 'QZHB2'", "UPDATE mandate SET subject = 'QZHB1'"),
        ("owner", "UPDATE owner SET parent = NULL", "UPDATE owner SET parent = 'Group'"),
        ("declaration", "UPDATE declaration SET document_hash = NULL WHERE seq = 2", ""),
    ] {
        let connection = rusqlite::Connection::open(&path).unwrap();
        let refused = connection.execute(change, []).unwrap_err();
        assert!(refused.to_string().contains("append-only"), "{refused}");
        let trigger = format!("{table}_no_update");
        let sql = format!("SELECT sql FROM sqlite_schema WHERE name = '{trigger}'");
        let text: String = connection.query_row(&sql, [], |row| row.get(0)).unwrap();
        connection.execute_batch(&format!("DROP TRIGGER {trigger}; {change}; {text};")).unwrap();
        let problems = Registry::open_unchecked(folder.path()).unwrap().verify().unwrap();
        assert!(matches!(problems.as_slice(), [Problem::Log { .. }]), "{change}: {problems:?}");
        connection.execute_batch(&format!("DROP TRIGGER {trigger}; {undo}; {text};")).unwrap();
    }
}
