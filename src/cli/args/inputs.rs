//! What can be typed about inputs and about long runs.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use earmark::check::DEFAULT_LIMIT;
use earmark::inputs::{
    BadGlob, Choice, ColumnChoice, InputError, LARGEST_MEMBER, RowSource, Shard, manifests,
};

/// Bytes of the unit of `--max-member-mib`.
const MIB: u64 = 1 << 20;

/// Which files are read, and how long one may take.
#[derive(Args, Debug)]
#[command(next_help_heading = "Inputs")]
pub struct ListingArgs {
    /// Read the paths in this file, one a line, as well; - is standard input
    #[arg(long, value_name = "FILE")]
    pub files_from: Vec<PathBuf>,
    /// Paths in lists end with NUL instead of a line end, as `find -print0` writes them
    #[arg(long, short = '0')]
    pub null: bool,
    /// In folders and archives take what matches, whatever its extension; with / the path counts, else the name
    #[arg(long, value_name = "GLOB")]
    pub include: Vec<String>,
    /// In folders and archives leave out what matches; folders that do are not entered; of tar samples that hold such audio, --filtered leaves out all
    #[arg(long, value_name = "GLOB")]
    pub exclude: Vec<String>,
    /// The column with the path, or in Parquet with the audio; may be given again
    ///
    /// Without it these columns are known by their names, and any other that leads to
    /// a file that sounds, or holds audio in Parquet.
    #[arg(long, visible_alias = "path-column", value_name = "NAME")]
    pub audio_column: Vec<String>,
    /// This column of rows, or what matches in archives, holds no audio, whatever it looks like
    ///
    /// Nobody looks at it, and it stays with its row or sample in what --filtered
    /// writes. In folders what matches is left out.
    #[arg(long, value_name = "NAME|GLOB")]
    pub not_audio: Vec<String>,
    /// In folders and archives take names that start with a dot, too
    #[arg(long)]
    pub hidden: bool,
    /// Largest audio inside an archive, in Parquet or on standard input, which is held in memory
    #[arg(long, value_name = "MIB", default_value_t = LARGEST_MEMBER / MIB, value_parser = clap::value_parser!(u64).range(1..=1 << 20))]
    pub max_member_mib: u64,
    /// Give up on a file that takes longer to read, decode and search, and go on; 0 for no limit [default: 600]
    #[arg(long, value_name = "SECONDS")]
    pub file_timeout: Option<u64>,
}

impl ListingArgs {
    /// What of folders and archives is taken.
    pub fn choice(&self) -> Result<Choice, BadGlob> {
        Choice::new(&self.include, &self.exclude, self.hidden)?.without_audio(&self.not_audio)
    }

    /// What is said about columns.
    pub fn columns(&self) -> ColumnChoice {
        ColumnChoice { audio: self.audio_column.clone(), silent: self.not_audio.clone() }
    }

    /// Most bytes of audio in memory.
    pub fn member_limit(&self) -> u64 {
        self.max_member_mib.saturating_mul(MIB)
    }

    /// How long a file may take; `None` for as long as it takes.
    pub fn timeout(&self) -> Option<Duration> {
        time_limit(self.file_timeout)
    }
}

/// What `--file-timeout` says.
pub fn time_limit(seconds: Option<u64>) -> Option<Duration> {
    let limit = seconds.map_or(DEFAULT_LIMIT, Duration::from_secs);
    (!limit.is_zero()).then_some(limit)
}

/// Manifests whose rows name audio.
#[derive(Args, Debug)]
#[command(next_help_heading = "Inputs")]
pub struct RowsArgs {
    /// Read the audio that the rows name: .jsonl or .csv (also with .gz), or .parquet; may be given again
    ///
    /// A folder stands for the manifests in it and below, a glob such as
    /// 'train/*.jsonl', in quotes, for those that match. NeMo manifests, Lhotse cuts and Hugging Face metadata are understood. Of a
    /// row with an offset only that passage is analysed; times in the results count
    /// from its start.
    #[arg(long, value_name = "FILE")]
    pub manifest: Vec<PathBuf>,
    /// Where relative paths start [default: the manifest's folder]
    #[arg(long, value_name = "DIR", requires = "manifest")]
    pub path_base: Option<PathBuf>,
}

impl RowsArgs {
    /// The manifests, in order, and what is said about their columns.
    pub fn sources(&self, columns: &ColumnChoice) -> Result<Vec<RowSource>, InputError> {
        let mut sources = Vec::new();
        for named in &self.manifest {
            let (columns, base) = (columns.clone(), &self.path_base);
            let source =
                |path| RowSource { columns: columns.clone(), base: base.clone(), ..RowSource::new(path) };
            sources.extend(manifests(named)?.into_iter().map(source));
        }
        Ok(sources)
    }
}

/// What else a scan writes, and how a long one is split and gone on with.
#[derive(Args, Debug)]
#[command(next_help_heading = "Data sets and long runs")]
pub struct DatasetArgs {
    /// Write the rows of the manifest or Parquet file again with columns for the verdict, in the same form; of several, or of a folder, into this folder
    #[arg(long, value_name = "FILE|FOLDER")]
    pub annotated: Option<PathBuf>,
    /// Write the manifest, Parquet or tar file again without what is not on the allow list; several, or a folder of them, into this folder
    #[arg(long, value_name = "FILE|FOLDER")]
    pub filtered: Option<PathBuf>,
    /// Write the paths that may be used: verdicts allowed and no-match
    #[arg(long, value_name = "FILE")]
    pub allow_list: Option<PathBuf>,
    /// Write the paths that may not be used: verdict disallowed
    #[arg(long, value_name = "FILE")]
    pub deny_list: Option<PathBuf>,
    /// Write the paths that somebody has to look at: all other verdicts
    #[arg(long, value_name = "FILE")]
    pub review_list: Option<PathBuf>,
    /// Go on with the run that was writing --out when it was stopped or killed
    #[arg(long, requires = "out")]
    pub resume: bool,
    /// Check only every N-th item, beginning with the I-th; `report merge` joins the reports
    #[arg(long, value_name = "I/N")]
    pub shard: Option<Shard>,
}

/// How messages on standard error are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// Lines for people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}
