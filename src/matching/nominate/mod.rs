//! Candidates from the index: pairs and triplets vote.
//!
//! A vote counts the more the rarer its hash: that of a hash with `n` postings
//! which the query looks up `g` times is worth ln(c / n g), as n g votes fall
//! somewhere by chance. Steady tones and beats, which repeat the same few
//! hashes, would fill every list otherwise.

mod pairs;
mod triplets;

use std::ops::Range;

use crate::landmarks::pairs::PairSpace;
use crate::landmarks::triplets::TripletSpace;
use crate::params::Params;
use crate::peaks::strongest_per_block;

pub use pairs::by_pairs;
pub use triplets::by_triplets;

use super::alignment::Alignment;
use super::query::Query;

/// A hypothesis worth verifying.
#[derive(Clone, Copy, Debug)]
pub struct Candidate {
    /// Segment in the index.
    pub segment: usize,
    /// Recording in the segment.
    pub ordinal: usize,
    /// Where and how.
    pub alignment: Alignment,
    /// What it was nominated with; comparable within one method.
    pub votes: f64,
}

/// Look-ups of one stretch of a query, sorted by hash.
pub struct Lookups {
    pairs: Vec<(u32, u32)>,
    triplets: Vec<TripletLookup>,
    from: u32,
    until: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
struct TripletLookup {
    hash: u32,
    tick: u32,
    pitch: u16,
    log2_span: f64,
}

/// How densely a query is looked up.
#[derive(Clone, Copy, Debug)]
pub struct Density {
    /// Strongest peaks per block that form pairs.
    pub pair_peaks_per_block: u32,
    /// Strongest peaks per block that form triplets.
    pub triplet_peaks_per_block: u32,
    /// Largest time scale (and inverse of the smallest) triplets allow for.
    pub max_scale: f64,
    /// Whether the cells next to a hash are looked up, too, where a small error of
    /// a peak could lead there.
    pub probing: bool,
}

/// Collects the look-ups of the query ticks `ticks`.
pub fn lookups(query: &Query, ticks: Range<u32>, density: Density, params: &Params) -> Lookups {
    let range = query.range(f64::from(ticks.start), f64::from(ticks.end) - 1.0);
    let peaks = &query.peaks()[range];

    let mut pairs = Vec::new();
    if density.pair_peaks_per_block > 0 {
        let space = PairSpace::new(params);
        let few = strongest_per_block(peaks, density.pair_peaks_per_block, params);
        space.for_each(&few, |a, b| {
            if density.probing {
                space.probe(a, b, |hash| pairs.push((hash, a.tick)));
            } else {
                pairs.push((space.hash(a, b), a.tick));
            }
        });
        pairs.sort_unstable();
    }
    let mut triplets = Vec::new();
    if density.triplet_peaks_per_block > 0 {
        let space = TripletSpace::new(params);
        let few = strongest_per_block(peaks, density.triplet_peaks_per_block, params);
        space.for_each(&few, density.max_scale, |t| {
            let (tick, pitch) = (t.0.tick, t.0.pitch);
            let log2_span = f64::from(t.span()).log2();
            let mut look_up = |hash| triplets.push(TripletLookup { hash, tick, pitch, log2_span });
            if density.probing { space.probe(t, look_up) } else { look_up(space.hash(t)) }
        });
        triplets.sort_unstable_by_key(|t| (t.hash, t.tick, t.pitch));
    }
    Lookups { pairs, triplets, from: ticks.start, until: ticks.end }
}

/// Votes at and above which a hash says nothing, as the number of its postings
/// times the number of its look-ups.
const SILENT: f64 = 2000.0;

/// Units of a vote's weight per nat.
const WEIGHT_PER_NAT: f64 = 8.0;

/// Weight of a vote of a hash with `postings` that is looked up `lookups`
/// times; none where it is not worth counting.
fn weight(postings: usize, lookups: usize) -> Option<u16> {
    let nats = (SILENT / (postings * lookups) as f64).ln();
    (nats > 0.25).then_some((WEIGHT_PER_NAT * nats) as u16)
}

/// Takes the first `most` candidates, at most [`PER_RECORDING`] of each
/// recording: a recording that repeats itself must not crowd out the others.
fn fair(candidates: impl Iterator<Item = Candidate>, most: usize) -> Vec<Candidate> {
    let mut taken: Vec<Candidate> = Vec::new();
    for candidate in candidates {
        if taken.len() == most {
            break;
        }
        if taken.iter().filter(|t| t.ordinal == candidate.ordinal).count() < PER_RECORDING {
            taken.push(candidate);
        }
    }
    taken
}

/// Candidates of one recording in one list.
const PER_RECORDING: usize = 3;
