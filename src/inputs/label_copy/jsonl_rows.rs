//! Rows of a JSONL manifest.

use std::io::BufRead;

use crate::inputs::object;

use super::{Builder, ManifestError};

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
        let cells = match object(bytes) {
            Ok(object) => Ok(object.into_iter().collect()),
            Err(error) => Err((None, format!("is not a JSON object ({error}): write one object a line"))),
        };
        builder.add(number, cells);
    }
    Ok(())
}
