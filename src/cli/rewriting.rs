//! One file of a data set written again.

use std::io::{self, Write};
use std::path::Path;

use earmark::dataset::{AnnotateError, Cells, Counts, Form, write_rows, write_tar};
use earmark::inputs::{Choice, Holder};
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::cli::error::CliError;
use crate::cli::ui::output::Output;

/// Writes what is in `holder` with or without verdicts to `to`.
pub fn write(
    holder: &Holder,
    form: Form,
    choice: &Choice,
    to: &Path,
    verdicts: &mut dyn Iterator<Item = io::Result<Cells>>,
) -> Result<Counts, CliError> {
    replace(to, |out| {
        packed(to, out, |mut out| match holder {
            Holder::Rows(source) => write_rows(source, form, verdicts, &mut out),
            Holder::Tar(path) => write_tar(path, choice, verdicts, &mut out),
        })
    })
}

/// Packs what is written, if the name of `path` says so.
fn packed<T>(
    path: &Path,
    out: &mut (dyn Write + Send),
    write: impl FnOnce(&mut (dyn Write + Send)) -> Result<T, AnnotateError>,
) -> Result<T, AnnotateError> {
    let extension = path.extension().map(|extension| extension.to_string_lossy().to_ascii_lowercase());
    if !extension.is_some_and(|extension| extension == "gz" || extension == "tgz") {
        return write(out);
    }
    let mut gz = GzEncoder::new(out, Compression::default());
    let written = write(&mut gz)?;
    gz.finish()?;
    Ok(written)
}

/// Writes the file at `path`, which appears when it is whole.
pub fn replace<T>(
    path: &Path,
    write: impl FnOnce(&mut (dyn Write + Send)) -> Result<T, AnnotateError>,
) -> Result<T, CliError> {
    let mut output = Output::open(Some(path), false)?;
    match write(&mut output) {
        Ok(written) => {
            output.finish(true)?;
            Ok(written)
        }
        Err(source) => {
            output.discard();
            Err(CliError::Annotate { path: path.to_owned(), source })
        }
    }
}
