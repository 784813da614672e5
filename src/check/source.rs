//! What is checked: a file, bytes, a reader, what a fingerprint file keeps.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::fingerprint::{FileError, FingerprintReader, StoredEntry};
use crate::inputs::{Input, Item, Passage, Shared};
use crate::params::Params;

use super::read_error::ReadError;

/// One thing to check, with a name for its row.
///
/// ```
/// use earmark::check::Source;
/// use earmark::inputs::Passage;
///
/// let file = Source::file("music/a.mp3");
/// let passage = Source::file("music/a.mp3").passage(Passage { start_s: 10.0, duration_s: Some(20.0) });
/// assert_eq!(passage.name().to_str(), Some("music/a.mp3#t=10,30"));
/// let memory = Source::bytes("upload.flac", vec![0; 64]);
/// let reader = Source::reader("upload.flac", std::io::Cursor::new(vec![0; 64]));
/// ```
#[derive(Debug)]
pub struct Source {
    pub(super) kind: Kind,
    pub(super) timeout: Option<Duration>,
}

/// Where the sound comes from.
#[derive(Debug)]
pub(super) enum Kind {
    /// Audio to decode, or what cannot be read in its place.
    Item(Item),
    /// Audio to decode from a reader.
    Reader { name: PathBuf, passage: Option<Passage>, reader: SharedReader },
    /// What a fingerprint file keeps of a file.
    Entry(Box<StoredEntry>),
    /// What cannot be read of a fingerprint file.
    Lost { path: PathBuf, error: FileError },
}

impl Source {
    /// A file.
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Item::whole(Input::File(path.into())).into()
    }

    /// Encoded audio in memory. The extension of `name` tells what it may be where the
    /// bytes do not.
    pub fn bytes(name: impl Into<PathBuf>, bytes: Vec<u8>) -> Self {
        Item::whole(Input::Bytes { path: name.into(), bytes: Shared::new(bytes) }).into()
    }

    /// Encoded audio from a reader, which is read from its start, more than once.
    pub fn reader(name: impl Into<PathBuf>, reader: impl Read + Seek + Send + 'static) -> Self {
        let reader = SharedReader(Arc::new(Mutex::new(reader)));
        Self { kind: Kind::Reader { name: name.into(), passage: None, reader }, timeout: None }
    }

    /// What a fingerprint file keeps of a file.
    pub fn entry(entry: StoredEntry) -> Self {
        Self { kind: Kind::Entry(Box::new(entry)), timeout: None }
    }

    /// The part that is asked about. Of a fingerprint the whole is answered for, as it has
    /// no samples that could be cut.
    pub fn passage(mut self, part: Passage) -> Self {
        match &mut self.kind {
            Kind::Item(item) => item.passage = Some(part),
            Kind::Reader { passage, .. } => *passage = Some(part),
            Kind::Entry(_) | Kind::Lost { .. } => {}
        }
        self
    }

    /// How long reading and decoding may take; `None` for ever, which is the default.
    pub fn timeout(self, timeout: Option<Duration>) -> Self {
        Self { timeout, ..self }
    }

    /// How its row is called: the file as it was named or found, with the passage
    /// behind it.
    pub fn name(&self) -> PathBuf {
        match &self.kind {
            Kind::Item(item) => item.name(),
            Kind::Reader { name, passage: None, .. } => name.clone(),
            Kind::Reader { name, passage: Some(passage), .. } => {
                let mut name = name.clone().into_os_string();
                name.push(format!("#{passage}"));
                name.into()
            }
            Kind::Entry(entry) => entry.about.input(),
            Kind::Lost { path, .. } => path.clone(),
        }
    }

    /// Everything behind an item: itself, or all that a fingerprint file keeps, which has
    /// to be of `params`.
    pub fn all(item: Item, timeout: Option<Duration>, params: &Params) -> Sources {
        let Input::Fingerprints(path) = item.input else {
            return Sources(Behind::Item(Some(Self::from(item).timeout(timeout))));
        };
        match FingerprintReader::open(&path, params) {
            Ok(entries) => Sources(Behind::Entries { entries: Box::new(entries), path }),
            Err(error) => Sources(Behind::Item(Some(Self::lost(&path, error)))),
        }
    }

    fn lost(path: &Path, error: FileError) -> Self {
        Self { kind: Kind::Lost { path: path.to_owned(), error }, timeout: None }
    }
}

impl From<Item> for Source {
    fn from(item: Item) -> Self {
        Self { kind: Kind::Item(item), timeout: None }
    }
}

/// The sources behind an item; see [`Source::all`].
pub struct Sources(Behind);

enum Behind {
    /// Itself, until it is taken.
    Item(Option<Source>),
    Entries {
        entries: Box<FingerprintReader<File>>,
        path: PathBuf,
    },
}

impl Iterator for Sources {
    type Item = Source;

    fn next(&mut self) -> Option<Source> {
        match &mut self.0 {
            Behind::Item(source) => source.take(),
            Behind::Entries { entries, path } => Some(match entries.next()? {
                Ok(entry) => Source::entry(entry),
                Err(error) => Source::lost(path, error),
            }),
        }
    }
}

/// What can be read from any place.
trait Readable: Read + Seek + Send {}

impl<R: Read + Seek + Send> Readable for R {}

/// A reader that is opened again by going back to its start.
#[derive(Clone)]
pub(super) struct SharedReader(Arc<Mutex<dyn Readable>>);

impl SharedReader {
    pub(super) fn open(&self) -> Result<Bytes, ReadError> {
        let mut reader = self.clone();
        reader.rewind().map_err(ReadError::Open)?;
        Ok(Bytes::Reader(reader))
    }
}

impl fmt::Debug for SharedReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SharedReader")
    }
}

impl Read for SharedReader {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        // A reader that panicked is asked again, and says what it says.
        self.0.lock().unwrap_or_else(PoisonError::into_inner).read(buf)
    }
}

impl Seek for SharedReader {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).seek(to)
    }
}

/// The bytes of a source.
pub(super) enum Bytes {
    File(File),
    Memory(Cursor<Shared>),
    Reader(SharedReader),
}

impl Read for Bytes {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::File(file) => file.read(buf),
            Self::Memory(bytes) => bytes.read(buf),
            Self::Reader(reader) => reader.read(buf),
        }
    }
}

impl Seek for Bytes {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        match self {
            Self::File(file) => file.seek(to),
            Self::Memory(bytes) => bytes.seek(to),
            Self::Reader(reader) => reader.seek(to),
        }
    }
}

impl Bytes {
    /// The bytes of a regular file.
    ///
    /// # Errors
    /// As [`open`], but an empty file is none.
    pub(super) fn of(path: &Path) -> Result<Self, ReadError> {
        match open(path) {
            Ok(file) => Ok(Self::File(file)),
            Err(ReadError::Empty) => Ok(Self::Memory(Cursor::new(Shared::new(Vec::new())))),
            Err(error) => Err(error),
        }
    }
}

/// Opens a regular file that has bytes.
///
/// # Errors
/// If there is none, it is something else or empty, or it cannot be opened.
pub fn open(path: &Path) -> Result<File, ReadError> {
    let found = fs::metadata(path).map_err(ReadError::Open)?;
    // Opening a pipe that nobody writes to would wait for ever.
    if !found.is_file() {
        return Err(ReadError::NotAFile);
    }
    // So would reading some files of the system, `/proc/kmsg` say, which claim to be
    // regular and to have no bytes.
    if found.len() == 0 {
        return Err(ReadError::Empty);
    }
    File::open(path).map_err(ReadError::Open)
}
