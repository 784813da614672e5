//! Manifests: what a label knows about its recordings, a row for each.
//!
//! CSV with a header (`.csv`), or one JSON object a line (`.jsonl`,
//! `.ndjson`). Columns, all but `path` optional and in any order:
//!
//! | column | content |
//! |---|---|
//! | `path` | the audio file; a relative path starts at the manifest's folder |
//! | `id` | the name of the recording in the registry |
//! | `isrc` | ISRCs, several separated by `;` (in JSON also as a list) |
//! | `title`, `version`, `artist`, `album`, `owner`, `label`, `p_line`, `release_date` | text |
//!
//! Other columns are ignored and named once, in [`Manifest::ignored_columns`].
//! A bad row costs that row only and is told with its line and column.

mod csv_rows;
mod jsonl_rows;

use std::fmt;
use std::fs::File;
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde_json::Value;

use crate::isrc::Isrc;
use crate::registry::Facts;

/// What a manifest says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Manifest {
    /// The good rows, in the order of the file.
    pub rows: Vec<Row>,
    /// The bad rows, in the order of the file.
    pub bad_rows: Vec<RowError>,
    /// Columns nobody reads, in the order of their first appearance.
    pub ignored_columns: Vec<String>,
}

/// One recording in a manifest.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Line of the manifest on which the row starts, from 1.
    pub line: u64,
    /// The audio file: as written if absolute, else below the manifest's folder.
    pub path: PathBuf,
    /// The name the recording is to have.
    pub id: Option<String>,
    /// Its ISRCs in the order of the row, each once.
    pub isrcs: Vec<Isrc>,
    /// What else is known.
    pub facts: Facts,
    /// All cells as written, those included that nobody reads, in the row's order.
    pub columns: Vec<(String, Value)>,
}

impl Row {
    /// The row of the file at `path` with these cells, as they were kept from a
    /// manifest. The error says what is wrong with them.
    pub fn of_columns(path: &Path, columns: &[(String, Value)]) -> Result<Self, String> {
        let mut builder = Builder { file: Path::new(""), manifest: Manifest::default() };
        let row = builder.row(0, columns.to_vec()).map_err(|(column, reason)| match column {
            Some(column) => format!("column {column}: {reason}"),
            None => reason,
        })?;
        Ok(Row { path: path.to_owned(), ..row })
    }
}

/// A row that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowError {
    /// The manifest.
    pub file: PathBuf,
    /// Line on which the row starts, from 1.
    pub line: u64,
    /// The column; `None` when the row as a whole is wrong.
    pub column: Option<String>,
    /// What is wrong and what to do.
    pub reason: String,
}

impl fmt::Display for RowError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, line {}", self.file.display(), self.line)?;
        if let Some(column) = &self.column {
            write!(f, ", column {column}")?;
        }
        write!(f, ": {}", self.reason)
    }
}

impl std::error::Error for RowError {}

/// Why a manifest cannot be read at all.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ManifestError {
    /// The file's name tells no format.
    #[error("{}: the name ends neither in .csv nor in .jsonl: rename it to what it is", path.display())]
    UnknownFormat {
        /// The manifest.
        path: PathBuf,
    },
    /// The file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Io {
        /// The manifest.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// The CSV header cannot be used.
    #[error("{}, line 1: {reason}", path.display())]
    Header {
        /// The manifest.
        path: PathBuf,
        /// What is wrong and what to do.
        reason: String,
    },
}

/// Reads the manifest at `path`. Fails when the file cannot be read or has no
/// usable header; bad rows are part of the result.
pub fn read_manifest(path: &Path) -> Result<Manifest, ManifestError> {
    let extension = path.extension().map(|e| e.to_string_lossy().to_ascii_lowercase());
    let format = match extension.as_deref() {
        Some("csv") => csv_rows::read,
        Some("jsonl" | "ndjson") => jsonl_rows::read,
        _ => return Err(ManifestError::UnknownFormat { path: path.to_owned() }),
    };
    let io_error = |source| ManifestError::Io { path: path.to_owned(), source };
    let file = File::open(path).map_err(io_error)?;
    let mut builder = Builder { file: path, manifest: Manifest::default() };
    format(BufReader::new(file), &mut builder)?;
    Ok(builder.manifest)
}

/// The columns of a manifest besides the [`Facts`].
const PATH: &str = "path";
const ID: &str = "id";
const ISRC: &str = "isrc";

fn is_known(column: &str) -> bool {
    [PATH, ID, ISRC].contains(&column) || Facts::NAMES.contains(&column)
}

/// Collects rows from either format.
struct Builder<'a> {
    file: &'a Path,
    manifest: Manifest,
}

/// What is wrong with one cell: its column, and the reason.
type CellError = (Option<String>, String);

impl Builder<'_> {
    /// Notes a column that nobody reads.
    fn ignore(&mut self, column: &str) {
        if !self.manifest.ignored_columns.iter().any(|known| known == column) {
            self.manifest.ignored_columns.push(column.to_owned());
        }
    }

    /// Adds the row with these cells, or its error.
    fn add(&mut self, line: u64, cells: Result<Vec<(String, Value)>, CellError>) {
        match cells.and_then(|cells| self.row(line, cells)) {
            Ok(row) => self.manifest.rows.push(row),
            Err((column, reason)) => {
                self.manifest.bad_rows.push(RowError { file: self.file.to_owned(), line, column, reason });
            }
        }
    }

    fn row(&mut self, line: u64, columns: Vec<(String, Value)>) -> Result<Row, CellError> {
        let mut path = None;
        let mut id = None;
        let mut isrc = Vec::new();
        let mut facts = Facts::default();
        for (name, value) in &columns {
            let column = name.trim().to_ascii_lowercase();
            if !is_known(&column) {
                self.ignore(&column);
                continue;
            }
            let text = text(&column, value)?;
            let text = text.trim();
            if text.is_empty() {
                continue;
            } else if column == PATH {
                let folder = self.file.parent().unwrap_or(Path::new(""));
                path = Some(folder.join(text));
            } else if column == ID {
                id = Some(text.to_owned());
            } else if column == ISRC {
                isrc = isrcs(text)?;
            } else if let Some(value) = fact(&mut facts, &column) {
                *value = Some(text.to_owned());
            }
        }
        let missing = || (Some(PATH.to_owned()), "is empty: name the audio file".to_owned());
        Ok(Row { line, path: path.ok_or_else(missing)?, id, isrcs: isrc, facts, columns })
    }
}

/// The text of a cell; empty where there is none.
fn text(column: &str, value: &Value) -> Result<String, CellError> {
    let wrong = |reason: String| Err((Some(column.to_owned()), reason));
    match value {
        Value::Null => Ok(String::new()),
        Value::String(text) => Ok(text.clone()),
        // A release year or a numeric id.
        Value::Number(number) => Ok(number.to_string()),
        Value::Array(items) if column == ISRC => {
            let mut texts = Vec::new();
            for item in items {
                match item {
                    Value::String(text) => texts.push(text.as_str()),
                    other => return wrong(format!("holds {other}, which is not a string")),
                }
            }
            Ok(texts.join(";"))
        }
        Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
            wrong("is not text: write a string".to_owned())
        }
    }
}

fn isrcs(text: &str) -> Result<Vec<Isrc>, CellError> {
    let mut isrcs = Vec::new();
    for part in text.split(';').map(str::trim).filter(|part| !part.is_empty()) {
        let isrc = Isrc::from_str(part).map_err(|error| (Some(ISRC.to_owned()), error.to_string()))?;
        if !isrcs.contains(&isrc) {
            isrcs.push(isrc);
        }
    }
    Ok(isrcs)
}

fn fact<'a>(facts: &'a mut Facts, column: &str) -> Option<&'a mut Option<String>> {
    match column {
        "title" => Some(&mut facts.title),
        "version" => Some(&mut facts.version),
        "artist" => Some(&mut facts.artist),
        "album" => Some(&mut facts.album),
        "owner" => Some(&mut facts.owner),
        "label" => Some(&mut facts.label),
        "p_line" => Some(&mut facts.p_line),
        "release_date" => Some(&mut facts.release_date),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
