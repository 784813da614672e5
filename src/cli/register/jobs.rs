//! What is to be registered: the manifest's rows, and files named beside it.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use earmark::params::Params;
use earmark::scan::inputs::Input;
use earmark::scan::manifest::Row;

use crate::cli::reading::{self, Source};

/// One file to register.
pub struct Job {
    /// The file.
    pub input: Input,
    /// What the manifest says about it.
    pub row: Option<Row>,
}

impl Job {
    /// All that is to be read, each with the row.
    pub fn sources<'a>(
        &'a self,
        params: &Params,
    ) -> impl Iterator<Item = (Source<'a>, Option<&'a Row>)> + 'a {
        let row = self.row.as_ref();
        reading::sources(&self.input, params).map(move |source| (source, row))
    }
}

/// The manifest's rows, then the inputs that no row is about.
pub fn list(rows: Vec<Row>, inputs: Vec<Input>) -> Vec<Job> {
    let in_manifest: HashSet<PathBuf> =
        rows.iter().filter_map(|row| row.path.as_deref()).map(place).collect();
    let silent = |input: &Input| in_manifest.is_empty() || !in_manifest.contains(&place(input.path()));
    let inputs: Vec<Input> = inputs.into_iter().filter(silent).collect();
    rows.into_iter()
        .filter_map(|row| Some(Job { input: Input::File(row.path.clone()?), row: Some(row) }))
        .chain(inputs.into_iter().map(|input| Job { input, row: None }))
        .collect()
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
        let inputs = ["a.mp3", "b.mp3"].map(|name| Input::File(folder.path().join(name)));
        let jobs = list(vec![row], inputs.into());
        let listed: Vec<(&Path, bool)> =
            jobs.iter().map(|job| (job.input.path(), job.row.is_some())).collect();
        let expected = [(folder.path().join("./b.mp3"), true), (folder.path().join("a.mp3"), false)];
        assert_eq!(listed, expected.each_ref().map(|(path, row)| (path.as_path(), *row)));
    }
}
