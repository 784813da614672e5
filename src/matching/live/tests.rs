//! Streams whose answers are known.

use super::super::tests::Library;
use super::*;
use crate::random::Random;

const STEP_S: f64 = 5.462;

/// Parts one after another: a recording from a position, or none.
fn stream(library: &Library, parts: &[(Option<usize>, f64, f64)]) -> Fingerprint {
    let mut all = Fingerprint { peaks: Vec::new(), frames: 0 };
    let mut random = Random::new(5);
    for (number, from_s, seconds) in parts {
        let part = match number {
            Some(number) => library.play(*number, *from_s, *seconds, (1.0, 0), 0.2),
            None => {
                let ticks = seconds / library.params.seconds_per_tick();
                let count = (60.0 * seconds) as usize;
                let peaks = random.constellation(count, ticks as u64, library.params.max_pitch());
                Fingerprint { peaks, frames: (ticks / 4.0) as u32 }
            }
        };
        let start = 4 * all.frames;
        all.peaks.extend(part.peaks.iter().map(|p| Peak { tick: p.tick + start, ..*p }));
        all.frames += part.frames;
    }
    all.peaks.sort_unstable();
    all
}

/// The events of a stream of which `frames` frames come at a time.
fn events(library: &Library, stream: &Fingerprint, frames: u32) -> Vec<LiveEvent> {
    let mut matcher = LiveMatcher::new(&library.index, &library.params, MatchOptions::default());
    let (mut events, mut at) = (Vec::new(), 0);
    loop {
        let until = (at + frames).min(stream.frames);
        let peaks = stream.peaks.iter().filter(|p| (4 * at..4 * until).contains(&p.tick));
        let settled = Settled {
            origin_frame: u64::from(at),
            peaks: peaks.map(|p| Peak { tick: p.tick - 4 * at, ..*p }).collect(),
            frames: u64::from(until),
        };
        if until == stream.frames {
            events.extend(matcher.finish(settled));
            return events;
        }
        events.extend(matcher.push(settled));
        assert!(matcher.kept.len() < 10_000, "memory is bounded");
        at = until;
    }
}

/// Number, kind and recording of each event.
fn told(events: &[LiveEvent]) -> Vec<(u64, LiveKind, u32)> {
    events.iter().map(|e| (e.number, e.kind, e.found.recording.0)).collect()
}

#[test]
fn each_recording_begins_and_ends_once_whatever_the_pieces() {
    let library = Library::new();
    let parts = [
        (None, 0.0, 20.0),
        (Some(3), 5.0, 40.0),
        (None, 0.0, 30.0),
        (Some(7), 0.0, 60.0),
        (Some(1), 30.0, 8.0),
    ];
    let stream = stream(&library, &parts);
    let whole = events(&library, &stream, u32::MAX / 2);
    use LiveKind::{Begun, Ended};
    let due = [(1, Begun, 3), (1, Ended, 3), (2, Begun, 7), (2, Ended, 7), (3, Begun, 1), (3, Ended, 1)];
    let mut by_number = told(&whole);
    by_number.sort();
    let mut sorted = due.to_vec();
    sorted.sort();
    assert_eq!(by_number, sorted, "{whole:?}");
    for frames in [32, 100, 1_000] {
        assert_eq!(events(&library, &stream, frames), whole, "{frames} frames at a time");
    }
    for (number, (start, from_s, seconds)) in
        [(1, (20.0, 5.0, 40.0)), (2, (90.0, 0.0, 60.0)), (3, (150.0, 30.0, 8.0))]
    {
        let of = |kind| whole.iter().find(|e| e.number == number && e.kind == kind).unwrap();
        let (begun, ended) = (of(Begun), of(Ended));
        // A stretch of which half is the recording, and the next, see it.
        assert!(begun.heard_s - start <= 2.0 * STEP_S + 0.1, "{begun:?}");
        assert!((begun.found.query_start_s - start).abs() < 0.7, "{begun:?}");
        assert!(begun.found.query_end_s <= begun.heard_s + 0.1, "{begun:?}");
        let found = &ended.found;
        assert!((found.query_start_s - start).abs() < 0.7, "{ended:?}");
        assert!((found.query_end_s - start - seconds).abs() < 0.7, "{ended:?}");
        assert!((found.reference_start_s - from_s).abs() < 0.8, "{ended:?}");
        assert!((found.reference_end_s - from_s - seconds).abs() < 0.8, "{ended:?}");
        assert!((0.6..0.95).contains(&found.agreement), "{ended:?}");
        assert!(found.e_value <= 0.001, "{ended:?}");
    }
    // What was played to its end is over soon, what was broken off 15 s later.
    let ends: Vec<f64> =
        [1, 2].map(|n| whole.iter().find(|e| (e.number, e.kind) == (n, Ended)).unwrap().heard_s).to_vec();
    assert!(ends[0] > 75.0 && ends[0] < 60.0 + 15.0 + STEP_S + 1.0, "{ends:?}");
    assert!(ends[1] < 150.0 + 2.0 + STEP_S + 1.0, "{ends:?}");
}

#[test]
fn the_same_recording_later_is_a_new_match_and_after_a_short_gap_it_is_not() {
    let library = Library::new();
    let parts = [(Some(4), 0.0, 20.0), (None, 0.0, 40.0), (Some(4), 10.0, 20.0)];
    let found = events(&library, &stream(&library, &parts), 100);
    assert_eq!(found.iter().map(|e| e.number).max(), Some(2), "{found:?}");
    assert_eq!(found.len(), 4);
    let parts = [(Some(4), 0.0, 20.0), (None, 0.0, 6.0), (Some(4), 26.0, 20.0)];
    let found = events(&library, &stream(&library, &parts), 100);
    assert_eq!(told(&found), [(1, LiveKind::Begun, 4), (1, LiveKind::Ended, 4)], "{found:?}");
    assert!((found[1].found.query_end_s - 46.0).abs() < 0.7, "{found:?}");
}

#[test]
fn two_at_once_are_both_told() {
    let library = Library::new();
    let mut both = library.play(1, 10.0, 20.0, (1.0, 0), 0.2);
    both.peaks.extend(library.play(2, 30.0, 20.0, (1.0, 0), 0.2).peaks);
    both.peaks.sort_unstable();
    let found = events(&library, &both, 100);
    let mut begun: Vec<u32> =
        found.iter().filter(|e| e.kind == LiveKind::Begun).map(|e| e.found.recording.0).collect();
    begun.sort_unstable();
    assert_eq!((begun, found.len()), (vec![1, 2], 4), "{found:?}");
}

#[test]
fn changed_speed_and_pitch_are_followed() {
    let library = Library::new();
    let query = library.play(5, 0.0, 45.0, (1.25, 62), 0.2);
    let found = events(&library, &query, 100);
    assert_eq!(told(&found), [(1, LiveKind::Begun, 5), (1, LiveKind::Ended, 5)], "{found:?}");
    let ended = &found[1].found;
    assert!((ended.time_scale / 1.25 - 1.0).abs() < 0.002, "{ended:?}");
    assert!((ended.reference_end_s - 1.25 * 45.0).abs() < 0.8, "{ended:?}");
}

/// A recording whose first half comes again as its second, followed by more: which
/// half it is shows only when it goes on.
#[test]
fn a_place_that_proves_wrong_is_put_right_without_a_new_match() {
    let source = Library::new();
    let verse = source.play(0, 0.0, 20.0, (1.0, 0), 0.0);
    let (bridge, end) = (source.play(1, 0.0, 20.0, (1.0, 0), 0.0), source.play(2, 0.0, 20.0, (1.0, 0), 0.0));
    let song = |parts: [&Fingerprint; 4]| {
        let mut all = Fingerprint { peaks: Vec::new(), frames: 0 };
        for part in parts {
            let start = 4 * all.frames;
            all.peaks.extend(part.peaks.iter().map(|p| Peak { tick: p.tick + start, ..*p }));
            all.frames += part.frames;
        }
        all.peaks.sort_unstable();
        all
    };
    let library = Library::of(vec![song([&verse, &bridge, &verse, &end])]);
    // From the second verse on.
    let query = library.play(0, 40.0, 40.0, (1.0, 0), 0.1);
    let found = events(&library, &query, 100);
    assert_eq!(told(&found), [(1, LiveKind::Begun, 0), (1, LiveKind::Ended, 0)], "{found:?}");
    let ended = &found[1].found;
    assert!((ended.reference_start_s - ended.query_start_s - 40.0).abs() < 0.2, "{ended:?}");
    assert!((ended.query_end_s - 40.0).abs() < 0.7, "{ended:?}");
}

#[test]
fn nothing_is_told_of_what_is_not_registered_nor_of_too_little() {
    let library = Library::new();
    let nothing = stream(&library, &[(None, 0.0, 300.0)]);
    assert_eq!(events(&library, &nothing, 100), []);
    let short = library.play(3, 10.0, 0.7, (1.0, 0), 0.0);
    assert_eq!(events(&library, &short, 100), []);
    let empty = Fingerprint { peaks: Vec::new(), frames: 0 };
    assert_eq!(events(&library, &empty, 100), []);
}

/// A year into a stream nothing overflows, and the answers are those of its start.
#[test]
fn a_stream_may_be_old() {
    let library = Library::new();
    let query = stream(&library, &[(None, 0.0, 20.0), (Some(3), 5.0, 40.0)]);
    let young = events(&library, &query, u32::MAX / 2);
    // A multiple of the step, beyond 2^32 ticks.
    let old_frames = (1_u64 << 33) / 4;
    let mut matcher = LiveMatcher::new(&library.index, &library.params, MatchOptions::default());
    matcher.searched = 4 * old_frames;
    matcher.base = matcher.searched;
    let settled = Settled {
        origin_frame: old_frames,
        peaks: query.peaks.clone(),
        frames: old_frames + u64::from(query.frames),
    };
    let old = matcher.finish(settled);
    assert_eq!(told(&old), told(&young));
    let age_s = 4.0 * old_frames as f64 * library.params.seconds_per_tick();
    for (old, young) in old.iter().zip(&young) {
        assert!((old.found.query_start_s - age_s - young.found.query_start_s).abs() < 1e-3);
        assert_eq!(old.found.reference_start_s, young.found.reference_start_s);
    }
}
