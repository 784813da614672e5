//! Rows of Parquet.

use std::fs::File;
use std::io::Write;
use std::sync::Arc;

use parquet::basic::{Compression, LogicalType, Repetition, Type as PhysicalType};
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::column::writer::{ColumnCloseResult, ColumnWriter, ColumnWriterImpl};
use parquet::data_type::{ByteArray, ByteArrayType, DataType};
use parquet::errors::ParquetError;
use parquet::file::metadata::RowGroupMetaData;
use parquet::file::properties::WriterProperties;
use parquet::file::reader::{FileReader, RowGroupReader, SerializedFileReader};
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::types::{Type, TypePtr};

use super::cells::{COLUMNS, Cells, List};
use super::{AnnotateError, Counts, Form, Verdicts, finish, next_of};
use crate::inputs::{BATCH_ROWS, InputError, RowSource, parquet_counts, parquet_footer, parquet_pages};

/// Where Arrow keeps the schema of the columns, which more columns contradict.
/// Readers without it go by the types of Parquet.
const ARROW_SCHEMA: &str = "ARROW:schema";

impl From<ParquetError> for AnnotateError {
    fn from(error: ParquetError) -> Self {
        Self::Parquet { reason: error.to_string() }
    }
}

pub(super) fn write<W: Write + Send>(
    source: &RowSource,
    form: Form,
    verdicts: &mut Verdicts<'_>,
    out: &mut W,
) -> Result<Counts, AnnotateError> {
    let open = || File::open(&source.path).map_err(InputError::from);
    parquet_footer::check(&mut open()?)?;
    let (bytes, reader) = (open()?, SerializedFileReader::new(open()?)?);
    let metadata = reader.metadata().file_metadata();
    let schema = match form {
        Form::Annotated => annotated(metadata.schema())?,
        Form::Filtered => Arc::new(metadata.schema().clone()),
    };
    let pairs = metadata.key_value_metadata().cloned().unwrap_or_default();
    let pairs = pairs.into_iter().filter(|pair| form == Form::Filtered || pair.key != ARROW_SCHEMA).collect();
    let codec = reader.metadata().row_groups().first().and_then(|group| group.columns().first());
    let codec = codec.map_or(Compression::SNAPPY, |column| column.compression());
    let properties =
        WriterProperties::builder().set_key_value_metadata(Some(pairs)).set_compression(codec).build();
    let mut writer = SerializedFileWriter::new(out, schema, Arc::new(properties))?;
    let mut counts = Counts::default();
    let mut items = parquet_counts(source)?;
    for number in 0..reader.num_row_groups() {
        let group = reader.get_row_group(number)?;
        let rows = u64::try_from(group.metadata().num_rows()).unwrap_or(0);
        let mut cells = Vec::new();
        for _ in 0..rows {
            let count = items.next().ok_or_else(too_few)??;
            cells.push(next_of(verdicts, count)?);
        }
        counts.read += rows;
        let kept: Vec<bool> =
            cells.iter().map(|cells| form == Form::Annotated || cells.list() == List::Allow).collect();
        let written = kept.iter().filter(|kept| **kept).count();
        if written == 0 {
            continue;
        }
        counts.written += written as u64;
        let mut out = writer.next_row_group()?;
        if written == kept.len() {
            copy(&bytes, group.metadata(), form, &mut out)?;
        } else {
            for at in 0..group.num_columns() {
                parquet_pages::check(&mut &bytes, group.metadata().column(at), source.member_limit)?;
                filter(group.as_ref(), at, &kept, &mut out)?;
            }
        }
        if form == Form::Annotated {
            add(&cells, &mut out)?;
        }
        out.close()?;
    }
    finish(verdicts)?;
    writer.close()?;
    Ok(counts)
}

/// The schema without columns of ours, and with them at its end.
fn annotated(schema: &Type) -> Result<TypePtr, AnnotateError> {
    let fields = schema.get_fields().iter().filter(|field| !is_ours(field.name())).cloned();
    let ours = COLUMNS.iter().map(|column| {
        let column = Type::primitive_type_builder(column, PhysicalType::BYTE_ARRAY)
            .with_logical_type(Some(LogicalType::String))
            .with_repetition(Repetition::OPTIONAL);
        column.build().map(Arc::new)
    });
    let fields = fields.map(Ok).chain(ours).collect::<Result<Vec<_>, _>>()?;
    Ok(Arc::new(Type::group_type_builder(schema.name()).with_fields(fields).build()?))
}

fn is_ours(name: &str) -> bool {
    COLUMNS.contains(&name)
}

/// Copies columns as they are encoded.
fn copy<W: Write + Send>(
    bytes: &File,
    group: &RowGroupMetaData,
    form: Form,
    out: &mut SerializedRowGroupWriter<'_, W>,
) -> Result<(), AnnotateError> {
    for column in group.columns() {
        let root = column.column_path().parts().first().map_or("", String::as_str);
        if form == Form::Annotated && is_ours(root) {
            continue;
        }
        let close = ColumnCloseResult {
            bytes_written: u64::try_from(column.compressed_size()).unwrap_or(0),
            rows_written: u64::try_from(group.num_rows()).unwrap_or(0),
            metadata: column.clone(),
            bloom_filter: None,
            column_index: None,
            offset_index: None,
        };
        out.append_column(bytes, close)?;
    }
    Ok(())
}

/// Writes the columns of ours.
fn add<W: Write + Send>(
    cells: &[Cells],
    out: &mut SerializedRowGroupWriter<'_, W>,
) -> Result<(), AnnotateError> {
    let texts: Vec<_> = cells.iter().map(Cells::texts).collect();
    for at in 0..COLUMNS.len() {
        let column = texts.iter().map(|texts| texts[at].as_deref());
        let levels: Vec<i16> = column.clone().map(|text| i16::from(text.is_some())).collect();
        let values: Vec<ByteArray> = column.flatten().map(ByteArray::from).collect();
        let mut writer = out.next_column()?.ok_or_else(too_few)?;
        writer.typed::<ByteArrayType>().write_batch(&values, Some(&levels), None)?;
        writer.close()?;
    }
    Ok(())
}

/// Writes the rows of a column that are kept.
fn filter<W: Write + Send>(
    group: &dyn RowGroupReader,
    at: usize,
    kept: &[bool],
    out: &mut SerializedRowGroupWriter<'_, W>,
) -> Result<(), AnnotateError> {
    let description = group.metadata().column(at).column_descr_ptr();
    let levels = (description.max_def_level(), description.max_rep_level());
    let mut column = out.next_column()?.ok_or_else(too_few)?;
    macro_rules! each {
        ($($reader:ident, $writer:ident;)*) => {
            match (group.get_column_reader(at)?, column.untyped()) {
                $((ColumnReader::$reader(reader), ColumnWriter::$writer(writer)) => {
                    filter_typed(reader, writer, kept, levels)?
                })*
                _ => return Err(AnnotateError::Parquet { reason: "a column has another type".to_owned() }),
            }
        };
    }
    each! {
        BoolColumnReader, BoolColumnWriter;
        Int32ColumnReader, Int32ColumnWriter;
        Int64ColumnReader, Int64ColumnWriter;
        Int96ColumnReader, Int96ColumnWriter;
        FloatColumnReader, FloatColumnWriter;
        DoubleColumnReader, DoubleColumnWriter;
        ByteArrayColumnReader, ByteArrayColumnWriter;
        FixedLenByteArrayColumnReader, FixedLenByteArrayColumnWriter;
    }
    column.close()?;
    Ok(())
}

/// Dremel's encoding (Melnik et al. 2010, section 4.1): a row begins where the
/// repetition level is 0, and there is a value where the definition level is the
/// greatest.
fn filter_typed<T: DataType>(
    mut reader: ColumnReaderImpl<T>,
    writer: &mut ColumnWriterImpl<'_, T>,
    kept: &[bool],
    (most_defined, most_repeated): (i16, i16),
) -> Result<(), AnnotateError> {
    let (mut defined, mut repeated, mut values) = (Vec::new(), Vec::new(), Vec::new());
    for batch in kept.chunks(BATCH_ROWS) {
        defined.clear();
        repeated.clear();
        values.clear();
        let mut rows = 0;
        let mut levels = 0;
        while rows < batch.len() {
            let wanted = batch.len() - rows;
            let (read, _, count) =
                reader.read_records(wanted, Some(&mut defined), Some(&mut repeated), &mut values)?;
            if read == 0 {
                return Err(AnnotateError::Parquet { reason: "a column has too few rows".to_owned() });
            }
            (rows, levels) = (rows + read, levels + count);
        }
        let (mut out_defined, mut out_repeated, mut out_values) = (Vec::new(), Vec::new(), Vec::new());
        let mut row = 0usize;
        let mut left = values.drain(..);
        for at in 0..levels {
            let level = |levels: &[i16], most: i16, without| if most == 0 { without } else { levels[at] };
            let (is_defined, is_repeated) =
                (level(&defined, most_defined, 0), level(&repeated, most_repeated, 0));
            row += usize::from(is_repeated == 0);
            let value = if is_defined == most_defined { left.next() } else { None };
            if batch.get(row.wrapping_sub(1)).copied().unwrap_or(false) {
                out_defined.push(is_defined);
                out_repeated.push(is_repeated);
                out_values.extend(value);
            }
        }
        writer.write_batch(
            &out_values,
            (most_defined > 0).then_some(&out_defined[..]),
            (most_repeated > 0).then_some(&out_repeated[..]),
        )?;
    }
    Ok(())
}

fn too_few() -> AnnotateError {
    AnnotateError::Parquet { reason: "a row group has too few columns".to_owned() }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use parquet::record::Row;
    use parquet::schema::parser::parse_message_type;

    use super::*;
    use crate::verdict::VerdictKind;

    const SCHEMA: &str = "message m {
        required int64 id; optional double score; optional group audio { optional binary bytes; optional binary path (UTF8); }
        optional group tags (LIST) { repeated group list { optional binary element (UTF8); } }
        required boolean flag; }";

    fn text(values: &[&str]) -> Vec<ByteArray> {
        values.iter().map(|value| ByteArray::from(*value)).collect()
    }

    /// Two row groups of four rows.
    fn file(path: &Path) {
        let schema = Arc::new(parse_message_type(SCHEMA).expect("a schema"));
        let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
        let out = File::create(path).expect("a file");
        let mut writer = SerializedFileWriter::new(out, schema, Arc::new(properties)).expect("a writer");
        for first in [0, 4] {
            let mut group = writer.next_row_group().expect("a group");
            macro_rules! column {
                ($type:ty, $values:expr, $defined:expr, $repeated:expr) => {
                    let mut column = group.next_column().expect("a column").expect("the next");
                    column.typed::<$type>().write_batch($values, $defined, $repeated).expect("written");
                    column.close().expect("closed");
                };
            }
            use parquet::data_type::{BoolType, DoubleType, Int64Type};
            column!(Int64Type, &[first, first + 1, first + 2, first + 3], None, None);
            column!(DoubleType, &[0.5, 1.5, 2.5], Some(&[1, 0, 1, 1]), None);
            column!(ByteArrayType, &text(&["a", "b", "c"]), Some(&[2, 2, 1, 2]), None);
            column!(ByteArrayType, &text(&["a.mp3", "c.mp3"]), Some(&[2, 1, 2, 0]), None);
            // [x, y], null, [], [null, z]
            column!(
                ByteArrayType,
                &text(&["x", "y", "z"]),
                Some(&[3, 3, 0, 1, 2, 3]),
                Some(&[0, 1, 0, 0, 0, 1])
            );
            column!(BoolType, &[true, false, true, false], None, None);
            group.close().expect("closed");
        }
        writer.close().expect("closed");
    }

    fn rows(path: &Path) -> Vec<Row> {
        let reader = SerializedFileReader::new(File::open(path).expect("a file")).expect("Parquet");
        reader.get_row_iter(None).expect("rows").map(|row| row.expect("a row")).collect()
    }

    fn written(path: &Path, to: &Path, form: Form, verdicts: &[VerdictKind]) -> Counts {
        let source = RowSource::new(path.to_owned());
        let mut out = File::create(to).expect("a file");
        let cells = |verdict: VerdictKind| {
            let none = Vec::new;
            let error = (verdict == VerdictKind::Error).then(|| "bad".to_owned());
            Ok(Cells {
                path: String::new(),
                path_bytes: None,
                verdict,
                reasons: none(),
                recordings: vec!["A".into(), "B".into()],
                isrcs: none(),
                error,
            })
        };
        write(&source, form, &mut verdicts.iter().map(|verdict| cells(*verdict)), &mut out).expect("written")
    }

    #[test]
    fn columns_stay_and_ours_are_added() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let (path, to, again) = (
            folder.path().join("a.parquet"),
            folder.path().join("b.parquet"),
            folder.path().join("c.parquet"),
        );
        file(&path);
        use VerdictKind::{Allowed, Error};
        let verdicts = [Allowed, Error, Allowed, Allowed, Allowed, Allowed, Allowed, Error];
        assert_eq!(written(&path, &to, Form::Annotated, &verdicts), Counts { read: 8, written: 8 });
        let (before, after) = (rows(&path), rows(&to));
        for (at, (before, after)) in before.iter().zip(&after).enumerate() {
            let json = |row: &Row| row.to_string().trim_end_matches('}').to_owned();
            assert!(json(after).starts_with(&json(before)), "{after}\n{before}");
            let verdict = if verdicts[at] == Error { "error" } else { "allowed" };
            let error = if verdicts[at] == Error { "\"bad\"" } else { "null" };
            let ours = format!(
                "earmark_verdict: \"{verdict}\", earmark_reasons: \"\", earmark_recordings: \"A;B\", earmark_isrcs: \"\", earmark_error: {error}}}"
            );
            assert!(after.to_string().ends_with(&ours), "{after}");
        }
        // And once more: nothing is there twice.
        written(&to, &again, Form::Annotated, &verdicts);
        assert_eq!(rows(&to), rows(&again));
    }

    #[test]
    fn rows_are_left_out_of_all_columns() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let (path, to) = (folder.path().join("a.parquet"), folder.path().join("b.parquet"));
        file(&path);
        let before = rows(&path);
        for bits in [0u32, 1, 0b1111, 0b1010_0101, 0b1111_0010, 0b1000_0000, 0b1111_1111] {
            let kept: Vec<bool> = (0..8).map(|at| bits >> at & 1 == 1).collect();
            let verdict = |kept: &bool| if *kept { VerdictKind::NoMatch } else { VerdictKind::Disallowed };
            let verdicts: Vec<VerdictKind> = kept.iter().map(verdict).collect();
            let counts = written(&path, &to, Form::Filtered, &verdicts);
            assert_eq!(counts, Counts { read: 8, written: u64::from(bits.count_ones()) });
            let expected: Vec<&Row> =
                before.iter().zip(&kept).filter(|(_, kept)| **kept).map(|(row, _)| row).collect();
            assert_eq!(rows(&to).iter().collect::<Vec<_>>(), expected, "{bits:b}");
        }
    }
}
