//! The registry behind the service: what `earmark-server` asks for, answered by the
//! library.

mod view;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use earmark::audio::Limits;
use earmark::check::{Source, prepare};
use earmark::declarations::{Entry, NewEntry, TableFormat, parse_declarations, parse_mandates, parse_owners};
use earmark::fingerprint::FingerprintReader;
use earmark::registry::{Added, Registry as Stored, RegistryError, RegistryReader};
use earmark_server::port::{LogRow, Refusal, Registered, Registry, View};
use jiff::Timestamp;
use serde_json::Value;

use crate::cli::error::CliError;

use view::Seen;

/// What uploads are called in messages.
const BODY: &str = "the body";

/// A registry that is held open for the service.
pub struct Held {
    folder: PathBuf,
    reader: RegistryReader,
    view: RwLock<Arc<Seen>>,
    /// One writer at a time in this process: the registry's own lock is for others.
    writing: Mutex<()>,
}

impl Held {
    /// Opens the registry in `folder`.
    pub fn open(folder: &Path) -> Result<Self, CliError> {
        let reader = RegistryReader::open(folder)?;
        let view = RwLock::new(Arc::new(Seen::new(reader.snapshot())));
        Ok(Held { folder: folder.to_owned(), reader, view, writing: Mutex::default() })
    }

    fn write<T>(&self, work: impl FnOnce(&mut Stored) -> Result<T, Refusal>) -> Result<T, Refusal> {
        let _one = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut registry = Stored::open_for_writing(&self.folder).map_err(refusal)?;
        work(&mut registry)
    }
}

/// Why the library did not do it, for the service.
fn refusal(error: RegistryError) -> Refusal {
    match error {
        RegistryError::Locked { .. } => Refusal::Busy,
        error => Refusal::Failed(error.to_string()),
    }
}

impl Registry for Held {
    fn view(&self) -> Arc<dyn View> {
        self.view.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn reload(&self) -> Result<bool, Refusal> {
        if !self.reader.reload().map_err(refusal)? {
            return Ok(false);
        }
        let view = Arc::new(Seen::new(self.reader.snapshot()));
        *self.view.write().unwrap_or_else(PoisonError::into_inner) = view;
        Ok(true)
    }

    fn register(&self, fingerprints: File, owner: Option<&str>) -> Result<Registered, Refusal> {
        let snapshot = self.reader.snapshot();
        let params = snapshot.params();
        let invalid = |error: &dyn std::fmt::Display| Refusal::Invalid(error.to_string());
        let entries = FingerprintReader::new(fingerprints, Path::new(BODY), params);
        let mut registered = Registered::default();
        let mut batch = Vec::new();
        for entry in entries.map_err(|error| invalid(&error))? {
            let entry = entry.map_err(|error| invalid(&error))?;
            let path = entry.about.path.clone();
            match prepare(Source::entry(entry), None, params, &Limits::default()) {
                Ok(prepared) => {
                    let recording = prepared.recording;
                    let named = recording.facts.owner.as_deref();
                    if let (Some(owner), Some(named)) = (owner, named)
                        && owner != named
                    {
                        return Err(Refusal::Forbidden(format!(
                            "{path} belongs to {named:?} by its label copy; this token speaks for {owner:?} alone"
                        )));
                    }
                    batch.push((path, recording));
                }
                Err(error) => registered.refused.push(format!("{path}: {error}")),
            }
        }
        let (paths, recordings): (Vec<String>, Vec<_>) = batch.into_iter().unzip();
        let added = self.write(|registry| registry.add(&recordings).map_err(refusal))?;
        for (path, added) in paths.iter().zip(added) {
            match added {
                Added::New { .. } => registered.added += 1,
                Added::Duplicate { .. } => registered.known += 1,
                Added::Refused(error) => registered.refused.push(format!("{path}: {error}")),
            }
        }
        Ok(registered)
    }

    fn append(&self, rows: &[Value]) -> Result<Vec<LogRow>, Refusal> {
        let new = entries_of(rows, Timestamp::now())?;
        self.write(|registry| {
            let stored = registry.append_new(&new).map_err(|error| match error {
                RegistryError::Entry { .. } => Refusal::Invalid(error.to_string()),
                error => refusal(error),
            })?;
            let log = registry.log().map_err(refusal)?.into_entries();
            let new = stored.stored.iter().map(|entry| entry.seq);
            let mut numbers: Vec<u64> = new.chain(stored.known.iter().copied()).collect();
            numbers.sort_unstable();
            numbers.dedup();
            let rows = log_rows(&log);
            Ok(numbers.into_iter().filter_map(|seq| rows.get(seq as usize - 1).cloned()).collect())
        })
    }
}

/// The rows of a request, in the form in which `declare --import` reads them.
fn entries_of(rows: &[Value], now: Timestamp) -> Result<Vec<NewEntry>, Refusal> {
    let mut entries = Vec::with_capacity(rows.len());
    for row in rows {
        let mut row = row.clone();
        let kind = row.as_object_mut().and_then(|fields| fields.remove("row"));
        let line = row.to_string();
        let line = line.as_bytes();
        let invalid = |error: &dyn std::fmt::Display| Refusal::Invalid(error.to_string());
        let format = TableFormat::Jsonl;
        match kind.as_ref().and_then(Value::as_str) {
            Some("declaration") => {
                let parsed =
                    parse_declarations(line, format, BODY, now).and_then(|rows| rows.all_or_nothing());
                entries
                    .extend(parsed.map_err(|error| invalid(&error))?.into_iter().map(NewEntry::Declaration));
            }
            Some("mandate") => {
                let parsed = parse_mandates(line, format, BODY, now).and_then(|rows| rows.all_or_nothing());
                entries.extend(parsed.map_err(|error| invalid(&error))?.into_iter().map(NewEntry::Mandate));
            }
            Some("owner") => {
                let parsed = parse_owners(line, format, BODY, now).and_then(|rows| rows.all_or_nothing());
                entries.extend(parsed.map_err(|error| invalid(&error))?.into_iter().map(NewEntry::Owner));
            }
            _ => return Err(Refusal::Invalid("a row is a declaration, a mandate or an owner".to_owned())),
        }
    }
    Ok(entries)
}

/// All rows of a log as they are published.
fn log_rows(entries: &[Entry]) -> Vec<LogRow> {
    let rows = entries.iter().zip(earmark::declarations::canonical_rows(entries));
    rows.map(|(entry, canonical)| LogRow {
        seq: entry.seq,
        canonical,
        row: serde_json::to_value(entry).unwrap_or_default(),
    })
    .collect()
}
