//! What was found out about a file, as plain data.

use serde::Serialize;

use crate::isrc::Isrc;
use crate::matching::Grade;
use crate::registry::Recording;
use crate::units::Seconds;

/// What the verdict needs to know about a registered recording.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KnownRecording {
    /// Its id in the registry; not empty.
    pub id: String,
    /// The ISRCs it carries.
    pub isrcs: Vec<Isrc>,
    /// Its owner; decides which owner-wide declarations apply.
    pub owner: Option<String>,
    /// Its title, for the reasons' texts.
    pub title: Option<String>,
}

impl From<&Recording> for KnownRecording {
    fn from(recording: &Recording) -> Self {
        Self {
            id: recording.id.clone(),
            isrcs: recording.isrcs.clone(),
            owner: recording.facts.owner.clone(),
            title: recording.facts.title.clone(),
        }
    }
}

/// A recording recognised by its sound.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Heard {
    /// Which one.
    pub recording: KnownRecording,
    /// How certain that is.
    pub grade: Grade,
    /// Where it starts in the file, in seconds.
    pub query_start_s: Seconds,
    /// Where it ends in the file, in seconds.
    pub query_end_s: Seconds,
}

/// An ISRC in the file's tags.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TagClaim {
    /// The ISRC.
    pub isrc: Isrc,
    /// The registered recordings that carry it; empty if there are none.
    pub recordings: Vec<KnownRecording>,
}

/// Everything that was found out about one file.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Recognition {
    /// Duration of the decoded audio in seconds.
    pub duration_s: Seconds,
    /// What was heard, in any order; a recording may occur several times.
    pub matches: Vec<Heard>,
    /// The ISRCs in the tags.
    pub tags: Vec<TagClaim>,
    /// Why the file could not be checked, if it could not.
    pub error: Option<String>,
}
