//! Declarations: who says what about the use of which recordings.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::ser::{Serialize, SerializeMap, Serializer};

use super::source::DocumentHash;
use super::subject::Subject;
use super::territory::Territory;
use super::text::{as_optional_text, as_text, line, optional_line, prose};
use super::{EntryError, Logged};
use crate::usage::Use;

/// What is said about a use.
#[derive(Clone, Debug, PartialEq, Eq, Hash, serde::Serialize)]
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

/// What a declaration says about its use: a permission, or that its declarant
/// takes back what it said before.
///
/// **Withdrawal.** Where and while it holds, a withdrawal takes back every
/// earlier declaration of the same declarant on the same subject, about the
/// same use, a broader or a narrower one. What is left of the broader one is the uses
/// that the withdrawal does not cover. A withdrawal is no permission and
/// no refusal: it leaves silence, and what the declarant said about a less
/// specific subject speaks again.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Statement {
    /// What is said.
    Permission(Permission),
    /// What was said is taken back.
    Withdraw,
}

impl Statement {
    /// The name in files: that of the permission, or `withdraw`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Permission(permission) => permission.name(),
            Self::Withdraw => "withdraw",
        }
    }

    /// The permission, unless it is a withdrawal.
    pub fn permission(&self) -> Option<&Permission> {
        match self {
            Self::Permission(permission) => Some(permission),
            Self::Withdraw => None,
        }
    }

    /// The terms, where there are any.
    pub fn terms(&self) -> Option<&str> {
        self.permission().and_then(Permission::terms)
    }

    /// Builds a statement from its name and terms, which go with `constrain`
    /// and nothing else.
    ///
    /// # Errors
    /// If no permission is called so, or terms are missing or stand where there can be none.
    pub fn parse(name: &str, terms: Option<&str>) -> Result<Self, EntryError> {
        let terms = terms.map(str::trim).filter(|terms| !terms.is_empty());
        let statement = match (name.trim().to_ascii_lowercase().as_str(), terms) {
            ("allow", None) => Self::Permission(Permission::Allow),
            ("disallow", None) => Self::Permission(Permission::Disallow),
            ("withdraw", None) => Self::Withdraw,
            ("constrain", Some(terms)) => Self::Permission(Permission::Constrain { terms: terms.to_owned() }),
            ("constrain", None) => return Err(EntryError::NoTerms),
            ("allow" | "disallow" | "withdraw", Some(_)) => {
                return Err(EntryError::TermsOutOfPlace { permission: name.trim().to_owned() });
            }
            _ => return Err(EntryError::UnknownPermission { found: name.to_owned() }),
        };
        Ok(statement)
    }
}

impl From<Permission> for Statement {
    fn from(permission: Permission) -> Self {
        Self::Permission(permission)
    }
}

/// The keys `permission` and `terms`, as in files.
impl Serialize for Statement {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("permission", self.name())?;
        map.serialize_entry("terms", &self.terms())?;
        map.end()
    }
}

/// A declaration to be stored.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct NewDeclaration {
    /// What it speaks about.
    #[serde(flatten)]
    pub subject: Subject,
    /// The use it speaks about, and every narrower one.
    #[serde(rename = "use")]
    pub use_: Use,
    /// What is said.
    #[serde(flatten)]
    pub statement: Statement,
    /// Where it holds, sorted once stored; empty means worldwide.
    pub territories: Vec<Territory>,
    /// First day it holds; `None` means it always did.
    #[serde(serialize_with = "as_optional_text")]
    pub from: Option<Date>,
    /// Last day it holds; `None` means without end.
    #[serde(serialize_with = "as_optional_text")]
    pub until: Option<Date>,
    /// Who says so. Not empty.
    pub declarant: String,
    /// Where it was published or how it arrived (a URL, a reference).
    pub source: Option<String>,
    /// The document in which it was said.
    pub document_hash: Option<DocumentHash>,
    /// When it was received.
    #[serde(serialize_with = "as_text")]
    pub received_at: Timestamp,
}

/// A stored declaration.
pub type Declaration = Logged<NewDeclaration>;

impl NewDeclaration {
    /// What is said, unless it is a withdrawal.
    pub fn permission(&self) -> Option<&Permission> {
        self.statement.permission()
    }

    /// Whether both say the same, whenever they were received.
    pub fn says_the_same(&self, other: &Self) -> bool {
        Self { received_at: other.received_at, ..self.clone() } == *other
    }

    /// Checks the declaration and brings it into the stored form: blanks
    /// around texts removed, territories sorted and each named once.
    ///
    /// # Errors
    /// If it is not valid.
    pub fn normalised(&self) -> Result<Self, EntryError> {
        let statement = match &self.statement {
            Statement::Permission(Permission::Constrain { terms }) => {
                let terms = prose("terms", terms)?;
                if terms.is_empty() {
                    return Err(EntryError::NoTerms);
                }
                Statement::Permission(Permission::Constrain { terms })
            }
            plain => plain.clone(),
        };
        check_period(self.from, self.until)?;
        let declarant = line("declarant", &self.declarant)?;
        if declarant.is_empty() {
            return Err(EntryError::NoDeclarant);
        }
        let mut territories = self.territories.clone();
        territories.sort_unstable();
        territories.dedup();
        Ok(Self {
            subject: self.subject.normalised()?,
            statement,
            territories,
            declarant,
            source: optional_line("source", self.source.as_deref())?,
            ..self.clone()
        })
    }
}

/// A period that ends before it starts is a slip.
pub(super) fn check_period(from: Option<Date>, until: Option<Date>) -> Result<(), EntryError> {
    match (from, until) {
        (Some(from), Some(until)) if until < from => Err(EntryError::EndsBeforeStart { from, until }),
        _ => Ok(()),
    }
}
