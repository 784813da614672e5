//! What holds audio and was not given to the sink.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::units::Seconds;

/// A part of a file that holds audio, or may hold some, and was not heard.
///
/// What [`AudioInfo::unheard`](super::AudioInfo::unheard) does not name was heard.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Unheard {
    /// Why it was not heard.
    pub kind: UnheardKind,
    /// How long it is, in seconds; `None` where nobody knows.
    #[serde(default)]
    pub seconds: Option<Seconds>,
    /// Which part it is, and why it was not heard, in words.
    pub detail: String,
    /// The channel, from 0, of a part of the kind [`UnheardKind::Channel`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<u16>,
}

/// Why a part of a file was not heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum UnheardKind {
    /// Another audio track, which was not decoded.
    Track,
    /// A channel that the mean of all channels hides: less than a quarter of its energy
    /// is in there.
    Channel,
    /// Packets that could not be decoded: silence stands in their place.
    Damaged,
    /// Audio that the time stamps say is missing: silence stands in its place, or
    /// the gap is longer than is believed and was closed.
    Gap,
    /// Decoding stopped at a limit or an error, and the audio goes on.
    Cut,
    /// Bytes behind the audio that were not decoded.
    Trailing,
    /// What lies between windows of the audio, where no more was asked for.
    Passed,
    /// Anything else; also what a later version of this program wrote.
    #[serde(other)]
    Unknown,
}

impl UnheardKind {
    /// The name in reports.
    pub fn name(self) -> &'static str {
        match self {
            UnheardKind::Track => "track",
            UnheardKind::Channel => "channel",
            UnheardKind::Damaged => "damaged",
            UnheardKind::Gap => "gap",
            UnheardKind::Cut => "cut",
            UnheardKind::Trailing => "trailing",
            UnheardKind::Passed => "passed",
            UnheardKind::Unknown => "unknown",
        }
    }
}

impl fmt::Display for Unheard {
    /// `track, 30.0 s: audio track 2`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.kind.name())?;
        if let Some(seconds) = self.seconds {
            write!(f, ", {seconds:.1} s")?;
        }
        write!(f, ": {}", self.detail)
    }
}

impl Unheard {
    /// What lies between windows that together have `decoded_s` of a file's `length_s`.
    pub(crate) fn between_windows(length_s: Seconds, decoded_s: Seconds) -> Unheard {
        let detail = "what lies between the windows that were decoded";
        Unheard::new(UnheardKind::Passed, Some((length_s - decoded_s).max(0.0)), detail)
    }

    /// A part of this kind; a length that is no number of seconds is unknown.
    pub(super) fn new(kind: UnheardKind, seconds: Option<Seconds>, detail: impl Into<String>) -> Self {
        let seconds = seconds.filter(|s| s.is_finite() && *s >= 0.0);
        Unheard { kind, seconds, detail: detail.into(), channel: None }
    }

    /// What of a channel, numbered from 0, the mean of all does not hold.
    pub(crate) fn in_channel(channel: u16, seconds: Seconds) -> Self {
        let detail = format!("channel {} is not in the mean of all channels", u32::from(channel) + 1);
        Unheard { channel: Some(channel), ..Unheard::new(UnheardKind::Channel, Some(seconds), detail) }
    }

    /// What stands in place of a list that was never written: earlier versions lost
    /// audio without a word, and silence about it is no proof that all was heard.
    pub(super) fn never_told() -> Vec<Unheard> {
        let detail = "an earlier version decoded it and did not tell what it had not heard: decode it again";
        vec![Unheard::new(UnheardKind::Unknown, None, detail)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_have_the_names_of_the_format_and_foreign_ones_open() {
        let part = Unheard::new(UnheardKind::Trailing, Some(1.5), "x");
        let text = serde_json::to_string(&part).unwrap();
        assert_eq!(text, r#"{"kind":"trailing","seconds":1.5,"detail":"x"}"#);
        assert_eq!(serde_json::from_str::<Unheard>(&text).unwrap(), part);
        assert_eq!(part.to_string(), "trailing, 1.5 s: x");
        for kind in [UnheardKind::Track, UnheardKind::Channel, UnheardKind::Passed, UnheardKind::Unknown] {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.name());
            assert_eq!(Unheard::new(kind, None, "x").to_string(), format!("{}: x", kind.name()));
        }
        let later: Unheard = serde_json::from_str(r#"{"kind":"a-later-one","detail":"y"}"#).unwrap();
        assert_eq!(later, Unheard::new(UnheardKind::Unknown, None, "y"));
    }

    #[test]
    fn facts_of_an_earlier_version_open_and_do_not_claim_that_all_was_heard() {
        let hash = "00".repeat(32);
        let text = format!(
            r#"{{"container":"mp3","codec":"mp3","sample_rate_hz":44100,"channels":2,"duration_s":1.0,
            "filled_s":0.0,"packets":3,"packets_skipped":0,"truncated":false,"audio_hash":"{hash}"}}"#
        );
        let info: crate::audio::AudioInfo = serde_json::from_str(&text).unwrap();
        assert_eq!((info.claimed_s, info.unheard.len()), (None, 1));
        assert_eq!(info.unheard[0].kind, UnheardKind::Unknown);
    }

    #[test]
    fn a_length_that_is_none_is_unknown() {
        for seconds in [f64::NAN, f64::INFINITY, -1.0] {
            assert_eq!(Unheard::new(UnheardKind::Gap, Some(seconds), "").seconds, None);
        }
    }
}
