//! Lists of paths.

use std::io::{self, BufRead};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use super::lines::{LONGEST_LINE, Lines};
use super::{InputError, Item};

/// Calls `take` with every path of `source`: one a line, or one before each NUL;
/// or with the item of a line that holds none. Empty lines are passed over. A list
/// that cannot be read to its end becomes an unreadable item under `name`.
pub(super) fn read(
    source: impl BufRead,
    nul: bool,
    name: &Path,
    take: &mut dyn FnMut(Result<PathBuf, Item>) -> ControlFlow<()>,
) -> ControlFlow<()> {
    for line in Lines::new(source, if nul { 0 } else { b'\n' }) {
        let line = match line {
            Ok(line) => line,
            Err(error) => return take(Err(Item::unreadable(name, InputError::Open(error)))),
        };
        match line.text.map(path) {
            Ok(Ok(path)) if path.as_os_str().is_empty() => {}
            Ok(Ok(path)) => take(Ok(path))?,
            Ok(Err(error)) => {
                take(Err(Item::unreadable(at_line(name, line.number), InputError::Open(error))))?;
            }
            Err(_) => {
                let reason = format!("is longer than {LONGEST_LINE} bytes");
                take(Err(Item::unreadable(at_line(name, line.number), InputError::Row { reason })))?;
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
