//! Demultiplex, decode, place on the time line.

use std::io::{self, Read, Seek};
use std::ops::ControlFlow;

use symphonia::core::codecs::CodecParameters;
use symphonia::core::common::Limit;
use symphonia::core::errors::Error as SymphoniaError;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::well_known::{
    FORMAT_ID_ADTS, FORMAT_ID_ISOMP4, FORMAT_ID_MKV, FORMAT_ID_MP1, FORMAT_ID_MP2, FORMAT_ID_MP3,
    FORMAT_ID_OGG,
};
use symphonia::core::formats::{FormatId, FormatOptions, FormatReader, Track, TrackFlags, TrackType};
use symphonia::core::io::MediaSourceStream;
use symphonia::core::meta::{MetadataOptions, RawValue};
use symphonia::core::packet::Packet;
use symphonia::core::units::TimeBase;

use super::clock::Clock;
use super::codec::{Decoded, TrackDecoder};
use super::container::Container;
use super::guard::contained;
use super::mp4;
use super::parts::{Parts, Passed, WARM_UP_S, Wish};
use super::source::Input;
use super::timeline::Timeline;
use super::unheard::{Unheard, UnheardKind};
use super::{AudioError, AudioInfo, Limits};

/// No packet of a lossy codec lasts longer than a few tenths of a second; what a
/// container says beyond this is not believed, in seconds.
const LONGEST_PACKET_S: f64 = 1.0;

/// Bytes hashed at a time.
const HASH_BLOCK: usize = 32 * 1_024;

/// Most parts that are told apart; a file with more has no use for them all.
const MOST_UNHEARD: usize = 64;

/// Opens the container. Also used for tags.
pub(super) fn open<R>(
    input: &Input<R>,
    extension_hint: Option<&str>,
    limits: &Limits,
) -> Result<Box<dyn FormatReader>, AudioError>
where
    R: Read + Seek + Send + Sync + 'static,
{
    match probe(input.stream(true)?, extension_hint, limits) {
        // A reader that knows the length and may seek looks for tables at the
        // end of the file and refuses elements that reach beyond it. Where the
        // file is cut short, the audio is there all the same.
        Err(error @ (AudioError::DamagedContainer { .. } | AudioError::UnsupportedContainer { .. })) => {
            probe(input.stream(false)?, extension_hint, limits).map_err(|_| error)
        }
        other => other,
    }
}

/// Finds the reader for what `stream` holds.
pub(super) fn probe(
    stream: MediaSourceStream<'static>,
    extension_hint: Option<&str>,
    limits: &Limits,
) -> Result<Box<dyn FormatReader>, AudioError> {
    let mut hint = Hint::new();
    if let Some(extension) = extension_hint {
        hint.with_extension(extension);
    }
    let metadata = MetadataOptions::default()
        .limit_tag_bytes(Limit::Maximum(limits.max_tag_bytes))
        // Pictures are never looked at.
        .limit_visual_bytes(Limit::Maximum(0));
    contained("demultiplexer", || {
        symphonia::default::get_probe().probe(&hint, stream, FormatOptions::default(), metadata)
    })?
    .map_err(AudioError::from_open)
}

/// See [`super::decode_parts`].
pub(super) fn decode<R>(
    source: R,
    extension_hint: Option<&str>,
    to_hz: u32,
    limits: &Limits,
    parts: &mut dyn Parts,
) -> Result<AudioInfo, AudioError>
where
    R: Read + Seek + Send + Sync + 'static,
{
    let mut input = Input::new(source)?;
    let container = Container::look(&mut input)?;
    let reader = open(&input, extension_hint, limits).map_err(|e| container.explain(e))?;
    play(&container, reader, to_hz, limits, parts)
}

/// Decodes what `reader` gives.
pub(super) fn play(
    container: &Container,
    mut reader: Box<dyn FormatReader>,
    to_hz: u32,
    limits: &Limits,
    parts: &mut dyn Parts,
) -> Result<AudioInfo, AudioError> {
    let mut session = Session {
        limits,
        facts: container,
        passed: Passed::new(parts.tail_s()),
        line: Timeline::new(to_hz, limits, parts),
        hasher: blake3::Hasher::new(),
        unhashed: Vec::with_capacity(2 * HASH_BLOCK),
        mono: Vec::new(),
        held: Vec::new(),
        format: reader.format_info().format,
        container: container.name().unwrap_or(reader.format_info().short_name).to_owned(),
        first: None,
        packets: 0,
        skipped: 0,
        idle: 0,
        good_s: 0.0,
        stumbling: false,
        first_error: None,
        truncated: false,
        claimed_s: None,
        damaged_s: 0.0,
        gaps_s: 0.0,
        unheard: Vec::new(),
    };
    session.run(reader.as_mut()).map_err(|e| container.explain(e))?;
    session.truncated = container.truncated.unwrap_or(session.truncated);
    session.finish()
}

/// The state of one decoding.
struct Session<'a> {
    limits: &'a Limits,
    facts: &'a Container,
    line: Timeline<'a>,
    hasher: blake3::Hasher,
    /// Packets not hashed yet.
    unhashed: Vec<u8>,
    mono: Vec<f32>,
    /// Samples at the end of the last packet that belong to the audio only if
    /// another packet follows.
    held: Vec<f32>,
    passed: Passed,
    format: FormatId,
    container: String,
    /// Codec, rate and channels of the first good packet.
    first: Option<(String, u32, u16)>,
    packets: u64,
    skipped: u64,
    /// Packets and errors since there last was audio.
    idle: u32,
    good_s: f64,
    /// Whether the last thing the reader gave was an error.
    stumbling: bool,
    /// The first packet error, and whether it was a feature without support.
    first_error: Option<(String, bool)>,
    truncated: bool,
    /// Lengths that the links of the stream claim, together.
    claimed_s: Option<f64>,
    /// Silence in place of packets that gave nothing, in seconds.
    damaged_s: f64,
    /// Silence where the time stamps have a gap, in seconds.
    gaps_s: f64,
    unheard: Vec<Unheard>,
}

/// The track being decoded.
struct Current {
    id: u32,
    decoder: TrackDecoder,
    /// Seconds per unit of its time stamps.
    unit_s: f64,
    rate_hz: u32,
    /// Its length by the container, where that matters.
    length_s: Option<f64>,
    clock: Clock,
}

impl Current {
    /// How long a packet lasts by its codec's rules, or else as the container says;
    /// 0 if neither knows.
    fn duration_s(&self, packet: &Packet) -> f64 {
        let own =
            self.decoder.own_duration(packet).map(|(frames, rate_hz)| frames as f64 / f64::from(rate_hz));
        own.unwrap_or(packet.dur.get() as f64 * self.unit_s)
    }
}

impl Session<'_> {
    fn run(&mut self, reader: &mut dyn FormatReader) -> Result<(), AudioError> {
        let mut current = self.choose(reader)?;
        self.hasher.update(current.decoder.name().as_bytes());
        loop {
            match contained("demultiplexer", || reader.next_packet())? {
                Ok(Some(packet)) if packet.track_id == current.id => {
                    if self.arrive(&mut current, packet)?.is_break() {
                        return Ok(());
                    }
                }
                Ok(Some(_)) => continue,
                Ok(None) => break,
                // The next link of a chained stream: new tracks, new decoder.
                Err(SymphoniaError::ResetRequired) => {
                    self.warm_up(&mut current, 0.0)?;
                    match self.choose(reader) {
                        Ok(next) => current = next,
                        Err(error) if self.good_s > 0.0 => {
                            self.truncated = true;
                            self.miss(
                                UnheardKind::Cut,
                                None,
                                format!("the next part of the stream: {error}"),
                            );
                            break;
                        }
                        Err(error) => return Err(error),
                    }
                }
                Err(SymphoniaError::IoError(e)) if e.kind() == io::ErrorKind::UnexpectedEof => {
                    self.truncated = true;
                    break;
                }
                Err(SymphoniaError::IoError(e)) => return Err(AudioError::Io(e)),
                Err(error) => {
                    // One place of damage counts once, however often the
                    // reader stumbles over it.
                    self.skipped += u64::from(!self.stumbling);
                    self.stumbling = true;
                    self.idle += 1;
                    self.first_error.get_or_insert_with(|| (error.to_string(), false));
                }
            }
            if self.idle >= self.limits.max_packets_without_progress {
                // Audio that came before is still worth having; `finish` judges.
                self.truncated = true;
                let detail =
                    format!("decoding stopped after {} packets and errors in a row without audio", self.idle);
                self.miss(UnheardKind::Cut, None, detail);
                break;
            }
        }
        self.tail(&mut current)
    }

    /// Takes a packet: decodes it, keeps it for the case that what follows is
    /// decoded, or asks to end.
    fn arrive(&mut self, current: &mut Current, packet: Packet) -> Result<ControlFlow<()>, AudioError> {
        self.packets += 1;
        self.stumbling = false;
        self.idle += 1;
        self.hash(&packet.data);
        let at_s = self.line.position_s() + self.passed.seconds();
        let wish = self.line.wish(at_s);
        if wish == Wish::End {
            return Ok(ControlFlow::Break(()));
        }
        let lasts_s = current.duration_s(&packet);
        let untrimmed = packet.trim_start.get() == 0 && packet.trim_end.get() == 0;
        let believed = lasts_s > 0.0 && lasts_s <= LONGEST_PACKET_S;
        if wish == Wish::Pass && untrimmed && believed && self.line.may_pass_over(at_s, lasts_s) {
            self.idle = 0;
            self.passed.push(packet, lasts_s);
            while let Some((packet, lasts_s)) = self.passed.superfluous() {
                self.pass_over(current, &packet, lasts_s)?;
            }
        } else {
            match wish {
                // It is near the end, where there is padding.
                Wish::Pass => self.tail(current)?,
                _ => self.warm_up(current, WARM_UP_S)?,
            }
            self.packet(current, &packet)?;
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Passes over what was kept; the last `seconds` of it get the decoder ready.
    fn warm_up(&mut self, current: &mut Current, seconds: f64) -> Result<(), AudioError> {
        if self.passed.is_empty() {
            return Ok(());
        }
        current.decoder.reset();
        while let Some((packet, lasts_s)) = self.passed.pop() {
            if self.passed.seconds() < seconds {
                // What it gives, and whether it gives anything, is of no interest.
                contained("decoder", || current.decoder.decode(&packet, &mut self.mono))?;
            }
            self.pass_over(current, &packet, lasts_s)?;
        }
        Ok(())
    }

    /// Decodes what was kept of the end.
    fn tail(&mut self, current: &mut Current) -> Result<(), AudioError> {
        let warm_s = self.passed.seconds() - (self.passed.keep_s() - WARM_UP_S);
        let wanted = self.passed.split_off(warm_s);
        self.warm_up(current, WARM_UP_S)?;
        wanted.iter().try_for_each(|packet| self.packet(current, packet))
    }

    /// Counts a packet that is not decoded.
    fn pass_over(&mut self, current: &mut Current, packet: &Packet, lasts_s: f64) -> Result<(), AudioError> {
        self.fill_hole(current, packet)?;
        current.clock.advance(lasts_s);
        self.good_s += lasts_s;
        self.line.pass_over(lasts_s)
    }

    /// The default audio track if it can be decoded, else the first that can.
    fn choose(&mut self, reader: &mut dyn FormatReader) -> Result<Current, AudioError> {
        // Each link of a chain without end brings names of its own.
        reader.metadata().skip_to_latest();
        let mut tracks: Vec<Track> =
            reader.tracks().iter().filter(|t| t.track_type() == Some(TrackType::Audio)).cloned().collect();
        tracks.sort_by_key(|t| !t.flags.contains(TrackFlags::DEFAULT));
        for track in &mut tracks {
            if let (Some(header), Some(CodecParameters::Audio(params))) =
                (self.facts.header_of(track.id), &mut track.codec_params)
            {
                params.extra_data = Some(header.into());
            }
        }
        // Symphonia 0.6.1 takes a page of Ogg that ends before its packets do for
        // the end of the stream, and drops audio in the middle of it.
        let gapless = self.format != FORMAT_ID_OGG;
        let mut refused = None;
        for track in &tracks {
            match contained("decoder", || TrackDecoder::new(track, gapless))? {
                Ok(decoder) => {
                    self.miss_others(&tracks, track.id);
                    return self.begin(reader, track, decoder);
                }
                Err(error) => refused = refused.or(Some(error)),
            }
        }
        // A track whose codec the container reader does not know has no type.
        let unknown = reader.tracks().iter().filter(|t| t.codec_params.is_none());
        let named = unknown.filter_map(|t| self.facts.codec_of(t.id)).next();
        Err(match (refused, named) {
            (Some(error), _) => error,
            (None, Some(codec)) => {
                AudioError::UnsupportedCodec { codec, reason: "there is no decoder for it".to_owned() }
            }
            (None, None) => AudioError::NoAudioTrack { container: self.container.clone() },
        })
    }

    /// Tells a part that is not heard.
    fn miss(&mut self, kind: UnheardKind, seconds: Option<f64>, detail: impl Into<String>) {
        if self.unheard.len() < MOST_UNHEARD {
            self.unheard.push(Unheard::new(kind, seconds, detail));
        }
    }

    /// Tells the audio tracks other than `chosen`.
    fn miss_others(&mut self, tracks: &[Track], chosen: u32) {
        for track in tracks.iter().filter(|t| t.id != chosen) {
            self.miss(UnheardKind::Track, claimed(track), format!("audio track {}", track.id));
        }
    }

    fn begin(
        &mut self,
        reader: &mut dyn FormatReader,
        track: &Track,
        decoder: TrackDecoder,
    ) -> Result<Current, AudioError> {
        let Some(CodecParameters::Audio(params)) = &track.codec_params else {
            return Err(AudioError::NoAudioTrack { container: self.container.clone() });
        };
        if let Some(channels) = &params.channels {
            self.check_channels(channels.count())?;
        }
        let rate_hz = params.sample_rate.unwrap_or(0);
        let rate = f64::from(rate_hz.max(1));
        let mut delay_s = decoder.pre_skip() as f64 / f64::from(super::opus::RATE_HZ);
        let mut length_s = None;
        match self.format {
            FORMAT_ID_ISOMP4 => {
                if let Some(edit) = self.facts.mp4.edits.iter().find(|e| e.track == track.id) {
                    (delay_s, length_s) = (edit.start_s, edit.length_s);
                } else if let Some((delay, length)) = itunes_gapless(reader) {
                    (delay_s, length_s) = (delay as f64 / rate, Some(length as f64 / rate));
                }
            }
            FORMAT_ID_MKV => {
                let info = reader.media_info();
                length_s = info.duration.zip(info.time_base).map(|(d, unit)| {
                    // It counts from the first block, delay included.
                    d.get() as f64 * seconds(unit) - delay_s
                });
            }
            _ => {}
        }
        // Without a header of their own, frames in a row give an estimate and no claim.
        let is_estimate =
            matches!(self.format, FORMAT_ID_MP1 | FORMAT_ID_MP2 | FORMAT_ID_MP3 | FORMAT_ID_ADTS);
        if let Some(seconds) = claimed(track).filter(|_| !is_estimate) {
            *self.claimed_s.get_or_insert(0.0) += seconds;
        }
        self.line.begin(delay_s, length_s);
        self.held.clear();
        let unit_s = track.time_base.map_or(0.0, seconds);
        Ok(Current { id: track.id, decoder, unit_s, rate_hz, length_s, clock: Clock::default() })
    }

    fn packet(&mut self, current: &mut Current, packet: &Packet) -> Result<(), AudioError> {
        let at_s = packet.pts.get() as f64 * current.unit_s;
        if self.format == FORMAT_ID_MKV && self.packets == 1 && at_s < 0.0 && current.decoder.trims() {
            // The reader has taken the codec delay off the stamps.
            self.line.begin(-at_s, current.length_s.map(|s| s + at_s));
        }
        self.fill_hole(current, packet)?;
        match contained("decoder", || current.decoder.decode(packet, &mut self.mono))? {
            Decoded::Samples { rate_hz, channels } => {
                self.check_channels(channels)?;
                let mut mono = self.mono.as_slice();
                let trimmed = (packet.trim_start.get() + packet.trim_end.get()) as f64 * current.unit_s;
                let lasted_s = mono.len() as f64 / f64::from(rate_hz.max(1));
                if current.decoder.trims() {
                    current.clock.advance(lasted_s + trimmed);
                } else {
                    current.clock.advance(lasted_s);
                    // What the last packet was to drop was not the end after all.
                    if !self.held.is_empty() {
                        self.line.push(&self.held, rate_hz)?;
                        self.held.clear();
                    }
                    // Opus counts everything at its own rate, and its delay apart.
                    let keep = mono.len().saturating_sub(packet.trim_end.get() as usize);
                    self.held.extend_from_slice(&mono[keep..]);
                    let delay = if current.decoder.keeps_delay() { packet.trim_start.get() } else { 0 };
                    mono = &mono[keep.min(delay as usize)..keep];
                }
                if !mono.is_empty() {
                    current.rate_hz = rate_hz;
                    self.idle = 0;
                    self.good_s += mono.len() as f64 / f64::from(rate_hz.max(1));
                    let channels = u16::try_from(channels).unwrap_or(u16::MAX);
                    self.first.get_or_insert_with(|| (current.decoder.name().to_owned(), rate_hz, channels));
                    self.line.push(mono, rate_hz)?;
                }
            }
            Decoded::Damaged(reason) => self.damaged(current, packet, (reason, false))?,
            Decoded::Unsupported(reason) => self.damaged(current, packet, (reason, true))?,
        }
        Ok(())
    }

    /// Puts silence where the time stamps say that audio is missing before a
    /// packet.
    fn fill_hole(&mut self, current: &mut Current, packet: &Packet) -> Result<(), AudioError> {
        let at_s = packet.pts.get() as f64 * current.unit_s;
        let has_stamps = matches!(self.format, FORMAT_ID_MKV | FORMAT_ID_OGG) && current.unit_s > 0.0;
        if has_stamps
            && current.rate_hz > 0
            && let Some(hole_s) = current.clock.hole(at_s, self.limits.max_gap_s)
        {
            let before_s = self.line.filled_s();
            self.line.fill(hole_s, current.rate_hz)?;
            self.gaps_s += self.line.filled_s() - before_s;
            current.clock.advance(hole_s);
        }
        Ok(())
    }

    /// Counts a packet that gave nothing and puts silence in its place.
    fn damaged(
        &mut self,
        current: &mut Current,
        packet: &Packet,
        error: (String, bool),
    ) -> Result<(), AudioError> {
        self.skipped += 1;
        self.first_error.get_or_insert(error);
        let lost_s = current.duration_s(packet).min(LONGEST_PACKET_S);
        if current.rate_hz > 0 && lost_s > 0.0 {
            let before_s = self.line.filled_s();
            self.line.fill(lost_s, current.rate_hz)?;
            self.damaged_s += self.line.filled_s() - before_s;
            current.clock.advance(lost_s);
        }
        Ok(())
    }

    /// Hashes many packets at once: BLAKE3 is several times faster on long
    /// inputs than on the few hundred bytes of a packet.
    fn hash(&mut self, data: &[u8]) {
        self.unhashed.extend_from_slice(data);
        if self.unhashed.len() >= HASH_BLOCK {
            self.hasher.update(&self.unhashed);
            self.unhashed.clear();
        }
    }

    fn check_channels(&self, channels: usize) -> Result<(), AudioError> {
        let limit = usize::from(self.limits.max_channels);
        if channels > limit {
            return Err(AudioError::LimitExceeded {
                what: "the number of channels",
                found: channels.to_string(),
                limit: limit.to_string(),
            });
        }
        Ok(())
    }

    fn finish(mut self) -> Result<AudioInfo, AudioError> {
        let (packets, skipped, good_s) = (self.packets, self.skipped, self.good_s);
        let some = self.first.take().filter(|_| self.line.position_s() > 0.0);
        let Some((codec, sample_rate_hz, channels)) = some else {
            return Err(match self.first_error.take() {
                Some((reason, true)) => AudioError::UnsupportedCodec { codec: self.container, reason },
                Some((reason, false)) => AudioError::TooDamaged { good_s, skipped, packets, reason },
                None => AudioError::NoAudio { container: self.container },
            });
        };
        // More lost than kept: what is left is no fair sample of the file.
        if skipped > packets.saturating_sub(skipped) {
            let reason = self.first_error.map_or_else(String::new, |(reason, _)| reason);
            return Err(AudioError::TooDamaged { good_s, skipped, packets, reason });
        }
        self.hasher.update(&self.unhashed);
        self.hasher.update(&sample_rate_hz.to_le_bytes());
        self.hasher.update(&channels.to_le_bytes());
        let filled_s = self.line.filled_s();
        if skipped > 0 {
            let detail = format!("{skipped} of {packets} packets could not be decoded");
            // Errors between packets have no length that anybody knows.
            let known = (self.damaged_s > 0.0).then_some(self.damaged_s);
            self.miss(UnheardKind::Damaged, known, detail);
        }
        if self.gaps_s > 0.0 {
            self.miss(UnheardKind::Gap, Some(self.gaps_s), "gaps in the time stamps, filled with silence");
        }
        Ok(AudioInfo {
            container: self.container,
            codec,
            sample_rate_hz,
            channels,
            duration_s: self.line.finish(),
            filled_s,
            packets,
            packets_skipped: skipped,
            truncated: self.truncated,
            claimed_s: self.claimed_s,
            unheard: self.unheard,
            audio_hash: *self.hasher.finalize().as_bytes(),
        })
    }
}

fn seconds(unit: TimeBase) -> f64 {
    f64::from(unit.numer.get()) / f64::from(unit.denom.get())
}

/// How long a container says that a track is, in seconds.
fn claimed(track: &Track) -> Option<f64> {
    let by_stamps = track.duration.zip(track.time_base).map(|(d, unit)| d.get() as f64 * seconds(unit));
    let rate_hz = match &track.codec_params {
        Some(CodecParameters::Audio(params)) => params.sample_rate,
        _ => None,
    };
    let by_frames = track.num_frames.zip(rate_hz).map(|(n, rate_hz)| n as f64 / f64::from(rate_hz.max(1)));
    by_stamps.or(by_frames)
}

/// Delay and length from the comment that iTunes writes instead of an edit list.
fn itunes_gapless(reader: &mut dyn FormatReader) -> Option<(u64, u64)> {
    let mut metadata = reader.metadata();
    let revision = metadata.skip_to_latest()?;
    let tag = revision.media.tags.iter().find(|t| t.raw.key.to_ascii_lowercase().ends_with("itunsmpb"))?;
    match &tag.raw.value {
        RawValue::String(text) => mp4::itunes_gapless(text),
        _ => None,
    }
}
