//! A rational change of rate by a polyphase filter.
//!
//! Output sample `n` lies `n · down / up` input samples from the start. Its
//! fractional part takes one of `up` values, for each of which the filter's
//! coefficients are kept, so that an output sample costs one short dot product
//! (Crochiere and Rabiner, *Multirate Digital Signal Processing*, 1983, section
//! 3.3). Every `up` outputs and `down` inputs the same coefficients come again:
//! so a block of [`LANES`] such rounds is computed side by side, each
//! coefficient against one row of samples that lie `down` apart, and no sum
//! has to be taken across a vector.

use super::halve::bessel_i0;

/// Most phases kept. All usual rates need 160 or fewer; tables for odd ones
/// would not stay in the cache.
const MAX_PHASES: usize = 320;
/// Least attenuation of aliases and images, in dB.
const STOP_DB: f64 = 64.0;
/// Kaiser's design makes pass and stop band equally exact, but half a decibel
/// is enough in the pass band: the transition may begin that much inside it.
const WIDENING: f64 = 1.2;
/// Rounds computed side by side.
const LANES: usize = 16;
/// Least outputs in a round: in a shorter one, setting up the rows would cost
/// more than the sums.
const MIN_ROUND: usize = 64;

/// Changes the rate by a ratio of small numbers.
pub(super) struct Polyphase {
    /// Outputs and inputs in a round.
    up: usize,
    down: usize,
    taps: usize,
    /// Coefficients for each output of a round.
    table: Vec<f32>,
    /// For each output of a round, the input it begins with.
    begins: Vec<usize>,
    /// Input from the first that the next block needs.
    history: Vec<f32>,
    /// Row `i` holds sample `i` of all rounds.
    rows: Vec<[f32; LANES]>,
    out: Vec<f32>,
}

impl Polyphase {
    /// `None` when the ratio of the rates needs too many phases.
    pub(super) fn new(from_hz: usize, to_hz: usize) -> Option<Self> {
        let common = gcd(from_hz, to_hz);
        let phases = to_hz / common;
        if phases > MAX_PHASES {
            return None;
        }
        let repeats = MIN_ROUND.div_ceil(phases);
        let (up, down) = (repeats * phases, repeats * (from_hz / common));
        // In units of the input rate. Downwards, the transition reaches as far
        // beyond half the output rate as it begins before it, so that aliases
        // stay above the pass band; upwards it may be narrower, since all of
        // the input's band is wanted.
        let narrow = from_hz.min(to_hz) as f64 / from_hz as f64;
        let pass = narrow * if from_hz > to_hz { 13.0 / 30.0 } else { 14.0 / 30.0 };
        let stop = narrow - pass;
        let transition = WIDENING * (stop - pass);
        let cutoff = stop - 0.5 * transition;
        let taps = ((STOP_DB - 7.95) / (14.36 * transition)).ceil() as usize;
        let taps = taps.next_multiple_of(2);
        let beta = 0.1102 * (STOP_DB - 8.7);
        let half = taps as f64 / 2.0;

        let mut table = Vec::with_capacity(up * taps);
        for n in 0..up {
            let fraction = (n * down % up) as f64 / up as f64;
            let coefficients: Vec<f64> = (0..taps)
                .map(|k| {
                    let t = k as f64 - (half - 1.0) - fraction;
                    let x = std::f64::consts::TAU * cutoff * t;
                    let sinc = if x == 0.0 { 1.0 } else { x.sin() / x };
                    sinc * bessel_i0(beta * (1.0 - (t / half).powi(2)).max(0.0).sqrt())
                })
                .collect();
            // The same gain in all phases, or a constant would come out as a tone.
            let sum: f64 = coefficients.iter().sum();
            table.extend(coefficients.iter().map(|c| (c / sum) as f32));
        }
        Some(Polyphase {
            up,
            down,
            taps,
            table,
            begins: (0..up).map(|n| n * down / up).collect(),
            history: vec![0.0; taps / 2 - 1],
            // The last output begins before input `down`.
            rows: vec![[0.0; LANES]; down + taps],
            out: Vec::new(),
        })
    }

    /// Takes input and returns the output of the blocks that are complete.
    pub(super) fn push(&mut self, input: &[f32]) -> &[f32] {
        self.history.extend_from_slice(input);
        self.out.clear();
        let block_in = LANES * self.down;
        // The last lane reaches as far as its rows.
        let reach = (LANES - 1) * self.down + self.rows.len();
        let mut start = 0;
        while let Some(block) = self.history.get(start..start + reach) {
            for (lane, samples) in block.windows(self.rows.len()).step_by(self.down).enumerate() {
                for (row, &sample) in self.rows.iter_mut().zip(samples) {
                    row[lane] = sample;
                }
            }
            let done = self.out.len();
            self.out.resize(done + LANES * self.up, 0.0);
            let out = &mut self.out[done..];
            for (n, (begin, coefficients)) in
                self.begins.iter().zip(self.table.chunks_exact(self.taps)).enumerate()
            {
                let mut sums = [0.0; LANES];
                for (row, coefficient) in self.rows[*begin..].iter().zip(coefficients) {
                    for lane in 0..LANES {
                        sums[lane] += coefficient * row[lane];
                    }
                }
                for (lane, sum) in sums.iter().enumerate() {
                    out[lane * self.up + n] = *sum;
                }
            }
            start += block_in;
        }
        self.history.drain(..start);
        &self.out
    }
}

/// The greatest common divisor.
pub(super) fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATIOS: [(usize, usize); 6] = [
        (22_050, 12_000),
        (16_000, 12_000),
        (8_000, 12_000),
        (11_025, 12_000),
        (18_000, 12_000),
        (12_500, 12_000),
    ];

    /// Each output sample by itself, from its position.
    fn naive(p: &Polyphase, input: &[f32], count: usize) -> Vec<f32> {
        (0..count)
            .map(|n| {
                let (at, phase) = (n * p.down / p.up, n % p.up);
                (0..p.taps)
                    .map(|k| {
                        let i = (at + k + 1).checked_sub(p.taps / 2);
                        let x = i.and_then(|i| input.get(i)).copied().unwrap_or(0.0);
                        f64::from(x) * f64::from(p.table[phase * p.taps + k])
                    })
                    .sum::<f64>() as f32
            })
            .collect()
    }

    #[test]
    fn as_the_definition_has_it_in_any_pieces() {
        let input: Vec<f32> = (0..9_001_u32).map(|i| ((i * 7_919) % 1_009) as f32 / 1_009.0 - 0.5).collect();
        for (from, to) in RATIOS {
            for piece in [1, 147, 9_001] {
                let mut p = Polyphase::new(from, to).unwrap();
                let mut out = Vec::new();
                input.chunks(piece).for_each(|c| out.extend_from_slice(p.push(c)));
                assert!(out.len() + 2 * LANES * p.up + p.taps > input.len() * to / from);
                for (n, (found, due)) in out.iter().zip(naive(&p, &input, out.len())).enumerate() {
                    assert!((found - due).abs() < 1e-5, "{from} to {to}, sample {n}: {found}, not {due}");
                }
            }
        }
    }

    #[test]
    fn a_constant_stays_one() {
        for (from, to) in RATIOS {
            let mut p = Polyphase::new(from, to).unwrap();
            let out = p.push(&vec![1.0; 20_000]).to_vec();
            let inner = &out[2 * p.taps..];
            assert!(inner.len() > 1_000);
            assert!(inner.iter().all(|s| (s - 1.0).abs() < 1e-6), "{from} to {to}");
        }
    }

    #[test]
    fn odd_ratios_are_left_to_others() {
        assert!(Polyphase::new(12_001, 12_000).is_none());
    }
}
