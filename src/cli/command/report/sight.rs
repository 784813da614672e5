//! Pictures of a report's matches, which look at nothing that is written over.

use std::collections::HashSet;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use earmark::check::{Drawn, MatchPictures};
use earmark::registry::Snapshot;
use earmark::report::PastRow;

use crate::cli::args::report::FilesArgs;
use crate::cli::error::CliError;
use crate::cli::guard::Guard;

/// Draws matches.
pub struct Sights {
    pictures: MatchPictures,
    /// What would be written over audio that is looked at.
    refused: Arc<Mutex<Option<CliError>>>,
}

impl Sights {
    /// Gets ready to draw files of these paths.
    pub fn new(
        registry: &Snapshot,
        files: &FilesArgs,
        paths: &HashSet<&str>,
        guard: &Guard,
    ) -> Result<Self, CliError> {
        let root = files.root.as_deref().unwrap_or(Path::new(""));
        let pictures = MatchPictures::new(registry, root).with_fingerprints(&files.fingerprints, paths)?;
        let refused = Arc::<Mutex<Option<CliError>>>::default();
        let (guard, told) = (guard.clone(), Arc::clone(&refused));
        let pictures = pictures.asking(move |path| match guard.spares(path) {
            Ok(()) => true,
            Err(error) => {
                *told.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                false
            }
        });
        Ok(Self { pictures, refused })
    }

    /// That nothing of what was looked at is written over; to be asked before anything
    /// is.
    ///
    /// # Errors
    /// If something would be.
    pub fn spared(&self) -> Result<(), CliError> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner).take().map_or(Ok(()), Err)
    }

    /// The pictures of some matches of a row.
    pub fn draw(&self, row: &PastRow, matches: &[usize]) -> Drawn {
        self.pictures.draw(row, matches)
    }
}
