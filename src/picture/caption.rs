//! The words above the picture.

use crate::matching::Grade;

use super::colour::{CERTAIN, DOUBTFUL, NEGATIVE};
use super::comparison::{Basis, Comparison, Side};
use super::image::Rgb;
use super::{clock, font::shortened};

/// What it is, in one line, and its colour.
pub(super) fn headline(basis: &Basis) -> (&'static str, Rgb) {
    match basis {
        Basis::Found { grade: Grade::Match, .. } => ("MATCH: B sounds in A", CERTAIN),
        Basis::Found { grade: Grade::Possible, .. } => {
            ("POSSIBLE MATCH: B may sound in A; a person should listen", DOUBTFUL)
        }
        Basis::Candidate { .. } => ("NOT A MATCH: this is the best candidate, below the threshold", NEGATIVE),
        Basis::Given => ("POSITION GIVEN BY HAND: nothing was searched", DOUBTFUL),
        Basis::Nothing => ("NOT A MATCH: nothing found; both are drawn as they begin", NEGATIVE),
    }
}

/// What can be said of it in numbers, in lines of at most `letters` letters.
pub(super) fn lines(comparison: &Comparison, letters: usize) -> Vec<String> {
    let Comparison { overlay, held_s, drawn_s, shared, .. } = comparison;
    let reference = overlay.reference_s(held_s.start)..overlay.reference_s(held_s.end);
    let file = |letter: &str, side: &Side, range: std::ops::Range<f64>| {
        let range = range.start.clamp(0.0, side.duration_s)..range.end.clamp(0.0, side.duration_s);
        let times = format!(
            "  {} to {} of {}",
            clock(range.start, 1),
            clock(range.end, 1),
            clock(side.duration_s, 1)
        );
        let name = shortened(&side.name, letters.saturating_sub(times.len() + 3));
        format!("{letter}  {name}{times}")
    };
    let mut lines =
        vec![file("A", &comparison.query, held_s.clone()), file("B", &comparison.recording, reference)];
    if comparison.basis != Basis::Nothing {
        lines.push(change(comparison));
        lines.push(evidence(comparison));
    }
    let hidden = held_s.start < drawn_s.start - 0.05 || held_s.end > drawn_s.end + 0.05;
    if hidden {
        let drawn = drawn_s.start.max(held_s.start)..drawn_s.end.min(held_s.end);
        lines.push(format!(
            "Drawn: only {} to {} of A; {} peaks found there.",
            clock(drawn.start, 1),
            clock(drawn.end, 1),
            shared.found.iter().filter(|(spot, _)| drawn.contains(&spot.time_s)).count()
        ));
    }
    lines.iter().flat_map(|line| wrapped(line, letters)).collect()
}

/// How A differs from B, and the score.
fn change(comparison: &Comparison) -> String {
    let overlay = &comparison.overlay;
    let percent = (overlay.time_scale - 1.0) * 100.0;
    let speed = match percent {
        // Less nobody hears, and in a short clip nobody can measure.
        _ if percent.abs() < 0.05 => "as fast as B".to_owned(),
        _ if percent > 0.0 => format!("{percent:.1} % faster than B"),
        _ => format!("{:.1} % slower than B", -percent),
    };
    let score = match comparison.basis {
        Basis::Found { score, .. } | Basis::Candidate { score } => format!("; score {score:.1}"),
        Basis::Given | Basis::Nothing => String::new(),
    };
    format!(
        "Time scale {:.4} (A is {speed}); pitch change {:+.2} semitones{score}",
        overlay.time_scale, overlay.pitch_semitones
    )
}

fn evidence(comparison: &Comparison) -> String {
    let shared = &comparison.shared;
    let all = shared.looked_for();
    if all == 0 {
        return "B has no peaks where it overlaps A.".to_owned();
    }
    let percent = |count: f64| 100.0 * count / all as f64;
    format!(
        "Of {all} peaks of B, A has {} ({:.0} %); chance alone would give about {:.0} ({:.0} %).",
        shared.found.len(),
        percent(shared.found.len() as f64),
        shared.expected_by_chance,
        percent(shared.expected_by_chance)
    )
}

/// Cuts at blanks, where a line is too long.
fn wrapped(line: &str, letters: usize) -> Vec<String> {
    if line.chars().count() <= letters {
        return vec![line.to_owned()];
    }
    let mut lines = vec![String::new()];
    for word in line.split(' ') {
        let last = lines.last_mut().expect("never empty");
        if !last.is_empty() && last.chars().count() + 1 + word.chars().count() > letters {
            lines.push(word.to_owned());
        } else {
            if !last.is_empty() {
                last.push(' ');
            }
            last.push_str(word);
        }
    }
    lines
}
