//! What can be typed.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Makes a mixed data set with a known truth, and scans it: whole, killed and
/// resumed, in shards.
#[derive(Debug, Parser)]
#[command(name = "dataset")]
pub struct Options {
    /// What to do.
    #[command(subcommand)]
    pub step: Step,
    /// What `cargo bench` adds.
    #[arg(long, global = true, hide = true)]
    bench: bool,
}

/// The two steps.
#[derive(Debug, Subcommand)]
pub enum Step {
    /// Cut, encode, break and pack clips; needs ffmpeg, and fdkaac for HE-AAC
    Make(MakeOptions),
    /// Scan what `make` made, and compare it with what is known
    Run(RunOptions),
}

/// `make`.
#[derive(Args, Debug)]
pub struct MakeOptions {
    /// CSV with the columns path, id and, if known, group (album, game): music;
    /// recordings of different groups share no audio
    pub music: PathBuf,
    /// CSV with the columns path and id: the recordings that are registered
    pub recordings: PathBuf,
    /// Folder for the data set, new or empty; some 200 KB a clip
    #[arg(long, value_name = "FOLDER")]
    pub out: PathBuf,
    /// Clips
    #[arg(long, value_name = "N", default_value_t = 20_000)]
    pub clips: usize,
    /// Whole recordings besides the clips; some of the clips are passages of these
    #[arg(long, value_name = "N", default_value_t = 300)]
    pub whole: usize,
    /// Share of the clips that are broken
    #[arg(long, value_name = "SHARE", default_value_t = 0.02)]
    pub broken: f64,
    /// Shortest recording that is cut, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 20.0)]
    pub shortest: f64,
    /// Seed of all random choices
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub seed: u64,
    /// Encoders that run at a time
    #[arg(long, value_name = "N", default_value = "1")]
    pub threads: NonZeroUsize,
}

/// `run`.
#[derive(Args, Debug)]
pub struct RunOptions {
    /// Folder that `make` made
    pub dataset: PathBuf,
    /// The program
    #[arg(long, value_name = "FILE")]
    pub earmark: PathBuf,
    /// Registry of the recordings that `make` was told
    #[arg(long, value_name = "DIR")]
    pub registry: PathBuf,
    /// Folder for dataset.md (and each phase's part of it), memory.csv, memory.png, misses.csv and the reports
    #[arg(long, value_name = "FOLDER")]
    pub out: PathBuf,
    /// What is measured: once is one run, kills the same killed and resumed, shards
    /// three machines and a merge, rows the data set written again by shards, killed
    /// and not, coverage `--coverage adaptive` against full
    #[arg(long, value_name = "PHASE,PHASE", value_delimiter = ',', default_values_t = [Phase::Once, Phase::Kills, Phase::Shards, Phase::Rows])]
    pub phases: Vec<Phase>,
    /// Kills of a run
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub kills: usize,
    /// The day of the scan, so that a later run gives the same
    #[arg(long, value_name = "DATE", default_value = "2026-11-21")]
    pub as_of: String,
    /// Threads of the program [default: as many as there are cores]
    #[arg(long, value_name = "N")]
    pub threads: Option<NonZeroUsize>,
    /// Seed of the instants of kills
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub seed: u64,
}

/// A measurement; each but the first rests on `once`, which may be of an earlier run
/// into the same folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Phase {
    /// One uninterrupted run.
    Once,
    /// The same, killed and resumed.
    Kills,
    /// Three shards and a merge.
    Shards,
    /// The data set again, by shards.
    Rows,
    /// Adaptive against full coverage.
    Coverage,
}

impl std::fmt::Display for Phase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Once => "once",
            Self::Kills => "kills",
            Self::Shards => "shards",
            Self::Rows => "rows",
            Self::Coverage => "coverage",
        })
    }
}
