//! Which channels the mean of all does not hold.
//!
//! The fingerprint is that of the mean of the channels. Of two channels of which one is
//! the other upside down the mean is silence, and a song in one channel beside louder
//! noise in the other is below the noise: people hear it, and the mean does not. A
//! window in which the mean holds less than a quarter of a channel, as the square of
//! their correlation, is counted for that channel: what it holds is then 5 dB below
//! everything else in the mean, where recognition begins to fail. Single windows of that
//! kind are in a third of ordinary stereo music, where an instrument plays alone; only
//! windows in a row count.

use crate::units::Seconds;

/// Share of a channel's energy that the mean holds at least where it stands for it.
const LEAST_SHARE: f64 = 0.25;

/// Energy of a sample, full scale 1, below which nobody hears a channel: -70 dB.
const INAUDIBLE: f64 = 1e-7;

/// Length of a window, in seconds.
const WINDOW_S: Seconds = 1.0;

/// Windows in a row are counted from this length on, in seconds: nothing shorter is asked
/// about.
const SHORTEST_S: Seconds = 2.0;

/// Lanes of sums, so that a compiler may add them at once. Always the same, as the
/// order of sums is.
const LANES: usize = 8;

/// Sums over the samples of all channels, window by window.
#[derive(Debug, Default)]
pub(super) struct Balance {
    /// Of each channel in this window: its energy, and its product with the mean.
    channels: Vec<(f64, f64)>,
    /// Energy of the mean.
    mean: f64,
    frames: u64,
    window_s: Seconds,
    lost: Vec<Lost>,
}

/// How long a channel was not in the mean.
#[derive(Clone, Copy, Debug, Default)]
struct Lost {
    /// Since the last window in which it was.
    row_s: Seconds,
    /// In all rows of windows that are long enough.
    sum_s: Seconds,
}

impl Lost {
    fn end_row(&mut self) {
        if self.row_s >= SHORTEST_S {
            self.sum_s += self.row_s;
        }
        self.row_s = 0.0;
    }
}

impl Balance {
    /// Adds a block of a channel, numbered from 0, and the mean over the same frames.
    #[inline(always)]
    pub(super) fn add(&mut self, channel: usize, samples: impl Iterator<Item = f32>, mean: &[f32]) {
        if self.channels.len() <= channel {
            self.channels.resize(channel + 1, (0.0, 0.0));
        }
        let (mut energy, mut product) = ([0.0_f32; LANES], [0.0_f32; LANES]);
        for (at, (sample, mean)) in samples.zip(mean).enumerate() {
            energy[at % LANES] += sample * sample;
            product[at % LANES] += sample * mean;
        }
        let sums = &mut self.channels[channel];
        sums.0 += f64::from(energy.iter().sum::<f32>());
        sums.1 += f64::from(product.iter().sum::<f32>());
    }

    /// Ends a block, whose channels were added.
    pub(super) fn end(&mut self, mean: &[f32], rate_hz: u32) {
        let mut energy = [0.0_f32; LANES];
        for (at, sample) in mean.iter().enumerate() {
            energy[at % LANES] += sample * sample;
        }
        self.mean += f64::from(energy.iter().sum::<f32>());
        self.frames += mean.len() as u64;
        self.window_s += mean.len() as f64 / f64::from(rate_hz.max(1));
        if self.window_s >= WINDOW_S {
            self.judge();
        }
    }

    /// Ends a window.
    fn judge(&mut self) {
        let audible = INAUDIBLE * self.frames as f64;
        for (channel, &(energy, product)) in self.channels.iter().enumerate() {
            // False for what is no number, which is loud; and where the mean is silence.
            let is_held = self.mean > 0.0 && product * product >= LEAST_SHARE * energy * self.mean;
            if self.lost.len() <= channel {
                self.lost.resize(channel + 1, Lost::default());
            }
            if energy > audible && !is_held || energy.is_nan() {
                self.lost[channel].row_s += self.window_s;
            } else {
                self.lost[channel].end_row();
            }
        }
        self.channels.clear();
        (self.mean, self.frames, self.window_s) = (0.0, 0, 0.0);
    }

    /// The channels that the mean did not hold, numbered from 0, and how long.
    pub(super) fn finish(mut self) -> impl Iterator<Item = (u16, Seconds)> {
        if self.frames > 0 {
            self.judge();
        }
        self.lost.iter_mut().for_each(Lost::end_row);
        (0..=u16::MAX).zip(self.lost).map(|(channel, lost)| (channel, lost.sum_s)).filter(|lost| lost.1 > 0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE_HZ: u32 = 8_000;

    fn noise(seed: u32, level: f32) -> Vec<f32> {
        let mut state = seed.wrapping_mul(2_654_435_761).max(1);
        let next = || {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            level * (state as f32 / u32::MAX as f32 - 0.5)
        };
        std::iter::repeat_with(next).take(3 * RATE_HZ as usize).collect()
    }

    fn sum(a: &[f32], b: &[f32], share: f32) -> Vec<f32> {
        a.iter().zip(b).map(|(a, b)| a + share * b).collect()
    }

    /// The channels that are lost, with whole seconds.
    fn lost(channels: &[Vec<f32>]) -> Vec<(u16, u32)> {
        let mut balance = Balance::default();
        let frames = channels[0].len();
        let mean: Vec<f32> = (0..frames)
            .map(|at| channels.iter().map(|channel| channel[at]).sum::<f32>() / channels.len() as f32)
            .collect();
        for from in (0..frames).step_by(1_000) {
            let part = from..(from + 1_000).min(frames);
            for (number, channel) in channels.iter().enumerate() {
                balance.add(number, channel[part.clone()].iter().copied(), &mean[part.clone()]);
            }
            balance.end(&mean[part], RATE_HZ);
        }
        balance.finish().map(|(channel, lost_s)| (channel, lost_s.round() as u32)).collect()
    }

    #[test]
    fn what_the_mean_holds_is_not_lost() {
        let (song, other, third) = (noise(1, 0.5), noise(2, 0.5), noise(3, 0.1));
        assert_eq!(lost(std::slice::from_ref(&song)), []);
        assert_eq!(lost(&[song.clone(), song.clone()]), []);
        // Two that have nothing in common are half of the mean each.
        assert_eq!(lost(&[song.clone(), other.clone()]), []);
        // Ordinary stereo: a middle, and sides.
        assert_eq!(lost(&[sum(&song, &other, 0.7), sum(&song, &other, -0.7)]), []);
        assert_eq!(lost(&[sum(&song, &third, 1.0), sum(&song, &other, 0.3)]), []);
        let silence = vec![0.0; song.len()];
        assert_eq!(lost(&[song.clone(), silence.clone()]), []);
        assert_eq!(lost(&[silence.clone(), silence]), []);
    }

    #[test]
    fn what_the_mean_hides_is_told() {
        let (song, other) = (noise(1, 0.5), noise(2, 0.5));
        let upside_down: Vec<f32> = song.iter().map(|sample| -sample).collect();
        assert_eq!(lost(&[song.clone(), upside_down.clone()]), [(0, 3), (1, 3)]);
        // Something else in the middle, 20 dB below.
        assert_eq!(lost(&[sum(&song, &other, 0.1), sum(&upside_down, &other, 0.1)]), [(0, 3), (1, 3)]);
        // Noise 30 dB above in the other channel.
        let quiet: Vec<f32> = song.iter().map(|sample| 0.03 * sample).collect();
        assert_eq!(lost(&[quiet.clone(), other.clone()]), [(0, 3)]);
        // One of eight.
        let mut eight: Vec<Vec<f32>> = (0..8).map(|seed| noise(10 + seed, 0.5)).collect();
        eight[3] = quiet;
        assert!(lost(&eight).contains(&(3, 3)));
        // For a part of the time: a second alone is no passage.
        for (held_s, due) in [(1, &[(0, 2), (1, 2)][..]), (2, &[])] {
            let mut late = song.clone();
            late[held_s * RATE_HZ as usize..].iter_mut().for_each(|sample| *sample = -*sample);
            assert_eq!(lost(&[song.clone(), late]), due);
        }
    }
}
