//! How far an alignment holds: from the stretch it was found in to its ends.

use crate::peaks::Peak;

use super::alignment::{Alignment, refine};
use super::evidence::{Evidence, Trial, nats, trials, weigh};
use super::query::Query;

/// Drop of the running evidence at which the end is taken to be passed, in
/// nats. About two seconds of other music where most peaks survive, more where
/// few do; quiet passages have no peaks and cost nothing (the X-drop rule of
/// Altschul et al. 1990).
const DROP_NATS: f64 = 20.0;

/// Times the range is widened at most: each doubles it, from seconds to days.
const MOST_ROUNDS: usize = 16;

/// A range that moves by less has not grown: a quarter of a second.
const NOTABLE_TICKS: f64 = 48.0;

/// Survival share below which missing peaks would never end a range.
const LEAST_SURVIVAL: f64 = 0.04;

/// An alignment with the range of the query it holds in.
#[derive(Clone, Debug)]
pub struct Extent {
    /// Sharpened on the whole range.
    pub alignment: Alignment,
    /// First query tick.
    pub from: f64,
    /// Query tick past the last.
    pub until: f64,
    /// What speaks for it, over the whole range.
    pub evidence: Evidence,
    /// Indices of the query's peaks it explains, sorted.
    pub explained: Vec<u32>,
}

/// Follows an alignment from the query ticks `from..until` to where it ends.
pub fn extend(
    start: Alignment,
    reference: &[Peak],
    query: &Query,
    (mut from, mut until): (f64, f64),
    max_pitch: u32,
) -> Extent {
    let mut alignment = start;
    let mut step = until - from;
    let end = f64::from(query.end_tick());
    let view = |from: f64, until: f64, step: f64| ((from - step).max(0.0), (until + step).min(end));
    let mut survival = weigh(&trials(alignment, reference, query, from, until, max_pitch)).survival;
    // Looks further until nothing is gained; the drift that a short range leaves
    // undetermined is fitted away before it matters.
    for round in 0..MOST_ROUNDS {
        let (view_from, view_until) = view(from, until, step);
        let seen = trials(alignment, reference, query, view_from, view_until, max_pitch);
        let range = best_range(&seen, survival.max(LEAST_SURVIVAL), (from + until) / 2.0);
        let (Some(first), Some(last)) = (seen[range.clone()].first(), seen[range.clone()].last()) else {
            break;
        };
        let grown = first.tick < from - NOTABLE_TICKS || last.tick > until + NOTABLE_TICKS;
        (from, until) = (first.tick, last.tick + 1.0);
        alignment = refine(alignment, reference, query, from, until, false);
        survival = weigh(&seen[range]).survival;
        if !grown && round > 0 {
            break;
        }
        step = step.max(until - from);
    }
    let (view_from, view_until) = view(from, until, step);
    let in_view = trials(alignment, reference, query, view_from, view_until, max_pitch);
    let range = best_range(&in_view, survival.max(LEAST_SURVIVAL), (from + until) / 2.0);
    let held = &in_view[range];
    if let (Some(first), Some(last)) = (held.first(), held.last()) {
        (from, until) = (first.tick, last.tick + 1.0);
    }
    let mut explained: Vec<u32> = held.iter().filter_map(|t| t.found).collect();
    explained.sort_unstable();
    explained.dedup();
    Extent { alignment, from, until, evidence: weigh(held), explained }
}

/// The run of trials around `middle` with the most evidence, up to where it
/// has dropped too far on either side.
fn best_range(trials: &[Trial], survival: f64, middle: f64) -> std::ops::Range<usize> {
    let start = trials.partition_point(|t| t.tick < middle);
    let forward = trials[start..].iter().map(|t| nats(t, survival));
    let backward = trials[..start].iter().rev().map(|t| nats(t, survival));
    start - furthest(backward)..start + furthest(forward)
}

/// Number of values up to the highest partial sum before it drops too far.
fn furthest(values: impl Iterator<Item = f64>) -> usize {
    let (mut sum, mut best, mut length) = (0.0, 0.0, 0);
    for (i, value) in values.enumerate() {
        sum += value;
        if sum > best {
            (best, length) = (sum, i + 1);
        } else if sum < best - DROP_NATS {
            break;
        }
    }
    length
}
