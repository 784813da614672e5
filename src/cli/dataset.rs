//! What a scan writes besides its report: the data set again, and lists of paths.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use earmark::annotate::{AnnotateError, Cells, Counts, Form, List, Spool, write_rows, write_tar};
use earmark::scan::inputs::{Choice, RowSource};
use flate2::Compression;
use flate2::write::GzEncoder;

use super::args::ScanArgs;
use super::error::CliError;
use super::output::Output;
use super::resume::beside;
use super::tell::tell;

/// What else is to be written once every verdict is known.
pub struct Dataset {
    spool: Spool,
    rows: Option<Rows>,
    annotated: Option<PathBuf>,
    filtered: Option<PathBuf>,
    lists: Vec<(List, PathBuf)>,
    separator: u8,
}

/// Where the rows come from.
enum Rows {
    Manifest(RowSource),
    Tar(PathBuf, Choice),
}

impl Dataset {
    /// What `args` ask for; `None` for nothing.
    pub fn open(args: &ScanArgs) -> Result<Option<Self>, CliError> {
        let wanted = &args.dataset;
        let lists: Vec<(List, PathBuf)> = [
            (List::Allow, &wanted.allow_list),
            (List::Deny, &wanted.deny_list),
            (List::Review, &wanted.review_list),
        ]
        .into_iter()
        .filter_map(|(list, path)| Some((list, path.clone()?)))
        .collect();
        let (annotated, filtered) = (wanted.annotated.clone(), wanted.filtered.clone());
        let first = annotated.iter().chain(&filtered).chain(lists.iter().map(|(_, path)| path)).next();
        let Some(first) = first else { return Ok(None) };
        let rows = match (&annotated, &filtered) {
            (None, None) => None,
            _ => Some(rows(args)?),
        };
        if let (Some(Rows::Tar(path, _)), Some(_)) = (&rows, &annotated) {
            return Err(CliError::NoRows {
                option: "--annotated",
                reason: format!("{} has none", path.display()),
            });
        }
        let path = beside(first, ".verdicts");
        let spool =
            Spool::create(&path).map_err(|source| CliError::File { path, action: "write", source })?;
        let separator = if args.listing.null { 0 } else { b'\n' };
        Ok(Some(Self { spool, rows, annotated, filtered, lists, separator }))
    }

    /// Notes the verdict of the next row.
    pub fn push(&mut self, cells: &Cells) -> io::Result<()> {
        self.spool.push(cells)
    }

    /// Writes everything. Each file appears when it is whole.
    pub fn finish(mut self) -> Result<(), CliError> {
        for (form, path) in [(Form::Annotated, self.annotated.take()), (Form::Filtered, self.filtered.take())]
        {
            let (Some(path), Some(rows)) = (path, &self.rows) else { continue };
            let verdicts = &mut self.spool.read()?;
            let counts = replace(&path, |out| packed(&path, out, |out| write(rows, form, verdicts, out)))?;
            let what = if matches!(rows, Rows::Tar(..)) { "samples" } else { "rows" };
            tell(format_args!("{}: {} of {} {what}", path.display(), counts.written, counts.read));
        }
        for (list, path) in &self.lists {
            let verdicts = self.spool.read()?;
            let separator = self.separator;
            let count = replace(path, |out| {
                let mut count = 0u64;
                for cells in verdicts {
                    let cells = cells?;
                    if cells.list() == *list {
                        if cells.path.as_bytes().contains(&separator) {
                            let reason = format!("{:?} holds a line break: use --null", cells.path);
                            return Err(io::Error::new(io::ErrorKind::InvalidData, reason).into());
                        }
                        out.write_all(cells.path.as_bytes())?;
                        out.write_all(&[separator])?;
                        count += 1;
                    }
                }
                Ok(count)
            })?;
            tell(format_args!("{}: {count} paths", path.display()));
        }
        Ok(())
    }
}

/// The rows that `args` name: those of the manifest, or of the only input.
fn rows(args: &ScanArgs) -> Result<Rows, CliError> {
    let option = if args.dataset.annotated.is_some() { "--annotated" } else { "--filtered" };
    let refuse = |reason: &str| Err(CliError::NoRows { option, reason: reason.to_owned() });
    match (args.rows.source(), &args.inputs[..], &args.listing.files_from[..]) {
        (Some(source), [], []) => Ok(Rows::Manifest(source)),
        (None, [only], []) => {
            let name =
                only.file_name().map(|name| name.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
            let ends = |extension: &str| name.ends_with(extension);
            if ends(".parquet") {
                Ok(Rows::Manifest(RowSource { path: only.clone(), column: None, base: None }))
            } else if ends(".tar") || ends(".tar.gz") || ends(".tgz") {
                Ok(Rows::Tar(only.clone(), args.listing.choice()?))
            } else {
                refuse("the input is neither .parquet nor .tar, nor is there a --manifest")
            }
        }
        _ => refuse(
            "there has to be a --manifest and nothing else, or one .parquet or .tar file and nothing else",
        ),
    }
}

fn write(
    rows: &Rows,
    form: Form,
    verdicts: &mut dyn Iterator<Item = io::Result<Cells>>,
    mut out: &mut (dyn Write + Send),
) -> Result<Counts, AnnotateError> {
    match rows {
        Rows::Manifest(source) => write_rows(source, form, verdicts, &mut out),
        Rows::Tar(path, choice) => write_tar(path, choice, verdicts, &mut out),
    }
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
fn replace<T>(
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
