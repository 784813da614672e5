//! Fingerprints on the disk, so that a second run need not listen again.

use std::error::Error;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use earmark::audio::Limits;
use earmark::fingerprint::{Fingerprint, fingerprint};
use earmark::params::Params;
use earmark::peaks::Peak;

/// A fingerprint and what else is known of its file.
#[derive(Clone, Debug, PartialEq)]
pub struct Stored {
    /// The constellation.
    pub fingerprint: Fingerprint,
    /// Hash of the audio without its tags; zeros for what is in no file.
    pub audio_hash: [u8; 32],
    /// Length in seconds.
    pub duration_s: f64,
}

/// A folder of fingerprints.
pub struct Store {
    folder: PathBuf,
}

/// What can go wrong in several threads.
pub type Failure = Box<dyn Error + Send + Sync>;

/// First bytes of a file; the last digit is the version of its layout.
const MAGIC: &[u8; 8] = b"scalefp1";

const PEAK_BYTES: usize = 7;
const HEAD_BYTES: usize = MAGIC.len() + 32 + 8 + 4;

impl Store {
    /// Opens or makes the folder.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn new(folder: PathBuf) -> Result<Store, Failure> {
        fs::create_dir_all(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
        Ok(Store { folder })
    }

    /// The fingerprint of an audio file.
    ///
    /// # Errors
    /// If it cannot be read; the message names it.
    pub fn of_file(&self, path: &Path, params: &Params) -> Result<Stored, Failure> {
        let named = |error: &dyn Error| format!("{}: {error}", path.display());
        self.get(&file_key(path, params).map_err(|e| named(&e))?, || {
            let file = File::open(path).map_err(|e| named(&e))?;
            let hint = path.extension().and_then(|e| e.to_str());
            let (fingerprint, info) =
                fingerprint(file, hint, params, &Limits::default()).map_err(|e| named(&e))?;
            Ok(Stored { fingerprint, audio_hash: info.audio_hash, duration_s: info.duration_s })
        })
    }

    /// What is stored under a key, if anything is.
    pub fn find(&self, key: &str) -> Option<Stored> {
        let mut bytes = Vec::new();
        File::open(self.path(key)).ok()?.read_to_end(&mut bytes).ok()?;
        decode(&bytes)
    }

    /// What is stored under a key, or what `make` gives, which is stored.
    ///
    /// # Errors
    /// Those of `make`, and of writing.
    pub fn get(&self, key: &str, make: impl FnOnce() -> Result<Stored, Failure>) -> Result<Stored, Failure> {
        if let Some(stored) = self.find(key) {
            return Ok(stored);
        }
        let made = make()?;
        // Under its name only when it is whole: a run may be stopped.
        let mut file = tempfile::NamedTempFile::new_in(&self.folder)?;
        file.write_all(&encode(&made))?;
        file.persist(self.path(key))?;
        Ok(made)
    }

    fn path(&self, key: &str) -> PathBuf {
        self.folder.join(blake3::hash(key.as_bytes()).to_hex().as_str())
    }
}

/// Names a file and the state it is in.
///
/// # Errors
/// If there is no such file.
pub fn file_key(path: &Path, params: &Params) -> std::io::Result<String> {
    let path = path.canonicalize()?;
    let facts = fs::metadata(&path)?;
    let changed = facts.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default();
    Ok(format!("{} {} {} {}", params.id(), path.display(), facts.len(), changed.as_nanos()))
}

fn encode(stored: &Stored) -> Vec<u8> {
    let peaks = &stored.fingerprint.peaks;
    let mut bytes = Vec::with_capacity(HEAD_BYTES + peaks.len() * PEAK_BYTES);
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(&stored.audio_hash);
    bytes.extend_from_slice(&stored.duration_s.to_le_bytes());
    bytes.extend_from_slice(&stored.fingerprint.frames.to_le_bytes());
    for peak in peaks {
        bytes.extend_from_slice(&peak.tick.to_le_bytes());
        bytes.extend_from_slice(&peak.pitch.to_le_bytes());
        bytes.push(peak.strength);
    }
    bytes
}

fn decode(bytes: &[u8]) -> Option<Stored> {
    let rest = bytes.strip_prefix(MAGIC)?;
    let (audio_hash, rest) = rest.split_first_chunk::<32>()?;
    let (duration_s, rest) = rest.split_first_chunk::<8>()?;
    let (frames, rest) = rest.split_first_chunk::<4>()?;
    let (peaks, cut_off) = rest.as_chunks::<PEAK_BYTES>();
    let peak = |&[a, b, c, d, e, f, strength]: &[u8; PEAK_BYTES]| Peak {
        tick: u32::from_le_bytes([a, b, c, d]),
        pitch: u16::from_le_bytes([e, f]),
        strength,
    };
    cut_off.is_empty().then(|| Stored {
        fingerprint: Fingerprint {
            peaks: peaks.iter().map(peak).collect(),
            frames: u32::from_le_bytes(*frames),
        },
        audio_hash: *audio_hash,
        duration_s: f64::from_le_bytes(*duration_s),
    })
}
