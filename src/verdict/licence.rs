//! Accepted terms: what whoever asks has licensed.
//!
//! A list in CSV (with a header) or JSONL, one licence a row. Every filled
//! column has to fit for the licence to meet the terms of a declaration:
//!
//! | column | content |
//! |---|---|
//! | `licence` | what the licence is called in reasons: a contract's number, an address; always needed |
//! | `hash` | the declaration's hash, 64 hexadecimal digits, as `earmark registry log` shows it; rows that say the same and were received at other times count as well |
//! | `declaration` | the declaration's number; numbers are those of one registry, the hash is safer |
//! | `declarant` | who declared the terms, under any of its names |
//! | `terms` | the terms, word for word |
//! | `terms_sha256` | SHA-256 of the terms' text in UTF-8, in place of it |
//! | `isrc`, `prefix`, `owner`, `recording` | the recordings that are licensed, one of them; empty for all of the declaration |
//! | `use` | the use that is licensed, with all narrower ones; empty for all of the declaration |
//! | `territories` | two-letter country codes separated by commas or blanks; empty for everywhere |
//! | `from`, `until` | first and last day, `YYYY-MM-DD` |
//!
//! A row names a declaration (`hash` or `declaration`), or a `declarant` with
//! its `terms` or `terms_sha256`. So a licence never reaches terms that were not
//! agreed: a declaration of new terms needs a new row. The files are written by
//! whoever scans; a wrong row is an error and not a licence less.

use std::io::{self, Read};
use std::str::FromStr;

use jiff::civil::Date;
use serde::Deserialize;

use crate::csv_lines::LineCounter;
use crate::csv_quotes::ClosedQuotes;
use crate::registry::{Authority, Declaration, DocumentHash, Subject, TableFormat, Territory, Use};

use super::KnownRecording;

/// Largest list that is read, in bytes: a hundred thousand licences and more.
pub const MAX_ACCEPTED_TERMS_BYTES: u64 = 64 << 20;

/// What was licensed, and the hash of the list in which it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AcceptedTerms {
    /// The licences, in the order of the list.
    pub licences: Vec<Licence>,
    /// SHA-256 of the list.
    pub hash: DocumentHash,
}

/// One licence: terms that were accepted, for whom, for what and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Licence {
    /// What it is called. Not empty.
    pub name: String,
    /// The declaration whose terms are met, by its hash.
    pub declaration_hash: Option<[u8; 32]>,
    /// The same by its number.
    pub declaration: Option<u64>,
    /// Who declared the terms.
    pub declarant: Option<String>,
    /// SHA-256 of the terms' text.
    pub terms: Option<DocumentHash>,
    /// The recordings that are licensed; `None` for all of the declaration.
    pub subject: Option<Subject>,
    /// The use that is licensed, with narrower ones; `None` for all of the declaration.
    pub use_: Option<Use>,
    /// Where; empty for everywhere.
    pub territories: Vec<Territory>,
    /// First day; `None` if it always held.
    pub from: Option<Date>,
    /// Last day; `None` if it has no end.
    pub until: Option<Date>,
}

/// Why a list gives no licences.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AcceptedTermsError {
    /// It cannot be read.
    #[error("cannot read {file}: {source}")]
    Io {
        /// The file's name as given by the caller.
        file: String,
        /// The system's error.
        source: io::Error,
    },
    /// It is far too long.
    #[error("{file} has more than {MAX_ACCEPTED_TERMS_BYTES} bytes: give the licences in question only")]
    TooLong {
        /// The file's name as given by the caller.
        file: String,
    },
    /// A row is no licence.
    #[error("{file}, line {line}: {reason}")]
    Row {
        /// The file's name as given by the caller.
        file: String,
        /// The line on which the row starts, from 1.
        line: u64,
        /// What is wrong and what to do.
        reason: String,
    },
}

impl AcceptedTerms {
    /// Reads a list. `file` is its name for messages.
    ///
    /// ```
    /// use earmark::registry::TableFormat;
    /// use earmark::verdict::AcceptedTerms;
    ///
    /// let csv = "licence,declarant,terms\n2026-17,Example Music,ask ai@example.com\n";
    /// let accepted = AcceptedTerms::read(csv.as_bytes(), TableFormat::Csv, "licences.csv")?;
    /// assert_eq!(accepted.licences[0].name, "2026-17");
    /// # Ok::<(), earmark::verdict::AcceptedTermsError>(())
    /// ```
    ///
    /// # Errors
    /// When it cannot be read, is too long, or a row is wrong.
    pub fn read(input: impl Read, format: TableFormat, file: &str) -> Result<Self, AcceptedTermsError> {
        let io = |source| AcceptedTermsError::Io { file: file.to_owned(), source };
        let mut content = Vec::new();
        input.take(MAX_ACCEPTED_TERMS_BYTES + 1).read_to_end(&mut content).map_err(io)?;
        if content.len() as u64 > MAX_ACCEPTED_TERMS_BYTES {
            return Err(AcceptedTermsError::TooLong { file: file.to_owned() });
        }
        let hash = DocumentHash::of(content.as_slice()).map_err(io)?;
        let text = content.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&content);
        let rows = match format {
            TableFormat::Csv => csv_rows(text),
            TableFormat::Jsonl => jsonl_rows(text),
        };
        let licence = |(line, row): (u64, Result<Row, String>)| {
            row.and_then(Row::licence).map_err(|reason| AcceptedTermsError::Row {
                file: file.to_owned(),
                line,
                reason,
            })
        };
        Ok(Self { licences: rows.into_iter().map(licence).collect::<Result<_, _>>()?, hash })
    }
}

/// A row as it stands in the file.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Row {
    licence: Option<String>,
    hash: Option<String>,
    declaration: Option<u64>,
    declarant: Option<String>,
    terms: Option<String>,
    terms_sha256: Option<String>,
    isrc: Option<String>,
    prefix: Option<String>,
    owner: Option<String>,
    recording: Option<String>,
    #[serde(rename = "use")]
    use_: Option<String>,
    territories: Option<String>,
    from: Option<String>,
    until: Option<String>,
}

fn csv_rows(content: &[u8]) -> Vec<(u64, Result<Row, String>)> {
    let mut lines = LineCounter::new(content);
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(ClosedQuotes::new(content));
    let headers = match reader.byte_headers() {
        Ok(headers) => headers.clone(),
        Err(error) => return vec![(1, Err(error.to_string()))],
    };
    let mut rows = Vec::new();
    let mut record = csv::ByteRecord::new();
    loop {
        match reader.read_byte_record(&mut record) {
            Ok(false) => return rows,
            Ok(true) => {
                let row = record.deserialize::<Row>(Some(&headers)).map_err(|error| match error.kind() {
                    csv::ErrorKind::Deserialize { err, .. } => err.kind().to_string(),
                    _ => error.to_string(),
                });
                rows.push((lines.line_of(&record), row));
            }
            Err(error) => {
                // A row of another length; the place is that of the row.
                let line = error.position().unwrap_or(reader.position()).line();
                rows.push((line, Err(error.to_string())));
                return rows;
            }
        }
    }
}

fn jsonl_rows(content: &[u8]) -> Vec<(u64, Result<Row, String>)> {
    let lines = (1..).zip(content.split(|byte| *byte == b'\n'));
    let filled = lines.filter(|(_, line)| !line.trim_ascii().is_empty());
    filled.map(|(line, text)| (line, serde_json::from_slice(text).map_err(|e| e.to_string()))).collect()
}

impl Row {
    fn licence(self) -> Result<Licence, String> {
        let filled =
            |text: Option<String>| text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        let hash = |text: Option<String>, column: &str| {
            let parsed = filled(text).map(|text| text.parse::<DocumentHash>()).transpose();
            parsed.map_err(|_| format!("{column} is not 64 hexadecimal digits"))
        };
        let name = filled(self.licence).ok_or("the licence has no name: fill the column licence")?;
        let declaration_hash = hash(self.hash, "hash")?.map(|hash| hash.0);
        let declarant = filled(self.declarant);
        let terms = match (filled(self.terms), hash(self.terms_sha256, "terms_sha256")?) {
            (None, hash) => hash,
            (Some(terms), None) => Some(hash_of(&terms)),
            (Some(_), Some(_)) => return Err("terms and terms_sha256 are both filled: give one".to_owned()),
        };
        let named = declaration_hash.is_some() || self.declaration.is_some();
        if !named && (declarant.is_none() || terms.is_none()) {
            return Err("no declaration is named: fill hash or declaration, \
                        or declarant with terms or terms_sha256"
                .to_owned());
        }
        let subjects = [
            ("isrc", self.isrc),
            ("prefix", self.prefix),
            ("owner", self.owner),
            ("recording", self.recording),
        ];
        let mut subject = None;
        for (kind, value) in subjects {
            if let Some(value) = filled(value) {
                if subject.is_some() {
                    return Err("several of isrc, prefix, owner and recording are filled: \
                                give each a row of its own"
                        .to_owned());
                }
                subject = Some(Subject::parse(kind, &value).map_err(|error| error.to_string())?);
            }
        }
        let day = |text: Option<String>, column: &str| {
            let read = |text: String| {
                // One writing only, as in declaration files.
                let day = Date::from_str(&text).ok().filter(|day| day.to_string() == text);
                day.ok_or_else(|| format!("{column} {text:?} is no date: write YYYY-MM-DD"))
            };
            filled(text).map(read).transpose()
        };
        let codes = filled(self.territories).unwrap_or_default();
        let codes = codes.split(|c: char| c == ',' || c == ';' || c.is_whitespace());
        let territories = codes.filter(|code| !code.is_empty()).map(Territory::from_str);
        let (from, until) = (day(self.from, "from")?, day(self.until, "until")?);
        if from.zip(until).is_some_and(|(from, until)| until < from) {
            return Err("until is before from".to_owned());
        }
        Ok(Licence {
            name,
            declaration_hash,
            declaration: self.declaration,
            declarant,
            terms,
            subject,
            use_: filled(self.use_).map(|text| text.parse::<Use>().map_err(|e| e.to_string())).transpose()?,
            territories: territories.collect::<Result<_, _>>().map_err(|error| error.to_string())?,
            from,
            until,
        })
    }
}

fn hash_of(text: &str) -> DocumentHash {
    // Reading from memory does not fail.
    DocumentHash::of(text.as_bytes()).unwrap_or(DocumentHash([0; 32]))
}

impl Licence {
    /// Whether it meets the terms of `declaration` for a use of `recording` on
    /// a day; where, is another question. `repeats` are all rows that say the same,
    /// this one among them: who accepted one of them accepted these terms.
    pub(super) fn meets(
        &self,
        declaration: &Declaration,
        repeats: &[&Declaration],
        recording: &KnownRecording,
        authority: &Authority,
        use_: Use,
        day: Date,
    ) -> bool {
        let same = |name: &String| authority.owner_key(name) == authority.owner_key(&declaration.declarant);
        let Some(terms) = declaration.statement.terms() else { return false };
        let names = |row: &&Declaration| {
            self.declaration_hash.is_none_or(|hash| hash == row.hash)
                && self.declaration.is_none_or(|seq| seq == row.seq)
        };
        repeats.iter().any(names)
            && self.from.is_none_or(|from| from <= day)
            && self.until.is_none_or(|until| day <= until)
            && self.use_.is_none_or(|licensed| licensed.covers(use_))
            && self.declarant.as_ref().is_none_or(same)
            && self
                .subject
                .as_ref()
                .is_none_or(|subject| authority.is_about(subject, &declaration.declarant, &recording.about()))
            && self.terms.is_none_or(|licensed| licensed == hash_of(terms))
    }

    /// Whether it holds in a territory; `None` is the world outside every
    /// territory that any row names.
    pub(super) fn holds_in(&self, territory: Option<Territory>) -> bool {
        self.territories.is_empty()
            || territory.is_some_and(|territory| self.territories.contains(&territory))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn csv(text: &str) -> Result<AcceptedTerms, String> {
        let read = AcceptedTerms::read(text.as_bytes(), TableFormat::Csv, "l.csv");
        read.map_err(|error| error.to_string())
    }

    #[test]
    fn both_forms_say_the_same() {
        let table = format!(
            "\u{feff}licence,hash,declaration,declarant,terms,isrc,use,territories,from,until\r\n\
             L-1,{},,,,,,,,\r\n\
             L-2,,7,,,,,,2026-01-01,2026-12-31\r\n\
             \"L, 3\",,,Label,ask us,QZ-HB1-24-00001,ai-training,DE fr,,\r\n",
            "ab".repeat(32)
        );
        let lines = format!(
            "{{\"licence\": \"L-1\", \"hash\": \"{}\"}}\n\n\
             {{\"licence\": \"L-2\", \"declaration\": 7, \"from\": \"2026-01-01\", \"until\": \"2026-12-31\"}}\n\
             {{\"licence\": \"L, 3\", \"declarant\": \"Label\", \"terms_sha256\": \"{}\", \"isrc\": \"QZHB12400001\", \
             \"use\": \"ai-training\", \"territories\": \"DE, FR\", \"terms\": null}}\n",
            "ab".repeat(32),
            hash_of("ask us")
        );
        let table = csv(&table).unwrap();
        let lines = AcceptedTerms::read(lines.as_bytes(), TableFormat::Jsonl, "l.jsonl").unwrap();
        assert_eq!(table.licences, lines.licences);
        assert_eq!(table.licences.len(), 3);
        assert_ne!(table.hash, lines.hash, "another file");
        assert_eq!(csv("").unwrap().licences, []);
    }

    #[test]
    fn wrong_rows_are_named() {
        for (text, expected) in [
            ("licence,declaration\nL,1\n,2\n", "l.csv, line 3: the licence has no name"),
            ("licence,declarant\nL,Label\n", "l.csv, line 2: no declaration is named"),
            ("licence,terms\nL,ask us\n", "no declaration is named"),
            ("licence,hash\nL,abc\n", "hash is not 64"),
            ("licence,declaration\nL,one\n", "line 2: "),
            ("licence,declaration,isrc,prefix\nL,1,QZHB12400001,QZHB1\n", "a row of its own"),
            ("licence,declaration,isrc\nL,1,QZ\n", "line 2: "),
            ("licence,declaration,from\nL,1,2026-1-1\n", "write YYYY-MM-DD"),
            ("licence,declaration,from,until\nL,1,2026-02-01,2026-01-01\n", "until is before from"),
            ("licence,declaration,territories\nL,1,UK\n", "GB"),
            ("licence,declaration,use\nL,1,singing\n", "singing"),
            ("licence,declaration,colour\nL,1,red\n", "colour"),
            ("licence,declaration\nL\n", "line 2"),
            ("licence,declaration\n\"L,1\nM,2\n", "a quote is opened on line 2"),
        ] {
            let error = csv(text).unwrap_err();
            assert!(error.contains(expected), "{text:?}: {error}");
        }
        let error = AcceptedTerms::read(&b"{}\n[1"[..], TableFormat::Jsonl, "l.jsonl").unwrap_err();
        assert!(error.to_string().starts_with("l.jsonl, line 1: "), "{error}");
    }

    #[test]
    fn a_list_without_end_is_refused() {
        let endless = io::repeat(b'\n');
        let error = AcceptedTerms::read(endless, TableFormat::Jsonl, "l.jsonl").unwrap_err();
        assert!(matches!(error, AcceptedTermsError::TooLong { .. }), "{error}");
    }
}
