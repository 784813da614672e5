//! Why an entry is not accepted.

use jiff::civil::Date;

use crate::usage::UnknownUse;

/// Why an entry of the log is not accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EntryError {
    /// No such use.
    #[error(transparent)]
    UnknownUse(#[from] UnknownUse),
    /// The subject is empty, malformed or of a kind that cannot stand here.
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
    /// Terms beside a permission that has none.
    #[error("terms go with constrain only: empty them, or write constrain in place of {permission}")]
    TermsOutOfPlace {
        /// The permission they stand beside.
        permission: String,
    },
    /// No such permission.
    #[error("unknown permission {found:?}: use allow, disallow, constrain or withdraw")]
    UnknownPermission {
        /// The text as it was given.
        found: String,
    },
    /// The validity ends before it starts.
    #[error("valid from {from} until {until}: the end is before the start")]
    EndsBeforeStart {
        /// First day.
        from: Date,
        /// Last day.
        until: Date,
    },
    /// A document hash that is none.
    #[error("{found:?} is no SHA-256 hash: write 64 hexadecimal digits")]
    DocumentHash {
        /// The text as it was given.
        found: String,
    },
    /// An owner without a name.
    #[error("the owner's name is empty")]
    NoOwner,
    /// One name would stand for two owners on the same day.
    #[error(
        "{name:?} would be an alias of {one:?} and at the same time {another}: \
         one name stands for one owner"
    )]
    AliasTaken {
        /// The name.
        name: String,
        /// The owner it was given to as an alias.
        one: String,
        /// What else it is.
        another: String,
    },
    /// An owner would be its own parent, directly or through others.
    #[error("{} would be its own parent ({}): a parent is another company", chain.first().map_or("the owner", String::as_str), chain.join(" belongs to "))]
    Cycle {
        /// The owners along the chain, the first one at both ends.
        chain: Vec<String>,
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
