//! Rows of CSV that name audio.

use std::cell::Cell;
use std::io::{self, Read};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use crate::csv_quotes::ClosedQuotes;

use super::columns::RowItems;
use super::lines::{LONGEST_LINE, plain};
use super::manifest_rows::{PATH_COLUMNS, passage};
use super::{InputError, Item, RowSource};

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

/// Where in a record what stands.
pub(crate) struct Columns<'a> {
    source: &'a RowSource,
    /// The columns of paths by their name, the most telling first.
    paths: Vec<usize>,
    /// All others that may hold one.
    others: Vec<usize>,
    names: Vec<String>,
    offset: Option<usize>,
    duration: Option<usize>,
}

impl<'a> Columns<'a> {
    /// The columns of a file that `source` names, by its header.
    ///
    /// # Errors
    /// If none holds paths by its name.
    pub(crate) fn of(header: &csv::ByteRecord, source: &'a RowSource) -> Result<Self, InputError> {
        let names: Vec<String> =
            header.iter().map(|name| String::from_utf8_lossy(name).trim().to_owned()).collect();
        let at = |wanted: &str| names.iter().position(|name| name == wanted);
        let paths: Vec<usize> = source.columns.named(&PATH_COLUMNS).filter_map(at).collect();
        let missing = source.columns.audio.iter().find(|column| at(column).is_none());
        if paths.is_empty() || missing.is_some() {
            return Err(no_column(missing.map(String::as_str), &names.join(", "), source));
        }
        let is_other = |at: &usize| !paths.contains(at) && !source.columns.is_silent(&names[*at]);
        let others = (0..names.len()).filter(is_other).collect();
        let (offset, duration) = (at("offset"), at("duration"));
        Ok(Self { source, paths, others, names, offset, duration })
    }

    /// The items of the record of this number, at least one.
    pub(crate) fn items(&self, record: &csv::ByteRecord, number: u64) -> Vec<Item> {
        let mut items = RowItems::new(self.source);
        if let Err(reason) = self.fill(record, &mut items) {
            items.fail(reason);
        }
        let row = || {
            let mut name = self.source.path.as_os_str().to_owned();
            name.push(format!("#row={number}"));
            PathBuf::from(name)
        };
        items.finish(row, || "has no path".to_owned())
    }

    fn fill(&self, record: &csv::ByteRecord, items: &mut RowItems<'_>) -> Result<(), String> {
        if record.len() != self.names.len() {
            return Err(format!(
                "has {} cells, the header has {}: put cells with commas between double quotes",
                record.len(),
                self.names.len()
            ));
        }
        let text = |at: usize| std::str::from_utf8(record.get(at).unwrap_or_default()).map(str::trim);
        let number = |at: Option<usize>, name: &str| match at.map(text) {
            None | Some(Ok("")) => Ok(None),
            Some(Ok(text)) => {
                text.parse::<f64>().map(Some).map_err(|_| format!("has a `{name}` that is no number"))
            }
            Some(Err(_)) => Err(format!("has a `{name}` that is no number")),
        };
        let asked = passage(number(self.offset, "offset")?, number(self.duration, "duration")?)?;
        for at in &self.paths {
            let path = text(*at).map_err(|_| "has a path that is not UTF-8".to_owned())?;
            if !path.is_empty() {
                // Others may be played from their start.
                items.named(&self.names[*at], path, asked.filter(|_| items.is_empty()));
            }
        }
        if !items.is_empty() {
            self.others.iter().filter_map(|at| text(*at).ok()).for_each(|text| items.perhaps(text));
        }
        Ok(())
    }
}

/// The error of a header without a column of paths.
pub(super) fn no_column(wanted: Option<&str>, found: &str, source: &RowSource) -> InputError {
    let wanted = wanted.unwrap_or("path");
    let file = source.path.display();
    InputError::Row {
        reason: format!("source {file} has no column `{wanted}`: name one of {found} with --audio-column"),
    }
}

/// Looks whether there is a column with paths.
pub(super) fn check(source: &RowSource) -> Result<(), InputError> {
    Columns::of(CsvRows::open(&source.path)?.header(), source).map(|_| ())
}

/// Gives the items of every row to `push`.
pub(super) fn read(
    source: &RowSource,
    push: &mut dyn FnMut(Item) -> ControlFlow<()>,
) -> Result<ControlFlow<()>, InputError> {
    let mut rows = CsvRows::open(&source.path)?;
    let columns = Columns::of(rows.header(), source)?;
    let mut number = 0u64;
    while let Some(record) = rows.next_record()? {
        number += 1;
        for item in columns.items(&record, number) {
            if push(item).is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
    }
    Ok(ControlFlow::Continue(()))
}
