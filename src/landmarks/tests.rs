//! A landmark of a recording is among the probes of its changed copy.

use crate::params::Params;
use crate::peaks::Peak;
use crate::random::Random;

use super::{Triplet, TripletSpace};

#[test]
fn triplets_survive_any_speed_tempo_and_pitch() {
    let params = Params::default();
    let space = TripletSpace::new(&params);
    let mut random = Random::new(4);
    let peaks = random.constellation(500, 5000, params.max_pitch());
    for (scale, shift) in [(1.0, 0), (0.75, 0), (1.3, 0), (1.0, 40), (1.0, -70), (1.25, 62), (0.8, -62)] {
        let (mut triplets, mut reached) = (0, 0);
        space.for_each(&peaks, 1.0, |Triplet(a, b, c)| {
            let moved = |p: &Peak| Peak {
                tick: (f64::from(p.tick) / scale).round() as u32,
                pitch: (i32::from(p.pitch) + shift) as u16,
                ..*p
            };
            let outside = |p: &Peak| !(0..=params.max_pitch() as i32).contains(&(i32::from(p.pitch) + shift));
            if [a, b, c].into_iter().any(outside) {
                return;
            }
            let wanted = space.hash(Triplet(a, b, c));
            let (a, b, c) = (moved(a), moved(b), moved(c));
            let mut found = false;
            space.probe(Triplet(&a, &b, &c), |hash| found |= hash == wanted);
            triplets += 1;
            reached += u32::from(found);
        });
        assert!(triplets > 500, "only {triplets} triplets");
        // Times are rounded to ticks, which moves the ratio of a short triplet
        // further than a probe reaches.
        assert!(
            reached > triplets * 4 / 5,
            "scale {scale}, shift {shift}: {reached} of {triplets} triplets reached"
        );
    }
}
