//! What came of a query.

use std::path::Path;

use earmark::matching::{Grade, Match};
use serde::Serialize;

use crate::clips::Clip;
use crate::list::{Entry, Role};

/// What a matched recording has to do with the query.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Relation {
    /// It is in the query.
    Take,
    /// A loop of it sounds in the query to the sample.
    SameLoop,
    /// Another performance of the same work.
    SameWork,
    /// Another work, played with the same instruments.
    SameVoice,
    /// Nothing is known.
    Unrelated,
}

impl Relation {
    fn between(query: &Entry, recording: &Entry) -> Self {
        let same = |ours: &str, theirs: &str| !ours.is_empty() && ours == theirs;
        if query.role == Role::Copy && query.take == recording.take {
            Relation::Take
        } else if same(&query.loop_name, &recording.loop_name) {
            Relation::SameLoop
        } else if same(&query.work, &recording.work) {
            Relation::SameWork
        } else if same(&query.voice, &recording.voice) {
            Relation::SameVoice
        } else {
            Relation::Unrelated
        }
    }
}

/// A match and its relation.
#[derive(Clone, Copy)]
pub struct Seen<'a> {
    /// What was found.
    pub found: &'a Match,
    /// Which recording that is.
    pub recording: &'a Entry,
    /// How both are related.
    pub relation: Relation,
}

/// A query and its matches.
pub struct Outcome<'a> {
    /// What was asked.
    pub clip: &'a Clip,
    /// Everything found, siblings too, strongest first.
    pub seen: Vec<Seen<'a>>,
}

impl<'a> Outcome<'a> {
    /// Names what was found.
    pub fn new(clip: &'a Clip, found: &'a [Match], name: impl Fn(&Match) -> &'a Entry) -> Self {
        let all = found.iter().flat_map(|m| std::iter::once(m).chain(&m.siblings));
        let mut seen: Vec<Seen<'a>> = all
            .map(|found| {
                let recording = name(found);
                Seen { found, recording, relation: Relation::between(&clip.entry, recording) }
            })
            .collect();
        seen.sort_by(|a, b| b.found.score.total_cmp(&a.found.score));
        Outcome { clip, seen }
    }

    /// −log10 of the lowest E-value of what is not in the query.
    pub fn worst(&self) -> Option<f64> {
        self.seen.iter().find(|s| s.relation != Relation::Take).map(|s| s.found.score)
    }

    /// Whether the recording in it is found for certain.
    pub fn is_found(&self) -> bool {
        self.seen.iter().any(|s| s.relation == Relation::Take && s.found.grade == Grade::Match)
    }
}

#[derive(Serialize)]
struct Row<'a> {
    query: &'a str,
    kind: &'a str,
    start_s: f64,
    length_s: f64,
    recording: &'a str,
    relation: Relation,
    grade: Grade,
    score: f64,
    query_start_s: f64,
    query_end_s: f64,
    reference_start_s: f64,
    time_scale: f64,
    pitch_semitones: f64,
    agreement: f64,
}

/// Writes a row for every match.
pub fn write(path: &Path, outcomes: &[Outcome<'_>]) -> Result<(), csv::Error> {
    let mut table = csv::Writer::from_path(path)?;
    for outcome in outcomes {
        for Seen { found, recording, relation } in &outcome.seen {
            table.serialize(Row {
                query: &outcome.clip.entry.id,
                kind: &outcome.clip.entry.kind,
                start_s: outcome.clip.start_s,
                length_s: outcome.clip.length_s,
                recording: &recording.id,
                relation: *relation,
                grade: found.grade,
                score: found.score,
                query_start_s: found.query_start_s,
                query_end_s: found.query_end_s,
                reference_start_s: found.reference_start_s,
                time_scale: found.time_scale,
                pitch_semitones: found.pitch_semitones,
                agreement: found.agreement,
            })?;
        }
    }
    table.flush()?;
    Ok(())
}
