//! What can be typed after `earmark rescan`.

use std::path::PathBuf;

use clap::Args;
use jiff::civil::Date;

use crate::cli::args::judging::{LicenceArgs, LineageArgs, OverlapArgs};
use crate::cli::args::parse;
use crate::cli::args::{EmptyArgs, ListFormat, RegistryDir};

/// `earmark rescan`.
#[derive(Args, Debug)]
#[command(after_help = "\
Asks what the report asked, of the registry as it is now, and writes the report
that a scan of the same files would write. Results name the files whose verdict,
recordings or declarations are others than before. Exit codes are those of scan.

Where recordings were registered since, a file is searched for those alone, and
wholly where one may be in it; a match that is kept has the grade and E-value of the
search that found it. Where recordings were changed or removed all are searched.

Examples:
  earmark rescan verdicts.jsonl --fingerprints downloads.efp --registry their-registry \\
      --out verdicts-new.jsonl
  earmark rescan verdicts.jsonl --fingerprints downloads.efp --registry their-registry \\
      --out verdicts-new.jsonl --as-of 2026-12-01 --format jsonl > changes.jsonl")]
pub struct RescanArgs {
    /// What `scan --format jsonl` wrote
    #[arg(value_name = "REPORT.jsonl")]
    pub report: PathBuf,
    /// The fingerprints of the files that were scanned; several in their order
    #[arg(long, value_name = "FILE.efp", required = true, num_args = 1..)]
    pub fingerprints: Vec<PathBuf>,
    /// Where the registry is.
    #[command(flatten)]
    pub registry: RegistryDir,
    /// An empty one.
    #[command(flatten)]
    pub emptiness: EmptyArgs,
    /// The report to write
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// The day on which the use is to happen [default: today, in UTC]
    #[arg(long, value_name = "DATE", value_parser = parse::date)]
    pub as_of: Option<Date>,
    /// How much of a file counts.
    #[command(flatten)]
    pub overlap: OverlapArgs,
    /// What was licensed.
    #[command(flatten)]
    pub licences: LicenceArgs,
    /// Which registry.
    #[command(flatten)]
    pub lineage: LineageArgs,
    /// Search every file again
    #[arg(long)]
    pub full: bool,
    /// How the changes are written
    #[arg(long, value_enum, default_value_t = ListFormat::Table)]
    pub format: ListFormat,
}
