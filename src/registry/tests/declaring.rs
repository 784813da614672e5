use super::*;

fn recording_subject() -> Subject {
    Subject::Recording("one".to_owned())
}

#[test]
fn declarations_come_back_as_stored_and_chained() {
    let folder = tempfile::tempdir().unwrap();
    let mut registry = Registry::create(folder.path(), &Params::default()).unwrap();
    let full = NewDeclaration {
        subject: Subject::parse("prefix", "qzhb1").unwrap(),
        use_: Use::DataMining,
        statement: Permission::Constrain { terms: " https://example.com/licence\nsecond line ".to_owned() }
            .into(),
        territories: ["FR", "de", "FR"].map(|code| code.parse().unwrap()).to_vec(),
        from: Some("2026-01-01".parse().unwrap()),
        until: Some("2026-01-01".parse().unwrap()),
        declarant: " Example Music ".to_owned(),
        source: Some("  ".to_owned()),
        document_hash: None,
        received_at: "2026-11-21T12:00:00.5Z".parse().unwrap(),
    };
    let stored = registry.declare(&[full, declaration(recording_subject(), Permission::Allow)]).unwrap();
    let more = registry.declare(&[declaration(recording_subject(), Permission::Disallow)]).unwrap();
    assert_eq!(stored.iter().chain(&more).map(|declaration| declaration.seq).collect::<Vec<_>>(), [1, 2, 3]);
    let first = &stored[0];
    assert_eq!(first.statement.terms(), Some("https://example.com/licence\nsecond line"));
    assert_eq!(first.territories.iter().map(ToString::to_string).collect::<Vec<_>>(), ["DE", "FR"]);
    assert_eq!((first.declarant.as_str(), &first.source), ("Example Music", &None));

    let read = Registry::open(folder.path()).unwrap();
    assert_eq!(read.declarations().unwrap(), [stored, more].concat());
    assert_eq!(read.info().unwrap().log_hash, read.declarations().unwrap()[2].hash);
    assert_eq!(read.verify().unwrap(), []);
}

/// The chain's bytes written out by hand, as FORMAT.md gives them.
#[test]
fn the_chain_hash_has_the_documented_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let mut registry = Registry::create(folder.path(), &Params::default()).unwrap();
    let mut new = declaration(recording_subject(), Permission::Disallow);
    new.territories = vec!["DE".parse().unwrap(), "FR".parse().unwrap()];
    new.from = Some("2026-01-02".parse().unwrap());
    let stored = registry.declare(&[new]).unwrap();

    let mut bytes = Vec::new();
    let mut field = |value: Option<&[u8]>| match value {
        Some(value) => {
            bytes.extend(u32::try_from(value.len()).unwrap().to_le_bytes());
            bytes.extend(value);
        }
        None => bytes.extend([0xff; 4]),
    };
    field(Some(b"earmark declaration 1"));
    field(Some(&[0; 32]));
    for text in ["1", "recording", "one", "ai-training", "disallow"] {
        field(Some(text.as_bytes()));
    }
    field(None);
    field(Some(b"DE,FR"));
    field(Some(b"2026-01-02"));
    field(None);
    field(Some(b"Example Music"));
    field(None);
    field(Some(b"2026-11-21T12:00:00Z"));
    assert_eq!(stored[0].hash, *blake3::hash(&bytes).as_bytes());
}

#[test]
fn invalid_declarations_are_refused_with_the_batch() {
    let folder = tempfile::tempdir().unwrap();
    let mut registry = Registry::create(folder.path(), &Params::default()).unwrap();
    let good = declaration(recording_subject(), Permission::Allow);
    let with = |change: fn(&mut NewDeclaration)| {
        let mut bad = good.clone();
        change(&mut bad);
        bad
    };
    let cases = [
        (with(|bad| bad.declarant = " ".to_owned()), "declarant"),
        (with(|bad| bad.declarant = "a\tb".to_owned()), "control character"),
        (with(|bad| bad.subject = Subject::Recording(" ".to_owned())), "recording is empty"),
        (with(|bad| bad.subject = Subject::Owner(String::new())), "owner is empty"),
        (with(|bad| bad.statement = Permission::Constrain { terms: "\n".to_owned() }.into()), "terms"),
        (with(|bad| bad.statement = Permission::Constrain { terms: "x".repeat(70_000) }.into()), "limit"),
        (
            with(|bad| {
                bad.from = Some("2026-02-01".parse().unwrap());
                bad.until = Some("2026-01-31".parse().unwrap());
            }),
            "the end is before the start",
        ),
    ];
    for (bad, expected) in cases {
        let error = registry.declare(&[good.clone(), bad]).unwrap_err();
        assert!(matches!(error, RegistryError::Entry { number: 2, of: 2, .. }), "{error}");
        assert!(error.to_string().contains(expected), "{expected}: {error}");
    }
    assert_eq!(registry.declarations().unwrap(), []);
    assert_eq!(registry.generation().unwrap(), 0);
}

#[test]
fn the_database_itself_refuses_to_change_history() {
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path());
    let connection = rusqlite::Connection::open(folder.path().join("registry.db")).unwrap();
    for sql in ["UPDATE declaration SET permission = 'allow'", "DELETE FROM declaration"] {
        let error = connection.execute(sql, []).unwrap_err();
        assert!(error.to_string().contains("append-only"), "{error}");
    }
}

#[test]
fn subjects_tell_whom_they_concern() {
    let folder = tempfile::tempdir().unwrap();
    let mut registry = Registry::create(folder.path(), &Params::default()).unwrap();
    let mut one = named("one", 1);
    one.isrcs = ["QZHB12400001", "QZHB12400002", "QZHC12400001"].map(|text| text.parse().unwrap()).to_vec();
    one.facts.owner = Some("Example Music".to_owned());
    registry.add(&[one, named("two", 2)]).unwrap();
    let concern = registry.concern("2026-11-21".parse().unwrap()).unwrap();
    let concerned = |kind, value| {
        let subject = Subject::parse(kind, value).unwrap();
        concern.recordings(&declaration(subject, Permission::Allow)).unwrap()
    };
    assert_eq!(concerned("recording", "two"), 1);
    assert_eq!(concerned("recording", "three"), 0);
    assert_eq!(concerned("isrc", "QZ-HB1-24-00002"), 1);
    assert_eq!(concerned("prefix", "QZHB1"), 1, "two codes, one recording");
    assert_eq!(concerned("prefix", "QZHB0"), 0);
    assert_eq!(concerned("owner", "EXAMPLE  music"), 1);
    assert_eq!(concerned("owner", "Example"), 0);
}

#[test]
fn uses_form_a_tree() {
    for broad in Use::ALL {
        assert!(broad.covers(broad));
        assert_eq!(broad.name().parse::<Use>().unwrap(), broad);
        for narrow in Use::ALL {
            assert!(!(broad.covers(narrow) && narrow.covers(broad)) || broad == narrow);
            for narrowest in Use::ALL {
                assert!(!(broad.covers(narrow) && narrow.covers(narrowest)) || broad.covers(narrowest));
            }
        }
    }
    let covered = |broad: Use| Use::ALL.into_iter().filter(|narrow| broad.covers(*narrow)).count();
    assert_eq!(Use::ALL.map(covered), [4, 2, 1, 1, 1]);
    assert!("training".parse::<Use>().is_err());
}

#[test]
fn rows_that_are_said_again_add_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut registry = Registry::create(folder.path(), &Params::default()).unwrap();
    let says = |permission: Permission, declarant: &str, received: &str| {
        let subject = Subject::Owner("Label".to_owned());
        let row = NewDeclaration {
            declarant: declarant.to_owned(),
            received_at: received.parse().unwrap(),
            ..declaration(subject, permission)
        };
        NewEntry::from(row)
    };
    let file = |received: &str| {
        vec![
            owner("Label", &["Label Inc"], None, None).into(),
            says(Permission::Disallow, "Label", received),
            says(Permission::Disallow, "Other", received),
            mandate("Agency", MandateAct::Grant, "owner:Label", "..").into(),
            says(Permission::Allow, " Label ", received),
        ]
    };
    let mut append = |rows: &[NewEntry]| {
        let appended = registry.append_new(rows).unwrap();
        let stored: Vec<u64> = appended.stored.iter().map(|row| row.seq).collect();
        (stored, appended.known)
    };
    assert_eq!(append(&file("2026-01-01T00:00:00Z")), (vec![1, 2, 3, 4, 5], vec![]));
    assert_eq!(append(&file("2026-02-01T00:00:00Z")), (vec![], vec![1, 2, 3, 4, 5]));
    // A file that goes on adds its end.
    let mut longer = file("2026-03-01T00:00:00Z");
    longer.push(says(Permission::Disallow, "Label", "2026-03-01T00:00:00Z"));
    assert_eq!(append(&longer), (vec![6], vec![1, 2, 3, 4, 5]));
    // The last word alone is known; what was said before it is said anew.
    let refusal = || says(Permission::Disallow, "Label", "2026-04-01T00:00:00Z");
    let permission = || says(Permission::Allow, "Label", "2026-04-01T00:00:00Z");
    assert_eq!(append(&[refusal()]), (vec![], vec![6]));
    assert_eq!(append(&[permission()]), (vec![7], vec![]));
    assert_eq!(append(&[refusal()]), (vec![8], vec![]));
    // Under another name of the same owner something was said since.
    assert_eq!(append(&[says(Permission::Allow, "Label Inc", "2026-05-01T00:00:00Z")]), (vec![9], vec![]));
    assert_eq!(append(&[refusal()]), (vec![10], vec![]));
    // Another source is another row.
    let NewEntry::Declaration(mut elsewhere) = refusal() else { unreachable!() };
    elsewhere.source = Some("https://example.com".to_owned());
    assert_eq!(append(&[elsewhere.into()]), (vec![11], vec![]));
    let revoked = || mandate("Agency", MandateAct::Revoke, "owner:Label Inc", "2027-01-01..").into();
    assert_eq!(append(&[revoked()]), (vec![12], vec![]));
    assert_eq!(
        append(&[revoked(), mandate("Agency", MandateAct::Grant, "owner:Label", "..").into()]).0,
        [13]
    );
    assert_eq!(append(&[]), (vec![], vec![]));
    assert!(registry.verify().unwrap().iter().all(Problem::is_harmless));
}
