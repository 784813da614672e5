//! A whole query: stretch after stretch, recording after recording.

use std::ops::Range;

use crate::index::{Index, RecordingRef};
use crate::params::Params;
use crate::peaks::Peak;

use super::alignment::refine;
use super::chance::{Chances, Standing, own_chance};
use super::evidence::{trials, weigh};
use super::extend::{Extent, extend};
use super::query::Query;
use super::repeats::repeats;
use super::search::{Plan, Searched, Verified, glance, search};
use super::siblings::Sight;

/// Length of the stretches a long query is searched in, in ticks: 10.9 s with
/// the default parameters.
pub(super) const STRETCH_TICKS: u32 = 2048;

/// Length above which a query counts as long, in ticks: 65 s. In a shorter one
/// stretches overlap by half and each is searched with all means; in a longer one
/// they do not overlap, each is searched sparingly, and only one in [`DEEP_EVERY`]
/// with more than the quick look-ups. Music that is changed or under noise for longer than
/// that is found in one of them and followed from there; a shorter passage is found
/// if nothing is changed.
const LONG_TICKS: u32 = 6 * STRETCH_TICKS;

/// Of the stretches of a long query one in so many is searched with all means.
const DEEP_EVERY: u32 = 3;

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

/// Other recordings that tell what chance reaches with this query.
const RIVALS: usize = 3;

/// Taken off the evidence of a recording where another was found already: few
/// files play two at once, one in fifty at most (ln 50), and what the first leaves
/// of its own peaks has its tuning and beat.
const SECOND_NATS: f64 = 3.9;

/// Share of a rival's peaks that the candidate explains, too, from which on it is
/// taken for a sibling.
const SIBLING_SHARE: f64 = 0.7;

/// A recording found in the query.
#[derive(Clone, Debug)]
pub struct Found {
    /// The recording.
    pub recording: RecordingRef,
    /// Where, and on what grounds.
    pub extent: Extent,
    /// Natural logarithm of its E-value.
    pub ln_e: f64,
    /// Other recordings that hold the same audio: what speaks for them are the
    /// peaks this one explains. Strongest first.
    pub siblings: Vec<Found>,
    /// Whether there may be more of them than could be named.
    pub more_siblings: bool,
    /// Offsets of the other places of the recording that fit as well.
    pub repeats: Vec<f64>,
}

/// Everything found with an E-value of at most e^`max_ln_e`, in order of time.
pub fn identify(index: &Index, query: &Query, plan: &Plan, max_ln_e: f64, params: &Params) -> Vec<Found> {
    let query_s = f64::from(query.end_tick()) * params.seconds_per_tick();
    let chances = Chances { registry_s: index.seconds(), query_s };
    let mut found: Vec<Found> = Vec::new();
    let end = query.end_tick();
    let long = end > LONG_TICKS;
    let (step, plan) = if long { (STRETCH_TICKS, &plan.sparing()) } else { (STRETCH_TICKS / 2, plan) };
    for (ticks, deep) in stretches(end, step) {
        let layer = Layer { index, params, chances, max_ln_e, ticks: ticks.clone() };
        match found.iter_mut().find(|f| f.covers(&ticks)) {
            None => layer.find(query, plan, deep, &mut found),
            // Where stretches overlap, every second one is enough.
            Some(covering) if ticks.start.is_multiple_of(STRETCH_TICKS) => {
                layer.find_siblings(query, plan, covering);
            }
            Some(_) => {}
        }
    }
    let mut found = join(found, index, query, params);
    for passage in &mut found {
        let peaks = index.peaks(passage.recording);
        passage.repeats = repeats(&passage.extent, &peaks, query, params.max_pitch());
    }
    found
}

/// The stretches of a query of `end` ticks, one every `step`, and whether each is
/// searched with all means.
fn stretches(end: u32, step: u32) -> impl Iterator<Item = (Range<u32>, bool)> {
    let long = end > LONG_TICKS;
    let mut next = (end > 0).then_some(0);
    std::iter::from_fn(move || {
        let start = next?;
        // The last stretch takes what would be too short to stand alone.
        let last = end - start <= STRETCH_TICKS + STRETCH_TICKS / 4;
        next = (!last).then_some(start + step);
        let deep = !long || start / step % DEEP_EVERY == DEEP_EVERY / 2;
        Some((start..if last { end } else { start + STRETCH_TICKS }, deep))
    })
}

/// The largest evidence, in nats, that a recording of `index` reaches on any
/// stretch of the query, by [`glance`]. Stretches do not overlap: what lies across
/// two of them has half of its evidence in one.
pub fn glance_over(index: &Index, query: &Query, plan: &Plan, params: &Params) -> f64 {
    let end = query.end_tick();
    let each = |(ticks, deep)| glance(index, query, ticks, plan, deep, params);
    stretches(end, STRETCH_TICKS).map(each).fold(0.0, f64::max)
}

/// Joins what was found of one recording in several pieces, as where somebody
/// talks over a part of it.
fn join(mut found: Vec<Found>, index: &Index, query: &Query, params: &Params) -> Vec<Found> {
    found.sort_by(|a, b| a.recording.cmp(&b.recording).then_with(|| a.extent.from.total_cmp(&b.extent.from)));
    let mut joined: Vec<Found> = Vec::with_capacity(found.len());
    for next in found {
        if let Some(last) = joined.last_mut().filter(|last| last.continues_in(&next)) {
            let peaks = index.peaks(last.recording);
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
    pub(super) fn continues_in(&self, next: &Found) -> bool {
        let (ours, theirs) = (&self.extent.alignment, &next.extent.alignment);
        let junction = (self.extent.until + next.extent.from) / 2.0;
        self.recording == next.recording
            && next.extent.from - self.extent.until < GAP_TICKS
            && (ours.scale / theirs.scale - 1.0).abs() < 0.01
            && (ours.shift - theirs.shift).abs() < 4.0
            && (ours.reference_tick(junction) - theirs.reference_tick(junction)).abs() < SLIP_TICKS
    }

    /// Whether it sounds throughout `ticks`.
    fn covers(&self, ticks: &Range<u32>) -> bool {
        self.extent.from <= f64::from(ticks.start) + EDGE && self.extent.until >= f64::from(ticks.end) - EDGE
    }

    /// Whether `other` names the same recording at the same time: the repeats of
    /// its own notes fit what is left of the query's peaks, too.
    fn echoes(&self, other: &Found) -> bool {
        self.recording == other.recording && self.overlaps(other)
    }

    pub(super) fn evidence_per_tick(&self) -> f64 {
        self.extent.evidence.total / (self.extent.until - self.extent.from)
    }

    /// Whether both sound together for more than half of the shorter one.
    pub(super) fn overlaps(&self, other: &Found) -> bool {
        let (ours, theirs) = (&self.extent, &other.extent);
        let overlap = ours.until.min(theirs.until) - ours.from.max(theirs.from);
        let shorter = (ours.until - ours.from).min(theirs.until - theirs.from);
        overlap > shorter / 2.0
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
        self.more_siblings |= next.more_siblings;
        for sibling in next.siblings {
            let known = |s: &Found| s.recording == sibling.recording;
            if !self.siblings.iter().any(known) {
                self.siblings.push(sibling);
            }
        }
        self.siblings.sort_by(strongest_first);
    }
}

/// Longest gap between two pieces of one playing: 15 s.
pub(super) const GAP_TICKS: f64 = 2800.0;

/// Largest difference of two alignments at the junction of two pieces: a tenth
/// of a second, which drift between short pieces may reach.
const SLIP_TICKS: f64 = 20.0;

/// Ticks at the edges of a stretch that need not be covered: half a second.
pub(super) const EDGE: f64 = 96.0;

/// One stretch of a query, searched for one recording after another.
pub(super) struct Layer<'a> {
    pub(super) index: &'a Index,
    pub(super) params: &'a Params,
    pub(super) chances: Chances,
    pub(super) max_ln_e: f64,
    pub(super) ticks: std::ops::Range<u32>,
}

impl Layer<'_> {
    /// Searches the stretch and adds what is new to `found`.
    pub(super) fn find(&self, query: &Query, plan: &Plan, deep: bool, found: &mut Vec<Found>) {
        // What earlier stretches found explains its peaks here, too.
        let mut explained = self.explained(found);
        let mut rest = query.without(&explained, self.params);
        let Searched { mut candidates, cuts } =
            search(self.index, &rest, self.ticks.clone(), plan, deep, self.params);
        for _ in 0..LAYERS {
            let Some(mut best) = self.best(&candidates, &rest, found) else { return };
            let own = original(&explained, &best.extent.explained);
            explained.extend(&own);
            explained.sort_unstable();
            let before = std::mem::replace(&mut rest, query.without(&explained, self.params));
            let (others, explained_away) = self.split(candidates, &rest);
            best.siblings = self.siblings(&mut best, &explained_away, &others, &before);
            self.add_crowded_out(&mut best, &cuts, Sight { before: &before, rest: &rest, others: &others });
            self.add_relatives(&mut best, plan, &before);
            best.extent.explained = own;
            found.push(best);
            candidates = others;
        }
    }

    /// Those that keep their evidence on `rest`, which is what is left of the query,
    /// most evidence first, and those that do not.
    pub(super) fn split(&self, candidates: Vec<Verified>, rest: &Query) -> (Vec<Verified>, Vec<Verified>) {
        let (from, until) = (f64::from(self.ticks.start), f64::from(self.ticks.end));
        let (mut others, mut explained_away) = (Vec::new(), Vec::new());
        for candidate in candidates {
            let trials = candidate.trials(self.index, rest, from..until, self.params);
            let again = Verified { evidence: weigh(&trials), ..candidate };
            if again.evidence.total >= OWN_EVIDENCE * candidate.evidence.total {
                others.push(again);
            } else {
                explained_away.push(candidate);
            }
        }
        others.sort_by(|a, b| b.evidence.total.total_cmp(&a.evidence.total));
        (others, explained_away)
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
        let mut followed: Vec<Found> = candidates
            .iter()
            .filter(|c| self.promises(c))
            .take(FOLLOWED)
            .map(|c| self.follow(c, candidates, query))
            .filter(|c| !found.iter().any(|f| f.echoes(c)))
            .collect();
        for candidate in &mut followed {
            if found.iter().any(|f| f.overlaps(candidate)) {
                candidate.ln_e += SECOND_NATS;
            }
        }
        followed.sort_by(strongest_first);
        let best = followed.first().filter(|best| best.ln_e <= self.max_ln_e)?;
        // Which recording it is hangs on what chance explains, which place of it
        // on all that was found.
        let recording = best.recording;
        let places = followed.into_iter().filter(|f| f.recording == recording);
        places
            .filter(|place| place.ln_e <= self.max_ln_e)
            .max_by(|a, b| a.extent.evidence.total.total_cmp(&b.extent.evidence.total))
    }

    pub(super) fn promises(&self, candidate: &Verified) -> bool {
        let evidence = Standing {
            nats: candidate.evidence.nats,
            own_chance: 0.0,
            rivals: 0.0,
            length_s: self.chances.query_s,
        };
        self.chances.ln_e_value(&evidence, &candidate.alignment) < HOPELESS
    }

    /// Follows a candidate to its ends and states its E-value beside those that
    /// it competes with. One that is too large anyway is stated too small: what
    /// would raise it further is costly and not looked at.
    pub(super) fn follow(&self, candidate: &Verified, candidates: &[Verified], query: &Query) -> Found {
        let range = (f64::from(self.ticks.start), f64::from(self.ticks.end));
        let peaks = self.index.peaks(candidate.recording);
        let pitch = self.params.max_pitch();
        let extent = extend(candidate.alignment, &peaks, query, range, pitch);
        let mut standing = Standing {
            nats: extent.evidence.nats,
            own_chance: 0.0,
            rivals: 0.0,
            length_s: (extent.until - extent.from) * self.params.seconds_per_tick(),
        };
        let ln_e = |standing: &Standing| self.chances.ln_e_value(standing, &extent.alignment);
        if ln_e(&standing) <= self.max_ln_e {
            standing.rivals = self.rivals(candidate, &extent, candidates, query);
        }
        if ln_e(&standing) <= self.max_ln_e {
            standing.own_chance = own_chance(&extent.alignment, &peaks, query, self.ticks.clone(), pitch);
        }
        let ln_e = ln_e(&standing);
        Found {
            recording: candidate.recording,
            extent,
            ln_e,
            siblings: Vec::new(),
            more_siblings: false,
            repeats: Vec::new(),
        }
    }

    /// Mean evidence of the [`RIVALS`] best other recordings, leaving out those
    /// that live on the same peaks of the query, which are siblings.
    fn rivals(&self, candidate: &Verified, extent: &Extent, candidates: &[Verified], query: &Query) -> f64 {
        let (from, until) = (f64::from(self.ticks.start), f64::from(self.ticks.end));
        let mut seen = vec![candidate.recording];
        let mut sum = 0.0;
        for other in candidates {
            let recording = other.recording;
            if seen.len() > RIVALS {
                break;
            }
            if seen.contains(&recording) {
                continue;
            }
            let trials = other.trials(self.index, query, from..until, self.params);
            let found: Vec<u32> = trials.iter().filter_map(|t| t.found).collect();
            let shared = found.iter().filter(|i| extent.explained.binary_search(i).is_ok()).count();
            if (shared as f64) < SIBLING_SHARE * found.len() as f64 {
                seen.push(recording);
                sum += other.evidence.nats;
            }
        }
        sum / RIVALS as f64
    }
}

pub(super) fn strongest_first(a: &Found, b: &Found) -> std::cmp::Ordering {
    a.ln_e.total_cmp(&b.ln_e).then_with(|| a.recording.cmp(&b.recording))
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
