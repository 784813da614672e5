//! The parameters that change a hash.
//!
//! Everything in [`Params`] decides which bytes a fingerprint, a landmark or a
//! segment holds. They are stored in every file derived from them, and a
//! reader whose parameters differ refuses the file and names the fields.
//! Options of a single query live in [`crate::matching::MatchOptions`] instead.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Parameters of the front end, the landmarks and the stored peaks.
///
/// The defaults are the only set whose error rates were measured; the others
/// exist for experiments.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Params {
    /// Version of the algorithm behind the fields below; it changes whenever
    /// the same fields would give other hashes.
    pub algorithm: u32,
    /// Sample rate of the analysed signal, in Hz.
    pub rate_hz: u32,
    /// Length of the analysis window and of the FFT, in samples (a power of two).
    pub window_samples: u32,
    /// Distance of two frames, in samples.
    pub hop_samples: u32,
    /// Lowest analysed frequency, in Hz; pitch is counted from here.
    pub min_hz: u32,
    /// Highest analysed frequency, in Hz.
    pub max_hz: u32,
    /// A peak is the largest value within this many frames before and after it.
    pub peak_reach_frames: u32,
    /// A peak is the largest value within this many thousandths of its
    /// frequency below and above it.
    pub peak_reach_permille: u32,
    /// Half width of the neighbourhood a peak's strength is measured against,
    /// in frames.
    pub floor_reach_frames: u32,
    /// Half width of the same neighbourhood in thousandths of the frequency.
    pub floor_reach_permille: u32,
    /// Length of the blocks peaks are ranked in, in frames.
    pub block_frames: u32,
    /// Strongest peaks kept per block of a query's (dense) constellation.
    pub dense_peaks_per_block: u32,
    /// Strongest peaks kept per block of a registered recording's (sparse)
    /// constellation, which verification reads.
    pub sparse_peaks_per_block: u32,
    /// A sparse peak is the strongest within this many frames ...
    pub sparse_reach_frames: u32,
    /// ... and this many sixteenths of a semitone.
    pub sparse_reach_pitch: u32,
    /// Largest distance of neighbouring peaks of a triplet, in
    /// semitones.
    pub landmark_reach_semitones: u32,
    /// Strongest sparse peaks per block that enter triplet landmarks.
    pub triplet_peaks_per_block: u32,
    /// Shortest time between the first and last peak of a triplet, in frames.
    pub triplet_min_frames: u32,
    /// Longest time between the first and last peak of a triplet, in frames.
    pub triplet_max_frames: u32,
    /// Length of the time slots that postings count in, in frames.
    pub slot_frames: u32,
}

impl Default for Params {
    fn default() -> Self {
        Params {
            algorithm: 2,
            rate_hz: 12_000,
            window_samples: 1536,
            hop_samples: 256,
            min_hz: 180,
            max_hz: 5_200,
            peak_reach_frames: 2,
            peak_reach_permille: 60,
            floor_reach_frames: 16,
            floor_reach_permille: 400,
            block_frames: 32,
            dense_peaks_per_block: 100,
            sparse_peaks_per_block: 20,
            sparse_reach_frames: 4,
            sparse_reach_pitch: 19,
            landmark_reach_semitones: 9,
            triplet_peaks_per_block: 6,
            triplet_min_frames: 6,
            triplet_max_frames: 36,
            slot_frames: 4,
        }
    }
}

impl Params {
    /// Identity of the set; two sets are equal exactly if their ids are.
    pub fn id(&self) -> ParamsId {
        let json = self.to_json();
        let hash = blake3::hash(json.as_bytes());
        let mut id = [0; 8];
        id.copy_from_slice(&hash.as_bytes()[..8]);
        ParamsId(u64::from_le_bytes(id))
    }

    /// Canonical JSON: the fields in the order of their declaration, without
    /// white space.
    pub fn to_json(&self) -> String {
        // A struct of integers always serialises.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// The fields in which two sets differ, as `name: ours here, theirs there`.
    pub fn differences(&self, other: &Params) -> Vec<String> {
        let fields = |p: &Params| match serde_json::to_value(p) {
            Ok(serde_json::Value::Object(map)) => map,
            _ => serde_json::Map::new(),
        };
        let theirs = fields(other);
        fields(self)
            .iter()
            .filter(|(name, value)| theirs.get(*name) != Some(value))
            .map(|(name, value)| {
                let found = theirs.get(name).map_or("none".to_string(), ToString::to_string);
                format!("{name}: {value} here, {found} there")
            })
            .collect()
    }

    /// Seconds in one tick, the time unit of a constellation.
    pub fn seconds_per_tick(&self) -> f64 {
        f64::from(self.hop_samples) / f64::from(self.rate_hz) / f64::from(TICKS_PER_FRAME)
    }

    /// Time of tick 0, in seconds: the middle of the first frame.
    pub fn first_tick_s(&self) -> f64 {
        f64::from(self.window_samples) / 2.0 / f64::from(self.rate_hz)
    }

    /// Largest pitch a peak can have.
    pub fn max_pitch(&self) -> u32 {
        let octaves = (f64::from(self.max_hz) / f64::from(self.min_hz)).log2();
        (octaves * 12.0 * f64::from(PITCH_UNITS_PER_SEMITONE)) as u32
    }

    /// Ticks in one block.
    pub fn block_ticks(&self) -> u32 {
        self.block_frames * TICKS_PER_FRAME
    }
}

/// Ticks in one frame: the resolution of a peak's time.
pub const TICKS_PER_FRAME: u32 = 4;
/// Pitch units in one semitone: the resolution of a peak's frequency.
pub const PITCH_UNITS_PER_SEMITONE: u32 = 16;

/// Identity of a parameter set: the first 8 bytes of the BLAKE3 hash of its
/// canonical JSON, shown as 16 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ParamsId(pub u64);

impl fmt::Display for ParamsId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}
