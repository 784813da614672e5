//! One state of the registry, and what it answers.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use earmark::audio::Limits;
use earmark::check::reading::{self, Source, recognise};
use earmark::coverage::Coverage;
use earmark::declarations::Log;
use earmark::fingerprint::FingerprintReader;
use earmark::isrc::Isrc;
use earmark::matching::{MatchOptions, Matcher};
use earmark::registry::{Recording, Registry as Stored, Snapshot};
use earmark::report::ScanHeader;
use earmark::verdict::{DeclarationBook, KnownRecording, Policy, Question, VerdictKind};
use earmark_server::port::{self, LogRow, Recognised, Refusal, Search, State, View};
use jiff::civil::Date;
use serde_json::{Value, json};

use crate::cli::command::scan::{Checker, today};

use super::{BODY, entries_of, log_rows, refusal};

/// Questions whose declarations are kept arranged: arranging 20,000 takes longer than
/// an answer.
const BOOKS_KEPT: usize = 16;

/// One state of the registry.
pub(super) struct Seen {
    snapshot: Snapshot,
    state: State,
    books: Mutex<Vec<(port::Question, Date, Arc<DeclarationBook>)>>,
    rows: OnceLock<Vec<LogRow>>,
}

impl Seen {
    pub(super) fn new(snapshot: Snapshot) -> Self {
        let entries = snapshot.log().clone().into_entries();
        let head = entries.last().map_or([0; 32], |entry| entry.hash);
        let state = State {
            content_hash: snapshot.content_hash_hex(),
            generation: snapshot.generation(),
            params_id: snapshot.params().id().to_string(),
            recordings: snapshot.recording_count() as u64,
            log_size: entries.len() as u64,
            log_head: head.iter().map(|byte| format!("{byte:02x}")).collect(),
        };
        Seen { snapshot, state, books: Mutex::default(), rows: OnceLock::new() }
    }

    fn book(&self, asked: &port::Question) -> Result<Arc<DeclarationBook>, Refusal> {
        let question = question_of(asked)?;
        let mut books = self.books.lock().unwrap_or_else(PoisonError::into_inner);
        let day = question.as_of;
        if let Some((_, _, book)) = books.iter().find(|(kept, kept_day, _)| kept == asked && *kept_day == day)
        {
            return Ok(book.clone());
        }
        let book = Arc::new(DeclarationBook::new(self.snapshot.log().clone(), question, None));
        if books.len() >= BOOKS_KEPT {
            books.remove(0);
        }
        books.push((asked.clone(), day, book.clone()));
        Ok(book)
    }

    fn rows(&self) -> &[LogRow] {
        self.rows.get_or_init(|| log_rows(&self.snapshot.log().clone().into_entries()))
    }
}

/// The question in the library's words; what is left out has the defaults of `scan`.
fn question_of(asked: &port::Question) -> Result<Question, Refusal> {
    fn parsed<T: std::str::FromStr<Err: std::fmt::Display>>(
        text: &Option<String>,
    ) -> Result<Option<T>, Refusal> {
        let parse = |text: &String| text.parse().map_err(|error: T::Err| Refusal::Invalid(error.to_string()));
        text.as_ref().map(parse).transpose()
    }
    let use_ = parsed(&asked.use_)?.unwrap_or(earmark::usage::Use::AiTraining);
    let as_of = parsed(&asked.as_of)?.unwrap_or_else(today);
    Ok(Question {
        territory: parsed(&asked.territory)?,
        policy: parsed(&asked.policy)?.unwrap_or(Policy::Review),
        ..Question::new(use_, as_of)
    })
}

fn known(recordings: &[Recording], isrc: Isrc) -> Vec<KnownRecording> {
    if recordings.is_empty() {
        // The code or its prefix may be declared about without a recording.
        return vec![KnownRecording { id: String::new(), isrcs: vec![isrc], owner: None, title: None }];
    }
    recordings.iter().map(KnownRecording::from).collect()
}

fn value(row: &impl serde::Serialize) -> Result<Value, Refusal> {
    serde_json::to_value(row).map_err(|error| Refusal::Failed(error.to_string()))
}

impl View for Seen {
    fn state(&self) -> &State {
        &self.state
    }

    fn question(&self, question: &port::Question) -> Result<Value, Refusal> {
        value(&question_of(question)?)
    }

    fn isrc(&self, isrc: &str, question: &port::Question) -> Result<Value, Refusal> {
        let isrc: Isrc =
            isrc.parse().map_err(|error: earmark::isrc::IsrcError| Refusal::Invalid(error.to_string()))?;
        let book = self.book(question)?;
        let recordings = self.snapshot.recordings_with_isrc(&isrc);
        let declared = book.declared(&known(&recordings, isrc));
        let ids: Vec<&str> = recordings.iter().map(|recording| recording.id.as_str()).collect();
        Ok(json!({
            "isrc": isrc,
            // Nobody listened: the code is what somebody says that a recording is.
            "basis": "isrc",
            "declared": declared.kind,
            "reasons": declared.reasons,
            "recordings": ids,
            "schema": "earmark.isrc/1",
        }))
    }

    fn scan(
        &self,
        fingerprints: File,
        question: &port::Question,
        stop: &AtomicBool,
        out: &mut (dyn Write + Send),
    ) -> Result<(), Refusal> {
        let invalid = |error: &dyn std::fmt::Display| Refusal::Invalid(error.to_string());
        let failed = |error: std::io::Error| Refusal::Failed(error.to_string());
        let question = question_of(question)?;
        let registry = Stored::open(self.snapshot.folder()).map_err(refusal)?;
        let index = registry.index().map_err(refusal)?;
        let options = MatchOptions::default();
        let coverage = Coverage::default();
        let checker = Checker::new(&registry, &index, question.clone(), None, options.clone(), coverage);
        let checker = checker.map_err(refusal)?;
        let inputs = vec!["fingerprints.efp".to_owned()];
        let header = ScanHeader::new(&registry, checker.question().clone(), options, coverage, inputs);
        let mut out = out;
        header.map_err(refusal)?.write_json_line(&mut out).map_err(failed)?;
        let path = Path::new(BODY);
        let entries = FingerprintReader::new(fingerprints, path, self.snapshot.params());
        for entry in entries.map_err(|error| invalid(&error))? {
            if stop.load(Ordering::Relaxed) {
                return Err(Refusal::Stopped);
            }
            let source = Source::Kept(Box::new(entry.map_err(|error| invalid(&error))?));
            checker.check(source).map_err(refusal)?.write_json_line(&mut out).map_err(failed)?;
        }
        Ok(())
    }

    fn identify(&self, fingerprints: File) -> Result<Vec<Recognised>, Refusal> {
        let invalid = |error: &dyn std::fmt::Display| Refusal::Invalid(error.to_string());
        let params = self.snapshot.params();
        let mut entries =
            FingerprintReader::new(fingerprints, Path::new(BODY), params).map_err(|error| invalid(&error))?;
        let Some(entry) = entries.next() else { return Ok(Vec::new()) };
        let entry = entry.map_err(|error| invalid(&error))?;
        let reading = reading::read(Source::Kept(Box::new(entry)), params, &Limits::default());
        let (fingerprint, info) = reading.sound.map_err(|error| invalid(&error))?;
        let matcher = Matcher::new(self.snapshot.index(), params, MatchOptions::default());
        let mut found: Vec<Recognised> = recognise(&matcher, &fingerprint, &info)
            .iter()
            .flat_map(|found| std::iter::once(found).chain(&found.siblings))
            .filter_map(|found| {
                let recording = self.snapshot.recording(found.recording)?;
                Some(Recognised { recording: recording.id, e_value: found.e_value })
            })
            .collect();
        found.sort_by(|a, b| a.e_value.total_cmp(&b.e_value));
        Ok(found)
    }

    fn recording(&self, id: &str) -> Result<Value, Refusal> {
        let recording = self.snapshot.recording_by_id(id);
        value(&recording.ok_or_else(|| Refusal::NotFound(format!("a recording {id:?}")))?)
    }

    fn recordings(&self, search: &Search) -> Result<Vec<Value>, Refusal> {
        let words: Vec<String> = search.text.split_whitespace().map(str::to_lowercase).collect();
        let fits = |recording: &Recording| {
            let owned = search.owner.is_none() || recording.facts.owner == search.owner;
            let behind = search.after.as_ref().is_none_or(|after| recording.id > *after);
            owned
                && behind
                && (words.is_empty() || {
                    let facts = recording.facts.values().into_iter().flatten().collect::<Vec<_>>().join("\n");
                    let codes: String = recording.isrcs.iter().map(|isrc| format!("\n{isrc}")).collect();
                    let text = format!("{}\n{facts}{codes}", recording.id).to_lowercase();
                    words.iter().all(|word| text.contains(word.as_str()))
                })
        };
        // The first of these by id, in memory of as many.
        let limit = search.limit.unwrap_or(100);
        let mut first: BTreeMap<String, Recording> = BTreeMap::new();
        for recording in self.snapshot.recordings().filter(fits) {
            first.insert(recording.id.clone(), recording);
            if first.len() > limit {
                first.pop_last();
            }
        }
        first.values().map(value).collect()
    }

    fn log(&self, from: u64, limit: usize) -> Result<Vec<LogRow>, Refusal> {
        let first = usize::try_from(from.saturating_sub(1)).unwrap_or(usize::MAX);
        Ok(self.rows().iter().skip(first).take(limit).cloned().collect())
    }

    fn effect(&self, rows: &[Value], question: &port::Question) -> Result<Value, Refusal> {
        let asked = question_of(question)?;
        let now = jiff::Timestamp::now();
        let before = self.book(question)?;
        let mut entries = self.snapshot.log().clone().into_entries();
        for row in entries_of(rows, now)? {
            let seq = entries.len() as u64 + 1;
            entries.push(earmark::declarations::Logged { seq, row, hash: [0; 32] });
        }
        let after = DeclarationBook::new(Log::from_entries(entries), asked, None);
        let mut changes: BTreeMap<(VerdictKind, VerdictKind), u64> = BTreeMap::new();
        for recording in self.snapshot.recordings() {
            let known = [KnownRecording::from(&recording)];
            let (was, is) = (before.declared(&known).kind, after.declared(&known).kind);
            if was != is {
                *changes.entry((was, is)).or_default() += 1;
            }
        }
        let rows: Vec<Value> = changes
            .into_iter()
            .map(|((was, is), recordings)| json!({ "from": was, "to": is, "recordings": recordings }))
            .collect();
        Ok(json!({ "recordings": self.state.recordings, "changes": rows }))
    }
}
