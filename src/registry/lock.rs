//! One writer at a time: an advisory lock on a file beside the database.

use std::fs::{File, Metadata, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read, Seek, Write};
use std::path::Path;

use crate::files;

use super::RegistryError;
use super::plain::{self, Links};

/// The lock file's name inside the registry folder. The file stays when the
/// lock is released: deleting it would let a third process lock a new file of
/// that name while a second still holds the old one.
pub(super) const FILE_NAME: &str = "writer.lock";

/// Held as long as the value lives; the system releases it when the process
/// ends, however it ends.
#[derive(Debug)]
pub(super) struct WriterLock {
    _file: File,
}

impl WriterLock {
    /// Takes the lock or says at once who holds it.
    ///
    /// The file is written by name and never through a link, and only if it holds
    /// what a writer leaves: whatever else somebody put there stays as it is.
    pub(super) fn acquire(folder: &Path) -> Result<Self, RegistryError> {
        let path = folder.join(FILE_NAME);
        let io = |action| {
            let path = path.clone();
            move |source| RegistryError::Io { path, action, source }
        };
        let mut file = open(&path)?;
        match files::try_lock(&file) {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(RegistryError::Locked { path: folder.to_owned(), holder: holder(&mut file) });
            }
            Err(TryLockError::Error(source)) => {
                return Err(io("lock the writer's lock file")(source));
            }
        }
        let text = text(&mut file).map_err(io("read the writer's lock file"))?;
        if !text.is_empty() && !text.starts_with(OWN_NAME_BEGINS) {
            return Err(RegistryError::NotPlain { path, found: "a file with something else in it" });
        }
        // The name is a courtesy to whoever is refused; the lock itself holds
        // without it, so a full disk here must not stop the writer.
        let _ = file.set_len(0).and_then(|()| file.rewind()).and_then(|()| write!(file, "{}", own_name()));
        Ok(Self { _file: file })
    }
}

/// Opens the lock file, or makes it; not through a link.
fn open(path: &Path) -> Result<File, RegistryError> {
    let io =
        |source| RegistryError::Io { path: path.to_owned(), action: "open the writer's lock file", source };
    // Another writer may make the file between the look and the opening.
    const TRIES: usize = 3;
    for _ in 0..TRIES {
        let Some(found) = plain::file(path, Links::Refused)? else {
            match OpenOptions::new().read(true).write(true).create_new(true).open(path) {
                Err(error) if error.kind() == ErrorKind::AlreadyExists => continue,
                opened => return opened.map_err(io),
            }
        };
        let file = OpenOptions::new().read(true).write(true).open(path).map_err(io)?;
        let opened = file.metadata().map_err(io)?;
        if is_same(&found, &opened) {
            return Ok(file);
        }
    }
    Err(RegistryError::NotPlain { path: path.to_owned(), found: "a file that somebody keeps exchanging" })
}

#[cfg(unix)]
fn is_same(a: &Metadata, b: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    (a.dev(), a.ino()) == (b.dev(), b.ino())
}

/// Elsewhere links are made by administrators alone.
#[cfg(not(unix))]
fn is_same(a: &Metadata, b: &Metadata) -> bool {
    a.len() == b.len()
}

const OWN_NAME_BEGINS: &str = "process ";

fn own_name() -> String {
    let program = std::env::current_exe()
        .ok()
        .and_then(|path| path.file_name().map(|name| name.to_string_lossy().into_owned()))
        .unwrap_or_else(|| "unknown program".to_owned());
    format!("{OWN_NAME_BEGINS}{} ({program})", std::process::id())
}

/// What the holder wrote about itself. Some systems refuse reading a locked
/// file, and the holder may not have written yet.
fn holder(file: &mut File) -> String {
    match text(file) {
        Ok(text) if text.starts_with(OWN_NAME_BEGINS) => text.trim().replace(char::is_control, " "),
        _ => "another process".to_owned(),
    }
}

/// The beginning of the file, longer than any [`own_name`].
fn text(file: &mut File) -> io::Result<String> {
    const LONGEST: u64 = 300;
    let mut bytes = Vec::new();
    file.take(LONGEST).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
