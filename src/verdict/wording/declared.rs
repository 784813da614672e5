//! Sentences about what is declared.

use crate::registry::Declaration;

use super::super::reason::{Reason, ReasonCode};
use super::super::standing::{Answer, NotApplicable, Standing, Voice, by_specificity};
use super::super::{DeclarationBook, KnownRecording, Policy, Question};
use super::{OPT_IN, name, said};

/// What is declared about a recording: the claim that asks for a review where
/// one does, the deciding declarations, the others.
pub(in crate::verdict) fn declared(
    recording: &KnownRecording,
    standing: &Standing<'_>,
    book: &DeclarationBook,
) -> Vec<Reason> {
    let question = book.question();
    let mut reasons = Vec::new();
    let claims = claims(recording, standing, question);
    let (decisive, told) = if standing.claims_matter { (claims, None) } else { (None, claims) };
    reasons.extend(decisive);
    match standing.answer() {
        Some(answer) => reasons.extend(answered(recording, standing, answer)),
        None => reasons.extend(silence(recording, question)),
    }
    reasons.extend(told);
    if !standing.conflicting.is_empty() {
        let text = format!(
            "Declarants disagree about {}: {} The most restrictive declaration counts.",
            name(recording),
            sentences(&standing.conflicting)
        );
        let both = || standing.conflicting.iter().chain(&standing.deciding);
        reasons.push(
            Reason::new(ReasonCode::Conflict, text)
                .about(recording)
                .citing(both().map(|voice| voice.declaration))
                .by(both().flat_map(|voice| voice.grounds.iter().copied())),
        );
    }
    reasons.extend(received_later(recording, standing, book));
    if standing.differs_by_territory {
        let text = "No territory was asked, so the answer must hold in every country; \
                    the most restrictive one counts. Ask for a territory to get its own answer.";
        reasons.push(
            Reason::new(ReasonCode::TerritoryNotAsked, text.to_owned())
                .about(recording)
                .citing(standing.territorial.iter().copied()),
        );
    }
    if !standing.withdrawn.is_empty() {
        let text = format!(
            "What {} about {} was taken back by the same declarant.",
            numbers(&standing.withdrawn, "says", "say"),
            name(recording)
        );
        let declarations = standing.withdrawn.iter().copied();
        reasons.push(Reason::new(ReasonCode::Withdrawn, text).about(recording).citing(declarations));
    }
    if !standing.overruled.is_empty() {
        let text = format!(
            "{} set aside, as the same declarant said something more specific, later or stricter about {}.",
            capital(numbers(&standing.overruled, "was", "were")),
            name(recording)
        );
        let declarations = standing.overruled.iter().copied();
        reasons.push(Reason::new(ReasonCode::Overruled, text).about(recording).citing(declarations));
    }
    reasons.extend(not_applicable(recording, standing, question));
    reasons
}

/// The deciding declarations, and the licences that meet their terms.
fn answered(recording: &KnownRecording, standing: &Standing<'_>, answer: Answer) -> Vec<Reason> {
    let mut deciding = standing.deciding.clone();
    by_specificity(&mut deciding);
    let (licensed, plain): (Vec<Voice<'_>>, Vec<Voice<'_>>) =
        deciding.into_iter().partition(|voice| voice.licence.is_some());
    let cited = |code, text, voices: &[Voice<'_>]| {
        Reason::new(code, text)
            .about(recording)
            .citing(voices.iter().map(|voice| voice.declaration))
            .by(voices.iter().flat_map(|voice| voice.grounds.iter().copied()))
    };
    let mut reasons = Vec::new();
    if !plain.is_empty() {
        let code = match answer {
            Answer::Disallow => ReasonCode::DeclaredDisallow,
            Answer::Constrain => ReasonCode::DeclaredConstrain,
            Answer::Allow => ReasonCode::DeclaredAllow,
        };
        reasons.push(cited(code, sentences(&plain), &plain));
    }
    if !licensed.is_empty() {
        let mut names: Vec<&str> =
            licensed.iter().filter_map(|voice| voice.licence).map(|licence| licence.name.as_str()).collect();
        names.dedup();
        let text = format!(
            "{} These terms are among the accepted ones: licence {}.",
            sentences(&licensed),
            names.join(", ")
        );
        reasons.push(cited(ReasonCode::LicenceAccepted, text, &licensed));
    }
    reasons
}

fn claims(recording: &KnownRecording, standing: &Standing<'_>, question: &Question) -> Option<Reason> {
    if standing.claims.is_empty() {
        return None;
    }
    let effect = if standing.claims_matter {
        "If that counted the answer would be another one; a person should find out who may speak."
    } else {
        "That changes nothing here."
    };
    let mut declarants: Vec<&str> = Vec::new();
    for claim in &standing.claims {
        if !declarants.contains(&claim.declarant.as_str()) {
            declarants.push(&claim.declarant);
        }
    }
    let text = format!(
        "{} The registry does not say that {} may speak for {} on {}. {effect}",
        standing.claims.iter().map(|declaration| said(declaration)).collect::<Vec<_>>().join(" "),
        declarants.join(" or "),
        name(recording),
        question.as_of
    );
    Some(Reason::new(ReasonCode::Claim, text).about(recording).citing(standing.claims.iter().copied()))
}

/// Of the rows that bear the answer, those that came after the day asked about.
fn received_later(
    recording: &KnownRecording,
    standing: &Standing<'_>,
    book: &DeclarationBook,
) -> Option<Reason> {
    let voices = || standing.deciding.iter().chain(&standing.conflicting);
    let is_late = |seq: &u64| book.was_received_later(*seq);
    let claims = standing.claims.iter().copied();
    let declarations: Vec<&Declaration> = voices()
        .map(|voice| voice.declaration)
        .chain(claims.chain(standing.withdrawn.iter().copied()))
        .filter(|declaration| is_late(&declaration.seq))
        .collect();
    let grounds: Vec<u64> =
        voices().flat_map(|voice| voice.grounds.iter().copied()).filter(is_late).collect();
    if declarations.is_empty() && grounds.is_empty() {
        return None;
    }
    let mut rows: Vec<u64> = declarations.iter().map(|declaration| declaration.seq).collect();
    rows.extend(&grounds);
    rows.sort_unstable();
    rows.dedup();
    let rows = rows.iter().map(u64::to_string).collect::<Vec<_>>().join(", ");
    let text = format!(
        "Received after {}: row {rows} of the log, about {}. What it says holds on that day; \
         nobody could read it here then.",
        book.question().as_of,
        name(recording)
    );
    Some(Reason::new(ReasonCode::ReceivedLater, text).about(recording).citing(declarations).by(grounds))
}

fn silence(recording: &KnownRecording, question: &Question) -> Vec<Reason> {
    let text = format!(
        "Nobody who may speak for {} declared anything about {}.",
        name(recording),
        question_words(question)
    );
    let mut reasons = vec![Reason::new(ReasonCode::Undeclared, text).about(recording)];
    let policy = match question.policy {
        Policy::Review => None,
        Policy::OptOut => Some((
            ReasonCode::SilenceAllows,
            "Under the chosen opt-out policy, what nobody reserved is allowed.",
        )),
        Policy::OptIn => Some((ReasonCode::SilenceDenies, OPT_IN)),
    };
    reasons.extend(policy.map(|(code, text)| Reason::new(code, text.to_owned()).about(recording)));
    reasons
}

fn not_applicable(recording: &KnownRecording, standing: &Standing<'_>, question: &Question) -> Vec<Reason> {
    let causes = [
        (NotApplicable::Use, ReasonCode::OtherUse, format!("about {}", question.use_.words())),
        (NotApplicable::Date, ReasonCode::NotInForce, format!("in force on {}", question.as_of)),
        (
            NotApplicable::Territory,
            ReasonCode::OtherTerritory,
            question.territory.map_or_else(String::new, |territory| format!("for {territory}")),
        ),
    ];
    let mut reasons = Vec::new();
    for (cause, code, words) in causes {
        let concerned: Vec<&Declaration> = standing
            .elsewhere
            .iter()
            .filter(|(_, why)| *why == cause)
            .map(|(declaration, _)| *declaration)
            .collect();
        if !concerned.is_empty() {
            let text = format!(
                "{} not {words} and did not count for {}.",
                capital(numbers(&concerned, "is", "are")),
                name(recording)
            );
            reasons.push(Reason::new(code, text).about(recording).citing(concerned));
        }
    }
    reasons
}

fn question_words(question: &Question) -> String {
    match question.territory {
        Some(territory) => format!("{} in {territory} on {}", question.use_.words(), question.as_of),
        None => format!("{} worldwide on {}", question.use_.words(), question.as_of),
    }
}

fn sentences(voices: &[Voice<'_>]) -> String {
    voices.iter().map(|voice| said(voice.declaration)).collect::<Vec<_>>().join(" ")
}

/// For the beginning of a sentence.
fn capital(text: String) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// "declaration 3 was" or "declarations 3, 4 were".
fn numbers(declarations: &[&Declaration], one: &str, many: &str) -> String {
    let numbers: Vec<String> = declarations.iter().map(|declaration| declaration.seq.to_string()).collect();
    match numbers.as_slice() {
        [only] => format!("declaration {only} {one}"),
        _ => format!("declarations {} {many}", numbers.join(", ")),
    }
}
