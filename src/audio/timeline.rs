//! The time line of a track: where its samples belong.

use super::parts::{Parts, Wish};
use super::resample::{self, Resampler};
use super::{AudioError, Limits};
use crate::units::Seconds;

/// Longest encoder padding, in seconds: two frames of AAC at 8 kHz, the core of
/// HE-AAC at 16 kHz. Samples beyond the length that the
/// container states are dropped only up to this much: more of them are not
/// padding, and then the statement is wrong and the samples count.
const MAX_PADDING_S: f64 = 0.256;

/// So much of a track is decoded whatever is wished, in seconds.
const FIRST_S: Seconds = 1.0;

/// At most the second's part of so many is dropped where decoding goes on behind
/// a part that was passed over.
const MOST_DROPPED: u32 = 8;

/// Silence is made in pieces of this many samples.
const SILENCE: [f32; 4_096] = [0.0; 4_096];

/// Takes mono samples in decoding order and any rate; drops delay and padding,
/// fills holes, checks limits and passes the rest on, resampled.
pub(super) struct Timeline<'a> {
    to_hz: u32,
    limits: &'a Limits,
    sink: Sink<'a>,
    resampler: Option<Resampler>,
    /// Seconds before the present rate began.
    before_s: f64,
    /// Samples at the present rate, those passed over included.
    frames: u64,
    /// Output samples before the present rate began.
    before: u64,
    /// Whether samples were passed over since the last that were not.
    interrupted: bool,
    /// Delay still to be dropped, in seconds.
    delay_s: f64,
    /// Length after which samples are padding.
    length_s: Option<f64>,
    /// Samples beyond that length, held until they prove to be padding.
    beyond: Vec<f32>,
    filled_s: f64,
}

/// Where resampled audio goes, with its place.
struct Sink<'a> {
    parts: &'a mut dyn Parts,
    /// The place of the next sample.
    at: u64,
}

impl Sink<'_> {
    fn take(&mut self, samples: &[f32]) {
        self.parts.take(self.at, samples);
        self.at += samples.len() as u64;
    }
}

impl<'a> Timeline<'a> {
    pub(super) fn new(to_hz: u32, limits: &'a Limits, parts: &'a mut dyn Parts) -> Self {
        Timeline {
            to_hz,
            limits,
            sink: Sink { parts, at: 0 },
            resampler: None,
            before_s: 0.0,
            frames: 0,
            before: 0,
            interrupted: false,
            delay_s: 0.0,
            length_s: None,
            beyond: Vec::new(),
            filled_s: 0.0,
        }
    }

    /// Seconds passed on so far.
    pub(super) fn position_s(&self) -> f64 {
        self.before_s + self.resampler.as_ref().map_or(0.0, |r| self.frames as f64 / f64::from(r.rate_hz()))
    }

    /// Seconds of silence among them.
    pub(super) fn filled_s(&self) -> f64 {
        self.filled_s
    }

    /// Begins a track (the first, or the next of a chain): drops `delay_s` from
    /// its start and padding after `length_s`.
    pub(super) fn begin(&mut self, delay_s: f64, length_s: Option<f64>) {
        // What an earlier track had beyond its length was its padding.
        self.beyond.clear();
        self.delay_s = delay_s;
        self.length_s = length_s.map(|s| self.position_s() + s);
    }

    /// Adds decoded samples.
    pub(super) fn push(&mut self, mono: &[f32], rate_hz: u32) -> Result<(), AudioError> {
        self.set_rate(rate_hz)?;
        let mut mono = mono;
        if self.delay_s > 0.0 {
            let rate = f64::from(rate_hz);
            let drop = ((self.delay_s * rate).round() as usize).min(mono.len());
            self.delay_s = if drop < mono.len() { 0.0 } else { self.delay_s - drop as f64 / rate };
            mono = &mono[drop..];
        }
        if let Some(end_s) = self.length_s {
            let rate = f64::from(rate_hz);
            let left = ((end_s - self.position_s()) * rate).round().max(0.0) as usize;
            if mono.len() > left {
                let (kept, beyond) = mono.split_at(left);
                self.pass_on(kept)?;
                self.beyond.extend_from_slice(beyond);
                if self.beyond.len() as f64 <= MAX_PADDING_S * rate {
                    return Ok(());
                }
                self.length_s = None;
                let held = std::mem::take(&mut self.beyond);
                return self.pass_on(&held);
            }
        }
        self.pass_on(mono)
    }

    /// Adds silence in place of audio that is missing.
    pub(super) fn fill(&mut self, seconds: f64, rate_hz: u32) -> Result<(), AudioError> {
        let before_s = self.position_s();
        let mut left = (seconds * f64::from(rate_hz)).round() as u64;
        while left > 0 {
            let now = left.min(SILENCE.len() as u64);
            self.push(&SILENCE[..now as usize], rate_hz)?;
            left -= now;
        }
        self.filled_s += self.position_s() - before_s;
        Ok(())
    }

    /// The channel that is wished for.
    pub(super) fn channel(&self) -> Option<u16> {
        self.sink.parts.channel()
    }

    /// What is to be done with the audio at `at_s`.
    pub(super) fn wish(&mut self, at_s: Seconds) -> Wish {
        self.sink.parts.wish(at_s)
    }

    /// Whether audio may be passed over that lasts `seconds` and begins at `at_s`:
    /// neither at the start, where delay is dropped and the rate becomes known,
    /// nor near the end, where padding is.
    pub(super) fn may_pass_over(&self, at_s: Seconds, seconds: Seconds) -> bool {
        self.delay_s <= 0.0
            && self.position_s() >= FIRST_S
            && self.length_s.is_none_or(|end_s| at_s + seconds + MAX_PADDING_S < end_s)
    }

    /// Passes over audio that is not wanted and lasts `seconds`.
    pub(super) fn pass_over(&mut self, seconds: Seconds) -> Result<(), AudioError> {
        let Some(rate_hz) = self.resampler.as_ref().map(Resampler::rate_hz) else { return Ok(()) };
        if !self.interrupted {
            self.interrupted = true;
            // What its filters still hold would be mixed with silence.
            self.resampler = Some(Resampler::new(rate_hz, self.to_hz));
        }
        self.frames += (seconds * f64::from(rate_hz)).round() as u64;
        self.check_length()
    }

    /// Samples at the start of `mono` to drop before resampling goes on, so that
    /// its output lies where it would lie if nothing had been passed over.
    fn resume(&mut self, length: usize) -> usize {
        let Some(rate_hz) = self.resampler.as_ref().map(Resampler::rate_hz) else { return 0 };
        let (every, gives) = resample::period(rate_hz, self.to_hz);
        // At rates nobody uses that would be seconds, and half a sample off will do.
        let aligned = every <= u64::from(rate_hz / MOST_DROPPED);
        let drop = if aligned { self.frames.next_multiple_of(every) - self.frames } else { 0 };
        if drop < length as u64 {
            self.interrupted = false;
            let from = u128::from(self.frames + drop) * u128::from(gives);
            self.sink.at = self.before + (from as f64 / every as f64).round() as u64;
        }
        drop.min(length as u64) as usize
    }

    /// Ends the time line and returns its length in seconds.
    pub(super) fn finish(mut self) -> f64 {
        let length_s = self.position_s();
        if let Some(resampler) = self.resampler.take().filter(|_| !self.interrupted) {
            resampler.finish(&mut |block| self.sink.take(block));
        }
        length_s
    }

    fn set_rate(&mut self, rate_hz: u32) -> Result<(), AudioError> {
        if self.resampler.as_ref().is_some_and(|r| r.rate_hz() == rate_hz) {
            return Ok(());
        }
        let Limits { min_rate_hz, max_rate_hz, .. } = *self.limits;
        if !(min_rate_hz..=max_rate_hz).contains(&rate_hz) {
            return Err(AudioError::LimitExceeded {
                what: "the sample rate in Hz",
                found: rate_hz.to_string(),
                limit: format!("{min_rate_hz} to {max_rate_hz}"),
            });
        }
        if self.to_hz == 0 {
            return Err(AudioError::LimitExceeded {
                what: "the analysis rate in Hz",
                found: "0".to_owned(),
                limit: "1 or more".to_owned(),
            });
        }
        self.before_s = self.position_s();
        self.frames = 0;
        // Padding held at the old rate cannot be continued at the new one.
        self.beyond.clear();
        if let Some(old) = self.resampler.replace(Resampler::new(rate_hz, self.to_hz))
            && !self.interrupted
        {
            old.finish(&mut |block| self.sink.take(block));
        }
        if std::mem::take(&mut self.interrupted) {
            self.sink.at = (self.before_s * f64::from(self.to_hz)).round() as u64;
        }
        self.before = self.sink.at;
        Ok(())
    }

    fn pass_on(&mut self, mono: &[f32]) -> Result<(), AudioError> {
        if mono.is_empty() {
            return Ok(());
        }
        let dropped = if self.interrupted { self.resume(mono.len()) } else { 0 };
        let Some(resampler) = self.resampler.as_mut() else { return Ok(()) };
        let sink = &mut self.sink;
        resampler.push(&mono[dropped..], &mut |block| sink.take(block));
        self.frames += mono.len() as u64;
        self.check_length()
    }

    fn check_length(&self) -> Result<(), AudioError> {
        if self.position_s() > self.limits.max_duration_s {
            return Err(AudioError::LimitExceeded {
                what: "the length of the audio in seconds",
                found: format!("more than {:.0}", self.position_s().floor()),
                limit: format!("{:.0}", self.limits.max_duration_s),
            });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::parts::All;
    use super::*;

    /// Output at 12 kHz of what `f` does to a time line, and its length.
    fn run(f: impl FnOnce(&mut Timeline<'_>) -> Result<(), AudioError>) -> (Vec<f32>, f64) {
        let mut out = Vec::new();
        let limits = Limits { max_duration_s: 10.0, ..Limits::default() };
        let mut sink = |block: &[f32]| out.extend_from_slice(block);
        let mut all = All(&mut sink);
        let mut line = Timeline::new(12_000, &limits, &mut all);
        f(&mut line).unwrap();
        let length_s = line.finish();
        (out, length_s)
    }

    fn ramp(n: usize) -> Vec<f32> {
        (0..n).map(|i| i as f32).collect()
    }

    #[test]
    fn delay_and_padding_go() {
        let (out, length_s) = run(|line| {
            line.begin(100.0 / 12_000.0, Some(1_000.0 / 12_000.0));
            ramp(1_500).chunks(64).try_for_each(|c| line.push(c, 12_000))
        });
        assert_eq!(out, ramp(1_100)[100..]);
        assert_eq!(length_s, 1_000.0 / 12_000.0);
    }

    #[test]
    fn a_stated_length_that_is_wrong_drops_nothing() {
        let (out, _) = run(|line| {
            line.begin(0.0, Some(1_000.0 / 12_000.0));
            ramp(5_000).chunks(64).try_for_each(|c| line.push(c, 12_000))
        });
        assert_eq!(out, ramp(5_000));
    }

    #[test]
    fn holes_are_filled_and_counted() {
        let (out, length_s) = run(|line| {
            line.push(&[1.0; 1_200], 12_000)?;
            line.fill(0.5, 12_000)?;
            line.push(&[1.0; 1_200], 12_000)?;
            assert!((line.filled_s() - 0.5).abs() < 1e-9);
            Ok(())
        });
        assert_eq!(out.len(), 8_400);
        assert!(out[1_200..7_200].iter().all(|s| *s == 0.0) && out[7_200] == 1.0);
        assert!((length_s - 0.7).abs() < 1e-9);
    }

    #[test]
    fn the_rate_may_change() {
        let (out, length_s) = run(|line| {
            line.push(&vec![0.5; 44_100], 44_100)?;
            line.push(&vec![0.5; 24_000], 48_000)?;
            line.push(&vec![0.5; 6_000], 12_000)
        });
        assert_eq!(out.len(), 24_000);
        assert!((length_s - 2.0).abs() < 1e-9);
    }

    #[test]
    fn too_long_and_odd_rates_are_refused() {
        let limits = Limits { max_duration_s: 1.0, ..Limits::default() };
        let mut sink = |_: &[f32]| {};
        let mut all = All(&mut sink);
        let mut line = Timeline::new(12_000, &limits, &mut all);
        let error = line.fill(2.0, 12_000).unwrap_err();
        assert!(matches!(error, AudioError::LimitExceeded { .. }), "{error}");
        for rate in [0, 1, 3_999, 768_001, u32::MAX] {
            let error = Timeline::new(12_000, &limits, &mut All(&mut |_| {})).push(&[0.0], rate).unwrap_err();
            assert!(error.to_string().contains("sample rate"), "{error}");
        }
    }
}
