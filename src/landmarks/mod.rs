//! Landmarks: small groups of peaks that are turned into hashes.
//!
//! A landmark is a triplet of peaks. Its [`hash`](TripletSpace::hash) holds
//! ratios only and survives any mixture of speed, tempo and pitch change (Six &
//! Leman 2014, section 3; Sonnleitner & Widmer 2014). Its [`key`](Landmark::key)
//! appends the pitch, so that in an index sorted by key all triplets of one hash
//! lie together and those of one pitch within them, too: a query that expects
//! no change reads a sliver of the list, one that expects any reads more of it.
//!
//! A registered recording makes them from its few strongest peaks, a query from
//! all of a denser set, and probes neighbouring cells where a value lies near the
//! edge of its own.

#[cfg(test)]
mod tests;

use std::ops::Range;

use crate::params::{PITCH_UNITS_PER_SEMITONE, Params, TICKS_PER_FRAME};
use crate::peaks::Peak;

/// Cells of the time ratio (t2 − t1) / (t3 − t1).
const RATIO_CELLS: u32 = 24;

/// Pitch units in one cell of a pitch step: a fifth of a semitone.
const STEP_CELL: f64 = 3.2;

/// Pitch units in one cell of the pitch of the first peak: 3/16 semitone.
const PITCH_CELL: u16 = 3;

/// Share of a cell, from its edge, in which the neighbour is probed too.
const PROBE_MARGIN: f64 = 0.45;

/// Steps of a stored span per octave: 3 %, which a tick of error makes of the
/// shortest span.
const SPAN_STEPS_PER_OCTAVE: f64 = 24.0;

/// Bits of a stored span.
pub const SPAN_BITS: u32 = 6;

/// Three peaks in order of time.
#[derive(Clone, Copy, Debug)]
pub struct Triplet<'a>(pub &'a Peak, pub &'a Peak, pub &'a Peak);

impl Triplet<'_> {
    /// Time from the first to the last peak, in ticks.
    pub fn span(&self) -> u32 {
        self.2.tick - self.0.tick
    }
}

/// What is stored of a triplet besides its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Landmark {
    /// Hash and pitch of the first peak: [`TripletSpace::keys`].
    pub key: u32,
    /// The span, [`SPAN_BITS`] bits: see [`TripletSpace::log2_span`].
    pub span: u8,
}

/// Shape of the hash space of triplets.
#[derive(Clone, Copy, Debug)]
pub struct TripletSpace {
    reach_pitch: i32,
    min_ticks: u32,
    log2_min_ticks: f64,
    max_ticks: u32,
    step_cells: u32,
    pitch_cells: u32,
}

impl TripletSpace {
    /// The space of a parameter set.
    pub fn new(params: &Params) -> Self {
        let reach_pitch = (params.landmark_reach_semitones * PITCH_UNITS_PER_SEMITONE) as i32;
        let min_ticks = params.triplet_min_frames * TICKS_PER_FRAME;
        TripletSpace {
            reach_pitch,
            min_ticks,
            log2_min_ticks: f64::from(min_ticks).log2(),
            max_ticks: params.triplet_max_frames * TICKS_PER_FRAME,
            step_cells: (f64::from(2 * reach_pitch) / STEP_CELL) as u32 + 1,
            pitch_cells: params.max_pitch() / u32::from(PITCH_CELL) + 1,
        }
    }

    /// Number of different keys; a key is below it.
    pub fn size(&self) -> u32 {
        RATIO_CELLS * self.step_cells * self.step_cells * self.pitch_cells
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

    /// What is stored of a triplet.
    pub fn landmark(&self, t: Triplet<'_>) -> Landmark {
        let key = self.keys(self.hash(t), t.0.pitch, t.0.pitch).start;
        let steps = (f64::from(t.span()) / f64::from(self.min_ticks)).log2() * SPAN_STEPS_PER_OCTAVE;
        // Spans below the shortest are none of a stored triplet.
        let span = steps.round().clamp(0.0, f64::from((1 << SPAN_BITS) - 1));
        Landmark { key, span: span as u8 }
    }

    /// log2 of a stored span, in ticks.
    pub fn log2_span(&self, span: u8) -> f64 {
        self.log2_min_ticks + f64::from(span) / SPAN_STEPS_PER_OCTAVE
    }

    /// The keys of one hash with a first pitch of `low ..= high`, in pitch units.
    pub fn keys(&self, hash: u32, low: u16, high: u16) -> Range<u32> {
        let cell = |pitch: u16| u32::from(pitch / PITCH_CELL).min(self.pitch_cells - 1);
        let first = hash * self.pitch_cells;
        first + cell(low)..first + cell(high) + 1
    }

    /// Pitch of the first peak, in pitch units: the middle of the key's cell.
    pub fn pitch(&self, key: u32) -> f64 {
        f64::from(key % self.pitch_cells * u32::from(PITCH_CELL)) + f64::from(PITCH_CELL - 1) / 2.0
    }

    /// The hash of a triplet: time ratio and both pitch steps.
    pub fn hash(&self, t: Triplet<'_>) -> u32 {
        let [ratio, s1, s2] = self.values(t);
        let ratio = ((ratio * f64::from(RATIO_CELLS)) as u32).min(RATIO_CELLS - 1);
        self.join(ratio, (s1 / STEP_CELL) as u32, (s2 / STEP_CELL) as u32)
    }

    /// Calls `sink` with the hash and those of the neighbouring cells a small
    /// error of the peaks could lead to; 1 to 8 of them.
    pub fn probe(&self, t: Triplet<'_>, mut sink: impl FnMut(u32)) {
        let [ratio, s1, s2] = self.values(t);
        for r in cells(ratio, 1.0 / f64::from(RATIO_CELLS), RATIO_CELLS).into_iter().flatten() {
            for a in cells(s1, STEP_CELL, self.step_cells).into_iter().flatten() {
                for b in cells(s2, STEP_CELL, self.step_cells).into_iter().flatten() {
                    sink(self.join(r, a, b));
                }
            }
        }
    }

    fn values(&self, Triplet(a, b, c): Triplet<'_>) -> [f64; 3] {
        let step = |x: &Peak, y: &Peak| f64::from(i32::from(y.pitch) - i32::from(x.pitch) + self.reach_pitch);
        let ratio = f64::from(b.tick - a.tick) / f64::from(c.tick - a.tick);
        [ratio, step(a, b), step(b, c)]
    }

    fn join(&self, ratio: u32, s1: u32, s2: u32) -> u32 {
        (ratio * self.step_cells + s1) * self.step_cells + s2
    }
}

/// The cell of `value` and, when it lies near an edge, the neighbour's.
/// Cells are `width` wide and counted from 0; `None` beyond `count`.
fn cells(value: f64, width: f64, count: u32) -> [Option<u32>; 2] {
    let position = value / width;
    let cell = position.floor();
    let inside = position - cell;
    let neighbour = if inside < PROBE_MARGIN {
        cell - 1.0
    } else if inside > 1.0 - PROBE_MARGIN {
        cell + 1.0
    } else {
        f64::NAN
    };
    let valid = |c: f64| (c >= 0.0 && c < f64::from(count)).then_some(c as u32);
    [valid(cell), valid(neighbour)]
}
