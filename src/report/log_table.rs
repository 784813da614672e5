//! The log as text for people.

use std::io::{self, Write};

use crate::registry::{Entry, NewDeclaration, NewEntry, NewMandate, NewOwner, Territory};

use super::clean;

/// Writes a row of the log: number, time of receipt, what it says, the hash.
///
/// # Errors
/// Those of `out`.
pub fn write_entry(out: &mut impl Write, entry: &Entry) -> io::Result<()> {
    let (words, source, document) = match &entry.row {
        NewEntry::Declaration(row) => (declared(row), &row.source, row.document_hash),
        NewEntry::Mandate(row) => (mandated(row), &row.source, row.document_hash),
        NewEntry::Owner(row) => (owned(row), &row.source, row.document_hash),
    };
    writeln!(out, "{:>6}  {}  {}", entry.seq, entry.received_at(), clean(&words))?;
    if let Some(source) = source {
        writeln!(out, "        source {}", clean(source))?;
    }
    if let Some(document) = document {
        writeln!(out, "        document {document}")?;
    }
    writeln!(out, "        hash {}", blake3::Hash::from_bytes(entry.hash).to_hex())
}

fn declared(row: &NewDeclaration) -> String {
    let mut words =
        format!("{} declares: {} {} for {}", row.declarant, row.statement.name(), row.use_, row.subject);
    if !row.territories.is_empty() {
        let codes: Vec<String> = row.territories.iter().map(Territory::to_string).collect();
        words.push_str(&format!(" in {}", codes.join(", ")));
    }
    words.push_str(&period(row.from, row.until));
    if let Some(terms) = row.statement.terms() {
        words.push_str(&format!("; terms: {terms}"));
    }
    words
}

fn mandated(row: &NewMandate) -> String {
    let verb = match row.act {
        crate::registry::MandateAct::Grant => "may speak for",
        crate::registry::MandateAct::Revoke => "may not speak any more for",
    };
    format!("{} {verb} {}{}", row.declarant, row.speaks_for, period(row.from, row.until))
}

fn owned(row: &NewOwner) -> String {
    let mut words = format!("owner {}", row.name);
    if !row.aliases.is_empty() {
        words.push_str(&format!(", also {}", row.aliases.join(", ")));
    }
    if let Some(parent) = &row.parent {
        words.push_str(&format!(", belongs to {parent}"));
    }
    words + &period(row.from, None)
}

fn period(from: Option<jiff::civil::Date>, until: Option<jiff::civil::Date>) -> String {
    let from = from.map_or_else(String::new, |from| format!(", from {from}"));
    from + &until.map_or_else(String::new, |until| format!(", until {until}"))
}
