//! Levels that no player would play as they are.
//!
//! Samples of floating point may have any size. Programs write them on the scale of
//! 16 bits, 32,768 for full; such a file sounds, so it is heard, at a level at which a
//! fingerprint can be made.

use super::downmix::{MAX_MAGNITUDE, cleaned};

/// So much of a block, as its part, is beyond the largest magnitude where a file is loud;
/// fewer are damage.
const LOUD: usize = 64;

/// A block that is so much below full scale after it was made quieter need not be.
const QUIET: f32 = 1.0 / 4_096.0;

/// Brings blocks that are far too loud to full scale, by powers of two, so that nothing
/// else changes in them.
pub(super) struct Leveller {
    gain: f32,
    magnitudes: Vec<f32>,
}

impl Leveller {
    pub(super) fn new() -> Self {
        Leveller { gain: 1.0, magnitudes: Vec::new() }
    }

    /// Forgets what came before.
    pub(super) fn reset(&mut self) {
        self.gain = 1.0;
    }

    /// Levels the next block; one of sane samples is not touched.
    pub(super) fn level(&mut self, block: &mut [f32]) {
        let peak = block.iter().fold(0.0_f32, |peak, s| peak.max(s.abs()));
        if block.is_empty() || (self.gain == 1.0 && peak <= MAX_MAGNITUDE) {
            return;
        }
        // What is as large as this part of the block is no damage.
        let rank = block.len() / LOUD;
        self.magnitudes.clear();
        self.magnitudes.extend(block.iter().map(|s| s.abs()));
        let (_, large, _) = self.magnitudes.select_nth_unstable_by(rank, |a, b| b.total_cmp(a));
        let large = *large;
        if large * self.gain > MAX_MAGNITUDE || (large > 0.0 && large * self.gain < QUIET) {
            self.gain = gain_for(large);
        }
        block.iter_mut().for_each(|s| *s = cleaned(*s * self.gain));
    }
}

/// The power of two, at most 1, that brings `magnitude` to 1 or below.
fn gain_for(magnitude: f32) -> f32 {
    const BIAS: i32 = 127;
    let exponent = (magnitude.to_bits() >> 23) as i32 - BIAS + 1;
    // Magnitudes end at 2^100, so that the gain is a normal number.
    f32::from_bits(((BIAS - exponent.clamp(0, BIAS - 1)) as u32) << 23)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(scale: f32) -> Vec<f32> {
        (0..1_152).map(|i| scale * (i as f32 * 0.05).sin()).collect()
    }

    #[test]
    fn sane_levels_are_not_touched() {
        let mut leveller = Leveller::new();
        for scale in [1e-6, 0.5, 1.0, 30.0, 64.0] {
            let mut block = tone(scale);
            leveller.level(&mut block);
            assert_eq!(block, tone(scale));
        }
    }

    #[test]
    fn the_scale_of_whole_numbers_becomes_full_scale() {
        for scale in [100.0, 32_768.0, 2_147_483_648.0, 1e30] {
            let mut leveller = Leveller::new();
            let mut gains = Vec::new();
            for loudness in [1.0, 0.3, 0.9, 0.02] {
                let mut block = tone(scale * loudness);
                leveller.level(&mut block);
                let gain = block[20] / tone(scale * loudness)[20];
                let due: Vec<f32> = tone(scale * loudness).iter().map(|s| s * gain).collect();
                assert_eq!(block, due, "one gain for all of a block");
                gains.push(gain);
            }
            assert!((0.5..=1.0).contains(&(gains[0] * scale)), "{gains:?}");
            assert!(gains.iter().all(|gain| *gain == gains[0]), "music keeps its dynamics: {gains:?}");
        }
    }

    #[test]
    fn damage_is_silence_and_changes_nothing_else() {
        let mut leveller = Leveller::new();
        let mut block = tone(0.5);
        (block[7], block[900]) = (1e30, -65.0);
        let due: Vec<f32> = block.iter().map(|s| if s.abs() > 1.0 { 0.0 } else { *s }).collect();
        leveller.level(&mut block);
        assert_eq!(block, due);
        // A whole block of it does not make what follows too quiet to be heard.
        leveller.level(&mut tone(1e30));
        let mut block = tone(0.5);
        leveller.level(&mut block);
        assert_eq!(block, tone(0.5));
        let mut silence = vec![0.0; 9];
        leveller.level(&mut silence);
        leveller.level(&mut []);
        assert_eq!(silence, [0.0; 9]);
    }
}
