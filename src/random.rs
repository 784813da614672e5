//! Deterministic pseudo-random numbers for tests.

use crate::peaks::Peak;

/// Splitmix64 (Steele, Lea & Flood 2014).
pub(crate) struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Random(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    /// Uniform in 0 .. 1.
    pub fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// `count` peaks anywhere in `ticks` and up to `max_pitch`.
    pub fn constellation(&mut self, count: usize, ticks: u64, max_pitch: u32) -> Vec<Peak> {
        let mut peaks: Vec<Peak> = (0..count)
            .map(|_| Peak {
                tick: self.below(ticks) as u32,
                pitch: self.below(u64::from(max_pitch)) as u16,
                strength: self.below(256) as u8,
            })
            .collect();
        peaks.sort_unstable();
        peaks.dedup_by_key(|p| (p.tick, p.pitch));
        peaks
    }
}
