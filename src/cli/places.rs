//! Where rows and samples are written again.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use earmark::inputs::Holder;

use crate::cli::error::CliError;
use crate::cli::resume::beside;

/// Added to the name of what is written into a folder, for what became of it.
pub const STATS: &str = "_stats.json";

/// Where something is written.
pub enum Places {
    /// The only manifest or archive, to this file.
    File(PathBuf),
    /// Each of them to its file in a folder.
    Folder(Vec<PathBuf>),
}

/// Where `option` writes what is in `holders`: one that is `named` itself to `out`
/// where that is no folder, others into the folder `out`, under their paths below the deepest folder that
/// all of them are in. `taken` are the places of other options, which are added to.
///
/// # Errors
/// If something would be written over what is read, or over something else that is
/// written.
pub fn places(
    option: &'static str,
    out: &Path,
    holders: &[Holder],
    named: &[&Path],
    taken: &mut Vec<PathBuf>,
) -> Result<Places, CliError> {
    let sources: Vec<PathBuf> = holders.iter().map(|holder| resolved(holder.path())).collect();
    let refuse = |path: &Path, reason| Err(CliError::Destination { option, path: path.to_owned(), reason });
    let places = match holders {
        [only] if named == [only.path()] && !out.is_dir() => Places::File(out.to_owned()),
        _ => {
            let common = common(&sources);
            let below = |source: &PathBuf| out.join(source.strip_prefix(&common).unwrap_or(source));
            Places::Folder(sources.iter().map(below).collect())
        }
    };
    let paths: &[PathBuf] = match &places {
        Places::File(path) => std::slice::from_ref(path),
        Places::Folder(paths) => paths,
    };
    let read: BTreeSet<&PathBuf> = sources.iter().collect();
    if read.len() < sources.len() {
        return refuse(out, "would get one of the inputs twice");
    }
    let mut own = BTreeSet::new();
    for path in paths {
        let mut written = vec![path.clone()];
        if matches!(places, Places::Folder(_)) {
            written.push(beside(path, STATS));
        }
        for path in written {
            let at = resolved(&path);
            if read.contains(&at) {
                return refuse(&path, "is one of the inputs");
            }
            if taken.contains(&at) || !own.insert(at) {
                return refuse(&path, "is written by something else");
            }
        }
    }
    taken.extend(own);
    Ok(places)
}

/// A path by which the same place is always called, whether or not there is a file.
fn resolved(path: &Path) -> PathBuf {
    let parent = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    // Of a folder that is still to be made, the part that is there.
    let whole = parent.ancestors().find_map(|there| {
        let there_for_sure = if there.as_os_str().is_empty() { Path::new(".") } else { there };
        let found = fs::canonicalize(there_for_sure).ok()?;
        Some(found.join(parent.strip_prefix(there).unwrap_or(Path::new(""))))
    });
    whole.unwrap_or_else(|| parent.to_owned()).join(path.file_name().unwrap_or_default())
}

/// The deepest folder that holds all of `paths`.
fn common(paths: &[PathBuf]) -> PathBuf {
    let mut common = paths.first().and_then(|path| path.parent()).unwrap_or(Path::new(""));
    while !paths.iter().all(|path| path.starts_with(common)) {
        common = common.parent().unwrap_or(Path::new(""));
    }
    common.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_alone_is_a_file_and_others_keep_their_folders() {
        let root = tempfile::tempdir().expect("temporary folder");
        let at = |name: &str| root.path().join(name);
        for folder in ["a/b", "a/c"] {
            fs::create_dir_all(at(folder)).expect("a folder");
        }
        let found = |names: &[&str], out: &str, taken: &mut Vec<PathBuf>| {
            let holders: Vec<Holder> = names.iter().map(|name| Holder::Tar(at(name))).collect();
            let named: Vec<PathBuf> = names.iter().map(|name| at(name)).collect();
            let named: Vec<&Path> = named.iter().map(PathBuf::as_path).collect();
            match places("--filtered", &at(out), &holders, &named, taken) {
                Ok(Places::File(path)) => {
                    path.strip_prefix(root.path()).expect("below").display().to_string()
                }
                Ok(Places::Folder(paths)) => {
                    let below =
                        |path: &PathBuf| path.strip_prefix(at(out)).expect("below").display().to_string();
                    paths.iter().map(below).collect::<Vec<_>>().join(" ")
                }
                Err(error) => error.to_string(),
            }
        };
        let none = &mut Vec::new();
        assert_eq!(found(&["a/b/1.tar"], "new/x.tar", none), "new/x.tar");
        assert_eq!(found(&["a/b/1.tar", "a/b/2.tar"], "out", none), "1.tar 2.tar");
        let mut taken = Vec::new();
        assert_eq!(found(&["a/b/1.tar", "a/c/1.tar"], "o", &mut taken), "b/1.tar c/1.tar");
        assert!(found(&["a/b/1.tar", "a/c/1.tar"], "a/../o", &mut taken).contains("by something else"));
        assert!(found(&["a/b/1.tar"], "a/c/../b/1.tar", none).contains("is one of the inputs"));
        assert!(found(&["a/b/1.tar", "a/c/1.tar"], "a", none).contains("is one of the inputs"));
        assert!(found(&["a/b/1.tar", "a/c/../b/1.tar"], "out", none).contains("twice"));
        assert!(found(&["a/1.tar", "a/1.tar_stats.json"], "out", none).contains("by something else"));
    }
}
