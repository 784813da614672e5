//! Audio in zip archives.

use std::fs::File;
use std::io::BufReader;
use std::ops::ControlFlow;
use std::path::Path;

use zip::ZipArchive;
use zip::result::ZipError;

use super::choice::Choice;
use super::tar_members::{content_of, inside};
use super::walk::{Skipped, chosen};
use super::{Input, InputError, Item, Shared};

/// Gives every piece of audio in the archive at `path` to `push`, in the order of
/// the archive's directory, which is held in memory.
pub(super) fn read(
    path: &Path,
    choice: &Choice,
    limit: u64,
    skipped: &mut Skipped,
    push: &mut dyn FnMut(Item) -> ControlFlow<()>,
) -> Result<ControlFlow<()>, InputError> {
    let mut archive = ZipArchive::new(BufReader::new(File::open(path)?)).map_err(damaged)?;
    for number in 0..archive.len() {
        // Without its content, so that what nobody wants costs nothing.
        let (name, is_file) = match archive.by_index_raw(number) {
            Ok(member) => (String::from_utf8_lossy(member.name_raw()).into_owned(), member.is_file()),
            Err(error) => return Err(damaged(error)),
        };
        if !is_file || !chosen(choice, &name, false, skipped) {
            continue;
        }
        let content = match archive.by_index(number) {
            Ok(mut member) => content_of(&mut member, limit),
            Err(ZipError::UnsupportedArchive(reason)) => {
                Err(InputError::Member { reason: format!("{reason}: pack it with deflate, or unpack it") })
            }
            Err(error) => Err(InputError::Member { reason: error.to_string() }),
        };
        let path = inside(path, &name);
        let flow = push(match content {
            Ok(bytes) => Item::whole(Input::Bytes { path, bytes: Shared::new(bytes) }),
            Err(InputError::Open(error)) => {
                Item::unreadable(path, InputError::Member { reason: error.to_string() })
            }
            Err(error) => Item::unreadable(path, error),
        });
        if flow.is_break() {
            return Ok(flow);
        }
    }
    Ok(ControlFlow::Continue(()))
}

fn damaged(error: ZipError) -> InputError {
    InputError::Container { container: "zip", reason: error.to_string() }
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Write};

    use zip::write::SimpleFileOptions;
    use zip::{CompressionMethod, ZipWriter};

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
        let folder = tempfile::tempdir().expect("temporary folder");
        let path = folder.path().join("x.zip");
        std::fs::write(&path, bytes).expect("a file");
        let (mut found, mut skipped) = (Vec::new(), Skipped::default());
        let read = read(&path, &Choice::default(), limit, &mut skipped, &mut |item| {
            let name = item.name().display().to_string();
            let name = name.split_once("x.zip/").expect("inside the archive").1;
            found.push(match item.input {
                Input::Bytes { bytes, .. } => format!("{name}: {}", bytes.as_ref().len()),
                Input::Unreadable { error, .. } => format!("{name}: {error}"),
                other => panic!("{other:?}"),
            });
            ControlFlow::Continue(())
        });
        (found, read.err().map(|error| error.to_string()))
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
