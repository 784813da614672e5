//! What can be typed.

pub mod authority;
pub mod check;
pub mod compare;
pub mod declare;
#[cfg(test)]
mod documented;
pub mod evidence;
pub mod fingerprint;
pub mod inputs;
pub mod judging;
pub mod live;
pub mod log;
pub mod parse;
pub mod report;
pub mod rescan;
#[cfg(feature = "serve")]
pub mod serve;
#[cfg(test)]
mod tests;

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use earmark::coverage::Coverage;
use earmark::inputs::label_copy::ColumnMap;
use earmark::matching::{Effort, MatchOptions};

use crate::cli::args::authority::AuthorityArgs;
use crate::cli::args::check::CheckArgs;
use crate::cli::args::compare::CompareArgs;
use crate::cli::args::declare::DeclareArgs;
use crate::cli::args::evidence::EvidenceArgs;
use crate::cli::args::fingerprint::FingerprintArgs;
use crate::cli::args::inputs::{DatasetArgs, ListingArgs, LogFormat, RowsArgs};
use crate::cli::args::judging::{LicenceArgs, LineageArgs, OverlapArgs, QuestionArgs};
use crate::cli::args::live::LiveArgs;
use crate::cli::args::log::{ExportArgs, ImportArgs, LogArgs, MandateArgs, OwnerArgs};
use crate::cli::args::report::ReportArgs;
use crate::cli::args::rescan::RescanArgs;

/// Finds registered recordings inside untagged audio and says what their
/// owners declared about AI training.
#[derive(Debug, Parser)]
#[command(
    name = "earmark",
    version,
    propagate_version = true,
    subcommand_required = true,
    arg_required_else_help = true,
    after_help = "\
Exit codes: 0 nothing disallowed, 1 something is (scan), 2 usage or environment,
3 some files could not be checked (1 outranks 3).

Start:
  earmark register music/ --registry my-registry
  earmark declare --registry my-registry --owner 'Example Music' \\
      --use ai-training --disallow --declarant 'Example Music'
  earmark scan downloads/ --registry my-registry"
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// Threads to use [default: as many as there are cores]
    #[arg(long, global = true, value_name = "N")]
    pub threads: Option<NonZeroUsize>,
    /// How messages on stderr are written
    #[arg(long, global = true, value_enum, value_name = "FORMAT", default_value_t)]
    pub log_format: LogFormat,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Add recordings to a registry
    ///
    /// Reads every input, takes its fingerprint and stores it with its ISRC and
    /// title, from the manifest where there is one, else from the file's tags.
    /// The same audio is stored once, however often it is registered.
    Register(RegisterArgs),
    /// Store what an owner says about the use of recordings
    ///
    /// Declarations are kept for good: a later one of the same declarant about
    /// the same subject and use takes the place of the earlier, which stays
    /// readable. A subject need not be registered yet.
    Declare(DeclareArgs),
    /// Say for every file whether it may be used, and why
    ///
    /// Recognises registered recordings by their sound, reads the ISRCs in the
    /// tags, and applies what was declared.
    Scan(ScanArgs),
    /// Say what was declared about ISRCs, without any audio
    ///
    /// Takes the codes as somebody says that they are: nobody listens to a file. The
    /// answer is what a file would get that is heard to be that recording.
    Check(CheckArgs),
    /// Say what is in every file and where, without declarations
    Identify(IdentifyArgs),
    /// Keep the fingerprints of files, to be searched or registered without them
    ///
    /// Writes for every input its fingerprint, tags, hashes and length, or why it
    /// could not be decoded. `scan`, `identify` and `register` take the file in
    /// place of the inputs and answer the same.
    Fingerprint(FingerprintArgs),
    /// Answer a scan anew after the registry has changed, without the audio
    ///
    /// Takes the report of a scan and the fingerprints of the files, searches where
    /// something new can be found, and lists what changed.
    Rescan(RescanArgs),
    /// Make a page or figures of a report, or repeat it
    ///
    /// Takes what `scan --format jsonl` wrote. `report verify` repeats the scan and
    /// tells what differs; `report merge` joins the parts that several machines made.
    Report(ReportArgs),
    /// Pack one match of a report: page, rows, declarations, hashes
    Evidence(EvidenceArgs),
    /// Compare two files, and draw where they are the same
    ///
    /// Recognises the recording B in the query A as `identify` would in a
    /// registry that holds only B, and draws both spectrograms, B laid on A, with
    /// the peaks that both have. Where B is not recognised, the picture says so
    /// and shows what fits best.
    Compare(CompareArgs),
    /// Look after a registry
    Registry(RegistryArgs),
    /// Answer over HTTP what a registry knows, and take declarations
    ///
    /// Fingerprints and ISRCs go in, verdicts come out. What is declared is logged,
    /// and the log proves itself. Needs nothing besides this program and the registry.
    #[cfg(feature = "serve")]
    Serve(serve::ServeArgs),
    /// Write a completion script for a shell to stdout
    #[command(after_help = "\
Examples:
  earmark completions bash > ~/.local/share/bash-completion/completions/earmark
  earmark completions fish > ~/.config/fish/completions/earmark.fish")]
    Completions {
        /// The shell
        shell: Shell,
    },
}

/// Where the registry is.
#[derive(Args, Debug)]
pub struct RegistryDir {
    /// The registry's folder
    #[arg(long, value_name = "DIR")]
    pub registry: PathBuf,
}

/// What a search does with a registry that holds nothing.
#[derive(Args, Debug)]
pub struct EmptyArgs {
    /// Go on with a registry that holds nothing, in which nothing can be found
    #[arg(long)]
    pub allow_empty_registry: bool,
}

/// `earmark register`.
#[derive(Args, Debug)]
#[command(after_help = "\
A manifest has one row for each recording: CSV with a header, or JSONL. Columns:
path, id, isrc (several separated by ;), duration, title, version, artist, album,
owner, label, p_line, release_date. Relative paths start at the manifest's folder.
--columns names the columns of a file with other headings. Of a DDEX ERN message
(.xml) the sound recordings that name a file are read.
What the manifest leaves open is taken from the file's tags.

Audio that is registered gets the facts that it lacks. What changes who may speak for
it, an owner or an ISRC that was declared about, is shown, before and after, and taken
only with --confirm-authority. Exit codes: 0 all is in, 2 usage or environment, 3 some
files are not, or something is held back.

Examples:
  earmark register music/ --registry my-registry
  earmark register song.flac other.mp3 --registry my-registry
  earmark register --manifest catalogue.csv --registry my-registry")]
pub struct RegisterArgs {
    /// Files, folders, archives (.tar, .tar.gz, .zip), .parquet and .efp; - is audio on stdin
    #[arg(value_name = "INPUT", required_unless_present_any = ["manifest", "files_from"])]
    pub inputs: Vec<PathBuf>,
    /// Where the registry is; made if there is none.
    #[command(flatten)]
    pub registry: RegistryDir,
    /// Rows of what is known about recordings (.csv, .jsonl, or a DDEX message .xml)
    #[arg(long, value_name = "FILE")]
    pub manifest: Option<PathBuf>,
    /// Columns of the manifest by our names, such as isrc=ISRC_CODE,title='Track Title'
    #[arg(
        long,
        value_name = "OURS=THEIRS,...",
        requires = "manifest",
        default_value = "",
        hide_default_value = true
    )]
    pub columns: ColumnMap,
    /// Consent.
    #[command(flatten)]
    pub authority: AuthorityArgs,
    /// Which files.
    #[command(flatten)]
    pub listing: ListingArgs,
}

/// `earmark scan`.
#[derive(Args, Debug)]
#[command(after_help = "\
Verdicts: disallowed, constrained, allowed, undeclared, no-match, review,
too-short, error. Exit codes: 0 nothing disallowed, 1 something is, 2 usage or
environment, 3 some files could not be checked (1 outranks 3).

Examples:
  earmark scan downloads/ --registry my-registry
  earmark scan downloads/ --registry my-registry --format jsonl --out verdicts.jsonl
  earmark scan --manifest train.jsonl --registry my-registry --filtered usable.jsonl
  earmark scan clip.mp3 --registry my-registry --use ai-generative-training \\
      --territory DE --as-of 2026-08-01 --policy opt-in
  earmark scan downloads/ --registry my-registry --accept-terms licences.csv --min-overlap 3s")]
pub struct ScanArgs {
    /// Files, folders, archives (.tar, .tar.gz, .zip), .parquet and .efp; - is audio on stdin
    #[arg(value_name = "INPUT", required_unless_present_any = ["manifest", "files_from"])]
    pub inputs: Vec<PathBuf>,
    /// Where the registry is.
    #[command(flatten)]
    pub registry: RegistryDir,
    /// An empty one.
    #[command(flatten)]
    pub emptiness: EmptyArgs,
    /// What is asked.
    #[command(flatten)]
    pub question: QuestionArgs,
    /// How much of a file counts.
    #[command(flatten)]
    pub overlap: OverlapArgs,
    /// What was licensed.
    #[command(flatten)]
    pub licences: LicenceArgs,
    /// A report that was made with the registry before; stop if the registry is not a continuation
    /// of the one it names
    #[arg(long, value_name = "REPORT.jsonl")]
    pub known: Option<PathBuf>,
    /// Which registry.
    #[command(flatten)]
    pub lineage: LineageArgs,
    /// How to search.
    #[command(flatten)]
    pub matching: MatchingArgs,
    /// How much of a file is decoded: adaptive stops at windows of it where all hold one recording throughout
    #[arg(long, value_name = "COVERAGE", value_parser = parse::coverages(), default_value = "full")]
    pub coverage: Coverage,
    /// How the results are written
    #[arg(long, value_enum, default_value_t = ScanFormat::Table)]
    pub format: ScanFormat,
    /// Write the results to this file instead of stdout
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Which files.
    #[command(flatten)]
    pub listing: ListingArgs,
    /// Rows that name audio.
    #[command(flatten)]
    pub rows: RowsArgs,
    /// Data sets and long runs.
    #[command(flatten)]
    pub dataset: DatasetArgs,
}

/// How a query is searched and judged.
#[derive(Args, Debug)]
pub struct MatchingArgs {
    /// How hard to search: more finds more of what was altered and takes longer
    #[arg(long, value_name = "EFFORT", value_parser = parse::efforts(), default_value = "standard")]
    pub effort: Effort,
    /// Largest E-value of a match: false matches expected per file that holds nothing registered
    #[arg(long, value_name = "E", value_parser = parse::e_value, default_value_t = MatchOptions::default().match_e_value)]
    pub max_e_value: f64,
    /// Largest E-value of a possible match, which a person should listen to
    #[arg(long, value_name = "E", value_parser = parse::e_value, default_value_t = MatchOptions::default().possible_e_value)]
    pub max_possible_e_value: f64,
    /// Largest change of tempo searched, as a factor either way, 1 to 2
    #[arg(long, value_name = "FACTOR", value_parser = parse::time_scale, default_value_t = MatchOptions::default().max_time_scale)]
    pub max_time_scale: f64,
}

impl MatchingArgs {
    /// The options of every query.
    pub fn options(&self) -> MatchOptions {
        MatchOptions::default()
            .effort(self.effort)
            .match_e_value(self.max_e_value)
            .possible_e_value(self.max_possible_e_value.max(self.max_e_value))
            .max_time_scale(self.max_time_scale)
    }
}

/// `earmark identify`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  earmark identify clip.mp3 --registry my-registry
  earmark identify mixes/ --registry my-registry --format jsonl > found.jsonl
  ffmpeg -v error -i https://example.com/radio -f wav - | earmark identify - --registry my-registry")]
pub struct IdentifyArgs {
    /// Files, folders, archives (.tar, .tar.gz, .zip), .parquet and .efp; - is a live stream on stdin
    #[arg(value_name = "INPUT", required_unless_present_any = ["manifest", "files_from"])]
    pub inputs: Vec<PathBuf>,
    /// Where the registry is.
    #[command(flatten)]
    pub registry: RegistryDir,
    /// An empty one.
    #[command(flatten)]
    pub emptiness: EmptyArgs,
    /// How to search.
    #[command(flatten)]
    pub matching: MatchingArgs,
    /// How the results are written
    #[arg(long, value_enum, default_value_t = ListFormat::Table)]
    pub format: ListFormat,
    /// Write the results to this file instead of stdout
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Which files.
    #[command(flatten)]
    pub listing: ListingArgs,
    /// Rows that name audio.
    #[command(flatten)]
    pub rows: RowsArgs,
    /// The live stream.
    #[command(flatten)]
    pub live: LiveArgs,
}

/// `earmark registry`.
#[derive(Args, Debug)]
pub struct RegistryArgs {
    /// What to do with it.
    #[command(subcommand)]
    pub command: RegistryCommand,
}

/// The commands that look after a registry.
#[derive(Debug, Subcommand)]
pub enum RegistryCommand {
    /// Make an empty registry
    #[command(after_help = "\
`earmark register` makes one by itself. To declare before anything is registered, or
to note owners and mandates, make it with this.

Example:
  earmark registry init --registry my-registry")]
    Init {
        /// Where the registry is to be.
        #[command(flatten)]
        registry: RegistryDir,
    },
    /// Show counts, sizes, versions and hashes
    #[command(after_help = "Example:\n  earmark registry info --registry my-registry")]
    Info {
        /// Where the registry is.
        #[command(flatten)]
        registry: RegistryDir,
        /// How it is written
        #[arg(long, value_enum, default_value_t = ListFormat::Table)]
        format: ListFormat,
    },
    /// List the recordings
    #[command(after_help = "Example:\n  earmark registry list --registry my-registry --format jsonl")]
    List {
        /// Where the registry is.
        #[command(flatten)]
        registry: RegistryDir,
        /// How they are written
        #[arg(long, value_enum, default_value_t = ListFormat::Table)]
        format: ListFormat,
    },
    /// Remove recordings; what was declared stays
    #[command(after_help = "\
Exit codes: 0 all are removed, 2 usage or environment, 3 some ids are unknown.

Example:
  earmark registry remove QZHB12500001 --registry my-registry")]
    Remove {
        /// Ids of recordings, as `registry list` shows them
        #[arg(value_name = "ID", required = true)]
        ids: Vec<String>,
        /// Where the registry is.
        #[command(flatten)]
        registry: RegistryDir,
    },
    /// Merge all segments into one and return the space of what was removed
    #[command(after_help = "\
Registering merges as it goes; this does the rest. Recordings, declarations and
what is found stay the same, and so does the content hash. Readers go on
undisturbed. Stopping it at any instant loses nothing. It takes as much free disk
as the segments have, until the old ones are deleted.

Example:
  earmark registry compact --registry my-registry")]
    Compact {
        /// Where the registry is.
        #[command(flatten)]
        registry: RegistryDir,
        /// How the summary is written
        #[arg(long, value_enum, default_value_t = ListFormat::Table)]
        format: ListFormat,
    },
    /// Note for whom a declarant may speak, or that it may not any more
    Mandate(MandateArgs),
    /// Note under which names an owner goes and to whom it belongs
    Owner(OwnerArgs),
    /// Show the log: declarations, mandates and owners, each with its hash
    Log(LogArgs),
    /// Write recordings and log into files that make an equal registry
    Export(ExportArgs),
    /// Read an export, or label copy of recordings that are registered
    Import(ImportArgs),
    /// Bring a registry of an older earmark to the present format
    #[command(after_help = "\
Every command that writes does the same by itself; those that only read ask for
it. Recordings, declarations and the content hash stay the same. An older earmark
cannot read the registry any more.

Example:
  earmark registry upgrade --registry my-registry")]
    Upgrade {
        /// Where the registry is.
        #[command(flatten)]
        registry: RegistryDir,
    },
    /// Read everything and check every checksum
    #[command(after_help = "\
Exit codes: 0 all is well, 2 something is damaged.

Example:
  earmark registry verify --registry my-registry")]
    Verify {
        /// Where the registry is.
        #[command(flatten)]
        registry: RegistryDir,
    },
}

/// How a scan's results are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ScanFormat {
    /// Text for people.
    Table,
    /// One JSON object a line for each file.
    Jsonl,
    /// One row for each file.
    Csv,
}

/// How other results are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ListFormat {
    /// Text for people.
    Table,
    /// One JSON object a line.
    Jsonl,
}
