//! The streaming peak picker.

use fearless_simd::{Level, dispatch};

use crate::params::{PITCH_UNITS_PER_SEMITONE, Params, TICKS_PER_FRAME};
use crate::spectrum::{LogPower, Stft};

use super::highest::Highest;
use super::{Peak, Settled};

/// Units of [`LogPower`] in one unit of [`Peak::strength`].
const POWER_PER_STRENGTH: i32 = 64;

/// Finds the peaks of a stream of frames.
#[derive(Clone)]
pub struct PeakPicker {
    /// How far the neighbourhood of each bin reaches in which it must be the
    /// largest, in bins.
    widths: Vec<usize>,
    /// The neighbourhood its strength is measured against, as a range of bins.
    floors: Vec<(usize, usize)>,
    /// Frequency of bin `i` (of the frames, not of the FFT) in bins of the FFT.
    first_bin: usize,
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
    highest: Highest,
    /// The largest value around each bin in its own frame, of as many frames as
    /// a maximum is compared with.
    tops: Vec<LogPower>,
    /// Bins that are the largest of their neighbourhood in time and frequency;
    /// those of frame `k` at `k % capacity`.
    maxima: Vec<Vec<u16>>,
    /// Whether a bin may be one of them.
    marks: Vec<u8>,
    /// Sum of the frames of the floor neighbourhood, by bin.
    column: Vec<i32>,
    /// Frames that were added, whose maxima were found, whose peaks were decided.
    frames: usize,
    searched: usize,
    decided: usize,
    /// First and one past the last frame now summed in `column`.
    summed: (usize, usize),

    block: Vec<Peak>,
    block_index: usize,
    peaks: Vec<Peak>,
    /// The frame that ticks count from.
    origin: usize,
    level: Level,
}

impl PeakPicker {
    /// A picker for frames of the bins [`Stft::bins`].
    pub fn new(params: &Params) -> Self {
        let (first_bin, last_bin) = Stft::bins(params);
        let bins = last_bin + 1 - first_bin;
        let (peak_frames, floor_frames) =
            (params.peak_reach_frames as usize, params.floor_reach_frames as usize);
        // Of the frames before and after the one that is decided.
        let capacity = floor_frames + peak_frames.max(floor_frames) + 2;
        let width = |bin: usize, permille: u32| bin * permille as usize / 1000;
        let floor = |bin: usize| {
            let width = width(bin, params.floor_reach_permille);
            let (low, high) = (bin.saturating_sub(width), (bin + width).min(last_bin));
            (low.max(first_bin) - first_bin, high + 1 - first_bin)
        };
        let widths: Vec<usize> =
            (first_bin..=last_bin).map(|bin| width(bin, params.peak_reach_permille)).collect();
        PeakPicker {
            highest: Highest::new(&widths),
            widths,
            floors: (first_bin..=last_bin).map(floor).collect(),
            first_bin,
            hz_per_bin: f64::from(params.rate_hz) / f64::from(params.window_samples),
            min_hz: f64::from(params.min_hz),
            max_pitch: params.max_pitch() as i32,
            peak_frames,
            floor_frames,
            block_frames: params.block_frames as usize,
            peaks_per_block: params.dense_peaks_per_block as usize,
            rows: vec![0; capacity * bins],
            capacity,
            bins,
            tops: vec![0; (2 * peak_frames + 1) * bins],
            maxima: vec![Vec::new(); capacity],
            marks: vec![0; bins.next_multiple_of(8)],
            column: vec![0; bins],
            frames: 0,
            searched: 0,
            decided: 0,
            summed: (0, 0),
            block: Vec::new(),
            block_index: 0,
            peaks: Vec::new(),
            origin: 0,
            level: Level::new(),
        }
    }

    /// Adds the next frame.
    pub fn push(&mut self, frame: &[LogPower]) {
        debug_assert_eq!(frame.len(), self.bins);
        let start = self.frames % self.capacity * self.bins;
        self.rows[start..start + self.bins].copy_from_slice(frame);
        let start = self.frames % (2 * self.peak_frames + 1) * self.bins;
        let tops = &mut self.tops[start..start + self.bins];
        dispatch!(self.level, _simd => self.highest.of(frame, tops));
        self.frames += 1;
        self.work(false);
    }

    /// Takes the peaks that nothing to come can change: those of whole blocks.
    pub fn settled(&mut self) -> Settled {
        let (origin, until) = (self.origin, self.block_index * self.block_frames);
        // A peak of the open block may lie half a frame before it.
        self.origin = until.saturating_sub(self.block_frames).max(origin);
        let moved = (self.origin - origin) as u32 * TICKS_PER_FRAME;
        self.block.iter_mut().for_each(|peak| peak.tick -= moved);
        Settled { origin_frame: origin as u64, peaks: std::mem::take(&mut self.peaks), frames: until as u64 }
    }

    /// Ends the stream: the peaks that were not taken yet.
    pub fn finish_settled(self) -> Settled {
        let origin_frame = self.origin as u64;
        let (peaks, frames) = self.finish();
        Settled { origin_frame, peaks, frames: frames as u64 }
    }

    /// Ends the stream: all peaks in order of time, and the number of
    /// frames.
    pub fn finish(mut self) -> (Vec<Peak>, usize) {
        self.work(true);
        self.close_block();
        (self.peaks, self.frames)
    }

    /// Searches and decides the frames whose neighbourhood is there; at the end
    /// of the stream, all.
    fn work(&mut self, ended: bool) {
        let enough =
            |next: usize, reach: usize, frames: usize| next < frames && (ended || next + reach < frames);
        while enough(self.searched, self.peak_frames, self.frames) {
            self.search();
        }
        while self.decided < self.searched && enough(self.decided, self.floor_frames, self.frames) {
            self.decide();
        }
    }

    fn row(&self, frame: usize) -> &[LogPower] {
        let start = frame % self.capacity * self.bins;
        &self.rows[start..start + self.bins]
    }

    fn tops(&self, frame: usize) -> &[LogPower] {
        let start = frame % (2 * self.peak_frames + 1) * self.bins;
        &self.tops[start..start + self.bins]
    }

    /// Finds the maxima of the next frame. Needs the frames of their
    /// neighbourhood, as far as the stream has them.
    fn search(&mut self) {
        let frame = self.searched;
        let before = frame.saturating_sub(self.peak_frames)..frame;
        let after = frame + 1..(frame + 1 + self.peak_frames).min(self.frames);
        let mut marks = std::mem::take(&mut self.marks);
        dispatch!(self.level, _simd => {
            mark_equal(self.row(frame), self.tops(frame), &mut marks);
            before.clone().for_each(|other| unmark_up_to(self.row(frame), self.tops(other), &mut marks));
            after.clone().for_each(|other| unmark_below(self.row(frame), self.tops(other), &mut marks));
        });
        let mut maxima = std::mem::take(&mut self.maxima[frame % self.capacity]);
        maxima.clear();
        let row = self.row(frame);
        for (index, eight) in marks.chunks_exact(8).enumerate() {
            if eight == [0; 8] {
                continue;
            }
            for bin in (8 * index..8 * index + 8).filter(|bin| marks[*bin] != 0) {
                // The earlier of two equal values wins, and an edge is no maximum.
                let low = bin.saturating_sub(self.widths[bin].max(1));
                let inside = bin > 0 && bin + 1 < self.bins;
                if inside && row[bin + 1] < row[bin] && row[low..bin].iter().all(|v| *v < row[bin]) {
                    maxima.push(bin as u16);
                }
            }
        }
        self.maxima[frame % self.capacity] = maxima;
        self.marks = marks;
        self.searched += 1;
    }

    /// Decides which maxima of the next undecided frame are peaks. Needs the
    /// frames of its floor neighbourhood, as far as the stream has them.
    fn decide(&mut self) {
        let frame = self.decided;
        dispatch!(self.level, _simd => self.slide_floor(frame));
        let (from, until) = self.summed;
        let count = (until - from) as i32;
        let maxima = std::mem::take(&mut self.maxima[frame % self.capacity]);
        if frame / self.block_frames != self.block_index {
            self.close_block();
            self.block_index = frame / self.block_frames;
        }
        for &bin in &maxima {
            let bin = usize::from(bin);
            let (low, high) = self.floors[bin];
            let area = count * (high - low) as i32;
            let mean = dispatch!(self.level, _simd => sum(&self.column[low..high])) / area;
            let strength = (i32::from(self.row(frame)[bin]) - mean) / POWER_PER_STRENGTH;
            if let Some(peak) = self.refine(frame, bin, strength.clamp(0, 255) as u8) {
                self.block.push(peak);
            }
        }
        self.maxima[frame % self.capacity] = maxima;
        self.decided += 1;
    }

    /// Moves the window of summed frames so that it is centred on `frame`.
    #[inline(always)]
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
        let tick = ((frame - self.origin) as f64 + along) * f64::from(TICKS_PER_FRAME);
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
        self.bins
    }
}

#[inline(always)]
fn sum(values: &[i32]) -> i32 {
    values.iter().sum()
}

/// Sets the mark of each bin that is the largest around it.
#[inline(always)]
fn mark_equal(row: &[LogPower], tops: &[LogPower], marks: &mut [u8]) {
    for ((mark, value), top) in marks.iter_mut().zip(row).zip(tops) {
        *mark = u8::from(value == top);
    }
}

/// Takes the marks of bins that do not exceed what is around them in an earlier
/// frame.
#[inline(always)]
fn unmark_up_to(row: &[LogPower], tops: &[LogPower], marks: &mut [u8]) {
    for ((mark, value), top) in marks.iter_mut().zip(row).zip(tops) {
        *mark &= u8::from(value > top);
    }
}

/// Takes the marks of bins that are below what is around them in a later frame.
#[inline(always)]
fn unmark_below(row: &[LogPower], tops: &[LogPower], marks: &mut [u8]) {
    for ((mark, value), top) in marks.iter_mut().zip(row).zip(tops) {
        *mark &= u8::from(value >= top);
    }
}

/// Offset of the vertex of the parabola through three equidistant values whose
/// middle one is the largest, in −0.5 ..= 0.5.
fn vertex(before: LogPower, middle: LogPower, after: LogPower) -> f64 {
    let (a, b, c) = (f64::from(before), f64::from(middle), f64::from(after));
    let curvature = a - 2.0 * b + c;
    if curvature >= 0.0 { 0.0 } else { (0.5 * (a - c) / curvature).clamp(-0.5, 0.5) }
}
