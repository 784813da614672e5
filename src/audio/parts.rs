//! Which parts of the audio are decoded.

use std::collections::VecDeque;

use symphonia::core::packet::Packet;

use crate::units::Seconds;

/// What is to be done with the audio from a place on, some tens of milliseconds
/// of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// It is decoded.
    Decode,
    /// It is passed over: its packets are read, hashed and counted as long as they
    /// say they last.
    Pass,
    /// Nothing more is read. What [`AudioInfo`](super::AudioInfo) says is about
    /// what came before.
    End,
}

/// Chooses the parts of the audio that are decoded, and takes them.
pub trait Parts {
    /// What is to be done with the audio at `at_s` seconds. Asked in order, packet
    /// by packet; the answer is taken for the whole packet. The first second and what
    /// cannot be passed over is decoded whatever is wished.
    fn wish(&mut self, at_s: Seconds) -> Wish;

    /// How much of the end is decoded whatever was wished, in seconds, up to 30.
    fn tail_s(&self) -> Seconds {
        0.0
    }

    /// The channel that is decoded, numbered from 0 in the order of the decoder; `None`
    /// for the mean of all, which also stands for a channel that there is not.
    fn channel(&self) -> Option<u16> {
        None
    }

    /// Takes samples: sample `first + n` is the sound at (`first + n`) / rate from
    /// the start. Where something was passed over, `first` is larger than the number
    /// of samples that came. The last milliseconds before such a place are missing, and
    /// the first behind it are not exact.
    fn take(&mut self, first: u64, samples: &[f32]);
}

/// All of it, for a function.
pub(super) struct All<'a>(pub(super) &'a mut dyn FnMut(&[f32]));

impl Parts for All<'_> {
    fn wish(&mut self, _: Seconds) -> Wish {
        Wish::Decode
    }

    fn take(&mut self, _: u64, samples: &[f32]) {
        (self.0)(samples);
    }
}

/// Decoders depend on what came before: MP3 on up to ten frames, Opus on 80 ms
/// (RFC 7845, section 4.6). So much is decoded, and thrown away, before a part that
/// is wanted, in seconds.
pub(super) const WARM_UP_S: Seconds = 0.5;

/// The most that is kept of the end, in seconds and bytes.
const MOST_KEPT_S: Seconds = 30.0;
const MOST_KEPT_BYTES: usize = 16 << 20;

/// The last packets that were not wanted: before a part that is wanted the
/// decoder gets some of them, and at the end of the audio all.
pub(super) struct Passed {
    keep_s: Seconds,
    /// Each with how long it lasts, in seconds.
    packets: VecDeque<(Packet, Seconds)>,
    seconds: Seconds,
    bytes: usize,
}

impl Passed {
    /// Keeps `tail_s` seconds, or what a decoder needs.
    pub(super) fn new(tail_s: Seconds) -> Self {
        let keep_s = tail_s.clamp(0.0, MOST_KEPT_S) + WARM_UP_S;
        Passed { keep_s, packets: VecDeque::new(), seconds: 0.0, bytes: 0 }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.packets.is_empty()
    }

    /// How much is kept at most, in seconds.
    pub(super) fn keep_s(&self) -> Seconds {
        self.keep_s
    }

    /// Takes all packets but those of the first `seconds` away.
    pub(super) fn split_off(&mut self, seconds: Seconds) -> Vec<Packet> {
        let mut kept_s = 0.0;
        let kept = self.packets.iter().take_while(|(_, lasts_s)| {
            kept_s += lasts_s;
            kept_s <= seconds.max(0.0)
        });
        let kept = kept.count();
        let rest: Vec<(Packet, Seconds)> = self.packets.drain(kept..).collect();
        for (packet, lasts_s) in &rest {
            self.seconds -= lasts_s;
            self.bytes -= packet.data.len();
        }
        rest.into_iter().map(|(packet, _)| packet).collect()
    }

    /// How long the kept packets last.
    pub(super) fn seconds(&self) -> Seconds {
        self.seconds
    }

    pub(super) fn push(&mut self, packet: Packet, lasts_s: Seconds) {
        self.seconds += lasts_s;
        self.bytes += packet.data.len();
        self.packets.push_back((packet, lasts_s));
    }

    /// The oldest, if it need not be kept any more.
    pub(super) fn superfluous(&mut self) -> Option<(Packet, Seconds)> {
        let oldest_s = self.packets.front()?.1;
        let too_many = self.seconds - oldest_s > self.keep_s || self.bytes > MOST_KEPT_BYTES;
        if too_many { self.pop() } else { None }
    }

    /// The oldest.
    pub(super) fn pop(&mut self) -> Option<(Packet, Seconds)> {
        let (packet, lasts_s) = self.packets.pop_front()?;
        self.bytes -= packet.data.len();
        // No remainders of sums of fractions in what is empty.
        self.seconds = if self.packets.is_empty() { 0.0 } else { self.seconds - lasts_s };
        Some((packet, lasts_s))
    }
}
