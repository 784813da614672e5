//! Pair landmarks: (pitch of the first, pitch step, time step).

use crate::params::{PITCH_UNITS_PER_SEMITONE, Params, TICKS_PER_FRAME};
use crate::peaks::Peak;

use super::{PITCH_CELL, cells};

/// Ticks in one time cell of a pair: two frames.
const TIME_CELL: f64 = 2.0 * TICKS_PER_FRAME as f64;

/// Shape of the hash space of pairs.
#[derive(Clone, Copy, Debug)]
pub struct PairSpace {
    reach_pitch: i32,
    reach_ticks: u32,
    pitch_cells: u32,
    step_cells: u32,
    time_cells: u32,
}

impl PairSpace {
    /// The space of a parameter set.
    pub fn new(params: &Params) -> Self {
        let reach_pitch = (params.landmark_reach_semitones * PITCH_UNITS_PER_SEMITONE) as i32;
        let reach_ticks = params.pair_reach_frames * TICKS_PER_FRAME;
        PairSpace {
            reach_pitch,
            reach_ticks,
            pitch_cells: (f64::from(params.max_pitch()) / PITCH_CELL) as u32 + 1,
            step_cells: (f64::from(2 * reach_pitch) / PITCH_CELL) as u32 + 1,
            time_cells: (f64::from(reach_ticks) / TIME_CELL) as u32 + 1,
        }
    }

    /// Number of different hashes.
    pub fn size(&self) -> u32 {
        self.pitch_cells * self.step_cells * self.time_cells
    }

    /// Calls `sink(first, second)` for every pair in the target zone: the
    /// second peak is later by at least one frame and at most the reach, and
    /// within the pitch reach. `peaks` are in order of time.
    pub fn for_each(&self, peaks: &[Peak], mut sink: impl FnMut(&Peak, &Peak)) {
        for (i, first) in peaks.iter().enumerate() {
            for second in &peaks[i + 1..] {
                let ticks = second.tick - first.tick;
                if ticks > self.reach_ticks {
                    break;
                }
                let step = i32::from(second.pitch) - i32::from(first.pitch);
                if ticks >= TICKS_PER_FRAME && step.abs() <= self.reach_pitch {
                    sink(first, second);
                }
            }
        }
    }

    /// The hash of a pair of the target zone.
    pub fn hash(&self, first: &Peak, second: &Peak) -> u32 {
        let [pitch, step, time] = self.values(first, second);
        self.join((pitch / PITCH_CELL) as u32, (step / PITCH_CELL) as u32, (time / TIME_CELL) as u32)
    }

    /// Calls `sink` with the hash and those of the neighbouring cells a small
    /// error of the peaks could lead to; 1 to 8 of them.
    pub fn probe(&self, first: &Peak, second: &Peak, mut sink: impl FnMut(u32)) {
        let [pitch, step, time] = self.values(first, second);
        for p in cells(pitch, PITCH_CELL, self.pitch_cells).into_iter().flatten() {
            for s in cells(step, PITCH_CELL, self.step_cells).into_iter().flatten() {
                for t in cells(time, TIME_CELL, self.time_cells).into_iter().flatten() {
                    sink(self.join(p, s, t));
                }
            }
        }
    }

    fn values(&self, first: &Peak, second: &Peak) -> [f64; 3] {
        let step = i32::from(second.pitch) - i32::from(first.pitch) + self.reach_pitch;
        [f64::from(first.pitch), f64::from(step), f64::from(second.tick - first.tick)]
    }

    fn join(&self, pitch: u32, step: u32, time: u32) -> u32 {
        (pitch * self.step_cells + step) * self.time_cells + time
    }
}
