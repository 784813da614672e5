//! Which segments are merged with which.
//!
//! Segments whose lengths lie between the same two powers of [`FAN_IN`] are a
//! tier. Once there are [`FAN_IN`] of them they become one of the next tier: as
//! long as n batches of one size are registered there are at most
//! 7 · log₈(n) + 7 segments, and each recording was written at most
//! 1 + log₈(n) times.

use std::cmp::Reverse;
use std::collections::BTreeMap;

/// Segments of a tier that are merged. A search looks a hash up once in each
/// segment; merging rewrites. Five thousand batches of twelve hours are about
/// seven years of audio: with 8, each recording of them is written five times,
/// and there are at most 35 segments; with 4, seven times and 21; with 16, four
/// times and 60.
const FAN_IN: usize = 8;

/// A segment is rewritten when more than one in this many of its recordings are
/// removed: rewriting three quarters is then paid for by what it returns.
const REMOVED_SHARE: u64 = 4;

/// What a segment can address.
const LONGEST_SLOTS: u64 = u32::MAX as u64;

/// What decides about merging a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Size {
    /// Its number.
    pub(super) number: i64,
    /// Key of its first recording: merged segments keep the order of registration
    /// as far as their inputs do.
    pub(super) first_key: u32,
    /// Length of its time axis, removed recordings included.
    pub(super) slots: u32,
    /// Recordings in it, removed ones included.
    pub(super) recordings: u64,
    /// Removed recordings in it.
    pub(super) removed: u64,
}

impl Size {
    fn tier(&self) -> u32 {
        self.slots.max(1).ilog(FAN_IN as u32)
    }
}

/// The segments to merge next, in the order of the result; none when all is in
/// order. Merging them makes progress: there are fewer segments afterwards, or
/// fewer removed recordings.
pub(super) fn due(sizes: &[Size]) -> Vec<i64> {
    let mut tiers: BTreeMap<u32, Vec<Size>> = BTreeMap::new();
    for size in sizes {
        tiers.entry(size.tier()).or_default().push(*size);
    }
    // The lowest first: what it becomes may complete the next.
    for mut tier in tiers.into_values().filter(|tier| tier.len() >= FAN_IN) {
        tier.sort_unstable_by_key(|size| (size.slots, size.first_key));
        let group = fitting(&tier);
        // In the highest tier perhaps no two fit into one: they stay apart.
        if group.len() > 1 {
            return in_order(group);
        }
    }
    let worth = |size: &&Size| size.removed * REMOVED_SHARE > size.recordings;
    sizes
        .iter()
        .filter(worth)
        .max_by_key(|size| Reverse(size.number))
        .map(|size| size.number)
        .into_iter()
        .collect()
}

/// Groups that leave as few segments as there can be and nothing removed in any.
pub(super) fn all(sizes: &[Size]) -> Vec<Vec<i64>> {
    let mut rest = sizes.to_vec();
    rest.sort_unstable_by_key(|size| size.first_key);
    let mut groups = Vec::new();
    while !rest.is_empty() {
        let group: Vec<Size> = rest.drain(..fitting(&rest).len().max(1)).collect();
        if group.len() > 1 || group.iter().any(|size| size.removed > 0) {
            groups.push(in_order(&group));
        }
    }
    groups
}

/// The longest beginning that fits into one segment.
fn fitting(sizes: &[Size]) -> &[Size] {
    let mut slots = 0;
    let fits = |size: &&Size| {
        slots += u64::from(size.slots);
        slots <= LONGEST_SLOTS
    };
    &sizes[..sizes.iter().take_while(fits).count()]
}

fn in_order(group: &[Size]) -> Vec<i64> {
    let mut group = group.to_vec();
    group.sort_unstable_by_key(|size| size.first_key);
    group.iter().map(|size| size.number).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn size(number: i64, slots: u32) -> Size {
        Size { number, first_key: number as u32 * 10, slots, recordings: 10, removed: 0 }
    }

    #[test]
    fn eight_of_a_tier_are_merged_and_seven_are_not() {
        let mut sizes: Vec<Size> = (1..=7).map(|number| size(number, 100 * number as u32)).collect();
        // 100 .. 700 slots lie on both sides of 512.
        assert!(due(&sizes).is_empty());
        sizes.extend((8..=10).map(|number| size(number, 80)));
        assert_eq!(due(&sizes), [1, 2, 3, 4, 5, 8, 9, 10], "all of the tier, in order of registration");
        sizes[0].first_key = 1000;
        assert_eq!(due(&sizes), [2, 3, 4, 5, 8, 9, 10, 1]);
    }

    /// Batches of one size, one after the other, as registering does.
    #[test]
    fn segments_and_rewriting_grow_with_the_logarithm() {
        const BATCHES: i64 = 5_000;
        const SLOTS: u32 = 500_000;
        let mut sizes: Vec<Size> = Vec::new();
        let (mut next, mut written, mut most) = (1, 0_u64, 0);
        for _ in 0..BATCHES {
            sizes.push(size(next, SLOTS));
            written += u64::from(SLOTS);
            next += 1;
            loop {
                let group = due(&sizes);
                if group.is_empty() {
                    break;
                }
                let slots =
                    sizes.iter().filter(|size| group.contains(&size.number)).map(|size| size.slots).sum();
                sizes.retain(|size| !group.contains(&size.number));
                sizes.push(size(next, slots));
                written += u64::from(slots);
                next += 1;
            }
            most = most.max(sizes.len());
        }
        assert!(most <= 35, "{most} segments");
        let times = written as f64 / f64::from(SLOTS) / BATCHES as f64;
        assert!(times <= 5.0, "each recording was written {times} times");
        assert_eq!(
            sizes.iter().map(|size| u64::from(size.slots)).sum::<u64>(),
            BATCHES as u64 * u64::from(SLOTS)
        );
    }

    #[test]
    fn a_segment_with_much_removed_is_rewritten_alone() {
        let mut sizes = [size(1, 1000), size(2, 1000)];
        sizes[1].removed = 2;
        assert!(due(&sizes).is_empty());
        sizes[1].removed = 3;
        assert_eq!(due(&sizes), [2]);
    }

    #[test]
    fn what_does_not_fit_into_one_segment_stays_in_several() {
        const HALF: u32 = u32::MAX / 2;
        let sizes: Vec<Size> = (1..=9).map(|number| size(number, HALF)).collect();
        assert_eq!(due(&sizes), [1, 2], "two fit, three do not");
        let sizes: Vec<Size> = (1..=9).map(|number| size(number, HALF + 1)).collect();
        assert!(due(&sizes).is_empty(), "no two fit");
        assert_eq!(all(&sizes), Vec::<Vec<i64>>::new());
        let sizes = [size(1, HALF), size(2, HALF), size(3, HALF), size(4, 9), size(5, HALF + 1)];
        assert_eq!(all(&sizes), [vec![1, 2], vec![3, 4]]);
    }

    #[test]
    fn compacting_takes_everything_and_leaves_what_is_compact() {
        assert_eq!(all(&[]), Vec::<Vec<i64>>::new());
        assert_eq!(all(&[size(4, 1)]), Vec::<Vec<i64>>::new());
        assert_eq!(all(&[size(4, 9), size(2, 1), size(3, 70_000)]), [[2, 3, 4]]);
        assert_eq!(all(&[Size { removed: 1, ..size(4, 9) }]), [[4]]);
    }
}
