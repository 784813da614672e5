//! Rows of Parquet that name audio or hold it.

use std::fs::File;
use std::ops::ControlFlow;

use parquet::basic::{ConvertedType, LogicalType, Type as PhysicalType};
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::{ByteArray, ByteArrayType};
use parquet::errors::ParquetError;
use parquet::file::reader::{FileReader, RowGroupReader, SerializedFileReader};
use parquet::schema::types::{ColumnDescriptor, SchemaDescriptor};

use super::manifest_rows::no_column;
use super::parquet_pages;
use super::tar_members::inside;
use super::{Input, InputError, Item, PATH_COLUMNS, RowSource, Shared};

/// Rows that are copied at a time where some are left out.
pub const BATCH_ROWS: usize = 64;

/// Bytes that one column of one row group may have, unpacked: pages, whose size
/// the format bounds at 2 GiB, are unpacked as a whole.
const LARGEST_CHUNK: i64 = 4 << 30;

/// The columns that say where the audio is.
#[derive(Clone, Copy, Debug, Default)]
struct Columns {
    path: Option<usize>,
    bytes: Option<usize>,
}

/// Looks whether there is a column with paths or audio.
pub(super) fn check(source: &RowSource) -> Result<(), InputError> {
    open(source).map(|_| ())
}

/// Gives an item for every row to `push`.
pub(super) fn read(
    source: &RowSource,
    limit: u64,
    push: &mut dyn FnMut(Item) -> ControlFlow<()>,
) -> Result<ControlFlow<()>, InputError> {
    let (reader, columns) = open(source)?;
    let mut pages = File::open(&source.path)?;
    let mut number = 0u64;
    for group in 0..reader.num_row_groups() {
        let group = reader.get_row_group(group).map_err(damaged)?;
        let mut cells =
            |column: Option<usize>| column.map(|at| Cells::open(group.as_ref(), at, &mut pages)).transpose();
        let (mut paths, mut sounds) = (cells(columns.path)?, cells(columns.bytes)?);
        for _ in 0..group.metadata().num_rows() {
            let cell = |cells: &mut Option<Cells>| match cells {
                Some(cells) => cells.next(),
                None => Ok(None),
            };
            let (path, bytes) = (cell(&mut paths)?, cell(&mut sounds)?);
            if push(item(source, limit, number, path, bytes)).is_break() {
                return Ok(ControlFlow::Break(()));
            }
            number += 1;
        }
    }
    Ok(ControlFlow::Continue(()))
}

fn item(
    source: &RowSource,
    limit: u64,
    number: u64,
    path: Option<ByteArray>,
    bytes: Option<ByteArray>,
) -> Item {
    let path =
        path.as_ref().and_then(|path| std::str::from_utf8(path.data()).ok()).filter(|path| !path.is_empty());
    let row = inside(&source.path, &number.to_string());
    match (bytes, path) {
        (Some(bytes), path) => {
            let name = path.map_or_else(|| row.clone(), |path| inside(&row, path));
            let bytes = bytes.data();
            if bytes.len() as u64 > limit {
                return Item::unreadable(name, InputError::TooLarge { limit });
            }
            Item::whole(Input::Bytes { path: name, bytes: Shared::new(bytes.to_vec()) })
        }
        (None, Some(path)) => Item::whole(Input::File(source.base().join(path))),
        (None, None) => {
            Item::unreadable(row, InputError::Row { reason: "has neither a path nor audio".to_owned() })
        }
    }
}

fn open(source: &RowSource) -> Result<(SerializedFileReader<File>, Columns), InputError> {
    let reader = SerializedFileReader::new(File::open(&source.path)?).map_err(damaged)?;
    let schema = reader.metadata().file_metadata().schema_descr();
    let columns = match &source.column {
        Some(column) => columns(schema, column),
        // Where both are there, as in many data sets, the audio is in the file and
        // the path is where it once was.
        None => PATH_COLUMNS
            .iter()
            .filter_map(|column| columns(schema, column))
            .min_by_key(|columns| columns.bytes.is_none()),
    };
    let columns = columns.ok_or_else(|| {
        let names: Vec<&str> = schema.root_schema().get_fields().iter().map(|field| field.name()).collect();
        no_column(&names.join(", "), source)
    })?;
    Ok((reader, columns))
}

/// A column with text is one of paths, one with bytes holds audio, and one with
/// both in a struct is that of Hugging Face.
fn columns(schema: &SchemaDescriptor, name: &str) -> Option<Columns> {
    let mut columns = Columns::default();
    for (at, column) in schema.columns().iter().enumerate() {
        if column.physical_type() != PhysicalType::BYTE_ARRAY || column.max_rep_level() > 0 {
            continue;
        }
        match column.path().parts() {
            [only] if only == name && is_text(column) => columns.path = Some(at),
            [only] if only == name => columns.bytes = Some(at),
            [parent, leaf] if parent == name && leaf == "path" => columns.path = Some(at),
            [parent, leaf] if parent == name && leaf == "bytes" => columns.bytes = Some(at),
            _ => {}
        }
    }
    (columns.path.is_some() || columns.bytes.is_some()).then_some(columns)
}

fn is_text(column: &ColumnDescriptor) -> bool {
    matches!(column.logical_type_ref(), Some(LogicalType::String))
        || column.converted_type() == ConvertedType::UTF8
}

/// The cells of one column of a row group, one after another.
struct Cells {
    reader: ColumnReaderImpl<ByteArrayType>,
    levels: Vec<i16>,
    cell: Vec<ByteArray>,
}

impl Cells {
    fn open(group: &dyn RowGroupReader, at: usize, pages: &mut File) -> Result<Self, InputError> {
        parquet_pages::check(pages, group.metadata().column(at))?;
        let size = group.metadata().column(at).uncompressed_size();
        if !(0..=LARGEST_CHUNK).contains(&size) {
            return Err(damaged_text(format!(
                "a row group has {size} bytes in one column, the limit is {LARGEST_CHUNK}: write smaller ones"
            )));
        }
        match group.get_column_reader(at).map_err(damaged)? {
            ColumnReader::ByteArrayColumnReader(reader) => {
                Ok(Self { reader, levels: Vec::new(), cell: Vec::new() })
            }
            _ => Err(damaged_text("a column has another type than its schema says".to_owned())),
        }
    }

    fn next(&mut self) -> Result<Option<ByteArray>, InputError> {
        self.levels.clear();
        self.cell.clear();
        let read = self.reader.read_records(1, Some(&mut self.levels), None, &mut self.cell);
        match read.map_err(damaged)? {
            (1, _, _) => Ok(self.cell.pop()),
            _ => Err(damaged_text("a column has fewer rows than its row group".to_owned())),
        }
    }
}

fn damaged(error: ParquetError) -> InputError {
    damaged_text(error.to_string())
}

fn damaged_text(reason: String) -> InputError {
    InputError::Container { container: "Parquet", reason }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;

    use parquet::file::properties::WriterProperties;
    use parquet::file::writer::SerializedFileWriter;
    use parquet::schema::parser::parse_message_type;

    use super::*;

    fn text(values: &[&str]) -> Vec<ByteArray> {
        values.iter().map(|value| ByteArray::from(value.as_bytes().to_vec())).collect()
    }

    /// Three rows: bytes and path, bytes alone, path alone.
    fn file(path: &Path) {
        let schema = "message m { required int64 id; optional group audio { optional binary bytes; optional binary path (UTF8); } }";
        let schema = Arc::new(parse_message_type(schema).expect("a schema"));
        let out = File::create(path).expect("a file");
        let properties = Arc::new(WriterProperties::builder().build());
        let mut writer = SerializedFileWriter::new(out, schema, properties).expect("a writer");
        let mut group = writer.next_row_group().expect("a group");
        let mut column = group.next_column().expect("a column").expect("the first");
        column.typed::<parquet::data_type::Int64Type>().write_batch(&[1, 2, 3], None, None).expect("written");
        column.close().expect("closed");
        for (values, levels) in [(text(&["abc", "defg"]), [2, 2, 1]), (text(&["x.mp3", "y.mp3"]), [2, 1, 2])]
        {
            let mut column = group.next_column().expect("a column").expect("the next");
            column.typed::<ByteArrayType>().write_batch(&values, Some(&levels), None).expect("written");
            column.close().expect("closed");
        }
        group.close().expect("closed");
        writer.close().expect("closed");
    }

    fn read_all(path: &Path, limit: u64) -> Result<Vec<String>, String> {
        let source = RowSource { path: path.to_owned(), column: None, base: None };
        let mut found = Vec::new();
        let folder = path.parent().expect("a folder");
        let _ = read(&source, limit, &mut |item| {
            let name = item.name().strip_prefix(folder).expect("below").display().to_string();
            found.push(match item.input {
                Input::File(_) => name,
                Input::Bytes { bytes, .. } => format!("{name}: {}", bytes.as_ref().len()),
                Input::Unreadable { error, .. } => format!("{name}: {error}"),
                Input::Fingerprints(_) => panic!("no row is one"),
            });
            ControlFlow::Continue(())
        })
        .map_err(|error| error.to_string())?;
        Ok(found)
    }

    #[test]
    fn bytes_and_paths_are_read() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let path = folder.path().join("t.parquet");
        file(&path);
        assert_eq!(read_all(&path, 100).unwrap(), ["t.parquet/0/x.mp3: 3", "t.parquet/1: 4", "y.mp3"]);
        assert!(read_all(&path, 3).unwrap()[1].starts_with("t.parquet/1: takes more than 3 bytes"));
        let source = RowSource { path, column: Some("id".to_owned()), base: None };
        assert!(check(&source).expect_err("numbers").to_string().contains("name one of id, audio"));
    }

    #[test]
    fn damage_is_told_and_nothing_worse() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let path = folder.path().join("t.parquet");
        file(&path);
        let whole = std::fs::read(&path).expect("a file");
        for cut in 0..whole.len() {
            std::fs::write(&path, &whole[..cut]).expect("a file");
            assert!(read_all(&path, 100).is_err(), "cut at {cut}");
        }
        for at in 0..whole.len() {
            let mut flipped = whole.clone();
            flipped[at] ^= 0x55;
            std::fs::write(&path, &flipped).expect("a file");
            // The library may panic; whoever lists inputs contains that.
            let _ = std::panic::catch_unwind(|| read_all(&path, 100));
        }
    }
}
