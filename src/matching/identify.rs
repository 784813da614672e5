//! A whole query: stretch after stretch, recording after recording.

use crate::index::Index;
use crate::params::Params;
use crate::peaks::Peak;

use super::alignment::refine;
use super::chance::{ln_e_value, own_chance};
use super::evidence::{trials, weigh};
use super::extend::{Extent, extend};
use super::query::Query;
use super::search::{Plan, Verified, reweigh, search};

/// Length of the stretches a long query is searched in, in ticks: 10.9 s with
/// the default parameters, half of them overlapping.
const STRETCH_TICKS: u32 = 2048;

/// Candidates of a stretch that are followed to their ends before one is
/// chosen: the choice between repeats needs the whole context.
const FOLLOWED: usize = 4;

/// Natural logarithm of the E-value, on the stretch alone, above which a
/// candidate is not followed.
const HOPELESS: f64 = 4.0;

/// Recordings that may sound at once.
const LAYERS: usize = 4;

/// Share of its evidence that a candidate must keep when the peaks of a better
/// one are taken away, to count as sounding besides it.
const OWN_EVIDENCE: f64 = 0.35;

/// A recording found in the query.
#[derive(Clone, Debug)]
pub struct Found {
    /// Segment in the index.
    pub segment: usize,
    /// Recording in the segment.
    pub ordinal: usize,
    /// Where, and on what grounds.
    pub extent: Extent,
    /// Natural logarithm of its E-value.
    pub ln_e: f64,
}

/// Everything found with an E-value of at most e^`max_ln_e`, in order of time.
pub fn identify(index: &Index, query: &Query, plan: &Plan, max_ln_e: f64, params: &Params) -> Vec<Found> {
    let registry_s = index.seconds();
    let mut found: Vec<Found> = Vec::new();
    let end = query.end_tick();
    let mut start = 0;
    while start < end {
        // The last stretch takes what would be too short to stand alone.
        let last = end - start <= STRETCH_TICKS + STRETCH_TICKS / 4;
        let ticks = start..if last { end } else { start + STRETCH_TICKS };
        let covered = found.iter().any(|f| {
            f.extent.from <= f64::from(ticks.start) + EDGE && f.extent.until >= f64::from(ticks.end) - EDGE
        });
        if !covered {
            let layer = Layer { index, params, registry_s, max_ln_e, ticks: ticks.clone() };
            layer.find(query, plan, &mut found);
        }
        if last {
            break;
        }
        start += STRETCH_TICKS / 2;
    }
    join(found, index, query, params)
}

/// Joins what was found of one recording in several pieces, as where somebody
/// talks over a part of it.
fn join(mut found: Vec<Found>, index: &Index, query: &Query, params: &Params) -> Vec<Found> {
    found.sort_by(|a, b| {
        let place = |f: &Found| (f.segment, f.ordinal);
        place(a).cmp(&place(b)).then_with(|| a.extent.from.total_cmp(&b.extent.from))
    });
    let mut joined: Vec<Found> = Vec::with_capacity(found.len());
    for next in found {
        if let Some(last) = joined.last_mut().filter(|last| last.continues_in(&next)) {
            let peaks = index.segments()[last.segment].peaks(last.ordinal);
            last.take(next, &peaks, query, params.max_pitch());
        } else {
            joined.push(next);
        }
    }
    joined.sort_by(|a, b| a.extent.from.total_cmp(&b.extent.from));
    joined
}

impl Found {
    /// Whether `next` is a later piece of the same playing.
    fn continues_in(&self, next: &Found) -> bool {
        let (ours, theirs) = (&self.extent.alignment, &next.extent.alignment);
        let junction = (self.extent.until + next.extent.from) / 2.0;
        (self.segment, self.ordinal) == (next.segment, next.ordinal)
            && next.extent.from - self.extent.until < GAP_TICKS
            && (ours.scale / theirs.scale - 1.0).abs() < 0.01
            && (ours.shift - theirs.shift).abs() < 4.0
            && (ours.reference_tick(junction) - theirs.reference_tick(junction)).abs() < SLIP_TICKS
    }

    /// Whether `other` names the same recording at the same time: the repeats of
    /// its own notes fit what is left of the query's peaks, too.
    fn echoes(&self, other: &Found) -> bool {
        let (ours, theirs) = (&self.extent, &other.extent);
        let overlap = ours.until.min(theirs.until) - ours.from.max(theirs.from);
        let shorter = (ours.until - ours.from).min(theirs.until - theirs.from);
        (self.segment, self.ordinal) == (other.segment, other.ordinal) && overlap > shorter / 2.0
    }

    fn take(&mut self, next: Found, peaks: &[Peak], query: &Query, max_pitch: u32) {
        let (from, until) = (self.extent.from, self.extent.until.max(next.extent.until));
        let alignment = refine(self.extent.alignment, peaks, query, from, until, false);
        let evidence = weigh(&trials(alignment, peaks, query, from, until, max_pitch));
        let mut explained = std::mem::take(&mut self.extent.explained);
        explained.extend(next.extent.explained);
        explained.sort_unstable();
        explained.dedup();
        self.extent = Extent { alignment, from, until, evidence, explained };
        self.ln_e = self.ln_e.min(next.ln_e);
    }
}

/// Longest gap between two pieces of one playing: 15 s.
const GAP_TICKS: f64 = 2800.0;

/// Largest difference of two alignments at the junction of two pieces: a tenth
/// of a second, which drift between short pieces may reach.
const SLIP_TICKS: f64 = 20.0;

/// Ticks at the edges of a stretch that need not be covered: half a second.
const EDGE: f64 = 96.0;

struct Layer<'a> {
    index: &'a Index,
    params: &'a Params,
    registry_s: f64,
    max_ln_e: f64,
    ticks: std::ops::Range<u32>,
}

impl Layer<'_> {
    /// Searches the stretch and adds what is new to `found`.
    fn find(&self, query: &Query, plan: &Plan, found: &mut Vec<Found>) {
        // What earlier stretches found explains its peaks here, too.
        let mut explained = self.explained(found);
        let mut rest = query.without(&explained, self.params);
        let mut candidates = search(self.index, &rest, self.ticks.clone(), plan, self.params);
        for _ in 0..LAYERS {
            let Some(mut best) = self.best(&candidates, &rest, found) else { return };
            best.extent.explained = original(&explained, &best.extent.explained);
            explained.extend(&best.extent.explained);
            explained.sort_unstable();
            found.push(best);
            rest = query.without(&explained, self.params);
            let (from, until) = (f64::from(self.ticks.start), f64::from(self.ticks.end));
            for candidate in &mut candidates {
                let before = candidate.evidence.nats;
                reweigh(candidate, self.index, &rest, from..until, self.params);
                if candidate.evidence.nats < OWN_EVIDENCE * before {
                    candidate.evidence.nats = 0.0;
                }
            }
            candidates.retain(|c| c.evidence.nats > 0.0);
            candidates.sort_by(|a, b| b.evidence.nats.total_cmp(&a.evidence.nats));
        }
    }

    fn explained(&self, found: &[Found]) -> Vec<u32> {
        let mut explained: Vec<u32> = found.iter().flat_map(|f| f.extent.explained.iter().copied()).collect();
        explained.sort_unstable();
        explained.dedup();
        explained
    }

    /// Follows the leading candidates and takes the one with the lowest
    /// E-value, if that is low enough.
    fn best(&self, candidates: &[Verified], query: &Query, found: &[Found]) -> Option<Found> {
        let range = (f64::from(self.ticks.start), f64::from(self.ticks.end));
        candidates
            .iter()
            .filter(|c| ln_e_value(c.evidence.nats, 0.0, &c.alignment, self.registry_s) < HOPELESS)
            .take(FOLLOWED)
            .map(|c| {
                let peaks = self.index.segments()[c.segment].peaks(c.ordinal);
                let pitch = self.params.max_pitch();
                let extent = extend(c.alignment, &peaks, query, range, pitch);
                let chance = own_chance(&extent.alignment, &peaks, query, self.ticks.clone(), pitch);
                let nats = extent.evidence.nats;
                let ln_e = ln_e_value(nats, chance, &extent.alignment, self.registry_s);
                Found { segment: c.segment, ordinal: c.ordinal, extent, ln_e }
            })
            .filter(|c| !found.iter().any(|f| f.echoes(c)))
            .min_by(|a, b| a.ln_e.total_cmp(&b.ln_e))
            .filter(|best| best.ln_e <= self.max_ln_e)
    }
}

/// Indices of peaks of `query.without(removed)` as indices of `query`.
fn original(removed: &[u32], indices: &[u32]) -> Vec<u32> {
    let mut removed = removed.iter().copied().peekable();
    let mut shift = 0;
    indices
        .iter()
        .map(|i| {
            while removed.next_if(|r| *r <= i + shift).is_some() {
                shift += 1;
            }
            i + shift
        })
        .collect()
}
