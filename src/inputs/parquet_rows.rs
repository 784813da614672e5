//! Rows of Parquet that name audio or hold it.

use std::fs::File;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use parquet::basic::{ConvertedType, LogicalType, Type as PhysicalType};
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::{ByteArray, ByteArrayType};
use parquet::errors::ParquetError;
use parquet::file::reader::{FileReader, RowGroupReader, SerializedFileReader};
use parquet::schema::types::{ColumnDescriptor, SchemaDescriptor};

use super::columns::RowItems;
use super::csv_rows::no_column;
use super::members::extension;
use super::sniff::{Bytes, Sniffed, sniff};
use super::tar_members::inside;
use super::{Input, InputError, Item, PATH_COLUMNS, RowSource, Shared, is_audio_extension};
use super::{parquet_footer, parquet_pages};

/// Rows that are copied at a time where some are left out.
pub const BATCH_ROWS: usize = 64;

/// Bytes that one column of one row group may have, unpacked: pages, whose size
/// the format bounds at 2 GiB, are unpacked as a whole.
const LARGEST_CHUNK: i64 = 4 << 30;

/// A column that may say where audio is, or hold it.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Column {
    /// Bytes, and the path beside them in a struct, as Hugging Face has it.
    Sound {
        /// Its name, with dots in a struct.
        name: String,
        bytes: usize,
        path: Option<usize>,
        /// It is audio by its name or because somebody said so, whatever its bytes.
        is_named: bool,
    },
    /// Text.
    Text {
        name: String,
        at: usize,
        /// It is one of paths by its name or because somebody said so.
        is_named: bool,
    },
}

impl Column {
    fn is_named(&self) -> bool {
        match self {
            Self::Sound { is_named, .. } | Self::Text { is_named, .. } => *is_named,
        }
    }

    fn name(&self) -> &str {
        match self {
            Self::Sound { name, .. } | Self::Text { name, .. } => name,
        }
    }
}

/// Looks whether there is a column with paths or audio, and no other that may hold
/// audio of a form that nobody knows.
pub(super) fn check(source: &RowSource) -> Result<(), InputError> {
    let rows = ParquetRows::open(source, Taken::Nothing)?;
    rows.columns.iter().try_for_each(|column| match column {
        Column::Sound { name, bytes, is_named: false, .. } => rows.check_unknown(name, *bytes),
        _ => Ok(()),
    })
}

/// Gives the items of every row to `push`.
pub(super) fn read(
    source: &RowSource,
    push: &mut dyn FnMut(Item) -> ControlFlow<()>,
) -> Result<ControlFlow<()>, InputError> {
    for items in ParquetRows::open(source, Taken::Audio)? {
        for item in items? {
            if push(item).is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
    }
    Ok(ControlFlow::Continue(()))
}

/// How many items each row gives: one at least.
pub(crate) fn counts(
    source: &RowSource,
) -> Result<impl Iterator<Item = Result<usize, InputError>>, InputError> {
    Ok(ParquetRows::open(source, Taken::Nothing)?.map(|items| items.map(|items| items.len())))
}

/// Whether audio in the rows is copied, or only counted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Taken {
    Audio,
    Nothing,
}

/// The rows of a file, with the items of each.
struct ParquetRows<'a> {
    source: &'a RowSource,
    /// Bytes of audio in a row that are taken.
    limit: u64,
    reader: SerializedFileReader<File>,
    pages: File,
    columns: Vec<Column>,
    /// The next row group.
    group: usize,
    /// Rows of the open one that are left.
    left: i64,
    /// The cells of each of `columns` in it; of a struct those of its paths, too.
    cells: Vec<(Cells, Option<Cells>)>,
    /// The next row.
    number: u64,
}

impl<'a> ParquetRows<'a> {
    fn open(source: &'a RowSource, taken: Taken) -> Result<Self, InputError> {
        let limit = if taken == Taken::Audio { source.member_limit } else { 0 };
        let mut pages = File::open(&source.path)?;
        parquet_footer::check(&mut pages)?;
        let reader = SerializedFileReader::new(File::open(&source.path)?).map_err(damaged)?;
        let columns = columns(reader.metadata().file_metadata().schema_descr(), source)?;
        let cells = Vec::new();
        Ok(Self { source, limit, reader, pages, columns, group: 0, left: 0, cells, number: 0 })
    }

    /// Looks at the first bytes in a column that nobody said anything about.
    fn check_unknown(&self, name: &str, at: usize) -> Result<(), InputError> {
        let mut pages = File::open(&self.source.path)?;
        for group in 0..self.reader.num_row_groups() {
            let group = self.reader.get_row_group(group).map_err(damaged)?;
            let mut cells = Cells::open(group.as_ref(), at, &mut pages, self.source.member_limit)?;
            for _ in 0..group.metadata().num_rows() {
                let values = cells.next()?;
                let Some(first) = values.first() else { continue };
                let Sniffed { bytes, .. } = sniff(&mut first.data())?;
                return if matches!(bytes, Bytes::Unknown | Bytes::Packed(_)) {
                    let reason = format!(
                        "source {} has a column `{name}` that may hold audio: \
                         say --audio-column {name} or --not-audio {name}",
                        self.source.path.display()
                    );
                    Err(InputError::Row { reason })
                } else {
                    Ok(())
                };
            }
        }
        Ok(())
    }

    /// Opens the next row group with rows; false if there is none.
    fn next_group(&mut self) -> Result<bool, InputError> {
        while self.left == 0 {
            if self.group == self.reader.num_row_groups() {
                return Ok(false);
            }
            let group = self.reader.get_row_group(self.group).map_err(damaged)?;
            self.group += 1;
            let mut open =
                |at: usize| Cells::open(group.as_ref(), at, &mut self.pages, self.source.member_limit);
            let cells = self.columns.iter().map(|column| match column {
                Column::Sound { bytes, path, .. } => Ok((open(*bytes)?, path.map(&mut open).transpose()?)),
                Column::Text { at, .. } => Ok((open(*at)?, None)),
            });
            self.cells = cells.collect::<Result<_, InputError>>()?;
            self.left = group.metadata().num_rows().max(0);
        }
        self.left -= 1;
        Ok(true)
    }

    fn row(&mut self) -> Result<Vec<Item>, InputError> {
        let mut items = RowItems::new(self.source);
        let row = inside(&self.source.path, self.number.to_string());
        self.number += 1;
        let mut cells = Vec::with_capacity(self.cells.len());
        for (first, second) in &mut self.cells {
            let second = second.as_mut().map_or_else(|| Ok(Vec::new()), Cells::next)?;
            cells.push((first.next()?, second));
        }
        // The first of the columns names the row's audio, and the others stand behind it.
        let mut paths = Vec::new();
        for (at, (column, (values, beside))) in self.columns.iter().zip(&cells).enumerate() {
            let Column::Sound { name, is_named, .. } = column else { continue };
            let base = if at == 0 && *is_named { row.clone() } else { inside(&row, name) };
            let path = beside.first().and_then(text);
            for (index, value) in values.iter().enumerate() {
                let base = if values.len() > 1 { inside(&base, index.to_string()) } else { base.clone() };
                let called = path.map_or_else(|| base.clone(), |path| inside(&base, path));
                if let Some(item) = sound(name, *is_named, called, value.data(), self.limit)? {
                    items.add(item);
                }
            }
            match path {
                Some(path) if !values.is_empty() => paths.push(path),
                Some(path) if *is_named => items.named(name, path, None),
                Some(path) => items.perhaps(path),
                None => {}
            }
        }
        let has_sound = !items.is_empty();
        for (column, (values, _)) in self.columns.iter().zip(&cells) {
            let Column::Text { name, is_named, .. } = column else { continue };
            for path in values.iter().filter_map(text) {
                // Beside the audio itself a path tells where that once was.
                let same = |other: &&str| Path::new(other).file_name() == Path::new(path).file_name();
                if paths.iter().any(same) {
                } else if *is_named && !has_sound {
                    items.named(name, path, None);
                } else {
                    items.perhaps(path);
                }
            }
        }
        Ok(items.finish(|| row, || "has neither a path nor audio".to_owned()))
    }
}

impl Iterator for ParquetRows<'_> {
    type Item = Result<Vec<Item>, InputError>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.next_group() {
            Ok(true) => Some(self.row()),
            Ok(false) => None,
            Err(error) => Some(Err(error)),
        }
    }
}

fn text(value: &ByteArray) -> Option<&str> {
    std::str::from_utf8(value.data()).ok().filter(|text| !text.is_empty())
}

/// The audio in a cell of the column `name`; `None` where it is none by its bytes.
fn sound(
    name: &str,
    is_named: bool,
    called: PathBuf,
    bytes: &[u8],
    limit: u64,
) -> Result<Option<Item>, InputError> {
    let has_name = is_audio_extension(&extension(&called.to_string_lossy()));
    if !is_named && !has_name {
        match sniff(&mut &bytes[..])?.bytes {
            Bytes::Audio | Bytes::Unread(_) => {}
            Bytes::Silent => return Ok(None),
            Bytes::Packed(_) | Bytes::Unknown => {
                let reason = format!(
                    "has bytes in `{name}` that may be audio: say --audio-column {name} or --not-audio {name}"
                );
                return Ok(Some(Item::unreadable(called, InputError::Row { reason })));
            }
        }
    }
    if bytes.len() as u64 > limit {
        return Ok(Some(Item::unreadable(called, InputError::TooLarge { limit })));
    }
    Ok(Some(Item::whole(Input::Bytes { path: called, bytes: Shared::new(bytes.to_vec()) })))
}

/// The columns that are looked at: what is audio by its name, then all others with
/// bytes, then all others with text.
fn columns(schema: &SchemaDescriptor, source: &RowSource) -> Result<Vec<Column>, InputError> {
    let root = |name: &str| name.split('.').next().unwrap_or(name).to_owned();
    let leaves: Vec<(usize, String)> = (0..)
        .zip(schema.columns())
        .filter(|(_, column)| column.physical_type() == PhysicalType::BYTE_ARRAY)
        .map(|(at, column)| (at, column.path().parts().join(".")))
        .filter(|(_, name)| !source.columns.is_silent(name) && !source.columns.is_silent(&root(name)))
        .collect();
    let mut columns = Vec::new();
    let mut beside = Vec::new();
    for (at, name) in &leaves {
        if is_text(schema.column(*at).as_ref()) {
            continue;
        }
        let parent = name.strip_suffix(".bytes");
        let path =
            parent.and_then(|parent| leaves.iter().find(|(_, name)| *name == format!("{parent}.path")));
        // In a list nobody knows which path stands beside which bytes.
        let path = path.filter(|(at, _)| schema.column(*at).max_rep_level() == 0).map(|(at, _)| *at);
        beside.extend(path);
        let name = parent.unwrap_or(name).to_owned();
        columns.push(Column::Sound { name, bytes: *at, path, is_named: false });
    }
    for (at, name) in &leaves {
        if is_text(schema.column(*at).as_ref()) && !beside.contains(at) {
            let name = name.strip_suffix(".path").unwrap_or(name).to_owned();
            columns.push(Column::Text { name, at: *at, is_named: false });
        }
    }
    let named: Vec<&str> = source.columns.named(&PATH_COLUMNS).collect();
    let place = |column: &Column| {
        named.iter().position(|name| *name == column.name() || *name == root(column.name()))
    };
    for column in &mut columns {
        let found = place(column).is_some();
        match column {
            Column::Sound { is_named, .. } | Column::Text { is_named, .. } => *is_named = found,
        }
    }
    let is_sound = |column: &Column| matches!(column, Column::Sound { .. });
    let missing =
        source.columns.audio.iter().find(|name| {
            !columns.iter().any(|column| column.name() == **name || root(column.name()) == **name)
        });
    if missing.is_some() || !columns.iter().any(|column| column.is_named() || is_sound(column)) {
        let fields = schema.root_schema().get_fields();
        let names: Vec<&str> = fields.iter().map(|field| field.name()).collect();
        return Err(no_column(missing.map(String::as_str), &names.join(", "), source));
    }
    // Stable: else in the order of the schema.
    columns.sort_by_key(|column| (!column.is_named(), !is_sound(column), place(column)));
    Ok(columns)
}

fn is_text(column: &ColumnDescriptor) -> bool {
    matches!(column.logical_type_ref(), Some(LogicalType::String | LogicalType::Json | LogicalType::Enum))
        || matches!(column.converted_type(), ConvertedType::UTF8 | ConvertedType::JSON | ConvertedType::ENUM)
}

/// The cells of one column of a row group, one after another.
struct Cells {
    reader: ColumnReaderImpl<ByteArrayType>,
    levels: Vec<i16>,
    repeats: Vec<i16>,
}

impl Cells {
    fn open(group: &dyn RowGroupReader, at: usize, pages: &mut File, limit: u64) -> Result<Self, InputError> {
        parquet_pages::check(pages, group.metadata().column(at), limit)?;
        let size = group.metadata().column(at).uncompressed_size();
        if !(0..=LARGEST_CHUNK).contains(&size) {
            return Err(damaged_text(format!(
                "a row group has {size} bytes in one column, the limit is {LARGEST_CHUNK}: write smaller ones"
            )));
        }
        match group.get_column_reader(at).map_err(damaged)? {
            ColumnReader::ByteArrayColumnReader(reader) => {
                Ok(Self { reader, levels: Vec::new(), repeats: Vec::new() })
            }
            _ => Err(damaged_text("a column has another type than its schema says".to_owned())),
        }
    }

    /// What the next row holds: of a list any number of values.
    fn next(&mut self) -> Result<Vec<ByteArray>, InputError> {
        self.levels.clear();
        self.repeats.clear();
        let mut cell = Vec::new();
        let read = self.reader.read_records(1, Some(&mut self.levels), Some(&mut self.repeats), &mut cell);
        match read.map_err(damaged)? {
            (1, _, _) => Ok(cell),
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

    use super::super::ColumnChoice;
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
        let source = RowSource { member_limit: limit, ..RowSource::new(path.to_owned()) };
        let mut found = Vec::new();
        let folder = path.parent().expect("a folder");
        let _ = read(&source, &mut |item| {
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
        let columns = ColumnChoice { audio: vec!["id".to_owned()], ..ColumnChoice::default() };
        let source = RowSource { columns, ..RowSource::new(path) };
        assert!(check(&source).expect_err("numbers").to_string().contains("name one of id, audio"));
    }

    /// One row group of `schema` with these values in each of its columns of bytes, the
    /// levels of each being those of a value that is there.
    fn bytes_file(path: &Path, schema: &str, columns: &[&[&[u8]]]) {
        let schema = Arc::new(parse_message_type(schema).expect("a schema"));
        let properties = Arc::new(WriterProperties::builder().build());
        let mut writer = SerializedFileWriter::new(File::create(path).expect("a file"), schema, properties)
            .expect("a writer");
        let mut group = writer.next_row_group().expect("a group");
        for values in columns {
            let mut column = group.next_column().expect("a column").expect("the next");
            let values: Vec<ByteArray> = values.iter().map(|value| value.to_vec().into()).collect();
            column.typed::<ByteArrayType>().write_batch(&values, None, None).expect("written");
            column.close().expect("closed");
        }
        group.close().expect("closed");
        writer.close().expect("closed");
    }

    #[test]
    fn every_column_that_sounds_is_read_and_others_have_to_be_told() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let path = folder.path().join("t.parquet");
        let wave = &b"RIFF\x24\0\0\0WAVEfmt "[..];
        std::fs::write(folder.path().join("there.mp3"), b"x").expect("a file");
        bytes_file(
            &path,
            "message m { required group target { required binary bytes; required binary path (UTF8); }
              required binary audio; required binary picture; required binary said (UTF8); required binary path (UTF8); }",
            &[
                &[wave, b"text"],
                &[b"x", b"y"],
                &[b"a", b"b"],
                &[b"\x89PNG\r\n\x1a\n", b""],
                &[b"there.mp3", b"no path"],
                &[b"dir/x", b"elsewhere"],
            ],
        );
        // The main one, whatever it is; the other one by its bytes; a path that leads somewhere.
        assert_eq!(
            read_all(&path, 100).unwrap(),
            ["t.parquet/0: 1", "t.parquet/0/target/x: 16", "there.mp3", "t.parquet/1: 1"]
        );
        assert_eq!(
            counts(&RowSource::new(path.clone())).unwrap().map(Result::unwrap).collect::<Vec<_>>(),
            [3, 1]
        );
        let source = |audio: &[&str], silent: &[&str]| {
            let own = |names: &[&str]| names.iter().map(ToString::to_string).collect();
            RowSource {
                columns: ColumnChoice { audio: own(audio), silent: own(silent) },
                ..RowSource::new(path.clone())
            }
        };
        let count = |source| counts(&source).unwrap().map(Result::unwrap).sum::<usize>();
        assert_eq!(count(source(&[], &["target", "said"])), 2);
        assert_eq!(count(source(&["target"], &["said"])), 2);
        assert_eq!(count(source(&["target", "audio"], &[])), 5);
        // Bytes that nobody knows are asked about before anything is read.
        bytes_file(
            &path,
            "message m { required binary audio; required binary other; }",
            &[&[wave, wave], &[&[0, 1], b"text"]],
        );
        let error = check(&source(&[], &[])).expect_err("two columns").to_string();
        assert!(error.contains("`other` that may hold audio: say --audio-column other or"), "{error}");
        assert!(read_all(&path, 100).unwrap()[1].contains("the row has bytes in `other`"));
        assert!(check(&source(&[], &["other"])).is_ok() && check(&source(&["other"], &["audio"])).is_ok());
        let error = check(&source(&["missing"], &[])).expect_err("no such column").to_string();
        assert!(error.contains("no column `missing`: name one of audio, other"), "{error}");
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
