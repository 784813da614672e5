//! The reasons' sentences.

use crate::isrc::Isrc;
use crate::registry::{Declaration, Permission, Use};
use crate::units::Seconds;

use super::reason::{Reason, ReasonCode};
use super::standing::{NotApplicable, Standing, by_specificity};
use super::{KnownRecording, Policy, Question, TagClaim};

pub(super) fn recognised(recording: &KnownRecording, ranges: &[(Seconds, Seconds)]) -> Reason {
    let text = format!("The file contains {} at {}.", name(recording), times(ranges));
    Reason::new(ReasonCode::Recognised, text).about(recording)
}

pub(super) fn possible(recording: &KnownRecording, ranges: &[(Seconds, Seconds)]) -> Reason {
    let text =
        format!("The file may contain {} at {}; a person should listen.", name(recording), times(ranges));
    Reason::new(ReasonCode::PossibleMatch, text).about(recording)
}

/// What is declared about a recording, the deciding declarations first.
pub(super) fn declared(
    recording: &KnownRecording,
    standing: &Standing<'_>,
    question: &Question,
) -> Vec<Reason> {
    let mut reasons = Vec::new();
    let mut deciding = standing.deciding.clone();
    by_specificity(&mut deciding);
    match standing.permission() {
        Some(permission) => {
            let code = match permission {
                Permission::Disallow => ReasonCode::DeclaredDisallow,
                Permission::Constrain { .. } => ReasonCode::DeclaredConstrain,
                Permission::Allow => ReasonCode::DeclaredAllow,
            };
            let text = deciding.iter().map(|declaration| said(declaration)).collect::<Vec<_>>().join(" ");
            reasons.push(Reason::new(code, text).about(recording).citing(&deciding));
        }
        None => reasons.extend(silence(recording, question)),
    }
    if !standing.conflicting.is_empty() {
        let text = format!(
            "Declarants disagree about {}: {} The most restrictive declaration counts.",
            name(recording),
            standing.conflicting.iter().map(|declaration| said(declaration)).collect::<Vec<_>>().join(" ")
        );
        let mut both = standing.conflicting.clone();
        both.extend(&standing.deciding);
        reasons.push(Reason::new(ReasonCode::Conflict, text).about(recording).citing(&both));
    }
    if standing.differs_by_territory {
        let text = "No territory was asked, so the answer must hold in every country; \
                    the most restrictive one counts. Ask for a territory to get its own answer.";
        let territorial: Vec<&Declaration> = standing.territorial.clone();
        reasons.push(
            Reason::new(ReasonCode::TerritoryNotAsked, text.to_owned()).about(recording).citing(&territorial),
        );
    }
    if !standing.overruled.is_empty() {
        let text = format!(
            "{} set aside, as the same declarant said something more specific, later or stricter about {}.",
            numbers(&standing.overruled, "was", "were"),
            name(recording)
        );
        reasons.push(Reason::new(ReasonCode::Overruled, text).about(recording).citing(&standing.overruled));
    }
    reasons.extend(not_applicable(recording, standing, question));
    reasons
}

fn silence(recording: &KnownRecording, question: &Question) -> Vec<Reason> {
    let text =
        format!("Nobody declared anything about {} for {}.", question_words(question), name(recording));
    let mut reasons = vec![Reason::new(ReasonCode::Undeclared, text).about(recording)];
    let policy = match question.policy {
        Policy::Review => None,
        Policy::OptOut => Some((
            ReasonCode::SilenceAllows,
            "Under the chosen opt-out policy, what nobody reserved is allowed.",
        )),
        Policy::OptIn => Some((
            ReasonCode::SilenceDenies,
            "Under the chosen opt-in policy, what nobody allowed is not allowed.",
        )),
    };
    reasons.extend(policy.map(|(code, text)| Reason::new(code, text.to_owned()).about(recording)));
    reasons
}

fn not_applicable(recording: &KnownRecording, standing: &Standing<'_>, question: &Question) -> Vec<Reason> {
    let causes = [
        (NotApplicable::Use, ReasonCode::OtherUse, format!("about {}", use_words(question.use_))),
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
                numbers(&concerned, "is", "are"),
                name(recording)
            );
            reasons.push(Reason::new(code, text).about(recording).citing(&concerned));
        }
    }
    reasons
}

pub(super) fn hangs_on(strictest: &[&KnownRecording], of: usize) -> Reason {
    let names: Vec<String> = strictest.iter().map(|recording| name(recording)).collect();
    let text = format!(
        "The file contains {of} recordings, and the verdict comes from {}; without it the verdict would be milder.",
        names.join(", ")
    );
    let reason = Reason::new(ReasonCode::HangsOnRecording, text);
    match strictest {
        [only] => reason.about(only),
        _ => reason,
    }
}

pub(super) fn no_match(policy: Policy) -> Vec<Reason> {
    let text = "No registered recording was recognised in the file. \
                That says nothing about recordings that are not registered.";
    let mut reasons = vec![Reason::new(ReasonCode::NoMatch, text.to_owned())];
    if policy == Policy::OptIn {
        let text = "Under the chosen opt-in policy, what nobody allowed is not allowed.";
        reasons.push(Reason::new(ReasonCode::SilenceDenies, text.to_owned()));
    }
    reasons
}

pub(super) fn too_short(duration_s: Seconds, shortest_s: Seconds) -> Reason {
    let text = format!(
        "The file has {duration_s:.2} s of audio, less than the {shortest_s} s needed to recognise a recording."
    );
    Reason::new(ReasonCode::TooShort, text)
}

pub(super) fn error(error: &str) -> Reason {
    Reason::new(ReasonCode::Error, format!("The file could not be checked: {}.", error.trim_end_matches('.')))
}

pub(super) fn tag_agrees(isrc: Isrc, recording: &KnownRecording) -> Reason {
    let text = format!("The tag's ISRC {isrc} agrees with the sound: {}.", name(recording));
    Reason::new(ReasonCode::TagAgrees, text).about(recording).tag(isrc)
}

pub(super) fn tag_unknown(isrc: Isrc) -> Reason {
    let text =
        format!("The tag's ISRC {isrc} is not in the registry, and nobody declared anything about it.");
    Reason::new(ReasonCode::TagUnknown, text).tag(isrc)
}

pub(super) fn tag_unconfirmed(code: ReasonCode, tag: &TagClaim, heard: Option<&KnownRecording>) -> Reason {
    let claimed = match tag.recordings.as_slice() {
        [] => "which is not registered".to_owned(),
        recordings => recordings.iter().map(name).collect::<Vec<_>>().join(", "),
    };
    let text = match (code, heard) {
        (ReasonCode::TagContradictsSound, Some(heard)) => format!(
            "The tag's ISRC {} ({claimed}) contradicts the sound, which is {}. A tag alone can restrict, never allow.",
            tag.isrc,
            name(heard)
        ),
        _ => format!(
            "The tag's ISRC {} ({claimed}) is not confirmed by the sound. A tag alone can restrict, never allow.",
            tag.isrc
        ),
    };
    Reason::new(code, text).tag(tag.isrc)
}

/// A recording as people call it.
fn name(recording: &KnownRecording) -> String {
    match (&recording.title, recording.id.as_str(), recording.isrcs.first()) {
        (Some(title), id, _) => format!("\u{201c}{title}\u{201d} ({id})"),
        (None, "", Some(isrc)) => format!("ISRC {isrc}"),
        (None, id, _) => format!("recording {id}"),
    }
}

/// One declaration as a sentence.
fn said(declaration: &Declaration) -> String {
    let verb = match declaration.permission() {
        Some(Permission::Disallow) => "disallows",
        Some(Permission::Allow) => "allows",
        Some(Permission::Constrain { .. }) => "allows under terms",
        None => "says nothing any more about",
    };
    let terms = declaration.statement.terms().map_or_else(String::new, |terms| format!("; terms: {terms}"));
    let territories = match declaration.territories.as_slice() {
        [] => "worldwide".to_owned(),
        some => some.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
    };
    let validity = match (declaration.from, declaration.until) {
        (None, None) => String::new(),
        (Some(from), None) => format!(", since {from}"),
        (None, Some(until)) => format!(", until {until}"),
        (Some(from), Some(until)) => format!(", from {from} until {until}"),
    };
    format!(
        "{} {verb} {} for {} (declaration {}: {territories}{validity}{terms}).",
        declaration.declarant,
        use_words(declaration.use_),
        declaration.subject,
        declaration.seq
    )
}

fn use_words(use_: Use) -> &'static str {
    match use_ {
        Use::DataMining => "data mining",
        Use::AiTraining => "AI training",
        Use::AiGenerativeTraining => "training of generative AI",
        Use::AiInference => "AI inference",
        Use::Search => "search",
    }
}

fn question_words(question: &Question) -> String {
    match question.territory {
        Some(territory) => format!("{} in {territory} on {}", use_words(question.use_), question.as_of),
        None => format!("{} worldwide on {}", use_words(question.use_), question.as_of),
    }
}

/// "Declaration 3 was" or "Declarations 3, 4 were".
fn numbers(declarations: &[&Declaration], one: &str, many: &str) -> String {
    let numbers: Vec<String> = declarations.iter().map(|declaration| declaration.seq.to_string()).collect();
    match numbers.as_slice() {
        [only] => format!("Declaration {only} {one}"),
        _ => format!("Declarations {} {many}", numbers.join(", ")),
    }
}

/// "0:05–0:20, 1:00–1:10".
fn times(ranges: &[(Seconds, Seconds)]) -> String {
    let clock = |seconds: Seconds| {
        // Casting saturates, so no duration from a file can overflow.
        let whole = seconds.max(0.0).floor() as u64;
        let (hours, minutes, seconds) = (whole / 3600, whole / 60 % 60, whole % 60);
        if hours == 0 {
            format!("{minutes}:{seconds:02}")
        } else {
            format!("{hours}:{minutes:02}:{seconds:02}")
        }
    };
    let mut ranges = ranges.to_vec();
    ranges.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    ranges
        .iter()
        .map(|(start, end)| format!("{}\u{2013}{}", clock(*start), clock(*end)))
        .collect::<Vec<_>>()
        .join(", ")
}
