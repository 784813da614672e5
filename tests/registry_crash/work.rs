//! Work on a registry, commit by commit: what each commit does follows from its
//! number, so that whoever finds a registry knows what it must hold and how to
//! go on.

use std::path::Path;

use earmark::fingerprint::{Fingerprint, Fingerprinter};
use earmark::params::Params;
use earmark::registry::{Facts, NewDeclaration, NewRecording, Permission, Registry, Subject, Use};

/// Commits of a turn.
pub const TURN: u64 = 5;

/// What the commits of a turn do.
pub const WORK: [&str; TURN as usize] = ["register", "remove", "register one", "declare", "compact"];

/// Recordings in the first batch of a turn: several, so that half of it would show.
const BATCH: u64 = 3;

/// Commit number `generation`, from 0.
pub fn commit(registry: &mut Registry, generation: u64, fingerprint: &Fingerprint) {
    let turn = generation / TURN;
    match generation % TURN {
        0 => {
            let batch: Vec<_> = (0..BATCH).map(|place| recording(turn, place, fingerprint)).collect();
            registry.add(&batch).unwrap();
        }
        1 => {
            registry.remove(&removed(turn)).unwrap();
        }
        2 => {
            registry.add(&[recording(turn, BATCH, fingerprint)]).unwrap();
        }
        3 => {
            let declaration = NewDeclaration {
                subject: Subject::Recording(id(0, 0)),
                use_: Use::AiTraining,
                statement: Permission::Disallow.into(),
                territories: Vec::new(),
                from: None,
                until: None,
                declarant: "Example Music".to_owned(),
                source: None,
                document_hash: None,
                received_at: "2026-11-21T12:00:00Z".parse().unwrap(),
            };
            registry.declare(&[declaration]).unwrap();
        }
        _ => {
            let compaction = registry.compact(|_, _| ()).unwrap();
            assert_eq!(compaction.segments_after, 1);
        }
    }
    assert_eq!(registry.generation().unwrap(), generation + 1);
}

/// Opens what is left and checks it; its generation and content hash.
pub fn check(folder: &Path, context: &str) -> (u64, String) {
    let registry = Registry::open(folder).unwrap_or_else(|error| panic!("{context}: {error}"));
    let problems = registry.verify().unwrap();
    let harmful: Vec<String> =
        problems.iter().filter(|problem| !problem.is_harmless()).map(ToString::to_string).collect();
    assert!(harmful.is_empty(), "{context}: {harmful:?}");
    registry.index().unwrap();

    let generation = registry.generation().unwrap();
    let mut found: Vec<String> = registry.recordings().map(|recording| recording.unwrap().id).collect();
    found.sort();
    assert_eq!(found, expected(generation), "{context}: whole commits only, generation {generation}");
    let declared = (0..generation).filter(|done| done % TURN == 3).count();
    assert_eq!(registry.declarations().unwrap().len(), declared, "{context}");
    let info = registry.info().unwrap();
    if generation > 0 && generation.is_multiple_of(TURN) {
        assert_eq!((info.segments, info.tombstones), (1, 0), "{context}: compacted");
    }
    (generation, info.content_hash_hex())
}

/// Ids of the recordings after `generation` commits, sorted.
fn expected(generation: u64) -> Vec<String> {
    let mut ids = Vec::new();
    for turn in 0..generation.div_ceil(TURN) {
        let done = generation - turn * TURN;
        let gone = if done > 1 { removed(turn) } else { Vec::new() };
        let places = if done > 2 { 0..BATCH + 1 } else { 0..BATCH };
        ids.extend(places.map(|place| id(turn, place)).filter(|id| !gone.contains(id)));
    }
    ids.sort();
    ids
}

/// What a turn takes of its batch: every other time all of it, which drops the
/// segment, else all but the first.
fn removed(turn: u64) -> Vec<String> {
    (1 - turn % 2..BATCH).map(|place| id(turn, place)).collect()
}

fn id(turn: u64, place: u64) -> String {
    format!("{turn}-{place}")
}

fn recording(turn: u64, place: u64, fingerprint: &Fingerprint) -> NewRecording {
    let id = id(turn, place);
    NewRecording {
        audio_hash: *blake3::hash(id.as_bytes()).as_bytes(),
        id: Some(id),
        isrcs: Vec::new(),
        facts: Facts::default(),
        duration_s: 2.0,
        source_path: None,
        fingerprint: fingerprint.clone(),
    }
}

/// Two seconds of noise.
pub fn fingerprint() -> Fingerprint {
    let mut state = 1_u32;
    let noise: Vec<f32> = (0..24_000)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            state as f32 / u32::MAX as f32 - 0.5
        })
        .collect();
    let mut fingerprinter = Fingerprinter::new(&Params::default());
    fingerprinter.push(&noise);
    fingerprinter.finish()
}
