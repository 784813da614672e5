//! Frames of FLAC (RFC 9639, section 9) without another container.
//!
//! A file of them says how many samples it has, and players that believe the frames
//! play what was appended. Symphonia 0.6.1 joins what follows the last frame to it, a
//! tag or another file, and then drops both. Here each frame ends where its sum fits
//! and something begins.

use std::io;

use symphonia::core::audio::Channels;
use symphonia::core::codecs::CodecParameters;
use symphonia::core::codecs::audio::AudioCodecParameters;
use symphonia::core::codecs::audio::well_known::CODEC_ID_FLAC;
use symphonia::core::errors::{Error as SymphoniaError, Result as SymphoniaResult};
use symphonia::core::formats::Track;
use symphonia::core::io::MediaSourceStream;
use symphonia::core::packet::Packet;
use symphonia::core::units::{Duration, TimeBase, Timestamp};

use super::flac::{INFO, Scan};
use super::signature::{self, Signature};
use super::sums::{FLAC_FRAME, FLAC_HEADER};
use super::window::Window;
use super::{frames, link};

/// Bytes looked at where a frame ends: the header of another, or of a tag.
const LOOK: usize = 64;

/// Samples in the smallest block that a description may name (section 8.2).
const LEAST_BLOCK: u16 = 16;

/// Zeros behind a frame that are padding.
const PADDING: usize = 16;

/// A frame that follows another is at most so many frames later.
const MOST_LOST: u64 = 1_000;

/// Bytes that may be summed for nothing, however short the file is, and how often
/// each byte of a longer one: no more is lost to headers without a frame.
const MOST_VAIN: u64 = 16 << 20;
const MOST_VAIN_TIMES: u64 = 8;

/// What a decoder is made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Form {
    rate_hz: u32,
    channels: u8,
    bits: u8,
}

/// The stream's description, which stands in front (section 8.2).
struct Info([u8; INFO]);

impl Info {
    fn word(&self) -> u32 {
        u32::from_be_bytes([self.0[10], self.0[11], self.0[12], self.0[13]])
    }

    fn form(&self) -> Form {
        let word = self.word();
        let field = |at: u32, mask: u32| (word >> at & mask) as u8 + 1;
        Form { rate_hz: word >> 12, channels: field(9, 7), bits: field(4, 0x1f) }
    }

    /// Samples of each channel, if it says.
    fn samples(&self) -> Option<u64> {
        let lower = u32::from_be_bytes([self.0[14], self.0[15], self.0[16], self.0[17]]);
        Some(u64::from(self.word() & 0xf) << 32 | u64::from(lower)).filter(|samples| *samples > 0)
    }

    /// Samples in a block, where all have as many.
    fn block(&self) -> Option<u64> {
        let size = |at: usize| u64::from(u16::from_be_bytes([self.0[at], self.0[at + 1]]));
        (size(0) == size(2) && size(0) > 0).then(|| size(0))
    }

    /// The description of frames of a form, with blocks and frames of any size: what
    /// is said of them is not needed.
    fn describe(&mut self, form: Form) {
        self.0[..2].copy_from_slice(&LEAST_BLOCK.to_be_bytes());
        self.0[2..4].copy_from_slice(&u16::MAX.to_be_bytes());
        self.0[4..10].fill(0);
        let (channels, bits) = (u32::from(form.channels - 1), u32::from(form.bits - 1));
        let word = form.rate_hz << 12 | channels << 9 | bits << 4 | self.word() & 0xf;
        self.0[10..14].copy_from_slice(&word.to_be_bytes());
    }
}

/// The header of a frame (section 9.1).
#[derive(Clone, Copy, Debug)]
struct Header {
    /// Its own bytes.
    bytes: usize,
    form: Form,
    /// Samples of each channel.
    block: u64,
    /// Whether `number` counts samples, and not frames.
    counts_samples: bool,
    number: u64,
}

impl Header {
    /// The header that begins `bytes`, in a stream of `stream`'s form.
    fn parse(bytes: &[u8], stream: Form) -> Option<Header> {
        let [0xff, second @ (0xf8 | 0xf9), sizes, kinds, ..] = *bytes else { return None };
        if kinds & 1 != 0 {
            return None;
        }
        let (number, mut at) = number(bytes.get(4..)?)?;
        at += 4;
        let mut more = |count: usize| {
            let field = bytes.get(at..at + count)?;
            at += count;
            Some(field.iter().fold(0_u32, |n, byte| n << 8 | u32::from(*byte)))
        };
        let block = match sizes >> 4 {
            0 => return None,
            1 => 192,
            n @ 2..=5 => 144 << n,
            6 => more(1)? + 1,
            7 => more(2)? + 1,
            n => 1 << n,
        };
        let rate_hz = match sizes & 0xf {
            0 => stream.rate_hz,
            n @ 1..=11 => {
                const HZ: [u32; 11] =
                    [88_200, 176_400, 192_000, 8_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 96_000];
                HZ[usize::from(n) - 1]
            }
            12 => more(1)? * 1_000,
            13 => more(2)?,
            14 => more(2)? * 10,
            _ => return None,
        };
        let channels = match kinds >> 4 {
            n @ 0..=7 => n + 1,
            8..=10 => 2,
            _ => return None,
        };
        let bits = match kinds >> 1 & 7 {
            0 => stream.bits,
            n => *[8, 12, 0, 16, 20, 24, 32].get(usize::from(n) - 1).filter(|bits| **bits > 0)?,
        };
        let whole = bytes.get(..at + 1)?;
        let is_it = rate_hz > 0 && FLAC_HEADER.of(0, whole) == 0;
        let form = Form { rate_hz, channels, bits };
        is_it.then_some(Header {
            bytes: at + 1,
            form,
            block: u64::from(block),
            counts_samples: second == 0xf9,
            number,
        })
    }

    /// Bytes of the longest frame with this header: its samples as they are, where the
    /// difference of two channels takes a bit more, and what stands around them.
    fn most_bytes(&self) -> usize {
        let bits = self.block * u64::from(self.form.channels) * (u64::from(self.form.bits) + 1);
        self.bytes + (bits / 8) as usize + 16 * usize::from(self.form.channels) + 64
    }

    /// Whether this may be a later frame of the stream that `other` is of.
    fn follows(&self, other: &Header) -> bool {
        let most = if self.counts_samples { MOST_LOST * other.block } else { MOST_LOST };
        self.counts_samples == other.counts_samples
            && self.form == other.form
            && self.number > other.number
            && self.number - other.number <= most
    }
}

/// The number that begins `bytes`, in the form that UTF-8 has for longer ones, too,
/// and its bytes.
fn number(bytes: &[u8]) -> Option<(u64, usize)> {
    let first = *bytes.first()?;
    let count = match first.leading_ones() {
        0 => return Some((u64::from(first), 1)),
        n @ 2..=7 => n as usize,
        _ => return None,
    };
    let upper = u64::from(first) & (0x7f >> count);
    let number = bytes
        .get(1..count)?
        .iter()
        .try_fold(upper, |n, byte| (byte & 0xc0 == 0x80).then_some(n << 6 | u64::from(byte & 0x3f)))?;
    Some((number, count))
}

/// Where a frame ends.
enum Extent {
    /// Its sum fits.
    Whole(usize),
    /// Another frame of the stream begins, and the sum does not fit.
    Damaged(usize),
    /// Nowhere, as far as a frame may reach; so many bytes were looked at.
    Nowhere(usize),
}

/// Reads frames to the end of the source, or to where something else begins.
pub(super) struct FlacFrames {
    window: Window,
    track: [Track; 1],
    info: Info,
    form: Form,
    /// Samples in a block of a stream that counts frames.
    block: Option<u64>,
    /// Samples before the end of the last frame, by its number.
    reached: u64,
    /// Samples that the description claims.
    claimed: Option<u64>,
    junk_bytes: u64,
    /// Bytes behind a header whose frame the source ends in.
    unfinished: u64,
    vain_bytes: u64,
    /// Whether the source ended before the stream did.
    pub(super) cut_off: bool,
}

impl FlacFrames {
    /// Reads `stream`, which stands at the beginning of the file, as `scan` describes it;
    /// `None` if it has no description.
    ///
    /// # Errors
    ///
    /// If the stream cannot be read.
    pub(super) fn new(scan: &Scan, stream: MediaSourceStream<'static>) -> io::Result<Option<Self>> {
        let Some(info) = scan.info.map(Info) else { return Ok(None) };
        let mut window = Window::new(stream);
        window.skip(scan.frames_at)?;
        let mut track = Track::new(0);
        track.num_frames = info.samples();
        let mut frames = FlacFrames {
            window,
            track: [track],
            form: info.form(),
            block: info.block(),
            claimed: info.samples(),
            info,
            reached: 0,
            junk_bytes: 0,
            unfinished: 0,
            vain_bytes: 0,
            cut_off: false,
        };
        frames.info.describe(frames.form);
        frames.describe(frames.form);
        Ok(Some(frames))
    }

    pub(super) fn tracks(&self) -> &[Track] {
        &self.track
    }

    /// Where the next byte stands, from the start of the source.
    pub(super) fn position(&self) -> u64 {
        self.window.position()
    }

    /// Bytes between frames that are none, and no padding.
    pub(super) fn junk_bytes(&self) -> u64 {
        self.junk_bytes
    }

    /// The next frame; one that is damaged is empty. Asks for a new decoder where frames
    /// of another form begin.
    pub(super) fn next_packet(&mut self) -> SymphoniaResult<Option<Packet>> {
        loop {
            self.window.fill(LOOK)?;
            if self.window.rest().is_empty() {
                self.cut_off |= self.claimed.is_some_and(|claimed| claimed > self.reached);
                return Ok(None);
            }
            let Some(header) = Header::parse(self.window.rest(), self.form) else {
                if self.ends_here()? {
                    return Ok(None);
                }
                self.pass_byte();
                continue;
            };
            let (bytes, is_whole) = match self.measure(&header)? {
                Extent::Whole(bytes) => (bytes, true),
                Extent::Damaged(bytes) => (bytes, false),
                Extent::Nowhere(bytes) => {
                    self.vain_bytes += bytes as u64;
                    if self.vain_bytes > MOST_VAIN + MOST_VAIN_TIMES * self.position() {
                        return Ok(None);
                    }
                    self.cut_off |= self.window.rest().len() <= bytes;
                    self.pass_byte();
                    continue;
                }
            };
            if header.form != self.form {
                self.renew(header.form);
                return Err(SymphoniaError::ResetRequired);
            }
            return Ok(Some(self.take(&header, bytes, is_whole)));
        }
    }

    /// Looks for the end of the frame that begins here.
    fn measure(&mut self, header: &Header) -> io::Result<Extent> {
        let (most, least) = (header.most_bytes(), header.bytes + 2);
        let mut at = header.bytes;
        let mut sum = FLAC_FRAME.of(0, &self.window.rest()[..at]);
        // Where it fits and nothing begins, which may be by chance.
        let mut fits = None;
        while at < most {
            self.window.fill(at + LOOK)?;
            let rest = self.window.rest();
            if at >= least {
                let next = rest.get(at..).unwrap_or_default();
                let follows = Header::parse(next, self.form);
                if sum == 0 && (follows.is_some() || next.is_empty() || self.other_begins(at)?) {
                    return Ok(Extent::Whole(at));
                }
                if sum == 0 {
                    fits = fits.or(Some(at));
                }
                if follows.is_some_and(|next| next.follows(header)) {
                    return Ok(fits.map_or(Extent::Damaged(at), Extent::Whole));
                }
            }
            let Some(byte) = self.window.rest().get(at) else { break };
            sum = FLAC_FRAME.of(sum, std::slice::from_ref(byte));
            at += 1;
        }
        Ok(fits.map_or(Extent::Nowhere(at), Extent::Whole))
    }

    /// Whether something else than a frame of FLAC begins `at` bytes from here.
    fn other_begins(&mut self, at: usize) -> io::Result<bool> {
        let rest = self.window.rest().get(at..).unwrap_or_default();
        let is_other = frames::tag(rest).is_some() || signature::of(rest).is_some();
        if is_other || rest.iter().take(PADDING).all(|byte| *byte == 0) {
            return Ok(true);
        }
        if rest.first() != Some(&0xff) {
            return Ok(false);
        }
        self.window.fill(at + link::HEAD as usize)?;
        Ok(frames::begin(&self.window.rest()[at..]))
    }

    /// Whether what begins here is none of this stream: a tag behind it, another
    /// container, frames of another kind.
    fn ends_here(&mut self) -> io::Result<bool> {
        let rest = self.window.rest();
        let is_other = signature::of(rest).is_some_and(|found| found != Signature::Id3);
        if is_other || frames::tag(rest).is_some() {
            return Ok(true);
        }
        Ok(rest.first() == Some(&0xff) && self.other_begins(0)?)
    }

    /// Takes the frame that begins here.
    fn take(&mut self, header: &Header, bytes: usize, is_whole: bool) -> Packet {
        let data = self.window.take(bytes);
        let data = if is_whole { data.to_vec() } else { Vec::new() };
        self.junk_bytes += std::mem::take(&mut self.unfinished);
        self.cut_off = false;
        let block = *self.block.get_or_insert(header.block);
        let first = if header.counts_samples { header.number } else { header.number.saturating_mul(block) };
        self.reached = first.saturating_add(header.block);
        let at = Timestamp::new(i64::try_from(first).unwrap_or(i64::MAX));
        Packet::new(self.track[0].id, at, Duration::new(header.block), data)
    }

    /// Goes on with frames of another form than the description says.
    fn renew(&mut self, form: Form) {
        self.info.describe(form);
        (self.form, self.block, self.claimed) = (form, None, None);
        self.track[0].num_frames = None;
        self.describe(form);
    }

    fn describe(&mut self, form: Form) {
        let mut params = AudioCodecParameters::new();
        params
            .for_codec(CODEC_ID_FLAC)
            .with_sample_rate(form.rate_hz)
            .with_bits_per_sample(u32::from(form.bits))
            .with_channels(Channels::Discrete(u16::from(form.channels)))
            .with_extra_data(self.info.0.into());
        let track = &mut self.track[0];
        track.with_codec_params(CodecParameters::Audio(params));
        track.time_base = TimeBase::try_from_recip(form.rate_hz);
    }

    /// Passes over a byte that no frame begins with. Those of a frame that the source
    /// ends in are no junk.
    fn pass_byte(&mut self) {
        let is_padding = self.window.take(1) == [0];
        let passed = if self.cut_off { &mut self.unfinished } else { &mut self.junk_bytes };
        *passed += u64::from(!is_padding);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STREAM: Form = Form { rate_hz: 44_100, channels: 2, bits: 16 };

    /// A header with its sum.
    fn header(bytes: &[u8]) -> Vec<u8> {
        [bytes, &[(FLAC_HEADER.of(0, bytes) >> 24) as u8]].concat()
    }

    #[test]
    fn headers() {
        // The first frame of example 1 of RFC 9639, appendix D.
        let found = Header::parse(&[0xff, 0xf8, 0x69, 0x18, 0x00, 0x00, 0xbf, 0x00], STREAM).unwrap();
        assert_eq!((found.bytes, found.block, found.number), (7, 1, 0));
        assert_eq!(found.form, STREAM);
        let long = [0xff, 0xf9, 0x7d, 0xa8, 0xe0, 0xa4, 0xb9, 0x0f, 0xff, 0x56, 0x22];
        let found = Header::parse(&header(&long), STREAM).unwrap();
        assert_eq!((found.block, found.number, found.counts_samples), (4_096, 0x939, true));
        assert_eq!(found.form, Form { rate_hz: 22_050, channels: 2, bits: 16 });
        let mut bad = header(&long);
        bad[8] ^= 1;
        assert!(Header::parse(&bad, STREAM).is_none(), "the sum does not fit");
        for cut in 0..long.len() {
            assert!(Header::parse(&header(&long)[..cut], STREAM).is_none());
        }
    }

    #[test]
    fn a_description_says_what_was_put_there() {
        for form in [STREAM, Form { rate_hz: 655_350, channels: 8, bits: 32 }, Form { bits: 8, ..STREAM }] {
            let mut info = Info([0xff; INFO]);
            info.describe(form);
            assert_eq!(info.form(), form);
            assert_eq!(info.0[14..], [0xff; 20], "the rest stays");
        }
    }
}
