//! Audio in zip archives.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::ops::ControlFlow;
use std::path::Path;
use std::rc::Rc;

use zip::ZipArchive;
use zip::result::ZipError;

use super::choice::Choice;
use super::members::{Fate, MemberKind, fate};
use super::tar_members::{content_of, inside};
use super::walk::Skipped;
use super::{Input, InputError, Item, Shared};

/// Bytes that may be read to know what is in an archive: 128 MiB, the directory of a
/// million files with names of 80 bytes (PKWARE APPNOTE 6.3.10, section 4.3.12: 46
/// bytes and the name). It is held in memory, in some four times as many bytes.
const LARGEST_DIRECTORY: u64 = 128 << 20;

/// Bytes of the longest name that a link may stand for (PATH_MAX of Linux).
const LONGEST_TARGET: u64 = 4096;

/// A source of which so many bytes may be read.
struct Bounded<R> {
    source: R,
    left: Rc<Cell<u64>>,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let read = self.source.read(buf)?;
        let left = self.left.get().checked_sub(read as u64);
        self.left.set(left.unwrap_or(0));
        left.map(|_| read).ok_or_else(too_large)
    }
}

impl<R: Seek> Seek for Bounded<R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.source.seek(to)
    }
}

fn too_large() -> io::Error {
    let reason = format!(
        "its directory has more than {LARGEST_DIRECTORY} bytes, or it has none: pack fewer files into one, or use tar"
    );
    io::Error::new(io::ErrorKind::InvalidData, reason)
}

/// Opens an archive and reads its directory, and no more than `limit` bytes for that.
fn open<R: Read + Seek>(source: R, limit: u64) -> Result<ZipArchive<Bounded<R>>, InputError> {
    let left = Rc::new(Cell::new(limit));
    let archive = ZipArchive::new(Bounded { source, left: Rc::clone(&left) });
    // Where one directory cannot be read the library looks for others, and says then
    // that there is none.
    let archive =
        archive.map_err(|error| damaged(if left.get() == 0 { too_large().into() } else { error }))?;
    left.set(u64::MAX);
    Ok(archive)
}

/// Gives every piece of audio in the archive at `path` to `push`, in the order of
/// the archive's directory, which is held in memory.
pub(super) fn read(
    path: &Path,
    choice: &Choice,
    limit: u64,
    skipped: &mut Skipped,
    push: &mut dyn FnMut(Item) -> ControlFlow<()>,
) -> Result<ControlFlow<()>, InputError> {
    read_from(BufReader::new(File::open(path)?), path, choice, limit, skipped, push)
}

/// Gives every piece of audio in the archive `source`, which is called `path`, to
/// `push`.
pub(super) fn read_from<R: Read + Seek>(
    source: R,
    path: &Path,
    choice: &Choice,
    limit: u64,
    skipped: &mut Skipped,
    push: &mut dyn FnMut(Item) -> ControlFlow<()>,
) -> Result<ControlFlow<()>, InputError> {
    let mut archive = open(source, LARGEST_DIRECTORY)?;
    for number in 0..archive.len() {
        let Some(item) = member(&mut archive, number, path, choice, limit, skipped)? else { continue };
        let flow = push(item);
        if flow.is_break() {
            return Ok(flow);
        }
    }
    Ok(ControlFlow::Continue(()))
}

/// What is pushed of a member, if anything is.
fn member<R: Read + Seek>(
    archive: &mut ZipArchive<R>,
    number: usize,
    path: &Path,
    choice: &Choice,
    limit: u64,
    skipped: &mut Skipped,
) -> Result<Option<Item>, InputError> {
    // Without its content, so that a directory costs nothing.
    let (name_bytes, is_symlink, is_dir) = match archive.by_index_raw(number) {
        Ok(member) => (member.name_raw().to_vec(), member.is_symlink(), member.is_dir()),
        Err(error) => return Err(damaged(error)),
    };
    let name = String::from_utf8_lossy(&name_bytes);
    let path = inside(path, &name_bytes);
    if is_dir {
        return Ok(None);
    }
    let mut content = match archive.by_index(number) {
        Ok(content) => content,
        // Nobody knows what it is, but by its name or because somebody said so.
        Err(error) => {
            let error = InputError::Member {
                reason: match error {
                    ZipError::UnsupportedArchive(reason) => {
                        format!("{reason}: pack it with deflate and without a password, or unpack it")
                    }
                    other => other.to_string(),
                },
            };
            let fate = fate(choice, &name, &MemberKind::File, &mut io::repeat(0), skipped);
            let is_wanted = matches!(fate, Ok(Fate::Checked(_)));
            return Ok(is_wanted.then(|| Item::unreadable(path, error)));
        }
    };
    let kind = if is_symlink {
        let mut target = Vec::new();
        let _ = content.by_ref().take(LONGEST_TARGET).read_to_end(&mut target);
        MemberKind::Link(String::from_utf8_lossy(&target).into_owned())
    } else {
        MemberKind::File
    };
    let bytes = match fate(choice, &name, &kind, &mut content, skipped) {
        Ok(Fate::Checked(head)) => content_of(&mut (&head[..]).chain(content), limit),
        Ok(Fate::Refused(error)) => Err(error),
        Ok(Fate::Unchecked | Fate::Silent) => return Ok(None),
        Err(error) => Err(InputError::Open(error)),
    };
    Ok(Some(match bytes {
        Ok(bytes) => Item::whole(Input::Bytes { path, bytes: Shared::new(bytes) }),
        Err(InputError::Open(error)) => {
            Item::unreadable(path, InputError::Member { reason: error.to_string() })
        }
        Err(error) => Item::unreadable(path, error),
    }))
}

fn damaged(error: ZipError) -> InputError {
    InputError::Container { container: "zip", reason: error.to_string() }
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Write};

    use zip::write::SimpleFileOptions;
    use zip::{CompressionMethod, ZipWriter};

    use super::super::testing::listed;
    use super::*;

    fn archive(members: &[(&str, &[u8])]) -> Vec<u8> {
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
        for (name, content) in members {
            zip.start_file(*name, options).expect("memory");
            zip.write_all(content).expect("memory");
        }
        zip.finish().expect("memory").into_inner()
    }

    fn read_all(bytes: &[u8], limit: u64) -> (Vec<String>, Option<String>) {
        let (found, _, error) = listed("x.zip", bytes, |path, skipped, push| {
            read(path, &Choice::default(), limit, skipped, push)
        });
        (found, error)
    }

    #[test]
    fn members_are_read_and_bombs_are_limited() {
        let bomb = vec![0; 10 << 20];
        let zip =
            archive(&[("a.mp3", &[1; 700]), ("b.mp3", &bomb), ("notes.txt", b"x"), ("../../c.mp3", b"123")]);
        assert!(zip.len() < 20_000, "it is a bomb");
        let (found, error) = read_all(&zip, 1 << 20);
        assert_eq!((found.len(), error), (3, None), "{found:?}");
        assert_eq!((&found[0][..], &found[2][..]), ("a.mp3: 700", "../../c.mp3: 3"));
        assert!(found[1].starts_with("b.mp3: takes more than 1048576 bytes"), "{found:?}");
    }

    #[test]
    fn what_has_no_telling_name_is_looked_at() {
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        let options = SimpleFileOptions::default();
        let wave = &b"RIFF\x24\0\0\0WAVEfmt "[..];
        for (name, content) in [
            ("a.song", wave),
            ("a.json", b"{}"),
            ("a.raw", &[0, 1, 2]),
            ("a.amr", b"#!AMR\n"),
            (".b.mp3", wave),
        ] {
            zip.start_file(name, options).expect("memory");
            zip.write_all(content).expect("memory");
        }
        zip.add_symlink("c.mp3", "a.song", options).expect("memory");
        zip.add_symlink("c.x", "../c", options).expect("memory");
        let bytes = zip.finish().expect("memory").into_inner();
        let (found, skipped, error) = listed("x.zip", &bytes, |path, skipped, push| {
            read(path, &Choice::default(), 1 << 20, skipped, push)
        });
        assert_eq!(error, None);
        assert_eq!(found.len(), 3, "{found:?}");
        assert_eq!(found[0], "a.song: 16");
        assert!(found[1].starts_with("a.amr: cannot be read from the archive: it is AMR-NB"), "{found:?}");
        assert!(found[2].starts_with("c.mp3: cannot be read from the archive: it is a link"), "{found:?}");
        assert_eq!(
            skipped.to_string(),
            "2 without an audio extension (1 .json, 1 .raw), 1 hidden, 1 links; \
             3 of these may hold audio and are not checked"
        );
    }

    #[test]
    fn a_directory_has_a_limit() {
        let names: Vec<String> = (0..3000).map(|number| format!("{number:08}.mp3")).collect();
        let members: Vec<(&str, &[u8])> = names.iter().map(|name| (&name[..], &b"1"[..])).collect();
        let folder = tempfile::tempdir().expect("temporary folder");
        let path = folder.path().join("x.zip");
        std::fs::write(&path, archive(&members)).expect("a file");
        let opened = |limit| {
            open(BufReader::new(File::open(&path).expect("a file")), limit).map(|mut archive| {
                // What is in it is not part of the directory.
                for number in 0..archive.len() {
                    io::copy(&mut archive.by_index(number).expect("a member"), &mut io::sink())
                        .expect("a byte");
                }
                archive.len()
            })
        };
        // 46 bytes and 12 of the name each; what is sought at the end comes on top.
        let directory = 3000 * (46 + 12);
        assert_eq!(opened(directory + (1 << 17)).expect("an archive"), 3000);
        let error = opened(directory - 1).expect_err("too large").to_string();
        assert!(error.contains("its directory has more than"), "{error}");
    }

    #[test]
    fn damage_costs_what_is_damaged() {
        let noise: Vec<u8> = (0..2000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        let whole = archive(&[("a.mp3", &noise), ("b.mp3", b"123")]);
        let mut flipped = whole.clone();
        flipped[500] ^= 0xff;
        let (found, error) = read_all(&flipped, 1 << 20);
        assert_eq!((found.len(), error), (2, None));
        assert!(found[0].starts_with("a.mp3: cannot be read from the archive"), "{found:?}");
        assert_eq!(found[1], "b.mp3: 3");
        for cut in [0, 10, 300, whole.len() - 1] {
            assert!(read_all(&whole[..cut], 1 << 20).1.is_some(), "cut at {cut}");
        }
        // Whatever is flipped, there is an answer.
        for at in (0..whole.len()).step_by(7) {
            let mut flipped = whole.clone();
            flipped[at] ^= 0x55;
            read_all(&flipped, 1 << 20);
        }
    }
}
