//! What is to be read, and the thread that lists it.

use std::cell::Cell;
use std::io::{self, BufReader, Read};
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use super::choice::Choice;
use super::columns::ColumnChoice;
use super::holders::Held;
use super::lines::unpacked;
use super::manifest_rows::{ManifestKind, Rows};
use super::tar_members::TarReader;
use super::walk::{Holds, Looked, Skipped, head, walk};
use crate::audio::{Content, Packing};

use super::{Input, InputError, Item, LARGEST_MEMBER, Shared, lines, path_list, tar_members, zip_members};

/// The name of standard input.
const STDIN: &str = "-";

/// How often somebody who waits for an item looks whether to stop.
const TICK: Duration = Duration::from_millis(50);

/// What is to be read. The order of the items: rows, then what is named, then
/// the lists.
#[derive(Clone, Debug)]
pub struct Listing {
    /// Manifests whose rows name audio.
    pub rows: Vec<RowSource>,
    /// Files, folders and what holds audio; `-` is encoded audio on standard input.
    pub named: Vec<PathBuf>,
    /// Files with a path a line; `-` is standard input.
    pub lists: Vec<PathBuf>,
    /// Whether paths in lists end with NUL, and not with a line end.
    pub nul: bool,
    /// What somebody said about the columns of Parquet files among what is named.
    pub columns: ColumnChoice,
    /// Which files of folders and archives are taken.
    pub choice: Choice,
    /// Most bytes of audio that is inside something else.
    pub member_limit: u64,
}

/// A manifest whose rows name audio.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowSource {
    /// The manifest: `.jsonl`, `.ndjson`, `.json`, `.csv`, each also with `.gz`, or `.parquet`.
    pub path: PathBuf,
    /// What somebody said about its columns.
    pub columns: ColumnChoice,
    /// Where relative paths start; `None` for the manifest's folder.
    pub base: Option<PathBuf>,
    /// Bytes that audio inside of a Parquet file, or one of its pages, may have unpacked.
    pub member_limit: u64,
}

impl RowSource {
    /// The manifest at `path`, of which nobody said anything.
    pub fn new(path: PathBuf) -> Self {
        Self { path, columns: ColumnChoice::default(), base: None, member_limit: LARGEST_MEMBER }
    }

    /// Where relative paths start.
    pub(super) fn base(&self) -> &Path {
        self.base.as_deref().unwrap_or_else(|| self.path.parent().unwrap_or(Path::new("")))
    }

    /// Reads the manifest no further than to know that it is one.
    ///
    /// # Errors
    /// See [`ManifestKind`] and the header's.
    fn open(&self) -> Result<Rows, InputError> {
        Rows::open(self)
    }
}

impl Default for Listing {
    fn default() -> Self {
        Self {
            rows: Vec::new(),
            named: Vec::new(),
            lists: Vec::new(),
            nul: false,
            columns: ColumnChoice::default(),
            choice: Choice::default(),
            member_limit: LARGEST_MEMBER,
        }
    }
}

/// What is known before anything is read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Survey {
    /// How many items there are; `None` where only reading tells.
    pub items: Option<u64>,
    /// What is left out of folders.
    pub skipped: Skipped,
}

impl Listing {
    /// Walks the folders once to count what they hold. `kept` tells how many
    /// entries a fingerprint file has, if that is known.
    pub fn survey(&self, kept: impl Fn(&Path) -> Option<u64>) -> Survey {
        let mut survey = Survey::default();
        let (streams, files): (Vec<_>, Vec<_>) =
            self.named.iter().partition(|named| named.as_os_str() == STDIN);
        // An archive may come on standard input.
        let mut items = (self.rows.is_empty() && self.lists.is_empty() && streams.is_empty()).then_some(0u64);
        for named in files {
            let _ = walk(named, &self.choice, &mut survey.skipped, &mut |found| {
                let count = match found {
                    Err(_) | Ok((_, Holds::Audio)) => Some(1),
                    Ok((path, Holds::Fingerprints)) => kept(&path).or(Some(1)),
                    Ok((_, Holds::Tar | Holds::Zip | Holds::Parquet)) => None,
                };
                items = items.zip(count).map(|(items, count)| items.saturating_add(count));
                ControlFlow::Continue(())
            });
        }
        survey.items = items;
        survey
    }

    /// Gives every file that is named, or found in a folder that is, to `take`.
    pub fn files(&self, take: &mut dyn FnMut(&Path)) {
        for named in self.named.iter().filter(|named| named.as_os_str() != STDIN) {
            let _ = walk(named, &self.choice, &mut Skipped::default(), &mut |found| {
                take(match &found {
                    Ok((path, _)) | Err((path, _)) => path,
                });
                ControlFlow::Continue(())
            });
        }
    }

    /// Lists everything, in order.
    ///
    /// # Errors
    /// If a manifest has no column with paths, or the only one cannot be opened. One
    /// of several that cannot be becomes an item in its place.
    pub fn stream(self) -> Result<Items, InputError> {
        let several = self.rows.len() > 1;
        let open = |source: &RowSource| match source.open() {
            Err(error) if !several || matches!(error, InputError::Row { .. }) => Err(error),
            opened => Ok(opened),
        };
        let rows: Vec<_> = self.rows.iter().map(open).collect::<Result<_, _>>()?;
        // One item waits while the next is read.
        let (sender, receiver) = mpsc::sync_channel(0);
        let skipped = Arc::new(Mutex::new(Skipped::default()));
        let held = Arc::new(Mutex::new(Vec::new()));
        let passages = Arc::new(AtomicU64::new(0));
        let lister = Lister {
            listing: self,
            given: Cell::new(0),
            skipped: Arc::clone(&skipped),
            held: Arc::clone(&held),
            passages: Arc::clone(&passages),
        };
        thread::Builder::new().name("inputs".to_owned()).spawn(move || {
            // Nobody listens any more when the run was stopped.
            let mut push = |item: Item| {
                let is_passage = item.passage.is_some();
                if sender.send(item).is_err() {
                    return ControlFlow::Break(());
                }
                lister.given.set(lister.given.get() + 1);
                lister.passages.fetch_add(u64::from(is_passage), Ordering::Relaxed);
                ControlFlow::Continue(())
            };
            let _ = lister.all(rows, &mut push);
        })?;
        Ok(Items { receiver, stopped: Box::new(|| false), skipped, held, passages })
    }
}

/// The items of a [`Listing`], listed by a thread of its own.
pub struct Items {
    receiver: Receiver<Item>,
    stopped: Box<dyn Fn() -> bool + Send>,
    skipped: Arc<Mutex<Skipped>>,
    held: Arc<Mutex<Vec<Held>>>,
    passages: Arc<AtomicU64>,
}

impl Items {
    /// The same items, which end soon after `stopped` says so, whatever the thread that
    /// lists them is waiting for.
    pub fn until(self, stopped: impl Fn() -> bool + Send + 'static) -> Self {
        Items { stopped: Box::new(stopped), ..self }
    }

    /// What was left out of archives so far; it goes on counting.
    pub fn skipped_in_archives(&self) -> Arc<Mutex<Skipped>> {
        Arc::clone(&self.skipped)
    }

    /// How many items so far are passages of files that rows asked for; it goes on
    /// counting.
    pub fn passages(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.passages)
    }

    /// What held items so far, in order; it goes on growing, by all that was read to
    /// its end.
    pub fn held(&self) -> Arc<Mutex<Vec<Held>>> {
        Arc::clone(&self.held)
    }
}

impl Iterator for Items {
    type Item = Item;

    fn next(&mut self) -> Option<Item> {
        loop {
            match self.receiver.recv_timeout(TICK) {
                Ok(item) => return Some(item),
                Err(RecvTimeoutError::Disconnected) => return None,
                Err(RecvTimeoutError::Timeout) if (self.stopped)() => return None,
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }
}

type Push<'a> = dyn FnMut(Item) -> ControlFlow<()> + 'a;

struct Lister {
    listing: Listing,
    /// Items that somebody took.
    given: Cell<u64>,
    skipped: Arc<Mutex<Skipped>>,
    held: Arc<Mutex<Vec<Held>>>,
    passages: Arc<AtomicU64>,
}

impl Lister {
    fn all(&self, rows: Vec<Result<Rows, InputError>>, push: &mut Push<'_>) -> ControlFlow<()> {
        for (source, rows) in self.listing.rows.iter().zip(rows) {
            self.contained(&source.path, push, |push| rows?.read(push))?;
        }
        for named in &self.listing.named {
            self.named(named, push)?;
        }
        for list in &self.listing.lists {
            let source: Box<dyn io::BufRead> = if list.as_os_str() == STDIN {
                Box::new(BufReader::new(io::stdin()))
            } else {
                match lines::plain(list) {
                    Ok(source) => source,
                    Err(error) => {
                        push(Item::unreadable(list, error.into()))?;
                        continue;
                    }
                }
            };
            path_list::read(source, self.listing.nul, list, &mut |line| match line {
                Ok(path) => self.found(&path, push),
                Err(item) => push(item),
            })?;
        }
        ControlFlow::Continue(())
    }

    fn named(&self, named: &Path, push: &mut Push<'_>) -> ControlFlow<()> {
        if named.as_os_str() == STDIN {
            return self.stdin(push);
        }
        self.found(named, push)
    }

    /// The file or folder at `path`, whatever its name.
    fn found(&self, named: &Path, push: &mut Push<'_>) -> ControlFlow<()> {
        // The survey has told what is left out of folders.
        let mut told = Skipped::default();
        walk(named, &self.listing.choice, &mut told, &mut |found| match found {
            Ok((path, holds)) => self.file(path, holds, push),
            Err(_) => push(found.into()),
        })
    }

    fn file(&self, path: PathBuf, holds: Holds, push: &mut Push<'_>) -> ControlFlow<()> {
        let Listing { choice, columns, member_limit: limit, .. } = &self.listing;
        match holds {
            Holds::Audio => push(Item::whole(Input::File(path))),
            Holds::Fingerprints => push(Item::whole(Input::Fingerprints(path))),
            // A pipe with such a name is told by whoever opens it.
            _ if !path.is_file() => push(Item::whole(Input::File(path))),
            Holds::Tar => self.contained(&path, push, |push| {
                let mut skipped = Skipped::default();
                let read = tar_members::read(&path, choice, *limit, &mut skipped, push);
                self.skip(&skipped);
                read
            }),
            Holds::Zip => self.contained(&path, push, |push| {
                let mut skipped = Skipped::default();
                let read = zip_members::read(&path, choice, *limit, &mut skipped, push);
                self.skip(&skipped);
                read
            }),
            Holds::Parquet => self.contained(&path, push, |push| {
                let (columns, member_limit) = (columns.clone(), *limit);
                let source = RowSource { columns, member_limit, ..RowSource::new(path.clone()) };
                Rows::open_as(ManifestKind::Parquet, &source)?.read(push)
            }),
        }
    }

    /// What is on standard input: tar as it comes, anything else in memory.
    fn stdin(&self, push: &mut Push<'_>) -> ControlFlow<()> {
        let Listing { choice, member_limit: limit, .. } = &self.listing;
        let mut skipped = Skipped::default();
        let head = match head(&mut io::stdin()) {
            Ok(head) => head,
            Err(error) => return push(Item::unreadable(STDIN, error.into())),
        };
        let all = io::Cursor::new(head.clone()).chain(io::stdin());
        let flow = match Looked::of(&mut &head[..]) {
            Ok((Content::Packed(Packing::Tar), _) | (_, true)) => {
                self.contained(STDIN.as_ref(), push, |push| {
                    let archive = TarReader::new(unpacked(BufReader::new(all))?);
                    tar_members::read_from(archive, STDIN.as_ref(), choice, *limit, &mut skipped, push)
                })
            }
            Ok((Content::Packed(Packing::Zip), _)) => self.contained(STDIN.as_ref(), push, |push| {
                let bytes = io::Cursor::new(tar_members::content_of(&mut { all }, *limit)?);
                zip_members::read_from(bytes, STDIN.as_ref(), choice, *limit, &mut skipped, push)
            }),
            _ => push(match tar_members::content_of(&mut { all }, *limit) {
                Ok(bytes) => Item::whole(Input::Bytes { path: STDIN.into(), bytes: Shared::new(bytes) }),
                Err(error) => Item::unreadable(STDIN, error),
            }),
        };
        self.skip(&skipped);
        flow
    }

    fn skip(&self, skipped: &Skipped) {
        self.skipped.lock().unwrap_or_else(PoisonError::into_inner).add(skipped);
    }

    /// Reads what holds many items. What is wrong with it becomes an item in its
    /// place, also where a library panics.
    fn contained(
        &self,
        path: &Path,
        push: &mut Push<'_>,
        read: impl FnOnce(&mut Push<'_>) -> Result<ControlFlow<()>, InputError>,
    ) -> ControlFlow<()> {
        let first = self.given.get();
        let error = match catch_unwind(AssertUnwindSafe(|| read(push))) {
            Ok(Ok(ControlFlow::Break(()))) => return ControlFlow::Break(()),
            Ok(Ok(ControlFlow::Continue(()))) => None,
            Ok(Err(error)) => Some(error),
            Err(_) => Some(InputError::Container {
                container: "named",
                reason: "the library that reads it panicked on it; please report the file".to_owned(),
            }),
        };
        let damaged = error.is_some();
        if let Some(error) = error {
            push(Item::unreadable(path, error))?;
        }
        let items = self.given.get() - first;
        let held = Held { path: path.to_owned(), items, damaged };
        self.held.lock().unwrap_or_else(PoisonError::into_inner).push(held);
        ControlFlow::Continue(())
    }
}

impl ManifestKind {
    /// What the manifest at `path` is: Parquet by its bytes, or what its name says.
    ///
    /// # Errors
    /// If it is none that can be read.
    pub fn of(path: &Path) -> Result<Self, InputError> {
        match Looked::at(path).holds {
            Holds::Parquet => Ok(Self::Parquet),
            _ => Self::by_name(path),
        }
    }

    /// What the name of a manifest says that it is.
    ///
    /// # Errors
    /// If it is none that can be read.
    pub fn by_name(path: &Path) -> Result<Self, InputError> {
        let name =
            path.file_name().map(|name| name.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
        let ends = |extension: &str| name.ends_with(extension);
        let is = |extensions: &[&str]| extensions.iter().any(|end| ends(end) || ends(&format!("{end}.gz")));
        match () {
            () if is(&[".jsonl", ".ndjson", ".json"]) => Ok(Self::Jsonl),
            () if is(&[".csv"]) => Ok(Self::Csv),
            () if ends(".parquet") => Ok(Self::Parquet),
            () => Err(InputError::Row {
                reason: format!(
                    "source {name} is none that is known by its name: call it .jsonl, .json, .csv (all also with .gz) or .parquet"
                ),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn everything_comes_in_order_and_the_survey_knows_how_much() {
        let root = tempfile::tempdir().expect("temporary folder");
        for file in ["f/1.mp3", "f/2.mp3", "f/x.txt", "z.dat"] {
            let path = root.path().join(file);
            fs::create_dir_all(path.parent().expect("a folder")).expect("folder");
            fs::write(path, b"x").expect("file");
        }
        let path = |name: &str| root.path().join(name);
        fs::write(path("list"), format!("{}\n\n{}\n", path("z.dat").display(), path("f").display()))
            .expect("file");
        let names = |listing: Listing| {
            let items = listing.stream().expect("no manifest");
            let below =
                |item: Item| item.name().strip_prefix(root.path()).expect("below").display().to_string();
            items.map(below).collect::<Vec<_>>().join(" ")
        };
        let listing = Listing { named: vec![path("z.dat"), path("f")], ..Listing::default() };
        let survey = listing.survey(|_| None);
        assert_eq!((survey.items, survey.skipped.total()), (Some(3), 1));
        assert_eq!(names(listing), "z.dat f/1.mp3 f/2.mp3");
        let listing = Listing { lists: vec![path("list")], ..Listing::default() };
        assert_eq!(listing.survey(|_| None).items, None);
        assert_eq!(names(listing), "z.dat f/1.mp3 f/2.mp3");
    }

    #[test]
    #[cfg(unix)]
    fn whoever_waits_for_an_item_can_stop() {
        // A pipe that nobody writes to.
        let (reader, _writer) = std::io::pipe().expect("a pipe");
        let path = PathBuf::from(format!("/dev/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&reader)));
        let listing = Listing { lists: vec![path], ..Listing::default() };
        let began = std::time::Instant::now();
        let items = listing.stream().expect("no manifest");
        let mut items = items.until(move || began.elapsed().as_millis() > 200);
        assert!(items.next().is_none());
        assert!(began.elapsed().as_secs() < 10);
    }

    #[test]
    fn nothing_is_read_ahead_of_a_user_who_stops() {
        let root = tempfile::tempdir().expect("temporary folder");
        let list = root.path().join("list");
        fs::write(&list, "a\n".repeat(1000)).expect("file");
        let mut items = Listing { lists: vec![list], ..Listing::default() }.stream().expect("no manifest");
        assert!(matches!(items.next().expect("one").input, Input::Unreadable { .. }));
        drop(items);
    }
}
