//! Reports of earlier runs.

use std::fs;

use super::{choice, told, told_of, written};
use crate::report::{PastReport, Unfinished, merge, write_json_line};

/// A report, whole, cut, or of a shard. What of it is read is what stands there.
pub fn report(data: &[u8]) {
    let Some((form, data)) = choice(data) else { return };
    let path = written("x.jsonl", data);
    if let Some(report) = told_of(PastReport::open(&path)) {
        let mut text = report.header_text().to_owned();
        let mut header = Vec::new();
        write_json_line(&mut header, report.header()).expect("memory");
        let again = PastReport::open(&written("y.jsonl", &header)).expect("what was written");
        assert_eq!(again.header(), report.header());
        let mut failed = false;
        for line in report {
            match line {
                Ok(line) => {
                    text += &line.text;
                    if let Some(row) = told_of(line.row(&path)) {
                        assert!(row.declarations().is_sorted());
                        let _ = row.audio_hash();
                    }
                }
                Err(error) => {
                    told(&error);
                    failed = true;
                }
            }
        }
        assert!(failed || text.as_bytes() == data);
    }
    let mut rows = 0_u64;
    let found = Unfinished::read(&path, |_| {
        rows += 1;
        Ok(())
    })
    .expect("a file");
    assert_eq!(found.rows, rows);
    assert!(found.bytes <= data.len() as u64 && (rows > 0) == (found.bytes > 0));
    // What is whole is found again when the rest is cut off.
    let whole = &data[..found.bytes as usize];
    assert!(whole.is_empty() || whole.ends_with(b"\n"));
    let again = Unfinished::read(&written("y.jsonl", whole), |_| Ok(())).expect("a file");
    assert!(rows == 0 || again == found);
    assert!(found.paths(&path).expect("a file").count() as u64 <= rows);
    // The same twice, or itself and a part of it, are no two shards.
    let parts = match form % 3 {
        0 => vec![path.clone()],
        1 => vec![path.clone(), path.clone()],
        _ => {
            let other = path.with_file_name("z.jsonl");
            let middle = data.len() / 2;
            fs::write(&other, &data[middle..]).expect("a temporary file");
            fs::write(&path, &data[..middle]).expect("a temporary file");
            vec![path.clone(), other]
        }
    };
    let mut out = Vec::new();
    if told_of(merge(&parts, &mut out)).is_some() {
        assert!(out.len() <= data.len());
    }
}
