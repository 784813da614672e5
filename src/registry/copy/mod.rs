//! Exports: everything a registry holds, as files that make an equal one.
//!
//! The export is a JSONL file: a header, a row for each recording in order of
//! registration, a row for each entry of the log. The fingerprints lie beside
//! it as segments, if they were asked for. FORMAT.md has the keys.
//!
//! Into a registry without recordings and log an export with fingerprints brings everything:
//! the content hash is the same afterwards. Fingerprints are taken by no other
//! registry, as the keys in a segment would mean other recordings there; one that
//! holds the same audio takes metadata and log, and tells which recordings it
//! does not hold.

mod export;
mod file;
mod import;

pub use export::Exported;
pub use file::is_export;
pub use import::{Imported, LogTaken};

use serde::{Deserialize, Serialize};

/// Name and number of the export's schema, in its header.
pub const EXPORT_SCHEMA: &str = "earmark.registry/1";

/// The first line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    schema: String,
    params_id: String,
    /// The registry's content hash, which an equal one has.
    content_hash: String,
    recordings: u64,
    log_rows: u64,
    /// The segments, in the order of their numbers; empty without fingerprints.
    fingerprints: Vec<SegmentFile>,
}

/// A segment beside the export.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SegmentFile {
    /// Its name in the folder of the export.
    file: String,
    bytes: u64,
    recordings: u32,
    /// BLAKE3 of the file.
    hash: String,
}
