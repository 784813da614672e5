//! Other recordings that hold what was recognised, asked of the registry itself.
//!
//! In noise a query says which take sounds, and little about how many releases of it
//! are registered: each keeps a few of its landmarks, and which of them are compared is
//! chance. The recording that was recognised is registered without the noise. Its own
//! peaks of the passage find every other recording that holds it, at any speed, and
//! only queries in which something was recognised pay for it.

use crate::fingerprint::Fingerprint;
use crate::index::RecordingRef;
use crate::params::TICKS_PER_FRAME;
use crate::peaks::Peak;

use super::alignment::Alignment;
use super::chance::Chances;
use super::evidence::{trials, weigh};
use super::extend::Extent;
use super::identify::{Found, Layer};
use super::nominate::{Candidate, Density};
use super::query::Query;
use super::search::{Plan, Searched, Verified, search, verify};
use super::siblings::SHARED_EVIDENCE;

/// Natural logarithm of the E-value up to which two registered recordings hold the
/// same audio. Nothing is lost between them but what an encoder takes, so that two
/// seconds reach it; and no false relation may come with every tenth match.
const RELATED_LN_E: f64 = -10.0;

/// A passage of a recognised recording, as it is registered.
struct Passage {
    /// First reference tick.
    start: u32,
    /// Its peaks, counted from there.
    query: Query,
}

impl Layer<'_> {
    /// Adds to `best` the other recordings that hold what it holds in this stretch.
    pub(super) fn add_relatives(&self, best: &mut Found, plan: &Plan, query: &Query) {
        let Some(passage) = self.passage(best) else { return };
        let heard = &passage.query;
        let asked = Layer {
            ticks: 0..heard.end_tick(),
            chances: Chances {
                query_s: f64::from(heard.end_tick()) * self.params.seconds_per_tick(),
                ..self.chances
            },
            max_ln_e: RELATED_LN_E,
            ..*self
        };
        let plan = of_registered(plan, self.params.sparse_peaks_per_block);
        let Searched { candidates, cuts } =
            search(self.index, heard, asked.ticks.clone(), &plan, false, self.params);
        let own = asked.evidence_per_tick_of(best.recording, passage.start, heard);
        let relative = |best: &Found, candidate: &Verified| {
            if best.names(candidate.recording) || !asked.promises(candidate) {
                return None;
            }
            let relation = asked.follow(candidate, &candidates, heard);
            let holds =
                relation.ln_e <= RELATED_LN_E && relation.evidence_per_tick() >= SHARED_EVIDENCE * own;
            holds.then(|| self.relative(best, &relation, passage.start, query))
        };
        for candidate in &candidates {
            let found = relative(best, candidate);
            best.siblings.extend(found);
        }
        best.add_beyond(&cuts, |best, candidate| {
            let candidate = verify(self.index, heard, asked.ticks.clone(), candidate, self.params)?;
            relative(best, &candidate)
        });
    }

    /// The registered peaks of what `best` holds in this stretch.
    fn passage(&self, best: &Found) -> Option<Passage> {
        let from = best.extent.from.max(f64::from(self.ticks.start));
        let until = best.extent.until.min(f64::from(self.ticks.end));
        let ticks = best.extent.alignment.reference_ticks(from..until.max(from));
        let mut stored = Vec::new();
        self.index.peaks_into(best.recording, ticks.clone(), &mut stored);
        let inside = stored.into_iter().filter(|peak| ticks.contains(&peak.tick));
        let peaks: Vec<Peak> = inside.map(|peak| Peak { tick: peak.tick - ticks.start, ..peak }).collect();
        let frames = (ticks.end - ticks.start).div_ceil(TICKS_PER_FRAME);
        let query = || Query::new(&Fingerprint { peaks, frames }, self.params);
        (frames > 0).then(|| Passage { start: ticks.start, query: query() })
    }

    /// Evidence per tick of a recording on its own registered peaks from `start` on.
    fn evidence_per_tick_of(&self, recording: RecordingRef, start: u32, heard: &Query) -> f64 {
        let alignment = Alignment { offset: f64::from(start), scale: 1.0, shift: 0.0 };
        let end = f64::from(self.ticks.end);
        let mut peaks = Vec::new();
        self.index.peaks_into(recording, alignment.reference_ticks(0.0..end), &mut peaks);
        weigh(&trials(alignment, &peaks, heard, 0.0, end, self.params.max_pitch())).total / end
    }

    /// A recording that holds the audio of `best` as it lies in the query: by its own
    /// evidence where the query has enough, else by that of `best` and of the relation,
    /// one of which has to be false for it to be.
    fn relative(&self, best: &Found, relation: &Found, start: u32, query: &Query) -> Found {
        let recording = relation.recording;
        let (ours, theirs) = (&best.extent.alignment, &relation.extent.alignment);
        let alignment = Alignment {
            offset: theirs.reference_tick(ours.offset - f64::from(start)),
            scale: theirs.scale * ours.scale,
            shift: theirs.shift + ours.shift,
        };
        let candidate = Candidate { recording, alignment, votes: 0.0 };
        let verified = verify(self.index, query, self.ticks.clone(), &candidate, self.params);
        let own = verified.map(|candidate| self.follow(&candidate, &[], query));
        if let Some(own) = own.filter(|own| own.ln_e <= self.max_ln_e && own.overlaps(best)) {
            return own;
        }
        let in_query = |tick: f64| ours.query_tick(tick + f64::from(start));
        let from = in_query(relation.extent.from).max(best.extent.from);
        let until = in_query(relation.extent.until).min(best.extent.until).max(from);
        let peaks = self.index.peaks(recording);
        let trials = trials(alignment, &peaks, query, from, until, self.params.max_pitch());
        let mut explained: Vec<u32> = trials.iter().filter_map(|trial| trial.found).collect();
        explained.sort_unstable();
        Found {
            recording,
            extent: Extent { alignment, from, until, evidence: weigh(&trials), explained },
            ln_e: ln_of_sum(best.ln_e, relation.ln_e),
            siblings: Vec::new(),
            more_siblings: false,
            repeats: Vec::new(),
        }
    }
}

/// What is tried on registered peaks: strength is not stored, so all of them take part,
/// and nothing drowns them, so nothing is slid.
fn of_registered(plan: &Plan, peaks_per_block: u32) -> Plan {
    Plan { quick: Density { peaks_per_block, ..plan.quick }, ..*plan }
}

/// ln(e^a + e^b).
fn ln_of_sum(a: f64, b: f64) -> f64 {
    a.max(b) + (a.min(b) - a.max(b)).exp().ln_1p()
}
