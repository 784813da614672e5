//! What can be typed.

use std::num::{NonZeroU64, NonZeroUsize};
use std::path::PathBuf;

use clap::Parser;
use earmark::matching::Effort;

/// Grows a registry out of recombined real constellations and measures what a
/// query costs, and how well it is answered, at each size.
#[derive(Debug, Parser)]
#[command(name = "scale")]
pub struct Options {
    /// CSV with the columns path, id and group: music; recordings of different
    /// groups share no audio. The groups are dealt into the pool, the registered
    /// and the unregistered music
    pub music: PathBuf,
    /// CSV with the columns path and id: the recordings that the queries were made
    /// from. Those outside the pool and the unregistered music are registered
    pub recordings: PathBuf,
    /// Folder of the queries
    pub queries: PathBuf,
    /// CSV that tells what is in each query, as `cargo bench --bench recognition`
    /// reads it (columns query, ref_id, query_start_s, ref_start_s, time_scale,
    /// group, condition, also_at). Only queries are asked whose recordings are all
    /// registered
    pub truth: PathBuf,
    /// Folder for fingerprints and registries, which a later run takes up again.
    /// About 1 GB for each thousand hours, and as much as the largest registry
    #[arg(long, value_name = "FOLDER")]
    pub work: PathBuf,
    /// Folder for scale.md, scale.csv, answers.csv and scale.png
    #[arg(long, value_name = "FOLDER")]
    pub out: PathBuf,
    /// Recordings in the registry, the registered ones included; each size holds
    /// the smaller ones. With 0 alone only the statistics are compared
    #[arg(long, value_name = "N,N", value_delimiter = ',', default_value = "1000,10000")]
    pub sizes: Vec<u64>,
    /// Size for which the tables give an estimate
    #[arg(long, value_name = "N", default_value = "1000000")]
    pub estimate: NonZeroU64,
    /// Recordings in a segment; all their fingerprints are in memory at once,
    /// about 250 KB each
    #[arg(long, value_name = "N", default_value = "2000")]
    pub batch: NonZeroUsize,
    /// Parts that the groups are dealt into, at least 3: one is registered, one
    /// unregistered, all others are the pool
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = folds)]
    pub folds: usize,
    /// Groups of the music that are left out, such as speech
    #[arg(long, value_name = "GROUP,GROUP", value_delimiter = ',')]
    pub without: Vec<String>,
    /// Asks only each Nth query
    #[arg(long, value_name = "N", default_value = "1")]
    pub every: NonZeroUsize,
    /// Asks only queries of these groups or conditions of the truth
    #[arg(long, value_name = "NAME,NAME", value_delimiter = ',')]
    pub only: Vec<String>,
    /// Excerpts of unregistered music that are asked
    #[arg(long, value_name = "N", default_value_t = 500)]
    pub unregistered: usize,
    /// Whole recordings that are asked, as many registered as unregistered ones
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub long: usize,
    /// How hard is searched: fast, standard or thorough
    #[arg(long, default_value = "standard")]
    pub effort: Effort,
    /// Shell command that empties the caches of the file system, such as
    /// `sync; echo 3 > /proc/sys/vm/drop_caches` as root: some queries are then
    /// asked of a registry that is on the disk only
    #[arg(long, value_name = "COMMAND")]
    pub cold: Option<String>,
    /// Queries that are asked cold
    #[arg(long, value_name = "N", default_value_t = 40)]
    pub cold_queries: usize,
    /// Seed of all random choices
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub seed: u64,
    /// Threads for all but the measured queries, which are asked one after the
    /// other [default: as many as there are cores]
    #[arg(long, value_name = "N")]
    pub threads: Option<NonZeroUsize>,
    /// Measure the registry of this size, and print JSON.
    #[arg(long, hide = true)]
    pub ask: Option<u64>,
    /// With `ask`: only so many queries, and nothing twice.
    #[arg(long, hide = true)]
    pub few: Option<usize>,
    /// What `cargo bench` adds.
    #[arg(long, hide = true)]
    bench: bool,
}

fn folds(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|n| *n >= 3).ok_or_else(|| "must be a number of at least 3".to_owned())
}
