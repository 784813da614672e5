//! Registries of every size, each out of the one before.

use std::fs;
use std::path::{Path, PathBuf};

use earmark::fingerprint::Fingerprint;
use earmark::params::Params;
use earmark::registry::{Added, Facts, NewRecording, Registry};
use rayon::prelude::*;

use crate::music::{Music, Registered};
use crate::options::Options;
use crate::progress::Progress;
use crate::recombine;
use crate::store::Failure;

/// File in the folder of registries that says what they were made of.
const RECIPE: &str = "recipe.txt";

/// Folder of the registry of a size.
pub fn folder(options: &Options, size: u64) -> PathBuf {
    options.work.join("registries").join(size.to_string())
}

/// Makes what is missing of the registries; `sizes` in ascending order.
///
/// # Errors
/// If a registry cannot be written, or the folder holds registries of other music.
pub fn all(options: &Options, sizes: &[u64], music: &Music, params: &Params) -> Result<(), Failure> {
    let registries = options.work.join("registries");
    fs::create_dir_all(&registries)?;
    check_recipe(&registries.join(RECIPE), &music.recipe(options, params))?;
    for (number, &size) in sizes.iter().enumerate() {
        let whole = folder(options, size);
        if whole.exists() {
            continue;
        }
        let growing = registries.join(format!("{size}.growing"));
        if !growing.exists() {
            // Under its name only when it is whole.
            let linking = registries.join(format!("{size}.linking"));
            let _ = fs::remove_dir_all(&linking);
            match sizes[..number].last() {
                Some(&smaller) => link(&folder(options, smaller), &linking)?,
                None => fs::create_dir_all(&linking)?,
            }
            fs::rename(&linking, &growing)?;
        }
        grow(options, &growing, size, music, params)?;
        fs::rename(&growing, &whole)?;
    }
    Ok(())
}

fn check_recipe(path: &Path, recipe: &str) -> Result<(), Failure> {
    match fs::read_to_string(path) {
        Ok(found) if found == recipe => Ok(()),
        Ok(_) => Err(format!(
            "{}: the registries there were made of other music, with another seed or other parameters; \
             remove them or name another --work",
            path.display()
        )
        .into()),
        Err(_) => Ok(fs::write(path, recipe)?),
    }
}

/// A registry with the same content. Segments are never changed, so that they can
/// be the same files; the database is copied.
fn link(from: &Path, to: &Path) -> Result<(), Failure> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            fs::create_dir_all(&target)?;
            for file in fs::read_dir(entry.path())? {
                let file = file?;
                fs::hard_link(file.path(), target.join(file.file_name()))?;
            }
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

/// Registers until there are `size` recordings: first the real ones, then the
/// made-up ones in the order of their numbers. Goes on where it was stopped.
fn grow(options: &Options, folder: &Path, size: u64, music: &Music, params: &Params) -> Result<(), Failure> {
    let mut registry = Registry::open_or_create(folder, params)?;
    let mut there = registry.info()?.recordings;
    let real = music.registered.len() as u64;
    if real > size {
        return Err(format!("{real} recordings are registered: more than a registry of {size} holds").into());
    }
    let progress = Progress::new(format!("recordings of {size}"), (size - there) as usize);
    while there < size {
        let end = size.min(there + options.batch.get() as u64);
        let batch: Vec<NewRecording> = (there..end)
            .into_par_iter()
            .map(|number| {
                let new = match music.registered.get(number as usize) {
                    Some(real) => genuine(real),
                    None => made_up(options.seed, number - real, &music.pool, params),
                };
                progress.step();
                new
            })
            .collect();
        for (added, new) in registry.add(&batch)?.iter().zip(&batch) {
            if !matches!(added, Added::New { .. }) {
                return Err(format!("{:?} was not registered: {added:?}", new.id).into());
            }
        }
        there = end;
    }
    Ok(())
}

fn genuine(recording: &Registered) -> NewRecording {
    NewRecording {
        id: Some(recording.id.clone()),
        isrcs: Vec::new(),
        facts: Facts::default(),
        audio_hash: recording.stored.audio_hash,
        duration_s: recording.stored.duration_s,
        source_path: None,
        fingerprint: recording.stored.fingerprint.clone(),
    }
}

fn made_up(seed: u64, number: u64, pool: &[Fingerprint], params: &Params) -> NewRecording {
    let fingerprint = recombine::make(number, seed, pool, params);
    let id = format!("made-up {number}");
    NewRecording {
        isrcs: Vec::new(),
        facts: Facts::default(),
        audio_hash: *blake3::hash(format!("{seed} {id}").as_bytes()).as_bytes(),
        id: Some(id),
        duration_s: f64::from(fingerprint.frames) * f64::from(params.hop_samples) / f64::from(params.rate_hz),
        source_path: None,
        fingerprint,
    }
}
