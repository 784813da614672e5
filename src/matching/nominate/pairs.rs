//! Candidates from pair landmarks: the original speed and pitch.

use crate::index::Segment;
use crate::params::{Params, TICKS_PER_FRAME};

use super::super::alignment::Alignment;
use super::{Candidate, Lookups, fair, weight};

/// Candidates of one segment, number `number` of the index: the diagonals
/// (reference slot − query slot) with the most votes. At most `most`.
pub fn by_pairs(
    lookups: &Lookups,
    segment: &Segment,
    number: usize,
    most: usize,
    params: &Params,
) -> Vec<Candidate> {
    let slot_ticks = params.slot_frames * TICKS_PER_FRAME;
    let length = (lookups.until - lookups.from) / slot_ticks + 2;
    let mut votes = vec![0_u16; (segment.slots() + length + 2) as usize];
    let mut slots: Vec<u32> = Vec::new();
    for group in lookups.pairs.chunk_by(|a, b| a.0 == b.0) {
        slots.clear();
        segment.pairs(group[0].0, |slot| slots.push(slot));
        let Some(weight) = weight(slots.len(), group.len()) else { continue };
        for (_, tick) in group {
            let shift = length - (tick - lookups.from) / slot_ticks;
            for slot in &slots {
                // Only a damaged list names slots beyond the end.
                if let Some(votes) = votes.get_mut((slot + shift) as usize) {
                    *votes = votes.saturating_add(weight);
                }
            }
        }
    }
    let place = |(diagonal, votes): (u32, u32)| {
        // The middle of the stretch tells which recording it is.
        let middle = (diagonal + length / 2).saturating_sub(length);
        let ordinal = segment.recording_at(middle)?;
        let first = f64::from(segment.recording(ordinal).first_slot);
        let slots = f64::from(diagonal) + 0.5 - f64::from(length) - first;
        let offset = slots * f64::from(slot_ticks) - f64::from(lookups.from);
        let alignment = Alignment { offset, scale: 1.0, shift: 0.0 };
        Some(Candidate { segment: number, ordinal, alignment, votes: f64::from(votes) })
    };
    fair(best_diagonals(&votes, 8 * most).into_iter().filter_map(place), most)
}

/// The `most` diagonals with the most votes together with their successors, as
/// slots of query and reference do not begin together; of neighbours the best.
fn best_diagonals(votes: &[u16], most: usize) -> Vec<(u32, u32)> {
    let pair = |i: usize| u32::from(votes[i]) + u32::from(votes[i + 1]);
    let sum: u64 = votes.iter().map(|v| u64::from(*v)).sum();
    // Twice the mean is reached everywhere; a list of such is worthless.
    let least = (4 * sum / votes.len() as u64) as u32 + 1;
    let is_top =
        |i: usize| (i == 0 || pair(i - 1) < pair(i)) && (i + 2 >= votes.len() || pair(i + 1) <= pair(i));
    let mut found: Vec<(u32, u32)> = (0..votes.len() - 1)
        .filter(|&i| pair(i) >= least && is_top(i))
        .map(|i| (i as u32, pair(i)))
        .collect();
    let key = |(i, votes): &(u32, u32)| (u32::MAX - votes, *i);
    if found.len() > most {
        found.select_nth_unstable_by_key(most, key);
        found.truncate(most);
    }
    found.sort_unstable_by_key(key);
    found
}
