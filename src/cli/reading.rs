//! One file: its tags and its fingerprint.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use earmark::audio::{AudioError, AudioInfo, Limits, Tags, read_tags};
use earmark::fingerprint::{Fingerprint, fingerprint};
use earmark::matching::{Match, Matcher};
use earmark::params::Params;
use earmark::scan::inputs::Input;
use earmark::units::Seconds;

/// Less audio than this is neither registered nor recognised, in seconds.
/// Landmarks span up to about half a second; in less than twice that there are
/// too few to tell two recordings apart.
pub const SHORTEST_S: Seconds = 1.0;

/// The largest cue sheet that is read, in bytes; one of a full disc has ten
/// thousand.
const LARGEST_SHEET: u64 = 1 << 20;

/// What could be learned from a file.
pub struct Reading {
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
}

/// Reads the input. Tags and sound fail independently: a tag speaks although
/// the sound is damaged, and the other way round.
pub fn read(input: &Input, params: &Params, limits: &Limits) -> Reading {
    let path = match input {
        Input::File(path) => path,
        Input::Unreadable { error, .. } => {
            let error = || ReadError::Open(io::Error::new(error.kind(), error.to_string()));
            return Reading { tags: Err(error()), sound: Err(error()) };
        }
    };
    let extension = path.extension().map(|extension| extension.to_string_lossy().into_owned());
    let hint = extension.as_deref();
    let mut tags = open(path).and_then(|file| Ok(read_tags(file, hint, limits)?));
    if let (Ok(tags), Some((sheet, name))) = (&mut tags, cue_sheet(path)) {
        tags.add_cue_sheet(&sheet, &name);
    }
    let sound = open(path).and_then(|file| Ok(fingerprint(file, hint, params, limits)?));
    Reading { tags, sound }
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
