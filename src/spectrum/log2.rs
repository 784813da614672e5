//! A base-2 logarithm that vectorises.

use realfft::num_complex::Complex;

use super::LogPower;

/// Power of silence: bins below it count as it. It lies 100 dB under a
/// full-scale sine (whose peak power under a Hann window of 1024 is 2^16), which
/// keeps the rounding of the transform from looking like structure.
const FLOOR: f32 = 6.5e-6;

/// Units of [`LogPower`] in one doubling of the power.
pub(super) const UNITS_PER_OCTAVE: f32 = 1024.0;

/// Writes the logarithm of |z|² of each value of `bins` to `out`; as many as
/// `out` has room for.
pub(super) fn log_power(bins: &[Complex<f32>], out: &mut [LogPower]) {
    for (y, z) in out.iter_mut().zip(bins) {
        // |log2| stays below 32, so the product fits 16 bits; the cast saturates.
        *y = (log2(z.re * z.re + z.im * z.im + FLOOR) * UNITS_PER_OCTAVE) as LogPower;
    }
}

/// log2 of a positive normal number, off by less than 1e-4.
///
/// The mantissa's logarithm is a polynomial of degree 5: least squares on
/// Chebyshev nodes of [1, 2), pinned to 0 and 1 at the ends. Only additions and
/// multiplications are used, so the result is the same on every machine.
#[inline(always)]
fn log2(x: f32) -> f32 {
    let bits = x.to_bits();
    let exponent = ((bits >> 23) as i32 - 127) as f32;
    let m = f32::from_bits((bits & 0x007f_ffff) | 0x3f80_0000);
    let p = ((((0.044_243_93 * m - 0.412_482_57) * m + 1.621_046_4) * m - 3.539_055_8) * m + 5.085_518) * m
        - 2.799_270_3;
    exponent + p
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_the_library_logarithm() {
        let mut x = 1e-6_f32;
        while x < 1e9 {
            let error = (log2(x) - x.log2()).abs();
            assert!(error < 1e-4, "log2({x}) is off by {error}");
            x *= 1.000_37;
        }
    }
}
