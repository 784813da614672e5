//! Reading a report of a scan.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::matching::MatchOptions;
use crate::registry::RecordingsState;
use crate::report::MatchRow;
use crate::verdict::{Question, VerdictKind};

use super::RescanError;

/// What a report rests on, as far as answering it anew needs to know.
#[derive(Clone, Debug, PartialEq)]
pub struct Basis {
    /// The recordings of the registry; `None` where the report does not tell.
    pub recordings: Option<RecordingsState>,
    /// What was asked.
    pub question: Question,
    /// How it was searched.
    pub match_options: MatchOptions,
}

/// A row as it was.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct PastRow {
    /// The file.
    pub path: String,
    /// Its verdict.
    pub verdict: VerdictKind,
    /// Why.
    pub reasons: Vec<PastReason>,
    /// The recordings recognised, best first.
    pub matches: Vec<MatchRow>,
    audio: Option<PastAudio>,
}

/// A reason of a [`PastRow`], whatever its code.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct PastReason {
    /// As a sentence.
    pub text: String,
    /// The declarations it rests on.
    pub declarations: Vec<u64>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
struct PastAudio {
    #[serde(with = "crate::hex")]
    audio_hash: [u8; 32],
}

impl PastRow {
    /// Hash of the audio without tags; `None` where it could not be decoded.
    pub fn audio_hash(&self) -> Option<[u8; 32]> {
        self.audio.as_ref().map(|audio| audio.audio_hash)
    }
}

/// A report, line by line. Lines are parsed by [`PastReport::row`], on whatever
/// thread.
pub struct PastReport {
    path: PathBuf,
    basis: Basis,
    lines: BufReader<File>,
    /// Lines read so far.
    line: u64,
    /// The first line, which was read for the basis.
    waiting: Option<String>,
}

/// One line of a [`PastReport`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastLine {
    /// Its number, from 1.
    pub number: u64,
    text: String,
}

impl PastReport {
    /// Opens the report at `path` and reads what it rests on.
    ///
    /// # Errors
    /// If it cannot be read or its first line is none of a scan.
    pub fn open(path: &Path) -> Result<Self, RescanError> {
        let io = |source| RescanError::Io { path: path.to_owned(), source };
        let mut lines = BufReader::new(File::open(path).map_err(io)?);
        let mut first = String::new();
        lines.read_line(&mut first).map_err(io)?;
        let wrong = |reason: String| RescanError::NoRow { path: path.to_owned(), line: 1, reason };
        let object: Map<String, Value> =
            serde_json::from_str(&first).map_err(|error| wrong(format!("is no JSON object ({error})")))?;
        let checked =
            object.get("checked_against").ok_or_else(|| wrong("has no checked_against".to_owned()))?;
        let basis = basis(checked).map_err(wrong)?;
        // A header has no path and is no row.
        let waiting = object.contains_key("path").then_some(first);
        Ok(PastReport { path: path.to_owned(), basis, lines, line: 1, waiting })
    }

    /// What it rests on.
    pub fn basis(&self) -> &Basis {
        &self.basis
    }

    /// The row of a line.
    ///
    /// # Errors
    /// If it is none.
    pub fn row(path: &Path, line: &PastLine) -> Result<PastRow, RescanError> {
        serde_json::from_str(&line.text).map_err(|error| RescanError::NoRow {
            path: path.to_owned(),
            line: line.number,
            reason: format!("is no row of a scan ({error})"),
        })
    }
}

impl Iterator for PastReport {
    type Item = Result<PastLine, RescanError>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(text) = self.waiting.take() {
            return Some(Ok(PastLine { number: 1, text }));
        }
        let mut text = String::new();
        match self.lines.read_line(&mut text) {
            Ok(0) => None,
            Ok(_) => {
                self.line += 1;
                Some(Ok(PastLine { number: self.line, text }))
            }
            Err(source) => Some(Err(RescanError::Io { path: self.path.clone(), source })),
        }
    }
}

/// The question as it stands in a report.
#[derive(Deserialize)]
struct Asked {
    #[serde(rename = "use")]
    use_: String,
    territory: Option<String>,
    as_of: String,
    policy: String,
    shortest_s: f64,
    min_overlap: Option<String>,
    accepted_terms: Option<String>,
}

#[derive(Deserialize)]
struct Checked {
    question: Asked,
    match_options: MatchOptions,
    #[serde(default)]
    registry_recordings: Option<RecordingsState>,
}

fn basis(checked: &Value) -> Result<Basis, String> {
    let wrong = |error: String| format!("its checked_against cannot be read ({error})");
    let Checked { question, match_options, registry_recordings } =
        Checked::deserialize(checked).map_err(|error| wrong(error.to_string()))?;
    let territory = question.territory.map(|code| code.parse()).transpose();
    let min_overlap = question.min_overlap.map(|text| text.parse()).transpose();
    let accepted_terms = question.accepted_terms.map(|text| text.parse()).transpose();
    let question = Question {
        use_: question.use_.parse().map_err(|error| wrong(format!("{error}")))?,
        territory: territory.map_err(|error| wrong(format!("{error}")))?,
        as_of: question.as_of.parse().map_err(|error| wrong(format!("{error}")))?,
        policy: question.policy.parse().map_err(|error| wrong(format!("{error}")))?,
        shortest_s: question.shortest_s,
        min_overlap: min_overlap.map_err(|error| wrong(format!("{error}")))?.unwrap_or_default(),
        accepted_terms: accepted_terms.map_err(|error| wrong(format!("{error}")))?,
    };
    Ok(Basis { recordings: registry_recordings, question, match_options })
}
