//! Following the chain of the log as it is stored, byte for byte.
//!
//! Rows are hashed as they stand in their columns and are not parsed: that takes
//! a microsecond a row, so that every opening can afford it, and no two ways of
//! writing one value pass for each other.

use std::fmt;

use rusqlite::fallible_streaming_iterator::FallibleStreamingIterator;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Rows, Statement};

use crate::canonical::Canonical;
use crate::declarations::{
    DECLARATION_LABEL, DOCUMENTED_DECLARATION_LABEL, GENESIS, MANDATE_LABEL, OWNER_LABEL,
};

/// How far a log reaches: what one row more is chained to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Chain {
    /// Rows so far.
    pub(super) rows: i64,
    /// The hash of the last one.
    pub(super) hash: [u8; 32],
}

impl Chain {
    /// Before the first row.
    pub(super) const START: Chain = Chain { rows: 0, hash: GENESIS };
}

/// Where a log does not fit its chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ChainFault {
    /// No row has this number.
    Missing {
        /// The number.
        seq: i64,
    },
    /// A number stands twice, or where it cannot.
    Misplaced {
        /// The number.
        seq: i64,
    },
    /// A row does not have its hash.
    Hash {
        /// Its number.
        seq: i64,
        /// Its kind.
        kind: &'static str,
    },
    /// The log ends otherwise than the last commit left it.
    End {
        /// Rows that are there.
        found: i64,
        /// Rows that the last commit counted.
        committed: i64,
    },
}

impl fmt::Display for ChainFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { seq } => write!(f, "number {seq} is missing"),
            Self::Misplaced { seq } => write!(f, "number {seq} stands twice or where it cannot"),
            Self::Hash { seq, kind } => write!(f, "number {seq} ({kind}) does not have its hash"),
            Self::End { found, committed } => write!(
                f,
                "there are {found} rows, the last commit had {committed} or ended with another hash"
            ),
        }
    }
}

/// A table of the log: first `seq` and `hash`, then the columns in the order in
/// which they are hashed.
struct Table {
    kind: &'static str,
    select: &'static str,
    label: &'static str,
    /// The label of rows whose last column, the document's hash, is there. Where
    /// there is one, rows without that hash are hashed without that column.
    documented: Option<&'static str>,
}

const TABLES: [Table; 3] = [
    Table {
        kind: "declaration",
        select: "SELECT seq, hash, subject_kind, subject, use, permission, terms, territories, valid_from, \
                 valid_until, declarant, source, received_at, document_hash FROM declaration \
                 WHERE seq > ?1 ORDER BY seq",
        label: DECLARATION_LABEL,
        documented: Some(DOCUMENTED_DECLARATION_LABEL),
    },
    Table {
        kind: "mandate",
        select: "SELECT seq, hash, declarant, act, subject_kind, subject, valid_from, valid_until, source, \
                 document_hash, received_at FROM mandate WHERE seq > ?1 ORDER BY seq",
        label: MANDATE_LABEL,
        documented: None,
    },
    Table {
        kind: "owner",
        select: "SELECT seq, hash, name, aliases, parent, valid_from, source, document_hash, received_at \
                 FROM owner WHERE seq > ?1 ORDER BY seq",
        label: OWNER_LABEL,
        documented: None,
    },
];

/// Follows the chain from the row after `start` to the last, which has to be `end`.
/// The first fault, if there is one.
pub(super) fn follow(
    connection: &Connection,
    start: Chain,
    end: Chain,
) -> rusqlite::Result<Option<ChainFault>> {
    let mut statements =
        TABLES.iter().map(|table| connection.prepare(table.select)).collect::<rusqlite::Result<Vec<_>>>()?;
    let mut cursors = statements
        .iter_mut()
        .zip(&TABLES)
        .map(|(statement, table)| Cursor::new(statement, table, start.rows))
        .collect::<rusqlite::Result<Vec<_>>>()?;
    let Chain { rows: mut last, mut hash } = start;
    let mut bytes = Canonical::default();
    let open = |cursor: &&mut Cursor<'_>| cursor.seq.is_some();
    while let Some(cursor) = cursors.iter_mut().filter(open).min_by_key(|cursor| cursor.seq) {
        let seq = cursor.seq.unwrap_or_default();
        if seq <= last {
            return Ok(Some(ChainFault::Misplaced { seq }));
        }
        if seq > last + 1 {
            return Ok(Some(ChainFault::Missing { seq: last + 1 }));
        }
        match cursor.link(&hash, &mut bytes)? {
            Some(next) => hash = next,
            None => return Ok(Some(ChainFault::Hash { seq, kind: cursor.table.kind })),
        }
        last = seq;
        cursor.advance()?;
    }
    let end_differs = Chain { rows: last, hash } != end;
    Ok(end_differs.then_some(ChainFault::End { found: last, committed: end.rows }))
}

/// The rows of a table, in order.
struct Cursor<'s> {
    rows: Rows<'s>,
    table: &'s Table,
    /// The number of the present row; none after the last.
    seq: Option<i64>,
}

impl<'s> Cursor<'s> {
    fn new(statement: &'s mut Statement<'_>, table: &'s Table, after: i64) -> rusqlite::Result<Self> {
        let mut cursor = Self { rows: statement.query([after])?, table, seq: None };
        cursor.advance()?;
        Ok(cursor)
    }

    fn advance(&mut self) -> rusqlite::Result<()> {
        self.rows.advance()?;
        self.seq = self.rows.get().map(|row| row.get(0)).transpose()?;
        Ok(())
    }

    /// The hash of the present row behind `previous`; none if the row has another.
    fn link(&self, previous: &[u8; 32], bytes: &mut Canonical) -> rusqlite::Result<Option<[u8; 32]>> {
        let (Some(row), Some(seq)) = (self.rows.get(), self.seq) else { return Ok(None) };
        let mut columns = 2..row.as_ref().column_count();
        let mut label = self.table.label;
        if let Some(documented) = self.table.documented {
            match row.get_ref(columns.end - 1)? {
                ValueRef::Null => columns.end -= 1,
                _ => label = documented,
            }
        }
        bytes.restart(label);
        bytes.bytes(previous);
        bytes.text(&seq.to_string());
        for column in columns {
            match row.get_ref(column)? {
                ValueRef::Null => bytes.optional_bytes(None),
                ValueRef::Text(value) | ValueRef::Blob(value) => bytes.bytes(value),
                // No column is of numbers.
                ValueRef::Integer(_) | ValueRef::Real(_) => return Ok(None),
            }
        }
        let hash = *blake3::hash(bytes.as_bytes()).as_bytes();
        let stored = row.get_ref(1)?;
        Ok((stored.as_blob_or_null()? == Some(&hash[..])).then_some(hash))
    }
}
