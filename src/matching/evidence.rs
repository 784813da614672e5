//! How much the query's peaks speak for an alignment.
//!
//! Every reference peak that falls into the query is either found there, one
//! query peak serving one reference peak, or not. Under chance it is found with
//! probability c, the chance level of the place (a Poisson process with the
//! product of the query's marginals in time and pitch), anywhere within the
//! tolerance. Under the hypothesis it has survived the degradation with
//! probability s, and then lies close to where it belongs. The evidence is the
//! log-likelihood ratio for the s that fits best.

use crate::params::PITCH_UNITS_PER_SEMITONE;
use crate::peaks::Peak;

use super::alignment::Alignment;
use super::query::Query;

/// Tolerance in time, in query ticks: 18 ms with the default parameters, where
/// the information per peak is largest (measured on degraded music).
pub(super) const TOLERANCE_TICKS: f64 = 3.4;
/// Tolerance in pitch, in pitch units: 3/16 semitone.
pub(super) const TOLERANCE_PITCH: f64 = 3.2;

/// Decay of the deviation in time of surviving peaks, in ticks. Measured on
/// noisy, reverberant and stretched music: half of them lie within one tick.
const DECAY_TICKS: f64 = 1.5;
/// Decay of the deviation in pitch, in pitch units; two thirds of the surviving
/// peaks lie within half a unit.
const DECAY_PITCH: f64 = 0.6;

/// Share of a found peak's evidence that counts. Peaks of music do not come one
/// by one but as chords and beats, so that where one is found by chance the next
/// is likely, too. With this power of the likelihood ratio the best wrong
/// candidates thin out by nearly a factor of e per nat, as they should, and wrong
/// and right ones part best (measured on noisy, stretched and unregistered music;
/// powers from 0.5 to 1 were tried).
const INDEPENDENCE: f64 = 0.7;

/// Shares of surviving peaks that are tried.
const SURVIVAL: [f64; 9] = [0.02, 0.04, 0.08, 0.14, 0.22, 0.34, 0.5, 0.7, 0.9];

/// Density of a surviving peak's deviation over that of a chance peak's, which
/// is uniform within the tolerance.
fn closeness(ticks: f64, pitch: f64) -> f64 {
    let ratio = |deviation: f64, decay: f64, tolerance: f64| {
        let share = decay * (1.0 - (-tolerance / decay).exp());
        tolerance / share * (-deviation / decay).exp()
    };
    ratio(ticks, DECAY_TICKS, TOLERANCE_TICKS) * ratio(pitch, DECAY_PITCH, TOLERANCE_PITCH)
}

/// A reference peak that falls into the query.
#[derive(Clone, Copy, Debug)]
pub struct Trial {
    /// Where it is expected, in query ticks.
    pub tick: f64,
    /// Where it is expected, in pitch units.
    pub pitch: f64,
    /// The probability to find a peak there by chance.
    pub chance: f64,
    /// Index of the query peak that was found.
    pub found: Option<u32>,
    /// How much likelier the found peak is under the hypothesis that this peak
    /// survived than under chance, corrected for dependent peaks; 0 where none was
    /// found.
    pub gain: f64,
}

/// Looks for every reference peak that falls into the query ticks
/// `from..until`, in order of time.
pub fn trials(
    alignment: Alignment,
    reference: &[Peak],
    query: &Query,
    from: f64,
    until: f64,
    max_pitch: u32,
) -> Vec<Trial> {
    let first = alignment.reference_tick(from);
    let start = reference.partition_point(|p| f64::from(p.tick) < first);
    let mut trials = Vec::new();
    let mut taken = Vec::new();
    for peak in &reference[start..] {
        let tick = alignment.query_tick(f64::from(peak.tick));
        if tick >= until {
            break;
        }
        let pitch = f64::from(peak.pitch) + alignment.shift;
        if pitch < 0.0 || pitch > f64::from(max_pitch) {
            continue;
        }
        let rate = query.chance_rate(tick, pitch, TOLERANCE_TICKS, TOLERANCE_PITCH);
        let mut best = (0.0, None);
        let range = query.range(tick - TOLERANCE_TICKS, tick + TOLERANCE_TICKS);
        let near = range.start as u32;
        for (i, candidate) in (near..).zip(&query.peaks()[range]) {
            let dt = (f64::from(candidate.tick) - tick).abs();
            let dp = (f64::from(candidate.pitch) - pitch).abs();
            if dt <= TOLERANCE_TICKS && dp <= TOLERANCE_PITCH {
                let closeness = closeness(dt, dp);
                if closeness > best.0 && !taken.contains(&i) {
                    best = (closeness, Some(i));
                }
            }
        }
        if let Some(i) = best.1 {
            // Only the last few can be asked for again.
            if taken.len() >= 24 {
                taken.remove(0);
            }
            taken.push(i);
        }
        let chance = 1.0 - (-rate).exp();
        let gain = if best.1.is_some() { (best.0 / chance).powf(INDEPENDENCE) } else { 0.0 };
        trials.push(Trial { tick, pitch, chance, found: best.1, gain });
    }
    trials
}

/// Evidence of a run of trials.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Evidence {
    /// Log-likelihood ratio in nats, at least 0, corrected for peaks that repeat
    /// themselves: what decides whether there is a match.
    pub nats: f64,
    /// The same without the correction: what decides between places, and how much
    /// of it is one recording's own.
    pub total: f64,
    /// Share of surviving peaks that fits best.
    pub survival: f64,
    /// Reference peaks looked for.
    pub trials: usize,
    /// Those found.
    pub found: usize,
    /// Those expected to be found by chance.
    pub expected: f64,
}

impl Evidence {
    /// Share of the trials that were found, less what chance finds.
    pub fn agreement(&self) -> f64 {
        let beyond_chance = self.found as f64 - self.expected;
        (beyond_chance / (self.trials as f64 - self.expected).max(1.0)).clamp(0.0, 1.0)
    }
}

/// Log-likelihood ratio of one trial for a survival share.
pub fn nats(trial: &Trial, survival: f64) -> f64 {
    // 1 − s where nothing was found.
    (1.0 - survival + survival * trial.gain).ln()
}

/// Different pitches, in thirds of a semitone, that the found peaks must have
/// for their evidence to count in full. A hum or a beep that repeats itself
/// exactly finds a handful of pitches again and again, music more than twice
/// this number in a second.
const FULL_VARIETY: f64 = 10.0;

/// Different moments, of [`MOMENT_TICKS`], from which the found peaks must come
/// for their evidence to count in full. A chord or a drum of the same sound has
/// most of its peaks in common with any other, and is over in two of them.
const FULL_MOMENTS: f64 = 8.0;

/// Length of a moment, in query ticks: 0.17 s.
const MOMENT_TICKS: f64 = 32.0;

/// Weighs trials.
pub fn weigh(trials: &[Trial]) -> Evidence {
    let (mut total, mut survival, mut corrected) = (0.0, 0.0, 0.0_f64);
    for share in SURVIVAL {
        let mut cells = [0.0; PITCH_CELLS];
        let mut sum = 0.0;
        // Most trials find nothing and have the same logarithm.
        let missing = (1.0 - share).ln();
        for trial in trials {
            let nats = if trial.found.is_some() { nats(trial, share) } else { missing };
            sum += nats;
            cells[pitch_cell(trial)] += nats;
        }
        if sum > total {
            (total, survival) = (sum, share);
        }
        corrected = corrected.max(cells.iter().map(|nats| diminishing(*nats)).sum());
    }
    let variety = (variety(trials) / FULL_VARIETY).min(1.0);
    let moments = (moments(trials) / FULL_MOMENTS).min(1.0);
    Evidence {
        nats: corrected * variety * variety * moments,
        total: total * variety * variety * moments,
        survival,
        trials: trials.len(),
        found: trials.iter().filter(|t| t.found.is_some()).count(),
        expected: trials.iter().map(|t| t.chance).sum(),
    }
}

/// Number of different moments at which peaks were found; trials are in order of
/// time.
fn moments(trials: &[Trial]) -> f64 {
    let mut found = trials.iter().filter(|t| t.found.is_some()).map(|t| (t.tick / MOMENT_TICKS).floor());
    let Some(mut last) = found.next() else { return 0.0 };
    let mut count = 1.0;
    for moment in found {
        if moment != last {
            (last, count) = (moment, count + 1.0);
        }
    }
    count
}

/// Number of different pitches among the found peaks, in thirds of a semitone.
fn variety(trials: &[Trial]) -> f64 {
    let mut seen = [false; PITCH_CELLS];
    for trial in trials.iter().filter(|t| t.found.is_some()) {
        seen[pitch_cell(trial)] = true;
    }
    seen.iter().filter(|seen| **seen).count() as f64
}

/// Thirds of a semitone that are told apart: 85 semitones, after which they are
/// counted from the bottom again.
const PITCH_CELLS: usize = 256;

fn pitch_cell(trial: &Trial) -> usize {
    (trial.pitch.max(0.0) * 3.0 / f64::from(PITCH_UNITS_PER_SEMITONE)) as usize % PITCH_CELLS
}

/// What the evidence at one pitch counts for. A note or a cymbal that comes again
/// at every beat is found again at every beat: where two songs share the beat and
/// one sound, chance or a common sample explains it, and no more of the same says
/// anything else. (Logarithmic from one nat on; measured on unregistered music
/// made with the same samples.)
fn diminishing(nats: f64) -> f64 {
    if nats > 1.0 { 1.0 + nats.ln() } else { nats }
}
