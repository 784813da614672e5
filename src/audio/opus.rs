//! Opus packets to mono samples.
//!
//! Symphonia demultiplexes Opus but does not decode it; the decoder is
//! `rusty-opus`. It was chosen from the pure Rust decoders by measurement
//! (`opus-decoder` 0.1.1, `ruopus` 0.1.2, `rusty-opus` 1.0.2, compared with
//! libopus over SILK, hybrid and CELT files, mono and stereo, at 12 to 96
//! kbit/s): all three agree with libopus to 70 dB and more, except that
//! `opus-decoder` falls to 40 dB on stereo SILK; 82 s of stereo music took
//! 32 s, 29 s and 0.2 s; a CELT file with two percent of its bytes changed gave
//! neither a panic nor a hang. It has no dependencies, and is fuzzed and tested
//! against the RFC 8251 vectors upstream. Its own multistream decoder hands
//! delimited packets to decoders that expect undelimited ones and gives noise
//! for surround files, so the streams of a packet are taken apart here.
//!
//! Decoding is at 48 kHz, the clock of pre-skip and granule positions
//! (RFC 7845 section 4), whatever the original rate was.

use rusty_opus::{OpusDecoder, repacketizer};

use super::AudioError;
use super::balance::Balance;
use super::downmix::clean;

/// The rate of all decoded Opus.
pub(super) const RATE_HZ: u32 = 48_000;

/// The mapping of an output channel that is silent (RFC 7845 section 5.1.1).
const SILENT: u8 = 255;

/// Longest packet, 120 ms (RFC 6716 section 3.2.5), in frames.
pub(super) const MAX_FRAMES: usize = 5_760;

/// The identification header (RFC 7845 section 5.1; in MP4 the `dOps` box).
#[derive(Debug, PartialEq)]
struct Head {
    channels: u8,
    pre_skip: u16,
    gain_q8_db: i16,
    layout: Layout,
}

/// How the channels lie in the packets.
#[derive(Debug, PartialEq)]
enum Layout {
    /// Mapping family 0: one stream of one or two channels.
    One,
    /// Families 1 (surround), 2 (ambisonics) and 255 (independent): several
    /// streams, of which the first `coupled` have two channels; `mapping` gives
    /// for each output channel the decoded one.
    Several { family: u8, streams: u8, coupled: u8, mapping: Vec<u8> },
    /// A family without support here: 3, ambisonics mixed by a matrix.
    Other(u8),
}

impl Head {
    /// `data` begins with the magic `OpusHead` also where it came from MP4,
    /// whose fields differ: version 0 and big endian instead of version 1 and
    /// little endian (Opus in ISOBMFF, section 4.3.2).
    fn parse(data: &[u8]) -> Option<Head> {
        let body = data.strip_prefix(b"OpusHead")?;
        let pair = |at: usize| Some([*body.get(at)?, *body.get(at + 1)?]);
        let u16_at =
            |at| pair(at).map(if body.first() == Some(&0) { u16::from_be_bytes } else { u16::from_le_bytes });
        let family = *body.get(10)?;
        Some(Head {
            channels: *body.get(1)?,
            pre_skip: u16_at(2)?,
            gain_q8_db: u16_at(8)? as i16,
            layout: match family {
                0 => Layout::One,
                1 | 2 | 255 => Layout::Several {
                    family,
                    streams: *body.get(11)?,
                    coupled: *body.get(12)?,
                    mapping: body.get(13..13 + usize::from(*body.get(1)?))?.to_vec(),
                },
                other => Layout::Other(other),
            },
        })
    }
}

/// A decoder of one Opus track.
pub(super) struct OpusTrack {
    /// One decoder for each stream of the packet, with its channels.
    streams: Vec<(OpusDecoder, usize)>,
    /// How much each decoded channel counts in the downmix, in the order of the
    /// streams.
    weights: Vec<f32>,
    channels: u16,
    pre_skip: u32,
    gain: f32,
    pcm: Vec<f32>,
    /// The decoded channels of a packet, in the order of the streams.
    planes: Vec<Vec<f32>>,
    stream_packet: Vec<u8>,
}

impl OpusTrack {
    /// `head` is the identification header if the container had one.
    pub(super) fn new(head: Option<&[u8]>) -> Result<Self, AudioError> {
        let unsupported = |reason: String| AudioError::UnsupportedCodec { codec: "opus".to_owned(), reason };
        let head = match head {
            Some(data) => Head::parse(data).ok_or_else(|| unsupported("its header is damaged".to_owned()))?,
            // Every packet tells its own channel count; two holds either.
            None => Head { channels: 2, pre_skip: 0, gain_q8_db: 0, layout: Layout::One },
        };
        let channels = usize::from(head.channels);
        let (family, streams, coupled, mapping) = match head.layout {
            Layout::One if (1..=2).contains(&channels) => (0, 1, channels - 1, (0..head.channels).collect()),
            Layout::One => return Err(unsupported(format!("{channels} channels without a channel mapping"))),
            Layout::Several { family, streams, coupled, mapping } => {
                (family, usize::from(streams), usize::from(coupled), mapping)
            }
            Layout::Other(family) => return Err(unsupported(format!("channel mapping family {family}"))),
        };
        if streams == 0 || coupled > streams || channels == 0 {
            return Err(unsupported("its header is damaged".to_owned()));
        }
        let mut weights = vec![0.0; streams + coupled];
        let counted = match family {
            // The first channel of ambisonics is the sound from all around, the
            // others tell where from (RFC 8486 section 3.1).
            2 => 1,
            _ => channels,
        };
        for index in mapping.iter().take(counted).filter(|index| **index != SILENT) {
            *weights
                .get_mut(usize::from(*index))
                .ok_or_else(|| unsupported("its header is damaged".to_owned()))? += 1.0 / counted as f32;
        }
        let streams = (0..streams)
            .map(|i| {
                let channels = if i < coupled { 2 } else { 1 };
                OpusDecoder::new(RATE_HZ as i32, channels).map(|d| (d, channels))
            })
            .collect::<Result<_, _>>()
            .map_err(|e| unsupported(e.to_string()))?;
        Ok(OpusTrack {
            streams,
            planes: vec![Vec::new(); weights.len()],
            weights,
            channels: u16::from(head.channels),
            pre_skip: u32::from(head.pre_skip),
            gain: 10_f32.powf(f32::from(head.gain_q8_db) / (20.0 * 256.0)),
            pcm: vec![0.0; MAX_FRAMES * 2],
            stream_packet: Vec::new(),
        })
    }

    /// Channels, as the header has them.
    pub(super) fn channels(&self) -> u16 {
        self.channels
    }

    /// Frames at 48 kHz to drop from the start of the stream.
    pub(super) fn pre_skip(&self) -> u32 {
        self.pre_skip
    }

    /// Decodes one packet, replacing what `mono` held: with one decoded channel where
    /// there is such a one, else with the downmix, and what that does not hold counts in
    /// `balance`.
    pub(super) fn decode(
        &mut self,
        packet: &[u8],
        channel: Option<usize>,
        mono: &mut Vec<f32>,
        balance: &mut Balance,
    ) -> Result<(), String> {
        mono.clear();
        let frames = self.decode_planes(packet)?;
        mono.resize(frames, 0.0);
        if let Some(plane) = channel.and_then(|channel| self.planes.get(channel)) {
            mono.copy_from_slice(plane);
        } else {
            for (plane, weight) in self.planes.iter().zip(&self.weights) {
                mono.iter_mut().zip(plane).for_each(|(to, sample)| *to += weight * sample);
            }
            if self.planes.len() > 1 {
                for (number, plane) in self.planes.iter().enumerate() {
                    balance.add(number, plane.iter().copied(), mono);
                }
                balance.end(mono, RATE_HZ);
            }
        }
        clean(mono);
        Ok(())
    }

    /// Decodes the streams of a packet, and says how many frames it has.
    fn decode_planes(&mut self, packet: &[u8]) -> Result<usize, String> {
        if packet.is_empty() {
            // The decoder would take it for a lost packet and invent audio.
            return Err("empty packet".to_owned());
        }
        let (mut rest, mut planes) = (packet, self.planes.as_mut_slice());
        let (mut first, count, gain) = (None, self.streams.len(), self.gain);
        for (i, (decoder, channels)) in self.streams.iter_mut().enumerate() {
            let one = if i + 1 == count {
                rest
            } else {
                let used = undelimit(rest, &mut self.stream_packet).ok_or("damaged stream framing")?;
                rest = &rest[used..];
                &self.stream_packet
            };
            let frames = decoder.decode(one, MAX_FRAMES, &mut self.pcm).map_err(|e| e.to_string())?;
            let pcm = self.pcm.get(..frames * *channels).ok_or("more samples than a packet can hold")?;
            if *first.get_or_insert(frames) != frames {
                return Err("streams of different length".to_owned());
            }
            let (mine, others) = planes.split_at_mut(*channels);
            planes = others;
            for (channel, plane) in mine.iter_mut().enumerate() {
                plane.clear();
                plane.extend(pcm[channel..].iter().step_by(*channels).map(|sample| gain * sample));
            }
        }
        Ok(first.unwrap_or(0))
    }
}

/// Copies the first stream's packet of `data` to `packet` in the usual framing,
/// without the length that delimits it (RFC 6716 appendix B), and returns how
/// many bytes it took.
fn undelimit(data: &[u8], packet: &mut Vec<u8>) -> Option<usize> {
    let (toc, frames, end) = repacketizer::parse_packet(data, true).ok()?;
    packet.clear();
    if let [(from, len)] = frames[..] {
        packet.push(toc & !3);
        packet.extend(data.get(from..from + len)?);
    } else {
        // Code 3 with a length before each frame but the last, which fits all.
        packet.extend([toc | 3, 0x80 | u8::try_from(frames.len()).ok()?]);
        for &(_, len) in &frames[..frames.len().checked_sub(1)?] {
            if len < 252 {
                packet.push(u8::try_from(len).ok()?);
            } else {
                // Section 3.2.1.
                let first = 252 + (len & 3);
                packet.extend([first as u8, u8::try_from((len - first) / 4).ok()?]);
            }
        }
        for &(from, len) in &frames {
            packet.extend(data.get(from..from + len)?);
        }
    }
    // Padding lies behind the frames and is not in `end`.
    let mut padding = 0;
    if toc & 3 == 3 && data.get(1)? & 0x40 != 0 {
        for byte in data.get(2..)? {
            padding += if *byte == 255 { 254 } else { usize::from(*byte) };
            if *byte != 255 {
                break;
            }
        }
    }
    end.checked_add(padding).filter(|used| *used <= data.len())
}

/// Frames at 48 kHz that a packet lasts, from its first two bytes (RFC 6716
/// section 3.1), or 0 for a malformed one.
pub(super) fn packet_frames(packet: &[u8]) -> u64 {
    let Some(toc) = packet.first() else { return 0 };
    let config = toc >> 3;
    let frame = match config {
        0..12 => [480, 960, 1_920, 2_880][usize::from(config & 3)],
        12..16 => [480, 960][usize::from(config & 1)],
        _ => [120, 240, 480, 960][usize::from(config & 3)],
    };
    let count = match toc & 3 {
        0 => 1,
        1 | 2 => 2,
        _ => u64::from(packet.get(1).copied().unwrap_or(0) & 0x3f),
    };
    let frames = frame * count;
    if frames <= MAX_FRAMES as u64 { frames } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_of_ogg_and_mp4_read_alike() {
        let ogg = b"OpusHead\x01\x02\x38\x01\x80\xbb\x00\x00\x00\xff\x00";
        let mp4 = b"OpusHead\x00\x02\x01\x38\x00\x00\xbb\x80\xff\x00\x00";
        let head = Head::parse(ogg).unwrap();
        assert_eq!(head, Head { channels: 2, pre_skip: 312, gain_q8_db: -256, layout: Layout::One });
        assert_eq!(Head::parse(mp4).unwrap(), head);
        for cut in 0..ogg.len() {
            assert_eq!(Head::parse(&ogg[..cut]), None);
        }
        let gain = OpusTrack::new(Some(ogg)).unwrap().gain;
        assert!((gain - 0.891_25).abs() < 1e-4, "-1 dB is {gain}");
    }

    #[test]
    fn what_cannot_be_decoded_is_named() {
        let head = |channels: u8, family: u8, streams: u8, coupled: u8| {
            let mut h = b"OpusHead\x01\x02\x38\x01\x80\xbb\x00\x00\x00\x00\x00".to_vec();
            (h[9], h[18]) = (channels, family);
            h.extend([streams, coupled, 0, 1, 2, 3, 4, 5]);
            OpusTrack::new(Some(&h)).map(|t| t.channels()).map_err(|e| e.to_string())
        };
        assert_eq!(head(6, 1, 4, 2), Ok(6));
        assert_eq!(head(6, 1, 6, 0), Ok(6));
        assert!(head(6, 1, 2, 1).unwrap_err().contains("damaged"), "the mapping points beyond the streams");
        assert!(head(6, 1, 2, 3).unwrap_err().contains("damaged"));
        assert_eq!(head(4, 2, 4, 0), Ok(4));
        assert!(head(4, 3, 4, 0).unwrap_err().contains("family 3"));
        assert!(head(0, 0, 0, 0).is_err());
        assert!(head(3, 0, 0, 0).is_err());
    }

    #[test]
    fn packet_durations() {
        assert_eq!(packet_frames(&[]), 0);
        assert_eq!(packet_frames(&[31 << 3]), 960); // CELT, 20 ms
        assert_eq!(packet_frames(&[16 << 3 | 1]), 240); // two of 2.5 ms
        assert_eq!(packet_frames(&[3 << 3 | 3, 2]), 5_760); // SILK, two of 60 ms
        assert_eq!(packet_frames(&[3 << 3 | 3, 3]), 0); // 180 ms is not allowed
        assert_eq!(packet_frames(&[13 << 3]), 960); // hybrid
    }
}
