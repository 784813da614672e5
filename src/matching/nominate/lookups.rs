//! What of the index a query asks for.

use std::ops::Range;

use crate::index::Index;
use crate::landmarks::TripletSpace;
use crate::params::Params;
use crate::peaks::strongest_per_block;

use super::super::query::Query;
use super::Density;

/// A triplet of the query and where its like are listed.
#[derive(Clone, Debug, PartialEq)]
pub struct Lookup {
    /// Keys of the index.
    pub keys: Range<u32>,
    /// Time of the first peak.
    pub tick: u32,
    /// Pitch of the first peak.
    pub pitch: u16,
    /// log2 of the time from the first to the last peak, in ticks.
    pub log2_span: f64,
}

/// The look-ups of the query ticks `ticks`, sorted by keys: triplets whose span
/// may be `max_scale` times too long or too short and whose pitch may be off by
/// `max_shift` pitch units. Those that certainly find nothing in `index` are left
/// out.
pub fn lookups(
    index: &Index,
    query: &Query,
    ticks: Range<u32>,
    density: Density,
    max_scale: f64,
    max_shift: u16,
    params: &Params,
) -> Vec<Lookup> {
    let space = TripletSpace::new(params);
    let range = query.range(f64::from(ticks.start), f64::from(ticks.end) - 1.0);
    let peaks = strongest_per_block(&query.peaks()[range], density.peaks_per_block, params);
    let mut lookups = Vec::new();
    space.for_each(&peaks, max_scale, |t| {
        let (tick, pitch) = (t.0.tick, t.0.pitch);
        let log2_span = f64::from(t.span()).log2();
        let mut look_up = |hash| {
            let keys = space.keys(hash, pitch.saturating_sub(max_shift), pitch + max_shift);
            if !index.may_list(&keys) {
                return;
            }
            lookups.push(Lookup { keys, tick, pitch, log2_span });
        };
        if density.probing { space.probe(t, look_up) } else { look_up(space.hash(t)) }
    });
    lookups.sort_unstable_by_key(|l| (l.keys.start, l.keys.end, l.tick, l.pitch));
    lookups
}

/// The rarest of the look-ups, as many as can be read within a budget of
/// postings; sorted by keys as before.
pub fn affordable(lookups: Vec<Lookup>, index: &Index, budget: u64) -> Vec<Lookup> {
    let mut groups: Vec<(u64, Range<usize>)> = Vec::new();
    let mut at = 0;
    let mut total = 0;
    for group in lookups.chunk_by(|a, b| a.keys == b.keys) {
        let cost = index.estimate(group[0].keys.clone());
        total += cost;
        groups.push((cost, at..at + group.len()));
        at += group.len();
    }
    if total <= budget {
        return lookups;
    }
    groups.sort_unstable_by_key(|(cost, range)| (*cost, range.start));
    let mut spent = 0;
    let count = groups.iter().take_while(|(cost, _)| {
        spent += cost;
        spent <= budget
    });
    let count = count.count();
    groups.truncate(count);
    groups.sort_unstable_by_key(|(_, range)| range.start);
    groups.into_iter().flat_map(|(_, range)| lookups[range].iter().cloned()).collect()
}
