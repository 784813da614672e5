//! Files, and folders with what they hold.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;
use walkdir::WalkDir;

use super::choice::{Choice, Chosen};
use super::members::extension;
use super::{Input, InputError, Item};
use crate::audio::{CONTENT_HEAD, Content, Packing};
use crate::fingerprint::EXTENSION;

/// Extensions, in lower case, under which a file found in a folder is taken
/// for audio. Video containers are among them, as they hold an audio track.
pub const AUDIO_EXTENSIONS: [&str; 36] = [
    "3g2", "3gp", "aac", "adts", "aif", "aifc", "aiff", "alac", "bwf", "caf", "f4a", "f4v", "flac", "m4a",
    "m4b", "m4p", "m4r", "m4v", "mka", "mkv", "mov", "mp1", "mp2", "mp3", "mp4", "mpa", "mpga", "oga", "ogg",
    "ogv", "opus", "rf64", "wav", "wave", "weba", "webm",
];

/// What was left out of folders and archives, for the report.
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
    /// What globs leave out. What an excluded folder holds is not counted.
    pub excluded: u64,
    /// What somebody said holds no audio.
    pub silent: u64,
    /// Links in archives, of which nothing says that they stand for audio.
    pub links: u64,
    /// Of all these, members of archives that may hold audio by their bytes.
    pub unchecked: u64,
}

impl Skipped {
    /// How many entries were left out altogether.
    pub fn total(&self) -> u64 {
        let others =
            self.hidden + self.linked_folders + self.special + self.excluded + self.silent + self.links;
        self.not_audio.values().sum::<u64>() + others
    }
}

impl Skipped {
    /// Counts what was left out elsewhere, too.
    pub(super) fn add(&mut self, other: &Self) {
        for (extension, count) in &other.not_audio {
            *self.not_audio.entry(extension.clone()).or_default() += count;
        }
        self.hidden += other.hidden;
        self.linked_folders += other.linked_folders;
        self.special += other.special;
        self.excluded += other.excluded;
        self.silent += other.silent;
        self.links += other.links;
        self.unchecked += other.unchecked;
    }

    /// Counts the file `name`, which is left out for `why`.
    pub(super) fn count(&mut self, why: Chosen, name: &str) {
        match why {
            Chosen::Taken => {}
            Chosen::Excluded => self.excluded += 1,
            Chosen::Hidden => self.hidden += 1,
            Chosen::Silent => self.silent += 1,
            Chosen::NotAudio => *self.not_audio.entry(extension(name)).or_default() += 1,
        }
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
            (self.links, "links"),
            (self.excluded, "by --include or --exclude"),
            (self.silent, "by --not-audio"),
        ] {
            if count > 0 {
                parts.push(format!("{count} {what}"));
            }
        }
        f.write_str(&parts.join(", "))?;
        match self.unchecked {
            0 => Ok(()),
            unchecked => write!(f, "; {unchecked} of these may hold audio and are not checked"),
        }
    }
}

/// What a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holds {
    /// One piece of audio; whatever is not known to be anything else.
    Audio,
    Fingerprints,
    Tar,
    Zip,
    Parquet,
}

/// What a file holds, and whether its bytes say so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Looked {
    pub(super) holds: Holds,
    /// It is an archive, or audio, also where that cannot be read: so it is taken
    /// whatever its name.
    pub(super) is_sure: bool,
}

impl Looked {
    /// Looks at the name and the first bytes of the file at `path`. Bytes decide, where
    /// they tell. What cannot be read is left to whoever reads it.
    pub(super) fn at(path: &Path) -> Self {
        let by_name = Holds::by_name(path);
        // Opening a pipe that nobody writes to would wait for ever, and so would reading
        // some files of the system that claim to be regular and empty.
        let may_be_read = |found: &Metadata| found.is_file() && found.len() > 0;
        let opened = path.metadata().ok().filter(may_be_read).and_then(|_| File::open(path).ok());
        let content = opened.and_then(|mut file| Self::of(&mut file).ok());
        let surely = |holds| Self { holds, is_sure: true };
        let is_kept = by_name == Holds::Fingerprints;
        match content {
            Some((Content::Packed(packing), is_tar)) => match packing {
                Packing::Tar => surely(Holds::Tar),
                Packing::Zip => surely(Holds::Zip),
                Packing::Parquet => surely(Holds::Parquet),
                _ if is_tar || by_name == Holds::Tar => surely(Holds::Tar),
                _ => Self { holds: Holds::Audio, is_sure: false },
            },
            Some((Content::Audio | Content::Unread { .. }, _)) => surely(Holds::Audio),
            // Also a picture that is called an archive: its reader says what it is.
            Some((Content::Silent(_), _)) if !is_kept => Self { holds: Holds::Audio, is_sure: false },
            _ => Self { holds: by_name, is_sure: by_name.is_archive() },
        }
    }

    /// What begins `source`, and of what is packed whether it is tar inside.
    pub(super) fn of(source: &mut dyn Read) -> io::Result<(Content, bool)> {
        let head = head(source)?;
        let content = Content::of(&head);
        let inside = match content {
            Content::Packed(Packing::Gzip) => self::head(&mut MultiGzDecoder::new((&head[..]).chain(source))),
            _ => return Ok((content, false)),
        };
        match inside.map(|head| Content::of(&head)) {
            Ok(Content::Packed(Packing::Tar)) => Ok((content, true)),
            // It is refused as what it is: packed audio.
            Ok(inside @ (Content::Audio | Content::Unread { .. })) => Ok((inside, false)),
            _ => Ok((content, false)),
        }
    }
}

/// The bytes that tell what something is.
pub(super) fn head(source: &mut dyn Read) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    source.take(CONTENT_HEAD as u64).read_to_end(&mut head)?;
    Ok(head)
}

impl Holds {
    pub(super) fn by_name(path: &Path) -> Self {
        let name =
            path.file_name().map(|name| name.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
        let ends = |extension: &str| name.strip_suffix(extension).is_some_and(|stem| stem.ends_with('.'));
        match () {
            () if ends(EXTENSION) => Self::Fingerprints,
            () if ends("tar") || ends("tar.gz") || ends("tgz") => Self::Tar,
            () if ends("zip") => Self::Zip,
            () if ends("parquet") => Self::Parquet,
            () => Self::Audio,
        }
    }

    /// Whether it stands for many items whose number nobody knows beforehand.
    pub(super) fn is_archive(self) -> bool {
        matches!(self, Self::Tar | Self::Zip | Self::Parquet)
    }
}

/// A file that was found and what it holds, or what cannot be read.
pub(super) type Found = Result<(PathBuf, Holds), (PathBuf, InputError)>;

impl From<Found> for Item {
    fn from(found: Found) -> Self {
        match found {
            Ok((path, _)) => Item::whole(Input::File(path)),
            Err((path, error)) => Item::unreadable(path, error),
        }
    }
}

/// Calls `take` with the files behind `named`: itself, or what the folder holds,
/// files and folders together by the bytes of their names, each folder's content
/// in its place.
///
/// - A file that is named itself is always taken, whatever its name, and so
///   is a link to one.
/// - In a folder, files with one of [`AUDIO_EXTENSIONS`] (in any case), and what is
///   audio, an archive or Parquet by its bytes, are taken, or those that `choice` says;
///   others are counted in `skipped`. Fingerprint files are taken only where they are named or
///   chosen: they may be those of the audio beside them.
/// - In a folder, names that start with a dot are skipped with all they hold,
///   unless `choice` wants them.
/// - In a folder, links to files are read, links to folders are not followed,
///   so that no link can lead in a circle.
/// - What is reached twice is taken twice: every input gets its answer.
///
/// What does not exist or cannot be read is given in its place; nothing but
/// `take` ends the walk. Names of one folder are held in memory while it is
/// walked, as they have to be sorted.
pub(super) fn walk(
    named: &Path,
    choice: &Choice,
    skipped: &mut Skipped,
    take: &mut dyn FnMut(Found) -> ControlFlow<()>,
) -> ControlFlow<()> {
    match named.metadata() {
        Ok(metadata) if metadata.is_dir() => folder(named, choice, skipped, take),
        Ok(_) => take(Ok((named.to_owned(), Looked::at(named).holds))),
        Err(error) => take(Err((named.to_owned(), error.into()))),
    }
}

fn folder(
    folder: &Path,
    choice: &Choice,
    skipped: &mut Skipped,
    take: &mut dyn FnMut(Found) -> ControlFlow<()>,
) -> ControlFlow<()> {
    let mut walk = WalkDir::new(folder).sort_by_file_name().into_iter();
    while let Some(entry) = walk.next() {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                let path = error.path().unwrap_or(folder).to_owned();
                take(Err((path, InputError::Open(error.into()))))?;
                continue;
            }
        };
        if entry.depth() == 0 {
            continue;
        }
        let below = below(folder, entry.path());
        if choice.is_hidden(&entry.file_name().to_string_lossy()) {
            skipped.hidden += 1;
            if entry.file_type().is_dir() {
                walk.skip_current_dir();
            }
            continue;
        }
        if entry.file_type().is_dir() && choice.excludes_folder(&below) {
            skipped.excluded += 1;
            walk.skip_current_dir();
            continue;
        }
        let (kind, dead) = if entry.path_is_symlink() {
            match entry.path().metadata() {
                Ok(target) if target.is_dir() => {
                    skipped.linked_folders += 1;
                    continue;
                }
                Ok(target) => (target.file_type(), None),
                // A dead link is worth a word only where audio was expected.
                Err(error) => (entry.file_type(), Some(error)),
            }
        } else {
            (entry.file_type(), None)
        };
        if !kind.is_file() && dead.is_none() {
            skipped.special += u64::from(!kind.is_dir());
            continue;
        }
        let Looked { holds, is_sure } = Looked::at(entry.path());
        if chosen(choice, &below, is_sure, skipped) {
            let path = entry.into_path();
            take(match dead {
                None => Ok((path, holds)),
                Some(error) => Err((path, error.into())),
            })?;
        }
    }
    ControlFlow::Continue(())
}

/// The path below the folder that was named, with `/` between its parts.
fn below(folder: &Path, path: &Path) -> String {
    let parts = path.strip_prefix(folder).unwrap_or(path).components();
    parts.map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/")
}

/// Whether the file at `below` is taken; counts it where it is not.
pub(super) fn chosen(choice: &Choice, below: &str, holds_audio: bool, skipped: &mut Skipped) -> bool {
    let chosen = choice.file(below, &extension(below), holds_audio);
    skipped.count(chosen, below);
    chosen == Chosen::Taken
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

    #[derive(Default)]
    struct Walked {
        list: Vec<Item>,
        skipped: Skipped,
    }

    fn expand<P: AsRef<Path>>(named: &[P]) -> Walked {
        let mut walked = Walked::default();
        for path in named {
            let Walked { list, skipped } = &mut walked;
            let _ = walk(path.as_ref(), &Choice::default(), skipped, &mut |found| {
                list.push(found.into());
                ControlFlow::Continue(())
            });
        }
        walked
    }

    fn listed(root: &Path, walked: &Walked) -> Vec<String> {
        let relative =
            |item: &Item| item.input.path().strip_prefix(root).expect("below the root").display().to_string();
        walked.list.iter().map(relative).collect()
    }

    #[test]
    fn globs_choose_files_and_close_folders() {
        let root = tempfile::tempdir().expect("temporary folder");
        for file in ["a/1.mp3", "a/2.bin", "b/3.mp3", "b/c/4.mp3", "shard.tar", "kept.efp"] {
            touch(&root.path().join(file));
        }
        let walked = |include: &[&str], exclude: &[&str]| {
            let globs = |globs: &[&str]| globs.iter().map(ToString::to_string).collect::<Vec<_>>();
            let choice = Choice::new(&globs(include), &globs(exclude), false).expect("globs");
            let mut walked = Walked::default();
            let Walked { list, skipped } = &mut walked;
            let _ = walk(root.path(), &choice, skipped, &mut |found| {
                list.push(found.into());
                ControlFlow::Continue(())
            });
            (listed(root.path(), &walked).join(" "), walked.skipped.excluded)
        };
        assert_eq!(walked(&[], &[]), ("a/1.mp3 b/3.mp3 b/c/4.mp3 shard.tar".to_owned(), 0));
        assert_eq!(walked(&[], &["b", "*.tar"]), ("a/1.mp3".to_owned(), 2));
        assert_eq!(walked(&["a/*"], &[]), ("a/1.mp3 a/2.bin".to_owned(), 4));
    }

    #[test]
    fn names_tell_what_a_file_holds() {
        let cases = [
            ("a.TAR", Holds::Tar),
            ("a.tar.gz", Holds::Tar),
            ("a.tgz", Holds::Tar),
            ("a.zip", Holds::Zip),
            ("a.parquet", Holds::Parquet),
            ("a.efp", Holds::Fingerprints),
            ("tar", Holds::Audio),
            ("a.gz", Holds::Audio),
            ("a.mp3", Holds::Audio),
        ];
        for (name, holds) in cases {
            assert_eq!(Holds::by_name(Path::new(name)), holds, "{name}");
        }
    }

    #[test]
    fn bytes_tell_what_a_file_holds() {
        let root = tempfile::tempdir().expect("temporary folder");
        let mut tar = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_gnu();
        header.set_size(1);
        tar.append_data(&mut header, "a.mp3", &b"x"[..]).expect("memory");
        let tar = tar.into_inner().expect("memory");
        let gz = |bytes: &[u8]| {
            let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            std::io::Write::write_all(&mut gz, bytes).expect("memory");
            gz.finish().expect("memory")
        };
        let wave = &b"RIFF\x24\0\0\0WAVEfmt "[..];
        let cases: [(&str, Vec<u8>, Holds, bool); 12] = [
            ("1.dat", tar.clone(), Holds::Tar, true),
            ("2", gz(&tar), Holds::Tar, true),
            ("3.mp3", tar, Holds::Tar, true),
            ("4.dat", b"PK\x03\x04".to_vec(), Holds::Zip, true),
            ("5.dat", b"PAR1".to_vec(), Holds::Parquet, true),
            ("6.song", wave.to_vec(), Holds::Audio, true),
            ("7.mp3.gz", gz(wave), Holds::Audio, true),
            ("8.amr", b"#!AMR\n".to_vec(), Holds::Audio, true),
            ("9.tar", wave.to_vec(), Holds::Audio, true),
            ("a.tar", b"no archive".to_vec(), Holds::Tar, true),
            ("b.txt.gz", gz(b"text"), Holds::Audio, false),
            ("c.efp", b"PNG".to_vec(), Holds::Fingerprints, false),
        ];
        for (name, bytes, holds, is_sure) in &cases {
            let path = root.path().join(name);
            fs::write(&path, bytes).expect("a file");
            assert_eq!(Looked::at(&path), Looked { holds: *holds, is_sure: *is_sure }, "{name}");
        }
        let inputs = expand(&[root.path()]);
        assert_eq!(inputs.list.len(), 10, "{:?}", listed(root.path(), &inputs));
        assert_eq!(inputs.skipped.not_audio.len(), 2);
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
        assert!(matches!(
            [&inputs.list[0].input, &inputs.list[1].input],
            [Input::Unreadable { .. }, Input::File(_)]
        ));
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
        assert!(matches!(inputs.list[0].input, Input::Unreadable { .. }));
        assert_eq!(inputs.skipped.linked_folders, 1);
        // A link that is named itself is followed, as every program does.
        assert_eq!(expand(&[root.path().join("f/circle/f")]).list.len(), 1);
    }

    #[test]
    fn extensions_are_sorted_and_in_lower_case() {
        assert!(AUDIO_EXTENSIONS.is_sorted());
        for there in ["3g2", "bwf", "F4V", "m4v", "ogv", "RF64"] {
            assert!(is_audio_extension(there), "{there}");
        }
        // Wave64 is not read.
        assert!(!is_audio_extension("w64"));
        assert!(AUDIO_EXTENSIONS.iter().all(|e| *e == e.to_ascii_lowercase()));
    }
}
