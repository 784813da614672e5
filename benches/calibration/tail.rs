//! The line that best-match E-values follow in truth.
//!
//! Let E be reported and λ, level such that matches of at most E occur
//! level · E^λ times a query; both are 1 where E-values hold. The best match of a
//! query then has x = −ln E at most x with probability exp(−level · e^(−λ x)), a
//! Gumbel distribution, as in Karlin and Altschul's statistics of local
//! alignments. It is fitted by maximum likelihood above a cut; of queries whose
//! best match is below, or which have none, only that is used.

/// A query.
#[derive(Clone, Copy, Debug)]
pub struct Observation {
    /// −ln of the lowest E-value, if any.
    pub x: Option<f64>,
    /// Number of the group it comes from. Queries of one group resemble each
    /// other, which widens the standard errors.
    pub cluster: usize,
}

/// A fitted tail.
#[derive(Clone, Copy, Debug)]
pub struct Tail {
    /// Slope: what E is to be raised to.
    pub lambda: f64,
    /// Its standard error.
    pub lambda_error: f64,
    /// Matches per query with a reported E-value of at most 1.
    pub level: f64,
    /// Its standard error.
    pub level_error: f64,
    /// Queries above the cut.
    pub used: usize,
}

impl Tail {
    /// What a reported E-value stands for.
    pub fn corrected(&self, e_value: f64) -> f64 {
        self.level * e_value.powf(self.lambda)
    }
}

/// Fewest queries above the cut that are fitted: below, the errors are as large
/// as the values.
const FEWEST: usize = 10;

/// Fits the observations above `cut` (in units of x).
///
/// With u = max(x, cut) and w = level · e^(−λ u), the derivative by ln level
/// vanishes where w sums to the number of queries above the cut. What is left of
/// the derivative by λ falls with λ and is solved by bisection.
pub fn fit(observations: &[Observation], cut: f64) -> Option<Tail> {
    let above: Vec<f64> = observations.iter().filter_map(|o| o.x).filter(|x| *x >= cut).collect();
    if above.len() < FEWEST {
        return None;
    }
    let used = above.len() as f64;
    let sum_above: f64 = above.iter().sum();
    let reached = |o: &Observation| o.x.map_or(cut, |x| x.max(cut));
    let level_at =
        |lambda: f64| used / observations.iter().map(|o| (-lambda * reached(o)).exp()).sum::<f64>();
    let slope_at = |lambda: f64| {
        let level = level_at(lambda);
        let weighted: f64 =
            observations.iter().map(|o| level * (-lambda * reached(o)).exp() * reached(o)).sum();
        used / lambda - sum_above + weighted
    };
    let (mut low, mut high) = (1e-3, 1e3);
    for _ in 0..100 {
        let middle = f64::sqrt(low * high);
        if slope_at(middle) > 0.0 {
            low = middle;
        } else {
            high = middle;
        }
    }
    let lambda = f64::sqrt(low * high);
    let level = level_at(lambda);
    let (ln_level_error, lambda_error) = errors(observations, cut, lambda, level)?;
    Some(Tail { lambda, lambda_error, level, level_error: level * ln_level_error, used: above.len() })
}

/// Standard errors of ln level and λ that allow for likeness within clusters:
/// the inverse information on both sides of the scores' covariance, summed by
/// cluster (Liang and Zeger 1986).
fn errors(observations: &[Observation], cut: f64, lambda: f64, level: f64) -> Option<(f64, f64)> {
    let clusters = observations.iter().map(|o| o.cluster).max()? + 1;
    let mut scores = vec![[0.0; 2]; clusters];
    let mut information = [0.0; 3];
    for o in observations {
        let u = o.x.map_or(cut, |x| x.max(cut));
        let is_above = f64::from(u8::from(o.x.is_some_and(|x| x >= cut)));
        let w = level * (-lambda * u).exp();
        scores[o.cluster][0] += is_above - w;
        scores[o.cluster][1] += is_above * (1.0 / lambda - u) + w * u;
        information[0] += w;
        information[1] -= w * u;
        information[2] += is_above / (lambda * lambda) + w * u * u;
    }
    let [aa, ab, bb] = information;
    let determinant = aa * bb - ab * ab;
    let inverse = [[bb / determinant, -ab / determinant], [-ab / determinant, aa / determinant]];
    let variance = |row: [f64; 2]| -> f64 {
        scores.iter().map(|s| (row[0] * s[0] + row[1] * s[1]).powi(2)).sum::<f64>()
    };
    Some((variance(inverse[0]).sqrt(), variance(inverse[1]).sqrt()))
}
