//! The cases of docs/verdicts.md, and what holds for all of them.

mod page;
mod properties;
mod scale;

use super::*;

use page::{book, book_of, cases, entries, entry, question, recognition, shown};

#[test]
fn every_case_has_its_verdict() {
    let mut wrong = Vec::new();
    let cases = cases();
    for case in &cases {
        let verdict = decide(&recognition(case.file), &book(case));
        let (kind, reasons) = (verdict.kind.name(), shown(&verdict.reasons));
        if (kind, reasons.as_str()) != (case.verdict, case.reasons) {
            let page::Case { name, log, file, asked, .. } = case;
            wrong.push(format!("| {name} | {log} | {file} | {asked} | {kind} | {reasons} |"));
        }
    }
    assert!(cases.len() > 100, "the page is read");
    assert!(
        wrong.is_empty(),
        "{} of {} rows of docs/verdicts.md are not what is decided, which is\n{}",
        wrong.len(),
        cases.len(),
        wrong.join("\n")
    );
}

#[test]
fn every_reason_and_every_verdict_has_a_case() {
    let cases = cases();
    for code in ReasonCode::ALL {
        let has =
            |reasons: &str| reasons.split("; ").any(|reason| reason.split(' ').next() == Some(code.name()));
        assert!(cases.iter().any(|case| has(case.reasons)), "{code}");
    }
    use VerdictKind::{Allowed, Constrained, Disallowed, Error, NoMatch, Review, TooShort, Undeclared};
    for kind in [Allowed, NoMatch, Undeclared, Review, TooShort, Constrained, Error, Disallowed] {
        assert!(cases.iter().any(|case| case.verdict == kind.name()), "{kind}");
    }
    let mut names: Vec<&str> = cases.iter().map(|case| case.name).collect();
    names.sort_unstable();
    assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "no case twice");
}

#[test]
fn what_else_is_declared_does_not_matter() {
    for case in cases() {
        let found = recognition(case.file);
        let mut more = entries(case.log);
        more.extend(
            [
                "Stranger disallows ai-training for recording Z",
                "Stranger disallows ai-training for owner Nobody",
            ]
            .map(entry),
        );
        more.push(entry("Stranger disallows ai-training for everything"));
        assert_eq!(decide(&found, &book_of(more, case.asked)), decide(&found, &book(&case)), "{}", case.name);
    }
}

#[test]
fn a_stricter_policy_never_gives_a_milder_verdict() {
    for case in cases() {
        let found = recognition(case.file);
        let under = |policy| {
            let (question, accepted) = question(case.asked);
            let log = page::log_of(entries(case.log));
            decide(&found, &DeclarationBook::new(log, Question { policy, ..question }, accepted)).kind
        };
        let (opt_out, review, opt_in) = (under(Policy::OptOut), under(Policy::Review), under(Policy::OptIn));
        assert!(opt_out <= review && review <= opt_in, "{}: {opt_out}, {review}, {opt_in}", case.name);
    }
}

#[test]
fn texts_are_whole_sentences_that_name_what_they_are_about() {
    for case in cases() {
        let verdict = decide(&recognition(case.file), &book(&case));
        for Reason { code, text, recording, .. } in &verdict.reasons {
            assert!(text.ends_with('.') && !text.contains("  "), "{}: {text}", case.name);
            assert!(!text.contains(".."), "{}: {text}", case.name);
            let is_general = matches!(
                code,
                ReasonCode::SilenceAllows
                    | ReasonCode::SilenceDenies
                    | ReasonCode::TerritoryNotAsked
                    | ReasonCode::LicenceAccepted
            ) || code.name().starts_with("declared-");
            let named = recording.as_ref().is_none_or(|id| text.contains(id.as_str()));
            assert!(named || is_general, "{}: {text}", case.name);
        }
    }
}

#[test]
fn reasons_read_like_this() {
    let rows = "owner: Example_Music parent Group<br>\
                mandate: Other for recording E<br>\
                Example_Music disallows ai-training for prefix QZHB1 from 2026-01-01 in DE FR<br>\
                Other constrains data-mining for recording E under licence.example received 2026-12-01<br>\
                Stranger allows ai-training for recording E";
    let mut found = recognition("A");
    found.matches[0].recording = KnownRecording {
        id: "E".to_owned(),
        isrcs: vec!["QZHB12400005".parse().unwrap()],
        owner: Some("Example Music".to_owned()),
        title: Some("Slow Orbit".to_owned()),
    };
    let verdict = decide(&found, &book_of(entries(rows), "ai-training; in DE"));
    let texts: Vec<&str> = verdict.reasons.iter().map(|reason| reason.text.as_str()).collect();
    assert_eq!(
        texts,
        [
            "The file contains “Slow Orbit” (E) at 0:00–0:30.",
            "Example Music disallows AI training for ISRC prefix QZHB1 \
             (declaration 3: DE, FR, since 2026-01-01).",
            "Stranger allows AI training for recording E (declaration 5: worldwide). The registry does not \
             say that Stranger may speak for “Slow Orbit” (E) on 2026-11-21. That changes nothing here.",
            "Declarants disagree about “Slow Orbit” (E): Other allows under terms data mining for recording E \
             (declaration 4: worldwide; terms: licence.example). The most restrictive declaration counts.",
            "Received after 2026-11-21: row 4 of the log, about “Slow Orbit” (E). What it says holds on that \
             day; nobody could read it here then.",
        ]
    );
}
