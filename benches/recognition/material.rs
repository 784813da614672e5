//! Recordings and queries, read and fingerprinted.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs::File;
use std::path::Path;

use earmark::audio::Limits;
use earmark::fingerprint::{Fingerprint, fingerprint};
use earmark::params::Params;
use rayon::prelude::*;
use serde::Deserialize;

/// A registered recording.
pub struct Recording {
    /// Its id.
    pub id: String,
    /// Its fingerprint.
    pub fingerprint: Fingerprint,
}

/// A query and what is in it.
pub struct Query {
    /// Its fingerprint.
    pub fingerprint: Fingerprint,
    /// What is in it, a row for each recording; never empty.
    pub truth: Vec<Truth>,
}

/// A row of the truth.
#[derive(Clone, Deserialize)]
pub struct Truth {
    /// Name of the query's file.
    pub query: String,
    /// Id of the recording, or NONE.
    pub ref_id: String,
    /// Where it starts in the query, in seconds.
    pub query_start_s: f64,
    /// The position in the recording that sounds there, in seconds.
    pub ref_start_s: Option<f64>,
    /// Seconds of the recording per second of the query.
    pub time_scale: f64,
    /// What was done to it, finely.
    pub condition: String,
    /// What was done to it, roughly.
    pub group: String,
    /// Other positions that sound the same, separated by `;`.
    pub also_at: String,
}

impl Truth {
    /// Whether there is a registered recording.
    pub fn is_registered(&self) -> bool {
        self.ref_id != "NONE"
    }

    /// All positions in the recording that are right, in seconds.
    pub fn positions(&self) -> impl Iterator<Item = f64> + '_ {
        self.ref_start_s.into_iter().chain(self.also_at.split(';').filter_map(|s| s.parse().ok()))
    }
}

#[derive(Deserialize)]
struct Place {
    path: String,
    id: String,
}

/// Reads the recordings named by a file.
pub fn recordings(list: &Path, params: &Params) -> Result<Vec<Recording>, Box<dyn Error>> {
    let places: Vec<Place> = csv::Reader::from_path(list)?.deserialize().collect::<Result<_, _>>()?;
    eprintln!("reading {} recordings ...", places.len());
    let read = |place: &Place| {
        Ok(Recording { id: place.id.clone(), fingerprint: read(Path::new(&place.path), params)? })
    };
    places.par_iter().map(read).collect::<Result<_, String>>().map_err(Into::into)
}

/// Reads each `every`th query with its truth.
pub fn queries(
    folder: &Path,
    truth: &Path,
    every: usize,
    params: &Params,
) -> Result<Vec<Query>, Box<dyn Error>> {
    let mut by_query: BTreeMap<String, Vec<Truth>> = BTreeMap::new();
    for row in csv::Reader::from_path(truth)?.deserialize() {
        let row: Truth = row?;
        by_query.entry(row.query.clone()).or_default().push(row);
    }
    let chosen: Vec<(String, Vec<Truth>)> = by_query.into_iter().step_by(every).collect();
    eprintln!("reading {} queries ...", chosen.len());
    let read = |(name, truth): &(String, Vec<Truth>)| {
        Ok(Query { fingerprint: read(&folder.join(name), params)?, truth: truth.clone() })
    };
    chosen.par_iter().map(read).collect::<Result<_, String>>().map_err(Into::into)
}

fn read(path: &Path, params: &Params) -> Result<Fingerprint, String> {
    let named = |error: &dyn Error| format!("{}: {error}", path.display());
    let file = File::open(path).map_err(|error| named(&error))?;
    let hint = path.extension().and_then(|e| e.to_str());
    let read = fingerprint(file, hint, params, &Limits::default());
    Ok(read.map_err(|error| named(&error))?.0)
}
