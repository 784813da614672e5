//! FORMAT.md says what the program writes: the page is read here like a
//! specification and compared with real files.

use std::fs;
use std::path::{Path, PathBuf};

use earmark::fingerprint::{Fingerprint, Fingerprinter};
use earmark::index;
use earmark::params::Params;
use earmark::registry::{Facts, NewRecording, Registry};
use earmark::report::{IDENTIFY_SCHEMA, SCAN_CSV_COLUMNS, SCAN_SCHEMA};
use earmark::verdict::VerdictKind;

fn page() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("FORMAT.md");
    fs::read_to_string(path).expect("FORMAT.md is there")
}

/// What stands between a heading and the next one.
fn section(heading: &str) -> String {
    let page = page();
    let start = page.find(&format!("\n{heading}\n")).expect(heading) + heading.len() + 2;
    let end = page[start..].find("\n#").map_or(page.len(), |end| start + end);
    page[start..end].to_owned()
}

/// The cells of the rows of a table, without its header.
fn table(text: &str) -> Vec<Vec<String>> {
    let rows = text.lines().filter(|line| line.starts_with('|')).skip(2);
    rows.map(|row| row.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect()).collect()
}

/// The numbers of a table of fields: offset and length, which must follow
/// each other without gaps.
fn fields(text: &str) -> Vec<(usize, usize)> {
    let field = |row: &Vec<String>| Some((row.first()?.parse().ok()?, row.get(1)?.parse().ok()?));
    // Another table may follow.
    let fields: Vec<(usize, usize)> = table(text).iter().map_while(field).collect();
    assert!(fields.len() > 5, "{text}");
    for pair in fields.windows(2) {
        assert_eq!(pair[0].0 + pair[0].1, pair[1].0, "a gap in {text}");
    }
    fields
}

fn end((offset, length): (usize, usize)) -> usize {
    offset + length
}

/// Two recordings of tones that come and go.
fn fingerprints(params: &Params) -> Vec<Fingerprint> {
    let rate = f64::from(params.rate_hz);
    (1..=2_u32)
        .map(|seed| {
            let samples: Vec<f32> = (0..6 * params.rate_hz)
                .map(|i| {
                    let t = f64::from(i) / rate;
                    let note = (t * 5.0).floor() as u32;
                    let hz = 300.0 + 40.0 * f64::from((note * 7 + seed * 13) % 29);
                    let tone = |k: f64| (std::f64::consts::TAU * k * hz * t).sin();
                    (0.2 * (tone(1.0) + tone(1.5) + tone(2.2)) * (1.0 - (t * 5.0).fract())) as f32
                })
                .collect();
            let mut fingerprinter = Fingerprinter::new(params);
            fingerprinter.push(&samples);
            fingerprinter.finish()
        })
        .collect()
}

/// A registry of two recordings, and its segment.
fn registry(folder: &Path) -> PathBuf {
    let params = Params::default();
    let batch: Vec<NewRecording> = (1..)
        .zip(fingerprints(&params))
        .map(|(number, fingerprint)| NewRecording {
            id: Some(format!("tone-{number}")),
            isrcs: Vec::new(),
            facts: Facts::default(),
            audio_hash: [number; 32],
            duration_s: 6.0,
            source_path: None,
            fingerprint,
        })
        .collect();
    Registry::create(folder, &params).expect("a registry").add(&batch).expect("a commit");
    folder.join("segments/00000001.seg")
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().expect("4 bytes"))
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().expect("8 bytes"))
}

fn varint(bytes: &mut &[u8]) -> u32 {
    let mut value = 0;
    for shift in (0..).step_by(7) {
        let (byte, rest) = bytes.split_first().expect("a varint ends");
        *bytes = rest;
        value |= u32::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            break;
        }
    }
    value
}

#[test]
fn a_segment_is_what_the_page_says() {
    let header = section("### Header");
    let fields = fields(&header);
    let folder = tempfile::tempdir().expect("temporary folder");
    let bytes = fs::read(registry(folder.path())).expect("a segment");

    let magic = std::str::from_utf8(&index::MAGIC).expect("ASCII");
    assert!(header.contains(&format!("magic, `{magic}`")) && bytes.starts_with(magic.as_bytes()));
    assert!(header.contains(&format!("format version, now {}", index::FORMAT_VERSION)));
    assert_eq!(u32_at(&bytes, fields[1].0), index::FORMAT_VERSION);
    assert_eq!(u64_at(&bytes, fields[5].0), Params::default().id().0);
    assert_eq!(u32_at(&bytes, fields[6].0), 2, "recordings");
    let crc = *fields.last().expect("fields");
    assert_eq!(u32_at(&bytes, crc.0), crc32fast::hash(&bytes[..crc.0]));

    // The sections follow each other and fill the file; their names and number
    // are those of the page's second table.
    let (sections, names) = (
        fields[8],
        ["parameters", "recording table", "peaks", "pair table, pair lists", "triplet table, triplet lists"],
    );
    assert!(names.iter().all(|name| header.contains(&format!("| {name} |"))));
    assert_eq!(sections.1, 7 * 20);
    let mut place = end(crc) as u64;
    let mut parts = Vec::new();
    for at in (sections.0..end(sections)).step_by(20) {
        let (offset, length) = (u64_at(&bytes, at), u64_at(&bytes, at + 8));
        assert_eq!(offset, place, "no gaps");
        place += length;
        let part = &bytes[offset as usize..place as usize];
        assert_eq!(u32_at(&bytes, at + 16), crc32fast::hash(part));
        parts.push(part);
    }
    assert_eq!(place, bytes.len() as u64);
    assert_eq!(parts[0], Params::default().to_json().as_bytes());
}

#[test]
fn constellations_and_lists_are_what_the_page_says() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let bytes = fs::read(registry(folder.path())).expect("a segment");
    let params = Params::default();
    let header = fields(&section("### Header"));
    let parts: Vec<&[u8]> = (header[8].0..end(header[8]))
        .step_by(20)
        .map(|at| {
            let (offset, length) = (u64_at(&bytes, at) as usize, u64_at(&bytes, at + 8) as usize);
            &bytes[offset..offset + length]
        })
        .collect();

    let row = fields(&section("### Recording table"));
    let row_bytes = end(*row.last().expect("fields"));
    assert!(header_says(row_bytes));
    assert_eq!(parts[1].len(), 2 * row_bytes);
    let mut first_slots = Vec::new();
    for (row_at, (key, fingerprint)) in (0..).step_by(row_bytes).zip((1..).zip(fingerprints(&params))).take(2)
    {
        let field = |i: usize| row_at + row[i].0;
        assert_eq!(u32_at(parts[1], field(0)), key);
        assert_eq!(u32_at(parts[1], field(1)), fingerprint.frames);
        first_slots.push(u32_at(parts[1], field(2)));
        let start = u64_at(parts[1], field(3)) as usize;
        let mut peaks = &parts[2][start..start + u32_at(parts[1], field(4)) as usize];
        assert_eq!(u32_at(parts[1], field(5)), crc32fast::hash(peaks));
        // Every stored peak is one of the fingerprint's.
        let (mut tick, mut count) = (0, 0);
        while !peaks.is_empty() {
            tick += varint(&mut peaks);
            let packed = u16::from_le_bytes([peaks[0], peaks[1]]);
            peaks = &peaks[2..];
            let (pitch, strength) = (packed & 0x3ff, packed >> 10);
            let stored = fingerprint
                .peaks
                .iter()
                .any(|peak| (peak.tick, peak.pitch, u16::from(peak.strength) / 4) == (tick, pitch, strength));
            assert!(stored, "tick {tick}, pitch {pitch}, strength {strength}");
            count += 1;
        }
        assert!(count > 20, "{count} peaks");
    }
    let slots_of_first = u32_at(parts[1], row[1].0) / params.slot_frames;
    assert_eq!(first_slots, [0, slots_of_first + 8]);

    let slots = u32_at(&bytes, header[7].0);
    for (table, lists, bits, extra) in
        [(parts[3], parts[4], bytes[header[2].0], 0), (parts[5], parts[6], bytes[header[3].0], 2)]
    {
        let offsets: Vec<usize> = table.chunks(4).map(|entry| u32_at(entry, 0) as usize).collect();
        assert_eq!(offsets.last(), Some(&lists.len()));
        let mut postings = 0;
        for bucket in offsets.windows(2) {
            let mut bucket = &lists[bucket[0]..bucket[1]];
            let mut before = None;
            while !bucket.is_empty() {
                let low = varint(&mut bucket);
                assert!(low < 1 << bits && before < Some(low), "hashes ascend");
                before = Some(low);
                let length = varint(&mut bucket) as usize;
                let (mut list, rest) = bucket.split_at(length);
                bucket = rest;
                let mut slot = 0;
                while !list.is_empty() {
                    slot += varint(&mut list);
                    list = &list[extra..];
                    postings += 1;
                }
                assert!(slot < slots);
            }
        }
        assert!(postings > 50, "{postings} postings");
    }
}

fn header_says(row_bytes: usize) -> bool {
    section("### Header").contains(&format!("| recording table | {row_bytes} bytes for each recording |"))
}

#[test]
fn the_database_is_what_the_page_says() {
    let folder = tempfile::tempdir().expect("temporary folder");
    registry(folder.path());
    let path = folder.path().join("registry.db");
    let bytes = fs::read(&path).expect("a database");
    let text = section("## registry.db");
    assert_eq!(&bytes[68..72], b"earm");
    assert!(text.contains("`application_id` (bytes 68..72 of the file) is `0x6561726d`, \"earm\""));
    let version = u32::from_be_bytes(bytes[60..64].try_into().expect("4 bytes"));
    assert!(
        text.contains(&format!("`user_version` (bytes 60..64) is the format version, now **{version}**"))
    );

    let connection = rusqlite::Connection::open(&path).expect("SQLite");
    let names = |sql: &str| -> Vec<String> {
        let mut statement = connection.prepare(sql).expect("SQL");
        let names = statement.query_map([], |row| row.get(0)).expect("rows");
        names.map(|name| name.expect("a name")).collect()
    };
    let tables = names("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name");
    assert_eq!(tables, ["declaration", "recording", "recording_isrc", "registry", "segment"]);
    for (table_name, heading) in [
        ("registry", "### registry: one row"),
        ("segment", "### segment: the live segments"),
        ("recording", "### recording"),
        ("declaration", "### declaration: append-only"),
    ] {
        let documented: Vec<String> = table(&section(heading))
            .iter()
            .flat_map(|row| row[0].split(", ").map(str::to_owned).collect::<Vec<_>>())
            .collect();
        let columns = names(&format!("SELECT name FROM pragma_table_info('{table_name}')"));
        assert_eq!(documented, columns, "{table_name}");
    }
}

#[test]
fn names_and_numbers_of_the_rows_are_on_the_page() {
    let page = page();
    for schema in [IDENTIFY_SCHEMA, SCAN_SCHEMA] {
        assert!(page.contains(&format!("| `{schema}` | `schema` in every row |")), "{schema}");
        assert!(page.contains(&format!("| `schema` | text | `{schema}` |")), "{schema}");
    }
    let columns = SCAN_CSV_COLUMNS.map(|column| format!("`{column}`")).join(", ");
    assert!(page.contains(&columns), "{columns}");
    use VerdictKind::{Allowed, Constrained, Disallowed, Error, NoMatch, Review, TooShort, Undeclared};
    for kind in [Disallowed, Constrained, Allowed, Undeclared, NoMatch, Review, TooShort, Error] {
        assert!(section("### Scan rows").contains(&format!("`{kind}`")), "{kind}");
    }
}
