//! `earmark rescan`.

use std::fmt;
use std::io::{self, Write};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;

use earmark::check::rescan::{Answer, Change, Pair, RescanError, Rescanner, announced, pairs};
use earmark::check::{Checker, Lost, Run};
use earmark::coverage::Coverage;
use earmark::registry::{Lineage, Since, Snapshot};
use earmark::report::{PastReport, ScanHeader, ScanRow, Summary, write_json_line};
use earmark::units::Seconds;
use earmark::verdict::VerdictKind;

use crate::cli::args::ListFormat;
use crate::cli::args::rescan::RescanArgs;
use crate::cli::emptiness::{self, Wanted};
use crate::cli::error::CliError;
use crate::cli::judging::{accepted_terms, today};
use crate::cli::lineage;
use crate::cli::ui::exit::Outcome;
use crate::cli::ui::interrupt;
use crate::cli::ui::messages::tell;
use crate::cli::ui::output::{Output, terminal_columns};
use crate::cli::ui::progress::Progress;

/// Answers a report anew and tells what changed.
pub fn run(args: RescanArgs, threads: Option<NonZeroUsize>) -> Result<Outcome, CliError> {
    let report = PastReport::open(&args.report)?;
    let ScanHeader { registry: then, question, match_options, coverage, inputs, .. } =
        report.header().clone();
    let accepted = args.licences.accept_terms.as_deref().map(accepted_terms).transpose()?;
    if let (Some(hash), None) = (question.accepted_terms, &accepted) {
        return Err(CliError::TermsMissing { path: args.report, hash });
    }
    let min_overlap = args.overlap.min_overlap.unwrap_or(question.min_overlap);
    let question = question.as_of(args.as_of.unwrap_or_else(today)).min_overlap(min_overlap);
    let registry = Snapshot::open(&args.registry.registry)?;
    emptiness::check(&registry, Wanted::SoundOrTags, &args.emptiness)?;
    let lineage = lineage::of(&registry, &then, &args.report, &args.lineage)?;
    let params = registry.params();
    // Windows said less than fingerprints of the whole.
    let full = args.full || coverage == Coverage::Adaptive || matches!(lineage, Lineage::Broken(_));
    let since = if full { Since::Changed } else { registry.recordings_since(&then.recordings) };
    let checker = Checker::builder(&registry, question)
        .matching(match_options.clone())
        .accepted_terms(accepted)
        .build();
    let header = checker.header(inputs);
    let rescanner = Rescanner::new(&args.report, checker, &match_options, since)?;
    tell(told(since, rescanner.new_s()));

    let run = Run::new(interrupt::watch()?).threads(threads);
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
    let rescanner = Arc::new(rescanner);
    let answering = Arc::clone(&rescanner);
    let work = move |Job(job)| -> Result<Answer, RescanError> {
        let (line, entry) = job?;
        answering.answer(&line, *entry)
    };
    let mut sink =
        |path: PathBuf, answer: Result<Result<Answer, RescanError>, Lost>| -> Result<(), CliError> {
            let answer = answer.unwrap_or_else(|error| Ok(rescanner.failed(&path, error)));
            let Answer { row, change, searched, .. } = answer?;
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
    let whole = run.each(jobs, Job::path, work, &mut sink)?.is_complete();
    writer.finish().map_err(CliError::Stdout)?;
    progress.finish(Some(&format!("{summary}; {counts}")));
    changes.finish(true)?;
    output.finish_and_tell(whole)?;
    Ok(Outcome {
        disallowed: summary.count(VerdictKind::Disallowed) > 0,
        unchecked: counts.failed > 0 || !whole,
    })
}

/// What has to be searched, in words; `new_s` are the seconds of new recordings.
fn told(since: Since, new_s: Option<Seconds>) -> String {
    match (since, new_s) {
        (Since::Same, _) => "the recordings are the same: nothing is searched".to_owned(),
        (Since::Grown { .. }, Some(new_s)) => {
            format!("{:.1} min of recordings are new: files are searched for them", new_s / 60.0)
        }
        _ => "recordings were changed or removed, or all is asked for: every file is searched".to_owned(),
    }
}

/// A row and the fingerprint of its file; or why there is no pair of them.
struct Job(Result<Pair, RescanError>);

impl Job {
    fn path(&self) -> PathBuf {
        self.0.as_ref().map_or_else(|_| PathBuf::new(), |(_, entry)| entry.about.input())
    }
}

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
