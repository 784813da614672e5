//! Other places of a recording that sound the same.

use crate::peaks::Peak;

use super::alignment::{Alignment, refine};
use super::evidence::{trials, weigh};
use super::extend::Extent;
use super::query::Query;
use super::sweep::Sweep;

/// Places that are looked at.
const PLACES: usize = 12;

/// Least standout of a place, in standard deviations: what repeats exactly
/// stands out as far as the place that was found.
const LEAST_DEVIATIONS: f64 = 3.0;

/// Share of the evidence another place must have to fit as well. The peaks at
/// both ends differ, and other voices may go on beside the repeated one.
const AS_WELL: f64 = 0.85;

/// Places nearer than this are the same: an eighth of a second.
const SAME_TICKS: f64 = 24.0;

/// Query ticks that are slid along the recording at most: 22 s.
const SLID_TICKS: f64 = 4096.0;

/// Offsets, besides its own, at which a recording fits the query about as well:
/// music repeats itself, often to the sample. In order of the offset.
pub fn repeats(found: &Extent, reference: &[Peak], query: &Query, max_pitch: u32) -> Vec<f64> {
    let (from, until) = (found.from, found.until);
    let Alignment { scale, shift, offset } = found.alignment;
    let slid = from as u32..until.min(from + SLID_TICKS).ceil() as u32;
    let sweep = Sweep::new(query, slid, scale, shift, max_pitch);
    let mut offsets: Vec<f64> = sweep
        .slide(reference, PLACES, LEAST_DEVIATIONS, &mut Vec::new())
        .into_iter()
        .filter_map(|place| {
            let start = Alignment { offset: place.offset, scale, shift };
            let there = refine(start, reference, query, from, until, false);
            let total = weigh(&trials(there, reference, query, from, until, max_pitch)).total;
            (total >= AS_WELL * found.evidence.total).then_some(there.offset)
        })
        .filter(|other| (other - offset).abs() > SAME_TICKS)
        .collect();
    offsets.sort_by(f64::total_cmp);
    offsets.dedup_by(|a, b| (*a - *b).abs() < SAME_TICKS);
    offsets
}
