//! One decoder for one track, whichever library it comes from.

use symphonia::core::audio::{Channels, GenericAudioBufferRef};
use symphonia::core::codecs::CodecParameters;
use symphonia::core::codecs::audio::well_known::*;
use symphonia::core::codecs::audio::{AudioCodecId, AudioCodecParameters, AudioDecoder, AudioDecoderOptions};
use symphonia::core::errors::Error as SymphoniaError;
use symphonia::core::formats::Track;
use symphonia::core::packet::Packet;

use super::balance::Balance;
use super::level::Leveller;
use super::opus::{self, OpusTrack};
use super::{AudioError, aac, downmix, frames, names};

/// Decodes the packets of one track to mono.
pub(super) struct TrackDecoder {
    name: String,
    inner: Inner,
    /// For samples of floating point, which may have any size.
    leveller: Option<Leveller>,
    /// The channel that is heard, from 0; `None` for the mean of all.
    channel: Option<u16>,
}

enum Inner {
    Symphonia { decoder: Box<dyn AudioDecoder>, gapless: bool, mpeg: Option<Mpeg> },
    Opus(Box<OpusTrack>),
}

/// What a decoder of MPEG audio was made for: Symphonia's refuses frames of another
/// rate or number of channels, which streams may change to (ISO/IEC 11172-3 has both
/// in every frame).
struct Mpeg {
    params: AudioCodecParameters,
    spec: Option<(u32, Channels)>,
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
    /// Symphonia's drops what its packets say is delay and padding. One `channel` is
    /// heard, from 0, where there is such a one; else the mean of all.
    pub(super) fn new(track: &Track, gapless: bool, channel: Option<u16>) -> Result<Self, AudioError> {
        let Some(CodecParameters::Audio(params)) = &track.codec_params else {
            return Err(AudioError::UnsupportedCodec {
                codec: "unknown".to_owned(),
                reason: "the container does not say what it is".to_owned(),
            });
        };
        let name = codec_name(params.codec);
        if params.codec == CODEC_ID_OPUS {
            let decoder = OpusTrack::new(params.extra_data.as_deref())?;
            return Ok(TrackDecoder { name, inner: Inner::Opus(Box::new(decoder)), leveller: None, channel });
        }
        let options = AudioDecoderOptions::default().gapless(gapless).verify(false);
        let core = params.extra_data.as_deref().and_then(aac::core_config);
        let params = match core.filter(|_| params.codec == CODEC_ID_AAC) {
            Some(core) => &AudioCodecParameters { extra_data: Some(core), ..params.clone() },
            None => params,
        };
        match symphonia::default::get_codecs().make_audio_decoder(params, &options) {
            Ok(decoder) => {
                let is_mpeg = matches!(params.codec, CODEC_ID_MP1 | CODEC_ID_MP2 | CODEC_ID_MP3);
                let mpeg = is_mpeg.then(|| Mpeg { params: params.clone(), spec: None });
                let is_float = matches!(
                    params.codec,
                    CODEC_ID_PCM_F32LE | CODEC_ID_PCM_F32BE | CODEC_ID_PCM_F64LE | CODEC_ID_PCM_F64BE
                );
                let leveller = is_float.then(Leveller::new);
                let inner = Inner::Symphonia { decoder, gapless, mpeg };
                Ok(TrackDecoder { name, inner, leveller, channel })
            }
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

    /// Forgets what came before: what follows does not follow it.
    pub(super) fn reset(&mut self) {
        if let Some(leveller) = &mut self.leveller {
            leveller.reset();
        }
        match &mut self.inner {
            Inner::Symphonia { decoder, .. } => decoder.reset(),
            // It comes from any state to the right one in a few packets.
            Inner::Opus(_) => {}
        }
    }

    /// Decodes `packet`, replacing what `mono` held. What of the channels the mean does
    /// not hold is counted in `balance`.
    pub(super) fn decode(&mut self, packet: &Packet, mono: &mut Vec<f32>, balance: &mut Balance) -> Decoded {
        mono.clear();
        let TrackDecoder { inner, leveller, channel, .. } = self;
        let channel = channel.map(usize::from);
        let mut taken = |buffer: &GenericAudioBufferRef<'_>| taken(buffer, channel, leveller, mono, balance);
        match inner {
            Inner::Opus(track) => match track.decode(&packet.data, channel, mono, balance) {
                Ok(()) => {
                    Decoded::Samples { rate_hz: opus::RATE_HZ, channels: usize::from(track.channels()) }
                }
                Err(reason) => Decoded::Damaged(reason),
            },
            Inner::Symphonia { decoder, mpeg, gapless } => {
                if let Some(mpeg) = mpeg {
                    mpeg.renew(decoder, *gapless, packet);
                }
                // A decoder that asks for a reset gets it and one more try. The
                // first result is looked at apart because it borrows the decoder.
                let first = decoder.decode(packet).map(|buffer| taken(&buffer));
                match first {
                    Ok(decoded) => decoded,
                    Err(SymphoniaError::ResetRequired) => {
                        decoder.reset();
                        match decoder.decode(packet) {
                            Ok(buffer) => taken(&buffer),
                            Err(error) => failure(&error),
                        }
                    }
                    Err(error) => failure(&error),
                }
            }
        }
    }
}

impl Mpeg {
    /// Makes another decoder where frames of another form begin.
    fn renew(&mut self, decoder: &mut Box<dyn AudioDecoder>, gapless: bool, packet: &Packet) {
        let Some(spec) = frames::spec(&packet.data) else { return };
        if self.spec.as_ref().is_some_and(|old| *old != spec) {
            let options = AudioDecoderOptions::default().gapless(gapless).verify(false);
            if let Ok(renewed) = symphonia::default::get_codecs().make_audio_decoder(&self.params, &options) {
                *decoder = renewed;
            }
        }
        self.spec = Some(spec);
    }
}

fn taken(
    buffer: &GenericAudioBufferRef<'_>,
    channel: Option<usize>,
    leveller: &mut Option<Leveller>,
    mono: &mut Vec<f32>,
    balance: &mut Balance,
) -> Decoded {
    if !channel.is_some_and(|channel| downmix::one(buffer, channel, mono)) {
        downmix::to_mono(buffer, mono, balance);
    }
    match (leveller, buffer) {
        (Some(leveller), _) => leveller.level(mono),
        (None, GenericAudioBufferRef::F32(_) | GenericAudioBufferRef::F64(_)) => downmix::clean(mono),
        _ => {}
    }
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
    match id {
        CODEC_ID_OPUS => "opus".to_owned(),
        symphonia::core::codecs::audio::CODEC_ID_NULL_AUDIO => "unknown".to_owned(),
        other => names::of_codec(other).map_or_else(|| other.to_string(), str::to_owned),
    }
}

/// Why no decoder could be made, in words that say which profile it is.
fn refusal(params: &AudioCodecParameters, error: &SymphoniaError) -> String {
    if params.codec == CODEC_ID_AAC {
        let profile = params.extra_data.as_deref().and_then(aac::profile);
        let channels = params.channels.as_ref().map_or(0, |c| c.count());
        let it_is = match profile {
            None | Some("HE-AAC" | "HE-AAC v2") if channels > 2 => "AAC with more than two channels",
            Some(profile) => profile,
            None => return error.to_string(),
        };
        return format!("it is {it_is}, and only AAC-LC and HE-AAC with up to two channels are supported");
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
        params.with_channels(Channels::Discrete(6));
        let mut track = Track::new(0);
        track.with_codec_params(CodecParameters::Audio(params));
        TrackDecoder::new(&track, true, None).map(|d| d.name().to_owned()).unwrap_err().to_string()
    }

    #[test]
    fn refusals_name_codec_and_profile() {
        let text = refusal_of(CODEC_ID_AAC, &[0xf9, 0x46, 0x00]);
        assert!(text.contains("codec aac") && text.contains("xHE-AAC,"), "{text}");
        // 5.1 channels: AAC-LC, and HE-AAC over it.
        for config in [&[0x12, 0x30][..], &[0x2b, 0xb2, 0x08, 0x00]] {
            let text = refusal_of(CODEC_ID_AAC, config);
            assert!(text.contains("codec aac") && text.contains("more than two"), "{text}");
        }
        let text = refusal_of(CODEC_ID_AC3, &[]);
        assert!(text.contains("codec AC-3") && text.contains("no decoder"), "{text}");
        let unnamed = AudioCodecId::new(symphonia::core::common::FourCc::new(*b"qdm2"));
        assert!(refusal_of(unnamed, &[]).contains("0xf1646d32"), "{}", refusal_of(unnamed, &[]));
        let text = TrackDecoder::new(&Track::new(0), true, None).map(|_| ()).unwrap_err().to_string();
        assert!(text.contains("codec unknown"), "{text}");
    }
}
