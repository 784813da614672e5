//! Fold after fold: registries, queries, matches.

use std::collections::BTreeMap;
use std::error::Error;
use std::sync::Arc;

use earmark::fingerprint::{Fingerprint, Fingerprinter};
use earmark::index::{Index, Segment, SegmentEntry, write_segment};
use earmark::matching::{Match, MatchOptions, Matcher};
use earmark::params::Params;
use earmark::units::RecordingKey;
use rayon::prelude::*;
use tempfile::TempDir;

use crate::clips::{self, Clip};
use crate::folds;
use crate::manifest::Pairs;
use crate::options::Options;
use crate::progress::Progress;
use crate::recordings::Recording;
use crate::rows::{MOST_E_VALUE, Row, milli};
use crate::synth::audio::Audio;
use crate::synth::rng::Rng;

/// Audio in one segment: as much as `earmark register` puts into one.
const SEGMENT_S: f64 = 12.0 * 3600.0;

/// Everything that is needed for the queries.
pub struct Experiment<'a> {
    options: &'a Options,
    params: &'a Params,
    recordings: Vec<Recording>,
    fold_of: BTreeMap<String, usize>,
    speech: Audio,
    excluded: Pairs,
}

/// A registry and the share of the other folds that it holds.
struct Size {
    fraction: u32,
    index: Index,
    // The segments are mapped from here.
    _folder: TempDir,
}

type Failure = Box<dyn Error + Send + Sync>;

impl<'a> Experiment<'a> {
    /// Deals the recordings into folds.
    ///
    /// # Errors
    /// If there are fewer groups than folds, or the speech group is empty.
    pub fn new(
        options: &'a Options,
        params: &'a Params,
        recordings: Vec<Recording>,
        excluded: Pairs,
    ) -> Result<Self, Failure> {
        let mut groups = BTreeMap::new();
        for recording in &recordings {
            *groups.entry(recording.group.clone()).or_insert(0.0) += recording.duration_s;
        }
        let folds = options.folds.get();
        if folds < 2 || groups.len() < folds {
            let manifest = options.manifest.display();
            return Err(
                format!("{manifest}: {} groups cannot be dealt into {folds} folds", groups.len()).into()
            );
        }
        let fold_of = folds::deal(&groups, folds);
        let mut speech = Vec::new();
        if let Some(group) = &options.speech {
            for recording in recordings.iter().filter(|r| r.group == *group) {
                speech.extend_from_slice(&recording.part(0.0, recording.duration_s).channels[0]);
            }
            if speech.is_empty() {
                return Err(format!("{}: no audio in the group {group}", options.manifest.display()).into());
            }
        }
        let speech = Audio::mono(params.rate_hz, speech);
        Ok(Experiment { options, params, recordings, fold_of, speech, excluded })
    }

    /// Runs all folds.
    ///
    /// # Errors
    /// If a registry cannot be written.
    pub fn run(mut self) -> Result<Vec<Row>, Failure> {
        let mut rows = Vec::new();
        for fold in 0..self.options.folds.get() {
            rows.extend(self.run_fold(fold)?);
            for number in self.numbers(|f| f == fold) {
                self.recordings[number].forget_samples();
            }
        }
        Ok(rows)
    }

    fn run_fold(&self, fold: usize) -> Result<Vec<Row>, Failure> {
        let folds = self.options.folds.get();
        let mut rng = Rng::new(self.options.seed, &format!("fold {fold}"));
        let sizes = self.sizes(fold, &mut rng)?;
        let own: Vec<(usize, f64)> =
            self.numbers(|f| f == fold).into_iter().map(|n| (n, self.recordings[n].duration_s)).collect();
        let wanted = self.options.queries / folds + usize::from(fold < self.options.queries % folds);
        let clips = clips::plan(&own, wanted, self.options.speech.is_some(), &mut rng);
        if clips.len() < wanted {
            eprintln!("fold {}: only {} of {wanted} queries can be cut", fold + 1, clips.len());
        }
        let progress = Progress::new(format!("fold {} of {folds}, queries", fold + 1), clips.len());
        let rows: Vec<Vec<Row>> = clips
            .par_iter()
            .map(|clip| {
                let rows = self.search(fold, clip, &sizes);
                progress.step();
                rows
            })
            .collect();
        Ok(rows.into_iter().flatten().collect())
    }

    /// Numbers of the recordings of some folds.
    fn numbers(&self, wanted: impl Fn(usize) -> bool) -> Vec<usize> {
        (0..self.recordings.len()).filter(|&n| wanted(self.fold_of[&self.recordings[n].group])).collect()
    }

    /// The registries of a fold. A smaller one is a part of every larger one.
    fn sizes(&self, fold: usize, rng: &mut Rng) -> Result<Vec<Size>, Failure> {
        let mut others = self.numbers(|f| f != fold);
        others.retain(|&n| self.options.speech.as_ref() != Some(&self.recordings[n].group));
        folds::shuffle(&mut others, rng);
        let durations: Vec<f64> = others.iter().map(|&n| self.recordings[n].duration_s).collect();
        let mut fractions: Vec<u32> = self.options.fraction.iter().map(|n| n.get()).collect();
        fractions.sort_unstable();
        fractions.dedup();
        let size = |fraction: u32| {
            let count = folds::leading(&durations, 1.0 / f64::from(fraction));
            let mut registered = others[..count].to_vec();
            registered.sort_unstable();
            let folder = tempfile::tempdir()?;
            let index = self.register(&registered, &folder)?;
            Ok(Size { fraction, index, _folder: folder })
        };
        fractions.into_iter().map(size).collect()
    }

    fn register(&self, numbers: &[usize], folder: &TempDir) -> Result<Index, Failure> {
        let mut segments = Vec::new();
        let mut rest = numbers;
        while !rest.is_empty() {
            let mut seconds = 0.0;
            let fits = rest.iter().position(|&n| {
                seconds += self.recordings[n].duration_s;
                seconds > SEGMENT_S
            });
            let (batch, later) = rest.split_at(fits.unwrap_or(rest.len()).max(1));
            let entries: Vec<SegmentEntry<'_>> = batch
                .iter()
                .map(|&n| SegmentEntry {
                    recording: RecordingKey(n as u32),
                    fingerprint: &self.recordings[n].fingerprint,
                })
                .collect();
            let path = folder.path().join(segments.len().to_string());
            write_segment(&path, self.params, &entries)?;
            segments.push(Arc::new(Segment::open(&path, self.params)?));
            rest = later;
        }
        Ok(Index::new(segments, Default::default()))
    }

    fn search(&self, fold: usize, clip: &Clip, sizes: &[Size]) -> Vec<Row> {
        let recording = &self.recordings[clip.recording];
        let query_id = format!("{}@{:.0}", recording.id, clip.start_s * 1e3);
        let fingerprint = self.fingerprint(clip, &query_id);
        let mixed_id = clip.other.map(|(number, _)| self.recordings[number].id.clone());
        let options = MatchOptions::default().effort(self.options.effort).possible_e_value(MOST_E_VALUE);
        let in_one = |size: &Size| {
            let all = Matcher::new(&size.index, self.params, options.clone()).identify(&fingerprint);
            let matches: Vec<&Match> = all.iter().filter(|m| !self.is_excluded(m, clip)).collect();
            let best = matches.first();
            Row {
                fold: fold + 1,
                fraction: size.fraction,
                registry_hours: milli(size.index.seconds() / 3600.0),
                query_id: query_id.clone(),
                group: recording.group.clone(),
                recording_id: recording.id.clone(),
                start_s: milli(clip.start_s),
                length_s: clip.length_s,
                degradation: clip.degradation.name(),
                speed: milli(clip.degradation.speed()),
                mixed_id: mixed_id.clone(),
                further: matches.len().saturating_sub(1),
                dropped: all.len() - matches.len(),
                found_id: best.map(|m| self.found(m).id.clone()),
                e_value: best.map(|m| 10_f64.powf(-m.score)),
                match_start_s: best.map(|m| milli(m.query_start_s)),
                match_end_s: best.map(|m| milli(m.query_end_s)),
                found_start_s: best.map(|m| milli(m.reference_start_s)),
                time_scale: best.map(|m| milli(m.time_scale)),
                pitch_semitones: best.map(|m| milli(m.pitch_semitones)),
            }
        };
        sizes.iter().map(in_one).collect()
    }

    fn found(&self, found: &Match) -> &Recording {
        &self.recordings[found.recording.0 as usize]
    }

    /// Whether the found recording shares audio with one of those in the query.
    fn is_excluded(&self, found: &Match, clip: &Clip) -> bool {
        let found = self.found(found);
        let other = clip.other.map(|(number, _)| number);
        [Some(clip.recording), other].into_iter().flatten().any(|number| {
            let sounding = &self.recordings[number];
            let names = [&sounding.id, &sounding.group];
            let pair = |a: &String, b: &String| self.excluded.contains(&(a.clone(), b.clone()));
            names.iter().any(|name| pair(name, &found.id) || pair(name, &found.group))
        })
    }

    /// Cuts, degrades and fingerprints a clip. Chance comes from the query's own
    /// name, so that it does not depend on the order of the queries.
    fn fingerprint(&self, clip: &Clip, query_id: &str) -> Fingerprint {
        let mut rng = Rng::new(self.options.seed, query_id);
        let source = self.recordings[clip.recording].part(clip.start_s, clip.source_s());
        let other = clip.other.map(|(number, start_s)| self.recordings[number].part(start_s, clip.length_s));
        let degraded = clip.degradation.apply(&source, other.as_ref(), &self.speech, &mut rng);
        let samples: Vec<f32> = degraded.channels[0].iter().map(|&x| x as f32).collect();
        let mut fingerprinter = Fingerprinter::new(self.params);
        fingerprinter.push(&samples);
        fingerprinter.finish()
    }
}
