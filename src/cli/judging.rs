//! What a question rests on: the day, and what was accepted.

use std::path::Path;

use earmark::verdict::AcceptedTerms;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::cli::error::CliError;
use crate::cli::tables::open_table;

/// The day it is in UTC: the same everywhere, as the machine that scans need
/// not be where the use happens.
pub fn today() -> Date {
    Timestamp::now().to_zoned(TimeZone::UTC).date()
}

/// Reads the list of accepted terms at `path`.
pub fn accepted_terms(path: &Path) -> Result<AcceptedTerms, CliError> {
    let (file, format) = open_table(path, "read the accepted terms in")?;
    Ok(AcceptedTerms::read(file, format, &path.display().to_string())?)
}
