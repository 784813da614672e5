//! Recognition in a stream that may have no end.
//!
//! The peaks of the last minute are kept. Every 5.5 s the last 11 s are searched
//! with all means, unless a recording that is being followed explains them; what is
//! found is followed as the stream goes on, and over when nothing of it was heard
//! for 15 s or when it has been played to its end. Everything depends on the
//! peaks alone, not on how they come.
//!
//! | file | does |
//! |---|---|
//! | `mod` | what is searched when, and what is told |
//! | `track` | one recording that is being followed |

mod track;

use std::collections::VecDeque;
use std::mem;

use serde::{Deserialize, Serialize};

use crate::fingerprint::Fingerprint;
use crate::index::Index;
use crate::params::{Params, TICKS_PER_FRAME};
use crate::peaks::{Peak, Settled};
use crate::units::Seconds;

use super::chance::Chances;
use super::identify::{EDGE, Found, Layer, STRETCH_TICKS};
use super::query::Query;
use super::{Match, MatchOptions, Matcher};

use self::track::Track;

/// Ticks between two searches; stretches overlap by half, so that what begins
/// anywhere has half of one for itself.
const STEP_TICKS: u32 = STRETCH_TICKS / 2;

/// Ticks of the stream that are kept: 65 s. What is found is followed backwards
/// within them, and whatever lies longer back has been searched twelve times.
const KEPT_TICKS: u32 = 6 * STRETCH_TICKS;

/// The stream has no length that E-values could refer to; they refer to an hour of
/// it.
const E_VALUE_S: Seconds = 3600.0;

/// Less than this at the end of the stream is not searched once more, in ticks:
/// half a second.
const LEAST_REST_TICKS: u64 = 96;

/// Less audio in all is not searched, in seconds: landmarks span half of it.
const SHORTEST_S: Seconds = 1.0;

/// What happened in a stream.
#[derive(Clone, Debug, PartialEq)]
pub struct LiveEvent {
    /// Whether a match was confirmed or is over.
    pub kind: LiveKind,
    /// The match, counted from 1 in the order of confirmation.
    pub number: u64,
    /// How much of the stream had been searched by then, in seconds.
    pub heard_s: Seconds,
    /// The match, its query times counted from the start of the stream, and its
    /// E-value for an hour of it. When it has begun: as far as it was heard, at
    /// first for 5.5 to 11 s. When it has ended: its whole extent; the E-value is
    /// the lowest that was reached, and siblings are as they were found.
    pub found: Match,
}

/// What a [`LiveEvent`] tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LiveKind {
    /// A recording was recognised.
    Begun,
    /// It is over, or the stream is.
    Ended,
}

/// Recognises recordings in a stream of peaks, in bounded memory.
///
/// Each match is told twice: once when its E-value, for an hour of the stream, is at
/// most [`MatchOptions::match_e_value`], and once when it is over. Less certain ones
/// are not told. A recording that is heard again after 15 s without it is a new
/// match.
///
/// ```no_run
/// use earmark::audio::{Limits, decode_stream};
/// use earmark::fingerprint::Fingerprinter;
/// use earmark::matching::MatchOptions;
/// use earmark::matching::live::LiveMatcher;
/// use earmark::registry::Snapshot;
///
/// let registry = Snapshot::open("my-registry".as_ref())?;
/// let params = registry.params();
/// let mut matcher = LiveMatcher::new(registry.index(), params, MatchOptions::default());
/// let mut fingerprinter = Fingerprinter::new(params);
/// let endless = Limits::default().max_duration_s(f64::INFINITY);
/// decode_stream(std::io::stdin(), None, params.rate_hz, &endless, &mut |samples| {
///     fingerprinter.push(samples);
///     for event in matcher.push(fingerprinter.settled()) {
///         println!("{:?} {:?}", event.kind, event.found);
///     }
/// })?;
/// for event in matcher.finish(fingerprinter.finish_settled()) {
///     println!("{:?} {:?}", event.kind, event.found);
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct LiveMatcher {
    matcher: Matcher,
    max_ln_e: f64,
    chances: Chances,
    /// Peaks that are not searched yet, with their ticks in the stream.
    pending: VecDeque<(u64, Peak)>,
    /// The kept peaks, their ticks counted from `base`.
    kept: Vec<Peak>,
    /// Tick of the stream at which the kept peaks begin.
    base: u64,
    /// Tick of the stream up to which it was searched.
    searched: u64,
    /// What is being followed, and what is over but lies within the kept peaks.
    tracks: Vec<Track>,
    numbers: u64,
}

impl LiveMatcher {
    /// A matcher at the start of a stream. Of the options,
    /// [`MatchOptions::possible_e_value`] has no effect.
    pub fn new(index: &Index, params: &Params, options: MatchOptions) -> Self {
        let chances = Chances { registry_s: index.seconds(), query_s: E_VALUE_S };
        LiveMatcher {
            max_ln_e: options.match_e_value.ln(),
            matcher: Matcher::new(index, params, options),
            chances,
            pending: VecDeque::new(),
            kept: Vec::new(),
            base: 0,
            searched: 0,
            tracks: Vec::new(),
            numbers: 0,
        }
    }

    /// Takes the peaks that have become final and tells what they show, in order
    /// of time. `peaks` are those of one stream, one after another.
    pub fn push(&mut self, peaks: Settled) -> Vec<LiveEvent> {
        let end = self.take(peaks);
        let mut events = Vec::new();
        while self.searched + u64::from(STEP_TICKS) <= end {
            self.step(self.searched + u64::from(STEP_TICKS), &mut events);
        }
        events
    }

    /// Takes the last peaks and ends all matches.
    pub fn finish(mut self, peaks: Settled) -> Vec<LiveEvent> {
        let end = peaks.frames * u64::from(TICKS_PER_FRAME);
        let mut events = self.push(peaks);
        let params = &self.matcher.params;
        // The first and the last frame reach half a window beyond their middle.
        let length_s = end as f64 * params.seconds_per_tick() + 2.0 * params.first_tick_s();
        let enough = length_s >= SHORTEST_S;
        if enough && end > self.searched + LEAST_REST_TICKS {
            self.step(end, &mut events);
        }
        let (query, heard_s) = (self.query(), self.heard_s());
        for mut track in mem::take(&mut self.tracks).into_iter().filter(|track| !track.over) {
            events.push(self.ended(&mut track, &query, heard_s));
        }
        events
    }

    /// How much of the stream was searched, in seconds.
    pub fn heard_s(&self) -> Seconds {
        self.searched as f64 * self.matcher.params.seconds_per_tick()
    }

    /// The matches that are being followed, as they are known now.
    pub fn sounding(&self) -> Vec<Match> {
        let open = self.tracks.iter().filter(|track| !track.over);
        open.map(|track| track.describe(&self.matcher, self.base)).collect()
    }

    /// Returns the tick up to which all peaks are known.
    fn take(&mut self, peaks: Settled) -> u64 {
        let origin = peaks.origin_frame * u64::from(TICKS_PER_FRAME);
        self.pending.extend(peaks.peaks.into_iter().map(|peak| (origin + u64::from(peak.tick), peak)));
        peaks.frames * u64::from(TICKS_PER_FRAME)
    }

    /// The kept peaks up to what was searched.
    fn query(&self) -> Query {
        let frames = ((self.searched - self.base) / u64::from(TICKS_PER_FRAME)) as u32;
        Query::new(&Fingerprint { peaks: self.kept.clone(), frames }, &self.matcher.params)
    }

    /// Goes on to the tick `end` of the stream: follows what is known, looks for
    /// what is new, and drops what is no longer needed.
    fn step(&mut self, end: u64, events: &mut Vec<LiveEvent>) {
        while let Some((tick, peak)) = self.pending.front().copied().filter(|(tick, _)| *tick < end) {
            self.pending.pop_front();
            self.kept.push(Peak { tick: (tick - self.base) as u32, ..peak });
        }
        self.searched = end;
        let query = self.query();
        let heard_s = self.heard_s();
        for track in self.tracks.iter_mut().filter(|track| !track.over) {
            track.follow(&query, &self.matcher.index, &self.matcher.params);
        }
        let until = (end - self.base) as u32;
        let ticks = until.saturating_sub(STRETCH_TICKS)..until;
        let mut begun = Vec::new();
        for found in self.search(&query, ticks) {
            if !self.tracks.iter_mut().any(|track| track.takes(&found, &query, &self.matcher)) {
                self.numbers += 1;
                let mut track = Track::new(self.numbers, found);
                track.look_for_repeats(&query, &self.matcher);
                begun.push(track);
            }
        }
        for mut track in mem::take(&mut self.tracks) {
            if !track.over && track.is_over(until, &self.matcher.index) {
                events.push(self.ended(&mut track, &query, heard_s));
            }
            self.tracks.push(track);
        }
        for mut track in begun {
            track.weigh(&query, &self.matcher);
            events.push(LiveEvent {
                kind: LiveKind::Begun,
                number: track.number,
                heard_s,
                found: track.describe(&self.matcher, self.base),
            });
            self.tracks.push(track);
        }
        self.forget(&query, until.saturating_sub(KEPT_TICKS));
    }

    /// What is new in the stretch, in order of time.
    fn search(&self, query: &Query, ticks: std::ops::Range<u32>) -> Vec<Found> {
        let (from, until) = (f64::from(ticks.start) + EDGE, f64::from(ticks.end) - EDGE);
        let covers = |track: &&Track| {
            let extent = &track.found.extent;
            !track.over && extent.from <= from && extent.until >= until
        };
        if self.tracks.iter().any(|track| covers(&track)) {
            return Vec::new();
        }
        let Matcher { index, params, plan, .. } = &self.matcher;
        let layer = Layer { index, params, chances: self.chances, max_ln_e: self.max_ln_e, ticks };
        let mut found: Vec<Found> = self.tracks.iter().map(|track| track.found.clone()).collect();
        layer.find(query, plan, true, &mut found);
        let mut new = found.split_off(self.tracks.len());
        new.sort_by(|a, b| {
            a.extent.from.total_cmp(&b.extent.from).then_with(|| a.recording.cmp(&b.recording))
        });
        new
    }

    fn ended(&self, track: &mut Track, query: &Query, heard_s: Seconds) -> LiveEvent {
        track.over = true;
        track.weigh(query, &self.matcher);
        track.look_for_repeats(query, &self.matcher);
        let found = track.describe(&self.matcher, self.base);
        LiveEvent { kind: LiveKind::Ended, number: track.number, heard_s, found }
    }

    /// Drops what lies before the kept tick `ticks`.
    fn forget(&mut self, query: &Query, ticks: u32) {
        if ticks == 0 {
            return;
        }
        let peaks = self.kept.partition_point(|peak| peak.tick < ticks);
        for track in &mut self.tracks {
            track.forget(ticks, peaks as u32, query, &self.matcher);
        }
        self.tracks.retain(|track| !track.over || track.found.extent.until > 0.0);
        self.kept.drain(..peaks);
        self.kept.iter_mut().for_each(|peak| peak.tick -= ticks);
        self.base += u64::from(ticks);
    }
}

#[cfg(test)]
mod tests;
