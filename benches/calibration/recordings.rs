//! The recordings: decoded once, for fingerprint and clips.

use std::fs::File;

use earmark::audio::{Limits, decode};
use earmark::fingerprint::{Fingerprint, Fingerprinter};
use earmark::params::Params;
use rayon::prelude::*;

use crate::manifest::Entry;
use crate::progress::Progress;
use crate::synth::audio::Audio;

/// A recording in memory.
pub struct Recording {
    /// Its id in the manifest.
    pub id: String,
    /// Its group in the manifest.
    pub group: String,
    /// Its length in seconds.
    pub duration_s: f64,
    /// Its fingerprint.
    pub fingerprint: Fingerprint,
    rate_hz: u32,
    samples: Vec<i16>,
}

impl Recording {
    /// The part from `start_s` on, `length_s` long (or what there is of it).
    pub fn part(&self, start_s: f64, length_s: f64) -> Audio {
        let position = |s: f64| ((s * f64::from(self.rate_hz)).round() as usize).min(self.samples.len());
        let range = position(start_s)..position(start_s + length_s);
        let samples = self.samples[range].iter().map(|&x| f64::from(x) / FULL_SCALE).collect();
        Audio::mono(self.rate_hz, samples)
    }

    /// Frees the samples, when no more clips are cut.
    pub fn forget_samples(&mut self) {
        self.samples = Vec::new();
    }
}

const FULL_SCALE: f64 = 32_767.0;

/// Decodes all files.
///
/// # Errors
/// If a file cannot be read; the message names it.
pub fn read(entries: &[Entry], params: &Params) -> Result<Vec<Recording>, String> {
    let progress = Progress::new("decoding files".to_owned(), entries.len());
    entries
        .par_iter()
        .map(|entry| {
            let recording = read_one(entry, params);
            progress.step();
            recording
        })
        .collect()
}

fn read_one(entry: &Entry, params: &Params) -> Result<Recording, String> {
    let named = |error: &dyn std::error::Error| format!("{}: {error}", entry.path.display());
    let file = File::open(&entry.path).map_err(|error| named(&error))?;
    let extension = entry.path.extension().and_then(|e| e.to_str());
    let mut fingerprinter = Fingerprinter::new(params);
    let mut samples = Vec::new();
    let mut sink = |block: &[f32]| {
        fingerprinter.push(block);
        // Converting to an integer saturates.
        samples.extend(block.iter().map(|&x| (f64::from(x) * FULL_SCALE).round() as i16));
    };
    decode(file, extension, params.rate_hz, &Limits::default(), &mut sink).map_err(|error| named(&error))?;
    samples.shrink_to_fit();
    Ok(Recording {
        id: entry.id.clone(),
        group: entry.group.clone(),
        duration_s: samples.len() as f64 / f64::from(params.rate_hz),
        fingerprint: fingerprinter.finish(),
        rate_hz: params.rate_hz,
        samples,
    })
}
