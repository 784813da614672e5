//! Why a source could not be read.

use std::io;

use crate::audio::AudioError;
use crate::error_kind::ErrorKind;
use crate::fingerprint::BadEntry;
use crate::inputs::InputError;
use crate::units::Seconds;

/// Why a file could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// It cannot be opened.
    #[error("cannot be opened: {0}")]
    Open(io::Error),
    /// It is a folder, a pipe or a device.
    #[error("is not a regular file: name a file or a folder of files")]
    NotAFile,
    /// It has no bytes.
    #[error("the file is empty")]
    Empty,
    /// What was to hold it cannot be read, or does not hold it.
    #[error(transparent)]
    Input(#[from] InputError),
    /// It took too long.
    #[error("took longer than {limit_s} s: raise --file-timeout if the file is genuine")]
    TimedOut {
        /// The limit in seconds.
        limit_s: u64,
    },
    /// The passage that is asked about is not in it.
    #[error("ends at {duration_s:.3} s, and the passage begins at {start_s:.3} s")]
    PassageBeyond {
        /// Where the passage begins, in seconds.
        start_s: Seconds,
        /// Length of the audio in seconds.
        duration_s: Seconds,
    },
    /// It has no audio that can be decoded.
    #[error(transparent)]
    Audio(#[from] AudioError),
    /// It could not be read when its fingerprint was to be kept.
    #[error("{0}")]
    Kept(String),
    /// What a fingerprint file keeps of it cannot be used.
    #[error(transparent)]
    BadEntry(#[from] BadEntry),
}

impl ReadError {
    /// What sort of thing went wrong.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Open(error) => ErrorKind::of_io(error),
            Self::NotAFile => ErrorKind::WrongType,
            Self::Empty => ErrorKind::TooShort,
            Self::Input(error) => error.kind(),
            Self::TimedOut { .. } => ErrorKind::TimedOut,
            Self::PassageBeyond { .. } => ErrorKind::Invalid,
            Self::Audio(error) => error.kind(),
            Self::Kept(_) => ErrorKind::Other,
            Self::BadEntry(_) => ErrorKind::Damaged,
        }
    }
}
