//! What is asked: use, place, day, and what silence means.

use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;
use serde::Serialize;

use crate::registry::{DocumentHash, Territory, Use};
use crate::units::Seconds;

use super::MinOverlap;

/// What silence means: a recognised recording about which nobody declared anything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Policy {
    /// Silence is told as such: *undeclared*. The default.
    #[default]
    Review,
    /// Silence allows: whatever is not reserved may be used.
    OptOut,
    /// Silence denies: only what somebody allowed may be used.
    OptIn,
}

impl Policy {
    /// The name in reports and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Review => "review",
            Self::OptOut => "opt-out",
            Self::OptIn => "opt-in",
        }
    }
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name that is no policy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown policy {found:?}: use review, opt-out or opt-in")]
pub struct PolicyError {
    /// The text as it was given.
    pub found: String,
}

impl FromStr for Policy {
    type Err = PolicyError;

    fn from_str(text: &str) -> Result<Self, PolicyError> {
        [Self::Review, Self::OptOut, Self::OptIn]
            .into_iter()
            .find(|policy| policy.name() == text)
            .ok_or_else(|| PolicyError { found: text.to_owned() })
    }
}

/// Files shorter than this are too short to say *no match* about. Recognition
/// is specified for clips of 2 s and more.
pub const SHORTEST_S: Seconds = 2.0;

/// What is asked.
///
/// ```
/// use earmark::registry::Use;
/// use earmark::verdict::{Policy, Question};
///
/// let question = Question::new(Use::AiTraining, "2026-12-01".parse()?)
///     .territory(Some("DE".parse()?))
///     .policy(Policy::OptIn);
/// assert_eq!(question.policy, Policy::OptIn);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Question {
    /// The intended use.
    #[serde(rename = "use")]
    pub use_: Use,
    /// Where it is to happen; `None` asks for everywhere at once.
    pub territory: Option<Territory>,
    /// The day it is to happen. It decides which declarations, mandates and owner
    /// rows are in force; when they were received does not, and is told where
    /// it was later.
    #[serde(serialize_with = "as_text")]
    pub as_of: Date,
    /// What silence means.
    pub policy: Policy,
    /// Files shorter than this in which nothing is recognised are *too-short*
    /// and not *no-match*; in seconds. [`SHORTEST_S`] unless there is a reason.
    pub shortest_s: Seconds,
    /// How much of the file a recording has to fill for its declarations to
    /// count fully; by default however little.
    #[serde(serialize_with = "as_text")]
    pub min_overlap: MinOverlap,
    /// SHA-256 of the list of accepted terms, where there was one: the verdict
    /// rests on it ([`super::AcceptedTerms`]).
    pub accepted_terms: Option<DocumentHash>,
}

impl Question {
    /// Whether a use may happen on `as_of`, everywhere, as far as was declared;
    /// the rest as it is unless told.
    pub fn new(use_: Use, as_of: Date) -> Self {
        Self {
            use_,
            territory: None,
            as_of,
            policy: Policy::default(),
            shortest_s: SHORTEST_S,
            min_overlap: MinOverlap::default(),
            accepted_terms: None,
        }
    }

    /// Where it is to happen; `None`, as unless told, asks for everywhere at once.
    #[must_use]
    pub fn territory(self, territory: Option<Territory>) -> Self {
        Self { territory, ..self }
    }

    /// On another day.
    #[must_use]
    pub fn as_of(self, as_of: Date) -> Self {
        Self { as_of, ..self }
    }

    /// What silence means.
    #[must_use]
    pub fn policy(self, policy: Policy) -> Self {
        Self { policy, ..self }
    }

    /// How much of the file a recording has to fill.
    #[must_use]
    pub fn min_overlap(self, min_overlap: MinOverlap) -> Self {
        Self { min_overlap, ..self }
    }
}

fn as_text<T: fmt::Display, S: serde::Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}
