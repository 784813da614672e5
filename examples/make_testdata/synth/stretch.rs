//! Tempo without pitch and pitch without tempo, by WSOLA (Verhelst and
//! Roelands 1993): overlapping windows are taken from near where the new
//! tempo wants them, at the offset that best continues what came before.

use super::audio::Audio;
use super::degrade::read_at;
use super::math::{cosine, semitones};

/// Window length: two periods of the lowest voice.
const WINDOW_S: f64 = 0.06;
/// How far a window may stray from its nominal place to fit.
const SEARCH_S: f64 = 0.012;

/// `factor` times as fast at the same pitch.
pub fn tempo(audio: &Audio, factor: f64) -> Audio {
    let rate = f64::from(audio.rate_hz);
    audio.map(|channel| wsola(channel, factor, rate))
}

/// Moved by `interval` semitones at the same tempo.
pub fn pitch(audio: &Audio, interval: f64) -> Audio {
    let ratio = semitones(interval);
    tempo(audio, 1.0 / ratio).map(|channel| read_at(channel, ratio))
}

fn wsola(signal: &[f64], factor: f64, rate: f64) -> Vec<f64> {
    let window = (WINDOW_S * rate) as usize / 2 * 2;
    let hop = window / 2;
    let search = (SEARCH_S * rate) as usize;
    let windows = (signal.len() as f64 / factor) as usize / hop;
    let mut output = vec![0.0; (windows + 1) * hop];
    let at = |i: usize| signal.get(i).copied().unwrap_or(0.0);
    let mut from = 0;
    for number in 0..windows {
        let nominal = (number as f64 * hop as f64 * factor) as usize;
        if number > 0 {
            let natural = from + hop;
            from = best_fit(signal, natural, nominal.saturating_sub(search), nominal + search, hop);
        }
        for i in 0..window {
            let weight = 0.5 - 0.5 * cosine(i as f64 / window as f64);
            output[number * hop + i] += weight * at(from + i);
        }
    }
    output
}

/// The start in `low..=high` whose first `length` samples correlate best with
/// those at `natural`; every fourth sample is enough to choose by.
fn best_fit(signal: &[f64], natural: usize, low: usize, high: usize, length: usize) -> usize {
    let at = |i: usize| signal.get(i).copied().unwrap_or(0.0);
    let mut best = (f64::NEG_INFINITY, low);
    for start in low..=high {
        let mut product = 0.0;
        let mut power = 1e-9;
        for i in (0..length).step_by(4) {
            let x = at(start + i);
            product += x * at(natural + i);
            power += x * x;
        }
        let fit = product / power.sqrt();
        if fit > best.0 {
            best = (fit, start);
        }
    }
    best.1
}
