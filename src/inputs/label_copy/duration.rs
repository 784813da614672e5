//! Durations as label copy writes them.

use crate::units::Seconds;

/// Seconds of `210`, `210.5`, `3:30`, `1:03:30` or `PT3M30S` (ISO 8601, as in
/// DDEX).
pub(super) fn seconds(text: &str) -> Result<Seconds, String> {
    let parsed = match text.strip_prefix(['P', 'p']) {
        Some(_) => text.parse::<jiff::SignedDuration>().ok().map(|duration| duration.as_secs_f64()),
        None => clock(text),
    };
    let possible = parsed.filter(|seconds| seconds.is_finite() && (0.0..1e7).contains(seconds));
    possible.ok_or_else(|| format!("{text:?} is no duration: write seconds, m:ss or PT3M30S"))
}

/// At most hours, minutes and seconds; digits alone before the last part.
fn clock(text: &str) -> Option<Seconds> {
    let parts: Vec<&str> = text.split(':').collect();
    let (last, before) = parts.split_last()?;
    let numeric = |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let plain = last.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    if before.len() > 2 || !before.iter().all(numeric) || !plain {
        return None;
    }
    let mut seconds: Seconds = last.parse().ok()?;
    for (part, unit) in before.iter().rev().zip([60.0, 3600.0]) {
        seconds += part.parse::<Seconds>().ok()? * unit;
    }
    Some(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_in_all_writings() {
        for (text, expected) in [
            ("210", 210.0),
            ("210.5", 210.5),
            ("3:30", 210.0),
            ("0:03:30.25", 210.25),
            ("1:03:30", 3810.0),
            ("PT3M30S", 210.0),
            ("PT1H2M3.5S", 3723.5),
            ("PT0H3M30S", 210.0),
        ] {
            assert_eq!(seconds(text), Ok(expected), "{text}");
        }
        for bad in [
            "",
            "-3",
            "3m",
            "1:2:3:4",
            ":30",
            "3:",
            "P",
            "PT",
            "-PT3S",
            "1e99",
            "nan",
            "PT99999999999S",
            "P1Y",
        ] {
            assert!(seconds(bad).is_err(), "{bad}");
        }
    }
}
