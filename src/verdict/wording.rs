//! The reasons' sentences.

use crate::isrc::Isrc;
use crate::registry::{Declaration, Permission, Use};
use crate::units::Seconds;

use super::reason::{Reason, ReasonCode};
use super::standing::{Answer, NotApplicable, Standing, Voice, by_specificity};
use super::{DeclarationBook, KnownRecording, Policy, Question, TagClaim};

pub(super) fn recognised(recording: &KnownRecording, ranges: &[(Seconds, Seconds)]) -> Reason {
    let text = format!("The file contains {} at {}.", name(recording), times(ranges));
    Reason::new(ReasonCode::Recognised, text).about(recording)
}

pub(super) fn possible(recording: &KnownRecording, ranges: &[(Seconds, Seconds)]) -> Reason {
    let text =
        format!("The file may contain {} at {}; a person should listen.", name(recording), times(ranges));
    Reason::new(ReasonCode::PossibleMatch, text).about(recording)
}

pub(super) fn sibling(recording: &KnownRecording, heard: &str, ranges: &[(Seconds, Seconds)]) -> Reason {
    let text = format!(
        "The sound at {} may as well be {}, which holds the same audio as recording {heard}; \
         the verdict has to hold for both.",
        times(ranges),
        name(recording)
    );
    Reason::new(ReasonCode::Sibling, text).about(recording)
}

pub(super) fn short_passage(recording: &KnownRecording, heard_s: Seconds, question: &Question) -> Reason {
    let text = format!(
        "That is {heard_s:.1} s of {}, less than the {} asked for: it counts for a review at most.",
        name(recording),
        question.min_overlap
    );
    Reason::new(ReasonCode::ShortPassage, text).about(recording)
}

pub(super) fn rest(covered_s: Seconds, duration_s: Seconds, policy: Policy) -> Vec<Reason> {
    let text = format!(
        "Registered recordings fill {covered_s:.1} of {duration_s:.1} s; in the rest, more than half of the file, \
         none was recognised. That says nothing about recordings that are not registered."
    );
    let mut reasons = vec![Reason::new(ReasonCode::RestUnrecognised, text)];
    reasons.extend(unrecognised_denied(policy));
    reasons
}

/// What is declared about a recording: the claim that asks for a review where
/// one does, the deciding declarations, the others.
pub(super) fn declared(
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
        "If that counted the answer would be another one; a person should look who may speak."
    } else {
        "That changes nothing."
    };
    let text = format!(
        "{} Nothing in the registry says that this declarant might speak for {} on {}. {effect}",
        standing.claims.iter().map(|declaration| said(declaration)).collect::<Vec<_>>().join(" "),
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
    let text = format!(
        "Some of the rows about {} were received after {}; they hold on that day by what they say, \
         and nobody could read them here then.",
        name(recording),
        book.question().as_of
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

const OPT_IN: &str = "Under the chosen opt-in policy, what nobody allowed is not allowed.";

fn unrecognised_denied(policy: Policy) -> Option<Reason> {
    (policy == Policy::OptIn).then(|| Reason::new(ReasonCode::SilenceDenies, OPT_IN.to_owned()))
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
                capital(numbers(&concerned, "is", "are")),
                name(recording)
            );
            reasons.push(Reason::new(code, text).about(recording).citing(concerned));
        }
    }
    reasons
}

pub(super) fn hangs_on(strictest: &[&KnownRecording], of: usize) -> Reason {
    let names: Vec<String> = strictest.iter().map(|recording| name(recording)).collect();
    let text = format!(
        "The file contains or may contain {of} recordings, and the verdict hangs on {}; \
         without it the verdict would be milder.",
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
    reasons.extend(unrecognised_denied(policy));
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

pub(super) fn use_words(use_: Use) -> &'static str {
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
