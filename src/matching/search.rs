//! One stretch of a query against the whole index.

use std::ops::Range;

use crate::index::Index;
use crate::params::Params;
use crate::peaks::Peak;

use super::alignment::{Alignment, refine};
use super::evidence::{Evidence, trials, weigh};
use super::nominate::{Candidate, Density, by_pairs, by_triplets, lookups};
use super::query::Query;
use super::sweep::Sweep;

/// What a search tries.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Density of the look-ups.
    pub density: Density,
    /// Candidates taken from pairs, per segment.
    pub pair_candidates: usize,
    /// Candidates taken from triplets, per segment.
    pub triplet_candidates: usize,
    /// Seconds of registered audio up to which the query is slid along every
    /// recording.
    pub sweep_seconds: f64,
    /// Offsets taken from sliding.
    pub sweep_candidates: usize,
}

/// A candidate whose peaks were compared.
#[derive(Clone, Copy, Debug)]
pub struct Verified {
    /// Segment in the index.
    pub segment: usize,
    /// Recording in the segment.
    pub ordinal: usize,
    /// Where and how.
    pub alignment: Alignment,
    /// What speaks for it, over the stretch.
    pub evidence: Evidence,
}

/// Candidates whose other offsets are looked at, too.
const RELOCATED: usize = 8;

/// Offsets of one recording that sliding may propose.
const OFFSETS_PER_RECORDING: usize = 3;

/// Least standout of an offset found by sliding, in standard deviations; below
/// it chance alone fills the list.
const LEAST_DEVIATIONS: f64 = 3.0;

/// Candidates for the query ticks `ticks`, best first: each (recording,
/// alignment) once.
pub fn search(
    index: &Index,
    query: &Query,
    ticks: Range<u32>,
    plan: &Plan,
    params: &Params,
) -> Vec<Verified> {
    let lookups = lookups(query, ticks.clone(), plan.density, params);
    let max_scale = plan.density.max_scale;
    let mut candidates: Vec<Candidate> = Vec::new();
    for (number, segment) in index.segments().iter().enumerate() {
        candidates.extend(by_pairs(&lookups, segment, number, plan.pair_candidates, params));
        let most = plan.triplet_candidates;
        candidates.extend(by_triplets(&lookups, segment, number, most, max_scale, params));
    }
    if index.seconds() <= plan.sweep_seconds {
        candidates.extend(slide_all(index, query, ticks.clone(), plan, params));
    }
    candidates.retain(|c| !index.is_removed(recording(index, c)));

    let verifier = Verifier { index, query, ticks: ticks.clone(), params };
    let mut verified: Vec<Verified> = candidates.iter().map(|c| verifier.verify(c, true)).collect();
    tidy(&mut verified);
    let leaders: Vec<Verified> = verified.iter().take(RELOCATED).copied().collect();
    for leader in leaders {
        let again = verifier.again(&leader);
        verified.extend(verifier.relocate(&again));
        verified.push(again);
    }
    tidy(&mut verified);
    verified
}

fn recording(index: &Index, candidate: &Candidate) -> crate::units::RecordingKey {
    index.segments()[candidate.segment].recording(candidate.ordinal).key
}

fn slide_all(
    index: &Index,
    query: &Query,
    ticks: Range<u32>,
    plan: &Plan,
    params: &Params,
) -> Vec<Candidate> {
    let sweep = Sweep::new(query, ticks, 1.0, 0.0, params.max_pitch());
    let mut counts = Vec::new();
    let mut found = Vec::new();
    for (number, segment) in index.segments().iter().enumerate() {
        for ordinal in 0..segment.recordings() {
            let peaks = segment.peaks(ordinal);
            let standouts = sweep.slide(&peaks, OFFSETS_PER_RECORDING, LEAST_DEVIATIONS, &mut counts);
            found.extend(standouts.into_iter().map(|s| Candidate {
                segment: number,
                ordinal,
                alignment: Alignment { offset: s.offset, scale: 1.0, shift: 0.0 },
                votes: s.deviations,
            }));
        }
    }
    found.sort_by(|a, b| {
        let place = |c: &Candidate| (c.segment, c.ordinal);
        b.votes.total_cmp(&a.votes).then_with(|| place(a).cmp(&place(b)))
    });
    found.truncate(plan.sweep_candidates);
    found
}

/// Best first; of alignments of one recording that say the same, the best.
fn tidy(verified: &mut Vec<Verified>) {
    verified.sort_by(|a, b| {
        let place = |v: &Verified| (v.segment, v.ordinal);
        (b.evidence.total.total_cmp(&a.evidence.total))
            .then_with(|| place(a).cmp(&place(b)))
            .then_with(|| a.alignment.offset.total_cmp(&b.alignment.offset))
    });
    let mut kept: Vec<Verified> = Vec::with_capacity(verified.len());
    for v in verified.drain(..) {
        let same = |k: &Verified| {
            (k.segment, k.ordinal) == (v.segment, v.ordinal)
                && (k.alignment.offset - v.alignment.offset).abs() < 24.0
        };
        if !kept.iter().any(same) {
            kept.push(v);
        }
    }
    *verified = kept;
}

struct Verifier<'a> {
    index: &'a Index,
    query: &'a Query,
    ticks: Range<u32>,
    params: &'a Params,
}

impl Verifier<'_> {
    fn verify(&self, candidate: &Candidate, coarse: bool) -> Verified {
        let peaks = self.index.segments()[candidate.segment].peaks(candidate.ordinal);
        let (alignment, evidence) = self.weigh(candidate.alignment, &peaks, coarse);
        Verified { segment: candidate.segment, ordinal: candidate.ordinal, alignment, evidence }
    }

    fn weigh(&self, start: Alignment, peaks: &[Peak], coarse: bool) -> (Alignment, Evidence) {
        let (from, until) = (f64::from(self.ticks.start), f64::from(self.ticks.end));
        let alignment = refine(start, peaks, self.query, from, until, coarse);
        let pitch = self.params.max_pitch();
        (alignment, weigh(&trials(alignment, peaks, self.query, from, until, pitch)))
    }

    /// The candidate sharpened once more, with the whole reach of the search: a
    /// time scale that was off by 2 % may have come only half of the way.
    fn again(&self, leader: &Verified) -> Verified {
        let peaks = self.index.segments()[leader.segment].peaks(leader.ordinal);
        let (alignment, evidence) = self.weigh(leader.alignment, &peaks, true);
        if evidence.total > leader.evidence.total {
            Verified { alignment, evidence, ..*leader }
        } else {
            *leader
        }
    }

    /// The same recording, time scale and pitch shift at the offsets where the
    /// query fits best: votes may have named the wrong one of several repeats.
    fn relocate(&self, leader: &Verified) -> Vec<Verified> {
        let Alignment { scale, shift, .. } = leader.alignment;
        let peaks = self.index.segments()[leader.segment].peaks(leader.ordinal);
        let pitch = self.params.max_pitch();
        let sweep = Sweep::new(self.query, self.ticks.clone(), scale, shift, pitch);
        sweep
            .slide(&peaks, OFFSETS_PER_RECORDING, LEAST_DEVIATIONS, &mut Vec::new())
            .into_iter()
            .map(|s| {
                let start = Alignment { offset: s.offset, scale, shift };
                let (alignment, evidence) = self.weigh(start, &peaks, false);
                Verified { alignment, evidence, ..*leader }
            })
            .collect()
    }
}

/// Weighs a candidate anew, against a query of which some peaks were taken.
pub fn reweigh(candidate: &mut Verified, index: &Index, query: &Query, ticks: Range<f64>, params: &Params) {
    let peaks = index.segments()[candidate.segment].peaks(candidate.ordinal);
    let pitch = params.max_pitch();
    let trials = trials(candidate.alignment, &peaks, query, ticks.start, ticks.end, pitch);
    candidate.evidence = weigh(&trials);
}
