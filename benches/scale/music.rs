//! Who is in the pool, who is registered, and who is not.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use earmark::fingerprint::Fingerprint;
use earmark::params::Params;
use rayon::prelude::*;
use serde::Deserialize;

use crate::folds;
use crate::manifest::{self, Entry};
use crate::options::Options;
use crate::progress::Progress;
use crate::recombine;
use crate::store::{Failure, Store, Stored, file_key};

/// Shortest recording that pieces are cut from, in seconds: jingles and sounds are
/// no music, and would come again and again.
const SHORTEST_SOURCE_S: f64 = 60.0;

/// A recording that queries are made from.
#[derive(Clone)]
pub struct Registered {
    /// Its id.
    pub id: String,
    /// Its key in the store.
    pub key: String,
    /// Its fingerprint.
    pub stored: Stored,
}

/// A recording that is not registered.
pub struct Unregistered {
    /// Its row of the manifest.
    pub entry: Entry,
    /// Its key in the store.
    pub key: String,
    /// Its length in seconds.
    pub duration_s: f64,
    /// Its fingerprint.
    pub fingerprint: Fingerprint,
}

/// All that is listened to, but for the queries.
pub struct Music {
    /// What made-up recordings are made of.
    pub pool: Vec<Fingerprint>,
    /// Registered recordings, without made-up ones.
    pub registered: Vec<Registered>,
    /// Music of which nothing is registered.
    pub unregistered: Vec<Unregistered>,
    /// Recordings that were kept from the pool as their audio is registered, or
    /// will be asked for, under another name.
    pub kept_out: usize,
    /// Names the recordings of the pool.
    pool_hash: blake3::Hash,
}

#[derive(Deserialize)]
struct Place {
    path: PathBuf,
    id: String,
}

impl Music {
    /// Reads and deals everything.
    ///
    /// # Errors
    /// If a file cannot be read, or a part stays empty.
    pub fn read(options: &Options, store: &Store, params: &Params) -> Result<Music, Failure> {
        let mut entries = manifest::entries(&options.music)?;
        entries.retain(|entry| !options.without.contains(&entry.group));
        let stored = stored(entries.iter().map(|e| e.path.as_path()).collect(), store, params)?;
        let mut groups = BTreeMap::new();
        for (entry, (_, stored)) in entries.iter().zip(&stored) {
            *groups.entry(entry.group.clone()).or_insert(0.0) += stored.duration_s;
        }
        let fold_of = folds::deal(&groups, options.folds);
        let (to_register, to_leave) = (options.folds - 2, options.folds - 1);

        let mut fold_of_path = BTreeMap::new();
        for entry in &entries {
            fold_of_path.insert(entry.path.canonicalize()?, fold_of[&entry.group]);
        }
        let registered = registered(options, store, params, |path| {
            fold_of_path.get(path).is_none_or(|fold| *fold == to_register)
        })?;

        let mut asked: BTreeSet<[u8; 32]> = registered.iter().map(|r| r.stored.audio_hash).collect();
        let (mut unregistered, mut sources) = (Vec::new(), Vec::new());
        for (entry, (key, stored)) in entries.into_iter().zip(stored) {
            let fold = fold_of[&entry.group];
            if fold == to_leave && asked.insert(stored.audio_hash) {
                let Stored { fingerprint, duration_s, .. } = stored;
                unregistered.push(Unregistered { entry, key, duration_s, fingerprint });
            } else if fold < to_register && stored.duration_s >= SHORTEST_SOURCE_S {
                sources.push((key, stored));
            }
        }
        let before = sources.len();
        sources.retain(|(_, stored)| !asked.contains(&stored.audio_hash));
        let kept_out = before - sources.len();
        let mut hasher = blake3::Hasher::new();
        for (_, stored) in &sources {
            hasher.update(&stored.audio_hash);
        }
        let pool: Vec<Fingerprint> = sources.into_iter().map(|(_, stored)| stored.fingerprint).collect();
        for (part, count) in [
            ("pool", pool.len()),
            ("registered music", registered.len()),
            ("unregistered music", unregistered.len()),
        ] {
            if count == 0 {
                return Err(format!("{}: the {part} is empty", options.music.display()).into());
            }
        }
        Ok(Music { pool, registered, unregistered, kept_out, pool_hash: hasher.finalize() })
    }

    /// All that the registries depend on.
    pub fn recipe(&self, options: &Options, params: &Params) -> String {
        let mut hasher = blake3::Hasher::new();
        for recording in &self.registered {
            hasher.update(recording.id.as_bytes());
            hasher.update(&recording.stored.audio_hash);
        }
        format!(
            "{}\nparams {}\nseed {}\nrecordings in a segment {}\npool {}\nregistered {}\n",
            recombine::VERSION,
            params.id(),
            options.seed,
            options.batch,
            self.pool_hash.to_hex(),
            hasher.finalize().to_hex()
        )
    }
}

/// Keys and fingerprints of files.
fn stored(files: Vec<&Path>, store: &Store, params: &Params) -> Result<Vec<(String, Stored)>, Failure> {
    let progress = Progress::new("reading music".to_owned(), files.len());
    let read = |path: &Path| {
        let stored = store.of_file(path, params)?;
        progress.step();
        let key = file_key(path, params).map_err(|e| format!("{}: {e}", path.display()))?;
        Ok((key, stored))
    };
    files.into_par_iter().map(read).collect()
}

/// The recordings of the list for whose path `wanted` holds; of those with the
/// same audio only the first, as a registry keeps no other.
fn registered(
    options: &Options,
    store: &Store,
    params: &Params,
    wanted: impl Fn(&Path) -> bool,
) -> Result<Vec<Registered>, Failure> {
    let list = &options.recordings;
    let named = |error: &dyn std::error::Error| format!("{}: {error}", list.display());
    let mut reader = csv::Reader::from_path(list).map_err(|e| named(&e))?;
    let folder = list.parent().unwrap_or(Path::new(""));
    let mut places = Vec::new();
    for row in reader.deserialize() {
        let place: Place = row.map_err(|e| named(&e))?;
        let path = folder.join(&place.path);
        let path = path.canonicalize().map_err(|e| format!("{}: {e}", path.display()))?;
        if wanted(&path) {
            places.push((path, place.id));
        }
    }
    let all = stored(places.iter().map(|(path, _)| path.as_path()).collect(), store, params)?;
    let mut hashes = BTreeSet::new();
    let recordings = places.into_iter().zip(all).filter_map(|((_, id), (key, stored))| {
        hashes.insert(stored.audio_hash).then_some(Registered { id, key, stored })
    });
    Ok(recordings.collect())
}
