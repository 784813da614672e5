//! Reasons: a fixed vocabulary of codes, each with a sentence for people.

use std::fmt;

use serde::Serialize;

use crate::isrc::Isrc;
use crate::registry::Declaration;

use super::KnownRecording;

/// What a reason is about. Codes stay; texts may be reworded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ReasonCode {
    /// A registered recording was recognised in the sound.
    Recognised,
    /// The sound may hold this recording; that is not certain.
    PossibleMatch,
    /// A recording that holds the same audio as one that was heard: the sound
    /// may be either.
    Sibling,
    /// More registered recordings may hold the audio of one that was heard than could be
    /// named.
    SiblingsIncomplete,
    /// A recording that fills less of the file than was asked for.
    ShortPassage,
    /// No registered recording was recognised.
    NoMatch,
    /// The recordings heard fill less than half of the file; the rest is
    /// judged as if nothing had been recognised.
    RestUnrecognised,
    /// A part of the file was not heard, and may hold a recording.
    NotHeard,
    /// A declaration disallows the use.
    DeclaredDisallow,
    /// A declaration allows the use under terms.
    DeclaredConstrain,
    /// A declaration allows the use.
    DeclaredAllow,
    /// The terms of a declaration are met by a licence among the accepted terms.
    LicenceAccepted,
    /// Nobody who may speak for the recording declared anything that answers
    /// the question.
    Undeclared,
    /// The policy takes silence as permission.
    SilenceAllows,
    /// The policy takes silence as refusal.
    SilenceDenies,
    /// Somebody who may not speak for the recording said something about it; a
    /// claim can lead to a review and to nothing else.
    Claim,
    /// Declarants disagree; the stricter counted.
    Conflict,
    /// Declarations that their declarant took back, and the rows that did so.
    Withdrawn,
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
    /// Rows that count on the date and were received after it.
    ReceivedLater,
    /// The file holds or may hold several recordings, and the verdict comes from
    /// some of them.
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
    /// The file itself says, for machines to read, that the use is not allowed.
    SignalDisallow,
    /// The file itself says, for machines to read, that the use is allowed
    /// under terms.
    SignalConstrain,
    /// The file itself says that the use is allowed, which is no permission.
    SignalAllow,
    /// Texts about rights in the file, for people to read.
    SignalText,
    /// Too little audio to recognise anything.
    TooShort,
    /// The file could not be checked.
    Error,
}

impl ReasonCode {
    /// Every code, in the order of the documentation.
    pub const ALL: [Self; 35] = [
        Self::Recognised,
        Self::PossibleMatch,
        Self::Sibling,
        Self::SiblingsIncomplete,
        Self::ShortPassage,
        Self::NoMatch,
        Self::RestUnrecognised,
        Self::NotHeard,
        Self::DeclaredDisallow,
        Self::DeclaredConstrain,
        Self::DeclaredAllow,
        Self::LicenceAccepted,
        Self::Undeclared,
        Self::SilenceAllows,
        Self::SilenceDenies,
        Self::Claim,
        Self::Conflict,
        Self::Withdrawn,
        Self::Overruled,
        Self::OtherUse,
        Self::NotInForce,
        Self::OtherTerritory,
        Self::TerritoryNotAsked,
        Self::ReceivedLater,
        Self::HangsOnRecording,
        Self::TagAgrees,
        Self::TagNotConfirmed,
        Self::TagContradictsSound,
        Self::TagUnknown,
        Self::SignalDisallow,
        Self::SignalConstrain,
        Self::SignalAllow,
        Self::SignalText,
        Self::TooShort,
        Self::Error,
    ];

    /// The code's name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Recognised => "recognised",
            Self::PossibleMatch => "possible-match",
            Self::Sibling => "sibling",
            Self::SiblingsIncomplete => "siblings-incomplete",
            Self::ShortPassage => "short-passage",
            Self::NoMatch => "no-match",
            Self::RestUnrecognised => "rest-unrecognised",
            Self::NotHeard => "not-heard",
            Self::DeclaredDisallow => "declared-disallow",
            Self::DeclaredConstrain => "declared-constrain",
            Self::DeclaredAllow => "declared-allow",
            Self::LicenceAccepted => "licence-accepted",
            Self::Undeclared => "undeclared",
            Self::SilenceAllows => "silence-allows",
            Self::SilenceDenies => "silence-denies",
            Self::Claim => "claim",
            Self::Conflict => "conflict",
            Self::Withdrawn => "withdrawn",
            Self::Overruled => "overruled",
            Self::OtherUse => "other-use",
            Self::NotInForce => "not-in-force",
            Self::OtherTerritory => "other-territory",
            Self::TerritoryNotAsked => "territory-not-asked",
            Self::ReceivedLater => "received-later",
            Self::HangsOnRecording => "hangs-on-recording",
            Self::TagAgrees => "tag-agrees",
            Self::TagNotConfirmed => "tag-not-confirmed",
            Self::TagContradictsSound => "tag-contradicts-sound",
            Self::TagUnknown => "tag-unknown",
            Self::SignalDisallow => "signal-disallow",
            Self::SignalConstrain => "signal-constrain",
            Self::SignalAllow => "signal-allow",
            Self::SignalText => "signal-text",
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
    /// Numbers of the mandates and owner rows by which those who declared that
    /// may speak, ascending. None are needed where the recording's owner speaks
    /// under the name in the label copy.
    pub grounds: Vec<u64>,
    /// Id of the recording it is about, if it is about one.
    pub recording: Option<String>,
    /// The tag's ISRC, if it is about one.
    pub isrc: Option<Isrc>,
}

impl Reason {
    /// A reason that cites nothing.
    pub fn new(code: ReasonCode, text: String) -> Self {
        Self { code, text, declarations: Vec::new(), grounds: Vec::new(), recording: None, isrc: None }
    }

    pub(super) fn about(mut self, recording: &KnownRecording) -> Self {
        self.recording = Some(recording.id.clone()).filter(|id| !id.is_empty());
        self
    }

    pub(super) fn tag(mut self, isrc: Isrc) -> Self {
        self.isrc = Some(isrc);
        self
    }

    pub(super) fn citing<'a>(mut self, declarations: impl IntoIterator<Item = &'a Declaration>) -> Self {
        self.declarations = declarations.into_iter().map(|declaration| declaration.seq).collect();
        self.declarations.sort_unstable();
        self.declarations.dedup();
        self
    }

    pub(super) fn by(mut self, grounds: impl IntoIterator<Item = u64>) -> Self {
        self.grounds = grounds.into_iter().collect();
        self.grounds.sort_unstable();
        self.grounds.dedup();
        self
    }
}
