//! Reading a fingerprint file.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use crate::params::{Params, ParamsId};

use super::entry::StoredEntry;
use super::format::{
    END, END_BYTES, ENTRY, ENTRY_HEAD_BYTES, End, FORMAT_VERSION, FileError, HEADER_BYTES, MAGIC,
    MOST_DESCRIPTION_BYTES, MOST_PARAMS_BYTES,
};

/// Bytes read at a time.
const BUFFER_BYTES: usize = 1 << 18;

/// Reads the entries of a fingerprint file one after the other.
///
/// Each item is an entry or the damage in its place. After
/// [`FileError::Entry`] the next entry follows; any other error is the last
/// item. A file that ends without its end, or does not fit the hash there,
/// gives its entries and then an error.
pub struct FingerprintReader<R> {
    path: PathBuf,
    source: BufReader<R>,
    hasher: blake3::Hasher,
    /// Bytes before the next entry.
    length: u64,
    entries: u64,
    announced: Option<u64>,
    done: bool,
}

impl FingerprintReader<File> {
    /// Opens the file at `path` and checks its header.
    ///
    /// # Errors
    /// If it cannot be read, is no fingerprint file, of another version, or made
    /// with other parameters than `params`.
    pub fn open(path: &Path, params: &Params) -> Result<Self, FileError> {
        let file = File::open(path).map_err(|source| FileError::Io { path: path.to_owned(), source })?;
        Self::new(file, path, params)
    }
}

impl<R: Read + Seek> FingerprintReader<R> {
    /// Reads `source` from its start, which errors call `path`; see
    /// [`open`](FingerprintReader::open).
    ///
    /// # Errors
    /// If it is no fingerprint file, is of other params, or cannot be read.
    pub fn new(mut source: R, path: &Path, params: &Params) -> Result<Self, FileError> {
        let io = |source| FileError::Io { path: path.to_owned(), source };
        let announced = announced(&mut source).map_err(io)?;
        source.rewind().map_err(io)?;
        let mut reader = FingerprintReader {
            path: path.to_owned(),
            source: BufReader::with_capacity(BUFFER_BYTES, source),
            hasher: blake3::Hasher::new(),
            length: 0,
            entries: 0,
            announced,
            done: false,
        };
        reader.header(params)?;
        Ok(reader)
    }

    /// Number of entries by the end of the file; `None` for a file that is cut off.
    pub fn announced(&self) -> Option<u64> {
        self.announced
    }

    fn header(&mut self, params: &Params) -> Result<(), FileError> {
        let foreign = || FileError::NotFingerprints { path: self.path.clone() };
        let head = read_up_to(&mut self.source, HEADER_BYTES).map_err(|source| self.io(source))?;
        let rest = head.strip_prefix(&MAGIC).ok_or_else(foreign)?;
        let cut = || self.damaged("its header is cut off");
        let (version, rest) = rest.split_first_chunk::<4>().ok_or_else(cut)?;
        let version = u32::from_le_bytes(*version);
        if version != FORMAT_VERSION {
            return Err(FileError::Version {
                path: self.path.clone(),
                found: version,
                expected: FORMAT_VERSION,
            });
        }
        let (json_bytes, rest) = rest.split_first_chunk::<4>().ok_or_else(cut)?;
        let id = ParamsId(u64::from_le_bytes(*rest.first_chunk::<8>().ok_or_else(cut)?));
        let json_bytes = u32::from_le_bytes(*json_bytes) as usize;
        if json_bytes > MOST_PARAMS_BYTES {
            return Err(self.damaged(format!(
                "its params are said to have {json_bytes} bytes, the limit is {MOST_PARAMS_BYTES}"
            )));
        }
        let rest = read_up_to(&mut self.source, json_bytes + 4).map_err(|source| self.io(source))?;
        let cut = || self.damaged("its header is cut off");
        let (json, crc) = rest.split_at_checked(json_bytes).ok_or_else(cut)?;
        let crc = u32::from_le_bytes(*crc.first_chunk::<4>().ok_or_else(cut)?);
        let mut hasher = crc32fast::Hasher::new();
        hasher.update(&head);
        hasher.update(json);
        if hasher.finalize() != crc {
            return Err(self.damaged("its header does not fit its checksum"));
        }
        if id != params.id() {
            let stored: Params = serde_json::from_slice(json)
                .map_err(|error| self.damaged(format!("its params cannot be read ({error})")))?;
            let fields = params.differences(&stored);
            return Err(FileError::Params { path: self.path.clone(), fields });
        }
        self.count(&head);
        self.count(&rest);
        Ok(())
    }

    /// The next entry; `None` after the end.
    fn entry(&mut self) -> Result<Option<StoredEntry>, FileError> {
        let head = self.take(4)?;
        if head == END {
            return self.end().map(|()| None);
        }
        if head != ENTRY {
            return Err(self.damaged(format!("after {} entries stands no entry", self.entries)));
        }
        let rest = self.take(ENTRY_HEAD_BYTES - 4)?;
        let number =
            |at: usize| rest.get(at..at + 4).and_then(|b| b.first_chunk()).map(|b| u32::from_le_bytes(*b));
        let (Some(description_bytes), Some(peak_bytes), Some(crc)) = (number(0), number(4), number(8)) else {
            return Err(self.cut_off());
        };
        let mut hasher = crc32fast::Hasher::new();
        hasher.update(&head);
        hasher.update(&rest[..8]);
        let (description_bytes, peak_bytes) = (description_bytes as usize, peak_bytes as usize);
        if hasher.finalize() != crc || description_bytes > MOST_DESCRIPTION_BYTES {
            return Err(self.damaged(format!("the lengths of entry {} are wrong", self.entries + 1)));
        }
        let description = self.take(description_bytes)?;
        let peaks = self.take(peak_bytes)?;
        let stored_crc = self.take(4)?;
        self.count(&head);
        self.count(&rest);
        self.count(&description);
        self.count(&peaks);
        self.count(&stored_crc);
        self.entries += 1;
        let mut hasher = crc32fast::Hasher::new();
        hasher.update(&description);
        hasher.update(&peaks);
        let damaged = |what| FileError::Entry { path: self.path.clone(), number: self.entries, what };
        if hasher.finalize().to_le_bytes() != stored_crc[..] {
            return Err(damaged("it does not fit its checksum; restore the file from a copy".to_owned()));
        }
        StoredEntry::new(&description, peaks).map(Some).map_err(|bad| damaged(bad.to_string()))
    }

    fn end(&mut self) -> Result<(), FileError> {
        let mut bytes = [0; END_BYTES];
        bytes[..4].copy_from_slice(&END);
        bytes[4..].copy_from_slice(&self.take(END_BYTES - 4)?);
        let Some(end) = End::decode(&bytes) else {
            return Err(self.damaged("its end does not fit its checksum"));
        };
        let found =
            End { entries: self.entries, length: self.length, hash: *self.hasher.finalize().as_bytes() };
        if found != end {
            return Err(self.damaged("its content does not fit the hash at its end"));
        }
        let mut more = [0];
        match self.source.read(&mut more).map_err(|source| self.io(source))? {
            0 => Ok(()),
            _ => Err(self.damaged("something follows its end")),
        }
    }

    /// The next `length` bytes. Takes no more memory than there are.
    fn take(&mut self, length: usize) -> Result<Vec<u8>, FileError> {
        let bytes = read_up_to(&mut self.source, length).map_err(|source| self.io(source))?;
        if bytes.len() == length { Ok(bytes) } else { Err(self.cut_off()) }
    }

    fn count(&mut self, bytes: &[u8]) {
        self.hasher.update(bytes);
        self.length += bytes.len() as u64;
    }

    fn io(&self, source: io::Error) -> FileError {
        FileError::Io { path: self.path.clone(), source }
    }

    fn cut_off(&self) -> FileError {
        FileError::CutOff { path: self.path.clone(), entries: self.entries }
    }

    fn damaged(&self, what: impl Into<String>) -> FileError {
        FileError::Damaged { path: self.path.clone(), what: what.into() }
    }
}

impl<R: Read + Seek> Iterator for FingerprintReader<R> {
    type Item = Result<StoredEntry, FileError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let entry = self.entry();
        self.done = !matches!(entry, Ok(Some(_)) | Err(FileError::Entry { .. }));
        entry.transpose()
    }
}

/// The number of entries that the end of the file names.
fn announced(source: &mut (impl Read + Seek)) -> io::Result<Option<u64>> {
    let length = source.seek(SeekFrom::End(0))?;
    let Some(start) = length.checked_sub(END_BYTES as u64) else { return Ok(None) };
    source.seek(SeekFrom::Start(start))?;
    let mut bytes = [0; END_BYTES];
    source.read_exact(&mut bytes)?;
    Ok(End::decode(&bytes).map(|end| end.entries))
}

/// The next `length` bytes, fewer at the end of the source.
fn read_up_to(source: &mut impl Read, length: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(length.min(BUFFER_BYTES));
    source.take(length as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}
