//! The log power of a range of a file, in bounded memory.

use std::ops::Range;

use crate::params::Params;
use crate::spectrum::{LogPower, Stft};
use crate::units::Seconds;

/// Decibels in one unit of [`LogPower`].
const DB_PER_UNIT: f32 = 10.0 * std::f32::consts::LOG10_2 / 1024.0;

/// Keeps the spectrogram of a range of a stream of samples.
///
/// Where the range has more frames than columns are wanted, a column holds the
/// largest value of several frames, so that no peak is lost; memory depends on
/// the number of columns and not on the length of the range.
pub struct SpectrogramRecorder {
    stft: Stft,
    keeper: Keeper,
}

/// What becomes of the frames.
struct Keeper {
    /// Frames that are kept.
    kept: Range<u64>,
    frames_per_column: u64,
    frames: u64,
    spectrogram: Spectrogram,
}

/// The log power of a range of a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Spectrogram {
    /// Time of the middle of the first column, in seconds of the file.
    start_s: Seconds,
    /// Distance of two columns, in seconds.
    column_s: Seconds,
    /// Frequency of the first bin, in Hz, and distance of two.
    first_hz: f64,
    bin_hz: f64,
    bins: usize,
    /// How far the window of a frame reaches beyond its middle, in seconds.
    reach_s: Seconds,
    /// Of a sine at full scale, in decibels.
    full_scale_db: f32,
    /// Column after column, each from the lowest bin up.
    values: Vec<LogPower>,
}

impl SpectrogramRecorder {
    /// A recorder for samples at [`Params::rate_hz`] that begin at `start_s` of
    /// their file. It keeps what lies in `range_s`, in seconds of the file, and
    /// a frame more on either side, in at most about `columns` columns.
    pub fn new(params: &Params, start_s: Seconds, range_s: Range<Seconds>, columns: usize) -> Self {
        let frame_s = f64::from(params.hop_samples) / f64::from(params.rate_hz);
        let start_s = start_s + params.first_tick_s();
        // Casting saturates and takes what is no number for zero.
        let first = ((range_s.start - start_s) / frame_s).floor().max(0.0) as u64;
        let last = ((range_s.end - start_s) / frame_s).ceil().max(0.0) as u64;
        let kept = first..last.saturating_add(1).max(first);
        let frames_per_column = (kept.end - kept.start).div_ceil(columns.max(1) as u64).max(1);
        let (first_bin, last_bin) = Stft::bins(params);
        let bin_hz = f64::from(params.rate_hz) / f64::from(params.window_samples);
        // The sum of a Hann window is half its length, and a real sine has half
        // of its amplitude at a positive frequency.
        let full_scale = params.window_samples as f32 / 4.0;
        let middle = (frames_per_column - 1) as f64 / 2.0;
        SpectrogramRecorder {
            stft: Stft::new(params),
            keeper: Keeper {
                spectrogram: Spectrogram {
                    start_s: start_s + (kept.start as f64 + middle) * frame_s,
                    column_s: frames_per_column as f64 * frame_s,
                    first_hz: first_bin as f64 * bin_hz,
                    bin_hz,
                    bins: last_bin - first_bin + 1,
                    reach_s: params.first_tick_s(),
                    full_scale_db: 20.0 * full_scale.log10(),
                    values: Vec::new(),
                },
                kept,
                frames_per_column,
                frames: 0,
            },
        }
    }

    /// Adds samples (mono, full scale = ±1).
    pub fn push(&mut self, samples: &[f32]) {
        let SpectrogramRecorder { stft, keeper } = self;
        stft.push(samples, &mut |frame| keeper.keep(frame));
    }

    /// Ends the stream.
    pub fn finish(self) -> Spectrogram {
        let SpectrogramRecorder { stft, mut keeper } = self;
        stft.finish(&mut |frame| keeper.keep(frame));
        keeper.spectrogram
    }
}

impl Keeper {
    fn keep(&mut self, frame: &[LogPower]) {
        let Keeper { kept, frames_per_column, frames, spectrogram } = self;
        if kept.contains(frames) {
            if (*frames - kept.start).is_multiple_of(*frames_per_column) {
                spectrogram.values.extend_from_slice(frame);
            } else {
                let start = spectrogram.values.len().saturating_sub(frame.len());
                for (most, value) in spectrogram.values[start..].iter_mut().zip(frame) {
                    *most = (*most).max(*value);
                }
            }
        }
        *frames += 1;
    }
}

impl Spectrogram {
    /// Number of columns.
    pub fn columns(&self) -> usize {
        self.values.len() / self.bins.max(1)
    }

    /// The level in decibels of a sine at full scale that a share of the
    /// values (0 to 1) does not exceed; none without any columns.
    pub fn level_db(&self, share: f64) -> Option<f32> {
        let mut values = self.values.clone();
        let last = values.len().checked_sub(1)?;
        let (_, value, _) = values.select_nth_unstable((last as f64 * share.clamp(0.0, 1.0)) as usize);
        Some(self.db(f32::from(*value)))
    }

    /// The level at a time, in seconds of the file, of a band, in Hz, in
    /// decibels of a sine at full scale: between the columns as on a line
    /// between them; over the band the largest value. None where there is no
    /// audio or nothing is analysed.
    pub fn at_db(&self, time_s: Seconds, band_hz: Range<f64>) -> Option<f32> {
        let place = (time_s - self.start_s) / self.column_s;
        let columns = self.columns();
        let reach = 0.5 + self.reach_s / self.column_s;
        let last_hz = self.first_hz + (self.bins - 1) as f64 * self.bin_hz;
        if band_hz.start > last_hz || band_hz.end < self.first_hz || columns == 0 {
            return None;
        }
        if !(-reach..=(columns - 1) as f64 + reach).contains(&place) {
            return None;
        }
        let place = place.clamp(0.0, (columns - 1) as f64);
        let (before, share) = (place as usize, place.fract() as f32);
        let a = self.band(before, &band_hz);
        let b = if share > 0.0 { self.band(before + 1, &band_hz) } else { a };
        Some(self.db(a + (b - a) * share))
    }

    fn band(&self, column: usize, band_hz: &Range<f64>) -> f32 {
        let last = (self.bins - 1) as f64;
        let bin = |hz: f64| ((hz - self.first_hz) / self.bin_hz).clamp(0.0, last);
        let (low, high) = (bin(band_hz.start), bin(band_hz.end));
        let start = column * self.bins;
        let value = |bin: usize| f32::from(self.values[start + bin.min(self.bins - 1)]);
        if high - low < 2.0 {
            let middle = (low + high) / 2.0;
            let (below, share) = (middle as usize, middle.fract() as f32);
            return value(below) + (value(below + 1) - value(below)) * share;
        }
        (low.ceil() as usize..=high as usize).map(value).fold(f32::MIN, f32::max)
    }

    fn db(&self, value: f32) -> f32 {
        value * DB_PER_UNIT - self.full_scale_db
    }
}
