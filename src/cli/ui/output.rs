//! Where results go: standard output, or a file that appears when it is whole.

use std::fs::{self, File};
use std::io::{self, BufWriter, IsTerminal, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use anstream::AutoStream;

use crate::cli::error::CliError;
use crate::cli::ui::messages::tell;

/// Added to the name of a file that is being written.
const PART: &str = ".part";

/// Where the file at `path` is written until it is whole.
pub fn part_of(path: &Path) -> PathBuf {
    // A link keeps its name, and its target is replaced.
    let mut name = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned()).into_os_string();
    name.push(PART);
    name.into()
}

/// A destination of results.
pub struct Output {
    writer: Box<dyn Write + Send>,
    file: Option<Pending>,
}

/// A file that has not got its name yet.
struct Pending {
    handle: File,
    path: PathBuf,
    /// Where it is written; `None` for what cannot be replaced, a device say.
    part: Option<PathBuf>,
}

impl Output {
    /// Opens the file at `path`, or standard output. `styled` results hold
    /// ANSI escapes, which are taken out unless a terminal that shows them
    /// reads the results.
    ///
    /// A file is written as `NAME.part` beside its place and renamed by
    /// [`finish`](Self::finish): whoever finds it under its name finds it whole.
    pub fn open(path: Option<&Path>, styled: bool) -> Result<Self, CliError> {
        let Some(path) = path else {
            let stdout = io::stdout();
            let writer: Box<dyn Write + Send> = if styled {
                Box::new(BufWriter::new(AutoStream::auto(stdout)))
            } else {
                Box::new(BufWriter::new(stdout))
            };
            return Ok(Self { writer, file: None });
        };
        // Through a link, so that the link stays and its target is replaced.
        let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let replaceable = fs::metadata(&path).map_or(true, |found| found.is_file());
        let part = replaceable.then(|| part_of(&path));
        let written = part.as_ref().unwrap_or(&path);
        let open = || {
            let file = match &part {
                Some(part) => File::create(part)?,
                None => File::options().write(true).open(&path)?,
            };
            file.try_clone().map(|handle| (file, handle))
        };
        let (file, handle) =
            open().map_err(|source| CliError::File { path: written.clone(), action: "write", source })?;
        let writer: Box<dyn Write + Send> = if styled {
            Box::new(BufWriter::new(AutoStream::never(file)))
        } else {
            Box::new(BufWriter::new(file))
        };
        Ok(Self { writer, file: Some(Pending { handle, path, part }) })
    }

    /// Opens the part of the file at `path` that an earlier run left, to go on behind
    /// its first `bytes` bytes. What stands behind them is cut off.
    pub fn resume(path: &Path, bytes: u64) -> Result<Self, CliError> {
        let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let part = part_of(&path);
        let open = || {
            let mut file = File::options().write(true).open(&part)?;
            file.set_len(bytes)?;
            file.seek(SeekFrom::End(0))?;
            file.try_clone().map(|handle| (file, handle))
        };
        let (file, handle) =
            open().map_err(|source| CliError::File { path: part.clone(), action: "write", source })?;
        let writer = Box::new(BufWriter::new(file));
        Ok(Self { writer, file: Some(Pending { handle, path, part: Some(part) }) })
    }

    /// Throws away what was written to a file.
    pub fn discard(self) {
        if let Some(Pending { part: Some(part), .. }) = &self.file {
            // It is of no use, and the next run begins it anew.
            let _ = fs::remove_file(part);
        }
    }

    /// Whether a person reads along.
    pub fn is_terminal(&self) -> bool {
        self.file.is_none() && io::stdout().is_terminal()
    }

    /// Hands everything over and gives a file its name. After an interrupted
    /// run (`whole` is false) a file keeps the name it was written under, and
    /// that path is returned.
    pub fn finish(mut self, whole: bool) -> Result<Option<PathBuf>, CliError> {
        let flushed = self.writer.flush();
        let Some(Pending { handle, path, part }) = self.file.take() else {
            return flushed.map(|()| None).map_err(CliError::Stdout);
        };
        // A device or a pipe has nothing to sync.
        let Some(part) = part else {
            return flushed.map(|()| None).map_err(|source| CliError::File { path, action: "write", source });
        };
        flushed.and_then(|()| handle.sync_all()).map_err(|source| CliError::File {
            path: part.clone(),
            action: "write",
            source,
        })?;
        if !whole {
            return Ok(Some(part));
        }
        fs::rename(&part, &path).map_err(|source| CliError::File { path, action: "write", source })?;
        Ok(None)
    }

    /// As [`finish`](Self::finish); tells where the rows of an interrupted run are.
    pub fn finish_and_tell(self, whole: bool) -> Result<(), CliError> {
        if let Some(part) = self.finish(whole)? {
            tell(format_args!("interrupted: the results so far are in {}", part.display()));
        }
        Ok(())
    }

    /// The error of a write that failed.
    pub fn failed(place: Option<&Path>, source: io::Error) -> CliError {
        match place {
            Some(path) => CliError::File { path: path.to_owned(), action: "write", source },
            None => CliError::Stdout(source),
        }
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writer.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

/// Columns of the terminal that shows the results, if one does.
pub fn terminal_columns() -> usize {
    terminal_size::terminal_size_of(io::stdout()).map_or(0, |(width, _)| usize::from(width.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_appears_when_it_is_whole() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let path = folder.path().join("out.jsonl");
        fs::write(&path, "before").expect("file");
        let mut output = Output::open(Some(&path), false).expect("opens");
        output.write_all(b"after\n").expect("writes");
        output.flush().expect("writes");
        assert_eq!(fs::read_to_string(&path).expect("file"), "before");
        assert_eq!(output.finish(true).expect("renames"), None);
        assert_eq!(fs::read_to_string(&path).expect("file"), "after\n");
        assert_eq!(fs::read_dir(folder.path()).expect("folder").count(), 1);
    }

    #[test]
    fn an_interrupted_run_leaves_the_file_alone_and_tells_where_the_rows_are() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let path = folder.path().join("out.csv");
        let mut output = Output::open(Some(&path), true).expect("opens");
        output.write_all(b"\x1b[1mrow\x1b[0m\n").expect("writes");
        let part = output.finish(false).expect("syncs").expect("a partial file");
        assert!(!path.exists());
        assert_eq!(fs::read_to_string(part).expect("file"), "row\n");
    }

    #[cfg(unix)]
    #[test]
    fn a_link_stays_a_link_and_a_device_a_device() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let (link, target) = (folder.path().join("link"), folder.path().join("target"));
        fs::write(&target, "before").expect("file");
        std::os::unix::fs::symlink(&target, &link).expect("link");
        let mut output = Output::open(Some(&link), false).expect("opens");
        output.write_all(b"after").expect("writes");
        output.finish(true).expect("renames");
        assert!(link.is_symlink());
        assert_eq!(fs::read_to_string(&target).expect("file"), "after");

        let mut output = Output::open(Some(Path::new("/dev/null")), false).expect("opens");
        output.write_all(b"gone").expect("writes");
        output.finish(true).expect("nothing to rename");
        assert!(!fs::metadata("/dev/null").expect("device").is_file());
    }

    #[test]
    fn a_place_that_cannot_be_written_is_named() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let path = folder.path().join("missing/out.jsonl");
        let error = Output::open(Some(&path), false).err().expect("no such folder");
        assert!(error.to_string().contains("missing"), "{error}");
    }
}
