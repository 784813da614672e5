//! One row of a report, made again.

use std::path::{Path, PathBuf};

use crate::fingerprint::StoredEntry;
use crate::report::{Difference, PastLine};
use crate::units::Seconds;

use super::rescan::{RescanError, same_file};
use super::{Checker, Reading, Source};

/// Makes the rows of a report again and compares them.
pub struct Repeater {
    report: PathBuf,
    root: PathBuf,
    checker: Checker,
}

/// What became of a row.
#[derive(Debug)]
#[non_exhaustive]
pub struct Compared {
    /// How it is another now; `None` if it is the same to the byte.
    pub difference: Option<Difference>,
    /// Seconds of audio in its file.
    pub duration_s: Seconds,
}

impl Repeater {
    /// Gets ready to repeat the report at `report` by `checker`. Its files lie where it says,
    /// relative paths below `root`.
    pub fn new(report: &Path, root: &Path, checker: Checker) -> Self {
        Self { report: report.to_owned(), root: root.to_owned(), checker }
    }

    /// Makes the row of `line` again, from `entry` where there is one and else from its
    /// file.
    ///
    /// # Errors
    /// If the line is no row, or `entry` is of another file.
    pub fn compare(&self, line: &PastLine, entry: Option<StoredEntry>) -> Result<Compared, RescanError> {
        let row = line.row(&self.report)?;
        let reading = match entry {
            Some(entry) => {
                same_file(&self.report, line.number, &row.named(), &entry)?;
                self.checker.read(Source::entry(entry))
            }
            None => {
                let reading = self.checker.read(Source::file(self.root.join(row.named())));
                Reading { path: row.named(), columns: row.columns, ..reading }
            }
        };
        let now = self.checker.check_reading(reading);
        let duration_s = now.duration_s.unwrap_or(0.0);
        Ok(Compared { difference: Difference::of_rows(line, &now), duration_s })
    }

    /// A file on which the program fails now; then it may have failed on it, too.
    ///
    /// # Errors
    /// If the line is no row.
    pub fn failed(&self, line: &PastLine, error: impl ToString) -> Result<Compared, RescanError> {
        let now = self.checker.failed(&line.row(&self.report)?.named(), error);
        Ok(Compared { difference: Difference::of_rows(line, &now), duration_s: 0.0 })
    }
}
