//! Changes of what a registered recording is.

use std::collections::HashSet;
use std::path::Path;
use std::str::FromStr;

use rusqlite::Connection;

use crate::declarations::name_key;
use crate::isrc::{Isrc, IsrcPrefix};
use crate::registry::schema::database_error;
use crate::registry::{Recording, RegistryError};

use super::{AuthorityChange, Change, Identity, LookAlike};

/// What the log speaks about by id and code: another id or code changes which of it
/// is about a recording, and who may speak by a mandate.
#[derive(Debug, Default)]
pub(in crate::registry) struct Spoken {
    ids: HashSet<String>,
    isrcs: HashSet<Isrc>,
    prefixes: HashSet<IsrcPrefix>,
}

impl Spoken {
    /// Reads it from the log.
    pub(in crate::registry) fn read(connection: &Connection, path: &Path) -> Result<Self, RegistryError> {
        let database = database_error(path, "read the log of");
        let sql = "SELECT subject_kind, subject FROM declaration
                   UNION SELECT subject_kind, subject FROM mandate";
        let mut statement = connection.prepare_cached(sql).map_err(database)?;
        let mut rows = statement.query([]).map_err(database)?;
        let mut spoken = Self::default();
        while let Some(row) = rows.next().map_err(database)? {
            let (kind, subject): (String, String) =
                (row.get(0).map_err(database)?, row.get(1).map_err(database)?);
            match kind.as_str() {
                "recording" => spoken.ids.extend([subject]),
                "isrc" => spoken.isrcs.extend(Isrc::from_str(&subject)),
                "prefix" => spoken.prefixes.extend(IsrcPrefix::from_str(&subject)),
                _ => {}
            }
        }
        Ok(spoken)
    }

    fn has_isrc(&self, isrc: &Isrc) -> bool {
        self.isrcs.contains(isrc) || self.prefixes.contains(&isrc.prefix())
    }

    /// What `after` in place of `before` changes in who may speak for the recording,
    /// and the recording with everything but that.
    pub(in crate::registry) fn compare(
        &self,
        before: &Recording,
        after: &Recording,
    ) -> Option<(AuthorityChange, Recording)> {
        let mut rest = after.clone();
        let key = |recording: &Recording| recording.facts.owner.as_deref().map(name_key);
        if key(before) != key(after) {
            rest.facts.owner.clone_from(&before.facts.owner);
        }
        if before.id != after.id && (self.ids.contains(&before.id) || self.ids.contains(&after.id)) {
            rest.id.clone_from(&before.id);
        }
        rest.isrcs.retain(|isrc| before.isrcs.contains(isrc) || !self.has_isrc(isrc));
        // A file whose tag has a code that the recording lost would not be known by it.
        rest.isrcs.extend(before.isrcs.iter().filter(|isrc| !after.isrcs.contains(isrc)));
        rest.isrcs.sort_unstable();
        if rest == *after {
            return None;
        }
        let change = Change::Recording {
            id: before.id.clone(),
            before: identity(before),
            after: Identity {
                // What changes anyway is not told as a change.
                id: if rest.id == after.id { before.id.clone() } else { after.id.clone() },
                owner: if rest.facts.owner == after.facts.owner {
                    before.facts.owner.clone()
                } else {
                    after.facts.owner.clone()
                },
                isrcs: if rest.isrcs == after.isrcs { before.isrcs.clone() } else { after.isrcs.clone() },
            },
        };
        let owners = after.facts.owner.as_deref().zip(before.facts.owner.as_deref());
        let look_alikes = owners.and_then(|(after, before)| LookAlike::between(after, before));
        Some((AuthorityChange { change, look_alikes: look_alikes.into_iter().collect() }, rest))
    }
}

fn identity(recording: &Recording) -> Identity {
    Identity {
        id: recording.id.clone(),
        owner: recording.facts.owner.clone(),
        isrcs: recording.isrcs.clone(),
    }
}
