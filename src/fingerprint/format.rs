//! The bytes of a fingerprint file around its entries.

use std::io;
use std::path::PathBuf;

use crate::error_kind::ErrorKind;
use crate::params::Params;

/// First bytes of every fingerprint file.
pub const MAGIC: [u8; 8] = *b"EARMKEFP";

/// Version of the format of fingerprint files.
pub const FORMAT_VERSION: u32 = 1;

/// Extension of fingerprint files, without the dot.
pub const EXTENSION: &str = "efp";

/// Bytes of the header before the params.
pub(super) const HEADER_BYTES: usize = 8 + 4 + 4 + 8;

/// Most bytes of the params.
pub(super) const MOST_PARAMS_BYTES: usize = 1 << 16;

/// First bytes of an entry.
pub(super) const ENTRY: [u8; 4] = *b"ENTR";

/// Bytes of an entry before its content: marker, two lengths, CRC-32.
pub(super) const ENTRY_HEAD_BYTES: usize = 4 + 4 + 4 + 4;

/// Most bytes of the JSON of an entry: far more than tags and a row have.
pub const MOST_DESCRIPTION_BYTES: usize = 1 << 26;

/// First bytes of the end.
pub(super) const END: [u8; 4] = *b"DONE";

/// Bytes of the end: marker, entries, length and hash of what is before it, CRC-32.
pub(super) const END_BYTES: usize = 4 + 8 + 8 + 32 + 4;

/// Why a fingerprint file cannot be written or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// The file system failed.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        source: io::Error,
    },
    /// The file does not start like a fingerprint file.
    #[error("{} is no earmark fingerprint file", path.display())]
    NotFingerprints {
        /// The file.
        path: PathBuf,
    },
    /// The file has a format that this version does not read.
    #[error(
        "{} has fingerprint format {found}, this earmark reads {expected}: \
         use the earmark that wrote it, or make it again from the audio", path.display()
    )]
    Version {
        /// The file.
        path: PathBuf,
        /// Its format version.
        found: u32,
        /// The version this code reads.
        expected: u32,
    },
    /// The file was made with other parameters.
    #[error(
        "{} was made with other fingerprint parameters ({}): make it again from the audio",
        path.display(), fields.join("; ")
    )]
    Params {
        /// The file.
        path: PathBuf,
        /// The fields that differ, with both values.
        fields: Vec<String>,
    },
    /// The bytes contradict themselves or a checksum; nothing after them can be read.
    #[error("{} is damaged: {what}; restore it from a copy, or make it again", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Where and how.
        what: String,
    },
    /// The file ends before its end.
    #[error("{} is cut off after {entries} entries: what follows is missing, make it again", path.display())]
    CutOff {
        /// The file.
        path: PathBuf,
        /// Entries before the cut, damaged ones included.
        entries: u64,
    },
    /// One entry is damaged; those after it can be read.
    #[error("entry {number} of {} is damaged: {what}", path.display())]
    Entry {
        /// The file.
        path: PathBuf,
        /// Its number, from 1.
        number: u64,
        /// What is wrong with it.
        what: String,
    },
}

impl FileError {
    /// What sort of thing went wrong.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Io { source, .. } => ErrorKind::of_io(source),
            Self::NotFingerprints { .. } => ErrorKind::WrongType,
            Self::Version { .. } | Self::Params { .. } => ErrorKind::OtherVersion,
            Self::Damaged { .. } | Self::CutOff { .. } | Self::Entry { .. } => ErrorKind::Damaged,
        }
    }
}

/// The header with the params.
pub(super) fn header(params: &Params) -> Vec<u8> {
    let json = params.to_json();
    let mut out = Vec::with_capacity(HEADER_BYTES + json.len() + 4);
    out.extend_from_slice(&MAGIC);
    out.extend_from_slice(&FORMAT_VERSION.to_le_bytes());
    // A few hundred bytes.
    out.extend_from_slice(&(json.len() as u32).to_le_bytes());
    out.extend_from_slice(&params.id().0.to_le_bytes());
    out.extend_from_slice(json.as_bytes());
    out.extend_from_slice(&crc32fast::hash(&out).to_le_bytes());
    out
}

/// What stands at the end of a whole file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct End {
    /// Entries of the file.
    pub entries: u64,
    /// Bytes before the end.
    pub length: u64,
    /// BLAKE3 of these bytes.
    pub hash: [u8; 32],
}

impl End {
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(END_BYTES);
        out.extend_from_slice(&END);
        out.extend_from_slice(&self.entries.to_le_bytes());
        out.extend_from_slice(&self.length.to_le_bytes());
        out.extend_from_slice(&self.hash);
        out.extend_from_slice(&crc32fast::hash(&out).to_le_bytes());
        out
    }

    /// `None` for bytes that are no end.
    pub fn decode(bytes: &[u8; END_BYTES]) -> Option<End> {
        let (body, crc) = bytes.split_last_chunk::<4>()?;
        if crc32fast::hash(body) != u32::from_le_bytes(*crc) {
            return None;
        }
        let body = body.strip_prefix(&END)?;
        let (entries, body) = body.split_first_chunk::<8>()?;
        let (length, hash) = body.split_first_chunk::<8>()?;
        Some(End {
            entries: u64::from_le_bytes(*entries),
            length: u64::from_le_bytes(*length),
            hash: *hash.first_chunk()?,
        })
    }
}
