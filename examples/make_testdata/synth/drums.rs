//! The unpitched instruments: noise, sweeps and envelopes.

use super::math::{decay_per_sample, exp2, sine};
use super::rng::Rng;

/// A drum of the kit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drum {
    /// A sine that falls in pitch.
    Kick,
    /// Noise over a short tone.
    Snare,
    /// High noise, very short.
    ClosedHat,
    /// High noise, half a second.
    OpenHat,
    /// A pitched sine with a slower fall; used in fills.
    Tom,
    /// Several noise bursts close together.
    Clap,
}

/// One kit's tuning: two songs should not share their drum samples.
#[derive(Clone, Copy, Debug)]
pub struct Kit {
    kick_hz: f64,
    snare_hz: f64,
    tom_hz: f64,
    ring: f64,
}

impl Kit {
    /// A kit of its own for every song.
    pub fn tuned(rng: &mut Rng) -> Self {
        Self {
            kick_hz: rng.between(42.0, 62.0),
            snare_hz: rng.between(160.0, 240.0),
            tom_hz: rng.between(85.0, 150.0),
            ring: rng.between(0.7, 1.4),
        }
    }

    /// Renders one stroke of `velocity` (`0..=1`).
    pub fn render(&self, drum: Drum, velocity: f64, rate_hz: f64, rng: &mut Rng) -> Vec<f64> {
        let mut samples = match drum {
            Drum::Kick => sweep(self.kick_hz, 1.6, 0.045, 0.42 * self.ring, rate_hz),
            Drum::Tom => sweep(self.tom_hz * rng.between(0.8, 1.5), 0.5, 0.1, 0.5 * self.ring, rate_hz),
            Drum::Snare => {
                let mut body = sweep(self.snare_hz, 0.4, 0.03, 0.22 * self.ring, rate_hz);
                add(&mut body, &hiss(0.28 * self.ring, 1, rate_hz, rng), 0.55);
                body
            }
            Drum::ClosedHat => hiss(0.07 * self.ring, 2, rate_hz, rng),
            Drum::OpenHat => hiss(0.5 * self.ring, 2, rate_hz, rng),
            Drum::Clap => {
                let mut bursts = Vec::new();
                for delay_s in [0.0, 0.011, 0.023] {
                    let mut late = vec![0.0; (delay_s * rate_hz) as usize];
                    late.extend(hiss(if delay_s > 0.02 { 0.3 } else { 0.04 }, 1, rate_hz, rng));
                    add(&mut bursts, &late, 0.6);
                }
                bursts
            }
        };
        for sample in &mut samples {
            *sample *= velocity;
        }
        samples
    }
}

/// A sine whose frequency starts `octaves` above `end_hz` and halves that
/// excess every `bend_s`.
fn sweep(end_hz: f64, octaves: f64, bend_s: f64, fall_s: f64, rate_hz: f64) -> Vec<f64> {
    let mut phase = 0.0;
    let mut excess = octaves;
    let bend = exp2(-1.0 / (bend_s * rate_hz));
    let fall = decay_per_sample(fall_s, rate_hz);
    let mut level = 1.0;
    (0..(fall_s * rate_hz) as usize)
        .map(|_| {
            phase += end_hz * exp2(excess) / rate_hz;
            excess *= bend;
            level *= fall;
            level * sine(phase)
        })
        .collect()
}

/// Noise that dies away; each of `differences` tilts it up by 6 dB/octave.
fn hiss(fall_s: f64, differences: usize, rate_hz: f64, rng: &mut Rng) -> Vec<f64> {
    let fall = decay_per_sample(fall_s, rate_hz);
    let mut level = 1.0;
    let mut samples: Vec<f64> = (0..(fall_s * rate_hz) as usize)
        .map(|_| {
            level *= fall;
            level * rng.white()
        })
        .collect();
    for _ in 0..differences {
        let mut before = 0.0;
        for sample in &mut samples {
            let now = *sample;
            *sample = 0.6 * (now - before);
            before = now;
        }
    }
    samples
}

fn add(onto: &mut Vec<f64>, from: &[f64], gain: f64) {
    if onto.len() < from.len() {
        onto.resize(from.len(), 0.0);
    }
    for (sum, sample) in onto.iter_mut().zip(from) {
        *sum += gain * sample;
    }
}
