//! From what somebody names to the files that are read.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

/// Extensions, in lower case, under which a file found in a folder is taken
/// for audio. Video containers are among them, as they hold an audio track.
pub const AUDIO_EXTENSIONS: [&str; 29] = [
    "3gp", "aac", "adts", "aif", "aifc", "aiff", "alac", "caf", "flac", "m4a", "m4b", "m4p", "m4r", "mka",
    "mkv", "mov", "mp1", "mp2", "mp3", "mp4", "mpa", "mpga", "oga", "ogg", "opus", "wav", "wave", "weba",
    "webm",
];

/// One thing to read, in its place among the inputs.
#[derive(Debug)]
pub enum Input {
    /// A file.
    File(PathBuf),
    /// Something that was named, or stands in a folder that was named, and
    /// cannot be read: it is reported in its place like a broken file.
    Unreadable {
        /// What was to be read.
        path: PathBuf,
        /// Why it cannot be.
        error: io::Error,
    },
}

impl Input {
    /// The path, whether or not it can be read.
    pub fn path(&self) -> &Path {
        match self {
            Self::File(path) | Self::Unreadable { path, .. } => path,
        }
    }
}

/// What [`expand`] found.
#[derive(Debug, Default)]
pub struct Inputs {
    /// What is to be read, in order.
    pub list: Vec<Input>,
    /// What was left out of folders.
    pub skipped: Skipped,
}

/// What was left out of folders, for the report.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Skipped {
    /// Files without an audio extension: how many of each, by extension in
    /// lower case; those without one under the empty string.
    pub not_audio: BTreeMap<String, u64>,
    /// Files and folders whose name starts with a dot. What a hidden folder
    /// holds is not counted.
    pub hidden: u64,
    /// Links to folders, which are not followed.
    pub linked_folders: u64,
    /// Sockets, pipes and devices.
    pub special: u64,
}

impl Skipped {
    /// How many entries were left out altogether.
    pub fn total(&self) -> u64 {
        self.not_audio.values().sum::<u64>() + self.hidden + self.linked_folders + self.special
    }
}

impl fmt::Display for Skipped {
    /// `3 without an audio extension (2 .txt, 1 with none), 1 hidden`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        let not_audio: u64 = self.not_audio.values().sum();
        if not_audio > 0 {
            let kinds: Vec<String> = self
                .not_audio
                .iter()
                .map(|(extension, count)| match extension.as_str() {
                    "" => format!("{count} with none"),
                    extension => format!("{count} .{extension}"),
                })
                .collect();
            parts.push(format!("{not_audio} without an audio extension ({})", kinds.join(", ")));
        }
        for (count, what) in [
            (self.hidden, "hidden"),
            (self.linked_folders, "links to folders"),
            (self.special, "special files"),
        ] {
            if count > 0 {
                parts.push(format!("{count} {what}"));
            }
        }
        f.write_str(&parts.join(", "))
    }
}

/// Lists the files behind `named`, in this order: the named ones one after
/// another; within a folder, files and folders together by the bytes of their
/// names, each folder's content in its place.
///
/// - A file that is named itself is always taken, whatever its name, and so
///   is a link to one.
/// - In a folder, files with one of [`AUDIO_EXTENSIONS`] (in any case) are
///   taken; others are counted in [`Inputs::skipped`].
/// - In a folder, names that start with a dot are skipped with all they hold.
/// - In a folder, links to files are read, links to folders are not followed,
///   so that no link can lead in a circle.
/// - What is reached twice is listed twice: every input gets its answer.
///
/// What does not exist or cannot be read becomes [`Input::Unreadable`] in its
/// place; nothing ends the listing.
pub fn expand<P: AsRef<Path>>(named: &[P]) -> Inputs {
    let mut inputs = Inputs::default();
    for path in named {
        let path = path.as_ref();
        match path.metadata() {
            Ok(metadata) if metadata.is_dir() => inputs.add_folder(path),
            Ok(_) => inputs.list.push(Input::File(path.to_owned())),
            Err(error) => inputs.list.push(Input::Unreadable { path: path.to_owned(), error }),
        }
    }
    inputs
}

impl Inputs {
    fn add_folder(&mut self, folder: &Path) {
        let mut walk = WalkDir::new(folder).sort_by_file_name().into_iter();
        while let Some(entry) = walk.next() {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    let path = error.path().unwrap_or(folder).to_owned();
                    self.list.push(Input::Unreadable { path, error: error.into() });
                    continue;
                }
            };
            if entry.depth() == 0 {
                continue;
            }
            if entry.file_name().as_encoded_bytes().starts_with(b".") {
                self.skipped.hidden += 1;
                if entry.file_type().is_dir() {
                    walk.skip_current_dir();
                }
                continue;
            }
            let kind = if entry.path_is_symlink() {
                match entry.path().metadata() {
                    Ok(target) if target.is_dir() => {
                        self.skipped.linked_folders += 1;
                        continue;
                    }
                    Ok(target) => target.file_type(),
                    Err(error) => {
                        // A dead link is worth a word only where audio was expected.
                        self.add_if_audio(entry.path(), |path| Input::Unreadable { path, error });
                        continue;
                    }
                }
            } else {
                entry.file_type()
            };
            if kind.is_file() {
                self.add_if_audio(entry.path(), Input::File);
            } else if !kind.is_dir() {
                self.skipped.special += 1;
            }
        }
    }

    fn add_if_audio(&mut self, path: &Path, input: impl FnOnce(PathBuf) -> Input) {
        let extension =
            path.extension().map(|e| e.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
        if is_audio_extension(&extension) {
            self.list.push(input(path.to_owned()));
        } else {
            *self.skipped.not_audio.entry(extension).or_default() += 1;
        }
    }
}

/// Whether files with this extension are taken from folders. Case does not
/// matter.
pub fn is_audio_extension(extension: &str) -> bool {
    AUDIO_EXTENSIONS.iter().any(|known| known.eq_ignore_ascii_case(extension))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn touch(path: &Path) {
        fs::create_dir_all(path.parent().expect("a file stands in a folder")).expect("folder");
        fs::write(path, b"x").expect("file");
    }

    fn listed(root: &Path, inputs: &Inputs) -> Vec<String> {
        let relative =
            |input: &Input| input.path().strip_prefix(root).expect("below the root").display().to_string();
        inputs.list.iter().map(relative).collect()
    }

    #[test]
    fn folders_are_listed_in_order_of_names_and_the_rest_is_counted() {
        let root = tempfile::tempdir().expect("temporary folder");
        for file in [
            "b.mp3",
            "a/2.FLAC",
            "a/10.wav",
            "c.txt",
            "README",
            "d.txt",
            ".hidden.mp3",
            ".git/x.mp3",
            "a/.y/z.wav",
        ] {
            touch(&root.path().join(file));
        }
        let inputs = expand(&[root.path()]);
        assert_eq!(listed(root.path(), &inputs), ["a/10.wav", "a/2.FLAC", "b.mp3"]);
        assert_eq!(inputs.skipped.not_audio, BTreeMap::from([(String::new(), 1), ("txt".to_owned(), 2)]));
        assert_eq!(inputs.skipped.hidden, 3);
        assert_eq!(inputs.skipped.total(), 6);
        assert_eq!(
            inputs.skipped.to_string(),
            "3 without an audio extension (1 with none, 2 .txt), 3 hidden"
        );
    }

    #[test]
    fn named_files_are_taken_whatever_their_name_and_in_the_order_given() {
        let root = tempfile::tempdir().expect("temporary folder");
        for file in ["z.dat", ".a.mp3", "f/1.ogg"] {
            touch(&root.path().join(file));
        }
        let named = [
            root.path().join("z.dat"),
            root.path().join("f"),
            root.path().join(".a.mp3"),
            root.path().join("z.dat"),
        ];
        assert_eq!(listed(root.path(), &expand(&named)), ["z.dat", "f/1.ogg", ".a.mp3", "z.dat"]);
    }

    #[test]
    fn a_hidden_folder_that_is_named_is_entered() {
        let root = tempfile::tempdir().expect("temporary folder");
        touch(&root.path().join(".cache/1.ogg"));
        assert_eq!(listed(root.path(), &expand(&[root.path().join(".cache")])), [".cache/1.ogg"]);
    }

    #[test]
    fn what_does_not_exist_keeps_its_place() {
        let root = tempfile::tempdir().expect("temporary folder");
        touch(&root.path().join("1.ogg"));
        let inputs = expand(&[root.path().join("missing"), root.path().join("1.ogg")]);
        assert!(matches!(&inputs.list[..], [Input::Unreadable { .. }, Input::File(_)]));
    }

    #[cfg(unix)]
    #[test]
    fn links_to_files_are_read_and_links_to_folders_are_not_followed() {
        use std::os::unix::fs::symlink;
        let root = tempfile::tempdir().expect("temporary folder");
        touch(&root.path().join("f/1.ogg"));
        symlink(root.path().join("f/1.ogg"), root.path().join("link.ogg")).expect("link");
        symlink(root.path(), root.path().join("f/circle")).expect("link");
        symlink(root.path().join("nothing"), root.path().join("dead.ogg")).expect("link");
        let inputs = expand(&[root.path()]);
        assert_eq!(listed(root.path(), &inputs), ["dead.ogg", "f/1.ogg", "link.ogg"]);
        assert!(matches!(inputs.list[0], Input::Unreadable { .. }));
        assert_eq!(inputs.skipped.linked_folders, 1);
        // A link that is named itself is followed, as every program does.
        assert_eq!(expand(&[root.path().join("f/circle/f")]).list.len(), 1);
    }

    #[test]
    fn extensions_are_sorted_and_in_lower_case() {
        assert!(AUDIO_EXTENSIONS.is_sorted());
        assert!(AUDIO_EXTENSIONS.iter().all(|e| *e == e.to_ascii_lowercase()));
    }
}
