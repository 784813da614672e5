//! Values on the command line.

use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use jiff::civil::Date;

use earmark::matching::Effort;
use earmark::registry::Use;
use earmark::units::Seconds;
use earmark::verdict::Policy;

/// A use by its name.
pub fn uses() -> impl TypedValueParser<Value = Use> {
    PossibleValuesParser::new(Use::ALL.map(Use::name)).try_map(|name| name.parse::<Use>())
}

/// A policy by its name.
pub fn policies() -> impl TypedValueParser<Value = Policy> {
    let names = [Policy::Review, Policy::OptOut, Policy::OptIn].map(Policy::name);
    PossibleValuesParser::new(names).try_map(|name| name.parse::<Policy>())
}

/// How hard to search, by its name.
pub fn efforts() -> impl TypedValueParser<Value = Effort> {
    PossibleValuesParser::new(["fast", "standard", "thorough"]).map(|name| match name.as_str() {
        "fast" => Effort::Fast,
        "thorough" => Effort::Thorough,
        _ => Effort::Standard,
    })
}

/// A time in seconds, or as pictures show it: `83.5` or `1:23.5`. May be
/// negative.
pub fn time(text: &str) -> Result<Seconds, String> {
    let wrong = || "not a time: write seconds, as 83.5, or 1:23.5".to_owned();
    let (sign, text) = text.strip_prefix('-').map_or((1.0, text), |text| (-1.0, text));
    let plain = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let parts: Vec<&str> = text.split(':').collect();
    if parts.len() > 3 || !parts.iter().all(|part| plain(part)) {
        return Err(wrong());
    }
    let mut seconds = 0.0;
    for part in parts {
        seconds = 60.0 * seconds + part.parse::<f64>().map_err(|_| wrong())?;
    }
    Ok(sign * seconds)
}

/// A time that is not negative.
pub fn time_in_file(text: &str) -> Result<Seconds, String> {
    time(text).and_then(|seconds| {
        if seconds < 0.0 { Err("a file has no time before 0".to_owned()) } else { Ok(seconds) }
    })
}

/// A speed, as seconds of the recording per second of the query.
pub fn time_scale(text: &str) -> Result<f64, String> {
    within(text, 0.25, 4.0)
}

/// A change of pitch in semitones.
pub fn semitones(text: &str) -> Result<f64, String> {
    within(text, -24.0, 24.0)
}

/// A number in a range.
fn within(text: &str, least: f64, most: f64) -> Result<f64, String> {
    let number = text.parse::<f64>().ok().filter(|number| (least..=most).contains(number));
    number.ok_or_else(|| format!("not a number from {least} to {most}"))
}

/// A file that is to hold a picture. Another ending may be that of an input
/// which would be overwritten.
pub fn png(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    let fits = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("png"));
    if fits { Ok(path) } else { Err("pictures are PNG: let the name end in .png".to_owned()) }
}

/// A day. The library would also take times and week dates; a declaration
/// should be written in one way only.
pub fn date(text: &str) -> Result<Date, String> {
    let shaped =
        text.len() == "YYYY-MM-DD".len() && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    let day = shaped.then(|| text.parse::<Date>().ok()).flatten();
    day.ok_or_else(|| "not a day of the calendar: write it as YYYY-MM-DD".to_owned())
}
