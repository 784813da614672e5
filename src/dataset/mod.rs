//! The rows of a data set again, with what a scan says about them.
//!
//! A scan of a manifest has a row for each piece of audio that the manifest's rows
//! name, at least one for each, and one of a tar file a row for each piece of audio,
//! in the same order. A row of a manifest has the strictest verdict of its audio. So the verdicts, kept in
//! a [`Spool`] while the scan goes on, and the rows, read once more at its end, are
//! laid side by side: neither has to fit into memory, and a run that was resumed
//! writes what one that was not interrupted writes.
//!
//! [`write_rows`] either adds [`COLUMNS`] to every row or leaves out the rows that
//! are not on the allow list; [`write_tar`] leaves out the samples. All else stays
//! as it was: values of JSON to the byte, cells of CSV, columns of Parquet in
//! their encoded form where no row is left out, members of tar to the byte.

mod cells;
mod lists;
mod rows;
mod spool;
#[cfg(feature = "parquet")]
mod tables;
mod tar;

pub use cells::{COLUMNS, Cells, List};
pub use lists::{Listed, Lists, Separator};
pub use rows::write_rows;
pub use spool::Spool;
pub use tar::write_tar;

use std::io;

use crate::error_kind::ErrorKind;
use crate::inputs::InputError;

/// What becomes of the rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Form {
    /// All are written, with columns for the verdict.
    Annotated,
    /// Those on the allow list are written as they were.
    Filtered,
}

/// How many rows there were; of tar samples.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Rows read.
    pub read: u64,
    /// Rows written.
    pub written: u64,
}

/// Why rows cannot be written again.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AnnotateError {
    /// The rows cannot be read to their end.
    #[error("the rows cannot be read again: {0}")]
    Rows(#[from] InputError),
    /// The verdicts cannot be read, or the result not be written.
    #[error("cannot write the rows: {0}")]
    Io(#[from] io::Error),
    /// There are more or fewer rows than verdicts.
    #[error("the rows are not as many as they were when they were scanned: scan them again")]
    Changed,
    /// A Parquet file cannot be written.
    #[error("cannot write Parquet: {reason}")]
    Parquet {
        /// What the library says.
        reason: String,
    },
}

impl AnnotateError {
    /// What sort of thing went wrong.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Rows(error) => error.kind(),
            Self::Io(error) => ErrorKind::of_io(error),
            Self::Changed => ErrorKind::Invalid,
            Self::Parquet { .. } => ErrorKind::Damaged,
        }
    }
}

/// Verdicts in the order of the rows.
pub(crate) type Verdicts<'a> = dyn Iterator<Item = io::Result<Cells>> + 'a;

/// The verdict of the next row.
fn next(verdicts: &mut Verdicts<'_>) -> Result<Cells, AnnotateError> {
    Ok(verdicts.next().ok_or(AnnotateError::Changed)??)
}

/// The verdicts of the next row, which stands for so many pieces of audio, as one.
fn next_of(verdicts: &mut Verdicts<'_>, count: usize) -> Result<Cells, AnnotateError> {
    let mut cells = next(verdicts)?;
    for _ in 1..count {
        cells = cells.with(next(verdicts)?);
    }
    Ok(cells)
}

/// Looks whether there is a verdict for which there is no row.
fn finish(verdicts: &mut Verdicts<'_>) -> Result<(), AnnotateError> {
    if verdicts.next().is_some() { Err(AnnotateError::Changed) } else { Ok(()) }
}
