//! What a declaration or a mandate is about, and how names are compared.

use std::fmt;
use std::str::FromStr;

use serde::ser::{Serialize, SerializeMap, Serializer};

use unicode_normalization::UnicodeNormalization as _;

use crate::isrc::{Isrc, IsrcPrefix};

use super::EntryError;
use super::text::line;

/// What a declaration speaks about, from the most to the least specific.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Subject {
    /// One recording, by its id in this registry.
    Recording(String),
    /// Every recording that carries this ISRC.
    Isrc(Isrc),
    /// Every recording with an ISRC of this registrant prefix.
    Prefix(IsrcPrefix),
    /// Every recording of this owner and of its affiliates: the owners whose
    /// chain of parents leads to it. Owners are compared by [`name_key`], and
    /// an alias stands for its owner.
    Owner(String),
    /// Every recording for which the declarant may speak.
    Everything,
}

impl Subject {
    /// Kinds in files, from the most to the least specific.
    pub const KINDS: [&str; 5] = ["recording", "isrc", "prefix", "owner", "everything"];

    /// The kind's name in files, one of [`Self::KINDS`].
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Recording(_) => "recording",
            Self::Isrc(_) => "isrc",
            Self::Prefix(_) => "prefix",
            Self::Owner(_) => "owner",
            Self::Everything => "everything",
        }
    }

    /// The value in the database: id, compact ISRC, prefix or name; empty for
    /// everything.
    pub fn value(&self) -> String {
        match self {
            Self::Recording(id) => id.clone(),
            Self::Isrc(isrc) => isrc.as_str().to_owned(),
            Self::Prefix(prefix) => prefix.to_string(),
            Self::Owner(name) => name.clone(),
            Self::Everything => String::new(),
        }
    }

    /// Builds a subject from its kind and value.
    ///
    /// # Errors
    /// If there is no such kind, or `value` is none of it.
    pub fn parse(kind: &str, value: &str) -> Result<Self, EntryError> {
        let value = value.trim();
        let wrong = |reason: String| EntryError::Subject { reason };
        match kind {
            "recording" => Ok(Self::Recording(value.to_owned())),
            "isrc" => Isrc::from_str(value).map(Self::Isrc).map_err(|error| wrong(error.to_string())),
            "prefix" => {
                IsrcPrefix::from_str(value).map(Self::Prefix).map_err(|error| wrong(error.to_string()))
            }
            "owner" => Ok(Self::Owner(value.to_owned())),
            // In files the column says yes; the database leaves it empty.
            "everything" => match value.to_ascii_lowercase().as_str() {
                "" | "yes" | "true" | "1" => Ok(Self::Everything),
                _ => Err(wrong(format!("everything is {value:?}: write yes, or leave it empty"))),
            },
            other => Err(wrong(format!("{other:?} is none of {}", Self::KINDS.join(", ")))),
        }
    }

    /// Checks the subject and removes blanks around it.
    pub(super) fn normalised(&self) -> Result<Self, EntryError> {
        let subject = match self {
            Self::Recording(id) => Self::Recording(line("recording", id)?),
            Self::Owner(name) => Self::Owner(line("owner", name)?),
            Self::Isrc(_) | Self::Prefix(_) | Self::Everything => self.clone(),
        };
        if matches!(&subject, Self::Recording(text) | Self::Owner(text) if text.is_empty()) {
            return Err(EntryError::Subject { reason: format!("the {} is empty", subject.kind()) });
        }
        Ok(subject)
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Recording(id) => write!(f, "recording {id}"),
            Self::Isrc(isrc) => write!(f, "ISRC {isrc}"),
            Self::Prefix(prefix) => write!(f, "ISRC prefix {prefix}"),
            Self::Owner(name) => write!(f, "owner {name}"),
            Self::Everything => f.write_str("everything it speaks for"),
        }
    }
}

/// One key, the kind, with the value; `true` for everything.
impl Serialize for Subject {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1))?;
        match self {
            Self::Everything => map.serialize_entry(self.kind(), &true)?,
            other => map.serialize_entry(other.kind(), &other.value())?,
        }
        map.end()
    }
}

/// The form in which names of owners and declarants are compared: blanks
/// collapsed, lower case, composed (Unicode's form NFC). `Example  Music` and `example
/// music` are one name, and so are an accented letter and a letter with its accent as a
/// character of its own; accents and punctuation count.
///
/// ```
/// use earmark::registry::name_key;
/// assert_eq!(name_key(" Example  MUSIC "), "example music");
/// assert_eq!(name_key("Cafe\u{301}"), name_key("CAF\u{c9}"));
/// ```
pub fn name_key(name: &str) -> String {
    let collapsed = name.split_whitespace().collect::<Vec<_>>().join(" ");
    // Lower case may decompose what was composed, as of a dotted capital I.
    collapsed.nfc().collect::<String>().to_lowercase().nfc().collect()
}
