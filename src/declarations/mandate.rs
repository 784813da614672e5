//! Mandates: for whom a declarant may speak.

use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;

use super::declaration::check_period;
use super::source::DocumentHash;
use super::subject::Subject;
use super::text::{as_optional_text, as_text, line, optional_line};
use super::{EntryError, Logged};

/// What a mandate row does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum MandateAct {
    /// The declarant may speak.
    Grant,
    /// It may not any more.
    Revoke,
}

impl MandateAct {
    /// The name in files: `grant` or `revoke`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Grant => "grant",
            Self::Revoke => "revoke",
        }
    }
}

/// Empty text is a grant: a list of mandates needs no word for each.
impl FromStr for MandateAct {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.trim().to_ascii_lowercase().as_str() {
            "" | "grant" => Ok(Self::Grant),
            "revoke" => Ok(Self::Revoke),
            _ => Err(format!("unknown act {text:?}: use grant or revoke")),
        }
    }
}

/// A mandate to be stored: the keeper of the registry has seen that a
/// declarant may speak for an owner, a prefix, an ISRC or a recording.
///
/// Among the rows about the same declarant and the same subject that are in
/// force on a day, the last one counts: so a grant with an end, a revocation
/// from a day on, and a new grant after it all say what they seem to say.
///
/// A mandate for an owner reaches its affiliates, as the owner's own word
/// does. One for a prefix, an ISRC or a recording reaches nothing else.
/// Mandates are not passed on: who speaks for a declarant does not speak for
/// those that this declarant has mandates of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NewMandate {
    /// Who may speak. Not empty; an alias of an owner stands for the owner.
    pub declarant: String,
    /// For what; any subject but [`Subject::Everything`].
    #[serde(flatten)]
    pub speaks_for: Subject,
    /// Whether it is given or taken back.
    pub act: MandateAct,
    /// First day it holds; `None` means it always did.
    #[serde(serialize_with = "as_optional_text")]
    pub from: Option<Date>,
    /// Last day it holds; `None` means without end.
    #[serde(serialize_with = "as_optional_text")]
    pub until: Option<Date>,
    /// Where it was published or how it was shown (a URL, a reference).
    pub source: Option<String>,
    /// The document that shows it.
    pub document_hash: Option<DocumentHash>,
    /// When it was received.
    #[serde(serialize_with = "as_text")]
    pub received_at: Timestamp,
}

/// A stored mandate.
pub type Mandate = Logged<NewMandate>;

impl NewMandate {
    /// Checks the mandate and removes blanks around its texts.
    ///
    /// # Errors
    /// If it is not valid.
    pub fn normalised(&self) -> Result<Self, EntryError> {
        let declarant = line("declarant", &self.declarant)?;
        if declarant.is_empty() {
            return Err(EntryError::NoDeclarant);
        }
        let speaks_for = self.speaks_for.normalised()?;
        if speaks_for == Subject::Everything {
            let reason = "a mandate names an owner, a prefix, an ISRC or a recording; \
                          for everything of an owner name the owner";
            return Err(EntryError::Subject { reason: reason.to_owned() });
        }
        check_period(self.from, self.until)?;
        Ok(Self {
            declarant,
            speaks_for,
            source: optional_line("source", self.source.as_deref())?,
            ..self.clone()
        })
    }

    /// Whether the row is in force on `day`, its first and last day included.
    pub fn in_force_on(&self, day: Date) -> bool {
        self.from.is_none_or(|from| from <= day) && self.until.is_none_or(|until| day <= until)
    }
}
