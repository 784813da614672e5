//! Reading a report of a scan.

use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::header::{HeaderKind, ScanHeader};
use super::scan_row::{FileRow, SCAN_SCHEMA, TagCheck};
use super::{MatchRow, write_json_line};
use crate::audio::{AudioInfo, Tags};
use crate::coverage::Coverage;
use crate::error_kind::ErrorKind;
use crate::isrc::Isrc;
use crate::matching::MatchOptions;
use crate::paths::{self, PathBytes};
use crate::registry::RegistryState;
use crate::units::Seconds;
use crate::verdict::{Question, VerdictKind};

/// Why a report cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReportError {
    /// The file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Io {
        /// The report.
        path: PathBuf,
        /// What went wrong.
        source: io::Error,
    },
    /// A line is none of a report.
    #[error(
        "{}, line {line}: {reason}; give the file that `earmark scan --format jsonl` wrote", path.display()
    )]
    Line {
        /// The report.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// What is wrong.
        reason: String,
    },
}

impl ReportError {
    /// What sort of thing went wrong.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Io { source, .. } => ErrorKind::of_io(source),
            Self::Line { .. } => ErrorKind::Invalid,
        }
    }
}

/// A row as it was.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct PastRow {
    /// The file.
    pub path: String,
    /// The bytes of its path where they are not UTF-8.
    #[serde(default)]
    pub path_bytes: Option<PathBytes>,
    /// Its bytes; `None` where they could not be read.
    pub file: Option<FileRow>,
    /// The cells of the manifest's row that named it, in its order.
    #[serde(deserialize_with = "pairs")]
    pub columns: Vec<(String, Value)>,
    /// Its verdict.
    pub verdict: VerdictKind,
    /// Why.
    pub reasons: Vec<PastReason>,
    /// Length of its audio in seconds; `None` where it could not be decoded.
    pub duration_s: Option<Seconds>,
    /// The ISRCs in its tags, and what the sound says to each.
    pub tag_checks: Vec<TagCheck>,
    /// What it says about itself.
    pub tags: Option<Tags>,
    /// The recordings recognised, best first.
    pub matches: Vec<MatchRow>,
    /// How it is encoded; `None` where it could not be decoded.
    pub audio: Option<AudioInfo>,
    /// Why it could not be checked.
    pub error: Option<String>,
}

/// A reason of a [`PastRow`], whatever its code.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct PastReason {
    /// What it is about.
    pub code: String,
    /// As a sentence.
    pub text: String,
    /// The declarations it rests on.
    pub declarations: Vec<u64>,
    /// The recording it is about.
    pub recording: Option<String>,
    /// The tag's ISRC.
    pub isrc: Option<Isrc>,
}

impl PastRow {
    /// The path of the file.
    pub fn named(&self) -> PathBuf {
        paths::path(&self.path, self.path_bytes.as_ref())
    }

    /// Hash of the audio without tags; `None` where it could not be decoded.
    pub fn audio_hash(&self) -> Option<[u8; 32]> {
        self.audio.as_ref().map(|audio| audio.audio_hash)
    }

    /// The declarations that its reasons cite, ascending, each once.
    pub fn declarations(&self) -> Vec<u64> {
        let mut cited: Vec<u64> =
            self.reasons.iter().flat_map(|reason| reason.declarations.iter().copied()).collect();
        cited.sort_unstable();
        cited.dedup();
        cited
    }
}

/// A report, line by line. Lines are parsed by [`PastLine::row`], on whatever
/// thread.
pub struct PastReport {
    path: PathBuf,
    header: ScanHeader,
    header_text: String,
    lines: BufReader<File>,
    /// Lines read so far.
    line: u64,
    /// Nothing follows an error.
    failed: bool,
}

/// The longest line that is read, in bytes. A row of a mix of a thousand matches has
/// one megabyte.
pub const MOST_LINE_BYTES: u64 = 64 << 20;

/// One line of a [`PastReport`] after its header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastLine {
    /// Its number, from 1; the first row has 2.
    pub number: u64,
    /// The line as it stands in the file, with its line feed.
    pub text: String,
}

impl PastReport {
    /// Opens the report at `path` and reads its header.
    ///
    /// # Errors
    /// If it cannot be read or does not begin with the header of a scan.
    pub fn open(path: &Path) -> Result<Self, ReportError> {
        let io = |source| ReportError::Io { path: path.to_owned(), source };
        let mut lines = BufReader::new(File::open(path).map_err(io)?);
        let first = read_line(&mut lines).map_err(io)?.unwrap_or_default();
        let header =
            header(&first).map_err(|reason| ReportError::Line { path: path.to_owned(), line: 1, reason })?;
        Ok(PastReport { path: path.to_owned(), header, header_text: first, lines, line: 1, failed: false })
    }

    /// What it rests on.
    pub fn header(&self) -> &ScanHeader {
        &self.header
    }

    /// Its first line as it stands in the file.
    pub fn header_text(&self) -> &str {
        &self.header_text
    }

    /// The file it is read from.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl PastLine {
    /// The row of the line; `report` is named in the error.
    ///
    /// # Errors
    /// If it is none.
    pub fn row(&self, report: &Path) -> Result<PastRow, ReportError> {
        serde_json::from_str(&self.text).map_err(|error| ReportError::Line {
            path: report.to_owned(),
            line: self.number,
            reason: format!("is no row of a scan ({error})"),
        })
    }
}

impl Iterator for PastReport {
    type Item = Result<PastLine, ReportError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        match read_line(&mut self.lines) {
            Ok(None) => None,
            Ok(Some(text)) => {
                self.line += 1;
                Some(Ok(PastLine { number: self.line, text }))
            }
            Err(source) => {
                self.failed = true;
                Some(Err(ReportError::Io { path: self.path.clone(), source }))
            }
        }
    }
}

/// The next line with its line feed; none at the end.
fn read_line(lines: &mut impl BufRead) -> io::Result<Option<String>> {
    let mut text = String::new();
    let read = lines.by_ref().take(MOST_LINE_BYTES).read_line(&mut text)?;
    if read as u64 == MOST_LINE_BYTES && !text.ends_with('\n') {
        let wrong = format!("a line has more than {} MB and is none of a report", MOST_LINE_BYTES >> 20);
        return Err(io::Error::new(io::ErrorKind::InvalidData, wrong));
    }
    Ok((read > 0).then_some(text))
}

impl ScanHeader {
    /// The line of a report.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write_json_line(&self, out: &mut impl io::Write) -> io::Result<()> {
        write_json_line(out, self)
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
    min_overlap: String,
    accepted_terms: Option<String>,
}

#[derive(Deserialize)]
struct Written {
    #[serde(rename = "kind")]
    _kind: HeaderKind,
    tool: String,
    params: String,
    registry: RegistryState,
    question: Asked,
    match_options: MatchOptions,
    /// Earlier reports are all of whole files.
    #[serde(default)]
    coverage: Coverage,
    inputs: Vec<String>,
}

fn header(line: &str) -> Result<ScanHeader, String> {
    let object: Value = serde_json::from_str(line).map_err(|error| format!("is no JSON object ({error})"))?;
    match object.get("schema").and_then(Value::as_str) {
        Some(SCAN_SCHEMA) => {}
        Some(other) => return Err(format!("has the schema {other}, this earmark reads {SCAN_SCHEMA}")),
        None => return Err("names no schema".to_owned()),
    }
    let wrong = |error: String| format!("is no header of a report ({error})");
    let Written { tool, params, registry, question, match_options, coverage, inputs, .. } =
        Written::deserialize(object).map_err(|error| wrong(error.to_string()))?;
    let territory = question.territory.map(|code| code.parse()).transpose();
    let accepted_terms = question.accepted_terms.map(|text| text.parse()).transpose();
    let question = Question {
        use_: question.use_.parse().map_err(|error| wrong(format!("{error}")))?,
        territory: territory.map_err(|error| wrong(format!("{error}")))?,
        as_of: question.as_of.parse().map_err(|error| wrong(format!("{error}")))?,
        policy: question.policy.parse().map_err(|error| wrong(format!("{error}")))?,
        shortest_s: question.shortest_s,
        min_overlap: question.min_overlap.parse().map_err(|error| wrong(format!("{error}")))?,
        accepted_terms: accepted_terms.map_err(|error| wrong(format!("{error}")))?,
    };
    Ok(ScanHeader::from_parts(tool, params, registry, question, match_options, coverage, inputs))
}

/// An object in its order, which a map of JSON would lose.
fn pairs<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<(String, Value)>, D::Error> {
    struct Pairs;
    impl<'de> Visitor<'de> for Pairs {
        type Value = Vec<(String, Value)>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut pairs = Vec::new();
            while let Some(pair) = map.next_entry()? {
                pairs.push(pair);
            }
            Ok(pairs)
        }
    }
    deserializer.deserialize_map(Pairs)
}

#[cfg(test)]
mod tests {
    use super::super::scan_row::tests::{example, failed, header as example_header};
    use super::*;

    fn written(text: &str) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().expect("temporary folder");
        let path = folder.path().join("report.jsonl");
        std::fs::write(&path, text).expect("written");
        (folder, path)
    }

    #[test]
    fn a_report_is_read_as_it_was_written() {
        let mut out = Vec::new();
        let header = example_header();
        header.write_json_line(&mut out).expect("memory does not fail");
        for row in [example(), failed()] {
            row.write_json_line(&mut out).expect("memory does not fail");
        }
        let text = String::from_utf8(out).expect("JSON is UTF-8");
        let (_folder, path) = written(&text);
        let report = PastReport::open(&path).expect("a report");
        assert_eq!(report.header(), &header);
        let mut read = report.header_text().to_owned();
        let mut rows = Vec::new();
        for line in report {
            let line = line.expect("a line");
            read.push_str(&line.text);
            rows.push(line.row(&path).expect("a row"));
        }
        assert_eq!(read, text);
        assert_eq!(rows.len(), 2);
        assert_eq!((rows[0].file, &rows[0].columns), (example().file, &example().columns), "in their order");
        assert_eq!((rows[0].declarations(), rows[1].error.as_deref()), (vec![2, 5], Some("unknown format")));
    }

    #[test]
    fn a_line_without_end_is_refused_and_ends_the_report() {
        let mut text = Vec::new();
        example_header().write_json_line(&mut text).expect("memory does not fail");
        let (_folder, path) = written(std::str::from_utf8(&text).expect("UTF-8"));
        let file = File::options().append(true).open(&path).expect("a file");
        // Zeros, which take no room on the disk.
        file.set_len(text.len() as u64 + MOST_LINE_BYTES + 10).expect("a long file");
        let lines: Vec<_> = PastReport::open(&path).expect("a header").collect();
        assert_eq!(lines.len(), 1);
        let error = lines[0].as_ref().expect_err("too long").to_string();
        assert!(error.contains("more than 64 MB"), "{error}");
    }

    #[test]
    fn what_is_no_report_is_refused_with_its_line() {
        let cases = [
            ("", "line 1: is no JSON object"),
            ("{\"path\":1}\n", "line 1: names no schema"),
            (
                "{\"schema\":\"earmark.scan/1\"}\n",
                "has the schema earmark.scan/1, this earmark reads earmark.scan/2",
            ),
            ("{\"kind\":\"file\",\"schema\":\"earmark.scan/2\"}\n", "is no header of a report"),
        ];
        for (text, said) in cases {
            let (_folder, path) = written(text);
            let error = PastReport::open(&path).err().expect(said).to_string();
            assert!(error.contains(said), "{error}");
        }
        let line = PastLine { number: 7, text: "{}\n".to_owned() };
        let error = line.row(Path::new("r.jsonl")).expect_err("no row").to_string();
        assert!(error.starts_with("r.jsonl, line 7: is no row"), "{error}");
    }
}
