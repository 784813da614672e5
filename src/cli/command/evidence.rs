//! `earmark evidence`.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::fs;
use std::io::{self, Write};
use std::path::Path;

use earmark::paths::text;
use earmark::registry::Snapshot;
use earmark::report::{Evidence, Page, PageFile, PastLine, PastReport, PastRow, Totals};

use crate::cli::args::evidence::EvidenceArgs;
use crate::cli::command::report::make::{check_lineage, excerpt};
use crate::cli::command::report::sight::Sights;
use crate::cli::error::CliError;
use crate::cli::guard::Guard;
use crate::cli::ui::exit::Outcome;
use crate::cli::ui::messages::tell;
use crate::cli::ui::output::Output;

/// Packs one match of a report.
pub fn run(args: EvidenceArgs, guard: &Guard) -> Result<Outcome, CliError> {
    let zipped = args.is_zip();
    if !zipped {
        must_be_free(&args.out)?;
    }
    let mut report = PastReport::open(&args.report)?;
    let header = report.header().clone();
    let header_text = report.header_text().to_owned();
    let (line, row) = find(&mut report, &args)?;
    let matches = wanted(&row, &args)?;
    guard.spares(&args.files.file_of(&row.named()))?;
    let registry = Snapshot::open(&args.registry.registry)?;
    check_lineage(&registry, &header.registry, &args.report, &args.lineage)?;
    let sights = Sights::new(&registry, &args.files, &HashSet::from([row.path.as_str()]), guard)?;
    let pictures = sights.draw(&row, &matches);
    sights.spared()?;
    let mut unchecked = false;
    for reason in pictures.values().filter_map(|picture| picture.as_ref().err()) {
        unchecked = true;
        tell(format_args!("no picture: {reason}"));
    }
    let mut totals = Totals::default();
    totals.add(&row);
    let log = excerpt(&registry, std::iter::once(&row));
    let page = Page {
        header: &header,
        totals: &totals,
        files: vec![PageFile { line: line.number, row, pictures }],
        pictures_left_out: 0,
        log: Some(log),
        registry_now: Some(registry.state()),
    };
    let failed = |error| Output::failed(Some(&args.out), error);
    let evidence = Evidence::of(&page, &header_text, &line.text).map_err(failed)?;
    if zipped {
        let name = args.out.file_stem().unwrap_or(OsStr::new("evidence")).to_string_lossy().into_owned();
        let mut output = Output::open(Some(&args.out), false)?;
        evidence.write_zip(&name, &mut output).map_err(failed)?;
        output.finish(true)?;
    } else {
        fs::create_dir_all(&args.out).map_err(failed)?;
        for (name, bytes) in evidence.files() {
            let path = args.out.join(name);
            let mut output = Output::open(Some(&path), false)?;
            output.write_all(bytes).map_err(|error| Output::failed(Some(&path), error))?;
            output.finish(true)?;
        }
    }
    tell(format_args!("packed into {}", args.out.display()));
    Ok(Outcome { disallowed: false, unchecked })
}

/// Nothing is mixed with what is there already.
fn must_be_free(folder: &Path) -> Result<(), CliError> {
    let empty = match fs::read_dir(folder) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) => error.kind() == io::ErrorKind::NotFound,
    };
    if empty { Ok(()) } else { Err(CliError::NotEmpty { path: folder.to_owned() }) }
}

/// The row about the file that was asked for.
fn find(report: &mut PastReport, args: &EvidenceArgs) -> Result<(PastLine, PastRow), CliError> {
    for line in report {
        let line = line?;
        let row = line.row(&args.report)?;
        if row.named() == args.path {
            return Ok((line, row));
        }
    }
    Err(CliError::NoSuchRow { report: args.report.clone(), path: text(&args.path) })
}

/// The matches to draw, from 0.
fn wanted(row: &PastRow, args: &EvidenceArgs) -> Result<Vec<usize>, CliError> {
    let all = row.matches.len();
    match args.match_.map(|number| number as usize) {
        None => Ok((0..all).collect()),
        Some(number) if number <= all => Ok(vec![number - 1]),
        Some(number) => Err(CliError::NoSuchMatch { path: text(&args.path), number, matches: all }),
    }
}
