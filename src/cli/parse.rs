//! Values on the command line.

use clap::builder::{PossibleValuesParser, TypedValueParser};
use jiff::civil::Date;

use earmark::matching::Effort;
use earmark::registry::Use;
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

/// A day. The library would also take times and week dates; a declaration
/// should be written in one way only.
pub fn date(text: &str) -> Result<Date, String> {
    let shaped =
        text.len() == "YYYY-MM-DD".len() && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    let day = shaped.then(|| text.parse::<Date>().ok()).flatten();
    day.ok_or_else(|| "not a day of the calendar: write it as YYYY-MM-DD".to_owned())
}
