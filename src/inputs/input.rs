//! One thing to read.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::error_kind::ErrorKind;
use crate::units::Seconds;

/// One thing to read, in its place among the inputs.
#[derive(Debug)]
pub enum Input {
    /// A file.
    File(PathBuf),
    /// A fingerprint file, which stands for all that it keeps.
    Fingerprints(PathBuf),
    /// Audio in memory: a member of an archive, a cell of Parquet.
    Bytes {
        /// What holds it, and its name in there.
        path: PathBuf,
        /// The encoded audio.
        bytes: Shared,
    },
    /// Something that was named, or stands in something that was named, and
    /// cannot be read: it is reported in its place like a broken file.
    Unreadable {
        /// What was to be read.
        path: PathBuf,
        /// Why it cannot be.
        error: InputError,
    },
}

impl Input {
    /// The path, whether or not it can be read.
    pub fn path(&self) -> &Path {
        match self {
            Self::File(path)
            | Self::Fingerprints(path)
            | Self::Bytes { path, .. }
            | Self::Unreadable { path, .. } => path,
        }
    }
}

/// Bytes that many may read.
#[derive(Clone, Debug)]
pub struct Shared(Arc<Vec<u8>>);

impl Shared {
    /// Shares `bytes`.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(Arc::new(bytes))
    }
}

impl AsRef<[u8]> for Shared {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

/// A part of a file, by time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Passage {
    /// Where it begins, in seconds from the start of the audio; finite, 0 or more.
    pub start_s: Seconds,
    /// How long it is, in seconds, more than 0; `None` to the end.
    pub duration_s: Option<Seconds>,
}

impl fmt::Display for Passage {
    /// As a media fragment (W3C Media Fragments URI 1.0, section 4.2.1): `t=12.5,20`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Milliseconds, and no more digits than that takes.
        let rounded = |seconds: Seconds| (seconds * 1e3).round() / 1e3;
        write!(f, "t={}", rounded(self.start_s))?;
        match self.duration_s {
            Some(duration_s) => write!(f, ",{}", rounded(self.start_s + duration_s)),
            None => Ok(()),
        }
    }
}

/// An input, or a passage of it.
#[derive(Debug)]
pub struct Item {
    /// What is read.
    pub input: Input,
    /// The part of it that is asked about; `None` for all.
    pub passage: Option<Passage>,
}

impl Item {
    /// All of an input.
    pub fn whole(input: Input) -> Self {
        Self { input, passage: None }
    }

    /// What cannot be read.
    pub fn unreadable(path: impl Into<PathBuf>, error: InputError) -> Self {
        Self::whole(Input::Unreadable { path: path.into(), error })
    }

    /// How the item is called in reports: the path, and `#t=FROM,TO` behind it
    /// for a passage.
    pub fn name(&self) -> PathBuf {
        let path = self.input.path();
        match self.passage {
            None => path.to_owned(),
            Some(passage) => {
                let mut name = path.as_os_str().to_owned();
                name.push(format!("#{passage}"));
                name.into()
            }
        }
    }
}

/// Whether an [`Item::name`] is that of a passage.
pub fn is_passage(name: &str) -> bool {
    name.rsplit_once('#').is_some_and(|(_, fragment)| fragment.starts_with("t="))
}

/// Why something among the inputs cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InputError {
    /// It cannot be opened or listed.
    #[error("cannot be opened: {0}")]
    Open(#[from] io::Error),
    /// Audio that is to be held in memory is too large for that.
    #[error(
        "takes more than {limit} bytes, the limit for audio inside other files: raise --max-member-mib, or unpack it"
    )]
    TooLarge {
        /// The limit in bytes.
        limit: u64,
    },
    /// Something is wrong with the file that holds the audio.
    #[error("the {container} file is damaged or no such file: {reason}")]
    Container {
        /// `tar`, `zip`, `Parquet`, `gzip`.
        container: &'static str,
        /// What is wrong with it, from its start or from here on.
        reason: String,
    },
    /// What holds the audio is packed by a method that is not unpacked here.
    #[error(
        "the columns are packed with {method}, which is not read: write the file with Zstandard, Snappy or gzip"
    )]
    Packed {
        /// The name of the method.
        method: &'static str,
    },
    /// A member of an archive cannot be read, but those behind it can.
    #[error("cannot be read from the archive: {reason}")]
    Member {
        /// What is wrong with it.
        reason: String,
    },
    /// A row of a manifest names nothing that can be read.
    #[error("the row {reason}")]
    Row {
        /// What is wrong with it, and what to do.
        reason: String,
    },
    /// The program was built without what it takes.
    #[error("cannot be read: this earmark was built without Parquet (cargo feature `parquet`)")]
    NoParquet,
}

impl InputError {
    /// What sort of thing went wrong.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Open(error) => ErrorKind::of_io(error),
            Self::TooLarge { .. } => ErrorKind::TooLarge,
            Self::Container { .. } | Self::Member { .. } => ErrorKind::Damaged,
            Self::Row { .. } => ErrorKind::Invalid,
            Self::Packed { .. } | Self::NoParquet => ErrorKind::Unsupported,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_passage_stands_behind_the_path() {
        let name = |start_s, duration_s| {
            let passage = Some(Passage { start_s, duration_s });
            Item { input: Input::File("a b.mp3".into()), passage }.name().display().to_string()
        };
        assert!(is_passage(&name(12.5, None)) && !is_passage("a#1/b.mp3"));
        assert_eq!(name(0.0, None), "a b.mp3#t=0");
        assert_eq!(name(12.5, Some(7.500_4)), "a b.mp3#t=12.5,20");
        assert_eq!(name(0.1, Some(0.2)), "a b.mp3#t=0.1,0.3");
    }
}
