//! From an input's bytes to the fingerprint of the passage that is asked about,
//! in bounded time.

use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::audio::{self, AudioInfo, Limits, Parts, Wish};
use crate::fingerprint::{Fingerprint, Fingerprinter};
use crate::inputs::Passage;
use crate::params::Params;
use crate::units::Seconds;

use super::read_error::ReadError;

/// The time that reading and decoding one input may take.
#[derive(Clone, Debug)]
pub struct Clock {
    end: Option<Instant>,
    limit: Duration,
    expired: Arc<AtomicBool>,
}

impl Clock {
    /// A clock that starts now; without a limit it never expires.
    pub fn start(limit: Option<Duration>) -> Self {
        Self {
            end: limit.and_then(|limit| Instant::now().checked_add(limit)),
            limit: limit.unwrap_or_default(),
            expired: Arc::default(),
        }
    }

    /// Whether the time is over. Once it is, it stays so.
    pub fn is_over(&self) -> bool {
        let over = self.end.is_some_and(|end| Instant::now() >= end);
        if over {
            self.expired.store(true, Ordering::Relaxed);
        }
        over
    }

    /// The error of what expired, in place of whatever else came of it.
    ///
    /// # Errors
    /// That the time is over, or the one that was given.
    pub fn judge<T>(&self, result: Result<T, ReadError>) -> Result<T, ReadError> {
        if self.expired.load(Ordering::Relaxed) {
            return Err(ReadError::TimedOut { limit_s: self.limit.as_secs() });
        }
        result
    }
}

/// A source that cannot be read any more when the time is over. A decoder asks
/// for bytes every few packets, so that it ends soon after.
pub struct Timed<R> {
    source: R,
    clock: Clock,
}

impl<R> Timed<R> {
    /// Reads `source` until `clock` expires.
    pub fn new(source: R, clock: &Clock) -> Self {
        Self { source, clock: clock.clone() }
    }

    fn check(&self) -> io::Result<()> {
        if self.clock.is_over() { Err(io::ErrorKind::TimedOut.into()) } else { Ok(()) }
    }
}

impl<R: Read> Read for Timed<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.check()?;
        self.source.read(buf)
    }
}

impl<R: Seek> Seek for Timed<R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.check()?;
        self.source.seek(to)
    }
}

/// What of a source is fingerprinted.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wanted {
    /// The passage; all of it unless told.
    pub passage: Option<Passage>,
    /// The channel, from 0; the mean of all unless told.
    pub channel: Option<u16>,
}

/// Decodes `source` and makes the fingerprint of what is wanted. The length told is
/// that of what was taken.
///
/// # Errors
/// Those of [`audio::decode_parts`], and if the audio ends before the passage begins.
pub fn fingerprint<R: Read + Seek + Send + Sync + 'static>(
    source: R,
    extension: Option<&str>,
    wanted: Wanted,
    clock: &Clock,
    params: &Params,
    limits: &Limits,
) -> Result<(Fingerprint, AudioInfo), ReadError> {
    let mut cut = Cut::new(wanted, clock, params);
    let mut info = audio::decode_parts(source, extension, params.rate_hz, limits, &mut cut)?;
    if let Some(passage) = wanted.passage {
        if cut.taken == 0 {
            let (start_s, duration_s) = (passage.start_s, info.duration_s);
            return Err(ReadError::PassageBeyond { start_s, duration_s });
        }
        info.duration_s = cut.taken as f64 / f64::from(params.rate_hz);
    }
    Ok((cut.fingerprinter.finish(), info))
}

/// Decoding begins so much before a passage, in seconds: behind a part that is passed
/// over up to an eighth of a second is missing.
const LEAD_S: Seconds = 0.25;

/// Cuts a passage out of the audio and fingerprints it.
struct Cut<'a> {
    wanted: Wanted,
    clock: &'a Clock,
    /// The samples of the passage, counted from the start of the audio.
    samples: Range<u64>,
    fingerprinter: Fingerprinter,
    /// Samples that were fingerprinted.
    taken: u64,
}

impl<'a> Cut<'a> {
    fn new(wanted: Wanted, clock: &'a Clock, params: &Params) -> Self {
        // Casts of floats saturate, and 2^64 samples are no audio.
        let samples = |seconds: Seconds| (seconds * f64::from(params.rate_hz)).round() as u64;
        let samples = match wanted.passage {
            None => 0..u64::MAX,
            Some(Passage { start_s, duration_s }) => {
                samples(start_s)..duration_s.map_or(u64::MAX, |duration_s| samples(start_s + duration_s))
            }
        };
        Cut { wanted, clock, samples, fingerprinter: Fingerprinter::new(params), taken: 0 }
    }
}

impl Parts for Cut<'_> {
    fn wish(&mut self, at_s: Seconds) -> Wish {
        let Some(Passage { start_s, duration_s }) = self.wanted.passage else { return Wish::Decode };
        let end_s = duration_s.map_or(Seconds::INFINITY, |duration_s| start_s + duration_s + LEAD_S);
        if (start_s - LEAD_S..end_s).contains(&at_s) { Wish::Decode } else { Wish::Pass }
    }

    fn channel(&self) -> Option<u16> {
        self.wanted.channel
    }

    fn take(&mut self, first: u64, samples: &[f32]) {
        let length = samples.len() as u64;
        let within = |sample: u64| sample.saturating_sub(first).min(length) as usize;
        let (from, to) = (within(self.samples.start), within(self.samples.end));
        let taken = &samples[from..to.max(from)];
        self.taken += taken.len() as u64;
        // What comes after the time is over is thrown away: no work for nothing.
        if !taken.is_empty() && !self.clock.is_over() {
            self.fingerprinter.push(taken);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The fingerprint of a passage, given in blocks of `size` samples.
    fn cut(samples: &[f32], passage: Option<(f64, Option<f64>)>, size: usize) -> (Fingerprint, u64) {
        let passage = passage.map(|(start_s, duration_s)| Passage { start_s, duration_s });
        let (params, clock) = (Params::default(), Clock::start(None));
        let mut cut = Cut::new(Wanted { passage, channel: None }, &clock, &params);
        for (first, block) in (0..).step_by(size).zip(samples.chunks(size)) {
            cut.take(first, block);
        }
        (cut.fingerprinter.finish(), cut.taken)
    }

    #[test]
    fn a_cut_is_the_same_whatever_the_blocks() {
        let mut noise = 1u32;
        let samples: Vec<f32> = std::iter::repeat_with(|| {
            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (noise >> 8) as f32 / 16_777_216.0 - 0.5
        })
        .take(48_000)
        .collect();
        let cases = [
            (None, 0..48_000),
            (Some((1.5, Some(2.0))), 18_000..42_000),
            (Some((3.0, None)), 36_000..48_000),
            (Some((3.0, Some(5.0))), 36_000..48_000),
            (Some((20.0, None)), 48_000..48_000),
        ];
        for (passage, expected) in cases {
            let due = cut(&samples[expected.clone()], None, 48_000);
            assert_eq!(due.1, expected.len() as u64);
            for size in [1, 7, 48_000] {
                assert_eq!(cut(&samples, passage, size), due, "{passage:?} in blocks of {size}");
            }
        }
    }

    #[test]
    fn a_clock_ends_reading_and_names_itself() {
        let clock = Clock::start(Some(Duration::ZERO));
        let mut source = Timed::new(io::Cursor::new([1, 2, 3]), &clock);
        let error = source.read(&mut [0]).expect_err("the time is over");
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        let error = clock.judge(Ok(())).expect_err("the time is over");
        assert!(matches!(error, ReadError::TimedOut { limit_s: 0 }));
        let clock = Clock::start(None);
        assert_eq!(Timed::new(io::Cursor::new([1]), &clock).read(&mut [0]).expect("no limit"), 1);
        assert!(clock.judge(Ok(())).is_ok());
    }
}
