//! The pitched instruments. Each turns one note into samples.

use super::math::{cosine, decay_per_sample, semitones, sine};
use super::rng::Rng;

/// The highest partial that is rendered, as a share of the sample rate: it
/// keeps every additive voice free of aliasing.
const HIGHEST_PARTIAL: f64 = 0.45;

/// How a pitched instrument makes its sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Voice {
    /// A plucked string: slightly stretched partials, the high ones die first.
    Pluck,
    /// An electric piano by frequency modulation at a harmonic ratio.
    FmKeys,
    /// A bell by frequency modulation at an inharmonic ratio.
    FmBell,
    /// Two detuned saw-tooth waves through a low-pass that opens and closes.
    SawPad,
    /// A hollow lead (odd partials) with vibrato.
    PulseLead,
    /// An organ: a fixed set of steady partials.
    Organ,
    /// A breathy pipe: few partials, vibrato, filtered noise.
    Pipe,
    /// A round bass: few partials and a fast decay.
    RoundBass,
    /// A growling bass by frequency modulation.
    FmBass,
}

/// A note for a [`Voice`].
#[derive(Clone, Copy, Debug)]
pub struct Tone {
    /// Fundamental frequency.
    pub frequency_hz: f64,
    /// Time from key down to key up.
    pub length_s: f64,
    /// Loudness in `0..=1`; louder notes are also brighter.
    pub velocity: f64,
}

impl Voice {
    /// Time that the sound goes on after key up.
    fn release_s(self) -> f64 {
        match self {
            Voice::Pluck | Voice::FmKeys => 0.25,
            Voice::FmBell => 0.9,
            Voice::SawPad => 0.6,
            Voice::PulseLead | Voice::Organ | Voice::Pipe => 0.09,
            Voice::RoundBass | Voice::FmBass => 0.06,
        }
    }

    /// Time from silence to full level after key down.
    fn attack_s(self) -> f64 {
        match self {
            Voice::SawPad => 0.12,
            Voice::Pipe => 0.05,
            Voice::PulseLead => 0.015,
            Voice::Organ => 0.01,
            _ => 0.003,
        }
    }

    /// Renders `tone` at `rate_hz`; the result is as long as the note and its
    /// release.
    pub fn render(self, tone: &Tone, rate_hz: f64, rng: &mut Rng) -> Vec<f64> {
        let release_s = self.release_s();
        let count = ((tone.length_s + release_s) * rate_hz) as usize;
        let mut samples = match self {
            Voice::Pluck => pluck(tone, count, rate_hz, rng),
            Voice::FmKeys => {
                fm(tone, count, rate_hz, FmShape { ratio: 1.0, index: 1.9, index_fall_s: 0.7, fall_s: 2.6 })
            }
            Voice::FmBell => {
                fm(tone, count, rate_hz, FmShape { ratio: 3.51, index: 1.3, index_fall_s: 1.6, fall_s: 2.8 })
            }
            Voice::SawPad => saw_pad(tone, count, rate_hz, rng),
            Voice::PulseLead => {
                let partials: Vec<(f64, f64)> =
                    (0..7).map(|k| f64::from(2 * k + 1)).map(|n| (n, 0.7 / n)).collect();
                sustained(tone, count, rate_hz, &partials, 0.22, rng)
            }
            Voice::Organ => {
                let drawbars = [
                    (0.5, 0.14),
                    (1.0, 0.24),
                    (1.5, 0.1),
                    (2.0, 0.18),
                    (3.0, 0.1),
                    (4.0, 0.1),
                    (6.0, 0.05),
                    (8.0, 0.06),
                ];
                sustained(tone, count, rate_hz, &drawbars, 0.03, rng)
            }
            Voice::Pipe => pipe(tone, count, rate_hz, rng),
            Voice::RoundBass => round_bass(tone, count, rate_hz),
            Voice::FmBass => {
                fm(tone, count, rate_hz, FmShape { ratio: 2.0, index: 2.4, index_fall_s: 0.5, fall_s: 2.2 })
            }
        };
        let attack = (self.attack_s() * rate_hz).max(1.0);
        let key_up = tone.length_s * rate_hz;
        let release = release_s * rate_hz;
        for (i, sample) in samples.iter_mut().enumerate() {
            let at = i as f64;
            let rise = (at / attack).min(1.0);
            let fall = (1.0 - (at - key_up) / release).clamp(0.0, 1.0);
            *sample *= tone.velocity * rise * fall * fall;
        }
        samples
    }
}

fn pluck(tone: &Tone, count: usize, rate_hz: f64, rng: &mut Rng) -> Vec<f64> {
    let mut samples = vec![0.0; count];
    let position = rng.between(0.11, 0.23);
    for k in 1..=18 {
        let n = f64::from(k);
        // Stiff strings: f_n = n f0 sqrt(1 + B n²) (Fletcher 1964).
        let frequency = n * tone.frequency_hz * (1.0 + 0.0002 * n * n).sqrt();
        if frequency > HIGHEST_PARTIAL * rate_hz {
            break;
        }
        let mut level = 1.2 * sine(0.5 * n * position).abs() / n * (0.5 + 0.5 * tone.velocity);
        let fall = decay_per_sample(2.4 / (1.0 + 0.35 * n) + 0.15, rate_hz);
        let step = frequency / rate_hz;
        let mut phase = rng.unit();
        for sample in &mut samples {
            *sample += level * sine(phase);
            phase += step;
            level *= fall;
        }
    }
    samples
}

struct FmShape {
    ratio: f64,
    index: f64,
    index_fall_s: f64,
    fall_s: f64,
}

fn fm(tone: &Tone, count: usize, rate_hz: f64, shape: FmShape) -> Vec<f64> {
    let step = tone.frequency_hz / rate_hz;
    let mut index = shape.index * (0.4 + 0.6 * tone.velocity) / std::f64::consts::TAU;
    let index_fall = decay_per_sample(shape.index_fall_s, rate_hz);
    let mut level = 0.55;
    let fall = decay_per_sample(shape.fall_s, rate_hz);
    (0..count)
        .map(|i| {
            let phase = step * i as f64;
            let sample = level * sine(phase + index * sine(phase * shape.ratio));
            index *= index_fall;
            level *= fall;
            sample
        })
        .collect()
}

fn saw_pad(tone: &Tone, count: usize, rate_hz: f64, rng: &mut Rng) -> Vec<f64> {
    let mut samples = vec![0.0; count];
    let sweep_hz = rng.between(0.15, 0.45);
    let sweep_from = rng.unit();
    for detune in [-0.07, 0.06] {
        let fundamental = tone.frequency_hz * semitones(detune);
        let start = rng.unit();
        for k in 1..=16 {
            let n = f64::from(k);
            let frequency = n * fundamental;
            if frequency > HIGHEST_PARTIAL * rate_hz {
                break;
            }
            let step = frequency / rate_hz;
            for (i, sample) in samples.iter_mut().enumerate() {
                let at = i as f64;
                let cutoff_hz = 1100.0 + 800.0 * sine(sweep_from + sweep_hz * at / rate_hz);
                let ratio = frequency / cutoff_hz;
                *sample += 0.3 / n / (1.0 + ratio * ratio) * sine(start * n + step * at);
            }
        }
    }
    samples
}

fn sustained(
    tone: &Tone,
    count: usize,
    rate_hz: f64,
    partials: &[(f64, f64)],
    vibrato_semitones: f64,
    rng: &mut Rng,
) -> Vec<f64> {
    let vibrato_hz = rng.between(4.6, 6.2);
    let vibrato_from = rng.unit();
    let depth = semitones(vibrato_semitones) - 1.0;
    let mut phase = rng.unit();
    let mut samples = Vec::with_capacity(count);
    for i in 0..count {
        let t = i as f64 / rate_hz;
        // Players let a note settle before the vibrato.
        let settle = (t / 0.3).min(1.0);
        phase += tone.frequency_hz / rate_hz * (1.0 + depth * settle * sine(vibrato_from + vibrato_hz * t));
        let mut sample = 0.0;
        for &(n, level) in partials {
            if n * tone.frequency_hz < HIGHEST_PARTIAL * rate_hz {
                sample += level * sine(phase * n);
            }
        }
        samples.push(sample * 0.7);
    }
    samples
}

fn pipe(tone: &Tone, count: usize, rate_hz: f64, rng: &mut Rng) -> Vec<f64> {
    let partials = [(1.0, 0.8), (2.0, 0.22), (3.0, 0.1), (4.0, 0.03)];
    let mut samples = sustained(tone, count, rate_hz, &partials, 0.12, rng);
    // Breath: noise through a resonator at the second partial (two poles at
    // radius 0.97, so about 0.06 / 2π of the rate wide).
    let radius = 0.97;
    let feedback = 2.0 * radius * cosine((2.0 * tone.frequency_hz / rate_hz).min(0.45));
    let (mut last, mut before) = (0.0, 0.0);
    for sample in &mut samples {
        let now = 0.006 * rng.white() + feedback * last - radius * radius * before;
        before = last;
        last = now;
        *sample += now;
    }
    samples
}

fn round_bass(tone: &Tone, count: usize, rate_hz: f64) -> Vec<f64> {
    let step = tone.frequency_hz / rate_hz;
    let fall = decay_per_sample(2.0, rate_hz);
    let edge_fall = decay_per_sample(0.5, rate_hz);
    let (mut level, mut edge) = (0.8, 0.5 * tone.velocity);
    (0..count)
        .map(|i| {
            let phase = step * i as f64;
            let sample = level
                * (sine(phase)
                    + 0.35 * sine(2.0 * phase)
                    + edge * (0.6 * sine(3.0 * phase) + 0.5 * sine(5.0 * phase) + 0.3 * sine(8.0 * phase)));
            level *= fall;
            edge *= edge_fall;
            sample
        })
        .collect()
}
