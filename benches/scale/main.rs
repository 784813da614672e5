//! What becomes of cost and accuracy when the registry grows?
//!
//! ```text
//! cargo bench --bench scale -- MUSIC.csv RECORDINGS.csv QUERIES TRUTH.csv --work FOLDER --out FOLDER
//! ```
//!
//! A registry is grown to 1,000, 10,000 or more recordings and asked the same
//! queries at each size. FOLDER (`--out`) receives `scale.md` with tables,
//! `scale.csv` with the same figures by size and kind, `answers.csv` with a row per
//! query and size, and `scale.png` with the plot.
//!
//! # Where so much music comes from
//!
//! Cost and chance depend on the recordings through their constellations alone, so
//! these are made and no audio is: a made-up recording is a row of pieces of 4 to
//! 12 s of one or two real constellations, as a whole transposed by up to 8
//! whole semitones and stretched by up to 12 % (`recombine`). Inside a piece, chords,
//! beats, densities and decays are those of real music; what random peaks would
//! get wrong, above all the skew of the hashes, stays. The first table of the
//! results compares both, with other real music as a measure of how much of a
//! difference is usual.
//!
//! The groups of MUSIC.csv (albums, games) are dealt into three parts of which no
//! two share a group: the **pool** of sources, the **registered** recordings, which
//! the queries with a known answer were made from, and the **unregistered** ones,
//! which nothing in the registry comes from. No file and no audio hash of the
//! latter two is in the pool. A registry holds the registered recordings first and
//! then made-up ones; a recording depends on its number and the seed alone, so that
//! every size holds the smaller ones.
//!
//! # What the figures are not
//!
//! - The search forgives transposition and stretching, so that made-up recordings
//!   of one source are siblings of each other wherever they share a part of a piece.
//!   A pool of 10 hours gives each of its seconds to a registry of 5,000 hours 500
//!   times. Where chance makes a query resemble a piece, all its copies become
//!   candidates at once, more than unrelated music would send, which drive out the
//!   true one and are verified at a cost: **recall and CPU time are rather too bad
//!   than too good.**
//! - The same copies make false matches come in crowds: what E-values promise is
//!   the sum over independent recordings, and a pool of 10 hours does not hold 5,000
//!   hours of different accidents. Copies are also each other's rivals, which raises
//!   the E-values of all of them. **Fewer false matches than promised at a large size
//!   are therefore no proof of anything**, more would be one of a defect. How E-values
//!   hold on music that differs `benches/calibration` tells.
//! - CPU time is that of the search on one thread, without decoding and
//!   fingerprinting the query. Whole recordings are reported apart from excerpts:
//!   they are searched stretch by stretch, and what is found early is not sought
//!   again.
//! - Figures for sizes that were not measured are lines through the last two sizes.
//!   Standard effort slides queries along registries of up to 100 hours and not along
//!   larger ones, so that a line from below to beyond that leads nowhere.
//! - Page faults are those of the searching thread, its own memory included. The
//!   system maps several pages at one fault, and reads ahead: how much of the
//!   registry a search needs is better told by what is mapped in the end, and by
//!   what is read from the disk with empty caches (`--cold`).

mod ask;
mod canvas;
mod chart;
#[path = "../calibration/clips.rs"]
mod clips;
#[path = "../calibration/degrade.rs"]
mod degrade;
#[path = "../calibration/folds.rs"]
#[allow(dead_code)]
mod folds;
mod grow;
mod hashes;
#[path = "../calibration/manifest.rs"]
#[allow(dead_code)]
mod manifest;
mod music;
mod options;
#[path = "../calibration/poisson.rs"]
mod poisson;
mod process;
#[path = "../calibration/progress.rs"]
mod progress;
mod questions;
mod recombine;
#[path = "../calibration/recordings.rs"]
#[allow(dead_code)]
mod recordings;
#[path = "../calibration/start.rs"]
mod start;
mod statistics;
mod store;
mod summary;
#[path = "../../examples/make_testdata/synth/mod.rs"]
#[allow(dead_code)]
mod synth;
mod tally;
#[path = "../recognition/material.rs"]
#[allow(dead_code)]
mod truth;

use std::fs::{self, File};
use std::io::BufWriter;
use std::process::{Command, ExitCode};

use earmark::fingerprint::Fingerprint;
use earmark::params::Params;
use rayon::prelude::*;

use ask::Measured;
use music::Music;
use options::Options;
use questions::Question;
use statistics::Statistics;
use store::{Failure, Store};
use summary::Summary;

/// File in the work folder that tells a new process what to ask.
const QUESTIONS: &str = "questions.json";

/// Made-up recordings whose statistics are compared: as much music as a pool of
/// some hours, so that what rests on the number of hashes can be compared.
const COMPARED: u64 = 150;

fn main() -> ExitCode {
    start::start("scale", run)
}

fn run(options: &Options) -> Result<(), Failure> {
    if let Some(threads) = options.threads {
        rayon::ThreadPoolBuilder::new().num_threads(threads.get()).build_global()?;
    }
    let params = Params::default();
    let store = Store::new(options.work.join("fingerprints"))?;
    if let Some(size) = options.ask {
        let questions: Vec<Question> = serde_json::from_slice(&fs::read(options.work.join(QUESTIONS))?)?;
        let measured = ask::ask(options, size, &questions, &store, &params)?;
        serde_json::to_writer(std::io::stdout().lock(), &measured)?;
        return Ok(());
    }
    fs::create_dir_all(&options.out)?;
    let music = Music::read(options, &store, &params)?;
    let (questions, left_out) = questions::all(options, &music, &store, &params)?;
    fs::write(options.work.join(QUESTIONS), serde_json::to_vec(&questions)?)?;
    let likeness = likeness(options, &music, &params);
    eprintln!("{likeness}");

    let mut sizes = options.sizes.clone();
    sizes.sort_unstable();
    sizes.dedup();
    sizes.retain(|size| *size > 0);
    grow::all(options, &sizes, &music, &params)?;
    let parts = parts(&music, &questions, left_out, &params);
    // Not needed any more: the memory belongs to the process that asks.
    drop(music);
    let (mut measured, mut cold) = (Vec::new(), Vec::new());
    for &size in &sizes {
        if let Some(command) = &options.cold {
            cold.push(ask_cold(options, size, command)?);
        }
        measured.push(ask::in_a_new_process(size, None)?);
        // After every size: the next may take long.
        let summary = Summary {
            options,
            params: &params,
            parts: &parts,
            likeness: &likeness,
            measured: &measured,
            cold: &cold,
        };
        write(options, &summary)?;
    }
    if sizes.is_empty() {
        let summary = Summary {
            options,
            params: &params,
            parts: &parts,
            likeness: &likeness,
            measured: &[],
            cold: &[],
        };
        fs::write(options.out.join("scale.md"), summary.markdown())?;
    }
    eprintln!("results are in {}", options.out.display());
    Ok(())
}

/// One sentence on who is where.
fn parts(music: &Music, questions: &[Question], left_out: usize, params: &Params) -> String {
    let hours =
        |frames: u64| frames as f64 * f64::from(params.hop_samples) / f64::from(params.rate_hz) / 3600.0;
    let sum = |all: &mut dyn Iterator<Item = &Fingerprint>| hours(all.map(|f| u64::from(f.frames)).sum());
    format!(
        "Pool: {} recordings ({:.1} h; {} more were kept out for their audio hash). Registered: {} real \
         recordings ({:.1} h), the rest made up. Unregistered: {} recordings ({:.1} h). {} queries; {left_out} \
         of the truth cannot be asked as not all in them is registered or they are sequences.",
        music.pool.len(),
        sum(&mut music.pool.iter()),
        music.kept_out,
        music.registered.len(),
        sum(&mut music.registered.iter().map(|r| &r.stored.fingerprint)),
        music.unregistered.len(),
        sum(&mut music.unregistered.iter().map(|u| &u.fingerprint)),
        questions.len(),
    )
}

/// Made-up music against real music.
fn likeness(options: &Options, music: &Music, params: &Params) -> String {
    let made: Vec<Fingerprint> = (0..COMPARED)
        .into_par_iter()
        .map(|number| recombine::make(number, options.seed, &music.pool, params))
        .collect();
    let pool = Statistics::of(&music.pool, params);
    let made = Statistics::of(&made, params);
    let registered = Statistics::of(music.registered.iter().map(|r| &r.stored.fingerprint), params);
    let unregistered = Statistics::of(music.unregistered.iter().map(|u| &u.fingerprint), params);
    statistics::markdown(
        &[("pool (real)", &pool), ("made up", &made), ("registered (real, other groups)", &registered)],
        &unregistered,
    )
}

fn ask_cold(options: &Options, size: u64, command: &str) -> Result<Measured, Failure> {
    let status = Command::new("sh").args(["-c", command]).status()?;
    if !status.success() {
        return Err(format!("--cold: `{command}` failed: {status}").into());
    }
    ask::in_a_new_process(size, Some(options.cold_queries))
}

fn write(options: &Options, summary: &Summary<'_>) -> Result<(), Failure> {
    fs::write(options.out.join("scale.md"), summary.markdown())?;
    tally::write(&options.out.join("scale.csv"), summary.measured)?;
    let mut answers = csv::Writer::from_path(options.out.join("answers.csv"))?;
    for answer in summary.measured.iter().flat_map(|m| &m.answers) {
        answers.serialize(answer)?;
    }
    answers.flush()?;
    chart::draw(summary.measured).write_png(BufWriter::new(File::create(options.out.join("scale.png"))?))?;
    Ok(())
}
