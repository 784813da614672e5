//! Reading a registry for as long as a program runs.

use std::path::Path;
use std::sync::{Mutex, PoisonError, RwLock};

use super::{RegistryError, Snapshot};

/// Gives snapshots of a registry, and takes up what writers commit when it is asked to.
///
/// Between [`reload`](Self::reload)s nothing is read and nothing is held open: no
/// writer waits for a reader, and the database's log does not grow because of one. An old
/// snapshot goes when its last user does.
///
/// ```
/// # use earmark::params::Params;
/// # use earmark::registry::{Registry, RegistryReader};
/// # let folder = tempfile::tempdir()?;
/// # let folder = folder.path();
/// # drop(Registry::create(folder, &Params::default())?);
/// let reader = RegistryReader::open(folder)?;
/// let before = reader.snapshot();
/// // Some other process declares something.
/// # let day = "2026-11-21T12:00:00Z";
/// # let csv = "prefix,use,permission,declarant\nQZHB1,ai-training,disallow,Halden Bay Records\n";
/// # let rows = earmark::registry::parse_declarations(
/// #     csv.as_bytes(), earmark::registry::TableFormat::Csv, "rows", day.parse()?)?.all_or_nothing()?;
/// # Registry::open_for_writing(folder)?.declare(&rows)?;
/// assert!(reader.reload()?);
/// assert_eq!(reader.snapshot().log().declarations.len(), 1);
/// // Whoever is at work still sees what it saw.
/// assert_eq!(before.log().declarations.len(), 0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct RegistryReader {
    current: RwLock<Snapshot>,
    /// One reload at a time: the second finds that nothing is new.
    reloading: Mutex<()>,
}

impl RegistryReader {
    /// Takes a first snapshot of the registry in `folder`.
    ///
    /// # Errors
    /// Those of [`Snapshot::open`].
    pub fn open(folder: &Path) -> Result<Self, RegistryError> {
        Ok(Self { current: RwLock::new(Snapshot::open(folder)?), reloading: Mutex::default() })
    }

    /// The registry as it was when it was last reloaded. Costs next to nothing.
    pub fn snapshot(&self) -> Snapshot {
        // A snapshot is put in its place whole, so that a poisoned lock is as good.
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Looks whether something was committed, and takes it up; tells whether there is
    /// a new snapshot. Other threads go on meanwhile with the old one.
    ///
    /// Takes less than a millisecond where nothing is new. New rows of the log and
    /// new recordings are read alone; where recordings were changed or removed, all
    /// are read again.
    ///
    /// # Errors
    /// Those of [`Snapshot::open`]; the old snapshot stays.
    pub fn reload(&self) -> Result<bool, RegistryError> {
        let _one = self.reloading.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(new) = self.snapshot().renewed()? else { return Ok(false) };
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = new;
        Ok(true)
    }
}
