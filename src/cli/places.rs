//! Where rows and samples are written again.

use std::path::{Path, PathBuf};

use earmark::inputs::Holder;

use crate::cli::error::CliError;
use crate::cli::guard::{Guard, resolved};
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
/// all of them are in. Each is claimed from `guard`, which knows the holders.
///
/// # Errors
/// If something would be written over what is read, or over something else that is
/// written, and if two of the holders are one.
pub fn places(
    option: &'static str,
    out: &Path,
    holders: &[Holder],
    named: &[&Path],
    guard: &mut Guard,
) -> Result<Places, CliError> {
    let sources: Vec<PathBuf> = holders.iter().map(|holder| resolved(holder.path())).collect();
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
    let mut read: Vec<&PathBuf> = sources.iter().collect();
    read.sort_unstable();
    read.dedup();
    if read.len() < sources.len() {
        let reason = "would get one of the inputs twice".to_owned();
        return Err(CliError::Destination { option, path: out.to_owned(), reason });
    }
    let in_folder = matches!(places, Places::Folder(_));
    for path in paths {
        if in_folder || !guard.has_claimed(option, path) {
            guard.claim(option, path)?;
        }
        if in_folder {
            guard.claim(option, &beside(path, STATS))?;
        }
    }
    Ok(places)
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
    use std::fs;

    use super::*;

    #[test]
    fn what_is_alone_is_a_file_and_others_keep_their_folders() {
        let root = tempfile::tempdir().expect("temporary folder");
        let at = |name: &str| root.path().join(name);
        for folder in ["a/b", "a/c"] {
            fs::create_dir_all(at(folder)).expect("a folder");
        }
        let found_by = |names: &[&str], out: &str, guard: &mut Guard| {
            let holders: Vec<Holder> = names.iter().map(|name| Holder::Tar(at(name))).collect();
            let named: Vec<PathBuf> = names.iter().map(|name| at(name)).collect();
            let named: Vec<&Path> = named.iter().map(PathBuf::as_path).collect();
            named.iter().for_each(|path| guard.reads("INPUT", path));
            match places("--filtered", &at(out), &holders, &named, guard) {
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
        let found = |names: &[&str], out: &str| found_by(names, out, &mut Guard::default());
        assert_eq!(found(&["a/b/1.tar"], "new/x.tar"), "new/x.tar");
        assert_eq!(found(&["a/b/1.tar", "a/b/2.tar"], "out"), "1.tar 2.tar");
        let mut guard = Guard::default();
        guard.claim("--annotated", &at("a/../o/c/1.tar")).expect("nothing else is written");
        assert!(found_by(&["a/b/1.tar", "a/c/1.tar"], "o", &mut guard).contains("written by --annotated"));
        assert_eq!(found(&["a/b/1.tar", "a/c/1.tar"], "o"), "b/1.tar c/1.tar");
        assert!(found(&["a/b/1.tar"], "a/c/../b/1.tar").contains("is the input"));
        assert!(found(&["a/b/1.tar", "a/c/1.tar"], "a").contains("is the input"));
        assert!(found(&["a/b/1.tar", "a/c/../b/1.tar"], "out").contains("twice"));
        assert!(found(&["a/1.tar", "a/1.tar_stats.json"], "out").contains("written by --filtered"));
    }
}
