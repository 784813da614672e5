//! Samples in WAV files.
//!
//! Symphonia 0.6.1 refuses files for a chunk that it does not need, for sizes of
//! samples that do not fill their bytes, for big-endian numbers and for more than
//! 26 channels, and stops behind the first chunk of samples. Players read on: sizes
//! of 32 bits overflow after 4 GiB, recorders append chunks.

use std::io;

use symphonia::core::audio::Channels;
use symphonia::core::audio::layouts::{CHANNEL_LAYOUT_MONO, CHANNEL_LAYOUT_STEREO};
use symphonia::core::codecs::CodecParameters;
use symphonia::core::codecs::audio::well_known::*;
use symphonia::core::codecs::audio::{AudioCodecId, AudioCodecParameters};
use symphonia::core::errors::Result as SymphoniaResult;
use symphonia::core::formats::Track;
use symphonia::core::io::MediaSourceStream;
use symphonia::core::packet::Packet;
use symphonia::core::units::{Duration, TimeBase, Timestamp};

use super::riff::{self, Format, Order, Wave};
use super::window::Window;
use super::{frames, link, signature};

/// Frames in a packet, as many as Symphonia's readers put there.
const FRAMES: usize = 1_152;

/// So many zeros behind a chunk are no samples of its.
const PADDING: usize = 64;

/// Reads the samples of a WAV file, of all its chunks of them.
pub(super) struct WaveReader {
    window: Window,
    track: [Track; 1],
    order: Order,
    frame_bytes: usize,
    /// What is left of the chunk; `None` where it has no end but the file's.
    left: Option<u64>,
    /// Whether that chunk has an odd length.
    is_odd: bool,
    /// Frames before the next packet.
    frames: i64,
    /// Bytes that the chunks claim to have.
    claimed_bytes: u64,
    /// Whether the source ended before the chunk did.
    pub(super) cut_off: bool,
}

impl WaveReader {
    /// Reads `stream`, which stands at the beginning of the file, as `wave` describes
    /// it; `None` if the samples are of a kind that is read elsewhere or not at all.
    pub(super) fn new(wave: &Wave, stream: MediaSourceStream<'static>) -> io::Result<Option<Self>> {
        let (Some(format), Some(data)) = (wave.format, wave.chunk(b"data")) else { return Ok(None) };
        let Some((codec, sample_bytes)) = codec(format, wave.kind.order()) else { return Ok(None) };
        let frame_bytes = sample_bytes * usize::from(format.channels);
        let mut window = Window::new(stream);
        window.skip(data.start)?;
        let known = !wave.unknown_length;
        let mut reader = WaveReader {
            window,
            track: [Track::new(0)],
            order: wave.kind.order(),
            frame_bytes,
            left: known.then_some(data.end - data.start),
            is_odd: (data.end - data.start) % 2 == 1,
            frames: 0,
            claimed_bytes: if known { data.end - data.start } else { 0 },
            cut_off: false,
        };
        reader.describe(codec, format);
        Ok(Some(reader))
    }

    fn describe(&mut self, codec: AudioCodecId, format: Format) {
        let mut params = AudioCodecParameters::new();
        params
            .for_codec(codec)
            .with_sample_rate(format.rate_hz)
            .with_max_frames_per_packet(FRAMES as u64)
            .with_channels(match format.channels {
                1 => CHANNEL_LAYOUT_MONO,
                2 => CHANNEL_LAYOUT_STEREO,
                // Where a channel stands is of no account: all are heard.
                n => Channels::Discrete(n),
            });
        let track = &mut self.track[0];
        track.time_base = TimeBase::try_from_recip(format.rate_hz);
        track.with_codec_params(CodecParameters::Audio(params));
    }

    pub(super) fn tracks(&self) -> &[Track] {
        &self.track
    }

    /// Where the next byte stands, from the start of the source.
    pub(super) fn position(&self) -> u64 {
        self.window.position()
    }

    /// Frames that the chunks claim to have.
    pub(super) fn claimed(&self) -> u64 {
        self.claimed_bytes / self.frame_bytes as u64
    }

    pub(super) fn next_packet(&mut self) -> SymphoniaResult<Option<Packet>> {
        let bytes = loop {
            let most = FRAMES * self.frame_bytes;
            let wanted = self.left.map_or(most, |left| usize::try_from(left).unwrap_or(most).min(most));
            self.window.fill(wanted)?;
            let there = wanted.min(self.window.rest().len());
            // A frame that is cut off is none.
            let whole = there - there % self.frame_bytes;
            if whole > 0 {
                break whole;
            }
            self.cut_off |= self.left.is_some_and(|left| left > there as u64);
            self.window.take(there);
            if self.left.is_none() || self.cut_off || !self.goes_on()? {
                return Ok(None);
            }
        };
        let data = self.window.take(bytes).to_vec();
        if let Some(left) = &mut self.left {
            *left -= bytes as u64;
        }
        let at = Timestamp::new(self.frames);
        let frames = (bytes / self.frame_bytes) as u64;
        self.frames = self.frames.saturating_add_unsigned(frames);
        Ok(Some(Packet::new(0, at, Duration::new(frames), data)))
    }

    /// Goes on behind the end of a chunk of samples: to the next one, over other
    /// chunks, or to what is no chunk and so is more of the samples, as behind a size
    /// that was too large for its 32 bits.
    fn goes_on(&mut self) -> io::Result<bool> {
        loop {
            self.window.fill(link::LEAST as usize)?;
            let rest = self.window.rest();
            let padding =
                usize::from(std::mem::take(&mut self.is_odd) && !rest.get(..4).is_some_and(riff::is_id));
            let rest = rest.get(padding..).unwrap_or_default();
            let is_other = rest.is_empty() || signature::of(rest).is_some() || frames::tag(rest).is_some();
            // Zeros fill up a file; what is behind them is looked at apart.
            if is_other || rest.iter().take(PADDING).all(|byte| *byte == 0) {
                return Ok(false);
            }
            let Some(head) = rest.first_chunk::<8>().filter(|head| riff::is_id(&head[..4])) else {
                let is_much = rest.len() + padding >= link::LEAST as usize;
                self.left = None;
                return Ok(is_much);
            };
            let size = self.order.word([head[4], head[5], head[6], head[7]]);
            let is_data = head.starts_with(b"data");
            self.window.take(padding + 8);
            self.is_odd = size % 2 == 1;
            if is_data && size > 0 {
                self.left = Some(u64::from(size));
                self.claimed_bytes += u64::from(size);
                return Ok(true);
            }
            self.window.skip(u64::from(size))?;
        }
    }
}

/// How samples of a format are decoded, and their bytes.
fn codec(format: Format, order: Order) -> Option<(AudioCodecId, usize)> {
    const PCM: u16 = 1;
    const FLOAT: u16 = 3;
    const A_LAW: u16 = 6;
    const MU_LAW: u16 = 7;
    if format.channels == 0 {
        return None;
    }
    let bytes = usize::from(sample_bytes(format));
    let codec = match (format.tag, bytes, order) {
        // Samples that do not fill their bytes stand in the upper bits.
        (PCM, 1, _) => CODEC_ID_PCM_U8,
        (PCM, 2, Order::Little) => CODEC_ID_PCM_S16LE,
        (PCM, 2, Order::Big) => CODEC_ID_PCM_S16BE,
        (PCM, 3, Order::Little) => CODEC_ID_PCM_S24LE,
        (PCM, 3, Order::Big) => CODEC_ID_PCM_S24BE,
        (PCM, 4, Order::Little) => CODEC_ID_PCM_S32LE,
        (PCM, 4, Order::Big) => CODEC_ID_PCM_S32BE,
        (FLOAT, 4, Order::Little) => CODEC_ID_PCM_F32LE,
        (FLOAT, 4, Order::Big) => CODEC_ID_PCM_F32BE,
        (FLOAT, 8, Order::Little) => CODEC_ID_PCM_F64LE,
        (FLOAT, 8, Order::Big) => CODEC_ID_PCM_F64BE,
        (A_LAW, 1, _) => CODEC_ID_PCM_ALAW,
        (MU_LAW, 1, _) => CODEC_ID_PCM_MULAW,
        _ => return None,
    };
    Some((codec, bytes))
}

/// Bytes of a sample. Whole bytes are what the bits say; where a frame has more, the
/// samples are padded.
fn sample_bytes(format: Format) -> u16 {
    let by_bits = format.bits.div_ceil(8);
    let by_frame = format.align.checked_div(format.channels).unwrap_or(0);
    match format.bits {
        8 | 16 | 32 | 64 => by_bits,
        _ if by_frame >= by_bits => by_frame,
        _ => by_bits,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_of_samples() {
        for (bits, align, channels, due) in [
            (16, 4, 2, 2),
            // An alignment that does not fit is a mistake.
            (16, 4, 1, 2),
            (16, 0, 2, 2),
            (24, 6, 2, 3),
            // Samples of 24 bits in words of 32.
            (24, 8, 2, 4),
            (20, 6, 2, 3),
            (12, 2, 1, 2),
            (4, 1, 1, 1),
            (0, 6, 2, 3),
        ] {
            let format = Format { tag: 1, channels, rate_hz: 8_000, align, bits };
            assert_eq!(sample_bytes(format), due, "{bits} bits, {align} bytes for {channels}");
        }
    }
}
