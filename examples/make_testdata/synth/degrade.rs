//! What happens to recordings on their way into somebody's data set.

use super::audio::Audio;
use super::math::{cosine, decibels, sine};
use super::rng::Rng;

/// The part from `start_s` on, `length_s` long (or what there is of it).
pub fn cut(audio: &Audio, start_s: f64, length_s: f64) -> Audio {
    let rate = f64::from(audio.rate_hz);
    let start = ((start_s * rate).round() as usize).min(audio.len());
    let end = (start + (length_s * rate).round() as usize).min(audio.len());
    audio.map(|channel| channel[start..end].to_vec())
}

/// Plays `factor` times as fast, pitch and all, as a tape does.
pub fn speed(audio: &Audio, factor: f64) -> Audio {
    audio.map(|channel| read_at(channel, factor))
}

/// The same sound at another sample rate.
pub fn resample(audio: &Audio, rate_hz: u32) -> Audio {
    let step = f64::from(audio.rate_hz) / f64::from(rate_hz);
    let mut converted = audio.map(|channel| read_at(channel, step));
    converted.rate_hz = rate_hz;
    converted
}

/// Reads a signal at every `step`-th position by a Hann-windowed sinc of 32
/// zero crossings, low-passed so that a step above 1 does not alias.
pub fn read_at(signal: &[f64], step: f64) -> Vec<f64> {
    const HALF: f64 = 16.0;
    // 0.95 leaves the window's own transition band below the new Nyquist.
    let cutoff = if step > 1.0 { 0.95 / step } else { 1.0 };
    let reach = HALF / cutoff;
    let count = (signal.len() as f64 / step) as usize;
    (0..count)
        .map(|i| {
            let at = i as f64 * step;
            let first = (at - reach).ceil().max(0.0) as usize;
            let last = ((at + reach).floor() as usize).min(signal.len() - 1);
            (first..=last)
                .map(|j| {
                    let x = (j as f64 - at) * cutoff;
                    let window = 0.5 + 0.5 * cosine(x / (2.0 * HALF));
                    let sinc = if x.abs() < 1e-9 { 1.0 } else { sine(x / 2.0) / (std::f64::consts::PI * x) };
                    signal[j] * cutoff * window * sinc
                })
                .sum()
        })
        .collect()
}

/// The colour of added noise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    /// Equal power per hertz.
    White,
    /// Equal power per octave.
    Pink,
}

/// One channel of noise, mean power 1 or near it.
pub fn noise(colour: Colour, rate_hz: u32, duration_s: f64, rng: &mut Rng) -> Audio {
    let count = (duration_s * f64::from(rate_hz)) as usize;
    // Voss's method: generators that are renewed every 1, 2, 4 ... samples.
    let mut rows = [0.0; 14];
    let samples = (0..count)
        .map(|i| match colour {
            Colour::White => 1.7 * rng.white(),
            Colour::Pink => {
                let row = (i.trailing_zeros() as usize).min(rows.len() - 1);
                rows[row] = rng.white();
                0.46 * (rows.iter().sum::<f64>() + rng.white())
            }
        })
        .collect();
    Audio::mono(rate_hz, samples)
}

/// `audio` with noise at a signal-to-noise ratio of `snr_db` over its length.
pub fn with_noise(audio: &Audio, colour: Colour, snr_db: f64, rng: &mut Rng) -> Audio {
    let added = noise(colour, audio.rate_hz, audio.duration_s() + 0.01, rng);
    let gain = (audio.power() / added.power()).sqrt() * decibels(-snr_db);
    audio.map(|channel| channel.iter().zip(&added.channels[0]).map(|(x, n)| x + gain * n).collect())
}

/// Two mono signals at once, the second at `second_db` to the first. As long
/// as the shorter.
pub fn mix(first: &Audio, second: &Audio, second_db: f64) -> Audio {
    let gain = (first.power() / second.power()).sqrt() * decibels(second_db);
    let samples = first.channels[0].iter().zip(&second.channels[0]).map(|(a, b)| a + gain * b).collect();
    Audio::mono(first.rate_hz, samples)
}

/// Mono pieces one after another, each fading into the next over `fade_s`
/// seconds. The pieces must be longer than two fades.
pub fn medley(pieces: &[Audio], fade_s: f64) -> Audio {
    let rate_hz = pieces[0].rate_hz;
    let fade = (fade_s * f64::from(rate_hz)) as usize;
    let mut samples: Vec<f64> = Vec::new();
    for piece in pieces {
        let start = samples.len().saturating_sub(fade);
        let overlap = samples.len() - start;
        for (i, &x) in piece.channels[0].iter().enumerate() {
            if i < overlap {
                let share = i as f64 / overlap as f64;
                samples[start + i] = samples[start + i] * (1.0 - share) + x * share;
            } else {
                samples.push(x);
            }
        }
    }
    Audio::mono(rate_hz, samples)
}

/// Nothing much above `cutoff_hz`: two one-pole low-passes in a row.
pub fn low_pass(audio: &Audio, cutoff_hz: f64) -> Audio {
    // The one-pole coefficient that puts −3 dB near the cutoff; good enough
    // for a "telephone" and free of transcendental functions.
    let w = std::f64::consts::TAU * cutoff_hz / f64::from(audio.rate_hz);
    let share = w / (1.0 + w);
    audio.map(|channel| {
        let (mut a, mut b) = (0.0, 0.0);
        channel
            .iter()
            .map(|x| {
                a += share * (x - a);
                b += share * (a - b);
                b
            })
            .collect()
    })
}
