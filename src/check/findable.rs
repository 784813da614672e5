//! Whether a recording can be found at all.
//!
//! Silence has no peaks, and neither has the mean of channels that cancel each other.
//! Whoever registers such a file by mistake finds out when a copy is not recognised,
//! unless it is said at once.

use std::sync::Arc;

use roaring::RoaringBitmap;

use crate::fingerprint::Fingerprint;
use crate::index::{Index, Segment, SegmentEntry};
use crate::matching::{MatchOptions, Matcher};
use crate::params::{Params, TICKS_PER_FRAME};
use crate::units::{RecordingKey, Seconds};

/// Length of the excerpt that is looked up: the stretches that a query is searched in.
const EXCERPT_S: Seconds = 12.0;

/// Whether the part of a recording with the most peaks is recognised in a registry of
/// this recording alone. What is not found there is found nowhere.
pub(super) fn is_findable(recording: &Fingerprint, params: &Params) -> bool {
    let entry = SegmentEntry { recording: RecordingKey(0), fingerprint: recording };
    let Ok(segment) = Segment::in_memory(params, &[entry]) else { return false };
    let index = Index::new(vec![Arc::new(segment)], RoaringBitmap::new());
    let matcher = Matcher::new(&index, params, MatchOptions::default());
    !matcher.identify(&excerpt(recording, params)).is_empty()
}

/// The excerpt with the most peaks; the first of several.
fn excerpt(recording: &Fingerprint, params: &Params) -> Fingerprint {
    // Casts of floats saturate.
    let ticks = (EXCERPT_S / params.seconds_per_tick()).round() as u32;
    let peaks = &recording.peaks;
    let (mut best, mut end) = (0..0, 0);
    for (start, peak) in peaks.iter().enumerate() {
        while peaks.get(end).is_some_and(|last| last.tick - peak.tick < ticks) {
            end += 1;
        }
        if end - start > best.len() {
            best = start..end;
        }
    }
    let from = peaks.get(best.start).map_or(0, |peak| peak.tick);
    let mut peaks = peaks[best].to_vec();
    peaks.iter_mut().for_each(|peak| peak.tick -= from);
    let frames = ticks.div_ceil(TICKS_PER_FRAME).min(recording.frames);
    Fingerprint { peaks, frames }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::path::Path;

    use super::*;
    use crate::audio::Limits;
    use crate::fingerprint::{Fingerprinter, fingerprint};

    #[test]
    fn songs_are_found_and_silence_is_not() {
        let (params, limits) = (Params::default(), Limits::default());
        let songs = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/catalogue");
        let mut count = 0;
        for song in songs.read_dir().expect("the songs").flatten() {
            let file = File::open(song.path()).expect("a song");
            let (sound, _) = fingerprint(file, None, &params, &limits).expect("a song");
            assert!(is_findable(&sound, &params), "{}", song.path().display());
            count += 1;
        }
        assert_eq!(count, 8);
        let mut silence = Fingerprinter::new(&params);
        silence.push(&vec![0.0; 20 * params.rate_hz as usize]);
        assert!(!is_findable(&silence.finish(), &params));
    }

    #[test]
    fn an_excerpt_is_where_the_peaks_are() {
        let params = Params::default();
        let ticks = (EXCERPT_S / params.seconds_per_tick()) as u32;
        let peak = |tick| crate::peaks::Peak { tick, pitch: 100, strength: 9 };
        let peaks = [0, 5 * ticks, 5 * ticks + 7, 6 * ticks - 1, 9 * ticks].map(peak).to_vec();
        let found = excerpt(&Fingerprint { peaks, frames: 10 * ticks }, &params);
        assert_eq!(found.peaks.iter().map(|peak| peak.tick).collect::<Vec<_>>(), [0, 7, ticks - 1]);
        let none = Fingerprint { peaks: Vec::new(), frames: 0 };
        assert_eq!(excerpt(&none, &params), none);
    }
}
