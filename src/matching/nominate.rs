//! Candidates from the index: pairs and triplets vote.

use std::ops::Range;

use crate::index::Segment;
use crate::landmarks::pairs::PairSpace;
use crate::landmarks::triplets::TripletSpace;
use crate::params::{Params, TICKS_PER_FRAME};
use crate::peaks::{Peak, strongest_per_block};

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
    /// How far its votes stand above what is usual in this look-up, in
    /// standard deviations of a Poisson count; comparable within one method.
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
}

/// Collects the look-ups of the query ticks `ticks`.
pub fn lookups(query: &Query, ticks: Range<u32>, density: Density, params: &Params) -> Lookups {
    let range = query.range(f64::from(ticks.start), f64::from(ticks.end) - 1.0);
    let peaks: Vec<Peak> = query.peaks()[range].to_vec();

    let mut pairs = Vec::new();
    if density.pair_peaks_per_block > 0 {
        let space = PairSpace::new(params);
        let few = strongest_per_block(&peaks, density.pair_peaks_per_block, params);
        space.for_each(&few, |a, b| space.probe(a, b, |hash| pairs.push((hash, a.tick))));
        pairs.sort_unstable();
    }
    let mut triplets = Vec::new();
    if density.triplet_peaks_per_block > 0 {
        let space = TripletSpace::new(params);
        let few = strongest_per_block(&peaks, density.triplet_peaks_per_block, params);
        space.for_each(&few, density.max_scale, |t| {
            let (tick, pitch) = (t.0.tick, t.0.pitch);
            let log2_span = f64::from(t.span()).log2();
            space.probe(t, |hash| triplets.push(TripletLookup { hash, tick, pitch, log2_span }));
        });
        triplets.sort_unstable_by_key(|t| (t.hash, t.tick, t.pitch));
    }
    Lookups { pairs, triplets, from: ticks.start, until: ticks.end }
}

/// Candidates of one segment by pairs: (reference slot − query slot) with the
/// most votes. At most `most`.
pub fn by_pairs(
    lookups: &Lookups,
    segment: &Segment,
    number: usize,
    most: usize,
    params: &Params,
) -> Vec<Candidate> {
    let slot_ticks = params.slot_frames * TICKS_PER_FRAME;
    let length = (lookups.until - lookups.from) / slot_ticks + 2;
    let mut counts = vec![0_u16; (segment.slots() + length + 2) as usize];
    let mut hits = 0_u64;
    let mut query_slots: Vec<u32> = Vec::new();
    for group in lookups.pairs.chunk_by(|a, b| a.0 == b.0) {
        query_slots.clear();
        query_slots.extend(group.iter().map(|(_, tick)| (tick - lookups.from) / slot_ticks));
        segment.pairs(group[0].0, |slot| {
            for query_slot in &query_slots {
                if let Some(count) = counts.get_mut((slot + length - query_slot) as usize) {
                    *count = count.saturating_add(1);
                }
            }
            hits += query_slots.len() as u64;
        });
    }
    // Slots of query and reference do not begin together, so the votes of one
    // alignment fall into two neighbouring diagonals.
    let mean = 2.0 * hits as f64 / counts.len() as f64;
    best_diagonals(&counts, mean, most)
        .into_iter()
        .filter_map(|(diagonal, votes)| {
            let start = (f64::from(diagonal) + 0.5 - f64::from(length)) * f64::from(slot_ticks);
            let middle = f64::from(diagonal) - f64::from(length) + f64::from(length) / 2.0;
            let ordinal = segment.recording_at(middle.max(0.0) as u32)?;
            let first = f64::from(segment.recording(ordinal).first_slot * slot_ticks);
            let offset = start - first - f64::from(lookups.from);
            let alignment = Alignment { offset, scale: 1.0, shift: 0.0 };
            Some(Candidate { segment: number, ordinal, alignment, votes })
        })
        .collect()
}

/// The `most` diagonals whose count with its successor's stands out most, with
/// that in standard deviations; a diagonal next to a better one is left out.
fn best_diagonals(counts: &[u16], mean: f64, most: usize) -> Vec<(u32, f64)> {
    let pair = |i: usize| u32::from(counts[i]) + u32::from(counts[i + 1]);
    let least = (mean + 2.0 * (mean + 1.0).sqrt()).ceil().max(3.0) as u32;
    let mut found: Vec<(u32, u32)> = (0..counts.len() - 1)
        .filter(|&i| pair(i) >= least)
        .filter(|&i| (i == 0 || pair(i - 1) < pair(i)) && (i + 2 >= counts.len() || pair(i + 1) <= pair(i)))
        .map(|i| (pair(i), i as u32))
        .collect();
    found.sort_unstable_by_key(|(votes, i)| (u32::MAX - votes, *i));
    found.truncate(most);
    found.into_iter().map(|(votes, i)| (i, (f64::from(votes) - mean) / (mean + 1.0).sqrt())).collect()
}

/// Steps of the votes' time scale per octave: 9 %, three times the error of a
/// hit's.
const SCALE_STEPS: f64 = 8.0;
/// Width of the votes' pitch shift, in pitch units: a semitone.
const SHIFT_STEP: f64 = 16.0;
/// Width of the window over the offset in which votes count together, in ticks:
/// 0.7 s, the error of a time scale that is off by 3 % over 10 s and two slots.
const OFFSET_WINDOW: u64 = 128;
/// Largest pitch shift, in pitch units: a speed change of −30 % and a little.
const MAX_SHIFT: f64 = 105.0;

const MOST_PER_RECORDING: usize = 3;

/// A triplet's vote: a key that sorts by (grid, time scale, pitch shift,
/// offset), and the query tick it came from.
///
/// There are two grids over scale and shift, half a cell apart, so that a
/// cluster on an edge of one lies inside a cell of the other.
type Vote = (u64, u32);

/// Bits of a vote's key below scale and shift.
const OFFSET_BITS: u32 = 40;
/// Added to offsets so that they stay positive.
const OFFSET_BASE: i64 = 1 << 38;

fn cell_of(key: u64) -> u64 {
    key >> OFFSET_BITS
}

/// Middle of a cell: (time scale, pitch shift).
fn cell_middle(cell: u64) -> (f64, f64) {
    let half = if cell >> 16 == 1 { 0.5 } else { 0.0 };
    let scale = ((cell >> 8 & 0xff) as f64 - 128.0 + half) / SCALE_STEPS;
    let shift = ((cell & 0xff) as f64 - 128.0 + half) * SHIFT_STEP;
    (scale.exp2(), shift)
}

/// Candidates of one segment by triplets: (time scale, pitch shift, offset)
/// with the most votes. At most `most`.
pub fn by_triplets(
    lookups: &Lookups,
    segment: &Segment,
    number: usize,
    most: usize,
    max_scale: f64,
    params: &Params,
) -> Vec<Candidate> {
    let slot_ticks = params.slot_frames * TICKS_PER_FRAME;
    let max_log2_scale = max_scale.log2() + 0.5 / SCALE_STEPS;
    let mut votes: Vec<Vote> = Vec::new();
    let cap: f64 = 2000.0;
    for group in lookups.triplets.chunk_by(|a, b| a.hash == b.hash) {
        let mut n = 0;
        segment.triplets(group[0].hash, |_, _| n += 1);
        let weight = (32.0 * (cap / (n * group.len()) as f64).ln()).min(255.0);
        if weight < 8.0 {
            continue;
        }
        let weight = weight as u32;
        segment.triplets(group[0].hash, |slot, extra| {
            let reference_tick = slot * slot_ticks + slot_ticks / 2;
            for lookup in group {
                let log2_scale = extra.log2_span() - lookup.log2_span;
                let shift = f64::from(lookup.pitch) - extra.pitch();
                if log2_scale.abs() > max_log2_scale || shift.abs() > MAX_SHIFT {
                    continue;
                }
                let query_tick = lookup.tick - lookups.from;
                for grid in 0..2_u64 {
                    let half = 0.5 * grid as f64;
                    let scale = (log2_scale * SCALE_STEPS - half).round() + 128.0;
                    let shift = (shift / SHIFT_STEP - half).round() + 128.0;
                    let cell = grid << 16 | (scale as u64) << 8 | shift as u64;
                    let (step, _) = cell_middle(cell);
                    let offset = i64::from(reference_tick) - (step * f64::from(query_tick)) as i64;
                    let key = cell << OFFSET_BITS | (offset + OFFSET_BASE) as u64;
                    votes.push((key, query_tick << 8 | weight));
                }
            }
        });
    }
    votes.sort_unstable();
    let mut per_recording: std::collections::HashMap<usize, usize> = std::collections::HashMap::new();
    best_clusters(&votes, most)
        .into_iter()
        .filter_map(|(cluster, count)| {
            let (ordinal, alignment) = fit(cluster, lookups, slot_ticks, segment)?;
            Some(Candidate { segment: number, ordinal, alignment, votes: count as f64 })
        })
        .filter(|c| {
            let of_recording = per_recording.entry(c.ordinal).or_insert(0);
            *of_recording += 1;
            *of_recording <= MOST_PER_RECORDING
        })
        .take(most)
        .collect()
}

/// Windows over the offset with the most distinct query ticks.
fn best_clusters(votes: &[Vote], most: usize) -> Vec<(&[Vote], usize)> {
    let mut windows: Vec<(usize, usize)> = Vec::new();
    let mut start = 0;
    for end in 1..=votes.len() {
        // Keys of different cells are further apart than any window.
        while votes[end - 1].0 - votes[start].0 > OFFSET_WINDOW {
            start += 1;
        }
        let closes = votes.get(end).is_none_or(|v| v.0 - votes[start].0 > OFFSET_WINDOW);
        if !closes || end - start < 3 {
            continue;
        }
        match windows.last_mut() {
            // Of overlapping windows the fuller one stays.
            Some(last) if start < last.1 => {
                if end - start > last.1 - last.0 {
                    *last = (start, end);
                }
            }
            _ => windows.push((start, end)),
        }
    }
    // Repeated notes give one query tick many votes; look at the fullest
    // windows only and rank them by distinct ticks.
    windows.sort_unstable_by_key(|w| (usize::MAX - (w.1 - w.0), w.0));
    windows.truncate(16 * most);
    let mut clusters: Vec<(&[Vote], usize)> = windows
        .into_iter()
        .map(|(start, end)| {
            let cluster = &votes[start..end];
            let mut ticks: Vec<u32> = cluster.iter().map(|v| v.1).collect();
            ticks.sort_unstable_by_key(|t| std::cmp::Reverse(*t));
            ticks.dedup_by_key(|t| *t >> 8);
            let w: u32 = ticks.iter().map(|t| t & 255).sum();
            (cluster, w as usize)
        })
        .collect();
    clusters.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(b.0)));
    clusters
}

/// Recording and alignment of a cluster of votes.
fn fit(
    cluster: &[Vote],
    lookups: &Lookups,
    slot_ticks: u32,
    segment: &Segment,
) -> Option<(usize, Alignment)> {
    let n = cluster.len() as f64;
    let (scale, shift) = cell_middle(cell_of(cluster[0].0));
    let offset = |v: &Vote| (v.0 & ((1 << OFFSET_BITS) - 1)) as i64 - OFFSET_BASE;
    let mean_q = cluster.iter().map(|v| f64::from(v.1 >> 8)).sum::<f64>() / n;
    let mean_offset = cluster.iter().map(|v| offset(v) as f64).sum::<f64>() / n;
    // Slope of the line through the votes, held near the cell's scale by a ridge
    // as the slots are coarse: 4 votes spread over 500 ticks.
    let (mut sxx, mut sxy) = (4.0 * 500.0 * 500.0 / 12.0, 0.0);
    for vote in cluster {
        let x = f64::from(vote.1 >> 8) - mean_q;
        sxx += x * x;
        sxy += x * (offset(vote) as f64 - mean_offset);
    }
    let mean_r = mean_offset + scale * mean_q;
    let scale = scale + sxy / sxx;
    let ordinal = segment.recording_at((mean_r.max(0.0) as u32) / slot_ticks)?;
    let first = f64::from(segment.recording(ordinal).first_slot * slot_ticks);
    let offset = mean_r - first - scale * (mean_q + f64::from(lookups.from));
    Some((ordinal, Alignment { offset, scale, shift }))
}
