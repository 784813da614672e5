//! Declarations: who says what about the use of which recordings.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Serialize, Serializer};

use crate::isrc::{Isrc, IsrcPrefix};

use super::territory::Territory;

/// Longest accepted text of any field of a declaration or a recording, in
/// bytes. Licence terms of a few pages fit; a file pasted by mistake does not.
pub(super) const MAX_TEXT_BYTES: usize = 64 * 1024;

/// What audio may be used for. A broader use covers the narrower ones:
///
/// ```text
/// data-mining
/// ├── ai-training
/// │   └── ai-generative-training
/// └── ai-inference
/// search
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Use {
    /// Any automated analysis to gain information (text and data mining).
    DataMining,
    /// Training or tuning of any AI model.
    AiTraining,
    /// Training or tuning of a model that generates audio, text or images.
    AiGenerativeTraining,
    /// Input to a trained model.
    AiInference,
    /// Building a search index that points to the audio. Not covered by
    /// data mining: those who reserve mining usually want to be found.
    Search,
}

impl Use {
    /// Every use, broad before narrow.
    pub const ALL: [Self; 5] =
        [Self::DataMining, Self::AiTraining, Self::AiGenerativeTraining, Self::AiInference, Self::Search];

    /// The name in files and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::DataMining => "data-mining",
            Self::AiTraining => "ai-training",
            Self::AiGenerativeTraining => "ai-generative-training",
            Self::AiInference => "ai-inference",
            Self::Search => "search",
        }
    }

    /// Whether what is said about `self` also speaks about `narrower`. Every
    /// use covers itself.
    ///
    /// ```
    /// use earmark::registry::Use;
    /// assert!(Use::DataMining.covers(Use::AiGenerativeTraining));
    /// assert!(!Use::AiGenerativeTraining.covers(Use::AiTraining));
    /// assert!(!Use::DataMining.covers(Use::Search));
    /// ```
    pub fn covers(self, narrower: Self) -> bool {
        self == narrower
            || match self {
                Self::DataMining => {
                    matches!(narrower, Self::AiTraining | Self::AiGenerativeTraining | Self::AiInference)
                }
                Self::AiTraining => narrower == Self::AiGenerativeTraining,
                Self::AiGenerativeTraining | Self::AiInference | Self::Search => false,
            }
    }
}

impl fmt::Display for Use {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Use {
    type Err = DeclarationError;

    fn from_str(text: &str) -> Result<Self, DeclarationError> {
        let name = text.trim().to_ascii_lowercase();
        Self::ALL
            .into_iter()
            .find(|known| known.name() == name)
            .ok_or_else(|| DeclarationError::UnknownUse { found: text.to_owned() })
    }
}

/// What is said about a use.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Permission {
    /// The use is allowed.
    Allow,
    /// The use is not allowed.
    Disallow,
    /// The use is allowed under terms; not allowed for whoever does not meet them.
    Constrain {
        /// The terms, or a URL where they stand. Not empty.
        terms: String,
    },
}

impl Permission {
    /// The name in files and on the command line.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Disallow => "disallow",
            Self::Constrain { .. } => "constrain",
        }
    }

    /// The terms, where there are any.
    pub fn terms(&self) -> Option<&str> {
        match self {
            Self::Constrain { terms } => Some(terms),
            Self::Allow | Self::Disallow => None,
        }
    }
}

/// What a declaration speaks about, from the most to the least specific.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Subject {
    /// One recording, by its id in this registry.
    Recording(String),
    /// Every recording that carries this ISRC.
    Isrc(Isrc),
    /// Every recording with an ISRC of this registrant prefix.
    Prefix(#[serde(serialize_with = "as_text")] IsrcPrefix),
    /// Every recording of this owner. Owners are compared by [`name_key`].
    Owner(String),
}

impl Subject {
    /// The kind's name in files: `recording`, `isrc`, `prefix` or `owner`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Recording(_) => "recording",
            Self::Isrc(_) => "isrc",
            Self::Prefix(_) => "prefix",
            Self::Owner(_) => "owner",
        }
    }

    /// The value in files: id, compact ISRC, prefix or name.
    pub fn value(&self) -> String {
        match self {
            Self::Recording(id) => id.clone(),
            Self::Isrc(isrc) => isrc.as_str().to_owned(),
            Self::Prefix(prefix) => prefix.to_string(),
            Self::Owner(name) => name.clone(),
        }
    }

    /// Builds a subject from its kind and value.
    pub fn parse(kind: &str, value: &str) -> Result<Self, DeclarationError> {
        let value = value.trim();
        let wrong = |reason: String| DeclarationError::Subject { reason };
        match kind {
            "recording" => Ok(Self::Recording(value.to_owned())),
            "isrc" => Isrc::from_str(value).map(Self::Isrc).map_err(|error| wrong(error.to_string())),
            "prefix" => {
                IsrcPrefix::from_str(value).map(Self::Prefix).map_err(|error| wrong(error.to_string()))
            }
            "owner" => Ok(Self::Owner(value.to_owned())),
            other => Err(wrong(format!("{other:?} is none of recording, isrc, prefix, owner"))),
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Recording(id) => write!(f, "recording {id}"),
            Self::Isrc(isrc) => write!(f, "ISRC {isrc}"),
            Self::Prefix(prefix) => write!(f, "ISRC prefix {prefix}"),
            Self::Owner(name) => write!(f, "owner {name}"),
        }
    }
}

/// The form in which names of owners and declarants are compared: blanks
/// collapsed, lower case. `Example  Music` and `example music` are one name;
/// accents and punctuation count.
///
/// ```
/// use earmark::registry::name_key;
/// assert_eq!(name_key(" Example  MUSIC "), "example music");
/// ```
pub fn name_key(name: &str) -> String {
    name.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

/// A declaration to be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewDeclaration {
    /// What it speaks about.
    pub subject: Subject,
    /// The use it speaks about, and every narrower one.
    pub use_: Use,
    /// What is said.
    pub permission: Permission,
    /// Where it holds; empty means worldwide.
    pub territories: Vec<Territory>,
    /// First day it holds; `None` means it always did.
    pub from: Option<Date>,
    /// Last day it holds; `None` means without end.
    pub until: Option<Date>,
    /// Who says so. Not empty.
    pub declarant: String,
    /// Where it was published or how it arrived (a URL, a document's hash).
    pub source: Option<String>,
    /// When it was received.
    pub received_at: Timestamp,
}

/// A stored declaration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Declaration {
    /// Its number in this registry: 1, 2, 3, ... without gaps.
    pub seq: u64,
    /// What it speaks about.
    pub subject: Subject,
    /// The use it speaks about, and every narrower one.
    #[serde(rename = "use")]
    pub use_: Use,
    /// What is said.
    pub permission: Permission,
    /// Where it holds, sorted; empty means worldwide.
    pub territories: Vec<Territory>,
    /// First day it holds; `None` means it always did.
    #[serde(serialize_with = "as_optional_text")]
    pub from: Option<Date>,
    /// Last day it holds; `None` means without end.
    #[serde(serialize_with = "as_optional_text")]
    pub until: Option<Date>,
    /// Who says so.
    pub declarant: String,
    /// Where it was published or how it arrived.
    pub source: Option<String>,
    /// When it was received.
    #[serde(serialize_with = "as_text")]
    pub received_at: Timestamp,
    /// BLAKE3 over the hash of the declaration before and this one's fields.
    #[serde(serialize_with = "as_hex")]
    pub hash: [u8; 32],
}

/// Why a declaration is not accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DeclarationError {
    /// No such use.
    #[error(
        "unknown use {found:?}: use data-mining, ai-training, ai-generative-training, ai-inference or search"
    )]
    UnknownUse {
        /// The text as it was given.
        found: String,
    },
    /// The subject is empty or malformed.
    #[error("subject: {reason}")]
    Subject {
        /// What is wrong with it.
        reason: String,
    },
    /// Nobody is named as the declarant.
    #[error("the declarant is empty: name who says this")]
    NoDeclarant,
    /// A constraint without terms.
    #[error("the terms are empty: write the terms, or a URL where they stand")]
    NoTerms,
    /// The validity ends before it starts.
    #[error("valid from {from} until {until}: the end is before the start")]
    EndsBeforeStart {
        /// First day.
        from: Date,
        /// Last day.
        until: Date,
    },
    /// A text holds control characters or is far too long.
    #[error("{field}: {reason}")]
    Text {
        /// The field's name.
        field: &'static str,
        /// What is wrong with it.
        reason: String,
    },
}

impl NewDeclaration {
    /// Checks the declaration and brings it into the stored form: blanks
    /// around texts removed, territories sorted and each named once.
    pub fn normalised(&self) -> Result<Self, DeclarationError> {
        let subject = match &self.subject {
            Subject::Recording(id) => Subject::Recording(line("recording", id)?),
            Subject::Owner(name) => Subject::Owner(line("owner", name)?),
            Subject::Isrc(_) | Subject::Prefix(_) => self.subject.clone(),
        };
        if subject.value().is_empty() {
            return Err(DeclarationError::Subject { reason: format!("the {} is empty", subject.kind()) });
        }
        let permission = match &self.permission {
            Permission::Constrain { terms } => {
                let terms = prose("terms", terms)?;
                if terms.is_empty() {
                    return Err(DeclarationError::NoTerms);
                }
                Permission::Constrain { terms }
            }
            plain => plain.clone(),
        };
        if let (Some(from), Some(until)) = (self.from, self.until)
            && until < from
        {
            return Err(DeclarationError::EndsBeforeStart { from, until });
        }
        let declarant = line("declarant", &self.declarant)?;
        if declarant.is_empty() {
            return Err(DeclarationError::NoDeclarant);
        }
        let source = self.source.as_deref().map(|text| line("source", text)).transpose()?;
        let mut territories = self.territories.clone();
        territories.sort_unstable();
        territories.dedup();
        Ok(Self {
            subject,
            permission,
            territories,
            declarant,
            source: source.filter(|text| !text.is_empty()),
            ..self.clone()
        })
    }
}

/// Text of one line: trimmed, without control characters.
fn line(field: &'static str, text: &str) -> Result<String, DeclarationError> {
    checked(field, text, char::is_control)
}

/// Text that may have several lines.
fn prose(field: &'static str, text: &str) -> Result<String, DeclarationError> {
    checked(field, text, |c| c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
}

fn checked(field: &'static str, text: &str, refused: fn(char) -> bool) -> Result<String, DeclarationError> {
    let text = text.trim();
    if text.len() > MAX_TEXT_BYTES {
        let reason =
            format!("{} bytes are more than the limit of {MAX_TEXT_BYTES}: give a URL instead", text.len());
        return Err(DeclarationError::Text { field, reason });
    }
    if text.contains(refused) {
        let reason = "holds a control character: remove it".to_owned();
        return Err(DeclarationError::Text { field, reason });
    }
    Ok(text.to_owned())
}

fn as_text<T: fmt::Display, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

fn as_optional_text<T: fmt::Display, S: Serializer>(
    value: &Option<T>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) => serializer.collect_str(value),
        None => serializer.serialize_none(),
    }
}

/// Lower-case hexadecimal.
pub(super) fn as_hex<S: Serializer>(bytes: &[u8; 32], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&blake3::Hash::from_bytes(*bytes).to_hex())
}
