//! `earmark register`.

mod batch;
pub mod jobs;

use std::fmt;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::mpsc::{self, SyncSender};
use std::thread;

use earmark::audio::Limits;
use earmark::check::{Lost, PrepareError, Prepared, Run, prepare};
use earmark::inputs::label_copy::{Manifest, Purpose, read_manifest};
use earmark::params::Params;
use earmark::registry::{Added, AuthorityChange, Consent, Registry};

use crate::cli::args::RegisterArgs;
use crate::cli::authority::{tell_changes, tell_how_to_apply};
use crate::cli::error::CliError;
use crate::cli::guard::Guard;
use crate::cli::listing;
use crate::cli::ui::exit::Outcome;
use crate::cli::ui::interrupt;
use crate::cli::ui::messages::{counted, tell};
use crate::cli::ui::progress::Progress;

use batch::{Batch, Commit, News};
use jobs::Job;

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
    let inputs = inputs.until(&stop);
    let mut registry = Registry::open_or_create(&args.registry.registry, &params)?;
    let run =
        Run::new(stop.clone()).threads(threads).limit(inputs.timeout).waiting_per_thread(WAITING_PER_THREAD);

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
    let of_all = params.clone();
    let work = move |(source, row): Job| prepare(source, row.as_deref(), &of_all, &limits);

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
        let mut sink = |path: PathBuf, prepared: Result<Result<_, _>, Lost>| -> Result<(), CliError> {
            let prepared = match prepared {
                Ok(prepared) => prepared.map_err(|error: PrepareError| error.to_string()),
                Err(error) => Err(error.to_string()),
            };
            match prepared {
                Ok(Prepared { recording, tags_error, other_length, is_findable, unheard, .. }) => {
                    if let Some(lengths) = other_length {
                        progress.say(&path, lengths);
                    }
                    if let Some(error) = tags_error {
                        progress.say(&path, format_args!("registered without its tags: {error}"));
                    }
                    if !is_findable {
                        progress.say(&path, NOT_FINDABLE);
                    }
                    for part in unheard {
                        progress.say(&path, format_args!("registered without a part of it: {}", part.detail));
                    }
                    progress.done(recording.duration_s);
                    batch.push(path, recording);
                }
                Err(error) => {
                    counts.failed += 1;
                    progress.say(&path, error);
                    progress.failed();
                }
            }
            if batch.is_full() {
                send(&batches, &mut batch);
                counts.take(commits.try_iter(), &progress)?;
            }
            Ok(())
        };
        let whole = run.each(jobs, |(source, _)| source.name(), work, &mut sink)?.is_complete();
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

/// Said of a recording that is not even recognised in itself.
const NOT_FINDABLE: &str = "registered, but no copy of it will be recognised: it is silence, or its channels cancel each other; \
     look whether it is the right file";

/// Hands the batch over and empties it. When the thread that commits has
/// ended, the batch is dropped: that thread's error ends the run.
fn send(batches: &SyncSender<Batch>, batch: &mut Batch) {
    let _ = batches.send(std::mem::take(batch));
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
