//! The largest value around every bin of a frame.

use crate::spectrum::LogPower;

/// Bins `start..end` of a frame whose neighbourhoods reach `width` bins down and
/// up.
#[derive(Clone)]
struct Run {
    start: usize,
    end: usize,
    width: usize,
}

/// Computes the maximum over neighbourhoods that widen with the frequency, for
/// all bins of a frame at once.
///
/// The maximum over any `n` values is that of two stretches of `2^k <= n` values
/// that overlap (Bender & Farach-Colton 2000, section 3). All stretches of a power
/// of two come from those of the power below in one pass, and neighbouring bins
/// mostly have equally wide neighbourhoods, so that every step is a loop over
/// consecutive values.
#[derive(Clone)]
pub(super) struct Highest {
    runs: Vec<Run>,
    /// Bins beyond the frame on either side, to be looked at like any.
    margin: usize,
    /// The maximum over as many values as a power of two from each bin on, and
    /// room for the next power.
    stretches: [Vec<LogPower>; 2],
}

impl Highest {
    /// `widths` has for each bin how far its neighbourhood reaches; they do not
    /// decrease.
    pub(super) fn new(widths: &[usize]) -> Self {
        let mut runs: Vec<Run> = Vec::new();
        for (bin, &width) in widths.iter().enumerate() {
            match runs.last_mut() {
                Some(run) if run.width == width => run.end += 1,
                _ => runs.push(Run { start: bin, end: bin + 1, width }),
            }
        }
        let margin = widths.iter().copied().max().unwrap_or(0);
        let stretches = vec![LogPower::MIN; widths.len() + 2 * margin];
        Highest { runs, margin, stretches: [stretches.clone(), stretches] }
    }

    /// Writes to `out` the largest value of the neighbourhood of each bin of
    /// `frame`, itself included.
    #[inline(always)]
    pub(super) fn of(&mut self, frame: &[LogPower], out: &mut [LogPower]) {
        let Highest { runs, margin, stretches: [now, next] } = self;
        let (below, rest) = now.split_at_mut(*margin);
        let (inside, above) = rest.split_at_mut(frame.len());
        below.fill(LogPower::MIN);
        inside.copy_from_slice(frame);
        above.fill(LogPower::MIN);
        let mut length = 1;
        for run in runs {
            let neighbourhood = 2 * run.width + 1;
            while 2 * length <= neighbourhood {
                // Stretches that reach beyond the end are left as they were:
                // no neighbourhood has one.
                for ((to, low), high) in next.iter_mut().zip(&*now).zip(&now[length..]) {
                    *to = *low.max(high);
                }
                std::mem::swap(now, next);
                length *= 2;
            }
            let low = &now[run.start + *margin - run.width..];
            let high = &now[run.start + *margin + run.width + 1 - length..];
            for ((to, low), high) in out[run.start..run.end].iter_mut().zip(low).zip(high) {
                *to = *low.max(high);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::random::Random;

    use super::*;

    #[test]
    fn is_the_maximum_of_every_neighbourhood() {
        let mut random = Random::new(1);
        for widths in [
            vec![0; 5],
            vec![0, 0, 1, 1, 1, 2, 3, 3, 9, 9, 9, 9],
            (0..645).map(|bin| (23 + bin) * 60 / 1000).collect(),
            (0..300).map(|bin| bin / 2).collect(),
            vec![40; 3],
        ] {
            let mut highest = Highest::new(&widths);
            let mut out = vec![0; widths.len()];
            for _ in 0..3 {
                let frame: Vec<LogPower> =
                    widths.iter().map(|_| random.below(65_536) as i32 as LogPower).collect();
                highest.of(&frame, &mut out);
                for (bin, width) in widths.iter().enumerate() {
                    let near = &frame[bin.saturating_sub(*width)..(bin + width + 1).min(frame.len())];
                    assert_eq!(Some(&out[bin]), near.iter().max(), "bin {bin} of {}", frame.len());
                }
            }
        }
    }
}
