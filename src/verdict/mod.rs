//! The verdict: may this file be used, who said so, and why.
//!
//! [`decide`] is a pure function of what was recognised, what is known about
//! rights and what is asked. Nothing else reaches it: no clock, no registry, no
//! file. `docs/verdicts.md` explains every rule by cases; the tests of this
//! module read that page and hold the function to it.
//!
//! # The rules
//!
//! **One recording.** A declaration speaks about it when its subject does: the
//! recording's id, an ISRC it carries, the prefix of such an ISRC, its owner or
//! one above it, or everything for which the declarant may speak. It answers the
//! question when its use covers the asked one, and it holds in the asked
//! territory and on the asked day (first and last day included).
//!
//! 1. It counts if its declarant may speak for the recording on that day: as
//!    its owner, as one above it, or by a mandate ([`crate::registry::Authority`]).
//!    Anything else is a *claim*. If the answer would be another one did the
//!    claims count, the outcome is at least *review*; they do nothing else. For a
//!    recording without an owner and without mandates all statements are claims.
//! 2. Within one declarant, whatever its names, the most specific subject wins:
//!    recording, then ISRC, prefix, owner, everything.
//! 3. On the same subject a later declaration about the same use supersedes
//!    the earlier. One about a narrower use is an exception from an earlier
//!    one about a broader use. Said the other way round, the stricter counts.
//!    A withdrawal leaves silence.
//! 4. A constraint whose terms are met by an accepted licence is a permission.
//! 5. Between declarants the most restrictive wins, and the conflict is told.
//! 6. Without a territory in the question the answer must hold everywhere: the
//!    rules are applied to every territory that is named and to the rest of
//!    the world, and the most restrictive outcome counts.
//! 7. If nobody spoke who may, the [`Policy`] decides.
//!
//! Validity decides, not receipt: rows that were received after the asked day
//! count and are told.
//!
//! **One file.** Each finding proposes a verdict; the strictest in the order
//! of [`VerdictKind`] is the file's:
//!
//! | finding | proposes |
//! |---|---|
//! | recording recognised, or a sibling that holds the same audio | what the rules above give for it |
//! | more siblings of it than could be named | review |
//! | the same, filling less of the file than [`MinOverlap`] | that, but review at most |
//! | recordings that fill less than half of the file | for the rest what *nothing recognised* proposes |
//! | possible match | review if that recording may not be used freely; under the policy *review* also when nothing was recognised for certain |
//! | tag ISRC not confirmed by the sound, or contradicted by it | disallowed or constrained if that is declared for it; otherwise review, under the policy *opt-out* only for a claim |
//! | reservation in the file for machines to read | disallowed or constrained; review if those who may speak for all that is heard allow the use, or if it is about an ingredient; a constraint nothing where all of it is licensed |
//! | nothing recognised | no-match; under *opt-in* disallowed |
//! | parts that were not heard and may hold a passage of [`Question::shortest_s`] | review |
//! | shorter than [`Question::shortest_s`], nothing recognised | too-short |
//! | the file could not be checked | error |
//!
//! What a file says about itself, in tags or signals, can restrict and never allow.

mod book;
mod declared;
mod hearing;
mod judge;
mod licence;
mod overlap;
mod question;
mod reason;
mod recognition;
mod signals;
mod standing;
mod wording;

#[cfg(test)]
mod tests;

pub use book::DeclarationBook;
pub use licence::{AcceptedTerms, AcceptedTermsError, Licence, MAX_ACCEPTED_TERMS_BYTES};
pub use overlap::{MinOverlap, MinOverlapError};
pub use question::{Policy, PolicyError, Question, SHORTEST_S};
pub use reason::{Reason, ReasonCode};
pub use recognition::{Heard, KnownRecording, Recognition, TagClaim};

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::matching::Grade;

use judge::{Agreed, Finding, Judge, Sounding, of_grade};

/// The verdict on a file, from the most permissive to the strictest: of
/// several findings the greatest wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum VerdictKind {
    /// Every recording recognised in the file is allowed, and they fill at least
    /// half of it.
    Allowed,
    /// No registered recording was recognised, or none that restricts anything
    /// in a file of which most was not recognised.
    NoMatch,
    /// A registered recording about which nobody who may declared anything.
    Undeclared,
    /// A person has to look: something uncertain or contradictory is at stake.
    Review,
    /// Too little audio to recognise anything.
    TooShort,
    /// Allowed under terms that are not among the accepted ones.
    Constrained,
    /// The file could not be checked.
    Error,
    /// Not allowed.
    Disallowed,
}

impl VerdictKind {
    /// The name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::NoMatch => "no-match",
            Self::Undeclared => "undeclared",
            Self::Review => "review",
            Self::TooShort => "too-short",
            Self::Constrained => "constrained",
            Self::Error => "error",
            Self::Disallowed => "disallowed",
        }
    }
}

impl fmt::Display for VerdictKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The answer for one file.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Verdict {
    /// The verdict.
    #[serde(rename = "verdict")]
    pub kind: VerdictKind,
    /// Why, what decided first. Never empty.
    pub reasons: Vec<Reason>,
}

/// Decides about one file.
pub fn decide(recognition: &Recognition, book: &DeclarationBook) -> Verdict {
    let judge = Judge { book };
    let certain = of_grade(recognition, Grade::Match, book);
    let possible: Vec<Sounding<'_>> = of_grade(recognition, Grade::Possible, book)
        .into_iter()
        .filter(|possible| !certain.iter().any(|certain| certain.recording.id == possible.recording.id))
        .collect();

    let mut findings = judge.heard(&certain);
    findings.extend(judge.unnamed(&certain));
    findings.extend(judge.unnamed(&possible));
    match &recognition.error {
        Some(error) => {
            findings.push(Finding { kind: VerdictKind::Error, reasons: vec![wording::error(error)] })
        }
        None => findings.extend(judge.rest(recognition.duration_s, &certain)),
    }
    let unheard = hearing::unheard(&recognition.unheard, book.question().shortest_s);
    findings.extend(hearing::judge(&unheard));
    findings.extend(possible.iter().map(|possible| judge.possible(possible, certain.is_empty())));
    findings.extend(recognition.tags.iter().map(|tag| judge.tag(tag, &certain, &possible)));
    if !recognition.signals.is_empty() {
        // Nobody has agreed to what nobody has heard.
        let agreed = match unheard.is_empty() {
            true => judge.agreed(recognition.duration_s, &certain),
            false => Agreed::Nothing,
        };
        findings.extend(signals::judge(&recognition.signals, book.question().use_, agreed));
    }

    // Stable: findings of one kind stay in the order above.
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.kind));
    // Every file has a finding: a certain match, an error, or that nothing was heard.
    let kind = findings.first().map_or(VerdictKind::NoMatch, |finding| finding.kind);
    Verdict { kind, reasons: findings.into_iter().flat_map(|finding| finding.reasons).collect() }
}
