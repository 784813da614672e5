//! Is a match the take and not the notes? Other performances, other music on the
//! same instruments, drum machines, loops, speech, sweeps and noise are searched for
//! in a registry that holds none of them, and copies of what it holds.
//!
//! ```text
//! python3 benches/takes/make.py FOLDER
//! cargo bench --bench takes -- FOLDER/takes.csv --cache FOLDER/cache
//! ```
//!
//! The first command makes the music; see there for the columns of the list. Music
//! of one's own in a list of the same columns comes with `--with` and, where its
//! queries are to be asked whole and not cut into clips, with `--whole`. Standard
//! output receives the tables, `--rows` a row for every match.

mod clips;
mod list;
mod outcome;
#[path = "../calibration/poisson.rs"]
#[allow(dead_code)]
mod poisson;
#[path = "../calibration/progress.rs"]
mod progress;
#[path = "../calibration/start.rs"]
mod start;
mod table;

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use cpu_time::ProcessTime;
use earmark::index::{Index, Segment, SegmentEntry};
use earmark::matching::{Effort, Match, MatchOptions, Matcher};
use earmark::params::Params;
use earmark::units::RecordingKey;
use rayon::prelude::*;

use clips::Clip;
use list::{Entry, Role};
use outcome::Outcome;

/// Counts matches that are not the take, by kind.
#[derive(Debug, Parser)]
#[command(name = "takes")]
struct Options {
    /// The list that make.py writes
    list: PathBuf,
    /// Another list, whose files are cut into clips, too
    #[arg(long, value_name = "LIST.csv")]
    with: Vec<PathBuf>,
    /// Another list, whose queries are asked as they are
    #[arg(long, value_name = "LIST.csv")]
    whole: Vec<PathBuf>,
    /// Folder in which fingerprints are kept from run to run
    #[arg(long, value_name = "FOLDER")]
    cache: PathBuf,
    /// Receives a row for every match
    #[arg(long, value_name = "ROWS.csv")]
    rows: Option<PathBuf>,
    /// Lengths of the clips, in seconds; 0 is the whole file
    #[arg(long, value_name = "S,S", value_delimiter = ',', default_value = "2,3,5,10,0")]
    lengths: Vec<f64>,
    /// Clips of each length that are cut from a file
    #[arg(long, value_name = "N", default_value_t = 1)]
    clips: u32,
    /// Only each Nth file is asked
    #[arg(long, value_name = "N", default_value_t = 1)]
    every: usize,
    /// How hard is searched: fast, standard or thorough
    #[arg(long, default_value = "standard")]
    effort: Effort,
    /// Threads to use [default: as many as there are cores]
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// What `cargo bench` adds.
    #[arg(long, hide = true)]
    bench: bool,
}

/// Largest E-value that is counted.
const MOST_E_VALUE: f64 = 1.0;

fn main() -> ExitCode {
    start::start("takes", run)
}

fn run(options: &Options) -> Result<(), Box<dyn Error + Send + Sync>> {
    if let Some(threads) = options.threads {
        rayon::ThreadPoolBuilder::new().num_threads(threads).build_global()?;
    }
    let params = Params::default();
    std::fs::create_dir_all(&options.cache)?;
    let mut cut = list::entries(&options.list)?;
    for other in &options.with {
        cut.extend(list::entries(other)?);
    }
    let mut whole = Vec::new();
    for other in &options.whole {
        whole.extend(list::entries(other)?);
    }
    let cutter = clips::Cutter { params: &params, cache: &options.cache };
    let (refs, asked): (Vec<Entry>, Vec<Entry>) =
        cut.into_iter().chain(whole.iter().cloned()).partition(|e| e.role == Role::Ref);
    let registered = cutter.each(&refs, |_| vec![(0.0, 1)])?;
    let asked: Vec<Entry> = asked.into_iter().step_by(options.every).collect();
    let lengths = |entry: &Entry| match whole.contains(entry) {
        true => vec![(0.0, 1)],
        false => options.lengths.iter().map(|s| (*s, if *s > 0.0 { options.clips } else { 1 })).collect(),
    };
    let clips = cutter.each(&asked, lengths)?;

    let entries: Vec<SegmentEntry<'_>> = (0..)
        .zip(&registered)
        .map(|(key, clip)| SegmentEntry { recording: RecordingKey(key), fingerprint: &clip.fingerprint })
        .collect();
    let index = Index::new(vec![Segment::in_memory(&params, &entries)?.into()], Default::default());
    println!("{} recordings ({:.1} h), {} queries.\n", refs.len(), index.seconds() / 3600.0, clips.len());

    let matches = MatchOptions::default().effort(options.effort).possible_e_value(MOST_E_VALUE);
    let matcher = Matcher::new(&index, &params, matches);
    let progress = progress::Progress::new("queries".to_owned(), clips.len());
    let started = ProcessTime::now();
    let found: Vec<Vec<Match>> = clips
        .par_iter()
        .map(|clip| {
            let found = matcher.identify(&clip.fingerprint);
            progress.step();
            found
        })
        .collect();
    let cpu_s = started.elapsed().as_secs_f64();
    let name = |m: &Match| &registered[m.recording.0 as usize].entry;
    let outcomes: Vec<Outcome<'_>> =
        clips.iter().zip(&found).map(|(clip, found)| Outcome::new(clip, found, name)).collect();
    table::print(&outcomes);
    let seconds: f64 = clips.iter().map(|clip: &Clip| clip.seconds(&params)).sum();
    println!("\nCPU: {:.2} ms per second of query.", 1000.0 * cpu_s / seconds);
    if let Some(path) = &options.rows {
        outcome::write(path, &outcomes)?;
    }
    Ok(())
}
