//! Rows of a CSV manifest.

use std::collections::HashSet;
use std::io::{self, Read};

use serde_json::Value;

use crate::csv_lines::LineCounter;
use crate::csv_quotes::ClosedQuotes;

use super::{Builder, CellError, ID, ISRC, ManifestError, PATH, Purpose};

/// Reads all rows into `builder`.
///
/// The file is held in memory while it is read: its rows, which are kept, are larger.
pub(super) fn read(mut source: impl Read, builder: &mut Builder<'_>) -> Result<(), ManifestError> {
    let path = builder.file.to_owned();
    let mut content = Vec::new();
    source.read_to_end(&mut content).map_err(|source| ManifestError::Io { path: path.clone(), source })?;
    let content = content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&content);
    let mut lines = LineCounter::new(content);
    // Rows of the wrong length are told one by one, with their line.
    let mut csv = csv::ReaderBuilder::new().flexible(true).from_reader(ClosedQuotes::new(content));
    let header = csv.byte_headers().map_err(|error| io_error(builder, error))?.clone();
    let names: Vec<String> =
        header.iter().map(|name| String::from_utf8_lossy(name).trim().to_owned()).collect();
    let headings: Vec<String> = names.iter().map(|name| name.to_ascii_lowercase()).collect();
    let refuse = |reason: String| Err(ManifestError::Header { path: path.clone(), reason });
    if let Some(theirs) =
        builder.columns.theirs().find(|theirs| !headings.iter().any(|known| known == theirs))
    {
        return refuse(format!("the header has no column `{theirs}`; found {}", headings.join(", ")));
    }
    let columns: Vec<String> = headings.iter().map(|heading| builder.columns.ours(heading)).collect();
    let wanted: &[&str] = match builder.purpose {
        Purpose::Register => &[PATH],
        Purpose::Describe => &[ID, ISRC],
    };
    if !columns.iter().any(|column| wanted.contains(&column.as_str())) {
        let separator = match columns.first() {
            Some(only) if columns.len() == 1 && only.contains(';') => {
                "; separate the columns by commas, not semicolons"
            }
            Some(only) if columns.len() == 1 && only.contains('\t') => {
                "; separate the columns by commas, not tabs"
            }
            _ => "",
        };
        let found = if columns.is_empty() { "nothing".to_owned() } else { columns.join(", ") };
        let wanted = wanted.join("` and no column `");
        return refuse(format!("the header has no column `{wanted}`; found {found}{separator}"));
    }
    let mut seen = HashSet::new();
    if let Some(twice) = columns.iter().find(|column| !seen.insert(column.as_str())) {
        return refuse(format!("the header has the column `{twice}` twice: remove one"));
    }
    let mut record = csv::ByteRecord::new();
    while csv.read_byte_record(&mut record).map_err(|error| io_error(builder, error))? {
        builder.add(lines.line_of(&record), cells(&names, &record));
    }
    Ok(())
}

fn cells(names: &[String], record: &csv::ByteRecord) -> Result<Vec<(String, Value)>, CellError> {
    if record.len() != names.len() {
        let reason = format!(
            "has {} cells, the header has {}: put cells with commas between double quotes",
            record.len(),
            names.len()
        );
        return Err((None, reason));
    }
    let text = |(name, cell): (&String, &[u8])| match std::str::from_utf8(cell) {
        Ok(text) => Ok((name.clone(), Value::from(text))),
        Err(_) => {
            let column = name.to_ascii_lowercase();
            Err((Some(column), "is not UTF-8: save the file as UTF-8".to_owned()))
        }
    };
    names.iter().zip(record).map(text).collect()
}

fn io_error(builder: &Builder<'_>, error: csv::Error) -> ManifestError {
    // With flexible rows of bytes only reading itself can fail.
    let source = match error.into_kind() {
        csv::ErrorKind::Io(source) => source,
        other => io::Error::other(format!("{other:?}")),
    };
    ManifestError::Io { path: builder.file.to_owned(), source }
}
