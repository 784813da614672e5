//! What is drawn: two files, and how one is laid on the other.

use std::ops::Range;

use crate::matching::Grade;
use crate::matching::pair::{Overlay, SharedPeaks, Spot};
use crate::params::Params;
use crate::units::Seconds;

use super::spectrogram::Spectrogram;

/// Why the recording is laid on the query as it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Basis {
    /// It was recognised there.
    Found {
        /// How sure that is.
        grade: Grade,
        /// As in [`crate::matching::Match::score`].
        score: f64,
    },
    /// It was not recognised; this fits best.
    Candidate {
        /// As in [`crate::matching::Match::score`]; below the threshold.
        score: f64,
        /// The score that a match needs.
        needed: f64,
    },
    /// Somebody wants to see it so.
    Given,
    /// It was not recognised and nothing fits.
    Nothing,
}

/// One of the two files.
#[derive(Clone, Debug)]
pub struct Side {
    /// Its name, in the caption; shortened in the middle where it is too long.
    pub name: String,
    /// Length of its audio, in seconds.
    pub duration_s: Seconds,
    /// Its log power, at least where it is drawn; `None` where its audio is not at
    /// hand, and its peaks alone are drawn.
    pub spectrogram: Option<Spectrogram>,
    /// Its peaks, at least where it is drawn.
    pub spots: Vec<Spot>,
}

/// A query A and a recording B laid on it.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// Why B is laid so.
    pub basis: Basis,
    /// How B is laid on A.
    pub overlay: Overlay,
    /// Where that holds, in seconds of A: the match, or what was asked for.
    pub held_s: Range<Seconds>,
    /// What is drawn, in seconds of A; not empty.
    pub drawn_s: Range<Seconds>,
    /// The peaks of B that should sound in `held_s`.
    pub shared: SharedPeaks,
    /// Drawn above.
    pub query: Side,
    /// Drawn below, on A's axes.
    pub recording: Side,
    /// Lowest and highest frequency drawn, in Hz of A.
    pub band_hz: Range<f64>,
}

impl Comparison {
    /// The longest range that can be looked at, in seconds: peaks of a minute
    /// are 27 pixels a second apart on a picture of the usual size.
    pub const LONGEST_S: Seconds = 60.0;

    /// What to draw of a query of `duration_s` in which a match holds in
    /// `held_s`: the match and a tenth of it on both sides, at least one second
    /// and at most five, up to [`Comparison::LONGEST_S`] from its beginning.
    pub fn drawn_s(held_s: &Range<Seconds>, available_s: &Range<Seconds>) -> Range<Seconds> {
        let margin = ((held_s.end - held_s.start) / 10.0).clamp(1.0, 5.0);
        let start = (held_s.start - margin).max(available_s.start);
        start..(held_s.end + margin).min(available_s.end).min(start + Self::LONGEST_S)
    }

    /// The frequencies that are analysed, in Hz.
    pub fn band_hz(params: &Params) -> Range<f64> {
        f64::from(params.min_hz)..f64::from(params.max_hz)
    }
}
