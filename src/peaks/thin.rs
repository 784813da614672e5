//! From the dense constellation of a query to the sparse one of a registered
//! recording.
//!
//! The same peak picking serves both; a registered recording keeps few of its
//! peaks and a query all, which recovers far more of the kept ones than equal
//! densities would (Sonnleitner & Widmer 2016, section III).

use crate::params::{Params, TICKS_PER_FRAME};

use super::Peak;

/// The sparse constellation of a recording: peaks that no stronger one
/// overshadows, the strongest of each block. Sorted like the input.
pub fn sparse(dense: &[Peak], params: &Params) -> Vec<Peak> {
    let reach_ticks = params.sparse_reach_frames * TICKS_PER_FRAME;
    let reach_pitch = params.sparse_reach_pitch;
    let overshadows = |other: &Peak, peak: &Peak| {
        other.strength > peak.strength && u32::from(other.pitch.abs_diff(peak.pitch)) <= reach_pitch
    };
    let kept: Vec<Peak> = dense
        .iter()
        .enumerate()
        .filter(|(i, peak)| {
            let near = |other: &&Peak| other.tick.abs_diff(peak.tick) <= reach_ticks;
            !dense[i + 1..].iter().take_while(near).any(|o| overshadows(o, peak))
                && !dense[..*i].iter().rev().take_while(near).any(|o| overshadows(o, peak))
        })
        .map(|(_, peak)| *peak)
        .collect();
    strongest_per_block(&kept, params.sparse_peaks_per_block, params)
}

/// The strongest `count` peaks of each block; equal strengths in order of
/// position. Sorted like the input, which must be in order of time.
pub fn strongest_per_block(peaks: &[Peak], count: u32, params: &Params) -> Vec<Peak> {
    let block = params.block_ticks();
    let mut kept = Vec::new();
    for group in peaks.chunk_by(|a, b| a.tick / block == b.tick / block) {
        let start = kept.len();
        kept.extend_from_slice(group);
        kept[start..].sort_unstable_by_key(|p| (u8::MAX - p.strength, p.tick, p.pitch));
        kept.truncate(start + count as usize);
        kept[start..].sort_unstable();
    }
    kept
}
