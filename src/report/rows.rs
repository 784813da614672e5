//! What all rows have in common.

use std::io::{self, Write};

use serde::{Serialize, Serializer};

/// Writes `row` as one line of JSON.
///
/// # Errors
/// Those of `out`.
pub fn write_json_line(out: &mut impl Write, row: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *out, row)?;
    out.write_all(b"\n")
}

/// `value` with so many decimals; what is no number stays none.
pub(super) fn rounded(value: f64, decimals: i32) -> f64 {
    let unit = 10f64.powi(decimals);
    let rounded = (value * unit).round() / unit;
    // No row needs a negative zero.
    if rounded == 0.0 { 0.0 } else { rounded }
}

/// To a thousandth: milliseconds, and the finest that pitch and score mean.
pub(super) fn thousandths<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(rounded(*value, 3))
}

pub(super) fn optional_thousandths<S: Serializer>(
    value: &Option<f64>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) => thousandths(value, serializer),
        None => serializer.serialize_none(),
    }
}

/// To 10⁻⁵: over an hour a time scale that is off by so much moves the end by
/// a frame.
pub(super) fn hundred_thousandths<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(rounded(*value, 5))
}

/// A list, each to a thousandth.
pub(super) fn each_thousandth<S: Serializer>(values: &[f64], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(values.iter().map(|value| rounded(*value, 3)))
}

/// To three significant digits.
pub(super) fn three_digits<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    // Through decimal, as a factor of ten is not exact.
    let rounded = format!("{value:.2e}").parse().unwrap_or(*value);
    serializer.serialize_f64(rounded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_keeps_what_a_value_means_and_drops_the_rest() {
        let cases =
            [(1.234_56, 1.235), (-0.000_4, 0.0), (0.0, 0.0), (86_400.000_499, 86_400.0), (-1.999_6, -2.0)];
        for (value, expected) in cases {
            let rounded = rounded(value, 3);
            assert_eq!(rounded, expected);
            assert!(rounded != 0.0 || rounded.is_sign_positive());
        }
        assert_eq!(rounded(1.079_999_6, 5), 1.08);
        assert!(rounded(f64::NAN, 3).is_nan());
    }
}
