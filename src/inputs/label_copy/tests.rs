use std::fs;

use super::*;

/// Reads `content` as a manifest called `name`; paths are told without the
/// temporary folder.
fn read(name: &str, content: impl AsRef<[u8]>) -> Result<Manifest, String> {
    let folder = tempfile::tempdir().expect("temporary folder");
    let path = folder.path().join(name);
    fs::write(&path, content).expect("manifest");
    let prefix = format!("{}/", folder.path().display());
    let mut manifest = read_manifest(&path, &ColumnMap::default(), Purpose::Register)
        .map_err(|error| error.to_string().replace(&prefix, ""))?;
    for row in &mut manifest.rows {
        if let Some(relative) = row.path.as_ref().and_then(|path| path.strip_prefix(folder.path()).ok()) {
            row.path = Some(relative.to_owned());
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
        path: Some(PathBuf::from("music/one.flac")),
        id: Some("one".to_owned()),
        isrcs: vec!["QZHB12500001".parse().expect("an ISRC"), "QZHB12500002".parse().expect("an ISRC")],
        facts: Facts {
            title: Some("One, Two".to_owned()),
            owner: Some("Halden Bay".to_owned()),
            release_date: Some("2025".to_owned()),
            ..Facts::default()
        },
        columns: Vec::new(),
        duration_s: None,
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
    let rows: Vec<_> = manifest
        .rows
        .iter()
        .map(|row| (row.line, row.path.as_deref().unwrap().display().to_string(), row.id.clone()))
        .collect();
    assert_eq!(rows, [(2, "a.mp3".into(), Some("A".into())), (4, "b.mp3".into(), Some("B".into()))]);
    let jsonl = "\u{feff}{\"path\":\"a.mp3\"}\r\n\r\n{\"path\":\"b.mp3\"}";
    let manifest = read("m.jsonl", jsonl).expect("a good manifest");
    assert_eq!(manifest.rows.iter().map(|row| row.line).collect::<Vec<_>>(), [1, 3]);
}

#[test]
fn absolute_paths_stay() {
    let manifest = read("m.csv", "path\n/music/a.mp3\n").expect("a good manifest");
    assert_eq!(manifest.rows[0].path.as_deref(), Some(Path::new("/music/a.mp3")));
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
        (
            "m.txt",
            "path\nx\n",
            "m.txt: the name ends neither in .csv nor in .jsonl nor in .xml: rename it to what it is",
        ),
    ];
    for (name, content, error) in cases {
        assert_eq!(read(name, content).expect_err("refused"), error);
    }
    assert!(matches!(
        read_manifest(Path::new("/nowhere/m.csv"), &ColumnMap::default(), Purpose::Register),
        Err(ManifestError::Io { .. })
    ));
}

/// Reads `content` as label copy called `name`, with columns mapped.
fn described(name: &str, content: impl AsRef<[u8]>, columns: &str) -> Result<Manifest, String> {
    let folder = tempfile::tempdir().expect("temporary folder");
    let path = folder.path().join(name);
    fs::write(&path, content).expect("manifest");
    let columns: ColumnMap = columns.parse()?;
    read_manifest(&path, &columns, Purpose::Describe)
        .map_err(|error| error.to_string().replace(&format!("{}/", folder.path().display()), ""))
}

#[test]
fn other_headings_are_given_our_names() {
    let csv = "ISRC_CODE,Track Title,title,Rights,Length\nQZHB12500001,One,ignored,Halden Bay,3:30\n";
    let map = "isrc=isrc_code, title=Track Title,owner=RIGHTS,duration=length";
    let manifest = described("m.csv", csv, map).expect("a manifest");
    assert_eq!(manifest.bad_rows, []);
    assert_eq!(manifest.ignored_columns, ["title (of the file)"]);
    let row = &manifest.rows[0];
    assert_eq!(row.isrcs, ["QZHB12500001".parse().expect("an ISRC")]);
    assert_eq!((row.facts.title.as_deref(), row.facts.owner.as_deref()), (Some("One"), Some("Halden Bay")));
    assert_eq!((row.duration_s, &row.path), (Some(210.0), &None));
    let jsonl = r#"{"ISRC_CODE":"QZHB12500001","Track Title":"One","title":"ignored","rights":"Halden Bay","length":210}"#;
    assert_eq!(described("m.jsonl", jsonl, map).expect("a manifest").rows[0].facts, row.facts);

    for (csv, map, expected) in [
        ("isrc\n", "title=Name", "no column `name`; found isrc"),
        ("path,title\n", "", "no column `id` and no column `isrc`"),
        ("a,isrc\nQZHB12500001,x\n", "isrc=a", ""),
        ("isrc\n", "isrc", "no pair"),
        ("isrc\n", "mood=a", "no column of a manifest"),
        ("isrc\n", "isrc=a,isrc=b", "stands twice"),
    ] {
        match described("m.csv", csv, map) {
            Err(error) => assert!(error.contains(expected), "{expected}: {error}"),
            // The column is given up to the one that was named.
            Ok(manifest) => assert_eq!(manifest.ignored_columns, ["isrc (of the file)"], "{csv}"),
        }
    }
    let bad = described("m.csv", "isrc,duration\n,3\nQZHB12500001,soon\n", "").expect("a manifest");
    let told: Vec<String> = bad.bad_rows.iter().map(|row| format!("{} {}", row.line, row.reason)).collect();
    assert_eq!(told.len(), 2);
    assert!(told[0].starts_with("2 names no recording"), "{told:?}");
    assert!(told[1].starts_with("3 \"soon\" is no duration"), "{told:?}");
}

#[test]
fn rows_behind_a_quote_that_is_not_closed_are_told() {
    let csv = "isrc,title\nQZHB12500001,\"Harbour\nQZHB12500002,Slow Orbit\n";
    let error = described("m.csv", csv, "").expect_err("not closed");
    assert!(error.contains("a quote is opened on line 2"), "{error}");
}

const ERN_4: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<ern:NewReleaseMessage xmlns:ern="http://ddex.net/xml/ern/43" AvsVersionId="4">
  <PartyList>
    <Party><PartyReference>P1</PartyReference><PartyName><FullName>The Tidewrights</FullName></PartyName></Party>
    <Party><PartyReference>P2</PartyReference><PartyName><FullName>Halden Bay &amp; Sons</FullName></PartyName></Party>
  </PartyList>
  <ResourceList>
    <SoundRecording>
      <ResourceReference>A1</ResourceReference>
      <SoundRecordingEdition>
        <ResourceId><ISRC>QZHB12500001</ISRC></ResourceId>
        <PLine><Year>2025</Year><PLineCompany>Halden Bay Ltd</PLineCompany><PLineText>Halden Bay Records</PLineText></PLine>
        <TechnicalDetails><DeliveryFile><File><URI>resources/one.flac</URI></File></DeliveryFile></TechnicalDetails>
      </SoundRecordingEdition>
      <SoundRecordingEdition><ResourceId><ISRC>QZHB12500002</ISRC></ResourceId></SoundRecordingEdition>
      <WorkId><ISWC>T0000000001</ISWC></WorkId>
      <DisplayTitleText ApplicableTerritoryCode="Worldwide">Harbour <![CDATA[<Lights>]]> &#8211; &quot;live&quot;</DisplayTitleText>
      <DisplayTitle><TitleText>Harbour Lights</TitleText><SubTitle>live</SubTitle></DisplayTitle>
      <DisplayArtistName>The Tidewrights feat. Orrin Vale</DisplayArtistName>
      <DisplayArtist><ArtistPartyReference>P1</ArtistPartyReference></DisplayArtist>
      <ResourceRightsController><RightsControllerPartyReference>P2</RightsControllerPartyReference></ResourceRightsController>
      <Duration>PT3M30S</Duration>
    </SoundRecording>
    <SoundRecording>
      <SoundRecordingId><ISRC>not an ISRC</ISRC></SoundRecordingId>
    </SoundRecording>
  </ResourceList>
  <ReleaseList>
    <Release>
      <DisplayTitleText>Harbour Songs</DisplayTitleText>
      <ReleaseLabelReference>P2</ReleaseLabelReference>
      <OriginalReleaseDate>2025-05-01</OriginalReleaseDate>
    </Release>
    <TrackRelease><DisplayTitleText>Track</DisplayTitleText></TrackRelease>
  </ReleaseList>
</ern:NewReleaseMessage>
"#;

#[test]
fn sound_recordings_of_ern_4_become_rows() {
    let manifest = described("m.xml", ERN_4, "").expect("a manifest");
    let [row] = manifest.rows.as_slice() else { panic!("{manifest:?}") };
    assert_eq!(row.line, 8);
    assert_eq!(row.isrcs.len(), 2, "of both editions");
    assert!(row.path.as_ref().expect("a path").ends_with("resources/one.flac"));
    assert_eq!(row.duration_s, Some(210.0));
    let expected = Facts {
        title: Some("Harbour <Lights> \u{2013} \"live\"".to_owned()),
        version: None,
        artist: Some("The Tidewrights feat. Orrin Vale".to_owned()),
        album: Some("Harbour Songs".to_owned()),
        owner: Some("Halden Bay & Sons".to_owned()),
        label: Some("Halden Bay & Sons".to_owned()),
        p_line: Some("2025 Halden Bay Records".to_owned()),
        release_date: Some("2025-05-01".to_owned()),
    };
    assert_eq!(row.facts, expected);
    let [bad] = manifest.bad_rows.as_slice() else { panic!("{manifest:?}") };
    assert_eq!((bad.line, bad.column.as_deref()), (24, Some("isrc")));

    // The same in UTF-16, either way round.
    let units: Vec<u16> = std::iter::once(0xfeff).chain(ERN_4.encode_utf16()).collect();
    for bytes in [u16::to_le_bytes, u16::to_be_bytes] {
        let wide: Vec<u8> = units.iter().flat_map(|unit| bytes(*unit)).collect();
        assert_eq!(described("m.xml", wide, "").expect("a manifest").rows[0].facts, expected);
    }
}

#[test]
fn sound_recordings_of_ern_3_become_rows() {
    let message = r#"<ern:NewReleaseMessage xmlns:ern="http://ddex.net/xml/ern/382"><ResourceList><SoundRecording>
        <SoundRecordingId><ISRC>QZHB12500001</ISRC></SoundRecordingId>
        <ReferenceTitle><TitleText>Harbour Lights</TitleText><SubTitle>live</SubTitle></ReferenceTitle>
        <Duration>PT0H3M30S</Duration>
        <SoundRecordingDetailsByTerritory>
          <DisplayArtist><PartyName><FullName>The Tidewrights</FullName></PartyName></DisplayArtist>
          <DisplayArtist><PartyName><FullName>Orrin Vale</FullName></PartyName></DisplayArtist>
          <LabelName>Halden Bay</LabelName>
          <PLine><PLineText>(P) 2025 Halden Bay Records</PLineText><PLineCompany>Halden Bay Ltd</PLineCompany><Year>2025</Year></PLine>
          <TechnicalSoundRecordingDetails><File><FileName>one.wav</FileName><FilePath>resources/</FilePath></File></TechnicalSoundRecordingDetails>
        </SoundRecordingDetailsByTerritory>
      </SoundRecording></ResourceList>
      <ReleaseList><Release/><Release/></ReleaseList></ern:NewReleaseMessage>"#;
    let manifest = described("m.xml", message, "").expect("a manifest");
    let row = &manifest.rows[0];
    let expected = Facts {
        title: Some("Harbour Lights".to_owned()),
        version: Some("live".to_owned()),
        artist: Some("The Tidewrights, Orrin Vale".to_owned()),
        owner: Some("Halden Bay Ltd".to_owned()),
        p_line: Some("(P) 2025 Halden Bay Records".to_owned()),
        ..Facts::default()
    };
    assert_eq!(row.facts, expected);
    assert!(row.path.as_ref().expect("a path").ends_with("resources/one.wav"));
}

#[test]
fn hostile_xml_is_refused_with_its_line() {
    let deep = format!("<a>{}", "<b>".repeat(100_000));
    let bomb = "<!DOCTYPE a [<!ENTITY x \"xxxxxxxxxx\"><!ENTITY y \"&x;&x;&x;\">]>\n<a>&y;</a>";
    for (xml, line, expected) in [
        (deep.as_str(), 1, "levels"),
        (bomb, 1, "document type"),
        ("<a>\n&y;</a>", 2, "the entity &y;"),
        ("<a>\n<b></a>", 2, "not well-formed"),
        ("<a>\n", 2, "ends before"),
        ("", 1, "ends before"),
        ("<a>&#0;</a>", 1, ""),
        ("<a/>", 1, "a holds no SoundRecording"),
        ("\u{0}\u{1}", 1, ""),
    ] {
        let error = described("m.xml", xml, "").expect_err(expected);
        assert!(error.starts_with(&format!("m.xml, line {line}: ")), "{expected}: {error}");
        assert!(error.contains(expected), "{expected}: {error}");
    }
    assert!(described("m.xml", b"<a>\xff</a>", "").expect_err("bytes").contains("UTF-8"));
    // Cut anywhere, flipped anywhere: an answer and never a panic.
    for place in (0..ERN_4.len()).step_by(7) {
        let mut bytes = ERN_4.as_bytes()[..place].to_vec();
        let _ = described("m.xml", &bytes, "");
        bytes.extend(&ERN_4.as_bytes()[place..]);
        bytes[place] ^= 0x15;
        let _ = described("m.xml", &bytes, "");
    }
}
