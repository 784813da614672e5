//! Tar files without some of their samples.

use std::io::{self, Read, Write};
use std::path::Path;

use super::cells::List;
use super::{AnnotateError, Counts, Verdicts, finish, next};
use crate::inputs::{Choice, InputError, TarReader, key, plain};

/// Two empty blocks end an archive (POSIX.1-2017, pax, ustar interchange format).
const END: [u8; 1024] = [0; 1024];

/// Copies the archive at `path` without the samples of which some audio is not on
/// the allow list, one of `verdicts` for each piece of audio that `choice` takes.
/// A sample is what stands together under one [`key`]; one without audio stays.
/// What is copied is copied to the byte, headers and all.
///
/// # Errors
/// See [`AnnotateError`]. Something may have been written before one.
pub fn write_tar(
    path: &Path,
    choice: &Choice,
    verdicts: &mut Verdicts<'_>,
    out: &mut impl Write,
) -> Result<Counts, AnnotateError> {
    // The archive is read twice side by side: once for what its members are, once
    // for their bytes.
    let mut copy =
        Copy { bytes: plain(path).map_err(InputError::from)?, at: 0, out, counts: Counts::default() };
    let mut sample: Option<Sample> = None;
    TarReader::open(path).map_err(InputError::from)?.each(|member, content| -> Result<_, AnnotateError> {
        // A member that is cut had no verdict of its own.
        if io::copy(content, &mut io::sink())? < member.size {
            return Err(cut(&member.name));
        }
        let same = sample.as_ref().is_some_and(|sample| sample.key == key(&member.name));
        if !same && let Some(whole) = sample.take() {
            copy.sample(&whole)?;
        }
        let sample =
            sample.get_or_insert_with(|| Sample { key: key(&member.name).to_owned(), end: 0, allowed: true });
        sample.end = member.end;
        if member.is_file && choice.takes(&member.name) {
            sample.allowed &= next(verdicts)?.list() == List::Allow;
        }
        Ok(std::ops::ControlFlow::Continue(()))
    })?;
    if let Some(last) = sample {
        copy.sample(&last)?;
    }
    finish(verdicts)?;
    let Copy { out, counts, .. } = copy;
    out.write_all(&END)?;
    Ok(counts)
}

fn cut(name: &str) -> AnnotateError {
    InputError::Container { container: "tar", reason: format!("it ends inside {name}") }.into()
}

struct Sample {
    key: String,
    /// Where in the unpacked archive it ends.
    end: u64,
    allowed: bool,
}

struct Copy<'a, W> {
    bytes: Box<dyn io::BufRead + Send>,
    at: u64,
    out: &'a mut W,
    counts: Counts,
}

impl<W: Write> Copy<'_, W> {
    fn sample(&mut self, sample: &Sample) -> Result<(), AnnotateError> {
        let length = sample.end.saturating_sub(self.at);
        let mut bytes = (&mut self.bytes).take(length);
        self.counts.read += 1;
        let copied = if sample.allowed {
            self.counts.written += 1;
            io::copy(&mut bytes, self.out)?
        } else {
            io::copy(&mut bytes, &mut io::sink())?
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
        let cells = |verdict| {
            let none = Vec::new;
            Ok(Cells {
                path: String::new(),
                verdict,
                reasons: none(),
                recordings: none(),
                isrcs: none(),
                error: None,
            })
        };
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
