//! The searches that are compared.

use earmark::fingerprint::Fingerprint;
use earmark::index::Index;
use earmark::matching::nominate::{changed, unchanged};
use earmark::matching::query::Query;
use earmark::matching::search::Plan;
use earmark::matching::{Effort, Grade, Match, MatchOptions, Matcher};
use earmark::params::{PITCH_UNITS_PER_SEMITONE, Params};

/// A search.
pub struct Configuration {
    /// What the tables call it.
    pub name: &'static str,
    kind: Kind,
}

enum Kind {
    Whole(Plan),
    /// The candidate with the most votes, whatever its peaks say.
    Votes(Plan),
}

/// The efforts; with `parts` also standard effort with one part changed.
pub fn all(parts: bool) -> Vec<Configuration> {
    let max_time_scale = MatchOptions::default().max_time_scale;
    let plan = |effort: Effort| effort.plan(max_time_scale);
    let whole = |name, plan| Configuration { name, kind: Kind::Whole(plan) };
    let mut all = vec![
        whole("fast", plan(Effort::Fast)),
        whole("standard", plan(Effort::Standard)),
        whole("thorough", plan(Effort::Thorough)),
    ];
    if parts {
        let without = |change: fn(&mut Plan)| {
            let mut plan = plan(Effort::Standard);
            change(&mut plan);
            plan
        };
        let params = Params::default();
        let mut sparse = plan(Effort::Standard);
        sparse.unchanged.peaks_per_block = params.triplet_peaks_per_block;
        sparse.changed.peaks_per_block = params.triplet_peaks_per_block;
        sparse.sweep_seconds = 0.0;
        all.extend([
            whole("no look-ups at other speeds", without(|p| p.changed.peaks_per_block = 0)),
            whole("no quick look-ups", without(|p| p.quick.peaks_per_block = 0)),
            whole("look-ups instead of sliding", without(|p| p.sweep_seconds = 0.0)),
            whole("no probing", without(|p| (p.unchanged.probing, p.changed.probing) = (false, false))),
            whole("query as sparse as the recordings, no sliding", sparse),
            Configuration { name: "no verification", kind: Kind::Votes(plan(Effort::Standard)) },
        ]);
    }
    all
}

impl Configuration {
    /// What the search finds, best first.
    pub fn identify(&self, index: &Index, params: &Params, query: &Fingerprint) -> Vec<Match> {
        match &self.kind {
            Kind::Whole(plan) => {
                let mut found =
                    Matcher::new(index, params, MatchOptions::default()).with_plan(*plan).identify(query);
                found.retain(|m| m.grade == Grade::Match);
                found
            }
            Kind::Votes(plan) => most_votes(index, params, query, plan).into_iter().collect(),
        }
    }
}

fn most_votes(index: &Index, params: &Params, query: &Fingerprint, plan: &Plan) -> Option<Match> {
    let query = Query::new(query, params);
    let ticks = 0..query.end_tick();
    let mut candidates = unchanged(index, &query, ticks.clone(), plan.unchanged, params);
    candidates.extend(changed(index, &query, ticks, plan.changed, plan.max_scale, params));
    let best = candidates.into_iter().max_by(|a, b| a.votes.total_cmp(&b.votes))?;
    let seconds = |tick: f64| params.first_tick_s() + tick * params.seconds_per_tick();
    let end = f64::from(query.end_tick());
    Some(Match {
        recording: index.recording(best.recording).key,
        query_start_s: seconds(0.0),
        query_end_s: seconds(end),
        reference_start_s: seconds(best.alignment.reference_tick(0.0)),
        reference_end_s: seconds(best.alignment.reference_tick(end)),
        time_scale: best.alignment.scale,
        pitch_semitones: best.alignment.shift / f64::from(PITCH_UNITS_PER_SEMITONE),
        e_value: f64::NAN,
        score: best.votes,
        agreement: f64::NAN,
        grade: Grade::Match,
        also_at_s: Vec::new(),
        siblings: Vec::new(),
        more_siblings: false,
    })
}
