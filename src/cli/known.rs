//! What the registry knows about what was found.

use earmark::isrc::Isrc;
use earmark::matching::Match;
use earmark::registry::{Recording, Registry, RegistryError};
use earmark::report::MatchRow;
use earmark::units::RecordingKey;

/// Look-ups in a registry, for rows of results.
pub struct Known<'a> {
    registry: &'a Registry,
}

impl<'a> Known<'a> {
    /// Looks things up in `registry`.
    pub fn new(registry: &'a Registry) -> Self {
        Self { registry }
    }

    /// The recording with this key. That there is none is damage: the index
    /// and the rows are of one snapshot.
    pub fn recording(&self, key: RecordingKey) -> Result<Recording, RegistryError> {
        self.registry.recording(key)?.ok_or_else(|| RegistryError::Corrupt {
            path: self.registry.folder().to_owned(),
            what: format!("a segment holds recording {}, which is not registered", key.0),
        })
    }

    /// The recording of this name, which a row has.
    pub fn named(&self, id: &str) -> Result<Recording, RegistryError> {
        self.registry.recording_by_id(id)?.ok_or_else(|| RegistryError::Corrupt {
            path: self.registry.folder().to_owned(),
            what: format!("the recording {id} was found and is not registered"),
        })
    }

    /// What was found, as a row of results.
    pub fn row(&self, found: &Match) -> Result<MatchRow, RegistryError> {
        let siblings = found.siblings.iter().map(|sibling| self.row(sibling)).collect::<Result<_, _>>()?;
        Ok(MatchRow::new(found, &self.recording(found.recording)?, siblings))
    }

    /// The recordings that carry this ISRC.
    pub fn with_isrc(&self, isrc: &Isrc) -> Result<Vec<Recording>, RegistryError> {
        self.registry.recordings_with_isrc(isrc)
    }
}
