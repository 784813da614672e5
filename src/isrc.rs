//! International Standard Recording Codes (ISO 3901:2019).
//!
//! An ISRC is `CC-XXX-YY-NNNNN`: a five character prefix (two letters, three
//! letters or digits), two digits for the year of reference and five digits of
//! designation. There is no check digit, so a slip of the pen gives another
//! well-formed code, and after assignment the parts mean nothing: not the
//! owner, not the country, not the year of the recording. An [`Isrc`] is
//! therefore only an identifier, and an identifier read from a tag is a claim.

use std::collections::HashSet;
use std::fmt;
use std::str::FromStr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Characters in an ISRC without separators.
const LENGTH: usize = 12;
/// Characters in the prefix (country or agency code and registrant code).
const PREFIX_LENGTH: usize = 5;
/// How much of a refused input an error repeats, in characters: enough to
/// recognise it, short enough for one line of a report.
const SHOWN_CHARS: usize = 40;

/// One ISRC, stored without separators and in upper case.
///
/// Parsing accepts lower case, a leading `ISRC` with or without a colon,
/// spaces and hyphens:
///
/// ```
/// use earmark::isrc::Isrc;
///
/// let isrc: Isrc = "isrc: us-s1z-99-00001".parse()?;
/// assert_eq!(isrc.to_string(), "US-S1Z-99-00001");
/// assert_eq!(isrc.as_str(), "USS1Z9900001");
/// assert_eq!(isrc.prefix().as_str(), "USS1Z");
/// # Ok::<(), earmark::isrc::IsrcError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Isrc([u8; LENGTH]);

/// The first five characters of an ISRC: what a registrant is given to assign
/// codes under. A registrant may hold several.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IsrcPrefix([u8; PREFIX_LENGTH]);

/// Why a text is not an ISRC or not a prefix.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{input}\" is not an ISRC: {reason}")]
pub struct IsrcError {
    /// The text as given, cut to its first 40 characters.
    pub input: String,
    /// What is wrong with it and, where a slip is likely, what was meant.
    pub reason: String,
}

impl IsrcError {
    fn new(input: &str, reason: impl Into<String>) -> Self {
        IsrcError { input: input.chars().take(SHOWN_CHARS).collect(), reason: reason.into() }
    }
}

impl Isrc {
    /// The code without separators, always 12 characters.
    pub fn as_str(&self) -> &str {
        text(&self.0)
    }

    /// The registrant's prefix, the first five characters.
    pub fn prefix(&self) -> IsrcPrefix {
        let mut prefix = [0; PREFIX_LENGTH];
        prefix.copy_from_slice(&self.0[..PREFIX_LENGTH]);
        IsrcPrefix(prefix)
    }

    /// All ISRCs in a tag value that may hold several, separated by NUL,
    /// semicolon, comma, slash, bar, line break or space, or by nothing at all, in
    /// order and without repeats. Parts that are not ISRCs are passed over.
    ///
    /// ```
    /// use earmark::isrc::Isrc;
    ///
    /// let found = Isrc::find_all("QZ-HB1-24-00001 / qzhb12400002; n/a");
    /// assert_eq!(found.len(), 2);
    /// ```
    pub fn find_all(value: &str) -> Vec<Isrc> {
        let (mut found, mut seen) = (Vec::new(), HashSet::new());
        let mut push = |isrc| {
            if seen.insert(isrc) {
                found.push(isrc);
            }
        };
        for part in value.split(['\0', ';', ',', '/', '|', '\n', '\r']) {
            // A part may itself contain spaces ("GB AYE 67 00001"), so it is
            // split at them only when it is not one code as a whole.
            match part.parse() {
                Ok(isrc) => push(isrc),
                Err(_) => part.split_whitespace().flat_map(one_after_another).for_each(&mut push),
            }
        }
        found
    }
}

impl IsrcPrefix {
    /// The prefix, always five characters.
    pub fn as_str(&self) -> &str {
        text(&self.0)
    }
}

/// The bytes were checked to be ASCII letters and digits when the value was made.
fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap_or_default()
}

/// What stays of a written code once separators and case are taken away. NUL, with
/// which tags are padded, and line breaks are separators at its ends alone: between
/// two codes they part them.
fn compact(input: &str) -> String {
    let blank = |c: char| c.is_whitespace() && !matches!(c, '\n' | '\r');
    input
        .trim_matches(|c: char| c.is_whitespace() || c == '\0')
        .chars()
        // Word processors turn the hyphen into U+2010 to U+2015.
        .filter(|c| !blank(*c) && !matches!(c, '-' | '\u{2010}'..='\u{2015}'))
        .map(|c| c.to_ascii_uppercase())
        .collect()
}

/// The codes of which `text` consists, one behind the other: some writers join the
/// values of a field without anything between them. None if anything else is in it.
fn one_after_another(text: &str) -> Vec<Isrc> {
    if let Ok(isrc) = text.parse() {
        return vec![isrc];
    }
    let compact = compact(text);
    let codes = compact.as_bytes().chunks(LENGTH).map(|code| std::str::from_utf8(code).ok()?.parse().ok());
    codes.collect::<Option<_>>().unwrap_or_default()
}

/// Takes a leading "ISRC" label away. `full` is the length of what must stay:
/// Iceland's codes may begin with "ISRC" themselves (IS-RC1-…), so four letters
/// are a label only when something of the right length follows or a colon does.
fn without_label(compact: &str, full: usize) -> &str {
    match compact.strip_prefix("ISRC") {
        Some(rest) if rest.starts_with([':', '=', '.', '#']) => &rest[1..],
        Some(rest) if compact.len() > full => rest,
        _ => compact,
    }
}

/// Checks letters and digits place by place and copies them.
fn check<const N: usize>(input: &str, code: &str) -> Result<[u8; N], IsrcError> {
    if code.chars().count() != N {
        return Err(IsrcError::new(
            input,
            format!("it has {} letters and digits instead of {N}", code.chars().count()),
        ));
    }
    let mut bytes = [0; N];
    for (place, (to, c)) in bytes.iter_mut().zip(code.chars()).enumerate() {
        let (ok, wanted) = match place {
            0..2 => (c.is_ascii_uppercase(), "a letter"),
            2..5 => (c.is_ascii_uppercase() || c.is_ascii_digit(), "a letter or digit"),
            _ => (c.is_ascii_digit(), "a digit"),
        };
        if !ok {
            let hint = match (c, wanted) {
                ('O', "a digit") => "; the letter O may stand for the digit 0",
                ('I' | 'L', "a digit") => "; the letter may stand for the digit 1",
                ('0', "a letter") => "; the digit 0 may stand for the letter O",
                ('1', "a letter") => "; the digit 1 may stand for the letter I",
                _ => "",
            };
            let at = place + 1;
            return Err(IsrcError::new(input, format!("character {at} is '{c}', not {wanted}{hint}")));
        }
        *to = c as u8;
    }
    Ok(bytes)
}

impl FromStr for Isrc {
    type Err = IsrcError;

    fn from_str(input: &str) -> Result<Self, IsrcError> {
        let compact = compact(input);
        check(input, without_label(&compact, LENGTH)).map(Isrc)
    }
}

impl FromStr for IsrcPrefix {
    type Err = IsrcError;

    fn from_str(input: &str) -> Result<Self, IsrcError> {
        let compact = compact(input);
        check(input, without_label(&compact, PREFIX_LENGTH)).map(IsrcPrefix)
    }
}

impl fmt::Display for Isrc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let s = self.as_str();
        write!(f, "{}-{}-{}-{}", &s[..2], &s[2..5], &s[5..7], &s[7..])
    }
}

impl fmt::Display for IsrcPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Isrc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Isrc({self})")
    }
}

impl fmt::Debug for IsrcPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IsrcPrefix({self})")
    }
}

impl Serialize for Isrc {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Isrc {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

impl Serialize for IsrcPrefix {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for IsrcPrefix {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_written_forms_give_one_code() {
        for form in [
            "USS1Z9900001",
            "uss1z9900001",
            "US-S1Z-99-00001",
            "US S1Z 99 00001",
            "  US-S1Z-99-00001\0",
            "ISRC US-S1Z-99-00001",
            "ISRC: US-S1Z-99-00001",
            "isrc:uss1z9900001",
            "ISRCUSS1Z9900001",
            "US\u{2010}S1Z\u{2013}99\u{2011}00001",
        ] {
            let isrc: Isrc = form.parse().unwrap_or_else(|e| panic!("{form}: {e}"));
            assert_eq!(isrc.as_str(), "USS1Z9900001", "{form}");
            assert_eq!(isrc.to_string(), "US-S1Z-99-00001");
        }
    }

    #[test]
    fn what_parts_codes_is_in_none() {
        for text in ["US-S1Z-\0 99-00001", "US-S1Z-\n99-00001"] {
            assert!(text.parse::<Isrc>().is_err(), "{text:?}");
            assert_eq!(Isrc::find_all(text), []);
        }
        assert_eq!("\r\nUSS1Z9900001\n".parse::<Isrc>().unwrap().as_str(), "USS1Z9900001");
    }

    #[test]
    fn an_icelandic_code_that_begins_with_isrc_is_not_a_label() {
        assert_eq!("ISRC12400001".parse::<Isrc>().unwrap().as_str(), "ISRC12400001");
        assert_eq!("ISRC: IS-RC1-24-00001".parse::<Isrc>().unwrap().as_str(), "ISRC12400001");
        assert_eq!("ISRC1".parse::<IsrcPrefix>().unwrap().as_str(), "ISRC1");
        assert_eq!("ISRC QZ-HB1".parse::<IsrcPrefix>().unwrap().as_str(), "QZHB1");
    }

    #[test]
    fn refusals_say_what_and_where() {
        let reason = |s: &str| s.parse::<Isrc>().unwrap_err().reason;
        assert!(reason("").contains("0 letters"));
        assert!(reason("USS1Z990000").contains("11 letters"));
        assert!(reason("USS1Z99000011").contains("13 letters"));
        assert!(reason("USS1Z99O0001").contains("digit 0"), "{}", reason("USS1Z99O0001"));
        assert!(reason("USS1ZI900001").contains("digit 1"));
        assert!(reason("0SS1Z9900001").contains("letter O"));
        assert!(reason("1SS1Z9900001").contains("letter I"));
        assert!(reason("USS_Z9900001").contains("character 4"));
        assert!(reason("ÜSS1Z9900001").contains("character 1"));
        // Characters of several bytes must not be cut in the middle.
        let long = "ü".repeat(100).parse::<Isrc>().unwrap_err();
        assert_eq!(long.input.chars().count(), SHOWN_CHARS);
    }

    #[test]
    fn several_codes_in_one_value() {
        let codes = |s: &str| Isrc::find_all(s).iter().map(ToString::to_string).collect::<Vec<_>>();
        let (a, b) = ("QZ-HB1-24-00001", "QZ-HB1-24-00002");
        assert_eq!(codes("QZHB12400001\0QZHB12400002"), [a, b]);
        assert_eq!(codes("QZHB12400001;QZHB12400002"), [a, b]);
        assert_eq!(codes("QZ HB1 24 00001/QZ-HB1-24-00002"), [a, b]);
        assert_eq!(codes("QZHB12400001 QZHB12400002"), [a, b]);
        assert_eq!(codes("QZHB12400001, qzhb12400001"), [a]);
        assert_eq!(codes("QZHB12400001QZHB12400002"), [a, b]);
        assert_eq!(codes("see QZ-HB1-24-00001QZ-HB1-24-00002"), [a, b]);
        assert!(codes("QZHB12400001QZHB1240000").is_empty());
        assert!(codes("Vinyl rip, side 2").is_empty());
        assert!(codes("").is_empty());
    }

    #[test]
    fn json_is_the_compact_text() {
        let isrc: Isrc = serde_json::from_str("\"qz-hb1-24-00001\"").unwrap();
        assert_eq!(serde_json::to_string(&isrc).unwrap(), "\"QZHB12400001\"");
        assert!(serde_json::from_str::<Isrc>("\"nope\"").is_err());
    }
}
