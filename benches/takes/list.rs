//! The list of files.

use std::path::{Path, PathBuf};

use serde::Deserialize;

/// What a file is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// It is registered.
    Ref,
    /// Made from a registered file; has to be found.
    Copy,
    /// Nothing registered is in it.
    Query,
}

/// A file.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Entry {
    /// Where it is; a relative path is taken from the list's folder.
    pub path: PathBuf,
    /// Its name.
    pub id: String,
    /// What it is for.
    pub role: Role,
    /// The kind it is counted with.
    pub kind: String,
    /// Name of the take; copies have that of the original.
    pub take: String,
    /// Name of the work; empty if that is unknown.
    pub work: String,
    /// What it is played with; empty if that is unknown.
    pub voice: String,
    /// The loop that sounds in it, or empty.
    #[serde(rename = "loop")]
    pub loop_name: String,
}

/// Reads a list.
///
/// # Errors
/// If it cannot be read; the message names it.
pub fn entries(path: &Path) -> Result<Vec<Entry>, String> {
    let named = |error: csv::Error| format!("{}: {error}", path.display());
    let rows = csv::Reader::from_path(path).map_err(named)?.into_deserialize();
    let mut entries: Vec<Entry> = rows.collect::<Result<_, _>>().map_err(named)?;
    let folder = path.parent().unwrap_or(Path::new(""));
    for entry in &mut entries {
        entry.path = folder.join(&entry.path);
    }
    Ok(entries)
}
