//! Tar files without some of their samples.

use std::collections::HashSet;
use std::io::{self, Read, Write};
use std::ops::ControlFlow;
use std::path::Path;

use super::cells::List;
use super::{AnnotateError, Counts, Verdicts, finish, next};
use crate::inputs::{Choice, Fate, InputError, Skipped, TarReader, fate, key, plain, sample_key};

/// Two empty blocks end an archive (POSIX.1-2017, pax, ustar interchange format).
const END: [u8; 1024] = [0; 1024];

/// Copies the archive at `path` without the samples of which some audio is not on
/// the allow list, one of `verdicts` for each member that is checked or told, or of
/// which some member may hold audio and was not checked. A sample is what has one
/// [`key`], wherever it stands; one without audio stays. What is copied is copied to
/// the byte, headers and all.
///
/// The keys of the samples that are left out are held in memory.
///
/// # Errors
/// See [`AnnotateError`]. Something may have been written before one.
pub fn write_tar(
    path: &Path,
    choice: &Choice,
    verdicts: &mut Verdicts<'_>,
    out: &mut impl Write,
) -> Result<Counts, AnnotateError> {
    let refused = refused(path, choice, verdicts)?;
    finish(verdicts)?;
    // The archive is read twice side by side: once for what its members are, once
    // for their bytes.
    let bytes = plain(path).map_err(InputError::from)?;
    let mut copy = Copy { bytes, at: 0, refused, out, counts: Counts::default() };
    let mut sample: Option<Sample> = None;
    TarReader::open(path).map_err(InputError::from)?.each(|member, _| -> Result<_, AnnotateError> {
        let same = sample.as_ref().is_some_and(|sample| sample.key == key(&member.name));
        if !same && let Some(whole) = sample.take() {
            copy.sample(&whole)?;
        }
        let sample = sample.get_or_insert_with(|| Sample { key: key(&member.name).to_owned(), end: 0 });
        sample.end = member.end;
        Ok(ControlFlow::Continue(()))
    })?;
    if let Some(last) = sample {
        copy.sample(&last)?;
    }
    let Copy { out, counts, .. } = copy;
    out.write_all(&END)?;
    Ok(counts)
}

/// The keys of the samples that are left out.
fn refused(
    path: &Path,
    choice: &Choice,
    verdicts: &mut Verdicts<'_>,
) -> Result<HashSet<String>, AnnotateError> {
    let mut refused = HashSet::new();
    TarReader::open(path).map_err(InputError::from)?.each(|member, content| -> Result<_, AnnotateError> {
        let mut content = Counted { content, read: 0 };
        // What is left out was counted when the archive was read.
        let allowed = match fate(choice, &member.name, &member.kind, &mut content, &mut Skipped::default())? {
            Fate::Checked(_) | Fate::Refused(_) => next(verdicts)?.list() == List::Allow,
            Fate::Unchecked => false,
            Fate::Silent => true,
        };
        io::copy(&mut content, &mut io::sink())?;
        // A member that is cut had no verdict of its own.
        if content.read < member.size {
            return Err(cut(&member.name));
        }
        if !allowed {
            refused.insert(sample_key(&member.name));
        }
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(refused)
}

/// A content of which the bytes are counted.
struct Counted<'a> {
    content: &'a mut dyn Read,
    read: u64,
}

impl Read for Counted<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let read = self.content.read(buf)?;
        self.read += read as u64;
        Ok(read)
    }
}

fn cut(name: &str) -> AnnotateError {
    InputError::Container { container: "tar", reason: format!("it ends inside {name}") }.into()
}

struct Sample {
    key: String,
    /// Where in the unpacked archive it ends.
    end: u64,
}

struct Copy<'a, W> {
    bytes: Box<dyn io::BufRead + Send>,
    at: u64,
    refused: HashSet<String>,
    out: &'a mut W,
    counts: Counts,
}

impl<W: Write> Copy<'_, W> {
    fn sample(&mut self, sample: &Sample) -> Result<(), AnnotateError> {
        let length = sample.end.saturating_sub(self.at);
        let mut bytes = (&mut self.bytes).take(length);
        self.counts.read += 1;
        let copied = if self.refused.contains(&sample_key(&sample.key)) {
            io::copy(&mut bytes, &mut io::sink())?
        } else {
            self.counts.written += 1;
            io::copy(&mut bytes, self.out)?
        };
        if copied < length {
            return Err(cut(&sample.key));
        }
        self.at = self.at.max(sample.end);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::dataset::Cells;
    use crate::verdict::VerdictKind;

    fn archive(members: &[(&str, &[u8])]) -> Vec<u8> {
        let mut tar = ::tar::Builder::new(Vec::new());
        for (name, content) in members {
            let mut header = ::tar::Header::new_gnu();
            header.set_size(content.len() as u64);
            header.set_mode(0o644);
            header.set_mtime(7);
            tar.append_data(&mut header, name, *content).expect("memory");
        }
        tar.into_inner().expect("memory")
    }

    /// One verdict for each piece of audio.
    fn cells(verdict: VerdictKind) -> io::Result<Cells> {
        let none = Vec::new;
        Ok(Cells {
            path: String::new(),
            path_bytes: None,
            verdict,
            reasons: none(),
            recordings: none(),
            isrcs: none(),
            error: None,
        })
    }

    /// The members that are left where every verdict allows.
    fn left(bytes: &[u8], choice: &Choice, verdicts: usize) -> String {
        let folder = tempfile::tempdir().expect("temporary folder");
        let path = folder.path().join("x.tar");
        fs::write(&path, bytes).expect("a file");
        let mut out = Vec::new();
        let mut verdicts = (0..verdicts).map(|_| cells(VerdictKind::Allowed));
        write_tar(&path, choice, &mut verdicts, &mut out).expect("written");
        let mut names = Vec::new();
        for entry in ::tar::Archive::new(&out[..]).entries().expect("an archive") {
            names.push(String::from_utf8_lossy(&entry.expect("a member").path_bytes()).into_owned());
        }
        names.join(" ")
    }

    #[test]
    fn what_may_hold_audio_and_was_not_checked_goes_with_its_sample() {
        let wave = &b"RIFF\x24\0\0\0WAVEfmt "[..];
        let all: [(&str, &[u8]); 12] = [
            ("0.flac", b"x"),
            ("0.json", b"{}"),
            ("1.flac", b"x"),
            ("1.raw", &[0, 1, 2, 3]),
            ("2.flac", b"x"),
            ("2.amr", b"#!AMR\n"),
            ("3.flac", b"x"),
            (".hidden.mp3", b"ID3"),
            ("4.flac", b"x"),
            ("4.png", b"\x89PNG\r\n\x1a\n"),
            ("5.song", wave),
            ("./1.txt", b"the first, once more"),
        ];
        // Five .flac, .amr and .song have verdicts; that of the .amr is an error.
        let bytes = archive(&all);
        assert_eq!(
            left(&bytes, &Choice::default(), 7),
            "0.flac 0.json 2.flac 2.amr 3.flac 4.flac 4.png 5.song"
        );
        let said = Choice::default().without_audio(&["*.raw".to_owned(), ".*".to_owned()]).expect("globs");
        assert_eq!(left(&bytes, &said, 7).split(' ').count(), all.len());
        let excluded = Choice::new(&[], &["5.*".to_owned()], false).expect("globs");
        assert!(!left(&bytes, &excluded, 6).contains("5.song"));
    }

    #[test]
    fn links_and_members_of_one_name_count_as_the_strictest() {
        let mut tar = ::tar::Builder::new(Vec::new());
        let mut add = |kind, name: &str, target: &str, content: &[u8]| {
            let mut header = ::tar::Header::new_gnu();
            header.set_entry_type(kind);
            header.set_size(content.len() as u64);
            header.set_mode(0o644);
            if !target.is_empty() {
                header.set_link_name(target).expect("a short name");
            }
            // As it is: the builder would tidy it.
            header.as_gnu_mut().expect("such a header").name[..name.len()].copy_from_slice(name.as_bytes());
            header.set_cksum();
            tar.append(&header, content).expect("memory");
        };
        use ::tar::EntryType::{Link, Regular, Symlink};
        add(Regular, "0.flac", "", b"x");
        add(Regular, "1.json", "", b"{}");
        add(Link, "1.song", "0.flac", b"");
        add(Regular, "2.json", "", b"{}");
        add(Symlink, "2.x", "../elsewhere", b"");
        add(Regular, "a//3.json", "", b"{}");
        add(Regular, "4.txt", "", b"text");
        add(Regular, "a/b/../3.bin", "", &[0, 1]);
        let bytes = tar.into_inner().expect("memory");
        // The first has a verdict, and so has the link, whose target is called audio.
        let folder = tempfile::tempdir().expect("temporary folder");
        let path = folder.path().join("x.tar");
        fs::write(&path, &bytes).expect("a file");
        let mut out = Vec::new();
        let verdicts = [VerdictKind::Allowed, VerdictKind::Error];
        let mut verdicts = verdicts.into_iter().map(cells);
        let counts = write_tar(&path, &Choice::default(), &mut verdicts, &mut out).expect("written");
        assert_eq!(counts, Counts { read: 6, written: 2 });
        assert!(out.starts_with(&bytes[..1024]) && out.len() == 1024 + 1024 + END.len());
    }

    #[test]
    fn samples_go_as_a_whole_and_the_rest_stays_to_the_byte() {
        let long = format!("{}/1.flac", "long/".repeat(40));
        let all: [(&str, &[u8]); 7] = [
            ("0.flac", &[1; 700]),
            ("0.json", b"{}"),
            ("1.left.mp3", &[2; 512]),
            ("1.right.mp3", b"3"),
            ("1.txt", b"x"),
            ("README", b"hello"),
            (&long, &[4; 1500]),
        ];
        let folder = tempfile::tempdir().expect("temporary folder");
        let path = folder.path().join("x.tar");
        fs::write(&path, archive(&all)).expect("a file");
        use VerdictKind::{Allowed, Disallowed, NoMatch};
        let write = |verdicts: &[VerdictKind]| {
            let mut out = Vec::new();
            let mut verdicts = verdicts.iter().map(|verdict| cells(*verdict));
            write_tar(&path, &Choice::default(), &mut verdicts, &mut out).map(|counts| (counts, out))
        };
        let (counts, out) = write(&[Allowed, NoMatch, Allowed, Allowed]).unwrap();
        assert_eq!(counts, Counts { read: 4, written: 4 });
        assert!(out == archive(&all));
        let (counts, out) = write(&[Allowed, Allowed, Disallowed, Allowed]).unwrap();
        assert_eq!(counts, Counts { read: 4, written: 3 });
        assert!(out == archive(&[all[0], all[1], all[5], all[6]]));
        let (_, out) = write(&[Disallowed; 4]).unwrap();
        assert!(out == archive(&[all[5]]));
        assert!(matches!(write(&[Allowed; 3]), Err(AnnotateError::Changed)));
        assert!(matches!(write(&[Allowed; 5]), Err(AnnotateError::Changed)));
        fs::write(&path, &archive(&all)[..1100]).expect("a file");
        assert!(matches!(write(&[Allowed; 4]), Err(AnnotateError::Rows(_))));
    }
}
