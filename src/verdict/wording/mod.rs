//! The reasons' sentences.

mod declared;

pub(super) use declared::declared;

use crate::audio::Unheard;
use crate::isrc::Isrc;
use crate::registry::{Declaration, Permission};
use crate::units::Seconds;

use super::reason::{Reason, ReasonCode};
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

pub(super) fn sibling(recording: &KnownRecording, heard: &str, ranges: &[(Seconds, Seconds)]) -> Reason {
    let text = format!(
        "The sound at {} may as well be {}, which holds the same audio as recording {heard}; \
         the verdict has to hold for both.",
        times(ranges),
        name(recording)
    );
    Reason::new(ReasonCode::Sibling, text).about(recording)
}

pub(super) fn siblings_incomplete(recording: &KnownRecording, ranges: &[(Seconds, Seconds)]) -> Reason {
    let text = format!(
        "The sound at {} is in more registered recordings than could be named beside {}; what was declared \
         about the others is not known, and a person has to look.",
        times(ranges),
        name(recording)
    );
    Reason::new(ReasonCode::SiblingsIncomplete, text).about(recording)
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

const OPT_IN: &str = "Under the chosen opt-in policy, what nobody allowed is not allowed.";

fn unrecognised_denied(policy: Policy) -> Option<Reason> {
    (policy == Policy::OptIn).then(|| Reason::new(ReasonCode::SilenceDenies, OPT_IN.to_owned()))
}

/// At most so many parts are named in the sentence; all stand in the row.
const MOST_PARTS: usize = 4;

pub(super) fn not_heard(parts: &[&Unheard]) -> Reason {
    let named = parts.iter().take(MOST_PARTS).map(|part| {
        let detail = part.detail.trim_end_matches('.');
        part.seconds.map_or_else(|| detail.to_owned(), |seconds| format!("{detail} ({seconds:.1} s)"))
    });
    let more = parts.len().saturating_sub(MOST_PARTS);
    let more = if more > 0 { format!("; and {more} more") } else { String::new() };
    let text = format!(
        "A part of the file was not heard and may hold a registered recording: {}{more}.",
        named.collect::<Vec<_>>().join("; ")
    );
    Reason::new(ReasonCode::NotHeard, text)
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
        declaration.use_.words(),
        declaration.subject,
        declaration.seq
    )
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
