//! One query against one recording, with the peaks that both share.
//!
//! [`Pair`] recognises the recording as [`Matcher`] would in a registry that
//! holds nothing else, and says of any overlay which peaks of the recording are
//! found in the query. It speaks in seconds and Hz, for people to look at.

use std::ops::Range;
use std::sync::Arc;

use crate::fingerprint::Fingerprint;
use crate::index::{Index, IndexError, Segment, SegmentEntry};
use crate::params::{PITCH_UNITS_PER_SEMITONE, Params};
use crate::peaks::Peak;
use crate::units::{RecordingKey, Seconds};

use super::alignment::Alignment;
use super::evidence::trials;
use super::query::Query;
use super::{Match, MatchOptions, Matcher};

/// How a recording is laid on a query.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Overlay {
    /// Position in the recording, in seconds, that sounds at 0 s of the query;
    /// negative where the recording starts later.
    pub reference_at_zero_s: Seconds,
    /// Reference seconds per query second; above 0.
    pub time_scale: f64,
    /// Pitch of the query minus pitch of the recording, in semitones.
    pub pitch_semitones: f64,
}

impl Overlay {
    /// Both from their beginnings, unchanged.
    pub const BEGINNINGS: Overlay =
        Overlay { reference_at_zero_s: 0.0, time_scale: 1.0, pitch_semitones: 0.0 };

    /// The position in the recording that sounds at a position in the query,
    /// both in seconds.
    pub fn reference_s(&self, query_s: Seconds) -> Seconds {
        self.reference_at_zero_s + self.time_scale * query_s
    }

    /// Where in the query a position in the recording sounds, both in seconds.
    pub fn query_s(&self, reference_s: Seconds) -> Seconds {
        (reference_s - self.reference_at_zero_s) / self.time_scale
    }

    /// Query Hz per reference Hz.
    pub fn frequency_ratio(&self) -> f64 {
        (self.pitch_semitones / 12.0).exp2()
    }
}

impl From<&Match> for Overlay {
    fn from(found: &Match) -> Self {
        // From the end: a start before that of the recording is stated as 0.
        let reference_at_zero_s = found.reference_end_s - found.time_scale * found.query_end_s;
        Overlay { reference_at_zero_s, time_scale: found.time_scale, pitch_semitones: found.pitch_semitones }
    }
}

/// A peak, in the units of people.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spot {
    /// Time in its file, in seconds.
    pub time_s: Seconds,
    /// Frequency, in Hz.
    pub hz: f64,
}

impl Spot {
    /// The place of a peak in a constellation that starts at `start_s` of its file.
    pub fn new(peak: &Peak, start_s: Seconds, params: &Params) -> Self {
        let octaves = f64::from(peak.pitch) / f64::from(12 * PITCH_UNITS_PER_SEMITONE);
        Spot {
            time_s: start_s + params.first_tick_s() + f64::from(peak.tick) * params.seconds_per_tick(),
            hz: f64::from(params.min_hz) * octaves.exp2(),
        }
    }
}

/// The peaks of a recording that should sound in a range of the query.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SharedPeaks {
    /// Those found there, in order of time: the query's peak, the recording's.
    pub found: Vec<(Spot, Spot)>,
    /// Peaks of the recording that were not found, in order of time.
    pub missing: Vec<Spot>,
    /// How many would be found by chance.
    pub expected_by_chance: f64,
}

impl SharedPeaks {
    /// Looks in a query, which starts at `query_start_s` of its file, for every one
    /// of a recording's stored peaks, in order of time, that an overlay puts into
    /// the range `query_s`, in seconds of the query's file.
    pub fn between(
        query: &Fingerprint,
        query_start_s: Seconds,
        stored: &[Peak],
        overlay: &Overlay,
        query_s: Range<Seconds>,
        params: &Params,
    ) -> SharedPeaks {
        let (first_s, tick_s) = (params.first_tick_s(), params.seconds_per_tick());
        let tick = |file_s: Seconds| (file_s - first_s) / tick_s;
        let alignment = Alignment {
            offset: tick(overlay.reference_s(first_s + query_start_s)),
            scale: overlay.time_scale,
            shift: overlay.pitch_semitones * f64::from(PITCH_UNITS_PER_SEMITONE),
        };
        let (from, until) = (tick(query_s.start - query_start_s), tick(query_s.end - query_start_s));
        let query = Query::new(query, params);
        let until = until.min(f64::from(query.end_tick()));
        let mut shared = SharedPeaks::default();
        for trial in trials(alignment, stored, &query, from.max(0.0), until, params.max_pitch()) {
            shared.expected_by_chance += trial.chance;
            let reference = Spot::new(
                &Peak {
                    // The trial was made from integers; this gives them back.
                    tick: alignment.reference_tick(trial.tick).round() as u32,
                    pitch: (trial.pitch - alignment.shift).round() as u16,
                    strength: 0,
                },
                0.0,
                params,
            );
            match trial.found.and_then(|i| query.peaks().get(i as usize)) {
                Some(peak) => shared.found.push((Spot::new(peak, query_start_s, params), reference)),
                None => shared.missing.push(reference),
            }
        }
        shared
    }

    /// Peaks of the recording that were looked for.
    pub fn looked_for(&self) -> usize {
        self.found.len() + self.missing.len()
    }
}

/// A query, or a passage of one, and a recording.
pub struct Pair<'a> {
    query: &'a Fingerprint,
    query_start_s: Seconds,
    index: Index,
    params: &'a Params,
}

/// The one recording of the index.
const RECORDING: RecordingKey = RecordingKey(1);

impl<'a> Pair<'a> {
    /// Prepares both. `query` starts at `query_start_s` of its file; times in
    /// the query count from the beginning of the file.
    ///
    /// # Errors
    /// Those of [`Segment::in_memory`]; other than for want of memory, only for
    /// recordings of years.
    pub fn new(
        query: &'a Fingerprint,
        query_start_s: Seconds,
        recording: &Fingerprint,
        params: &'a Params,
    ) -> Result<Self, IndexError> {
        let entry = SegmentEntry { recording: RECORDING, fingerprint: recording };
        let segment = Segment::in_memory(params, &[entry])?;
        let index = Index::new(vec![Arc::new(segment)], Default::default());
        Ok(Pair { query, query_start_s, index, params })
    }

    /// The places where the recording is recognised in the query, best first.
    pub fn matches(&self, options: &MatchOptions) -> Vec<Match> {
        let mut found = Matcher::new(&self.index, self.params, options.clone()).identify(self.query);
        for found in &mut found {
            found.query_start_s += self.query_start_s;
            found.query_end_s += self.query_start_s;
        }
        found
    }

    /// The best candidate, however little speaks for it; none where the search
    /// proposes none that is worth following. Its grade means nothing.
    pub fn candidate(&self, options: &MatchOptions) -> Option<Match> {
        let anything = MatchOptions { possible_e_value: f64::MAX, ..options.clone() };
        self.matches(&anything).into_iter().next()
    }

    /// Looks for every peak of the recording that an overlay puts into the
    /// range `query_s`, in seconds of the query.
    pub fn shared(&self, overlay: &Overlay, query_s: Range<Seconds>) -> SharedPeaks {
        SharedPeaks::between(self.query, self.query_start_s, &self.stored(), overlay, query_s, self.params)
    }

    /// All peaks of the query.
    pub fn query_spots(&self) -> Vec<Spot> {
        self.query.peaks.iter().map(|peak| self.query_spot(peak)).collect()
    }

    /// The peaks of the recording that a registry stores.
    pub fn recording_spots(&self) -> Vec<Spot> {
        self.stored().iter().map(|peak| Spot::new(peak, 0.0, self.params)).collect()
    }

    fn query_spot(&self, peak: &Peak) -> Spot {
        Spot::new(peak, self.query_start_s, self.params)
    }

    fn stored(&self) -> Vec<Peak> {
        self.index.segments().iter().flat_map(|segment| segment.peaks(0)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    const FRAMES: u32 = 2_800;

    fn recording(params: &Params) -> Fingerprint {
        let peaks = Random::new(4).constellation(3_600, 4 * u64::from(FRAMES), params.max_pitch());
        Fingerprint { peaks, frames: FRAMES }
    }

    /// Ten seconds from 20 s, three semitones higher and a tenth faster.
    fn clip(recording: &Fingerprint, params: &Params) -> Fingerprint {
        let seconds = |s: f64| s / params.seconds_per_tick();
        let moved = recording.peaks.iter().filter_map(|peak| {
            let tick = (f64::from(peak.tick) - seconds(20.0)) / 1.1;
            let pitch = peak.pitch + 48;
            let inside = (0.0..seconds(10.0)).contains(&tick) && u32::from(pitch) < params.max_pitch();
            inside.then_some(Peak { tick: tick.round() as u32, pitch, strength: peak.strength })
        });
        let mut peaks: Vec<Peak> = moved.collect();
        peaks.sort_unstable();
        Fingerprint { peaks, frames: (seconds(10.0) / 4.0) as u32 }
    }

    #[test]
    fn the_recording_is_found_where_it_is_and_its_peaks_are_paired() {
        let params = Params::default();
        let recording = recording(&params);
        let clip = clip(&recording, &params);
        let pair = Pair::new(&clip, 100.0, &recording, &params).unwrap();
        let found = pair.matches(&MatchOptions::default());
        assert_eq!(found.len(), 1);
        assert!((100.0..101.0).contains(&found[0].query_start_s), "{found:?}");
        let overlay = Overlay::from(&found[0]);
        let first_s = params.first_tick_s();
        assert!((overlay.reference_s(100.0 + first_s) - 20.0 - first_s).abs() < 0.01, "{overlay:?}");
        assert!((overlay.query_s(overlay.reference_s(123.4)) - 123.4).abs() < 1e-9);
        let shared = pair.shared(&overlay, 100.0..110.0);
        assert!(shared.found.len() * 20 > shared.looked_for() * 19, "{}", shared.looked_for());
        assert!(shared.expected_by_chance < shared.looked_for() as f64 / 4.0);
        for (query, reference) in &shared.found {
            assert!((overlay.query_s(reference.time_s) - query.time_s).abs() < 0.02);
            assert!((query.hz / reference.hz / overlay.frequency_ratio()).log2().abs() < 0.02);
        }
        // The spots are those of stored peaks, not places near them.
        let stored = pair.recording_spots();
        assert!(shared.found.iter().all(|(_, spot)| stored.contains(spot)));
    }

    #[test]
    fn chance_is_told_from_a_wrong_overlay() {
        let params = Params::default();
        let recording = recording(&params);
        let clip = clip(&recording, &params);
        let pair = Pair::new(&clip, 0.0, &recording, &params).unwrap();
        let shared = pair.shared(&Overlay::BEGINNINGS, 0.0..10.0);
        let found = shared.found.len() as f64;
        assert!((found - shared.expected_by_chance).abs() < 3.0 * shared.expected_by_chance.sqrt());
        assert!(shared.looked_for() > 100);
    }

    #[test]
    fn unrelated_peaks_match_nowhere_and_an_empty_pair_is_no_error() {
        let params = Params::default();
        let recording = recording(&params);
        let other = Random::new(77).constellation(600, 1_800, params.max_pitch());
        let other = Fingerprint { peaks: other, frames: 450 };
        let pair = Pair::new(&other, 0.0, &recording, &params).unwrap();
        assert!(pair.matches(&MatchOptions::default()).is_empty());
        let nothing = Fingerprint { peaks: Vec::new(), frames: 0 };
        let pair = Pair::new(&nothing, 0.0, &nothing, &params).unwrap();
        assert_eq!(pair.candidate(&MatchOptions::default()), None);
        assert_eq!(pair.shared(&Overlay::BEGINNINGS, 0.0..10.0), SharedPeaks::default());
    }
}
