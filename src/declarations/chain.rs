//! The chain: every row's hash covers the row before, so that none can be
//! changed, dropped or slipped in later without changing every hash after it.

use jiff::civil::Date;

use crate::canonical::Canonical;

use super::declaration::NewDeclaration;
use super::mandate::NewMandate;
use super::owner::NewOwner;
use super::source::DocumentHash;
use super::territory::Territory;
use super::{Entry, NewEntry};

/// The hash before the first row.
pub(crate) const GENESIS: [u8; 32] = [0; 32];

/// Labels of the rows, which keep kinds of rows and their versions apart. A label
/// changes whenever the fields after it, their order or their writing changes.
pub(crate) const DECLARATION_LABEL: &str = "earmark declaration 1";
/// Of a declaration whose document's hash was stored.
pub(crate) const DOCUMENTED_DECLARATION_LABEL: &str = "earmark declaration 2";
/// Of a mandate.
pub(crate) const MANDATE_LABEL: &str = "earmark mandate 1";
/// Of a row about an owner.
pub(crate) const OWNER_LABEL: &str = "earmark owner 1";

/// BLAKE3 over the canonical bytes of a row in its place.
pub(crate) fn link(previous: &[u8; 32], seq: u64, entry: &NewEntry) -> [u8; 32] {
    *blake3::hash(row(previous, seq, entry).as_bytes()).as_bytes()
}

fn row(previous: &[u8; 32], seq: u64, entry: &NewEntry) -> Canonical {
    match entry {
        NewEntry::Declaration(declaration) => declaration_row(previous, seq, declaration),
        NewEntry::Mandate(mandate) => mandate_row(previous, seq, mandate),
        NewEntry::Owner(owner) => owner_row(previous, seq, owner),
    }
}

/// The canonical bytes of all rows of a log, in order: what its hashes are taken over,
/// and the leaves of a Merkle tree over it.
pub fn canonical_rows(entries: &[Entry]) -> impl Iterator<Item = Vec<u8>> + '_ {
    let before = std::iter::once(&GENESIS).chain(entries.iter().map(|entry| &entry.hash));
    entries.iter().zip(before).map(|(entry, before)| row(before, entry.seq, &entry.row).as_bytes().to_vec())
}

/// A label, the hash before, seq (decimal).
fn start(label: &str, previous: &[u8; 32], seq: u64) -> Canonical {
    let mut row = Canonical::new(label);
    row.bytes(previous);
    row.text(&seq.to_string());
    row
}

/// Subject kind, subject, use, permission, terms, territories, from, until,
/// declarant, source, received at. A document's hash comes last and makes the
/// label another: rows without one are as in registries of format 1, where
/// there was none, and keep their hashes.
fn declaration_row(previous: &[u8; 32], seq: u64, declaration: &NewDeclaration) -> Canonical {
    let label = match declaration.document_hash {
        None => DECLARATION_LABEL,
        Some(_) => DOCUMENTED_DECLARATION_LABEL,
    };
    let mut row = start(label, previous, seq);
    row.text(declaration.subject.kind());
    row.text(&declaration.subject.value());
    row.text(declaration.use_.name());
    row.text(declaration.statement.name());
    row.optional(declaration.statement.terms());
    row.text(&territory_list(&declaration.territories));
    date(&mut row, declaration.from);
    date(&mut row, declaration.until);
    row.text(&declaration.declarant);
    row.optional(declaration.source.as_deref());
    row.text(&declaration.received_at.to_string());
    if let Some(hash) = declaration.document_hash {
        row.bytes(&hash.0);
    }
    row
}

/// Declarant, act, subject kind, subject, from, until, source, document hash,
/// received at.
fn mandate_row(previous: &[u8; 32], seq: u64, mandate: &NewMandate) -> Canonical {
    let mut row = start(MANDATE_LABEL, previous, seq);
    row.text(&mandate.declarant);
    row.text(mandate.act.name());
    row.text(mandate.speaks_for.kind());
    row.text(&mandate.speaks_for.value());
    date(&mut row, mandate.from);
    date(&mut row, mandate.until);
    row.optional(mandate.source.as_deref());
    document(&mut row, mandate.document_hash);
    row.text(&mandate.received_at.to_string());
    row
}

/// Name, aliases, parent, from, source, document hash, received at.
fn owner_row(previous: &[u8; 32], seq: u64, owner: &NewOwner) -> Canonical {
    let mut row = start(OWNER_LABEL, previous, seq);
    row.text(&owner.name);
    row.text(&owner.aliases.join(ALIAS_SEPARATOR));
    row.optional(owner.parent.as_deref());
    date(&mut row, owner.from);
    row.optional(owner.source.as_deref());
    document(&mut row, owner.document_hash);
    row.text(&owner.received_at.to_string());
    row
}

fn date(row: &mut Canonical, date: Option<Date>) {
    row.optional(date.map(|date| date.to_string()).as_deref());
}

fn document(row: &mut Canonical, hash: Option<DocumentHash>) {
    row.optional_bytes(hash.as_ref().map(|hash| hash.0.as_slice()));
}

/// The territories as stored: codes separated by commas, empty for worldwide.
pub(crate) fn territory_list(territories: &[Territory]) -> String {
    territories.iter().map(Territory::to_string).collect::<Vec<_>>().join(",")
}

/// Between aliases as stored: no name holds a control character.
pub(crate) const ALIAS_SEPARATOR: &str = "\n";
