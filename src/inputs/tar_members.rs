//! Audio in tar archives, as WebDataset's shards are.
//!
//! A member is audio by its extension or by its bytes. Members whose path is the same up to the
//! first dot of the file name are one *sample* (the WebDataset convention); they
//! stand together, and a sample may hold any number of pieces of audio.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, Read};
use std::ops::ControlFlow;
use std::path::Path;
use std::rc::Rc;

use tar::{Archive, Entry, EntryType};

use super::choice::Choice;
use super::lines::plain;
use super::members::{Fate, MemberKind, fate};
use super::walk::Skipped;
use super::{Input, InputError, Item, Shared};
use crate::paths;

/// A member of a tar archive, as it stands in there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TarMember {
    /// Its name; bytes that are not UTF-8 are shown as U+FFFD.
    pub name: String,
    /// The bytes of its name.
    pub name_bytes: Vec<u8>,
    /// Whether it has bytes, or stands for something else.
    pub kind: MemberKind,
    /// Bytes of its content.
    pub size: u64,
    /// Where in the unpacked archive the next member's headers begin.
    pub end: u64,
}

/// The name of the sample that a member belongs to: its path up to the first dot
/// of the file name. A name that starts with a dot is a sample of its own.
pub fn key(name: &str) -> &str {
    let file = name.rfind('/').map_or(0, |at| at + 1);
    match name[file..].find('.') {
        Some(dot) if dot > 0 => &name[..file + dot],
        _ => name,
    }
}

/// As [`key`], for a name that is written in any way: `./a//0001.x` and `a/b/../0001.y`
/// are of one sample where they are unpacked.
pub fn sample_key(name: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in name.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    key(&parts.join("/")).to_owned()
}

/// Reads an archive from its start to its end.
pub struct TarReader {
    archive: Archive<Bounded>,
    left: Rc<Cell<u64>>,
}

/// Bytes before a member that are read for its name and attributes, which the
/// library holds in memory: far more than a path has.
const MOST_HEADER_BYTES: u64 = 1 << 20;

/// A source that gives no more bytes than are left.
struct Bounded {
    source: Box<dyn io::BufRead + Send>,
    left: Rc<Cell<u64>>,
}

impl Read for Bounded {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let left = self.left.get();
        if left == 0 {
            let reason = format!("name and attributes of a member take more than {MOST_HEADER_BYTES} bytes");
            return Err(io::Error::new(io::ErrorKind::InvalidData, reason));
        }
        let most = usize::try_from(left).unwrap_or(usize::MAX).min(buf.len());
        let read = self.source.read(&mut buf[..most])?;
        self.left.set(left - read as u64);
        Ok(read)
    }
}

impl TarReader {
    /// Opens `.tar` or `.tar.gz`, whatever its name.
    ///
    /// # Errors
    /// If the file cannot be opened.
    pub fn open(path: &Path) -> io::Result<Self> {
        Ok(Self::new(plain(path)?))
    }

    /// Reads an archive that is not packed.
    pub fn new(source: Box<dyn io::BufRead + Send>) -> Self {
        let left = Rc::new(Cell::new(MOST_HEADER_BYTES));
        let source = Bounded { source, left: Rc::clone(&left) };
        Self { archive: Archive::new(source), left }
    }

    /// Calls `take` with every member and its content.
    ///
    /// # Errors
    /// Those of `take`; and of the archive, which is read no further then.
    pub fn each<E>(
        mut self,
        mut take: impl FnMut(&TarMember, &mut dyn Read) -> Result<ControlFlow<()>, E>,
    ) -> Result<(), E>
    where
        E: From<InputError>,
    {
        for entry in self.archive.entries().map_err(damaged)? {
            let mut entry = entry.map_err(damaged)?;
            let member = member(&mut entry)?;
            self.left.set(u64::MAX);
            if take(&member, &mut entry)?.is_break() {
                return Ok(());
            }
            // Else the library passes over the rest together with the next headers.
            io::copy(&mut entry, &mut io::sink()).map_err(damaged)?;
            self.left.set(MOST_HEADER_BYTES);
        }
        Ok(())
    }
}

fn member<R: Read>(entry: &mut Entry<'_, R>) -> Result<TarMember, InputError> {
    const BLOCK: u64 = 512;
    let is_sparse = entry.header().entry_type() == EntryType::GNUSparse || has_map(entry)?;
    if is_sparse {
        return Err(damaged("it holds sparse files: pack it without --sparse"));
    }
    let kind = match entry.header().entry_type() {
        EntryType::Link | EntryType::Symlink => {
            let target = entry.link_name_bytes().unwrap_or_default();
            MemberKind::Link(String::from_utf8_lossy(&target).into_owned())
        }
        EntryType::Directory
        | EntryType::Char
        | EntryType::Block
        | EntryType::Fifo
        | EntryType::XGlobalHeader => MemberKind::Other,
        // What nobody knows is a file (POSIX.1-2017, pax, ustar: typeflag).
        _ => MemberKind::File,
    };
    // A link has a size in some archives, and never any content.
    let size = if matches!(kind, MemberKind::Link(_)) { 0 } else { entry.size() };
    let end =
        size.checked_next_multiple_of(BLOCK).and_then(|size| entry.raw_file_position().checked_add(size));
    let name_bytes = entry.path_bytes().into_owned();
    Ok(TarMember {
        name: String::from_utf8_lossy(&name_bytes).into_owned(),
        name_bytes,
        kind,
        size,
        end: end.ok_or_else(|| damaged("a member claims more than 16 EiB"))?,
    })
}

/// Whether attributes of the member say that its content is a map of a file with holes
/// (GNU tar manual, appendix D.2).
fn has_map<R: Read>(entry: &mut Entry<'_, R>) -> Result<bool, InputError> {
    let Some(attributes) = entry.pax_extensions().map_err(damaged)? else { return Ok(false) };
    Ok(attributes.flatten().any(|attribute| attribute.key_bytes().starts_with(b"GNU.sparse.")))
}

fn damaged(reason: impl ToString) -> InputError {
    InputError::Container { container: "tar", reason: reason.to_string() }
}

/// Gives every piece of audio in the archive at `path` to `push`.
pub(super) fn read(
    path: &Path,
    choice: &Choice,
    limit: u64,
    skipped: &mut Skipped,
    push: &mut dyn FnMut(Item) -> ControlFlow<()>,
) -> Result<ControlFlow<()>, InputError> {
    if File::open(path)?.read(&mut [0])? == 0 {
        return Err(damaged("it is empty"));
    }
    read_from(TarReader::open(path)?, path, choice, limit, skipped, push)
}

/// Gives every piece of audio in `archive`, which is called `path`, to `push`.
pub(super) fn read_from(
    archive: TarReader,
    path: &Path,
    choice: &Choice,
    limit: u64,
    skipped: &mut Skipped,
    push: &mut dyn FnMut(Item) -> ControlFlow<()>,
) -> Result<ControlFlow<()>, InputError> {
    let mut flow = ControlFlow::Continue(());
    archive.each(|member, content| -> Result<_, InputError> {
        let TarMember { name, name_bytes, kind, .. } = member;
        let fate = fate(choice, name, kind, content, skipped);
        match fate.map_err(|error| damaged(format!("{name} cannot be read: {error}")))? {
            Fate::Checked(head) => {
                flow = push(in_memory(path, member, &mut (&head[..]).chain(content), limit)?)
            }
            Fate::Refused(error) => flow = push(Item::unreadable(inside(path, name_bytes), error)),
            Fate::Unchecked | Fate::Silent => {}
        }
        Ok(flow)
    })?;
    Ok(flow)
}

/// A member whose content is held in memory, if it is not too large for that.
///
/// # Errors
/// If the archive ends or cannot be read before the member does.
fn in_memory(
    path: &Path,
    member: &TarMember,
    content: &mut dyn Read,
    limit: u64,
) -> Result<Item, InputError> {
    let TarMember { name, name_bytes, size, .. } = member;
    let path = inside(path, name_bytes);
    match content_of(content, limit) {
        // The archive ends in it, which the library does not call an error.
        Ok(bytes) if bytes.len() as u64 != *size => {
            Err(damaged(format!("it ends inside {name}, after {} of {size} bytes", bytes.len())))
        }
        Ok(bytes) => Ok(Item::whole(Input::Bytes { path, bytes: Shared::new(bytes) })),
        Err(InputError::Open(error)) => Err(damaged(format!("{name} cannot be read: {error}"))),
        Err(error) => Ok(Item::unreadable(path, error)),
    }
}

/// All of `content`, at most `limit` bytes.
pub(super) fn content_of(content: &mut dyn Read, limit: u64) -> Result<Vec<u8>, InputError> {
    let mut bytes = Vec::new();
    // What it claims of its length is not asked: memory grows with what is there.
    content.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Err(InputError::TooLarge { limit });
    }
    Ok(bytes)
}

/// How something inside a file is called: the file, `/`, and the bytes of its name in
/// there.
pub(super) fn inside(file: &Path, name: impl AsRef<[u8]>) -> std::path::PathBuf {
    // Not `join`, for which a name that starts with `/` is a path of its own.
    let mut path = file.as_os_str().to_owned();
    path.push("/");
    path.push(paths::of_bytes(name.as_ref()));
    path.into()
}

#[cfg(test)]
mod tests {
    use super::super::testing::listed;
    use super::*;

    #[test]
    fn samples_are_told_by_the_first_dot_of_the_file_name() {
        let cases = [
            ("a/b.c/0001.left.flac", "a/b.c/0001"),
            ("0001.json", "0001"),
            ("0001", "0001"),
            ("a/.hidden.mp3", "a/.hidden.mp3"),
            ("", ""),
        ];
        for (name, expected) in cases {
            assert_eq!(key(name), expected, "{name}");
        }
    }

    fn archive(members: &[(&str, &[u8])]) -> Vec<u8> {
        let mut tar = tar::Builder::new(Vec::new());
        for (name, content) in members {
            let mut header = tar::Header::new_gnu();
            header.set_size(content.len() as u64);
            header.set_mode(0o644);
            tar.append_data(&mut header, name, *content).expect("memory");
        }
        tar.into_inner().expect("memory")
    }

    fn read_all(bytes: &[u8], limit: u64) -> (Vec<String>, Skipped, Option<String>) {
        listed("x.tar", bytes, |path, skipped, push| read(path, &Choice::default(), limit, skipped, push))
    }

    #[test]
    fn audio_is_read_and_the_rest_is_counted() {
        let long = format!("{}/x.mp3", "long/".repeat(40));
        let tar =
            archive(&[("a.json", b"{}"), ("a.flac", &[1; 700]), ("b.mp3", &[2; 5000]), (&long, b"123")]);
        let (found, skipped, error) = read_all(&tar, 4096);
        assert_eq!(found[0], "a.flac: 700");
        assert!(found[1].starts_with("b.mp3: takes more than 4096 bytes"), "{found:?}");
        assert_eq!(found[2], format!("{}: 3", long));
        assert_eq!((found.len(), skipped.total(), error), (3, 1, None));
    }

    #[test]
    fn headers_are_bounded_and_contents_are_not() {
        let named = |kind, bytes: &[u8]| {
            let mut tar = tar::Builder::new(Vec::new());
            let mut header = tar::Header::new_gnu();
            header.set_entry_type(kind);
            header.set_size(bytes.len() as u64);
            header.set_path("x").expect("a short name");
            header.set_cksum();
            tar.append(&header, bytes).expect("memory");
            let mut archive = tar.into_inner().expect("memory");
            archive.truncate(archive.len() - 1024);
            archive
        };
        let most = MOST_HEADER_BYTES as usize;
        let content = archive(&[("skipped.txt", &vec![7; 3 * most]), ("b.mp3", b"123")]);
        for kind in [EntryType::GNULongName, EntryType::XHeader] {
            let tar = [named(kind, &vec![b'a'; 2 * most]), content.clone()].concat();
            let (found, _, error) = read_all(&tar, 4096);
            assert!(found.is_empty() && error.is_some_and(|e| e.contains("take more than 1048576 bytes")));
        }
        assert_eq!(read_all(&content, 4096).0, ["b.mp3: 3"]);
        // Attributes of several members together may be more.
        let tar = [&content[..content.len() - 1024], &content].concat();
        assert_eq!(read_all(&tar, 4096).0.len(), 2);
    }

    #[test]
    fn names_are_only_names() {
        // The builder refuses such names, as it should.
        let mut tar = archive(&[("aaaaaaaaaaaaaaa.mp3", b"123")]);
        tar[..15].copy_from_slice(b"/../../../etc/x");
        let sum: u32 = tar[..512]
            .iter()
            .enumerate()
            .map(|(at, byte)| if (148..156).contains(&at) { 32 } else { u32::from(*byte) })
            .sum();
        tar[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        assert_eq!(read_all(&tar, 100).0, ["/../../../etc/x.mp3: 3"]);
    }

    #[cfg(unix)]
    #[test]
    fn bytes_of_names_stay() {
        let mut tar = archive(&[("la_.mp3", b"123")]);
        tar[2] = 0xe9;
        let sum: u32 = tar[..512]
            .iter()
            .enumerate()
            .map(|(at, byte)| if (148..156).contains(&at) { 32 } else { u32::from(*byte) })
            .sum();
        tar[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        let folder = tempfile::tempdir().expect("temporary folder");
        let path = folder.path().join("x.tar");
        std::fs::write(&path, tar).expect("a file");
        let mut names = Vec::new();
        let (choice, mut skipped) = (Choice::default(), Skipped::default());
        let _ = read(&path, &choice, 100, &mut skipped, &mut |item| {
            names.push(item.name().as_os_str().as_encoded_bytes().to_vec());
            ControlFlow::Continue(())
        })
        .expect("an archive");
        assert_eq!(names.len(), 1);
        assert!(names[0].ends_with(b"x.tar/la\xe9.mp3"), "{names:?}");
    }

    #[test]
    fn cut_and_lying_archives_are_told() {
        let whole = archive(&[("a.mp3", &[1; 700]), ("b.mp3", &[2; 700])]);
        for cut in [1, 100, 511, 513, 1000, 1600, 2100] {
            let (found, _, error) = read_all(&whole[..cut], 4096);
            assert!(error.is_some(), "cut at {cut}: {found:?}");
            assert!(found.len() <= 1, "cut at {cut}: {found:?}");
        }
        // A member that claims 8 GiB: nothing of the kind is reserved.
        let mut lying = whole.clone();
        lying[124..136].copy_from_slice(b"77777777777\0");
        let sum: u32 = lying[..512]
            .iter()
            .enumerate()
            .map(|(at, byte)| if (148..156).contains(&at) { 32 } else { u32::from(*byte) })
            .sum();
        lying[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        let (found, _, error) = read_all(&lying, 1 << 30);
        assert!(error.is_some() || found[0].starts_with("a.mp3:"), "{found:?} {error:?}");
        assert!(read_all(b"", 100).2.is_some_and(|error| error.contains("empty")));
        assert!(read_all(&[7; 4000], 100).2.is_some());
    }
}
