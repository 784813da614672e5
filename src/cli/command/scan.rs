//! `earmark scan`.

use std::io::{self, Write};
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::PoisonError;

use earmark::audio::{AudioInfo, Limits, Tags};
use earmark::coverage::{self, Coverage, Sound};
use earmark::dataset::Cells;
use earmark::fingerprint::Fingerprint;
use earmark::index::Index;
use earmark::matching::{MatchOptions, Matcher};
use earmark::registry::{Lineage, Registry, RegistryError};
use earmark::report::{
    MatchRow, PastReport, ScanCsv, ScanHeader, ScanRow, ScanTable, Summary, write_shard_line,
};
use earmark::verdict::{
    AcceptedTerms, DeclarationBook, Heard, Question, Recognition, TagClaim, VerdictKind, decide,
};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::cli::args::{ScanArgs, ScanFormat};
use crate::cli::dataset::Dataset;
use crate::cli::emptiness::{self, Wanted};
use crate::cli::error::CliError;
use crate::cli::guard::Guard;
use crate::cli::judging::accepted_terms;
use crate::cli::known::Known;
use crate::cli::lineage;
use crate::cli::listing;
use crate::cli::plan::SIDECAR;
use crate::cli::resume::{self, Done, beside};
use crate::cli::streaming::{self, Job, Part};
use crate::cli::ui::error_kinds::ErrorKinds;
use crate::cli::ui::exit::Outcome;
use crate::cli::ui::messages::tell;
use crate::cli::ui::output::{Output, terminal_columns};
use earmark::check::reading::{self, Audio, ReadError, Reading, Source};

/// Says for every input whether it may be used, and why.
pub fn run(args: ScanArgs, threads: Option<NonZeroUsize>, mut guard: Guard) -> Result<Outcome, CliError> {
    for (option, given) in [("--resume", args.dataset.resume), ("--shard", args.dataset.shard.is_some())] {
        if given && args.format != ScanFormat::Jsonl {
            return Err(CliError::NeedsJsonl { option });
        }
    }
    let registry = Registry::open(&args.registry.registry)?;
    emptiness::check(&registry, Wanted::SoundOrTags, &args.emptiness)?;
    if let Some(known) = &args.known {
        let then = PastReport::open(known)?.header().registry.clone();
        if lineage::of(&registry, &then, known, &args.lineage)? == Lineage::Continued {
            tell(format_args!("the registry has changed since {}, and continues it", known.display()));
        }
    }
    let index = registry.index()?;
    let match_options = args.matching.options();
    let coverage = args.coverage;
    let question = Question {
        territory: args.territory,
        policy: args.policy,
        min_overlap: args.overlap.min_overlap.unwrap_or_default(),
        ..Question::new(args.use_, args.as_of.unwrap_or_else(today))
    };
    let accepted = args.licences.accept_terms.as_deref().map(accepted_terms).transpose()?;
    let named = args.inputs.iter().chain(&args.rows.manifest).chain(&args.listing.files_from);
    let named = named.map(|input| input.to_string_lossy().into_owned()).collect();
    let checker = Checker::new(&registry, &index, question, accepted, match_options.clone(), coverage)?;
    let header = ScanHeader::new(&registry, checker.question().clone(), match_options, coverage, named)?;
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
    let run = streaming::run(
        &job,
        inputs,
        Part { shard: args.dataset.shard, done: paths },
        |source| checker.check(source),
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

/// The day it is in UTC: the same everywhere, as the machine that scans need
/// not be where the use happens.
pub fn today() -> Date {
    Timestamp::now().to_zoned(TimeZone::UTC).date()
}

/// Everything that a verdict on a file needs besides the file.
pub struct Checker<'a> {
    registry: &'a Registry,
    coverage: Coverage,
    known: Known<'a>,
    matcher: Matcher,
    book: DeclarationBook,
    limits: Limits,
}

impl<'a> Checker<'a> {
    /// Checks files against `registry`, whose index is `index`; `accepted` are
    /// the terms that are met.
    pub fn new(
        registry: &'a Registry,
        index: &'a Index,
        question: Question,
        accepted: Option<AcceptedTerms>,
        match_options: MatchOptions,
        coverage: Coverage,
    ) -> Result<Self, RegistryError> {
        Ok(Checker {
            registry,
            coverage,
            known: Known::new(registry),
            matcher: Matcher::new(index, registry.params(), match_options),
            book: DeclarationBook::new(registry.log()?, question, accepted),
            limits: Limits::default(),
        })
    }

    /// What is asked, the accepted terms included.
    pub fn question(&self) -> &Question {
        self.book.question()
    }

    /// The row of a file.
    pub fn check(&self, source: Source) -> Result<ScanRow, RegistryError> {
        self.check_reading(self.read(source))
    }

    /// Reads a file and listens to as much of it as was asked for.
    pub fn read(&self, source: Source) -> Reading<Sound> {
        let (params, limits) = (self.registry.params(), &self.limits);
        let listen = |audio: Audio<'_>| {
            if let Some(sound) = self.sample(&audio)? {
                return Ok(sound);
            }
            audio.fingerprint(params, limits).map(|(fingerprint, info)| (fingerprint.into(), info))
        };
        reading::read_by(source, params, limits, &listen)
    }

    /// Listens to windows, where that is asked for; `None` if all has to be decoded.
    fn sample(&self, audio: &Audio<'_>) -> Result<Option<(Sound, AudioInfo)>, ReadError> {
        if self.coverage == Coverage::Full || audio.passage.is_some() {
            return Ok(None);
        }
        let Audio { source, extension, clock, .. } = audio;
        let (params, limits) = (self.registry.params(), &self.limits);
        let stopped = || clock.is_over();
        Ok(coverage::listen(source.clone(), *extension, &self.matcher, params, limits, &stopped)?)
    }

    /// The row of a file that was read.
    pub fn check_reading(&self, reading: Reading<Sound>) -> Result<ScanRow, RegistryError> {
        let (audio, matches, decoded_s) = match reading.sound {
            Ok((Sound::Whole(fingerprint), info)) => {
                let matches = self.search(&fingerprint, &info)?;
                (Ok(info), matches, None)
            }
            Ok((Sound::Settled { found, decoded_s }, info)) => {
                (Ok(info), vec![self.known.row(&found)?], Some(decoded_s))
            }
            Err(error) => (Err(error.to_string()), Vec::new(), None),
        };
        let row = self.judge(&reading.path, reading.tags.ok(), audio, matches)?;
        Ok(ScanRow {
            file: reading.file.map(Into::into),
            columns: reading.columns,
            decoded_s: decoded_s.or(row.decoded_s),
            ..row
        })
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
            recognition.signals.clone_from(&tags.signals);
        }
        match &audio {
            Ok(info) => {
                recognition.duration_s = info.duration_s;
                recognition.unheard.clone_from(&info.unheard);
            }
            Err(error) => recognition.error = Some(error.clone()),
        }
        // The sound may be any of those that hold it.
        for found in &matches {
            recognition.matches.push(self.heard(found, None)?);
            for sibling in &found.siblings {
                recognition.matches.push(self.heard(sibling, Some(found))?);
            }
        }
        let audio = audio.ok();
        Ok(ScanRow {
            duration_s: audio.as_ref().map(|audio| audio.duration_s),
            decoded_s: audio.as_ref().map(|audio| audio.duration_s),
            tags,
            matches,
            audio,
            ..self.row(path, recognition)
        })
    }

    fn heard(&self, found: &MatchRow, sibling_of: Option<&MatchRow>) -> Result<Heard, RegistryError> {
        let recording = self.known.named(&found.recording)?;
        let sibling_of = sibling_of.map(|heard| heard.recording.clone());
        Ok(Heard { sibling_of, ..found.heard((&recording).into()) })
    }

    /// The row of a file on which the program failed.
    pub fn failed(&self, path: &Path, error: String) -> ScanRow {
        self.row(path, Recognition { error: Some(error), ..Recognition::default() })
    }

    /// The row with its verdict, and nothing else yet.
    fn row(&self, path: &Path, recognition: Recognition) -> ScanRow {
        let verdict = decide(&recognition, &self.book);
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
