//! The power of two frames' bins and its logarithm, in loops that vectorise.
//!
//! Only additions, multiplications and operations on bits are used, each rounded
//! apart, so that the result is the same on every processor.

use rustfft::num_complex::Complex;

use super::LogPower;

/// Power of silence: bins below it count as it. It lies 100 dB under a
/// full-scale sine (whose peak power under a Hann window of 1024 is 2^16), which
/// keeps the rounding of the transform from looking like structure.
const FLOOR: f32 = 6.5e-6;

/// Largest power whose logarithm fits 16 bits, 45 dB over a full-scale sine.
const CEILING: f32 = 2_147_483_648.0;

/// Units of [`LogPower`] in one doubling of the power, as a power of two.
const UNITS_LOG2: u32 = 10;

/// 1.5 * 2^23. What is added to it is rounded to a whole number, which then
/// stands in the low bits of the sum; conversions that saturate do not vectorise.
const ROUNDER: f32 = 12_582_912.0;

/// Writes the log power of two frames that were transformed as one: the first as
/// the real and the second as the imaginary part. `bins` are the wanted bins,
/// `mirrored` those at the negative frequencies, in the order of the transform;
/// both together are twice the frames' spectra.
#[inline(always)]
pub(super) fn of_pair(
    bins: &[Complex<f32>],
    mirrored: &[Complex<f32>],
    first: &mut [LogPower],
    second: &mut [LogPower],
) {
    let pairs = bins.iter().zip(mirrored.iter().rev());
    for (((z, m), first), second) in pairs.zip(first).zip(second) {
        let (re, im) = (z.re + m.re, z.im - m.im);
        *first = log(re * re + im * im);
        let (re, im) = (z.im + m.im, m.re - z.re);
        *second = log(re * re + im * im);
    }
}

/// Logarithm of a power, in [`LogPower`].
#[inline(always)]
fn log(power: f32) -> LogPower {
    let x = power + FLOOR;
    // False for NaN too.
    let x = if x < CEILING { x } else { CEILING };
    let bits = x.to_bits();
    let exponent = (bits >> 23) as i32 - 127;
    let mantissa = f32::from_bits((bits & 0x007f_ffff) | 0x3f80_0000);
    let rounded = log2_of_mantissa(mantissa) * (1 << UNITS_LOG2) as f32 + ROUNDER;
    let fraction = rounded.to_bits() as i32 - ROUNDER.to_bits() as i32;
    ((exponent << UNITS_LOG2) + fraction) as LogPower
}

/// log2 of a number in [1, 2), off by less than 1e-4: a polynomial of degree 5,
/// least squares on Chebyshev nodes, pinned to 0 and 1 at the ends.
#[inline(always)]
fn log2_of_mantissa(m: f32) -> f32 {
    ((((0.044_243_93 * m - 0.412_482_57) * m + 1.621_046_4) * m - 3.539_055_8) * m + 5.085_518) * m
        - 2.799_270_3
}

#[cfg(test)]
mod tests {
    use fearless_simd::{Level, dispatch};

    use super::*;

    #[test]
    fn agrees_with_the_library_logarithm() {
        let mut power = 1e-9_f32;
        while power < CEILING {
            let due = 1024.0 * (f64::from(power) + f64::from(FLOOR)).log2();
            let found = f64::from(log(power));
            assert!((found - due).abs() < 0.65, "log2({power}) is {found} and should be {due}");
            power *= 1.000_37;
        }
        assert_eq!(log(f32::INFINITY), 31 << 10);
        assert_eq!(log(f32::NAN), 31 << 10);
    }

    #[test]
    fn every_set_of_instructions_gives_the_same() {
        let spectrum: Vec<Complex<f32>> =
            (0..1_000).map(|i| Complex::new(((i * 7919) % 1009) as f32 - 500.0, (i % 77) as f32)).collect();
        let (bins, mirrored) = (&spectrum[1..500], &spectrum[501..]);
        let run = |level: Level| {
            let (mut first, mut second) = (vec![0; 499], vec![0; 499]);
            dispatch!(level, _simd => of_pair(bins, mirrored, &mut first, &mut second));
            (first, second)
        };
        assert_eq!(run(Level::new()), run(Level::baseline()));
    }
}
