//! The whole search on constellations whose answers are known.

use std::ops::Range;
use std::sync::Arc;

use crate::fingerprint::Fingerprint;
use crate::index::{Index, Segment, SegmentEntry, write_segment};
use crate::params::Params;
use crate::peaks::Peak;
use crate::random::Random;
use crate::units::RecordingKey;

use super::{Grade, Match, MatchOptions, Matcher};

/// Ten recordings of 60 s, 60 random peaks a second.
pub(super) struct Library {
    recordings: Vec<Fingerprint>,
    pub(super) index: Index,
    pub(super) params: Params,
}

const FRAMES: u32 = 2812;

impl Library {
    pub(super) fn new() -> Self {
        let params = Params::default();
        let mut random = Random::new(21);
        let recordings = (0..10).map(|_| Fingerprint {
            peaks: random.constellation(3600, u64::from(4 * FRAMES), params.max_pitch()),
            frames: FRAMES,
        });
        Self::of(recordings.collect())
    }

    pub(super) fn of(recordings: Vec<Fingerprint>) -> Self {
        let params = Params::default();
        let index = Index::of(&params, &recordings);
        Library { recordings, index, params }
    }

    /// `seconds` of a recording from `from_s`, at a time scale and pitch shift,
    /// with a share of its peaks lost and as many random ones added.
    pub(super) fn play(
        &self,
        number: usize,
        from_s: f64,
        seconds: f64,
        change: (f64, i32),
        lost: f64,
    ) -> Fingerprint {
        let (scale, shift) = change;
        let tick_s = self.params.seconds_per_tick();
        let mut random = Random::new(99 + number as u64);
        let length = seconds / tick_s;
        let mut peaks: Vec<Peak> = self.recordings[number]
            .peaks
            .iter()
            .filter_map(|p| {
                let tick = (f64::from(p.tick) - from_s / tick_s) / scale;
                let pitch = i32::from(p.pitch) + shift;
                let inside =
                    (0.0..length).contains(&tick) && (0..=self.params.max_pitch() as i32).contains(&pitch);
                (inside && random.unit() >= lost).then_some(Peak {
                    tick: tick.round() as u32,
                    pitch: pitch as u16,
                    strength: p.strength,
                })
            })
            .collect();
        let noise = (60.0 * seconds * lost) as usize;
        peaks.extend(random.constellation(noise, length as u64, self.params.max_pitch()));
        peaks.sort_unstable();
        Fingerprint { peaks, frames: (length / 4.0) as u32 }
    }

    fn identify(&self, query: &Fingerprint) -> Vec<Match> {
        Matcher::new(&self.index, &self.params, MatchOptions::default()).identify(query)
    }
}

fn check(m: &Match, number: u32, from_s: f64, seconds: f64, scale: f64, shift: i32) {
    assert_eq!((m.recording, m.grade), (RecordingKey(number), Grade::Match));
    let expected = from_s + m.query_start_s * scale;
    assert!((m.reference_start_s - expected).abs() < 0.1, "{m:?} should start at {expected} s");
    assert!((m.time_scale / scale - 1.0).abs() < 0.003, "{m:?} should have time scale {scale}");
    assert!((m.pitch_semitones - f64::from(shift) / 16.0).abs() < 0.1, "{m:?}");
    assert!(m.query_start_s < 0.7 && m.query_end_s > seconds - 0.7, "{m:?} should last {seconds} s");
}

#[test]
fn finds_place_speed_and_pitch() {
    let library = Library::new();
    let cases = [
        (0, 10.0, 10.0, 1.0, 0, 0.0),
        (3, 25.5, 5.0, 1.0, 0, 0.6),
        (4, 3.2, 10.0, 1.0, 0, 0.8),
        (5, 20.0, 10.0, 1.25, 62, 0.2),
        (6, 20.0, 10.0, 0.8, -62, 0.2),
        (7, 12.0, 10.0, 1.15, 0, 0.2),
        (8, 30.0, 10.0, 1.0, -48, 0.2),
        (9, 0.0, 60.0, 1.0, 0, 0.5),
    ];
    for (number, from_s, seconds, scale, shift, lost) in cases {
        let query = library.play(number, from_s, seconds, (scale, shift), lost);
        let matches = library.identify(&query);
        assert_eq!(matches.len(), 1, "recording {number}: {matches:?}");
        check(&matches[0], number as u32, from_s, seconds, scale, shift);
    }
}

#[test]
fn finds_both_of_two_at_once_and_the_parts_of_a_medley() {
    let library = Library::new();
    let mut both = library.play(1, 10.0, 10.0, (1.0, 0), 0.2);
    both.peaks.extend(library.play(2, 40.0, 10.0, (1.0, 0), 0.2).peaks);
    both.peaks.sort_unstable();
    let mut found: Vec<u32> = library.identify(&both).iter().map(|m| m.recording.0).collect();
    found.sort_unstable();
    assert_eq!(found, [1, 2]);

    let mut medley = Fingerprint { peaks: Vec::new(), frames: 0 };
    for (number, from_s) in [(3, 5.0), (7, 22.0), (1, 30.0)] {
        let part = library.play(number, from_s, 20.0, (1.02, 5), 0.3);
        let start = 4 * medley.frames;
        medley.peaks.extend(part.peaks.iter().map(|p| Peak { tick: p.tick + start, ..*p }));
        medley.frames += part.frames;
    }
    medley.peaks.sort_unstable();
    let mut matches = library.identify(&medley);
    matches.sort_by(|a, b| a.query_start_s.total_cmp(&b.query_start_s));
    let found: Vec<u32> = matches.iter().map(|m| m.recording.0).collect();
    assert_eq!(found, [3, 7, 1], "{matches:?}");
    for (i, m) in matches.iter().enumerate() {
        let start = 20.0 * i as f64;
        assert!((m.query_start_s - start).abs() < 1.0 && (m.query_end_s - start - 20.0).abs() < 1.0, "{m:?}");
    }
}

#[test]
fn finds_nothing_in_what_is_not_registered() {
    let library = Library::new();
    let mut random = Random::new(77);
    for seconds in [0, 1, 5, 30] {
        let ticks = (seconds as f64 / library.params.seconds_per_tick()) as u64;
        let peaks = random.constellation(90 * seconds, ticks.max(1), library.params.max_pitch());
        let query = Fingerprint { peaks, frames: (ticks / 4) as u32 };
        assert_eq!(library.identify(&query), [], "{seconds} s of random peaks");
    }
}

#[test]
fn a_removed_recording_is_not_found() {
    let library = Library::new();
    let query = library.play(3, 10.0, 10.0, (1.0, 0), 0.1);
    let index = Index::new(library.index.segments().to_vec(), [3].into_iter().collect());
    let matches = Matcher::new(&index, &library.params, MatchOptions::default()).identify(&query);
    assert_eq!(matches, []);
}

#[test]
fn several_segments_answer_like_one() {
    let library = Library::new();
    let folder = tempfile::tempdir().unwrap();
    let segments = library.recordings.iter().zip(0..).map(|(fingerprint, key)| {
        let path = folder.path().join(format!("{key}.seg"));
        let entry = SegmentEntry { recording: RecordingKey(key), fingerprint };
        write_segment(&path, &library.params, &[entry]).unwrap();
        Arc::new(Segment::open(&path, &library.params).unwrap())
    });
    let index = Index::new(segments.collect(), Default::default());
    let matcher = Matcher::new(&index, &library.params, MatchOptions::default());
    let query = library.play(6, 20.0, 10.0, (0.9, -20), 0.3);
    let (one, many) = (library.identify(&query), matcher.identify(&query));
    assert_eq!(one.len(), 1);
    assert_eq!(one, many);
}

/// The peaks of `from` within `ticks`, moved to start at `to`.
fn excerpt(from: &Fingerprint, ticks: Range<u32>, to: u32) -> Vec<Peak> {
    let inside = from.peaks.iter().filter(|p| ticks.contains(&p.tick));
    inside.map(|p| Peak { tick: p.tick - ticks.start + to, ..*p }).collect()
}

#[test]
fn recordings_that_share_the_audio_come_as_one_group() {
    let mut recordings = Library::new().recordings;
    // An edit: the second quarter of recording 2 opens recording 10, whose rest
    // is of its own; recording 11 is recording 2 once more.
    let quarter = 4 * FRAMES / 4;
    let own = recordings[9].peaks.iter().filter(|p| p.tick >= quarter).copied();
    let mut edit = excerpt(&recordings[2], quarter..2 * quarter, 0);
    edit.extend(own);
    edit.sort_unstable();
    recordings.push(Fingerprint { peaks: edit, frames: FRAMES });
    recordings.push(recordings[2].clone());
    let library = Library::of(recordings);

    let quarter_s = f64::from(quarter) * library.params.seconds_per_tick();
    let query = library.play(2, quarter_s + 2.0, 10.0, (1.0, 0), 0.3);
    let matches = library.identify(&query);
    assert_eq!(matches.len(), 1, "one passage: {matches:?}");
    let mut group = vec![matches[0].recording.0];
    group.extend(matches[0].siblings.iter().map(|s| s.recording.0));
    group.sort_unstable();
    assert_eq!(group, [2, 10, 11], "{matches:?}");
    for found in std::iter::once(&matches[0]).chain(&matches[0].siblings) {
        let start = if found.recording.0 == 10 { 2.0 } else { quarter_s + 2.0 };
        check(found, found.recording.0, start, 10.0, 1.0, 0);
    }

    // Where the edit ends, only those that go on are left to explain it.
    let query = library.play(2, 2.0 * quarter_s + 1.0, 10.0, (1.0, 0), 0.3);
    let matches = library.identify(&query);
    let siblings: Vec<u32> = matches[0].siblings.iter().map(|s| s.recording.0).collect();
    assert!(matches.len() == 1 && !siblings.contains(&10) && siblings.len() == 1, "{matches:?}");
}

#[test]
fn the_other_places_of_a_repeated_passage_are_listed() {
    let mut recordings = Library::new().recordings;
    // The first quarter of recording 4 comes again as its third.
    let quarter = 4 * FRAMES / 4;
    let (third, rest) = (2 * quarter..3 * quarter, recordings[4].clone());
    let mut peaks: Vec<Peak> = rest.peaks.iter().filter(|p| !third.contains(&p.tick)).copied().collect();
    peaks.extend(excerpt(&rest, 0..quarter, third.start));
    peaks.sort_unstable();
    recordings[4] = Fingerprint { peaks, frames: FRAMES };
    let library = Library::of(recordings);

    let quarter_s = f64::from(quarter) * library.params.seconds_per_tick();
    let matches = library.identify(&library.play(4, 3.0, 8.0, (1.0, 0), 0.3));
    assert_eq!(matches.len(), 1, "{matches:?}");
    let found = &matches[0];
    let mut places = found.also_at_s.clone();
    places.push(found.reference_start_s);
    places.sort_by(f64::total_cmp);
    let expected = [3.0 + found.query_start_s, 3.0 + found.query_start_s + 2.0 * quarter_s];
    assert_eq!(places.len(), 2, "{found:?}");
    assert!(places.iter().zip(expected).all(|(a, b)| (a - b).abs() < 0.1), "{places:?}, not {expected:?}");

    let matches = library.identify(&library.play(4, quarter_s + 1.0, 8.0, (1.0, 0), 0.3));
    assert_eq!(matches[0].also_at_s, [0.0; 0], "what comes once has no other place");
}
