//! A query's constellation, prepared for counting.

use std::ops::Range;

use crate::fingerprint::Fingerprint;
use crate::params::{Params, TICKS_PER_FRAME};
use crate::peaks::Peak;

/// Length of the stretches whose pitch distribution is taken separately, in
/// ticks: 2048 ticks are 10.9 s with the default parameters. Long enough for a few
/// hundred peaks, short enough to follow the music.
const CHUNK_TICKS: u32 = 2048;

/// A dense constellation with the tables that look-ups and chance levels need.
pub struct Query {
    peaks: Vec<Peak>,
    /// Index of the first peak at or after every frame.
    frame_start: Vec<u32>,
    /// Per chunk, number of peaks below every pitch.
    below_pitch: Vec<Vec<u32>>,
    max_pitch: u32,
    end_tick: u32,
}

impl Query {
    /// Prepares a fingerprint.
    pub fn new(fingerprint: &Fingerprint, params: &Params) -> Self {
        let peaks = fingerprint.peaks.clone();
        Self::from_peaks(peaks, fingerprint.frames, params)
    }

    fn from_peaks(peaks: Vec<Peak>, frames: u32, params: &Params) -> Self {
        let last_frame = peaks.last().map_or(0, |p| p.tick / TICKS_PER_FRAME);
        let frames = frames.max(last_frame + 1);
        let mut frame_start = Vec::with_capacity(frames as usize + 2);
        for (i, peak) in peaks.iter().enumerate() {
            while frame_start.len() <= (peak.tick / TICKS_PER_FRAME) as usize {
                frame_start.push(i as u32);
            }
        }
        frame_start.resize(frames as usize + 2, peaks.len() as u32);

        let max_pitch = params.max_pitch();
        let end_tick = frames * TICKS_PER_FRAME;
        let chunks = end_tick.div_ceil(CHUNK_TICKS).max(1) as usize;
        let mut below_pitch = vec![vec![0; max_pitch as usize + 2]; chunks];
        for peak in &peaks {
            let chunk = ((peak.tick / CHUNK_TICKS) as usize).min(chunks - 1);
            below_pitch[chunk][usize::from(peak.pitch) + 1] += 1;
        }
        for chunk in &mut below_pitch {
            let mut sum = 0;
            for count in chunk {
                sum += *count;
                *count = sum;
            }
        }
        Query { peaks, frame_start, below_pitch, max_pitch, end_tick }
    }

    /// The same query without some of its peaks (by index, sorted).
    pub fn without(&self, explained: &[u32], params: &Params) -> Self {
        let mut explained = explained.iter().copied().peekable();
        let rest = self
            .peaks
            .iter()
            .enumerate()
            .filter(|(i, _)| explained.next_if_eq(&(*i as u32)).is_none())
            .map(|(_, p)| *p)
            .collect();
        Self::from_peaks(rest, self.end_tick / TICKS_PER_FRAME, params)
    }

    /// All peaks in order of time.
    pub fn peaks(&self) -> &[Peak] {
        &self.peaks
    }

    /// One past the last tick.
    pub fn end_tick(&self) -> u32 {
        self.end_tick
    }

    /// Indices of the peaks of the frames that overlap `ticks`.
    pub fn range(&self, from: f64, until: f64) -> Range<usize> {
        let last = self.frame_start.len() as f64 - 1.0;
        let frame = |tick: f64| (tick / f64::from(TICKS_PER_FRAME)).floor().clamp(0.0, last);
        let start = self.frame_start[frame(from) as usize];
        let end = self.frame_start[(frame(until) + 1.0).min(last) as usize];
        start as usize..end.max(start) as usize
    }

    /// Expected number of peaks within ±`ticks` and ±`pitch` of a place if time
    /// and pitch were independent: the product of both marginals. Tonal music
    /// and a steady beat raise it just where they make coincidences likely.
    pub fn chance_rate(&self, tick: f64, pitch: f64, ticks: f64, pitches: f64) -> f64 {
        let chunk = ((tick.max(0.0) as u32 / CHUNK_TICKS) as usize).min(self.below_pitch.len() - 1);
        let below = &self.below_pitch[chunk];
        let total = f64::from(below[self.max_pitch as usize + 1]);
        let at = |p: f64| (p.round().clamp(0.0, f64::from(self.max_pitch) + 1.0)) as usize;
        let band = |reach: f64| f64::from(below[at(pitch + reach + 1.0)] - below[at(pitch - reach)]);
        // Shrunk towards the wider surroundings, as the narrow band holds few.
        let wide = WIDE * pitches;
        let share = 0.75 * band(pitches) + 0.25 * band(wide) * (2.0 * pitches + 1.0) / (2.0 * wide + 1.0);
        let reach_frames = f64::from(NEAR_FRAMES * TICKS_PER_FRAME);
        let near = self.range(tick - reach_frames, tick + reach_frames).len() as f64;
        let per_tick = near / f64::from((2 * NEAR_FRAMES + 1) * TICKS_PER_FRAME);
        (share + 0.05) / total.max(1.0) * (per_tick + 0.01) * (2.0 * ticks + 1.0)
    }
}

/// Width of the surroundings the pitch distribution is shrunk towards, in
/// multiples of the tolerance.
const WIDE: f64 = 5.0;

/// Frames around a place that tell how dense the peaks are there.
const NEAR_FRAMES: u32 = 2;
