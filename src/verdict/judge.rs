//! What each thing that was found proposes.

use crate::matching::Grade;
use crate::units::Seconds;

use super::overlap::covered_s;
use super::reason::ReasonCode;
use super::standing::{Answer, Standing, standing};
use super::{DeclarationBook, KnownRecording, Policy, Reason, Recognition, TagClaim, VerdictKind, wording};

/// Of a file, at least this part has to be recognised for the recordings heard
/// to stand for all of it. More than half: then less is unknown than known, and
/// what is unknown is beginnings, ends and voices over the music. A file of
/// which most is unknown is not allowed because something in it is.
const LEAST_RECOGNISED: f64 = 0.5;

/// One thing found and what it proposes.
pub(super) struct Finding {
    pub(super) kind: VerdictKind,
    pub(super) reasons: Vec<Reason>,
}

/// A recording with every range in which it was heard.
pub(super) struct Sounding<'a> {
    pub(super) recording: &'a KnownRecording,
    pub(super) ranges: Vec<(Seconds, Seconds)>,
    /// The recording of which it was a sibling wherever it was heard.
    sibling_of: Option<&'a str>,
    /// It fills less of the file than was asked for.
    short: bool,
    /// More recordings may hold its audio than are among those heard.
    more_siblings: bool,
}

impl Sounding<'_> {
    fn carries(&self, tag: &TagClaim) -> bool {
        self.recording.isrcs.contains(&tag.isrc)
            || tag.recordings.iter().any(|claimed| claimed.id == self.recording.id)
    }
}

/// The recordings heard with this grade, each once, in the order given.
pub(super) fn of_grade<'a>(
    recognition: &'a Recognition,
    grade: Grade,
    book: &DeclarationBook,
) -> Vec<Sounding<'a>> {
    let mut places = std::collections::HashMap::new();
    let mut soundings: Vec<Sounding<'a>> = Vec::new();
    for heard in recognition.matches.iter().filter(|heard| heard.grade == grade) {
        let range = (heard.query_start_s, heard.query_end_s);
        let place = *places.entry(heard.recording.id.as_str()).or_insert_with(|| {
            soundings.push(Sounding {
                recording: &heard.recording,
                ranges: Vec::new(),
                sibling_of: heard.sibling_of.as_deref(),
                short: false,
                more_siblings: false,
            });
            soundings.len() - 1
        });
        let sounding = &mut soundings[place];
        sounding.ranges.push(range);
        sounding.more_siblings |= heard.more_siblings;
        if heard.sibling_of.is_none() {
            sounding.sibling_of = None;
        }
    }
    for sounding in &mut soundings {
        let heard_s = covered_s(sounding.ranges.iter().copied());
        sounding.short = book.question().min_overlap.is_more_than(heard_s, recognition.duration_s);
    }
    soundings
}

/// The rules, applied with what the book has.
pub(super) struct Judge<'a> {
    pub(super) book: &'a DeclarationBook,
}

impl Judge<'_> {
    fn policy(&self) -> Policy {
        self.book.question().policy
    }

    fn standing(&self, recording: &KnownRecording) -> Standing<'_> {
        standing(recording, self.book)
    }

    /// The recordings heard for certain.
    pub(super) fn heard(&self, certain: &[Sounding<'_>]) -> Vec<Finding> {
        let mut findings: Vec<Finding> = certain.iter().map(|sounding| self.sounding(sounding)).collect();
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

    fn sounding(&self, sounding: &Sounding<'_>) -> Finding {
        let Sounding { recording, ranges, .. } = sounding;
        let standing = self.standing(recording);
        let outcome = standing.outcome(self.policy());
        let mut reasons = vec![match sounding.sibling_of {
            Some(heard) => wording::sibling(recording, heard, ranges),
            None => wording::recognised(recording, ranges),
        }];
        if sounding.short {
            let heard_s = covered_s(ranges.iter().copied());
            reasons.push(wording::short_passage(recording, heard_s, self.book.question()));
        }
        reasons.extend(wording::declared(recording, &standing, self.book));
        Finding { kind: if sounding.short { outcome.min(VerdictKind::Review) } else { outcome }, reasons }
    }

    /// Recordings that could not be named: what was declared about them is not known.
    pub(super) fn unnamed(&self, soundings: &[Sounding<'_>]) -> Vec<Finding> {
        let crowded = soundings.iter().filter(|sounding| sounding.more_siblings);
        let finding = |sounding: &Sounding<'_>| Finding {
            kind: VerdictKind::Review,
            reasons: vec![wording::siblings_incomplete(sounding.recording, &sounding.ranges)],
        };
        crowded.map(finding).collect()
    }

    /// What no recording heard for certain stands for.
    pub(super) fn rest(&self, duration_s: Seconds, certain: &[Sounding<'_>]) -> Option<Finding> {
        let covered = covered_s(certain.iter().flat_map(|sounding| sounding.ranges.iter().copied()));
        let kind = match self.policy() {
            Policy::Review | Policy::OptOut => VerdictKind::NoMatch,
            Policy::OptIn => VerdictKind::Disallowed,
        };
        if !certain.is_empty() {
            let most = covered < duration_s * LEAST_RECOGNISED;
            let reasons = || wording::rest(covered, duration_s, self.policy());
            return most.then(|| Finding { kind, reasons: reasons() });
        }
        let shortest_s = self.book.question().shortest_s;
        // Written so that a duration that is no number counts as too short.
        let long_enough = duration_s >= shortest_s;
        if !long_enough {
            let reasons = vec![wording::too_short(duration_s, shortest_s)];
            return Some(Finding { kind: VerdictKind::TooShort, reasons });
        }
        Some(Finding { kind, reasons: wording::no_match(self.policy()) })
    }

    /// A recording that may be in the file.
    pub(super) fn possible(&self, possible: &Sounding<'_>, nothing_certain: bool) -> Finding {
        let standing = self.standing(possible.recording);
        let kind = match standing.outcome(self.policy()) {
            VerdictKind::Allowed if self.policy() == Policy::Review && nothing_certain => VerdictKind::Review,
            VerdictKind::Allowed => VerdictKind::Allowed,
            _ => VerdictKind::Review,
        };
        let mut reasons = vec![wording::possible(possible.recording, &possible.ranges)];
        reasons.extend(wording::declared(possible.recording, &standing, self.book));
        Finding { kind, reasons }
    }

    /// What a tag claims, held against the sound.
    pub(super) fn tag(&self, tag: &TagClaim, certain: &[Sounding<'_>], possible: &[Sounding<'_>]) -> Finding {
        if let Some(agreeing) = certain.iter().find(|sounding| sounding.carries(tag)) {
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
        let is_spoken_of =
            |standing: &Standing<'_>| standing.answer().is_some() || !standing.claims.is_empty();
        // A code nobody knows says little; beside a recording that has codes
        // of its own it says that this is not that recording.
        let contradicts = if tag.recordings.is_empty() {
            certain.iter().any(|sounding| !sounding.recording.isrcs.is_empty())
        } else {
            !certain.is_empty() && !possible.iter().any(|sounding| sounding.carries(tag))
        };
        let code = if contradicts {
            ReasonCode::TagContradictsSound
        } else if tag.recordings.is_empty() && !standings.iter().any(is_spoken_of) {
            return Finding { kind: VerdictKind::Allowed, reasons: vec![wording::tag_unknown(tag.isrc)] };
        } else {
            ReasonCode::TagNotConfirmed
        };
        let doubt = match self.policy() {
            Policy::OptOut => VerdictKind::Allowed,
            Policy::Review | Policy::OptIn => VerdictKind::Review,
        };
        let restricted = standings.iter().map(|standing| match standing.answer() {
            Some(Answer::Disallow) => VerdictKind::Disallowed,
            Some(Answer::Constrain) => VerdictKind::Constrained,
            _ if standing.claims_matter => VerdictKind::Review,
            Some(Answer::Allow) | None => doubt,
        });
        let kind = restricted.max().unwrap_or(doubt);
        let heard = certain.first().map(|sounding| sounding.recording);
        let mut reasons = vec![wording::tag_unconfirmed(code, tag, heard)];
        for (recording, standing) in claimed.iter().zip(&standings) {
            if is_spoken_of(standing) {
                reasons.extend(wording::declared(recording, standing, self.book));
            }
        }
        Finding { kind, reasons }
    }

    /// What those who may speak for the recordings heard agreed to, if the file
    /// holds nothing else of weight.
    pub(super) fn agreed(&self, duration_s: Seconds, certain: &[Sounding<'_>]) -> Agreed {
        if certain.is_empty() || self.rest(duration_s, certain).is_some() {
            return Agreed::Nothing;
        }
        let standings: Vec<Standing<'_>> =
            certain.iter().map(|sounding| self.standing(sounding.recording)).collect();
        let allowed =
            |standing: &Standing<'_>| standing.answer() == Some(Answer::Allow) && !standing.silent_somewhere;
        if !standings.iter().all(allowed) {
            return Agreed::Nothing;
        }
        let licensed =
            |standing: &Standing<'_>| standing.deciding.iter().all(|voice| voice.licence.is_some());
        if standings.iter().all(licensed) { Agreed::Licensed } else { Agreed::Allowed }
    }
}

/// How far a use is agreed to by those who may speak for all that is heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Agreed {
    /// Somebody is not asked or says no.
    Nothing,
    /// All allow it.
    Allowed,
    /// All allow it under terms that are met.
    Licensed,
}
