//! How well and how fast queries with known answers are recognised, at every
//! effort, and what each part of the search contributes.
//!
//! ```text
//! cargo bench --bench recognition -- RECORDINGS.csv QUERIES TRUTH.csv [--every N] [--parts]
//! ```
//!
//! RECORDINGS.csv has the columns `path` and `id`; QUERIES is a folder; TRUTH.csv
//! names for each query what is in it (columns `query`, `ref_id`, `query_start_s`,
//! `ref_start_s`, `time_scale`, `group`, `condition`, `also_at`; `ref_id` is NONE
//! where nothing is, one row for each of several recordings). With `--every N` only
//! each Nth query is asked; with `--parts` the search is also run without one part
//! after the other. Markdown tables go to standard output.

mod configurations;
mod material;
mod tally;

use std::error::Error;
use std::path::PathBuf;

use cpu_time::ProcessTime;
use earmark::fingerprint::Fingerprint;
use earmark::index::{Index, Segment, SegmentEntry};
use earmark::params::Params;
use earmark::units::RecordingKey;
use rayon::prelude::*;

use configurations::Configuration;
use material::{Query, Recording};
use tally::{Row, Tally};

struct Arguments {
    recordings: PathBuf,
    queries: PathBuf,
    truth: PathBuf,
    every: usize,
    parts: bool,
}

impl Arguments {
    fn parse() -> Result<Self, String> {
        let usage = "usage: recognition RECORDINGS.csv QUERIES TRUTH.csv [--every N] [--parts]";
        let (mut places, mut every, mut parts) = (Vec::new(), 1, false);
        let mut arguments = std::env::args().skip(1);
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                // Cargo adds it to every benchmark.
                "--bench" => {}
                "--parts" => parts = true,
                "--every" => {
                    let value = arguments.next().and_then(|n| n.parse().ok()).filter(|n| *n > 0);
                    every = value.ok_or("--every needs a positive number")?;
                }
                _ => places.push(PathBuf::from(argument)),
            }
        }
        let [recordings, queries, truth] = places.try_into().map_err(|_| usage.to_owned())?;
        Ok(Arguments { recordings, queries, truth, every, parts })
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse()?;
    let params = Params::default();
    let recordings = material::recordings(&arguments.recordings, &params)?;
    let queries = material::queries(&arguments.queries, &arguments.truth, arguments.every, &params)?;
    let entries: Vec<SegmentEntry<'_>> = (0..)
        .zip(&recordings)
        .map(|(key, r)| SegmentEntry { recording: RecordingKey(key), fingerprint: &r.fingerprint })
        .collect();
    let segment = Segment::in_memory(&params, &entries)?;
    let index = Index::new(vec![segment.into()], Default::default());

    let hours = index.seconds() / 3600.0;
    println!("{} recordings ({hours:.1} h), {} queries.\n", recordings.len(), queries.len());
    let mut columns = Vec::new();
    for configuration in configurations::all(arguments.parts) {
        eprintln!("{} ...", configuration.name);
        let (rows, cpu_s) = ask(&configuration, &index, &params, &queries, &recordings);
        let frame_s = f64::from(params.hop_samples) / f64::from(params.rate_hz);
        let query_s = queries.iter().map(|q| f64::from(q.fingerprint.frames) * frame_s).sum();
        columns.push(Tally::new(configuration.name, rows, cpu_s, query_s));
    }
    tally::print(&columns);
    Ok(())
}

/// Asks all queries; what came, and the CPU time.
fn ask(
    configuration: &Configuration,
    index: &Index,
    params: &Params,
    queries: &[Query],
    recordings: &[Recording],
) -> (Vec<Row>, f64) {
    let start = ProcessTime::now();
    let found = |query: &Fingerprint| configuration.identify(index, params, query);
    let answers: Vec<_> = queries.par_iter().map(|q| found(&q.fingerprint)).collect();
    let cpu_s = start.elapsed().as_secs_f64();
    let id = |key: RecordingKey| recordings[key.0 as usize].id.as_str();
    let rows = queries.iter().zip(&answers).map(|(query, answer)| Row::new(query, answer, id));
    (rows.collect(), cpu_s)
}
