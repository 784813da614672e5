//! From evidence to an E-value.

use super::alignment::Alignment;

/// Ticks by which an alignment must move to be another one: twice the tolerance
/// in time of a peak.
const TICKS_PER_ALIGNMENT: f64 = 7.0;

/// How many times more alignments are tried when time scale and pitch are free:
/// time scales of ±40 % in steps that 10 s can tell apart, pitch shifts of ±6
/// semitones in steps of the tolerance, less what looking up leaves untried. In
/// nats.
const CHANGED_NATS: f64 = 6.0;

/// Time scales nearer to 1 than this count as unchanged.
const UNCHANGED_SCALE: f64 = 0.012;
/// Pitch shifts nearer to 0 than this count as unchanged, in pitch units.
const UNCHANGED_SHIFT: f64 = 5.0;

/// Natural logarithm of the number of unrelated alignments expected to reach
/// this evidence by chance in a registry of `registry_ticks`.
///
/// A log-likelihood ratio of x nats is reached by chance with a probability of
/// at most e^−x (Wald 1945), and there are as many chances as alignments.
pub fn ln_e_value(nats: f64, alignment: &Alignment, registry_ticks: f64) -> f64 {
    let changed = alignment.scale.ln().abs() > UNCHANGED_SCALE || alignment.shift.abs() > UNCHANGED_SHIFT;
    let alignments = (registry_ticks / TICKS_PER_ALIGNMENT).max(1.0).ln();
    alignments + if changed { CHANGED_NATS } else { 0.0 } - nats
}
