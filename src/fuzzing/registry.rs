//! What registries take in: entries, vocabularies, exports, licences.

use std::fs;

use serde_json::{Map, Value};

use super::{choice, scratch, told, told_of, written};
use crate::params::Params;
use crate::registry::{
    Consent, ImportError, NewEntry, ParsedEntries, Permission, Registry, Statement, TableFormat, Use,
    Vocabulary, parse_declarations, parse_mandates, parse_owners, parse_tombstones,
};
use crate::verdict::AcceptedTerms;

const RECEIVED: &str = "2026-11-21T12:00:00Z";

fn format_of(form: u8) -> TableFormat {
    if form & 0x40 == 0 { TableFormat::Csv } else { TableFormat::Jsonl }
}

fn parse(kind: u8, format: TableFormat, data: &[u8]) -> Result<ParsedEntries<NewEntry>, ImportError> {
    let now = RECEIVED.parse().expect("a time");
    fn any<T: Into<NewEntry>>(parsed: ParsedEntries<T>) -> ParsedEntries<NewEntry> {
        ParsedEntries {
            entries: parsed.entries.into_iter().map(Into::into).collect(),
            refused: parsed.refused,
        }
    }
    match kind {
        0 => parse_declarations(data, format, "x", now).map(any),
        1 => parse_mandates(data, format, "x", now).map(any),
        _ => parse_owners(data, format, "x", now).map(any),
    }
}

/// Files of declarations, mandates and owners. What was read and is written as JSONL
/// is read as the same.
pub fn entries(data: &[u8]) {
    let Some((form, data)) = choice(data) else { return };
    let kind = form % 3;
    let Some(parsed) = told_of(parse(kind, format_of(form), data)) else { return };
    parsed.refused.iter().for_each(|row| told(row));
    let mut text = String::new();
    for entry in &parsed.entries {
        let value = match entry {
            NewEntry::Declaration(entry) => serde_json::to_value(entry),
            NewEntry::Mandate(entry) => serde_json::to_value(entry),
            NewEntry::Owner(entry) => serde_json::to_value(entry),
        };
        let Ok(Value::Object(mut object)) = value else { panic!("an entry is an object") };
        object.remove("received_at");
        text += &(Value::Object(object).to_string() + "\n");
    }
    let again = parse(kind, TableFormat::Jsonl, text.as_bytes()).expect("JSONL");
    assert_eq!(again.refused, [], "{text}");
    assert_eq!(again.entries, parsed.entries, "{text}");
}

/// Lists of licences.
pub fn licences(data: &[u8]) {
    let Some((form, data)) = choice(data) else { return };
    let Some(accepted) = told_of(AcceptedTerms::read(data, format_of(form), "x")) else { return };
    for licence in &accepted.licences {
        assert!(!licence.name.trim().is_empty());
        assert!(
            licence.declaration_hash.is_some()
                || licence.declaration.is_some()
                || (licence.declarant.is_some() && licence.terms.is_some())
        );
    }
}

/// Vocabularies of others. What was read, written and read again has not grown milder.
pub fn vocabularies(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    for vocabulary in Vocabulary::ALL {
        let Some(read) = told_of(vocabulary.read(&text)) else { continue };
        let said: Vec<(Use, Statement)> =
            read.said.iter().map(|(use_, permission)| (*use_, permission.clone().into())).collect();
        let written = vocabulary.write(&said);
        if written.said.is_empty() {
            continue;
        }
        let again = vocabulary.read(&written.said).expect("what was written");
        for (use_, permission) in &again.said {
            if *permission == Permission::Allow {
                let covering: Vec<&Permission> =
                    read.said.iter().filter(|(known, _)| known.covers(*use_)).map(|(_, p)| p).collect();
                assert!(covering.contains(&&Permission::Allow), "{use_} became allowed: {}", written.said);
            }
        }
    }
}

/// The removed recordings of a segment, as the database has them.
pub fn tombstones(data: &[u8]) {
    let Some(bitmap) = parse_tombstones(data) else { return };
    let mut bytes = Vec::new();
    bitmap.serialize_into(&mut bytes).expect("memory");
    assert_eq!(parse_tombstones(&bytes), Some(bitmap));
}

/// An export into a new registry: nothing, or a registry that is whole and whose own
/// export makes another.
pub fn import(data: &[u8]) {
    let Some((form, data)) = choice(data) else { return };
    let data = if form % 2 == 0 { data.to_vec() } else { with_header(data) };
    let path = written("x.jsonl", &data);
    let _ = crate::registry::is_export(&path).expect("a file");
    let folder = new_registry("a");
    let mut registry = Registry::open_for_writing(&folder).expect("a registry");
    let before = registry.content_hash_hex().expect("a hash");
    let (consent, day) = (Consent::Given { take_over: Vec::new() }, jiff::civil::date(2026, 11, 21));
    let Some(imported) = told_of(registry.import(&path, &consent, day)) else {
        assert_eq!(registry.content_hash_hex().expect("a hash"), before, "a refused export left something");
        return;
    };
    let problems = registry.verify().expect("a registry");
    assert!(problems.is_empty(), "{problems:?}");
    assert_eq!(imported.new, 0, "there were no fingerprints");
    let export = scratch("y.jsonl");
    let mut out = Vec::new();
    let hash = registry.export(&export, false, &mut out).expect("an export").content_hash;
    drop(registry);
    fs::write(&export, &out).expect("a temporary file");
    let folder = new_registry("b");
    let mut other = Registry::open_for_writing(&folder).expect("a registry");
    assert!(other.import(&export, &consent, day).expect("an export").equal);
    assert_eq!(other.content_hash_hex().expect("a hash"), hash);
}

/// The rows of an export behind a header that fits them.
fn with_header(rows: &[u8]) -> Vec<u8> {
    let lines = rows.split_inclusive(|byte| *byte == b'\n');
    let (mut recordings, mut log_rows) = (0_u64, 0_u64);
    for line in lines {
        let object: Map<String, Value> = serde_json::from_slice(line).unwrap_or_default();
        match object.get("row").and_then(Value::as_str) {
            Some("recording") => recordings += 1,
            _ => log_rows += 1,
        }
    }
    let header = serde_json::json!({
        "schema": "earmark.registry/1", "params_id": Params::default().id().to_string(),
        "content_hash": "", "recordings": recordings, "log_rows": log_rows, "fingerprints": [],
    });
    [header.to_string().as_bytes(), b"\n", rows].concat()
}

/// The folder of a registry without anything; a copy, as SQLite takes long to make one.
fn new_registry(name: &str) -> std::path::PathBuf {
    use std::sync::OnceLock;
    static EMPTY: OnceLock<Vec<u8>> = OnceLock::new();
    let bytes = EMPTY.get_or_init(|| {
        let folder = scratch("empty");
        drop(Registry::create(&folder, &Params::default()).expect("a registry"));
        fs::read(folder.join("registry.db")).expect("a database")
    });
    let folder = scratch(name);
    fs::create_dir_all(folder.join("segments")).expect("a temporary folder");
    fs::write(folder.join("registry.db"), bytes).expect("a temporary file");
    folder
}
