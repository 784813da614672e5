//! The parts in which a long report is made: what is there of one that was not
//! finished, and the shares of several machines.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::MOST_LINE_BYTES;
use crate::error_kind::ErrorKind;
use crate::inputs::Shard;
use crate::paths::{self, PathBytes};
use crate::registry::RegistryState;

/// Name and number of the schema of the line that begins a shard's report.
pub const SHARD_SCHEMA: &str = "earmark.shard/1";

#[derive(Serialize, Deserialize)]
struct ShardLine {
    kind: String,
    number: u64,
    of: u64,
    schema: String,
}

/// Writes the line that begins the report of a shard.
///
/// # Errors
/// Those of `out`.
pub fn write_shard_line(out: &mut impl Write, shard: Shard) -> io::Result<()> {
    let (kind, schema) = ("shard".to_owned(), SHARD_SCHEMA.to_owned());
    super::write_json_line(out, &ShardLine { kind, number: shard.number(), of: shard.of(), schema })
}

fn shard_of(line: &[u8]) -> Option<Shard> {
    let line: ShardLine = serde_json::from_slice(line).ok()?;
    (line.schema == SHARD_SCHEMA).then_some(())?;
    Shard::new(line.number, line.of)
}

/// Whether a line is the row of a file, and no line before them.
fn is_row(value: &Value) -> bool {
    value.get("path").is_some() && value.get("verdict").is_some()
}

/// What is there of a report that was not finished.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Unfinished {
    /// Whole rows.
    pub rows: u64,
    /// Bytes up to the end of the last of them; what follows is to be cut off.
    pub bytes: u64,
    /// The shard whose report it is.
    pub shard: Option<Shard>,
    /// What it rests on: its header.
    basis: Value,
}

impl Unfinished {
    /// Reads the report at `path` up to the first line that is not whole, and
    /// gives every row to `take`. A report without a whole row is as good as none.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn read(path: &Path, mut take: impl FnMut(Value) -> io::Result<()>) -> io::Result<Self> {
        let mut found = Self::default();
        let (mut lines, mut at) = (BufReader::new(File::open(path)?), 0);
        let mut line = Vec::new();
        loop {
            line.clear();
            // What a power cut left may be zeros without end.
            lines.by_ref().take(MOST_LINE_BYTES).read_until(b'\n', &mut line)?;
            if line.pop() != Some(b'\n') {
                break;
            }
            at += line.len() as u64 + 1;
            if found.rows == 0
                && let Some(shard) = shard_of(&line)
            {
                found.shard = Some(shard);
                continue;
            }
            // Whatever a power cut left is no JSON.
            let Ok(value) = serde_json::from_slice::<Value>(&line) else { break };
            if is_row(&value) {
                found.rows += 1;
                found.bytes = at;
                take(value)?;
            } else if found.rows == 0 {
                found.basis = value;
            } else {
                break;
            }
        }
        Ok(found)
    }

    /// Whether it rests on `basis`: the header that a report of now would have.
    pub fn rests_on(&self, basis: &impl Serialize) -> bool {
        serde_json::to_value(basis).is_ok_and(|basis| basis == self.basis)
    }

    /// The registry that it rests on; none where its header names none.
    pub fn registry(&self) -> Option<RegistryState> {
        RegistryState::deserialize(self.basis.get("registry")?).ok()
    }

    /// The paths of its rows.
    ///
    /// # Errors
    /// If the file cannot be opened. Paths end where it cannot be read.
    pub fn paths(&self, path: &Path) -> io::Result<impl Iterator<Item = PathBuf> + use<>> {
        #[derive(Deserialize)]
        struct Row {
            path: String,
            #[serde(default)]
            path_bytes: Option<PathBytes>,
            #[serde(rename = "verdict")]
            _verdict: Value,
        }
        let lines = BufReader::new(File::open(path)?.take(self.bytes)).lines().map_while(Result::ok);
        let rows = lines.filter_map(|line| serde_json::from_str::<Row>(&line).ok());
        Ok(rows.map(|row| paths::path(&row.path, row.path_bytes.as_ref())))
    }
}

/// Why the reports of shards cannot be joined.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MergeError {
    /// A report cannot be read, or the result not be written.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// `read` or `write`.
        action: &'static str,
        /// The system's error.
        source: io::Error,
    },
    /// A file is no report of a shard.
    #[error("{} is no report of a shard: give what `scan --shard` wrote with --format jsonl", path.display())]
    NoShard {
        /// The file.
        path: PathBuf,
    },
    /// Not every shard is there once.
    #[error("shard {number} of {of} is given {times} times: give the reports of all {of} shards, each once")]
    NotAll {
        /// The shard, from 1.
        number: u64,
        /// How many shards there are by the first report.
        of: u64,
        /// How often it is there.
        times: u64,
    },
    /// The shards were asked different things.
    #[error("{} does not rest on the same registry, question, options and inputs as {}: scan it again", path.display(), first.display())]
    Different {
        /// The report.
        path: PathBuf,
        /// The report it differs from.
        first: PathBuf,
    },
    /// A shard has not as many rows as follows from the others.
    #[error("{} ends after {rows} rows, and others go on: its run was not finished, or over other inputs", path.display())]
    Rows {
        /// The report.
        path: PathBuf,
        /// Its rows.
        rows: u64,
    },
}

impl MergeError {
    /// What sort of thing went wrong.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Io { source, .. } => ErrorKind::of_io(source),
            Self::NoShard { .. } => ErrorKind::WrongType,
            Self::NotAll { .. } | Self::Different { .. } | Self::Rows { .. } => ErrorKind::Invalid,
        }
    }
}

/// The report of a shard, line by line.
struct Part {
    path: PathBuf,
    shard: Shard,
    lines: BufReader<File>,
    head: Vec<u8>,
    /// What the first row rests on, where there is no head.
    basis: Value,
    /// The first row.
    waiting: Option<Vec<u8>>,
    rows: u64,
}

impl Part {
    fn open(path: &Path) -> Result<Self, MergeError> {
        let io = |source| MergeError::Io { path: path.to_owned(), action: "read", source };
        let mut lines = BufReader::new(File::open(path).map_err(io)?);
        let mut line = Vec::new();
        lines.by_ref().take(MOST_LINE_BYTES).read_until(b'\n', &mut line).map_err(io)?;
        let shard = shard_of(&line).ok_or_else(|| MergeError::NoShard { path: path.to_owned() })?;
        let (mut head, mut basis, mut waiting) = (Vec::new(), Value::Null, None);
        loop {
            line.clear();
            lines.by_ref().take(MOST_LINE_BYTES).read_until(b'\n', &mut line).map_err(io)?;
            if line.is_empty() {
                break;
            }
            let value: Value = serde_json::from_slice(&line)
                .map_err(|error| io(io::Error::new(io::ErrorKind::InvalidData, error)))?;
            if is_row(&value) {
                basis = value.get("checked_against").cloned().unwrap_or_default();
                waiting = Some(line.clone());
                break;
            }
            head.extend_from_slice(&line);
        }
        Ok(Self { path: path.to_owned(), shard, lines, head, basis, waiting, rows: 0 })
    }

    fn row(&mut self) -> Result<Option<Vec<u8>>, MergeError> {
        let line = match self.waiting.take() {
            Some(line) => line,
            None => {
                let mut line = Vec::new();
                let read = self.lines.by_ref().take(MOST_LINE_BYTES).read_until(b'\n', &mut line);
                read.map_err(|source| MergeError::Io { path: self.path.clone(), action: "read", source })?;
                line
            }
        };
        match line.last() {
            None => return Ok(None),
            Some(b'\n') => {}
            Some(_) => return Err(MergeError::Rows { path: self.path.clone(), rows: self.rows }),
        }
        self.rows += 1;
        Ok(Some(line))
    }
}

/// Joins the reports of all shards of a scan, in whatever order they are given,
/// into what one machine would have written, to the byte. Returns the number of
/// rows.
///
/// # Errors
/// See [`MergeError`]. Something may have been written before one.
pub fn merge<P: AsRef<Path>>(parts: &[P], out: &mut impl Write) -> Result<u64, MergeError> {
    let mut parts = parts.iter().map(|path| Part::open(path.as_ref())).collect::<Result<Vec<_>, _>>()?;
    parts.sort_by_key(|part| part.shard.number());
    let Some(first) = parts.first() else { return Ok(0) };
    let of = first.shard.of();
    for number in 1..=of {
        let times = parts.iter().filter(|part| part.shard.number() == number).count() as u64;
        if times != 1 {
            return Err(MergeError::NotAll { number, of, times });
        }
    }
    // An empty shard of an older schema rests on nothing.
    let rests_on_other = |part: &&Part| {
        part.shard.of() != of
            || part.head != first.head
            || (part.waiting.is_some() && first.waiting.is_some() && part.basis != first.basis)
    };
    if let Some(other) = parts.iter().find(rests_on_other) {
        return Err(MergeError::Different { path: other.path.clone(), first: first.path.clone() });
    }
    let failed = |source| MergeError::Io { path: PathBuf::from("the result"), action: "write", source };
    out.write_all(&first.head).map_err(failed)?;
    let mut rows = 0;
    let mut ended: Option<(PathBuf, u64)> = None;
    loop {
        let before = rows;
        for part in &mut parts {
            match (part.row()?, &ended) {
                (Some(row), None) => {
                    out.write_all(&row).map_err(failed)?;
                    rows += 1;
                }
                (Some(_), Some((path, rows))) => {
                    return Err(MergeError::Rows { path: path.clone(), rows: *rows });
                }
                (None, _) => {
                    ended.get_or_insert_with(|| (part.path.clone(), part.rows));
                }
            }
        }
        if rows == before {
            return Ok(rows);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn row(at: u64) -> String {
        format!("{{\"path\":\"{at}.mp3\",\"verdict\":\"allowed\"}}\n")
    }

    const HEADER: &str = "{\"kind\":\"header\",\"tool\":\"x\"}\n";

    fn shard(folder: &Path, number: u64, of: u64, rows: u64, header: &str) -> PathBuf {
        let shard = Shard::new(number, of).expect("a shard");
        let mut bytes = Vec::new();
        write_shard_line(&mut bytes, shard).expect("memory");
        bytes.extend_from_slice(header.as_bytes());
        (0..rows).filter(|at| shard.holds(*at)).for_each(|at| bytes.extend_from_slice(row(at).as_bytes()));
        let path = folder.join(format!("{number}-of-{of}.jsonl"));
        fs::write(&path, bytes).expect("a file");
        path
    }

    #[test]
    fn shards_are_joined_to_what_one_machine_writes() {
        let folder = tempfile::tempdir().expect("temporary folder");
        for header in ["", HEADER] {
            for (of, rows) in [(1, 5), (2, 5), (3, 9), (4, 2), (4, 0)] {
                let parts: Vec<PathBuf> =
                    (1..=of).rev().map(|number| shard(folder.path(), number, of, rows, header)).collect();
                let mut out = Vec::new();
                assert_eq!(merge(&parts, &mut out).unwrap(), rows);
                let whole: String = header.to_owned() + &(0..rows).map(row).collect::<String>();
                assert_eq!(String::from_utf8(out).expect("text"), whole, "{of} shards of {rows} rows");
            }
        }
    }

    #[test]
    fn what_does_not_belong_together_is_told() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let part = |number, rows, header| shard(folder.path(), number, 3, rows, header);
        let (one, two, three) = (part(1, 9, HEADER), part(2, 9, HEADER), part(3, 9, HEADER));
        let error = |parts: &[&PathBuf]| merge(parts, &mut Vec::new()).expect_err("something is wrong");
        assert!(matches!(error(&[&one, &two]), MergeError::NotAll { number: 3, of: 3, times: 0 }));
        assert!(matches!(error(&[&one, &two, &two, &three]), MergeError::NotAll { number: 2, times: 2, .. }));
        let two = part(2, 9, "{\"kind\":\"header\",\"tool\":\"y\"}\n");
        assert!(matches!(error(&[&one, &two, &three]), MergeError::Different { .. }));
        let two = part(2, 6, HEADER);
        assert!(matches!(error(&[&one, &two, &three]), MergeError::Rows { rows: 2, .. }));
        let bytes = fs::read(&two).expect("a file");
        fs::write(&two, &bytes[..bytes.len() - 3]).expect("a file");
        assert!(matches!(error(&[&one, &two, &three]), MergeError::Rows { rows: 1, .. }));
        fs::write(&two, HEADER).expect("a file");
        assert!(matches!(error(&[&one, &two, &three]), MergeError::NoShard { .. }));
    }

    #[test]
    fn zeros_without_end_are_not_held_in_memory() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let path = shard(folder.path(), 1, 1, 3, HEADER);
        let whole = fs::metadata(&path).expect("a file").len();
        // They take no room on the disk.
        let file = File::options().append(true).open(&path).expect("a file");
        file.set_len(whole + 40 * MOST_LINE_BYTES).expect("a long file");
        let found = Unfinished::read(&path, |_| Ok(())).expect("a file");
        assert_eq!((found.rows, found.bytes), (3, whole));
        assert!(matches!(merge(&[&path], &mut Vec::new()), Err(MergeError::Rows { rows: 3, .. })));
    }

    #[test]
    fn whatever_is_cut_off_the_whole_rows_are_found() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let path = shard(folder.path(), 1, 1, 3, HEADER);
        let whole = fs::read(&path).expect("a file");
        let ends: Vec<usize> = (0..whole.len()).filter(|at| whole[*at] == b'\n').map(|at| at + 1).collect();
        for cut in 0..=whole.len() {
            for garbage in [&b""[..], &[0; 5], b"\0\0\n{\"path\":\"x\",\"verdict\":\"allowed\"}\n"] {
                fs::write(&path, [&whole[..cut], garbage].concat()).expect("a file");
                let mut paths = Vec::new();
                let found = Unfinished::read(&path, |row| {
                    paths.push(PathBuf::from(row["path"].as_str().expect("a path")));
                    Ok(())
                })
                .expect("a file");
                let rows = ends[2..].iter().filter(|end| **end <= cut).count();
                assert_eq!(found.rows, rows as u64, "cut at {cut}");
                assert_eq!(found.bytes, if rows == 0 { 0 } else { ends[rows + 1] as u64 });
                assert_eq!(found.paths(&path).expect("a file").collect::<Vec<_>>(), paths);
                if rows > 0 {
                    assert!(found.rests_on(&serde_json::from_str::<Value>(HEADER).expect("JSON")));
                    assert!(!found.rests_on(&1));
                    assert_eq!(found.shard, Shard::new(1, 1));
                }
            }
        }
    }
}
