//! Files of entries: CSV and JSONL, one entry a row.
//!
//! The columns (CSV header) or keys (JSONL) of **declarations** are:
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
//! **Mandates** have `declarant`, the subject columns without `everything`,
//! `act` (`grant`, which is also the meaning of an empty cell, or `revoke`), `from`, `until`,
//! `source` and `document_hash`. **Owners** have `name`, `aliases` (several
//! separated by `;`, in JSON as a list), `parent`, `from`, `source` and
//! `document_hash`.
//!
//! CSV needs a header and takes the columns in any order; columns without any
//! content may be left out. JSONL takes `null` and missing keys as empty, and
//! `territories` as text or as a list. An unknown column or key is an error: it would
//! be dropped in silence otherwise.

use std::io::Read;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::{Map, Value};

use super::declaration::{NewDeclaration, Statement};
use super::import_error::{ImportError, RowError};
use super::mandate::{MandateAct, NewMandate};
use super::owner::NewOwner;
use super::source::DocumentHash;
use super::subject::Subject;
use super::table::{self, Row, Shape, TableFormat};
use super::territory::Territory;
use super::{EntryError, NewEntry};
use crate::usage::Use;

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

/// The columns of a file of mandates.
pub const MANDATE_COLUMNS: [&str; 10] =
    ["declarant", "isrc", "prefix", "owner", "recording", "act", "from", "until", "source", "document_hash"];

/// The columns of a file of owners.
pub const OWNER_COLUMNS: [&str; 6] = ["name", "aliases", "parent", "from", "source", "document_hash"];

/// The subject columns, of which exactly one is filled.
const SUBJECTS: [&str; 5] = ["isrc", "prefix", "owner", "recording", "everything"];

static DECLARATIONS: Shape =
    Shape { columns: &DECLARATION_COLUMNS, required: &["use", "permission", "declarant"], one_of: &SUBJECTS };
static MANDATES: Shape = Shape {
    columns: &MANDATE_COLUMNS,
    required: &["declarant"],
    one_of: &["isrc", "prefix", "owner", "recording"],
};
static OWNERS: Shape = Shape { columns: &OWNER_COLUMNS, required: &["name"], one_of: &[] };

/// What a file of entries holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParsedEntries<T> {
    /// The valid rows, in the order of the file.
    pub entries: Vec<T>,
    /// The others.
    pub refused: Vec<RowError>,
}

impl<T> ParsedEntries<T> {
    /// The entries if every row is valid; else an error that lists all
    /// bad rows. The default of an import: half a file is a wrong statement.
    ///
    /// # Errors
    /// [`ImportError::Rows`] if a row is not valid.
    pub fn all_or_nothing(self) -> Result<Vec<T>, ImportError> {
        if self.refused.is_empty() {
            return Ok(self.entries);
        }
        Err(ImportError::Rows { of: self.entries.len() + self.refused.len(), rows: self.refused })
    }
}

/// Reads a file of declarations. `file` is its name for messages; `received_at`
/// goes into every declaration.
///
/// ```
/// use earmark::registry::{parse_declarations, TableFormat};
///
/// let csv = "prefix,use,permission,declarant\nQZHB1,ai-training,disallow,Example Music\n";
/// let now = "2026-11-21T12:00:00Z".parse()?;
/// let parsed = parse_declarations(csv.as_bytes(), TableFormat::Csv, "label.csv", now)?;
/// assert_eq!(parsed.all_or_nothing()?.len(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// When the file cannot be read or its header is wrong. Bad rows are values in the result.
pub fn parse_declarations(
    input: impl Read,
    format: TableFormat,
    file: &str,
    received_at: Timestamp,
) -> Result<ParsedEntries<NewDeclaration>, ImportError> {
    parse(input, format, &DECLARATIONS, file, |row| declaration(row, received_at))
}

/// Reads a file of mandates; in all else as [`parse_declarations`].
///
/// # Errors
/// As [`parse_declarations`].
pub fn parse_mandates(
    input: impl Read,
    format: TableFormat,
    file: &str,
    received_at: Timestamp,
) -> Result<ParsedEntries<NewMandate>, ImportError> {
    parse(input, format, &MANDATES, file, |row| mandate(row, received_at))
}

/// Reads a file of owners; in all else as [`parse_declarations`].
///
/// # Errors
/// As [`parse_declarations`].
pub fn parse_owners(
    input: impl Read,
    format: TableFormat,
    file: &str,
    received_at: Timestamp,
) -> Result<ParsedEntries<NewOwner>, ImportError> {
    parse(input, format, &OWNERS, file, |row| owner(row, received_at))
}

fn parse<T>(
    input: impl Read,
    format: TableFormat,
    shape: &'static Shape,
    file: &str,
    entry: impl Fn(&Row<'_>) -> Result<T, String>,
) -> Result<ParsedEntries<T>, ImportError> {
    let mut parsed = ParsedEntries { entries: Vec::new(), refused: Vec::new() };
    table::read(input, format, shape, file, &mut |line, row| match row.and_then(|row| entry(&row)) {
        Ok(entry) => parsed.entries.push(entry),
        Err(reason) => parsed.refused.push(RowError { file: file.to_owned(), line, reason }),
    })?;
    Ok(parsed)
}

/// The entry that a JSON object holds; `kind` is a [`NewEntry::kind`].
pub(crate) fn entry_of(
    kind: &str,
    object: Map<String, Value>,
    received_at: Timestamp,
) -> Result<NewEntry, String> {
    match kind {
        "declaration" => declaration(&Row::from_json(&DECLARATIONS, object)?, received_at).map(Into::into),
        "mandate" => mandate(&Row::from_json(&MANDATES, object)?, received_at).map(Into::into),
        "owner" => owner(&Row::from_json(&OWNERS, object)?, received_at).map(Into::into),
        other => Err(format!("unknown kind of row {other:?}: update earmark")),
    }
}

fn declaration(row: &Row<'_>, received_at: Timestamp) -> Result<NewDeclaration, String> {
    let declaration = NewDeclaration {
        subject: subject(row, &SUBJECTS)?,
        use_: Use::from_str(row.get("use")).map_err(told)?,
        statement: Statement::parse(row.get("permission"), Some(row.get("terms"))).map_err(told)?,
        territories: territories(row.get("territories"))?,
        from: date(row, "from")?,
        until: date(row, "until")?,
        declarant: row.get("declarant").to_owned(),
        source: row.given("source"),
        document_hash: document_hash(row)?,
        received_at,
    };
    declaration.normalised().map_err(told)
}

fn mandate(row: &Row<'_>, received_at: Timestamp) -> Result<NewMandate, String> {
    let mandate = NewMandate {
        declarant: row.get("declarant").to_owned(),
        speaks_for: subject(row, SUBJECTS.get(..4).unwrap_or_default())?,
        act: MandateAct::from_str(row.get("act"))?,
        from: date(row, "from")?,
        until: date(row, "until")?,
        source: row.given("source"),
        document_hash: document_hash(row)?,
        received_at,
    };
    mandate.normalised().map_err(told)
}

fn owner(row: &Row<'_>, received_at: Timestamp) -> Result<NewOwner, String> {
    let aliases = row.get("aliases");
    // Names in a list of JSON may hold a semicolon.
    let separator = if aliases.contains(table::LIST_SEPARATOR) { table::LIST_SEPARATOR } else { ";" };
    let owner = NewOwner {
        name: row.get("name").to_owned(),
        aliases: aliases.split(separator).map(|alias| alias.trim().to_owned()).collect(),
        parent: row.given("parent"),
        from: date(row, "from")?,
        source: row.given("source"),
        document_hash: document_hash(row)?,
        received_at,
    };
    owner.normalised().map_err(told)
}

fn told(error: impl Into<EntryError>) -> String {
    let error: EntryError = error.into();
    error.to_string()
}

fn subject(row: &Row<'_>, columns: &[&str]) -> Result<Subject, String> {
    let filled: Vec<&str> = columns.iter().copied().filter(|column| !row.get(column).is_empty()).collect();
    match filled.as_slice() {
        [kind] => Subject::parse(kind, row.get(kind)).map_err(told),
        [] => Err(format!("no subject: fill one of {}", columns.join(", "))),
        several => Err(format!(
            "several subjects ({}): fill exactly one, in a row of its own each",
            several.join(", ")
        )),
    }
}

fn document_hash(row: &Row<'_>) -> Result<Option<DocumentHash>, String> {
    row.given("document_hash").map(|text| text.parse().map_err(told)).transpose()
}

fn territories(text: &str) -> Result<Vec<Territory>, String> {
    if text.eq_ignore_ascii_case("worldwide") {
        return Ok(Vec::new());
    }
    text.split(|c: char| c == ',' || c == ';' || c.is_whitespace())
        .filter(|code| !code.is_empty())
        .map(|code| Territory::from_str(code).map_err(|error| error.to_string()))
        .collect()
}

fn date(row: &Row<'_>, column: &str) -> Result<Option<Date>, String> {
    let text = row.get(column);
    if text.is_empty() {
        return Ok(None);
    }
    // jiff reads times of day and compact forms too; one writing only
    // keeps files readable for every other program.
    let date = Date::from_str(text).ok().filter(|date| date.to_string() == text);
    date.map(Some).ok_or_else(|| format!("{column} {text:?} is no date: write YYYY-MM-DD"))
}
