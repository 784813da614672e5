//! Manifests and label copy: what a label knows about its recordings.
//!
//! CSV with a header (`.csv`), one JSON object a line (`.jsonl`, `.ndjson`), or
//! a DDEX release message (`.xml`, see [`Row`]'s fields for what is read of it). Columns,
//! in any order:
//!
//! | column | content |
//! |---|---|
//! | `path` | the audio file; a relative path starts at the manifest's folder. Needed to register, of no use otherwise |
//! | `id` | the name of the recording in the registry |
//! | `isrc` | ISRCs, several separated by `;` (in JSON also as a list) |
//! | `duration` | seconds, `m:ss`, or `PT3M30S`; held against the audio, never stored |
//! | `title`, `version`, `artist`, `album`, `owner`, `label`, `p_line`, `release_date` | text |
//!
//! A [`ColumnMap`] gives files with other headings these names. Other columns
//! are ignored and named once, in [`Manifest::ignored_columns`]. A bad row
//! costs that row only and is told with its line and column.
//!
//! Of a **DDEX ERN** message (versions 3.8 to 4.3, told apart by the names of their elements
//! alone) every sound recording becomes a row:
//!
//! | column | element, the first that is there |
//! |---|---|
//! | `isrc` | every `ISRC` in a `SoundRecordingId` or `ResourceId` |
//! | `title`, `version` | `DisplayTitleText`; `TitleText` and `SubTitle` of `DisplayTitle`, `ReferenceTitle` or `Title` |
//! | `artist` | `DisplayArtistName`; the names of all `DisplayArtist` |
//! | `owner` | the rights controller (`ResourceRightsController`, `RightsController`); `PLineCompany` |
//! | `p_line` | `PLineText` with its `Year` |
//! | `duration` | `Duration` |
//! | `path` | the `URI` of its `File`; `FilePath` and `FileName` |
//! | `album`, `label`, `release_date` | of the message's `Release`, if it has exactly one |
//!
//! A party that is named by reference is looked up in the message's `PartyList`.

mod columns;
mod csv_rows;
mod ddex;
mod duration;
mod jsonl_rows;
mod xml;

pub use columns::ColumnMap;

use std::collections::HashSet;
use std::fmt;
use std::fs::File;
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde_json::Value;

use crate::isrc::Isrc;
use crate::registry::Facts;
use crate::units::Seconds;

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
    /// Never `None` in a manifest that was read for [`Purpose::Register`].
    pub path: Option<PathBuf>,
    /// The name the recording is to have.
    pub id: Option<String>,
    /// Its ISRCs in the order of the row, each once.
    pub isrcs: Vec<Isrc>,
    /// What else is known.
    pub facts: Facts,
    /// How long the recording is said to be, in seconds.
    pub duration_s: Option<Seconds>,
    /// All cells as written, those included that nobody reads, in the row's order.
    pub columns: Vec<(String, Value)>,
}

impl Row {
    /// The row of the file at `path` with these cells, as they were kept from a
    /// manifest. The error says what is wrong with them.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn of_columns(path: &Path, columns: &[(String, Value)]) -> Result<Self, String> {
        let map = ColumnMap::default();
        let mut builder = Builder::new(Path::new(""), &map, Purpose::Register);
        let row = builder.row(0, columns.to_vec()).map_err(|(column, reason)| match column {
            Some(column) => format!("column {column}: {reason}"),
            None => reason,
        })?;
        Ok(Row { path: Some(path.to_owned()), ..row })
    }
}

/// What a manifest is read for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To register audio: every row needs a `path`.
    Register,
    /// To add to what is known about registered recordings: every row needs an
    /// `id` or an `isrc`.
    Describe,
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
    #[error("{}: the name ends neither in .csv nor in .jsonl nor in .xml: rename it to what it is", path.display())]
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
    /// An XML file that is no release message, or exceeds a limit.
    #[error("{}, line {line}: {reason}", path.display())]
    Xml {
        /// The manifest.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// What is wrong and what to do.
        reason: String,
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

/// Reads the manifest at `path`, whose columns are named as `columns` says. Fails when the
/// file cannot be read or has no usable header; bad rows are part of the result.
///
/// # Errors
/// If it cannot be read, or is no label copy. What is wrong with a row stands in the result.
pub fn read_manifest(path: &Path, columns: &ColumnMap, purpose: Purpose) -> Result<Manifest, ManifestError> {
    let extension = path.extension().map(|e| e.to_string_lossy().to_ascii_lowercase());
    let format = match extension.as_deref() {
        Some("csv") => csv_rows::read,
        Some("jsonl" | "ndjson") => jsonl_rows::read,
        Some("xml") => ddex::read,
        _ => return Err(ManifestError::UnknownFormat { path: path.to_owned() }),
    };
    let io_error = |source| ManifestError::Io { path: path.to_owned(), source };
    let file = File::open(path).map_err(io_error)?;
    let mut builder = Builder::new(path, columns, purpose);
    format(BufReader::new(file), &mut builder)?;
    Ok(builder.manifest)
}

/// The columns of a manifest besides the [`Facts`].
const PATH: &str = "path";
const ID: &str = "id";
const ISRC: &str = "isrc";
const DURATION: &str = "duration";

fn is_known(column: &str) -> bool {
    [PATH, ID, ISRC, DURATION].contains(&column) || Facts::NAMES.contains(&column)
}

/// Collects rows from either format.
struct Builder<'a> {
    file: &'a Path,
    columns: &'a ColumnMap,
    purpose: Purpose,
    manifest: Manifest,
    /// The columns that nobody reads: a file of JSON may have a new one in every row.
    ignored: HashSet<String>,
}

/// What is wrong with one cell: its column, and the reason.
type CellError = (Option<String>, String);

impl<'a> Builder<'a> {
    fn new(file: &'a Path, columns: &'a ColumnMap, purpose: Purpose) -> Self {
        Builder { file, columns, purpose, manifest: Manifest::default(), ignored: HashSet::new() }
    }

    /// Notes a column that nobody reads.
    fn ignore(&mut self, column: &str) {
        if !self.ignored.contains(column) {
            self.ignored.insert(column.to_owned());
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
        let (mut path, mut id, mut isrc, mut duration_s) = (None, None, Vec::new(), None);
        let mut facts = Facts::default();
        for (name, value) in &columns {
            let column = self.columns.ours(&name.trim().to_ascii_lowercase());
            if !is_known(&column) {
                // Whatever it holds: it may well be nested.
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
            } else if column == DURATION {
                duration_s = Some(duration::seconds(text).map_err(|reason| (Some(column), reason))?);
            } else if let Some(value) = fact(&mut facts, &column) {
                *value = Some(text.to_owned());
            }
        }
        let row = Row { line, path, id, isrcs: isrc, facts, duration_s, columns };
        match self.purpose {
            Purpose::Register if row.path.is_none() => {
                Err((Some(PATH.to_owned()), "is empty: name the audio file".to_owned()))
            }
            Purpose::Describe if row.id.is_none() && row.isrcs.is_empty() => {
                Err((None, "names no recording: fill id or isrc".to_owned()))
            }
            _ => Ok(row),
        }
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
    let (mut isrcs, mut seen) = (Vec::new(), HashSet::new());
    for part in text.split(';').map(str::trim).filter(|part| !part.is_empty()) {
        let isrc = Isrc::from_str(part).map_err(|error| (Some(ISRC.to_owned()), error.to_string()))?;
        if seen.insert(isrc) {
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
