use super::*;

fn parse(format: TableFormat, text: &str) -> Result<ParsedEntries<NewDeclaration>, ImportError> {
    parse_declarations(text.as_bytes(), format, "file", "2026-11-21T12:00:00Z".parse().unwrap())
}

fn csv(text: &str) -> Result<ParsedEntries<NewDeclaration>, ImportError> {
    parse(TableFormat::Csv, text)
}

fn jsonl(text: &str) -> Result<ParsedEntries<NewDeclaration>, ImportError> {
    parse(TableFormat::Jsonl, text)
}

#[test]
fn the_same_rows_in_both_formats_are_the_same_declarations() {
    let header = DECLARATION_COLUMNS.join(",");
    let as_csv = format!(
        "\u{feff}{header}\r\n\
         QZ-HB1-24-00001,,,,,ai-training,disallow,,,,,Example Music,,\r\n\
         ,qzhb1,,,,data-mining,allow,,\"DE, fr\",2026-01-01,,Example Music,https://example.com,\r\n\
         ,,Example Music,,,search,constrain,\"two\nlines\",worldwide,,2026-12-31,Example Music,,\r\n\
         ,,,one,,ai-inference,Disallow,,DE FR;US,,,Other,,\r\n\
         ,,,,Yes,data-mining,withdraw,,,,,Other,,4F2A6C1D0E9B8A7F6E5D4C3B2A19080706050403020100FFEEDDCCBBAA998877\r\n"
    );
    let as_jsonl = "\u{feff}{\"isrc\":\"QZHB12400001\",\"use\":\"ai-training\",\"permission\":\"disallow\",\"declarant\":\"Example Music\",\"terms\":null}\n\
         {\"prefix\":\"QZHB1\",\"use\":\"data-mining\",\"permission\":\"allow\",\"territories\":[\"FR\",\"DE\"],\"from\":\"2026-01-01\",\"declarant\":\"Example Music\",\"source\":\"https://example.com\"}\n\
         \n\
         {\"owner\":\"Example Music\",\"use\":\"search\",\"permission\":\"constrain\",\"terms\":\"two\\nlines\",\"until\":\"2026-12-31\",\"declarant\":\"Example Music\"}\n\
         {\"recording\":\"one\",\"use\":\"ai-inference\",\"permission\":\"disallow\",\"territories\":\"DE,FR,US\",\"declarant\":\"Other\"}\n\
         {\"everything\":true,\"use\":\"data-mining\",\"permission\":\"withdraw\",\"declarant\":\"Other\",\"document_hash\":\"4f2a6c1d0e9b8a7f6e5d4c3b2a19080706050403020100ffeeddccbbaa998877\"}";
    let from_csv = csv(&as_csv).unwrap().all_or_nothing().unwrap();
    assert_eq!(from_csv.len(), 5);
    assert_eq!(from_csv, jsonl(as_jsonl).unwrap().all_or_nothing().unwrap());
    assert_eq!(from_csv[1].territories.len(), 2);
    assert_eq!(from_csv[2].statement.terms(), Some("two\nlines"));

    let folder = tempfile::tempdir().unwrap();
    let mut registry = Registry::create(folder.path(), &Params::default()).unwrap();
    assert_eq!(registry.declare(&from_csv).unwrap().len(), 5);
    assert_eq!(registry.verify().unwrap(), []);
}

#[test]
fn every_bad_row_is_named_with_its_line_and_reason() {
    let text = "\
isrc,prefix,use,permission,terms,territories,from,until,declarant\n\
QZHB12400001,,ai-training,disallow,,,,,Label\n\
QZHB1240000,,ai-training,disallow,,,,,Label\n\
,,ai-training,disallow,,,,,Label\n\
QZHB12400001,QZHB1,ai-training,disallow,,,,,Label\n\
,QZHB1,training,disallow,,,,,Label\n\
,QZHB1,ai-training,forbid,,,,,Label\n\
,QZHB1,ai-training,constrain,,,,,Label\n\
,QZHB1,ai-training,allow,\"some\nterms\",,,,Label\n\
,QZHB1,ai-training,allow,,UK,,,Label\n\
,QZHB1,ai-training,allow,,,2026-02-30,,Label\n\
,QZHB1,ai-training,allow,,,20260228,,Label\n\
,QZHB1,ai-training,allow,,,2026-02-02,2026-02-01,Label\n\
,QZHB1,ai-training,allow,,,,,\n\
,QZHB1,ai-training,allow,,,,\n\
,QZHB2,ai-training,allow,,,,,Label\n";
    let expected = [
        (3, "ISRC"),
        (4, "no subject"),
        (5, "several subjects (isrc, prefix)"),
        (6, "unknown use \"training\""),
        (7, "unknown permission \"forbid\""),
        (8, "terms are empty"),
        (9, "terms go with constrain only"),
        (11, "GB"),
        (12, "YYYY-MM-DD"),
        (13, "YYYY-MM-DD"),
        (14, "the end is before the start"),
        (15, "declarant is empty"),
        (16, "8 fields where the header has 9"),
    ];
    for text in [text.to_owned(), text.replace('\n', "\r\n")] {
        let parsed = csv(&text).unwrap();
        assert_eq!(parsed.entries.len(), 2);
        let found: Vec<(u64, &str)> =
            parsed.refused.iter().map(|row| (row.line, row.reason.as_str())).collect();
        assert_eq!(found.len(), expected.len(), "{found:#?}");
        for ((line, reason), (wanted_line, wanted)) in found.iter().zip(expected) {
            assert_eq!(*line, wanted_line, "{reason}");
            assert!(reason.contains(wanted), "line {line}: {reason}");
        }
        let error = parsed.all_or_nothing().unwrap_err().to_string();
        assert!(error.contains("13 of 15 rows"), "{error}");
        assert!(error.contains("file, line 16: "), "{error}");
    }
}

#[test]
fn headers_are_checked() {
    let cases = [
        ("isrc,use,permission,declarant,licence\n", "unknown column \"licence\""),
        ("isrc,use,use,permission,declarant\n", "twice"),
        ("isrc,use,declarant\n", "\"permission\" is missing"),
        ("use,permission,declarant\n", "subject column"),
        ("", "missing"),
    ];
    for (text, expected) in cases {
        let error = csv(text).unwrap_err();
        assert!(matches!(error, ImportError::Header { .. }));
        assert!(error.to_string().contains(expected), "{error}");
    }
    assert_eq!(
        csv("Declarant, USE ,permission,isrc\n").unwrap().entries,
        [],
        "a header alone declares nothing"
    );
}

#[test]
fn jsonl_is_checked_line_by_line() {
    let text =
        "{\"isrc\":\n[1]\n{\"isrc\":1}\n{\"isrcs\":\"QZHB12400001\"}\n{\"territories\":[1]}\n\u{fffd}\n";
    let found = jsonl(text).unwrap().refused;
    let expected = [
        "no JSON",
        "not a JSON object",
        "isrc: 1 is no text",
        "unknown key \"isrcs\"",
        "territories: 1",
        "no JSON",
    ];
    assert_eq!(found.len(), expected.len(), "{found:#?}");
    for ((row, wanted), line) in found.iter().zip(expected).zip(1..) {
        assert_eq!(row.line, line);
        assert!(row.reason.contains(wanted), "{row}");
    }
}

#[test]
fn bytes_that_are_no_text_are_a_bad_row() {
    let mut bytes = b"isrc,use,permission,declarant\nQZHB12400001,ai-training,allow,M".to_vec();
    bytes.extend(b"\xfcller\nQZHB12400001,ai-training,allow,Label\n");
    let now = "2026-11-21T12:00:00Z".parse().unwrap();
    let parsed = parse_declarations(bytes.as_slice(), TableFormat::Csv, "latin.csv", now).unwrap();
    assert_eq!(parsed.entries.len(), 1);
    assert_eq!(parsed.refused[0].to_string(), "latin.csv, line 2: not UTF-8 text: save the file as UTF-8");
}

#[test]
fn formats_go_by_the_files_ending() {
    assert_eq!(TableFormat::from_extension("CSV"), Some(TableFormat::Csv));
    assert_eq!(TableFormat::from_extension("ndjson"), Some(TableFormat::Jsonl));
    assert_eq!(TableFormat::from_extension("xlsx"), None);
}

#[test]
fn rows_behind_a_quote_that_is_not_closed_are_told_and_nothing_is_stored() {
    let header = "owner,use,permission,terms,declarant";
    let open =
        format!("{header}\nA,ai-training,allow,,A\nB,ai-training,allow,\"see\nC,ai-training,disallow,,C\n");
    let error = csv(&open).unwrap_err().to_string();
    assert!(error.contains("a quote is opened on line 3"), "{error}");
}

#[test]
fn a_key_that_stands_twice_is_no_statement() {
    let row = r#"{"prefix":"QZHB1","use":"ai-training","permission":"disallow","permission":"allow","declarant":"L"}"#;
    let parsed = parse_declarations(
        row.as_bytes(),
        TableFormat::Jsonl,
        "d.jsonl",
        "2026-11-21T12:00:00Z".parse().unwrap(),
    );
    let parsed = parsed.unwrap();
    assert_eq!(parsed.entries, []);
    assert!(parsed.refused[0].reason.contains("\"permission\" stands twice"), "{}", parsed.refused[0].reason);
    for (text, expected) in [("[1]", "not a JSON object"), ("7", "not a JSON object"), ("{\"a\":", "no JSON")]
    {
        let parsed = parse_declarations(
            text.as_bytes(),
            TableFormat::Jsonl,
            "d.jsonl",
            "2026-11-21T12:00:00Z".parse().unwrap(),
        );
        assert!(parsed.unwrap().refused[0].reason.contains(expected), "{text}");
    }
}
