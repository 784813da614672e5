//! From evidence to an E-value.

use std::ops::Range;

use crate::peaks::Peak;

use super::alignment::{Alignment, refine};
use super::extend::extend;
use super::query::Query;
use super::sweep::Sweep;

/// How fast chance thins out, in powers of e per nat of what is left of the
/// evidence. With the corrections of [`super::evidence`] it is 1, as it is for
/// independent peaks; the fit of docs/calibration.md gives 0.96 ± 0.06.
const TAIL_SLOPE: f64 = 1.0;

/// What is left of the evidence, in nats, that one alignment of a query reaches by
/// chance in a registry of [`ORIGIN_HOURS`]; of the same fit.
const ORIGIN_NATS: f64 = -0.46;

/// Registered hours to which [`ORIGIN_NATS`] applies.
const ORIGIN_HOURS: f64 = 12.4;

/// Power of the registry's size to which chance matches grow in number. It is less
/// than 1, because what the rivals reach grows with the registry as well, and is
/// taken off. Fitted on 0.8 and 3 hours; at 12 hours it holds.
const SIZE_POWER: f64 = 0.25;

/// The smallest registry that was fitted, in hours.
const SMALLEST_HOURS: f64 = 0.8;

/// Evidence taken off when time scale or pitch are changed, as many more
/// alignments are tried then.
const CHANGED_NATS: f64 = 2.8;

/// Time scales nearer to 1 than this count as unchanged.
const UNCHANGED_SCALE: f64 = 0.012;
/// Pitch shifts nearer to 0 than this count as unchanged, in pitch units.
const UNCHANGED_SHIFT: f64 = 5.0;

/// Offsets along the decoy that are weighed.
const DECOY_OFFSETS: usize = 3;

/// Share of the rivals' evidence that is taken off the alignment's.
const RIVALS_SHARE: f64 = 0.5;

/// Evidence for an alignment, and what it is compared with, all in nats.
#[derive(Clone, Copy, Debug)]
pub struct Standing {
    /// Of the alignment.
    pub nats: f64,
    /// What the same pair reaches by chance, see [`own_chance`].
    pub own_chance: f64,
    /// What other recordings reach with the same query.
    pub rivals: f64,
    /// Length of the passage it was collected from, in seconds.
    pub length_s: f64,
}

/// What the pair reaches by chance: the largest evidence of the same recording
/// played backwards, at the same time scale and pitch shift, at the offsets
/// where it fits best.
///
/// A reversed recording is not in the query, but it has the same notes, tuning,
/// beat and density, and the search treats it the same way; drones and steadily
/// beating music reach much this way, others little. (The target-decoy idea of
/// Elias & Gygi 2007, who reverse protein sequences.)
pub fn own_chance(
    alignment: &Alignment,
    reference: &[Peak],
    query: &Query,
    ticks: Range<u32>,
    max_pitch: u32,
) -> f64 {
    let Some(last) = reference.last() else { return 0.0 };
    let backwards: Vec<Peak> =
        reference.iter().rev().map(|p| Peak { tick: last.tick - p.tick, ..*p }).collect();
    let Alignment { scale, shift, .. } = *alignment;
    let sweep = Sweep::new(query, ticks.clone(), scale, shift, max_pitch);
    let (from, until) = (f64::from(ticks.start), f64::from(ticks.end));
    sweep
        .slide(&backwards, DECOY_OFFSETS, 0.0, &mut Vec::new())
        .into_iter()
        .map(|standout| {
            let start = Alignment { offset: standout.offset, scale, shift };
            let decoy = refine(start, &backwards, query, from, until, false);
            extend(decoy, &backwards, query, (from, until), max_pitch).evidence.nats
        })
        .fold(0.0, f64::max)
}

/// How much chance had to choose from.
#[derive(Clone, Copy, Debug)]
pub struct Chances {
    /// Registered audio, in seconds.
    pub registry_s: f64,
    /// Length of the query, in seconds.
    pub query_s: f64,
}

impl Chances {
    /// Natural logarithm of the E-value: the number of unrelated alignments
    /// expected to reach this evidence by chance, which grows with the audio
    /// registered and the number of passages of this length in the query (after
    /// Karlin & Altschul 1990).
    pub fn ln_e_value(&self, standing: &Standing, alignment: &Alignment) -> f64 {
        let changed = alignment.scale.ln().abs() > UNCHANGED_SCALE || alignment.shift.abs() > UNCHANGED_SHIFT;
        let changed = if changed { CHANGED_NATS } else { 0.0 };
        let Standing { nats, own_chance, rivals, length_s } = *standing;
        let excess = nats - own_chance - RIVALS_SHARE * rivals - changed - ORIGIN_NATS;
        // Below the sizes of the fit the best of few need not follow the rule, and
        // the E-value stays as it is there.
        let hours = (self.registry_s / 3600.0).max(SMALLEST_HOURS);
        let registry = SIZE_POWER * (hours / ORIGIN_HOURS).ln();
        let query = (self.query_s / length_s.max(0.1)).max(1.0).ln();
        registry + query - TAIL_SLOPE * excess
    }
}
