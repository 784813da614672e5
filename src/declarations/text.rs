//! Texts of entries: what is accepted, and how values are written.

use std::fmt;

use serde::Serializer;

use super::EntryError;

/// Longest accepted text of any field of an entry or a recording, in
/// bytes. Licence terms of a few pages fit; a file pasted by mistake does not.
pub(crate) const MAX_TEXT_BYTES: usize = 64 * 1024;

/// Text of one line: trimmed, without control characters.
pub(super) fn line(field: &'static str, text: &str) -> Result<String, EntryError> {
    checked(field, text, char::is_control)
}

/// As [`line`] for a field that may be missing: empty is missing.
pub(super) fn optional_line(field: &'static str, text: Option<&str>) -> Result<Option<String>, EntryError> {
    let text = text.map(|text| line(field, text)).transpose()?;
    Ok(text.filter(|text| !text.is_empty()))
}

/// Text that may have several lines.
pub(super) fn prose(field: &'static str, text: &str) -> Result<String, EntryError> {
    checked(field, text, |c| c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
}

fn checked(field: &'static str, text: &str, refused: fn(char) -> bool) -> Result<String, EntryError> {
    let text = text.trim();
    if text.len() > MAX_TEXT_BYTES {
        let reason =
            format!("{} bytes are more than the limit of {MAX_TEXT_BYTES}: give a URL instead", text.len());
        return Err(EntryError::Text { field, reason });
    }
    if text.contains(refused) {
        let reason = "holds a control character: remove it".to_owned();
        return Err(EntryError::Text { field, reason });
    }
    Ok(text.to_owned())
}

pub(super) fn as_text<T: fmt::Display, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

pub(super) fn as_optional_text<T: fmt::Display, S: Serializer>(
    value: &Option<T>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) => serializer.collect_str(value),
        None => serializer.serialize_none(),
    }
}

/// Lower-case hexadecimal.
pub(crate) fn as_hex<S: Serializer>(bytes: &[u8; 32], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&blake3::Hash::from_bytes(*bytes).to_hex())
}
