//! Raw samples, whose form somebody has to tell.

use std::fmt;
use std::str::FromStr;

use super::{AudioError, Limits};

/// How one raw sample is written. All but [`U8`](Self::U8) are little-endian.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PcmSample {
    /// Unsigned, 8 bits, silence at 128.
    U8,
    /// Signed, 16 bits.
    S16,
    /// Signed, 24 bits in three bytes.
    S24,
    /// Signed, 32 bits.
    S32,
    /// Floating point, 32 bits, full scale ±1.
    F32,
}

impl PcmSample {
    /// All of them.
    pub const ALL: [PcmSample; 5] =
        [PcmSample::U8, PcmSample::S16, PcmSample::S24, PcmSample::S32, PcmSample::F32];

    /// The name that ffmpeg gives it as a format.
    pub fn name(self) -> &'static str {
        match self {
            PcmSample::U8 => "u8",
            PcmSample::S16 => "s16le",
            PcmSample::S24 => "s24le",
            PcmSample::S32 => "s32le",
            PcmSample::F32 => "f32le",
        }
    }

    /// Bytes of one sample.
    pub fn bytes(self) -> u16 {
        match self {
            PcmSample::U8 => 1,
            PcmSample::S16 => 2,
            PcmSample::S24 => 3,
            PcmSample::S32 | PcmSample::F32 => 4,
        }
    }
}

/// The form of raw PCM: samples of all channels in turn, without a header.
///
/// ```
/// use earmark::audio::{PcmForm, PcmSample};
///
/// let form: PcmForm = "s16le:44100:2".parse()?;
/// assert_eq!(form, PcmForm { sample: PcmSample::S16, rate_hz: 44_100, channels: 2 });
/// assert!("s16be:44100:2".parse::<PcmForm>().is_err());
/// # Ok::<(), earmark::audio::PcmFormError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PcmForm {
    /// How a sample is written.
    pub sample: PcmSample,
    /// Samples a second of each channel; [`Limits`] bound it.
    pub rate_hz: u32,
    /// Channels, 1 or more; [`Limits`] bound them.
    pub channels: u16,
}

/// Why a text tells no [`PcmForm`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PcmFormError {
    /// There are not three parts.
    #[error("{found:?} is not of the form SAMPLE:RATE:CHANNELS, such as s16le:44100:2")]
    Parts {
        /// What was given.
        found: String,
    },
    /// The first part names no sample that is read.
    #[error("{found:?} is no sample format: write u8, s16le, s24le, s32le or f32le")]
    Sample {
        /// What was given.
        found: String,
    },
    /// The second part is no rate.
    #[error("{found:?} is no sample rate in Hz from {least} to {most}")]
    Rate {
        /// What was given.
        found: String,
        /// Lowest rate.
        least: u32,
        /// Highest rate.
        most: u32,
    },
    /// The third part is no count of channels.
    #[error("{found:?} is no number of channels from 1 to {most}")]
    Channels {
        /// What was given.
        found: String,
        /// Most channels.
        most: u16,
    },
}

impl FromStr for PcmForm {
    type Err = PcmFormError;

    /// From `SAMPLE:RATE:CHANNELS`, with rate and channels within the default
    /// [`Limits`].
    fn from_str(text: &str) -> Result<Self, PcmFormError> {
        let parts: Vec<&str> = text.split(':').collect();
        let [sample, rate, channels] = parts[..] else {
            return Err(PcmFormError::Parts { found: text.to_owned() });
        };
        let limits = Limits::default();
        let (least, most) = (limits.min_rate_hz, limits.max_rate_hz);
        let sample = PcmSample::ALL
            .into_iter()
            .find(|s| s.name() == sample)
            .ok_or_else(|| PcmFormError::Sample { found: sample.to_owned() })?;
        let rate_hz = rate
            .parse()
            .ok()
            .filter(|hz| (least..=most).contains(hz))
            .ok_or_else(|| PcmFormError::Rate { found: rate.to_owned(), least, most })?;
        let most = limits.max_channels;
        let channels = channels
            .parse()
            .ok()
            .filter(|n| (1..=most).contains(n))
            .ok_or_else(|| PcmFormError::Channels { found: channels.to_owned(), most })?;
        Ok(PcmForm { sample, rate_hz, channels })
    }
}

impl fmt::Display for PcmForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.sample.name(), self.rate_hz, self.channels)
    }
}

impl PcmForm {
    /// Refuses what is outside `limits`. No channels at all are outside any.
    pub(super) fn check(&self, limits: &Limits) -> Result<(), AudioError> {
        let breach = |what, found: u32, limit: String| {
            Err(AudioError::LimitExceeded { what, found: found.to_string(), limit })
        };
        if !(limits.min_rate_hz..=limits.max_rate_hz).contains(&self.rate_hz) {
            let limit = format!("{} to {}", limits.min_rate_hz, limits.max_rate_hz);
            return breach("the sample rate in Hz", self.rate_hz, limit);
        }
        if !(1..=limits.max_channels).contains(&self.channels) {
            let limit = format!("1 to {}", limits.max_channels);
            return breach("the number of channels", self.channels.into(), limit);
        }
        Ok(())
    }

    /// The header of a WAV file of unknown length with such samples.
    pub(super) fn wave_header(&self) -> Vec<u8> {
        const UNKNOWN: [u8; 4] = [0xff; 4];
        /// WAVE_FORMAT_PCM and WAVE_FORMAT_IEEE_FLOAT.
        const TAGS: [u16; 2] = [1, 3];
        let bytes = self.sample.bytes();
        let frame = bytes.saturating_mul(self.channels);
        let tag = TAGS[usize::from(self.sample == PcmSample::F32)];
        let mut header = Vec::with_capacity(44);
        header.extend(b"RIFF");
        header.extend(UNKNOWN);
        header.extend(b"WAVEfmt ");
        header.extend(16_u32.to_le_bytes());
        header.extend(tag.to_le_bytes());
        header.extend(self.channels.to_le_bytes());
        header.extend(self.rate_hz.to_le_bytes());
        header.extend(self.rate_hz.saturating_mul(frame.into()).to_le_bytes());
        header.extend(frame.to_le_bytes());
        header.extend((8 * bytes).to_le_bytes());
        header.extend(b"data");
        header.extend(UNKNOWN);
        header
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_read_and_written() {
        for sample in PcmSample::ALL {
            let form = PcmForm { sample, rate_hz: 48_000, channels: 6 };
            assert_eq!(form.to_string().parse(), Ok(form));
        }
    }

    #[test]
    fn what_is_no_form_is_told_by_its_part() {
        let told = |text: &str| text.parse::<PcmForm>().unwrap_err().to_string();
        for text in ["", "s16le", "s16le:44100", "s16le:44100:2:1"] {
            assert!(told(text).contains("SAMPLE:RATE:CHANNELS"), "{text}");
        }
        assert!(told("s16be:44100:2").contains("\"s16be\" is no sample format"));
        for rate in ["", "0", "3999", "768001", "44.1", "-1", "99999999999"] {
            assert!(told(&format!("u8:{rate}:1")).contains("4000 to 768000"), "{rate}");
        }
        for channels in ["", "0", "65", "-2", "x"] {
            assert!(told(&format!("u8:8000:{channels}")).contains("1 to 64"), "{channels}");
        }
    }

    #[test]
    fn limits_hold_for_forms_that_nobody_read() {
        let form = PcmForm { sample: PcmSample::U8, rate_hz: 8_000, channels: 2 };
        assert!(form.check(&Limits::default()).is_ok());
        let limits = Limits { max_channels: 1, ..Limits::default() };
        assert!(matches!(form.check(&limits), Err(AudioError::LimitExceeded { .. })));
        let none = PcmForm { channels: 0, ..form };
        assert!(matches!(none.check(&Limits::default()), Err(AudioError::LimitExceeded { .. })));
    }
}
