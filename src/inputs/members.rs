//! What becomes of a member of an archive, by its name and by its bytes.
//!
//! A name says that a member is audio, never that it is none: what has another name
//! is looked at. So whatever may sound is checked, or told and kept out of what a
//! scan lets pass.

use std::io::{self, Read};
use std::path::Path;

use super::InputError;
use super::choice::{Choice, Chosen};
use super::sniff::{Bytes, Sniffed, sniff};
use super::walk::Skipped;

/// What kind of a member it is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MemberKind {
    /// It has bytes.
    File,
    /// It stands for another member, or a file outside, of this name.
    Link(String),
    /// A folder, a device, an attribute of the archive.
    Other,
}

/// What becomes of a member.
#[derive(Debug)]
pub enum Fate {
    /// It is audio and is checked. These bytes of it were read to know that.
    Checked(Vec<u8>),
    /// It is audio, or is called so, and cannot be checked: it is told in its place.
    Refused(InputError),
    /// It may be audio and is not checked; it is counted.
    Unchecked,
    /// It is no audio, by its bytes or because somebody said so.
    Silent,
}

/// Decides about the member that is called `name`, counts it in `skipped` where it is
/// left out, and reads of `content` what that takes.
///
/// # Errors
/// If `content` cannot be read.
pub fn fate(
    choice: &Choice,
    name: &str,
    kind: &MemberKind,
    content: &mut dyn Read,
    skipped: &mut Skipped,
) -> io::Result<Fate> {
    let chosen = choice.file(name, &extension(name), false);
    match kind {
        MemberKind::Other => Ok(Fate::Silent),
        MemberKind::Link(target) => Ok(link(choice, target, chosen, skipped)),
        MemberKind::File if chosen == Chosen::Taken => Ok(Fate::Checked(Vec::new())),
        MemberKind::File => file(name, chosen, content, skipped),
    }
}

fn file(name: &str, chosen: Chosen, content: &mut dyn Read, skipped: &mut Skipped) -> io::Result<Fate> {
    if chosen == Chosen::Silent {
        skipped.silent += 1;
        return Ok(Fate::Silent);
    }
    let Sniffed { bytes, head } = sniff(content)?;
    match (chosen, bytes) {
        (Chosen::NotAudio, Bytes::Audio) => return Ok(Fate::Checked(head)),
        (Chosen::NotAudio, Bytes::Unread(what)) => {
            let reason = format!("it is {what}, which is not read from there");
            return Ok(Fate::Refused(InputError::Member { reason }));
        }
        (_, Bytes::Silent) => {
            skipped.count(chosen, name);
            return Ok(Fate::Silent);
        }
        _ => {}
    }
    skipped.count(chosen, name);
    skipped.unchecked += 1;
    Ok(Fate::Unchecked)
}

/// A link has no bytes. What it stands for may lie outside of the archive.
fn link(choice: &Choice, target: &str, chosen: Chosen, skipped: &mut Skipped) -> Fate {
    if chosen == Chosen::Silent {
        skipped.silent += 1;
        return Fate::Silent;
    }
    let is_wanted = matches!(chosen, Chosen::Taken | Chosen::NotAudio);
    let is_called_audio =
        chosen == Chosen::Taken || choice.file(target, &extension(target), false) == Chosen::Taken;
    if is_wanted && is_called_audio {
        let reason = format!("it is a link to {target:?}, and links are not followed: pack the file itself");
        return Fate::Refused(InputError::Member { reason });
    }
    skipped.links += 1;
    skipped.unchecked += 1;
    Fate::Unchecked
}

/// In lower case.
pub(super) fn extension(name: &str) -> String {
    Path::new(name).extension().map(|e| e.to_string_lossy().to_ascii_lowercase()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_bytes_decide_together() {
        let globs = |globs: &[&str]| globs.iter().map(ToString::to_string).collect::<Vec<_>>();
        let choice = Choice::new(&[], &globs(&["left/*"]), false).expect("globs");
        let choice = choice.without_audio(&globs(&["*.npy"])).expect("globs");
        let wave = &b"RIFF\x24\0\0\0WAVEfmt "[..];
        let samples = &[0u8, 7, 1, 9][..];
        let file = MemberKind::File;
        let link = |target: &str| MemberKind::Link(target.to_owned());
        let mut skipped = Skipped::default();
        for (name, kind, content, expected) in [
            ("a.mp3", &file, samples, "checked, 0 read"),
            ("a.song", &file, wave, "checked, 16 read"),
            ("a", &file, wave, "checked, 16 read"),
            ("a.json", &file, wave, "checked, 16 read"),
            ("a.json", &file, b"{}", "silent"),
            ("a.npy", &file, samples, "silent"),
            ("a.raw", &file, samples, "unchecked"),
            ("a.7z", &file, b"7z\xbc\xaf\x27\x1c", "unchecked"),
            ("a.amr", &file, b"#!AMR\n", "refused: it is AMR-NB (AMR), which is not read from there"),
            (".a.mp3", &file, wave, "unchecked"),
            (".a.txt", &file, b"text", "silent"),
            ("left/a.mp3", &file, wave, "unchecked"),
            ("left/a.txt", &file, b"text", "silent"),
            (
                "a.mp3",
                &link("x"),
                b"",
                "refused: it is a link to \"x\", and links are not followed: pack the file itself",
            ),
            (
                "a.x",
                &link("../a.MP3"),
                b"",
                "refused: it is a link to \"../a.MP3\", and links are not followed: pack the file itself",
            ),
            ("a.x", &link("b.x"), b"", "unchecked"),
            (".a.mp3", &link("b.mp3"), b"", "unchecked"),
            ("a.npy", &link("b.mp3"), b"", "silent"),
            ("a.mp3", &MemberKind::Other, b"", "silent"),
        ] {
            let fate = fate(&choice, name, kind, &mut &content[..], &mut skipped).expect("memory");
            let told = match fate {
                Fate::Checked(head) => format!("checked, {} read", head.len()),
                Fate::Refused(InputError::Member { reason }) => format!("refused: {reason}"),
                Fate::Refused(other) => panic!("{other}"),
                Fate::Unchecked => "unchecked".to_owned(),
                Fate::Silent => "silent".to_owned(),
            };
            assert_eq!(told, expected, "{name} {kind:?}");
        }
        assert_eq!(
            skipped.to_string(),
            "3 without an audio extension (1 .7z, 1 .json, 1 .raw), 2 hidden, 2 links, \
             2 by --include or --exclude, 2 by --not-audio; 6 of these may hold audio and are not checked"
        );
    }
}
