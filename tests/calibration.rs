//! The parts of the calibration experiment (`benches/calibration`) that can be
//! wrong without anybody noticing.

#[path = "../benches/calibration/clips.rs"]
mod clips;
#[path = "../benches/calibration/degrade.rs"]
#[allow(dead_code)]
mod degrade;
#[path = "../benches/calibration/folds.rs"]
mod folds;
#[path = "../benches/calibration/poisson.rs"]
mod poisson;
#[path = "../examples/make_testdata/synth/mod.rs"]
#[allow(dead_code)]
mod synth;
#[path = "../benches/calibration/tail.rs"]
#[allow(dead_code)]
mod tail;

use std::collections::BTreeMap;
use std::f64::consts::TAU;

use degrade::Degradation;
use synth::audio::Audio;
use synth::degrade::{Colour, noise, speed};
use synth::rng::Rng;
use tail::Observation;

const RATE_HZ: u32 = 12_000;

fn tone(hz: f64, duration_s: f64) -> Audio {
    let count = (duration_s * f64::from(RATE_HZ)) as usize;
    Audio::mono(RATE_HZ, (0..count).map(|i| (TAU * hz * i as f64 / f64::from(RATE_HZ)).sin()).collect())
}

/// Squared amplitude of the middle of a signal at one frequency, by a
/// Hann-windowed sum.
fn power_at(audio: &Audio, hz: f64) -> f64 {
    let samples = &audio.channels[0];
    let edge = samples.len() / 8;
    let part = &samples[edge..samples.len() - edge];
    // Turning a pointer is much faster than a sine for each sample.
    let pointer = |turns: f64| ((TAU * turns).cos(), (TAU * turns).sin());
    let turn = |a: (f64, f64), b: (f64, f64)| (a.0 * b.0 - a.1 * b.1, a.0 * b.1 + a.1 * b.0);
    let (wave_step, window_step) = (pointer(hz / f64::from(RATE_HZ)), pointer(1.0 / part.len() as f64));
    let (mut wave, mut window) = ((1.0, 0.0), (1.0, 0.0));
    let (mut re, mut im, mut weight) = (0.0, 0.0, 0.0);
    for x in part {
        let share = 0.5 - 0.5 * window.0;
        re += share * x * wave.0;
        im += share * x * wave.1;
        weight += share;
        wave = turn(wave, wave_step);
        window = turn(window, window_step);
    }
    4.0 * (re * re + im * im) / (weight * weight)
}

fn db(ratio: f64) -> f64 {
    10.0 * ratio.log10()
}

/// Half the chi-squared quantiles at 2 n and 2 n + 2 degrees of freedom, by SciPy.
#[test]
fn garwood_intervals() {
    let cases = [
        (0, 0.0, 3.6889),
        (1, 0.0253, 5.5716),
        (5, 1.6235, 11.6683),
        (10, 4.7954, 18.3904),
        (50, 37.1110, 65.9188),
        (1000, 938.9730, 1063.9521),
    ];
    for (count, low, high) in cases {
        let found = poisson::interval(count);
        assert!((found.0 - low).abs() < 2e-4 && (found.1 - high).abs() < 2e-4, "{count}: {found:?}");
    }
}

#[test]
fn a_poisson_probability_of_a_large_mean_does_not_underflow() {
    // The median of a Poisson distribution lies within 1 of its mean.
    assert!(poisson::at_most(3001, 3000.0) > 0.5 && poisson::at_most(2998, 3000.0) < 0.5);
}

#[test]
fn groups_are_dealt_evenly_and_whole() {
    let mut rng = Rng::new(1, "durations");
    let groups: BTreeMap<String, f64> =
        (0..40).map(|i| (format!("group {i}"), rng.between(10.0, 1000.0))).collect();
    let dealt = folds::deal(&groups, 4);
    assert_eq!(dealt, folds::deal(&groups, 4));
    assert_eq!(dealt.len(), groups.len());
    let filled: Vec<f64> = (0..4)
        .map(|fold| groups.iter().filter(|(name, _)| dealt[*name] == fold).map(|(_, s)| s).sum())
        .collect();
    let (least, most) = filled.iter().fold((f64::MAX, 0.0_f64), |(a, b), &s| (s.min(a), s.max(b)));
    assert!(most - least < 0.05 * most, "{filled:?}");
}

#[test]
fn smaller_registries_are_parts_of_larger_ones() {
    let durations = [30.0, 10.0, 20.0, 40.0];
    assert_eq!(folds::leading(&durations, 1.0), 4);
    assert_eq!(folds::leading(&durations, 0.35), 2);
    assert_eq!(folds::leading(&durations, 0.01), 1);
    assert_eq!(folds::leading(&[], 0.5), 0);
}

#[test]
fn clips_lie_in_their_recordings_and_do_not_overlap() {
    let recordings = [(7, 2.0), (8, 61.0), (9, 400.0)];
    let clips = clips::plan(&recordings, 1000, true, &mut Rng::new(3, "clips"));
    assert!(clips.len() > 30 && clips.iter().all(|clip| clip.recording != 7));
    for clip in &clips {
        let duration_s = recordings.iter().find(|r| r.0 == clip.recording).expect("a known recording").1;
        assert!(clip.start_s >= 0.0 && clip.start_s + clip.source_s() <= duration_s, "{clip:?}");
        assert_eq!(clip.other.is_some(), clip.degradation == Degradation::Mixed);
        assert!(clip.other.is_none_or(|other| other.0 != clip.recording));
    }
    for pair in clips.windows(2).filter(|pair| pair[0].recording == pair[1].recording) {
        assert!(pair[0].start_s + pair[0].source_s() < pair[1].start_s + 1e-6, "{pair:?}");
    }
}

/// −3 dB an octave, the same power in every octave of the analysed band.
#[test]
fn pink_noise_is_pink() {
    let audio = noise(Colour::Pink, RATE_HZ, 30.0, &mut Rng::new(5, "pink"));
    let octave = |low_hz: f64| {
        let count = 60;
        let power: f64 = (0..count)
            .map(|i| power_at(&audio, low_hz * (f64::from(i) / f64::from(count)).exp2()) * low_hz)
            .sum();
        db(power / f64::from(count))
    };
    let levels: Vec<f64> = [160.0, 320.0, 640.0, 1280.0, 2560.0].map(octave).to_vec();
    let mean = levels.iter().sum::<f64>() / levels.len() as f64;
    let slope = levels.iter().zip(-2..).map(|(y, x)| (y - mean) * f64::from(x)).sum::<f64>() / 10.0;
    // Octave powers are level where the slope per hertz is −3.01 dB an octave.
    assert!(slope.abs() < 0.6, "{slope} dB an octave besides the −3; {levels:?}");
}

#[test]
fn noise_has_the_level_it_is_asked_for() {
    let clip = tone(440.0, 4.0);
    for snr_db in [0, 10] {
        let noisy = Degradation::Pink { snr_db }.apply(
            &clip,
            None,
            &Audio::silence(RATE_HZ, 0.0),
            &mut Rng::new(6, ""),
        );
        let added =
            noisy.channels[0].iter().zip(&clip.channels[0]).map(|(a, b)| (a - b).powi(2)).sum::<f64>();
        let found = db(clip.power() / (added / clip.len() as f64));
        assert!((found - f64::from(snr_db)).abs() < 0.2, "{found}");
    }
}

#[test]
fn speed_moves_a_tone_and_does_not_fold_it_back() {
    for factor in [0.75, 0.97, 1.03, 1.25] {
        let moved = speed(&tone(1000.0, 4.0), factor);
        assert!((moved.duration_s() - 4.0 / factor).abs() < 0.01);
        assert!(db(power_at(&moved, 1000.0 * factor)).abs() < 0.1, "{factor}");
    }
    // 5.8 kHz becomes 7.25 kHz, which does not exist at 12 kHz and would be
    // heard at 4.75 kHz.
    let folded = db(power_at(&speed(&tone(5800.0, 4.0), 1.25), 4750.0));
    assert!(folded < -50.0, "{folded} dB");
}

#[test]
fn low_pass_cuts_at_3_khz() {
    let pass = |hz: f64| {
        let silence = Audio::silence(RATE_HZ, 0.0);
        let cut = Degradation::LowPass.apply(&tone(hz, 4.0), None, &silence, &mut Rng::new(7, ""));
        db(power_at(&cut, hz))
    };
    assert!(pass(1000.0).abs() < 0.1 && pass(2500.0).abs() < 0.5, "{} {}", pass(1000.0), pass(2500.0));
    assert!(pass(3400.0) < -50.0, "{}", pass(3400.0));
}

#[test]
fn silence_stays_finite() {
    let (silence, nothing) = (Audio::silence(RATE_HZ, 1.0), Audio::silence(RATE_HZ, 0.0));
    for degradation in [Degradation::Pink { snr_db: 0 }, Degradation::Mixed, Degradation::Babble] {
        let made = degradation.apply(&silence, Some(&silence), &nothing, &mut Rng::new(8, ""));
        assert!(made.channels[0].iter().all(|x| *x == 0.0), "{degradation:?}");
    }
}

/// Draws best matches of queries whose tail has a known slope and level.
#[test]
fn the_fit_finds_the_tail_that_was_drawn() {
    let (lambda, level) = (0.8, 1.6);
    let mut rng = Rng::new(9, "tail");
    let draw = |i: usize, rng: &mut Rng| {
        // The Gumbel distribution's quantile of a uniform number.
        let x = (level / -(1.0 - rng.unit()).ln()).ln() / lambda;
        Observation { x: (x > -10_f64.ln()).then_some(x), cluster: i % 500 }
    };
    let observations: Vec<Observation> = (0..20_000).map(|i| draw(i, &mut rng)).collect();
    for cut in [0.0, 2.0] {
        let tail = tail::fit(&observations, cut).expect("enough matches");
        assert!((tail.lambda - lambda).abs() < 3.0 * tail.lambda_error, "{tail:?}");
        assert!((tail.level - level).abs() < 3.0 * tail.level_error, "{tail:?}");
        // Without likeness in the clusters the errors are those of the plain
        // theory: λ over the root of the number, for a tail of few events.
        let plain = lambda / (tail.used as f64).sqrt();
        assert!(tail.lambda_error > 0.7 * plain && tail.lambda_error < 1.3 * plain, "{tail:?} {plain}");
    }
    assert!(tail::fit(&observations[..20], 5.0).is_none());
}

#[test]
fn the_errors_of_the_fit_grow_with_likeness_in_clusters() {
    let mut rng = Rng::new(10, "clusters");
    let mut alone = Vec::new();
    let mut alike = Vec::new();
    for cluster in 0..2000 {
        let x = (1.0 / -(1.0 - rng.unit()).ln()).ln();
        alone.push(Observation { x: Some(x), cluster });
        alike.extend([Observation { x: Some(x), cluster }; 4]);
    }
    let errors = |observations| tail::fit(observations, 0.0).map(|tail| tail.lambda_error);
    // Four times the same says nothing new.
    let (alone, alike) = (errors(&alone).expect("a fit"), errors(&alike).expect("a fit"));
    assert!((alike / alone - 1.0).abs() < 0.02, "{alike} {alone}");
}
