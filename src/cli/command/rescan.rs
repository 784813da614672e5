//! `earmark rescan`.

use std::fmt;
use std::io::{self, Write};
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use earmark::audio::{AudioInfo, Limits};
use earmark::check::pipeline::Pipeline;
use earmark::check::rescan::{Change, Newcomers, Scout};
use earmark::coverage::Coverage;
use earmark::fingerprint::{Entry, Fingerprint, StoredEntry};
use earmark::params::Params;
use earmark::registry::{Lineage, Registry, Since};
use earmark::report::{MatchRow, PastReport, PastRow, ScanHeader, ScanRow, Summary, write_json_line};
use earmark::verdict::{Question, VerdictKind};

use crate::cli::args::ListFormat;
use crate::cli::args::rescan::RescanArgs;
use crate::cli::command::scan::{Checker, today};
use crate::cli::emptiness::{self, Wanted};
use crate::cli::error::CliError;
use crate::cli::judging::accepted_terms;
use crate::cli::kept::{Pair, announced, pairs, same_file};
use crate::cli::lineage;
use crate::cli::streaming::run_named;
use crate::cli::ui::exit::Outcome;
use crate::cli::ui::interrupt;
use crate::cli::ui::messages::tell;
use crate::cli::ui::output::{Output, terminal_columns};
use crate::cli::ui::progress::Progress;
use earmark::check::reading::SHORTEST_S;

/// Answers a report anew and tells what changed.
pub fn run(args: RescanArgs, threads: Option<NonZeroUsize>) -> Result<Outcome, CliError> {
    let report = PastReport::open(&args.report)?;
    let ScanHeader { registry: then, question, match_options, coverage, inputs, .. } =
        report.header().clone();
    let accepted = args.licences.accept_terms.as_deref().map(accepted_terms).transpose()?;
    if let (Some(hash), None) = (question.accepted_terms, &accepted) {
        return Err(CliError::TermsMissing { path: args.report, hash });
    }
    let question = Question {
        as_of: args.as_of.unwrap_or_else(today),
        min_overlap: args.overlap.min_overlap.unwrap_or(question.min_overlap),
        ..question
    };
    let registry = Registry::open(&args.registry.registry)?;
    emptiness::check(&registry, Wanted::SoundOrTags, &args.emptiness)?;
    let lineage = lineage::of(&registry, &then, &args.report, &args.lineage)?;
    let params = registry.params();
    let index = registry.index()?;
    // Windows said less than fingerprints of the whole.
    let full = args.full || coverage == Coverage::Adaptive || matches!(lineage, Lineage::Broken(_));
    let since = if full { Since::Changed } else { registry.recordings_since(&then.recordings)? };
    let newcomers = match since {
        Since::Grown { first } => Some(Newcomers::new(&index, first, params)?),
        Since::Same | Since::Changed => None,
    };
    tell(told(since, newcomers.as_ref()));
    let checker = Checker::new(&registry, &index, question, accepted, match_options.clone(), Coverage::Full)?;
    let header = ScanHeader::new(
        &registry,
        checker.question().clone(),
        match_options.clone(),
        Coverage::Full,
        inputs,
    )?;
    let again = Again {
        report: &args.report,
        checker,
        params,
        limits: Limits::default(),
        since,
        scout: newcomers.as_ref().map(|newcomers| newcomers.scout(params, &match_options)),
    };

    let pipeline = Pipeline::new(threads, interrupt::watch()?)
        .map_err(|error| CliError::Threads { reason: error.to_string() })?;
    let table = args.format == ListFormat::Table;
    let mut changes = Output::open(None, table)?;
    let shown = changes.is_terminal();
    let mut writer = match args.format {
        ListFormat::Table => Writer::Table(&mut changes),
        ListFormat::Jsonl => Writer::Jsonl(&mut changes),
    };
    let mut output = Output::open(Some(&args.out), false)?;
    let failed = |error| Output::failed(Some(&args.out), error);
    header.write_json_line(&mut output).map_err(failed)?;
    let mut summary = Summary::default();
    let mut counts = Counts::default();
    let mut progress = Progress::new(announced(&args.fingerprints, params)?);
    let jobs = pairs(report, &args.fingerprints, params).map(Job);
    let ending = run_named(
        &pipeline,
        jobs,
        Job::path,
        |job| again.answer(job),
        |path, result| {
            let answer = match result {
                Ok(answer) => answer,
                Err(panic) => Ok(Answer {
                    row: again.checker.failed(path, panic.to_string()),
                    change: None,
                    searched: true,
                }),
            };
            let deliver = || -> Result<(), CliError> {
                let Answer { row, change, searched } = answer?;
                summary.add(row.verdict);
                counts.add(&row, change.is_some(), searched);
                match &row.error {
                    Some(_) => progress.failed(),
                    None => progress.done(row.duration_s.unwrap_or(0.0)),
                }
                row.write_json_line(&mut output).map_err(failed)?;
                if let Some(change) = &change {
                    let mut write = || writer.write(change);
                    let written = if shown { progress.while_hidden(write) } else { write() };
                    written.map_err(CliError::Stdout)?;
                }
                Ok(())
            };
            deliver().map_or_else(ControlFlow::Break, ControlFlow::Continue)
        },
    );
    let whole = ending.whole()?;
    writer.finish().map_err(CliError::Stdout)?;
    progress.finish(Some(&format!("{summary}; {counts}")));
    changes.finish(true)?;
    output.finish_and_tell(whole)?;
    Ok(Outcome {
        disallowed: summary.count(VerdictKind::Disallowed) > 0,
        unchecked: counts.failed > 0 || !whole,
    })
}

/// What has to be searched, in words.
fn told(since: Since, newcomers: Option<&Newcomers>) -> String {
    match (since, newcomers) {
        (Since::Same, _) => "the recordings are the same: nothing is searched".to_owned(),
        (Since::Grown { .. }, Some(newcomers)) => {
            format!(
                "{:.1} min of recordings are new: files are searched for them",
                newcomers.seconds() / 60.0
            )
        }
        _ => "recordings were changed or removed, or all is asked for: every file is searched".to_owned(),
    }
}

/// A row and the fingerprint of its file; or why there is no pair of them.
struct Job(Result<Pair, CliError>);

impl Job {
    fn path(&self) -> PathBuf {
        self.0.as_ref().map_or_else(|_| PathBuf::new(), |(_, entry)| entry.about.input())
    }
}

/// The answer for one file.
struct Answer {
    row: ScanRow,
    change: Option<Change>,
    /// Whether it was searched wholly.
    searched: bool,
}

/// Everything that a new answer needs besides the row and the fingerprint.
struct Again<'a> {
    report: &'a Path,
    checker: Checker<'a>,
    params: &'a Params,
    limits: Limits,
    since: Since,
    scout: Option<Scout>,
}

impl Again<'_> {
    fn answer(&self, job: Job) -> Result<Answer, CliError> {
        let (line, entry) = job.0?;
        let past = line.row(self.report)?;
        same_file(self.report, line.number, &past.named(), &entry)?;
        let about = entry.about.clone();
        let path = &about.input();
        let (audio, matches, searched) = self.sound(*entry, &past)?;
        let row = self.checker.judge(path, about.tags.ok(), audio, matches)?;
        let row = ScanRow { file: about.file.map(Into::into), columns: about.columns, ..row };
        Ok(Answer { change: Change::between(&past, &row), row, searched })
    }

    fn sound(&self, entry: StoredEntry, past: &PastRow) -> Result<Sound, CliError> {
        let info = match entry.info() {
            Ok(info) => info.clone(),
            Err(error) => return Ok((Err(error.to_owned()), Vec::new(), false)),
        };
        // A row of other audio says nothing about this.
        let since = if past.audio_hash() == Some(info.audio_hash) { self.since } else { Since::Changed };
        if since == Since::Same {
            return Ok((Ok(info), past.matches.clone(), false));
        }
        let fingerprint = match entry.decode(self.params, &self.limits) {
            Ok(Entry { sound: Ok((fingerprint, _)), .. }) => fingerprint,
            Ok(Entry { sound: Err(error), .. }) => return Ok((Err(error), Vec::new(), false)),
            Err(error) => return Ok((Err(error.to_string()), Vec::new(), false)),
        };
        if since != Since::Changed && !self.may_be_new(&fingerprint, &info) {
            return Ok((Ok(info), past.matches.clone(), false));
        }
        let matches = self.checker.search(&fingerprint, &info)?;
        Ok((Ok(info), matches, true))
    }

    /// Whether a recording that is new to the registry may sound in a file.
    fn may_be_new(&self, fingerprint: &Fingerprint, info: &AudioInfo) -> bool {
        let may = |scout: &Scout| scout.may_sound_in(fingerprint);
        info.duration_s >= SHORTEST_S && self.scout.as_ref().is_none_or(may)
    }
}

/// How a file was encoded or why it could not be decoded, what is recognised in
/// it, and whether it was searched wholly.
type Sound = (Result<AudioInfo, String>, Vec<MatchRow>, bool);

/// What was done.
#[derive(Debug, Default)]
struct Counts {
    changed: u64,
    searched: u64,
    failed: u64,
}

impl Counts {
    fn add(&mut self, row: &ScanRow, changed: bool, searched: bool) {
        self.changed += u64::from(changed);
        self.searched += u64::from(searched);
        self.failed += u64::from(row.error.is_some());
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} changed, {} searched wholly", self.changed, self.searched)
    }
}

/// Writes changes in one of the formats.
enum Writer<'a> {
    Table(&'a mut Output),
    Jsonl(&'a mut Output),
}

impl Writer<'_> {
    fn write(&mut self, change: &Change) -> io::Result<()> {
        match self {
            Self::Table(output) => {
                change.write_text(output, terminal_columns())?;
                output.flush()
            }
            Self::Jsonl(output) => {
                write_json_line(output, change)?;
                output.flush()
            }
        }
    }

    fn finish(self) -> io::Result<()> {
        match self {
            Self::Table(output) | Self::Jsonl(output) => output.flush(),
        }
    }
}
