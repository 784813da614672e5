//! What is to be registered: the manifest's rows, and files named beside it.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use earmark::fingerprint::EXTENSION;
use earmark::inputs::label_copy::Row;
use earmark::inputs::{Input, Item};
use earmark::params::Params;

use earmark::check::Source;

/// One thing to register, and what the manifest says about it.
pub type Job = (Source, Option<Arc<Row>>);

/// The manifest's rows, then the inputs that no row is about.
pub fn list(
    rows: Vec<Row>,
    items: impl Iterator<Item = Item>,
    timeout: Option<Duration>,
    params: &Params,
) -> impl Iterator<Item = Job> {
    let in_manifest: HashSet<PathBuf> =
        rows.iter().filter_map(|row| row.path.as_deref()).map(place).collect();
    let items =
        items.filter(move |item| in_manifest.is_empty() || !in_manifest.contains(&place(item.input.path())));
    rows.into_iter()
        .filter_map(|row| {
            let path = row.path.clone()?;
            let is_kept = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case(EXTENSION));
            let input = if is_kept { Input::Fingerprints(path) } else { Input::File(path) };
            Some((Item::whole(input), Some(Arc::new(row))))
        })
        .chain(items.map(|item| (item, None)))
        .flat_map(move |(item, row)| {
            Source::all(item, timeout, params).map(move |source| (source, row.clone()))
        })
}

/// The file itself, however its path is written.
fn place(path: &Path) -> PathBuf {
    fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}

#[cfg(test)]
mod tests {
    use earmark::registry::Facts;

    use super::*;

    #[test]
    fn a_file_that_the_manifest_knows_is_listed_once_and_with_its_row() {
        let folder = tempfile::tempdir().expect("temporary folder");
        for name in ["a.mp3", "b.mp3"] {
            fs::write(folder.path().join(name), "x").expect("file");
        }
        let row = Row {
            line: 2,
            path: Some(folder.path().join("./b.mp3")),
            id: Some("b".to_owned()),
            isrcs: Vec::new(),
            facts: Facts::default(),
            columns: Vec::new(),
            duration_s: None,
        };
        let inputs = ["a.mp3", "b.mp3"].map(|name| Item::whole(Input::File(folder.path().join(name))));
        let params = Params::default();
        let jobs = list(vec![row], inputs.into_iter(), None, &params);
        let listed: Vec<(PathBuf, bool)> = jobs.map(|(source, row)| (source.name(), row.is_some())).collect();
        let expected = [(folder.path().join("./b.mp3"), true), (folder.path().join("a.mp3"), false)];
        assert_eq!(listed, expected);
    }
}
