//! A landmark of a recording is among the probes of its changed copy.

use crate::params::Params;
use crate::peaks::Peak;
use crate::random::Random;

use super::pairs::PairSpace;
use super::triplets::{Triplet, TripletSpace};

#[test]
fn pair_probes_reach_the_hash_despite_an_error_of_either_peak() {
    let params = Params::default();
    let space = PairSpace::new(&params);
    let mut random = Random::new(1);
    let peaks = random.constellation(600, 3000, params.max_pitch());
    let (mut pairs, mut probes) = (0, 0);
    space.for_each(&peaks, |a, b| {
        let mut moved = |p: &Peak| Peak {
            tick: (p.tick + random.below(3) as u32).saturating_sub(1),
            pitch: (p.pitch + random.below(3) as u16).saturating_sub(1).min(params.max_pitch() as u16),
            ..*p
        };
        for (c, d) in [(moved(a), *b), (*a, moved(b))] {
            // The error may lead out of the target zone.
            if d.tick - c.tick > 4 * params.pair_reach_frames || d.pitch.abs_diff(c.pitch) > 144 {
                continue;
            }
            let mut found = false;
            space.probe(&c, &d, |hash| {
                assert!(hash < space.size());
                probes += 1;
                found |= hash == space.hash(a, b);
            });
            pairs += 1;
            assert!(found, "{c:?} {d:?} does not lead to {a:?} {b:?}");
        }
    });
    assert!(pairs > 5000);
    assert!(probes < 5 * pairs, "{probes} probes for {pairs} pairs");
}

#[test]
fn a_pair_probes_itself_and_its_zone_is_kept() {
    let params = Params::default();
    let space = PairSpace::new(&params);
    let peaks = Random::new(2).constellation(300, 4000, params.max_pitch());
    let mut zone = Vec::new();
    space.for_each(&peaks, |a, b| zone.push((*a, *b)));
    let plain = peaks.iter().flat_map(|a| peaks.iter().map(move |b| (*a, *b))).filter(|(a, b)| {
        b.tick >= a.tick + 4
            && b.tick - a.tick <= 4 * params.pair_reach_frames
            && a.pitch.abs_diff(b.pitch) <= 16 * params.landmark_reach_semitones as u16
    });
    assert_eq!(plain.count(), zone.len());
    for (a, b) in &zone {
        let mut found = false;
        space.probe(a, b, |hash| found |= hash == space.hash(a, b));
        assert!(found);
    }
}

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
