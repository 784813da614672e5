//! What holds many items, and which of the items each of them holds.

use std::path::{Path, PathBuf};

use globset::GlobBuilder;
use walkdir::WalkDir;

use super::manifest_rows::ManifestKind;
use super::walk::{Holds, Skipped, walk};
use super::{InputError, Listing, RowSource};

/// A file whose rows or samples can be written again with or by their verdicts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Holder {
    /// A manifest, or Parquet.
    Rows(RowSource),
    /// A tar file.
    Tar(PathBuf),
}

impl Holder {
    /// The file.
    pub fn path(&self) -> &Path {
        match self {
            Self::Rows(source) => &source.path,
            Self::Tar(path) => path,
        }
    }
}

/// Which of the items of a [`Listing`] a manifest or an archive gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// The manifest or archive.
    pub path: PathBuf,
    /// How many it gave.
    pub items: u64,
    /// Whether the last of them is about damage that ended it.
    pub damaged: bool,
}

impl Listing {
    /// The files that hold the items, in order.
    ///
    /// # Errors
    /// The first input that is not such a file and does not consist of such files.
    pub fn holders(&self) -> Result<Vec<Holder>, PathBuf> {
        if let Some(list) = self.lists.first() {
            return Err(list.clone());
        }
        let mut holders: Vec<Holder> = self.rows.iter().cloned().map(Holder::Rows).collect();
        for named in &self.named {
            let mut other = None;
            let _ = walk(named, &self.choice, &mut Skipped::default(), &mut |found| {
                let (path, holds) = match found {
                    Ok((path, holds)) if path.is_file() => (path, holds),
                    Ok((path, _)) | Err((path, _)) => {
                        other = Some(path);
                        return std::ops::ControlFlow::Break(());
                    }
                };
                match holds {
                    Holds::Tar => holders.push(Holder::Tar(path)),
                    Holds::Parquet => {
                        let (columns, member_limit) = (self.columns.clone(), self.member_limit);
                        holders.push(Holder::Rows(RowSource {
                            columns,
                            member_limit,
                            ..RowSource::new(path)
                        }));
                    }
                    Holds::Audio | Holds::Fingerprints | Holds::Zip => {
                        other = Some(path);
                        return std::ops::ControlFlow::Break(());
                    }
                }
                std::ops::ControlFlow::Continue(())
            });
            if let Some(other) = other {
                return Err(other);
            }
        }
        Ok(holders)
    }
}

/// The manifests that `named` stands for: itself, those in a folder and below, or
/// those that match a glob (`*`, `?`, `[…]`, `{…}`, `**` for folders). Hidden files
/// are left out; the order is that of their names, as that of files in folders.
///
/// # Errors
/// If a folder cannot be read, a glob is none, or there is no manifest.
pub fn manifests(named: &Path) -> Result<Vec<PathBuf>, InputError> {
    let none = |what: &str| InputError::Row {
        reason: format!(
            "source {}{what}: name a .jsonl, .csv or .parquet file, a folder or a glob of them",
            named.display()
        ),
    };
    if named.is_dir() {
        // In folders most .json files are something else.
        let is_manifest = |path: &Path| {
            let name = path.to_string_lossy().to_ascii_lowercase();
            ManifestKind::by_name(path).is_ok() && !name.ends_with(".json") && !name.ends_with(".json.gz")
        };
        let found = below(named, is_manifest)?;
        return if found.is_empty() { Err(none(" holds no manifest")) } else { Ok(found) };
    }
    let text = named.to_string_lossy();
    let Some(at) = text.find(['*', '?', '[', '{']).filter(|_| !named.exists()) else {
        return Ok(vec![named.to_owned()]);
    };
    let glob = GlobBuilder::new(&text).literal_separator(true).build();
    let glob = glob.map_err(|error| none(&format!(" is no glob ({})", error.kind())))?.compile_matcher();
    let base = match text[..at].rfind('/') {
        Some(0) => Path::new("/"),
        Some(end) => Path::new(&text[..end]),
        None => Path::new(""),
    };
    let found = below(base, |path| glob.is_match(path))?;
    if found.is_empty() { Err(none(" matches no file")) } else { Ok(found) }
}

/// The files in `folder` and below that `wanted` takes, by name.
fn below(folder: &Path, wanted: impl Fn(&Path) -> bool) -> Result<Vec<PathBuf>, InputError> {
    let start = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let hidden =
        |entry: &walkdir::DirEntry| entry.depth() > 0 && entry.file_name().as_encoded_bytes()[0] == b'.';
    let mut found = Vec::new();
    for entry in WalkDir::new(start).sort_by_file_name().into_iter().filter_entry(|entry| !hidden(entry)) {
        let path = entry.map_err(|error| InputError::Open(error.into()))?.into_path();
        // As it was typed.
        let path = if folder.as_os_str().is_empty() {
            path.strip_prefix(".").unwrap_or(&path).to_owned()
        } else {
            path
        };
        if wanted(&path) && path.is_file() {
            found.push(path);
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn names(root: &Path, found: Result<Vec<PathBuf>, InputError>) -> String {
        let below = |path: &PathBuf| path.strip_prefix(root).expect("below").display().to_string();
        match found {
            Ok(found) => found.iter().map(below).collect::<Vec<_>>().join(" "),
            Err(error) => error.to_string().replace(&*root.to_string_lossy(), ""),
        }
    }

    #[test]
    fn folders_and_globs_are_those_manifests() {
        let root = tempfile::tempdir().expect("temporary folder");
        let root = root.path();
        for file in
            ["b.jsonl", "a/2.csv.gz", "a/10.parquet", "a/x.txt", "a/.y.csv", "a/b/c.ndjson", "[1].csv"]
        {
            fs::create_dir_all(root.join(file).parent().expect("a folder")).expect("folder");
            fs::write(root.join(file), b"x").expect("file");
        }
        let found = |named: &str| names(root, manifests(&root.join(named)));
        assert_eq!(found("a"), "a/10.parquet a/2.csv.gz a/b/c.ndjson");
        assert_eq!(found("a/*"), "a/10.parquet a/2.csv.gz a/x.txt");
        assert_eq!(found("**/*.{csv.gz,jsonl,ndjson}"), "a/2.csv.gz a/b/c.ndjson b.jsonl");
        // What is there is what is meant.
        assert_eq!(found("[1].csv"), "[1].csv");
        assert_eq!(found("missing.csv"), "missing.csv");
        assert!(found("a/*.tsv").contains("/a/*.tsv matches no file: name"), "{}", found("a/*.tsv"));
        assert!(found("a[").contains("is no glob"));
        fs::create_dir(root.join("empty")).expect("folder");
        assert!(found("empty").contains("holds no manifest"));
    }

    #[test]
    fn holders_are_told_and_what_is_none() {
        let root = tempfile::tempdir().expect("temporary folder");
        let root = root.path();
        for file in ["s/1.tar", "s/2.tgz", "s/3.parquet", "s/x.txt", "t/1.tar", "t/a.mp3", "m.csv"] {
            fs::create_dir_all(root.join(file).parent().expect("a folder")).expect("folder");
            fs::write(root.join(file), b"x").expect("file");
        }
        let holders = |named: &[&str], rows: &[&str]| {
            let rows = rows.iter().map(|name| RowSource::new(root.join(name)));
            let named = named.iter().map(|name| root.join(name)).collect();
            let listing = Listing { rows: rows.collect(), named, ..Listing::default() };
            listing.holders().map(|found| found.iter().map(|holder| holder.path().to_owned()).collect())
        };
        assert_eq!(
            names(root, holders(&["s"], &["m.csv"]).map_err(|_| unreachable!())),
            "m.csv s/1.tar s/2.tgz s/3.parquet"
        );
        assert_eq!(holders(&["s", "t"], &[]), Err(root.join("t/a.mp3")));
        assert_eq!(holders(&["missing.tar"], &[]), Err(root.join("missing.tar")));
        assert_eq!(holders(&["m.csv"], &[]), Err(root.join("m.csv")));
    }
}
