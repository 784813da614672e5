//! The words above the picture.

use crate::matching::Grade;
use crate::matching::pair::Overlay;
use crate::text::{self, clock};

use super::colour::{CERTAIN, DOUBTFUL, NEGATIVE};
use super::font::shortened;
use super::image::Rgb;
use super::subject::{Basis, Comparison, Side};

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
        lines.push(change(overlay));
        lines.push(evidence(comparison));
        lines.extend(significance(&comparison.basis));
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

/// How A differs from B.
fn change(overlay: &Overlay) -> String {
    let percent = (overlay.time_scale - 1.0) * 100.0;
    let speed = match percent {
        // Less nobody hears, and in a short clip nobody can measure.
        _ if percent.abs() < 0.05 => "as fast as B".to_owned(),
        _ if percent > 0.0 => format!("{percent:.1} % faster than B"),
        _ => format!("{:.1} % slower than B", -percent),
    };
    let moved = percent.abs() >= 0.05 || overlay.pitch_semitones.abs() >= 0.05;
    let moved = if moved { "; B is drawn to fit" } else { "" };
    // Adding zero takes the sign from what is rounded to zero.
    let pitch = (overlay.pitch_semitones * 100.0).round() / 100.0 + 0.0;
    format!("Time scale {:.4} (A is {speed}); pitch change {pitch:+.2} semitones{moved}.", overlay.time_scale)
}

/// What the score means: its E-value in words.
fn significance(basis: &Basis) -> Option<String> {
    let (score, end) = match *basis {
        Basis::Found { score, .. } => (score, String::new()),
        // The scale is logarithmic: a decimal is all that a reader needs.
        Basis::Candidate { score, needed } => (score, format!("; a match needs a score of {needed:.1}")),
        Basis::Given | Basis::Nothing => return None,
    };
    let chance = match score {
        _ if score >= 6.0 => format!("once in 10^{score:.0} searches"),
        _ if score >= 0.2 => format!("once in about {:.0} searches", 10_f64.powf(score)),
        // Nearer to once than to twice.
        _ if score > -0.17 => "about once in every search".to_owned(),
        _ => format!("about {:.0} times in every search", 10_f64.powf(-score)),
    };
    Some(format!("Score {score:.1}: as good a fit is expected by chance {chance}{end}."))
}

fn evidence(comparison: &Comparison) -> String {
    let shared = &comparison.shared;
    let all = shared.looked_for();
    if all == 0 {
        return "B has no peaks where it overlaps A.".to_owned();
    }
    let percent = |count: f64| 100.0 * count / all as f64;
    let end = match comparison.basis {
        Basis::Candidate { .. } => "; this is the best of many places tried",
        _ => "",
    };
    format!(
        "Of {all} peaks of B, A has {} ({:.0} %); at a random place chance gives about {:.0} ({:.0} %){end}.",
        shared.found.len(),
        percent(shared.found.len() as f64),
        shared.expected_by_chance,
        percent(shared.expected_by_chance)
    )
}

/// Cuts at blanks, where a line is too long.
fn wrapped(line: &str, letters: usize) -> Vec<String> {
    if line.chars().count() <= letters { vec![line.to_owned()] } else { text::wrapped(line, letters) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_are_told_in_words() {
        let cases = [
            (33.7, "once in 10^34 searches."),
            (2.0, "once in about 100 searches."),
            (0.3, "once in about 2 searches."),
            (0.0, "about once in every search."),
            (-1.0, "about 10 times in every search."),
        ];
        for (score, end) in cases {
            let text = significance(&Basis::Found { grade: Grade::Match, score }).unwrap_or_default();
            assert!(text.starts_with(&format!("Score {score:.1}: ")) && text.ends_with(end), "{text}");
        }
        let text = significance(&Basis::Candidate { score: 0.5, needed: 3.04 }).unwrap_or_default();
        assert!(text.ends_with("; a match needs a score of 3.0."), "{text}");
        assert_eq!(significance(&Basis::Given), None);
    }

    #[test]
    fn changes_are_told_with_their_direction() {
        let text = |time_scale, pitch_semitones| {
            change(&Overlay { reference_at_zero_s: 0.0, time_scale, pitch_semitones })
        };
        assert_eq!(
            text(1.08, 1.333),
            "Time scale 1.0800 (A is 8.0 % faster than B); pitch change +1.33 semitones; B is drawn to fit."
        );
        assert_eq!(
            text(1.000_01, -0.001),
            "Time scale 1.0000 (A is as fast as B); pitch change +0.00 semitones."
        );
        assert!(text(0.9, -2.0).contains("(A is 10.0 % slower than B); pitch change -2.00 semitones"));
    }

    #[test]
    fn lines_fit_unless_a_word_does_not() {
        assert_eq!(wrapped("ab cd ef", 5), ["ab cd", "ef"]);
        assert_eq!(wrapped("a bcdefgh i", 4), ["a", "bcdefgh", "i"]);
        assert_eq!(wrapped("A  name", 20), ["A  name"]);
    }
}
