//! The files that a scan has in work, noted beside its unfinished report.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use earmark::check::{Ending, Marks, Suspects};

use crate::cli::error::CliError;
use crate::cli::ui::messages::{counted, tell};
use crate::cli::ui::output::{part_of, refused};

/// The extension in place of that of an unfinished report.
const EXTENSION: &str = "in-work";

/// Where the files in work are noted for the report at `out`.
pub fn beside(out: &Path) -> PathBuf {
    part_of(out).with_extension(EXTENSION)
}

/// What the process left that was writing the report at `out`, and says so.
///
/// # Errors
/// If the note cannot be read.
pub fn left_of(out: &Path) -> Result<Suspects, CliError> {
    let path = beside(out);
    let suspects = Suspects::read(&path).map_err(|error| refused(&path, error))?;
    let (alone, passed_over) = suspects.counts();
    let files = |count| counted(count as u64, "file");
    if alone > 0 {
        tell(format_args!(
            "the process that wrote the report was killed with {} in work: each is tried again alone",
            files(alone)
        ));
    }
    if passed_over > 0 {
        tell(format_args!(
            "the process was killed twice, at last with one file in work: {} passed over; \
             remove {} to have all tried again",
            files(passed_over),
            path.display()
        ));
    }
    Ok(suspects)
}

/// Notes the files in work until it is dropped, which is an end in order.
pub struct InWork {
    marks: Arc<Marks>,
    ending: Ending,
}

impl InWork {
    /// Begins the note beside the report at `out`.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn begin(out: &Path, suspects: Suspects) -> Result<Self, CliError> {
        let path = beside(out);
        let marks = Marks::begin(&path, suspects).map_err(|error| refused(&path, error))?;
        Ok(Self { marks: Arc::new(marks), ending: Ending::Stopped })
    }

    /// Where files are noted.
    pub fn marks(&self) -> Arc<Marks> {
        Arc::clone(&self.marks)
    }

    /// The report is whole, and nothing has to be known any more.
    pub fn complete(mut self) {
        self.ending = Ending::Complete;
    }
}

impl Drop for InWork {
    fn drop(&mut self) {
        // What cannot be removed names nobody.
        let _ = self.marks.end(self.ending);
    }
}
