//! What can be typed after `earmark report`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// `earmark report`.
#[derive(Args, Debug)]
pub struct ReportArgs {
    /// What to do with it.
    #[command(subcommand)]
    pub command: ReportCommand,
}

/// The commands about reports of scans.
#[derive(Debug, Subcommand)]
pub enum ReportCommand {
    /// Join the reports of all shards into what one machine would have written
    Merge(ReportMergeArgs),
}

/// `earmark report merge`.
#[derive(Args, Debug)]
#[command(after_help = "\
The reports may be given in any order. A shard that is missing, was not finished,
or was asked something else is told, and no --out file appears.

Example:
  earmark scan data/ --registry r --format jsonl --shard 1/2 --out 1.jsonl
  earmark scan data/ --registry r --format jsonl --shard 2/2 --out 2.jsonl
  earmark report merge 1.jsonl 2.jsonl --out verdicts.jsonl")]
pub struct ReportMergeArgs {
    /// What `scan --shard` wrote, all shards
    #[arg(value_name = "REPORT", required = true)]
    pub reports: Vec<PathBuf>,
    /// Write the result to this file instead of stdout
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}
