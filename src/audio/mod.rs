//! From bytes to mono samples at the analysis rate, and the tags beside them.
//!
//! [`decode`] streams: whatever the length of the file, it holds a packet, a
//! resampler block and the demultiplexer's tables. Output sample `n` stands for
//! the time `n / analysis_rate_hz` from the start of the audio: encoder delay
//! and padding are dropped where the file tells them (MP3 with a LAME header,
//! Vorbis, Opus, MP4 edit lists, Matroska codec delay), and the resampler's own
//! delay is dropped exactly. Damaged packets become silence of their length, so
//! that what follows keeps its time, and are counted.
//!
//! | file | does |
//! |---|---|
//! | `source` | adapts any `Read + Seek` |
//! | `content` | what bytes are, by how they begin |
//! | `container` | what the file is, and what of it the demultiplexer is shown |
//! | `mp4`, `matroska`, `ogg`, `riff`, `aiff`, `caf`, `flac` | what the demultiplexer reads past in each |
//! | `probe` | the search for a container, and for tags in front of it |
//! | `link`, `signature` | where one container ends and the next begins |
//! | `reader`, `frames`, `flac_frames`, `wave` | the packets of a container; frames without one; samples of WAV |
//! | `window`, `sums` | a few bytes ahead of a reader; check sums |
//! | `encoding` | packets that Matroska packs once more |
//! | `codec`, `aac`, `mov_pcm`, `opus` | one packet to samples |
//! | `names` | names of what is not decoded |
//! | `downmix`, `level` | any channels and format to mono, at a sane level |
//! | `balance` | which channels the mean of all does not hold |
//! | `parts` | what of it is decoded |
//! | `clock`, `timeline` | delay, padding, holes, limits |
//! | `lane` | one track from packets to the sink |
//! | `resample` | any rate to the analysis rate |
//! | `unheard` | what holds audio and was not decoded |
//! | `stream` | wires the above |
//! | `piped`, `pcm` | the same for what cannot seek; samples without a header |
//! | `id3v2` | frames of ID3v2 tags |
//! | `tags` | ISRCs and names, from the file and a cue sheet beside it |
//! | `rights` | statements about rights, from tags, XMP and C2PA |
//! | `guard` | contains panics of the libraries |
//!
//! Symphonia, rusty-opus, roxmltree and ciborium are used here and nowhere else.

mod aac;
mod aiff;
mod balance;
mod caf;
mod clock;
mod codec;
mod container;
mod content;
mod downmix;
mod encoding;
mod error;
mod flac;
mod flac_frames;
mod frames;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
mod guard;
mod id3v2;
mod lane;
mod level;
mod limits;
mod link;
mod matroska;
mod mov_pcm;
mod mp4;
mod names;
mod ogg;
mod opus;
mod parts;
mod pcm;
mod piped;
mod probe;
mod reader;
mod resample;
mod riff;
mod rights;
mod signature;
mod source;
mod stream;
mod sums;
mod tags;
mod timeline;
mod unheard;
mod wave;
mod window;

#[cfg(test)]
mod tests;

use std::io::{Read, Seek};

use serde::{Deserialize, Serialize};

pub use content::{CONTENT_HEAD, Content, Packing};
pub use error::AudioError;
pub use limits::Limits;
pub use parts::{Parts, Wish};
pub use pcm::{PcmForm, PcmFormError, PcmSample};
pub use rights::{RightsSignal, SignalKind, SignalPermission, SignalledUse, SignatureState};
pub use tags::{IsrcTag, IsrcTrust, Tags};
pub use unheard::{Unheard, UnheardKind};

/// What was decoded, measured and not taken from headers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AudioInfo {
    /// The container's short name: `wave`, `ogg`, `isomp4`, `matroska`, …
    pub container: String,
    /// The codec's short name: `mp3`, `vorbis`, `pcm_s16le`, …
    pub codec: String,
    /// Sample rate before resampling, in Hz; the first if it changes.
    pub sample_rate_hz: u32,
    /// Channels before the downmix; the first count if it changes.
    pub channels: u16,
    /// Length of the audio given to the sink, in seconds, with the silence that
    /// stands for damaged packets.
    pub duration_s: f64,
    /// Of that, silence in place of damaged or missing packets, in seconds.
    pub filled_s: f64,
    /// Packets of the audio track.
    pub packets: u64,
    /// Of those, packets that could not be decoded, and errors of the
    /// demultiplexer between them.
    pub packets_skipped: u64,
    /// Whether the file ended before its structure said it would.
    pub truncated: bool,
    /// Length that the container claims for the audio, in seconds; `None` where it
    /// claims none. It ends nothing: what is there is decoded.
    #[serde(default)]
    pub claimed_s: Option<f64>,
    /// What holds audio, or may hold some, and was not given to the sink, in the
    /// order in which it was noticed. Empty when all was heard.
    #[serde(default = "Unheard::never_told")]
    pub unheard: Vec<Unheard>,
    /// BLAKE3 over the codec and the compressed packets of the track, so that
    /// the same encoded audio under other tags has the same hash.
    #[serde(with = "crate::hex")]
    pub audio_hash: [u8; 32],
}

/// Decodes the default audio track of `source`, from its start whatever its
/// position, and gives mono blocks at `analysis_rate_hz` to `sink`, in order.
/// Samples are full scale ±1; a block may have any length but 0.
///
/// `extension_hint` is a file name extension without the dot. It only orders
/// the search for the container and may be wrong.
///
/// # Errors
///
/// See [`AudioError`]. The sink may have been given samples before an error.
///
/// ```no_run
/// use earmark::audio::{Limits, decode};
///
/// let file = std::fs::File::open("song.mp3")?;
/// let mut samples = Vec::new();
/// let info = decode(file, Some("mp3"), 12_000, &Limits::default(), &mut |block| {
///     samples.extend_from_slice(block);
/// })?;
/// println!("{} s of {}", info.duration_s, info.codec);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn decode<R>(
    source: R,
    extension_hint: Option<&str>,
    analysis_rate_hz: u32,
    limits: &Limits,
    sink: &mut dyn FnMut(&[f32]),
) -> Result<AudioInfo, AudioError>
where
    R: Read + Seek + Send + Sync + 'static,
{
    stream::decode(source, extension_hint, analysis_rate_hz, limits, &mut parts::All(sink))
}

/// Decodes the parts of a track that are wished for, as [`decode`] does the whole
/// of it. Everything is read, as the hash and the length need it.
///
/// [`AudioInfo::packets_skipped`] counts the damage in what was decoded, and
/// [`AudioInfo::duration_s`] the length of all.
///
/// # Errors
///
/// See [`AudioError`].
pub fn decode_parts<R>(
    source: R,
    extension_hint: Option<&str>,
    analysis_rate_hz: u32,
    limits: &Limits,
    parts: &mut dyn Parts,
) -> Result<AudioInfo, AudioError>
where
    R: Read + Seek + Send + Sync + 'static,
{
    stream::decode(source, extension_hint, analysis_rate_hz, limits, parts)
}

/// As [`decode`], from a source that cannot seek and may have no end, in bounded
/// memory: a packet, a resampler block and the headers at the start. With `pcm` the
/// source is raw samples of that form, without it any encoded form that can be read
/// in order; the same bytes give the same samples as from a file. Set
/// [`Limits::max_duration_s`] to infinity where there is no end. To stop, let
/// `source` say that it has ended.
///
/// # Errors
///
/// See [`AudioError`]; [`AudioError::NeedsSeeking`] for MP4 with its tables behind
/// the audio. The sink may have been given samples before an error.
pub fn decode_stream<R>(
    source: R,
    pcm: Option<PcmForm>,
    analysis_rate_hz: u32,
    limits: &Limits,
    sink: &mut dyn FnMut(&[f32]),
) -> Result<AudioInfo, AudioError>
where
    R: Read + Send + Sync + 'static,
{
    piped::decode(source, pcm, analysis_rate_hz, limits, sink)
}

/// Reads what `source` says about itself, from its start whatever its position,
/// without decoding.
///
/// # Errors
///
/// See [`AudioError`]. A file without tags is no error: its [`Tags`] are empty.
pub fn read_tags<R>(source: R, extension_hint: Option<&str>, limits: &Limits) -> Result<Tags, AudioError>
where
    R: Read + Seek + Send + Sync + 'static,
{
    tags::read(source, extension_hint, limits)
}
