//! Is made-up music like real music, in what the search depends on?

use std::collections::HashMap;
use std::fmt::Write;

use earmark::fingerprint::Fingerprint;
use earmark::params::{PITCH_UNITS_PER_SEMITONE, Params, TICKS_PER_FRAME};
use earmark::peaks::sparse;

use crate::hashes;

/// How often each hash occurs.
type Counts = HashMap<u64, u32>;

/// What is known of a set of recordings.
pub struct Statistics {
    /// Number of recordings.
    pub recordings: usize,
    /// Their length.
    pub seconds: f64,
    /// Peaks of their dense constellations.
    pub dense: usize,
    /// Sparse peaks in each block, sorted.
    pub sparse_per_block: Vec<u32>,
    /// Share of the sparse peaks in each semitone.
    pub pitches: Vec<f64>,
    /// Hashes of each kind of landmark.
    pub hashes: Vec<Counts>,
}

impl Statistics {
    /// Counts.
    pub fn of<'a>(recordings: impl IntoIterator<Item = &'a Fingerprint>, params: &Params) -> Self {
        let frame_s = params.seconds_per_tick() * f64::from(TICKS_PER_FRAME);
        let semitones = params.max_pitch() / PITCH_UNITS_PER_SEMITONE + 1;
        let mut all = Statistics {
            recordings: 0,
            seconds: 0.0,
            dense: 0,
            sparse_per_block: Vec::new(),
            pitches: vec![0.0; semitones as usize],
            hashes: hashes::KINDS.iter().map(|_| Counts::new()).collect(),
        };
        for recording in recordings {
            all.recordings += 1;
            all.seconds += f64::from(recording.frames) * frame_s;
            all.dense += recording.peaks.len();
            let kept = sparse(&recording.peaks, params);
            let blocks = recording.frames / params.block_frames;
            let mut per_block = vec![0; blocks as usize];
            for peak in &kept {
                all.pitches[(u32::from(peak.pitch) / PITCH_UNITS_PER_SEMITONE) as usize] += 1.0;
                // The last block is not a whole one.
                if let Some(count) = per_block.get_mut((peak.tick / params.block_ticks()) as usize) {
                    *count += 1;
                }
            }
            all.sparse_per_block.extend(per_block);
            for (kind, counts) in hashes::KINDS.iter().zip(&mut all.hashes) {
                (kind.for_each)(&kept, params, &mut |hash| *counts.entry(hash).or_insert(0) += 1);
            }
        }
        all.sparse_per_block.sort_unstable();
        let sum = all.pitches.iter().sum::<f64>().max(1.0);
        all.pitches.iter_mut().for_each(|share| *share /= sum);
        all
    }

    /// Sparse peaks in the block at a quantile.
    pub fn sparse_quantile(&self, share: f64) -> u32 {
        let last = self.sparse_per_block.len().saturating_sub(1);
        self.sparse_per_block.get((last as f64 * share).round() as usize).copied().unwrap_or(0)
    }

    /// Mean of the sparse peaks in a block.
    pub fn sparse_mean(&self) -> f64 {
        let sum: u32 = self.sparse_per_block.iter().sum();
        f64::from(sum) / self.sparse_per_block.len().max(1) as f64
    }

    /// Postings that a landmark of `queries` finds in a hundred hours of this.
    pub fn hits(&self, kind: usize, queries: &Statistics) -> f64 {
        let found = |(hash, count): (&u64, &u32)| {
            f64::from(*count) * f64::from(self.hashes[kind].get(hash).copied().unwrap_or(0))
        };
        let hits: f64 = queries.hashes[kind].iter().map(found).sum();
        hits / queries.landmarks(kind).max(1.0) / (self.seconds / 360_000.0)
    }

    /// Probability that two landmarks of this have the same hash, per million.
    pub fn coincidence(&self, kind: usize) -> f64 {
        let n = self.landmarks(kind);
        let same: f64 = self.hashes[kind].values().map(|&c| f64::from(c) * f64::from(c - 1)).sum();
        1e6 * same / (n * (n - 1.0)).max(1.0)
    }

    /// Share of the landmarks that have one of the most frequent hundredth of the
    /// hashes that occur.
    pub fn top_share(&self, kind: usize) -> f64 {
        let mut counts: Vec<u32> = self.hashes[kind].values().copied().collect();
        counts.sort_unstable_by(|a, b| b.cmp(a));
        let top = &counts[..counts.len().div_ceil(100)];
        top.iter().map(|&c| f64::from(c)).sum::<f64>() / self.landmarks(kind).max(1.0)
    }

    /// Landmarks of a kind.
    pub fn landmarks(&self, kind: usize) -> f64 {
        self.hashes[kind].values().map(|&c| f64::from(c)).sum()
    }

    /// Half the sum of the differences of two pitch distributions: 0 for equal
    /// ones, 1 for distributions that share no semitone.
    pub fn pitch_distance(&self, other: &Statistics) -> f64 {
        self.pitches.iter().zip(&other.pitches).map(|(a, b)| (a - b).abs()).sum::<f64>() / 2.0
    }
}

/// The table. Columns are sets with their names, the first is the one that the
/// others are set against; `queries` are real recordings that are in none of them.
pub fn markdown(sets: &[(&str, &Statistics)], queries: &Statistics) -> String {
    let names: Vec<&str> = sets.iter().map(|(name, _)| *name).collect();
    let mut text = format!("| | {} |\n|---|{}\n", names.join(" | "), "---:|".repeat(sets.len()));
    let mut line = |name: &str, cell: &dyn Fn(&Statistics) -> String| {
        let cells: Vec<String> = sets.iter().map(|(_, set)| cell(set)).collect();
        let _ = writeln!(text, "| {name} | {} |", cells.join(" | "));
    };
    line("recordings", &|s| s.recordings.to_string());
    line("mean length, s", &|s| format!("{:.0}", s.seconds / s.recordings.max(1) as f64));
    line("peaks a second, dense", &|s| format!("{:.1}", s.dense as f64 / s.seconds));
    line("sparse peaks in a block, mean", &|s| format!("{:.2}", s.sparse_mean()));
    for share in [0.02, 0.1, 0.5] {
        let name = format!("sparse peaks in a block, {:.0} % quantile", 100.0 * share);
        line(&name, &|s| s.sparse_quantile(share).to_string());
    }
    for (number, kind) in hashes::KINDS.iter().enumerate() {
        let name = kind.name;
        line(&format!("{name} a second"), &|s| format!("{:.1}", s.landmarks(number) / s.seconds));
        let found = format!("{name}: hits of a real query's hash in 100 h");
        line(&found, &|s| format!("{:.1}", s.hits(number, queries)));
        line(&format!("{name}: two are equal, per million"), &|s| format!("{:.2}", s.coincidence(number)));
        let top = format!("{name}: the most frequent 1 % of hashes hold, %");
        line(&top, &|s| format!("{:.1}", 100.0 * s.top_share(number)));
    }
    line("pitch histogram: distance from the first column", &|s| {
        format!("{:.3}", s.pitch_distance(sets[0].1))
    });
    text
}
