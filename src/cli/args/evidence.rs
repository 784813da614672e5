//! What can be typed after `earmark evidence`.

use std::path::PathBuf;

use clap::Args;

use crate::cli::args::RegistryDir;
use crate::cli::args::judging::LineageArgs;
use crate::cli::args::report::FilesArgs;

/// `earmark evidence`.
#[derive(Args, Debug)]
#[command(after_help = "\
Packs a page with a picture, the report's header and row to the byte, the
declarations that the row cites with their hashes, the mandates and owners that they
hang on, and the SHA-256 of all of these. The same report and registry give the same
bytes. The audio is not packed.

Examples:
  earmark evidence verdicts.jsonl --path downloads/a.mp3 --registry my-registry \\
      --out a-evidence
  earmark evidence verdicts.jsonl --path downloads/mix.mp3 --match 2 \\
      --registry my-registry --out mix.zip")]
pub struct EvidenceArgs {
    /// What `scan --format jsonl` wrote
    #[arg(value_name = "REPORT.jsonl")]
    pub report: PathBuf,
    /// The file, as the report names it
    #[arg(long, value_name = "PATH")]
    pub path: PathBuf,
    /// The match, 1 for the first [default: all of the file's]
    #[arg(long = "match", value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub match_: Option<u32>,
    /// Where the registry is.
    #[command(flatten)]
    pub registry: RegistryDir,
    /// Where the files are.
    #[command(flatten)]
    pub files: FilesArgs,
    /// Which registry.
    #[command(flatten)]
    pub lineage: LineageArgs,
    /// A folder that does not exist or is empty, or a file that ends in .zip
    #[arg(long, value_name = "FOLDER|FILE.zip")]
    pub out: PathBuf,
}

impl EvidenceArgs {
    /// Whether one file is written, and not a folder.
    pub fn is_zip(&self) -> bool {
        self.out.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("zip"))
    }
}
