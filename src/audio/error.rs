//! What can go wrong between a file's bytes and its samples.

use std::io;

use symphonia::core::errors::Error as SymphoniaError;

use crate::error_kind::ErrorKind;

/// Why audio or tags could not be had from an input.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AudioError {
    /// No known container was found in the bytes.
    #[error(
        "not a known audio container ({reason}); supported are AIFF, CAF, FLAC, MP3, MP4/M4A, Matroska/WebM, Ogg, WAV and ADTS AAC"
    )]
    UnrecognisedContainer {
        /// What the search for a container ended with.
        reason: String,
    },
    /// The input holds no bytes.
    #[error("the file is empty")]
    EmptyFile,
    /// The file is an archive, or packed.
    #[error("the file is packed as {packing}: unpack it to have what is in it checked")]
    Packed {
        /// The form's name.
        packing: &'static str,
    },
    /// The file is something that has no sound.
    #[error("the file is not audio but {what}")]
    NotAudio {
        /// What it is, such as `a PNG picture`.
        what: &'static str,
    },
    /// The container is known but its structure cannot be read.
    #[error("the container is damaged: {reason}")]
    DamagedContainer {
        /// What the demultiplexer ended with.
        reason: String,
    },
    /// The container is known but is of a kind that cannot be read.
    #[error(
        "this kind of container cannot be read: {reason}; convert the file to FLAC, WAV or Opus to have it checked"
    )]
    UnsupportedContainer {
        /// What in particular is not supported.
        reason: String,
    },
    /// The container cannot be read in order, as a pipe has to be.
    #[error(
        "this {container} stream cannot be decoded while it comes, its tables stand behind the audio: \
         save it to a file, or pipe another form, as `ffmpeg -i FILE -f wav -` writes it"
    )]
    NeedsSeeking {
        /// The container's short name.
        container: &'static str,
    },
    /// The container holds no audio track (a video or image, say).
    #[error("the {container} file has no audio track")]
    NoAudioTrack {
        /// The container's short name.
        container: String,
    },
    /// The audio track is in a codec, or a profile of one, that cannot be decoded.
    #[error(
        "cannot decode the codec {codec}: {reason}; convert the file to FLAC, WAV or Opus to have it checked"
    )]
    UnsupportedCodec {
        /// The codec's name or, failing that, its identifier in the container.
        codec: String,
        /// What in particular is not supported.
        reason: String,
    },
    /// A bound of [`Limits`](super::Limits) was reached.
    #[error("{what} is {found}, the limit is {limit}; raise the limit if the file is genuine")]
    LimitExceeded {
        /// The quantity and its unit.
        what: &'static str,
        /// Its value in this input.
        found: String,
        /// The bound.
        limit: String,
    },
    /// The file is sound but has no samples.
    #[error("the {container} file has an audio track without samples")]
    NoAudio {
        /// The container's short name.
        container: String,
    },
    /// Most packets could not be decoded, or none could.
    #[error(
        "too little good audio: {good_s:.1} s decoded, {skipped} of {packets} packets damaged ({reason})"
    )]
    TooDamaged {
        /// Seconds of audio that did decode.
        good_s: f64,
        /// Packets that did not.
        skipped: u64,
        /// Packets in all.
        packets: u64,
        /// The first packet error.
        reason: String,
    },
    /// A third-party demultiplexer or decoder panicked on this input. The panic
    /// was contained; the input is damaged or meets a defect of that decoder.
    #[error("the {stage} panicked on this file ({message}); please report the file")]
    DecoderPanicked {
        /// Which stage: `demultiplexer`, `decoder` or `tag reader`.
        stage: &'static str,
        /// The panic's message.
        message: String,
    },
    /// The source could not be read.
    #[error("cannot read the file: {0}")]
    Io(#[from] io::Error),
}

impl AudioError {
    /// What sort of thing went wrong.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::UnrecognisedContainer { .. } | Self::NotAudio { .. } => ErrorKind::WrongType,
            Self::EmptyFile | Self::NoAudioTrack { .. } | Self::NoAudio { .. } => ErrorKind::TooShort,
            Self::Packed { .. }
            | Self::UnsupportedContainer { .. }
            | Self::NeedsSeeking { .. }
            | Self::UnsupportedCodec { .. } => ErrorKind::Unsupported,
            Self::DamagedContainer { .. } | Self::TooDamaged { .. } => ErrorKind::Damaged,
            Self::LimitExceeded { .. } => ErrorKind::TooLarge,
            Self::DecoderPanicked { .. } => ErrorKind::Internal,
            Self::Io(error) => ErrorKind::of_io(error),
        }
    }

    /// An error from opening the container or reading its headers.
    pub(super) fn from_open(error: SymphoniaError) -> Self {
        match error {
            SymphoniaError::IoError(e) if e.kind() != io::ErrorKind::UnexpectedEof => AudioError::Io(e),
            // The probe answers "unsupported" when nothing in its table fits;
            // readers answer so too, with their own name in front.
            SymphoniaError::Unsupported(what) if what.starts_with("core (probe)") => {
                AudioError::UnrecognisedContainer { reason: "no signature found".to_owned() }
            }
            SymphoniaError::Unsupported(what) => AudioError::UnsupportedContainer { reason: what.to_owned() },
            SymphoniaError::IoError(_) => {
                AudioError::DamagedContainer { reason: "it ends inside its headers".to_owned() }
            }
            other => AudioError::DamagedContainer { reason: other.to_string() },
        }
    }
}
