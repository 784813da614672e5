//! What the pages of a Parquet column claim, before the library gets memory for it.
//!
//! The library makes room for what a page's header says that it holds unpacked, up
//! to 2 GiB, whatever is there: with Snappy a file of three hundred bytes took
//! 3.8 GB. Headers are structs in Thrift's compact protocol; all but two of their
//! fields are passed over.

use std::io::{self, BufReader, Read, Seek, SeekFrom};

use flate2::read::MultiGzDecoder;
use parquet::basic::Compression;
use parquet::file::metadata::ColumnChunkMetaData;

use super::InputError;
use super::thrift::{self, Compact};

/// Most bytes that one of Snappy's unpacks to: its longest copy, 64 bytes, takes three
/// (*Snappy compressed format description*, section 2.2).
const SNAPPY_RATIO: u64 = 22;

/// Most bytes that one of deflate's unpacks to: 258 take two bits at best (RFC 1951).
const GZIP_RATIO: u64 = 1032;

/// Bytes that a page may claim beyond its ratio, as short ones have little of their own.
const SLACK: u64 = 1 << 10;

/// Bytes that a page may have whatever is said of audio: writers make pages of 1 MiB, or
/// of a thousand values.
const LEAST_PAGE: u64 = 64 << 20;

/// Reads the headers of all pages of a column of `source`, of which none may have more
/// than `limit` bytes unpacked (64 MiB at least). A page is in memory as a whole, and of
/// zeros a page of 2 GiB takes a few kilobytes of a file.
///
/// # Errors
/// If the column has no place in a file, a header cannot be read, or a page claims
/// more than it can hold or may.
pub(crate) fn check(
    source: &mut (impl Read + Seek),
    column: &ColumnChunkMetaData,
    limit: u64,
) -> Result<(), InputError> {
    let limit = limit.max(LEAST_PAGE);
    match column.compression() {
        Compression::BROTLI(_) => return Err(InputError::Packed { method: "Brotli" }),
        Compression::LZ4 | Compression::LZ4_RAW => return Err(InputError::Packed { method: "LZ4" }),
        Compression::LZO => return Err(InputError::Packed { method: "LZO" }),
        Compression::UNCOMPRESSED | Compression::SNAPPY | Compression::GZIP(_) | Compression::ZSTD(_) => {}
    }
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
        let mut header = Compact::new(BufReader::new(source.take(end - at)));
        let Sizes { unpacked, packed, levels } = match sizes(&mut header) {
            Ok(sizes) => sizes,
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => break,
            Err(error) => return Err(wrong(format!("a page has no header: {error}"))),
        };
        if unpacked > packed.saturating_mul(ratio).saturating_add(SLACK) {
            return Err(wrong(format!("a page of {packed} bytes claims to hold {unpacked}")));
        }
        let begins = at.saturating_add(header.bytes_read());
        // The library unpacks gzip to its end, whatever the header claims.
        let unpacked = match column.compression() {
            Compression::GZIP(_) => {
                let content = packed.saturating_sub(levels);
                unpacked.max(gzip_size(source, begins.saturating_add(levels), content, limit)?)
            }
            _ => unpacked,
        };
        if unpacked > limit {
            return Err(InputError::TooLarge { limit });
        }
        at = begins.saturating_add(packed);
    }
    Ok(())
}

/// Bytes that `packed` bytes from `begins` on unpack to; no more than `limit` and one are
/// counted. What is not gzip is for the library to refuse.
fn gzip_size(source: &mut (impl Read + Seek), begins: u64, packed: u64, limit: u64) -> io::Result<u64> {
    if packed.saturating_mul(GZIP_RATIO) <= limit {
        return Ok(0);
    }
    source.seek(SeekFrom::Start(begins))?;
    let mut content = MultiGzDecoder::new(BufReader::new(source.take(packed))).take(limit.saturating_add(1));
    let mut block = vec![0; 1 << 16];
    let mut size = 0;
    loop {
        match content.read(&mut block) {
            Ok(0) | Err(_) => return Ok(size),
            Ok(read) => size += read as u64,
        }
    }
}

/// Bytes of a page.
struct Sizes {
    unpacked: u64,
    /// In the file.
    packed: u64,
    /// In front of its content, never packed (`DataPageHeaderV2` of the format).
    levels: u64,
}

/// The sizes of a page, from its header.
fn sizes<R: Read>(header: &mut Compact<R>) -> io::Result<Sizes> {
    let mut sizes = [None; 2];
    let mut levels = 0;
    let mut id = 0_i64;
    loop {
        let kind = header.field(&mut id)?;
        match (kind, id) {
            (thrift::STOP, _) => break,
            (thrift::I32, 2 | 3) => {
                let size = u64::try_from(header.signed()?).map_err(|_| thrift::damage())?;
                sizes[usize::from(id == 3)] = Some(size);
            }
            (thrift::STRUCT, 8) => levels = levels_of(header)?,
            (kind, _) => header.skip(kind, 0)?,
        }
    }
    let [Some(unpacked), Some(packed)] = sizes else { return Err(thrift::damage()) };
    Ok(Sizes { unpacked, packed, levels })
}

/// Bytes of both kinds of levels, from the header of a data page of version 2.
fn levels_of<R: Read>(header: &mut Compact<R>) -> io::Result<u64> {
    let (mut levels, mut id) = (0_u64, 0);
    loop {
        match (header.field(&mut id)?, id) {
            (thrift::STOP, _) => return Ok(levels),
            (thrift::I32, 5 | 6) => {
                levels += u64::try_from(header.signed()?).map_err(|_| thrift::damage())?;
            }
            (kind, _) => header.skip(kind, 1)?,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;
    use std::sync::Arc;

    use parquet::data_type::{ByteArray, ByteArrayType};
    use parquet::file::properties::{WriterProperties, WriterVersion};
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
            check(&mut Cursor::new(&bytes), &column, u64::MAX).expect("a good file");
            let start = column.dictionary_page_offset().expect("a dictionary") as usize;
            // Kind of page, then the size unpacked: two bytes of a number, whose second
            // is now that of 2 GB.
            assert_eq!((bytes[start], bytes[start + 2] >> 4), (0x15, 1));
            let mut lying = bytes[..start + 3].to_vec();
            let unpacked = bytes[start + 3..].iter().position(|byte| *byte < 0x80).expect("an end") + 1;
            lying.extend([0xfe, 0xff, 0xff, 0xff, 0x0f]);
            lying.extend(&bytes[start + 3 + unpacked..]);
            let found = check(&mut Cursor::new(&lying), &column, u64::MAX).map_err(|error| error.to_string());
            assert_eq!(found.is_err(), codec == Compression::SNAPPY, "{codec}: {found:?}");
            for cut in 0..bytes.len() {
                let _ = check(&mut Cursor::new(&bytes[..cut]), &column, 1 << 30);
                let mut flipped = bytes.clone();
                flipped[cut] ^= 0x91;
                let _ = check(&mut Cursor::new(&flipped), &column, 1 << 30);
            }
        }
    }

    /// A file of one page with one value: as many zeros as are asked for.
    fn zeros(path: &std::path::Path, codec: Compression, version: WriterVersion, count: usize) {
        let schema = Arc::new(parse_message_type("message m { optional binary audio; }").expect("a schema"));
        let properties = WriterProperties::builder()
            .set_compression(codec)
            .set_writer_version(version)
            .set_dictionary_enabled(false);
        let out = std::fs::File::create(path).expect("a file");
        let mut writer =
            SerializedFileWriter::new(out, schema, Arc::new(properties.build())).expect("a writer");
        let mut group = writer.next_row_group().expect("a group");
        let mut column = group.next_column().expect("a column").expect("the first");
        column
            .typed::<ByteArrayType>()
            .write_batch(&[ByteArray::from(vec![0; count])], Some(&[1]), None)
            .expect("written");
        column.close().expect("closed");
        group.close().expect("closed");
        writer.close().expect("closed");
    }

    #[test]
    fn a_page_takes_no_more_memory_than_audio_may() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let path = folder.path().join("t.parquet");
        let (gzip, zstd) = (Compression::GZIP(Default::default()), Compression::ZSTD(Default::default()));
        for (codec, version) in [
            (gzip, WriterVersion::PARQUET_1_0),
            (gzip, WriterVersion::PARQUET_2_0),
            (zstd, WriterVersion::PARQUET_1_0),
        ] {
            zeros(&path, codec, version, (LEAST_PAGE as usize) + 4096);
            let mut bytes = std::fs::read(&path).expect("a file");
            assert!(bytes.len() < 1 << 20, "it is a bomb: {}", bytes.len());
            let reader =
                SerializedFileReader::new(std::fs::File::open(&path).expect("a file")).expect("Parquet");
            let column = reader.metadata().row_group(0).column(0).clone();
            let found = |bytes: &[u8], limit| check(&mut Cursor::new(bytes), &column, limit);
            assert!(found(&bytes, 2 * LEAST_PAGE).is_ok(), "{codec}");
            assert!(matches!(found(&bytes, 1), Err(InputError::TooLarge { limit: LEAST_PAGE })), "{codec}");
            // A header that claims less does not help: what is there counts for gzip, and
            // for Zstandard the library makes no more room than the claim.
            let start = column.data_page_offset() as usize;
            assert_eq!((bytes[start], bytes[start + 2] >> 4), (0x15, 1));
            let claim = start + 3;
            let length = bytes[claim..].iter().position(|byte| *byte < 0x80).expect("an end");
            bytes[claim..claim + length].fill(0x80);
            bytes[claim + length] = 2;
            assert_eq!(found(&bytes, 1).is_err(), matches!(codec, Compression::GZIP(_)), "{codec}");
        }
    }

    #[test]
    fn what_is_not_unpacked_is_named() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let path = folder.path().join("t.parquet");
        file(&path, Compression::UNCOMPRESSED);
        let reader = SerializedFileReader::new(std::fs::File::open(&path).expect("a file")).expect("Parquet");
        let column = reader.metadata().row_group(0).column(0).clone();
        for (codec, method) in [
            (Compression::BROTLI(Default::default()), "Brotli"),
            (Compression::LZ4, "LZ4"),
            (Compression::LZ4_RAW, "LZ4"),
            (Compression::LZO, "LZO"),
        ] {
            let column = column.clone().into_builder().set_compression(codec).build().expect("a column");
            let found = check(&mut Cursor::new([]), &column, 1).expect_err("not unpacked");
            assert!(matches!(found, InputError::Packed { method: named } if named == method), "{found}");
        }
    }
}
