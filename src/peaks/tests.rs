//! The streaming picker against a plain one over whole arrays.

use crate::params::Params;
use crate::random::Random;
use crate::spectrum::{LogPower, Stft};

use super::{Peak, PeakPicker, sparse, strongest_per_block};

/// Positions (frame, bin) of all local maxima, by looking at every
/// neighbourhood.
fn naive_positions(frames: &[Vec<LogPower>], params: &Params) -> Vec<(usize, usize)> {
    let (first, last) = Stft::bins(params);
    let reach_frames = params.peak_reach_frames as usize;
    let mut found = Vec::new();
    for (t, frame) in frames.iter().enumerate() {
        for b in 1..frame.len() - 1 {
            let bin = (first + b) as f64;
            let width = bin * f64::from(params.peak_reach_permille) / 1000.0;
            let near = |other: usize| {
                let other = (first + other) as f64;
                other >= (bin - width).ceil().max(first as f64)
                    && other <= (bin + width).floor().min(last as f64)
            };
            let value = frame[b];
            let beaten =
                (t.saturating_sub(reach_frames)..=t + reach_frames).filter(|&u| u < frames.len()).any(|u| {
                    (0..frame.len()).filter(|&c| near(c) && (u, c) != (t, b)).any(|c| {
                        // The earlier of equals wins, within a frame and between frames.
                        if (u, c) < (t, b) { frames[u][c] >= value } else { frames[u][c] > value }
                    })
                });
            if !beaten && value > frame[b - 1] && value > frame[b + 1] {
                found.push((t, b));
            }
        }
    }
    found
}

fn noise_frames(count: usize, seed: u64, params: &Params) -> Vec<Vec<LogPower>> {
    let (first, last) = Stft::bins(params);
    let mut random = Random::new(seed);
    // Few different values, so that ties occur.
    (0..count).map(|_| (first..=last).map(|_| (random.below(60) * 100) as LogPower).collect()).collect()
}

#[test]
fn finds_what_a_plain_search_finds() {
    let params = Params { dense_peaks_per_block: 100_000, ..Params::default() };
    let (first, _) = Stft::bins(&params);
    for (count, seed) in [(1, 1), (2, 2), (5, 3), (17, 4), (40, 5), (90, 6)] {
        let frames = noise_frames(count, seed, &params);
        let mut picker = PeakPicker::new(&params);
        frames.iter().for_each(|f| picker.push(f));
        let (peaks, seen) = picker.finish();
        assert_eq!(seen, count);
        let mut found: Vec<(u32, u16)> = peaks.iter().map(|p| (p.tick, p.pitch)).collect();
        let wanted = naive_positions(&frames, &params);
        // The refined position stays within half a frame and half a bin.
        for (frame, b) in &wanted {
            let hz = |bin: f64| bin * f64::from(params.rate_hz) / f64::from(params.window_samples);
            let pitch = |hz: f64| 192.0 * (hz / f64::from(params.min_hz)).log2();
            let low = pitch(hz((first + b) as f64 - 0.5)) - 0.5;
            let high = pitch(hz((first + b) as f64 + 0.5)) + 0.5;
            let at = found.iter().position(|(tick, p)| {
                tick.abs_diff(4 * *frame as u32) <= 2 && (low..=high).contains(&f64::from(*p))
            });
            let in_range = low >= 0.0 && high <= f64::from(params.max_pitch());
            match at {
                Some(i) => drop(found.swap_remove(i)),
                None => assert!(!in_range, "peak at frame {frame}, bin {b} of {count} frames is missing"),
            }
        }
        assert!(found.is_empty(), "{count} frames: {found:?} are no peaks");
    }
}

#[test]
fn keeps_the_strongest_of_each_block() {
    let all = Params { dense_peaks_per_block: 100_000, ..Params::default() };
    let few = Params { dense_peaks_per_block: 7, ..Params::default() };
    let frames = noise_frames(100, 9, &all);
    let run = |params: &Params| {
        let mut picker = PeakPicker::new(params);
        frames.iter().for_each(|f| picker.push(f));
        picker.finish().0
    };
    let (all_peaks, kept) = (run(&all), run(&few));
    assert!(kept.is_sorted());
    for block in 0..4 {
        let of = |peaks: &[Peak]| -> Vec<u8> {
            let ticks = block * 128 - 2..(block + 1) * 128 - 2;
            let mut strengths: Vec<u8> =
                peaks.iter().filter(|p| ticks.contains(&(p.tick as i32))).map(|p| p.strength).collect();
            strengths.sort_unstable_by(|a, b| b.cmp(a));
            strengths
        };
        let (kept, all) = (of(&kept), of(&all_peaks));
        assert!(kept.len() <= 8, "{} peaks kept in block {block}", kept.len());
        assert_eq!(kept[..6], all[..6], "block {block} lost a strong peak");
    }
}

#[test]
fn sparse_peaks_are_not_overshadowed() {
    let params = Params::default();
    let mut random = Random::new(3);
    let dense = random.constellation(4000, 20_000, params.max_pitch());
    let kept = sparse(&dense, &params);
    assert!(kept.is_sorted() && !kept.is_empty() && kept.len() < dense.len());
    for peak in &kept {
        let overshadowed = dense.iter().any(|o| {
            o.strength > peak.strength
                && o.tick.abs_diff(peak.tick) <= 4 * params.sparse_reach_frames
                && u32::from(o.pitch.abs_diff(peak.pitch)) <= params.sparse_reach_pitch
        });
        assert!(!overshadowed, "{peak:?} stands in the shadow of a stronger peak");
    }
    let block = params.block_ticks();
    for group in kept.chunk_by(|a, b| a.tick / block == b.tick / block) {
        assert!(group.len() <= params.sparse_peaks_per_block as usize);
    }
    assert_eq!(strongest_per_block(&kept, 1000, &params), kept);
}
