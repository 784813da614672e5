//! Any ratio of sample rates, by one filter per position between two samples.

use fearless_simd::prelude::*;
use fearless_simd::{Level, dispatch, f32x16};

use super::kernel::low_pass;

/// Half the length of the filter where the rate is lowered, in output samples:
/// the least for a transition from 13/30 to 17/30 of that rate.
const HALF_LENGTH: f64 = 13.0;

/// Where the amplitude is half, in cycles per output sample. With it the pass band
/// loses 0.4 dB at its edge, and the stop band begins 60 dB down.
const CUTOFF: f64 = 0.485;

/// The same where the rate is raised, in input samples. All that the input has is
/// kept as far as its images can be told from it: of 11 025 Hz up to 5 kHz.
const HALF_LENGTH_UP: f64 = 24.0;
const CUTOFF_UP: f64 = 0.492;

/// Output samples computed together. The input samples they need overlap
/// almost wholly, and each is multiplied by a row of as many coefficients.
const LANES: usize = 16;

/// Rows that are summed apart, so that no addition waits for the one before.
const CHAINS: usize = 4;

/// Most positions of a group between two samples that have a table of their
/// own. The usual ratios have few; others take the nearest of this many, which
/// is off by 20 ns at 24 kHz at most.
const MAX_POSITIONS: u64 = 1024;

/// A resampler at the start of its stream.
pub(super) struct Polyphase {
    /// Input samples per output sample, as a fraction in lowest terms.
    ratio: (u64, u64),
    positions: u64,
    /// Rows of one position, one for each input sample.
    rows: usize,
    /// Position after position.
    table: Vec<[f32; LANES]>,
    /// Input samples that are still needed.
    input: Vec<f32>,
    /// Samples that stood before them.
    passed: u64,
    /// Number of the next output sample.
    next: u64,
    out: Vec<f32>,
    level: Level,
}

impl Polyphase {
    /// `ratio` is the input rate over the output rate, in lowest terms.
    pub(super) fn new(ratio: (u64, u64)) -> Self {
        let per_output = ratio.0 as f64 / ratio.1 as f64;
        // In samples of the input from here on.
        let (half_length, cutoff) = if per_output > 1.0 {
            (HALF_LENGTH * per_output, CUTOFF / per_output)
        } else {
            (HALF_LENGTH_UP, CUTOFF_UP)
        };
        let before = half_length.ceil() as usize;
        let span = ((LANES - 1) as f64 * per_output).ceil() as usize;
        let rows = (2 * before + span + 1).next_multiple_of(CHAINS);
        let positions = (ratio.1 / gcd(ratio.1, LANES as u64)).min(MAX_POSITIONS);
        let mut table = Vec::with_capacity(positions as usize * rows);
        for position in 0..positions {
            let start = before as f64 + position as f64 / positions as f64;
            for row in 0..rows {
                table.push(std::array::from_fn(|lane| {
                    let t = row as f64 - start - lane as f64 * per_output;
                    low_pass(t, half_length, cutoff) as f32
                }));
            }
        }
        Polyphase {
            ratio,
            positions,
            rows,
            table,
            input: vec![0.0; before],
            passed: 0,
            next: 0,
            out: Vec::new(),
            level: Level::new(),
        }
    }

    /// Adds samples; what they complete. Output `n` stands at `n` times the
    /// ratio in the input.
    pub(super) fn push(&mut self, input: &[f32]) -> &[f32] {
        dispatch!(self.level, simd => self.advance(simd, input));
        &self.out
    }

    #[inline(always)]
    fn advance<S: Simd>(&mut self, simd: S, input: &[f32]) {
        self.input.extend_from_slice(input);
        self.out.clear();
        let (num, den) = self.ratio;
        let mut start = 0;
        loop {
            let (whole, rest) = (self.next * num / den, self.next * num % den);
            // To the nearest position, which may be the next sample.
            let nearest = (rest * self.positions * 2 + den) / (2 * den);
            let (whole, position) = (whole + nearest / self.positions, nearest % self.positions);
            start = ((whole - self.passed) as usize).max(start);
            let Some(samples) = self.input.get(start..start + self.rows) else { break };
            let table = &self.table[position as usize * self.rows..][..self.rows];
            self.out.extend_from_slice(&products(simd, samples, table));
            self.next += LANES as u64;
        }
        let done = start.min(self.input.len());
        self.input.drain(..done);
        self.passed += done as u64;
    }
}

/// The sum of the rows of `table`, each times its sample. Products and sums are
/// rounded apart and in the same order whatever the processor.
#[inline(always)]
fn products<S: Simd>(simd: S, samples: &[f32], table: &[[f32; LANES]]) -> [f32; LANES] {
    let mut sums = [f32x16::splat(simd, 0.0); CHAINS];
    for (samples, rows) in samples.chunks_exact(CHAINS).zip(table.chunks_exact(CHAINS)) {
        for ((sum, sample), row) in sums.iter_mut().zip(samples).zip(rows) {
            *sum += f32x16::from_slice(simd, row) * *sample;
        }
    }
    let [a, b, c, d] = sums;
    ((a + b) + (c + d)).into()
}

pub(super) fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_set_of_instructions_gives_the_same() {
        let input: Vec<f32> = (0..20_000).map(|i| ((i * 7919) % 1009) as f32 / 1009.0 - 0.5).collect();
        let mut best = Polyphase::new((147, 80));
        let mut least = Polyphase::new((147, 80));
        least.level = Level::baseline();
        assert_eq!(best.push(&input), least.push(&input));
    }
}
