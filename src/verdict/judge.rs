//! What each thing that was found proposes.

use crate::matching::Grade;
use crate::registry::{Declaration, Permission};
use crate::units::Seconds;

use super::reason::ReasonCode;
use super::standing::{Standing, standing};
use super::{KnownRecording, Policy, Question, Reason, Recognition, TagClaim, VerdictKind, wording};

/// One thing found and what it proposes.
pub(super) struct Finding {
    pub(super) kind: VerdictKind,
    pub(super) reasons: Vec<Reason>,
}

/// A recording with every range in which it was heard.
pub(super) struct Sounding<'a> {
    pub(super) recording: &'a KnownRecording,
    ranges: Vec<(Seconds, Seconds)>,
}

/// The recordings heard with this grade, each once, in the order given.
pub(super) fn of_grade(recognition: &Recognition, grade: Grade) -> Vec<Sounding<'_>> {
    let mut soundings: Vec<Sounding<'_>> = Vec::new();
    for heard in recognition.matches.iter().filter(|heard| heard.grade == grade) {
        let range = (heard.query_start_s, heard.query_end_s);
        match soundings.iter_mut().find(|known| known.recording.id == heard.recording.id) {
            Some(known) => known.ranges.push(range),
            None => soundings.push(Sounding { recording: &heard.recording, ranges: vec![range] }),
        }
    }
    soundings
}

/// The declarations and the question, together with the rules.
pub(super) struct Judge<'a> {
    pub(super) declarations: &'a [&'a Declaration],
    pub(super) question: &'a Question,
}

impl Judge<'_> {
    /// What the declarations and the policy make of one recording.
    fn outcome(&self, standing: &Standing<'_>) -> VerdictKind {
        match standing.permission() {
            Some(Permission::Disallow) => VerdictKind::Disallowed,
            Some(Permission::Constrain { .. }) => VerdictKind::Constrained,
            Some(Permission::Allow) => VerdictKind::Allowed,
            None => match self.question.policy {
                Policy::Review => VerdictKind::Undeclared,
                Policy::OptOut => VerdictKind::Allowed,
                Policy::OptIn => VerdictKind::Disallowed,
            },
        }
    }

    fn standing(&self, recording: &KnownRecording) -> Standing<'_> {
        standing(recording, self.declarations, self.question)
    }

    /// The recordings heard for certain.
    pub(super) fn heard(&self, certain: &[Sounding<'_>]) -> Vec<Finding> {
        let mut findings: Vec<Finding> = certain
            .iter()
            .map(|sounding| {
                let standing = self.standing(sounding.recording);
                let mut reasons = vec![wording::recognised(sounding.recording, &sounding.ranges)];
                reasons.extend(wording::declared(sounding.recording, &standing, self.question));
                Finding { kind: self.outcome(&standing), reasons }
            })
            .collect();
        let strictest = findings.iter().map(|finding| finding.kind).max();
        let hangs_on: Vec<&KnownRecording> = certain
            .iter()
            .zip(&findings)
            .filter(|(_, finding)| Some(finding.kind) == strictest)
            .map(|(sounding, _)| sounding.recording)
            .collect();
        if hangs_on.len() < findings.len()
            && let Some(finding) = findings.iter_mut().find(|finding| Some(finding.kind) == strictest)
        {
            finding.reasons.push(wording::hangs_on(&hangs_on, certain.len()));
        }
        findings
    }

    /// No recording was heard for certain.
    pub(super) fn nothing_heard(&self, duration_s: Seconds) -> Finding {
        // Written so that a duration that is no number counts as too short.
        let long_enough = duration_s >= self.question.shortest_s;
        if !long_enough {
            let reasons = vec![wording::too_short(duration_s, self.question.shortest_s)];
            return Finding { kind: VerdictKind::TooShort, reasons };
        }
        let kind = match self.question.policy {
            Policy::Review | Policy::OptOut => VerdictKind::NoMatch,
            Policy::OptIn => VerdictKind::Disallowed,
        };
        Finding { kind, reasons: wording::no_match(self.question.policy) }
    }

    /// A recording that may be in the file.
    pub(super) fn possible(&self, possible: &Sounding<'_>, nothing_certain: bool) -> Finding {
        let standing = self.standing(possible.recording);
        let kind = match self.outcome(&standing) {
            VerdictKind::Allowed if self.question.policy == Policy::Review && nothing_certain => {
                VerdictKind::Review
            }
            VerdictKind::Allowed => VerdictKind::Allowed,
            _ => VerdictKind::Review,
        };
        let mut reasons = vec![wording::possible(possible.recording, &possible.ranges)];
        reasons.extend(wording::declared(possible.recording, &standing, self.question));
        Finding { kind, reasons }
    }

    /// What a tag claims, held against the sound.
    pub(super) fn tag(&self, tag: &TagClaim, certain: &[Sounding<'_>], possible: &[Sounding<'_>]) -> Finding {
        let carries = |sounding: &Sounding<'_>| {
            sounding.recording.isrcs.contains(&tag.isrc)
                || tag.recordings.iter().any(|claimed| claimed.id == sounding.recording.id)
        };
        if let Some(agreeing) = certain.iter().find(|sounding| carries(sounding)) {
            let reasons = vec![wording::tag_agrees(tag.isrc, agreeing.recording)];
            return Finding { kind: VerdictKind::Allowed, reasons };
        }
        let nameless;
        let claimed: &[KnownRecording] = if tag.recordings.is_empty() {
            // The prefix or the ISRC itself may be declared without the recording being registered.
            nameless =
                [KnownRecording { id: String::new(), isrcs: vec![tag.isrc], owner: None, title: None }];
            &nameless
        } else {
            &tag.recordings
        };
        let standings: Vec<Standing<'_>> = claimed.iter().map(|recording| self.standing(recording)).collect();
        let spoken_of = standings.iter().any(|standing| standing.permission().is_some());
        // A code nobody knows says little; beside a recording that has codes
        // of its own it says that this is not that recording.
        let contradicts = if tag.recordings.is_empty() {
            certain.iter().any(|sounding| !sounding.recording.isrcs.is_empty())
        } else {
            !certain.is_empty() && !possible.iter().any(carries)
        };
        let code = if contradicts {
            ReasonCode::TagContradictsSound
        } else if tag.recordings.is_empty() && !spoken_of {
            return Finding { kind: VerdictKind::Allowed, reasons: vec![wording::tag_unknown(tag.isrc)] };
        } else {
            ReasonCode::TagNotConfirmed
        };
        let restricted = standings
            .iter()
            .filter_map(|standing| match standing.permission()? {
                Permission::Disallow => Some(VerdictKind::Disallowed),
                Permission::Constrain { .. } => Some(VerdictKind::Constrained),
                Permission::Allow => None,
            })
            .max();
        let kind = restricted.unwrap_or(match self.question.policy {
            Policy::OptOut => VerdictKind::Allowed,
            Policy::Review | Policy::OptIn => VerdictKind::Review,
        });
        let mut reasons =
            vec![wording::tag_unconfirmed(code, tag, certain.first().map(|sounding| sounding.recording))];
        for (recording, standing) in claimed.iter().zip(&standings) {
            if standing.permission().is_some() {
                reasons.extend(wording::declared(recording, standing, self.question));
            }
        }
        Finding { kind, reasons }
    }
}
