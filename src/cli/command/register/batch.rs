//! Batches: what is committed together.

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, Sender};

use earmark::check::StopFlag;
use earmark::registry::{Added, Consent, NewRecording, Registry, RegistryError};
use earmark::units::Seconds;

/// Audio in a batch, at most. Fingerprints of an hour take about four
/// megabytes, so a batch takes about fifty; a crash costs the reading of at
/// most two batches.
const MOST_AUDIO_S: Seconds = 12.0 * 3600.0;

/// Recordings in a batch, at most: beside the fingerprints of short clips their
/// names count.
const MOST_RECORDINGS: usize = 4096;

/// Recordings that are committed together, in order.
#[derive(Default)]
pub struct Batch {
    paths: Vec<PathBuf>,
    recordings: Vec<NewRecording>,
    audio_s: Seconds,
}

impl Batch {
    /// Adds a recording and where it was read.
    pub fn push(&mut self, path: PathBuf, recording: NewRecording) {
        self.audio_s += recording.duration_s;
        self.paths.push(path);
        self.recordings.push(recording);
    }

    /// Whether it should be committed before anything is added.
    pub fn is_full(&self) -> bool {
        self.audio_s >= MOST_AUDIO_S || self.recordings.len() >= MOST_RECORDINGS
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.recordings.is_empty()
    }
}

/// What became of a batch.
pub struct Commit {
    /// Where the recordings were read.
    pub paths: Vec<PathBuf>,
    /// What became of each.
    pub added: Vec<Added>,
}

/// What the thread that commits has to tell.
pub enum News {
    /// A batch is in the registry.
    Committed(Commit),
    /// A batch is not, and nothing goes on.
    Failed(RegistryError),
    /// Segments could not be merged. What was registered is registered.
    NotMerged(RegistryError),
}

/// Commits batches as they come and tells what became of them; ends with the
/// last batch or the first error. After each it merges the segments that are due,
/// while the next files are read; not any more once `stop` is raised.
pub fn commit_all(
    registry: &mut Registry,
    batches: Receiver<Batch>,
    consent: &Consent,
    stop: &StopFlag,
    news: &Sender<News>,
) {
    let mut merging = true;
    for Batch { paths, recordings, .. } in batches {
        let added = match registry.add_with(&recordings, consent) {
            Ok(added) => added,
            Err(error) => {
                // Nobody listens any more when the run was broken off.
                let _ = news.send(News::Failed(error));
                return;
            }
        };
        if news.send(News::Committed(Commit { paths, added })).is_err() {
            return;
        }
        // A damaged segment or a full disk would fail it again after every batch.
        if merging && let Err(error) = registry.merge_tiers(|| !stop.is_stopped()) {
            merging = false;
            let _ = news.send(News::NotMerged(error));
        }
    }
}
