//! What is different between a report and its repetition.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::Value;

use super::past::PastLine;
use super::table::{NARROWEST, paragraph};
use super::text::{BOLD, RED, RESET, YELLOW, clean};
use super::{ScanHeader, ScanRow};

/// Name and number of the schema of [`Difference`].
pub const DIFFERENCE_SCHEMA: &str = "earmark.difference/1";

/// A line of a report whose repetition is another. In JSONL one object a line, in
/// the order of the report; every key is always there.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Difference {
    /// The line of the report, from 1; the header is line 1.
    pub line: u64,
    /// The file; null for the header.
    pub path: Option<String>,
    /// What is different.
    pub kind: DifferenceKind,
    /// The fields that differ, in the order of their names; empty where the file is
    /// missing.
    pub fields: Vec<FieldDifference>,
    /// [`DIFFERENCE_SCHEMA`].
    pub schema: &'static str,
}

/// What is different.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum DifferenceKind {
    /// The header: the program, the registry.
    Header,
    /// The file cannot be read now.
    Missing,
    /// The file has other bytes.
    OtherFile,
    /// The file is the same and the answer another.
    Answer,
    /// The same values are written otherwise.
    Writing,
}

/// A field that differs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FieldDifference {
    /// The field, as in `matches[0].score`.
    pub field: String,
    /// Its value in the report, null where it is not there.
    pub report: Value,
    /// Its value now, null where it is not there.
    pub now: Value,
}

impl Difference {
    /// Compares the header of a report with that of its repetition.
    pub fn of_headers(text: &str, now: &ScanHeader) -> Option<Difference> {
        let mut again = Vec::new();
        // Memory does not fail.
        now.write_json_line(&mut again).ok()?;
        let fields = fields(text, &again)?;
        Some(Difference {
            line: 1,
            path: None,
            kind: DifferenceKind::Header,
            fields,
            schema: DIFFERENCE_SCHEMA,
        })
    }

    /// Compares a row of a report with that of its repetition.
    pub fn of_rows(line: &PastLine, now: &ScanRow) -> Option<Difference> {
        let mut again = Vec::new();
        now.write_json_line(&mut again).ok()?;
        let mut fields = fields(&line.text, &again)?;
        let is = |difference: &FieldDifference, name: &str| difference.field.starts_with(name);
        let kind =
            if fields.iter().any(|field| is(field, "file") && !field.report.is_null() && field.now.is_null())
            {
                fields.clear();
                DifferenceKind::Missing
            } else if fields.iter().any(|field| is(field, "file")) {
                DifferenceKind::OtherFile
            } else if fields.is_empty() {
                DifferenceKind::Writing
            } else {
                DifferenceKind::Answer
            };
        let path = Some(now.path.clone());
        Some(Difference { line: line.number, path, kind, fields, schema: DIFFERENCE_SCHEMA })
    }

    /// Writes it for people, `width` columns wide (80 if that is less). `out` should
    /// take out ANSI escapes where they are not wanted.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write_text(&self, out: &mut impl Write, width: usize) -> io::Result<()> {
        let (colour, what) = match self.kind {
            DifferenceKind::Header => (YELLOW, "the header differs"),
            DifferenceKind::Missing => (YELLOW, "the file is missing or cannot be read"),
            DifferenceKind::OtherFile => (RED, "the file is another one"),
            DifferenceKind::Answer => (RED, "the file is the same and the answer another"),
            DifferenceKind::Writing => (RED, "the same values are written otherwise"),
        };
        let path = self.path.as_deref().map_or_else(String::new, |path| format!("{}  ", clean(path)));
        writeln!(out, "{BOLD}line {}{RESET}  {path}{colour}{what}{RESET}", self.line)?;
        for FieldDifference { field, report, now } in &self.fields {
            let text = format!("{field}: {} in the report, {} now", shortened(report), shortened(now));
            paragraph(out, &text, 2, width.max(NARROWEST), "")?;
        }
        Ok(())
    }
}

/// A value as text; of long ones the beginning.
fn shortened(value: &Value) -> String {
    const MOST_LETTERS: usize = 120;
    let text = value.to_string();
    match text.char_indices().nth(MOST_LETTERS) {
        Some((end, _)) => format!("{}\u{2026}", &text[..end]),
        None => text,
    }
}

/// The fields in which two lines differ; `None` where they are the same bytes.
fn fields(text: &str, again: &[u8]) -> Option<Vec<FieldDifference>> {
    if text.as_bytes() == again {
        return None;
    }
    let parse = |bytes: &[u8]| serde_json::from_slice(bytes).unwrap_or(Value::Null);
    let mut fields = Vec::new();
    differences(String::new(), &parse(text.as_bytes()), &parse(again), &mut fields);
    Some(fields)
}

fn differences(place: String, report: &Value, now: &Value, found: &mut Vec<FieldDifference>) {
    match (report, now) {
        (Value::Object(a), Value::Object(b)) => {
            let mut names: Vec<&String> = a.keys().chain(b.keys()).collect();
            names.sort_unstable();
            names.dedup();
            for name in names {
                let inner = if place.is_empty() { name.clone() } else { format!("{place}.{name}") };
                let value =
                    |map: &serde_json::Map<String, Value>| map.get(name).cloned().unwrap_or(Value::Null);
                differences(inner, &value(a), &value(b), found);
            }
        }
        (Value::Array(a), Value::Array(b)) => {
            for i in 0..a.len().max(b.len()) {
                let value = |list: &[Value]| list.get(i).cloned().unwrap_or(Value::Null);
                differences(format!("{place}[{i}]"), &value(a), &value(b), found);
            }
        }
        _ if report == now => {}
        _ => found.push(FieldDifference { field: place, report: report.clone(), now: now.clone() }),
    }
}

#[cfg(test)]
mod tests {
    use super::super::scan_row::tests::{example, header};
    use super::super::{FileRow, write_json_line};
    use super::*;

    fn line(row: &ScanRow) -> PastLine {
        let mut text = Vec::new();
        row.write_json_line(&mut text).expect("memory does not fail");
        PastLine { number: 3, text: String::from_utf8(text).expect("UTF-8") }
    }

    #[test]
    fn each_kind_is_told_with_its_fields() {
        let row = example();
        assert_eq!(Difference::of_rows(&line(&row), &row), None);
        let of = |now: &ScanRow| Difference::of_rows(&line(&row), now).expect("a difference");

        let gone = of(&ScanRow { file: None, matches: Vec::new(), ..row.clone() });
        assert_eq!((gone.kind, gone.fields.len()), (DifferenceKind::Missing, 0));
        let other = of(&ScanRow { file: Some(FileRow { bytes: 77, sha256: [1; 32] }), ..row.clone() });
        assert_eq!((other.kind, other.fields[0].field.as_str()), (DifferenceKind::OtherFile, "file.sha256"));
        let mut answer = row.clone();
        answer.matches[0].score = 1.0;
        answer.reasons.pop();
        let answer = of(&answer);
        assert_eq!((answer.kind, answer.line), (DifferenceKind::Answer, 3));
        let fields: Vec<&str> = answer.fields.iter().map(|field| field.field.as_str()).collect();
        assert_eq!(fields, ["matches[0].score", "reasons[2]"]);
        assert_eq!((&answer.fields[0].report, &answer.fields[0].now), (&48.25.into(), &1.0.into()));
        let mut text = Vec::new();
        answer.write_text(&mut text, 100).expect("memory does not fail");
        let text = anstream::adapter::strip_str(std::str::from_utf8(&text).expect("UTF-8")).to_string();
        assert!(text.contains("  matches[0].score: 48.25 in the report, 1.0 now\n"), "{text}");

        let mut written = line(&row);
        written.text = written.text.replacen(':', ": ", 1);
        let written = Difference::of_rows(&written, &row).expect("a difference");
        assert_eq!((written.kind, written.fields.len()), (DifferenceKind::Writing, 0));
    }

    #[test]
    fn headers_are_compared_too() {
        let then = header();
        let mut text = Vec::new();
        write_json_line(&mut text, &then).expect("memory does not fail");
        let text = String::from_utf8(text).expect("UTF-8");
        assert_eq!(Difference::of_headers(&text, &then), None);
        let mut now = then;
        now.registry.generation = 3;
        let found = Difference::of_headers(&text, &now).expect("a difference");
        assert_eq!(
            (found.kind, found.fields[0].field.as_str()),
            (DifferenceKind::Header, "registry.generation")
        );
    }
}
