//! The line on which a CSV record starts, for messages that name it.

/// Finds the line of a record from its place. The CSV reader's own line
/// numbers are those of the line end before the record: one too low after
/// CR LF, more after blank lines.
pub(crate) struct LineCounter<'a> {
    content: &'a [u8],
    counted: usize,
    line: u64,
}

impl<'a> LineCounter<'a> {
    /// A counter for `content`, which is all that the reader is given.
    pub(crate) fn new(content: &'a [u8]) -> Self {
        Self { content, counted: 0, line: 1 }
    }

    /// The line, from 1, on which `record` starts. Records are asked about in
    /// their order.
    pub(crate) fn line_of(&mut self, record: &csv::ByteRecord) -> u64 {
        record.position().map_or(self.line, |position| self.line_at(position.byte()))
    }

    /// The line of the first record at or behind `byte`, which never decreases.
    fn line_at(&mut self, byte: u64) -> u64 {
        let from = usize::try_from(byte).unwrap_or(usize::MAX).clamp(self.counted, self.content.len());
        let blank = self.content[from..].iter().take_while(|b| matches!(b, b'\r' | b'\n')).count();
        let start = from + blank;
        self.line += self.content[self.counted..start].iter().filter(|b| **b == b'\n').count() as u64;
        self.counted = start;
        self.line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_start_where_an_editor_shows_them() {
        // Quoted line ends, blank lines, and both kinds of line end.
        let unix = "a,b\n1,2\n\n\"3\n3\",4\n5,6\n";
        for content in [unix.to_owned(), unix.replace('\n', "\r\n")] {
            let mut lines = LineCounter::new(content.as_bytes());
            let mut reader = csv::Reader::from_reader(content.as_bytes());
            let found: Vec<u64> = reader
                .byte_records()
                .map(|record| lines.line_of(&record.expect("three good records")))
                .collect();
            assert_eq!(found, [2, 4, 6], "{content:?}");
        }
    }
}
