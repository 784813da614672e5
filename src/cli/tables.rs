//! Files that the log's entries come from.

use std::fs::File;
use std::path::Path;

use earmark::registry::{DocumentHash, TableFormat};

use crate::cli::error::CliError;

/// Opens a file of entries; its name tells the format.
pub fn open_table(path: &Path, action: &'static str) -> Result<(File, TableFormat), CliError> {
    let extension = path.extension().unwrap_or_default().to_string_lossy();
    let format = TableFormat::from_extension(&extension)
        .ok_or_else(|| CliError::UnknownFormat { path: path.to_owned() })?;
    let file = File::open(path).map_err(|source| CliError::File { path: path.to_owned(), action, source })?;
    Ok((file, format))
}

/// The hash of the document that was named, if one was.
pub fn document_hash(path: Option<&Path>) -> Result<Option<DocumentHash>, CliError> {
    let hash = |path: &Path| {
        File::open(path).and_then(DocumentHash::of).map_err(|source| CliError::File {
            path: path.to_owned(),
            action: "read the document",
            source,
        })
    };
    path.map(hash).transpose()
}
