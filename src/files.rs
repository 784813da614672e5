//! Files that are written: never through a link that somebody else put there, and by
//! one process at a time.
//!
//! Names of unfinished files can be guessed. Whoever may write into the folder can
//! put a link of such a name there beforehand, so that what it points to would be
//! written. And two runs with one name would write into one file.

use std::fs::{self, File, Metadata, TryLockError};
use std::io;
use std::path::Path;
use std::time::Duration;

/// How often a file that another process takes away or gives its name is looked for
/// again before that is an error.
const TRIES: usize = 100;

/// Makes the file at `path` anew and locks it until it is closed. What an earlier
/// process left there is removed.
///
/// # Errors
/// [`io::ErrorKind::WouldBlock`] while another process holds it; if there is something
/// else than a file of this one name, a link say; and those of the system.
pub fn create(path: &Path) -> io::Result<File> {
    for _ in 0..TRIES {
        if let Some(_left) = locked(path)? {
            fs::remove_file(path)?;
        }
        match File::options().read(true).write(true).create_new(true).open(path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
            Ok(file) => {
                lock(&file)?;
                if is_at(&file, path) {
                    return Ok(file);
                }
            }
        }
    }
    Err(restless())
}

/// Opens the file at `path` for reading and writing, as it is, and locks it until it is
/// closed; `None` if there is none.
///
/// # Errors
/// As [`create`].
pub fn locked(path: &Path) -> io::Result<Option<File>> {
    for _ in 0..TRIES {
        let Some(file) = open(path)? else { return Ok(None) };
        lock(&file)?;
        // Whoever held it may have given it its name meanwhile.
        if is_at(&file, path) {
            return Ok(Some(file));
        }
    }
    Err(restless())
}

/// Whether `file` is what stands at `path` now, not through a link.
pub fn is_at(file: &File, path: &Path) -> bool {
    let (Ok(file), Ok(there)) = (file.metadata(), fs::symlink_metadata(path)) else { return false };
    is_same(&file, &there)
}

/// Opens what is a file of one name; `None` if there is nothing.
fn open(path: &Path) -> io::Result<Option<File>> {
    let there = match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        found => found?,
    };
    if !there.is_file() {
        return Err(io::Error::other("it is a link or no file, and is not written through: remove it"));
    }
    if has_other_names(&there) {
        return Err(io::Error::other("the file has another name, too, a hard link: remove this one"));
    }
    let file = match File::options().read(true).write(true).open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened?,
    };
    // A link may have come in between.
    if is_same(&file.metadata()?, &there) { Ok(Some(file)) } else { Err(restless()) }
}

fn lock(file: &File) -> io::Result<()> {
    match try_lock(file) {
        Ok(()) => Ok(()),
        Err(TryLockError::WouldBlock) => {
            Err(io::Error::new(io::ErrorKind::WouldBlock, "another process is writing it"))
        }
        // Some network file systems know no locks; then nobody is excluded.
        Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => Ok(()),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// How often a lock is tried, and how long is waited between two tries.
const LOCK_TRIES: u32 = 20;
const LOCK_WAIT: Duration = Duration::from_millis(10);

/// Locks `file` for this process alone, or says that another one holds it. A lock whose
/// holder has let go of it is held on for a moment where that process was just starting
/// another: the child has all its files until it becomes the other program. So a lock is
/// tried for a fifth of a second.
///
/// # Errors
/// Those of [`File::try_lock`].
pub(crate) fn try_lock(file: &File) -> Result<(), TryLockError> {
    for _ in 1..LOCK_TRIES {
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => std::thread::sleep(LOCK_WAIT),
            locked => return locked,
        }
    }
    file.try_lock()
}

fn restless() -> io::Error {
    io::Error::other("another process goes on replacing it")
}

/// Which file it is, whatever its names: device and inode. As long as the file is
/// there, no other has the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FileId {
    device: u64,
    inode: u64,
}

impl FileId {
    /// The identity of what `metadata` is about; `None` where the system tells none.
    #[cfg(unix)]
    pub fn of(metadata: &Metadata) -> Option<Self> {
        use std::os::unix::fs::MetadataExt;
        Some(Self { device: metadata.dev(), inode: metadata.ino() })
    }

    /// The identity of what `metadata` is about; `None` where the system tells none.
    #[cfg(not(unix))]
    pub fn of(_: &Metadata) -> Option<Self> {
        None
    }
}

#[cfg(unix)]
fn is_same(one: &Metadata, other: &Metadata) -> bool {
    FileId::of(one) == FileId::of(other)
}

/// Elsewhere links cannot be made by everybody.
#[cfg(not(unix))]
fn is_same(one: &Metadata, other: &Metadata) -> bool {
    one.is_file() && other.is_file()
}

#[cfg(unix)]
fn has_other_names(metadata: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    metadata.nlink() > 1
}

#[cfg(not(unix))]
fn has_other_names(_: &Metadata) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};

    use super::*;

    #[test]
    fn one_process_writes_at_a_time_and_leftovers_go() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let path = folder.path().join("x.part");
        fs::write(&path, "left by a process that was killed").expect("file");
        let mut first = create(&path).expect("made");
        first.write_all(b"first").expect("written");
        for refused in [create(&path).err(), locked(&path).err()] {
            assert_eq!(refused.map(|error| error.kind()), Some(io::ErrorKind::WouldBlock));
        }
        assert_eq!(fs::read(&path).expect("file"), b"first");
        // Given its name, it is nobody's hindrance.
        fs::rename(&path, folder.path().join("x")).expect("renamed");
        drop(create(&path).expect("made"));
        drop(first);
        let mut text = String::new();
        fs::write(&path, "as it is").expect("file");
        locked(&path).expect("opened").expect("there").read_to_string(&mut text).expect("text");
        assert_eq!(text, "as it is");
        assert!(locked(&folder.path().join("none")).expect("no error").is_none());
    }

    #[cfg(unix)]
    #[test]
    fn links_are_not_written_through() {
        use std::os::unix::fs::symlink;
        let folder = tempfile::tempdir().expect("temporary folder");
        let at = |name: &str| folder.path().join(name);
        fs::write(at("victim"), "precious").expect("file");
        symlink(at("victim"), at("soft")).expect("link");
        symlink(at("new"), at("dangling")).expect("link");
        fs::hard_link(at("victim"), at("hard")).expect("link");
        fs::create_dir(at("folder")).expect("folder");
        for name in ["soft", "dangling", "hard", "folder"] {
            for opened in [create(&at(name)).err(), locked(&at(name)).err()] {
                let error = opened.expect(name).to_string();
                assert!(error.contains("remove"), "{name}: {error}");
            }
        }
        assert_eq!(fs::read(at("victim")).expect("file"), b"precious");
        assert!(!at("new").exists());
    }
}
