//! Rows of a JSONL manifest.

use std::io::BufRead;

use serde_json::{Map, Value};

use super::{Builder, CellError, ISRC, ManifestError, is_known};

/// Reads all rows into `builder`. Blank lines are passed over.
pub(super) fn read(source: impl BufRead, builder: &mut Builder<'_>) -> Result<(), ManifestError> {
    for (index, line) in source.split(b'\n').enumerate() {
        let line = line.map_err(|source| ManifestError::Io { path: builder.file.to_owned(), source })?;
        let number = index as u64 + 1;
        let bytes = match line.strip_prefix(b"\xef\xbb\xbf") {
            Some(rest) if number == 1 => rest,
            _ => &line,
        };
        if bytes.trim_ascii().is_empty() {
            continue;
        }
        let cells = match serde_json::from_slice::<Map<String, Value>>(bytes) {
            Ok(object) => cells(object, builder),
            Err(error) => Err((None, format!("is not a JSON object ({error}): write one object a line"))),
        };
        builder.add(number, cells);
    }
    Ok(())
}

fn cells(object: Map<String, Value>, builder: &mut Builder<'_>) -> Result<Vec<(String, String)>, CellError> {
    let mut cells = Vec::with_capacity(object.len());
    for (key, value) in object {
        let column = builder.columns.ours(&key.trim().to_ascii_lowercase());
        if !is_known(&column) {
            // Whatever it holds: it may well be nested.
            builder.ignore(&column);
            continue;
        }
        let text = match value {
            Value::Null => continue,
            Value::String(text) => text,
            // A release year or a numeric id.
            Value::Number(number) => number.to_string(),
            Value::Array(items) if column == ISRC => joined(items)?,
            Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
                return Err((Some(column), "is not text: write a string".to_owned()));
            }
        };
        cells.push((column, text));
    }
    Ok(cells)
}

fn joined(items: Vec<Value>) -> Result<String, CellError> {
    let text = |item| match item {
        Value::String(text) => Ok(text),
        other => Err((Some(ISRC.to_owned()), format!("holds {other}, which is not a string"))),
    };
    Ok(items.into_iter().map(text).collect::<Result<Vec<_>, _>>()?.join(";"))
}
