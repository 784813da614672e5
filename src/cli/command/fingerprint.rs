//! `earmark fingerprint`.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use earmark::audio::Limits;
use earmark::check::{Lost, Run, Source, read};
use earmark::fingerprint::{About, EncodedEntry, Entry, EntryError, FingerprintWriter};
use earmark::inputs::label_copy::{ColumnMap, Manifest, Purpose, Row, read_manifest};
use earmark::params::Params;
use earmark::paths::{self, PathBytes};
use earmark::units::Seconds;

use crate::cli::args::fingerprint::FingerprintArgs;
use crate::cli::command::register::jobs::{self, Job};
use crate::cli::error::CliError;
use crate::cli::guard::Guard;
use crate::cli::listing;
use crate::cli::ui::exit::Outcome;
use crate::cli::ui::interrupt;
use crate::cli::ui::messages::tell;
use crate::cli::ui::output::Output;
use crate::cli::ui::progress::Progress;

/// Keeps the fingerprint of every input.
pub fn run(args: FingerprintArgs, threads: Option<NonZeroUsize>, guard: Guard) -> Result<Outcome, CliError> {
    let manifest = match &args.manifest {
        Some(path) => read_manifest(path, &ColumnMap::default(), Purpose::Register)?,
        None => Manifest::default(),
    };
    manifest.bad_rows.iter().for_each(tell);
    let mut failures = !manifest.bad_rows.is_empty();
    manifest.rows.iter().filter_map(|row| row.path.as_deref()).try_for_each(|path| guard.spares(path))?;
    let (params, limits) = (Params::default(), Limits::default());
    let listing = listing::listing(&args.listing, &args.inputs, Vec::new())?;
    let inputs = listing::open(&args.listing, listing, &params, guard)?;
    let stop = interrupt::watch()?;
    let inputs = inputs.until(&stop);
    let run = Run::new(stop).threads(threads).limit(inputs.timeout);
    let mut progress = Progress::new(inputs.count.map(|count| count + manifest.rows.len() as u64));
    let (left_out, refusal) = (inputs.left_out(), inputs.refusal());
    let jobs = jobs::list(manifest.rows, inputs.items, inputs.timeout, &params);
    let failed = |error| Output::failed(Some(&args.out), error);
    let mut writer =
        FingerprintWriter::new(Output::open(Some(&args.out), false)?, &params).map_err(failed)?;
    let mut sink = |path: PathBuf, kept: Result<Result<Kept, EntryError>, Lost>| -> Result<(), CliError> {
        // What went wrong is kept, too, so that every input gets its answer.
        let kept = match kept {
            Ok(Ok(kept)) => kept,
            Ok(Err(error)) => lost(&path, &error.to_string(), &params),
            Err(error) => lost(&path, &error.to_string(), &params),
        };
        match &kept.outcome {
            Ok(duration_s) => progress.done(*duration_s),
            Err(error) => {
                failures = true;
                progress.say(&path, error);
                progress.failed();
            }
        }
        writer.write(&kept.entry).map_err(failed)
    };
    let of_all = params.clone();
    let work = move |(source, row): Job| keep(source, row.as_deref(), &of_all, &limits);
    let whole = run.each(jobs, |(source, _)| source.name(), work, &mut sink)?.is_complete();
    refusal.check()?;
    let output = if whole { writer.finish() } else { writer.abandon() }.map_err(failed)?;
    progress.while_hidden(|| left_out.tell());
    progress.finish(None);
    output.finish_and_tell(whole)?;
    Ok(Outcome { disallowed: false, unchecked: failures || !whole })
}

/// An entry to be written.
struct Kept {
    entry: EncodedEntry,
    /// Seconds of audio; or why there are none.
    outcome: Result<Seconds, String>,
}

fn keep(source: Source, row: Option<&Row>, params: &Params, limits: &Limits) -> Result<Kept, EntryError> {
    let reading = read(source, params, limits);
    let about = About {
        path: paths::text(&reading.path),
        path_bytes: PathBytes::of(&reading.path),
        file: reading.file,
        columns: row.map_or(reading.columns, |row| row.columns.clone()),
        tags: reading.tags.map_err(|error| error.to_string()),
    };
    let entry = Entry { about, sound: reading.sound.map_err(|error| error.to_string()) };
    let outcome = match &entry.sound {
        Ok((_, info)) => Ok(info.duration_s),
        Err(error) => Err(error.clone()),
    };
    Ok(Kept { entry: entry.encode(params)?, outcome })
}

/// The entry of an input of which nothing else can be kept.
fn lost(path: &Path, error: &str, params: &Params) -> Kept {
    let about = About {
        path: paths::text(path),
        path_bytes: PathBytes::of(path),
        file: None,
        columns: Vec::new(),
        tags: Err(error.to_owned()),
    };
    let entry = Entry { about, sound: Err(error.to_owned()) };
    let entry = entry.encode(params).expect("a path and an error are short");
    Kept { entry, outcome: Err(error.to_owned()) }
}
