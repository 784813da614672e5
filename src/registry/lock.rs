//! One writer at a time: an advisory lock on a file beside the database.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::Path;

use super::RegistryError;

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
    pub(super) fn acquire(folder: &Path) -> Result<Self, RegistryError> {
        let path = folder.join(FILE_NAME);
        let io = |action| {
            let path = path.clone();
            move |source| RegistryError::Io { path, action, source }
        };
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(io("open the writer's lock file"))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(RegistryError::Locked { path: folder.to_owned(), holder: holder(&mut file) });
            }
            Err(TryLockError::Error(source)) => {
                return Err(io("lock the writer's lock file")(source));
            }
        }
        // The name is a courtesy to whoever is refused; the lock itself holds
        // without it, so a full disk here must not stop the writer.
        let _ = file.set_len(0).and_then(|()| file.rewind()).and_then(|()| write!(file, "{}", own_name()));
        Ok(Self { _file: file })
    }
}

fn own_name() -> String {
    let program = std::env::current_exe()
        .ok()
        .and_then(|path| path.file_name().map(|name| name.to_string_lossy().into_owned()))
        .unwrap_or_else(|| "unknown program".to_owned());
    format!("process {} ({program})", std::process::id())
}

/// What the holder wrote about itself. Some systems refuse reading a locked
/// file, and the holder may not have written yet.
fn holder(file: &mut File) -> String {
    // Longer than any own_name(): a foreign file of this name is not read whole.
    const LONGEST: u64 = 300;
    let mut text = String::new();
    match file.take(LONGEST).read_to_string(&mut text) {
        Ok(_) if !text.trim().is_empty() => text.trim().replace(char::is_control, " "),
        _ => "another process".to_owned(),
    }
}
