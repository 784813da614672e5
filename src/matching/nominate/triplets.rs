//! Candidates from triplet landmarks: any speed and pitch.

use crate::index::{Segment, TripletExtra};
use crate::params::{Params, TICKS_PER_FRAME};

use super::super::alignment::Alignment;
use super::{Candidate, Lookups, fair, weight};

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

/// A triplet's vote.
///
/// There are two grids over scale and shift, half a cell apart, so that a
/// cluster on an edge of one lies inside a cell of the other.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Vote {
    /// Sorts by cell (grid, time scale, pitch shift), then offset.
    key: u64,
    /// Where in the stretch it came from.
    tick: u32,
    weight: u16,
}

/// Bits of a vote's key below scale and shift.
const OFFSET_BITS: u32 = 40;
/// Added to offsets so that they stay positive.
const OFFSET_BASE: i64 = 1 << 38;

/// The nearest cell of a grid (0 or 1).
fn cell_of(grid: u64, log2_scale: f64, shift: f64) -> u64 {
    let half = 0.5 * grid as f64;
    let scale = (log2_scale * SCALE_STEPS - half).round() + 128.0;
    let shift = (shift / SHIFT_STEP - half).round() + 128.0;
    grid << 16 | (scale as u64) << 8 | shift as u64
}

/// Middle of a cell: (time scale, pitch shift).
fn cell_middle(cell: u64) -> (f64, f64) {
    let half = if cell >> 16 == 1 { 0.5 } else { 0.0 };
    let scale = ((cell >> 8 & 0xff) as f64 - 128.0 + half) / SCALE_STEPS;
    let shift = ((cell & 0xff) as f64 - 128.0 + half) * SHIFT_STEP;
    (scale.exp2(), shift)
}

/// Candidates of one segment, number `number` of the index: (time scale, pitch
/// shift, offset) with the most votes. At most `most`.
pub fn by_triplets(
    lookups: &Lookups,
    segment: &Segment,
    number: usize,
    most: usize,
    max_scale: f64,
    params: &Params,
) -> Vec<Candidate> {
    let slot_ticks = params.slot_frames * TICKS_PER_FRAME;
    let mut votes = cast(lookups, segment, max_scale, slot_ticks);
    votes.sort_unstable();
    let candidates = best_windows(&votes, 16 * most).into_iter().filter_map(|(cluster, weight)| {
        let (ordinal, alignment) = fit(cluster, lookups, slot_ticks, segment)?;
        Some(Candidate { segment: number, ordinal, alignment, votes: f64::from(weight) })
    });
    fair(candidates, most)
}

/// Every hit with a possible time scale and pitch shift votes, in both grids.
fn cast(lookups: &Lookups, segment: &Segment, max_scale: f64, slot_ticks: u32) -> Vec<Vote> {
    let max_log2_scale = max_scale.log2() + 0.5 / SCALE_STEPS;
    let mut votes = Vec::new();
    let mut hits: Vec<(u32, TripletExtra)> = Vec::new();
    for group in lookups.triplets.chunk_by(|a, b| a.hash == b.hash) {
        hits.clear();
        segment.triplets(group[0].hash, |slot, extra| hits.push((slot, extra)));
        let Some(weight) = weight(hits.len(), group.len()) else { continue };
        for (slot, extra) in &hits {
            let reference_tick = i64::from(slot * slot_ticks + slot_ticks / 2);
            for lookup in group {
                let log2_scale = extra.log2_span() - lookup.log2_span;
                let shift = f64::from(lookup.pitch) - extra.pitch();
                if log2_scale.abs() > max_log2_scale || shift.abs() > MAX_SHIFT {
                    continue;
                }
                let tick = lookup.tick - lookups.from;
                for grid in 0..2 {
                    let cell = cell_of(grid, log2_scale, shift);
                    let (scale, _) = cell_middle(cell);
                    let offset = reference_tick - (scale * f64::from(tick)) as i64;
                    let key = cell << OFFSET_BITS | (offset + OFFSET_BASE) as u64;
                    votes.push(Vote { key, tick, weight });
                }
            }
        }
    }
    votes
}

/// The `most` windows over the offset with the most weight, one vote counting
/// for each query tick: a repeated note must not vote for itself.
fn best_windows(votes: &[Vote], most: usize) -> Vec<(&[Vote], u32)> {
    let mut windows: Vec<(u32, usize, usize)> = Vec::new();
    let (mut start, mut sum) = (0, 0_u32);
    for (end, vote) in votes.iter().enumerate() {
        sum += u32::from(vote.weight);
        // Keys of different cells are further apart than any window.
        while vote.key - votes[start].key > OFFSET_WINDOW {
            sum -= u32::from(votes[start].weight);
            start += 1;
        }
        let closes = votes.get(end + 1).is_none_or(|v| v.key - votes[start].key > OFFSET_WINDOW);
        if !closes || end - start < 2 {
            continue;
        }
        match windows.last_mut() {
            // Of overlapping windows the heavier one stays.
            Some(last) if start < last.2 => {
                if sum > last.0 {
                    *last = (sum, start, end + 1);
                }
            }
            _ => windows.push((sum, start, end + 1)),
        }
    }
    let key = |w: &(u32, usize, usize)| (u32::MAX - w.0, w.1);
    if windows.len() > most {
        windows.select_nth_unstable_by_key(most, key);
        windows.truncate(most);
    }
    let mut windows: Vec<(&[Vote], u32)> = windows
        .into_iter()
        .map(|(_, start, end)| {
            let window = &votes[start..end];
            let mut ticks: Vec<(u32, u16)> = window.iter().map(|v| (v.tick, v.weight)).collect();
            ticks.sort_unstable_by(|a, b| b.cmp(a));
            ticks.dedup_by_key(|t| t.0);
            (window, ticks.iter().map(|t| u32::from(t.1)).sum())
        })
        .collect();
    windows.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(b.0)));
    windows
}

/// Recording and alignment of a cluster of votes.
fn fit(
    cluster: &[Vote],
    lookups: &Lookups,
    slot_ticks: u32,
    segment: &Segment,
) -> Option<(usize, Alignment)> {
    let n = cluster.len() as f64;
    let (scale, shift) = cell_middle(cluster[0].key >> OFFSET_BITS);
    let offset = |v: &Vote| (v.key & ((1 << OFFSET_BITS) - 1)) as i64 - OFFSET_BASE;
    let mean_q = cluster.iter().map(|v| f64::from(v.tick)).sum::<f64>() / n;
    let mean_offset = cluster.iter().map(|v| offset(v) as f64).sum::<f64>() / n;
    // Slope of the line through the votes, held near the cell's scale by a ridge
    // as the slots are coarse: 4 votes spread over 500 ticks.
    let (mut sxx, mut sxy) = (4.0 * 500.0 * 500.0 / 12.0, 0.0);
    for vote in cluster {
        let x = f64::from(vote.tick) - mean_q;
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
