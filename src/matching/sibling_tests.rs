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

/// The same from another encoder: one peak in eleven is lost, others for each release.
fn release(take: &Fingerprint, number: usize) -> Fingerprint {
    let kept = take.peaks.iter().enumerate().filter(|(place, _)| !(place + 3 * number).is_multiple_of(11));
    Fingerprint { peaks: kept.map(|(_, peak)| *peak).collect(), frames: take.frames }
}

/// One peak in `one_in` is left, among `noise` others a second.
fn drowned(take: &Fingerprint, one_in: usize, noise: f64) -> Fingerprint {
    let params = Params::default();
    let ticks = u64::from(4 * take.frames);
    let count = (noise * ticks as f64 * params.seconds_per_tick()) as usize;
    let mut peaks: Vec<Peak> = take.peaks.iter().step_by(one_in).copied().collect();
    peaks.extend(Random::new(7).constellation(count, ticks, params.max_pitch()));
    peaks.sort_unstable();
    Fingerprint { peaks, frames: take.frames }
}

#[test]
fn in_noise_every_release_is_named() {
    // Without sliding, as in a large registry.
    let plan = super::search::Plan { sweep_seconds: 0.0, ..super::Effort::Standard.plan(1.4) };
    for releases in [1, 6, 60] {
        let mut all = recordings(3);
        let take = all[2].clone();
        all.extend((1..releases).map(|number| release(&take, number)));
        let library = Library::of(all);
        let matcher = Matcher::new(&library.index, &library.params, MatchOptions::default()).with_plan(plan);
        // In the short ones the query itself shows a third of the releases or fewer.
        let cases = [(6.0, 2, 40.0), (80.0, 2, 40.0), (11.0, 3, 60.0), (3.0, 2, 40.0), (3.0, 3, 40.0)];
        for (seconds, one_in, noise) in cases {
            // One release alone is not recognised in 3 s of that.
            if releases == 1 && seconds < 6.0 {
                continue;
            }
            let query = drowned(&beginning(&take, seconds), one_in, noise);
            let found = matcher.identify(&query);
            let case = format!("{releases} releases, {seconds} s, one peak in {one_in} left");
            assert_eq!(found.len(), 1, "{case}");
            let mut named: Vec<u32> = found[0].siblings.iter().map(|sibling| sibling.recording.0).collect();
            named.push(found[0].recording.0);
            named.sort_unstable();
            let expected: Vec<u32> = (2..2 + releases as u32).collect();
            assert_eq!(named, expected, "{case}");
            let whole = |m: &Match| m.query_end_s - m.query_start_s > seconds / 2.0;
            assert!(found[0].siblings.iter().all(whole), "{case}");
        }
    }
}

#[test]
fn in_noise_a_version_of_another_speed_is_named() {
    let plan = super::search::Plan { sweep_seconds: 0.0, ..super::Effort::Standard.plan(1.4) };
    let mut all = recordings(3);
    let original = all[1].clone();
    all.push(at_speed(&original, 1.2));
    let library = Library::of(all);
    let matcher = Matcher::new(&library.index, &library.params, MatchOptions::default()).with_plan(plan);
    let found = matcher.identify(&drowned(&beginning(&original, 11.0), 2, 40.0));
    assert_eq!(found.len(), 1);
    let (best, sibling) = (&found[0], &found[0].siblings[0]);
    assert_eq!((best.recording.0, sibling.recording.0, best.siblings.len()), (1, 3, 1));
    // The version is faster: less of it sounds in as much of the query.
    assert!((sibling.time_scale - 1.0 / 1.2).abs() < 0.01, "{}", sibling.time_scale);
    assert!((sibling.pitch_semitones + 3.16).abs() < 0.2, "{}", sibling.pitch_semitones);
    assert!((sibling.reference_start_s * 1.2 - best.reference_start_s).abs() < 0.5);
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
