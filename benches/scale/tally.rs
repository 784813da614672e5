//! Answers, counted.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;

use crate::ask::{Answer, Measured};
use crate::poisson;

/// What the tables and the plot call the excerpts of unregistered music together.
pub const UNREGISTERED: &str = "unregistered, all excerpts";

/// What they call the excerpts of registered music together.
pub const REGISTERED: &str = "registered, all excerpts";

/// The answers to one kind of query by a registry.
#[derive(Clone, Debug, Serialize)]
pub struct Line {
    /// Recordings in the registry.
    pub recordings: u64,
    /// Length of them.
    pub hours: f64,
    /// Kind of query.
    pub kind: String,
    /// Number of queries.
    pub queries: usize,
    /// Their length together.
    pub query_s: f64,
    /// CPU time of the search, in milliseconds per second of query.
    pub cpu_ms_per_s: f64,
    /// CPU time that one query in twenty exceeds, in milliseconds per second of it.
    pub cpu_ms_per_s_95: f64,
    /// Page faults of a query.
    pub faults: f64,
    /// Queries with something registered in them.
    pub registered: usize,
    /// Queries whose best accepted match is right.
    pub right: usize,
    /// Those of them where the position is right too.
    pub placed: usize,
    /// Queries whose best accepted match is not in them.
    pub wrong: usize,
}

impl Line {
    fn new<'a>(measured: &Measured, kind: &str, answers: impl Iterator<Item = &'a Answer>) -> Line {
        let answers: Vec<&Answer> = answers.collect();
        let count = |is: fn(&Answer) -> bool| answers.iter().filter(|a| is(a)).count();
        let sum = |of: fn(&Answer) -> f64| answers.iter().map(|a| of(a)).sum::<f64>();
        let query_s = sum(|a| a.length_s);
        let mut each: Vec<f64> = answers.iter().map(|a| a.cpu_ms / a.length_s).collect();
        each.sort_by(f64::total_cmp);
        Line {
            recordings: measured.recordings,
            hours: measured.hours,
            kind: kind.to_owned(),
            queries: answers.len(),
            query_s,
            cpu_ms_per_s: sum(|a| a.cpu_ms) / query_s,
            cpu_ms_per_s_95: each.get(each.len() * 19 / 20).copied().unwrap_or(f64::NAN),
            faults: sum(|a| (a.minor + a.major) as f64) / answers.len().max(1) as f64,
            registered: count(|a| a.registered),
            right: count(|a| a.right),
            placed: count(|a| a.placed),
            wrong: count(|a| a.found.is_some() && !a.right),
        }
    }
}

/// A line for each kind, and for all excerpts with and without something
/// registered in them.
pub fn by_kind(measured: &Measured) -> Vec<Line> {
    let mut kinds: BTreeMap<&str, Vec<&Answer>> = BTreeMap::new();
    for answer in &measured.answers {
        kinds.entry(&answer.kind).or_default().push(answer);
        if answer.short {
            let all = if answer.registered { REGISTERED } else { UNREGISTERED };
            kinds.entry(all).or_default().push(answer);
        }
    }
    kinds.into_iter().map(|(kind, answers)| Line::new(measured, kind, answers.into_iter())).collect()
}

/// The line of a kind.
pub fn of_kind(measured: &Measured, kind: &str) -> Option<Line> {
    by_kind(measured).into_iter().find(|line| line.kind == kind)
}

/// False matches of excerpts of unregistered music.
#[derive(Clone, Copy, Debug)]
pub struct False {
    /// Largest E-value that counts.
    pub threshold: f64,
    /// Queries that should have one, where matches are independent.
    pub promised: f64,
    /// Queries that have one.
    pub observed: usize,
    /// Queries.
    pub queries: usize,
}

impl False {
    /// 95 % interval of the mean that the observed queries were drawn from.
    pub fn interval(&self) -> (f64, f64) {
        poisson::interval(self.observed)
    }
}

/// By threshold, from 0.001 to 1.
pub fn false_matches(measured: &Measured) -> Vec<False> {
    let answers: Vec<&Answer> = measured.answers.iter().filter(|a| a.short && !a.registered).collect();
    let one = |threshold: f64| False {
        threshold,
        promised: -(-threshold).exp_m1() * answers.len() as f64,
        // A rounding error must not lose what stands at the threshold itself.
        observed: answers
            .iter()
            .filter(|a| a.false_e_value.is_some_and(|e| e <= threshold * (1.0 + 1e-9)))
            .count(),
        queries: answers.len(),
    };
    (-6..=0).map(|half| one(10_f64.powf(f64::from(half) / 2.0))).collect()
}

/// Writes a row for each size and kind.
///
/// # Errors
/// If the file cannot be written.
pub fn write(path: &Path, measured: &[Measured]) -> Result<(), csv::Error> {
    let mut writer = csv::Writer::from_path(path)?;
    for line in measured.iter().flat_map(by_kind) {
        writer.serialize(line)?;
    }
    writer.flush()?;
    Ok(())
}
