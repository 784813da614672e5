//! The parts of the scale experiment (`benches/scale`) that can be wrong without
//! anybody noticing.

#[path = "../benches/scale/hashes.rs"]
mod hashes;
#[path = "../benches/scale/recombine.rs"]
mod recombine;
#[path = "../benches/scale/statistics.rs"]
#[allow(dead_code)]
mod statistics;
#[path = "../benches/scale/store.rs"]
mod store;
#[path = "../examples/make_testdata/synth/mod.rs"]
#[allow(dead_code)]
mod synth;

use std::path::Path;

use earmark::fingerprint::Fingerprint;
use earmark::index::{Index, Segment, SegmentEntry};
use earmark::matching::{MatchOptions, Matcher};
use earmark::params::{PITCH_UNITS_PER_SEMITONE, Params, TICKS_PER_FRAME};
use earmark::peaks::Peak;
use earmark::units::RecordingKey;
use recombine::{Plan, VERSION, make};
use statistics::Statistics;
use store::{Store, Stored};
use synth::rng::Rng;

/// Music-like enough: notes of a scale on a beat, with three partials each.
fn source(name: &str, seconds: f64, params: &Params) -> Fingerprint {
    let mut rng = Rng::new(7, name);
    let second = (1.0 / params.seconds_per_tick()) as u32;
    let ticks = (seconds / params.seconds_per_tick()) as u32;
    // Not all in one key, or transposing would make them differ as music does not.
    let key = 16 * rng.below(12);
    let mut peaks = Vec::new();
    for beat in (0..ticks).step_by(second as usize / 4) {
        for _ in 0..3 {
            let note = 16 * rng.pick(&[0, 2, 4, 5, 7, 9, 11, 12, 14, 16]) + rng.below(3);
            for partial in [0, 192, 304] {
                let tick = beat + rng.below(3) as u32;
                peaks.push(Peak {
                    tick,
                    pitch: (100 + key + note + partial) as u16,
                    strength: 60 + rng.below(60) as u8,
                });
            }
        }
    }
    peaks.sort_unstable();
    peaks.dedup_by_key(|p| (p.tick, p.pitch));
    Fingerprint { peaks, frames: ticks / TICKS_PER_FRAME }
}

fn pool(params: &Params) -> Vec<Fingerprint> {
    ["a", "b", "c", "d", "e"].map(|name| source(name, 150.0, params)).to_vec()
}

#[test]
fn a_recording_depends_on_its_number_and_the_seed_alone() {
    let params = Params::default();
    let pool = pool(&params);
    let many: Vec<Fingerprint> = (0..20).map(|number| make(number, 1, &pool, &params)).collect();
    // Made alone, and in another order: so are those of a larger registry.
    for number in [19, 3, 0] {
        assert_eq!(make(number, 1, &pool, &params), many[number as usize]);
    }
    assert_ne!(make(3, 2, &pool, &params), many[3]);
    // If this differs, VERSION has to change: registries of the old kind are kept.
    let peaks: usize = many.iter().map(|m| m.peaks.len()).sum();
    assert_eq!((VERSION, many[0].frames, peaks), ("recombination 1", 11_898, 160_862));
    for (i, one) in many.iter().enumerate() {
        assert!(many[i + 1..].iter().all(|other| other != one));
    }
}

#[test]
fn recordings_are_in_order_and_in_range() {
    let params = Params::default();
    let pool = pool(&params);
    for number in 0..50 {
        let made = make(number, 1, &pool, &params);
        assert!(made.peaks.is_sorted());
        assert!(made.peaks.iter().all(|p| u32::from(p.pitch) <= params.max_pitch()));
        assert!(made.peaks.last().is_some_and(|p| p.tick < (made.frames + 1) * TICKS_PER_FRAME));
        for block in
            made.peaks.chunk_by(|a, b| a.tick / params.block_ticks() == b.tick / params.block_ticks())
        {
            assert!(block.len() <= params.dense_peaks_per_block as usize);
        }
    }
}

#[test]
fn plans_are_drawn_as_described() {
    let params = Params::default();
    let mut rng = Rng::new(1, "plans");
    let plans: Vec<Plan> = (0..5000).map(|_| Plan::draw(40, &params, &mut rng)).collect();
    let mean = |of: &dyn Fn(&Plan) -> f64| plans.iter().map(of).sum::<f64>() / plans.len() as f64;
    let seconds = |p: &Plan| f64::from(p.ticks) * params.seconds_per_tick();
    assert!((mean(&seconds) - 210.0).abs() < 3.0, "{} s", mean(&seconds));
    assert!(plans.iter().all(|p| (89.9..=360.0).contains(&seconds(p))));
    assert!(plans.iter().all(|p| (0.88..1.12).contains(&p.stretch)));
    let reach = 8 * PITCH_UNITS_PER_SEMITONE as i32;
    assert!(plans.iter().all(|p| p.shift.abs() <= reach && p.shift % 16 == 0));
    assert!(plans.iter().any(|p| p.shift == reach) && plans.iter().any(|p| p.shift == -reach));
    // Half of those with two sources, but for one in 40 that drew the same twice.
    let with_one = mean(&|p: &Plan| f64::from(u8::from(p.sources[0] == p.sources[1])));
    assert!((with_one - 0.5125).abs() < 0.03, "{with_one}");
}

#[test]
fn made_up_music_has_the_statistics_of_its_sources() {
    let params = Params::default();
    let pool = pool(&params);
    let made: Vec<Fingerprint> = (0..20).map(|number| make(number, 1, &pool, &params)).collect();
    let mut scattered = made.clone();
    let mut rng = Rng::new(1, "scattered");
    for recording in &mut scattered {
        recording.peaks.iter_mut().for_each(|p| p.pitch = rng.below(params.max_pitch() as usize) as u16);
        recording.peaks.sort_unstable();
    }
    let random = Statistics::of(&scattered, &params);
    let (real, made) = (Statistics::of(&pool, &params), Statistics::of(&made, &params));
    let ratio = |of: &dyn Fn(&Statistics) -> f64| of(&made) / of(&real);
    let per_second = ratio(&|s| s.dense as f64 / s.seconds);
    assert!((0.85..1.15).contains(&per_second), "peaks {per_second}");
    assert!((0.85..1.15).contains(&ratio(&|s| s.sparse_mean())), "sparse peaks");
    for (kind, name) in hashes::KINDS.iter().map(|kind| kind.name).enumerate() {
        let landmarks = ratio(&|s| s.landmarks(kind) / s.seconds);
        // Less, as these few peaks are not made up for where transposing drops some.
        assert!((0.7..1.2).contains(&landmarks), "{name} {landmarks}");
        // Pairs hold pitches, and sources in few keys become recordings in all of them.
        let coincidence = ratio(&|s| s.coincidence(kind));
        assert!((0.1..2.0).contains(&coincidence), "{name}: {coincidence}");
        // The same peaks at random pitches: what made-up music must not be like.
        let above = made.coincidence(kind) / random.coincidence(kind);
        assert!(above > 2.0, "{name}: {above}");
    }
}

#[test]
fn a_piece_is_found_in_its_source_with_its_shift_and_stretch() {
    let params = Params::default();
    let pool: Vec<Fingerprint> = vec![source("only", 200.0, &params)];
    let entry = SegmentEntry { recording: RecordingKey(0), fingerprint: &pool[0] };
    let segment = Segment::in_memory(&params, &[entry]).expect("it is written");
    let index = Index::new(vec![segment.into()], Default::default());
    let made = make(5, 1, &pool, &params);
    let plan = Plan::draw(1, &params, &mut Rng::new(1, "recording 5"));
    let found = Matcher::new(&index, &params, MatchOptions::default()).identify(&made);
    let best = found.first().expect("its own source is in it");
    let shift = f64::from(plan.shift) / f64::from(PITCH_UNITS_PER_SEMITONE);
    assert!((best.pitch_semitones - shift).abs() < 0.1, "{} {shift}", best.pitch_semitones);
    assert!((best.time_scale * plan.stretch - 1.0).abs() < 0.01, "{} {}", best.time_scale, plan.stretch);
}

#[test]
fn hits_and_coincidences_by_hand() {
    let params = Params::default();
    let mut one = Statistics::of([], &params);
    one.seconds = 3600.0;
    one.hashes[0] = [(1, 3), (2, 1)].into();
    let mut other = Statistics::of([], &params);
    other.hashes[0] = [(1, 1), (5, 1)].into();
    // One of two look-ups finds three postings in an hour.
    assert!((one.hits(0, &other) - 150.0).abs() < 1e-9);
    // 6 of the 12 ordered pairs are equal.
    assert!((one.coincidence(0) - 0.5e6).abs() < 1e-6);
    assert!((one.top_share(0) - 0.75).abs() < 1e-9);
}

#[test]
fn what_is_stored_comes_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Store::new(folder.path().to_owned()).expect("it is made");
    let peak = |tick, pitch, strength| Peak { tick, pitch, strength };
    let stored = Stored {
        fingerprint: Fingerprint { peaks: vec![peak(3, 900, 255), peak(70_000, 0, 1)], frames: 20_000 },
        audio_hash: [9; 32],
        duration_s: 426.625,
    };
    assert_eq!(store.get("a", || Ok(stored.clone())).expect("it is made"), stored);
    assert_eq!(store.get("a", || Err("not again".into())).expect("it is there"), stored);
    assert_eq!(store.find("b"), None);
    // Cut off, as by a full disk.
    let file = std::fs::read_dir(folder.path()).expect("it lists").next().expect("one").expect("it reads");
    let bytes = std::fs::read(file.path()).expect("it reads");
    std::fs::write(file.path(), &bytes[..bytes.len() - 3]).expect("it is written");
    assert_eq!(store.find("a"), None);
    let params = Params::default();
    assert!(store::file_key(Path::new("Cargo.toml"), &params).is_ok());
    assert!(store.of_file(Path::new("Cargo.toml"), &params).is_err());
}
