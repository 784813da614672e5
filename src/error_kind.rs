//! What sort of thing went wrong, for programs that decide by it.

use std::fmt;
use std::io;

/// What sort of thing went wrong. The words of an error may change between versions,
/// its kind does not.
///
/// ```
/// use earmark::ErrorKind;
/// use earmark::registry::Snapshot;
///
/// let error = Snapshot::open("no/such/folder".as_ref()).err().expect("there is no registry");
/// assert_eq!(error.kind(), ErrorKind::NotFound);
/// assert_eq!(error.kind().name(), "not-found");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// It is not there.
    NotFound,
    /// It is there already.
    AlreadyExists,
    /// The system does not allow it.
    PermissionDenied,
    /// The system could not read or write.
    Io,
    /// Another process works on it: try again later.
    Busy,
    /// It was opened for reading alone.
    ReadOnly,
    /// It is something else than what is expected there, a picture in place of audio say.
    WrongType,
    /// It is of a form that is not read.
    Unsupported,
    /// It was made by another version, or with other fingerprint parameters.
    OtherVersion,
    /// It is damaged.
    Damaged,
    /// It was changed from outside, and is not believed.
    Altered,
    /// It is beyond a limit.
    TooLarge,
    /// There is too little of it.
    TooShort,
    /// It took too long.
    TimedOut,
    /// The process was killed at it before, and it was passed over.
    PassedOver,
    /// What was given is not valid, or does not belong together.
    Invalid,
    /// The program failed: a defect.
    Internal,
    /// It was told in words alone, by an earlier run.
    Other,
}

impl ErrorKind {
    /// Its name: `not-found`, `timed-out` and so on.
    pub fn name(self) -> &'static str {
        match self {
            Self::NotFound => "not-found",
            Self::AlreadyExists => "already-exists",
            Self::PermissionDenied => "permission-denied",
            Self::Io => "io",
            Self::Busy => "busy",
            Self::ReadOnly => "read-only",
            Self::WrongType => "wrong-type",
            Self::Unsupported => "unsupported",
            Self::OtherVersion => "other-version",
            Self::Damaged => "damaged",
            Self::Altered => "altered",
            Self::TooLarge => "too-large",
            Self::TooShort => "too-short",
            Self::TimedOut => "timed-out",
            Self::PassedOver => "passed-over",
            Self::Invalid => "invalid",
            Self::Internal => "internal",
            Self::Other => "other",
        }
    }

    /// The kind of an error of the system.
    pub fn of_io(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound => Self::NotFound,
            io::ErrorKind::AlreadyExists => Self::AlreadyExists,
            io::ErrorKind::PermissionDenied => Self::PermissionDenied,
            io::ErrorKind::TimedOut => Self::TimedOut,
            io::ErrorKind::WouldBlock | io::ErrorKind::ResourceBusy => Self::Busy,
            _ => Self::Io,
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::AudioError;
    use crate::check::{Lost, PrepareError, ReadError};

    #[test]
    fn kinds_are_told_through_all_that_wraps_an_error() {
        let io = |kind| io::Error::from(kind);
        let read = ReadError::Audio(AudioError::Io(io(io::ErrorKind::PermissionDenied)));
        assert_eq!(PrepareError::Read(read).kind(), ErrorKind::PermissionDenied);
        assert_eq!(ReadError::Open(io(io::ErrorKind::NotFound)).kind(), ErrorKind::NotFound);
        assert_eq!(ReadError::Open(io(io::ErrorKind::BrokenPipe)).kind(), ErrorKind::Io);
        assert_eq!(ReadError::TimedOut { limit_s: 1 }.kind(), Lost::TimedOut { limit_s: 1 }.kind());
        assert_eq!(Lost::PassedOver.kind().to_string(), "passed-over");
    }
}
