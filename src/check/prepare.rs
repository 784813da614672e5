//! From a source to a recording that can be registered.

use std::fmt;

use crate::audio::{Limits, Unheard};
use crate::error_kind::ErrorKind;
use crate::inputs::label_copy::Row;
use crate::params::Params;
use crate::registry::NewRecording;
use crate::units::Seconds;

use super::findable;
use super::metadata;
use super::read_error::ReadError;
use super::reading::{self, SHORTEST_S};
use super::source::Source;

/// A recording that can be registered, and what somebody should know about it.
#[derive(Debug)]
#[non_exhaustive]
pub struct Prepared {
    /// What is registered.
    pub recording: NewRecording,
    /// Why its tags could not be read.
    pub tags_error: Option<ReadError>,
    /// The length in label copy, if it is that of other audio.
    pub other_length: Option<OtherLength>,
    /// Whether it can be recognised at all: silence cannot, nor can channels that cancel
    /// each other.
    pub is_findable: bool,
    /// What of it was not heard and is long enough to be recognised, which it is not now.
    pub unheard: Vec<Unheard>,
}

/// Why a source cannot be registered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PrepareError {
    /// It cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// It is too short to be recognised.
    #[error("has {duration_s:.2} s of audio, too little to be recognised: register at least {SHORTEST_S} s")]
    TooShort {
        /// Its length in seconds.
        duration_s: Seconds,
    },
    /// The label copy that was kept with its fingerprint cannot be read.
    #[error("{0}")]
    LabelCopy(String),
}

impl PrepareError {
    /// What sort of thing went wrong.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Read(error) => error.kind(),
            Self::TooShort { .. } => ErrorKind::TooShort,
            Self::LabelCopy(_) => ErrorKind::Invalid,
        }
    }
}

/// A length in label copy that cannot be that of the audio.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OtherLength {
    /// What label copy says, in seconds.
    pub said_s: Seconds,
    /// How long the audio is, in seconds.
    pub audio_s: Seconds,
}

impl OtherLength {
    /// The two lengths, if they are of different audio. Label copy is rounded to seconds
    /// and often counts another fade or another pause.
    pub fn of(said_s: Seconds, audio_s: Seconds) -> Option<Self> {
        const TOLERANCE_S: Seconds = 3.0;
        const TOLERANCE: f64 = 0.03;
        let differ = (said_s - audio_s).abs() > TOLERANCE_S.max(TOLERANCE * audio_s);
        differ.then_some(Self { said_s, audio_s })
    }
}

impl fmt::Display for OtherLength {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { said_s, audio_s } = self;
        write!(
            f,
            "has {audio_s:.1} s of audio, and label copy says {said_s:.1} s: look whether it is the right file"
        )
    }
}

/// Reads a source, which `row` of label copy is about, for registration.
///
/// # Errors
/// If it cannot be read, or is too short to be recognised.
pub fn prepare(
    source: impl Into<Source>,
    row: Option<&Row>,
    params: &Params,
    limits: &Limits,
) -> Result<Prepared, PrepareError> {
    let reading = reading::read(source.into(), params, limits);
    // What label copy said when the fingerprint was kept.
    let kept = match row {
        None if !reading.columns.is_empty() => {
            Some(Row::of_columns(&reading.path, &reading.columns).map_err(PrepareError::LabelCopy)?)
        }
        _ => None,
    };
    let row = row.or(kept.as_ref());
    let (sound, info) = reading.sound?;
    let duration_s = info.duration_s;
    if duration_s < SHORTEST_S {
        return Err(PrepareError::TooShort { duration_s });
    }
    let (tags, tags_error) = match reading.tags {
        Ok(tags) => (Some(tags), None),
        Err(error) => (None, Some(error)),
    };
    let (isrcs, facts) = metadata::merged(row, tags.as_ref());
    let is_findable = findable::is_findable(&sound.mean, params);
    let mut unheard = info.unheard;
    // A registered recording is the mean of its channels.
    unheard.extend(sound.channels.iter().map(|own| Unheard::in_channel(own.channel, duration_s)));
    unheard.retain(|part| part.seconds.is_none_or(|seconds| seconds >= SHORTEST_S));
    let recording = NewRecording {
        id: row.and_then(|row| row.id.clone()),
        isrcs,
        facts,
        audio_hash: info.audio_hash,
        duration_s,
        source_path: Some(reading.path.to_string_lossy().into_owned()),
        fingerprint: sound.mean,
    };
    let said_s = row.and_then(|row| row.duration_s);
    let other_length = said_s.and_then(|said_s| OtherLength::of(said_s, duration_s));
    Ok(Prepared { recording, tags_error, other_length, is_findable, unheard })
}
