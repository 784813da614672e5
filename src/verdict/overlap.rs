//! How much of a file a recording fills.

use std::fmt;
use std::str::FromStr;

use crate::units::Seconds;

/// How much of a file a recording has to fill for its declarations to count
/// fully. What fills less counts for a person's review at most.
///
/// The default is none: the law knows no length below which a passage is free.
/// Two seconds that a listener recognises are a use of the recording (Court of
/// Justice of the EU, C-476/17 *Pelham*, 2019).
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum MinOverlap {
    /// So many seconds of the file, 0 or more.
    Seconds(Seconds),
    /// Such a part of the file, 0 to 100.
    Percent(f64),
}

impl Default for MinOverlap {
    fn default() -> Self {
        Self::Seconds(0.0)
    }
}

impl MinOverlap {
    /// Whether `heard_s` of a file of `duration_s` are less than this.
    pub fn is_more_than(self, heard_s: Seconds, duration_s: Seconds) -> bool {
        match self {
            Self::Seconds(seconds) => heard_s < seconds,
            Self::Percent(percent) => heard_s * 100.0 < percent * duration_s,
        }
    }
}

/// `3s` or `10%`, as it is parsed.
impl fmt::Display for MinOverlap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Seconds(seconds) => write!(f, "{seconds}s"),
            Self::Percent(percent) => write!(f, "{percent}%"),
        }
    }
}

/// A text that names no overlap.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{found:?} is no overlap: write seconds such as 3s, or a part of the file such as 10%")]
pub struct MinOverlapError {
    /// The text as it was given.
    pub found: String,
}

impl FromStr for MinOverlap {
    type Err = MinOverlapError;

    /// Seconds, with or without an `s`, or a percentage from 0 to 100.
    fn from_str(text: &str) -> Result<Self, MinOverlapError> {
        let plain = text.trim();
        let number = |digits: &str, most: f64| {
            digits.trim_end().parse::<f64>().ok().filter(|value| (0.0..=most).contains(value))
        };
        let overlap = match plain.strip_suffix('%') {
            Some(digits) => number(digits, 100.0).map(Self::Percent),
            None => number(plain.strip_suffix('s').unwrap_or(plain), f64::MAX).map(Self::Seconds),
        };
        overlap.ok_or_else(|| MinOverlapError { found: text.to_owned() })
    }
}

/// Seconds that the ranges cover together, those they share once. A range that
/// ends before it starts, or at no number, covers none.
pub(super) fn covered_s(ranges: impl IntoIterator<Item = (Seconds, Seconds)>) -> Seconds {
    let mut ranges: Vec<(Seconds, Seconds)> = ranges.into_iter().filter(|(start, end)| start < end).collect();
    ranges.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut covered = 0.0;
    let mut reached = Seconds::NEG_INFINITY;
    for (start, end) in ranges {
        if end > reached {
            covered += end - start.max(reached);
            reached = end;
        }
    }
    covered
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overlaps_are_written_as_they_are_read() {
        for (text, overlap) in [
            ("3s", MinOverlap::Seconds(3.0)),
            ("0.5s", MinOverlap::Seconds(0.5)),
            ("10%", MinOverlap::Percent(10.0)),
            ("0s", MinOverlap::default()),
        ] {
            assert_eq!(text.parse(), Ok(overlap));
            assert_eq!(overlap.to_string(), text);
        }
        assert_eq!(" 3 ".parse(), Ok(MinOverlap::Seconds(3.0)));
        assert_eq!("10 %".parse(), Ok(MinOverlap::Percent(10.0)));
        for text in ["", "-1s", "101%", "NaN", "inf", "3m", "%", "s"] {
            assert!(text.parse::<MinOverlap>().is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_heard_twice_counts_once() {
        assert_eq!(covered_s([]), 0.0);
        assert_eq!(covered_s([(5.0, 9.0), (0.0, 2.0), (6.0, 7.0), (8.0, 10.0)]), 7.0);
        assert_eq!(covered_s([(3.0, 1.0), (f64::NAN, 2.0), (0.0, f64::NAN)]), 0.0);
    }

    #[test]
    fn the_minimum_itself_is_enough() {
        assert!(!MinOverlap::default().is_more_than(0.0, 0.0));
        assert!(MinOverlap::Seconds(3.0).is_more_than(2.9, 3_600.0));
        assert!(!MinOverlap::Seconds(3.0).is_more_than(3.0, 3_600.0));
        assert!(MinOverlap::Percent(10.0).is_more_than(3.0, 3_600.0));
        assert!(!MinOverlap::Percent(10.0).is_more_than(3.0, 30.0));
    }
}
