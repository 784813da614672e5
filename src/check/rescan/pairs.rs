//! The rows of a report beside the fingerprints of their files.

use std::path::{Path, PathBuf};

use crate::fingerprint::{FingerprintReader, StoredEntry};
use crate::params::Params;
use crate::paths::text;
use crate::report::{PastLine, PastReport};

use super::RescanError;

/// A row and the fingerprint of its file.
pub type Pair = (PastLine, Box<StoredEntry>);

/// Pairs each row of `report` with the entry in its place of the fingerprint files, which
/// are read one after the other; errors where there is no such pair. Whether both
/// are about the same file is to be looked at when the row is parsed.
pub fn pairs<'a>(
    report: PastReport,
    fingerprints: &'a [PathBuf],
    params: &'a Params,
) -> impl Iterator<Item = Result<Pair, RescanError>> + 'a {
    let mut entries = fingerprints.iter().flat_map(|path| {
        let (entries, error) = match FingerprintReader::open(path, params) {
            Ok(entries) => (Some(entries), None),
            Err(error) => (None, Some(Err(error))),
        };
        entries.into_iter().flatten().chain(error)
    });
    let path = report.path().to_owned();
    let mut lines = report;
    let mut count = 0;
    std::iter::from_fn(move || {
        let (line, entry) = (lines.next(), entries.next());
        let differ = |rows: u64, entries: u64| RescanError::Count { path: path.clone(), rows, entries };
        let pair = match (line, entry) {
            (None, None) => return None,
            (Some(Err(error)), _) => Err(error.into()),
            (_, Some(Err(error))) => Err(error.into()),
            (Some(Ok(_)), None) => Err(differ(count + 1 + lines.by_ref().count() as u64, count)),
            (None, Some(Ok(_))) => Err(differ(count, count + 1 + entries.by_ref().count() as u64)),
            (Some(Ok(line)), Some(Ok(entry))) => Ok((line, Box::new(entry))),
        };
        count += 1;
        Some(pair)
    })
}

/// That a row and an entry are about the same file.
pub(in crate::check) fn same_file(
    report: &Path,
    line: u64,
    row: &Path,
    entry: &StoredEntry,
) -> Result<(), RescanError> {
    if row == entry.about.input() {
        return Ok(());
    }
    Err(RescanError::OtherFile {
        path: report.to_owned(),
        line,
        row: text(row),
        entry: entry.about.path.clone(),
    })
}

/// Entries of the fingerprint files, which have to be whole.
///
/// # Errors
/// If one of them is no fingerprint file of `params`, or cannot be read.
pub fn announced(paths: &[PathBuf], params: &Params) -> Result<u64, RescanError> {
    let mut sum = 0;
    for path in paths {
        sum += FingerprintReader::open(path, params)?.announced().unwrap_or(0);
    }
    Ok(sum)
}
