//! One file: its tags and its fingerprint, from its audio or as a fingerprint
//! file keeps them.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use earmark::audio::{AudioError, AudioInfo, Limits, Tags, read_tags};
use earmark::fingerprint::{
    BadEntry, EXTENSION, FileError, FileHash, Fingerprint, FingerprintReader, HashedSource, StoredEntry,
    fingerprint,
};
use earmark::matching::{Match, Matcher};
use earmark::params::Params;
use earmark::scan::inputs::Input;
use earmark::units::Seconds;
use serde_json::Value;

/// Less audio than this is neither registered nor recognised, in seconds.
/// Landmarks span up to about half a second; in less than twice that there are
/// too few to tell two recordings apart.
pub const SHORTEST_S: Seconds = 1.0;

/// One thing to check.
pub enum Source<'a> {
    /// A file to decode, or what cannot be read in its place.
    Audio(&'a Input),
    /// What a fingerprint file keeps of a file.
    Kept(Box<StoredEntry>),
    /// What cannot be read of a fingerprint file.
    Lost {
        /// The fingerprint file.
        path: &'a Path,
        /// What is wrong with it.
        error: FileError,
    },
}

impl Source<'_> {
    /// The file as it was named or found.
    pub fn path(&self) -> PathBuf {
        match self {
            Self::Audio(input) => input.path().to_owned(),
            Self::Kept(entry) => PathBuf::from(&entry.about.path),
            Self::Lost { path, .. } => (*path).to_owned(),
        }
    }
}

/// Everything behind an input: itself, or all that a fingerprint file keeps.
pub fn sources<'a>(input: &'a Input, params: &Params) -> Box<dyn Iterator<Item = Source<'a>> + 'a> {
    let Some(path) = fingerprint_file(input) else { return Box::new(std::iter::once(Source::Audio(input))) };
    match FingerprintReader::open(path, params) {
        Ok(entries) => Box::new(entries.map(move |entry| match entry {
            Ok(entry) => Source::Kept(Box::new(entry)),
            Err(error) => Source::Lost { path, error },
        })),
        Err(error) => Box::new(std::iter::once(Source::Lost { path, error })),
    }
}

/// How many [`sources`] an input has, as far as that is known beforehand.
pub fn count(input: &Input, params: &Params) -> u64 {
    let entries = |path| FingerprintReader::open(path, params).ok()?.announced();
    fingerprint_file(input).and_then(entries).unwrap_or(1)
}

/// The path of an input whose name says that it is a fingerprint file.
fn fingerprint_file(input: &Input) -> Option<&Path> {
    let Input::File(path) = input else { return None };
    let is_one = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case(EXTENSION));
    is_one.then_some(path)
}

/// The largest cue sheet that is read, in bytes; one of a full disc has ten
/// thousand.
const LARGEST_SHEET: u64 = 1 << 20;

/// What could be learned from a file.
pub struct Reading {
    /// The file as it was named or found.
    pub path: PathBuf,
    /// Its bytes, if they could be read.
    pub file: Option<FileHash>,
    /// The cells of the row that named it when its fingerprint was kept.
    pub columns: Vec<(String, Value)>,
    /// What the file says about itself.
    pub tags: Result<Tags, ReadError>,
    /// What it sounds like.
    pub sound: Result<(Fingerprint, AudioInfo), ReadError>,
}

/// The recordings recognised in a file, best first; none in too little audio.
pub fn recognise(matcher: &Matcher<'_>, fingerprint: &Fingerprint, info: &AudioInfo) -> Vec<Match> {
    if info.duration_s < SHORTEST_S { Vec::new() } else { matcher.identify(fingerprint) }
}

/// Why a file could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// It cannot be opened.
    #[error("cannot be opened: {0}")]
    Open(io::Error),
    /// It is a folder, a pipe or a device.
    #[error("is not a regular file: name a file or a folder of files")]
    NotAFile,
    /// It has no audio that can be decoded.
    #[error(transparent)]
    Audio(#[from] AudioError),
    /// It could not be read when its fingerprint was to be kept.
    #[error("{0}")]
    Kept(String),
    /// What a fingerprint file keeps of it cannot be used.
    #[error(transparent)]
    BadEntry(#[from] BadEntry),
}

/// Reads a source. Tags and sound fail independently: a tag speaks although
/// the sound is damaged, and the other way round.
pub fn read(source: Source<'_>, params: &Params, limits: &Limits) -> Reading {
    match source {
        Source::Audio(input) => read_audio(input, params, limits),
        Source::Kept(entry) => read_kept(*entry, params, limits),
        Source::Lost { path, error } => failed(path.to_owned(), || ReadError::Kept(error.to_string())),
    }
}

fn failed(path: PathBuf, error: impl Fn() -> ReadError) -> Reading {
    Reading { path, file: None, columns: Vec::new(), tags: Err(error()), sound: Err(error()) }
}

fn read_audio(input: &Input, params: &Params, limits: &Limits) -> Reading {
    let path = match input {
        Input::File(path) => path,
        Input::Unreadable { path, error } => {
            return failed(path.clone(), || ReadError::Open(io::Error::new(error.kind(), error.to_string())));
        }
    };
    let extension = path.extension().map(|extension| extension.to_string_lossy().into_owned());
    let hint = extension.as_deref();
    let mut tags = open(path).and_then(|file| Ok(read_tags(file, hint, limits)?));
    if let (Ok(tags), Some((sheet, name))) = (&mut tags, cue_sheet(path)) {
        tags.add_cue_sheet(&sheet, &name);
    }
    let opened = open(path).and_then(|file| HashedSource::new(file).map_err(ReadError::Open));
    let (sound, file) = match opened {
        Ok(source) => {
            let sound = fingerprint(source.clone(), hint, params, limits);
            // What could be decoded although some bytes cannot be read has no name.
            (sound.map_err(ReadError::from), source.finish().ok())
        }
        Err(error) => (Err(error), None),
    };
    Reading { path: path.clone(), file, columns: Vec::new(), tags, sound }
}

fn read_kept(entry: StoredEntry, params: &Params, limits: &Limits) -> Reading {
    let about = entry.about.clone();
    let path = PathBuf::from(about.path);
    match entry.decode(params, limits) {
        Ok(entry) => Reading {
            path,
            file: about.file,
            columns: about.columns,
            tags: about.tags.map_err(ReadError::Kept),
            sound: entry.sound.map_err(ReadError::Kept),
        },
        Err(error) => failed(path, || error.clone().into()),
    }
}

/// The text of the cue sheet beside the file at `path`, and the file's name:
/// `song.cue` or `song.flac.cue` for `song.flac`. `None` where there is none that
/// can be read; a sheet is nobody's promise.
fn cue_sheet(path: &Path) -> Option<(String, String)> {
    let name = path.file_name()?.to_string_lossy().into_owned();
    let beside = [path.with_extension("cue"), path.with_file_name(format!("{name}.cue"))];
    let sheet = beside.iter().filter(|sheet| *sheet != path).find_map(|sheet| open(sheet).ok())?;
    let mut bytes = Vec::new();
    sheet.take(LARGEST_SHEET + 1).read_to_end(&mut bytes).ok()?;
    if bytes.len() as u64 > LARGEST_SHEET {
        return None;
    }
    // Names in sheets of old are in the code page of whoever wrote them; ISRCs
    // are ASCII in all of them.
    Some((String::from_utf8_lossy(&bytes).into_owned(), name))
}

/// Opens a regular file.
pub fn open(path: &Path) -> Result<File, ReadError> {
    // Opening a pipe that nobody writes to would wait for ever.
    if !fs::metadata(path).map_err(ReadError::Open)?.is_file() {
        return Err(ReadError::NotAFile);
    }
    File::open(path).map_err(ReadError::Open)
}
