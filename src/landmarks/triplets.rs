//! Triplet landmarks: (ratio of the time steps, two pitch steps, register).

use crate::params::{PITCH_UNITS_PER_SEMITONE, Params, TICKS_PER_FRAME};
use crate::peaks::Peak;

use super::{PITCH_CELL, cells};

/// Cells of the time ratio (t2 − t1) / (t3 − t1).
const RATIO_CELLS: u32 = 16;

/// Pitch units in one register: an octave.
const REGISTER: u16 = 12 * PITCH_UNITS_PER_SEMITONE as u16;

/// Largest pitch shift the registers are probed for, in pitch units: half an
/// octave either way, more than a speed change of ±30 % needs (−6.2 ... +4.5
/// semitones).
const REGISTER_PROBE: u16 = REGISTER / 2;

/// Shape of the hash space of triplets.
#[derive(Clone, Copy, Debug)]
pub struct TripletSpace {
    reach_pitch: i32,
    min_ticks: u32,
    max_ticks: u32,
    step_cells: u32,
    registers: u32,
}

/// Three peaks in order of time.
#[derive(Clone, Copy, Debug)]
pub struct Triplet<'a>(pub &'a Peak, pub &'a Peak, pub &'a Peak);

impl Triplet<'_> {
    /// Time from the first to the last peak, in ticks.
    pub fn span(&self) -> u32 {
        self.2.tick - self.0.tick
    }
}

impl TripletSpace {
    /// The space of a parameter set.
    pub fn new(params: &Params) -> Self {
        let reach_pitch = (params.landmark_reach_semitones * PITCH_UNITS_PER_SEMITONE) as i32;
        TripletSpace {
            reach_pitch,
            min_ticks: params.triplet_min_frames * TICKS_PER_FRAME,
            max_ticks: params.triplet_max_frames * TICKS_PER_FRAME,
            step_cells: (f64::from(2 * reach_pitch) / PITCH_CELL) as u32 + 1,
            registers: u32::from(params.max_pitch() as u16 / REGISTER) + 1,
        }
    }

    /// Number of different hashes.
    pub fn size(&self) -> u32 {
        self.registers * RATIO_CELLS * self.step_cells * self.step_cells
    }

    /// Calls `sink` for every triplet whose span lies in the range of the
    /// parameters stretched by `widen` (≥ 1, for queries played at another
    /// speed), whose steps last at least one frame and stay within the pitch
    /// reach. `peaks` are in order of time.
    pub fn for_each(&self, peaks: &[Peak], widen: f64, mut sink: impl FnMut(Triplet<'_>)) {
        let min = (f64::from(self.min_ticks) / widen) as u32;
        let max = (f64::from(self.max_ticks) * widen) as u32;
        let near = |a: &Peak, b: &Peak| {
            b.tick >= a.tick + TICKS_PER_FRAME
                && (i32::from(b.pitch) - i32::from(a.pitch)).abs() <= self.reach_pitch
        };
        for (i, a) in peaks.iter().enumerate() {
            let end = i + peaks[i..].partition_point(|p| p.tick <= a.tick + max);
            for j in i + 1..end {
                let b = &peaks[j];
                if !near(a, b) {
                    continue;
                }
                for c in &peaks[j + 1..end] {
                    if near(b, c) && c.tick - a.tick >= min {
                        sink(Triplet(a, b, c));
                    }
                }
            }
        }
    }

    /// The hash of a triplet.
    pub fn hash(&self, t: Triplet<'_>) -> u32 {
        let [ratio, s1, s2] = self.values(t);
        let ratio = ((ratio * f64::from(RATIO_CELLS)) as u32).min(RATIO_CELLS - 1);
        let register = u32::from(t.0.pitch / REGISTER);
        self.join(register, ratio, (s1 / PITCH_CELL) as u32, (s2 / PITCH_CELL) as u32)
    }

    /// Calls `sink` with the hashes a small error of the peaks and a pitch
    /// shift of up to half an octave could lead to; 2 to 24 of them.
    pub fn probe(&self, t: Triplet<'_>, mut sink: impl FnMut(u32)) {
        let [ratio, s1, s2] = self.values(t);
        let low = t.0.pitch.saturating_sub(REGISTER_PROBE) / REGISTER;
        let high = (t.0.pitch + REGISTER_PROBE) / REGISTER;
        let width = 1.0 / f64::from(RATIO_CELLS);
        for register in (u32::from(low)..=u32::from(high)).filter(|r| *r < self.registers) {
            for r in cells(ratio, width, RATIO_CELLS).into_iter().flatten() {
                for a in cells(s1, PITCH_CELL, self.step_cells).into_iter().flatten() {
                    for b in cells(s2, PITCH_CELL, self.step_cells).into_iter().flatten() {
                        sink(self.join(register, r, a, b));
                    }
                }
            }
        }
    }

    fn values(&self, Triplet(a, b, c): Triplet<'_>) -> [f64; 3] {
        let step = |x: &Peak, y: &Peak| f64::from(i32::from(y.pitch) - i32::from(x.pitch) + self.reach_pitch);
        let ratio = f64::from(b.tick - a.tick) / f64::from(c.tick - a.tick);
        [ratio, step(a, b), step(b, c)]
    }

    fn join(&self, register: u32, ratio: u32, s1: u32, s2: u32) -> u32 {
        ((register * RATIO_CELLS + ratio) * self.step_cells + s1) * self.step_cells + s2
    }
}
