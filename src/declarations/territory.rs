//! Territories: ISO 3166-1 alpha-2 codes.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

/// The officially assigned two-letter codes of ISO 3166-1, sorted.
/// Source: ISO Online Browsing Platform, 249 entries.
const CODES: &str = "\
AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS \
BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE \
EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM \
HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC \
LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA \
NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW \
SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO \
TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW";

/// One territory, an officially assigned ISO 3166-1 alpha-2 code.
///
/// Parsing ignores case and surrounding blanks. It fails for codes that are
/// not assigned, `EU` and `UK` among them: a declaration must name states, as
/// two readers could disagree about who belongs to a union on a given date.
///
/// ```
/// use earmark::registry::Territory;
/// let territory: Territory = "de".parse()?;
/// assert_eq!(territory.to_string(), "DE");
/// assert!("UK".parse::<Territory>().is_err());
/// # Ok::<(), earmark::registry::TerritoryError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Territory([u8; 2]);

/// Text that names no territory.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{found:?} is not an ISO 3166-1 two-letter country code{hint}")]
pub struct TerritoryError {
    /// The text as it was given.
    pub found: String,
    /// What was probably meant, with a leading separator; may be empty.
    pub hint: &'static str,
}

impl FromStr for Territory {
    type Err = TerritoryError;

    fn from_str(text: &str) -> Result<Self, TerritoryError> {
        let code = text.trim().to_ascii_uppercase();
        let assigned = CODES.split_ascii_whitespace().find(|known| **known == code);
        match assigned.map(str::as_bytes) {
            Some(&[first, second]) => Ok(Self([first, second])),
            _ => Err(TerritoryError {
                found: text.to_owned(),
                hint: match code.as_str() {
                    "UK" => ": the United Kingdom is GB",
                    "EL" => ": Greece is GR",
                    "EU" => ": name the member states one by one, or leave territories empty for worldwide",
                    _ => ": use codes such as DE, FR, US, or leave territories empty for worldwide",
                },
            }),
        }
    }
}

impl fmt::Display for Territory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for byte in self.0 {
            write!(f, "{}", char::from(byte))?;
        }
        Ok(())
    }
}

impl Serialize for Territory {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_whole_sorted_and_parses() {
        let codes: Vec<&str> = CODES.split_ascii_whitespace().collect();
        assert_eq!(codes.len(), 249, "ISO 3166-1 has 249 officially assigned codes");
        assert!(codes.windows(2).all(|pair| pair[0] < pair[1]), "sorted, none twice");
        for code in codes {
            let territory: Territory = code.to_ascii_lowercase().parse().unwrap();
            assert_eq!(territory.to_string(), code);
        }
    }

    #[test]
    fn wrong_codes_are_refused_with_a_hint() {
        for (text, hint) in
            [("UK", "GB"), ("EU", "member states"), ("XX", "DE, FR"), ("", "DE"), ("USA", "DE"), ("D€", "DE")]
        {
            let error = text.parse::<Territory>().unwrap_err();
            assert!(error.to_string().contains(hint), "{text}: {error}");
        }
    }
}
