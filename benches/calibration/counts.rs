//! Rows, counted.

use std::collections::{BTreeMap, BTreeSet};

use crate::poisson;
use crate::rows::Row;
use crate::tail::Observation;

/// All rows of a run.
pub struct Results {
    rows: Vec<Row>,
}

/// The rows of all folds with registries of one size.
pub struct Size<'a> {
    /// One in so many of the recordings of the other folds.
    pub fraction: u32,
    /// Mean size of the registries, in hours.
    pub hours: f64,
    /// The rows.
    pub rows: Vec<&'a Row>,
}

/// False matches at a threshold.
#[derive(Clone, Copy, Debug)]
pub struct Count {
    /// Largest E-value that counts.
    pub threshold: f64,
    /// Number of queries.
    pub queries: usize,
    /// Queries with a match at or below it.
    pub observed: usize,
    /// Pairs of recordings among these.
    pub pairs: usize,
}

impl Results {
    /// Takes the rows.
    pub fn new(rows: Vec<Row>) -> Self {
        Results { rows }
    }

    /// All rows, by fold, query and size.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// Matches that were not counted as their pairs are excluded.
    pub fn dropped(&self) -> usize {
        self.rows.iter().map(|row| row.dropped).sum()
    }

    /// The sizes, largest first.
    pub fn sizes(&self) -> Vec<Size<'_>> {
        let mut by_fraction: BTreeMap<u32, Vec<&Row>> = BTreeMap::new();
        for row in &self.rows {
            by_fraction.entry(row.fraction).or_default().push(row);
        }
        by_fraction
            .into_iter()
            .map(|(fraction, rows)| {
                let hours = rows.iter().map(|row| row.registry_hours).sum::<f64>() / rows.len() as f64;
                Size { fraction, hours, rows }
            })
            .collect()
    }

    /// What a tail is fitted to.
    pub fn observations<'a>(&self, rows: impl IntoIterator<Item = &'a &'a Row>) -> Vec<Observation> {
        let groups: BTreeSet<&str> = self.rows.iter().map(|row| row.group.as_str()).collect();
        let numbers: BTreeMap<&str, usize> = groups.into_iter().zip(0..).collect();
        let observation = |row: &&Row| Observation {
            x: row.e_value.map(|e| -e.ln()),
            cluster: numbers[row.group.as_str()],
        };
        rows.into_iter().map(observation).collect()
    }
}

/// Thresholds in half decades, from 10 to 10⁻⁴.
pub fn thresholds() -> impl Iterator<Item = f64> {
    (-8..=2).rev().map(|half| 10_f64.powf(f64::from(half) / 2.0))
}

impl Count {
    /// Counts the rows with an E-value of at most `threshold`, each as `value`
    /// gives it.
    pub fn new(rows: &[&Row], threshold: f64, value: impl Fn(f64) -> f64) -> Self {
        // A rounding error must not lose what stands at the threshold itself.
        let most = threshold * (1.0 + 1e-9);
        let found: Vec<&&Row> = rows.iter().filter(|r| r.e_value.is_some_and(|e| value(e) <= most)).collect();
        let pairs: BTreeSet<_> = found.iter().map(|r| (&r.recording_id, &r.found_id)).collect();
        Count { threshold, queries: rows.len(), observed: found.len(), pairs: pairs.len() }
    }

    /// False matches that the threshold promises.
    pub fn promised_matches(&self) -> f64 {
        self.threshold * self.queries as f64
    }

    /// Queries with at least one false match if these are independent, which is
    /// what is observed. The same number for small thresholds.
    pub fn promised_queries(&self) -> f64 {
        promised_rate(self.threshold) * self.queries as f64
    }

    /// 95 % interval of the mean that the observed queries were drawn from.
    pub fn interval(&self) -> (f64, f64) {
        poisson::interval(self.observed)
    }
}

/// Share of queries with at least one false match, as promised by a threshold.
pub fn promised_rate(threshold: f64) -> f64 {
    -(-threshold).exp_m1()
}
