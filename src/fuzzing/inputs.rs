//! What names audio or holds it: manifests, rows, archives, names.

use std::io;
use std::path::Path;

use super::{choice, told, told_of, written};
use crate::dataset::{Cells, Counts, Form, write_rows, write_tar};
use crate::inputs::label_copy::{ColumnMap, Purpose, Row, read_manifest};
use crate::inputs::{
    Choice, Fate, Input, Item, Listing, MemberKind, RowSource, Skipped, fate, key, sample_key,
};
use crate::isrc::{Isrc, IsrcPrefix};
use crate::registry::{DocumentHash, Territory, name_key};
use crate::usage::Use;
use crate::verdict::VerdictKind;

/// Most bytes of one member, cell or file here.
const MOST_MEMBER: u64 = 1 << 16;

/// Label copy in each form, with a column map before a NUL.
pub fn manifest(data: &[u8]) {
    let Some((form, data)) = choice(data) else { return };
    let name = ["x.csv", "x.jsonl", "x.xml"][usize::from(form % 3)];
    let (columns, data) = match data.iter().position(|byte| *byte == 0) {
        Some(at) if form & 0x40 != 0 => {
            let columns = String::from_utf8_lossy(&data[..at]).parse::<ColumnMap>();
            (columns.unwrap_or_default(), &data[at + 1..])
        }
        _ => (ColumnMap::default(), data),
    };
    let path = written(name, data);
    for purpose in [Purpose::Register, Purpose::Describe] {
        let Some(manifest) = told_of(read_manifest(&path, &columns, purpose)) else { return };
        manifest.bad_rows.iter().for_each(|row| told(row));
        let lines = data.iter().filter(|byte| **byte == b'\n').count() as u64 + 1;
        let rows = manifest.rows.iter().map(|row| row.line);
        let bad = manifest.bad_rows.iter().map(|row| row.line);
        assert!(rows.chain(bad).all(|line| line >= 1 && (line <= lines || form % 3 == 2)));
        for row in &manifest.rows {
            assert!(row.duration_s.is_none_or(|seconds| (0.0..1e7).contains(&seconds)));
            assert!(purpose == Purpose::Describe || row.path.is_some());
            // As `.efp` keeps it.
            if columns == ColumnMap::default()
                && let Some(path) = &row.path
            {
                let again = Row::of_columns(path, &row.columns).expect("a row that was read");
                assert_eq!(again, Row { line: 0, ..row.clone() });
            }
        }
    }
}

/// The items of a listing; none of them is opened.
fn listed(listing: Listing) -> Option<Vec<Item>> {
    told_of(listing.stream()).map(|items| {
        let items: Vec<Item> = items.collect();
        for item in &items {
            match &item.input {
                Input::Unreadable { error, .. } => told(error),
                Input::Bytes { bytes, .. } => assert!(bytes.as_ref().len() as u64 <= MOST_MEMBER),
                Input::File(_) | Input::Fingerprints(_) => {}
            }
            let _ = item.name();
        }
        items
    })
}

fn row_source(path: &Path) -> RowSource {
    RowSource::new(path.to_owned())
}

fn of_rows(path: &Path) -> Option<Vec<Item>> {
    listed(Listing { rows: vec![row_source(path)], member_limit: MOST_MEMBER, ..Listing::default() })
}

/// Verdicts for so many items, all allowed but every third if `some` is not set.
fn verdicts(count: usize, all: bool) -> impl Iterator<Item = io::Result<Cells>> {
    (0..count).map(move |at| {
        let denied = !all && at % 3 == 2;
        Ok(Cells {
            path_bytes: None,
            path: at.to_string(),
            verdict: if denied { VerdictKind::Disallowed } else { VerdictKind::NoMatch },
            reasons: vec!["a\"b,c".to_owned()],
            recordings: Vec::new(),
            isrcs: Vec::new(),
            error: None,
        })
    })
}

fn names_of(items: &[Item]) -> Vec<String> {
    items.iter().map(|item| format!("{:?} {:?}", item.input.path().file_name(), item.passage)).collect()
}

/// Rows that name audio, and lists of paths; packed or not. Written again with
/// verdicts they name the same.
pub fn rows(data: &[u8]) {
    let Some((form, data)) = choice(data) else { return };
    if form % 4 == 3 {
        let path = written("x.txt", data);
        let listing = Listing { lists: vec![path], nul: form & 0x40 != 0, ..Listing::default() };
        // Whoever lists paths may name any file: only those that are none are looked at.
        if !data.contains(&b'/') && !data.contains(&b'.') && !data.starts_with(&[0x1f, 0x8b]) {
            listed(listing);
        }
        return;
    }
    let (name, again) = match form % 4 {
        0 => ("x.jsonl", "y.jsonl"),
        1 => ("x.csv", "y.csv"),
        _ => ("x.csv.gz", "y.csv"),
    };
    let path = written(name, data);
    let Some(items) = of_rows(&path) else { return };
    // The last tells of a file that cannot be read to its end.
    let ended =
        items.iter().any(|item| matches!(&item.input, Input::Unreadable { path: of, .. } if *of == path));
    for (form, all) in [(Form::Annotated, true), (Form::Filtered, true), (Form::Filtered, false)] {
        let count = if ended { items.len() - 1 } else { items.len() };
        let mut out = Vec::new();
        let result = write_rows(&row_source(&path), form, &mut verdicts(count, all), &mut out);
        if ended {
            result.expect_err("it cannot be read to its end");
            continue;
        }
        let counts = result.expect("as many rows as there were");
        let kept = if all { count } else { count - count / 3 };
        assert_eq!(counts, Counts { read: count as u64, written: kept as u64 });
        let again = of_rows(&written(again, &out)).expect("what was written");
        assert_eq!(again.len(), kept);
        if form == Form::Filtered && all {
            assert_eq!(
                names_of(&again).iter().filter(|name| !name.contains('#')).collect::<Vec<_>>(),
                names_of(&items).iter().filter(|name| !name.contains('#')).collect::<Vec<_>>()
            );
        }
    }
}

/// Rows of Parquet, and the same file with verdicts.
pub fn parquet(data: &[u8]) {
    #[cfg(fuzzing)]
    super::pass_contained_panics();
    let path = written("x.parquet", data);
    let Some(items) = of_rows(&path) else { return };
    assert!(items.len() <= 1 << 20, "{} rows of {} bytes", items.len(), data.len());
    let ended =
        items.iter().any(|item| matches!(&item.input, Input::Unreadable { path: of, .. } if *of == path));
    if ended || items.len() > 1_000 {
        return;
    }
    for form in [Form::Annotated, Form::Filtered] {
        let mut out = Vec::new();
        let result = write_rows(&row_source(&path), form, &mut verdicts(items.len(), true), &mut out);
        if let Some(counts) = told_of(result) {
            assert_eq!(counts.read, items.len() as u64);
            let again = of_rows(&written("y.parquet", &out)).expect("what was written");
            assert_eq!(again.len(), items.len());
        }
    }
}

/// Members of tar and zip, and samples that are left out.
pub fn archives(data: &[u8]) {
    #[cfg(fuzzing)]
    super::pass_contained_panics();
    let Some((form, data)) = choice(data) else { return };
    let name = ["x.tar", "x.zip", "x.tgz"][usize::from(form % 3)];
    let path = written(name, data);
    let listing = |path: &Path| Listing {
        named: vec![path.to_owned()],
        member_limit: MOST_MEMBER,
        ..Listing::default()
    };
    let named = |path: &Path| listed(listing(path)).expect("a file can be listed");
    let items = named(&path);
    let ended = items.iter().any(|item| item.input.path() == path);
    if form % 3 == 1 || ended {
        return;
    }
    for all in [true, false] {
        let mut out = Vec::new();
        let mut given = verdicts(items.len(), all);
        let counts = write_tar(&path, &Choice::default(), &mut given, &mut out);
        let Some(counts) = told_of(counts) else { continue };
        assert!(counts.written <= counts.read && counts.written <= data.len() as u64 * 1_100);
        assert!(out.len() % 512 == 0);
        let again = written("y.tar", &out);
        let mut left = listing(&again).stream().expect("a file can be listed");
        let (skipped, names) = (left.skipped_in_archives(), names_of(&left.by_ref().collect::<Vec<_>>()));
        let unchecked = skipped.lock().expect("nobody panicked").unchecked;
        assert_eq!(unchecked, 0, "whatever may hold audio was checked");
        let before = names_of(&items);
        assert!(names.iter().all(|name| before.contains(name)) && names.len() <= before.len());
        if all && counts.written == counts.read {
            assert_eq!(names, before);
        }
    }
}

/// Codes, names and globs.
pub fn names(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    if let Some(isrc) = told_of(text.parse::<Isrc>()) {
        assert_eq!(isrc.to_string().parse(), Ok(isrc));
        assert_eq!(isrc.as_str().parse(), Ok(isrc));
        assert_eq!(isrc.prefix().as_str().parse(), Ok(isrc.prefix()));
        assert_eq!(Isrc::find_all(&text), [isrc]);
    }
    for isrc in Isrc::find_all(&text) {
        assert_eq!(Isrc::find_all(&format!(" {isrc} / ")), [isrc]);
    }
    if let Some(prefix) = told_of(text.parse::<IsrcPrefix>()) {
        assert_eq!(prefix.to_string().parse(), Ok(prefix));
    }
    if let Some(territory) = told_of(text.parse::<Territory>()) {
        assert_eq!(territory.to_string().parse(), Ok(territory));
    }
    if let Some(use_) = told_of(text.parse::<Use>()) {
        assert_eq!(use_.name(), text);
    }
    if let Some(hash) = told_of(text.parse::<DocumentHash>()) {
        assert_eq!(hash.to_string(), text.trim().to_lowercase());
    }
    let once = name_key(&text);
    assert_eq!(name_key(&once), once);
    let _ = text.parse::<ColumnMap>();
    let sample = key(&text);
    assert!(text.starts_with(sample) && key(sample) == sample);
    let (glob, name) = text.split_once('\n').unwrap_or((&text, "a/b.mp3"));
    if let Some(choice) = told_of(Choice::new(&[glob.to_owned()], &[], false)) {
        let decided = || {
            let fate = fate(&choice, name, &MemberKind::File, &mut io::empty(), &mut Skipped::default());
            matches!(fate, Ok(Fate::Checked(_)))
        };
        assert_eq!(decided(), decided());
        let sample = sample_key(name);
        assert_eq!(sample_key(&sample), sample);
    }
}
