//! Peak picking: from log-power frames to a constellation.
//!
//! A peak is a bin that is the largest of its neighbourhood in time and
//! frequency. Its position is refined below the grid by a parabola through it
//! and its neighbours (Smith & Serra 1987, PARSHL, section on peak
//! interpolation), its strength is its height over the mean of a wider
//! neighbourhood. Per block of time the strongest are kept.

mod highest;
mod picker;
#[cfg(test)]
mod tests;
mod thin;

use serde::{Deserialize, Serialize};

pub use picker::PeakPicker;
pub use thin::{sparse, strongest_per_block};

/// Peaks of a stream that nothing to come can change, since the last time that
/// they were taken.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settled {
    /// The frame that the peaks' ticks count from, so that they never overflow.
    pub origin_frame: u64,
    /// In order of time, then pitch.
    pub peaks: Vec<Peak>,
    /// Frames from the start of the stream whose peaks have been given by now.
    pub frames: u64,
}

/// A point of a constellation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Peak {
    /// Time in quarters of a frame; frame `k` stands at tick `4 k`.
    pub tick: u32,
    /// Frequency in sixteenths of a semitone above [`crate::params::Params::min_hz`].
    pub pitch: u16,
    /// Height over the surroundings in 1/16 of a doubling of power (0.19 dB).
    pub strength: u8,
}
