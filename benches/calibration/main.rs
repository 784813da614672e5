//! Do E-values hold? Recordings are searched for in registries that hold
//! nothing of theirs, so that every match is false, and the false matches are
//! counted against the number that their E-values promise.
//!
//! ```text
//! cargo bench --bench calibration -- MANIFEST.csv --out FOLDER
//! ```
//!
//! The manifest's groups are dealt into folds. What is cut from the recordings
//! of one fold and degraded is searched for in the recordings of all others, and
//! in smaller parts of them. FOLDER receives `calibration.csv` with a row per
//! query and registry, `calibration.md` with tables and `calibration.svg` with
//! the plot. The same manifest, options and files give the same bytes.

mod clips;
mod counts;
mod degrade;
mod experiment;
mod figure;
mod fits;
mod folds;
mod manifest;
mod options;
mod poisson;
mod progress;
mod recordings;
mod rows;
mod start;
mod summary;
#[path = "../../examples/make_testdata/synth/mod.rs"]
#[allow(dead_code)]
mod synth;
mod tail;

use std::error::Error;
use std::fs;
use std::path::Path;
use std::process::ExitCode;

use earmark::params::Params;

use counts::Results;
use experiment::Experiment;
use options::Options;

fn main() -> ExitCode {
    start::start("calibration", run)
}

fn run(options: &Options) -> Result<(), Box<dyn Error + Send + Sync>> {
    if let Some(threads) = options.threads {
        rayon::ThreadPoolBuilder::new().num_threads(threads.get()).build_global()?;
    }
    let params = Params::default();
    let entries = manifest::entries(&options.manifest)?;
    let excluded = options.exclude.as_deref().map(manifest::pairs).transpose()?.unwrap_or_default();
    fs::create_dir_all(&options.out).map_err(|error| named(&options.out, &error))?;

    let recordings = recordings::read(&entries, &params)?;
    let rows = Experiment::new(options, &params, recordings, excluded)?.run()?;
    let results = Results::new(rows);

    let csv = options.out.join("calibration.csv");
    rows::write(&csv, results.rows()).map_err(|error| named(&csv, &error))?;
    let files = [
        ("calibration.md", summary::markdown(&results, options, &params)),
        ("calibration.svg", figure::svg(&results)),
    ];
    for (name, text) in files {
        let path = options.out.join(name);
        fs::write(&path, text).map_err(|error| named(&path, &error))?;
    }
    let dropped = results.dropped();
    eprintln!("{dropped} matches of excluded pairs dropped; results are in {}", options.out.display());
    Ok(())
}

fn named(path: &Path, error: &dyn Error) -> String {
    format!("{}: {error}", path.display())
}
