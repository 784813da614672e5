//! `earmark scan`.

use std::io::{self, Write};
use std::num::NonZeroUsize;
use std::path::Path;

use earmark::annotate::Cells;
use earmark::audio::{AudioInfo, Limits, Tags};
use earmark::fingerprint::Fingerprint;
use earmark::index::Index;
use earmark::matching::{MatchOptions, Matcher};
use earmark::registry::{Registry, RegistryError};
use earmark::report::{CheckedAgainst, MatchRow, ScanCsv, ScanRow, ScanTable, Summary, write_shard_line};
use earmark::verdict::{DeclarationBook, Question, Recognition, SHORTEST_S, TagClaim, VerdictKind, decide};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::args::{ScanArgs, ScanFormat};
use super::dataset::Dataset;
use super::error::CliError;
use super::error_kinds::ErrorKinds;
use super::exit::Outcome;
use super::known::Known;
use super::listing;
use super::output::{Output, terminal_columns};
use super::reading::{self, Source};
use super::resume::{self, Done};
use super::streaming::{self, Job, Part};
use super::tell::tell;

/// Says for every input whether it may be used, and why.
pub fn run(args: ScanArgs, threads: Option<NonZeroUsize>) -> Result<Outcome, CliError> {
    for (option, given) in [("--resume", args.dataset.resume), ("--shard", args.dataset.shard.is_some())] {
        if given && args.format != ScanFormat::Jsonl {
            return Err(CliError::NeedsJsonl { option });
        }
    }
    let registry = Registry::open(&args.registry.registry)?;
    let index = registry.index()?;
    let match_options = args.matching.options();
    let question = Question {
        use_: args.use_,
        territory: args.territory,
        as_of: args.as_of.unwrap_or_else(today),
        policy: args.policy,
        shortest_s: SHORTEST_S,
    };
    let checked = checked_against(&registry, question.clone(), match_options.clone())?;
    let checker = Checker::new(&registry, &index, question, match_options)?;
    let inputs = listing::open(&args.listing, &args.inputs, args.rows.source(), registry.params())?;

    let table = args.format == ScanFormat::Table;
    let mut summary = Summary::default();
    let mut kinds = ErrorKinds::default();
    let mut dataset = Dataset::open(&args)?;
    let Done { rows, paths, mut output } = match (&args.out, args.dataset.resume) {
        (Some(out), true) => resume::open(out, args.dataset.shard, &checked, |cells| {
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
        ScanFormat::Jsonl => Writer::Jsonl(&mut output),
        ScanFormat::Csv => Writer::Csv(Box::new(ScanCsv::new(&mut output).map_err(failed)?)),
    };
    let run = streaming::run(
        &job,
        inputs,
        Part { shard: args.dataset.shard, done: paths },
        |source| checker.check(source),
        |path, error| checker.failed(path, error),
        |row| {
            summary.add(row.verdict);
            row.error.iter().for_each(|error| kinds.add(error));
            writer.write(row, &checked)?;
            dataset.as_mut().map_or(Ok(()), |dataset| dataset.push(&Cells::of_row(row)))
        },
    )?;
    writer.finish(&summary, &checked).map_err(failed)?;
    // The table ends with the counts.
    run.progress.finish(if table { None } else { Some(&summary) });
    let failures = summary.count(VerdictKind::Error) > 0;
    if failures {
        tell(format_args!("errors: {kinds}"));
    }
    output.finish_and_tell(run.whole)?;
    match dataset {
        Some(dataset) if run.whole => dataset.finish()?,
        _ => {}
    }
    Ok(Outcome {
        disallowed: summary.count(VerdictKind::Disallowed) > 0,
        unchecked: run.failures || failures || !run.whole,
    })
}

/// The day it is in UTC: the same everywhere, as the machine that scans need
/// not be where the use happens.
pub fn today() -> Date {
    Timestamp::now().to_zoned(TimeZone::UTC).date()
}

/// What verdicts of now rest on.
pub fn checked_against(
    registry: &Registry,
    question: Question,
    match_options: MatchOptions,
) -> Result<CheckedAgainst, RegistryError> {
    Ok(CheckedAgainst {
        tool: concat!("earmark ", env!("CARGO_PKG_VERSION")).to_owned(),
        registry_generation: registry.generation()?,
        registry_hash: registry.content_hash_hex()?,
        registry_recordings: registry.recordings_state()?,
        params: registry.params().id().to_string(),
        question,
        match_options,
    })
}

/// Everything that a verdict on a file needs besides the file.
pub struct Checker<'a> {
    registry: &'a Registry,
    known: Known<'a>,
    matcher: Matcher<'a>,
    book: DeclarationBook,
    question: Question,
    limits: Limits,
}

impl<'a> Checker<'a> {
    /// Checks files against `registry`, whose index is `index`.
    pub fn new(
        registry: &'a Registry,
        index: &'a Index,
        question: Question,
        match_options: MatchOptions,
    ) -> Result<Self, RegistryError> {
        Ok(Checker {
            registry,
            known: Known::new(registry)?,
            matcher: Matcher::new(index, registry.params(), match_options),
            book: DeclarationBook::new(registry.declarations()?),
            question,
            limits: Limits::default(),
        })
    }

    /// The row of a file.
    pub fn check(&self, source: Source) -> Result<ScanRow, RegistryError> {
        let reading = reading::read(source, self.registry.params(), &self.limits);
        let (audio, matches) = match reading.sound {
            Ok((fingerprint, info)) => {
                let matches = self.search(&fingerprint, &info)?;
                (Ok(info), matches)
            }
            Err(error) => (Err(error.to_string()), Vec::new()),
        };
        self.judge(&reading.path, reading.tags.ok(), audio, matches)
    }

    /// The recordings recognised in a file.
    pub fn search(
        &self,
        fingerprint: &Fingerprint,
        info: &AudioInfo,
    ) -> Result<Vec<MatchRow>, RegistryError> {
        let found = reading::recognise(&self.matcher, fingerprint, info);
        found.iter().map(|found| self.known.row(found)).collect()
    }

    /// The row of a file in which `matches` were recognised; `audio` says why it
    /// could not be decoded, if it could not.
    pub fn judge(
        &self,
        path: &Path,
        tags: Option<Tags>,
        audio: Result<AudioInfo, String>,
        matches: Vec<MatchRow>,
    ) -> Result<ScanRow, RegistryError> {
        let mut recognition = Recognition::default();
        if let Some(tags) = &tags {
            recognition.tags = self.claims(tags)?;
        }
        match &audio {
            Ok(info) => recognition.duration_s = info.duration_s,
            Err(error) => recognition.error = Some(error.clone()),
        }
        // The sound may be any of those that hold it.
        for found in matches.iter().flat_map(|found| std::iter::once(found).chain(&found.siblings)) {
            let recording = self.known.named(&found.recording)?;
            recognition.matches.push(found.heard((&recording).into()));
        }
        let audio = audio.ok();
        Ok(ScanRow {
            duration_s: audio.as_ref().map(|audio| audio.duration_s),
            tags,
            matches,
            audio,
            ..self.row(path, recognition)
        })
    }

    /// The row of a file on which the program failed.
    pub fn failed(&self, path: &Path, error: String) -> ScanRow {
        self.row(path, Recognition { error: Some(error), ..Recognition::default() })
    }

    /// The row with its verdict, and nothing else yet.
    fn row(&self, path: &Path, recognition: Recognition) -> ScanRow {
        let verdict = decide(&recognition, self.book.concerning(&recognition), &self.question);
        ScanRow { error: recognition.error, ..ScanRow::new(path, verdict) }
    }

    /// The ISRCs in the tags, each once, and who carries them.
    fn claims(&self, tags: &Tags) -> Result<Vec<TagClaim>, RegistryError> {
        let mut claims: Vec<TagClaim> = Vec::new();
        for tag in &tags.isrcs {
            if claims.iter().all(|claim| claim.isrc != tag.isrc) {
                let recordings = self.known.with_isrc(&tag.isrc)?.iter().map(Into::into).collect();
                claims.push(TagClaim { isrc: tag.isrc, recordings });
            }
        }
        Ok(claims)
    }
}

/// Writes rows in one of the formats.
enum Writer<'a> {
    Table(ScanTable<&'a mut Output>),
    Jsonl(&'a mut Output),
    Csv(Box<ScanCsv<&'a mut Output>>),
}

impl Writer<'_> {
    fn write(&mut self, row: &ScanRow, checked: &CheckedAgainst) -> io::Result<()> {
        match self {
            Self::Table(table) => table.write(row),
            Self::Jsonl(output) => {
                row.write_json_line(output, checked)?;
                output.flush()
            }
            Self::Csv(csv) => {
                csv.write(row, checked)?;
                csv.flush()
            }
        }
    }

    fn finish(self, summary: &Summary, checked: &CheckedAgainst) -> io::Result<()> {
        match self {
            Self::Table(table) => table.finish(summary, checked),
            Self::Jsonl(output) => output.flush(),
            Self::Csv(mut csv) => csv.flush(),
        }
    }
}
