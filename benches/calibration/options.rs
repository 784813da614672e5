//! What can be typed.

use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;

use clap::Parser;
use earmark::matching::Effort;

/// Counts false matches and compares them with what E-values promise.
#[derive(Debug, Parser)]
#[command(name = "calibration")]
pub struct Options {
    /// CSV with the columns path, id and group: audio files; recordings of
    /// different groups share no audio
    pub manifest: PathBuf,
    /// Folder for calibration.csv, calibration.md and calibration.svg
    #[arg(long, value_name = "FOLDER")]
    pub out: PathBuf,
    /// Sizes of the registries: N stands for an Nth of the other folds' audio
    #[arg(long, value_name = "N,N", value_delimiter = ',', default_value = "1,4,16")]
    pub fraction: Vec<NonZeroU32>,
    /// Queries over all folds; each is searched for in a registry of every size
    #[arg(long, value_name = "N", default_value_t = 3000)]
    pub queries: usize,
    /// How hard is searched: fast, standard or thorough
    #[arg(long, default_value = "standard")]
    pub effort: Effort,
    /// Seed of all random choices
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub seed: u64,
    /// Parts that the groups are dealt into
    #[arg(long, value_name = "N", default_value = "4")]
    pub folds: NonZeroUsize,
    /// Group whose recordings are speech: they are mixed into some queries as
    /// babble, and in no registry
    #[arg(long, value_name = "GROUP")]
    pub speech: Option<String>,
    /// CSV with the columns id_a and id_b: recordings, or whole groups, that were
    /// found to share audio; matches between them are not counted
    #[arg(long, value_name = "PAIRS.csv")]
    pub exclude: Option<PathBuf>,
    /// Threads to use [default: as many as there are cores]
    #[arg(long, value_name = "N")]
    pub threads: Option<NonZeroUsize>,
    /// What `cargo bench` adds.
    #[arg(long, hide = true)]
    bench: bool,
}
