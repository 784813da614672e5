//! One recording that is being followed through a stream.

use crate::index::Index;
use crate::params::Params;
use crate::units::Seconds;

use super::super::evidence::{trials, weigh};
use super::super::extend::{Extent, extend};
use super::super::identify::{Found, GAP_TICKS, STRETCH_TICKS, strongest_first};
use super::super::query::Query;
use super::super::repeats::repeats;
use super::super::{Match, Matcher};

/// A recording of which less than this is left, in its ticks, has been played to
/// its end, and is over once this much more was heard: two seconds.
const END_TICKS: f64 = 375.0;

/// Another place of the recording takes the place of this one if it holds in this
/// share of its time: what was begun on a second of sound may reach a little too far.
const MOST_OF_IT: f64 = 0.8;

/// Peaks that were looked for, found, and expected by chance.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    trials: f64,
    found: f64,
    expected: f64,
}

impl Tally {
    fn plus(self, other: Tally) -> Tally {
        Tally {
            trials: self.trials + other.trials,
            found: self.found + other.found,
            expected: self.expected + other.expected,
        }
    }
}

/// A match from its confirmation to its end, and after it as long as its peaks are
/// kept. All ticks count from the start of what is kept, and may be negative.
pub(super) struct Track {
    /// As told.
    pub(super) number: u64,
    /// What it is and how far it goes by now.
    pub(super) found: Found,
    /// Whether its end was told.
    pub(super) over: bool,
    /// Where in the recording it began, in ticks, once that is no longer kept.
    began_at: Option<f64>,
    /// Of peaks that are no longer kept.
    past: Tally,
    /// Share of the recording's peaks that were there, as last weighed.
    agreement: f64,
}

impl Track {
    pub(super) fn new(number: u64, found: Found) -> Self {
        Track { number, found, over: false, began_at: None, past: Tally::default(), agreement: 0.0 }
    }

    /// Follows the recording as far as it goes in what is there now.
    pub(super) fn follow(&mut self, query: &Query, index: &Index, params: &Params) {
        let extent = &mut self.found.extent;
        let from = extent.from.max(extent.until - f64::from(STRETCH_TICKS)).max(0.0);
        if extent.until <= from {
            return;
        }
        let peaks = index.peaks(self.found.recording);
        let range = (from, extent.until);
        let seen = extend(extent.alignment, &peaks, query, range, params.max_pitch());
        // What it was found by is not lost by looking again.
        if seen.until <= extent.from || seen.explained.is_empty() {
            return;
        }
        take_in(extent, seen, self.began_at.is_none());
    }

    /// Whether `new` is this match: a later piece of the same playing, or the place
    /// of the recording that was meant all along.
    pub(super) fn takes(&mut self, new: &Found, query: &Query, matcher: &Matcher) -> bool {
        if self.over || self.found.recording != new.recording {
            return false;
        }
        let first = self.began_at.is_none();
        if self.found.continues_in(new) {
            take_in(&mut self.found.extent, new.extent.clone(), first);
        } else {
            let extent = &self.found.extent;
            if !first || new.extent.from - extent.until >= GAP_TICKS {
                return false;
            }
            // What sounds the same here and there was taken for the one; with all
            // peaks back, does the other explain it, too?
            let peaks = matcher.index.peaks(new.recording);
            let range = (new.extent.from, new.extent.until);
            let whole = extend(new.extent.alignment, &peaks, query, range, matcher.params.max_pitch());
            let shared = whole.until.min(extent.until) - whole.from.max(extent.from);
            if shared < MOST_OF_IT * (extent.until - extent.from) {
                return false;
            }
            self.found.extent = whole;
        }
        self.found.ln_e = self.found.ln_e.min(new.ln_e);
        for sibling in &new.siblings {
            if !self.found.siblings.iter().any(|known| known.recording == sibling.recording) {
                self.found.siblings.push(sibling.clone());
            }
        }
        self.found.more_siblings |= new.more_siblings;
        self.found.siblings.sort_by(strongest_first);
        true
    }

    /// Whether it is over when `until` has been heard.
    pub(super) fn is_over(&self, until: u32, index: &Index) -> bool {
        let Extent { alignment, until: last, .. } = self.found.extent;
        let end = index.peaks(self.found.recording).last().map_or(0.0, |peak| f64::from(peak.tick));
        let left = end - alignment.reference_tick(last);
        let silence = if left < END_TICKS { END_TICKS } else { GAP_TICKS };
        f64::from(until) - last > silence
    }

    /// Measures how much of the recording was there.
    pub(super) fn weigh(&mut self, query: &Query, matcher: &Matcher) {
        let all = self.past.plus(self.tally(query, self.found.extent.until, matcher));
        let beyond_chance = (all.found - all.expected) / (all.trials - all.expected).max(1.0);
        self.agreement = beyond_chance.clamp(0.0, 1.0);
    }

    /// Looks for other places of the recording that sound like what is kept.
    pub(super) fn look_for_repeats(&mut self, query: &Query, matcher: &Matcher) {
        let mut extent = self.found.extent.clone();
        extent.from = extent.from.max(0.0);
        self.found.repeats.clear();
        if extent.until > extent.from {
            let peaks = matcher.index.peaks(self.found.recording);
            let max_pitch = matcher.params.max_pitch();
            let kept = trials(extent.alignment, &peaks, query, extent.from, extent.until, max_pitch);
            extent.evidence = weigh(&kept);
            self.found.repeats = repeats(&extent, &peaks, query, max_pitch);
        }
    }

    /// The match in the stream; what is kept begins at its tick `base`.
    pub(super) fn describe(&self, matcher: &Matcher, base: u64) -> Match {
        let mut found = matcher.describe(&self.found);
        let tick_s = matcher.params.seconds_per_tick();
        move_by(&mut found, base as f64 * tick_s);
        found.agreement = self.agreement;
        if let Some(tick) = self.began_at {
            let began_s = (matcher.params.first_tick_s() + tick * tick_s).max(0.0);
            let moved = began_s - found.reference_start_s;
            found.also_at_s.iter_mut().for_each(|at| *at = (*at + moved).max(0.0));
            found.reference_start_s = began_s;
        }
        found
    }

    /// The first `ticks` ticks and `peaks` peaks of what is kept are dropped.
    pub(super) fn forget(&mut self, ticks: u32, peaks: u32, query: &Query, matcher: &Matcher) {
        let extent = &self.found.extent;
        if extent.from < f64::from(ticks) && !self.over {
            if self.began_at.is_none() {
                self.began_at = Some(extent.alignment.reference_tick(extent.from));
            }
            let until = f64::from(ticks).min(self.found.extent.until);
            self.past = self.past.plus(self.tally(query, until, matcher));
        }
        move_back(&mut self.found, ticks, peaks);
    }

    /// Counts the peaks of the kept part up to `until`.
    fn tally(&self, query: &Query, until: f64, matcher: &Matcher) -> Tally {
        let extent = &self.found.extent;
        let from = extent.from.max(0.0);
        if until <= from {
            return Tally::default();
        }
        let peaks = matcher.index.peaks(self.found.recording);
        let seen = trials(extent.alignment, &peaks, query, from, until, matcher.params.max_pitch());
        Tally {
            trials: seen.len() as f64,
            found: seen.iter().filter(|trial| trial.found.is_some()).count() as f64,
            expected: seen.iter().map(|trial| trial.chance).sum(),
        }
    }
}

/// Takes what was seen later of the same playing into its extent; what lies before
/// it only where its `first` tick is still kept.
fn take_in(extent: &mut Extent, seen: Extent, first: bool) {
    if first {
        extent.from = extent.from.min(seen.from);
    }
    extent.until = extent.until.max(seen.until);
    extent.alignment = seen.alignment;
    extent.explained.extend(seen.explained);
    extent.explained.sort_unstable();
    extent.explained.dedup();
}

fn move_by(found: &mut Match, seconds: Seconds) {
    found.query_start_s += seconds;
    found.query_end_s += seconds;
    found.siblings.iter_mut().for_each(|sibling| move_by(sibling, seconds));
}

/// Counts ticks from `ticks` later and peaks from `peaks` later.
fn move_back(found: &mut Found, ticks: u32, peaks: u32) {
    let by = f64::from(ticks);
    let extent = &mut found.extent;
    let moved = extent.alignment.scale * by;
    extent.alignment.offset += moved;
    extent.from -= by;
    extent.until -= by;
    extent.explained.retain(|peak| *peak >= peaks);
    extent.explained.iter_mut().for_each(|peak| *peak -= peaks);
    found.repeats.iter_mut().for_each(|offset| *offset += moved);
    found.siblings.iter_mut().for_each(|sibling| move_back(sibling, ticks, peaks));
}
