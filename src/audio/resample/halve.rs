//! Half the sample rate.

use fearless_simd::{Level, dispatch};

use super::kernel::low_pass;

/// Distinct coefficients beside the middle one. Five leave less than -60 dB of
/// what folds below 0.28 of the halved rate.
const SIDE: usize = 5;

/// A half-band filter that computes every other sample only. Every second of
/// its coefficients is zero and the rest symmetric, so that an output sample
/// costs five multiplications.
pub(super) struct Halver {
    side: [f32; SIDE],
    /// Input at even and odd places that is still needed; the odd ones begin
    /// `SIDE` places earlier.
    even: Vec<f32>,
    odd: Vec<f32>,
    /// A sample at an even place that waits for its neighbour.
    single: Option<f32>,
    out: Vec<f32>,
    level: Level,
}

impl Halver {
    pub(super) fn new() -> Self {
        let ideal: [f64; SIDE] =
            std::array::from_fn(|j| low_pass((2 * j + 1) as f64, 2.0 * SIDE as f64, 0.25));
        // Both sides together are as large as the middle: no gain at 0 Hz, and
        // nothing of the frequency that would fold onto it.
        let scale = 0.25 / ideal.iter().sum::<f64>();
        Halver {
            side: ideal.map(|h| (h * scale) as f32),
            even: Vec::new(),
            odd: vec![0.0; SIDE],
            single: None,
            out: Vec::new(),
            level: Level::new(),
        }
    }

    /// Adds samples; what they complete. Output `n` stands where input `2 n`
    /// stands.
    pub(super) fn push(&mut self, input: &[f32]) -> &[f32] {
        dispatch!(self.level, _simd => self.advance(input));
        &self.out
    }

    // Plain loops, compiled once per set of instructions.
    #[inline(always)]
    fn advance(&mut self, mut input: &[f32]) {
        if let (Some(first), [second, rest @ ..]) = (self.single, input) {
            self.even.push(first);
            self.odd.push(*second);
            self.single = None;
            input = rest;
        }
        let pairs = input.chunks_exact(2);
        if let [last] = pairs.remainder() {
            self.single = Some(*last);
        }
        let (evens, odds) = (self.even.len(), self.odd.len());
        self.even.resize(evens + pairs.len(), 0.0);
        self.odd.resize(odds + pairs.len(), 0.0);
        for ((pair, even), odd) in pairs.zip(&mut self.even[evens..]).zip(&mut self.odd[odds..]) {
            (*even, *odd) = (pair[0], pair[1]);
        }

        let ready = (self.odd.len() + 1).saturating_sub(2 * SIDE);
        self.out.resize(ready, 0.0);
        let around = self.odd.windows(2 * SIDE);
        for ((out, middle), around) in self.out.iter_mut().zip(&self.even).zip(around) {
            let mut sum = 0.5 * middle;
            for (j, side) in self.side.iter().enumerate() {
                sum += side * (around[SIDE - 1 - j] + around[SIDE + j]);
            }
            *out = sum;
        }
        self.even.drain(..ready);
        self.odd.drain(..ready);
    }
}
