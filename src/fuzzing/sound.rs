//! Bytes that may be audio, through all of it.

use std::io::Cursor;
use std::sync::{Arc, OnceLock};

use roaring::RoaringBitmap;

use super::{Dribble, told};
use crate::audio::{AudioError, AudioInfo, Limits, Tags, decode as decoded, read_tags};
use crate::fingerprint::{Fingerprint, Fingerprinter};
use crate::index::{Index, Segment, SegmentEntry};
use crate::matching::{MatchOptions, Matcher};
use crate::params::Params;
use crate::units::RecordingKey;

/// Far below the defaults, so that a small file reaches them.
fn limits() -> Limits {
    Limits {
        max_duration_s: 12.0,
        max_channels: 16,
        max_packets_without_progress: 100,
        max_tag_bytes: 1 << 14,
        max_gap_s: 3.0,
        ..Limits::default()
    }
}

/// Samples and facts of `data`, read in pieces if `dribble` is set.
fn run(data: &[u8], dribble: bool) -> Result<(Vec<f32>, AudioInfo), AudioError> {
    let (limits, rate_hz) = (limits(), Params::default().rate_hz);
    let mut samples = Vec::new();
    let mut sink = |block: &[f32]| {
        assert!(!block.is_empty());
        samples.extend_from_slice(block);
    };
    let source = Cursor::new(data.to_vec());
    let info = match dribble {
        true => decoded(Dribble::new(source), None, rate_hz, &limits, &mut sink),
        false => decoded(source, None, rate_hz, &limits, &mut sink),
    }?;
    Ok((samples, info))
}

/// From bytes to samples, their fingerprint, and a search for it.
pub fn decode(data: &[u8]) {
    #[cfg(fuzzing)]
    super::pass_contained_panics();
    let first = run(data, false);
    if data.len().is_multiple_of(4) {
        match (&first, run(data, true)) {
            (Ok((samples, info)), Ok((others, other))) => {
                assert_eq!(*info, other);
                assert!(*samples == others, "read in pieces, other samples come out");
            }
            (Err(error), Err(other)) => assert_eq!(error.to_string(), other.to_string()),
            (first, other) => {
                let short = |result: &Result<(Vec<f32>, AudioInfo), AudioError>| match result {
                    Ok((_, info)) => format!("{info:?}"),
                    Err(error) => error.to_string(),
                };
                panic!("{} and in pieces {}", short(first), short(&other));
            }
        }
    }
    let (samples, info) = match first {
        Ok(read) => read,
        Err(error) => return told(&error),
    };
    let limits = limits();
    assert!(info.duration_s > 0.0 && info.duration_s <= limits.max_duration_s, "{info:?}");
    assert!(info.filled_s <= info.duration_s + 1e-6, "{info:?}");
    assert!(info.packets_skipped <= info.packets + 1, "{info:?}");
    assert!(info.channels > 0 && info.channels <= limits.max_channels, "{info:?}");
    assert!(samples.iter().all(|sample| sample.is_finite()));
    let rate_hz = f64::from(Params::default().rate_hz);
    assert!(samples.len() as f64 <= (limits.max_duration_s + 1.0) * rate_hz, "{} samples", samples.len());
    let text = serde_json::to_string(&info).expect("facts are JSON");
    assert_eq!(serde_json::from_str::<AudioInfo>(&text).expect("facts"), info);

    let params = Params::default();
    let mut fingerprinter = Fingerprinter::new(&params);
    let step = 1 + data.len() % 5000;
    samples.chunks(step).for_each(|block| fingerprinter.push(block));
    let fingerprint = fingerprinter.finish();
    let end = fingerprint.frames * crate::params::TICKS_PER_FRAME;
    assert!(
        fingerprint.peaks.iter().all(|peak| peak.tick < end && u32::from(peak.pitch) <= params.max_pitch())
    );
    assert!(fingerprint.peaks.is_sorted_by_key(|peak| peak.tick));
    if data.len() % 32 == 5 {
        search(small_index(), &fingerprint);
    }
}

/// Searches, and looks whether what is found can be.
pub(super) fn search(index: &Index, query: &Fingerprint) {
    let params = Params::default();
    let found = Matcher::new(index, &params, MatchOptions::default()).identify(query);
    for one in found.iter().flat_map(|found| std::iter::once(found).chain(&found.siblings)) {
        assert!(one.query_start_s <= one.query_end_s && one.query_start_s.is_finite(), "{one:?}");
        assert!(one.e_value <= MatchOptions::default().possible_e_value, "{one:?}");
    }
}

/// An index of one recording of ten seconds.
fn small_index() -> &'static Index {
    static INDEX: OnceLock<Index> = OnceLock::new();
    INDEX.get_or_init(|| {
        let params = Params::default();
        let rate = f64::from(params.rate_hz);
        let mut state = 1_u32;
        let mut fingerprinter = Fingerprinter::new(&params);
        for _ in 0..40 {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let hz = 220.0 * 2_f64.powf(f64::from(state >> 27) / 12.0);
            let tone = |n: u32| {
                let t = f64::from(n) / rate;
                (0.3 * (-8.0 * t).exp() * (std::f64::consts::TAU * hz * t).sin()) as f32
            };
            let note: Vec<f32> = (0..params.rate_hz / 4).map(tone).collect();
            fingerprinter.push(&note);
        }
        let fingerprint = fingerprinter.finish();
        let entry = SegmentEntry { recording: RecordingKey(1), fingerprint: &fingerprint };
        let segment = Segment::in_memory(&params, &[entry]).expect("a small segment");
        Index::new(vec![Arc::new(segment)], RoaringBitmap::new())
    })
}

/// What a file says about itself.
pub fn tags(data: &[u8]) {
    #[cfg(fuzzing)]
    super::pass_contained_panics();
    let limits = limits();
    let first = read_tags(Cursor::new(data.to_vec()), None, &limits);
    if data.len().is_multiple_of(4) {
        let other = read_tags(Dribble::new(Cursor::new(data.to_vec())), None, &limits);
        assert_eq!(first.as_ref().map_err(ToString::to_string), other.as_ref().map_err(ToString::to_string));
    }
    let tags = match first {
        Ok(tags) => tags,
        Err(error) => return told(&error),
    };
    let many =
        [tags.isrcs.len(), tags.owners.len(), tags.copyrights.len(), tags.licences.len(), tags.signals.len()];
    assert!(many.iter().all(|count| *count <= 256), "{many:?}");
    let text = serde_json::to_string(&tags).expect("tags are JSON");
    assert_eq!(serde_json::from_str::<Tags>(&text).expect("tags"), tags);
}
