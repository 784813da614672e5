//! Candidates from the index: triplets vote.
//!
//! Two ways read the same posting lists. [`unchanged`] expects the original speed
//! and pitch, reads slivers of many lists and so can afford the query's weak
//! peaks; [`changed`] allows any time scale and pitch shift and reads more of
//! fewer lists.
//!
//! A vote counts the more the rarer its landmark: that of a look-up with `n` hits
//! which the query makes `g` times is worth ln(c / n g), as n g votes fall
//! somewhere by chance. Steady tones and beats, which repeat the same few
//! landmarks, would fill every list otherwise.

mod lookups;
mod votes;

use std::collections::BTreeMap;
use std::ops::Range;

use crate::index::{Index, RecordingRef};
use crate::landmarks::TripletSpace;
use crate::params::{Params, TICKS_PER_FRAME};

use super::alignment::Alignment;
use super::query::Query;
use lookups::{Lookup, affordable, lookups};
use votes::Votes;

/// A hypothesis worth verifying.
#[derive(Clone, Copy, Debug)]
pub struct Candidate {
    /// The recording.
    pub recording: RecordingRef,
    /// Where and how.
    pub alignment: Alignment,
    /// What it was nominated with; comparable within one method.
    pub votes: f64,
}

/// How densely a query is looked up, and how much may be read for it.
#[derive(Clone, Copy, Debug)]
pub struct Density {
    /// Strongest peaks per block of the query that form triplets.
    pub peaks_per_block: u32,
    /// Whether the cells next to a hash are looked up, too, where a small error of
    /// a peak could lead there.
    pub probing: bool,
    /// Postings read for a stretch of 2048 ticks (10.9 s); look-ups of frequent
    /// landmarks are left out beyond it. So the cost of a query is bounded whatever
    /// the size of the registry.
    pub budget: u32,
    /// Candidates that are verified. More are proposed, up to [`MOST_RELEASES`], for
    /// where the first are beyond doubt and others may be releases of the same take.
    pub candidates: usize,
}

/// Length of a stretch that [`Density::budget`] is for, in ticks.
const BUDGET_TICKS: u32 = 2048;

/// Largest deviation of the pitch of an unchanged triplet, in pitch units.
const UNCHANGED_PITCH: u16 = 3;

/// Largest deviation of the span of an unchanged triplet: half a step of the
/// stored one, in octaves, and two and a half ticks.
const UNCHANGED_OCTAVES: f64 = 0.025;
const UNCHANGED_TICKS: f64 = 2.5;

/// Largest pitch shift, in pitch units: a speed change of −30 % and a little.
const MAX_SHIFT: u16 = 105;

/// Candidates at the original speed and pitch for the query ticks `ticks`, those
/// with the most votes first.
pub fn unchanged(
    index: &Index,
    query: &Query,
    ticks: Range<u32>,
    density: Density,
    params: &Params,
) -> Vec<Candidate> {
    let space = TripletSpace::new(params);
    let lookups = lookups(index, query, ticks.clone(), density, 1.0, UNCHANGED_PITCH, params);
    let slot_ticks = u64::from(params.slot_frames * TICKS_PER_FRAME);
    let mut votes = Votes::unchanged();
    for_each_hit(index, affordable(lookups, index, budget(density, &ticks)), |group, hits| {
        let Some(weight) = weight(hits.len(), group.len(), index) else { return };
        for lookup in group {
            let tick = lookup.tick - ticks.start;
            let tolerance =
                UNCHANGED_OCTAVES + UNCHANGED_TICKS * std::f64::consts::LOG2_E / lookup.log2_span.exp2();
            for &(_, slot, span) in hits {
                if (space.log2_span(span) - lookup.log2_span).abs() <= tolerance {
                    votes.unchanged_at(slot * slot_ticks + slot_ticks / 2, tick, weight);
                }
            }
        }
    });
    candidates(votes, index, &ticks, density.candidates.max(MOST_RELEASES), slot_ticks)
}

/// Candidates at any pitch shift up to half an octave and any time scale up to
/// `max_scale` either way, those with the most votes first.
pub fn changed(
    index: &Index,
    query: &Query,
    ticks: Range<u32>,
    density: Density,
    max_scale: f64,
    params: &Params,
) -> Vec<Candidate> {
    let space = TripletSpace::new(params);
    let lookups = lookups(index, query, ticks.clone(), density, max_scale, MAX_SHIFT, params);
    let slot_ticks = u64::from(params.slot_frames * TICKS_PER_FRAME);
    let max_log2_scale = max_scale.log2() + votes::SCALE_MARGIN;
    let mut votes = Votes::changed();
    for_each_hit(index, affordable(lookups, index, budget(density, &ticks)), |group, hits| {
        let Some(weight) = weight(hits.len(), group.len(), index) else { return };
        for &(key, slot, span) in hits {
            let (log2_span, pitch) = (space.log2_span(span), space.pitch(key));
            for lookup in group {
                let log2_scale = log2_span - lookup.log2_span;
                if log2_scale.abs() <= max_log2_scale {
                    let shift = f64::from(lookup.pitch) - pitch;
                    let tick = lookup.tick - ticks.start;
                    votes.changed_at(slot * slot_ticks + slot_ticks / 2, tick, log2_scale, shift, weight);
                }
            }
        }
    });
    candidates(votes, index, &ticks, density.candidates.max(MOST_RELEASES), slot_ticks)
}

fn budget(density: Density, ticks: &Range<u32>) -> u64 {
    u64::from(density.budget) * u64::from(ticks.end - ticks.start) / u64::from(BUDGET_TICKS)
}

/// Calls `sink` with the look-ups of each range of keys and the hits (key, slot,
/// span) there.
fn for_each_hit(index: &Index, lookups: Vec<Lookup>, mut sink: impl FnMut(&[Lookup], &[(u32, u64, u8)])) {
    let groups: Vec<&[Lookup]> = lookups.chunk_by(|a, b| a.keys == b.keys).collect();
    let mut hits = Vec::new();
    for block in groups.chunks(PREFETCHED) {
        index.prefetch(block.iter().map(|group| &group[0].keys));
        for group in block {
            hits.clear();
            index.triplets(group[0].keys.clone(), |key, slot, span| hits.push((key, slot, span)));
            if !hits.is_empty() {
                sink(group, &hits);
            }
        }
    }
}

/// Ranges of keys made ready at once: enough to keep all the loads under way that a
/// processor can have, few enough that the first is still in its cache when read.
const PREFETCHED: usize = 32;

fn candidates(
    votes: Votes,
    index: &Index,
    ticks: &Range<u32>,
    most: usize,
    slot_ticks: u64,
) -> Vec<Candidate> {
    let clusters = votes.clusters(most);
    let candidates = clusters.iter().filter_map(|cluster| {
        let slot = (cluster.reference_tick.max(0.0) as u64) / slot_ticks;
        let recording = index.recording_at(slot)?;
        let first = (index.first_slot(recording) * slot_ticks) as f64;
        let offset =
            cluster.reference_tick - first - cluster.scale * (cluster.query_tick + f64::from(ticks.start));
        let alignment = Alignment { offset, scale: cluster.scale, shift: cluster.shift };
        let removed = index.is_removed(index.recording(recording).key);
        (!removed).then_some(Candidate { recording, alignment, votes: f64::from(cluster.weight) })
    });
    fair(candidates, most)
}

/// Votes at and above which a look-up says nothing, as the number of its hits
/// times how often it is made, in a registry of up to [`SILENT_HOURS`]; in a
/// larger one it grows with the size, as all lists do.
const SILENT: f64 = 400.0;
const SILENT_HOURS: f64 = 12.4;

/// Units of a vote's weight per nat.
const WEIGHT_PER_NAT: f64 = 8.0;

/// Weight of a vote of a look-up with `hits` that is made `lookups` times; none
/// where it is not worth counting.
fn weight(hits: usize, lookups: usize, index: &Index) -> Option<u16> {
    let silent = SILENT * (index.seconds() / 3600.0 / SILENT_HOURS).max(1.0);
    let nats = (silent / (hits * lookups) as f64).ln();
    (nats > 0.25).then_some((WEIGHT_PER_NAT * nats) as u16)
}

/// Takes the first `most` candidates, at most [`PER_RECORDING`] of each
/// recording: a recording that repeats itself must not crowd out the others.
fn fair(candidates: impl Iterator<Item = Candidate>, most: usize) -> Vec<Candidate> {
    let mut taken: Vec<Candidate> = Vec::new();
    let mut counts: BTreeMap<RecordingRef, usize> = BTreeMap::new();
    for candidate in candidates {
        if taken.len() == most {
            break;
        }
        let count = counts.entry(candidate.recording).or_default();
        if *count < PER_RECORDING {
            *count += 1;
            taken.push(candidate);
        }
    }
    taken
}

/// Candidates proposed at least: as many releases of one take are told apart.
pub const MOST_RELEASES: usize = 1_024;

/// Candidates of one recording in one list.
const PER_RECORDING: usize = 3;
