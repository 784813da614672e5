use std::fs;

use super::*;

/// Reads `content` as a manifest called `name`; paths are told without the
/// temporary folder.
fn read(name: &str, content: impl AsRef<[u8]>) -> Result<Manifest, String> {
    let folder = tempfile::tempdir().expect("temporary folder");
    let path = folder.path().join(name);
    fs::write(&path, content).expect("manifest");
    let prefix = format!("{}/", folder.path().display());
    let mut manifest = read_manifest(&path).map_err(|error| error.to_string().replace(&prefix, ""))?;
    for row in &mut manifest.rows {
        if let Ok(relative) = row.path.strip_prefix(folder.path()) {
            row.path = relative.to_owned();
        }
    }
    for row in &mut manifest.bad_rows {
        row.file = PathBuf::from(name);
    }
    Ok(manifest)
}

fn errors(manifest: &Manifest) -> Vec<String> {
    manifest.bad_rows.iter().map(RowError::to_string).collect()
}

fn expected_row(line: u64) -> Row {
    Row {
        line,
        path: PathBuf::from("music/one.flac"),
        id: Some("one".to_owned()),
        isrcs: vec!["QZHB12500001".parse().expect("an ISRC"), "QZHB12500002".parse().expect("an ISRC")],
        facts: Facts {
            title: Some("One, Two".to_owned()),
            owner: Some("Halden Bay".to_owned()),
            release_date: Some("2025".to_owned()),
            ..Facts::default()
        },
        columns: Vec::new(),
    }
}

#[test]
fn both_formats_say_the_same() {
    let csv = "Path,ISRC,id,title,owner,release_date,mood,bpm\n\
               music/one.flac,QZ-HB1-25-00001; qzhb12500002;QZHB12500001,one,\"One, Two\", Halden Bay ,2025,sad,90\n";
    let jsonl = concat!(
        r#"{"path":"music/one.flac","isrc":["QZ-HB1-25-00001","qzhb12500002"],"id":"one","title":"One, Two","#,
        r#""owner":" Halden Bay ","release_date":2025,"label":null,"mood":{"sad":true},"bpm":90}"#
    );
    for (name, content, line) in [("m.csv", csv, 2), ("m.jsonl", jsonl, 1), ("m.NDJSON", jsonl, 1)] {
        let mut manifest = read(name, content).expect("a good manifest");
        let columns = std::mem::take(&mut manifest.rows[0].columns);
        let kept = columns.iter().find(|(name, _)| name == "bpm").map(|(_, value)| value.to_string());
        assert_eq!(kept.as_deref().map(|bpm| bpm.trim_matches('"')), Some("90"), "as written");
        assert_eq!(manifest.rows, [expected_row(line)], "{name}");
        let again = Row::of_columns(Path::new("music/one.flac"), &columns).expect("the same cells");
        assert_eq!(Row { line, columns: Vec::new(), ..again }, expected_row(line), "from its columns");
        assert_eq!(errors(&manifest), [""; 0]);
        let mut ignored = manifest.ignored_columns;
        ignored.sort();
        assert_eq!(ignored, ["bpm", "mood"]);
    }
}

#[test]
fn a_byte_order_mark_and_windows_line_ends_are_no_part_of_the_content() {
    let csv = "\u{feff}path,id\r\na.mp3,A\r\n\r\nb.mp3,B\r\n";
    let manifest = read("m.csv", csv).expect("a good manifest");
    let rows: Vec<_> =
        manifest.rows.iter().map(|row| (row.line, row.path.display().to_string(), row.id.clone())).collect();
    assert_eq!(rows, [(2, "a.mp3".into(), Some("A".into())), (4, "b.mp3".into(), Some("B".into()))]);
    let jsonl = "\u{feff}{\"path\":\"a.mp3\"}\r\n\r\n{\"path\":\"b.mp3\"}";
    let manifest = read("m.jsonl", jsonl).expect("a good manifest");
    assert_eq!(manifest.rows.iter().map(|row| row.line).collect::<Vec<_>>(), [1, 3]);
}

#[test]
fn absolute_paths_stay() {
    let manifest = read("m.csv", "path\n/music/a.mp3\n").expect("a good manifest");
    assert_eq!(manifest.rows[0].path, Path::new("/music/a.mp3"));
}

#[test]
fn bad_rows_are_told_with_line_and_column_and_cost_no_other() {
    let csv = b"path,isrc,title\n\
        a.mp3,QZHB12500001,A\n\
        b.mp3,QZHB1250000O,B\n\
        ,QZHB12500003,C\n\
        d.mp3,QZHB12500004,D,too much\n\
        e.mp3,,\"two\nlines\"\n\
        f.mp3,,\xff\n";
    let manifest = read("m.csv", csv).expect("a readable manifest");
    assert_eq!(manifest.rows.iter().map(|row| row.line).collect::<Vec<_>>(), [2, 6]);
    let errors = errors(&manifest);
    let starts = [
        "m.csv, line 3, column isrc: ",
        "m.csv, line 4, column path: is empty",
        "m.csv, line 5: has 4 cells",
        "m.csv, line 8, column title: is not UTF-8",
    ];
    assert_eq!(errors.len(), starts.len(), "{errors:?}");
    for (error, start) in errors.iter().zip(starts) {
        assert!(error.starts_with(start), "{error}");
    }
    let jsonl = "{\"path\":\"a.mp3\"}\n{\"path\":}\n[1]\n{\"path\":\"b.mp3\",\"title\":[\"x\"]}\n{\"isrc\":[1],\"path\":\"c\"}\n{\"id\":\"x\"}\n";
    let manifest = read("m.jsonl", jsonl).expect("a readable manifest");
    assert_eq!(manifest.rows.len(), 1);
    let places: Vec<_> = manifest.bad_rows.iter().map(|row| (row.line, row.column.as_deref())).collect();
    assert_eq!(places, [(2, None), (3, None), (4, Some("title")), (5, Some("isrc")), (6, Some("path"))]);
}

#[test]
fn a_header_that_cannot_be_used_is_refused() {
    let cases = [
        ("m.csv", "", "m.csv, line 1: the header has no column `path`; found nothing"),
        ("m.csv", "file,id\nx,y\n", "m.csv, line 1: the header has no column `path`; found file, id"),
        (
            "m.csv",
            "path;id\nx;y\n",
            "m.csv, line 1: the header has no column `path`; found path;id; separate the columns by commas, not semicolons",
        ),
        (
            "m.csv",
            "path,id,Path\nx,y,z\n",
            "m.csv, line 1: the header has the column `path` twice: remove one",
        ),
        ("m.txt", "path\nx\n", "m.txt: the name ends neither in .csv nor in .jsonl: rename it to what it is"),
    ];
    for (name, content, error) in cases {
        assert_eq!(read(name, content).expect_err("refused"), error);
    }
    assert!(matches!(read_manifest(Path::new("/nowhere/m.csv")), Err(ManifestError::Io { .. })));
}
