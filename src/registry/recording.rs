//! Recordings as they go in and come out.

use serde::Serialize;

use crate::fingerprint::Fingerprint;
use crate::isrc::Isrc;
use crate::units::{RecordingKey, Seconds};

use crate::canonical::Canonical;
use crate::declarations::{MAX_TEXT_BYTES, as_hex};
use crate::registry::AuthorityChange;

/// What is known about a recording apart from its sound and its codes. Every
/// field may be missing. None is unique or parsed; `owner` decides which
/// owner-wide declarations apply.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Facts {
    /// Title of the recording.
    pub title: Option<String>,
    /// Version: live, remix, radio edit, ...
    pub version: Option<String>,
    /// Main artist as displayed.
    pub artist: Option<String>,
    /// Album or release it appeared on.
    pub album: Option<String>,
    /// Owner of the recording's rights.
    pub owner: Option<String>,
    /// Label as displayed.
    pub label: Option<String>,
    /// The ℗ line.
    pub p_line: Option<String>,
    /// Release date as given; a year alone is common.
    pub release_date: Option<String>,
}

impl Facts {
    /// Column names, in the order of [`Self::values`] and of the database.
    pub const NAMES: [&'static str; 8] =
        ["title", "version", "artist", "album", "owner", "label", "p_line", "release_date"];

    /// The values in the order of [`Self::NAMES`].
    pub fn values(&self) -> [Option<&str>; 8] {
        [
            &self.title,
            &self.version,
            &self.artist,
            &self.album,
            &self.owner,
            &self.label,
            &self.p_line,
            &self.release_date,
        ]
        .map(|value| value.as_deref())
    }

    /// The fields in the order of [`Self::NAMES`].
    pub(super) fn values_mut(&mut self) -> [&mut Option<String>; 8] {
        [
            &mut self.title,
            &mut self.version,
            &mut self.artist,
            &mut self.album,
            &mut self.owner,
            &mut self.label,
            &mut self.p_line,
            &mut self.release_date,
        ]
    }

    /// Blanks around values removed, empty values made missing.
    pub(super) fn trimmed(mut self) -> Self {
        for value in self.values_mut() {
            *value = value.take().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        }
        self
    }
}

/// A recording to register.
#[derive(Clone, Debug)]
pub struct NewRecording {
    /// The name it is to have in this registry; see [`Registry::add`](super::Registry::add)
    /// for what it gets without one.
    pub id: Option<String>,
    /// Its ISRCs, in any order.
    pub isrcs: Vec<Isrc>,
    /// What else is known about it.
    pub facts: Facts,
    /// Hash of the audio without its tags: equal hashes are one recording.
    pub audio_hash: [u8; 32],
    /// Decoded duration in seconds.
    pub duration_s: Seconds,
    /// Where the audio was read, for the registry's owner; may be missing.
    pub source_path: Option<String>,
    /// What it is recognised by.
    pub fingerprint: Fingerprint,
}

/// A registered recording.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Recording {
    /// Its number in this registry's segments.
    pub key: RecordingKey,
    /// Its name in this registry.
    pub id: String,
    /// Its ISRCs, sorted.
    pub isrcs: Vec<Isrc>,
    /// What else is known about it.
    #[serde(flatten)]
    pub facts: Facts,
    /// Hash of the audio without its tags.
    #[serde(serialize_with = "as_hex")]
    pub audio_hash: [u8; 32],
    /// Decoded duration in seconds.
    pub duration_s: Seconds,
    /// Where the audio was read.
    pub source_path: Option<String>,
}

impl Recording {
    /// The bytes that stand for this row in the content hash: everything but
    /// the key, which only tells the order of registration.
    pub(super) fn canonical(&self) -> Canonical {
        let mut row = Canonical::new("earmark recording 1");
        row.text(&self.id);
        row.bytes(&self.audio_hash);
        row.bytes(&self.duration_s.to_bits().to_le_bytes());
        row.optional(self.source_path.as_deref());
        for value in self.facts.values() {
            row.optional(value);
        }
        for isrc in &self.isrcs {
            row.text(isrc.as_str());
        }
        row
    }
}

/// What became of one recording of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Added {
    /// It is registered now.
    New {
        /// Its number in the segments.
        key: RecordingKey,
        /// Its name, given or derived.
        id: String,
    },
    /// The same audio was registered before. New ISRCs and facts that were
    /// missing were added to it.
    Duplicate {
        /// The registered recording's name.
        id: String,
        /// Whether anything was added to it.
        changed: bool,
        /// Names of the fields that were given with another value than the
        /// registered one, which was kept.
        kept: Vec<&'static str>,
        /// What changes who may speak for it: applied with consent, else held back.
        authority: Vec<AuthorityChange>,
    },
    /// It cannot be registered; the rest of the batch can.
    Refused(RecordingError),
}

/// Why one recording is not accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RecordingError {
    /// The given id belongs to other audio.
    #[error(
        "the id {id:?} is already given to other audio: choose another id, or remove the old recording first"
    )]
    IdTaken {
        /// The id.
        id: String,
    },
    /// An id that cannot be used.
    #[error("the id {id:?} {reason}")]
    BadId {
        /// The id.
        id: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A text field is far too long.
    #[error("{field} has {found} bytes, more than the limit of {limit}: shorten it")]
    TooLong {
        /// The field's name.
        field: &'static str,
        /// Its length in bytes.
        found: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// A duration that is negative, infinite or not a number.
    #[error("a duration of {found} s is impossible: decode the file again")]
    BadDuration {
        /// The duration as text.
        found: String,
    },
}

/// What became of one id to remove.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Removal {
    /// The recording is gone.
    Removed {
        /// Its former name.
        id: String,
    },
    /// There was no recording of this name.
    Unknown {
        /// The name.
        id: String,
    },
}

impl NewRecording {
    /// The name without blanks around it, checked; `None` when none was given.
    pub(super) fn checked_id(&self) -> Result<Option<String>, RecordingError> {
        let id = self.id.as_deref().map(str::trim).filter(|id| !id.is_empty());
        id.map(|id| check_id(id).map(|()| id.to_owned())).transpose()
    }

    /// Checks what a caller may have got from a file.
    pub(super) fn check(&self) -> Result<(), RecordingError> {
        check_texts(&self.facts, self.source_path.as_deref(), self.duration_s)
    }
}

/// Ids are written into tables, file names and addresses of a page.
pub(super) fn check_id(id: &str) -> Result<(), RecordingError> {
    const LONGEST_ID: usize = 255;
    let reason = if id.len() > LONGEST_ID {
        "has more than 255 bytes: choose a shorter one"
    } else if id.contains(char::is_control) {
        "holds a control character: remove it"
    } else {
        return Ok(());
    };
    Err(RecordingError::BadId { id: id.to_owned(), reason })
}

/// Checks the fields that may come from a file.
pub(super) fn check_texts(
    facts: &Facts,
    source_path: Option<&str>,
    duration_s: Seconds,
) -> Result<(), RecordingError> {
    let texts = Facts::NAMES.into_iter().zip(facts.values());
    for (field, text) in texts.chain([("source_path", source_path)]) {
        let found = text.map_or(0, str::len);
        if found > MAX_TEXT_BYTES {
            return Err(RecordingError::TooLong { field, found, limit: MAX_TEXT_BYTES });
        }
    }
    if !duration_s.is_finite() || duration_s < 0.0 {
        return Err(RecordingError::BadDuration { found: duration_s.to_string() });
    }
    Ok(())
}
