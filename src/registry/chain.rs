//! The declaration chain: every row's hash covers the row before, so that no
//! declaration can be changed, dropped or slipped in later without changing
//! every hash after it.

use super::canonical::Canonical;
use super::declaration::{Declaration, NewDeclaration};
use super::territory::Territory;

/// The hash before the first declaration.
pub(super) const GENESIS: [u8; 32] = [0; 32];

/// Changes whenever the fields below, their order or their writing changes.
const LABEL: &str = "earmark declaration 1";

/// BLAKE3 over the canonical bytes: label, hash before, seq (decimal), subject
/// kind, subject value, use, permission, terms, territories, from, until,
/// declarant, source, received at.
pub(super) fn link(previous: &[u8; 32], seq: u64, declaration: &NewDeclaration) -> [u8; 32] {
    let mut row = Canonical::new(LABEL);
    row.bytes(previous);
    row.text(&seq.to_string());
    row.text(declaration.subject.kind());
    row.text(&declaration.subject.value());
    row.text(declaration.use_.name());
    row.text(declaration.permission.name());
    row.optional(declaration.permission.terms());
    row.text(&territory_list(&declaration.territories));
    row.optional(declaration.from.map(|date| date.to_string()).as_deref());
    row.optional(declaration.until.map(|date| date.to_string()).as_deref());
    row.text(&declaration.declarant);
    row.optional(declaration.source.as_deref());
    row.text(&declaration.received_at.to_string());
    *blake3::hash(row.as_bytes()).as_bytes()
}

/// The territories as stored: codes separated by commas, empty for worldwide.
pub(super) fn territory_list(territories: &[Territory]) -> String {
    territories.iter().map(Territory::to_string).collect::<Vec<_>>().join(",")
}

impl Declaration {
    /// The fields the hash covers, apart from `seq`.
    pub(super) fn fields(&self) -> NewDeclaration {
        NewDeclaration {
            subject: self.subject.clone(),
            use_: self.use_,
            permission: self.permission.clone(),
            territories: self.territories.clone(),
            from: self.from,
            until: self.until,
            declarant: self.declarant.clone(),
            source: self.source.clone(),
            received_at: self.received_at,
        }
    }
}
