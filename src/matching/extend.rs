//! How far an alignment holds: from the stretch it was found in to its ends.

use crate::peaks::Peak;

use super::alignment::{Alignment, refine};
use super::evidence::{Evidence, Trial, nats, trials, weigh};
use super::query::Query;

/// Drop of the running evidence at which the end is taken to be passed, in
/// nats. About two seconds of other music where most peaks survive, more where
/// few do; quiet passages have no peaks and cost nothing (the X-drop rule of
/// Altschul et al. 1990).
const DROP_NATS: f64 = 30.0;

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
    let mut survival = weigh(&trials(alignment, reference, query, from, until, max_pitch)).survival;
    // Doubles the view until the ends lie inside it; the drift that a short
    // range leaves undetermined is fitted away before it matters.
    let in_view = loop {
        let view_from = (from - step).max(0.0);
        let view_until = (until + step).min(f64::from(query.end_tick()));
        let seen = trials(alignment, reference, query, view_from, view_until, max_pitch);
        let middle = (from + until) / 2.0;
        let range = best_range(&seen, survival.max(0.04), middle);
        let (first, last) = (&seen[range.clone()].first(), &seen[range.clone()].last());
        let (Some(first), Some(last)) = (first, last) else { break seen };
        (from, until) = (first.tick, last.tick + 1.0);
        let open_before = from - view_from < step / 4.0 && view_from > 0.0;
        let open_after = view_until - until < step / 4.0 && view_until < f64::from(query.end_tick());
        alignment = refine(alignment, reference, query, from, until, false);
        survival = weigh(&seen[range]).survival;
        if !open_before && !open_after {
            break trials(alignment, reference, query, view_from, view_until, max_pitch);
        }
        step *= 2.0;
    };
    let range = best_range(&in_view, survival.max(0.04), (from + until) / 2.0);
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
