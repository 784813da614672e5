//! Tests of the registry as a whole.

mod adding;
mod altered;
mod authority;
mod authority_change;
mod compacting;
mod concurrency;
mod copying;
mod damage;
mod declaring;
mod importing;
mod lineage;
mod opening;
mod reading;
mod removing;
mod state;

use std::path::Path;

use crate::fingerprint::{Fingerprint, Fingerprinter};
use crate::params::Params;

use super::*;

/// A short fingerprint of noise, another one for each seed.
pub(super) fn fingerprint(seed: u32) -> Fingerprint {
    let mut state = seed.wrapping_mul(2_654_435_761) | 1;
    let noise: Vec<f32> = (0..24_000)
        .map(|_| {
            // xorshift32 (Marsaglia 2003).
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

/// A recording whose audio is told apart by `seed`.
pub(super) fn recording(seed: u32) -> NewRecording {
    NewRecording {
        id: None,
        isrcs: Vec::new(),
        facts: Facts::default(),
        audio_hash: *blake3::hash(&seed.to_le_bytes()).as_bytes(),
        duration_s: 2.0,
        source_path: Some(format!("masters/{seed}.wav")),
        fingerprint: fingerprint(seed),
    }
}

/// The same with an id.
pub(super) fn named(id: &str, seed: u32) -> NewRecording {
    NewRecording { id: Some(id.to_owned()), ..recording(seed) }
}

/// Consent to all that takes no name over.
pub(super) fn agreed() -> Consent {
    Consent::Given { take_over: Vec::new() }
}

/// The day for which changes are told.
pub(super) fn day() -> jiff::civil::Date {
    "2026-11-21".parse().unwrap()
}

pub(super) fn declaration(subject: Subject, permission: Permission) -> NewDeclaration {
    NewDeclaration {
        subject,
        use_: Use::AiTraining,
        statement: permission.into(),
        territories: Vec::new(),
        from: None,
        until: None,
        declarant: "Example Music".to_owned(),
        source: None,
        document_hash: None,
        received_at: "2026-11-21T12:00:00Z".parse().unwrap(),
    }
}

pub(super) fn owner(name: &str, aliases: &[&str], parent: Option<&str>, from: Option<&str>) -> NewOwner {
    NewOwner {
        name: name.to_owned(),
        aliases: aliases.iter().map(|alias| (*alias).to_owned()).collect(),
        parent: parent.map(str::to_owned),
        from: from.map(|day| day.parse().unwrap()),
        source: None,
        document_hash: None,
        received_at: "2026-11-21T12:00:00Z".parse().unwrap(),
    }
}

/// Of `subject`, as `KIND:VALUE`, for `period`, as `from..until` with either side open.
pub(super) fn mandate(declarant: &str, act: MandateAct, subject: &str, period: &str) -> NewMandate {
    let (kind, value) = subject.split_once(':').unwrap();
    let (from, until) = period.split_once("..").unwrap();
    NewMandate {
        declarant: declarant.to_owned(),
        speaks_for: Subject::parse(kind, value).unwrap(),
        act,
        from: from.parse().ok(),
        until: until.parse().ok(),
        source: None,
        document_hash: None,
        received_at: "2026-11-21T12:00:00Z".parse().unwrap(),
    }
}

/// A registry with two segments, a tombstone, two declarations, a mandate and an owner.
pub(super) fn fill(folder: &Path) {
    let mut registry = Registry::create(folder, &Params::default()).unwrap();
    registry.add(&[named("one", 1), named("two", 2), named("three", 3)]).unwrap();
    registry.add(&[named("four", 4)]).unwrap();
    registry.remove(&["two".to_owned()]).unwrap();
    registry
        .declare(&[
            declaration(Subject::Recording("one".to_owned()), Permission::Disallow),
            declaration(Subject::Owner("Example Music".to_owned()), Permission::Allow),
        ])
        .unwrap();
    registry
        .append(&[
            mandate("Agency", MandateAct::Grant, "recording:one", "..").into(),
            owner("Example Music", &["EM"], Some("Group"), None).into(),
        ])
        .unwrap();
}

pub(super) fn ids(registry: &Registry) -> Vec<String> {
    registry.recordings().map(|recording| recording.unwrap().id).collect()
}

pub(super) fn segment_files(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder.join("segments"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}
