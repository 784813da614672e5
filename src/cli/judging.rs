//! What was accepted.

use std::fs::File;
use std::path::Path;

use earmark::verdict::{AcceptedTerms, AcceptedTermsFormat};

use super::error::CliError;

/// Reads the list of accepted terms at `path`.
pub fn accepted_terms(path: &Path) -> Result<AcceptedTerms, CliError> {
    let format = path
        .extension()
        .and_then(|extension| AcceptedTermsFormat::from_extension(extension.to_str()?))
        .ok_or_else(|| CliError::UnknownFormat { path: path.to_owned() })?;
    let file = File::open(path).map_err(|source| CliError::File {
        path: path.to_owned(),
        action: "read the accepted terms in",
        source,
    })?;
    Ok(AcceptedTerms::read(file, format, &path.display().to_string())?)
}
