//! One file: its tags and its fingerprint, from its audio or as a fingerprint
//! file keeps them.

use std::io::{Cursor, Read};
use std::path::{Path, PathBuf};

use crate::audio::{AudioInfo, Limits, Tags, read_tags};
use crate::fingerprint::{
    ChannelFingerprint, FileHash, Fingerprint, Fingerprints, HashedSource, MOST_CHANNELS, StoredEntry,
};
use crate::inputs::{Input, Item, Passage};
use crate::params::Params;
use crate::units::Seconds;
use serde_json::Value;

use super::passage::{self, Clock, Timed, Wanted};
use super::read_error::ReadError;
use super::source::{Bytes, Kind, Source};

/// Less audio than this is neither registered nor recognised, in seconds.
/// Landmarks span up to about half a second; in less than twice that there are
/// too few to tell two recordings apart.
pub const SHORTEST_S: Seconds = 1.0;

/// The largest cue sheet that is read, in bytes; one of a full disc has ten
/// thousand.
const LARGEST_SHEET: u64 = 1 << 20;

/// What could be learned from a file, with its sound as `S`.
pub struct Reading<S = Fingerprints> {
    /// The file as it was named or found.
    pub path: PathBuf,
    /// Its bytes, if they could be read.
    pub file: Option<FileHash>,
    /// The cells of the row that named it when its fingerprint was kept.
    pub columns: Vec<(String, Value)>,
    /// What the file says about itself.
    pub tags: Result<Tags, ReadError>,
    /// What it sounds like.
    pub sound: Result<(S, AudioInfo), ReadError>,
}

/// Reads a source. Tags and sound fail independently: a tag speaks although
/// the sound is damaged, and the other way round.
pub fn read(source: Source, params: &Params, limits: &Limits) -> Reading {
    read_by(source, params, limits, &|audio| audio.fingerprints(params, limits))
}

/// Encoded audio, and what is known of it.
pub(super) struct Audio<'a> {
    /// Clones are the same audio again, from its start when it is decoded.
    pub source: HashedSource<Timed<Bytes>>,
    /// Of the file's name.
    pub extension: Option<&'a str>,
    /// What of it is asked about.
    pub passage: Option<Passage>,
    /// Stops when the time is over.
    pub clock: &'a Clock,
}

impl Audio<'_> {
    /// The fingerprints of what is asked about: channels that the mean of all does not
    /// hold are listened to one by one, up to [`MOST_CHANNELS`], and are no longer unheard.
    pub fn fingerprints(
        &self,
        params: &Params,
        limits: &Limits,
    ) -> Result<(Fingerprints, AudioInfo), ReadError> {
        let (mean, mut info) = self.fingerprint(None, params, limits)?;
        let hidden = info.unheard.iter().filter_map(|part| part.channel);
        let hidden: Vec<u16> = hidden.take(MOST_CHANNELS).collect();
        let mut channels = Vec::with_capacity(hidden.len());
        for channel in hidden {
            let (fingerprint, _) = self.fingerprint(Some(channel), params, limits)?;
            channels.push(ChannelFingerprint { channel, fingerprint });
            info.unheard.retain(|part| part.channel != Some(channel));
        }
        Ok((Fingerprints { mean, channels }, info))
    }

    fn fingerprint(
        &self,
        channel: Option<u16>,
        params: &Params,
        limits: &Limits,
    ) -> Result<(Fingerprint, AudioInfo), ReadError> {
        let Audio { source, extension, passage, clock } = self;
        let wanted = Wanted { passage: *passage, channel };
        passage::fingerprint(source.clone(), *extension, wanted, clock, params, limits)
    }
}

/// Makes of encoded audio what is to be known of its sound.
pub(super) type Listen<'a, S> = &'a dyn Fn(Audio<'_>) -> Result<(S, AudioInfo), ReadError>;

/// Reads a source as [`read`] does, and listens to audio by `listen`.
pub(super) fn read_by<S: From<Fingerprints>>(
    source: Source,
    params: &Params,
    limits: &Limits,
    listen: Listen<'_, S>,
) -> Reading<S> {
    let name = source.name();
    let clock = Clock::start(source.timeout);
    match source.kind {
        Kind::Item(item) => read_item(item, name, &clock, limits, listen),
        Kind::Reader { name: path, passage, reader } => {
            let part = Part { path: &path, passage, clock: &clock };
            part.read(&|| reader.open(), limits, listen).named(name)
        }
        Kind::Entry(entry) => read_kept(*entry, params, limits),
        Kind::Lost { path, error } => {
            failed(path, ReadError::Kept(error.to_string()), ReadError::Kept(error.to_string()))
        }
    }
}

fn failed<S>(path: PathBuf, tags: ReadError, sound: ReadError) -> Reading<S> {
    Reading { path, file: None, columns: Vec::new(), tags: Err(tags), sound: Err(sound) }
}

fn read_item<S>(
    item: Item,
    name: PathBuf,
    clock: &Clock,
    limits: &Limits,
    listen: Listen<'_, S>,
) -> Reading<S> {
    let passage = item.passage;
    let part = |path| Part { path, passage, clock };
    match item.input {
        Input::File(path) | Input::Fingerprints(path) => {
            let mut heard = part(&path).read(&|| Bytes::of(&path), limits, listen);
            if let (Ok(tags), Some((sheet, name))) = (&mut heard.tags, cue_sheet(&path)) {
                tags.add_cue_sheet(&sheet, &name);
            }
            heard.named(name)
        }
        Input::Bytes { path, bytes } => {
            let open = || Ok(Bytes::Memory(Cursor::new(bytes.clone())));
            part(&path).read(&open, limits, listen).named(name)
        }
        Input::Unreadable { error, .. } => failed(name, ReadError::Kept(error.to_string()), error.into()),
    }
}

/// What is decoded.
struct Part<'a> {
    path: &'a Path,
    passage: Option<Passage>,
    clock: &'a Clock,
}

/// What decoding told.
struct Decoded<S> {
    tags: Result<Tags, ReadError>,
    file: Option<FileHash>,
    sound: Result<(S, AudioInfo), ReadError>,
}

impl Part<'_> {
    /// Reads the tags and the sound of what `open` opens.
    fn read<S>(
        &self,
        open: &dyn Fn() -> Result<Bytes, ReadError>,
        limits: &Limits,
        listen: Listen<'_, S>,
    ) -> Decoded<S> {
        let Self { path, passage, clock } = *self;
        let extension = path.extension().map(|extension| extension.to_string_lossy().into_owned());
        let extension = extension.as_deref();
        let open = || open().map(|source| Timed::new(source, clock));
        let tags = open().and_then(|source| Ok(read_tags(source, extension, limits)?));
        let opened = open().and_then(|source| HashedSource::new(source).map_err(ReadError::Open));
        let (sound, file) = match opened {
            Ok(source) => {
                let sound = listen(Audio { source: source.clone(), extension, passage, clock });
                // What could be decoded although some bytes cannot be read has no name.
                (sound, source.finish().ok())
            }
            Err(error) => (Err(error), None),
        };
        // Tags that were read in time speak although the sound was not.
        Decoded { tags, file, sound: clock.judge(sound) }
    }
}

impl<S> Decoded<S> {
    fn named(self, path: PathBuf) -> Reading<S> {
        Reading { path, file: self.file, columns: Vec::new(), tags: self.tags, sound: self.sound }
    }
}

fn read_kept<S: From<Fingerprints>>(entry: StoredEntry, params: &Params, limits: &Limits) -> Reading<S> {
    let about = entry.about.clone();
    let path = about.input();
    match entry.decode(params, limits) {
        Ok(entry) => Reading {
            path,
            file: about.file,
            columns: about.columns,
            tags: about.tags.map_err(ReadError::Kept),
            sound: entry.sound.map(|(sound, info)| (sound.into(), info)).map_err(ReadError::Kept),
        },
        Err(error) => failed(path, error.clone().into(), error.into()),
    }
}

/// The text of the cue sheet beside the file at `path`, and the file's name:
/// `song.cue` or `song.flac.cue` for `song.flac`. `None` where there is none that
/// can be read; a sheet is nobody's promise.
fn cue_sheet(path: &Path) -> Option<(String, String)> {
    let name = path.file_name()?.to_string_lossy().into_owned();
    let sheet =
        cue_sheets(path).iter().filter(|sheet| *sheet != path).find_map(|sheet| Bytes::of(sheet).ok())?;
    let mut bytes = Vec::new();
    sheet.take(LARGEST_SHEET + 1).read_to_end(&mut bytes).ok()?;
    if bytes.len() as u64 > LARGEST_SHEET {
        return None;
    }
    // Names in sheets of old are in the code page of whoever wrote them; ISRCs
    // are ASCII in all of them.
    Some((String::from_utf8_lossy(&bytes).into_owned(), name))
}

/// Where a cue sheet of the file at `path` may lie.
pub fn cue_sheets(path: &Path) -> [PathBuf; 2] {
    let mut name = path.as_os_str().to_owned();
    name.push(".cue");
    [path.with_extension("cue"), name.into()]
}
