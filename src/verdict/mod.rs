//! The verdict: may this file be used, who said so, and why.
//!
//! [`decide`] is a pure function of what was recognised, what was declared and
//! what is asked. Nothing else reaches it: no clock, no registry, no file.
//!
//! # The rules
//!
//! **One recording.** A declaration speaks about it when its subject does (the
//! recording's id, an ISRC it carries, the prefix of such an ISRC, its owner),
//! its use covers the asked one, it holds in the asked territory and on the
//! asked date (first and last day included).
//!
//! 1. Within one declarant the most specific subject wins: recording, then
//!    ISRC, then prefix, then owner.
//! 2. On the same subject a later declaration about the same use supersedes
//!    the earlier. One about a narrower use is an exception from an earlier
//!    one about a broader use. Said the other way round, the stricter counts.
//! 3. Between declarants the most restrictive wins, and the conflict is told.
//! 4. Without a territory in the question the answer must hold everywhere: the
//!    rules are applied to every territory that is named and to the rest of
//!    the world, and the most restrictive outcome counts.
//! 5. If nobody spoke, the [`Policy`] decides.
//!
//! **One file.** Each finding proposes a verdict; the strictest in the order
//! of [`VerdictKind`] is the file's:
//!
//! | finding | proposes |
//! |---|---|
//! | recording recognised | what the rules above give for it |
//! | possible match | review if that recording may not be used freely; under the policy *review* also when nothing was recognised for certain |
//! | tag ISRC not confirmed by the sound, or contradicted by it | disallowed or constrained if that is declared for it; otherwise review, under the policy *opt-out* nothing |
//! | nothing recognised | no-match; under *opt-in* disallowed |
//! | shorter than [`Question::shortest_s`], nothing recognised | too-short |
//! | the file could not be checked | error |
//!
//! A tag alone never allows anything; it can only restrict.

mod book;
mod judge;
mod question;
mod reason;
mod recognition;
mod standing;
mod wording;

#[cfg(test)]
mod cases;

pub use book::DeclarationBook;
pub use question::{Policy, PolicyError, Question, SHORTEST_S};
pub use reason::{Reason, ReasonCode};
pub use recognition::{Heard, KnownRecording, Recognition, TagClaim};

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::matching::Grade;
use crate::registry::Declaration;

use judge::{Finding, Judge, Sounding, of_grade};

/// The verdict on a file, from the most permissive to the strictest: of
/// several findings the greatest wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum VerdictKind {
    /// Every recording in the file is allowed.
    Allowed,
    /// No registered recording was recognised.
    NoMatch,
    /// A registered recording about which nobody declared anything.
    Undeclared,
    /// A person has to look: something uncertain or contradictory is at stake.
    Review,
    /// Too little audio to recognise anything.
    TooShort,
    /// Allowed under terms only.
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

/// Decides about one file. `declarations` may hold any number of declarations
/// that do not concern it; [`DeclarationBook::concerning`] picks those that do.
pub fn decide<'a>(
    recognition: &Recognition,
    declarations: impl IntoIterator<Item = &'a Declaration>,
    question: &Question,
) -> Verdict {
    let declarations: Vec<&Declaration> = declarations.into_iter().collect();
    let judge = Judge { declarations: &declarations, question };
    let certain = of_grade(recognition, Grade::Match);
    let possible: Vec<Sounding<'_>> = of_grade(recognition, Grade::Possible)
        .into_iter()
        .filter(|possible| !certain.iter().any(|certain| certain.recording.id == possible.recording.id))
        .collect();

    let mut findings = judge.heard(&certain);
    match &recognition.error {
        Some(error) => {
            findings.push(Finding { kind: VerdictKind::Error, reasons: vec![wording::error(error)] })
        }
        None if certain.is_empty() => findings.push(judge.nothing_heard(recognition.duration_s)),
        None => {}
    }
    findings.extend(possible.iter().map(|possible| judge.possible(possible, certain.is_empty())));
    findings.extend(recognition.tags.iter().map(|tag| judge.tag(tag, &certain, &possible)));

    // Stable: findings of one kind stay in the order above.
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.kind));
    // Every file has a finding: a certain match, an error, or that nothing was heard.
    let kind = findings.first().map_or(VerdictKind::NoMatch, |finding| finding.kind);
    Verdict { kind, reasons: findings.into_iter().flat_map(|finding| finding.reasons).collect() }
}
