//! Short-time Fourier transform with a logarithmic power.
//!
//! [`Stft`] takes mono samples as they come and hands out the log power of one frame
//! per hop. Frame `k` covers the samples `k * hop .. k * hop + window` under a
//! Hann window; its time is the middle of that range.

mod log2;

use std::sync::Arc;

use realfft::num_complex::Complex;
use realfft::{RealFftPlanner, RealToComplex};

use crate::params::Params;

/// Logarithm of a bin's power in 1/1024 of a doubling (0.003 dB).
///
/// Sixteen-bit integers keep every later comparison and sum exact, whatever
/// the order it is done in.
pub type LogPower = i16;

/// Streaming STFT of one signal.
pub struct Stft {
    fft: Arc<dyn RealToComplex<f32>>,
    window: Vec<f32>,
    hop: usize,
    first_bin: usize,
    pending: Vec<f32>,
    input: Vec<f32>,
    spectrum: Vec<Complex<f32>>,
    scratch: Vec<Complex<f32>>,
    log_power: Vec<LogPower>,
}

impl Stft {
    /// Plans the transform. The frames it hands out hold the bins
    /// [`Stft::bins`] only.
    pub fn new(params: &Params) -> Self {
        let n = params.window_samples as usize;
        let fft = RealFftPlanner::<f32>::new().plan_fft_forward(n);
        let (first_bin, last_bin) = Self::bins(params);
        // Periodic Hann window (Harris 1978, eq. 27b).
        let window = (0..n)
            .map(|i| 0.5 - 0.5 * (std::f64::consts::TAU * i as f64 / n as f64).cos())
            .map(|w| w as f32)
            .collect();
        Stft {
            window,
            hop: params.hop_samples as usize,
            first_bin,
            pending: Vec::with_capacity(4 * n),
            input: fft.make_input_vec(),
            spectrum: fft.make_output_vec(),
            scratch: fft.make_scratch_vec(),
            log_power: vec![0; last_bin - first_bin + 1],
            fft,
        }
    }

    /// First and last bin (inclusive) of the frames: one more on either side
    /// than the analysed range, so that a peak on its edge has neighbours.
    pub fn bins(params: &Params) -> (usize, usize) {
        let hz_per_bin = f64::from(params.rate_hz) / f64::from(params.window_samples);
        let first = (f64::from(params.min_hz) / hz_per_bin).floor() as usize;
        let last = (f64::from(params.max_hz) / hz_per_bin).ceil() as usize;
        (first.saturating_sub(1), (last + 1).min(params.window_samples as usize / 2))
    }

    /// Adds samples and calls `sink` with the log power of every frame they
    /// complete, one value per bin of [`Stft::bins`].
    pub fn push(&mut self, samples: &[f32], sink: &mut dyn FnMut(&[LogPower])) {
        self.pending.extend_from_slice(samples);
        let n = self.window.len();
        let mut start = 0;
        while self.pending.len() - start >= n {
            let frame = &self.pending[start..start + n];
            for ((x, s), w) in self.input.iter_mut().zip(frame).zip(&self.window) {
                *x = s * w;
            }
            // The only errors are wrong buffer lengths, which `new` made.
            if self.fft.process_with_scratch(&mut self.input, &mut self.spectrum, &mut self.scratch).is_ok() {
                let bins = &self.spectrum[self.first_bin..];
                log2::log_power(bins, &mut self.log_power);
                sink(&self.log_power);
            }
            start += self.hop;
        }
        self.pending.drain(..start);
    }
}
