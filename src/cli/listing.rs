//! From arguments to what is read.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use earmark::fingerprint::FingerprintReader;
use earmark::inputs::{Held, Input, Item, Items, Listing, RowSource, Skipped};
use earmark::params::Params;

use crate::cli::args::inputs::ListingArgs;
use crate::cli::error::CliError;
use crate::cli::guard::Guard;
use crate::cli::ui::messages::tell;
use earmark::check::{Source, StopFlag};

/// Everything that is to be read, listed while it is.
pub struct Inputs {
    /// The items.
    pub items: Spared,
    /// How many sources there are, if anybody knows.
    pub count: Option<u64>,
    /// How long a file may take.
    pub timeout: Option<Duration>,
    in_archives: Arc<Mutex<Skipped>>,
    passages: Arc<AtomicU64>,
}

/// What is to be read.
pub fn listing(args: &ListingArgs, named: &[PathBuf], mut rows: Vec<RowSource>) -> Result<Listing, CliError> {
    rows.iter_mut().for_each(|source| source.member_limit = args.member_limit());
    Ok(Listing {
        rows,
        named: named.to_vec(),
        lists: args.files_from.clone(),
        nul: args.null,
        columns: args.columns(),
        choice: args.choice()?,
        member_limit: args.member_limit(),
    })
}

/// Starts to list what is to be read, and says what is left out of folders.
///
/// Nothing that `guard` knows to be written is read: see [`Inputs::refusal`].
pub fn open(args: &ListingArgs, listing: Listing, params: &Params, guard: Guard) -> Result<Inputs, CliError> {
    let kept = |path: &Path| FingerprintReader::open(path, params).ok().and_then(|reader| reader.announced());
    let survey = listing.survey(kept);
    if survey.skipped.total() > 0 {
        tell(format_args!("left out of folders: {}", survey.skipped));
    }
    if survey.items == Some(0) && !listing.named.is_empty() {
        tell("found no audio files; name a file to have it read whatever its extension");
    }
    let items = listing.stream()?;
    let (in_archives, passages) = (items.skipped_in_archives(), items.passages());
    let items = Spared { items, guard, refusal: Refusal::default() };
    Ok(Inputs { items, count: survey.items, timeout: args.timeout(), in_archives, passages })
}

impl Inputs {
    /// The same, which end soon after `stop` is raised.
    pub fn until(self, stop: &StopFlag) -> Self {
        let Spared { items, guard, refusal } = self.items;
        let stop = stop.clone();
        let items = items.until(move || stop.is_stopped());
        Inputs { items: Spared { items, guard, refusal }, ..self }
    }

    /// All that is to be read, one after another.
    pub fn sources(self, params: &Params) -> impl Iterator<Item = Source> {
        let Inputs { items, timeout, .. } = self;
        let params = params.clone();
        items.flat_map(move |item| Source::all(item, timeout, &params))
    }

    /// Which manifest or archive gave which items, known at the end.
    pub fn held(&self) -> Arc<Mutex<Vec<Held>>> {
        self.items.items.held()
    }

    /// Why the items end before their time, if they do.
    pub fn refusal(&self) -> Refusal {
        self.items.refusal.clone()
    }

    /// What tells at the end what was left out of archives.
    pub fn left_out(&self) -> LeftOut {
        LeftOut { in_archives: Arc::clone(&self.in_archives), passages: Arc::clone(&self.passages) }
    }
}

/// What is left out of archives and of files, counted as they are read.
pub struct LeftOut {
    in_archives: Arc<Mutex<Skipped>>,
    passages: Arc<AtomicU64>,
}

impl LeftOut {
    /// Says so, where there is something to say.
    pub fn tell(&self) {
        let skipped = self.in_archives.lock().unwrap_or_else(PoisonError::into_inner);
        if skipped.total() > 0 {
            tell(format_args!("left out of archives: {skipped}"));
        }
        let passages = self.passages.load(Ordering::Relaxed);
        if passages > 0 {
            let rows = if passages == 1 { "1 row asks".to_owned() } else { format!("{passages} rows ask") };
            tell(format_args!(
                "{rows} for a passage (offset, or start of a cut), and only that is checked: \
                 a loader that ignores it plays what was not"
            ));
        }
    }
}

/// Items up to the first that would be written over.
pub struct Spared {
    items: Items,
    guard: Guard,
    refusal: Refusal,
}

impl Iterator for Spared {
    type Item = Item;

    fn next(&mut self) -> Option<Item> {
        let item = self.items.next()?;
        let spared = match &item.input {
            Input::File(path) | Input::Fingerprints(path) => self.guard.spares(path),
            // What holds it was looked at, or there is nothing to read.
            Input::Bytes { .. } | Input::Unreadable { .. } => Ok(()),
        };
        match spared {
            Ok(()) => Some(item),
            Err(error) => {
                *self.refusal.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                None
            }
        }
    }
}

/// Whether something that is read would be written over, known at the end.
#[derive(Clone, Default)]
pub struct Refusal(Arc<Mutex<Option<CliError>>>);

impl Refusal {
    /// Has to be asked before an output gets its name.
    ///
    /// # Errors
    /// If something would be written over.
    pub fn check(&self) -> Result<(), CliError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take().map_or(Ok(()), Err)
    }
}
