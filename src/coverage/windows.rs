//! Windows of a file, and what they come to.

use crate::matching::{Grade, Match};
use crate::units::{RecordingKey, Seconds};

/// A match may begin so late in its window, and end so early: half of the peaks at an
/// edge have no landmark.
const EDGE_S: Seconds = 1.5;

/// The same at the start and the end of the file, where music fades, in seconds.
const FADE_S: Seconds = 5.0;

/// How far a window may be from the line of all, in seconds. What is put in or taken
/// out is seldom shorter, and jitter in what 10 s say is 0.02.
const OFF_LINE_S: Seconds = 0.15;

/// How much the time scale that one window says may be off: of 10 s of music with few
/// onsets it is known to one in a hundred.
const OFF_SCALE: f64 = 0.015;

/// How much the pitches of two windows may differ, in semitones.
const OFF_PITCH: f64 = 0.3;

/// A window of a file that holds one recording, from its start to its end.
#[derive(Clone, Debug)]
pub struct Window {
    start_s: Seconds,
    length_s: Seconds,
    /// With times that count from the start of the file.
    found: Match,
}

impl Window {
    /// A window of `length_s` seconds that begins at `start_s`, if what was `found` in
    /// it is one recording, certain, from its start on.
    pub fn new(start_s: Seconds, length_s: Seconds, found: Vec<Match>) -> Option<Self> {
        let [found] = <[Match; 1]>::try_from(found).ok()?;
        let late_s = if start_s <= 0.0 { FADE_S } else { EDGE_S };
        if found.grade != Grade::Match || found.query_start_s > late_s {
            return None;
        }
        Some(Window { start_s, length_s, found: later(found, start_s) })
    }

    /// In seconds.
    pub fn length_s(&self) -> Seconds {
        self.length_s
    }

    fn end_s(&self) -> Seconds {
        self.start_s + self.length_s
    }

    /// Whether the file may go on in this window as the `known` ones say, roughly;
    /// [`united`] looks closely.
    pub fn may_follow(&self, known: &[Window]) -> bool {
        let (Some(first), Some(last)) = (known.first(), known.last()) else { return true };
        let (query_s, reference_s) = middle(&self.found);
        let (first_query_s, first_reference_s) = middle(&first.found);
        let gone_s = query_s - first_query_s;
        let due_s = first_reference_s + gone_s * first.found.time_scale;
        last.found.query_end_s >= last.end_s() - EDGE_S
            && self.found.recording == first.found.recording
            && siblings(&self.found) == siblings(&first.found)
            && (reference_s - due_s).abs() <= OFF_LINE_S + OFF_SCALE * gone_s
    }
}

/// The match that `windows` are parts of, if they are parts of one and there are at
/// least two.
///
/// Its E-value is the lowest of a window, times their number.
pub fn united(windows: &[Window]) -> Option<Match> {
    let [first, .., last] = windows else { return None };
    let count = windows.len() as f64;
    let found: Vec<&Match> = windows.iter().map(|window| &window.found).collect();
    let (from, until) = (middle(&first.found), middle(&last.found));
    let time_scale = (until.1 - from.1) / (until.0 - from.0);
    let on_line = |found: &&Match| {
        let (query_s, reference_s) = middle(found);
        let due_s = from.1 + (query_s - from.0) * time_scale;
        (reference_s - due_s).abs() <= OFF_LINE_S
            && (found.time_scale / time_scale - 1.0).abs() <= OFF_SCALE
            && (found.pitch_semitones - first.found.pitch_semitones).abs() <= OFF_PITCH
    };
    if last.found.query_end_s < last.end_s() - FADE_S || !found.iter().all(on_line) {
        return None;
    }
    let mut whole = joined(&found, time_scale, count);
    whole.siblings = siblings(&first.found)
        .into_iter()
        .map(|key| {
            let parts: Vec<&Match> = found.iter().filter_map(|found| sibling(found, key)).collect();
            joined(&parts, time_scale, count)
        })
        .collect();
    whole.siblings.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| a.recording.cmp(&b.recording)));
    Some(whole)
}

/// One match of all the parts of one recording, in order and at least one.
fn joined(parts: &[&Match], time_scale: f64, windows: f64) -> Match {
    let (first, last) = (parts[0], parts[parts.len() - 1]);
    let length_s = |part: &Match| part.query_end_s - part.query_start_s;
    let total_s: Seconds = parts.iter().map(|part| length_s(part)).sum();
    let mean = |value: fn(&Match) -> f64| {
        parts.iter().map(|part| value(part) * length_s(part)).sum::<f64>() / total_s.max(f64::MIN_POSITIVE)
    };
    let best = parts.iter().map(|part| part.score).fold(f64::NEG_INFINITY, f64::max);
    let score = best - windows.log10();
    let offsets = |part: &&Match| -> Vec<f64> {
        part.also_at_s.iter().map(|at_s| at_s - part.reference_start_s).collect()
    };
    // The other places of the recording where all of it could be.
    let elsewhere = offsets(&first).into_iter().filter(|offset| {
        parts.iter().all(|part| offsets(part).iter().any(|other| (other - offset).abs() <= OFF_LINE_S))
    });
    Match {
        query_end_s: last.query_end_s,
        reference_end_s: last.reference_end_s,
        time_scale,
        pitch_semitones: mean(|part| part.pitch_semitones),
        e_value: 10f64.powf(-score),
        score,
        agreement: mean(|part| part.agreement),
        also_at_s: elsewhere.map(|offset| first.reference_start_s + offset).collect(),
        siblings: Vec::new(),
        more_siblings: parts.iter().any(|part| part.more_siblings),
        ..first.clone()
    }
}

fn sibling(found: &Match, key: RecordingKey) -> Option<&Match> {
    found.siblings.iter().find(|sibling| sibling.recording == key)
}

/// The recordings that hold the same audio, in order.
fn siblings(found: &Match) -> Vec<RecordingKey> {
    let mut keys: Vec<RecordingKey> = found.siblings.iter().map(|sibling| sibling.recording).collect();
    keys.sort_unstable();
    keys
}

/// Where the middle of a match is in the file, and in the recording.
fn middle(found: &Match) -> (Seconds, Seconds) {
    ((found.query_start_s + found.query_end_s) / 2.0, (found.reference_start_s + found.reference_end_s) / 2.0)
}

/// A match in a window, with times that count from the start of the file.
fn later(found: Match, start_s: Seconds) -> Match {
    Match {
        query_start_s: found.query_start_s + start_s,
        query_end_s: found.query_end_s + start_s,
        siblings: found.siblings.into_iter().map(|sibling| later(sibling, start_s)).collect(),
        ..found
    }
}
