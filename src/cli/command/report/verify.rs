//! `earmark report verify`.

use std::io::{self, Write};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use earmark::check::rescan::{RescanError, pairs};
use earmark::check::{Checker, Compared, Lost, Repeater, Run};
use earmark::coverage::Coverage;
use earmark::fingerprint::StoredEntry;
use earmark::params::Params;
use earmark::registry::Snapshot;
use earmark::report::{Difference, DifferenceKind, PastLine, PastReport, ScanHeader, write_json_line};

use crate::cli::args::ListFormat;
use crate::cli::args::report::VerifyArgs;
use crate::cli::error::CliError;
use crate::cli::judging::accepted_terms;
use crate::cli::lineage;
use crate::cli::ui::exit::Outcome;
use crate::cli::ui::interrupt;
use crate::cli::ui::messages::{counted, tell};
use crate::cli::ui::output::{Output, terminal_columns};
use crate::cli::ui::progress::Progress;

/// Repeats a scan and tells what differs.
pub fn run(args: VerifyArgs, threads: Option<NonZeroUsize>) -> Result<Outcome, CliError> {
    let rows = PastReport::open(&args.report)?.count() as u64;
    let report = PastReport::open(&args.report)?;
    let ScanHeader { registry: then, question, match_options, coverage, inputs, .. } =
        report.header().clone();
    if coverage == Coverage::Adaptive && !args.files.fingerprints.is_empty() {
        return Err(CliError::SampledReport { path: args.report });
    }
    let registry = Snapshot::open(&args.registry.registry)?;
    lineage::of(&registry, &then, &args.report, &args.lineage)?;
    let params = registry.params();
    let accepted = args.licences.accept_terms.as_deref().map(accepted_terms).transpose()?;
    if let (Some(hash), None) = (question.accepted_terms, &accepted) {
        return Err(CliError::TermsMissing { path: args.report, hash });
    }
    let checker = Checker::builder(&registry, question)
        .matching(match_options)
        .accepted_terms(accepted)
        .coverage(coverage)
        .build();
    let now = checker.header(inputs);
    let table = args.format == ListFormat::Table;
    let mut output = Output::open(None, table)?;
    let mut counts = Counts::default();
    let mut write = |difference: &Difference, output: &mut Output| -> io::Result<()> {
        counts.add(difference.kind);
        match args.format {
            ListFormat::Table => difference.write_text(output, terminal_columns())?,
            ListFormat::Jsonl => write_json_line(output, difference)?,
        }
        output.flush()
    };
    if let Some(difference) = Difference::of_headers(report.header_text(), &now) {
        write(&difference, &mut output).map_err(CliError::Stdout)?;
    }
    let root = args.files.root.as_deref().unwrap_or(Path::new(""));
    let repeater = Arc::new(Repeater::new(&args.report, root, checker));
    let run = Run::new(interrupt::watch()?).threads(threads).limit(args.timeout());
    let mut progress = Progress::new(rows);
    let shown = output.is_terminal();
    let repeating = Arc::clone(&repeater);
    let work = move |job: Result<Job, RescanError>| -> Result<Compared, RescanError> {
        let (line, entry) = job?;
        repeating.compare(&line, entry.map(|entry| *entry))
    };
    let mut sink =
        |line: Line, compared: Result<Result<Compared, RescanError>, Lost>| -> Result<(), CliError> {
            let compared = match (compared, line.0) {
                (Ok(compared), _) => compared?,
                (Err(error), Some(line)) => repeater.failed(&line, error)?,
                // What is no row is no work that could fail.
                (Err(_), None) => return Ok(()),
            };
            progress.done(compared.duration_s);
            if let Some(difference) = &compared.difference {
                let mut write = || write(difference, &mut output);
                let written = if shown { progress.while_hidden(write) } else { write() };
                written.map_err(CliError::Stdout)?;
            }
            Ok(())
        };
    let jobs = jobs(report, &args.files.fingerprints, params);
    let whole = run.each(jobs, Line::of, work, &mut sink)?.is_complete();
    progress.finish(None);
    output.finish(true)?;
    let same = counts.differing == 0 && counts.missing == 0;
    match (whole, same) {
        (false, _) => tell("interrupted: not all rows were compared"),
        (true, true) => tell(format_args!("the same to the byte: {} and the header", counted(rows, "row"))),
        (true, false) => tell(format_args!(
            "not the same: {} of {} differ, {} missing{}",
            counts.rows,
            counted(rows, "row"),
            counted(counts.missing, "file"),
            if counts.header { "; the header differs" } else { "" }
        )),
    }
    Ok(Outcome { disallowed: counts.differing > 0, unchecked: counts.missing > 0 || !whole })
}

/// What was found.
#[derive(Default)]
struct Counts {
    header: bool,
    rows: u64,
    missing: u64,
    /// All that exit code 1 tells.
    differing: u64,
}

impl Counts {
    fn add(&mut self, kind: DifferenceKind) {
        self.header |= kind == DifferenceKind::Header;
        self.rows += u64::from(kind != DifferenceKind::Header);
        self.missing += u64::from(kind == DifferenceKind::Missing);
        self.differing += u64::from(kind != DifferenceKind::Missing);
    }
}

/// A row, and the fingerprint of its file where these are used.
type Job = (PastLine, Option<Box<StoredEntry>>);

/// The line that a job is about.
struct Line(Option<PastLine>);

impl Line {
    fn of(job: &Result<Job, RescanError>) -> Self {
        Self(job.as_ref().ok().map(|(line, _)| line.clone()))
    }
}

/// Names of rows are read by the threads, with the rest of the row.
impl AsRef<Path> for Line {
    fn as_ref(&self) -> &Path {
        Path::new("")
    }
}

fn jobs<'a>(
    report: PastReport,
    fingerprints: &'a [PathBuf],
    params: &'a Params,
) -> Box<dyn Iterator<Item = Result<Job, RescanError>> + 'a> {
    if fingerprints.is_empty() {
        return Box::new(report.map(|line| Ok((line?, None))));
    }
    let pairs = pairs(report, fingerprints, params);
    Box::new(pairs.map(|pair| pair.map(|(line, entry)| (line, Some(entry)))))
}
