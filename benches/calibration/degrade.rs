//! What happens to a clip before it is searched for.

use crate::synth::audio::Audio;
use crate::synth::degrade::{Colour, mix, resample, speed, with_noise};
use crate::synth::rng::Rng;

/// One of the ways.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Degradation {
    /// Nothing.
    None,
    /// Pink noise at this signal-to-noise ratio.
    Pink {
        /// In decibels.
        snr_db: i32,
    },
    /// Played faster or slower, pitch and all.
    Speed {
        /// Seconds of the recording per second of the query.
        factor: f64,
    },
    /// Nothing above 3 kHz.
    LowPass,
    /// Another clip at the same level.
    Mixed,
    /// Several voices at the level of the clip.
    Babble,
    /// Cut off at the root mean square.
    Clipped,
}

impl Degradation {
    /// Name of its class.
    pub fn name(&self) -> &'static str {
        match self {
            Degradation::None => "none",
            Degradation::Pink { snr_db: 10 } => "pink +10 dB",
            Degradation::Pink { .. } => "pink 0 dB",
            Degradation::Speed { factor } if *factor > 1.0 => "faster",
            Degradation::Speed { .. } => "slower",
            Degradation::LowPass => "low-pass",
            Degradation::Mixed => "mixed",
            Degradation::Babble => "babble",
            Degradation::Clipped => "clipped",
        }
    }

    /// Seconds of the recording per second of the query.
    pub fn speed(&self) -> f64 {
        if let Degradation::Speed { factor } = self { *factor } else { 1.0 }
    }

    /// The degraded clip. `other` is the clip to mix in, `speech` all the speech
    /// there is.
    pub fn apply(&self, clip: &Audio, other: Option<&Audio>, speech: &Audio, rng: &mut Rng) -> Audio {
        match self {
            Degradation::None => clip.clone(),
            Degradation::Pink { snr_db } => with_noise(clip, Colour::Pink, f64::from(*snr_db), rng),
            Degradation::Speed { factor } => speed(clip, *factor),
            // There and back: the resampler's own filter ends at the Nyquist frequency.
            Degradation::LowPass => resample(&resample(clip, 2 * LOW_PASS_HZ), clip.rate_hz),
            Degradation::Mixed => other.map_or_else(|| clip.clone(), |other| level_mix(clip, other)),
            Degradation::Babble => level_mix(clip, &babble(speech, clip.len(), rng)),
            Degradation::Clipped => {
                let limit = clip.power().sqrt();
                clip.map(|channel| channel.iter().map(|x| x.clamp(-limit, limit)).collect())
            }
        }
    }
}

const LOW_PASS_HZ: u32 = 3_000;

/// Voices that sound at once: enough that none is understood.
const VOICES: usize = 6;

fn level_mix(clip: &Audio, other: &Audio) -> Audio {
    // Silence cannot be brought to a level.
    if other.power() > 0.0 { mix(clip, other, 0.0) } else { clip.clone() }
}

/// Excerpts of speech from random places, laid over each other.
fn babble(speech: &Audio, length: usize, rng: &mut Rng) -> Audio {
    let speech_samples = &speech.channels[0];
    let mut sum = vec![0.0; length];
    if !speech_samples.is_empty() {
        for _ in 0..VOICES {
            let start = rng.below(speech_samples.len());
            for (total, x) in sum.iter_mut().zip(speech_samples[start..].iter().chain(speech_samples).cycle())
            {
                *total += x;
            }
        }
    }
    Audio::mono(speech.rate_hz, sum)
}
