//! Owners: under which names they go and to whom they belong.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;

use super::source::DocumentHash;
use super::subject::name_key;
use super::text::{as_optional_text, as_text, line, optional_line};
use super::{EntryError, Logged};

/// What the keeper of the registry knows about an owner, to be stored: its
/// other names and its parent.
///
/// A row says all there is to say about its owner from a day on: on any day
/// the last row about an owner counts among those that had begun by then. A
/// sale is a second row with the day and the new parent; a row without aliases
/// and parent leaves the name alone.
///
/// Names are compared by [`name_key`]. A name that no row is about stands for
/// itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NewOwner {
    /// The name by which other rows know it. Not empty.
    pub name: String,
    /// Its other names: spellings in label copy, former names, trade names.
    pub aliases: Vec<String>,
    /// The owner it belongs to, by its name or one of its aliases; it is an
    /// affiliate of that one and of all above.
    pub parent: Option<String>,
    /// The day from which this holds; `None` means it always did.
    #[serde(serialize_with = "as_optional_text")]
    pub from: Option<Date>,
    /// Where that was read.
    pub source: Option<String>,
    /// The document that shows it.
    pub document_hash: Option<DocumentHash>,
    /// When it was received.
    #[serde(serialize_with = "as_text")]
    pub received_at: Timestamp,
}

/// A stored owner.
pub type Owner = Logged<NewOwner>;

impl NewOwner {
    /// Checks the row by itself and brings it into the stored form: blanks
    /// around texts removed, each alias once and in the order given. Whether it
    /// fits the other owners is checked when it is stored.
    ///
    /// # Errors
    /// If it is not valid.
    pub fn normalised(&self) -> Result<Self, EntryError> {
        let name = line("owner", &self.name)?;
        if name.is_empty() {
            return Err(EntryError::NoOwner);
        }
        let mut known = vec![name_key(&name)];
        let mut aliases = Vec::with_capacity(self.aliases.len());
        for alias in &self.aliases {
            let alias = line("alias", alias)?;
            let key = name_key(&alias);
            if !key.is_empty() && !known.contains(&key) {
                known.push(key);
                aliases.push(alias);
            }
        }
        let parent = optional_line("parent", self.parent.as_deref())?;
        if let Some(parent) = parent.as_ref().filter(|parent| known.contains(&name_key(parent))) {
            return Err(EntryError::Cycle { chain: vec![name, parent.clone()] });
        }
        Ok(Self {
            name,
            aliases,
            parent,
            source: optional_line("source", self.source.as_deref())?,
            ..self.clone()
        })
    }
}
