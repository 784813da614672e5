//! From a style to finished stereo sound: score, instruments, room, level.

use super::audio::Audio;
use super::compose::{Style, compose};
use super::drums::Kit;
use super::math::{cosine, exp2, sine, soft_clip};
use super::rng::Rng;
use super::voices::Tone;

/// Largest sample of a finished song: −1 dB, as masters leave for encoders.
const PEAK: f64 = 0.89;

/// Renders the song of `style` in stereo at `rate_hz`. The result is exactly
/// `style.length_s` long and fades out over its last second.
pub fn render(style: &Style, rate_hz: u32) -> Audio {
    let rate = f64::from(rate_hz);
    let count = (style.length_s * rate) as usize;
    let score = compose(style);
    let mut sound = Rng::new(style.seed, "sound");
    let mut left = vec![0.0; count];
    let mut right = vec![0.0; count];
    let mut place = |samples: &[f64], start_s: f64, pan: f64| {
        let start = (start_s * rate) as usize;
        // Equal power over the quarter circle.
        let turn = (pan + 1.0) / 8.0;
        let (to_left, to_right) = (cosine(turn), sine(turn));
        for (i, sample) in samples.iter().enumerate().take(count.saturating_sub(start)) {
            left[start + i] += to_left * sample;
            right[start + i] += to_right * sample;
        }
    };
    for note in &score.notes {
        let tone = Tone {
            frequency_hz: 440.0 * exp2((note.pitch - 69.0) / 12.0),
            length_s: note.length_s,
            velocity: note.velocity,
        };
        place(&note.voice.render(&tone, rate, &mut sound), note.start_s, note.pan);
    }
    let kit = Kit::tuned(&mut Rng::new(style.seed, "kit"));
    for stroke in &score.strokes {
        place(&kit.render(stroke.drum, stroke.velocity, rate, &mut sound), stroke.start_s, 0.0);
    }
    let wet = sound.between(0.1, 0.25);
    let dry = Audio { rate_hz, channels: vec![left, right] };
    let mut side = 0;
    let mixed = dry.map(|channel| {
        side += 1;
        with_room(channel, wet, side, rate)
    });
    let loud = mixed.normalised(1.6).map(|channel| channel.iter().map(|&x| soft_clip(x)).collect());
    faded(&loud.normalised(PEAK), 1.0)
}

/// Adds a room after Schroeder 1962: four feedback combs side by side, then
/// two all-passes. Delays differ between the sides for width.
fn with_room(dry: &[f64], wet: f64, side: usize, rate: f64) -> Vec<f64> {
    let mut room = vec![0.0; dry.len()];
    for delay_ms in [29.7, 37.1, 41.1, 43.7] {
        let delay = ((delay_ms + 0.9 * side as f64) * rate / 1000.0) as usize;
        let mut comb = dry.to_vec();
        for i in delay..comb.len() {
            comb[i] += 0.77 * comb[i - delay];
        }
        for (sum, x) in room.iter_mut().zip(&comb) {
            *sum += 0.25 * x;
        }
    }
    for delay_ms in [5.0, 1.7] {
        let delay = (delay_ms * rate / 1000.0) as usize;
        let mut passed = vec![0.0; room.len()];
        for i in 0..room.len() {
            let (x, y) = if i >= delay { (room[i - delay], passed[i - delay]) } else { (0.0, 0.0) };
            passed[i] = x + 0.7 * (y - room[i]);
        }
        room = passed;
    }
    dry.iter().zip(&room).map(|(d, r)| d + wet * r).collect()
}

/// The last `fade_s` seconds fall to nothing in a straight line.
fn faded(audio: &Audio, fade_s: f64) -> Audio {
    let count = audio.len();
    let fade = fade_s * f64::from(audio.rate_hz);
    audio.map(|channel| {
        let gain = |i: usize| ((count - i) as f64 / fade).min(1.0);
        channel.iter().enumerate().map(|(i, x)| x * gain(i)).collect()
    })
}
