//! Vocabularies of others: what they say about uses, in and out.
//!
//! Each has its own words for uses and permissions. Reading gives what can be
//! said in ours; writing gives what can be said in theirs. Both tell what was
//! lost on the way, and neither makes anything milder than it was: what cannot
//! be said is left open or said more strictly.
//!
//! | | uses | permissions | lost by writing |
//! |---|---|---|---|
//! | [`cawg`](Vocabulary::Cawg) | data mining, AI training, generative training, inference | allow, disallow, constrain | search |
//! | [`aipref`](Vocabulary::Aipref) | generative training, inference, search | allow, disallow | the others; terms: constrain becomes `n` |
//! | [`tdmrep`](Vocabulary::Tdmrep) | data mining | allow, disallow, constrain by a URL | exceptions from data mining, search; terms that are no URL |
//!
//! None of them can say in which territories or on which days something holds,
//! who says it and about which recordings: that stands around them.

mod aipref;
mod cawg;
mod tdmrep;

#[cfg(test)]
mod tests;

use std::fmt;
use std::str::FromStr;

use super::{Permission, Statement, Use};

/// A vocabulary that is not ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Vocabulary {
    /// The entries of a CAWG training and data mining assertion 1.1 (JSON), as
    /// C2PA manifests carry it.
    Cawg,
    /// The value of an IETF AIPREF `Content-Usage` header
    /// (draft-ietf-aipref-vocab-08).
    Aipref,
    /// A `tdmrep.json` of the W3C community group's TDM Reservation Protocol
    /// (final report of 2024-05-10).
    Tdmrep,
}

/// What was read or written, and what was lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Translated<T> {
    /// The translation.
    pub said: T,
    /// What it does not say, a sentence each.
    pub lost: Vec<String>,
}

/// A text that is not in the vocabulary.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not {vocabulary}: {reason}")]
pub struct VocabularyError {
    /// The vocabulary.
    pub vocabulary: Vocabulary,
    /// What is wrong and what to do.
    pub reason: String,
}

impl Vocabulary {
    /// Every vocabulary.
    pub const ALL: [Self; 3] = [Self::Cawg, Self::Aipref, Self::Tdmrep];

    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cawg => "cawg",
            Self::Aipref => "aipref",
            Self::Tdmrep => "tdmrep",
        }
    }

    /// What a text of this vocabulary says, one permission for a use.
    ///
    /// ```
    /// use earmark::registry::{Permission, Use, Vocabulary};
    ///
    /// let read = Vocabulary::Aipref.read("train-ai=n, search=y")?;
    /// assert_eq!(
    ///     read.said,
    ///     [(Use::AiGenerativeTraining, Permission::Disallow), (Use::Search, Permission::Allow)]
    /// );
    /// # Ok::<(), earmark::registry::VocabularyError>(())
    /// ```
    ///
    /// # Errors
    /// If `text` is not of the vocabulary.
    pub fn read(self, text: &str) -> Result<Translated<Vec<(Use, Permission)>>, VocabularyError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        match self {
            Self::Cawg => cawg::read(text),
            Self::Aipref => aipref::read(text),
            Self::Tdmrep => tdmrep::read(text),
        }
        .map_err(|reason| VocabularyError { vocabulary: self, reason })
    }

    /// What one declarant says about one subject, in this vocabulary. `said` is
    /// in the order of receipt; a later statement about the same use or a narrower one
    /// takes the place of an earlier.
    ///
    /// ```
    /// use earmark::registry::{Permission, Use, Vocabulary};
    ///
    /// let said = [(Use::DataMining, Permission::Disallow.into())];
    /// assert_eq!(Vocabulary::Aipref.write(&said).said, "train-ai=n, ai-use=n");
    /// ```
    pub fn write(self, said: &[(Use, Statement)]) -> Translated<String> {
        match self {
            Self::Cawg => cawg::write(said),
            Self::Aipref => aipref::write(said),
            Self::Tdmrep => tdmrep::write(said),
        }
    }
}

impl fmt::Display for Vocabulary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Vocabulary {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|known| known.name() == text)
            .ok_or_else(|| format!("unknown vocabulary {text:?}: use cawg, aipref or tdmrep"))
    }
}

/// What holds for a use in the end: of the statements that cover it and that
/// no later one about the same or a narrower use replaces, the strictest.
fn effective(said: &[(Use, Statement)], asked: Use) -> Option<&Permission> {
    let about: Vec<&(Use, Statement)> = said.iter().filter(|(use_, _)| use_.covers(asked)).collect();
    let standing = about.iter().enumerate().filter(|(place, (use_, _))| {
        !about.iter().skip(place + 1).any(|(later, statement)| {
            use_.covers(*later) || (*statement == Statement::Withdraw && later.covers(*use_))
        })
    });
    standing.filter_map(|(_, (_, statement))| statement.permission()).max_by_key(
        |permission| match permission {
            Permission::Allow => 0,
            Permission::Constrain { .. } => 1,
            Permission::Disallow => 2,
        },
    )
}

/// A sentence for each of these uses about which something holds that is not said.
fn unsaid(said: &[(Use, Statement)], uses: &[Use]) -> Vec<String> {
    let holding = uses.iter().filter_map(|use_| effective(said, *use_).map(|permission| (use_, permission)));
    holding.map(|(use_, permission)| format!("{} for {use_} cannot be said", permission.name())).collect()
}
