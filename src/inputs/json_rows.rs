//! Rows of JSONL that name audio.

use std::borrow::Cow;
use std::ops::ControlFlow;

use serde_json::{Map, Value};

use super::columns::RowItems;
use super::lines::{LONGEST_LINE, Line, Lines, plain};
use super::manifest_rows::{PATH_COLUMNS, passage};
use super::path_list::at_line;
use super::{InputError, Item, Passage, RowSource};

/// Looks whether it can be a file of objects, one a line.
pub(super) fn check(source: &RowSource) -> Result<(), InputError> {
    let mut lines = plain(&source.path)?;
    let block = lines.fill_buf()?;
    match block.strip_prefix(b"\xef\xbb\xbf").unwrap_or(block).trim_ascii_start().first() {
        Some(b'[') => Err(InputError::Row {
            reason: format!(
                "source {} is a JSON array: write one object a line, as `jq -c '.[]'` does",
                source.path.display()
            ),
        }),
        _ => Ok(()),
    }
}

/// Gives the items of every row to `push`.
pub(super) fn read(
    source: &RowSource,
    push: &mut dyn FnMut(Item) -> ControlFlow<()>,
) -> Result<ControlFlow<()>, InputError> {
    for line in Lines::new(plain(&source.path)?, b'\n') {
        let Some(items) = line_items(source, &line?) else { continue };
        for item in items {
            if push(item).is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
    }
    Ok(ControlFlow::Continue(()))
}

/// The items of a line, at least one; `None` for an empty line.
pub(crate) fn line_items(source: &RowSource, line: &Line) -> Option<Vec<Item>> {
    let mut items = RowItems::new(source);
    match &line.text {
        Ok(text) if text.trim_ascii().is_empty() => return None,
        Ok(text) => match object(text) {
            Ok(object) => of_object(&object, source, &mut items),
            Err(error) => items.fail(format!("is no JSON object ({error}): write one object a line")),
        },
        Err(_) => items.fail(format!("is longer than {LONGEST_LINE} bytes")),
    }
    let nothing = || match source.columns.audio.as_slice() {
        [] => "has no path: name its column with --audio-column".to_owned(),
        columns => format!("has no text in `{}`", columns.join("`, `")),
    };
    Some(items.finish(|| at_line(&source.path, line.number), nothing))
}

/// The object in `text`; numbers that Python writes and JSON does not know are null.
pub(crate) fn object(text: &[u8]) -> serde_json::Result<Map<String, Value>> {
    serde_json::from_slice(text).or_else(|error| match without_python_numbers(text, |_| b"null") {
        Cow::Borrowed(_) => Err(error),
        Cow::Owned(text) => serde_json::from_slice(&text),
    })
}

/// `text` with something else in place of `NaN`, `Infinity` and `-Infinity` outside of
/// strings, which Python's `json` writes for numbers that are none.
pub(crate) fn without_python_numbers(text: &[u8], instead: fn(&[u8]) -> &'static [u8]) -> Cow<'_, [u8]> {
    const WORDS: [&[u8]; 3] = [b"NaN", b"Infinity", b"-Infinity"];
    let mut changed: Option<Vec<u8>> = None;
    let (mut at, mut in_string) = (0, false);
    while at < text.len() {
        let rest = &text[at..];
        let word = if in_string { None } else { WORDS.iter().find(|word| rest.starts_with(word)) };
        let length = match (rest[0], word) {
            (_, Some(word)) => {
                changed.get_or_insert_with(|| text[..at].to_vec()).extend_from_slice(instead(word));
                at += word.len();
                continue;
            }
            (b'\\', _) if in_string => rest.len().min(2),
            (b'"', _) => {
                in_string = !in_string;
                1
            }
            _ => 1,
        };
        if let Some(changed) = &mut changed {
            changed.extend_from_slice(&rest[..length]);
        }
        at += length;
    }
    changed.map_or(Cow::Borrowed(text), Cow::Owned)
}

fn of_object(object: &Map<String, Value>, source: &RowSource, items: &mut RowItems<'_>) {
    let recording = object.get("recording").and_then(Value::as_object);
    if let Some(recording) = recording.filter(|_| source.columns.audio.is_empty()) {
        match of_cut(object, recording) {
            Ok((path, passage)) => items.named("recording", path, passage),
            Err(reason) => items.fail(reason),
        }
    }
    let asked = || passage(number(object, "offset")?, number(object, "duration")?);
    match asked() {
        Ok(passage) => {
            for column in source.columns.named(&PATH_COLUMNS) {
                if let Some(value) = object.get(column) {
                    // Others may be played from their start.
                    let passage = passage.filter(|_| items.is_empty());
                    each_path(value, &mut |text| items.named(column, text, passage));
                }
            }
        }
        Err(reason) => items.fail(reason),
    }
    if !items.is_empty() {
        others(object, source, items);
    }
}

/// The texts of a column of paths: one, several, or one in a struct.
fn each_path(value: &Value, take: &mut dyn FnMut(&str)) {
    match value {
        Value::String(text) if !text.is_empty() => take(text),
        Value::Array(values) => values.iter().for_each(|value| each_path(value, take)),
        Value::Object(object) => {
            if let Some(path) = object.get("path") {
                each_path(path, take);
            }
        }
        _ => {}
    }
}

/// Every text of the row that leads to a file that sounds. The parser limits how deep
/// values lie in one another.
fn others(object: &Map<String, Value>, source: &RowSource, items: &mut RowItems<'_>) {
    fn walk(value: &Value, source: &RowSource, items: &mut RowItems<'_>) {
        match value {
            Value::String(text) => items.perhaps(text),
            Value::Array(values) => values.iter().for_each(|value| walk(value, source, items)),
            Value::Object(object) => others(object, source, items),
            _ => {}
        }
    }
    for (_, value) in object.iter().filter(|(column, _)| !source.columns.is_silent(column)) {
        walk(value, source, items);
    }
}

/// A cut of Lhotse: a passage of a recording.
fn of_cut<'a>(
    cut: &Map<String, Value>,
    recording: &'a Map<String, Value>,
) -> Result<(&'a str, Option<Passage>), String> {
    let sources = recording.get("sources").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let [source] = sources else {
        return Err(format!("is a cut of {} sources: one source each can be read", sources.len()));
    };
    match (source.get("type").and_then(Value::as_str), source.get("source").and_then(Value::as_str)) {
        (Some("file"), Some(path)) if !path.is_empty() => {
            let start_s = number(cut, "start")?.unwrap_or(0.0);
            Ok((path, passage(Some(start_s), number(cut, "duration")?)?))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_python_are_found_outside_of_strings() {
        let changed = |text: &str| {
            let changed =
                without_python_numbers(text.as_bytes(), |word| if word[0] == b'-' { b"-0" } else { b"0" });
            String::from_utf8(changed.into_owned()).expect("text")
        };
        for (text, expected) in [
            (r#"{"a": NaN, "b": [Infinity,-Infinity]}"#, r#"{"a": 0, "b": [0,-0]}"#),
            (r#"{"NaN": "NaN \" NaN \\", "b": NaN}"#, r#"{"NaN": "NaN \" NaN \\", "b": 0}"#),
            (r#"{"a": "Infinity"}"#, r#"{"a": "Infinity"}"#),
            (r#""\"#, r#""\"#),
        ] {
            assert_eq!(changed(text), expected);
        }
        assert_eq!(object(br#"{"a": NaN}"#).expect("an object")["a"], Value::Null);
        assert!(object(b"{\"a\": Nan}").is_err() && object(b"NaN").is_err());
    }
}
