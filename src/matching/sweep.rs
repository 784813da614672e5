//! Candidates without an index: the query's constellation is slid along every
//! stored one.
//!
//! A hash needs three peaks that survived; sliding needs only enough
//! single ones. It finds music far below the noise, at a cost that grows with
//! the registry, and only at the original speed and pitch.

use std::ops::Range;

use crate::peaks::Peak;

use super::query::Query;

/// Width of a cell of the offset, in ticks. Two neighbours are counted
/// together, which gives the tolerance of the verification.
const CELL: u32 = 4;

/// Longest recording that is slid along, in ticks: sixteen days with the default
/// parameters.
const MOST_TICKS: u32 = 1 << 28;

/// Tolerance in pitch units, either way.
const REACH_PITCH: i32 = 3;

/// Peaks of the query that are counted together. Most pitches have one or two
/// groups of peaks near them, so that the processor foresees the end of the list,
/// as it could not with single peaks.
const GROUP: usize = 4;

/// The peaks of a stretch of a query, by pitch.
pub struct Sweep {
    /// For every pitch, where the groups of the peaks near it start in `groups`.
    start: Vec<u32>,
    /// Twice the tick and one for every peak; even numbers fill the last group of a
    /// pitch.
    groups: Vec<[u32; GROUP]>,
    length: u32,
    from: u32,
    scale: f64,
}

/// An offset that stands out.
#[derive(Clone, Copy, Debug)]
pub struct Standout {
    /// Reference tick at query tick 0.
    pub offset: f64,
    /// Standard deviations above the recording's mean.
    pub deviations: f64,
}

impl Sweep {
    /// Prepares the query ticks `ticks`, to be found at a time scale and pitch
    /// shift (in pitch units, query minus reference).
    pub fn new(query: &Query, ticks: Range<u32>, scale: f64, shift: f64, max_pitch: u32) -> Self {
        let peaks = &query.peaks()[query.range(f64::from(ticks.start), f64::from(ticks.end) - 1.0)];
        let length = (f64::from(ticks.end - ticks.start) * scale).ceil() as u32 + CELL;
        let around = |peak: &Peak| {
            let pitch = (f64::from(peak.pitch) - shift).round() as i32;
            let low = (pitch - REACH_PITCH).max(0);
            let high = (pitch + REACH_PITCH).min(max_pitch as i32);
            (low..=high).map(|p| p as usize)
        };
        // Counting sort by pitch: sizes, starts, then the ticks in their places.
        let mut sizes = vec![0_u32; max_pitch as usize + 1];
        for peak in peaks {
            around(peak).for_each(|p| sizes[p] += 1);
        }
        let mut start = vec![0_u32];
        for size in &sizes {
            start.push(start.last().copied().unwrap_or(0) + size.div_ceil(GROUP as u32));
        }
        // Fillings add nothing, each to another count: additions to one would wait
        // for each other.
        let filling = std::array::from_fn(|i| (2 * CELL * i as u32).min(2 * length));
        let mut groups = vec![filling; start.last().copied().unwrap_or(0) as usize];
        for peak in peaks {
            let tick = f64::from(peak.tick.saturating_sub(ticks.start)) * scale;
            for p in around(peak) {
                sizes[p] -= 1;
                let place = GROUP * start[p] as usize + sizes[p] as usize;
                groups[place / GROUP][place % GROUP] = 2 * (tick.round() as u32).min(length) + 1;
            }
        }
        Sweep { start, groups, length, from: ticks.start, scale }
    }

    /// Slides along a constellation; the `most` offsets that stand out most,
    /// at least `least` deviations. `counts` is scratch space.
    pub fn slide(&self, reference: &[Peak], most: usize, least: f64, counts: &mut Vec<u16>) -> Vec<Standout> {
        let end = reference.last().and_then(|last| last.tick.checked_add(self.length));
        // Only a damaged segment has more: what it claims is no reason to get memory.
        let Some(end) = end.filter(|end| *end <= MOST_TICKS) else { return Vec::new() };
        let cells = (end / CELL + 3) as usize;
        counts.clear();
        counts.resize(cells, 0);
        for peak in reference {
            let pitch = usize::from(peak.pitch);
            let Some([from, until]) = self.start.get(pitch..pitch + 2) else { continue };
            let base = 2 * (peak.tick + self.length) + 1;
            for group in &self.groups[*from as usize..*until as usize] {
                for tick in group {
                    let count = &mut counts[((base - tick) / (2 * CELL)) as usize];
                    // Beyond 65 535 only where a damaged segment repeats one peak.
                    *count = count.wrapping_add((tick & 1) as u16);
                }
            }
        }
        let hits: u64 = counts.iter().map(|count| u64::from(*count)).sum();
        let mean = 2.0 * hits as f64 / cells as f64;
        let deviation = (mean + 1.0).sqrt();
        let least_count = (mean + least * deviation).ceil() as u16;
        let mut found: Vec<(u16, usize)> = Vec::new();
        for i in 0..cells - 1 {
            let sum = counts[i].saturating_add(counts[i + 1]);
            if sum < least_count {
                continue;
            }
            match found.last_mut() {
                Some((best, at)) if i - *at <= 3 => {
                    if sum > *best {
                        (*best, *at) = (sum, i);
                    }
                }
                _ => found.push((sum, i)),
            }
        }
        found.sort_unstable_by_key(|(count, i)| (u16::MAX - count, *i));
        found.truncate(most);
        found
            .into_iter()
            .map(|(count, i)| Standout {
                offset: f64::from((i as u32 + 1) * CELL)
                    - f64::from(self.length)
                    - self.scale * f64::from(self.from),
                deviations: (f64::from(count) - mean) / deviation,
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fingerprint::Fingerprint;
    use crate::params::Params;

    #[test]
    fn what_a_damaged_segment_claims_gets_no_memory() {
        let params = Params::default();
        let peak = |tick| Peak { tick, pitch: 100, strength: 1 };
        let query = Fingerprint { peaks: (0..200).map(|n| peak(9 * n)).collect(), frames: 500 };
        let sweep = Sweep::new(&Query::new(&query, &params), 0..2000, 1.0, 0.0, params.max_pitch());
        let mut counts = Vec::new();
        let found = |reference: &[Peak], counts: &mut Vec<u16>| sweep.slide(reference, 3, 3.0, counts).len();
        assert!(found(&query.peaks, &mut counts) > 0);
        for last in [u32::MAX, u32::MAX - 2100, 1 << 30] {
            assert_eq!(found(&[peak(7), peak(last)], &mut counts), 0);
        }
        assert!(found(&vec![peak(4000); 70_000], &mut counts) <= 3);
    }
}
