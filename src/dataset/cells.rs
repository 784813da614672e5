//! What is added to a row.

use std::borrow::Cow;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::paths::{self, PathBytes};
use crate::report::ScanRow;
use crate::verdict::VerdictKind;

/// The names of the columns that are added, in this order. Columns that have
/// these names already, from an earlier scan, are replaced.
pub const COLUMNS: [&str; 5] =
    ["earmark_verdict", "earmark_reasons", "earmark_recordings", "earmark_isrcs", "earmark_error"];

/// What a scan says about one row of a data set, in short. All of it stands in
/// the report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cells {
    /// The file as the report names it.
    pub path: String,
    /// Its bytes, where they are not UTF-8.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path_bytes: Option<PathBytes>,
    /// The verdict.
    pub verdict: VerdictKind,
    /// The codes of the reasons, each once, what decided first.
    pub reasons: Vec<String>,
    /// The ids of the recordings recognised, each once, best first.
    pub recordings: Vec<String>,
    /// Their ISRCs, each once.
    pub isrcs: Vec<String>,
    /// Why the file could not be checked.
    pub error: Option<String>,
}

/// What somebody may do with a file. Every file is on one list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum List {
    /// Use it: `allowed`, and `no-match`.
    Allow,
    /// Not use it: `disallowed`.
    Deny,
    /// Look at it: all others.
    Review,
}

/// A row of a report, as far as this needs it.
#[derive(Deserialize)]
struct Row {
    path: String,
    #[serde(default)]
    path_bytes: Option<PathBytes>,
    verdict: VerdictKind,
    reasons: Vec<Reason>,
    matches: Vec<Match>,
    error: Option<String>,
}

#[derive(Deserialize)]
struct Reason {
    code: String,
}

#[derive(Deserialize)]
struct Match {
    recording: String,
    isrcs: Vec<String>,
}

impl Cells {
    /// Of a row that was just made.
    pub fn of_row(row: &ScanRow) -> Self {
        Self::new(
            (row.path.clone(), row.path_bytes.clone(), row.verdict, row.error.clone()),
            row.reasons.iter().map(|reason| reason.code.name().to_owned()),
            row.matches.iter().map(|found| found.recording.clone()),
            row.matches.iter().flat_map(|found| &found.isrcs).map(|isrc| isrc.as_str().to_owned()),
        )
    }

    /// Of a row of a report; `None` if it is none.
    pub fn of_value(value: Value) -> Option<Self> {
        let Row { path, path_bytes, verdict, reasons, matches, error } =
            serde_json::from_value(value).ok()?;
        Some(Self::new(
            (path, path_bytes, verdict, error),
            reasons.into_iter().map(|reason| reason.code),
            matches.iter().map(|found| found.recording.clone()),
            matches.iter().flat_map(|found| found.isrcs.iter().cloned()),
        ))
    }

    fn new(
        (path, path_bytes, verdict, error): (String, Option<PathBytes>, VerdictKind, Option<String>),
        reasons: impl Iterator<Item = String>,
        recordings: impl Iterator<Item = String>,
        isrcs: impl Iterator<Item = String>,
    ) -> Self {
        let (reasons, recordings, isrcs) = (once(reasons), once(recordings), once(isrcs));
        Self { path, path_bytes, verdict, reasons, recordings, isrcs, error }
    }

    /// The path.
    pub fn file(&self) -> PathBuf {
        paths::path(&self.path, self.path_bytes.as_ref())
    }

    /// The bytes of the path.
    pub(super) fn raw(&self) -> Cow<'_, [u8]> {
        paths::raw(&self.path, self.path_bytes.as_ref())
    }

    /// This and another piece of audio of the same row: the strictest verdict, and all
    /// that speaks for it.
    pub(super) fn with(self, other: Self) -> Self {
        let (first, second) = if other.verdict > self.verdict { (other, self) } else { (self, other) };
        let both = |first: Vec<String>, second: Vec<String>| once(first.into_iter().chain(second));
        Self {
            path: first.path,
            path_bytes: first.path_bytes,
            verdict: first.verdict,
            reasons: both(first.reasons, second.reasons),
            recordings: both(first.recordings, second.recordings),
            isrcs: both(first.isrcs, second.isrcs),
            error: first.error.or(second.error),
        }
    }

    /// The list that the file is on by its own verdict: see [`Lists`](super::Lists).
    pub fn list(&self) -> List {
        match self.verdict {
            VerdictKind::Allowed | VerdictKind::NoMatch => List::Allow,
            VerdictKind::Disallowed => List::Deny,
            VerdictKind::Undeclared
            | VerdictKind::Review
            | VerdictKind::TooShort
            | VerdictKind::Constrained
            | VerdictKind::Error => List::Review,
        }
    }

    /// The cells of [`COLUMNS`] as text, several values separated by `;`; `None`
    /// where there is no error.
    pub(super) fn texts(&self) -> [Option<String>; COLUMNS.len()] {
        let joined = |values: &[String]| Some(values.join(";"));
        [
            Some(self.verdict.to_string()),
            joined(&self.reasons),
            joined(&self.recordings),
            joined(&self.isrcs),
            self.error.clone(),
        ]
    }

    /// The cells of [`COLUMNS`] as JSON.
    pub(super) fn values(&self) -> [Value; COLUMNS.len()] {
        let Self { reasons, recordings, isrcs, error, .. } = self.clone();
        [self.verdict.name().into(), reasons.into(), recordings.into(), isrcs.into(), error.into()]
    }
}

fn once(values: impl Iterator<Item = String>) -> Vec<String> {
    let mut kept: Vec<String> = Vec::new();
    for value in values {
        if !kept.contains(&value) {
            kept.push(value);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::example_row;

    #[test]
    fn a_row_gives_the_same_cells_before_and_after_it_was_written() {
        let row = example_row();
        let value = serde_json::to_value(&row).expect("a row is JSON");
        assert_eq!(Cells::of_value(value), Some(Cells::of_row(&row)));
        assert!(!Cells::of_row(&row).isrcs.is_empty());
    }
}
