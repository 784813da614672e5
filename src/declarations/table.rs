//! Tables of entries: CSV and JSONL, one entry a row, as texts.

use std::fmt;
use std::io::{self, BufRead, Read};

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::{Map, Value};

use crate::csv_lines::LineCounter;
use crate::csv_quotes::ClosedQuotes;

use super::import_error::ImportError;

/// How a file of entries is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TableFormat {
    /// Comma-separated values with a header, RFC 4180.
    Csv,
    /// One JSON object a line.
    Jsonl,
}

impl TableFormat {
    /// The format a file name's ending stands for: `csv`, `jsonl` or `ndjson`.
    pub fn from_extension(extension: &str) -> Option<Self> {
        match extension.to_ascii_lowercase().as_str() {
            "csv" => Some(Self::Csv),
            "jsonl" | "ndjson" => Some(Self::Jsonl),
            _ => None,
        }
    }
}

/// Which columns a table has.
pub(super) struct Shape {
    /// All of them.
    pub(super) columns: &'static [&'static str],
    /// Those a CSV header must have.
    pub(super) required: &'static [&'static str],
    /// Sets of which a CSV header must have at least one.
    pub(super) one_of: &'static [&'static str],
}

impl Shape {
    fn place(&self, column: &str) -> Option<usize> {
        self.columns.iter().position(|known| *known == column)
    }

    fn listed(&self) -> String {
        self.columns.join(", ")
    }
}

/// Stands after every item of a list in JSON: no name holds a control character.
pub(super) const LIST_SEPARATOR: &str = "\u{1f}";

/// The texts of one row, in the order of the shape's columns; empty where
/// nothing was given.
pub(super) struct Row<'a> {
    shape: &'a Shape,
    cells: Vec<String>,
}

impl<'a> Row<'a> {
    fn new(shape: &'a Shape) -> Self {
        Self { shape, cells: vec![String::new(); shape.columns.len()] }
    }

    /// The text of a column without blanks around it.
    pub(super) fn get(&self, column: &str) -> &str {
        self.shape.place(column).and_then(|place| self.cells.get(place)).map_or("", |text| text.trim())
    }

    /// The text of a column, unless it is empty.
    pub(super) fn given(&self, column: &str) -> Option<String> {
        Some(self.get(column).to_owned()).filter(|text| !text.is_empty())
    }

    fn set(&mut self, place: usize, text: String) {
        if let Some(cell) = self.cells.get_mut(place) {
            *cell = text;
        }
    }

    /// The row of a JSON object.
    pub(super) fn from_json(shape: &'a Shape, object: Map<String, Value>) -> Result<Self, String> {
        let mut row = Self::new(shape);
        for (key, value) in object {
            let place = shape
                .place(&key)
                .ok_or_else(|| format!("unknown key {key:?}: the keys are {}", shape.listed()))?;
            let text = match value {
                Value::Null => continue,
                Value::String(text) => text,
                Value::Bool(true) if key == "everything" => "yes".to_owned(),
                Value::Array(items) if key == "territories" => joined(&key, items, ",")?,
                Value::Array(items) if key == "aliases" => {
                    joined(&key, items, LIST_SEPARATOR)? + LIST_SEPARATOR
                }
                other => return Err(format!("{key}: {other} is no text")),
            };
            row.set(place, text);
        }
        Ok(row)
    }
}

/// A JSON object in which no key stands twice: a reader that takes the first and one
/// that takes the last would read two different statements.
pub(crate) struct Object(pub(crate) Map<String, Value>);

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ObjectVisitor)
    }
}

struct ObjectVisitor;

impl<'de> Visitor<'de> for ObjectVisitor {
    type Value = Object;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Object, A::Error> {
        let mut object = Map::new();
        while let Some((key, value)) = entries.next_entry::<String, Value>()? {
            if object.contains_key(&key) {
                return Err(A::Error::custom(format_args!("the key {key:?} stands twice: leave one")));
            }
            object.insert(key, value);
        }
        Ok(Object(object))
    }
}

fn joined(key: &str, items: Vec<Value>, separator: &str) -> Result<String, String> {
    let text = |item| match item {
        Value::String(text) => Ok(text),
        other => Err(format!("{key}: {other} is no text")),
    };
    Ok(items.into_iter().map(text).collect::<Result<Vec<_>, _>>()?.join(separator))
}

/// Takes a row, or what is wrong with it, and the line on which it starts.
pub(super) type Take<'t> = &'t mut dyn FnMut(u64, Result<Row<'_>, String>);

/// Hands over every row of a table.
pub(super) fn read(
    input: impl Read,
    format: TableFormat,
    shape: &'static Shape,
    file: &str,
    take: Take<'_>,
) -> Result<(), ImportError> {
    match format {
        TableFormat::Csv => read_csv(input, shape, file, take),
        TableFormat::Jsonl => read_jsonl(input, shape, file, take),
    }
}

/// The file is held in memory while it is read: its rows, which are kept, are larger.
fn read_csv(
    mut input: impl Read,
    shape: &'static Shape,
    file: &str,
    take: Take<'_>,
) -> Result<(), ImportError> {
    let io_error = |source| ImportError::Io { file: file.to_owned(), source };
    let mut content = Vec::new();
    input.read_to_end(&mut content).map_err(io_error)?;
    let content = content.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&content);
    let mut lines = LineCounter::new(content);
    // Rows of the wrong length are told one by one, with their line.
    let source = ClosedQuotes::new(content);
    let mut reader = csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(source);
    let failed = |error: csv::Error| match error.into_kind() {
        csv::ErrorKind::Io(source) => io_error(source),
        // With flexible rows of bytes only reading itself can fail.
        other => io_error(io::Error::other(format!("{other:?}"))),
    };
    let places = columns(shape, reader.byte_headers().map_err(failed)?)
        .map_err(|reason| ImportError::Header { file: file.to_owned(), reason, columns: shape.columns })?;
    let mut record = csv::ByteRecord::new();
    while reader.read_byte_record(&mut record).map_err(failed)? {
        take(lines.line_of(&record), csv_row(shape, &places, &record));
    }
    Ok(())
}

/// The places of a header's columns in a [`Row`].
fn columns(shape: &Shape, header: &csv::ByteRecord) -> Result<Vec<usize>, String> {
    let mut places = Vec::with_capacity(header.len());
    for name in header {
        let name = String::from_utf8_lossy(name).to_ascii_lowercase();
        let place = shape.place(&name).ok_or_else(|| format!("unknown column {name:?}"))?;
        if places.contains(&place) {
            return Err(format!("the column {name:?} stands twice"));
        }
        places.push(place);
    }
    let missing = |wanted: &&&str| !places.iter().any(|place| shape.columns.get(*place) == Some(*wanted));
    if let Some(wanted) = shape.required.iter().find(missing) {
        return Err(format!("the column {wanted:?} is missing"));
    }
    if !shape.one_of.is_empty() && shape.one_of.iter().all(|wanted| missing(&wanted)) {
        return Err(format!("a subject column is missing: one of {}", shape.one_of.join(", ")));
    }
    Ok(places)
}

fn csv_row<'a>(shape: &'a Shape, places: &[usize], record: &csv::ByteRecord) -> Result<Row<'a>, String> {
    if record.len() != places.len() {
        let (found, expected) = (record.len(), places.len());
        return Err(format!("{found} fields where the header has {expected}: quote texts with commas"));
    }
    let mut row = Row::new(shape);
    for (place, field) in places.iter().zip(record) {
        let text =
            std::str::from_utf8(field).map_err(|_| "not UTF-8 text: save the file as UTF-8".to_owned())?;
        row.set(*place, text.to_owned());
    }
    Ok(row)
}

fn read_jsonl(
    input: impl Read,
    shape: &'static Shape,
    file: &str,
    take: Take<'_>,
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
        if text.is_empty() {
            continue;
        }
        let row = match serde_json::from_slice(text) {
            Ok(Object(object)) => Row::from_json(shape, object),
            Err(error) if error.is_data() && !text.starts_with(b"{") => Err("not a JSON object".to_owned()),
            Err(error) => Err(format!("no JSON: {error}")),
        };
        take(line, row);
    }
}
