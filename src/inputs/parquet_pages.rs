//! What the pages of a Parquet column claim, before the library gets memory for it.
//!
//! The library makes room for what a page's header says that it holds unpacked, up
//! to 2 GiB, whatever is there: with Snappy a file of three hundred bytes took
//! 3.8 GB. Headers are structs in Thrift's compact protocol; all but two of their
//! fields are passed over.

use std::io::{self, BufReader, Read, Seek, SeekFrom};

use parquet::basic::Compression;
use parquet::file::metadata::ColumnChunkMetaData;

use super::InputError;

/// Most bytes that one of Snappy's unpacks to: its longest copy, 64 bytes, takes three
/// (*Snappy compressed format description*, section 2.2).
const SNAPPY_RATIO: u64 = 22;

/// Deepest nesting in a header; the statistics are two deep.
const MAX_DEPTH: u32 = 8;

/// Bytes that a page may claim beyond its ratio, as short ones have little of their own.
const SLACK: u64 = 1 << 10;

/// Reads the headers of all pages of a column of `source`.
///
/// # Errors
/// If the column has no place in a file, a header cannot be read, or a page claims
/// more than it can hold.
pub(crate) fn check(source: &mut (impl Read + Seek), column: &ColumnChunkMetaData) -> Result<(), InputError> {
    let wrong = |reason: String| InputError::Container { container: "Parquet", reason };
    let start = column.dictionary_page_offset().unwrap_or_else(|| column.data_page_offset());
    let (Ok(start), Ok(length)) = (u64::try_from(start), u64::try_from(column.compressed_size())) else {
        return Err(wrong("a column lies before the file".to_owned()));
    };
    let ratio = if column.compression() == Compression::SNAPPY { SNAPPY_RATIO } else { u64::MAX };
    let mut at = start;
    let end = start.saturating_add(length);
    while at < end {
        source.seek(SeekFrom::Start(at))?;
        let mut header = Header { source: BufReader::new(source.take(end - at)), read: 0 };
        let (unpacked, packed) = match header.sizes() {
            Ok(sizes) => sizes,
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => break,
            Err(error) => return Err(wrong(format!("a page has no header: {error}"))),
        };
        if unpacked > packed.saturating_mul(ratio).saturating_add(SLACK) {
            return Err(wrong(format!("a page of {packed} bytes claims to hold {unpacked}")));
        }
        at = at.saturating_add(header.read).saturating_add(packed);
    }
    Ok(())
}

/// A header, and how many bytes of it were read.
struct Header<R> {
    source: BufReader<R>,
    read: u64,
}

impl<R: Read> Header<R> {
    /// The sizes of the page: unpacked, and in the file.
    fn sizes(&mut self) -> io::Result<(u64, u64)> {
        let mut sizes = [None; 2];
        let mut id = 0_i64;
        loop {
            let kind = self.field(&mut id)?;
            match (kind, id) {
                (0, _) => break,
                (5, 2 | 3) => {
                    let size = u64::try_from(self.signed()?).map_err(|_| damage())?;
                    sizes[usize::from(id == 3)] = Some(size);
                }
                (kind, _) => self.skip(kind, 0)?,
            }
        }
        let [Some(unpacked), Some(packed)] = sizes else { return Err(damage()) };
        Ok((unpacked, packed))
    }

    /// The kind of the next field, whose number becomes `id`; 0 at the end.
    fn field(&mut self, id: &mut i64) -> io::Result<u8> {
        let byte = self.byte()?;
        let (step, kind) = (i64::from(byte >> 4), byte & 15);
        if kind > 0 {
            *id = if step > 0 { id.saturating_add(step) } else { self.signed()? };
        }
        Ok(kind)
    }

    /// Passes over a value. Booleans stand in the field's kind.
    fn skip(&mut self, kind: u8, depth: u32) -> io::Result<()> {
        if depth > MAX_DEPTH {
            return Err(damage());
        }
        match kind {
            1 | 2 => Ok(()),
            3 => self.byte().map(|_| ()),
            4..=6 => self.number().map(|_| ()),
            7 => self.pass(8),
            8 => {
                let length = self.number()?;
                self.pass(length)
            }
            9 | 10 => {
                let byte = self.byte()?;
                let count = if byte >> 4 == 15 { self.number()? } else { u64::from(byte >> 4) };
                // Booleans of a list have a byte each.
                let kind = if byte & 15 <= 2 { 3 } else { byte & 15 };
                (0..count).try_for_each(|_| self.skip(kind, depth + 1))
            }
            12 => {
                let mut id = 0;
                loop {
                    match self.field(&mut id)? {
                        0 => return Ok(()),
                        kind => self.skip(kind, depth + 1)?,
                    }
                }
            }
            _ => Err(damage()),
        }
    }

    fn pass(&mut self, length: u64) -> io::Result<()> {
        let passed = io::copy(&mut self.source.by_ref().take(length), &mut io::sink())?;
        self.read += passed;
        if passed < length { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(()) }
    }

    fn signed(&mut self) -> io::Result<i64> {
        let number = self.number()?;
        Ok((number >> 1) as i64 ^ -((number & 1) as i64))
    }

    fn number(&mut self) -> io::Result<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(damage())
    }

    fn byte(&mut self) -> io::Result<u8> {
        let mut byte = [0];
        self.source.read_exact(&mut byte)?;
        self.read += 1;
        Ok(byte[0])
    }
}

fn damage() -> io::Error {
    io::ErrorKind::InvalidData.into()
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;
    use std::sync::Arc;

    use parquet::data_type::{ByteArray, ByteArrayType};
    use parquet::file::properties::WriterProperties;
    use parquet::file::reader::{FileReader, SerializedFileReader};
    use parquet::file::writer::SerializedFileWriter;
    use parquet::schema::parser::parse_message_type;

    use super::*;

    /// A file of one column, in several pages, with a dictionary.
    fn file(path: &std::path::Path, codec: Compression) {
        let schema =
            Arc::new(parse_message_type("message m { required binary path (UTF8); }").expect("a schema"));
        let properties =
            WriterProperties::builder().set_compression(codec).set_data_page_row_count_limit(100);
        let out = std::fs::File::create(path).expect("a file");
        let properties = Arc::new(properties.set_write_batch_size(50).build());
        let mut writer = SerializedFileWriter::new(out, schema, properties).expect("a writer");
        let mut group = writer.next_row_group().expect("a group");
        let mut column = group.next_column().expect("a column").expect("the first");
        let values: Vec<ByteArray> =
            (0..1000).map(|n| ByteArray::from(format!("{}.mp3", n % 70).as_str())).collect();
        column.typed::<ByteArrayType>().write_batch(&values, None, None).expect("written");
        column.close().expect("closed");
        group.close().expect("closed");
        writer.close().expect("closed");
    }

    #[test]
    fn what_a_writer_writes_is_taken_and_lies_are_not() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let path = folder.path().join("t.parquet");
        for codec in [Compression::UNCOMPRESSED, Compression::SNAPPY, Compression::ZSTD(Default::default())] {
            file(&path, codec);
            let bytes = std::fs::read(&path).expect("a file");
            let reader =
                SerializedFileReader::new(std::fs::File::open(&path).expect("a file")).expect("Parquet");
            let column = reader.metadata().row_group(0).column(0).clone();
            check(&mut Cursor::new(&bytes), &column).expect("a good file");
            let start = column.dictionary_page_offset().expect("a dictionary") as usize;
            // Kind of page, then the size unpacked: two bytes of a number, whose second
            // is now that of 2 GB.
            assert_eq!((bytes[start], bytes[start + 2] >> 4), (0x15, 1));
            let mut lying = bytes[..start + 3].to_vec();
            let unpacked = bytes[start + 3..].iter().position(|byte| *byte < 0x80).expect("an end") + 1;
            lying.extend([0xfe, 0xff, 0xff, 0xff, 0x0f]);
            lying.extend(&bytes[start + 3 + unpacked..]);
            let found = check(&mut Cursor::new(&lying), &column).map_err(|error| error.to_string());
            assert_eq!(found.is_err(), codec == Compression::SNAPPY, "{codec}: {found:?}");
            for cut in 0..bytes.len() {
                let _ = check(&mut Cursor::new(&bytes[..cut]), &column);
                let mut flipped = bytes.clone();
                flipped[cut] ^= 0x91;
                let _ = check(&mut Cursor::new(&flipped), &column);
            }
        }
    }
}
