//! Any sample rate to the analysis rate, in a stream and exactly in time.
//!
//! rubato's synchronous FFT resampler does the work; it copes with any ratio.
//! The pass band is flat to 13/30 of the analysis rate (5.2 kHz for 12 kHz) and
//! aliases stay above it.
//!
//! Timing is kept here and not by rubato's helpers for whole clips. The filter
//! has a delay of half a block, made a whole number of output samples by an even
//! block, so that dropping exactly that many samples once at the start makes
//! output sample `n` stand for the time `n / rate`.

use rubato::audioadapter_buffers::direct::SequentialSlice;
use rubato::{Fft, FixedSync, Resampler as _, WindowFunction};

use super::AudioError;

/// Least block length of the FFT resampler on the output side, in samples. The
/// filter is as long as the block, and at this length its transition band fits
/// between the pass band and its alias; longer blocks measure no faster.
const BLOCK_OUT: usize = 512;

/// Silence pushed at a time to flush the filters.
const SILENCE: [f32; 1_024] = [0.0; 1_024];

/// The rate is fixed, the stream is pushed in pieces of any length.
pub(super) struct Resampler {
    from_hz: u32,
    to_hz: u32,
    last: Last,
    frames_in: u64,
}

/// The last stage and the count of what has left it.
struct Last {
    stage: Stage,
    frames_out: u64,
}

enum Stage {
    /// The rates are the same.
    None,
    Fft(FftStage),
}

struct FftStage {
    fft: Box<Fft<f32>>,
    /// Input that does not fill a block yet.
    pending: Vec<f32>,
    block_in: usize,
    block: Vec<f32>,
    /// Output samples still to be dropped: the filter's delay.
    to_drop: usize,
}

impl Resampler {
    /// A resampler at the start of its stream. Both rates are above 0.
    pub(super) fn new(from_hz: u32, to_hz: u32) -> Result<Self, AudioError> {
        let error = |reason: String| AudioError::Resample { from_hz, to_hz, reason };
        let stage = if from_hz == to_hz {
            Stage::None
        } else {
            Stage::Fft(FftStage::new(from_hz as usize, to_hz as usize).map_err(error)?)
        };
        Ok(Resampler { from_hz, to_hz, last: Last { stage, frames_out: 0 }, frames_in: 0 })
    }

    /// The rate of what is pushed.
    pub(super) fn rate_hz(&self) -> u32 {
        self.from_hz
    }

    /// Resamples `input` and hands whatever is ready to `sink`.
    pub(super) fn push(&mut self, input: &[f32], sink: &mut dyn FnMut(&[f32])) -> Result<(), AudioError> {
        self.frames_in += input.len() as u64;
        self.run(input, u64::MAX, sink)
    }

    /// Ends the stream: flushes the filters so that the output is as long as
    /// the input, to the nearest sample.
    pub(super) fn finish(mut self, sink: &mut dyn FnMut(&[f32])) -> Result<(), AudioError> {
        let (from, to) = (u128::from(self.from_hz), u128::from(self.to_hz));
        let end = ((u128::from(self.frames_in) * to + from / 2) / from) as u64;
        while self.last.frames_out < end {
            self.run(&SILENCE, end, sink)?;
        }
        Ok(())
    }

    /// Output from sample `end` on is not given.
    fn run(&mut self, input: &[f32], end: u64, sink: &mut dyn FnMut(&[f32])) -> Result<(), AudioError> {
        let (from_hz, to_hz) = (self.from_hz, self.to_hz);
        self.last.push(input, end, sink).map_err(|reason| AudioError::Resample { from_hz, to_hz, reason })
    }
}

impl Last {
    fn push(&mut self, input: &[f32], end: u64, sink: &mut dyn FnMut(&[f32])) -> Result<(), String> {
        let frames_out = &mut self.frames_out;
        let mut give = |ready: &[f32]| {
            let room = usize::try_from(end.saturating_sub(*frames_out)).unwrap_or(usize::MAX);
            let ready = &ready[..ready.len().min(room)];
            *frames_out += ready.len() as u64;
            if !ready.is_empty() {
                sink(ready);
            }
        };
        match &mut self.stage {
            Stage::None => give(input),
            Stage::Fft(fft) => fft.push(input, &mut give)?,
        }
        Ok(())
    }
}

impl FftStage {
    fn new(from: usize, to: usize) -> Result<Self, String> {
        let gcd = gcd(from, to);
        let unit_out = to / gcd;
        // Powers of two keep the transforms' lengths free of large primes.
        let units = BLOCK_OUT.div_ceil(unit_out).next_power_of_two().max(2);
        let chunk_in = units * (from / gcd);
        let fft = Fft::new_custom(from, to, chunk_in, 1, 1, WindowFunction::BlackmanHarris2, FixedSync::Both)
            .map_err(|e| e.to_string())?;
        Ok(FftStage {
            block_in: fft.fft_size_in(),
            block: vec![0.0; fft.fft_size_out()],
            to_drop: fft.output_delay(),
            pending: Vec::with_capacity(fft.fft_size_in()),
            fft: Box::new(fft),
        })
    }

    fn push(&mut self, mut input: &[f32], give: &mut dyn FnMut(&[f32])) -> Result<(), String> {
        while !input.is_empty() {
            let take = input.len().min(self.block_in - self.pending.len());
            self.pending.extend_from_slice(&input[..take]);
            input = &input[take..];
            if self.pending.len() < self.block_in {
                break;
            }
            let len_out = self.block.len();
            let from =
                SequentialSlice::new(self.pending.as_slice(), 1, self.block_in).map_err(|e| e.to_string())?;
            let mut to = SequentialSlice::new_mut(&mut self.block, 1, len_out).map_err(|e| e.to_string())?;
            self.fft.process_into_buffer(&from, &mut to, None).map_err(|e| e.to_string())?;
            self.pending.clear();
            let drop = self.to_drop.min(len_out);
            self.to_drop -= drop;
            give(&self.block[drop..]);
        }
        Ok(())
    }
}

fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use std::f64::consts::TAU;

    use super::*;

    const RATES: [u32; 12] =
        [8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_056, 44_100, 48_000, 48_001, 96_000];
    const OUT_HZ: u32 = 12_000;

    fn resample(from_hz: u32, input: &[f32], piece: usize) -> Vec<f32> {
        let mut out = Vec::new();
        let mut sink = |block: &[f32]| out.extend_from_slice(block);
        let mut r = Resampler::new(from_hz, OUT_HZ).unwrap();
        for part in input.chunks(piece) {
            r.push(part, &mut sink).unwrap();
        }
        r.finish(&mut sink).unwrap();
        out
    }

    /// The time of the impulse near output sample `near`, in output samples, by
    /// parabolic interpolation through the largest three samples.
    fn peak(out: &[f32], near: usize) -> f64 {
        let from = near.saturating_sub(40);
        let at = (from..(near + 40).min(out.len())).max_by(|&a, &b| out[a].total_cmp(&out[b])).unwrap();
        let v = |i: usize| out.get(i).copied().map_or(0.0, f64::from);
        let (l, c, r) = (if at == 0 { 0.0 } else { v(at - 1) }, v(at), v(at + 1));
        at as f64 + 0.5 * (l - r) / (l - 2.0 * c + r)
    }

    #[test]
    fn impulses_early_and_late_keep_their_time() {
        for rate in RATES {
            // The first lies inside the first block, the last near the end.
            let times_s = [0.010, 0.5, 20.0, 39.99];
            let mut input = vec![0.0_f32; 40 * rate as usize];
            let at: Vec<usize> = times_s.iter().map(|t| (t * f64::from(rate)).round() as usize).collect();
            at.iter().for_each(|&i| input[i] = 1.0);
            let out = resample(rate, &input, 1_000);
            assert_eq!(out.len(), 40 * OUT_HZ as usize, "{rate} Hz");
            for &i in &at {
                let due = i as f64 * f64::from(OUT_HZ) / f64::from(rate);
                let found = peak(&out, due.round() as usize);
                assert!((found - due).abs() < 0.25, "{rate} Hz: due at {due:.3}, found at {found:.3}");
            }
        }
    }

    #[test]
    fn the_first_and_last_samples_are_not_lost() {
        for rate in RATES {
            let mut input = vec![0.0_f32; 3 * rate as usize];
            let last = input.len() - rate as usize / 1_000;
            (input[0], input[last]) = (1.0, 1.0);
            let out = resample(rate, &input, 777);
            let top = out.iter().fold(0.0_f32, |m, s| m.max(*s));
            assert!(out[0] > 0.4 * top, "{rate} Hz");
            let late = peak(&out, out.len() - 12);
            let due = last as f64 * f64::from(OUT_HZ) / f64::from(rate);
            assert!((late - due).abs() < 0.25, "{rate} Hz: due at {due}, found at {late}");
        }
    }

    #[test]
    fn the_pieces_do_not_matter() {
        for rate in [11_025, 44_056, 44_100, 48_000] {
            let input: Vec<f32> = (0..rate).map(|i| ((i * 7919) % 1009) as f32 / 1009.0 - 0.5).collect();
            let whole = resample(rate, &input, usize::MAX >> 1);
            for piece in [1, 63, 2_352, 5_000] {
                assert!(resample(rate, &input, piece) == whole, "{rate} Hz in pieces of {piece}");
            }
        }
    }

    #[test]
    fn the_length_is_the_nearest_sample() {
        for rate in RATES {
            for frames in [0_usize, 1, 2, 5, 1_000, 12_345] {
                let due = (frames as f64 * f64::from(OUT_HZ) / f64::from(rate)).round();
                let found = resample(rate, &vec![0.1; frames], 100).len() as f64;
                assert!((found - due).abs() <= 0.5, "{frames} at {rate} Hz: {found}, not {due}");
            }
        }
    }

    /// Level of what a tone at `hz` leaves in the output, in dB: of the whole
    /// output and of its part below 5.2 kHz.
    fn response(rate: u32, hz: f64) -> (f64, f64) {
        let input: Vec<f32> =
            (0..rate).map(|i| (TAU * hz * f64::from(i) / f64::from(rate)).sin() as f32).collect();
        let out = resample(rate, &input, 4_096);
        // The middle, away from both ends, under a window with side lobes below -90 dB.
        let n = 4_096;
        let mid = &out[out.len() / 2 - n / 2..][..n];
        let (mut all, mut low) = (0.0, 0.0);
        for k in 0..n / 2 {
            let (mut re, mut im) = (0.0, 0.0);
            for (i, s) in mid.iter().enumerate() {
                let x = TAU * i as f64 / n as f64;
                let w = 0.35875 - 0.48829 * x.cos() + 0.14128 * (2.0 * x).cos() - 0.01168 * (3.0 * x).cos();
                let phase = TAU * ((k * i) % n) as f64 / n as f64;
                re += w * f64::from(*s) * phase.cos();
                im += w * f64::from(*s) * phase.sin();
            }
            let power = re * re + im * im;
            all += power;
            if k as f64 * f64::from(OUT_HZ) / n as f64 <= 5_200.0 {
                low += power;
            }
        }
        // A full-scale sine under this window has this much power.
        let full = 0.25
            * n as f64
            * n as f64
            * (0.35875_f64.powi(2) + 0.5 * (0.48829_f64.powi(2) + 0.14128_f64.powi(2)));
        (10.0 * (all / full).log10(), 10.0 * (low / full).log10())
    }

    #[test]
    fn flat_to_5200_hz_and_no_aliases_below_it() {
        for rate in [16_000, 22_050, 32_000, 44_056, 44_100, 48_000, 96_000] {
            for hz in [300.0, 3_000.0, 5_000.0, 5_200.0] {
                let (all, _) = response(rate, hz);
                assert!(all.abs() < 0.5, "{hz} Hz at {rate} Hz comes out at {all:.2} dB");
            }
            for hz in [6_800.0, 7_500.0, 9_000.0, 10_900.0, 19_000.0] {
                if hz * 2.0 < f64::from(rate) {
                    let (_, low) = response(rate, hz);
                    assert!(low < -60.0, "{hz} Hz at {rate} Hz leaves {low:.1} dB below 5.2 kHz");
                }
            }
        }
        let (all, _) = response(11_025, 5_000.0);
        assert!(all.abs() < 0.5, "5 kHz at 11 025 Hz comes out at {all:.2} dB");
    }

    /// What a second of audio costs; run with `--ignored --nocapture`.
    #[test]
    #[ignore = "a measurement"]
    fn cost() {
        for rate in [16_000, 22_050, 32_000, 44_100, 48_000, 96_000] {
            let input: Vec<f32> = (0..rate).map(|i| ((i * 7919) % 1009) as f32 / 1009.0 - 0.5).collect();
            let began = std::time::Instant::now();
            let mut sum = 0.0;
            let mut sink = |block: &[f32]| sum += block[0];
            let mut r = Resampler::new(rate, OUT_HZ).unwrap();
            (0..600).for_each(|_| input.chunks(1_152).for_each(|c| r.push(c, &mut sink).unwrap()));
            println!(
                "{rate} Hz: {:.1} us per second of audio ({sum})",
                began.elapsed().as_secs_f64() * 1e6 / 600.0
            );
        }
    }
}
