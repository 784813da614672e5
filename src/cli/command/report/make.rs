//! `earmark report`: a page, figures.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use earmark::check::{DEFAULT_LIMIT, Drawn, Lost, Run};
use earmark::registry::{Lineage, RegistryState, Snapshot};
use earmark::report::{LogExcerpt, Page, PageFile, PastReport, PastRow, Totals, write_eu_summary};
use earmark::units::Seconds;

use super::sight::Sights;
use crate::cli::args::judging::LineageArgs;
use crate::cli::args::report::{FilesArgs, MakeArgs};
use crate::cli::error::CliError;
use crate::cli::guard::Guard;
use crate::cli::lineage;
use crate::cli::ui::exit::Outcome;
use crate::cli::ui::interrupt;
use crate::cli::ui::messages::tell;
use crate::cli::ui::output::Output;
use crate::cli::ui::progress::Progress;

/// Makes what was asked for.
pub fn run(args: MakeArgs, threads: Option<NonZeroUsize>, guard: &Guard) -> Result<Outcome, CliError> {
    // Without a subcommand the parser asks for it.
    let path = args.report.unwrap_or_default();
    let report = PastReport::open(&path)?;
    let header = report.header().clone();
    let spares = |row: &PastRow| guard.spares(&args.files.file_of(&row.named()));
    let (totals, mut files) = read(report, &path, args.files_listed, spares)?;
    let summarise = || match &args.eu_summary {
        Some(out) => {
            let mut output = Output::open(Some(out), false)?;
            write_eu_summary(&mut output, &header, &totals)
                .map_err(|error| Output::failed(Some(out), error))?;
            output.finish(true).map(|_| ())
        }
        None => Ok(()),
    };
    let Some(out) = &args.html else {
        summarise()?;
        return Ok(Outcome::default());
    };
    let wanted = wanted(&files, args.pictures);
    let matches: usize = files.iter().map(|file| file.row.matches.len()).sum();
    let drawn: usize = wanted.values().map(Vec::len).sum();
    let mut page = Page {
        header: &header,
        totals: &totals,
        files: Vec::new(),
        pictures_left_out: 0,
        log: None,
        registry_now: None,
    };
    let mut whole = true;
    match &args.registry {
        Some(folder) => {
            let registry = Snapshot::open(folder)?;
            check_lineage(&registry, &header.registry, &path, &args.lineage)?;
            whole = draw(&mut files, &wanted, &registry, (&args.files, guard), threads)?;
            page.pictures_left_out = (matches - drawn) as u64;
            page.log = Some(excerpt(&registry, files.iter().map(|file| &file.row)));
            page.registry_now = Some(registry.state());
        }
        None if matches > 0 => tell("without --registry the page has neither pictures nor declarations"),
        None => {}
    }
    page.files = files;
    summarise()?;
    let mut output = Output::open(Some(out), false)?;
    page.write(&mut output).map_err(|error| Output::failed(Some(out), error))?;
    output.finish_and_tell(whole)?;
    Ok(Outcome { disallowed: false, unchecked: !whole })
}

/// A registry that did not come from the report's knows its recordings and
/// declarations under other names and numbers.
pub fn check_lineage(
    registry: &Snapshot,
    then: &RegistryState,
    report: &Path,
    args: &LineageArgs,
) -> Result<(), CliError> {
    if lineage::of(registry, then, report, args)? == Lineage::Continued {
        tell("the registry has changed since the report");
    }
    Ok(())
}

/// Reads all rows; keeps at most `most` of them, those with the strictest verdicts,
/// in the order of the report. `spares` looks whether the file of a row is written over.
fn read(
    report: PastReport,
    path: &Path,
    most: usize,
    spares: impl Fn(&PastRow) -> Result<(), CliError>,
) -> Result<(Totals, Vec<PageFile>), CliError> {
    let mut totals = Totals::default();
    let mut kept: Vec<PageFile> = Vec::new();
    let strictest = |kept: &mut Vec<PageFile>| {
        kept.sort_by_key(|file| (std::cmp::Reverse(file.row.verdict), file.line));
        kept.truncate(most);
    };
    for line in report {
        let line = line?;
        let row = line.row(path)?;
        spares(&row)?;
        totals.add(&row);
        kept.push(PageFile { line: line.number, row, pictures: BTreeMap::new() });
        if kept.len() > most.saturating_mul(2).saturating_add(64) {
            strictest(&mut kept);
        }
    }
    strictest(&mut kept);
    kept.sort_by_key(|file| file.line);
    Ok((totals, kept))
}

/// Which matches get a picture, by line: the first of each file, then the second and
/// so on, files of strict verdicts before others.
fn wanted(files: &[PageFile], most: usize) -> HashMap<u64, Vec<usize>> {
    let mut all: Vec<(usize, std::cmp::Reverse<_>, u64)> = files
        .iter()
        .flat_map(|file| {
            (0..file.row.matches.len()).map(|i| (i, std::cmp::Reverse(file.row.verdict), file.line))
        })
        .collect();
    all.sort_unstable();
    let mut wanted: HashMap<u64, Vec<usize>> = HashMap::new();
    for (number, _, line) in all.into_iter().take(most) {
        wanted.entry(line).or_default().push(number);
    }
    wanted
}

/// Draws the pictures; false after Ctrl-C.
fn draw(
    files: &mut [PageFile],
    wanted: &HashMap<u64, Vec<usize>>,
    registry: &Snapshot,
    (places, guard): (&FilesArgs, &Guard),
    threads: Option<NonZeroUsize>,
) -> Result<bool, CliError> {
    let with_pictures = || files.iter().filter(|file| wanted.contains_key(&file.line));
    let paths: HashSet<&str> = with_pictures().map(|file| file.row.path.as_str()).collect();
    let sights = Arc::new(Sights::new(registry, places, &paths, guard)?);
    let run = Run::new(interrupt::watch()?).threads(threads).limit(Some(DEFAULT_LIMIT));
    let mut progress = Progress::new(wanted.len() as u64);
    let mut drawn = Vec::new();
    let drawing = Arc::clone(&sights);
    let work = move |(row, matches): (PastRow, Vec<usize>)| (row.duration_s, drawing.draw(&row, &matches));
    let mut sink =
        |path: PathBuf, pictures: Result<(Option<Seconds>, Drawn), Lost>| -> Result<(), CliError> {
            drawn.push(match pictures {
                Ok((duration_s, pictures)) => {
                    progress.done(duration_s.unwrap_or(0.0));
                    pictures
                }
                Err(error) => {
                    progress.say(&path, error);
                    progress.failed();
                    Drawn::new()
                }
            });
            Ok(())
        };
    let jobs = with_pictures().map(|file| (file.row.clone(), wanted[&file.line].clone()));
    let whole = run.each(jobs, |(row, _)| row.named(), work, &mut sink)?.is_complete();
    drop(paths);
    sights.spared()?;
    let missing = drawn.iter().flat_map(BTreeMap::values).filter(|picture| picture.is_err()).count();
    progress.finish(None);
    if missing > 0 {
        tell(format_args!("{missing} matches have no picture; the page says why"));
    }
    let files = files.iter_mut().filter(|file| wanted.contains_key(&file.line));
    files.zip(drawn).for_each(|(file, pictures)| file.pictures = pictures);
    Ok(whole)
}

/// What of the log concerns some rows.
pub fn excerpt<'a>(registry: &Snapshot, rows: impl Iterator<Item = &'a PastRow>) -> LogExcerpt {
    let mut cited = BTreeSet::new();
    let mut owners = BTreeSet::new();
    let mut seen = HashSet::new();
    for row in rows {
        cited.extend(row.declarations());
        for found in row.matches.iter().flat_map(|found| std::iter::once(found).chain(&found.siblings)) {
            if seen.insert(found.recording.as_str())
                && let Some(recording) = registry.recording_by_id(&found.recording)
            {
                owners.extend(recording.facts.owner);
            }
        }
    }
    LogExcerpt::of(registry.log().clone(), &cited, &owners)
}
