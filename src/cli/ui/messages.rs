//! Words to people, on standard error; for programs as JSON, one object a line:
//! `time`, `level` (`info`, `warning` about a file, `error` that ends the
//! command), `message`, and `path` of the file it is about.

use std::fmt::Display;
use std::io::{self, Write};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use earmark::report::clean;
use jiff::Timestamp;
use serde::Serialize;

use crate::cli::args::inputs::LogFormat;

/// Whether messages are JSON, for the whole run.
static JSON: AtomicBool = AtomicBool::new(false);

/// From now on messages are written so.
pub fn set_format(format: LogFormat) {
    JSON.store(format == LogFormat::Json, Ordering::Relaxed);
}

/// Whether messages are written as JSON.
pub fn is_json() -> bool {
    JSON.load(Ordering::Relaxed)
}

#[derive(Serialize)]
struct Message<'a> {
    time: String,
    level: &'a str,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<&'a str>,
}

/// Writes a line to standard error. That nobody may be listening there is no
/// reason to end a run, which `eprintln!` would.
pub fn tell(message: impl Display) {
    write("info", &message.to_string(), None);
}

/// Writes what is the matter with a file.
pub fn tell_of(path: &Path, message: &impl Display) {
    write("warning", &message.to_string(), Some(&path.to_string_lossy()));
}

/// Writes what ends the command.
pub fn tell_error(message: impl Display) {
    write("error", &message.to_string(), None);
}

fn write(level: &str, message: &str, path: Option<&str>) {
    let mut out = io::stderr().lock();
    let _ = if is_json() {
        let time = Timestamp::now().to_string();
        let line = serde_json::to_string(&Message { time, level, message, path });
        writeln!(out, "{}", line.unwrap_or_default())
    } else {
        match path {
            Some(path) => writeln!(out, "earmark: {}", clean(&format!("{path}: {message}"))),
            None => writeln!(out, "earmark: {}", lines(message)),
        }
    };
}

/// A message as a terminal may have it. Lines of a message stay lines; no line but the
/// first can look like a message of its own.
fn lines(message: &str) -> String {
    let lines: Vec<String> = message.trim_end().split('\n').map(clean).collect();
    lines.join("\n         ")
}

/// `1 file`, `2 files`.
pub fn counted(count: u64, one: &str) -> String {
    format!("{count} {one}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_message_steers_the_terminal_or_forges_another() {
        let hostile = "cannot read a\u{1b}[2J\nearmark: all is well\u{202e}";
        assert_eq!(lines(hostile), "cannot read a\\u{1b}[2J\n         earmark: all is well\\u{202e}");
    }
}
