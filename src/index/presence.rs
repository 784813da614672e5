//! Which keys a small index lists, to pass over look-ups that find nothing.

use std::ops::Range;

use super::Segment;

/// Keys that share a bit for wide ranges.
const WIDE: u32 = 32;

/// A bit for each key that has a posting, and one for every [`WIDE`] neighbours.
/// With the default parameters 8 MB: it pays where few bits are set.
#[derive(Clone, Debug)]
pub(super) struct Presence {
    single: Vec<u64>,
    wide: Vec<u64>,
}

impl Presence {
    /// The keys below `size` that `segment` lists.
    pub fn of(segment: &Segment, size: u32) -> Self {
        let words = |bits: u32| vec![0_u64; (bits / 64) as usize + 2];
        let mut presence = Presence { single: words(size), wide: words(size / WIDE) };
        segment.triplets(0..size, |key, _, _| {
            set(&mut presence.single, key);
            set(&mut presence.wide, key / WIDE);
        });
        presence
    }

    /// Whether a key of the range may be listed; certainly not where it is false.
    #[inline]
    pub fn any(&self, keys: &Range<u32>) -> bool {
        let Some(last) = keys.end.checked_sub(1).filter(|last| *last >= keys.start) else { return false };
        if last - keys.start < WIDE {
            any(&self.single, keys.start, last)
        } else {
            any(&self.wide, keys.start / WIDE, last / WIDE)
        }
    }
}

fn set(bits: &mut [u64], at: u32) {
    if let Some(word) = bits.get_mut((at / 64) as usize) {
        *word |= 1 << (at % 64);
    }
}

/// Whether a bit of `first ..= last` is set. Of more than 64 bits the rest counts as set.
#[inline]
fn any(bits: &[u64], first: u32, last: u32) -> bool {
    let count = last - first + 1;
    let word = (first / 64) as usize;
    let Some([low, high]) = bits.get(word..word + 2) else { return false };
    let shift = first % 64;
    // Two words joined, from the first bit on; the outer shift by 64 − 0 is none.
    let joined = low >> shift | if shift == 0 { 0 } else { high << (64 - shift) };
    count > 64 || joined & (u64::MAX >> (64 - count)) != 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    #[test]
    fn ranges_are_told_as_a_list_of_keys_would() {
        let mut random = Random::new(21);
        let size = 5000;
        let listed: Vec<u32> = (0..40).map(|_| random.below(u64::from(size)) as u32).collect();
        let mut presence = Presence { single: vec![0; 80], wide: vec![0; 5] };
        for key in &listed {
            set(&mut presence.single, *key);
            set(&mut presence.wide, key / WIDE);
        }
        let mut passed = 0;
        for _ in 0..20_000 {
            let start = random.below(u64::from(size)) as u32;
            let keys = start..(start + random.below(100) as u32).min(size);
            let truth = listed.iter().any(|key| keys.contains(key));
            let told = presence.any(&keys);
            assert!(told || !truth, "{keys:?}");
            if keys.len() <= 32 {
                assert_eq!(told, truth, "{keys:?}");
            }
            passed += usize::from(told);
        }
        assert!(passed < 15_000, "{passed}");
    }
}
