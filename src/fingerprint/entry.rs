//! What is kept of one input.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::audio::{AudioInfo, Limits, Tags};
use crate::params::Params;
use crate::paths::{self, PathBytes};

use super::format::{ENTRY, ENTRY_HEAD_BYTES, MOST_DESCRIPTION_BYTES};
use super::{ChannelFingerprint, Fingerprints, coding};

/// Most channels of one input that have a constellation of their own.
pub const MOST_CHANNELS: usize = 8;

/// What a fingerprint file keeps of one input: all that searching, judging and
/// registering it takes, so that the audio need not be there.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// What was known before the sound.
    pub about: About,
    /// Its dense constellations and how it was encoded; or why it could not be
    /// decoded, in words.
    pub sound: Result<(Fingerprints, AudioInfo), String>,
}

/// An input without its sound.
#[derive(Clone, Debug, PartialEq)]
pub struct About {
    /// The input as it was named or found.
    pub path: String,
    /// The bytes of its path, where they are not UTF-8.
    pub path_bytes: Option<PathBytes>,
    /// The file's bytes; `None` where they could not be read.
    pub file: Option<FileHash>,
    /// The cells of the row that named it, in the row's order; empty without one.
    pub columns: Vec<(String, Value)>,
    /// What the file says about itself; or why that could not be read, in words.
    pub tags: Result<Tags, String>,
}

impl About {
    /// The path of the input.
    pub fn input(&self) -> PathBuf {
        paths::path(&self.path, self.path_bytes.as_ref())
    }
}

/// The bytes of a file, named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileHash {
    /// How many.
    pub bytes: u64,
    /// Their SHA-256.
    pub sha256: [u8; 32],
}

/// The JSON of an entry. Readers pass over keys that they do not know.
#[derive(Serialize, Deserialize)]
struct Description {
    path: String,
    #[serde(default)]
    path_bytes: Option<PathBytes>,
    #[serde(default)]
    bytes: Option<u64>,
    #[serde(default, with = "optional_hex")]
    sha256: Option<[u8; 32]>,
    #[serde(default)]
    columns: Vec<(String, Value)>,
    #[serde(default)]
    tags: Option<Tags>,
    #[serde(default)]
    tags_error: Option<String>,
    #[serde(default)]
    audio: Option<AudioInfo>,
    #[serde(default)]
    error: Option<String>,
    /// Channels that have a constellation of their own, behind that of the mean.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    channels: Vec<ChannelPeaks>,
}

/// Where the peaks of a channel are.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct ChannelPeaks {
    channel: u16,
    /// Bytes of its peaks.
    bytes: u32,
}

mod optional_hex {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    struct Hex(#[serde(with = "crate::hex")] [u8; 32]);

    pub fn serialize<S: Serializer>(hash: &Option<[u8; 32]>, serializer: S) -> Result<S::Ok, S::Error> {
        hash.map(Hex).serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<[u8; 32]>, D::Error> {
        Ok(Option::<Hex>::deserialize(deserializer)?.map(|hex| hex.0))
    }
}

/// Why an entry cannot be written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EntryError {
    /// More text than a file keeps of one input.
    #[error("its tags and columns take {found} bytes, the limit is {limit}: shorten them")]
    TooLong {
        /// Bytes of its description.
        found: usize,
        /// The limit.
        limit: usize,
    },
    /// A constellation that no fingerprinter of these params makes.
    #[error("its peaks are not in order, or beyond its frames or the params")]
    Peaks,
}

impl Entry {
    /// The entry as it stands in a file: it can be made on another thread than
    /// the one that writes.
    ///
    /// # Errors
    /// See [`EntryError`].
    pub fn encode(&self, params: &Params) -> Result<EncodedEntry, EntryError> {
        let About { path, path_bytes, file, columns, tags } = &self.about;
        let (peaks, channels) = match &self.sound {
            Ok((sound, _)) => encoded(sound, params)?,
            Err(_) => (Vec::new(), Vec::new()),
        };
        let description = Description {
            path: path.clone(),
            path_bytes: path_bytes.clone(),
            bytes: file.map(|file| file.bytes),
            sha256: file.map(|file| file.sha256),
            columns: columns.clone(),
            tags: tags.as_ref().ok().cloned(),
            tags_error: tags.as_ref().err().cloned(),
            audio: self.sound.as_ref().ok().map(|(_, info)| info.clone()),
            error: self.sound.as_ref().err().cloned(),
            channels,
        };
        // Text, numbers and lists always serialise.
        let description = serde_json::to_vec(&description).unwrap_or_default();
        if description.len() > MOST_DESCRIPTION_BYTES {
            return Err(EntryError::TooLong { found: description.len(), limit: MOST_DESCRIPTION_BYTES });
        }
        let lengths = [description.len(), peaks.len()].map(u32::try_from);
        let [Ok(description_bytes), Ok(peak_bytes)] = lengths else { return Err(EntryError::Peaks) };
        let mut bytes = Vec::with_capacity(ENTRY_HEAD_BYTES + description.len() + peaks.len() + 4);
        bytes.extend_from_slice(&ENTRY);
        bytes.extend_from_slice(&description_bytes.to_le_bytes());
        bytes.extend_from_slice(&peak_bytes.to_le_bytes());
        let crc = crc32fast::hash(&bytes);
        bytes.extend_from_slice(&crc.to_le_bytes());
        bytes.extend_from_slice(&description);
        bytes.extend_from_slice(&peaks);
        let crc = crc32fast::hash(&bytes[ENTRY_HEAD_BYTES..]);
        bytes.extend_from_slice(&crc.to_le_bytes());
        Ok(EncodedEntry { bytes })
    }
}

/// The peaks of all constellations, one behind the other, and how many bytes those of
/// channels have.
fn encoded(sound: &Fingerprints, params: &Params) -> Result<(Vec<u8>, Vec<ChannelPeaks>), EntryError> {
    let coded = |fingerprint| coding::encode(fingerprint, params).ok_or(EntryError::Peaks);
    let mut peaks = coded(&sound.mean)?;
    let mut channels = Vec::new();
    for channel in &sound.channels {
        let own = coded(&channel.fingerprint)?;
        let bytes = u32::try_from(own.len()).map_err(|_| EntryError::Peaks)?;
        channels.push(ChannelPeaks { channel: channel.channel, bytes });
        peaks.extend_from_slice(&own);
    }
    Ok((peaks, channels))
}

/// An entry in the bytes of a file.
#[derive(Clone, Debug)]
pub struct EncodedEntry {
    pub(super) bytes: Vec<u8>,
}

/// An entry that was read, its peaks still coded: decoding them is work for
/// many threads, reading is not.
#[derive(Clone, Debug)]
pub struct StoredEntry {
    /// What was known before the sound.
    pub about: About,
    sound: Result<AudioInfo, String>,
    peaks: Vec<u8>,
    channels: Vec<ChannelPeaks>,
}

/// An entry whose checksum fits and whose content does not.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}: make the fingerprint file again")]
pub struct BadEntry {
    /// What is wrong.
    pub what: String,
}

impl BadEntry {
    fn new(what: impl Into<String>) -> Self {
        BadEntry { what: what.into() }
    }
}

impl StoredEntry {
    /// From the two parts of an entry's body.
    pub(super) fn new(description: &[u8], peaks: Vec<u8>) -> Result<Self, BadEntry> {
        let read: Description = serde_json::from_slice(description)
            .map_err(|error| BadEntry::new(format!("its description cannot be read ({error})")))?;
        let Description {
            path,
            path_bytes,
            bytes,
            sha256,
            columns,
            tags,
            tags_error,
            audio,
            error,
            channels,
        } = read;
        let sound = match (audio, error) {
            (Some(info), None) => Ok(info),
            (None, Some(error)) => Err(error),
            _ => return Err(BadEntry::new("it has neither or both of audio and error")),
        };
        let tags = match (tags, tags_error) {
            (Some(tags), None) => Ok(tags),
            (None, Some(error)) => Err(error),
            _ => return Err(BadEntry::new("it has neither or both of tags and tags_error")),
        };
        let file = bytes.zip(sha256).map(|(bytes, sha256)| FileHash { bytes, sha256 });
        Ok(StoredEntry { about: About { path, path_bytes, file, columns, tags }, sound, peaks, channels })
    }

    /// How the input was encoded; or why it could not be decoded.
    ///
    /// # Errors
    /// Why the audio could not be decoded.
    pub fn info(&self) -> Result<&AudioInfo, &str> {
        self.sound.as_ref().map_err(String::as_str)
    }

    /// The whole entry. `limits` bounds what an entry may claim of the length
    /// of its audio, as it bounds a file's.
    ///
    /// # Errors
    /// If the peaks are none that a fingerprinter of `params` makes, or the
    /// audio is longer than `limits` allows.
    pub fn decode(self, params: &Params, limits: &Limits) -> Result<Entry, BadEntry> {
        let StoredEntry { about, sound, mut peaks, channels } = self;
        let info = match sound {
            Ok(info) => info,
            Err(error) => return Ok(Entry { about, sound: Err(error) }),
        };
        let wrong = || BadEntry::new("its peaks are none that these params give");
        let decoded = |peaks: &[u8]| coding::decode(peaks, params).ok_or_else(wrong);
        if channels.len() > MOST_CHANNELS {
            return Err(BadEntry::new(format!("it has more than {MOST_CHANNELS} channels of its own")));
        }
        // From the last to the first, so that those of the mean are left.
        let mut apart = Vec::with_capacity(channels.len());
        for ChannelPeaks { channel, bytes } in channels.into_iter().rev() {
            let at = peaks.len().checked_sub(bytes as usize).ok_or_else(wrong)?;
            let fingerprint = decoded(&peaks.split_off(at))?;
            apart.push(ChannelFingerprint { channel, fingerprint });
        }
        apart.reverse();
        let sound = Fingerprints { mean: decoded(&peaks)?, channels: apart };
        let frames = sound.all().map(|fingerprint| fingerprint.frames).max().unwrap_or(0);
        let frames_s = f64::from(frames) * f64::from(params.hop_samples) / f64::from(params.rate_hz);
        // The last frames reach beyond the audio.
        let longest = (frames_s - 1.0).max(info.duration_s);
        if !(info.duration_s >= 0.0 && longest <= limits.max_duration_s) {
            return Err(BadEntry::new(format!(
                "it claims {longest:.0} s of audio, the limit is {:.0} s",
                limits.max_duration_s
            )));
        }
        Ok(Entry { about, sound: Ok((sound, info)) })
    }
}
