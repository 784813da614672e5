//! Where results go: standard output, or a file that appears when it is whole.

use std::fs::{self, File};
use std::io::{self, BufWriter, IsTerminal, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use anstream::AutoStream;
use earmark::files;

use crate::cli::error::CliError;
use crate::cli::ui::messages::tell;

/// Added to the name of a file that is being written.
const PART: &str = ".part";

/// Where the file at `path` is written until it is whole.
pub fn part_of(path: &Path) -> PathBuf {
    let mut name = target(path).into_os_string();
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

/// The unfinished file of an output, which this process alone may write.
pub struct Part {
    handle: File,
    path: PathBuf,
    part: PathBuf,
}

impl Part {
    /// Begins the file of the output at `path`; what an earlier run left of it goes.
    fn begin(path: PathBuf) -> Result<Self, CliError> {
        let part = part_of(&path);
        let handle = files::create(&part).map_err(|error| refused(&part, error))?;
        Ok(Self { handle, path, part })
    }

    /// Takes what an earlier run left of the output at `path`; `None` if there is
    /// nothing.
    pub fn left_of(path: &Path) -> Result<Option<Self>, CliError> {
        let path = target(path);
        let part = part_of(&path);
        let left = files::locked(&part).map_err(|error| refused(&part, error))?;
        Ok(left.map(|handle| Self { handle, path, part }))
    }

    /// Goes on behind its first `bytes` bytes; what stands behind them is cut off.
    pub fn go_on(self, bytes: u64) -> Result<Output, CliError> {
        self.output(bytes, false)
    }

    fn output(mut self, bytes: u64, styled: bool) -> Result<Output, CliError> {
        let mut open = || {
            // Nobody shall read in the meantime who may not read what is replaced.
            take_mode(&self.handle, &self.path, |mode| mode | OWNER_WRITES)?;
            self.handle.set_len(bytes)?;
            self.handle.seek(SeekFrom::End(0))?;
            self.handle.try_clone()
        };
        let file = open().map_err(|error| refused(&self.part, error))?;
        let writer: Box<dyn Write + Send> = if styled {
            Box::new(BufWriter::new(AutoStream::never(file)))
        } else {
            Box::new(BufWriter::new(file))
        };
        let Self { handle, path, part } = self;
        Ok(Output { writer, file: Some(Pending { handle, path, part: Some(part) }) })
    }
}

/// Whoever may write a file may also go on with it.
const OWNER_WRITES: u32 = 0o200;

/// Gives `file` the permissions of what it is to replace, changed by `change`.
#[cfg(unix)]
fn take_mode(file: &File, replaced: &Path, change: impl FnOnce(u32) -> u32) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let Ok(metadata) = fs::metadata(replaced) else { return Ok(()) };
    // No more than who may read, write and execute: a new file is nobody's program.
    let mode = change(metadata.permissions().mode() & 0o777);
    file.set_permissions(fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
fn take_mode(_: &File, _: &Path, _: impl FnOnce(u32) -> u32) -> io::Result<()> {
    Ok(())
}

/// What a link points to: the link stays, and its target is replaced.
fn target(path: &Path) -> PathBuf {
    fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}

/// The error of an unfinished file that cannot be written.
pub fn refused(part: &Path, source: io::Error) -> CliError {
    let path = part.to_owned();
    if source.kind() == io::ErrorKind::WouldBlock {
        return CliError::BeingWritten { path };
    }
    CliError::File { path, action: "write", source }
}

impl Output {
    /// Opens the file at `path`, or standard output. `styled` results hold
    /// ANSI escapes, which are taken out unless a terminal that shows them
    /// reads the results.
    ///
    /// A file is written as `NAME.part` beside its place and renamed by
    /// [`finish`](Self::finish): whoever finds it under its name finds it whole. It
    /// has the mode of the file that it replaces. While it is written, another
    /// process that is to write it is refused.
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
        let path = target(path);
        if fs::metadata(&path).map_or(true, |found| found.is_file()) {
            return Part::begin(path)?.output(0, styled);
        }
        let open = || {
            let file = File::options().write(true).open(&path)?;
            file.try_clone().map(|handle| (file, handle))
        };
        let (file, handle) =
            open().map_err(|source| CliError::File { path: path.clone(), action: "write", source })?;
        let writer: Box<dyn Write + Send> = if styled {
            Box::new(BufWriter::new(AutoStream::never(file)))
        } else {
            Box::new(BufWriter::new(file))
        };
        Ok(Self { writer, file: Some(Pending { handle, path, part: None }) })
    }

    /// Throws away what was written to a file.
    pub fn discard(self) {
        if let Some(Pending { part: Some(part), .. }) = &self.file {
            // It is of no use, and the next run begins it anew.
            let _ = fs::remove_file(part);
        }
    }

    /// Whether it is written to a file that gets its name when it is whole.
    pub fn is_replaced(&self) -> bool {
        self.file.as_ref().is_some_and(|file| file.part.is_some())
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
        take_mode(&handle, &path, |mode| mode)
            .and_then(|()| fs::rename(&part, &path))
            .map_err(|source| CliError::File { path, action: "write", source })?;
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

    #[cfg(unix)]
    #[test]
    fn a_file_keeps_the_mode_of_the_one_it_replaces() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().expect("temporary folder");
        let (path, new) = (folder.path().join("out.csv"), folder.path().join("new.csv"));
        let mode = |path: &Path| fs::metadata(path).expect("file").permissions().mode() & 0o7777;
        fs::write(&path, "before").expect("file");
        for kept in [0o600, 0o640, 0o444, 0o666] {
            fs::set_permissions(&path, fs::Permissions::from_mode(kept)).expect("mode");
            let output = Output::open(Some(&path), false).expect("opens");
            assert_eq!(mode(&part_of(&path)), kept | OWNER_WRITES, "unfinished");
            output.finish(true).expect("renames");
            assert_eq!(mode(&path), kept);
        }
        // A new one has what the system gives to new files.
        Output::open(Some(&new), false).expect("opens").finish(true).expect("renames");
        fs::write(folder.path().join("plain"), "").expect("file");
        assert_eq!(mode(&new), mode(&folder.path().join("plain")));
    }

    #[test]
    fn two_runs_do_not_write_one_file() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let path = folder.path().join("out.jsonl");
        let mut first = Output::open(Some(&path), false).expect("opens");
        first.write_all(b"first\n").expect("writes");
        let others = [Output::open(Some(&path), false).err(), Part::left_of(&path).err()];
        for error in others {
            let error = error.expect("it is being written").to_string();
            assert!(error.contains("out.jsonl.part"), "{error}");
        }
        first.finish(true).expect("renames");
        assert_eq!(fs::read_to_string(&path).expect("file"), "first\n");
        Output::open(Some(&path), false).expect("the first is done").discard();
    }

    #[test]
    fn a_place_that_cannot_be_written_is_named() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let path = folder.path().join("missing/out.jsonl");
        let error = Output::open(Some(&path), false).err().expect("no such folder");
        assert!(error.to_string().contains("missing"), "{error}");
    }
}
