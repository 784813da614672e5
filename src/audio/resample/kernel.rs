//! The low-pass that both filters are cut from.

use std::f64::consts::PI;

/// Shape of the window: the least with which side lobes stay 60 dB below the pass
/// band. The transition widens with it.
const BETA: f64 = 6.0;

/// Value at `t` of a windowed low-pass, with `t` and `half_length` in samples and
/// `cutoff` (where it has half of its amplitude) in cycles per sample. Its
/// integral is about 1; it ends at ±`half_length`.
///
/// The window is the "exponential of semicircle" (Barnett, Magland & af
/// Klinteberg 2019, eq. 1.8), as good as Kaiser's and without a Bessel function.
pub(super) fn low_pass(t: f64, half_length: f64, cutoff: f64) -> f64 {
    let u = t / half_length;
    if u.abs() >= 1.0 {
        return 0.0;
    }
    let window = (BETA * ((1.0 - u * u).sqrt() - 1.0)).exp();
    let x = 2.0 * PI * cutoff * t;
    let sinc = if x.abs() < 1e-9 { 1.0 } else { x.sin() / x };
    2.0 * cutoff * sinc * window
}
