//! Holes in a track, seen from its time stamps.
//!
//! A lost Ogg page shows one page late: the reader dates the first page after
//! the hole from the last one before it.
//!
//! Stamps lie, and players that convert files pay no heed to them: they play packet
//! after packet. Silence between packets of music would hide it. So a hole is
//! believed where a stream was interrupted, which is now and then, and not where
//! stamps are wrong throughout.

/// A packet's time stamp may differ from the sum of the samples before it by
/// this much before it counts as a hole, in seconds. Matroska stamps are rounded
/// to a millisecond, Vorbis and Opus blocks last up to 120 ms.
const HOLE_S: f64 = 0.15;

/// So many holes of a stream are believed wherever they are: damage comes in
/// clusters.
const FREE: u32 = 3;

/// Any other has so much audio without a hole before it, in seconds: what lies
/// between two holes is then as long as what is searched at once.
const APART_S: f64 = 11.0;

/// A hole before a packet.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Hole {
    pub(super) seconds: f64,
    /// Whether silence is to stand in its place.
    pub(super) believed: bool,
}

/// Compares time stamps with the samples that came before them.
#[derive(Default)]
pub(super) struct Clock {
    /// First time stamp minus what was decoded before it.
    origin_s: Option<f64>,
    /// What the packets since the origin lasted.
    decoded_s: f64,
    /// Holes that were believed.
    holes: u32,
    /// What was decoded before the last hole.
    last_s: f64,
}

impl Clock {
    /// The hole before a packet stamped `at_s`. One of more than `max_s` is not
    /// believed.
    pub(super) fn hole(&mut self, at_s: f64, max_s: f64) -> Option<Hole> {
        let origin_s = *self.origin_s.get_or_insert(at_s - self.decoded_s);
        let hole_s = at_s - origin_s - self.decoded_s;
        if hole_s.abs() <= HOLE_S {
            return None;
        }
        // Whatever it is, the next stamp is measured from here.
        self.origin_s = Some(at_s - self.decoded_s);
        if hole_s < 0.0 {
            return None;
        }
        let expected = self.holes < FREE || self.decoded_s - self.last_s >= APART_S;
        let believed = expected && hole_s <= max_s;
        self.last_s = self.decoded_s;
        if believed {
            self.holes += 1;
            // The silence counts as decoded.
            self.last_s += hole_s;
        }
        Some(Hole { seconds: hole_s, believed })
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
        assert!(hole.believed && (hole.seconds - 3.0).abs() < 1e-9);
        clock.advance(hole.seconds);
        assert!(!clock.hole(1e9, 60.0).unwrap().believed, "a broken stamp is closed");
        clock.advance(1.0);
        assert_eq!(clock.hole(1e9 + 1.0, 60.0), None);
        assert_eq!(clock.hole(5.0, 60.0), None, "time does not run backwards");
        clock.advance(1.0);
        assert!(clock.hole(8.0, 60.0).unwrap().believed);
    }

    #[test]
    fn holes_everywhere_are_wrong_stamps() {
        let mut clock = Clock::default();
        let mut filled = 0;
        for packet in 0..3_000 {
            // Packets of 20 ms, stamped ten times as far apart.
            if let Some(hole) = clock.hole(f64::from(packet) * 0.2, 60.0)
                && hole.believed
            {
                filled += 1;
                clock.advance(hole.seconds);
            }
            clock.advance(0.02);
        }
        assert_eq!(filled, FREE);
        // A stream that was interrupted every minute was interrupted.
        let (mut clock, mut filled, mut at_s) = (Clock::default(), 0, 0.0);
        for second in 0..600 {
            at_s += if second % 60 == 59 { 3.0 } else { 1.0 };
            if let Some(hole) = clock.hole(at_s, 60.0) {
                assert!(hole.believed);
                filled += 1;
                clock.advance(hole.seconds);
            }
            clock.advance(1.0);
        }
        assert_eq!(filled, 10);
    }
}
