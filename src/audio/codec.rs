//! One decoder for one track, whichever library it comes from.

use symphonia::core::audio::GenericAudioBufferRef;
use symphonia::core::codecs::CodecParameters;
use symphonia::core::codecs::audio::well_known::*;
use symphonia::core::codecs::audio::{AudioCodecId, AudioCodecParameters, AudioDecoder, AudioDecoderOptions};
use symphonia::core::errors::Error as SymphoniaError;
use symphonia::core::formats::Track;
use symphonia::core::packet::Packet;

use super::opus::{self, OpusTrack};
use super::{AudioError, downmix};

/// Decodes the packets of one track to mono.
pub(super) struct TrackDecoder {
    name: String,
    inner: Inner,
}

enum Inner {
    Symphonia { decoder: Box<dyn AudioDecoder>, gapless: bool },
    Opus(Box<OpusTrack>),
}

/// What one packet gave.
pub(super) enum Decoded {
    /// Samples of this rate; the count of channels is before the downmix.
    Samples { rate_hz: u32, channels: usize },
    /// Nothing: the packet is damaged.
    Damaged(String),
    /// Nothing: the packet uses a part of the codec that is not supported.
    Unsupported(String),
}

impl TrackDecoder {
    /// A decoder for `track`, or why there is none. With `gapless` a decoder of
    /// Symphonia's drops what its packets say is delay and padding.
    pub(super) fn new(track: &Track, gapless: bool) -> Result<Self, AudioError> {
        let Some(CodecParameters::Audio(params)) = &track.codec_params else {
            return Err(AudioError::UnsupportedCodec {
                codec: "unknown".to_owned(),
                reason: "the container does not say what it is".to_owned(),
            });
        };
        let name = codec_name(params.codec);
        if params.codec == CODEC_ID_OPUS {
            let decoder = OpusTrack::new(params.extra_data.as_deref())?;
            return Ok(TrackDecoder { name, inner: Inner::Opus(Box::new(decoder)) });
        }
        let options = AudioDecoderOptions::default().gapless(gapless).verify(false);
        match symphonia::default::get_codecs().make_audio_decoder(params, &options) {
            Ok(decoder) => Ok(TrackDecoder { name, inner: Inner::Symphonia { decoder, gapless } }),
            Err(error) => Err(AudioError::UnsupportedCodec { reason: refusal(params, &error), codec: name }),
        }
    }

    /// The codec's short name, such as `mp3` or `pcm_s16le`.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Whether the decoder itself drops the encoder's delay and padding by what
    /// the packet says.
    pub(super) fn trims(&self) -> bool {
        matches!(self.inner, Inner::Symphonia { gapless: true, .. })
    }

    /// Whether the samples that packets mark as delay are still there.
    pub(super) fn keeps_delay(&self) -> bool {
        matches!(self.inner, Inner::Symphonia { gapless: false, .. })
    }

    /// Samples to drop from the start that only the codec's own header tells.
    pub(super) fn pre_skip(&self) -> u64 {
        match &self.inner {
            Inner::Symphonia { .. } => 0,
            Inner::Opus(track) => u64::from(track.pre_skip()),
        }
    }

    /// How long `packet` lasts by the codec's own rules, where the container
    /// does not say, in samples and their rate.
    pub(super) fn own_duration(&self, packet: &Packet) -> Option<(u64, u32)> {
        match self.inner {
            Inner::Symphonia { .. } => None,
            Inner::Opus(_) => Some((opus::packet_frames(&packet.data), opus::RATE_HZ)),
        }
    }

    /// Decodes `packet`, replacing what `mono` held.
    pub(super) fn decode(&mut self, packet: &Packet, mono: &mut Vec<f32>) -> Decoded {
        mono.clear();
        match &mut self.inner {
            Inner::Opus(track) => match track.decode(&packet.data, mono) {
                Ok(()) => {
                    Decoded::Samples { rate_hz: opus::RATE_HZ, channels: usize::from(track.channels()) }
                }
                Err(reason) => Decoded::Damaged(reason),
            },
            Inner::Symphonia { decoder, .. } => {
                // A decoder that asks for a reset gets it and one more try. The
                // first result is looked at apart because it borrows the decoder.
                let first = decoder.decode(packet).map(|buffer| taken(&buffer, mono));
                match first {
                    Ok(decoded) => decoded,
                    Err(SymphoniaError::ResetRequired) => {
                        decoder.reset();
                        match decoder.decode(packet) {
                            Ok(buffer) => taken(&buffer, mono),
                            Err(error) => failure(&error),
                        }
                    }
                    Err(error) => failure(&error),
                }
            }
        }
    }
}

fn taken(buffer: &GenericAudioBufferRef<'_>, mono: &mut Vec<f32>) -> Decoded {
    downmix::to_mono(buffer, mono);
    Decoded::Samples { rate_hz: buffer.spec().rate(), channels: buffer.num_planes() }
}

fn failure(error: &SymphoniaError) -> Decoded {
    match error {
        SymphoniaError::Unsupported(what) => Decoded::Unsupported((*what).to_owned()),
        other => Decoded::Damaged(other.to_string()),
    }
}

/// The short name of a codec: the decoder's own where there is one.
fn codec_name(id: AudioCodecId) -> String {
    if let Some(decoder) = symphonia::default::get_codecs().get_audio_decoder(id) {
        return decoder.codec.info.short_name.to_owned();
    }
    let name = match id {
        CODEC_ID_OPUS => "opus",
        CODEC_ID_SPEEX => "speex",
        CODEC_ID_MUSEPACK => "musepack",
        CODEC_ID_AC3 => "ac3",
        CODEC_ID_EAC3 => "eac3",
        CODEC_ID_AC4 => "ac4",
        CODEC_ID_DCA => "dts",
        CODEC_ID_WMA => "wma",
        CODEC_ID_SBC => "sbc",
        CODEC_ID_WAVPACK => "wavpack",
        CODEC_ID_MONKEYS_AUDIO => "ape",
        CODEC_ID_TTA => "tta",
        CODEC_ID_TRUEHD => "truehd",
        CODEC_ID_ADPCM_G722 => "g722",
        CODEC_ID_ADPCM_G726 | CODEC_ID_ADPCM_G726LE => "g726",
        symphonia::core::codecs::audio::CODEC_ID_NULL_AUDIO => "unknown",
        other => return other.to_string(),
    };
    name.to_owned()
}

/// Why no decoder could be made, in words that say which profile it is.
fn refusal(params: &AudioCodecParameters, error: &SymphoniaError) -> String {
    if params.codec == CODEC_ID_AAC {
        // The audio object type, ISO/IEC 14496-3 section 1.6.2.1.
        let object_type = params.extra_data.as_deref().and_then(|d| d.first()).map(|b| b >> 3);
        let profile = match object_type {
            Some(1) => "AAC Main",
            Some(3) => "AAC SSR",
            Some(4) => "AAC LTP",
            Some(5) => "HE-AAC",
            Some(23) => "AAC LD",
            Some(29) => "HE-AAC v2",
            Some(31) => "an extended profile such as xHE-AAC or ELD",
            // Low complexity is decoded, so something else about it is not.
            Some(2) if params.channels.as_ref().is_some_and(|c| c.count() > 2) => {
                "AAC with more than two channels"
            }
            _ => return format!("{error}"),
        };
        return format!("it is {profile}, and only AAC-LC with up to two channels is supported");
    }
    match error {
        SymphoniaError::Unsupported("core (codec): unsupported audio codec") => {
            "there is no decoder for it".to_owned()
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal_of(codec: AudioCodecId, extra: &[u8]) -> String {
        let mut params = AudioCodecParameters::new();
        params.for_codec(codec).with_sample_rate(44_100).with_extra_data(extra.into());
        let mut track = Track::new(0);
        track.with_codec_params(CodecParameters::Audio(params));
        TrackDecoder::new(&track, true).map(|d| d.name().to_owned()).unwrap_err().to_string()
    }

    #[test]
    fn refusals_name_codec_and_profile() {
        // Audio object type 5 at 22.05 kHz, extended to 44.1 kHz, with LC inside.
        let text = refusal_of(CODEC_ID_AAC, &[0x2b, 0x92, 0x08, 0x00]);
        assert!(text.contains("codec aac") && text.contains("HE-AAC,"), "{text}");
        // The same with parametric stereo, type 29.
        let text = refusal_of(CODEC_ID_AAC, &[0xeb, 0x8a, 0x08, 0x00]);
        assert!(text.contains("HE-AAC v2"), "{text}");
        let text = refusal_of(CODEC_ID_AC3, &[]);
        assert!(text.contains("codec ac3") && text.contains("no decoder"), "{text}");
        let unnamed = AudioCodecId::new(symphonia::core::common::FourCc::new(*b"qdm2"));
        assert!(refusal_of(unnamed, &[]).contains("0xf1646d32"), "{}", refusal_of(unnamed, &[]));
        let text = TrackDecoder::new(&Track::new(0), true).map(|_| ()).unwrap_err().to_string();
        assert!(text.contains("codec unknown"), "{text}");
    }
}
