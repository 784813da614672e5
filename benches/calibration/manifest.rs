//! The two tables that the experiment reads.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::DeserializeOwned;

/// An audio file.
#[derive(Clone, Debug, Deserialize)]
pub struct Entry {
    /// The file; a relative path is taken from the manifest's folder.
    pub path: PathBuf,
    /// Name of the recording.
    pub id: String,
    /// Album, package or game: recordings of different groups share no audio.
    pub group: String,
}

/// Pairs of ids or groups, in both orders.
pub type Pairs = BTreeSet<(String, String)>;

#[derive(Deserialize)]
struct Pair {
    id_a: String,
    id_b: String,
}

/// Reads the manifest.
///
/// # Errors
/// If it cannot be read, holds nothing, or an id twice; the message names it.
pub fn entries(path: &Path) -> Result<Vec<Entry>, String> {
    let mut entries: Vec<Entry> = rows(path)?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut ids = BTreeSet::new();
    for entry in &mut entries {
        entry.path = folder.join(&entry.path);
        if !ids.insert(entry.id.clone()) {
            return Err(format!("{}: the id {} stands there twice", path.display(), entry.id));
        }
    }
    if entries.is_empty() {
        return Err(format!("{}: no recordings", path.display()));
    }
    Ok(entries)
}

/// Reads a table of pairs.
///
/// # Errors
/// If it cannot be read; the message names it.
pub fn pairs(path: &Path) -> Result<Pairs, String> {
    let rows: Vec<Pair> = rows(path)?;
    Ok(rows.into_iter().flat_map(|p| [(p.id_a.clone(), p.id_b.clone()), (p.id_b, p.id_a)]).collect())
}

fn rows<T: DeserializeOwned>(path: &Path) -> Result<Vec<T>, String> {
    let named = |error: csv::Error| format!("{}: {error}", path.display());
    let mut reader = csv::Reader::from_path(path).map_err(named)?;
    reader.deserialize().collect::<Result<_, _>>().map_err(named)
}
