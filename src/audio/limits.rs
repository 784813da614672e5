//! Bounds on what one input may ask of the decoder.

/// What a file may claim or need before it is refused.
///
/// A header is untrusted: it may claim a day of audio in a kilobyte. Each bound
/// is checked where the value is first known and a breach is
/// [`AudioError::LimitExceeded`](super::AudioError::LimitExceeded), which names
/// the bound; nothing is cut short in silence.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Limits {
    /// Longest audio, in seconds of output. Default: 86 400 (24 hours), the
    /// longest continuous recordings people keep in one file; raise it for
    /// archives of broadcast logs.
    pub max_duration_s: f64,
    /// Most channels. Default: 64, the largest count that the usual
    /// interchange formats (ADM, 64-channel MADI stems) carry.
    pub max_channels: u16,
    /// Lowest sample rate, in Hz. Default: 4 000; below it too little of the
    /// band that a fingerprint uses is left.
    pub min_rate_hz: u32,
    /// Highest sample rate, in Hz. Default: 768 000, the highest in use.
    pub max_rate_hz: u32,
    /// Most consecutive packets or demultiplexer errors that yield no audio.
    /// Default: 2 000, 52 s of MP3 frames: longer than any damage that is
    /// followed by audio worth having, short enough to end a crafted file at once.
    pub max_packets_without_progress: u32,
    /// Most bytes in one tag. Default: 1 MiB; larger tags are left out.
    pub max_tag_bytes: usize,
    /// Longest hole in the container's time line that is filled with silence,
    /// in seconds, so that what follows keeps its time. Default: 60. A longer
    /// one is taken for a broken time stamp and closed.
    pub max_gap_s: f64,
}

impl Limits {
    /// The longest audio, in seconds of output; infinite for streams without an end.
    #[must_use]
    pub fn max_duration_s(self, max_duration_s: f64) -> Self {
        Self { max_duration_s, ..self }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            max_duration_s: 24.0 * 3600.0,
            max_channels: 64,
            min_rate_hz: 4_000,
            max_rate_hz: 768_000,
            max_packets_without_progress: 2_000,
            max_tag_bytes: 1 << 20,
            max_gap_s: 60.0,
        }
    }
}
