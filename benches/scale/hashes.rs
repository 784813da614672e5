//! The one place that knows what a landmark is: the statistics count hashes and
//! ask nothing else of them.

use earmark::landmarks::pairs::PairSpace;
use earmark::landmarks::triplets::TripletSpace;
use earmark::params::Params;
use earmark::peaks::{Peak, strongest_per_block};

/// A kind of landmark.
pub struct Kind {
    /// What the table calls it.
    pub name: &'static str,
    /// Calls the sink with the hash of every landmark that a registry keeps of a
    /// recording, given its sparse constellation.
    pub for_each: fn(&[Peak], &Params, &mut dyn FnMut(u64)),
}

/// All kinds.
pub const KINDS: [Kind; 2] =
    [Kind { name: "pairs", for_each: pairs }, Kind { name: "triplets", for_each: triplets }];

fn pairs(sparse: &[Peak], params: &Params, sink: &mut dyn FnMut(u64)) {
    let space = PairSpace::new(params);
    let few = strongest_per_block(sparse, params.pair_peaks_per_block, params);
    space.for_each(&few, |a, b| sink(u64::from(space.hash(a, b))));
}

fn triplets(sparse: &[Peak], params: &Params, sink: &mut dyn FnMut(u64)) {
    let space = TripletSpace::new(params);
    let few = strongest_per_block(sparse, params.triplet_peaks_per_block, params);
    space.for_each(&few, 1.0, |t| sink(u64::from(space.hash(t))));
}
