//! One track on its way from packets to the sink.

use std::ops::ControlFlow;

use symphonia::core::formats::FormatId;
use symphonia::core::formats::well_known::{FORMAT_ID_FLAC, FORMAT_ID_MKV, FORMAT_ID_OGG};
use symphonia::core::packet::Packet;

use super::balance::Balance;
use super::clock::Clock;
use super::codec::{Decoded, TrackDecoder};
use super::guard::contained;
use super::parts::{Parts, Passed, WARM_UP_S, Wish};
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

/// One track, across all links of its file.
pub(super) struct Lane<'a> {
    limits: &'a Limits,
    line: Timeline<'a>,
    hasher: blake3::Hasher,
    /// Packets not hashed yet.
    unhashed: Vec<u8>,
    mono: Vec<f32>,
    balance: Balance,
    /// Samples at the end of the last packet that belong to the audio only if
    /// another packet follows.
    held: Vec<f32>,
    passed: Passed,
    /// Codec, rate and channels of the first good packet.
    first: Option<(String, u32, u16)>,
    packets: u64,
    skipped: u64,
    /// Packets and errors since there last was audio.
    pub(super) idle: u32,
    good_s: f64,
    /// Whether the last thing the reader gave was an error.
    stumbling: bool,
    /// The first packet error, and whether it was a feature without support.
    first_error: Option<(String, bool)>,
    pub(super) truncated: bool,
    /// Lengths that the links of the stream claim, together.
    claimed_s: Option<f64>,
    /// Silence in place of packets that gave nothing, in seconds.
    damaged_s: f64,
    /// What is missing by the time stamps, in seconds, and how much of it has no
    /// silence in its place.
    gaps_s: f64,
    closed_s: f64,
    unheard: Vec<Unheard>,
}

/// The track in the link at hand.
pub(super) struct Current {
    pub(super) id: u32,
    pub(super) decoder: TrackDecoder,
    pub(super) format: FormatId,
    /// Seconds per unit of its time stamps.
    pub(super) unit_s: f64,
    pub(super) rate_hz: u32,
    /// Delay to drop from its start.
    pub(super) delay_s: f64,
    /// Its length by the container, where that matters.
    pub(super) length_s: Option<f64>,
    /// Whether no packet has come yet.
    pub(super) is_new: bool,
    pub(super) clock: Clock,
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

impl<'a> Lane<'a> {
    pub(super) fn new(to_hz: u32, limits: &'a Limits, parts: &'a mut dyn Parts) -> Self {
        Lane {
            limits,
            passed: Passed::new(parts.tail_s()),
            line: Timeline::new(to_hz, limits, parts),
            hasher: blake3::Hasher::new(),
            unhashed: Vec::with_capacity(2 * HASH_BLOCK),
            mono: Vec::new(),
            balance: Balance::default(),
            held: Vec::new(),
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
            closed_s: 0.0,
            unheard: Vec::new(),
        }
    }

    /// Begins the track of a link; `claimed_s` is how long its container says it is.
    pub(super) fn begin(&mut self, current: &Current, claimed_s: Option<f64>) {
        if self.packets == 0 && self.first.is_none() {
            self.hasher = blake3::Hasher::new();
            self.hasher.update(current.decoder.name().as_bytes());
        }
        self.claim(claimed_s.unwrap_or(0.0));
        self.line.begin(current.delay_s, current.length_s);
        self.held.clear();
    }

    /// Adds to what the container claims.
    pub(super) fn claim(&mut self, seconds: f64) {
        if seconds > 0.0 {
            *self.claimed_s.get_or_insert(0.0) += seconds;
        }
    }

    /// Whether there has been audio.
    pub(super) fn has_audio(&self) -> bool {
        self.good_s > 0.0
    }

    /// The channel that is wished for.
    pub(super) fn channel(&self) -> Option<u16> {
        self.line.channel()
    }

    /// Tells a part that is not heard.
    pub(super) fn miss(&mut self, kind: UnheardKind, seconds: Option<f64>, detail: impl Into<String>) {
        if self.unheard.len() < MOST_UNHEARD {
            self.unheard.push(Unheard::new(kind, seconds, detail));
        }
    }

    /// Counts an error of the reader between packets. One place of damage counts
    /// once, however often the reader stumbles over it.
    pub(super) fn stumble(&mut self, error: String) {
        self.skipped += u64::from(!self.stumbling);
        self.stumbling = true;
        self.idle += 1;
        self.first_error.get_or_insert((error, false));
    }

    /// Takes a packet: decodes it, keeps it for the case that what follows is
    /// decoded, or asks to end.
    pub(super) fn arrive(
        &mut self,
        current: &mut Current,
        packet: Packet,
    ) -> Result<ControlFlow<()>, AudioError> {
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

    /// Ends a link in the midst of a stream that goes on with another.
    pub(super) fn leave(&mut self, current: &mut Current) -> Result<(), AudioError> {
        self.warm_up(current, 0.0)
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
                contained("decoder", || {
                    current.decoder.decode(&packet, &mut self.mono, &mut Balance::default())
                })?;
            }
            self.pass_over(current, &packet, lasts_s)?;
        }
        Ok(())
    }

    /// Decodes what was kept of the end.
    pub(super) fn tail(&mut self, current: &mut Current) -> Result<(), AudioError> {
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

    fn packet(&mut self, current: &mut Current, packet: &Packet) -> Result<(), AudioError> {
        let at_s = packet.pts.get() as f64 * current.unit_s;
        if current.format == FORMAT_ID_MKV && current.is_new && at_s < 0.0 && current.decoder.trims() {
            // The reader has taken the codec delay off the stamps.
            self.line.begin(-at_s, current.length_s.map(|s| s + at_s));
        }
        current.is_new = false;
        self.fill_hole(current, packet)?;
        let decoded =
            contained("decoder", || current.decoder.decode(packet, &mut self.mono, &mut self.balance))?;
        match decoded {
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
        let is_stamped = matches!(current.format, FORMAT_ID_MKV | FORMAT_ID_OGG | FORMAT_ID_FLAC);
        let has_stamps = is_stamped && current.unit_s > 0.0;
        if !has_stamps || current.rate_hz == 0 {
            return Ok(());
        }
        if let Some(hole) = current.clock.hole(at_s, self.limits.max_gap_s) {
            // What a broken stamp says is no length.
            self.gaps_s += hole.seconds.min(self.limits.max_gap_s);
            if hole.believed {
                self.line.fill(hole.seconds, current.rate_hz)?;
                current.clock.advance(hole.seconds);
            } else {
                self.closed_s += hole.seconds.min(self.limits.max_gap_s);
            }
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
            self.line.fill(lost_s, current.rate_hz)?;
            self.damaged_s += lost_s;
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

    pub(super) fn check_channels(&self, channels: usize) -> Result<(), AudioError> {
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

    /// Ends the track, which came out of a container of this short name.
    pub(super) fn finish(mut self, container: String) -> Result<AudioInfo, AudioError> {
        let (packets, skipped, good_s) = (self.packets, self.skipped, self.good_s);
        let some = self.first.take().filter(|_| self.line.position_s() > 0.0);
        let Some((codec, sample_rate_hz, channels)) = some else {
            return Err(match self.first_error.take() {
                Some((reason, true)) => AudioError::UnsupportedCodec { codec: container, reason },
                Some((reason, false)) => AudioError::TooDamaged { good_s, skipped, packets, reason },
                None => AudioError::NoAudio { container },
            });
        };
        // More lost than kept: what is left is no fair sample of the file.
        if skipped > packets.saturating_sub(skipped) {
            let reason = self.first_error.map_or_else(String::new, |(reason, _)| reason);
            return Err(AudioError::TooDamaged { good_s, skipped, packets, reason });
        }
        self.tell_losses();
        self.hasher.update(&self.unhashed);
        self.hasher.update(&sample_rate_hz.to_le_bytes());
        self.hasher.update(&channels.to_le_bytes());
        let filled_s = self.line.filled_s();
        Ok(AudioInfo {
            container,
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

    fn tell_losses(&mut self) {
        for (channel, lost_s) in std::mem::take(&mut self.balance).finish() {
            if self.unheard.len() < MOST_UNHEARD {
                self.unheard.push(Unheard::in_channel(channel, lost_s));
            }
        }
        if self.skipped > 0 {
            let detail = format!("{} of {} packets could not be decoded", self.skipped, self.packets);
            // Errors between packets have no length that anybody knows.
            let known = (self.damaged_s > 0.0).then_some(self.damaged_s);
            self.miss(UnheardKind::Damaged, known, detail);
        }
        if self.gaps_s > 0.0 {
            let detail = match self.gaps_s - self.closed_s {
                believed_s if believed_s > 0.0 => {
                    format!("gaps in the time stamps, {believed_s:.1} s of them filled with silence")
                }
                _ => "gaps in the time stamps, too many or too long to be believed: closed".to_owned(),
            };
            self.miss(UnheardKind::Gap, Some(self.gaps_s), detail);
        }
    }
}
