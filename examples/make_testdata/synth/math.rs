//! Transcendental functions out of IEEE additions and multiplications only,
//! so that every platform computes the same bits.

const TURN: f64 = std::f64::consts::TAU;

/// sin(2π · `turns`). Error below 1e-7: Taylor to the 11th power on a quarter
/// turn leaves (π/2)^13 / 13! = 6e-8.
pub fn sine(turns: f64) -> f64 {
    let mut x = turns - (turns + 0.5).floor();
    if x > 0.25 {
        x = 0.5 - x;
    } else if x < -0.25 {
        x = -0.5 - x;
    }
    let y = x * TURN;
    let s = y * y;
    y * (1.0
        + s * (-1.0 / 6.0
            + s * (1.0 / 120.0 + s * (-1.0 / 5040.0 + s * (1.0 / 362_880.0 - s / 39_916_800.0)))))
}

/// cos(2π · `turns`).
pub fn cosine(turns: f64) -> f64 {
    sine(turns + 0.25)
}

/// 2 to the power `x`, for |x| < 1000. Relative error below 1e-9: Taylor to
/// the 8th power on half an octave either way leaves (ln2/2)^9 / 9! = 2e-10.
pub fn exp2(x: f64) -> f64 {
    let whole = (x + 0.5).floor();
    let y = (x - whole) * std::f64::consts::LN_2;
    let mut sum = 1.0;
    for divisor in (1..=8).rev() {
        sum = 1.0 + sum * y / f64::from(divisor);
    }
    let exponent = (whole as i64 + 1023) as u64;
    sum * f64::from_bits(exponent << 52)
}

/// The frequency ratio of an interval.
pub fn semitones(interval: f64) -> f64 {
    exp2(interval / 12.0)
}

/// The amplitude ratio of a level in decibels: 10^(dB/20), and
/// log2(10)/20 = 0.166096...
pub fn decibels(level_db: f64) -> f64 {
    exp2(level_db * 0.166_096_404_744_368_1)
}

/// The factor per sample with which something falls by 60 dB in `seconds`.
pub fn decay_per_sample(seconds: f64, rate_hz: f64) -> f64 {
    decibels(-60.0 / (seconds * rate_hz))
}

/// A smooth limiter: near 1:1 for small values, within ±1 for all
/// (a Padé approximation of tanh, clamped where it reaches 1).
pub fn soft_clip(x: f64) -> f64 {
    if x >= 3.0 {
        1.0
    } else if x <= -3.0 {
        -1.0
    } else {
        x * (27.0 + x * x) / (27.0 + 9.0 * x * x)
    }
}
