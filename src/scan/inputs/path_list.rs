//! Lists of paths.

use std::io::{self, BufRead};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use super::lines::Lines;
use super::{InputError, Item};

/// Calls `take` with every path of `source`: one a line, or one before each NUL.
/// Empty lines are passed over. A list that cannot be read to its end becomes an
/// unreadable item under `name`.
pub(super) fn read(
    source: impl BufRead,
    nul: bool,
    name: &Path,
    push: &mut dyn FnMut(Item) -> ControlFlow<()>,
    take: &mut dyn FnMut(&Path, &mut dyn FnMut(Item) -> ControlFlow<()>) -> ControlFlow<()>,
) -> ControlFlow<()> {
    for line in Lines::new(source, if nul { 0 } else { b'\n' }) {
        let line = match line {
            Ok(line) => line,
            Err(error) => return push(Item::unreadable(name, InputError::Open(error))),
        };
        match line.text.map(path) {
            Ok(Ok(path)) if path.as_os_str().is_empty() => {}
            Ok(Ok(path)) => take(&path, push)?,
            Ok(Err(error)) => push(Item::unreadable(at_line(name, line.number), InputError::Open(error)))?,
            Err(_) => {
                let reason = "is longer than 16 MiB".to_owned();
                push(Item::unreadable(at_line(name, line.number), InputError::Row { reason }))?;
            }
        }
    }
    ControlFlow::Continue(())
}

/// How a line of a file is called.
pub(super) fn at_line(file: &Path, number: u64) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(format!("#line={number}"));
    name.into()
}

#[cfg(unix)]
fn path(bytes: Vec<u8>) -> io::Result<PathBuf> {
    use std::os::unix::ffi::OsStringExt;
    Ok(std::ffi::OsString::from_vec(bytes).into())
}

#[cfg(not(unix))]
fn path(bytes: Vec<u8>) -> io::Result<PathBuf> {
    String::from_utf8(bytes)
        .map(PathBuf::from)
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "is not UTF-8"))
}
