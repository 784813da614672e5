//! The chain from samples to a constellation, and the fingerprint file.
//!
//! [`fingerprint`] wires decoding, spectrum and peaks. What it gives can be kept:
//! a fingerprint file (`.efp`) holds an [`Entry`] for each input, its dense
//! constellation and all else that searching, judging and registering it takes,
//! so that the audio need not be there. Searching or registering an entry gives
//! what the audio would have given, to the byte. FORMAT.md describes the file.
//!
//! | file | does |
//! |---|---|
//! | `entry` | what is kept of an input, and its bytes |
//! | `coding` | the bytes of a dense constellation |
//! | `format` | header, end, errors |
//! | `write`, `read` | a file from its start to its end |
//! | `file_hash` | the hash of the file that is being decoded |

mod coding;
mod entry;
mod file_hash;
mod format;
mod read;
#[cfg(test)]
mod tests;
mod write;

pub use entry::{About, BadEntry, EncodedEntry, Entry, EntryError, FileHash, MOST_CHANNELS, StoredEntry};
pub use file_hash::HashedSource;
pub use format::{EXTENSION, FORMAT_VERSION, FileError, MAGIC, MOST_DESCRIPTION_BYTES};
pub use read::FingerprintReader;
pub use write::FingerprintWriter;

use std::io::{Read, Seek};

use crate::audio::{self, AudioError, AudioInfo, Limits};
use crate::params::Params;
use crate::peaks::{Peak, PeakPicker, Settled};
use crate::spectrum::Stft;

/// The dense constellation of a piece of audio.
///
/// What a registry keeps of a recording and what a query looks up are both
/// derived from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fingerprint {
    /// Peaks in order of time.
    pub peaks: Vec<Peak>,
    /// Number of STFT frames.
    pub frames: u32,
}

/// What a file sounds like: the fingerprint of the mean of its channels, and of those
/// channels that the mean does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fingerprints {
    /// Of the mean of all channels.
    pub mean: Fingerprint,
    /// Of channels by themselves; none in ordinary audio.
    pub channels: Vec<ChannelFingerprint>,
}

impl Fingerprints {
    /// All of them, the mean first.
    pub fn all(&self) -> impl Iterator<Item = &Fingerprint> {
        std::iter::once(&self.mean).chain(self.channels.iter().map(|channel| &channel.fingerprint))
    }
}

impl From<Fingerprint> for Fingerprints {
    fn from(mean: Fingerprint) -> Self {
        Self { mean, channels: Vec::new() }
    }
}

/// What one channel sounds like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelFingerprint {
    /// Its number from 0, in the order of the decoder.
    pub channel: u16,
    /// Its dense constellation.
    pub fingerprint: Fingerprint,
}

/// Makes the fingerprint of a stream of mono samples.
#[derive(Clone)]
pub struct Fingerprinter {
    stft: Stft,
    picker: PeakPicker,
}

impl Fingerprinter {
    /// A fingerprinter for samples at [`Params::rate_hz`].
    pub fn new(params: &Params) -> Self {
        Fingerprinter { stft: Stft::new(params), picker: PeakPicker::new(params) }
    }

    /// Adds samples (mono, full scale = ±1).
    pub fn push(&mut self, samples: &[f32]) {
        let Fingerprinter { stft, picker } = self;
        stft.push(samples, &mut |frame| picker.push(frame));
    }

    /// Takes the peaks that are final. Of a stream without end, this keeps the
    /// memory bounded; all that is taken, and what [`finish_settled`](Self::finish_settled)
    /// gives, are the peaks of [`finish`](Self::finish).
    pub fn settled(&mut self) -> Settled {
        self.picker.settled()
    }

    /// Ends a stream whose peaks were taken as it went: the last of them.
    pub fn finish_settled(self) -> Settled {
        let Fingerprinter { stft, mut picker } = self;
        stft.finish(&mut |frame| picker.push(frame));
        picker.finish_settled()
    }

    /// Ends the stream.
    pub fn finish(self) -> Fingerprint {
        let Fingerprinter { stft, mut picker } = self;
        stft.finish(&mut |frame| picker.push(frame));
        let (peaks, frames) = picker.finish();
        Fingerprint { peaks, frames: frames as u32 }
    }
}

/// Decodes a stream and makes its fingerprint, in memory bounded by the peaks.
///
/// `extension` helps to recognise the container where its first bytes do not.
///
/// # Errors
/// Those of [`audio::decode`].
pub fn fingerprint<R: Read + Seek + Send + Sync + 'static>(
    source: R,
    extension: Option<&str>,
    params: &Params,
    limits: &Limits,
) -> Result<(Fingerprint, AudioInfo), AudioError> {
    let mut fingerprinter = Fingerprinter::new(params);
    let info = audio::decode(source, extension, params.rate_hz, limits, &mut |samples| {
        fingerprinter.push(samples);
    })?;
    Ok((fingerprinter.finish(), info))
}
