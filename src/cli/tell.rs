//! Words to people, on standard error.

use std::fmt::Display;
use std::io::{self, Write};

/// Writes a line to standard error. That nobody may be listening there is no
/// reason to end a run, which `eprintln!` would.
pub fn tell(message: impl Display) {
    let _ = writeln!(io::stderr().lock(), "earmark: {message}");
}

/// `1 file`, `2 files`.
pub fn counted(count: u64, one: &str) -> String {
    format!("{count} {one}{}", if count == 1 { "" } else { "s" })
}
