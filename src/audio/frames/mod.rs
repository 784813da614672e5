//! Streams of frames that stand for themselves: MPEG audio, and AAC in ADTS.
//!
//! Nothing around the frames says where the stream ends, and files of such
//! streams are joined by appending one to the other. Players play all of it.
//! Symphonia 0.6.1 believes the length in the first frame, or else guesses one, and
//! drops what comes after; a change of rate or channels is damage to it. So it
//! only finds the first frame, and the frames are read here.

mod adts;
mod mpeg;

use std::io;

use symphonia::core::audio::Channels;
use symphonia::core::codecs::CodecParameters;
use symphonia::core::codecs::audio::{AudioCodecId, AudioCodecParameters};
use symphonia::core::errors::{Error as SymphoniaError, Result as SymphoniaResult};
use symphonia::core::formats::{FormatReader, Track};
use symphonia::core::packet::Packet;
use symphonia::core::units::{Duration, TimeBase, Timestamp};

use super::signature::{self, Signature};
use super::window::Window;

/// Bytes looked at behind a place where no frame begins: enough for the header of
/// a tag or a container.
const LOOK: usize = 64;

/// What a decoder is made for.
#[derive(Clone, PartialEq)]
struct Form {
    codec: AudioCodecId,
    rate_hz: u32,
    channels: Option<Channels>,
}

impl Form {
    /// Whether a track is described as of this form.
    fn is_of(&self, track: &Track) -> bool {
        let Some(CodecParameters::Audio(params)) = &track.codec_params else { return false };
        let count = |channels: &Option<Channels>| channels.as_ref().map(Channels::count);
        params.codec == self.codec
            && params.sample_rate == Some(self.rate_hz)
            && count(&params.channels) == count(&self.channels)
    }
}

/// A frame by its header.
struct Frame {
    form: Form,
    /// Bytes of all of it.
    bytes: usize,
    /// Bytes of its header that are not given to the decoder.
    head_bytes: usize,
    samples: u32,
    /// Why it cannot be decoded.
    unread: Option<&'static str>,
}

/// Which frames they are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Mpeg,
    Adts,
}

/// Reads frames to the end of the source, or to where another container begins.
pub(super) struct Frames {
    window: Window,
    kind: Kind,
    /// The one track, as the frames are now.
    track: [Track; 1],
    form: Option<Form>,
    /// Whether a frame or a tag ended where the next byte stands.
    in_step: bool,
    /// Where the last tag between frames ends by its own length.
    tag_end: u64,
    /// Samples before the next frame.
    samples: i64,
    claimed_s: f64,
    junk_bytes: u64,
    /// Whether the last frame of the source is not all there.
    pub(super) cut_off: bool,
}

impl Frames {
    /// Goes on where `reader` stands, which must be Symphonia's for MPEG audio
    /// or ADTS, over a source without a length: so it does not guess one, and what
    /// its track says is what the first frame claims.
    pub(super) fn new(reader: Box<dyn FormatReader>, is_mpeg: bool) -> Self {
        let track = reader.tracks().first().cloned().unwrap_or_else(|| Track::new(0));
        Frames {
            window: Window::new(reader.into_inner()),
            kind: if is_mpeg { Kind::Mpeg } else { Kind::Adts },
            track: [track],
            form: None,
            in_step: false,
            tag_end: 0,
            samples: 0,
            claimed_s: 0.0,
            junk_bytes: 0,
            cut_off: false,
        }
    }

    pub(super) fn tracks(&self) -> &[Track] {
        &self.track
    }

    /// Where the next byte stands, from the start of the source.
    pub(super) fn position(&self) -> u64 {
        self.window.position()
    }

    /// Bytes between frames that are neither tags nor padding.
    pub(super) fn junk_bytes(&self) -> u64 {
        self.junk_bytes
    }

    /// Seconds that tables of contents behind the first claim.
    pub(super) fn claimed_s(&self) -> f64 {
        self.claimed_s
    }

    /// The next frame. As Symphonia's readers do, asks for a new decoder where
    /// frames of another form begin.
    pub(super) fn next_packet(&mut self) -> SymphoniaResult<Option<Packet>> {
        loop {
            self.window.fill(LOOK)?;
            if self.window.rest().is_empty() {
                return Ok(None);
            }
            if let Some(frame) = self.confirmed()? {
                if self.form.as_ref() != Some(&frame.form) {
                    let is_known = self.form.is_none() && frame.form.is_of(&self.track[0]);
                    if is_known {
                        self.form = Some(frame.form.clone());
                    } else {
                        self.renew(&frame.form);
                        return Err(SymphoniaError::ResetRequired);
                    }
                }
                if self.window.rest().len() < frame.bytes {
                    // The last frame is cut off, or its length is wrong and others follow.
                    self.cut_off = true;
                    self.pass_byte();
                    continue;
                }
                self.cut_off = false;
                if let Some(packet) = self.take(&frame)? {
                    return Ok(Some(packet));
                }
            } else if self.ends_here() {
                return Ok(None);
            } else {
                self.pass_byte();
            }
        }
    }

    fn frame_at(&self, at: usize) -> Option<Frame> {
        let bytes = self.window.rest().get(at..)?;
        match self.kind {
            Kind::Mpeg => mpeg::frame(bytes),
            Kind::Adts => adts::frame(bytes),
        }
    }

    /// The frame that begins here, if it is one: it follows a frame of its form, or
    /// frames of its form follow it, one where something like it is expected and two
    /// where it is not.
    fn confirmed(&mut self) -> io::Result<Option<Frame>> {
        let Some(frame) = self.frame_at(0) else { return Ok(None) };
        self.window.fill(frame.bytes)?;
        let same = self.form.as_ref().is_none_or(|form| *form == frame.form);
        let needed = match (self.in_step, same) {
            (true, true) => 0,
            (true, false) | (false, true) => 1,
            (false, false) => 2,
        };
        let mut at = frame.bytes;
        for _ in 0..needed {
            self.window.fill(at + LOOK)?;
            if self.window.rest().len() < at {
                return Ok(None);
            }
            let rest = &self.window.rest()[at..];
            if rest.is_empty() || tag(rest).is_some() || signature::of(rest).is_some() {
                break;
            }
            let follows = self.frame_at(at).filter(|next| next.form == frame.form);
            let Some(next) = follows else { return Ok(None) };
            at += next.bytes;
        }
        Ok(Some(frame))
    }

    /// Takes the frame that begins here; `None` if it holds no audio.
    fn take(&mut self, frame: &Frame) -> SymphoniaResult<Option<Packet>> {
        let bytes = self.window.take(frame.bytes);
        let contents = if self.kind == Kind::Mpeg { mpeg::contents(bytes) } else { None };
        let data = bytes[frame.head_bytes..].to_vec();
        self.in_step = true;
        if let Some(claimed) = contents {
            self.claimed_s += claimed.unwrap_or(0) as f64 / f64::from(frame.form.rate_hz);
            return Ok(None);
        }
        let at = Timestamp::new(self.samples);
        self.samples = self.samples.saturating_add(i64::from(frame.samples));
        if let Some(reason) = frame.unread {
            return Err(SymphoniaError::DecodeError(reason));
        }
        Ok(Some(Packet::new(self.track[0].id, at, Duration::new(u64::from(frame.samples)), data)))
    }

    /// Describes the track by frames of `form`.
    fn renew(&mut self, form: &Form) {
        // Only the first part's encoder said these.
        (self.track[0].delay, self.track[0].padding, self.track[0].num_frames) = (None, None, None);
        let mut params = AudioCodecParameters::new();
        params.for_codec(form.codec).with_sample_rate(form.rate_hz);
        if let Some(channels) = &form.channels {
            params.with_channels(channels.clone());
        }
        let track = &mut self.track[0];
        track.with_codec_params(CodecParameters::Audio(params));
        track.time_base = TimeBase::try_from_recip(form.rate_hz);
        self.form = Some(form.clone());
        self.samples = 0;
    }

    /// Whether another container begins here, which is a link of its own.
    fn ends_here(&self) -> bool {
        signature::of(self.window.rest()).is_some_and(|found| found != Signature::Id3)
    }

    /// Passes over a byte that no frame begins with. Tags are passed over byte by
    /// byte, too: players differ in whether they believe the length of a tag between
    /// frames, and those that do not play what is in it.
    fn pass_byte(&mut self) {
        if let Some(bytes) = tag(self.window.rest()) {
            self.tag_end = self.tag_end.max(self.position().saturating_add(bytes));
        }
        let is_tag = self.position() < self.tag_end;
        let is_padding = self.window.take(1) == [0];
        self.junk_bytes += u64::from(!is_tag && !is_padding);
        self.in_step = self.position() == self.tag_end;
    }
}

/// Rate and channels of a frame of MPEG audio.
pub(super) fn spec(packet: &[u8]) -> Option<(u32, Channels)> {
    let form = mpeg::frame(packet)?.form;
    Some((form.rate_hz, form.channels?))
}

/// Whether three frames of one form, or fewer that are all, begin `bytes`.
pub(super) fn begin(bytes: &[u8]) -> bool {
    [mpeg::frame as fn(&[u8]) -> Option<Frame>, adts::frame].into_iter().any(|parse| {
        let (mut at, mut form) = (0, None);
        for _ in 0..3 {
            let Some(frame) = bytes.get(at..).and_then(parse) else { return false };
            if form.is_some_and(|form| form != frame.form) {
                return false;
            }
            at += frame.bytes;
            form = Some(frame.form);
            if at == bytes.len() {
                break;
            }
        }
        at <= bytes.len()
    })
}

/// Bytes of the tag that begins here: ID3v2, ID3v1, or APE, whose size in its header
/// leaves the header out.
pub(super) fn tag(bytes: &[u8]) -> Option<u64> {
    if let Some(size) = signature::id3v2(bytes) {
        return Some(size);
    }
    match bytes {
        [b'T', b'A', b'G', ..] => Some(128),
        [b'A', b'P', b'E', b'T', b'A', b'G', b'E', b'X', rest @ ..] => {
            let word = |at: usize| rest.get(at..at + 4)?.first_chunk().copied().map(u32::from_le_bytes);
            let (size, flags) = (word(4)?, word(12)?);
            let is_header = flags >> 29 & 1 == 1;
            Some(32 + if is_header { u64::from(size) } else { 0 })
        }
        _ => None,
    }
}
