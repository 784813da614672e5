//! Manifests whose rows name audio.

use std::ops::ControlFlow;

use super::{InputError, Item, Passage, RowSource, csv_rows, json_rows};

/// The columns in which the path is looked for, in this order: earmark's own
/// manifests, NeMo, Hugging Face, and what others call it.
pub const PATH_COLUMNS: [&str; 8] =
    ["path", "audio_filepath", "file_name", "audio_path", "filepath", "file", "filename", "audio"];

/// The forms of a manifest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ManifestKind {
    /// One JSON object a line. NeMo's and Hugging Face's are such, and Lhotse's cuts.
    Jsonl,
    /// A header, and commas between the cells.
    Csv,
    /// Apache Parquet.
    Parquet,
}

/// A manifest that was opened.
pub(super) struct Rows {
    source: RowSource,
    kind: ManifestKind,
}

impl Rows {
    /// Opens it and looks whether there is a column with paths.
    pub(super) fn open(source: &RowSource) -> Result<Self, InputError> {
        Self::open_as(ManifestKind::of(&source.path)?, source)
    }

    /// The same of what is known to be of this kind.
    pub(super) fn open_as(kind: ManifestKind, source: &RowSource) -> Result<Self, InputError> {
        match kind {
            ManifestKind::Jsonl => json_rows::check(source)?,
            ManifestKind::Csv => csv_rows::check(source)?,
            #[cfg(feature = "parquet")]
            ManifestKind::Parquet => super::parquet_rows::check(source)?,
            #[cfg(not(feature = "parquet"))]
            ManifestKind::Parquet => return Err(InputError::NoParquet),
        }
        Ok(Self { source: source.clone(), kind })
    }

    /// Gives the items of every row to `push`: at least one, also for a row that names
    /// nothing.
    pub(super) fn read(
        self,
        push: &mut dyn FnMut(Item) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, InputError> {
        match self.kind {
            ManifestKind::Jsonl => json_rows::read(&self.source, push),
            ManifestKind::Csv => csv_rows::read(&self.source, push),
            #[cfg(feature = "parquet")]
            ManifestKind::Parquet => super::parquet_rows::read(&self.source, push),
            #[cfg(not(feature = "parquet"))]
            ManifestKind::Parquet => Err(InputError::NoParquet),
        }
    }
}

/// The passage that a row asks about. A duration alone tells how long the file
/// is, as in most manifests: then all of it is meant.
pub(super) fn passage(offset: Option<f64>, duration: Option<f64>) -> Result<Option<Passage>, String> {
    let Some(start_s) = offset else { return Ok(None) };
    if !(start_s.is_finite() && start_s >= 0.0) {
        return Err(format!("has an offset of {start_s} s: it counts from the start of the file"));
    }
    match duration {
        Some(duration_s) if !(duration_s.is_finite() && duration_s > 0.0) => {
            Err(format!("has a duration of {duration_s} s: give one of more than 0 s, or none"))
        }
        duration_s => Ok(Some(Passage { start_s, duration_s })),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::super::lines::LONGEST_LINE;
    use super::super::{ColumnChoice, Input};
    use super::*;

    fn read(name: &str, content: &[u8], column: Option<&str>) -> Result<Vec<String>, String> {
        read_beside(&[], name, content, column)
    }

    /// The items of a manifest that lies beside `files`.
    fn read_beside(
        files: &[(String, Vec<u8>)],
        name: &str,
        content: &[u8],
        column: Option<&str>,
    ) -> Result<Vec<String>, String> {
        let folder = tempfile::tempdir().expect("temporary folder");
        let path = folder.path().join(name);
        fs::write(&path, content).expect("a file");
        for (name, content) in files {
            fs::write(folder.path().join(name), content).expect("a file");
        }
        let audio = column.into_iter().map(str::to_owned).collect();
        let columns = ColumnChoice { audio, silent: vec!["mute".to_owned()] };
        let source = RowSource { columns, ..RowSource::new(path) };
        let told = |error: InputError| error.to_string();
        let mut found = Vec::new();
        let _ = Rows::open(&source)
            .map_err(told)?
            .read(&mut |item| {
                let name = item.name().strip_prefix(folder.path()).expect("below").display().to_string();
                found.push(match item.input {
                    Input::File(_) => name,
                    Input::Unreadable { error, .. } => format!("{name}: {error}"),
                    other => panic!("{other:?}"),
                });
                ControlFlow::Continue(())
            })
            .map_err(told)?;
        Ok(found)
    }

    #[test]
    fn the_manifests_of_others_are_understood() {
        let nemo = r#"{"audio_filepath": "a.wav", "duration": 4.5, "text": "x"}
{"audio_filepath": "a.wav", "offset": 1.5, "duration": 4.5}

{"audio_filepath": "a.wav", "offset": 2}"#;
        assert_eq!(read("m.jsonl", nemo.as_bytes(), None).unwrap(), ["a.wav", "a.wav#t=1.5,6", "a.wav#t=2"]);
        let cuts = r#"{"id": "c", "start": 3.0, "duration": 2.0, "channel": 0, "recording": {"id": "r", "sources": [{"type": "file", "channels": [0], "source": "b.flac"}], "duration": 60.0}, "type": "MonoCut"}
{"id": "c", "start": 0.0, "duration": 2.0, "recording": {"sources": [{"type": "url", "source": "https://b"}]}}"#;
        let mut gz = GzEncoder::new(Vec::new(), Compression::default());
        gz.write_all(cuts.as_bytes()).expect("memory");
        let found = read("cuts.jsonl.gz", &gz.finish().expect("memory"), None).unwrap();
        assert_eq!(found[0], "b.flac#t=3,5");
        assert!(
            found[1].starts_with("cuts.jsonl.gz#line=2: the row is a cut of a source of type `url`"),
            "{found:?}"
        );
        let csv = b"\xef\xbb\xbffile_name,offset,duration\n\"a, b.mp3\",,\nc.mp3,1,2\n";
        assert_eq!(read("metadata.csv", csv, None).unwrap(), ["a, b.mp3", "c.mp3#t=1,3"]);
    }

    #[test]
    fn every_row_has_its_item() {
        let lines = b"{\"p\": \"a\"}\nnonsense\n{\"p\": 3}\n[]\n{\"p\": \"a\", \"offset\": -1}\n{\"p\": \"a\", \"offset\": 1, \"duration\": 0}\n";
        let found = read("m.jsonl", lines, Some("p")).unwrap();
        assert_eq!((found.len(), &found[0][..]), (6, "a"));
        assert!(found[1].starts_with("m.jsonl#line=2: the row is no JSON object"), "{found:?}");
        assert!(found[4].contains("offset of -1 s") && found[5].contains("duration of 0 s"), "{found:?}");
        let found = read("m.csv", b"p,q\na,1\nb\nc,1,2\n,x\n\xff,x\n", Some("p")).unwrap();
        assert_eq!((found.len(), &found[0][..]), (5, "a"));
        assert!(found[1].starts_with("m.csv#row=2: the row has 1 cells"), "{found:?}");
    }

    #[test]
    fn every_audio_of_a_row_has_its_item() {
        let there = |name: &str, content: &[u8]| (name.to_owned(), content.to_vec());
        let wave = b"RIFF\x24\0\0\0WAVEfmt ";
        let files = [there("a.mp3", b"x"), there("b.mp3", b"x"), there("c", wave), there("d.txt", b"text")];
        let rows = br#"{"path": "a.mp3", "audio_filepath": "b.mp3", "offset": 1}
{"path": "a.mp3", "audio_filepath": "a.mp3", "note": "c", "side": {"car": ["d.txt", "b.mp3"]}}
{"path": "a.mp3", "file_name": "gone.mp3", "mute": "b.mp3"}
{"audio": {"path": "a.mp3"}, "duration": NaN}
{"path": null, "note": "b.mp3"}
{"recording": {"sources": [{"type": "file", "source": "a.mp3"}]}, "duration": 2, "custom": {"target": "b.mp3"}}"#;
        let found = read_beside(&files, "m.json", rows, None).unwrap();
        assert_eq!(
            found[..7],
            ["a.mp3#t=1", "b.mp3", "a.mp3", "c", "b.mp3", "a.mp3", &found[6]],
            "{found:?}"
        );
        assert!(
            found[6].starts_with("gone.mp3: the row names this file in `file_name`, and it is not there")
        );
        assert!(found[7..] == ["a.mp3", &found[8], "a.mp3#t=0,2", "b.mp3"], "{found:?}");
        assert!(found[8].starts_with("m.json#line=5: the row has no path"), "{found:?}");
        let csv = b"path,audio_filepath,mute,note\na.mp3,b.mp3,b.mp3,c\na.mp3,,b.mp3,\n,,,c\n";
        let found = read_beside(&files, "m.csv", csv, None).unwrap();
        assert_eq!(found, ["a.mp3", "b.mp3", "c", "a.mp3", "m.csv#row=3: the row has no path"]);
        // What somebody chose comes first, and leaves nothing out.
        let found = read_beside(&files, "m.csv", csv, Some("note")).unwrap();
        assert_eq!(found[..3], ["c", "a.mp3", "b.mp3"], "{found:?}");
        let row = br#"{"path": ["a.mp3", "b.mp3"]}"#;
        assert_eq!(read_beside(&files, "m.jsonl", row, None).unwrap(), ["a.mp3", "b.mp3"]);
        let many: Vec<String> = (0..65).map(|at| at.to_string()).collect();
        let files: Vec<_> = many.iter().map(|name| there(name, b"ID3")).collect();
        let row = serde_json::json!({ "path": many }).to_string();
        let found = read_beside(&files, "m.jsonl", row.as_bytes(), None).unwrap();
        assert!(found.len() == 1 && found[0].contains("more than 64 pieces of audio"), "{found:?}");
    }

    #[test]
    fn what_is_no_manifest_is_told_at_once() {
        for (name, content, told) in [
            ("m.csv", &b"a,b\n1,2\n"[..], "has no column `path`: name one of a, b"),
            ("m.csv", b"", "has no column `path`"),
            ("m.txt", b"", "call it .jsonl"),
            ("m.json", b"\xef\xbb\xbf\n [{}]", "is a JSON array: write one object a line"),
            ("m.parquet", b"PAR1", "Parquet"),
        ] {
            let error = read(name, content, None).expect_err(name);
            assert!(error.contains(told), "{error}");
        }
    }

    #[test]
    fn rows_behind_a_quote_that_is_not_closed_are_not_passed_over_in_silence() {
        let content = b"path,text\na.mp3,ok\nb.mp3,\"he said\nc.mp3,d\n";
        let error = read("m.csv", content, None).expect_err("not closed");
        assert!(error.contains("a quote is opened on line 3"), "{error}");
        let error = read("m.csv", b"\"path\na.mp3\n", None).expect_err("not closed");
        assert!(error.contains("a quote is opened on line 1"), "{error}");
    }

    #[test]
    fn a_quote_that_is_not_closed_takes_bounded_memory() {
        let mut content = b"path\na.mp3\n\"b".to_vec();
        content.resize(LONGEST_LINE as usize + (1 << 20), b'x');
        let error = read("m.csv", &content, None).expect_err("too long");
        assert!(error.contains("quote that is not closed"), "{error}");
    }
}
