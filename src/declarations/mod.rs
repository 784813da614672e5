//! The log: what was said and by whom it may be said, row by row.
//!
//! Three kinds of entries share one numbering and one chain of hashes:
//!
//! - a **declaration** is what somebody says about a use of recordings, or
//!   takes back ([`NewDeclaration`]);
//! - a **mandate** is for whom a declarant may speak ([`NewMandate`]);
//! - an **owner** row is under which names an owner goes and to whom it
//!   belongs ([`NewOwner`]).
//!
//! Declarations come from declarants. Mandates and owners are what the keeper of
//! the registry has satisfied itself of, as nobody's own word can make him the
//! speaker of others. All of them can change a verdict, so all of them are
//! append-only, dated and chained: each row's hash covers the row before.
//! [`Authority`] puts mandates and owners together for one day.

mod authority;
mod chain;
mod declaration;
mod entry_file;
mod error;
mod import_error;
mod mandate;
mod names;
mod owner;
mod repeats;
mod source;
mod subject;
mod table;
mod territory;
mod text;
mod vocabulary;

pub use crate::usage::Use;
pub use authority::{About, Authority};
pub use declaration::{Declaration, NewDeclaration, Permission, Statement};
pub use entry_file::{
    DECLARATION_COLUMNS, MANDATE_COLUMNS, OWNER_COLUMNS, ParsedEntries, parse_declarations, parse_mandates,
    parse_owners,
};
pub use error::EntryError;
pub use import_error::{ImportError, RowError};
pub use mandate::{Mandate, MandateAct, NewMandate};
pub use owner::{NewOwner, Owner};
pub use source::DocumentHash;
pub use subject::{Subject, name_key};
pub use table::TableFormat;
pub use territory::{Territory, TerritoryError};
pub use vocabulary::{Translated, Vocabulary, VocabularyError};

pub(crate) use authority::check_owners;
pub use chain::canonical_rows;
pub(crate) use chain::{
    ALIAS_SEPARATOR, DECLARATION_LABEL, DOCUMENTED_DECLARATION_LABEL, GENESIS, MANDATE_LABEL, OWNER_LABEL,
    link, territory_list,
};
pub(crate) use entry_file::entry_of;
pub(crate) use names::NameClasses;
pub(crate) use table::Object;
pub(crate) use text::{MAX_TEXT_BYTES, as_hex};

use std::ops::Deref;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

/// A row of the log: what it says, its number and its hash. It reads like the
/// row it holds: `declaration.seq` and `declaration.subject` are both there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Logged<T> {
    /// Its number in this registry: 1, 2, 3, ... without gaps over all kinds.
    pub seq: u64,
    /// What it says.
    #[serde(flatten)]
    pub row: T,
    /// BLAKE3 over the hash of the row before and this one's fields.
    #[serde(serialize_with = "as_hex")]
    pub hash: [u8; 32],
}

impl<T> Deref for Logged<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.row
    }
}

/// A row to be stored, of any kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "row", rename_all = "kebab-case")]
pub enum NewEntry {
    /// What somebody says about a use of recordings.
    Declaration(NewDeclaration),
    /// For whom a declarant may speak.
    Mandate(NewMandate),
    /// Under which names an owner goes and to whom it belongs.
    Owner(NewOwner),
}

/// A stored row of any kind.
pub type Entry = Logged<NewEntry>;

impl NewEntry {
    /// The kind's name in files: `declaration`, `mandate` or `owner`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Declaration(_) => "declaration",
            Self::Mandate(_) => "mandate",
            Self::Owner(_) => "owner",
        }
    }

    /// When it was received.
    pub fn received_at(&self) -> Timestamp {
        match self {
            Self::Declaration(declaration) => declaration.received_at,
            Self::Mandate(mandate) => mandate.received_at,
            Self::Owner(owner) => owner.received_at,
        }
    }

    /// Checks the row and brings it into the stored form.
    ///
    /// # Errors
    /// If it is not valid.
    pub fn normalised(&self) -> Result<Self, EntryError> {
        match self {
            Self::Declaration(declaration) => declaration.normalised().map(Self::Declaration),
            Self::Mandate(mandate) => mandate.normalised().map(Self::Mandate),
            Self::Owner(owner) => owner.normalised().map(Self::Owner),
        }
    }
}

impl From<NewDeclaration> for NewEntry {
    fn from(declaration: NewDeclaration) -> Self {
        Self::Declaration(declaration)
    }
}

impl From<NewMandate> for NewEntry {
    fn from(mandate: NewMandate) -> Self {
        Self::Mandate(mandate)
    }
}

impl From<NewOwner> for NewEntry {
    fn from(owner: NewOwner) -> Self {
        Self::Owner(owner)
    }
}

/// The whole log by kind, each in the order of receipt.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Log {
    /// What was declared.
    pub declarations: Vec<Declaration>,
    /// Who may speak for whom.
    pub mandates: Vec<Mandate>,
    /// Owners, their names and parents.
    pub owners: Vec<Owner>,
}

/// A row that was received more than a minute before a row that stands before it:
/// when it was stored, the clock of the machine had been set back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutOfOrder {
    /// Its number.
    pub seq: u64,
    /// When it was received, by the clock of then.
    pub received_at: Timestamp,
    /// The latest time of receipt of a row before it.
    pub latest_before: Timestamp,
}

impl Log {
    /// The rows that were received before a row that stands before them, by number.
    /// Less than a minute is how clocks are put right, and not told.
    pub fn out_of_order(&self) -> Vec<OutOfOrder> {
        const PUT_RIGHT: SignedDuration = SignedDuration::from_mins(1);
        fn times<T>(
            rows: &[Logged<T>],
            received_at: impl Fn(&T) -> Timestamp,
        ) -> impl Iterator<Item = (u64, Timestamp)> {
            rows.iter().map(move |logged| (logged.seq, received_at(&logged.row)))
        }
        let mut all: Vec<(u64, Timestamp)> = times(&self.declarations, |row| row.received_at)
            .chain(times(&self.mandates, |row| row.received_at))
            .chain(times(&self.owners, |row| row.received_at))
            .collect();
        all.sort_unstable_by_key(|(seq, _)| *seq);
        let mut latest = Timestamp::MIN;
        let mut found = Vec::new();
        for (seq, received_at) in all {
            if latest.duration_since(received_at) > PUT_RIGHT {
                found.push(OutOfOrder { seq, received_at, latest_before: latest });
            }
            latest = latest.max(received_at);
        }
        found
    }

    /// This log and the rows that came after it.
    pub(crate) fn with(&self, new: Log) -> Log {
        let mut log = self.clone();
        log.declarations.extend(new.declarations);
        log.mandates.extend(new.mandates);
        log.owners.extend(new.owners);
        log
    }

    /// The hash of the row with number 1.
    pub(crate) fn first_hash(&self) -> Option<[u8; 32]> {
        self.hash_of(1)
    }

    /// The hash of the row with number `seq`, of whatever kind.
    pub(crate) fn hash_of(&self, seq: u64) -> Option<[u8; 32]> {
        fn find<T>(rows: &[Logged<T>], seq: u64) -> Option<[u8; 32]> {
            let place = rows.binary_search_by_key(&seq, |row| row.seq).ok()?;
            rows.get(place).map(|row| row.hash)
        }
        find(&self.declarations, seq)
            .or_else(|| find(&self.mandates, seq))
            .or_else(|| find(&self.owners, seq))
    }

    /// Who may speak for whom on `day`.
    pub fn authority(&self, day: jiff::civil::Date) -> Authority {
        Authority::numbered(
            self.owners.iter().map(|owner| (owner.seq, &owner.row)),
            self.mandates.iter().map(|mandate| (mandate.seq, &mandate.row)),
            day,
        )
    }
}
