//! What was found out about a file, as plain data.

use serde::Serialize;

use crate::audio::{RightsSignal, Unheard};
use crate::isrc::Isrc;
use crate::matching::Grade;
use crate::registry::{About, Recording};
use crate::units::Seconds;

/// What the verdict needs to know about a registered recording.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KnownRecording {
    /// Its id in the registry; not empty.
    pub id: String,
    /// The ISRCs it carries.
    pub isrcs: Vec<Isrc>,
    /// Its owner; decides who may speak for it.
    pub owner: Option<String>,
    /// Its title, for the reasons' texts.
    pub title: Option<String>,
}

impl KnownRecording {
    /// What it takes to know who speaks for it.
    pub fn about(&self) -> About<'_> {
        About { id: &self.id, isrcs: &self.isrcs, owner: self.owner.as_deref() }
    }
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
    /// Of a recording that holds the same audio as another one that was heard:
    /// the id of that one. The sound may be either, so the verdict has to hold
    /// for both.
    pub sibling_of: Option<String>,
    /// Whether more registered recordings may hold this audio than could be named.
    pub more_siblings: bool,
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
    /// What holds audio, or may hold some, and was not heard.
    pub unheard: Vec<Unheard>,
    /// The ISRCs in the tags.
    pub tags: Vec<TagClaim>,
    /// What the file says about rights.
    pub signals: Vec<RightsSignal>,
    /// Why the file could not be checked, if it could not.
    pub error: Option<String>,
}
