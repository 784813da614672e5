//! What can be typed after `earmark report`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, Subcommand};

use crate::cli::args::inputs::time_limit;
use crate::cli::args::judging::{LicenceArgs, LineageArgs};
use crate::cli::args::{ListFormat, RegistryDir};

/// `earmark report`.
#[derive(Args, Debug)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    after_help = "\
The page is one file that needs nothing else: what was asked, of which registry, the
verdicts, and for every match where it sounds and a picture of the peaks that both
have. Pictures and declarations need --registry; a file's spectrogram the file
itself, its peaks the file or its fingerprint. What is left out the page says.

Examples:
  earmark report verdicts.jsonl --html verdicts.html --registry their-registry
  earmark report verdicts.jsonl --eu-summary summary.md
  earmark report verify verdicts.jsonl --registry their-registry
  earmark report merge 1.jsonl 2.jsonl --out verdicts.jsonl"
)]
pub struct ReportArgs {
    /// What to do instead.
    #[command(subcommand)]
    pub command: Option<ReportCommand>,
    /// The report and what to make of it.
    #[command(flatten)]
    pub make: MakeArgs,
}

/// The report and what to make of it.
#[derive(Args, Debug)]
#[group(id = "made", required = true, multiple = true, args = ["html", "eu_summary"])]
pub struct MakeArgs {
    /// What `scan --format jsonl` wrote
    #[arg(value_name = "REPORT.jsonl", required = true)]
    pub report: Option<PathBuf>,
    /// Make a page for people
    #[arg(long, value_name = "OUT.html")]
    pub html: Option<PathBuf>,
    /// Make the figures for the EU's summary of training content, as Markdown
    #[arg(long, value_name = "OUT.md")]
    pub eu_summary: Option<PathBuf>,
    /// The registry, for pictures and declarations
    #[arg(long, value_name = "DIR")]
    pub registry: Option<PathBuf>,
    /// Where the files are.
    #[command(flatten)]
    pub files: FilesArgs,
    /// Which registry.
    #[command(flatten)]
    pub lineage: LineageArgs,
    /// Most pictures on the page: the first match of every file, then the others
    #[arg(long, value_name = "N", default_value_t = 40)]
    pub pictures: usize,
    /// Most files listed on the page, the strictest verdicts first; all are counted
    #[arg(long, value_name = "N", default_value_t = 2_000)]
    pub files_listed: usize,
}

/// Where the files of a report are.
#[derive(Args, Clone, Debug, Default)]
pub struct FilesArgs {
    /// The folder at which the paths of the report start [default: the present one]
    #[arg(long, value_name = "DIR")]
    pub root: Option<PathBuf>,
    /// The fingerprints of the files, in place of the files
    #[arg(long, value_name = "FILE.efp", num_args = 1..)]
    pub fingerprints: Vec<PathBuf>,
}

impl FilesArgs {
    /// Where the file lies that a report names so.
    pub fn file_of(&self, path: &Path) -> PathBuf {
        self.root.as_deref().unwrap_or(Path::new("")).join(path)
    }
}

/// The commands about a report.
#[derive(Debug, Subcommand)]
pub enum ReportCommand {
    /// Repeat a scan and compare it with its report, to the byte
    #[command(after_help = "\
Asks what the report asked, of the registry as it is now, about the files that its
rows name, and tells every difference: the registry's, a file that is missing or is
another one, and the fields of a row. The cells of a manifest are taken from the
report, or from the fingerprint files.

Exit codes: 0 the same to the byte, 1 something differs, 2 usage or environment, or
a registry that is not a continuation of the one in the report, 3 some files are missing
and the rest is the same (1 outranks 3).

Examples:
  earmark report verify verdicts.jsonl --registry their-registry
  earmark report verify verdicts.jsonl --registry their-registry --root /data/crawl
  earmark report verify verdicts.jsonl --registry their-registry --fingerprints all.efp")]
    Verify(VerifyArgs),
    /// Join the reports of all shards into what one machine would have written
    Merge(MergeArgs),
}

/// `earmark report verify`.
#[derive(Args, Debug)]
pub struct VerifyArgs {
    /// What `scan --format jsonl` wrote
    #[arg(value_name = "REPORT.jsonl")]
    pub report: PathBuf,
    /// Where the registry is.
    #[command(flatten)]
    pub registry: RegistryDir,
    /// Where the files are.
    #[command(flatten)]
    pub files: FilesArgs,
    /// What was accepted.
    #[command(flatten)]
    pub licences: LicenceArgs,
    /// Which registry.
    #[command(flatten)]
    pub lineage: LineageArgs,
    /// How the differences are written
    #[arg(long, value_enum, default_value_t = ListFormat::Table)]
    pub format: ListFormat,
    /// Give up on a file that takes longer, and go on; 0 for no limit [default: 600]
    #[arg(long, value_name = "SECONDS")]
    pub file_timeout: Option<u64>,
}

impl VerifyArgs {
    /// How long a file may take; `None` for as long as it takes.
    pub fn timeout(&self) -> Option<Duration> {
        time_limit(self.file_timeout)
    }
}

/// `earmark report merge`.
#[derive(Args, Debug)]
#[command(after_help = "\
The reports may be given in any order. A shard that is missing, was not finished,
or was asked something else is told, and nothing is written.

Example:
  earmark scan data/ --registry r --format jsonl --shard 1/2 --out 1.jsonl
  earmark scan data/ --registry r --format jsonl --shard 2/2 --out 2.jsonl
  earmark report merge 1.jsonl 2.jsonl --out verdicts.jsonl")]
pub struct MergeArgs {
    /// What `scan --shard` wrote, all shards
    #[arg(value_name = "REPORT", required = true)]
    pub reports: Vec<PathBuf>,
    /// Write the result to this file instead of stdout
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}
