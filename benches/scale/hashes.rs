//! The one place that knows what a landmark is: the statistics count hashes and
//! ask nothing else of them.

use earmark::landmarks::TripletSpace;
use earmark::params::Params;
use earmark::peaks::{Peak, strongest_per_block};

/// A kind of look-up.
pub struct Kind {
    /// What the table calls it.
    pub name: &'static str,
    /// Calls the sink with what such a look-up asks for, for every landmark that a
    /// registry keeps of a recording, given its sparse constellation.
    pub for_each: fn(&[Peak], &Params, &mut dyn FnMut(u64)),
}

/// All kinds: landmarks at any pitch and at their own.
pub const KINDS: [Kind; 2] =
    [Kind { name: "hashes", for_each: hashes }, Kind { name: "keys", for_each: keys }];

fn hashes(sparse: &[Peak], params: &Params, sink: &mut dyn FnMut(u64)) {
    let space = TripletSpace::new(params);
    let few = strongest_per_block(sparse, params.triplet_peaks_per_block, params);
    space.for_each(&few, 1.0, |t| sink(u64::from(space.hash(t))));
}

fn keys(sparse: &[Peak], params: &Params, sink: &mut dyn FnMut(u64)) {
    let space = TripletSpace::new(params);
    let few = strongest_per_block(sparse, params.triplet_peaks_per_block, params);
    space.for_each(&few, 1.0, |t| sink(u64::from(space.landmark(t).key)));
}
