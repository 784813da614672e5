//! From an input's bytes to the fingerprint of the passage that is asked about,
//! in bounded time.

use std::io::{self, Read, Seek, SeekFrom};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use earmark::audio::{self, AudioInfo, Limits};
use earmark::fingerprint::{Fingerprint, Fingerprinter};
use earmark::params::Params;
use earmark::scan::inputs::Passage;

use super::reading::ReadError;

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
    fn is_over(&self) -> bool {
        let over = self.end.is_some_and(|end| Instant::now() >= end);
        if over {
            self.expired.store(true, Ordering::Relaxed);
        }
        over
    }

    /// The error of what expired, in place of whatever else came of it.
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

/// Decodes `source` and makes the fingerprint of `passage`, or of all. The
/// length told is that of what was taken.
///
/// # Errors
/// Those of [`audio::decode`], and if the audio ends before the passage begins.
pub fn fingerprint<R: Read + Seek + Send + Sync + 'static>(
    source: R,
    extension: Option<&str>,
    passage: Option<Passage>,
    clock: &Clock,
    params: &Params,
    limits: &Limits,
) -> Result<(Fingerprint, AudioInfo), ReadError> {
    let mut fingerprinter = Fingerprinter::new(params);
    let mut cut = Cut::new(passage, params.rate_hz);
    let mut info = audio::decode(source, extension, params.rate_hz, limits, &mut |samples| {
        // What comes after the time is over is thrown away: no work for nothing.
        if !clock.is_over() {
            fingerprinter.push(cut.of(samples));
        }
    })?;
    if let Some(passage) = passage {
        if cut.taken == 0 {
            let (start_s, duration_s) = (passage.start_s, info.duration_s);
            return Err(ReadError::PassageBeyond { start_s, duration_s });
        }
        info.duration_s = cut.taken as f64 / f64::from(params.rate_hz);
    }
    Ok((fingerprinter.finish(), info))
}

/// Cuts a passage out of blocks that come one after another.
struct Cut {
    /// Samples of the passage, counted from the start of the audio.
    start: u64,
    end: u64,
    /// Samples that came.
    at: u64,
    /// Samples of the passage among them.
    taken: u64,
}

impl Cut {
    fn new(passage: Option<Passage>, rate_hz: u32) -> Self {
        // Casts of floats saturate, and 2^64 samples are no audio.
        let samples = |seconds: f64| (seconds * f64::from(rate_hz)).round() as u64;
        let (start, end) = match passage {
            None => (0, u64::MAX),
            Some(Passage { start_s, duration_s: None }) => (samples(start_s), u64::MAX),
            Some(Passage { start_s, duration_s: Some(duration_s) }) => {
                (samples(start_s), samples(start_s + duration_s))
            }
        };
        Self { start, end, at: 0, taken: 0 }
    }

    fn of<'a>(&mut self, block: &'a [f32]) -> &'a [f32] {
        let length = block.len() as u64;
        let within = |sample: u64| sample.saturating_sub(self.at).min(length) as usize;
        let (from, to) = (within(self.start), within(self.end));
        self.at = self.at.saturating_add(length);
        let taken = &block[from..to.max(from)];
        self.taken += taken.len() as u64;
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_is_the_same_whatever_the_blocks() {
        let samples: Vec<f32> = (0..100u8).map(f32::from).collect();
        let cases = [
            (None, 0..100),
            (Some((1.5, Some(2.0))), 15..35),
            (Some((9.0, None)), 90..100),
            (Some((9.0, Some(5.0))), 90..100),
            (Some((20.0, None)), 100..100),
        ];
        for (passage, expected) in cases {
            let passage = passage.map(|(start_s, duration_s)| Passage { start_s, duration_s });
            for size in [1, 7, 100] {
                let mut cut = Cut::new(passage, 10);
                let taken: Vec<f32> = samples.chunks(size).flat_map(|block| cut.of(block)).copied().collect();
                assert_eq!(taken, samples[expected.clone()], "{passage:?} in blocks of {size}");
                assert_eq!(cut.taken, expected.len() as u64);
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
