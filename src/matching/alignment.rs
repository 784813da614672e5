//! A hypothesis: this recording, played so, starts there.

use std::ops::Range;

use crate::peaks::Peak;

use super::query::Query;

/// How a recording lies in a query.
///
/// A reference peak at tick `r` and pitch `p` is expected in the query at tick
/// `(r - offset) / scale` and pitch `p + shift`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Alignment {
    /// Reference tick that sounds at query tick 0.
    pub offset: f64,
    /// Reference ticks per query tick.
    pub scale: f64,
    /// Pitch of the query minus pitch of the reference, in pitch units.
    pub shift: f64,
}

impl Alignment {
    /// Where a reference tick falls in the query.
    pub fn query_tick(&self, reference_tick: f64) -> f64 {
        (reference_tick - self.offset) / self.scale
    }

    /// Where a query tick falls in the reference.
    pub fn reference_tick(&self, query_tick: f64) -> f64 {
        self.offset + self.scale * query_tick
    }

    /// The reference ticks that fall into a range of query ticks.
    pub fn reference_ticks(&self, query_ticks: Range<f64>) -> Range<u32> {
        let tick = |query_tick: f64| self.reference_tick(query_tick).max(0.0);
        tick(query_ticks.start) as u32..tick(query_ticks.end).ceil() as u32
    }

    /// Whether both say nearly the same of the query tick `at`.
    pub fn is_near(&self, other: &Alignment, at: f64) -> bool {
        (self.reference_tick(at) - other.reference_tick(at)).abs() < 24.0
            && (self.scale / other.scale - 1.0).abs() < 0.01
            && (self.shift - other.shift).abs() < 8.0
    }
}

/// Reach of the search for peak pairs around a candidate, in query ticks: the
/// error of a coarse slot and of a time scale that is off by 2 % over 10 s.
const SEARCH_TICKS: f64 = 40.0;
/// The same in pitch units: half a semitone and the error of the peaks.
const SEARCH_PITCH: f64 = 12.0;
/// Time scales tried around the candidate's.
const SCALE_STEPS: [f64; 9] = [0.0, -0.004, 0.004, -0.008, 0.008, -0.013, 0.013, -0.018, 0.018];

/// A reference peak and a query peak that may be the same.
struct Couple {
    query_tick: f64,
    /// Query tick minus where the candidate expects it.
    lag: f64,
    /// Query pitch minus where the candidate expects it.
    pitch_lag: f64,
}

/// Sharpens a candidate on the query ticks `from..until`: finds the lag, time
/// scale and pitch shift on which most peaks agree, then fits a line.
///
/// With `coarse` the candidate's time scale and lag may be off by the reach of
/// the search; without, only the fit is repeated.
pub fn refine(
    candidate: Alignment,
    reference: &[Peak],
    query: &Query,
    from: f64,
    until: f64,
    coarse: bool,
) -> Alignment {
    let (ticks, pitch) = if coarse { (SEARCH_TICKS, SEARCH_PITCH) } else { (10.0, 5.0) };
    let couples = couples(candidate, reference, query, from, until, ticks, pitch);
    if couples.len() < 4 {
        return candidate;
    }
    let middle = (from + until) / 2.0;
    let mut fit = Fit { lag: 0.0, drift: 0.0, pitch_lag: 0.0, middle };
    if coarse {
        fit = mode(&couples, middle);
    }
    for reach in [(8.0, 5.0), (5.0, 4.0), (4.0, 3.0)] {
        fit = least_squares(&couples, fit, reach, until - from);
    }
    // q = (r - offset) / scale + lag + drift (q - middle), solved for q.
    let stretch = 1.0 - fit.drift;
    let scale = candidate.scale * stretch;
    let offset = candidate.offset - candidate.scale * (fit.lag - fit.drift * middle);
    Alignment { offset, scale, shift: candidate.shift + fit.pitch_lag }
}

fn couples(
    candidate: Alignment,
    reference: &[Peak],
    query: &Query,
    from: f64,
    until: f64,
    ticks: f64,
    pitch: f64,
) -> Vec<Couple> {
    let first = candidate.reference_tick(from);
    let start = reference.partition_point(|p| f64::from(p.tick) < first);
    let mut couples = Vec::new();
    for peak in &reference[start..] {
        let expected = candidate.query_tick(f64::from(peak.tick));
        if expected > until {
            break;
        }
        let expected_pitch = f64::from(peak.pitch) + candidate.shift;
        for near in &query.peaks()[query.range(expected - ticks, expected + ticks)] {
            let lag = f64::from(near.tick) - expected;
            let pitch_lag = f64::from(near.pitch) - expected_pitch;
            if lag.abs() <= ticks && pitch_lag.abs() <= pitch {
                couples.push(Couple { query_tick: f64::from(near.tick), lag, pitch_lag });
            }
        }
    }
    couples
}

/// lag + drift * (query tick − middle), and the lag in pitch.
#[derive(Clone, Copy)]
struct Fit {
    lag: f64,
    drift: f64,
    pitch_lag: f64,
    middle: f64,
}

/// The cell of (lag, pitch lag) that most couples share, over all time scales.
fn mode(couples: &[Couple], middle: f64) -> Fit {
    const CELL: f64 = 4.0;
    let columns = (2.0 * SEARCH_TICKS / CELL) as usize + 12;
    let rows = (2.0 * SEARCH_PITCH / CELL) as usize + 2;
    let mut best = (0, Fit { lag: 0.0, drift: 0.0, pitch_lag: 0.0, middle });
    let mut counts = vec![0_u16; columns * rows];
    for drift in SCALE_STEPS {
        counts.fill(0);
        for couple in couples {
            let lag = couple.lag - drift * (couple.query_tick - middle);
            let column = (lag + SEARCH_TICKS) / CELL + 4.0;
            let row = ((couple.pitch_lag + SEARCH_PITCH) / CELL) as usize;
            if column >= 0.0 && (column as usize) < columns {
                let count = &mut counts[row * columns + column as usize];
                *count = count.saturating_add(1);
            }
        }
        // A cluster may straddle cells: look at 2 x 2 of them.
        for row in 0..rows - 1 {
            for column in 0..columns - 1 {
                let at = row * columns + column;
                let sum: u32 =
                    [0, 1, columns, columns + 1].iter().map(|next| u32::from(counts[at + next])).sum();
                if sum > best.0 {
                    let lag = (column as f64 + 1.0 - 4.0) * CELL - SEARCH_TICKS;
                    let pitch_lag = (row as f64 + 1.0) * CELL - SEARCH_PITCH;
                    best = (sum, Fit { lag, drift, pitch_lag, middle });
                }
            }
        }
    }
    best.1
}

/// Straight line through the couples within `reach` of the last fit.
fn least_squares(couples: &[Couple], last: Fit, reach: (f64, f64), length: f64) -> Fit {
    let (mut n, mut sx, mut sy, mut sxx, mut sxy, mut sp) = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0);
    for couple in couples {
        let x = couple.query_tick - last.middle;
        let lag = couple.lag - last.lag - last.drift * x;
        let pitch_lag = couple.pitch_lag - last.pitch_lag;
        if lag.abs() <= reach.0 && pitch_lag.abs() <= reach.1 {
            n += 1.0;
            sx += x;
            sy += lag;
            sxx += x * x;
            sxy += x * lag;
            sp += pitch_lag;
        }
    }
    if n < 4.0 {
        return last;
    }
    // A ridge keeps the slope near the last one where the couples are few or
    // close together: as if 8 more lay evenly over the range without any lag.
    let ridge = 8.0 * length * length / 12.0;
    let determinant = n * (sxx + ridge) - sx * sx;
    let slope = (n * sxy - sx * sy) / determinant;
    let lag = (sy - slope * sx) / n;
    Fit {
        lag: last.lag + lag,
        drift: last.drift + slope,
        pitch_lag: last.pitch_lag + sp / n,
        middle: last.middle,
    }
}
