//! A scan as CSV: one row a file, the main fields, for spreadsheets.
//!
//! A spreadsheet runs a cell that looks like a formula. Texts that come from outside,
//! names of files say, never do: they get an apostrophe in front (OWASP, CSV injection).

use std::io::{self, Write};

use super::{MatchRow, ScanHeader, ScanRow};
use crate::audio::Unheard;

/// The columns, in order. Where a file holds several recordings, the columns
/// `recordings` to `siblings` hold as many values in the same order, separated
/// by `;`; so do `tag_isrcs` and `tag_sound`, and the columns of what was not heard,
/// whose length is empty where nobody knows it.
pub const SCAN_CSV_COLUMNS: [&str; 31] = [
    "path",
    "verdict",
    "reasons",
    "declarations",
    "duration_s",
    "tag_isrcs",
    "tag_sound",
    "recordings",
    "isrcs",
    "query_start_s",
    "query_end_s",
    "reference_start_s",
    "grades",
    "scores",
    "e_values",
    "siblings",
    "error",
    "sha256",
    "audio_hash",
    "use",
    "territory",
    "as_of",
    "policy",
    "params",
    "registry_hash",
    "tool",
    "path_bytes",
    "claimed_s",
    "unheard",
    "unheard_s",
    "unheard_details",
];

/// Writes a scan's rows as CSV with a header.
#[derive(Debug)]
pub struct ScanCsv<W: Write> {
    csv: csv::Writer<W>,
}

impl<W: Write> ScanCsv<W> {
    /// Writes the header.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn new(out: W) -> io::Result<Self> {
        let mut csv = csv::Writer::from_writer(out);
        csv.write_record(SCAN_CSV_COLUMNS).map_err(io_error)?;
        Ok(Self { csv })
    }

    /// Writes one file's row.
    ///
    /// # Errors
    /// Those of what it is written to.
    pub fn write(&mut self, row: &ScanRow, header: &ScanHeader) -> io::Result<()> {
        let each = |value: fn(&MatchRow) -> String| joined(row.matches.iter().map(value));
        let mut declarations: Vec<u64> =
            row.reasons.iter().flat_map(|reason| reason.declarations.iter().copied()).collect();
        declarations.sort_unstable();
        declarations.dedup();
        let parts = |value: fn(&Unheard) -> String| {
            joined(row.audio.iter().flat_map(|audio| &audio.unheard).map(value))
        };
        let question = &header.question;
        let cells: [String; SCAN_CSV_COLUMNS.len()] = [
            cell(&row.path),
            row.verdict.to_string(),
            joined(row.reasons.iter().map(|reason| reason.code.to_string())),
            joined(declarations.iter().map(u64::to_string)),
            row.duration_s.map_or_else(String::new, seconds),
            joined(row.tag_checks.iter().map(|check| check.isrc.as_str().to_owned())),
            joined(row.tag_checks.iter().map(|check| check.sound.name().to_owned())),
            each(|found| cell(&found.recording)),
            each(|found| found.isrcs.iter().map(|isrc| isrc.as_str()).collect::<Vec<_>>().join(" ")),
            each(|found| seconds(found.place.query_start_s)),
            each(|found| seconds(found.place.query_end_s)),
            each(|found| seconds(found.place.reference_start_s)),
            each(|found| format!("{:?}", found.grade).to_lowercase()),
            each(|found| format!("{:.3}", found.score)),
            each(|found| format!("{:.2e}", found.e_value)),
            each(|found| {
                let ids: Vec<&str> = found.siblings.iter().map(|s| s.recording.as_str()).collect();
                cell(&ids.join(" "))
            }),
            row.error.as_deref().map_or_else(String::new, cell),
            row.file.map_or_else(String::new, |file| hex(&file.sha256)),
            row.audio.as_ref().map_or_else(String::new, |audio| hex(&audio.audio_hash)),
            question.use_.to_string(),
            question.territory.map_or_else(String::new, |territory| territory.to_string()),
            question.as_of.to_string(),
            question.policy.to_string(),
            header.params.clone(),
            header.registry.hash.clone(),
            header.tool.clone(),
            row.path_bytes.as_ref().map_or_else(String::new, ToString::to_string),
            row.audio.as_ref().and_then(|audio| audio.claimed_s).map_or_else(String::new, seconds),
            parts(|part| part.kind.name().to_owned()),
            parts(|part| part.seconds.map_or_else(String::new, seconds)),
            parts(|part| part.detail.replace(';', ",")),
        ];
        self.csv.write_record(&cells).map_err(io_error)
    }

    /// Hands everything written so far to the output.
    ///
    /// # Errors
    /// Those of what it is written to.
    pub fn flush(&mut self) -> io::Result<()> {
        self.csv.flush()
    }
}

/// `text` as no spreadsheet takes it for a formula: those begin with one of these
/// characters, or with their wide forms, and blanks before them do not count.
fn cell(text: &str) -> String {
    let begins = ['=', '+', '-', '@', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}'];
    // A line within a cell, or what stands behind a semicolon, is a cell of its own to
    // some programs.
    let is_formula = |part: &str| part.trim_start().starts_with(begins);
    if !text.split([';', '\n', '\r', '\t']).any(is_formula) {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len() + 1);
    for part in text.split_inclusive([';', '\n', '\r', '\t']) {
        if is_formula(part) {
            out.push('\'');
        }
        out.push_str(part);
    }
    out
}

fn seconds(value: f64) -> String {
    format!("{value:.3}")
}

fn hex(hash: &[u8; 32]) -> String {
    blake3::Hash::from_bytes(*hash).to_hex().to_string()
}

fn joined(values: impl Iterator<Item = String>) -> String {
    values.collect::<Vec<_>>().join(";")
}

fn io_error(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        // Rows of one length of text: nothing but the output can fail.
        other => io::Error::other(format!("{other:?}")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::scan_row::tests::{example, failed, half_heard, header as report_header};
    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        let cases = [
            ("=HYPERLINK(\"http://x\").mp3", "'=HYPERLINK(\"http://x\").mp3"),
            (" +1.mp3", "' +1.mp3"),
            ("-a", "'-a"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\u{ff1d}1", "'\u{ff1d}1"),
            ("a;=1+1;b", "a;'=1+1;b"),
            ("a\n=1", "a\n'=1"),
            ("\t=1", "\t'=1"),
            ("a-b = c.mp3", "a-b = c.mp3"),
            ("'=1", "'=1"),
            ("", ""),
        ];
        for (text, expected) in cases {
            assert_eq!(cell(text), expected, "{text:?}");
        }
    }

    #[test]
    fn a_row_holds_the_main_fields_in_the_order_of_the_header() {
        let mut out = Vec::new();
        let mut csv = ScanCsv::new(&mut out).expect("memory does not fail");
        let mut twice = example();
        twice.path = "a, b.ogg".to_owned();
        twice.matches.push(twice.matches[0].clone());
        twice.audio = Some(half_heard());
        for row in [twice, failed()] {
            csv.write(&row, &report_header()).expect("memory does not fail");
        }
        csv.flush().expect("memory does not fail");
        drop(csv);
        let mut reader = csv::Reader::from_reader(&out[..]);
        let header = reader.headers().expect("a header").clone();
        let rows: Vec<csv::StringRecord> = reader.records().map(|row| row.expect("a row")).collect();
        let cell = |row: usize, name: &str| {
            let column = header.iter().position(|column| column == name).expect("a column");
            rows[row][column].to_owned()
        };
        let expected = [
            ("path", "a, b.ogg"),
            ("verdict", "disallowed"),
            ("reasons", "recognised;declared-disallow;tag-contradicts-sound"),
            ("declarations", "2;5"),
            ("duration_s", "9.000"),
            ("tag_isrcs", "QZHB12500001"),
            ("tag_sound", "contradicts"),
            ("recordings", "QZHB12500003;QZHB12500003"),
            ("query_start_s", "0.012;0.012"),
            ("reference_start_s", "9.013;9.013"),
            ("grades", "match;match"),
            ("scores", "48.250;48.250"),
            ("e_values", "5.62e-49;5.62e-49"),
            ("siblings", ";"),
            ("error", ""),
            ("sha256", &"ef".repeat(32)),
            ("audio_hash", &"cd".repeat(32)),
            ("territory", ""),
            ("as_of", "2026-01-31"),
            ("claimed_s", "12.500"),
            ("unheard", "track;cut"),
            ("unheard_s", "9.000;"),
            ("unheard_details", "audio track 2;it stops, and goes on"),
        ];
        for (name, value) in expected {
            assert_eq!(cell(0, name), value, "{name}");
        }
        assert_eq!(cell(1, "error"), "unknown format");
        assert_eq!(cell(1, "recordings"), "");
    }
}
