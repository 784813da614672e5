//! No registered recording hides another that holds the same audio.

use crate::fingerprint::Fingerprint;
use crate::params::Params;
use crate::peaks::Peak;
use crate::random::Random;

use super::tests::Library;
use super::{Match, MatchOptions, Matcher};

/// A minute and a half at 60 random peaks a second: longer than what is searched
/// with all means.
const FRAMES: u32 = 4_220;

fn recordings(count: u64) -> Vec<Fingerprint> {
    let max_pitch = Params::default().max_pitch();
    (0..count)
        .map(|seed| Fingerprint {
            peaks: Random::new(500 + seed).constellation(5_400, u64::from(4 * FRAMES), max_pitch),
            frames: FRAMES,
        })
        .collect()
}

/// The same played faster or slower.
fn at_speed(recording: &Fingerprint, speed: f64) -> Fingerprint {
    let shift = (speed.log2() * 12.0 * 16.0).round() as i32;
    let max_pitch = Params::default().max_pitch() as i32;
    let moved = recording.peaks.iter().filter_map(|peak| {
        let pitch = i32::from(peak.pitch) + shift;
        let tick = (f64::from(peak.tick) / speed).round() as u32;
        (0..=max_pitch).contains(&pitch).then_some(Peak { tick, pitch: pitch as u16, ..*peak })
    });
    let mut peaks: Vec<Peak> = moved.collect();
    peaks.sort_unstable();
    Fingerprint { peaks, frames: (f64::from(recording.frames) / speed) as u32 }
}

/// The first `seconds` of a recording.
fn beginning(recording: &Fingerprint, seconds: f64) -> Fingerprint {
    let ticks = (seconds / Params::default().seconds_per_tick()) as u32;
    let peaks = recording.peaks.iter().filter(|p| p.tick < ticks).copied().collect();
    Fingerprint { peaks, frames: ticks / 4 }
}

/// Keys of the recordings in the order of the registry, siblings too.
fn named(library: &Library, query: &Fingerprint) -> Vec<u32> {
    let found = Matcher::new(&library.index, &library.params, MatchOptions::default()).identify(query);
    let all = found.iter().flat_map(|m: &Match| std::iter::once(m).chain(&m.siblings));
    let mut keys: Vec<u32> = all.map(|m| m.recording.0).collect();
    keys.sort_unstable();
    keys.dedup();
    keys
}

#[test]
fn a_sped_up_version_does_not_hide_the_original() {
    let mut all = recordings(3);
    let faster = at_speed(&all[1], 1.2);
    all.push(faster.clone());
    let library = Library::of(all);
    for seconds in [5.0, 10.0, 30.0, 70.0] {
        assert_eq!(named(&library, &beginning(&faster, seconds)), [1, 3], "{seconds} s");
    }
}

#[test]
fn of_many_releases_of_one_take_none_is_left_out() {
    for releases in [1, 6, 60] {
        let mut all = recordings(3);
        for _ in 0..releases {
            all.push(all[2].clone());
        }
        let library = Library::of(all);
        let expected: Vec<u32> = (2..3 + releases).collect();
        for seconds in [5.0, 80.0] {
            let query = beginning(&recordings(3)[2], seconds);
            assert_eq!(named(&library, &query), expected, "{releases} more releases, {seconds} s");
        }
    }
}

#[test]
fn what_a_recording_holds_of_another_is_named_wherever_it_begins() {
    let mut all = recordings(3);
    // 15 s of recording 1 lie in recording 2 from 40 s on, among notes of its own.
    let tick = |s: f64| (s / Params::default().seconds_per_tick()) as u32;
    let (sampled, place) = (tick(20.0)..tick(35.0), tick(40.0));
    let sample = all[1].peaks.iter().filter(|p| sampled.contains(&p.tick));
    let sample: Vec<Peak> = sample.map(|p| Peak { tick: p.tick - sampled.start + place, ..*p }).collect();
    all[2].peaks.extend(sample);
    all[2].peaks.sort_unstable();
    let song = all[2].clone();
    let library = Library::of(all);
    assert_eq!(named(&library, &song), [1, 2]);
    assert_eq!(named(&library, &beginning(&song, 60.0)), [1, 2]);
    assert_eq!(named(&library, &beginning(&song, 35.0)), [2]);
}

#[test]
fn in_noise_the_releases_are_named_or_said_to_be_missing() {
    let params = Params::default();
    // Without sliding, as in a large registry, and with few candidates.
    let plan = super::search::Plan { sweep_seconds: 0.0, ..super::Effort::Standard.plan(1.4) };
    for releases in [1, 7, 12] {
        let mut all = recordings(3);
        let take = all[2].clone();
        all.extend((1..releases).map(|release| {
            // Each from another encoder.
            let kept = take.peaks.iter().enumerate().filter(|(place, _)| (place + 3 * release) % 11 != 0);
            Fingerprint { peaks: kept.map(|(_, peak)| *peak).collect(), frames: FRAMES }
        }));
        let library = Library::of(all);
        for seconds in [6.0, 80.0] {
            // Every other note is drowned.
            let heard = beginning(&take, seconds);
            let ticks = u64::from(4 * heard.frames);
            let noise = (40.0 * seconds) as usize;
            let mut peaks: Vec<Peak> = heard
                .peaks
                .iter()
                .enumerate()
                .filter(|(place, _)| place % 2 == 0)
                .map(|(_, peak)| *peak)
                .collect();
            peaks.extend(Random::new(7).constellation(noise, ticks, params.max_pitch()));
            peaks.sort_unstable();
            let query = Fingerprint { peaks, frames: heard.frames };
            let matcher =
                Matcher::new(&library.index, &library.params, MatchOptions::default()).with_plan(plan);
            let found = matcher.identify(&query);
            assert!(!found.is_empty(), "{releases} releases, {seconds} s");
            for found in &found {
                let named = 1 + found.siblings.len();
                let whole = named == releases && !found.more_siblings;
                assert!(whole || found.more_siblings, "{named} of {releases} releases, {seconds} s");
            }
        }
    }
}

#[test]
fn a_recording_that_repeats_itself_is_no_crowd() {
    let mut all = recordings(3);
    // Two seconds, again and again.
    let bar = (2.0 / Params::default().seconds_per_tick()) as u32;
    let first: Vec<Peak> = all[1].peaks.iter().filter(|p| p.tick < bar).copied().collect();
    let turns = 4 * FRAMES / bar;
    let again = |turn: u32| first.iter().map(move |p| Peak { tick: p.tick + turn * bar, ..*p });
    all[1].peaks = (0..turns).flat_map(again).collect();
    let song = all[1].clone();
    let library = Library::of(all);
    for seconds in [3.0, 10.0, 80.0] {
        let query = beginning(&song, seconds);
        let found = Matcher::new(&library.index, &library.params, MatchOptions::default()).identify(&query);
        assert!(!found.is_empty(), "{seconds} s");
        for found in found {
            assert_eq!((found.recording.0, found.siblings.len(), found.more_siblings), (1, 0, false));
        }
    }
}
