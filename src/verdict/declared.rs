//! What is declared about recordings, without a file.

use super::standing::standing;
use super::{DeclarationBook, KnownRecording, Verdict, VerdictKind, wording};

impl DeclarationBook {
    /// What is declared about `recordings`, of which a user holds one: the strictest
    /// counts. It says what a file would get that is heard to be that recording and
    /// nothing else; an ISRC by itself proves no such thing.
    ///
    /// `recordings` is not empty.
    pub fn declared(&self, recordings: &[KnownRecording]) -> Verdict {
        let policy = self.question().policy;
        let mut findings: Vec<Verdict> = recordings
            .iter()
            .map(|recording| {
                let standing = standing(recording, self);
                let reasons = wording::declared(recording, &standing, self);
                Verdict { kind: standing.outcome(policy), reasons }
            })
            .collect();
        // Stable: among equally strict ones the first recording speaks first.
        findings.sort_by_key(|finding| std::cmp::Reverse(finding.kind));
        let kind = findings.first().map_or(VerdictKind::NoMatch, |finding| finding.kind);
        Verdict { kind, reasons: findings.into_iter().flat_map(|finding| finding.reasons).collect() }
    }
}

#[cfg(test)]
mod tests {
    use crate::registry::Log;
    use crate::usage::Use;
    use crate::verdict::{Policy, Question};

    use super::*;

    #[test]
    fn silence_is_what_the_policy_says() {
        let recording = KnownRecording {
            id: "a".to_owned(),
            isrcs: Vec::new(),
            owner: Some("Label".to_owned()),
            title: None,
        };
        for (policy, expected) in [
            (Policy::Review, VerdictKind::Undeclared),
            (Policy::OptOut, VerdictKind::Allowed),
            (Policy::OptIn, VerdictKind::Disallowed),
        ] {
            let question =
                Question { policy, ..Question::new(Use::AiTraining, "2026-01-01".parse().unwrap()) };
            let book = DeclarationBook::new(Log::from_entries(Vec::new()), question, None);
            let verdict = book.declared(std::slice::from_ref(&recording));
            assert_eq!(verdict.kind, expected);
            assert!(!verdict.reasons.is_empty());
        }
    }
}
