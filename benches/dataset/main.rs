//! Does a scan of a large mixed data set lose nothing, at what speed?
//!
//! ```text
//! cargo bench --bench dataset -- make MUSIC.csv RECORDINGS.csv --out DATASET
//! cargo bench --bench dataset -- run DATASET --earmark target/release/earmark --registry DIR --out FOLDER
//! ```
//!
//! `make` cuts clips of 5 to 20 s out of the music, half of them out of registered
//! recordings, encodes each in one of the forms that earmark reads (`encodings`),
//! breaks some (`damage`) and puts them into what data sets come in (`plan`): JSONL
//! with passages, `metadata.jsonl`, CSV, Parquet with paths and with audio, tar and
//! tar.gz shards, zip and folders; and adds whole recordings. `truth.csv` has a row
//! for each row of the scan, in its order, and `inputs.json` what is to be named to
//! it. The same options, music and encoders give the same data set.
//!
//! `run` scans it and writes `dataset.md`: throughput, memory over time, whether
//! every item has its row, what was recognised by encoding, what became of broken
//! files, and whether kills and shards leave a byte different.

#[path = "../scale/canvas.rs"]
#[allow(dead_code)]
mod canvas;
mod check;
mod damage;
mod encode;
mod encodings;
mod make;
mod memory;
mod options;
mod pack;
mod plan;
#[path = "../calibration/progress.rs"]
mod progress;
#[path = "../../examples/make_testdata/synth/rng.rs"]
#[allow(dead_code)]
mod rng;
mod rows;
mod run;
#[path = "../calibration/start.rs"]
mod start;
mod truth;
mod watched;

use std::process::ExitCode;

use options::{Options, Step};

/// Why a step ended.
type Failure = Box<dyn std::error::Error + Send + Sync>;

fn main() -> ExitCode {
    start::start("dataset", |options: &Options| match &options.step {
        Step::Make(options) => make::make(options),
        Step::Run(options) => run::run(options),
    })
}
