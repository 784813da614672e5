//! Declaration files: CSV and JSONL, one declaration a row.
//!
//! The columns (CSV header) or keys (JSONL) are:
//!
//! | column | content |
//! |---|---|
//! | `isrc`, `prefix`, `owner`, `recording`, `everything` | the subject: exactly one of them is filled; `everything` with `yes` |
//! | `use` | `data-mining`, `ai-training`, `ai-generative-training`, `ai-inference` or `search` |
//! | `permission` | `allow`, `disallow`, `constrain`, or `withdraw` to take back what was declared |
//! | `terms` | text or URL; needed for `constrain`, empty otherwise |
//! | `territories` | two-letter country codes separated by commas or blanks; empty or `worldwide` for everywhere |
//! | `from`, `until` | first and last day, `YYYY-MM-DD`; empty for no limit |
//! | `declarant` | who says so |
//! | `source` | a URL or reference; may be empty |
//! | `document_hash` | SHA-256 of the document in which it was said, 64 hexadecimal digits; may be empty |
//!
//! CSV needs a header and takes the columns in any order; columns without any
//! content may be left out. JSONL takes `null` and missing keys as empty, and
//! `territories` as text or as a list. An unknown column or key is an error: it would
//! be dropped in silence otherwise.

use std::io::{self, BufRead, Read};
use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::Value;

use crate::csv_lines::LineCounter;

use super::declaration::{NewDeclaration, Statement};
use super::source::DocumentHash;
use super::subject::Subject;
use super::territory::Territory;
use super::usage::Use;

/// The columns of a declaration file, in the order of the documentation.
pub const DECLARATION_COLUMNS: [&str; 14] = [
    "isrc",
    "prefix",
    "owner",
    "recording",
    "everything",
    "use",
    "permission",
    "terms",
    "territories",
    "from",
    "until",
    "declarant",
    "source",
    "document_hash",
];

/// The subject columns, of which exactly one is filled.
const SUBJECTS: [&str; 5] = ["isrc", "prefix", "owner", "recording", "everything"];

/// How a declaration file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeclarationFormat {
    /// Comma-separated values with a header, RFC 4180.
    Csv,
    /// One JSON object a line.
    Jsonl,
}

impl DeclarationFormat {
    /// The format a file name's ending stands for: `csv`, `jsonl` or `ndjson`.
    pub fn from_extension(extension: &str) -> Option<Self> {
        match extension.to_ascii_lowercase().as_str() {
            "csv" => Some(Self::Csv),
            "jsonl" | "ndjson" => Some(Self::Jsonl),
            _ => None,
        }
    }
}

/// A row that holds no valid declaration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}, line {line}: {reason}")]
pub struct RowError {
    /// The file's name as given by the caller.
    pub file: String,
    /// Line on which the row starts, from 1.
    pub line: u64,
    /// What is wrong and what to do.
    pub reason: String,
}

/// Why a file gives no declarations.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// The file cannot be read.
    #[error("cannot read {file}: {source}")]
    Io {
        /// The file's name as given by the caller.
        file: String,
        /// The system's error.
        source: io::Error,
    },
    /// The header is missing, incomplete or has unknown columns.
    #[error("{file}: {reason}; the columns are {}", DECLARATION_COLUMNS.join(", "))]
    Header {
        /// The file's name as given by the caller.
        file: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Some rows are not valid.
    #[error("nothing was imported, as {} of {of} rows are not valid:\n{}", rows.len(), listed(rows))]
    Rows {
        /// Every bad row.
        rows: Vec<RowError>,
        /// Rows in the file.
        of: usize,
    },
}

fn listed(rows: &[RowError]) -> String {
    rows.iter().map(RowError::to_string).collect::<Vec<_>>().join("\n")
}

/// What a declaration file holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParsedDeclarations {
    /// The valid rows, in the order of the file.
    pub declarations: Vec<NewDeclaration>,
    /// The others.
    pub refused: Vec<RowError>,
}

impl ParsedDeclarations {
    /// The declarations if every row is valid; else an error that lists all
    /// bad rows. The default of an import: half a file is a wrong statement.
    pub fn all_or_nothing(self) -> Result<Vec<NewDeclaration>, ImportError> {
        if self.refused.is_empty() {
            return Ok(self.declarations);
        }
        Err(ImportError::Rows { of: self.declarations.len() + self.refused.len(), rows: self.refused })
    }
}

/// Reads a declaration file. `file` is its name for messages; `received_at`
/// goes into every declaration.
///
/// ```
/// use earmark::registry::{parse_declarations, DeclarationFormat};
///
/// let csv = "prefix,use,permission,declarant\nQZHB1,ai-training,disallow,Example Music\n";
/// let now = "2026-11-21T12:00:00Z".parse()?;
/// let parsed = parse_declarations(csv.as_bytes(), DeclarationFormat::Csv, "label.csv", now)?;
/// assert_eq!(parsed.all_or_nothing()?.len(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// When the file cannot be read or its header is wrong. Bad rows are values in the result.
pub fn parse_declarations(
    input: impl Read,
    format: DeclarationFormat,
    file: &str,
    received_at: Timestamp,
) -> Result<ParsedDeclarations, ImportError> {
    let mut parsed = ParsedDeclarations { declarations: Vec::new(), refused: Vec::new() };
    let mut take =
        |line: u64, row: Result<Row, String>| match row.and_then(|row| row.declaration(received_at)) {
            Ok(declaration) => parsed.declarations.push(declaration),
            Err(reason) => parsed.refused.push(RowError { file: file.to_owned(), line, reason }),
        };
    match format {
        DeclarationFormat::Csv => read_csv(input, file, &mut take)?,
        DeclarationFormat::Jsonl => read_jsonl(input, file, &mut take)?,
    }
    Ok(parsed)
}

/// The texts of one row, in the order of [`DECLARATION_COLUMNS`]; empty where
/// nothing was given.
#[derive(Debug, Default)]
struct Row([String; DECLARATION_COLUMNS.len()]);

impl Row {
    fn place(column: &str) -> Option<usize> {
        DECLARATION_COLUMNS.iter().position(|known| *known == column)
    }

    fn get(&self, column: &str) -> &str {
        Self::place(column).and_then(|place| self.0.get(place)).map_or("", |text| text.trim())
    }

    fn declaration(&self, received_at: Timestamp) -> Result<NewDeclaration, String> {
        let declaration = NewDeclaration {
            subject: self.subject()?,
            use_: Use::from_str(self.get("use")).map_err(|error| error.to_string())?,
            statement: Statement::parse(self.get("permission"), Some(self.get("terms")))
                .map_err(|error| error.to_string())?,
            territories: self.territories()?,
            from: self.date("from")?,
            until: self.date("until")?,
            declarant: self.get("declarant").to_owned(),
            source: Some(self.get("source").to_owned()),
            document_hash: self.document_hash()?,
            received_at,
        };
        declaration.normalised().map_err(|error| error.to_string())
    }

    fn subject(&self) -> Result<Subject, String> {
        let filled: Vec<&str> = SUBJECTS.into_iter().filter(|column| !self.get(column).is_empty()).collect();
        match filled.as_slice() {
            [kind] => Subject::parse(kind, self.get(kind)).map_err(|error| error.to_string()),
            [] => Err(format!("no subject: fill one of {}", SUBJECTS.join(", "))),
            several => Err(format!(
                "several subjects ({}): fill exactly one, in a row of its own each",
                several.join(", ")
            )),
        }
    }

    fn document_hash(&self) -> Result<Option<DocumentHash>, String> {
        let text = Some(self.get("document_hash")).filter(|text| !text.is_empty());
        text.map(|text| text.parse().map_err(|error: super::EntryError| error.to_string())).transpose()
    }

    fn territories(&self) -> Result<Vec<Territory>, String> {
        let text = self.get("territories");
        if text.eq_ignore_ascii_case("worldwide") {
            return Ok(Vec::new());
        }
        text.split(|c: char| c == ',' || c == ';' || c.is_whitespace())
            .filter(|code| !code.is_empty())
            .map(|code| Territory::from_str(code).map_err(|error| error.to_string()))
            .collect()
    }

    fn date(&self, column: &str) -> Result<Option<Date>, String> {
        let text = self.get(column);
        if text.is_empty() {
            return Ok(None);
        }
        // jiff reads times of day and compact forms too; one writing only
        // keeps files readable for every other program.
        let date = Date::from_str(text).ok().filter(|date| date.to_string() == text);
        date.map(Some).ok_or_else(|| format!("{column} {text:?} is no date: write YYYY-MM-DD"))
    }
}

/// The file is held in memory while it is read: its rows, which are kept, are larger.
fn read_csv(
    mut input: impl Read,
    file: &str,
    take: &mut dyn FnMut(u64, Result<Row, String>),
) -> Result<(), ImportError> {
    let io_error = |source| ImportError::Io { file: file.to_owned(), source };
    let mut content = Vec::new();
    input.read_to_end(&mut content).map_err(io_error)?;
    let content = content.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&content);
    let mut lines = LineCounter::new(content);
    // Rows of the wrong length are told one by one, with their line.
    let mut reader = csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(content);
    let failed = |error: csv::Error| match error.into_kind() {
        csv::ErrorKind::Io(source) => io_error(source),
        // With flexible rows of bytes only reading itself can fail.
        other => io_error(io::Error::other(format!("{other:?}"))),
    };
    let places = columns(reader.byte_headers().map_err(failed)?)
        .map_err(|reason| ImportError::Header { file: file.to_owned(), reason })?;
    let mut record = csv::ByteRecord::new();
    while reader.read_byte_record(&mut record).map_err(failed)? {
        take(lines.line_of(&record), csv_row(&places, &record));
    }
    Ok(())
}

/// The places of a header's columns in a [`Row`].
fn columns(header: &csv::ByteRecord) -> Result<Vec<usize>, String> {
    let mut places = Vec::with_capacity(header.len());
    for name in header {
        let name = String::from_utf8_lossy(name).to_ascii_lowercase();
        let place = Row::place(&name).ok_or_else(|| format!("unknown column {name:?}"))?;
        if places.contains(&place) {
            return Err(format!("the column {name:?} stands twice"));
        }
        places.push(place);
    }
    let missing = |wanted: &str| !places.iter().any(|place| DECLARATION_COLUMNS.get(*place) == Some(&wanted));
    for wanted in ["use", "permission", "declarant"] {
        if missing(wanted) {
            return Err(format!("the column {wanted:?} is missing"));
        }
    }
    if SUBJECTS.into_iter().all(missing) {
        return Err(format!("a subject column is missing: one of {}", SUBJECTS.join(", ")));
    }
    Ok(places)
}

fn csv_row(places: &[usize], record: &csv::ByteRecord) -> Result<Row, String> {
    if record.len() != places.len() {
        let (found, expected) = (record.len(), places.len());
        return Err(format!("{found} fields where the header has {expected}: quote texts with commas"));
    }
    let mut row = Row::default();
    for (place, field) in places.iter().zip(record) {
        let text =
            std::str::from_utf8(field).map_err(|_| "not UTF-8 text: save the file as UTF-8".to_owned())?;
        if let Some(slot) = row.0.get_mut(*place) {
            text.clone_into(slot);
        }
    }
    Ok(row)
}

fn read_jsonl(
    input: impl Read,
    file: &str,
    take: &mut dyn FnMut(u64, Result<Row, String>),
) -> Result<(), ImportError> {
    let mut reader = io::BufReader::new(input);
    let mut bytes = Vec::new();
    let mut line = 0;
    loop {
        bytes.clear();
        let read = reader
            .read_until(b'\n', &mut bytes)
            .map_err(|source| ImportError::Io { file: file.to_owned(), source })?;
        if read == 0 {
            return Ok(());
        }
        line += 1;
        // A byte order mark, as some editors put before the first line.
        let text = bytes.strip_prefix(b"\xEF\xBB\xBF").filter(|_| line == 1).unwrap_or(&bytes).trim_ascii();
        if !text.is_empty() {
            take(line, json_row(text));
        }
    }
}

fn json_row(text: &[u8]) -> Result<Row, String> {
    let value: Value = serde_json::from_slice(text).map_err(|error| format!("no JSON: {error}"))?;
    let Value::Object(object) = value else {
        return Err("not a JSON object".to_owned());
    };
    let mut row = Row::default();
    for (key, value) in object {
        let place = Row::place(&key)
            .ok_or_else(|| format!("unknown key {key:?}: the keys are {}", DECLARATION_COLUMNS.join(", ")))?;
        let text = match value {
            Value::Null => continue,
            Value::String(text) => text,
            Value::Bool(true) if key == "everything" => "yes".to_owned(),
            Value::Array(codes) if key == "territories" => codes
                .into_iter()
                .map(|code| match code {
                    Value::String(code) => Ok(code),
                    other => Err(format!("territories: {other} is no text")),
                })
                .collect::<Result<Vec<_>, _>>()?
                .join(","),
            other => return Err(format!("{key}: {other} is no text")),
        };
        if let Some(slot) = row.0.get_mut(place) {
            *slot = text;
        }
    }
    Ok(row)
}
