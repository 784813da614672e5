//! The rows of a report, as far as they are compared.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use serde::Deserialize;

use crate::Failure;

/// A row.
#[derive(Debug, Deserialize)]
pub struct Row {
    /// The item.
    pub path: String,
    /// The verdict.
    pub verdict: String,
    /// Seconds of audio.
    pub duration_s: Option<f64>,
    /// What was recognised.
    pub matches: Vec<Match>,
    /// What was decoded.
    pub audio: Option<Audio>,
    /// Why it could not be checked.
    pub error: Option<String>,
}

/// A match.
#[derive(Debug, Deserialize)]
pub struct Match {
    /// Id of the recording.
    pub recording: String,
    /// Where in the item it begins, in seconds.
    pub query_start_s: f64,
    /// Where in the item it ends, in seconds.
    pub query_end_s: f64,
    /// Where in the recording it begins, in seconds.
    pub reference_start_s: f64,
    /// Where else in the recording the same sounds begin, in seconds.
    pub also_at_s: Vec<f64>,
    /// `match` or `possible`.
    pub grade: String,
    /// Recordings that hold the same sound.
    pub siblings: Vec<Sibling>,
}

/// Another recording that holds the sound of a match.
#[derive(Debug, Deserialize)]
pub struct Sibling {
    /// Its id.
    pub recording: String,
}

/// What was decoded.
#[derive(Debug, Deserialize)]
pub struct Audio {
    /// Packets that could not be decoded.
    pub packets_skipped: u64,
    /// Whether the file ends before its time.
    pub truncated: bool,
}

impl Row {
    /// The matches that count.
    pub fn accepted(&self) -> impl Iterator<Item = &Match> {
        self.matches.iter().filter(|found| found.grade == "match")
    }
}

/// The rows of the report at `path`.
///
/// # Errors
/// If it cannot be read.
pub fn read(path: &Path) -> Result<Vec<Row>, Failure> {
    let file = File::open(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let mut rows = Vec::new();
    for line in BufReader::new(file).lines() {
        let line = line?;
        if !line.starts_with("{\"kind\":\"header\"") {
            rows.push(serde_json::from_str(&line).map_err(|error| format!("{}: {error}", path.display()))?);
        }
    }
    Ok(rows)
}

/// Whether two files hold the same bytes.
///
/// # Errors
/// If one cannot be read.
pub fn same(one: &Path, other: &Path) -> Result<bool, Failure> {
    let open = |path: &Path| {
        File::open(path).map(BufReader::new).map_err(|error| format!("{}: {error}", path.display()))
    };
    let (mut one, mut other) = (open(one)?, open(other)?);
    loop {
        let (left, right) = (one.fill_buf()?, other.fill_buf()?);
        let length = left.len().min(right.len());
        if length == 0 {
            return Ok(left.is_empty() && right.is_empty());
        }
        if left[..length] != right[..length] {
            return Ok(false);
        }
        one.consume(length);
        other.consume(length);
    }
}
