//! Which parts of which recordings become queries.

use crate::degrade::Degradation;
use crate::folds::shuffle;
use crate::synth::rng::Rng;

/// A query before it is made.
#[derive(Clone, Debug)]
pub struct Clip {
    /// Number of the recording.
    pub recording: usize,
    /// Start in the recording, in seconds.
    pub start_s: f64,
    /// Length of the query, in seconds.
    pub length_s: f64,
    /// What is done to it.
    pub degradation: Degradation,
    /// Recording and start, in seconds, of what is mixed in.
    pub other: Option<(usize, f64)>,
}

impl Clip {
    /// Length in the recording, in seconds.
    pub fn source_s(&self) -> f64 {
        self.length_s * self.degradation.speed()
    }
}

/// Lengths of queries in seconds, longest first, each with its share in tenths.
const LENGTHS: [(f64, usize); 4] = [(30.0, 1), (10.0, 3), (5.0, 3), (3.0, 3)];

/// Speeds differ from 1 by this much: what people do to music, from what is
/// hardly heard to what makes another style of it.
const SPEED_CHANGE: (f64, f64) = (0.03, 0.25);

/// Starts are whole milliseconds, so that they can be written down.
const GRID_S: f64 = 1e-3;

/// `count` clips, or as many as there are, of recordings given as number and
/// duration in seconds, in the order of the recordings. They do not overlap.
pub fn plan(recordings: &[(usize, f64)], count: usize, with_speech: bool, rng: &mut Rng) -> Vec<Clip> {
    let mut clips = Vec::new();
    for &(recording, duration_s) in recordings {
        lay(recording, duration_s, with_speech, rng, &mut clips);
    }
    shuffle(&mut clips, rng);
    clips.truncate(count);
    clips.sort_by(|a, b| a.recording.cmp(&b.recording).then_with(|| a.start_s.total_cmp(&b.start_s)));
    for clip in clips.iter_mut().filter(|clip| clip.degradation == Degradation::Mixed) {
        clip.other = companion(clip, recordings, rng);
        if clip.other.is_none() {
            clip.degradation = Degradation::None;
        }
    }
    clips
}

/// Cuts a whole recording into clips.
fn lay(recording: usize, duration_s: f64, with_speech: bool, rng: &mut Rng, clips: &mut Vec<Clip>) {
    let shortest_s = LENGTHS[LENGTHS.len() - 1].0;
    // Not always the first sound of the recording.
    let mut start_s = on_grid(rng.between(0.0, shortest_s.min((duration_s - shortest_s).max(0.0))));
    loop {
        let drawn_s = draw_length(rng);
        let degradation = draw_degradation(with_speech, rng);
        let fits = |length_s: f64| start_s + length_s * degradation.speed() <= duration_s;
        let longest = LENGTHS.iter().map(|l| l.0).find(|&length_s| length_s <= drawn_s && fits(length_s));
        let Some(length_s) = longest else { return };
        let clip = Clip { recording, start_s, length_s, degradation, other: None };
        start_s = on_grid(start_s + clip.source_s() + GRID_S);
        clips.push(clip);
    }
}

fn on_grid(seconds: f64) -> f64 {
    (seconds / GRID_S).floor() * GRID_S
}

fn draw_length(rng: &mut Rng) -> f64 {
    let mut left = rng.below(LENGTHS.iter().map(|l| l.1).sum());
    for (length_s, share) in LENGTHS {
        if left < share {
            return length_s;
        }
        left -= share;
    }
    LENGTHS[0].0
}

/// All classes are equally frequent.
fn draw_degradation(with_speech: bool, rng: &mut Rng) -> Degradation {
    let change = rng.between(SPEED_CHANGE.0, SPEED_CHANGE.1);
    let classes = [
        Degradation::None,
        Degradation::Pink { snr_db: 10 },
        Degradation::Pink { snr_db: 0 },
        Degradation::Speed { factor: 1.0 + change },
        Degradation::Speed { factor: 1.0 - change },
        Degradation::LowPass,
        Degradation::Mixed,
        Degradation::Clipped,
        Degradation::Babble,
    ];
    classes[rng.below(if with_speech { classes.len() } else { classes.len() - 1 })]
}

/// Where to take what is mixed in: from another recording of the fold, which is
/// no more registered than the clip itself.
fn companion(clip: &Clip, recordings: &[(usize, f64)], rng: &mut Rng) -> Option<(usize, f64)> {
    let others: Vec<(usize, f64)> =
        recordings.iter().copied().filter(|r| r.0 != clip.recording && r.1 >= clip.length_s).collect();
    if others.is_empty() {
        return None;
    }
    let (recording, duration_s) = rng.pick(&others);
    Some((recording, on_grid(rng.between(0.0, duration_s - clip.length_s))))
}
