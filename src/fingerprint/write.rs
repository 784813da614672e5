//! Writing a fingerprint file.

use std::io::{self, Write};

use crate::params::Params;

use super::entry::EncodedEntry;
use super::format::{End, header};

/// Writes a fingerprint file from its start to its end, entry by entry, in
/// memory that does not depend on their number. What was written when a program
/// is killed can be read up to there.
///
/// The caller writes under a temporary name, syncs and renames.
pub struct FingerprintWriter<W> {
    out: W,
    entries: u64,
    length: u64,
    hasher: blake3::Hasher,
}

impl<W: Write> FingerprintWriter<W> {
    /// Writes the header.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn new(out: W, params: &Params) -> io::Result<Self> {
        let mut writer = FingerprintWriter { out, entries: 0, length: 0, hasher: blake3::Hasher::new() };
        writer.append(&header(params))?;
        Ok(writer)
    }

    /// Appends an entry that was encoded with the same params.
    ///
    /// # Errors
    /// Those of what it is written to.
    pub fn write(&mut self, entry: &EncodedEntry) -> io::Result<()> {
        self.append(&entry.bytes)?;
        self.entries += 1;
        Ok(())
    }

    /// Writes the end, by which a reader knows that nothing is missing.
    ///
    /// # Errors
    /// Those of what it is written to.
    pub fn finish(mut self) -> io::Result<W> {
        let end =
            End { entries: self.entries, length: self.length, hash: *self.hasher.finalize().as_bytes() };
        self.out.write_all(&end.encode())?;
        self.out.flush()?;
        Ok(self.out)
    }

    /// Hands over what was written without an end.
    ///
    /// # Errors
    /// Those of what it is written to.
    pub fn abandon(mut self) -> io::Result<W> {
        self.out.flush()?;
        Ok(self.out)
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.out.write_all(bytes)?;
        self.hasher.update(bytes);
        self.length += bytes.len() as u64;
        Ok(())
    }
}
