//! The transform of pairs against a plain sum.

use std::f64::consts::TAU;

use crate::params::Params;
use crate::random::Random;

use super::{LogPower, Stft};

fn frames(samples: &[f32], piece: usize, params: &Params) -> Vec<Vec<LogPower>> {
    let mut out = Vec::new();
    let mut sink = |frame: &[LogPower]| out.push(frame.to_vec());
    let mut stft = Stft::new(params);
    samples.chunks(piece).for_each(|part| stft.push(part, &mut sink));
    stft.finish(&mut sink);
    out
}

/// Log power of one bin of one frame by the definition.
fn plain(samples: &[f32], bin: usize) -> f64 {
    let n = samples.len();
    let (mut re, mut im) = (0.0, 0.0);
    for (i, sample) in samples.iter().enumerate() {
        let window = 0.5 - 0.5 * (TAU * i as f64 / n as f64).cos();
        let phase = TAU * (bin * i % n) as f64 / n as f64;
        re += window * f64::from(*sample) * phase.cos();
        im -= window * f64::from(*sample) * phase.sin();
    }
    1024.0 * (re * re + im * im + 6.5e-6).log2()
}

#[test]
fn every_frame_is_the_plain_transform() {
    let params = Params::default();
    let (first_bin, last_bin) = Stft::bins(&params);
    let (n, hop) = (params.window_samples as usize, params.hop_samples as usize);
    let mut random = Random::new(1);
    // Loud, then faint, so that a frame that leaks into its neighbour shows.
    let noise: Vec<f32> = (0..n + 13 * hop)
        .map(|i| {
            let level = if i < n { 1.0 } else { 1e-3 };
            level * (random.below(20_001) as f32 / 10_000.0 - 1.0)
        })
        .collect();
    for count in [0, 1, 2, 3, 12, 13] {
        let samples = &noise[..if count == 0 { n - 1 } else { n + (count - 1) * hop + hop / 2 }];
        let found = frames(samples, 100, &params);
        assert_eq!(found.len(), count);
        for (k, frame) in found.iter().enumerate() {
            assert_eq!(frame.len(), last_bin + 1 - first_bin);
            for bin in (first_bin..=last_bin).step_by(7) {
                let due = plain(&samples[k * hop..k * hop + n], bin);
                let off = (f64::from(frame[bin - first_bin]) - due).abs();
                assert!(off <= 2.0, "frame {k} of {count}, bin {bin}: off by {off}");
            }
        }
    }
}

#[test]
fn the_pieces_do_not_matter() {
    let params = Params::default();
    let mut random = Random::new(2);
    let samples: Vec<f32> = (0..20_000).map(|_| random.below(2_001) as f32 / 1_000.0 - 1.0).collect();
    let whole = frames(&samples, samples.len(), &params);
    for piece in [1, 255, 1_791, 1_792, 5_000] {
        assert!(frames(&samples, piece, &params) == whole, "in pieces of {piece}");
    }
}
