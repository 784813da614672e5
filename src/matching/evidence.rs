//! How much the query's peaks speak for an alignment.
//!
//! Every reference peak that falls into the query is either found there, one
//! query peak serving one reference peak, or not. Under the hypothesis it is
//! found with probability c + (1 − c) s, where c is the chance level of the
//! place (a Poisson process with the product of the query's marginals in time
//! and pitch) and s the share of peaks that survived the degradation; under
//! chance with probability c. The evidence is the log-likelihood ratio for the
//! s that fits best.

use crate::peaks::Peak;

use super::alignment::Alignment;
use super::query::Query;

/// Tolerance in time, in query ticks: 18 ms with the default parameters, where
/// the information per peak is largest (measured on degraded music).
pub(super) const TOLERANCE_TICKS: f64 = 3.4;
/// Tolerance in pitch, in pitch units: 3/16 semitone.
pub(super) const TOLERANCE_PITCH: f64 = 3.2;

/// Shares of surviving peaks that are tried.
const SURVIVAL: [f64; 8] = [0.04, 0.08, 0.14, 0.22, 0.34, 0.5, 0.7, 0.9];

/// A reference peak that falls into the query.
#[derive(Clone, Copy, Debug)]
pub struct Trial {
    /// Where it is expected, in query ticks.
    pub tick: f64,
    /// The probability to find a peak there by chance.
    pub chance: f64,
    /// Index of the query peak that was found.
    pub found: Option<u32>,
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
        let mut best = (f64::INFINITY, None);
        let range = query.range(tick - TOLERANCE_TICKS, tick + TOLERANCE_TICKS);
        let near = range.start as u32;
        for (i, candidate) in (near..).zip(&query.peaks()[range]) {
            let dt = (f64::from(candidate.tick) - tick).abs() / TOLERANCE_TICKS;
            let dp = (f64::from(candidate.pitch) - pitch).abs() / TOLERANCE_PITCH;
            if dt <= 1.0 && dp <= 1.0 && dt + dp < best.0 && !taken.contains(&i) {
                best = (dt + dp, Some(i));
            }
        }
        if let Some(i) = best.1 {
            // Only the last few can be asked for again.
            if taken.len() >= 24 {
                taken.remove(0);
            }
            taken.push(i);
        }
        trials.push(Trial { tick, chance: 1.0 - (-rate).exp(), found: best.1 });
    }
    trials
}

/// Evidence of a run of trials.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Evidence {
    /// Log-likelihood ratio in nats, at least 0.
    pub nats: f64,
    /// Share of surviving peaks that fits best.
    pub survival: f64,
    /// Reference peaks looked for.
    pub trials: usize,
    /// Those found.
    pub found: usize,
    /// Those expected to be found by chance.
    pub expected: f64,
}

/// Log-likelihood ratio of one trial for a survival share.
pub fn nats(trial: &Trial, survival: f64) -> f64 {
    if trial.found.is_some() {
        (1.0 + survival * (1.0 - trial.chance) / trial.chance).ln()
    } else {
        (1.0 - survival).ln()
    }
}

/// Weighs trials.
pub fn weigh(trials: &[Trial]) -> Evidence {
    let best = SURVIVAL
        .iter()
        .map(|&s| (trials.iter().map(|t| nats(t, s)).sum::<f64>(), s))
        .fold((0.0, 0.0), |a, b| if b.0 > a.0 { b } else { a });
    Evidence {
        nats: best.0,
        survival: best.1,
        trials: trials.len(),
        found: trials.iter().filter(|t| t.found.is_some()).count(),
        expected: trials.iter().map(|t| t.chance).sum(),
    }
}
