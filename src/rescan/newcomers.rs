//! Searching for new recordings alone.

use crate::fingerprint::Fingerprint;
use crate::index::{Index, IndexError};
use crate::matching::{MatchOptions, Matcher};
use crate::params::Params;
use crate::units::RecordingKey;

/// The recordings that a registry has got since a report.
pub struct Newcomers {
    index: Index,
}

impl Newcomers {
    /// The recordings of `index` from the key `first` on, in an index of their own.
    ///
    /// # Errors
    /// Those of [`Index::only`].
    pub fn new(index: &Index, first: RecordingKey, params: &Params) -> Result<Self, IndexError> {
        Ok(Newcomers { index: index.only(|key| key >= first, params)? })
    }

    /// Their audio, in seconds.
    pub fn seconds(&self) -> f64 {
        self.index.seconds()
    }

    /// Looks for them as `options` say.
    pub fn scout<'a>(&'a self, params: &'a Params, options: &MatchOptions) -> Scout<'a> {
        Scout { matcher: Matcher::new(&self.index, params, options.clone()), nobody: self.index.seconds() == 0.0 }
    }
}

/// Tells whether one of the [`Newcomers`] may sound in a file.
pub struct Scout<'a> {
    matcher: Matcher<'a>,
    nobody: bool,
}

impl Scout<'_> {
    /// Whether one may. In a registry of its own a recording has the smaller
    /// E-value and fewer rivals, so that one that would be recognised in the whole
    /// registry is found here.
    pub fn may_sound_in(&self, query: &Fingerprint) -> bool {
        !self.nobody && !self.matcher.identify(query).is_empty()
    }
}
