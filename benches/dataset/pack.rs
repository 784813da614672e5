//! Putting encoded files into what holds them.

use std::fs;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::sync::Arc;

use flate2::Compression;
use flate2::write::GzEncoder;
use parquet::data_type::{ByteArray, ByteArrayType};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use serde_json::json;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use crate::Failure;
use crate::plan::{Group, Item, Kind, Plan};

/// Rows of a row group with audio, some 10 MB.
const ROWS_OF_AUDIO: usize = 50;

/// Writes the container of `group` into `folder`, and removes what is now in it.
///
/// # Errors
/// If something cannot be read or written.
pub fn pack(plan: &Plan, group: &Group, folder: &Path) -> Result<(), Failure> {
    let path = folder.join(&group.path);
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    let create = || fs::File::create(&path).map(BufWriter::new);
    let bytes = |item: &Item| fs::read(folder.join(&plan.files[item.file].place));
    // What its place in the container is called.
    let name =
        |item: &Item| item.name.rsplit_once('/').map_or(item.name.clone(), |(_, name)| name.to_owned());
    match group.kind {
        Kind::Passages => {
            let mut out = create()?;
            for item in &group.items {
                let (offset, duration) = item.passage.unwrap_or_default();
                let path = name(item);
                let row = json!({ "audio_filepath": path, "offset": offset, "duration": duration, "text": text(&path) });
                writeln!(out, "{row}")?;
            }
            out.flush()?;
        }
        Kind::HuggingFace => {
            let mut out = create()?;
            for item in &group.items {
                let path = name(item);
                writeln!(out, "{}", json!({ "file_name": format!("data/{path}"), "text": text(&path) }))?;
            }
            out.flush()?;
        }
        Kind::Csv => {
            let mut out = csv::Writer::from_writer(create()?);
            out.write_record(["path", "text", "label"])?;
            for item in &group.items {
                let path = name(item);
                out.write_record([&format!("clips/{path}"), &text(&path), "music"])?;
            }
            out.flush()?;
        }
        Kind::ParquetPaths => {
            let rows = |item: &Item| Ok((format!("clips/{}", name(item)), None));
            parquet(
                &path,
                group,
                "message m { required binary path (UTF8); required binary text (UTF8); }",
                rows,
            )?;
        }
        Kind::ParquetAudio => {
            let rows = |item: &Item| Ok((name(item), Some(bytes(item)?)));
            parquet(
                &path,
                group,
                "message m { required group audio { required binary bytes; required binary path (UTF8); } required binary text (UTF8); }",
                rows,
            )?;
        }
        Kind::Tar => tar(create()?, group, name, bytes)?.flush()?,
        Kind::TarGz => {
            let packed = GzEncoder::new(create()?, Compression::fast());
            tar(packed, group, name, bytes)?.finish()?.flush()?;
        }
        Kind::Zip => {
            let mut out = ZipWriter::new(create()?);
            let options = SimpleFileOptions::default();
            for (number, item) in group.items.iter().enumerate() {
                let method =
                    if number % 2 == 0 { CompressionMethod::Stored } else { CompressionMethod::Deflated };
                out.start_file(format!("clips/{}", name(item)), options.compression_method(method))?;
                out.write_all(&bytes(item)?)?;
            }
            out.finish()?.flush()?;
        }
        Kind::Folder | Kind::Whole => return Ok(()),
    }
    for item in &group.items {
        let place = &plan.files[item.file].place;
        if place.starts_with("staging") {
            fs::remove_file(folder.join(place))?;
        }
    }
    Ok(())
}

/// The words of a clip, as long as a caption is.
fn text(name: &str) -> String {
    format!("Music, as \"{name}\", with some, and without words.")
}

/// A sample is a clip with its metadata and its words.
fn tar<W: Write>(
    out: W,
    group: &Group,
    name: impl Fn(&Item) -> String,
    bytes: impl Fn(&Item) -> std::io::Result<Vec<u8>>,
) -> Result<W, Failure> {
    let mut out = tar::Builder::new(out);
    for item in &group.items {
        let name = name(item);
        let key = name.split('.').next().unwrap_or_default();
        let members = [
            (format!("{key}.json"), json!({ "name": name }).to_string().into_bytes()),
            (format!("{key}.txt"), text(&name).into_bytes()),
            (name.clone(), bytes(item)?),
        ];
        for (name, content) in members {
            let mut header = tar::Header::new_gnu();
            header.set_size(content.len() as u64);
            header.set_mode(0o644);
            out.append_data(&mut header, name, &content[..])?;
        }
    }
    Ok(out.into_inner()?)
}

/// Rows of a path, maybe with audio, and words.
fn parquet(
    path: &Path,
    group: &Group,
    schema: &str,
    row: impl Fn(&Item) -> Result<(String, Option<Vec<u8>>), Failure>,
) -> Result<(), Failure> {
    let schema = Arc::new(parse_message_type(schema)?);
    let properties = Arc::new(WriterProperties::builder().build());
    let mut writer = SerializedFileWriter::new(fs::File::create(path)?, schema, properties)?;
    for items in group.items.chunks(ROWS_OF_AUDIO) {
        let (mut paths, mut sounds, mut texts) = (Vec::new(), Vec::new(), Vec::new());
        for item in items {
            let (path, bytes) = row(item)?;
            texts.push(ByteArray::from(text(&path).into_bytes()));
            paths.push(ByteArray::from(path.into_bytes()));
            sounds.extend(bytes.map(ByteArray::from));
        }
        let mut rows = writer.next_row_group()?;
        for values in [sounds, paths, texts].iter().filter(|values| !values.is_empty()) {
            let mut column = rows.next_column()?.ok_or("a column of the schema has no values")?;
            column.typed::<ByteArrayType>().write_batch(values, None, None)?;
            column.close()?;
        }
        rows.close()?;
    }
    writer.close()?;
    Ok(())
}
