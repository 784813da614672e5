//! What the last writer saw, in a file of its own beside the database.
//!
//! A database that somebody put back from an older copy, or whose log was written
//! anew, is whole in itself. The next one who opens the folder compares it with what
//! the last commit left here: the database has to be that state or what became of it.
//!
//! The file is written after the commit and is not synced. After a crash it may be
//! that of an earlier commit, which serves as well. A folder without it has just no
//! memory: older versions wrote none, and a copy may leave it out.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::plain::{self, Links};
use super::schema::FORMAT_VERSION;
use super::{Break, Lineage, RegistryError, RegistryState};

const FILE_NAME: &str = "registry.head";

/// Far above what is ever written.
const MOST_BYTES: u64 = 64 * 1024;

/// The file: a line of JSON.
#[derive(Debug, Serialize, Deserialize)]
struct Head {
    /// Format version of the database, by which the content hash is to be understood.
    format: i64,
    #[serde(flatten)]
    state: RegistryState,
}

/// What the last writer saw. To be read before the database is: a writer may commit
/// meanwhile, and then the database is what became of it.
pub(super) fn read(folder: &Path) -> Result<Option<RegistryState>, RegistryError> {
    let path = path(folder);
    if plain::file(&path, Links::Refused)?.is_none() {
        return Ok(None);
    }
    let mut text = String::new();
    match File::open(&path).and_then(|file| file.take(MOST_BYTES).read_to_string(&mut text)) {
        Ok(_) => {}
        // A writer puts another in its place.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => {
            return Err(RegistryError::Overtaken { path, reason: Break::Unreadable });
        }
        Err(source) => return Err(RegistryError::Io { path, action: "read", source }),
    }
    // What a power cut leaves of a file whose name had reached the disk before it.
    if text.bytes().all(|byte| byte == 0) {
        return Ok(None);
    }
    match serde_json::from_str::<Head>(&text) {
        Ok(head) if head.format == FORMAT_VERSION => Ok(Some(head.state)),
        // Another version wrote down other hashes.
        Ok(_) => Ok(None),
        Err(_) => Err(RegistryError::Overtaken { path, reason: Break::Unreadable }),
    }
}

/// That the database, whose way from the head is `lineage`, did not fall behind it.
pub(super) fn check(folder: &Path, lineage: Lineage) -> Result<(), RegistryError> {
    match lineage {
        Lineage::Same | Lineage::Continued => Ok(()),
        Lineage::Broken(reason) => Err(RegistryError::Overtaken { path: path(folder), reason }),
    }
}

/// Notes the state that a commit left. That the disk is full, or whatever else stands
/// in the way, is no reason to call the commit failed.
pub(super) fn write(folder: &Path, state: RegistryState) {
    let path = path(folder);
    let mut temporary = path.clone().into_os_string();
    temporary.push(".tmp");
    let temporary = PathBuf::from(temporary);
    let noted = || -> io::Result<()> {
        let mut text = serde_json::to_vec(&Head { format: FORMAT_VERSION, state })?;
        text.push(b'\n');
        // Not through a link, and not into what somebody else made.
        match fs::remove_file(&temporary) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        File::create_new(&temporary)?.write_all(&text)?;
        fs::rename(&temporary, &path)
    };
    if noted().is_err() {
        let _ = fs::remove_file(&temporary);
    }
}

fn path(folder: &Path) -> PathBuf {
    folder.join(FILE_NAME)
}
