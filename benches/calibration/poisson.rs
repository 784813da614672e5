//! Exact confidence intervals of counts.

/// The central interval of the mean of a Poisson distribution from which
/// `count` was drawn, at 95 % (Garwood 1936): at its ends, so few or so many
/// events have a probability of 2.5 %.
pub fn interval(count: usize) -> (f64, f64) {
    const TAIL: f64 = 0.025;
    // Far beyond the upper end, which lies about two standard deviations off.
    let n = count as f64;
    let highest = n + 8.0 * (n + 1.0).sqrt() + 8.0;
    let lower = if count == 0 {
        0.0
    } else {
        // At most count - 1 events have the probability 1 - TAIL there.
        mean_where(count - 1, 1.0 - TAIL, highest)
    };
    (lower, mean_where(count, TAIL, highest))
}

/// The mean at which at most `count` events have the given probability, which
/// falls with the mean.
fn mean_where(count: usize, probability: f64, highest: f64) -> f64 {
    let (mut low, mut high) = (0.0, highest);
    // 60 halvings leave less than rounding does.
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if at_most(count, middle) > probability {
            low = middle;
        } else {
            high = middle;
        }
    }
    0.5 * (low + high)
}

/// Probability of at most `count` events where `mean` are expected.
pub fn at_most(count: usize, mean: f64) -> f64 {
    // In logarithms, as exp(-mean) is 0 for a mean above 745.
    let mut ln_term = -mean;
    let mut sum = ln_term.exp();
    for k in 1..=count {
        ln_term += (mean / k as f64).ln();
        sum += ln_term.exp();
    }
    sum.min(1.0)
}
