//! Quotes of CSV that are opened and never closed.
//!
//! A reader of CSV takes everything behind such a quote for one cell, to the end of
//! the file, and the rows in there are gone without a word.

use std::io::{self, Read};

/// A source of CSV whose end inside a quoted cell is an error.
///
/// The reader of CSV asks for the end of its source while it reads the last record,
/// and not before. So the error is about the record that would have swallowed the
/// rows behind it.
pub(crate) struct ClosedQuotes<R> {
    source: R,
    place: Place,
    line: u64,
    opened: u64,
}

/// Where in a cell the next byte stands (RFC 4180, section 2; a quote counts at the
/// beginning of a cell alone).
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Begin,
    Plain,
    Quoted,
    /// Behind a quote in a quoted cell, which ends it unless another follows.
    Quote,
}

impl<R> ClosedQuotes<R> {
    /// Watches a source that is read from its first line.
    pub(crate) fn new(source: R) -> Self {
        Self { source, place: Place::Begin, line: 1, opened: 1 }
    }

    fn watch(&mut self, byte: u8) {
        self.place = match (self.place, byte) {
            (Place::Begin, b'"') => {
                self.opened = self.line;
                Place::Quoted
            }
            (Place::Quoted, b'"') => Place::Quote,
            (Place::Quoted, _) | (Place::Quote, b'"') => Place::Quoted,
            (_, b',' | b'\n' | b'\r') => Place::Begin,
            (Place::Begin | Place::Plain | Place::Quote, _) => Place::Plain,
        };
        self.line += u64::from(byte == b'\n');
    }
}

impl<R: Read> Read for ClosedQuotes<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let read = self.source.read(buf)?;
        if read == 0 && !buf.is_empty() && self.place == Place::Quoted {
            let reason = format!(
                "a quote is opened on line {} and not closed, so that the rows behind it cannot be told: \
                 close it, or write it twice inside a quoted cell",
                self.opened
            );
            return Err(io::Error::new(io::ErrorKind::InvalidData, reason));
        }
        buf.iter().take(read).for_each(|byte| self.watch(*byte));
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows that can be read, and the error behind them.
    fn rows(content: &str, buffer: usize) -> (usize, Option<String>) {
        let source = ClosedQuotes::new(content.as_bytes());
        let mut reader = csv::ReaderBuilder::new().flexible(true).buffer_capacity(buffer).from_reader(source);
        let mut count = 0;
        for record in reader.byte_records() {
            match record {
                Ok(_) => count += 1,
                Err(error) => return (count, Some(error.to_string())),
            }
        }
        (count, None)
    }

    #[test]
    fn rows_before_an_open_quote_are_read_and_its_line_is_told() {
        for (content, count, line) in [
            ("p,t\na,ok\nb,\"he said\nc,d\n", 1, Some(3)),
            ("p,t\na,\"x\"\"\n", 0, Some(2)),
            ("p\n\"a\nb\"\nc\n\"", 2, Some(5)),
            ("p\n\"", 0, Some(2)),
            ("p,t\na,5\" disk\nb,\"x\"y\"\nc,\"\"\"\"\n", 3, None),
            ("p\n\"a\"\n\"\"", 2, None),
            ("p\r\n\"a\r\nb\"\r\n", 1, None),
            ("", 0, None),
        ] {
            for buffer in [1, 2, 3, 7, 8192] {
                let (found, error) = rows(content, buffer);
                assert_eq!((found, error.is_some()), (count, line.is_some()), "{content:?}: {error:?}");
                if let (Some(line), Some(error)) = (line, error) {
                    assert!(error.contains(&format!("on line {line} ")), "{content:?}: {error}");
                }
            }
        }
    }

    /// The reader and this have to agree on what a quote is.
    #[test]
    fn what_is_told_is_what_the_reader_swallows() {
        const LETTERS: [char; 5] = ['"', ',', '\n', 'a', '\r'];
        for number in 0..LETTERS.len().pow(5) {
            let content: String = (0..5).map(|at| LETTERS[number / LETTERS.len().pow(at) % 5]).collect();
            let content = format!("p\n{content}");
            // A row that an open quote swallows is no row of its own.
            let whole = |text: &str| {
                let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
                reader.byte_records().count()
            };
            let swallowed = whole(&format!("{content}\nx\nx")) != whole(&content) + 2
                && whole(&format!("{content}\"\nx\nx")) == whole(&content) + 2;
            assert_eq!(rows(&content, 64).1.is_some(), swallowed, "{content:?}");
        }
    }
}
