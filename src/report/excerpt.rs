//! The rows of a registry's log that verdicts rest on.

use std::collections::BTreeSet;

use jiff::civil::Date;
use serde::Serialize;

use crate::registry::{Declaration, Entry, Log, Logged, Mandate, NewEntry, Owner, Subject, name_key};

/// The declarations that some reasons cite, and the mandates and owners on which it
/// hangs whether their declarants may speak.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LogExcerpt {
    /// The declarations cited, in the order of the log.
    pub declarations: Vec<Declaration>,
    /// All mandates of their declarants.
    pub mandates: Vec<Mandate>,
    /// All rows about owners that are named among the declarants, their subjects and
    /// the owners of recordings, with the parents of these.
    pub owners: Vec<Owner>,
    /// Cited, and not in the log.
    pub unknown: Vec<u64>,
    /// Number and hash of each row before one of these, for whoever wants to compute
    /// its hash again.
    before: Vec<(u64, [u8; 32])>,
}

/// A row of the log with the hash that its own covers.
#[derive(Serialize)]
struct Line<'a> {
    #[serde(flatten)]
    entry: &'a Entry,
    #[serde(serialize_with = "crate::hex::serialize")]
    previous_hash: [u8; 32],
}

impl LogExcerpt {
    /// What of `log` concerns the declarations of these numbers; `owners` are those of
    /// the recordings.
    pub fn of(log: Log, cited: &BTreeSet<u64>, owners: &BTreeSet<String>) -> Self {
        let known: BTreeSet<u64> = log.declarations.iter().map(|declaration| declaration.seq).collect();
        let unknown = cited.difference(&known).copied().collect();
        let mut names: BTreeSet<String> = owners.iter().map(|name| name_key(name)).collect();
        let mut declarants = BTreeSet::new();
        for declaration in log.declarations.iter().filter(|declaration| cited.contains(&declaration.seq)) {
            declarants.insert(name_key(&declaration.declarant));
            if let Subject::Owner(name) = &declaration.subject {
                names.insert(name_key(name));
            }
        }
        let is_of = |mandate: &&Mandate| declarants.contains(&name_key(&mandate.declarant));
        for mandate in log.mandates.iter().filter(is_of) {
            if let Subject::Owner(name) = &mandate.speaks_for {
                names.insert(name_key(name));
            }
        }
        names.extend(declarants.iter().cloned());
        // Until no name leads to another: parents of parents, and what aliases stand for.
        loop {
            let before = names.len();
            for owner in &log.owners {
                let all = || std::iter::once(&owner.name).chain(&owner.aliases).map(|name| name_key(name));
                if all().any(|name| names.contains(&name)) {
                    names.extend(all().chain(owner.parent.as_deref().map(name_key)));
                }
            }
            if names.len() == before {
                break;
            }
        }
        let mandates: Vec<Mandate> = log.mandates.iter().filter(is_of).cloned().collect();
        let is_named = |owner: &&Owner| {
            std::iter::once(&owner.name).chain(&owner.aliases).any(|name| names.contains(&name_key(name)))
        };
        let owners: Vec<Owner> = log.owners.iter().filter(is_named).cloned().collect();
        let declarations: Vec<Declaration> =
            log.declarations.iter().filter(|declaration| cited.contains(&declaration.seq)).cloned().collect();
        let taken: BTreeSet<u64> = declarations
            .iter()
            .map(|row| row.seq)
            .chain(mandates.iter().map(|row| row.seq))
            .chain(owners.iter().map(|row| row.seq))
            .collect();
        let before = log
            .into_entries()
            .iter()
            .filter(|entry| taken.contains(&(entry.seq + 1)))
            .map(|entry| (entry.seq, entry.hash))
            .collect();
        LogExcerpt { declarations, mandates, owners, unknown, before }
    }

    /// All rows as JSONL in the order of the log, each with the hash of the row
    /// before it.
    pub fn to_jsonl(&self) -> String {
        fn entry<T: Clone + Into<NewEntry>>(logged: &Logged<T>) -> Entry {
            Logged { seq: logged.seq, row: logged.row.clone().into(), hash: logged.hash }
        }
        let mut entries: Vec<Entry> = self.declarations.iter().map(entry).collect();
        entries.extend(self.mandates.iter().map(entry));
        entries.extend(self.owners.iter().map(entry));
        entries.sort_by_key(|entry| entry.seq);
        let mut lines = String::new();
        for entry in &entries {
            let before = self.before.iter().find(|(seq, _)| *seq + 1 == entry.seq);
            let previous_hash = before.map_or([0; 32], |(_, hash)| *hash);
            // Text, numbers and lists always serialise.
            lines += &serde_json::to_string(&Line { entry, previous_hash }).unwrap_or_default();
            lines.push('\n');
        }
        lines
    }
}

/// Whether a row that holds from one day until another is in force on `day`, in words.
pub(super) fn in_force(from: Option<Date>, until: Option<Date>, day: Date) -> &'static str {
    match (from, until) {
        (Some(from), _) if day < from => "not yet in force",
        (_, Some(until)) if until < day => "ended",
        _ => "in force",
    }
}
