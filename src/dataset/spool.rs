//! Verdicts on disk, until the rows are read once more.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use super::Cells;
use crate::files;

/// Verdicts in the order of the rows, in a file that goes away with this.
#[derive(Debug)]
pub struct Spool {
    path: PathBuf,
    out: BufWriter<File>,
}

impl Spool {
    /// Begins an empty one at `path`, in place of what an earlier process left.
    ///
    /// # Errors
    /// If the file cannot be made, as while another process holds it: see
    /// [`files::create`].
    pub fn create(path: &Path) -> io::Result<Self> {
        Ok(Self { path: path.to_owned(), out: BufWriter::new(files::create(path)?) })
    }

    /// Adds a verdict.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn push(&mut self, cells: &Cells) -> io::Result<()> {
        serde_json::to_writer(&mut self.out, cells)?;
        self.out.write_all(b"\n")
    }

    /// All verdicts from the first on.
    ///
    /// # Errors
    /// If they cannot be written or read.
    pub fn read(&mut self) -> io::Result<impl Iterator<Item = io::Result<Cells>> + use<>> {
        self.out.flush()?;
        if !files::is_at(self.out.get_ref(), &self.path) {
            return Err(io::Error::other(format!("{} was taken away", self.path.display())));
        }
        let lines = BufReader::new(File::open(&self.path)?).lines();
        Ok(lines.map(|line| Ok(serde_json::from_str(&line?)?)))
    }
}

impl Drop for Spool {
    fn drop(&mut self) {
        // It is of no use to anybody; the next run would begin it anew.
        let _ = fs::remove_file(&self.path);
    }
}
