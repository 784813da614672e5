//! Clips of the files and their fingerprints, which are kept from run to run.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use earmark::audio::{Limits, decode};
use earmark::fingerprint::{Fingerprint, Fingerprinter};
use earmark::params::Params;
use earmark::peaks::Peak;
use rayon::prelude::*;

use crate::list::Entry;
use crate::progress::Progress;

/// A part of a file, as a query.
pub struct Clip {
    /// The file.
    pub entry: Entry,
    /// Where it was cut, in seconds.
    pub start_s: f64,
    /// Its length in seconds; 0 is the whole file.
    pub length_s: f64,
    /// What is asked.
    pub fingerprint: Fingerprint,
}

impl Clip {
    /// Its length as it is.
    pub fn seconds(&self, params: &Params) -> f64 {
        f64::from(self.fingerprint.frames * params.hop_samples) / f64::from(params.rate_hz)
    }
}

/// Cuts and fingerprints.
pub struct Cutter<'a> {
    /// For the fingerprints.
    pub params: &'a Params,
    /// Where they are kept.
    pub cache: &'a Path,
}

impl Cutter<'_> {
    /// Clips of all entries; `wanted` says which lengths and how many of each.
    ///
    /// # Errors
    /// If a file cannot be read; the message names it.
    pub fn each(
        &self,
        entries: &[Entry],
        wanted: impl Fn(&Entry) -> Vec<(f64, u32)> + Sync,
    ) -> Result<Vec<Clip>, String> {
        let progress = Progress::new("fingerprints".to_owned(), entries.len());
        let clips: Result<Vec<Vec<Clip>>, String> = entries
            .par_iter()
            .map(|entry| {
                let clips = self.clips(entry, &wanted(entry));
                progress.step();
                clips.map_err(|error| format!("{}: {error}", entry.path.display()))
            })
            .collect();
        Ok(clips?.into_iter().flatten().collect())
    }

    fn clips(&self, entry: &Entry, wanted: &[(f64, u32)]) -> Result<Vec<Clip>, String> {
        let mut samples = None;
        let mut clips = Vec::new();
        for (length_s, count) in wanted {
            for number in 0..*count {
                let kept = self.kept(entry, *length_s, number);
                if let Some((start_s, fingerprint)) = fs::read(&kept).ok().as_deref().and_then(unpack) {
                    clips.push(Clip { entry: entry.clone(), start_s, length_s: *length_s, fingerprint });
                    continue;
                }
                let samples = match &samples {
                    Some(samples) => samples,
                    None => samples.insert(self.decode(&entry.path)?),
                };
                let rate = f64::from(self.params.rate_hz);
                let duration_s = samples.len() as f64 / rate;
                // A clip as long as its file is the file once more.
                if *length_s > 0.8 * duration_s {
                    continue;
                }
                let (start_s, part) = if *length_s > 0.0 {
                    let start_s = share(&kept) * (duration_s - length_s);
                    let start = (start_s * rate) as usize;
                    (start_s, &samples[start..start + (length_s * rate) as usize])
                } else {
                    (0.0, &samples[..])
                };
                let mut fingerprinter = Fingerprinter::new(self.params);
                fingerprinter.push(part);
                let fingerprint = fingerprinter.finish();
                fs::write(&kept, pack(start_s, &fingerprint)).map_err(|error| error.to_string())?;
                clips.push(Clip { entry: entry.clone(), start_s, length_s: *length_s, fingerprint });
            }
        }
        Ok(clips)
    }

    /// The name depends on all that decides the fingerprint but the file's bytes.
    fn kept(&self, entry: &Entry, length_s: f64, number: u32) -> PathBuf {
        let what = format!("{} {length_s} {number} {}", entry.path.display(), self.params.to_json());
        self.cache.join(blake3::hash(what.as_bytes()).to_hex().as_str())
    }

    fn decode(&self, path: &Path) -> Result<Vec<f32>, String> {
        let file = File::open(path).map_err(|error| error.to_string())?;
        let extension = path.extension().and_then(|e| e.to_str());
        let mut samples = Vec::new();
        decode(file, extension, self.params.rate_hz, &Limits::default(), &mut |part: &[f32]| {
            samples.extend_from_slice(part);
        })
        .map_err(|error| error.to_string())?;
        Ok(samples)
    }
}

/// A share from 0 to 1 that looks random and is always the same.
fn share(kept: &Path) -> f64 {
    let hash = blake3::hash(kept.file_name().unwrap_or_default().as_encoded_bytes());
    let number = hash.as_bytes()[..4].iter().fold(0_u32, |sum, byte| sum << 8 | u32::from(*byte));
    f64::from(number) / f64::from(u32::MAX)
}

const PEAK_BYTES: usize = 7;

fn pack(start_s: f64, fingerprint: &Fingerprint) -> Vec<u8> {
    let mut bytes = start_s.to_le_bytes().to_vec();
    bytes.extend(fingerprint.frames.to_le_bytes());
    for peak in &fingerprint.peaks {
        bytes.extend(peak.tick.to_le_bytes());
        bytes.extend(peak.pitch.to_le_bytes());
        bytes.push(peak.strength);
    }
    bytes
}

fn unpack(bytes: &[u8]) -> Option<(f64, Fingerprint)> {
    let start_s = f64::from_le_bytes(bytes.get(..8)?.try_into().ok()?);
    let frames = u32::from_le_bytes(bytes.get(8..12)?.try_into().ok()?);
    let peak = |b: &[u8]| Peak {
        tick: u32::from_le_bytes([b[0], b[1], b[2], b[3]]),
        pitch: u16::from_le_bytes([b[4], b[5]]),
        strength: b[6],
    };
    let peaks = bytes[12..].chunks_exact(PEAK_BYTES).map(peak).collect();
    Some((start_s, Fingerprint { peaks, frames }))
}
