//! Something like a voice that talks: a glottal buzz with a falling pitch
//! through three formants, hiss between the vowels, pauses between phrases.

use super::audio::Audio;
use super::math::{cosine, exp2, sine};
use super::rng::Rng;

/// First three formants of some vowels in Hz, for an adult man (Peterson and
/// Barney 1952).
const VOWELS: [[f64; 3]; 6] = [
    [730.0, 1090.0, 2440.0],
    [270.0, 2290.0, 3010.0],
    [530.0, 1840.0, 2480.0],
    [570.0, 840.0, 2410.0],
    [300.0, 870.0, 2240.0],
    [490.0, 1350.0, 1690.0],
];

/// Speech-like sound in one channel.
pub fn babble(rate_hz: u32, duration_s: f64, seed: u64) -> Audio {
    let rate = f64::from(rate_hz);
    let mut rng = Rng::new(seed, "speech");
    let count = (duration_s * rate) as usize;
    let mut samples = Vec::with_capacity(count);
    while samples.len() < count {
        let base_hz = rng.between(95.0, 125.0);
        let syllables = 4 + rng.below(6);
        for syllable in 0..syllables {
            if rng.chance(0.5) {
                samples.extend(hiss(rng.between(0.04, 0.1), rate, &mut rng));
            }
            // Pitch falls over a phrase and jumps about by syllable.
            let fall = 0.5 * syllable as f64 / syllables as f64;
            let pitch_hz = base_hz * exp2(0.35 - fall + rng.between(-0.12, 0.12));
            let vowel = rng.pick(&VOWELS);
            samples.extend(voiced(vowel, pitch_hz, rng.between(0.09, 0.24), rate, &mut rng));
        }
        let pause = rng.between(0.15, 0.5) * rate;
        samples.extend(std::iter::repeat_n(0.0, pause as usize));
    }
    samples.truncate(count);
    Audio::mono(rate_hz, samples).normalised(0.7)
}

fn voiced(formants_hz: [f64; 3], pitch_hz: f64, length_s: f64, rate: f64, rng: &mut Rng) -> Vec<f64> {
    let count = (length_s * rate) as usize;
    let glide = rng.between(-0.25, 0.1);
    let mut phase = 0.0;
    let mut resonators =
        formants_hz.map(|centre_hz| Resonator::new(centre_hz, 60.0 + 0.04 * centre_hz, rate));
    (0..count)
        .map(|i| {
            let place = i as f64 / count as f64;
            phase += pitch_hz * exp2(glide * place) / rate;
            let open = phase - phase.floor();
            // Rosenberg's pulse: half a period open, then closed.
            let pulse = if open < 0.5 { 0.5 - 0.5 * cosine(open * 2.0) } else { 0.0 };
            let sum: f64 = resonators.iter_mut().map(|resonator| resonator.next(pulse - 0.25)).sum();
            sum * sine(place / 2.0)
        })
        .collect()
}

fn hiss(length_s: f64, rate: f64, rng: &mut Rng) -> Vec<f64> {
    let count = (length_s * rate) as usize;
    let mut resonator = Resonator::new(rng.between(2500.0, 5000.0).min(0.4 * rate), 1500.0, rate);
    (0..count).map(|i| 0.6 * resonator.next(rng.white()) * sine(0.5 * i as f64 / count as f64)).collect()
}

/// Two poles.
struct Resonator {
    gain: f64,
    feedback: f64,
    decay: f64,
    last: f64,
    before: f64,
}

impl Resonator {
    fn new(centre_hz: f64, width_hz: f64, rate: f64) -> Self {
        // e^(−π·width/rate) by powers of two: log2(e) = 1.442695...
        let radius = exp2(-std::f64::consts::PI * width_hz / rate * std::f64::consts::LOG2_E);
        Self {
            gain: 1.0 - radius,
            feedback: 2.0 * radius * cosine(centre_hz / rate),
            decay: radius * radius,
            last: 0.0,
            before: 0.0,
        }
    }

    fn next(&mut self, input: f64) -> f64 {
        let now = self.gain * input + self.feedback * self.last - self.decay * self.before;
        self.before = self.last;
        self.last = now;
        now
    }
}
