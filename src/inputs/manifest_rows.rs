//! Rows of JSONL and CSV that name audio.

use std::cell::Cell;
use std::io::{self, Read};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use serde_json::{Map, Value};

use crate::csv_quotes::ClosedQuotes;

use super::lines::{LONGEST_LINE, Line, Lines, plain};
use super::path_list::at_line;
use super::{Input, InputError, Item, Passage, RowSource};

/// The columns in which the path is looked for, in this order: earmark's own
/// manifests, NeMo, Hugging Face, and what others call it.
pub const PATH_COLUMNS: [&str; 8] =
    ["path", "audio_filepath", "file_name", "audio_path", "filepath", "file", "filename", "audio"];

/// The forms of a manifest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ManifestKind {
    /// One JSON object a line. NeMo's and Hugging Face's are such, and Lhotse's cuts.
    Jsonl,
    /// A header, and commas between the cells.
    Csv,
    /// Apache Parquet.
    Parquet,
}

/// A manifest that was opened.
pub(super) struct Rows {
    source: RowSource,
    kind: ManifestKind,
}

impl Rows {
    /// Opens it and looks whether there is a column with paths.
    pub(super) fn open(source: &RowSource) -> Result<Self, InputError> {
        let kind = ManifestKind::by_name(&source.path)?;
        match kind {
            ManifestKind::Jsonl => {
                plain(&source.path)?;
            }
            ManifestKind::Csv => {
                columns(CsvRows::open(&source.path)?.header(), source)?;
            }
            #[cfg(feature = "parquet")]
            ManifestKind::Parquet => super::parquet_rows::check(source)?,
            #[cfg(not(feature = "parquet"))]
            ManifestKind::Parquet => return Err(InputError::NoParquet),
        }
        Ok(Self { source: source.clone(), kind })
    }

    /// Gives an item for every row to `push`, also for one that names nothing.
    #[cfg_attr(not(feature = "parquet"), allow(unused_variables))]
    pub(super) fn read(
        self,
        member_limit: u64,
        push: &mut dyn FnMut(Item) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, InputError> {
        match self.kind {
            ManifestKind::Jsonl => jsonl(&self.source, push),
            ManifestKind::Csv => csv(&self.source, push),
            #[cfg(feature = "parquet")]
            ManifestKind::Parquet => super::parquet_rows::read(&self.source, member_limit, push),
            #[cfg(not(feature = "parquet"))]
            ManifestKind::Parquet => Err(InputError::NoParquet),
        }
    }
}

/// What a row says, or what is wrong with it.
type Said = Result<(PathBuf, Option<Passage>), String>;

fn item(said: Said, source: &RowSource, row: impl FnOnce() -> PathBuf) -> Item {
    match said {
        Ok((path, passage)) => Item { input: Input::File(source.base().join(path)), passage },
        Err(reason) => Item::unreadable(row(), InputError::Row { reason }),
    }
}

fn jsonl(
    source: &RowSource,
    push: &mut dyn FnMut(Item) -> ControlFlow<()>,
) -> Result<ControlFlow<()>, InputError> {
    for line in Lines::new(plain(&source.path)?, b'\n') {
        let Line { number, text } = line?;
        let said = match text {
            Ok(text) if text.trim_ascii().is_empty() => continue,
            Ok(text) => match serde_json::from_slice::<Map<String, Value>>(&text) {
                Ok(object) => of_object(&object, source.column.as_deref()),
                Err(error) => Err(format!("is no JSON object ({error}): write one object a line")),
            },
            Err(_) => Err(format!("is longer than {LONGEST_LINE} bytes")),
        };
        if push(item(said, source, || at_line(&source.path, number))).is_break() {
            return Ok(ControlFlow::Break(()));
        }
    }
    Ok(ControlFlow::Continue(()))
}

fn of_object(object: &Map<String, Value>, column: Option<&str>) -> Said {
    if column.is_none()
        && let Some(recording) = object.get("recording").and_then(Value::as_object)
    {
        return of_cut(object, recording);
    }
    let named = match column {
        Some(column) => object.get(column),
        None => PATH_COLUMNS.iter().find_map(|column| object.get(*column)),
    };
    let path = named.and_then(Value::as_str).filter(|path| !path.is_empty());
    let path = path.ok_or_else(|| match column {
        Some(column) => format!("has no text in `{column}`"),
        None => "has no path: name its column with --path-column".to_owned(),
    })?;
    Ok((path.into(), passage(number(object, "offset")?, number(object, "duration")?)?))
}

/// A cut of Lhotse: a passage of a recording.
fn of_cut(cut: &Map<String, Value>, recording: &Map<String, Value>) -> Said {
    let sources = recording.get("sources").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let [source] = sources else {
        return Err(format!("is a cut of {} sources: one source each can be read", sources.len()));
    };
    match (source.get("type").and_then(Value::as_str), source.get("source").and_then(Value::as_str)) {
        (Some("file"), Some(path)) if !path.is_empty() => {
            let start_s = number(cut, "start")?.unwrap_or(0.0);
            Ok((path.into(), passage(Some(start_s), number(cut, "duration")?)?))
        }
        (kind, _) => {
            let kind = kind.unwrap_or("none");
            Err(format!("is a cut of a source of type `{kind}`: only files can be read"))
        }
    }
}

fn number(object: &Map<String, Value>, key: &str) -> Result<Option<f64>, String> {
    match object.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => value.as_f64().map(Some).ok_or_else(|| format!("has a `{key}` that is no number")),
    }
}

/// The passage that a row asks about. A duration alone tells how long the file
/// is, as in most manifests: then all of it is meant.
fn passage(offset: Option<f64>, duration: Option<f64>) -> Result<Option<Passage>, String> {
    let Some(start_s) = offset else { return Ok(None) };
    if !(start_s.is_finite() && start_s >= 0.0) {
        return Err(format!("has an offset of {start_s} s: it counts from the start of the file"));
    }
    match duration {
        Some(duration_s) if !(duration_s.is_finite() && duration_s > 0.0) => {
            Err(format!("has a duration of {duration_s} s: give one of more than 0 s, or none"))
        }
        duration_s => Ok(Some(Passage { start_s, duration_s })),
    }
}

/// The records of a CSV file, one in memory at a time.
pub struct CsvRows {
    csv: csv::Reader<ClosedQuotes<Bounded>>,
    left: Rc<Cell<u64>>,
    header: csv::ByteRecord,
}

impl CsvRows {
    /// Opens a file, which may be packed with gzip, and reads its header.
    ///
    /// # Errors
    /// If that cannot be done.
    pub fn open(path: &Path) -> Result<Self, InputError> {
        let mut source = plain(path)?;
        if source.fill_buf()?.starts_with(b"\xef\xbb\xbf") {
            source.consume(3);
        }
        let left = Rc::new(Cell::new(LONGEST_LINE));
        let bounded = ClosedQuotes::new(Bounded { source, left: Rc::clone(&left) });
        let mut csv = csv::ReaderBuilder::new().flexible(true).from_reader(bounded);
        let header = csv.byte_headers().map_err(unreadable)?.clone();
        Ok(Self { csv, left, header })
    }

    /// The names of the columns.
    pub fn header(&self) -> &csv::ByteRecord {
        &self.header
    }

    /// The next record; `None` at the end.
    ///
    /// # Errors
    /// If the file cannot be read, a record is longer than [`LONGEST_LINE`], or a quote
    /// is not closed before the end of the file.
    pub fn next_record(&mut self) -> Result<Option<csv::ByteRecord>, InputError> {
        self.left.set(LONGEST_LINE);
        let mut record = csv::ByteRecord::new();
        let more = self.csv.read_byte_record(&mut record).map_err(unreadable)?;
        Ok(more.then_some(record))
    }
}

/// A source that gives no more bytes than one row may have.
struct Bounded {
    source: Box<dyn io::BufRead + Send>,
    left: Rc<Cell<u64>>,
}

impl Read for Bounded {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let read = self.source.read(buf)?;
        let left = self.left.get().checked_sub(read as u64).ok_or_else(|| {
            let reason =
                format!("a row takes more than {LONGEST_LINE} bytes: look for a quote that is not closed");
            io::Error::new(io::ErrorKind::InvalidData, reason)
        })?;
        self.left.set(left);
        Ok(read)
    }
}

fn unreadable(error: csv::Error) -> InputError {
    match error.into_kind() {
        csv::ErrorKind::Io(error) if error.kind() != io::ErrorKind::InvalidData => error.into(),
        csv::ErrorKind::Io(error) => InputError::Container { container: "CSV", reason: error.to_string() },
        // With flexible rows of bytes only reading itself can fail.
        other => InputError::Container { container: "CSV", reason: format!("{other:?}") },
    }
}

/// Where in a record path, offset and duration stand.
struct Columns {
    path: usize,
    offset: Option<usize>,
    duration: Option<usize>,
    count: usize,
}

fn columns(header: &csv::ByteRecord, source: &RowSource) -> Result<Columns, InputError> {
    let names: Vec<String> =
        header.iter().map(|name| String::from_utf8_lossy(name).trim().to_owned()).collect();
    let at = |wanted: &str| names.iter().position(|name| name == wanted);
    let path = match &source.column {
        Some(column) => at(column),
        None => PATH_COLUMNS.iter().find_map(|column| at(column)),
    };
    let path = path.ok_or_else(|| no_column(&names.join(", "), source))?;
    Ok(Columns { path, offset: at("offset"), duration: at("duration"), count: names.len() })
}

/// The error of a header without a column of paths.
pub(super) fn no_column(found: &str, source: &RowSource) -> InputError {
    let wanted = source.column.as_deref().unwrap_or("path");
    let file = source.path.display();
    InputError::Row {
        reason: format!("source {file} has no column `{wanted}`: name one of {found} with --path-column"),
    }
}

fn csv(
    source: &RowSource,
    push: &mut dyn FnMut(Item) -> ControlFlow<()>,
) -> Result<ControlFlow<()>, InputError> {
    let mut rows = CsvRows::open(&source.path)?;
    let columns = columns(rows.header(), source)?;
    let mut number = 0u64;
    while let Some(record) = rows.next_record()? {
        number += 1;
        let name = || {
            let mut name = source.path.as_os_str().to_owned();
            name.push(format!("#row={number}"));
            name.into()
        };
        if push(item(of_record(&record, &columns), source, name)).is_break() {
            return Ok(ControlFlow::Break(()));
        }
    }
    Ok(ControlFlow::Continue(()))
}

fn of_record(record: &csv::ByteRecord, columns: &Columns) -> Said {
    if record.len() != columns.count {
        return Err(format!(
            "has {} cells, the header has {}: put cells with commas between double quotes",
            record.len(),
            columns.count
        ));
    }
    let text = |at: usize| std::str::from_utf8(record.get(at).unwrap_or_default()).map(str::trim);
    let path = text(columns.path).map_err(|_| "has a path that is not UTF-8".to_owned())?;
    if path.is_empty() {
        return Err("has no path".to_owned());
    }
    let number = |at: Option<usize>, name: &str| match at.map(text) {
        None | Some(Ok("")) => Ok(None),
        Some(Ok(text)) => {
            text.parse::<f64>().map(Some).map_err(|_| format!("has a `{name}` that is no number"))
        }
        Some(Err(_)) => Err(format!("has a `{name}` that is no number")),
    };
    Ok((path.into(), passage(number(columns.offset, "offset")?, number(columns.duration, "duration")?)?))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn read(name: &str, content: &[u8], column: Option<&str>) -> Result<Vec<String>, String> {
        let folder = tempfile::tempdir().expect("temporary folder");
        let path = folder.path().join(name);
        fs::write(&path, content).expect("a file");
        let source = RowSource { path, column: column.map(str::to_owned), base: None };
        let told = |error: InputError| error.to_string();
        let mut found = Vec::new();
        let _ = Rows::open(&source)
            .map_err(told)?
            .read(1 << 20, &mut |item| {
                let name = item.name().strip_prefix(folder.path()).expect("below").display().to_string();
                found.push(match item.input {
                    Input::File(_) => name,
                    Input::Unreadable { error, .. } => format!("{name}: {error}"),
                    other => panic!("{other:?}"),
                });
                ControlFlow::Continue(())
            })
            .map_err(told)?;
        Ok(found)
    }

    #[test]
    fn the_manifests_of_others_are_understood() {
        let nemo = r#"{"audio_filepath": "a.wav", "duration": 4.5, "text": "x"}
{"audio_filepath": "a.wav", "offset": 1.5, "duration": 4.5}

{"audio_filepath": "a.wav", "offset": 2}"#;
        assert_eq!(read("m.jsonl", nemo.as_bytes(), None).unwrap(), ["a.wav", "a.wav#t=1.5,6", "a.wav#t=2"]);
        let cuts = r#"{"id": "c", "start": 3.0, "duration": 2.0, "channel": 0, "recording": {"id": "r", "sources": [{"type": "file", "channels": [0], "source": "b.flac"}], "duration": 60.0}, "type": "MonoCut"}
{"id": "c", "start": 0.0, "duration": 2.0, "recording": {"sources": [{"type": "url", "source": "https://b"}]}}"#;
        let mut gz = GzEncoder::new(Vec::new(), Compression::default());
        gz.write_all(cuts.as_bytes()).expect("memory");
        let found = read("cuts.jsonl.gz", &gz.finish().expect("memory"), None).unwrap();
        assert_eq!(found[0], "b.flac#t=3,5");
        assert!(
            found[1].starts_with("cuts.jsonl.gz#line=2: the row is a cut of a source of type `url`"),
            "{found:?}"
        );
        let csv = b"\xef\xbb\xbffile_name,offset,duration\n\"a, b.mp3\",,\nc.mp3,1,2\n";
        assert_eq!(read("metadata.csv", csv, None).unwrap(), ["a, b.mp3", "c.mp3#t=1,3"]);
    }

    #[test]
    fn every_row_has_its_item() {
        let lines = b"{\"p\": \"a\"}\nnonsense\n{\"p\": 3}\n[]\n{\"p\": \"a\", \"offset\": -1}\n{\"p\": \"a\", \"offset\": 1, \"duration\": 0}\n";
        let found = read("m.jsonl", lines, Some("p")).unwrap();
        assert_eq!((found.len(), &found[0][..]), (6, "a"));
        assert!(found[1].starts_with("m.jsonl#line=2: the row is no JSON object"), "{found:?}");
        assert!(found[4].contains("offset of -1 s") && found[5].contains("duration of 0 s"), "{found:?}");
        let found = read("m.csv", b"p,q\na,1\nb\nc,1,2\n,x\n\xff,x\n", Some("p")).unwrap();
        assert_eq!((found.len(), &found[0][..]), (5, "a"));
        assert!(found[1].starts_with("m.csv#row=2: the row has 1 cells"), "{found:?}");
    }

    #[test]
    fn what_is_no_manifest_is_told_at_once() {
        for (name, content, told) in [
            ("m.csv", &b"a,b\n1,2\n"[..], "has no column `path`: name one of a, b"),
            ("m.csv", b"", "has no column `path`"),
            ("m.txt", b"", "call it .jsonl"),
            ("m.parquet", b"PAR1", "Parquet"),
        ] {
            let error = read(name, content, None).expect_err(name);
            assert!(error.contains(told), "{error}");
        }
    }

    #[test]
    fn rows_behind_a_quote_that_is_not_closed_are_not_passed_over_in_silence() {
        let content = b"path,text\na.mp3,ok\nb.mp3,\"he said\nc.mp3,d\n";
        let error = read("m.csv", content, None).expect_err("not closed");
        assert!(error.contains("a quote is opened on line 3"), "{error}");
        let error = read("m.csv", b"\"path\na.mp3\n", None).expect_err("not closed");
        assert!(error.contains("a quote is opened on line 1"), "{error}");
    }

    #[test]
    fn a_quote_that_is_not_closed_takes_bounded_memory() {
        let mut content = b"path\na.mp3\n\"b".to_vec();
        content.resize(LONGEST_LINE as usize + (1 << 20), b'x');
        let error = read("m.csv", &content, None).expect_err("too long");
        assert!(error.contains("quote that is not closed"), "{error}");
    }
}
