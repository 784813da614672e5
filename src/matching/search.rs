//! One stretch of a query against the whole index.

use std::ops::Range;

use crate::index::{Index, RecordingRef};
use crate::params::Params;
use crate::peaks::{Peak, strongest_per_block};

use super::alignment::{Alignment, refine};
use super::evidence::{Evidence, Trial, trials, weigh};
use super::nominate::{Candidate, Density, MOST_RELEASES, changed, unchanged};
use super::query::Query;
use super::sweep::Sweep;

/// What a search tries.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// First a few look-ups at the original speed and pitch.
    pub quick: Density,
    /// Then look-ups at any speed and pitch,
    pub changed: Density,
    /// with a time scale of at most this much either way,
    pub max_scale: f64,
    /// and, unless the first found something beyond doubt, more of them at the
    /// original ones where the query is not slid.
    pub unchanged: Density,
    /// Seconds of registered audio up to which the query is slid along every
    /// recording.
    pub sweep_seconds: f64,
    /// Offsets taken from sliding.
    pub sweep_candidates: usize,
}

impl Plan {
    /// What is tried on a stretch of a long query, which has many of them: about a
    /// twentieth of the work.
    pub fn sparing(&self) -> Plan {
        let quick = Density {
            peaks_per_block: (5 * self.quick.peaks_per_block).div_ceil(8),
            budget: self.quick.budget / 8,
            candidates: self.quick.candidates.div_ceil(3),
            ..self.quick
        };
        let less = |d: Density, peaks_per_block| Density {
            peaks_per_block,
            budget: d.budget / 32,
            candidates: d.candidates.div_ceil(6),
            ..d
        };
        Plan {
            quick,
            unchanged: less(self.unchanged, self.unchanged.peaks_per_block.div_ceil(2)),
            changed: less(self.changed, (2 * self.changed.peaks_per_block).div_ceil(3)),
            sweep_candidates: self.sweep_candidates.div_ceil(3),
            ..*self
        }
    }
}

/// A candidate whose peaks were compared.
#[derive(Clone, Copy, Debug)]
pub struct Verified {
    /// The recording.
    pub recording: RecordingRef,
    /// Where and how.
    pub alignment: Alignment,
    /// What speaks for it, over the stretch.
    pub evidence: Evidence,
}

impl Verified {
    /// What becomes of the recording's peaks that fall into the query ticks `ticks`.
    pub fn trials(&self, index: &Index, query: &Query, ticks: Range<f64>, params: &Params) -> Vec<Trial> {
        let mut peaks = Vec::new();
        index.peaks_into(self.recording, self.alignment.reference_ticks(ticks.clone()), &mut peaks);
        trials(self.alignment, &peaks, query, ticks.start, ticks.end, params.max_pitch())
    }
}

/// Candidates whose other offsets are looked at, too.
const RELOCATED: usize = 8;
/// The same after quick look-ups alone.
const RELOCATED_QUICK: usize = 2;

/// How far sharpening may move an alignment at the ends of the stretch, in query
/// ticks.
const REFINE_TICKS: f64 = 100.0;

/// Offsets of one recording that sliding may propose.
const OFFSETS_PER_RECORDING: usize = 3;

/// Least standout of an offset found by sliding, in standard deviations; below
/// it chance alone fills the list.
const LEAST_DEVIATIONS: f64 = 3.0;

/// Evidence, in nats, that puts a candidate beyond doubt.
const DECIDED_NATS: f64 = 60.0;

/// Share of the first candidate's votes from which on another one may be a release
/// of the same take. The same audio from another encoder keeps well over half of
/// its landmarks.
const LEVEL_VOTES: f64 = 0.5;

/// Share of the query's strongest peaks that a candidate beyond doubt must explain
/// to end the search: with less, something else may sound besides it.
const DECIDED_SHARE: f64 = 0.9;

/// Strongest peaks per block of the query of which that share is taken; about
/// half of what a registered recording keeps.
const DECIDED_PEAKS_PER_BLOCK: u32 = 10;

/// What a search of one stretch came to.
#[derive(Clone, Debug, Default)]
pub struct Searched {
    /// Candidates, best first: each (recording, alignment) once.
    pub candidates: Vec<Verified>,
    /// The lists of which not all was compared.
    pub cuts: Vec<Cut>,
}

/// A list of candidates of which only the first were compared.
#[derive(Clone, Debug)]
pub struct Cut {
    /// The last that was compared.
    pub last: RecordingRef,
    /// Those after it with nearly as many votes, most first.
    pub beyond: Vec<Candidate>,
    /// Whether the list itself may lack some.
    pub capped: bool,
}

/// Candidates for the query ticks `ticks`. Not `deep`: by the quick look-ups alone.
pub fn search(
    index: &Index,
    query: &Query,
    ticks: Range<u32>,
    plan: &Plan,
    deep: bool,
    params: &Params,
) -> Searched {
    let mut verifier =
        Verifier { index, query, ticks: ticks.clone(), params, seen: Vec::new(), cuts: Vec::new() };
    let quick = unchanged(index, query, ticks.clone(), plan.quick, params);
    let mut verified = verifier.verify_all_releases(&quick, plan.quick.candidates);
    let decided = verifier.is_decided(&verified);
    if deep || decided {
        // Also where the query is explained: what explains it may be a sped-up version
        // of another registered recording, which must not hide that one.
        let candidates = changed(index, query, ticks.clone(), plan.changed, plan.max_scale, params);
        verified.extend(verifier.verify_all_releases(&candidates, plan.changed.candidates));
        if !decided {
            // Sliding finds whatever denser look-ups would.
            verified.extend(if index.seconds() <= plan.sweep_seconds {
                let slid = slide_all(index, query, ticks, params);
                verifier.verify_all_releases(&slid, plan.sweep_candidates)
            } else {
                let candidates = unchanged(index, query, ticks, plan.unchanged, params);
                verifier.verify_all_releases(&candidates, plan.unchanged.candidates)
            });
        }
        tidy(&mut verified);
    }
    let leaders: Vec<Verified> =
        verified.iter().take(if deep { RELOCATED } else { RELOCATED_QUICK }).copied().collect();
    let mut peaks = Vec::new();
    for leader in leaders {
        index.peaks_into(leader.recording, 0..u32::MAX, &mut peaks);
        let again = verifier.again(&leader, &peaks);
        verified.extend(verifier.relocate(&again, &peaks));
        verified.push(again);
    }
    tidy(&mut verified);
    Searched { candidates: verified, cuts: verifier.cuts }
}

/// A candidate compared with the query ticks `ticks`.
pub fn verify(
    index: &Index,
    query: &Query,
    ticks: Range<u32>,
    candidate: &Candidate,
    params: &Params,
) -> Option<Verified> {
    let mut verifier = Verifier { index, query, ticks, params, seen: Vec::new(), cuts: Vec::new() };
    verifier.verify_all(std::slice::from_ref(candidate)).pop()
}

/// The largest evidence, in nats, that a recording of `index` reaches on the query
/// ticks `ticks` by the means of `plan`, without looking at its other offsets. Not
/// `deep`: by the quick look-ups alone.
pub fn glance(
    index: &Index,
    query: &Query,
    ticks: Range<u32>,
    plan: &Plan,
    deep: bool,
    params: &Params,
) -> f64 {
    let mut verifier =
        Verifier { index, query, ticks: ticks.clone(), params, seen: Vec::new(), cuts: Vec::new() };
    let mut best = |candidates: &[Candidate], most: usize| {
        let verified = verifier.verify_all(&candidates[..most.min(candidates.len())]);
        verified.iter().map(|v| v.evidence.nats).fold(0.0, f64::max)
    };
    let quick = best(&unchanged(index, query, ticks.clone(), plan.quick, params), plan.quick.candidates);
    if !deep || quick >= DECIDED_NATS {
        return quick;
    }
    let candidates = changed(index, query, ticks.clone(), plan.changed, plan.max_scale, params);
    let changed = best(&candidates, plan.changed.candidates);
    if changed >= DECIDED_NATS || index.seconds() > plan.sweep_seconds {
        return quick.max(changed);
    }
    let slid = best(&slide_all(index, query, ticks, params), plan.sweep_candidates);
    quick.max(changed).max(slid)
}

/// Offsets of all recordings where the query fits, the best first.
fn slide_all(index: &Index, query: &Query, ticks: Range<u32>, params: &Params) -> Vec<Candidate> {
    let sweep = Sweep::new(query, ticks, 1.0, 0.0, params.max_pitch());
    let (mut counts, mut peaks) = (Vec::new(), Vec::new());
    let mut found = Vec::new();
    for recording in index.recordings().filter(|at| !index.is_removed(index.recording(*at).key)) {
        index.peaks_into(recording, 0..u32::MAX, &mut peaks);
        let standouts = sweep.slide(&peaks, OFFSETS_PER_RECORDING, LEAST_DEVIATIONS, &mut counts);
        found.extend(standouts.into_iter().map(|s| Candidate {
            recording,
            alignment: Alignment { offset: s.offset, scale: 1.0, shift: 0.0 },
            votes: s.deviations,
        }));
    }
    found.sort_by(|a, b| b.votes.total_cmp(&a.votes).then_with(|| a.recording.cmp(&b.recording)));
    found
}

/// Best first; of alignments of one recording that say the same, the best.
fn tidy(verified: &mut Vec<Verified>) {
    verified.sort_by(|a, b| {
        (b.evidence.total.total_cmp(&a.evidence.total))
            .then_with(|| a.recording.cmp(&b.recording))
            .then_with(|| a.alignment.offset.total_cmp(&b.alignment.offset))
    });
    let mut kept: Vec<Verified> = Vec::with_capacity(verified.len());
    for v in verified.drain(..) {
        let same = |k: &Verified| {
            k.recording == v.recording && (k.alignment.offset - v.alignment.offset).abs() < 24.0
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
    /// What was compared.
    seen: Vec<(RecordingRef, Alignment)>,
    /// Lists of which not all was compared.
    cuts: Vec<Cut>,
}

impl Verifier<'_> {
    /// Compares the first `most` candidates, best first. If one of them is beyond
    /// doubt, others with nearly as many votes as the first may be releases of the
    /// same take, and none of them may crowd out another.
    fn verify_all_releases(&mut self, candidates: &[Candidate], most: usize) -> Vec<Verified> {
        let (first, rest) = candidates.split_at(most.min(candidates.len()));
        let mut verified = self.verify_all(first);
        let beyond_doubt = verified.first().is_some_and(|best| best.evidence.nats >= DECIDED_NATS);
        let mut compared = first.len();
        if beyond_doubt {
            let level = first.first().map_or(0.0, |leader| LEVEL_VOTES * leader.votes);
            compared += rest.partition_point(|candidate| candidate.votes >= level);
            verified.extend(self.verify_all(&candidates[first.len()..compared]));
            tidy(&mut verified);
        }
        if let Some(last) = candidates[..compared].last() {
            let level = LEVEL_VOTES * last.votes;
            let rest = &candidates[compared..];
            let end = rest.partition_point(|candidate| candidate.votes >= level);
            let capped = compared + end == candidates.len() && candidates.len() >= MOST_RELEASES;
            if end > 0 || capped {
                let beyond = rest[..end].to_vec();
                self.cuts.push(Cut { last: last.recording, beyond, capped });
            }
        }
        verified
    }

    /// Compares the candidates that are not nearly one compared before; tidied.
    fn verify_all(&mut self, candidates: &[Candidate]) -> Vec<Verified> {
        let middle = f64::from(self.ticks.start + self.ticks.end) / 2.0;
        let (from, until) = (f64::from(self.ticks.start), f64::from(self.ticks.end));
        let mut peaks = Vec::new();
        let mut verified = Vec::with_capacity(candidates.len());
        for candidate in candidates {
            let Candidate { recording, alignment, .. } = *candidate;
            if self.seen.iter().any(|(r, a)| *r == recording && a.is_near(&alignment, middle)) {
                continue;
            }
            self.seen.push((recording, alignment));
            let ticks = alignment.reference_ticks(from - REFINE_TICKS..until + REFINE_TICKS);
            self.index.peaks_into(recording, ticks, &mut peaks);
            let (alignment, evidence) = self.weigh(alignment, &peaks, true);
            verified.push(Verified { recording, alignment, evidence });
        }
        tidy(&mut verified);
        verified
    }

    /// Whether the best candidate is beyond doubt and explains the query.
    fn is_decided(&self, verified: &[Verified]) -> bool {
        let Some(best) = verified.first().filter(|best| best.evidence.nats >= DECIDED_NATS) else {
            return false;
        };
        let (from, until) = (f64::from(self.ticks.start), f64::from(self.ticks.end));
        let trials = best.trials(self.index, self.query, from..until, self.params);
        let range = self.query.range(from, until - 1.0);
        let mut explained: Vec<Peak> =
            trials.iter().filter_map(|t| t.found).map(|i| self.query.peaks()[i as usize]).collect();
        explained.sort_unstable();
        let strong = strongest_per_block(&self.query.peaks()[range], DECIDED_PEAKS_PER_BLOCK, self.params);
        let shared = strong.iter().filter(|peak| explained.binary_search(peak).is_ok()).count();
        shared as f64 >= DECIDED_SHARE * strong.len() as f64
    }

    fn weigh(&self, start: Alignment, peaks: &[Peak], coarse: bool) -> (Alignment, Evidence) {
        let (from, until) = (f64::from(self.ticks.start), f64::from(self.ticks.end));
        let alignment = refine(start, peaks, self.query, from, until, coarse);
        let pitch = self.params.max_pitch();
        (alignment, weigh(&trials(alignment, peaks, self.query, from, until, pitch)))
    }

    /// The candidate sharpened once more, with the whole reach of the search: a
    /// time scale that was off by 2 % may have come only half of the way.
    fn again(&self, leader: &Verified, peaks: &[Peak]) -> Verified {
        let (alignment, evidence) = self.weigh(leader.alignment, peaks, true);
        if evidence.total > leader.evidence.total {
            Verified { alignment, evidence, ..*leader }
        } else {
            *leader
        }
    }

    /// The same recording, time scale and pitch shift at the offsets where the
    /// query fits best: votes may have named the wrong one of several repeats.
    fn relocate(&self, leader: &Verified, peaks: &[Peak]) -> Vec<Verified> {
        let Alignment { scale, shift, .. } = leader.alignment;
        let pitch = self.params.max_pitch();
        let sweep = Sweep::new(self.query, self.ticks.clone(), scale, shift, pitch);
        sweep
            .slide(peaks, OFFSETS_PER_RECORDING, LEAST_DEVIATIONS, &mut Vec::new())
            .into_iter()
            .map(|s| {
                let start = Alignment { offset: s.offset, scale, shift };
                let (alignment, evidence) = self.weigh(start, peaks, false);
                Verified { alignment, evidence, ..*leader }
            })
            .collect()
    }
}
