//! `earmark scan`.

use std::io::{self, Write};
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::PoisonError;

use earmark::check::Checker;
use earmark::dataset::Cells;
use earmark::registry::{Lineage, Snapshot};
use earmark::report::{PastReport, ScanCsv, ScanHeader, ScanRow, ScanTable, Summary, write_shard_line};
use earmark::verdict::VerdictKind;

use crate::cli::args::{ScanArgs, ScanFormat};
use crate::cli::dataset::Dataset;
use crate::cli::emptiness::{self, Wanted};
use crate::cli::error::CliError;
use crate::cli::guard::Guard;
use crate::cli::in_work::{self, InWork};
use crate::cli::judging::{accepted_terms, today};
use crate::cli::lineage;
use crate::cli::listing;
use crate::cli::plan::SIDECAR;
use crate::cli::resume::{self, Done, beside};
use crate::cli::streaming::{self, Job, Part};
use crate::cli::ui::error_kinds::ErrorKinds;
use crate::cli::ui::exit::Outcome;
use crate::cli::ui::messages::tell;
use crate::cli::ui::output::{Output, terminal_columns};

/// Says for every input whether it may be used, and why.
pub fn run(args: ScanArgs, threads: Option<NonZeroUsize>, mut guard: Guard) -> Result<Outcome, CliError> {
    for (option, given) in [("--resume", args.dataset.resume), ("--shard", args.dataset.shard.is_some())] {
        if given && args.format != ScanFormat::Jsonl {
            return Err(CliError::NeedsJsonl { option });
        }
    }
    let registry = Snapshot::open(&args.registry.registry)?;
    emptiness::check(&registry, Wanted::SoundOrTags, &args.emptiness)?;
    if let Some(known) = &args.known {
        let then = PastReport::open(known)?.header().registry.clone();
        if lineage::of(&registry, &then, known, &args.lineage)? == Lineage::Continued {
            tell(format_args!("the registry has changed since {}, and continues it", known.display()));
        }
    }
    let question = args.question.question(today()).min_overlap(args.overlap.min_overlap.unwrap_or_default());
    let accepted = args.licences.accept_terms.as_deref().map(accepted_terms).transpose()?;
    let named = args.inputs.iter().chain(&args.rows.manifest).chain(&args.listing.files_from);
    let named = named.map(|input| input.to_string_lossy().into_owned()).collect();
    let checker = Checker::builder(&registry, question)
        .matching(args.matching.options())
        .accepted_terms(accepted)
        .coverage(args.coverage)
        .build();
    let header = checker.header(named);
    let listing = listing::listing(&args.listing, &args.inputs, args.rows.sources(&args.listing.columns())?)?;
    let mut dataset = Dataset::open(&args, &listing, &mut guard)?;
    let inputs = listing::open(&args.listing, listing, registry.params(), guard)?;
    let held = inputs.held();

    let table = args.format == ScanFormat::Table;
    let mut summary = Summary::default();
    let mut kinds = ErrorKinds::default();
    let Done { rows, paths, mut output } = match (&args.out, args.dataset.resume) {
        (Some(out), true) => resume::open(out, args.dataset.shard, &header, &registry, |cells| {
            summary.add(cells.verdict);
            cells.error.iter().for_each(|error| kinds.add(error));
            dataset.as_mut().map_or(Ok(()), |dataset| Ok(dataset.push(&cells)?))
        })?,
        _ => Done {
            rows: 0,
            paths: Box::new(std::iter::empty()),
            output: Output::open(args.out.as_deref(), table)?,
        },
    };
    // What cannot be gone on with needs no note of what to look out for.
    let in_work = match &args.out {
        Some(out) if args.format == ScanFormat::Jsonl && output.is_replaced() => {
            let resumed = args.dataset.resume.then(|| in_work::left_of(out)).transpose()?;
            Some(InWork::begin(out, resumed.unwrap_or_default())?)
        }
        _ => None,
    };
    let shown = output.is_terminal();
    let out = args.out.as_deref();
    let params = registry.params();
    let job = Job { params, out, shown, errors_shown: shown && table, threads };
    let failed = |error| Output::failed(out, error);
    // What stands before the rows is there already where a run goes on.
    if let (Some(shard), 0) = (args.dataset.shard, rows) {
        write_shard_line(&mut output, shard).map_err(failed)?;
    }
    let mut writer = match args.format {
        ScanFormat::Table => Writer::Table(ScanTable::new(&mut output, terminal_columns())),
        ScanFormat::Jsonl => {
            if rows == 0 {
                header.write_json_line(&mut output).map_err(failed)?;
            }
            Writer::Jsonl(&mut output)
        }
        ScanFormat::Csv => Writer::Csv(Box::new(ScanCsv::new(&mut output).map_err(failed)?)),
    };
    let marks = in_work.as_ref().map(InWork::marks);
    let checking = checker.clone();
    let run = streaming::run(
        &job,
        inputs,
        Part { shard: args.dataset.shard, done: paths, marks },
        move |source| checking.check(source),
        |path, error| checker.failed(path, error),
        |row| {
            summary.add(row.verdict);
            row.error.iter().for_each(|error| kinds.add(error));
            writer.write(row, &header)?;
            dataset.as_mut().map_or(Ok(()), |dataset| dataset.push(&Cells::of_row(row)))
        },
    )?;
    writer.finish(&summary, &header).map_err(failed)?;
    // The table ends with the counts.
    run.progress.finish(if table { None } else { Some(&summary) });
    if let (ScanFormat::Csv, Some(path)) = (args.format, out) {
        sidecar(path, &header, run.whole)?;
    }
    let failures = summary.count(VerdictKind::Error) > 0;
    if failures {
        tell(format_args!("errors: {kinds}"));
    }
    output.finish_and_tell(run.whole)?;
    if let Some(in_work) = in_work.filter(|_| run.whole) {
        in_work.complete();
    }
    let written = match dataset {
        Some(dataset) if run.whole => dataset.finish(&held.lock().unwrap_or_else(PoisonError::into_inner))?,
        _ => true,
    };
    Ok(Outcome {
        disallowed: summary.count(VerdictKind::Disallowed) > 0,
        unchecked: run.failures || failures || !run.whole || !written,
    })
}

/// Writes the header of the CSV file at `out` beside it, as `OUT.json`.
fn sidecar(out: &Path, header: &ScanHeader, whole: bool) -> Result<(), CliError> {
    let path = beside(out, SIDECAR);
    let mut output = Output::open(Some(&path), false)?;
    header.write_json_line(&mut output).map_err(|error| Output::failed(Some(&path), error))?;
    output.finish(whole).map(|_| ())
}

/// Writes rows in one of the formats.
enum Writer<'a> {
    Table(ScanTable<&'a mut Output>),
    Jsonl(&'a mut Output),
    Csv(Box<ScanCsv<&'a mut Output>>),
}

impl Writer<'_> {
    fn write(&mut self, row: &ScanRow, header: &ScanHeader) -> io::Result<()> {
        match self {
            Self::Table(table) => table.write(row),
            Self::Jsonl(output) => {
                row.write_json_line(output)?;
                output.flush()
            }
            Self::Csv(csv) => {
                csv.write(row, header)?;
                csv.flush()
            }
        }
    }

    fn finish(self, summary: &Summary, header: &ScanHeader) -> io::Result<()> {
        match self {
            Self::Table(table) => table.finish(summary, header),
            Self::Jsonl(output) => output.flush(),
            Self::Csv(mut csv) => csv.flush(),
        }
    }
}
