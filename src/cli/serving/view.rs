//! One state of the registry, and what it answers.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use earmark::audio::Limits;
use earmark::check::{self, Checker, Identifier, Source};
use earmark::declarations::Log;
use earmark::fingerprint::FingerprintReader;
use earmark::isrc::Isrc;
use earmark::matching::MatchOptions;
use earmark::registry::{Recording, Snapshot};
use earmark::verdict::{DeclarationBook, KnownRecording, Policy, Question, VerdictKind};
use earmark_server::port::{self, LogRow, Recognised, Refusal, Search, State, View};
use serde_json::{Value, json};

use crate::cli::judging::today;

use super::{BODY, entries_of, log_rows, refusal};

/// Questions whose declarations are kept arranged: arranging 20,000 takes longer than
/// an answer.
const CHECKERS_KEPT: usize = 16;

/// One state of the registry.
pub(super) struct Seen {
    snapshot: Snapshot,
    state: State,
    identifier: Identifier,
    checkers: Mutex<Vec<(port::Question, Checker)>>,
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
        let identifier = Identifier::new(&snapshot, MatchOptions::default(), Limits::default());
        Seen { snapshot, state, identifier, checkers: Mutex::default(), rows: OnceLock::new() }
    }

    /// Answers the question from this state. Its day is a part of it, so that a service
    /// that runs on past midnight answers for the new day.
    fn checker(&self, asked: &port::Question) -> Result<Checker, Refusal> {
        let question = question_of(asked)?;
        let mut checkers = self.checkers.lock().unwrap_or_else(PoisonError::into_inner);
        let same =
            |(kept, checker): &&(_, Checker)| kept == asked && checker.question().as_of == question.as_of;
        if let Some((_, checker)) = checkers.iter().find(same) {
            return Ok(checker.clone());
        }
        let checker = Checker::builder(&self.snapshot, question).build();
        if checkers.len() >= CHECKERS_KEPT {
            checkers.remove(0);
        }
        checkers.push((asked.clone(), checker.clone()));
        Ok(checker)
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
    let policy = parsed(&asked.policy)?.unwrap_or(Policy::Review);
    Ok(Question::new(use_, as_of).territory(parsed(&asked.territory)?).policy(policy))
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
        value(&self.checker(question)?.check_isrc(isrc))
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
        let checker = self.checker(question)?;
        let mut out = out;
        checker.header(vec!["fingerprints.efp".to_owned()]).write_json_line(&mut out).map_err(failed)?;
        let path = Path::new(BODY);
        let entries = FingerprintReader::new(fingerprints, path, self.snapshot.params());
        for entry in entries.map_err(|error| invalid(&error))? {
            if stop.load(Ordering::Relaxed) {
                return Err(Refusal::Stopped);
            }
            let entry = entry.map_err(|error| invalid(&error))?;
            checker.check(Source::entry(entry)).write_json_line(&mut out).map_err(failed)?;
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
        let reading = check::read(Source::entry(entry), params, &Limits::default());
        let (sound, info) = reading.sound.map_err(|error| invalid(&error))?;
        let rows = self.identifier.recognise(&sound, &info).map_err(refusal)?;
        let mut found: Vec<Recognised> = rows
            .iter()
            .flat_map(|found| std::iter::once(found).chain(&found.siblings))
            .map(|found| Recognised { recording: found.recording.clone(), e_value: found.e_value })
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
        let checker = self.checker(question)?;
        let before = checker.book();
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
