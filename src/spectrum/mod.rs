//! Short-time Fourier transform with a logarithmic power.
//!
//! [`Stft`] takes mono samples as they come and hands out the log power of one frame
//! per hop. Frame `k` covers the samples `k * hop .. k * hop + window` under a
//! Hann window; its time is the middle of that range.
//!
//! Two frames share a transform: one is its real, the other its imaginary part,
//! and their spectra are the even and the odd part of its result (Press et al.
//! 2007, Numerical Recipes, section 12.3). That takes half the time of a transform
//! for real input, because only the power of few bins has to be told apart.

mod power;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use fearless_simd::{Level, dispatch};
use rustfft::num_complex::Complex;
use rustfft::{Fft, FftPlanner};

use crate::params::Params;

/// Logarithm of a bin's power in 1/1024 of a doubling (0.003 dB).
///
/// Sixteen-bit integers keep every later comparison and sum exact, whatever
/// the order it is done in.
pub type LogPower = i16;

/// Streaming STFT of one signal.
#[derive(Clone)]
pub struct Stft {
    fft: Arc<dyn Fft<f32>>,
    /// Half the window, which makes up for the parts counting twice.
    window: Vec<f32>,
    hop: usize,
    /// First and one past the last bin handed out.
    bins: (usize, usize),
    pending: Vec<f32>,
    input: Vec<Complex<f32>>,
    spectrum: Vec<Complex<f32>>,
    scratch: Vec<Complex<f32>>,
    /// Of two frames.
    log_power: [Vec<LogPower>; 2],
    level: Level,
}

impl Stft {
    /// Plans the transform. The frames it hands out hold the bins
    /// [`Stft::bins`] only.
    pub fn new(params: &Params) -> Self {
        let n = params.window_samples as usize;
        let fft = FftPlanner::<f32>::new().plan_fft_forward(n);
        let (first_bin, last_bin) = Self::bins(params);
        // Periodic Hann window (Harris 1978, eq. 27b).
        let window = (0..n)
            .map(|i| 0.5 - 0.5 * (std::f64::consts::TAU * i as f64 / n as f64).cos())
            .map(|w| 0.5 * w as f32)
            .collect();
        let frame = vec![0; last_bin + 1 - first_bin];
        Stft {
            window,
            hop: params.hop_samples as usize,
            bins: (first_bin, last_bin + 1),
            pending: Vec::with_capacity(4 * n),
            input: vec![Complex::ZERO; n],
            spectrum: vec![Complex::ZERO; n],
            scratch: vec![Complex::ZERO; fft.get_outofplace_scratch_len()],
            log_power: [frame.clone(), frame],
            level: Level::new(),
            fft,
        }
    }

    /// First and last bin (inclusive) of the frames: one more on either side
    /// than the analysed range, so that a peak on its edge has neighbours.
    pub fn bins(params: &Params) -> (usize, usize) {
        let hz_per_bin = f64::from(params.rate_hz) / f64::from(params.window_samples);
        let first = (f64::from(params.min_hz) / hz_per_bin).floor() as usize;
        let last = (f64::from(params.max_hz) / hz_per_bin).ceil() as usize;
        // Bin 0 is no frequency and has no mirror image.
        (first.saturating_sub(1).max(1), (last + 1).min(params.window_samples as usize / 2))
    }

    /// Adds samples and calls `sink` with the log power of the frames they
    /// complete, one value per bin of [`Stft::bins`]. Frames come in pairs.
    pub fn push(&mut self, samples: &[f32], sink: &mut dyn FnMut(&[LogPower])) {
        self.pending.extend_from_slice(samples);
        let mut start = 0;
        while self.pending.len() - start >= self.window.len() + self.hop {
            self.transform(start);
            self.log_power.iter().for_each(|frame| sink(frame));
            start += 2 * self.hop;
        }
        self.pending.drain(..start);
    }

    /// Ends the stream: calls `sink` with the frame that waits for a second one,
    /// if there is one.
    pub fn finish(mut self, sink: &mut dyn FnMut(&[LogPower])) {
        let n = self.window.len();
        if self.pending.len() >= n {
            self.pending.resize(n + self.hop, 0.0);
            self.transform(0);
            sink(&self.log_power[0]);
        }
    }

    /// The log power of the frame at `start` of the pending samples and of the
    /// next one.
    fn transform(&mut self, start: usize) {
        let n = self.window.len();
        let [first, second] = [start, start + self.hop].map(|at| &self.pending[at..at + n]);
        dispatch!(self.level, _simd => windowed(first, second, &self.window, &mut self.input));
        self.fft.process_outofplace_with_scratch(&mut self.input, &mut self.spectrum, &mut self.scratch);
        let (from, until) = self.bins;
        let bins = &self.spectrum[from..until];
        let mirrored = &self.spectrum[n + 1 - until..n + 1 - from];
        let [first, second] = &mut self.log_power;
        dispatch!(self.level, _simd => power::of_pair(bins, mirrored, first, second));
    }
}

#[inline(always)]
fn windowed(first: &[f32], second: &[f32], window: &[f32], out: &mut [Complex<f32>]) {
    for (((z, a), b), w) in out.iter_mut().zip(first).zip(second).zip(window) {
        *z = Complex::new(a * w, b * w);
    }
}
