//! Holes in a track, seen from its time stamps.
//!
//! A lost Ogg page shows one page late: the reader dates the first page after
//! the hole from the last one before it.

/// A packet's time stamp may differ from the sum of the samples before it by
/// this much before it counts as a hole, in seconds. Matroska stamps are rounded
/// to a millisecond, Vorbis and Opus blocks last up to 120 ms.
const HOLE_S: f64 = 0.15;

/// Compares time stamps with the samples that came before them.
#[derive(Default)]
pub(super) struct Clock {
    /// First time stamp minus what was decoded before it.
    origin_s: Option<f64>,
    /// What the packets since the origin lasted.
    decoded_s: f64,
}

impl Clock {
    /// The hole before a packet stamped `at_s`, if it is one worth filling.
    pub(super) fn hole(&mut self, at_s: f64, max_s: f64) -> Option<f64> {
        let origin_s = *self.origin_s.get_or_insert(at_s - self.decoded_s);
        let hole_s = at_s - origin_s - self.decoded_s;
        if hole_s.abs() <= HOLE_S {
            return None;
        }
        // Whatever it is, the next stamp is measured from here.
        self.origin_s = Some(at_s - self.decoded_s);
        (0.0..=max_s).contains(&hole_s).then_some(hole_s)
    }

    /// Counts what a packet lasted, trimmed samples included.
    pub(super) fn advance(&mut self, seconds: f64) {
        self.decoded_s += seconds;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holes_are_measured_from_the_last_good_stamp() {
        let mut clock = Clock::default();
        assert_eq!(clock.hole(100.0, 60.0), None);
        clock.advance(1.0);
        assert_eq!(clock.hole(101.01, 60.0), None, "rounding is no hole");
        let hole = clock.hole(104.0, 60.0).unwrap();
        assert!((hole - 3.0).abs() < 1e-9);
        clock.advance(hole);
        assert_eq!(clock.hole(1e9, 60.0), None, "a broken stamp is closed");
        clock.advance(1.0);
        assert_eq!(clock.hole(1e9 + 1.0, 60.0), None);
        assert_eq!(clock.hole(5.0, 60.0), None, "time does not run backwards");
        clock.advance(1.0);
        assert!(clock.hole(8.0, 60.0).is_some());
    }
}
