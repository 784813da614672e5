//! Running the program.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use earmark::params::Params;
use earmark::registry::{MandateAct, NewMandate, Registry, Subject};
use serde_json::Value;
use tempfile::TempDir;

/// What a run gave.
#[derive(Debug, PartialEq)]
pub struct Run {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Run {
    /// The rows of a report, without its header.
    pub fn rows(&self) -> Vec<Value> {
        let mut objects = self.objects();
        assert_eq!(objects.remove(0)["kind"], "header");
        objects
    }

    /// The objects of JSONL output.
    pub fn objects(&self) -> Vec<Value> {
        self.stdout.lines().map(|line| serde_json::from_str(line).expect(line)).collect()
    }
}

/// The program, to be run in the root of the repository.
pub fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_earmark"));
    command.current_dir(env!("CARGO_MANIFEST_DIR")).stdin(Stdio::null());
    command
}

/// Runs the program with the words of `line`; `{}` stands for `folder`.
pub fn earmark(line: &str, folder: &Path) -> Run {
    let folder = folder.to_str().expect("temporary folders have plain names");
    run(program().args(line.split_whitespace().map(|word| word.replace("{}", folder))))
}

/// Runs a command to its end.
pub fn run(command: &mut Command) -> Run {
    let output = command.output().expect("the program starts");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("output is UTF-8");
    Run { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

/// A temporary folder.
pub fn folder() -> TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

/// A registry of the catalogue with its declarations, for tests that only read it.
pub fn registry() -> &'static Path {
    static REGISTRY: OnceLock<TempDir> = OnceLock::new();
    REGISTRY
        .get_or_init(|| {
            let folder = folder();
            fill(folder.path());
            folder
        })
        .path()
}

/// Makes a registry of the catalogue with its declarations.
pub fn fill(folder: &Path) {
    let registered = earmark("register --manifest testdata/catalogue.csv --registry {}", folder);
    assert_eq!(registered.code, Some(0), "{registered:?}");
    let declared =
        earmark("declare --import testdata/declarations.csv --confirm-authority --registry {}", folder);
    assert_eq!(declared.code, Some(0), "{declared:?}");
}

/// Lets a declarant speak for an ISRC prefix.
pub fn mandate(registry: &Path, declarant: &str, prefix: &str) {
    let mandate = NewMandate {
        declarant: declarant.to_owned(),
        speaks_for: Subject::Prefix(prefix.parse().expect("a prefix")),
        act: MandateAct::Grant,
        from: None,
        until: None,
        source: None,
        document_hash: None,
        received_at: "2024-01-01T00:00:00Z".parse().expect("a time"),
    };
    let mut registry = Registry::open_or_create(registry, &Params::default()).expect("a registry");
    registry.append(&[mandate.into()]).expect("a commit");
}

/// The one segment of a small registry.
pub fn segment(folder: &Path) -> PathBuf {
    let mut files = fs::read_dir(folder.join("segments")).expect("a registry");
    let only = files.next().expect("a segment").expect("readable").path();
    assert!(files.next().is_none(), "one segment");
    only
}

/// A mono WAV file of noise, 8 kHz and 8 bits; other seeds give other noise.
pub fn noise_wav(path: &Path, seconds: u32, seed: u32) {
    const RATE_HZ: u32 = 8_000;
    let samples = seconds * RATE_HZ;
    let mut bytes = Vec::with_capacity(44 + samples as usize);
    bytes.extend(b"RIFF");
    bytes.extend((36 + samples).to_le_bytes());
    bytes.extend(b"WAVEfmt ");
    bytes.extend(16u32.to_le_bytes());
    bytes.extend([1, 0, 1, 0]);
    bytes.extend(RATE_HZ.to_le_bytes());
    bytes.extend(RATE_HZ.to_le_bytes());
    bytes.extend([1, 0, 8, 0]);
    bytes.extend(b"data");
    bytes.extend(samples.to_le_bytes());
    // Linear congruential generator (Numerical Recipes, section 7.1).
    let mut state = seed;
    bytes.extend((0..samples).map(|_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    }));
    fs::write(path, bytes).expect("a temporary file");
}
