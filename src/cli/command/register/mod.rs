//! `earmark register`.

mod batch;
pub mod jobs;
mod metadata;

use std::fmt;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::sync::mpsc::{self, SyncSender};
use std::thread;

use earmark::audio::Limits;
use earmark::check::pipeline::Pipeline;
use earmark::inputs::label_copy::{Manifest, Purpose, Row, read_manifest};
use earmark::params::Params;
use earmark::registry::{Added, AuthorityChange, Consent, NewRecording, Registry};
use earmark::units::Seconds;

use crate::cli::args::RegisterArgs;
use crate::cli::authority::{tell_changes, tell_how_to_apply};
use crate::cli::error::CliError;
use crate::cli::guard::Guard;
use crate::cli::listing;
use crate::cli::streaming::run_named;
use crate::cli::ui::exit::Outcome;
use crate::cli::ui::interrupt;
use crate::cli::ui::messages::{counted, tell};
use crate::cli::ui::progress::Progress;
use earmark::check::reading::{self, ReadError, SHORTEST_S, Source};

use batch::{Batch, Commit, News};

/// Fingerprints that may wait for an earlier, slower file, per thread. One of
/// a song takes a third of a megabyte.
const WAITING_PER_THREAD: usize = 8;

/// Registers every input.
pub fn run(args: RegisterArgs, threads: Option<NonZeroUsize>, guard: Guard) -> Result<Outcome, CliError> {
    let manifest = match &args.manifest {
        Some(path) => read_manifest(path, &args.columns, Purpose::Register)?,
        None => Manifest::default(),
    };
    let params = Params::default();
    let listing = listing::listing(&args.listing, &args.inputs, Vec::new())?;
    let inputs = listing::open(&args.listing, listing, &params, guard)?;
    // Before the registry is opened: from there on there is something to keep whole.
    let stop = interrupt::watch()?;
    let mut registry = Registry::open_or_create(&args.registry.registry, &params)?;
    let pipeline = Pipeline::new(threads, stop.clone())
        .map_err(|error| CliError::Threads { reason: error.to_string() })?
        .waiting_per_thread(WAITING_PER_THREAD);

    let mut counts = Counts { failed: manifest.bad_rows.len() as u64, ..Counts::default() };
    manifest.bad_rows.iter().for_each(tell);
    if !manifest.ignored_columns.is_empty() {
        tell(format_args!(
            "columns of the manifest that nobody reads: {}",
            manifest.ignored_columns.join(", ")
        ));
    }
    let limits = Limits::default();
    let mut progress = Progress::new(inputs.count.map(|count| count + manifest.rows.len() as u64));
    let left_out = inputs.left_out();
    let jobs = jobs::list(manifest.rows, inputs.items, inputs.timeout, &params);

    // Committing and merging have a thread of their own, so that reading goes on
    // meanwhile.
    // The channel holds nothing: one batch is collected while one is committed.
    let consent = args.authority.consent();
    let agreed = &consent;
    let whole = thread::scope(|scope| {
        let (batches, full) = mpsc::sync_channel::<Batch>(0);
        let (committed, commits) = mpsc::channel();
        scope.spawn(move || batch::commit_all(&mut registry, full, agreed, &stop, &committed));
        let mut batch = Batch::default();
        let ending = run_named(
            &pipeline,
            jobs,
            |(source, _)| source.path(),
            |(source, row)| prepare(source, row.as_deref(), &params, &limits),
            |path, result| {
                match result.map_err(|panic| panic.to_string()).and_then(|prepared| prepared) {
                    Ok(Prepared { recording, tags_error, other_length }) => {
                        if let Some(said_s) = other_length {
                            progress.say(path, other_length_told(said_s, recording.duration_s));
                        }
                        if let Some(error) = tags_error {
                            progress.say(path, format_args!("registered without its tags: {error}"));
                        }
                        progress.done(recording.duration_s);
                        batch.push(path.to_owned(), recording);
                    }
                    Err(error) => {
                        counts.failed += 1;
                        progress.say(path, error);
                        progress.failed();
                    }
                }
                let taken = if batch.is_full() {
                    send(&batches, &mut batch);
                    counts.take(commits.try_iter(), &progress)
                } else {
                    Ok(())
                };
                taken.map_or_else(ControlFlow::Break, ControlFlow::Continue)
            },
        );
        let whole = ending.whole()?;
        if !batch.is_empty() {
            send(&batches, &mut batch);
        }
        drop(batches);
        counts.take(commits.iter(), &progress)?;
        Ok::<_, CliError>(whole)
    })?;
    progress.while_hidden(|| left_out.tell());
    progress.finish(Some(&counts));
    let withheld = consent == Consent::Withheld;
    tell_changes(&counts.authority, !withheld);
    let held = if withheld { counts.authority.as_slice() } else { &[] };
    tell_how_to_apply(held, &consent);
    if !whole {
        tell("interrupted: what is counted here is registered; run the same command again for the rest");
    }
    Ok(Outcome { disallowed: false, unchecked: counts.failed > 0 || !whole || !held.is_empty() })
}

/// Hands the batch over and empties it. When the thread that commits has
/// ended, the batch is dropped: that thread's error ends the run.
fn send(batches: &SyncSender<Batch>, batch: &mut Batch) {
    let _ = batches.send(std::mem::take(batch));
}

/// A recording that can be registered.
pub struct Prepared {
    /// What is to be registered.
    pub recording: NewRecording,
    /// Why its tags could not be read.
    tags_error: Option<ReadError>,
    /// The length in the manifest, in seconds, if it is that of other audio.
    other_length: Option<Seconds>,
}

/// Whether a length in label copy cannot be that of the audio. Label copy is
/// rounded to seconds and often counts another fade or another pause.
pub fn is_other_length(said_s: Seconds, audio_s: Seconds) -> bool {
    const TOLERANCE_S: Seconds = 3.0;
    const TOLERANCE: f64 = 0.03;
    (said_s - audio_s).abs() > TOLERANCE_S.max(TOLERANCE * audio_s)
}

/// What is said about such a length.
pub fn other_length_told(said_s: Seconds, audio_s: Seconds) -> String {
    format!(
        "has {audio_s:.1} s of audio, and label copy says {said_s:.1} s: look whether it is the right file"
    )
}

/// Reads a source, which `row` is about; the error says why it cannot be registered.
pub fn prepare(
    source: Source,
    row: Option<&Row>,
    params: &Params,
    limits: &Limits,
) -> Result<Prepared, String> {
    let reading = reading::read(source, params, limits);
    // What a manifest said when the fingerprint was kept.
    let kept = match row {
        None if !reading.columns.is_empty() => Some(Row::of_columns(&reading.path, &reading.columns)?),
        _ => None,
    };
    let row = row.or(kept.as_ref());
    let (fingerprint, info) = reading.sound.map_err(|error| error.to_string())?;
    if info.duration_s < SHORTEST_S {
        return Err(format!(
            "has {:.2} s of audio, too little to be recognised: register at least {SHORTEST_S} s",
            info.duration_s
        ));
    }
    let (tags, tags_error) = match reading.tags {
        Ok(tags) => (Some(tags), None),
        Err(error) => (None, Some(error)),
    };
    let (isrcs, facts) = metadata::merged(row, tags.as_ref());
    let recording = NewRecording {
        id: row.and_then(|row| row.id.clone()),
        isrcs,
        facts,
        audio_hash: info.audio_hash,
        duration_s: info.duration_s,
        source_path: Some(reading.path.to_string_lossy().into_owned()),
        fingerprint,
    };
    let said_s = row.and_then(|row| row.duration_s);
    let other_length = said_s.filter(|said_s| is_other_length(*said_s, recording.duration_s));
    Ok(Prepared { recording, tags_error, other_length })
}

/// What became of the files.
#[derive(Debug, Default)]
struct Counts {
    new: u64,
    duplicates: u64,
    failed: u64,
    /// What changes who may speak for recordings that were registered before.
    authority: Vec<AuthorityChange>,
}

impl Counts {
    /// Counts commits and tells what somebody should know about them.
    fn take(&mut self, news: impl Iterator<Item = News>, progress: &Progress) -> Result<(), CliError> {
        for news in news {
            let Commit { paths, added } = match news {
                News::Committed(commit) => commit,
                News::Failed(error) => return Err(error.into()),
                News::NotMerged(error) => {
                    let what =
                        format!("all that was read is registered, but segments were not merged: {error}");
                    progress.while_hidden(|| tell(what));
                    continue;
                }
            };
            for (path, added) in paths.iter().zip(added) {
                match added {
                    Added::New { .. } => self.new += 1,
                    Added::Duplicate { id, kept, authority, .. } => {
                        self.duplicates += 1;
                        self.authority.extend(authority);
                        if !kept.is_empty() {
                            progress.say(
                                path,
                                format_args!(
                                    "is the registered recording {id}, which keeps its {}",
                                    kept.join(", ")
                                ),
                            );
                        }
                    }
                    Added::Refused(error) => {
                        self.failed += 1;
                        progress.say(path, error);
                    }
                }
            }
        }
        Ok(())
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} new, {}, {} failed", self.new, counted(self.duplicates, "duplicate"), self.failed)
    }
}
