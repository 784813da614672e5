//! A few bytes ahead of a reader.

use std::io::{self, Read};

use symphonia::core::io::{MediaSourceStream, ReadBytes};

/// Bytes read at a time.
const STEP: usize = 8 * 1_024;

/// A stream and what was read of it and not taken yet.
pub(super) struct Window {
    source: MediaSourceStream<'static>,
    buffer: Vec<u8>,
    /// What of the buffer was taken.
    taken: usize,
    /// Where the buffer begins in the source.
    base: u64,
    ended: bool,
}

impl Window {
    /// Goes on where `source` stands.
    pub(super) fn new(source: MediaSourceStream<'static>) -> Self {
        Window { base: source.pos(), source, buffer: Vec::new(), taken: 0, ended: false }
    }

    /// Where the next byte stands, from the start of the source.
    pub(super) fn position(&self) -> u64 {
        self.base + self.taken as u64
    }

    /// What is there and not taken.
    pub(super) fn rest(&self) -> &[u8] {
        &self.buffer[self.taken..]
    }

    /// Reads until so many bytes are there, or the end is.
    pub(super) fn fill(&mut self, bytes: usize) -> io::Result<()> {
        while self.rest().len() < bytes && !self.ended {
            if self.taken >= STEP {
                self.base += self.taken as u64;
                self.buffer.drain(..self.taken);
                self.taken = 0;
            }
            let kept = self.buffer.len();
            self.buffer.resize(kept + STEP, 0);
            let read = self.source.read(&mut self.buffer[kept..]);
            self.buffer.truncate(kept + *read.as_ref().unwrap_or(&0));
            match read {
                Ok(n) => self.ended = n == 0,
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => self.ended = true,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Takes bytes that are there.
    pub(super) fn take(&mut self, bytes: usize) -> &[u8] {
        let from = self.taken;
        self.taken = (from + bytes).min(self.buffer.len());
        &self.buffer[from..self.taken]
    }

    /// Takes so many bytes, or those up to the end, without looking at them.
    pub(super) fn skip(&mut self, bytes: u64) -> io::Result<()> {
        let mut left = bytes;
        while left > 0 {
            self.fill(1)?;
            let now = usize::try_from(left).unwrap_or(usize::MAX).min(self.rest().len());
            if now == 0 {
                break;
            }
            self.taken += now;
            left -= now as u64;
        }
        Ok(())
    }
}
