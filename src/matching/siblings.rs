//! Other recordings that hold the same audio.
//!
//! A search compares a few candidates of each list, enough to name what sounds there,
//! and all that have nearly as many votes as one beyond doubt. In noise, and in a second
//! or two, nothing is beyond doubt; there, where the last that was compared holds the
//! audio, those after it are compared one by one until something else comes. If that
//! never comes, the match says that there may be more.

use crate::index::RecordingRef;

use super::identify::{Found, Layer, strongest_first};
use super::nominate::Candidate;
use super::query::Query;
use super::search::{Cut, Plan, Searched, Verified, search, verify};

/// Evidence per second, as a share of the best recording's, that a sibling must
/// have at least: music in one key with a common beat reaches less by chance.
pub(super) const SHARED_EVIDENCE: f64 = 0.25;

/// Share of the best recording's evidence, as a whole, from which on one that is not
/// certain enough to be named may as well be the one that sounds: releases from
/// different encoders differ by less.
const NEARLY_AS_MUCH: f64 = 0.7;

/// Recordings in a row that do not hold the audio, after which none is expected: those
/// that hold it have more votes than what chance proposes, but for one that was altered.
const STRANGERS: usize = 3;

/// Candidates beyond a list that are compared at most.
const MOST_BEYOND: usize = 256;

/// A stretch while the peaks of a recording found there are taken away.
#[derive(Clone, Copy)]
pub(super) struct Sight<'a> {
    /// The query with these peaks.
    pub(super) before: &'a Query,
    /// The query without them.
    pub(super) rest: &'a Query,
    /// The candidates that still sound.
    pub(super) others: &'a [Verified],
}

impl Layer<'_> {
    /// Looks for other recordings that hold this stretch of `covering`: an edit, or a
    /// recording of which it holds a part, may begin anywhere in it.
    pub(super) fn find_siblings(&self, query: &Query, plan: &Plan, covering: &mut Found) {
        let Searched { mut candidates, cuts } =
            search(self.index, query, self.ticks.clone(), plan, false, self.params);
        candidates.retain(|c| c.recording != covering.recording);
        let rest = query.without(&covering.extent.explained, self.params);
        let (others, mut explained_away) = self.split(candidates, &rest);
        explained_away.retain(|c| covering.siblings.iter().all(|s| s.recording != c.recording));
        let new = self.siblings(covering, &explained_away, &others, query);
        covering.siblings.extend(new);
        covering.siblings.sort_by(strongest_first);
        self.add_crowded_out(covering, &cuts, Sight { before: query, rest: &rest, others: &others });
        self.add_relatives(covering, plan, query);
    }

    /// Which of the candidates that lost their evidence to `best` are other
    /// recordings that hold this audio: with the peaks back they are found, too. Notes
    /// in `best` if one that is not found has nearly as much for it.
    pub(super) fn siblings(
        &self,
        best: &mut Found,
        explained_away: &[Verified],
        others: &[Verified],
        query: &Query,
    ) -> Vec<Found> {
        let mut siblings: Vec<Found> = Vec::new();
        for candidate in explained_away {
            let known = |f: &Found| f.recording == candidate.recording;
            if known(best) || siblings.iter().any(known) || !self.promises(candidate) {
                continue;
            }
            let sibling = self.follow(candidate, others, query);
            let share = sibling.evidence_per_tick() / best.evidence_per_tick();
            if !sibling.overlaps(best) || share < SHARED_EVIDENCE {
                continue;
            }
            if sibling.ln_e <= self.max_ln_e {
                siblings.push(sibling);
            } else if sibling.extent.evidence.total >= NEARLY_AS_MUCH * best.extent.evidence.total {
                best.more_siblings = true;
            }
        }
        siblings.sort_by(strongest_first);
        siblings
    }

    /// Adds the siblings of `best` that were not compared as their lists were cut.
    pub(super) fn add_crowded_out(&self, best: &mut Found, cuts: &[Cut], sight: Sight<'_>) {
        best.add_beyond(cuts, |best, candidate| self.sibling(best, candidate, sight));
    }

    /// The candidate, if it is a sibling of `best`.
    fn sibling(&self, best: &mut Found, candidate: &Candidate, sight: Sight<'_>) -> Option<Found> {
        let verified = verify(self.index, sight.before, self.ticks.clone(), candidate, self.params)?;
        let (_, explained_away) = self.split(vec![verified], sight.rest);
        self.siblings(best, &explained_away, sight.others, sight.before).pop()
    }
}

impl Found {
    /// Whether this recording is the one found or a sibling of it.
    pub(super) fn names(&self, recording: RecordingRef) -> bool {
        self.recording == recording || self.siblings.iter().any(|sibling| sibling.recording == recording)
    }

    /// Adds the siblings that `sibling` finds among the candidates beyond what was
    /// compared of each list.
    pub(super) fn add_beyond(
        &mut self,
        cuts: &[Cut],
        mut sibling: impl FnMut(&mut Found, &Candidate) -> Option<Found>,
    ) {
        for cut in cuts {
            // What came last has the fewest votes: if it is something else, none with
            // more is missing.
            if self.names(cut.last) {
                let is_whole = self.add_those_of(&cut.beyond, &mut sibling);
                self.more_siblings |= match is_whole {
                    Some(whole) => !whole,
                    None => cut.capped,
                };
            }
        }
        self.siblings.sort_by(strongest_first);
    }

    /// Adds siblings among `beyond`. Whether none is left there; `None` if it ends before
    /// that is certain.
    fn add_those_of(
        &mut self,
        beyond: &[Candidate],
        sibling: &mut impl FnMut(&mut Found, &Candidate) -> Option<Found>,
    ) -> Option<bool> {
        let mut strangers = 0;
        for (place, candidate) in beyond.iter().enumerate() {
            if place == MOST_BEYOND {
                return Some(false);
            }
            if self.names(candidate.recording) {
                continue;
            }
            match sibling(self, candidate) {
                Some(sibling) => {
                    self.siblings.push(sibling);
                    strangers = 0;
                }
                None => strangers += 1,
            }
            if strangers == STRANGERS {
                return Some(true);
            }
        }
        None
    }
}
