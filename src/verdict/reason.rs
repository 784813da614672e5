//! Reasons: a fixed vocabulary of codes, each with a sentence for people.

use std::fmt;

use serde::Serialize;

use crate::isrc::Isrc;
use crate::registry::Declaration;

use super::KnownRecording;

/// What a reason is about. Codes stay; texts may be reworded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReasonCode {
    /// A registered recording was recognised in the sound.
    Recognised,
    /// The sound may hold this recording; that is not certain.
    PossibleMatch,
    /// No registered recording was recognised.
    NoMatch,
    /// A declaration disallows the use.
    DeclaredDisallow,
    /// A declaration allows the use under terms.
    DeclaredConstrain,
    /// A declaration allows the use.
    DeclaredAllow,
    /// Nobody declared anything that answers the question.
    Undeclared,
    /// The policy takes silence as permission.
    SilenceAllows,
    /// The policy takes silence as refusal.
    SilenceDenies,
    /// Declarants disagree; the stricter counted.
    Conflict,
    /// Declarations set aside for a more specific, later or stricter one of
    /// the same declarant.
    Overruled,
    /// Declarations about the recording that speak about another use.
    OtherUse,
    /// Declarations about the recording that were not in force on the date.
    NotInForce,
    /// Declarations about the recording that hold elsewhere.
    OtherTerritory,
    /// No territory was asked, and a territorial declaration made a difference.
    TerritoryNotAsked,
    /// The file holds several recordings and the verdict comes from some of them.
    HangsOnRecording,
    /// The tag's ISRC belongs to the recording that was heard.
    TagAgrees,
    /// The tag's ISRC is registered or declared about, and the sound neither
    /// confirms nor contradicts it.
    TagNotConfirmed,
    /// The tag's ISRC belongs to another recording than the one heard.
    TagContradictsSound,
    /// The tag's ISRC is not known to the registry.
    TagUnknown,
    /// Too little audio to recognise anything.
    TooShort,
    /// The file could not be checked.
    Error,
}

impl ReasonCode {
    /// The code's name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Recognised => "recognised",
            Self::PossibleMatch => "possible-match",
            Self::NoMatch => "no-match",
            Self::DeclaredDisallow => "declared-disallow",
            Self::DeclaredConstrain => "declared-constrain",
            Self::DeclaredAllow => "declared-allow",
            Self::Undeclared => "undeclared",
            Self::SilenceAllows => "silence-allows",
            Self::SilenceDenies => "silence-denies",
            Self::Conflict => "conflict",
            Self::Overruled => "overruled",
            Self::OtherUse => "other-use",
            Self::NotInForce => "not-in-force",
            Self::OtherTerritory => "other-territory",
            Self::TerritoryNotAsked => "territory-not-asked",
            Self::HangsOnRecording => "hangs-on-recording",
            Self::TagAgrees => "tag-agrees",
            Self::TagNotConfirmed => "tag-not-confirmed",
            Self::TagContradictsSound => "tag-contradicts-sound",
            Self::TagUnknown => "tag-unknown",
            Self::TooShort => "too-short",
            Self::Error => "error",
        }
    }
}

impl fmt::Display for ReasonCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One reason for a verdict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// What it is about.
    pub code: ReasonCode,
    /// The same as a sentence.
    pub text: String,
    /// Numbers of the declarations it rests on, ascending.
    pub declarations: Vec<u64>,
    /// Id of the recording it is about, if it is about one.
    pub recording: Option<String>,
    /// The tag's ISRC, if it is about one.
    pub isrc: Option<Isrc>,
}

impl Reason {
    pub(super) fn new(code: ReasonCode, text: String) -> Self {
        Self { code, text, declarations: Vec::new(), recording: None, isrc: None }
    }

    pub(super) fn about(mut self, recording: &KnownRecording) -> Self {
        self.recording = Some(recording.id.clone()).filter(|id| !id.is_empty());
        self
    }

    pub(super) fn tag(mut self, isrc: Isrc) -> Self {
        self.isrc = Some(isrc);
        self
    }

    pub(super) fn citing(mut self, declarations: &[&Declaration]) -> Self {
        self.declarations = declarations.iter().map(|declaration| declaration.seq).collect();
        self.declarations.sort_unstable();
        self
    }
}
