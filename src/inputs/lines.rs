//! Lines of bounded length, also out of gzip.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;

/// Bytes of the longest line that is read: 16 MiB. A row with a few thousand
/// supervisions takes one.
pub const LONGEST_LINE: u64 = 16 << 20;

/// The bytes of a file; what gzip packed is unpacked.
///
/// # Errors
/// If the file cannot be opened or its first bytes not be read.
pub fn plain(path: &Path) -> io::Result<Box<dyn BufRead + Send>> {
    unpacked(BufReader::with_capacity(1 << 16, File::open(path)?))
}

/// The same of what comes from anywhere.
///
/// # Errors
/// If its first bytes cannot be read.
pub(super) fn unpacked(mut file: impl BufRead + Send + 'static) -> io::Result<Box<dyn BufRead + Send>> {
    // RFC 1952, section 2.3.1.
    if file.fill_buf()?.starts_with(&[0x1f, 0x8b]) {
        return Ok(Box::new(BufReader::with_capacity(1 << 16, MultiGzDecoder::new(file))));
    }
    Ok(Box::new(file))
}

/// A line without its end, and its number from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The number.
    pub number: u64,
    /// What it holds; `Err` with the first kilobyte where it is longer than
    /// [`LONGEST_LINE`].
    pub text: Result<Vec<u8>, Vec<u8>>,
}

/// The lines of a source, one in memory at a time.
pub struct Lines<R> {
    source: R,
    end: u8,
    number: u64,
    longest: u64,
}

impl<R: BufRead> Lines<R> {
    /// Lines that end with `end`.
    pub fn new(source: R, end: u8) -> Self {
        Self { source, end, number: 0, longest: LONGEST_LINE }
    }

    fn read(&mut self) -> io::Result<Option<Line>> {
        let mut text = Vec::new();
        if (&mut self.source).take(self.longest + 1).read_until(self.end, &mut text)? == 0 {
            return Ok(None);
        }
        self.number += 1;
        let whole = text.last() == Some(&self.end);
        if whole {
            text.pop();
        } else if text.len() as u64 > self.longest {
            self.skip()?;
            text.truncate(1 << 10);
            return Ok(Some(Line { number: self.number, text: Err(text) }));
        }
        if self.end == b'\n' && text.last() == Some(&b'\r') {
            text.pop();
        }
        if self.number == 1 && text.starts_with(b"\xef\xbb\xbf") {
            text.drain(..3);
        }
        Ok(Some(Line { number: self.number, text: Ok(text) }))
    }

    /// Passes over the rest of a line.
    fn skip(&mut self) -> io::Result<()> {
        loop {
            let block = self.source.fill_buf()?;
            let Some(at) = block.iter().position(|byte| *byte == self.end) else {
                let length = block.len();
                if length == 0 {
                    return Ok(());
                }
                self.source.consume(length);
                continue;
            };
            self.source.consume(at + 1);
            return Ok(());
        }
    }
}

impl<R: BufRead> Iterator for Lines<R> {
    type Item = io::Result<Line>;

    fn next(&mut self) -> Option<Self::Item> {
        self.read().transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_as_told_and_long_ones_are_passed_over() {
        let mut lines = Lines::new(&b"\xef\xbb\xbfone\r\n\n0123456789\nlast"[..], b'\n');
        lines.longest = 8;
        let found: Vec<Line> = lines.map(|line| line.expect("memory")).collect();
        let good = |number, text: &str| Line { number, text: Ok(text.as_bytes().to_vec()) };
        let long = Line { number: 3, text: Err(b"012345678".to_vec()) };
        assert_eq!(found, [good(1, "one"), good(2, ""), long, good(4, "last")]);
        let found: Vec<Line> = Lines::new(&b"a\nb\0c\0"[..], 0).map(|line| line.expect("memory")).collect();
        assert_eq!(found, [good(1, "a\nb"), good(2, "c")]);
    }
}
