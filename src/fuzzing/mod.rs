//! Entry points for fuzzing, one for each kind of bytes that somebody else wrote.
//!
//! Each takes any bytes and panics where a promise is broken: that what was read and
//! is written again comes back, that it does not matter in which pieces a source is
//! read, that limits hold. `fuzz/` has a cargo-fuzz target for each of [`TARGETS`];
//! the test here runs what fuzzing found and kept, with the tests of every change.
//! Not part of the crate as others see it: `cargo fuzz` and tests alone compile it.

mod index;
mod inputs;
mod registry;
mod report;
mod sound;

use std::cell::RefCell;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::PathBuf;

pub use crate::audio::fuzzing::{containers, opus, rights};
pub use index::{fingerprint_file, segment};
pub use inputs::{archives, manifest, names, parquet, rows};
pub use registry::{entries, import, licences, tombstones, vocabularies};
pub use report::report;
pub use sound::{decode, tags};

/// Runs one input.
pub type Target = fn(&[u8]);

/// Every target, by the name of its folder in `fuzz/corpus`.
pub const TARGETS: [(&str, Target); 18] = [
    ("archives", archives),
    ("containers", containers),
    ("decode", decode),
    ("entries", entries),
    ("fingerprint_file", fingerprint_file),
    ("import", import),
    ("licences", licences),
    ("manifest", manifest),
    ("names", names),
    ("opus", opus),
    ("parquet", parquet),
    ("report", report),
    ("rights", rights),
    ("rows", rows),
    ("segment", segment),
    ("tags", tags),
    ("tombstones", tombstones),
    ("vocabularies", vocabularies),
];

/// A source that gives a few bytes at a time: 1 to 97, in an order of no pattern.
pub(crate) struct Dribble<R> {
    inner: R,
    state: u32,
}

impl<R> Dribble<R> {
    pub(crate) fn new(inner: R) -> Self {
        Dribble { inner, state: 1 }
    }
}

impl<R: Read> Read for Dribble<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.state = self.state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let most = (self.state >> 16) as usize % 97 + 1;
        let end = buf.len().min(most);
        self.inner.read(&mut buf[..end])
    }
}

impl<R: Seek> Seek for Dribble<R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.inner.seek(to)
    }
}

/// A folder of this thread that goes with it.
struct Scratch(PathBuf);

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

thread_local! {
    static SCRATCH: RefCell<Option<Scratch>> = const { RefCell::new(None) };
}

/// A path in a folder that nobody else uses, without what stood there before.
pub(crate) fn scratch(name: &str) -> PathBuf {
    SCRATCH.with_borrow_mut(|scratch| {
        let Scratch(folder) = scratch.get_or_insert_with(|| {
            let thread = format!("{:?}", std::thread::current().id());
            let number: String = thread.chars().filter(char::is_ascii_digit).collect();
            let own = format!("earmark-fuzz-{}-{number}", std::process::id());
            let folder = std::env::temp_dir().join(own);
            std::fs::create_dir_all(&folder).expect("a temporary folder");
            Scratch(folder)
        });
        let path = folder.join(name);
        let _ = if path.is_dir() { std::fs::remove_dir_all(&path) } else { std::fs::remove_file(&path) };
        path
    })
}

/// `data` in a file called `name`.
pub(crate) fn written(name: &str, data: &[u8]) -> PathBuf {
    let path = scratch(name);
    std::fs::write(&path, data).expect("a temporary file");
    path
}

/// Splits off the first byte, which chooses among the forms of one target.
pub(crate) fn choice(data: &[u8]) -> Option<(u8, &[u8])> {
    data.split_first().map(|(first, rest)| (*first, rest))
}

/// An error that says something.
pub(crate) fn told(error: &dyn std::fmt::Display) {
    assert!(!error.to_string().is_empty());
}

/// As [`told`], of what may be no error.
pub(crate) fn told_of<T, E: std::fmt::Display>(result: Result<T, E>) -> Option<T> {
    result.inspect_err(|error| told(error)).ok()
}

/// Panics of other crates that the program contains do not end the run: each place is
/// written once to the file that `EARMARK_FUZZ_PANICS` names, or to standard error.
/// A panic in our code, or one that nothing contains, goes on to the fuzzer.
#[cfg(fuzzing)]
pub fn pass_contained_panics() {
    use std::backtrace::Backtrace;
    use std::collections::HashSet;
    use std::io::Write;
    use std::sync::{Mutex, Once, PoisonError};

    static ONCE: Once = Once::new();
    static KNOWN: Mutex<Option<HashSet<String>>> = Mutex::new(None);

    /// The innermost frame that is not of the standard library, if the panic is contained.
    fn contained_in(trace: &str) -> Option<String> {
        // The names of inlined functions are short: their files tell them apart.
        let contained = ["/src/audio/guard.rs", "/src/scan/inputs/stream.rs"];
        if !contained.iter().any(|name| trace.contains(name)) {
            return None;
        }
        let begin = ["core::panicking::", "begin_panic", "panic_fmt", "rust_begin_unwind", "__rustc::"];
        let lines: Vec<&str> = trace.lines().collect();
        let last = lines.iter().rposition(|line| begin.iter().any(|name| line.contains(name)))?;
        let places = lines[last..].iter().filter_map(|line| line.trim().strip_prefix("at "));
        let own = |place: &&str| !place.starts_with("/rustc/") && !place.contains("/lib/rustlib/");
        places.into_iter().find(own).map(str::to_owned)
    }

    ONCE.call_once(|| {
        let fatal = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let place = info.location().map(ToString::to_string).unwrap_or_default();
            let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
            let known = known.get_or_insert_default();
            if known.contains(&place) {
                return;
            }
            let trace = Backtrace::force_capture().to_string();
            match contained_in(&trace) {
                Some(culprit) if !culprit.starts_with(env!("CARGO_MANIFEST_DIR")) => {
                    known.insert(place);
                    let text = format!("{info}\n  from {culprit}\n");
                    match std::env::var_os("EARMARK_FUZZ_PANICS") {
                        Some(path) => {
                            let file = std::fs::File::options().create(true).append(true).open(path);
                            let _ = file.and_then(|mut file| file.write_all(text.as_bytes()));
                        }
                        None => eprint!("contained: {text}"),
                    }
                }
                _ => fatal(info),
            }
        }));
    });
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;
    use crate::random::Random;

    fn root() -> &'static Path {
        Path::new(env!("CARGO_MANIFEST_DIR"))
    }

    /// Files of a folder, in order.
    fn files(folder: &Path) -> Vec<PathBuf> {
        let entries = fs::read_dir(folder).into_iter().flatten();
        let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
        files.sort();
        files
    }

    #[test]
    fn what_fuzzing_kept_breaks_nothing() {
        // Not in the package that crates.io has.
        let corpus = root().join("fuzz/corpus");
        for (name, run) in TARGETS.iter().filter(|_| corpus.is_dir()) {
            let files = files(&corpus.join(name));
            assert!(!files.is_empty(), "there is no corpus of {name}");
            for file in files {
                println!("{}", file.display());
                run(&fs::read(&file).expect("a file"));
            }
        }
    }

    /// What is cut short, flipped, or lies about its sizes, of files spread over the corpus.
    #[test]
    fn damaged_versions_of_what_fuzzing_kept_break_nothing() {
        const FILES: usize = 12;
        let corpus = root().join("fuzz/corpus");
        let mut random = Random::new(17);
        for (name, run) in TARGETS.iter().filter(|_| corpus.is_dir()) {
            let files = files(&corpus.join(name));
            for file in files.iter().step_by(files.len() / FILES + 1) {
                let good = fs::read(file).expect("a file");
                for round in 0..18 {
                    let mut bytes = good.clone();
                    let at = random.below(good.len() as u64 + 1) as usize;
                    match round % 3 {
                        0 => bytes.truncate(at),
                        1 => bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= 1 << random.below(8)),
                        _ => {
                            let lie = [[0xff; 4], [0x7f, 0xff, 0xff, 0xff], [0; 4]][random.below(3) as usize];
                            bytes.iter_mut().skip(at).zip(lie).for_each(|(byte, lie)| *byte = lie);
                        }
                    }
                    println!("{}, round {round}, at {at}", file.display());
                    run(&bytes);
                }
            }
        }
    }

    #[test]
    fn what_once_broke_something_breaks_nothing() {
        for file in files(&root().join("testdata/hostile")) {
            let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let (target, _) = name.split_once('-').unwrap_or((&name, ""));
            if let Some((_, run)) = TARGETS.iter().find(|(known, _)| *known == target) {
                println!("{name}");
                run(&fs::read(&file).expect("a file"));
            }
        }
    }

    #[test]
    fn every_target_has_a_program() {
        let programs = root().join("fuzz/fuzz_targets");
        let found: Vec<String> = files(&programs)
            .iter()
            .filter_map(|path| path.file_stem().map(|stem| stem.to_string_lossy().into_owned()))
            .collect();
        let wanted: Vec<&str> = TARGETS.iter().map(|(name, _)| *name).collect();
        assert!(!programs.is_dir() || found == wanted, "{found:?}");
    }

    #[test]
    fn empty_and_short_inputs_are_taken_by_all() {
        for (_, run) in TARGETS {
            (0..4).for_each(|length| run(&[length; 3][..usize::from(length)]));
        }
    }
}
