//! Values on the command line.

use clap::builder::{PossibleValuesParser, TypedValueParser};
use jiff::civil::Date;

use earmark::coverage::Coverage;
use earmark::matching::Effort;
use earmark::registry::{Use, Vocabulary};
use earmark::verdict::Policy;

/// A use by its name.
pub fn uses() -> impl TypedValueParser<Value = Use> {
    PossibleValuesParser::new(Use::ALL.map(Use::name)).try_map(|name| name.parse::<Use>())
}

/// A vocabulary by its name.
pub fn vocabularies() -> impl TypedValueParser<Value = Vocabulary> {
    let names = Vocabulary::ALL.map(Vocabulary::name);
    PossibleValuesParser::new(names).try_map(|name| name.parse::<Vocabulary>())
}

/// A policy by its name.
pub fn policies() -> impl TypedValueParser<Value = Policy> {
    let names = [Policy::Review, Policy::OptOut, Policy::OptIn].map(Policy::name);
    PossibleValuesParser::new(names).try_map(|name| name.parse::<Policy>())
}

/// How hard to search, by its name.
pub fn efforts() -> impl TypedValueParser<Value = Effort> {
    PossibleValuesParser::new(Effort::ALL.map(Effort::name)).try_map(|name| name.parse::<Effort>())
}

/// How much is listened to, by its name.
pub fn coverages() -> impl TypedValueParser<Value = Coverage> {
    let by_name = |name: String| Coverage::ALL.into_iter().find(|coverage| coverage.name() == name);
    let names = PossibleValuesParser::new(Coverage::ALL.map(Coverage::name));
    names.try_map(move |name| by_name(name).ok_or("no coverage of this name"))
}

/// An E-value.
pub fn e_value(text: &str) -> Result<f64, String> {
    let value = text.parse().ok().filter(|e: &f64| *e > 0.0 && e.is_finite());
    value.ok_or_else(|| "not an E-value: write a positive number such as 0.001 or 1e-6".to_owned())
}

/// Largest change of tempo.
pub fn time_scale(text: &str) -> Result<f64, String> {
    let value = text.parse().ok().filter(|scale| (1.0..=2.0).contains(scale));
    value.ok_or_else(|| "not between 1 (none) and 2 (half and double tempo)".to_owned())
}

/// A day. The library would also take times and week dates; a declaration
/// should be written in one way only.
pub fn date(text: &str) -> Result<Date, String> {
    let shaped =
        text.len() == "YYYY-MM-DD".len() && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    let day = shaped.then(|| text.parse::<Date>().ok()).flatten();
    day.ok_or_else(|| "not a day of the calendar: write it as YYYY-MM-DD".to_owned())
}
