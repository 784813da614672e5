//! The hash of a file's bytes, taken while something else reads them.

use std::io::{self, Read, Seek, SeekFrom};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sha2::{Digest, Sha256};

use super::entry::FileHash;

/// Bytes read at a time where nobody else read them.
const BLOCK_BYTES: usize = 1 << 16;

/// A source that hashes what is read from it, as far as the reader comes from
/// the start on without a gap. [`finish`](HashedSource::finish) reads the rest:
/// a decoder reads most of a file in order, so that little is read twice.
///
/// Clones share the source and its position.
pub struct HashedSource<R>(Arc<Mutex<State<R>>>);

struct State<R> {
    source: R,
    hasher: Sha256,
    /// Bytes from the start that went into the hash.
    hashed: u64,
    /// Position of the source.
    at: u64,
}

impl<R> Clone for HashedSource<R> {
    fn clone(&self) -> Self {
        HashedSource(Arc::clone(&self.0))
    }
}

impl<R> HashedSource<R> {
    /// A panic elsewhere while it was held left nothing half done.
    fn state(&self) -> MutexGuard<'_, State<R>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<R: Read + Seek> HashedSource<R> {
    /// Wraps `source`, from its start.
    ///
    /// # Errors
    /// If its length cannot be known.
    pub fn new(mut source: R) -> io::Result<Self> {
        source.rewind()?;
        Ok(HashedSource(Arc::new(Mutex::new(State { source, hasher: Sha256::new(), hashed: 0, at: 0 }))))
    }

    /// Reads what nobody has read yet and names the bytes.
    ///
    /// # Errors
    /// If what is left of it cannot be read.
    pub fn finish(mut self) -> io::Result<FileHash> {
        let hashed = self.state().hashed;
        self.seek(SeekFrom::Start(hashed))?;
        let mut block = vec![0; BLOCK_BYTES];
        loop {
            match self.read(&mut block) {
                Ok(0) => break,
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        let state = self.state();
        Ok(FileHash { bytes: state.hashed, sha256: state.hasher.clone().finalize().into() })
    }
}

impl<R: Read> Read for HashedSource<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let mut state = self.state();
        let read = state.source.read(buf)?;
        let end = state.at + read as u64;
        // Of what was read, the bytes that are not in the hash yet.
        if state.at <= state.hashed && state.hashed < end {
            let known = (state.hashed - state.at) as usize;
            state.hasher.update(&buf[known..read]);
            state.hashed = end;
        }
        state.at = end;
        Ok(read)
    }
}

impl<R: Seek> Seek for HashedSource<R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let mut state = self.state();
        state.at = state.source.seek(to)?;
        Ok(state.at)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;
    use crate::random::Random;

    #[test]
    fn the_hash_is_that_of_the_bytes_however_they_are_read() {
        let mut random = Random::new(5);
        for length in [0_u64, 1, 1000, 200_000] {
            let bytes: Vec<u8> = (0..length).map(|_| random.next() as u8).collect();
            let expected = FileHash { bytes: length, sha256: Sha256::digest(&bytes).into() };
            for _ in 0..30 {
                let source = HashedSource::new(Cursor::new(bytes.clone())).expect("memory");
                let mut reader = source.clone();
                for _ in 0..random.below(8) {
                    let mut buf = vec![0; random.below(length + 10) as usize];
                    if random.below(3) == 0 {
                        reader.seek(SeekFrom::Start(random.below(length + 1))).expect("memory");
                    }
                    let at = reader.stream_position().expect("memory") as usize;
                    let read = reader.read(&mut buf).expect("memory");
                    assert_eq!(buf[..read], bytes[at..at + read]);
                }
                drop(reader);
                assert_eq!(source.finish().expect("memory"), expected);
            }
        }
    }

    #[test]
    fn the_hash_is_sha_256() {
        let source = HashedSource::new(Cursor::new(b"abc")).expect("memory");
        // FIPS 180-2, appendix B.1.
        let hex = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        let found = source.finish().expect("memory").sha256;
        assert_eq!(found.map(|byte| format!("{byte:02x}")).concat(), hex);
    }
}
