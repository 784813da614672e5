//! Lists of paths, each of which is on one of them.
//!
//! A path may be meant by several rows: a manifest names a file twice, an archive has
//! two members of one name, names are written in different ways or are links to one
//! file. Then the strictest verdict of all that a path may mean decides on which list
//! it is, so that an allow list never holds a path under which something else is found.

use std::fs;
use std::io::{self, Write};
use std::path::{Component, Path, PathBuf};

use super::cells::{Cells, List};
use crate::files::FileId;
use crate::paths;

/// What stands behind every path of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Separator {
    /// A line feed.
    LineFeed,
    /// NUL, which no name of a file holds.
    Nul,
}

impl Separator {
    fn byte(self) -> u8 {
        match self {
            Self::LineFeed => b'\n',
            Self::Nul => 0,
        }
    }

    /// Whether a path can be read from a list as it was written, by whatever reads
    /// lists: many programs end lines at other characters, too, and take blanks off.
    fn holds(self, path: &[u8]) -> bool {
        let text = String::from_utf8_lossy(path);
        match self {
            Self::Nul => !path.is_empty() && !path.contains(&0),
            Self::LineFeed => {
                let ends_line = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
                let is_blank = |c: char| c.is_whitespace() || c == '\u{feff}';
                !text.is_empty() && !text.contains(ends_line) && text.trim_matches(is_blank) == text
            }
        }
    }
}

/// On which list every path is.
///
/// In memory are 8 bytes for each meaning of a path that is not allowed: two for most.
#[derive(Clone, Debug, Default)]
pub struct Lists {
    deny: Vec<u64>,
    review: Vec<u64>,
}

/// What was written into a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listed {
    /// Paths.
    pub paths: u64,
    /// Those of them that would be on a milder list by their own verdict.
    pub by_others: u64,
    /// How many paths were not written: they would be read as something else.
    pub left_out: u64,
    /// The first of these.
    pub first_left_out: Vec<PathBuf>,
}

/// Paths that were left out and are named; the rest is counted.
const MOST_NAMED: usize = 20;

impl Lists {
    /// Looks at the verdicts of all rows.
    ///
    /// # Errors
    /// That of the first verdict that cannot be read.
    pub fn of(verdicts: impl Iterator<Item = io::Result<Cells>>) -> io::Result<Self> {
        let mut lists = Self::default();
        for cells in verdicts {
            let cells = cells?;
            match cells.list() {
                List::Allow => {}
                List::Deny => lists.deny.extend(meanings(&cells.file())),
                List::Review => lists.review.extend(meanings(&cells.file())),
            }
        }
        for hashes in [&mut lists.deny, &mut lists.review] {
            hashes.sort_unstable();
            hashes.dedup();
        }
        Ok(lists)
    }

    /// The list that the path of a row is on.
    pub fn list(&self, cells: &Cells) -> List {
        let own = cells.list();
        if own == List::Deny || self.deny.is_empty() && self.review.is_empty() {
            return own;
        }
        let path = cells.file();
        let mut all = meanings(&path);
        // A passage is a part of its file; and a name may look like that of a passage.
        if let Some((file, _)) = passage(&path) {
            all.extend(meanings(&file));
        }
        let is_among = |hashes: &[u64]| all.iter().any(|hash| hashes.binary_search(hash).is_ok());
        match own {
            _ if is_among(&self.deny) => List::Deny,
            List::Allow if is_among(&self.review) => List::Review,
            own => own,
        }
    }

    /// Writes the paths that are on `list`. What could be read as something else from a
    /// list of lines is left out, and told.
    ///
    /// # Errors
    /// If a verdict cannot be read, or `out` not be written.
    pub fn write(
        &self,
        list: List,
        separator: Separator,
        verdicts: impl Iterator<Item = io::Result<Cells>>,
        out: &mut dyn Write,
    ) -> io::Result<Listed> {
        let mut listed = Listed::default();
        for cells in verdicts {
            let cells = cells?;
            if self.list(&cells) != list {
                continue;
            }
            let path = cells.raw();
            if !separator.holds(&path) || list == List::Allow && leads_elsewhere(&cells.file()) {
                listed.left_out += 1;
                if listed.first_left_out.len() < MOST_NAMED {
                    listed.first_left_out.push(cells.file());
                }
                continue;
            }
            out.write_all(&path)?;
            out.write_all(&[separator.byte()])?;
            listed.paths += 1;
            listed.by_others += u64::from(cells.list() != list);
        }
        Ok(listed)
    }
}

/// All that a path may mean, as hashes: one name for all ways to write it; the same
/// for its text, where somebody reads it as text; and the file that it leads to. Two
/// paths of one hash are taken for one, which makes nothing milder.
fn meanings(path: &Path) -> Vec<u64> {
    let hash = |kind: &[u8], bytes: &[u8]| {
        let mut hasher = blake3::Hasher::new();
        hasher.update(kind).update(&[0]).update(bytes);
        let [a, b, c, d, e, f, g, h, ..] = *hasher.finalize().as_bytes();
        u64::from_le_bytes([a, b, c, d, e, f, g, h])
    };
    let name = |path: &Path| hash(b"name", plain(path).as_os_str().as_encoded_bytes());
    let mut all = vec![name(path)];
    if path.to_str().is_none() {
        all.push(name(Path::new(&paths::text(path))));
    }
    let (file, fragment) = passage(path).unwrap_or_else(|| (path.to_owned(), String::new()));
    let found = fs::metadata(file).ok().filter(fs::Metadata::is_file);
    if let Some(id) = found.as_ref().and_then(FileId::of) {
        all.push(hash(b"file", format!("{id:?}#{fragment}").as_bytes()));
    }
    all
}

/// Whether a name goes up from what is not a folder, as `x.zip/../song.mp3` does. What
/// stands in the archive was checked; whoever tidies the name up finds another file.
fn leads_elsewhere(path: &Path) -> bool {
    let mut before = PathBuf::new();
    for part in path.components() {
        if part == Component::ParentDir && !before.as_os_str().is_empty() && !before.is_dir() {
            return true;
        }
        before.push(part);
    }
    false
}

/// The file and the fragment of a name that may be that of a passage.
fn passage(path: &Path) -> Option<(PathBuf, String)> {
    let name = path.file_name()?.to_str()?;
    let (file, fragment) = name.rsplit_once('#').filter(|(_, fragment)| fragment.starts_with("t="))?;
    Some((path.with_file_name(file), fragment.to_owned()))
}

/// The one way to write a path without looking at the disk: from the root, without `.`,
/// `..` and doubled separators.
fn plain(path: &Path) -> PathBuf {
    let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut plain = PathBuf::new();
    for part in whole.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                plain.pop();
            }
            part => plain.push(part),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::paths::PathBytes;
    use crate::verdict::VerdictKind::{self, Allowed, Disallowed, Error, NoMatch, Review};

    fn cells(path: impl AsRef<Path>, verdict: VerdictKind) -> Cells {
        let (path, none) = (path.as_ref(), Vec::new);
        let (text, path_bytes) = (paths::text(path), PathBytes::of(path));
        Cells {
            path: text,
            path_bytes,
            verdict,
            reasons: none(),
            recordings: none(),
            isrcs: none(),
            error: None,
        }
    }

    fn written(rows: &[Cells], list: List, separator: Separator) -> (Vec<u8>, Listed) {
        let rows = || rows.iter().cloned().map(Ok);
        let mut out = Vec::new();
        let lists = Lists::of(rows()).expect("memory");
        let listed = lists.write(list, separator, rows(), &mut out).expect("memory");
        (out, listed)
    }

    fn text(rows: &[(&str, VerdictKind)], list: List) -> String {
        let rows: Vec<Cells> = rows.iter().map(|(path, verdict)| cells(path, *verdict)).collect();
        let (out, listed) = written(&rows, list, Separator::LineFeed);
        let text = String::from_utf8(out).expect("text");
        assert_eq!(text.lines().count() as u64, listed.paths);
        text.replace('\n', "|")
    }

    #[test]
    fn the_strictest_verdict_of_what_a_path_may_mean_counts() {
        let here = std::env::current_dir().expect("a folder").display().to_string();
        let absolute = format!("{here}/x.tar/b.mp3");
        let rows = [
            ("a.mp3", Allowed),
            ("a.mp3", NoMatch),
            ("x.tar/b.mp3", Allowed),
            ("x.tar/b.mp3", Disallowed),
            ("./x.tar//c/../b.mp3", NoMatch),
            (&absolute, Allowed),
            ("c.mp3", Allowed),
            ("d/../c.mp3", Error),
            ("e.mp3", Review),
            ("./e.mp3", Disallowed),
            ("f.mp3#t=1,2", Disallowed),
            ("f.mp3#t=3,4", Allowed),
            ("f.mp3", Allowed),
            ("g.mp3", Disallowed),
            ("g.mp3#t=0,9", NoMatch),
        ];
        assert_eq!(text(&rows, List::Allow), "a.mp3|a.mp3|f.mp3#t=3,4|f.mp3|");
        assert_eq!(
            text(&rows, List::Deny),
            format!(
                "x.tar/b.mp3|x.tar/b.mp3|./x.tar//c/../b.mp3|{absolute}|e.mp3|./e.mp3|f.mp3#t=1,2|g.mp3|g.mp3#t=0,9|"
            )
        );
        assert_eq!(text(&rows, List::Review), "c.mp3|d/../c.mp3|");
    }

    #[test]
    fn names_do_not_forge_a_list_and_cost_themselves_alone() {
        for (name, is_line) in [
            ("a b é \u{202e}.mp3", true),
            ("song.mp3\nother.mp3", false),
            ("song.mp3\r", false),
            ("a\u{b}b", false),
            ("a\u{85}b", false),
            ("a\u{2028}b", false),
            ("song.mp3 ", false),
            (" song.mp3", false),
            ("\u{feff}song.mp3", false),
            ("song.mp3\u{3000}", false),
            ("", false),
        ] {
            let rows = [cells("good", Allowed), cells(name, Allowed), cells("last", Allowed)];
            let (out, listed) = written(&rows, List::Allow, Separator::LineFeed);
            assert_eq!(listed.left_out, u64::from(!is_line), "{name:?}");
            assert_eq!(out.split(|byte| *byte == b'\n').count(), 3 + usize::from(is_line), "{name:?}");
            assert_eq!(listed.first_left_out.len(), usize::from(!is_line));
            let (out, listed) = written(&rows, List::Allow, Separator::Nul);
            assert_eq!(listed.left_out, u64::from(name.is_empty()), "{name:?}");
            assert!(name.is_empty() || out == format!("good\0{name}\0last\0").as_bytes());
        }
        let rows = [cells("a\0b", Allowed), cells("c", Allowed)];
        assert_eq!(written(&rows, List::Allow, Separator::Nul).0, b"c\0");
    }

    #[test]
    fn a_member_of_an_archive_does_not_allow_a_file_outside() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let at = |name: &str| folder.path().join(name);
        fs::write(at("x.zip"), "x").expect("file");
        fs::write(at("song.mp3"), "x").expect("file");
        fs::create_dir(at("inner")).expect("folder");
        let rows = [
            cells(at("x.zip/../song.mp3"), Allowed),
            cells(at("x.zip/a/../../song.mp3"), Allowed),
            cells(at("inner/../song.mp3"), Allowed),
            cells("-/../song.mp3", Allowed),
            cells("../song.mp3", Allowed),
        ];
        let (_, allowed) = written(&rows, List::Allow, Separator::Nul);
        assert_eq!((allowed.paths, allowed.left_out), (2, 3));
        let refused = [cells(at("x.zip/../song.mp3"), Disallowed)];
        assert_eq!(written(&refused, List::Deny, Separator::Nul).1.paths, 1);
    }

    #[cfg(unix)]
    #[test]
    fn bytes_stay_and_names_that_are_shown_alike_are_not_mistaken() {
        use std::ffi::OsStr;
        use std::os::unix::ffi::OsStrExt;
        let name = |bytes: &'static [u8]| Path::new(OsStr::from_bytes(bytes));
        let rows = [cells(name(b"la\xe9"), Allowed), cells(name(b"la\xe8"), Disallowed)];
        // Read as text, the allowed name would be that of the other.
        assert_eq!(written(&rows, List::Deny, Separator::LineFeed).0, b"la\xe9\nla\xe8\n");
        assert_eq!(written(&rows, List::Allow, Separator::LineFeed).0, b"");
        assert_eq!(written(&rows[..1], List::Allow, Separator::LineFeed).0, b"la\xe9\n");
        let rows = [cells(name(b"la\xe9"), Allowed), cells("la\u{fffd}", Disallowed)];
        assert_eq!(written(&rows, List::Allow, Separator::LineFeed).0, b"");
    }

    #[cfg(unix)]
    #[test]
    fn links_to_one_file_are_one() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let at = |name: &str| folder.path().join(name);
        fs::write(at("a"), "x").expect("file");
        fs::hard_link(at("a"), at("hard")).expect("link");
        std::os::unix::fs::symlink(at("a"), at("soft")).expect("link");
        fs::write(at("b"), "x").expect("file");
        let with = |name: &str, fragment: &str| format!("{}{fragment}", at(name).display());
        let rows = [
            cells(at("a"), Disallowed),
            cells(at("hard"), Allowed),
            cells(at("soft"), Allowed),
            cells(with("soft", "#t=1,2"), Allowed),
            cells(at("b"), Allowed),
            cells(with("b", "#t=1,2"), Disallowed),
        ];
        assert_eq!(written(&rows, List::Allow, Separator::LineFeed).1.paths, 1);
        let (_, denied) = written(&rows, List::Deny, Separator::LineFeed);
        assert_eq!((denied.paths, denied.by_others), (5, 3));
    }
}
