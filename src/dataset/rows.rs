//! Rows of JSONL and CSV.

use std::borrow::Cow;
use std::fmt;
use std::io::Write;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::cells::{COLUMNS, Cells, List};
use super::{AnnotateError, Counts, Form, Verdicts, finish, next_of};
use crate::inputs::{
    CsvColumns, CsvRows, InputError, Line, Lines, ManifestKind, RowSource, line_items, plain,
    without_python_numbers,
};

/// Writes the rows of `source` with or by `verdicts`, one for each row. `out` is
/// not packed, whatever `source` is.
///
/// # Errors
/// See [`AnnotateError`]. Something may have been written before one.
pub fn write_rows<W: Write + Send>(
    source: &RowSource,
    form: Form,
    verdicts: &mut Verdicts<'_>,
    out: &mut W,
) -> Result<Counts, AnnotateError> {
    match ManifestKind::of(&source.path)? {
        ManifestKind::Jsonl => jsonl(source, form, verdicts, out),
        ManifestKind::Csv => csv(source, form, verdicts, out),
        #[cfg(feature = "parquet")]
        ManifestKind::Parquet => super::tables::write(source, form, verdicts, out),
        #[cfg(not(feature = "parquet"))]
        ManifestKind::Parquet => Err(InputError::NoParquet.into()),
    }
}

/// An object with its keys in order and its values as they are written.
struct Object<'a>(Vec<(String, Cow<'a, str>)>);

impl<'a> Object<'a> {
    /// The object in `plain`, with its values as they stand in `text`, of the same
    /// length, in which only numbers are other ones.
    fn of(plain: &'a [u8], text: &'a str) -> Option<Self> {
        let Raw(entries) = serde_json::from_slice(plain).ok()?;
        let value = |raw: &RawValue| {
            let start = (raw.get().as_ptr() as usize).checked_sub(plain.as_ptr() as usize)?;
            text.get(start..start + raw.get().len())
        };
        entries.into_iter().map(|(key, raw)| Some((key, value(raw)?.into()))).collect::<Option<_>>().map(Self)
    }
}

/// An object as it is parsed.
struct Raw<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Raw<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;
        impl<'de> Visitor<'de> for Entries {
            type Value = Raw<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Raw<'de>, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Raw(entries))
            }
        }
        deserializer.deserialize_map(Entries)
    }
}

fn jsonl(
    source: &RowSource,
    form: Form,
    verdicts: &mut Verdicts<'_>,
    out: &mut impl Write,
) -> Result<Counts, AnnotateError> {
    let mut counts = Counts::default();
    for line in Lines::new(plain(&source.path).map_err(InputError::from)?, b'\n') {
        let line = line.map_err(InputError::from)?;
        let Some(items) = line_items(source, &line) else { continue };
        let Line { text, .. } = line;
        let cells = next_of(verdicts, items.len())?;
        counts.read += 1;
        match (form, &text) {
            (Form::Filtered, Ok(text)) if cells.list() == List::Allow => {
                out.write_all(text)?;
                out.write_all(b"\n")?;
            }
            (Form::Filtered, _) => continue,
            (Form::Annotated, text) => write_object(text.as_ref().map(Vec::as_slice), &cells, out)?,
        }
        counts.written += 1;
    }
    finish(verdicts)?;
    Ok(counts)
}

/// Writes the object in `text` with the verdict's columns. What is no object
/// stands as text under `earmark_row`.
fn write_object(text: Result<&[u8], &Vec<u8>>, cells: &Cells, out: &mut impl Write) -> std::io::Result<()> {
    // Numbers of other lengths would move what stands behind them.
    let same_length = |word: &[u8]| match word.len() {
        3 => &b"0e0"[..],
        8 => b"0e000000",
        _ => b"-0e000000",
    };
    let plain = text.ok().map(|text| without_python_numbers(text, same_length));
    let written = text.ok().and_then(|text| std::str::from_utf8(text).ok());
    let Object(mut entries) =
        match plain.as_deref().zip(written).and_then(|(plain, text)| Object::of(plain, text)) {
            Some(object) => object,
            None => {
                let text = String::from_utf8_lossy(text.unwrap_or_else(|start| start));
                Object(vec![("earmark_row".to_owned(), serde_json::to_string(&text)?.into())])
            }
        };
    entries.retain(|(key, _)| !COLUMNS.contains(&key.as_str()));
    out.write_all(b"{")?;
    for (key, value) in &entries {
        serde_json::to_writer(&mut *out, key)?;
        write!(out, ":{value},")?;
    }
    for (at, (key, value)) in COLUMNS.iter().zip(cells.values()).enumerate() {
        write!(out, "{}\"{key}\":{value}", if at == 0 { "" } else { "," })?;
    }
    out.write_all(b"}\n")
}

fn csv(
    source: &RowSource,
    form: Form,
    verdicts: &mut Verdicts<'_>,
    out: &mut impl Write,
) -> Result<Counts, AnnotateError> {
    let mut rows = CsvRows::open(&source.path)?;
    let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(out);
    let header = rows.header().clone();
    let columns = CsvColumns::of(&header, source)?;
    let ours = |name: &[u8]| COLUMNS.iter().any(|column| column.as_bytes() == name);
    let replaced: Vec<bool> = header.iter().map(|name| form == Form::Annotated && ours(name)).collect();
    let kept = |record: &csv::ByteRecord| -> csv::ByteRecord {
        let cells = record.iter().zip(&replaced).filter(|(_, replaced)| !**replaced);
        cells.map(|(cell, _)| cell).collect()
    };
    let mut first = kept(&header);
    if form == Form::Annotated {
        first.extend(COLUMNS);
    }
    writer.write_byte_record(&first).map_err(io_error)?;
    let mut counts = Counts::default();
    while let Some(record) = rows.next_record()? {
        let cells = next_of(verdicts, columns.items(&record, counts.read).len())?;
        counts.read += 1;
        let record = match form {
            Form::Filtered if cells.list() != List::Allow => continue,
            Form::Filtered => record,
            Form::Annotated => {
                let mut record = kept(&as_long_as(&record, replaced.len()));
                cells
                    .texts()
                    .iter()
                    .for_each(|cell| record.push_field(cell.as_deref().unwrap_or("").as_bytes()));
                record
            }
        };
        writer.write_byte_record(&record).map_err(io_error)?;
        counts.written += 1;
    }
    finish(verdicts)?;
    writer.flush()?;
    Ok(counts)
}

/// A row of so many cells. Cells that are too many are joined by commas into the
/// last: a comma without quotes made them.
fn as_long_as(record: &csv::ByteRecord, count: usize) -> csv::ByteRecord {
    let mut cells: Vec<&[u8]> = record.iter().collect();
    let surplus = if cells.len() > count && count > 0 {
        cells.split_off(count - 1).join(&b','.clone())
    } else {
        Vec::new()
    };
    if !surplus.is_empty() {
        cells.push(&surplus);
    }
    cells.resize(count, b"");
    cells.into_iter().collect()
}

fn io_error(error: csv::Error) -> std::io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => std::io::Error::other(format!("{other:?}")),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::verdict::VerdictKind;

    fn cells(verdict: VerdictKind) -> Cells {
        let list = |values: &[&str]| values.iter().map(ToString::to_string).collect();
        let error = (verdict == VerdictKind::Error).then(|| "it is \"bad\"".to_owned());
        let (path, recordings) = ("p".to_owned(), list(&["A", "B"]));
        Cells {
            path,
            path_bytes: None,
            verdict,
            reasons: list(&["recognised"]),
            recordings,
            isrcs: Vec::new(),
            error,
        }
    }

    fn written(
        name: &str,
        content: &[u8],
        form: Form,
        verdicts: &[VerdictKind],
    ) -> Result<String, AnnotateError> {
        let folder = tempfile::tempdir().expect("temporary folder");
        let path = folder.path().join(name);
        fs::write(&path, content).expect("a file");
        let source = RowSource::new(path);
        let mut out = Vec::new();
        let mut verdicts = verdicts.iter().map(|verdict| Ok(cells(*verdict)));
        write_rows(&source, form, &mut verdicts, &mut out)?;
        Ok(String::from_utf8(out).expect("text"))
    }

    use VerdictKind::{Allowed, Disallowed, Error, NoMatch};

    #[test]
    fn values_of_json_stay_to_the_byte_and_in_order() {
        let rows =
            b"{\"z\": 1.10, \"a\": {\"y\":1e400,  \"b\" : [ ]}, \"earmark_verdict\":\"old\"}\n\nnonsense\n";
        let found = written("m.jsonl", rows, Form::Annotated, &[Disallowed, Error]).unwrap();
        assert_eq!(
            found,
            r#"{"z":1.10,"a":{"y":1e400,  "b" : [ ]},"earmark_verdict":"disallowed","earmark_reasons":["recognised"],"earmark_recordings":["A","B"],"earmark_isrcs":[],"earmark_error":null}
{"earmark_row":"nonsense","earmark_verdict":"error","earmark_reasons":["recognised"],"earmark_recordings":["A","B"],"earmark_isrcs":[],"earmark_error":"it is \"bad\""}
"#
        );
        let rows = b"{\"p\" : \"a\"}\n{\"p\":\"b\"}\n\n{\"p\":\"c\"}";
        let found = written("m.jsonl", rows, Form::Filtered, &[Allowed, Disallowed, NoMatch]).unwrap();
        assert_eq!(found, "{\"p\" : \"a\"}\n{\"p\":\"c\"}\n");
    }

    #[test]
    fn numbers_of_python_stay_as_they_are() {
        let rows = b"{\"p\": \"NaN\", \"duration\": NaN, \"l\": [Infinity, -Infinity, 1],\"z\":0}\n";
        let found = written("m.jsonl", rows, Form::Annotated, &[Allowed]).unwrap();
        let kept =
            r#"{"p":"NaN","duration":NaN,"l":[Infinity, -Infinity, 1],"z":0,"earmark_verdict":"allowed""#;
        assert!(found.starts_with(kept), "{found}");
        assert_eq!(written("m.json", rows, Form::Filtered, &[Allowed]).unwrap().as_bytes(), rows);
    }

    #[test]
    fn a_row_has_the_strictest_verdict_of_its_audio() {
        let rows = b"{\"path\": \"a\", \"audio_filepath\": \"b\"}\n{\"path\": \"c\"}\n";
        let verdicts = [Allowed, Disallowed, NoMatch];
        let found = written("m.jsonl", rows, Form::Filtered, &verdicts).unwrap();
        assert_eq!(found, "{\"path\": \"c\"}\n");
        let rows = b"path,file_name\na,b\nc,\n";
        let found = written("m.csv", rows, Form::Annotated, &verdicts).unwrap();
        assert!(found.contains("\na,b,disallowed,") && found.contains("\nc,,no-match,"), "{found}");
    }

    #[test]
    fn cells_of_csv_stay() {
        let rows = b"path,earmark_verdict,note\n\"a,1\",old,\"x\"\"y\"\nb,old,too,many\nc\n";
        let found = written("m.csv", rows, Form::Annotated, &[Allowed, Error, Error]).unwrap();
        let columns = COLUMNS.join(",");
        assert_eq!(
            found,
            format!(
                "path,note,{columns}\n\"a,1\",\"x\"\"y\",allowed,recognised,A;B,,\n\
                 b,\"too,many\",error,recognised,A;B,,\"it is \"\"bad\"\"\"\n\
                 c,,error,recognised,A;B,,\"it is \"\"bad\"\"\"\n"
            )
        );
        let found = written("m.csv", rows, Form::Filtered, &[Allowed, Disallowed, Error]).unwrap();
        assert_eq!(found, "path,earmark_verdict,note\n\"a,1\",old,\"x\"\"y\"\n");
    }

    #[test]
    fn rows_that_changed_are_told() {
        for verdicts in [&[Allowed][..], &[Allowed, Allowed, Allowed]] {
            let error = written("m.csv", b"path\na\nb\n", Form::Annotated, verdicts).expect_err("two rows");
            assert!(matches!(error, AnnotateError::Changed));
        }
    }
}
