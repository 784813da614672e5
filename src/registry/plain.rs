//! Telling files from what only looks like one: opening a pipe waits for ever, and
//! writing through a planted link overwrites what it points to.

use std::fs::{self, FileType, Metadata};
use std::io;
use std::path::Path;

use super::RegistryError;

/// Whether links count as what they point to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Links {
    /// They do: somebody may keep a part of a registry elsewhere.
    Followed,
    /// They do not: what is written here is written by name.
    Refused,
}

/// That `path` is a plain file, or nothing; its metadata.
///
/// # Errors
/// [`RegistryError::NotPlain`] if it is something else, [`RegistryError::Io`] if
/// that cannot be told.
pub(super) fn file(path: &Path, links: Links) -> Result<Option<Metadata>, RegistryError> {
    let found = match links {
        Links::Followed => fs::metadata(path),
        Links::Refused => fs::symlink_metadata(path),
    };
    match found {
        Ok(found) if found.is_file() => Ok(Some(found)),
        Ok(found) => {
            Err(RegistryError::NotPlain { path: path.to_owned(), found: kind_of(found.file_type()) })
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(RegistryError::Io { path: path.to_owned(), action: "look at", source }),
    }
}

fn kind_of(kind: FileType) -> &'static str {
    if kind.is_dir() {
        "a folder"
    } else if kind.is_symlink() {
        "a link"
    } else {
        "a pipe, socket or device"
    }
}
