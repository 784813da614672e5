//! From a query to recognised recordings.
//!
//! [`query`] prepares a constellation; [`search`] looks one stretch of it up:
//! [`nominate`] proposes candidates from the posting lists and [`sweep`] by
//! sliding, [`alignment`] sharpens each and [`evidence`] weighs what speaks for
//! it. [`extend`] follows the best to where it ends, [`chance`] compares it with
//! a decoy and with its rivals and states the E-value, and [`identify`] goes on
//! with the peaks that are left, stretch after stretch. `relatives` asks the
//! registry which other recordings hold what was found, and [`repeats`] finds the
//! other places that sound the same; [`pair`] does all of it with one recording, and
//! [`live`] with a stream that has no end.

pub mod alignment;
pub mod chance;
pub mod evidence;
pub mod extend;
pub mod identify;
pub mod live;
pub mod nominate;
pub mod pair;
pub mod query;
mod relatives;
pub mod repeats;
pub mod search;
#[cfg(test)]
mod sibling_tests;
mod siblings;
pub mod sweep;
#[cfg(test)]
mod tests;

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::fingerprint::Fingerprint;
use crate::index::Index;
use crate::params::{PITCH_UNITS_PER_SEMITONE, Params};
use crate::units::{RecordingKey, Seconds};

use self::alignment::Alignment;
use self::query::Query;

/// How hard a query is searched.
///
/// All of them look up triplets of peaks, so that every speed, tempo and pitch
/// change of up to [`MatchOptions::max_time_scale`] and half an octave is tried;
/// they differ in how many of the query's peaks take part, how much of the index
/// may be read for them, how many candidates are verified, and in sliding the
/// query along the recordings, which finds music far below the noise at a cost
/// that grows with the registry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Effort {
    /// Few look-ups, no sliding.
    Fast,
    /// More look-ups; sliding while the registry holds at most 100 hours.
    #[default]
    Standard,
    /// Most look-ups; sliding whatever the size of the registry.
    Thorough,
}

/// How sure a match is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Grade {
    /// The recording is in the query: the E-value is at most
    /// [`MatchOptions::match_e_value`].
    Match,
    /// It may be; a person should listen.
    Possible,
}

impl Effort {
    /// All of them, the cheapest first.
    pub const ALL: [Effort; 3] = [Effort::Fast, Effort::Standard, Effort::Thorough];

    /// The name in reports and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Effort::Fast => "fast",
            Effort::Standard => "standard",
            Effort::Thorough => "thorough",
        }
    }

    /// What a search of this effort tries.
    pub fn plan(self, max_time_scale: f64) -> search::Plan {
        const MILLION: u32 = 1_000_000;
        let (unchanged, changed, sweep_seconds) = match self {
            Effort::Fast => ((14, 2 * MILLION, 20), (7, MILLION / 4, 20), 0.0),
            Effort::Standard => ((24, 2 * MILLION, 20), (10, 2 * MILLION, 50), 100.0 * 3600.0),
            Effort::Thorough => ((40, u32::MAX, 40), (14, 16 * MILLION, 200), f64::INFINITY),
        };
        let density = |(peaks_per_block, budget, candidates)| nominate::Density {
            peaks_per_block,
            probing: true,
            budget,
            candidates,
        };
        search::Plan {
            quick: density((8, MILLION, 6)),
            unchanged: density(unchanged),
            changed: density(changed),
            max_scale: max_time_scale,
            sweep_seconds,
            sweep_candidates: 24,
        }
    }
}

/// Not the name of an effort.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{found:?} is no effort: write fast, standard or thorough")]
pub struct EffortError {
    /// What was given.
    pub found: String,
}

impl FromStr for Effort {
    type Err = EffortError;

    fn from_str(text: &str) -> Result<Self, EffortError> {
        let named = Effort::ALL.into_iter().find(|effort| effort.name() == text);
        named.ok_or_else(|| EffortError { found: text.to_owned() })
    }
}

/// Largest [`MatchOptions::max_time_scale`]: half and double tempo, and the error
/// of an estimate.
pub const WIDEST_TIME_SCALE: f64 = 2.05;

/// Options of one query.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MatchOptions {
    /// How hard to search.
    pub effort: Effort,
    /// Largest E-value of a [`Grade::Match`]: the number of false matches that
    /// are accepted per query of unregistered music. Default 0.001.
    pub match_e_value: f64,
    /// Largest E-value of a [`Grade::Possible`]; what is above is not reported.
    /// Default 0.05.
    pub possible_e_value: f64,
    /// Largest change of the tempo that is searched, as a factor either way, up
    /// to [`WIDEST_TIME_SCALE`]. Default 1.4; more finds music that was stretched
    /// further and gives chance more to choose from.
    pub max_time_scale: f64,
}

impl Default for MatchOptions {
    fn default() -> Self {
        MatchOptions {
            effort: Effort::Standard,
            match_e_value: 0.001,
            possible_e_value: 0.05,
            max_time_scale: 1.4,
        }
    }
}

impl MatchOptions {
    /// How hard to search.
    #[must_use]
    pub fn effort(self, effort: Effort) -> Self {
        Self { effort, ..self }
    }

    /// The largest E-value of a [`Grade::Match`].
    #[must_use]
    pub fn match_e_value(self, match_e_value: f64) -> Self {
        Self { match_e_value, ..self }
    }

    /// The largest E-value of a [`Grade::Possible`].
    #[must_use]
    pub fn possible_e_value(self, possible_e_value: f64) -> Self {
        Self { possible_e_value, ..self }
    }

    /// The largest change of the tempo that is searched, as a factor either way.
    #[must_use]
    pub fn max_time_scale(self, max_time_scale: f64) -> Self {
        Self { max_time_scale, ..self }
    }
}

/// A recording recognised in a query.
#[derive(Clone, Debug, PartialEq)]
pub struct Match {
    /// The recording.
    pub recording: RecordingKey,
    /// Where it starts in the query, in seconds.
    pub query_start_s: Seconds,
    /// Where it ends in the query, in seconds.
    pub query_end_s: Seconds,
    /// Position in the recording that sounds at `query_start_s`, in seconds.
    pub reference_start_s: Seconds,
    /// Position in the recording that sounds at `query_end_s`, in seconds.
    pub reference_end_s: Seconds,
    /// Reference seconds per query second.
    pub time_scale: f64,
    /// Pitch of the query minus pitch of the recording, in semitones.
    pub pitch_semitones: f64,
    /// The number of unrelated matches this good that are expected by chance for
    /// this much query in a registry of this size; 0.01 stands for one in a hundred
    /// such queries.
    pub e_value: f64,
    /// −log10 of the E-value, which goes on where that is too small for a number.
    pub score: f64,
    /// Share of the recording's peaks that sound at the place, less what chance
    /// finds; 0 ..= 1.
    pub agreement: f64,
    /// Whether it is certain.
    pub grade: Grade,
    /// The other positions in the recording that sound like this at
    /// `query_start_s`, in seconds, in order: music repeats itself.
    pub also_at_s: Vec<Seconds>,
    /// Other recordings that hold this audio, strongest first: the same take on
    /// another release, an edit, a remix with shared parts. Their own `siblings`
    /// and `also_at_s` are empty.
    pub siblings: Vec<Match>,
    /// Whether there may be more of them than could be named.
    pub more_siblings: bool,
}

/// Recognises the recordings of an index in queries. It owns what it needs, and
/// any number of threads may use it at once; a clone costs little.
#[derive(Clone)]
pub struct Matcher {
    index: Index,
    params: Params,
    options: MatchOptions,
    plan: search::Plan,
}

impl Matcher {
    /// A matcher of the recordings in `index`, which were made with `params`.
    pub fn new(index: &Index, params: &Params, options: MatchOptions) -> Self {
        let plan = options.effort.plan(options.max_time_scale.clamp(1.0, WIDEST_TIME_SCALE));
        Matcher { index: index.clone(), params: params.clone(), options, plan }
    }

    /// The index that is searched.
    pub fn index(&self) -> &Index {
        &self.index
    }

    /// The params of the index, and of every query.
    pub fn params(&self) -> &Params {
        &self.params
    }

    /// The options of every search.
    pub fn options(&self) -> &MatchOptions {
        &self.options
    }

    /// The same matcher with a plan of its own, for experiments.
    pub fn with_plan(self, plan: search::Plan) -> Self {
        Matcher { plan, ..self }
    }

    /// A matcher that searches every query as most of a long one is searched: with a
    /// part of the look-ups and without sliding, which is for music under noise.
    pub fn sparing(&self) -> Self {
        let plan = search::Plan { sweep_seconds: 0.0, ..self.plan.sparing() };
        Matcher { plan, ..self.clone() }
    }

    /// The recordings recognised in a query, best first.
    pub fn identify(&self, query: &Fingerprint) -> Vec<Match> {
        let prepared = Query::new(query, &self.params);
        let max_ln_e = self.options.possible_e_value.ln();
        let found = identify::identify(&self.index, &prepared, &self.plan, max_ln_e, &self.params);
        let mut matches: Vec<Match> = found.iter().map(|f| self.describe(f)).collect();
        matches.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| a.recording.cmp(&b.recording)));
        matches
    }

    /// The largest evidence, in nats, that a recording reaches on any stretch of
    /// about 11 s of a query: what is in it reaches tens, unrelated music a few by
    /// chance. Much cheaper than [`identify`](Self::identify) and as sure to see
    /// what is there, but not which and where.
    pub fn glance(&self, query: &Fingerprint) -> f64 {
        let prepared = Query::new(query, &self.params);
        identify::glance_over(&self.index, &prepared, &self.plan, &self.params)
    }

    fn describe(&self, found: &identify::Found) -> Match {
        let recording = self.index.recording(found.recording);
        let alignment = &found.extent.alignment;
        let seconds = |tick: f64| self.params.first_tick_s() + tick * self.params.seconds_per_tick();
        let position = |a: &Alignment, tick: f64| seconds(a.reference_tick(tick)).max(0.0);
        let reference = |tick: f64| position(alignment, tick);
        let (from, until) = (found.extent.from, found.extent.until);
        let certain = found.ln_e <= self.options.match_e_value.ln();
        let also_at = |offset: &f64| position(&Alignment { offset: *offset, ..*alignment }, from);
        Match {
            recording: recording.key,
            query_start_s: seconds(from),
            query_end_s: seconds(until),
            reference_start_s: reference(from),
            reference_end_s: reference(until),
            time_scale: alignment.scale,
            pitch_semitones: alignment.shift / f64::from(PITCH_UNITS_PER_SEMITONE),
            e_value: found.ln_e.exp(),
            score: -found.ln_e / std::f64::consts::LN_10,
            agreement: found.extent.evidence.agreement(),
            grade: if certain { Grade::Match } else { Grade::Possible },
            also_at_s: found.repeats.iter().map(also_at).collect(),
            siblings: found.siblings.iter().map(|s| self.describe(s)).collect(),
            more_siblings: found.more_siblings,
        }
    }
}
