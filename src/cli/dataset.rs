//! What a scan writes besides its report: the data set again, and lists of paths.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use earmark::annotate::{AnnotateError, Cells, Counts, Form, List, Spool, write_rows, write_tar};
use earmark::scan::inputs::{Choice, RowSource};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde::Serialize;

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
    /// Several, each with its own result.
    Tars(Vec<PathBuf>, Choice),
}

/// What is told about each of several tar files, in `NAME_stats.json`.
#[derive(Serialize)]
struct Stats<'a> {
    input: &'a str,
    samples: u64,
    written: u64,
    verdicts: &'a BTreeMap<&'static str, u64>,
    error: Option<String>,
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
        if let (Some(Rows::Tar(..) | Rows::Tars(..)), Some(_)) = (&rows, &annotated) {
            let reason = "a tar file has none: use --filtered".to_owned();
            return Err(CliError::NoRows { option: "--annotated", reason });
        }
        if let (Some(Rows::Tars(..)), Some(folder)) = (&rows, &filtered) {
            fs::create_dir_all(folder).map_err(|source| {
                let path = folder.clone();
                CliError::File { path, action: "make the folder", source }
            })?;
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
            if let Rows::Tars(shards, choice) = rows {
                write_shards(shards, choice, &path, verdicts)?;
                continue;
            }
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
        (None, [only], []) if is_tar(only) => Ok(Rows::Tar(only.clone(), args.listing.choice()?)),
        (None, [only], []) if name_ends(only, ".parquet") => {
            Ok(Rows::Manifest(RowSource { path: only.clone(), column: None, base: None }))
        }
        (None, [_], []) => refuse("the input is neither .parquet nor .tar, nor is there a --manifest"),
        (None, several, []) if several.len() > 1 && several.iter().all(|path| is_tar(path)) => {
            let mut names: Vec<_> = several.iter().map(|path| path.file_name()).collect();
            names.sort_unstable();
            if names.windows(2).any(|pair| pair[0] == pair[1]) {
                return refuse("two of the tar files have the same name");
            }
            Ok(Rows::Tars(several.to_vec(), args.listing.choice()?))
        }
        _ => refuse(
            "there has to be a --manifest and nothing else, or one .parquet or .tar file and nothing else",
        ),
    }
}

fn name_ends(path: &Path, extension: &str) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().to_ascii_lowercase().ends_with(extension))
}

fn is_tar(path: &Path) -> bool {
    [".tar", ".tar.gz", ".tgz"].iter().any(|extension| name_ends(path, extension))
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
        // Each of them is written by itself.
        Rows::Tars(..) => Ok(Counts::default()),
    }
}

/// Writes each of several tar files into `folder` under its name, and beside it
/// what became of it. One that is damaged costs its own result only.
fn write_shards(
    shards: &[PathBuf],
    choice: &Choice,
    folder: &Path,
    verdicts: &mut dyn Iterator<Item = io::Result<Cells>>,
) -> Result<(), CliError> {
    let mut verdicts = verdicts.peekable();
    let (mut read, mut written, mut damaged) = (0, 0, 0u64);
    for shard in shards {
        let input = shard.to_string_lossy();
        let mut counted: BTreeMap<&'static str, u64> = BTreeMap::new();
        let mut failed = None;
        let to = folder.join(shard.file_name().unwrap_or_default());
        let mut own = std::iter::from_fn(|| {
            // What is behind the archive's name is in it; its own name is its damage.
            let is_own = |path: &str| path.strip_prefix(&*input).is_some_and(|rest| rest.starts_with('/'));
            let cells = verdicts.next_if(|cells| {
                cells.as_ref().map_or(true, |cells| cells.path == *input || is_own(&cells.path))
            })?;
            if let Ok(cells) = &cells {
                *counted.entry(cells.verdict.name()).or_default() += 1;
                if cells.path == *input {
                    failed.clone_from(&cells.error);
                    return None;
                }
            }
            Some(cells)
        });
        let result =
            replace(&to, |out| packed(&to, out, |out| write_tar(shard, choice, &mut own, &mut { out })));
        own.by_ref().for_each(drop);
        let (counts, error) = match result {
            Ok(counts) => (counts, failed),
            Err(CliError::Annotate { source: AnnotateError::Rows(error), .. }) => {
                damaged += 1;
                tell(format_args!("{} is not written: {error}", to.display()));
                (Counts::default(), failed.or_else(|| Some(error.to_string())))
            }
            Err(error) => return Err(error),
        };
        read += counts.read;
        written += counts.written;
        let (samples, written) = (counts.read, counts.written);
        let stats = Stats { input: &input, samples, written, verdicts: &counted, error };
        replace(&beside(&to, "_stats.json"), |out| {
            serde_json::to_writer_pretty(&mut *out, &stats).map_err(io::Error::from)?;
            Ok(out.write_all(b"\n")?)
        })?;
    }
    let left = if damaged > 0 { format!(", {damaged} damaged files left out") } else { String::new() };
    tell(format_args!("{}: {written} of {read} samples{left}", folder.display()));
    Ok(())
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
