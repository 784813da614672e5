//! What was accepted.

use std::path::Path;

use earmark::verdict::AcceptedTerms;

use crate::cli::command::declare::open_table;
use crate::cli::error::CliError;

/// Reads the list of accepted terms at `path`.
pub fn accepted_terms(path: &Path) -> Result<AcceptedTerms, CliError> {
    let (file, format) = open_table(path, "read the accepted terms in")?;
    Ok(AcceptedTerms::read(file, format, &path.display().to_string())?)
}
