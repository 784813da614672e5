//! Who is searched for in whom.

use std::collections::BTreeMap;

use crate::synth::rng::Rng;

/// Deals groups, given with their durations, into `folds` of about the same
/// duration: the longest first, each into the fold that is shortest so far.
/// Groups of one duration are dealt in the order of their names.
pub fn deal(groups: &BTreeMap<String, f64>, folds: usize) -> BTreeMap<String, usize> {
    let mut order: Vec<(&String, f64)> = groups.iter().map(|(name, seconds)| (name, *seconds)).collect();
    order.sort_by(|a, b| b.1.total_cmp(&a.1));
    let mut filled = vec![0.0; folds];
    let mut dealt = BTreeMap::new();
    for (name, seconds) in order {
        let shortest = (0..folds).min_by(|&a, &b| f64::total_cmp(&filled[a], &filled[b])).unwrap_or(0);
        filled[shortest] += seconds;
        dealt.insert(name.clone(), shortest);
    }
    dealt
}

/// Fisher and Yates' shuffle.
pub fn shuffle<T>(items: &mut [T], rng: &mut Rng) {
    for last in (1..items.len()).rev() {
        items.swap(last, rng.below(last + 1));
    }
}

/// How many of the leading durations make up `share` of their sum, the last one
/// included that is only needed in part.
pub fn leading(durations: &[f64], share: f64) -> usize {
    let wanted = durations.iter().sum::<f64>() * share;
    let mut sum = 0.0;
    let enough = durations.iter().position(|seconds| {
        sum += seconds;
        sum >= wanted
    });
    enough.map_or(durations.len(), |last| last + 1)
}
