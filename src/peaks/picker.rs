//! The streaming peak picker.

use crate::params::{PITCH_UNITS_PER_SEMITONE, Params, TICKS_PER_FRAME};
use crate::spectrum::{LogPower, Stft};

use super::Peak;

/// Units of [`LogPower`] in one unit of [`Peak::strength`].
const POWER_PER_STRENGTH: i32 = 64;

/// Neighbourhoods of one bin, as ranges of bins (end exclusive).
struct Reach {
    peak: (usize, usize),
    floor: (usize, usize),
}

/// Finds the peaks of a stream of frames.
pub struct PeakPicker {
    reach: Vec<Reach>,
    /// Frequency of bin `i` (of the frames, not of the FFT) in bins of the FFT.
    first_bin: usize,
    last_bin: usize,
    hz_per_bin: f64,
    min_hz: f64,
    max_pitch: i32,
    peak_frames: usize,
    floor_frames: usize,
    block_frames: usize,
    peaks_per_block: usize,

    /// The last `capacity` frames; frame `k` in row `k % capacity`.
    rows: Vec<LogPower>,
    capacity: usize,
    bins: usize,
    /// Local maxima within their own frame, in the same rows.
    candidates: Vec<Vec<u16>>,
    /// Sum of the frames of the floor neighbourhood, by bin.
    column: Vec<i32>,
    prefix: Vec<i32>,
    frames: usize,
    decided: usize,
    /// First and one past the last frame now summed in `column`.
    summed: (usize, usize),

    block: Vec<Peak>,
    block_index: usize,
    peaks: Vec<Peak>,
}

impl PeakPicker {
    /// A picker for frames of the bins [`Stft::bins`].
    pub fn new(params: &Params) -> Self {
        let (first_bin, last_bin) = Stft::bins(params);
        let bins = last_bin - first_bin + 1;
        let floor_frames = params.floor_reach_frames as usize;
        let capacity = 2 * floor_frames + 2;
        let hz_per_bin = f64::from(params.rate_hz) / f64::from(params.window_samples);
        let around = |bin: usize, permille: u32| {
            let width = bin as f64 * f64::from(permille) / 1000.0;
            let low = (bin as f64 - width).ceil().max(first_bin as f64) as usize;
            let high = (bin as f64 + width).floor().min(last_bin as f64) as usize;
            (low.min(bin) - first_bin, high.max(bin) + 1 - first_bin)
        };
        let reach = (first_bin..=last_bin)
            .map(|bin| Reach {
                peak: around(bin, params.peak_reach_permille),
                floor: around(bin, params.floor_reach_permille),
            })
            .collect();
        PeakPicker {
            reach,
            first_bin,
            last_bin,
            hz_per_bin,
            min_hz: f64::from(params.min_hz),
            max_pitch: params.max_pitch() as i32,
            peak_frames: params.peak_reach_frames as usize,
            floor_frames,
            block_frames: params.block_frames as usize,
            peaks_per_block: params.dense_peaks_per_block as usize,
            rows: vec![0; capacity * bins],
            capacity,
            bins,
            candidates: vec![Vec::new(); capacity],
            column: vec![0; bins],
            prefix: vec![0; bins + 1],
            frames: 0,
            decided: 0,
            summed: (0, 0),
            block: Vec::new(),
            block_index: 0,
            peaks: Vec::new(),
        }
    }

    /// Adds the next frame.
    pub fn push(&mut self, frame: &[LogPower]) {
        debug_assert_eq!(frame.len(), self.bins);
        let row = self.frames % self.capacity;
        let start = row * self.bins;
        self.rows[start..start + self.bins].copy_from_slice(frame);
        let candidates = &mut self.candidates[row];
        candidates.clear();
        for bin in 1..self.bins - 1 {
            let value = frame[bin];
            if value > frame[bin - 1] && value > frame[bin + 1] {
                let (low, high) = self.reach[bin].peak;
                // The earlier of two equal values wins.
                if largest(&frame[low..bin]) < value && largest(&frame[bin + 1..high]) <= value {
                    candidates.push(bin as u16);
                }
            }
        }
        self.frames += 1;
        if self.frames > self.floor_frames {
            self.decide();
        }
    }

    /// Ends the stream: all peaks in order of time and pitch, and the number of
    /// frames.
    pub fn finish(mut self) -> (Vec<Peak>, usize) {
        while self.decided < self.frames {
            self.decide();
        }
        self.close_block();
        (self.peaks, self.frames)
    }

    fn row(&self, frame: usize) -> &[LogPower] {
        let start = frame % self.capacity * self.bins;
        &self.rows[start..start + self.bins]
    }

    /// Decides which candidates of the next undecided frame are peaks. Needs
    /// the frames of its floor neighbourhood, as far as the stream has them.
    fn decide(&mut self) {
        let frame = self.decided;
        self.slide_floor(frame);
        let (from, until) = self.summed;
        let count = (until - from) as i32;
        let candidates = std::mem::take(&mut self.candidates[frame % self.capacity]);
        if !candidates.is_empty() {
            let mut sum = 0;
            for (total, column) in self.prefix[1..].iter_mut().zip(&self.column) {
                sum += column;
                *total = sum;
            }
        }
        if frame / self.block_frames != self.block_index {
            self.close_block();
            self.block_index = frame / self.block_frames;
        }
        for &bin in &candidates {
            let bin = usize::from(bin);
            let Reach { peak, floor } = self.reach[bin];
            let value = self.row(frame)[bin];
            let before = frame.saturating_sub(self.peak_frames)..frame;
            let after = frame + 1..(frame + 1 + self.peak_frames).min(self.frames);
            let is_peak = before.clone().all(|f| largest(&self.row(f)[peak.0..peak.1]) < value)
                && after.clone().all(|f| largest(&self.row(f)[peak.0..peak.1]) <= value);
            if !is_peak {
                continue;
            }
            let area = count * (floor.1 - floor.0) as i32;
            let mean = (self.prefix[floor.1] - self.prefix[floor.0]) / area;
            let strength = (i32::from(value) - mean) / POWER_PER_STRENGTH;
            if let Some(peak) = self.refine(frame, bin, strength.clamp(0, 255) as u8) {
                self.block.push(peak);
            }
        }
        self.candidates[frame % self.capacity] = candidates;
        self.decided += 1;
    }

    /// Moves the window of summed frames so that it is centred on `frame`.
    fn slide_floor(&mut self, frame: usize) {
        let from = frame.saturating_sub(self.floor_frames);
        let until = (frame + self.floor_frames + 1).min(self.frames);
        while self.summed.1 < until {
            let start = self.summed.1 % self.capacity * self.bins;
            for (sum, value) in self.column.iter_mut().zip(&self.rows[start..start + self.bins]) {
                *sum += i32::from(*value);
            }
            self.summed.1 += 1;
        }
        while self.summed.0 < from {
            let start = self.summed.0 % self.capacity * self.bins;
            for (sum, value) in self.column.iter_mut().zip(&self.rows[start..start + self.bins]) {
                *sum -= i32::from(*value);
            }
            self.summed.0 += 1;
        }
    }

    /// Position below the grid; none where the refined frequency leaves the
    /// analysed range.
    fn refine(&self, frame: usize, bin: usize, strength: u8) -> Option<Peak> {
        let row = self.row(frame);
        let across = vertex(row[bin - 1], row[bin], row[bin + 1]);
        let along = if frame > 0 && frame + 1 < self.frames {
            vertex(self.row(frame - 1)[bin], row[bin], self.row(frame + 1)[bin])
        } else {
            0.0
        };
        let hz = ((self.first_bin + bin) as f64 + across) * self.hz_per_bin;
        let semitones = 12.0 * (hz / self.min_hz).log2();
        let pitch = (semitones * f64::from(PITCH_UNITS_PER_SEMITONE)).round() as i32;
        let tick = (frame as f64 + along) * f64::from(TICKS_PER_FRAME);
        (0..=self.max_pitch).contains(&pitch).then_some(Peak {
            tick: tick.round().max(0.0) as u32,
            pitch: pitch as u16,
            strength,
        })
    }

    /// Keeps the strongest peaks of the block.
    fn close_block(&mut self) {
        // Equal strengths are ordered by position, so that the choice is fixed.
        self.block.sort_unstable_by_key(|p| (u8::MAX - p.strength, p.tick, p.pitch));
        self.block.truncate(self.peaks_per_block);
        self.block.sort_unstable();
        self.peaks.append(&mut self.block);
    }

    /// Number of bins of the frames it takes.
    pub fn bins(&self) -> usize {
        self.last_bin - self.first_bin + 1
    }
}

fn largest(values: &[LogPower]) -> LogPower {
    values.iter().fold(LogPower::MIN, |m, v| m.max(*v))
}

/// Offset of the vertex of the parabola through three equidistant values whose
/// middle one is the largest, in −0.5 ..= 0.5.
fn vertex(before: LogPower, middle: LogPower, after: LogPower) -> f64 {
    let (a, b, c) = (f64::from(before), f64::from(middle), f64::from(after));
    let curvature = a - 2.0 * b + c;
    if curvature >= 0.0 { 0.0 } else { (0.5 * (a - c) / curvature).clamp(-0.5, 0.5) }
}
