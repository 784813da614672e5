//! What is asked of every registry.

use std::collections::{BTreeMap, BTreeSet};

use earmark::fingerprint::Fingerprinter;
use earmark::params::Params;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::clips::{self, Clip};
use crate::folds::shuffle;
use crate::manifest::Entry;
use crate::music::{Music, Unregistered};
use crate::options::Options;
use crate::progress::Progress;
use crate::recordings::{self, Recording};
use crate::store::{Failure, Store, Stored, file_key};
use crate::synth::rng::Rng;
use crate::truth::Truth;

/// Shortest whole recording that is asked, in seconds.
const LONG_S: f64 = 100.0;

/// A query; its fingerprint is in the store.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Question {
    /// Its name.
    pub name: String,
    /// What was done to it.
    pub kind: String,
    /// Whether it is an excerpt.
    pub short: bool,
    /// Its length in seconds.
    pub length_s: f64,
    /// Its key in the store.
    pub key: String,
    /// What is in it; empty for unregistered music.
    pub expected: Vec<Expected>,
}

/// A recording that is in a query.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Expected {
    /// Its id.
    pub id: String,
    /// A place in the query, in seconds.
    pub query_s: f64,
    /// The places of the recording that sound there, in seconds.
    pub places_s: Vec<f64>,
    /// Seconds of the recording per second of the query.
    pub time_scale: f64,
}

/// All questions, mixed, so that no kind pays for the first touch of the pages
/// that all of them need; and the queries that cannot be asked.
///
/// # Errors
/// If a query cannot be read.
pub fn all(
    options: &Options,
    music: &Music,
    store: &Store,
    params: &Params,
) -> Result<(Vec<Question>, usize), Failure> {
    let (mut questions, left_out) = known(options, music, store, params)?;
    questions.extend(excerpts(options, music, store, params)?);
    questions.extend(whole(options, music));
    shuffle(&mut questions, &mut Rng::new(options.seed, "order of the questions"));
    Ok((questions, left_out))
}

/// The queries of the truth whose recordings are all registered.
///
/// What the truth calls unregistered may come from the pool, which it does not
/// tell; so do sequences of recordings, for which a single answer is no measure.
fn known(
    options: &Options,
    music: &Music,
    store: &Store,
    params: &Params,
) -> Result<(Vec<Question>, usize), Failure> {
    let named = |error: csv::Error| format!("{}: {error}", options.truth.display());
    let mut by_query: BTreeMap<String, Vec<Truth>> = BTreeMap::new();
    for row in csv::Reader::from_path(&options.truth).map_err(named)?.deserialize() {
        let row: Truth = row.map_err(named)?;
        by_query.entry(row.query.clone()).or_default().push(row);
    }
    let ids: BTreeSet<&str> = music.registered.iter().map(|r| r.id.as_str()).collect();
    let only = &options.only;
    by_query.retain(|_, t| only.is_empty() || only.contains(&t[0].group) || only.contains(&t[0].condition));
    let before = by_query.len();
    by_query.retain(|_, t| t.iter().all(|t| ids.contains(t.ref_id.as_str())) && t[0].group != "dj");
    let left_out = before - by_query.len();
    let chosen: Vec<_> = by_query.into_iter().step_by(options.every.get()).collect();
    let progress = Progress::new("reading queries".to_owned(), chosen.len());
    let read = |(name, truth): (String, Vec<Truth>)| {
        let path = options.queries.join(&name);
        let stored = store.of_file(&path, params)?;
        progress.step();
        let first = &truth[0];
        let kind = if first.group == "noise" { &first.condition } else { &first.group };
        Ok(Question {
            kind: kind.clone(),
            short: true,
            length_s: stored.duration_s,
            key: file_key(&path, params)?,
            expected: truth.iter().map(expected).collect(),
            name,
        })
    };
    Ok((chosen.into_par_iter().map(read).collect::<Result<_, Failure>>()?, left_out))
}

fn expected(truth: &Truth) -> Expected {
    Expected {
        id: truth.ref_id.clone(),
        query_s: truth.query_start_s,
        places_s: truth.positions().collect(),
        time_scale: truth.time_scale,
    }
}

/// Excerpts of unregistered music, degraded as in the bench of calibration.
fn excerpts(
    options: &Options,
    music: &Music,
    store: &Store,
    params: &Params,
) -> Result<Vec<Question>, Failure> {
    let durations: Vec<(usize, f64)> = music.unregistered.iter().map(|u| u.duration_s).enumerate().collect();
    let mut rng = Rng::new(options.seed, "excerpts");
    let clips = clips::plan(&durations, options.unregistered, false, &mut rng);
    let keys: Vec<String> = clips.iter().map(|clip| clip_key(clip, &music.unregistered)).collect();
    if keys.iter().any(|key| store.find(key).is_none()) {
        let needed: BTreeSet<usize> =
            clips.iter().flat_map(|c| [Some(c.recording), c.other.map(|o| o.0)]).flatten().collect();
        let entries: Vec<Entry> = needed.iter().map(|&n| music.unregistered[n].entry.clone()).collect();
        let audio: BTreeMap<usize, Recording> =
            needed.into_iter().zip(recordings::read(&entries, params)?).collect();
        let make = |(clip, key): (&Clip, &String)| store.get(key, || Ok(cut(clip, key, &audio, params)));
        clips.par_iter().zip(&keys).try_for_each(|both| make(both).map(|_| ()))?;
    }
    let question = |(clip, key): (&Clip, String)| Question {
        name: format!("{}@{:.0}", music.unregistered[clip.recording].entry.id, clip.start_s * 1e3),
        kind: format!("unregistered, {}", clip.degradation.name()),
        short: true,
        length_s: clip.length_s,
        key,
        expected: Vec::new(),
    };
    Ok(clips.iter().zip(keys).map(question).collect())
}

/// Names all that a clip depends on.
fn clip_key(clip: &Clip, unregistered: &[Unregistered]) -> String {
    let other = clip.other.map(|(number, start_s)| (&unregistered[number].key, start_s));
    let Clip { recording, start_s, length_s, degradation, .. } = clip;
    format!("{} {start_s} {length_s} {degradation:?} {other:?}", unregistered[*recording].key)
}

fn cut(clip: &Clip, key: &str, audio: &BTreeMap<usize, Recording>, params: &Params) -> Stored {
    let source = audio[&clip.recording].part(clip.start_s, clip.source_s());
    let other = clip.other.map(|(number, start_s)| audio[&number].part(start_s, clip.length_s));
    // Without babble there is no speech to mix in.
    let degraded = clip.degradation.apply(&source, other.as_ref(), &source, &mut Rng::new(0, key));
    let samples: Vec<f32> = degraded.channels[0].iter().map(|&x| x as f32).collect();
    let mut fingerprinter = Fingerprinter::new(params);
    fingerprinter.push(&samples);
    Stored { fingerprint: fingerprinter.finish(), audio_hash: [0; 32], duration_s: clip.length_s }
}

/// Whole recordings.
fn whole(options: &Options, music: &Music) -> Vec<Question> {
    let question = |id: &str, kind: &str, length_s: f64, key: &str, expected| Question {
        name: id.to_owned(),
        kind: kind.to_owned(),
        short: false,
        length_s,
        key: key.to_owned(),
        expected,
    };
    let of_itself =
        |id: &str| vec![Expected { id: id.to_owned(), query_s: 0.0, places_s: vec![0.0], time_scale: 1.0 }];
    let registered = music.registered.iter().filter(|r| r.stored.duration_s >= LONG_S);
    let unregistered = music.unregistered.iter().filter(|u| u.duration_s >= LONG_S);
    let mut chosen: Vec<Question> = registered
        .map(|r| question(&r.id, "long, registered", r.stored.duration_s, &r.key, of_itself(&r.id)))
        .collect();
    let mut others: Vec<Question> = unregistered
        .map(|u| question(&u.entry.id, "long, unregistered", u.duration_s, &u.key, Vec::new()))
        .collect();
    let mut rng = Rng::new(options.seed, "whole recordings");
    for part in [&mut chosen, &mut others] {
        shuffle(part, &mut rng);
        part.truncate(options.long);
    }
    chosen.append(&mut others);
    chosen
}
