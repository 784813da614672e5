//! Which items a run had under way when its process died.
//!
//! A file may end the process that reads it: memory runs out and the system kills, a
//! library uses up its stack. No error is left then, and a run that is gone on with
//! would die at the same file again. So the name of an item is written into a small file
//! before the work on it begins, and crossed out when it ends. What is not crossed out
//! when a process died was under way. Of several items under way one was the cause, or
//! none: somebody may have killed the process, or the power was cut. So the next run
//! works on each of them alone, and only what is under way alone when a process dies
//! again is passed over.
//!
//! The file has a line of [`LINE`] bytes for each such item and for each thread,
//! written over again and again: it stays small, and costs two writes an item. They
//! need no sync: what a process has written stays when it dies.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::files;

/// Bytes of a line, with its end.
const LINE: usize = 256;

/// Lines that there is room for from the start, so that a disk that gets full does not
/// hinder writing over them; more threads make more lines.
const LINES: usize = 64;

/// Most bytes of a file that are read; one of a thousand threads has fewer.
const MOST_BYTES: u64 = 1 << 20;

/// Deaths after which an item is passed over: beside others, and alone.
const DEATHS: u32 = 2;

/// What follows for an item from how often it was under way when a process died.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Care {
    /// Never: it is worked on beside others.
    None,
    /// Once: it is worked on alone.
    Alone,
    /// Twice, at last alone: it is passed over.
    PassOver,
}

/// Items that were under way when processes died.
///
/// An item is known by a hash of its name, so that the same name is the same item.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Suspects(BTreeMap<String, u32>);

impl Suspects {
    /// Reads what an earlier run left at `path`; none if there is no file. What is no
    /// line of ours, after a power cut say, accuses nobody.
    ///
    /// # Errors
    /// If the file is there and cannot be read, or if another process writes it.
    pub fn read(path: &Path) -> io::Result<Self> {
        let Some(file) = files::locked(path)? else { return Ok(Self::default()) };
        let mut bytes = Vec::new();
        file.take(MOST_BYTES).read_to_end(&mut bytes)?;
        let mut suspects = Self::default();
        for line in bytes.chunks_exact(LINE).filter_map(|line| std::str::from_utf8(line).ok()) {
            let mut words = line.split_ascii_whitespace();
            let (state, deaths) = (words.next(), words.next().and_then(|word| word.parse::<u32>().ok()));
            let (Some(deaths), Some(label)) = (deaths, words.next()) else { continue };
            let deaths = match state {
                Some("suspect") => deaths,
                Some("in-work") => deaths.saturating_add(1),
                _ => continue,
            };
            let known = suspects.0.entry(label.to_owned()).or_default();
            *known = deaths.max(*known);
        }
        Ok(suspects)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many are worked on alone, and how many are passed over.
    pub fn counts(&self) -> (usize, usize) {
        let passed_over = self.0.values().filter(|deaths| **deaths >= DEATHS).count();
        (self.0.len() - passed_over, passed_over)
    }

    /// What to do with the item that is called `name`.
    pub fn care(&self, name: &OsStr) -> Care {
        if self.is_empty() {
            return Care::None;
        }
        match self.deaths(&label(name)) {
            0 => Care::None,
            deaths if deaths < DEATHS => Care::Alone,
            _ => Care::PassOver,
        }
    }

    fn deaths(&self, label: &str) -> u32 {
        self.0.get(label).copied().unwrap_or(0)
    }
}

/// What stands for a name in the file: a hash of it.
fn label(name: &OsStr) -> String {
    blake3::hash(name.as_encoded_bytes()).to_hex()[..32].to_owned()
}

/// The items under way, as they stand in a file that this process alone writes.
#[derive(Debug)]
pub struct Marks {
    path: PathBuf,
    suspects: Suspects,
    lines: Mutex<Lines>,
}

#[derive(Debug)]
struct Lines {
    file: File,
    /// Whether each line behind those of the suspects is in use.
    used: Vec<bool>,
}

impl Marks {
    /// Begins the file at `path` anew; `suspects` of earlier runs stand in it again.
    ///
    /// # Errors
    /// If it cannot be written, or if another process writes it.
    pub fn begin(path: &Path, suspects: Suspects) -> io::Result<Self> {
        let mut file = files::create(path)?;
        let known = suspects.0.iter().map(|(label, deaths)| line(&format!("suspect {deaths} {label}")));
        let free = std::iter::repeat_n(line(""), LINES);
        file.write_all(&known.chain(free).collect::<Vec<_>>().concat())?;
        let lines = Mutex::new(Lines { file, used: vec![false; LINES] });
        Ok(Self { path: path.to_owned(), suspects, lines })
    }

    /// The items that are worked on alone or passed over.
    pub fn suspects(&self) -> &Suspects {
        &self.suspects
    }

    /// Notes that the work on an item begins. It ends when what is returned is dropped,
    /// also by a panic.
    pub fn start(&self, name: &OsStr) -> Mark<'_> {
        let label = label(name);
        let deaths = self.suspects.deaths(&label);
        // The end of a path says most, to whoever looks into the file.
        let name = name.as_encoded_bytes();
        let shown = String::from_utf8_lossy(&name[name.len().saturating_sub(100)..]).into_owned();
        let text = format!("in-work {deaths} {label} {}", shown.escape_debug());
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        let at = lines.used.iter().position(|used| !used).unwrap_or(lines.used.len());
        if at == lines.used.len() {
            lines.used.push(false);
        }
        lines.used[at] = true;
        self.write(&mut lines, at, &text);
        Mark { marks: self, at }
    }

    /// Ends in order: what is still under way is not suspected because of it. The file
    /// goes, unless a run that is to go on (`Ending::Stopped`, or an error) has suspects.
    ///
    /// # Errors
    /// If the file cannot be removed.
    pub fn end(&self, ending: super::Ending) -> io::Result<()> {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        for at in 0..lines.used.len() {
            self.write(&mut lines, at, "");
        }
        if !ending.is_complete() && !self.suspects.is_empty() {
            return Ok(());
        }
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// A line that cannot be written is one that nobody can read after a death: the
    /// item is worked on beside others again. That is no reason to end a run.
    fn write(&self, lines: &mut Lines, at: usize, text: &str) {
        let at = (self.suspects.0.len() + at) * LINE;
        let _ = lines.file.seek(SeekFrom::Start(at as u64)).and_then(|_| lines.file.write_all(&line(text)));
    }
}

/// An item that is under way.
#[derive(Debug)]
#[must_use]
pub struct Mark<'a> {
    marks: &'a Marks,
    at: usize,
}

impl Drop for Mark<'_> {
    fn drop(&mut self) {
        let mut lines = self.marks.lines.lock().unwrap_or_else(PoisonError::into_inner);
        self.marks.write(&mut lines, self.at, "");
        lines.used[self.at] = false;
    }
}

/// A line of the file.
fn line(text: &str) -> Vec<u8> {
    let mut end = text.len().min(LINE - 1);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let mut line = text.as_bytes()[..end].to_vec();
    line.resize(LINE - 1, b' ');
    line.push(b'\n');
    line
}

#[cfg(test)]
mod tests {
    use super::super::Ending;
    use super::*;

    /// What a process that is killed now leaves: how often each name is suspected.
    fn left(path: &Path, names: &[&str]) -> Vec<u32> {
        // The file is locked by the marks of this process; read it as it is.
        let copy = path.with_extension("copy");
        fs::copy(path, &copy).expect("a file");
        let found = Suspects::read(&copy).expect("a file");
        names.iter().map(|name| found.deaths(&label(name.as_ref()))).collect()
    }

    fn read_copy(path: &Path) -> Suspects {
        let copy = path.with_extension("copy");
        fs::copy(path, &copy).expect("a file");
        Suspects::read(&copy).expect("a file")
    }

    #[test]
    fn what_is_not_crossed_out_is_suspected() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let path = folder.path().join("x.in-work");
        assert!(Suspects::read(&path).expect("no file").is_empty());
        let marks = Marks::begin(&path, Suspects::default()).expect("written");
        let (first, _second) = (marks.start("a.mp3".as_ref()), marks.start("b c.mp3".as_ref()));
        drop(first);
        let long = "\u{fc}\n".repeat(300);
        let _third = marks.start(long.as_ref());
        assert_eq!(left(&path, &["a.mp3", "b c.mp3", &long]), [0, 1, 1]);
        let suspects = read_copy(&path);
        assert_eq!(suspects.care("a.mp3".as_ref()), Care::None);
        assert_eq!(suspects.care("b c.mp3".as_ref()), Care::Alone);
        assert_eq!(suspects.counts(), (2, 0));

        // The second run dies at the same item.
        fs::remove_file(&path).expect("a file");
        let marks = Marks::begin(&path, suspects).expect("written");
        let _first = marks.start("b c.mp3".as_ref());
        assert_eq!(left(&path, &["a.mp3", "b c.mp3", &long]), [0, 2, 1]);
        let suspects = read_copy(&path);
        assert_eq!(suspects.care("b c.mp3".as_ref()), Care::PassOver);
        assert_eq!(suspects.counts(), (1, 1));

        // A run that is stopped in order accuses nobody and forgets nobody.
        fs::remove_file(&path).expect("a file");
        let marks = Marks::begin(&path, suspects.clone()).expect("written");
        let under_way = marks.start("y.mp3".as_ref());
        marks.end(Ending::Stopped).expect("written");
        assert_eq!(read_copy(&path), suspects);
        marks.end(Ending::Complete).expect("removed");
        assert!(!path.exists());
        drop(under_way);
        assert!(!path.exists());
    }

    #[test]
    fn a_panic_crosses_out_and_many_threads_find_room() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let path = folder.path().join("x.in-work");
        let marks = Marks::begin(&path, Suspects::default()).expect("written");
        let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let _mark = marks.start("a.mp3".as_ref());
            panic!("a decoder");
        }));
        assert!(caught.is_err() && read_copy(&path).is_empty());
        let names: Vec<String> = (0..300).map(|number| format!("{number}.mp3")).collect();
        let under_way: Vec<_> = names.iter().map(|name| marks.start(name.as_ref())).collect();
        assert_eq!(read_copy(&path).counts(), (300, 0));
        drop(under_way);
        assert!(read_copy(&path).is_empty());
        assert!(fs::metadata(&path).expect("a file").len() < 100_000);
    }

    #[test]
    fn damage_accuses_nobody_and_two_processes_do_not_share_a_file() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let path = folder.path().join("x.in-work");
        let marks = Marks::begin(&path, Suspects::default()).expect("written");
        let _mark = marks.start("a.mp3".as_ref());
        let refused = Marks::begin(&path, Suspects::default()).expect_err("it is in use");
        assert_eq!(refused.kind(), io::ErrorKind::WouldBlock);
        let good = fs::read(&path).expect("a file");
        let damaged = folder.path().join("damaged");
        for bytes in [&[0; 5_000][..], &[0xff; 5_000], &good[..100], b"in-work 1 2", b"suspect x 2 y"] {
            fs::write(&damaged, bytes).expect("a file");
            let found = Suspects::read(&damaged).expect("a file");
            assert_eq!(found.care("a.mp3".as_ref()), Care::None, "{bytes:?}");
        }
    }
}
