//! Made-up recordings out of pieces of real ones.
//!
//! A made-up recording is a row of pieces of 4 to 12 s from the constellations of
//! one or two recordings of the pool. Its pieces are transposed and stretched
//! alike, so that it keeps one key and one tempo, as music does.

use earmark::fingerprint::Fingerprint;
use earmark::params::{PITCH_UNITS_PER_SEMITONE, Params, TICKS_PER_FRAME};
use earmark::peaks::{Peak, strongest_per_block};

use crate::synth::rng::Rng;

/// Changes whenever the same pool and seed would give other recordings.
pub const VERSION: &str = "recombination 1";

/// Length of a piece, in seconds of its source: some bars, so that rhythm and
/// chords go on as in music; much shorter than a song, so that no two made-up
/// recordings share more than that.
const PIECE_S: (f64, f64) = (4.0, 12.0);

/// Shortest, most frequent and longest duration in seconds. The triangular
/// distribution over them has the mean 3.5 min of recorded popular music.
const DURATION_S: (f64, f64, f64) = (90.0, 180.0, 360.0);

/// Largest transposition, in semitones. Only whole ones are drawn: music is tuned to
/// one A nearly everywhere, and by any pitch unit the hashes of pairs, which hold
/// absolute pitches, came out with 284 hits where real music had 465.
const SHIFT_SEMITONES: usize = 8;

/// Largest change of the tempo, either way.
const STRETCH: f64 = 0.12;

/// Share of the recordings that are made of one source; the others have two.
const FROM_ONE: f64 = 0.5;

/// What a made-up recording is made of, but for its pieces.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Plan {
    /// Numbers of its sources in the pool; often the same.
    pub sources: [usize; 2],
    /// Its length in ticks.
    pub ticks: u32,
    /// What is added to every pitch, in pitch units.
    pub shift: i32,
    /// Ticks of the recording for a tick of its source.
    pub stretch: f64,
}

impl Plan {
    /// Draws one for a pool of `sources` recordings.
    pub fn draw(sources: usize, params: &Params, rng: &mut Rng) -> Plan {
        let first = rng.below(sources);
        let second = if rng.chance(FROM_ONE) { first } else { rng.below(sources) };
        let semitones = rng.below(2 * SHIFT_SEMITONES + 1) as i32 - SHIFT_SEMITONES as i32;
        Plan {
            sources: [first, second],
            ticks: ticks(triangular(DURATION_S, rng.unit()), params),
            shift: semitones * PITCH_UNITS_PER_SEMITONE as i32,
            stretch: rng.between(1.0 - STRETCH, 1.0 + STRETCH),
        }
    }
}

/// The made-up recording of a number. It depends on number, seed and pool alone:
/// a registry of a thousand holds the first thousand of any larger one.
pub fn make(number: u64, seed: u64, pool: &[Fingerprint], params: &Params) -> Fingerprint {
    let mut rng = Rng::new(seed, &format!("recording {number}"));
    let plan = Plan::draw(pool.len(), params, &mut rng);
    let mut peaks = Vec::new();
    let mut start = 0;
    while start < plan.ticks {
        let source = &pool[rng.pick(&plan.sources)];
        let wanted = ticks(rng.between(PIECE_S.0, PIECE_S.1), params);
        let room = (source.frames * TICKS_PER_FRAME).saturating_sub(wanted);
        let from = rng.below(room as usize + 1) as u32;
        // Rounded up: a piece must not stand still.
        let length = ((f64::from(wanted) * plan.stretch).ceil() as u32).min(plan.ticks - start);
        lay(source, from, start..start + length, &plan, params, &mut peaks);
        start += length;
    }
    // Rounding after a compression may change the order of neighbours, and brings
    // more peaks into a block than the peak picker would have kept.
    peaks.sort_unstable();
    let peaks = strongest_per_block(&peaks, params.dense_peaks_per_block, params);
    Fingerprint { peaks, frames: plan.ticks / TICKS_PER_FRAME }
}

/// Lays the part of `source` that begins at `from` onto the ticks of `onto`.
fn lay(
    source: &Fingerprint,
    from: u32,
    onto: std::ops::Range<u32>,
    plan: &Plan,
    params: &Params,
    peaks: &mut Vec<Peak>,
) {
    let first = source.peaks.partition_point(|p| p.tick < from);
    for peak in &source.peaks[first..] {
        let tick = onto.start + (f64::from(peak.tick - from) * plan.stretch).round() as u32;
        if tick >= onto.end {
            break;
        }
        let pitch = i32::from(peak.pitch) + plan.shift;
        if (0..=params.max_pitch() as i32).contains(&pitch) {
            peaks.push(Peak { tick, pitch: pitch as u16, strength: peak.strength });
        }
    }
}

fn ticks(seconds: f64, params: &Params) -> u32 {
    (seconds / params.seconds_per_tick()) as u32
}

/// The `share` quantile of the triangular distribution over least, mode and most.
fn triangular((least, mode, most): (f64, f64, f64), share: f64) -> f64 {
    let turn = (mode - least) / (most - least);
    if share < turn {
        least + ((most - least) * (mode - least) * share).sqrt()
    } else {
        most - ((most - least) * (most - mode) * (1.0 - share)).sqrt()
    }
}
