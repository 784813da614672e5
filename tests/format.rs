//! FORMAT.md says what the program writes: the page is read here like a
//! specification and compared with real files.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use earmark::audio::{AudioInfo, Tags};
use earmark::check::rescan::CHANGE_SCHEMA;
use earmark::fingerprint::{self, About, Entry, FileHash, Fingerprint, FingerprintWriter, Fingerprinter};
use earmark::index::{self, Segment};
use earmark::params::Params;
use earmark::peaks::{Peak, sparse, strongest_per_block};
use earmark::registry::{
    EXPORT_SCHEMA, Facts, MandateAct, NewDeclaration, NewEntry, NewMandate, NewOwner, NewRecording,
    Permission, Registry, Subject, Use,
};
use earmark::report::{DIFFERENCE_SCHEMA, IDENTIFY_SCHEMA, LIVE_SCHEMA, SCAN_CSV_COLUMNS, SCAN_SCHEMA};
use earmark::verdict::{ReasonCode, VerdictKind};

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

#[test]
fn the_columns_of_rows_written_again_are_those_of_the_page() {
    let columns: Vec<String> = table(&section("### Rows written again"))
        .into_iter()
        .map(|row| row[0].trim_matches('`').to_owned())
        .collect();
    assert_eq!(columns, earmark::dataset::COLUMNS);
    assert!(section("### Reports of shards").contains(earmark::report::SHARD_SCHEMA));
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

/// Length of the recordings: more than one chunk of peaks.
const SECONDS: u32 = 14;

/// Two recordings of tones that come and go.
fn fingerprints(params: &Params) -> Vec<Fingerprint> {
    let rate = f64::from(params.rate_hz);
    (1..=2_u32)
        .map(|seed| {
            let samples: Vec<f32> = (0..SECONDS * params.rate_hz)
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
            duration_s: f64::from(SECONDS),
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

/// A stream of bits as the page describes it, one bit after the other.
struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Bits<'_> {
    fn number(&mut self, bits: u32) -> u64 {
        (0..bits).fold(0, |value, place| {
            let bit = self.bytes[self.at / 8] >> (self.at % 8) & 1;
            self.at += 1;
            value | u64::from(bit) << place
        })
    }

    fn zeros_before_a_one(&mut self) -> u32 {
        let mut zeros = 0;
        while self.number(1) == 0 {
            zeros += 1;
        }
        zeros
    }

    fn gamma(&mut self) -> u64 {
        let length = self.zeros_before_a_one();
        (1 << length) + self.number(length)
    }

    fn rice(&mut self, k: u32) -> u64 {
        match self.zeros_before_a_one() {
            24 => self.number(56),
            zeros => (u64::from(zeros) << k) + self.number(k),
        }
    }

    /// The stream fills its bytes but for zeros in the last one.
    fn end(mut self) {
        let left = 8 * self.bytes.len() - self.at;
        assert!(left < 8 && self.number(left as u32) == 0, "{left} bits left");
    }
}

#[test]
fn the_codes_are_what_the_page_says() {
    assert!(
        section("### Bits").contains(
            "Rice with *k* = 2 of 45 is eleven zeros, a one, then 1 in two bits: the bytes `00 18`"
        )
    );
    let mut bits = Bits { bytes: &[0x00, 0x18], at: 0 };
    assert_eq!(bits.rice(2), 45);
    bits.end();
}

/// The sections of a segment, in the order of the page.
fn sections(bytes: &[u8]) -> Vec<&[u8]> {
    let extents = fields(&section("### Header"))[8];
    let extent = |at| (u64_at(bytes, at) as usize, u64_at(bytes, at + 8) as usize);
    let places = (extents.0..end(extents)).step_by(20).map(extent);
    places.map(|(offset, length)| &bytes[offset..offset + length]).collect()
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
    let versions = format!("| [segments](#segments) | {} | bytes 8..12 of the file |", index::FORMAT_VERSION);
    assert!(page().contains(&versions));
    let algorithm = format!("`algorithm` is now **{}**", Params::default().algorithm);
    assert!(section("## Params").contains(&algorithm));
    assert_eq!(u32_at(&bytes, fields[1].0), index::FORMAT_VERSION);
    assert_eq!(bytes[fields[3].0..end(fields[3])], [0; 3]);
    assert_eq!(u64_at(&bytes, fields[4].0), Params::default().id().0);
    assert_eq!(u32_at(&bytes, fields[5].0), 2, "recordings");
    let frames: u64 = fingerprints(&Params::default()).iter().map(|f| u64::from(f.frames)).sum();
    assert_eq!(u64_at(&bytes, fields[7].0), frames);
    let crc = *fields.last().expect("fields");
    assert_eq!(u32_at(&bytes, crc.0), crc32fast::hash(&bytes[..crc.0]));

    // The sections follow each other and fill the file; their names and number
    // are those of the page's second table.
    let names = ["parameters", "recording table", "peaks", "posting lists", "table of the posting lists"];
    assert!(names.iter().all(|name| header.contains(&format!("| {name} |"))));
    let extents = fields[8];
    assert_eq!(extents.1, names.len() * 20);
    let mut place = end(crc) as u64;
    for (at, part) in (extents.0..).step_by(20).zip(sections(&bytes)) {
        assert_eq!(u64_at(&bytes, at), place, "no gaps");
        place += part.len() as u64;
        assert_eq!(u32_at(&bytes, at + 16), crc32fast::hash(part));
    }
    assert_eq!(place, bytes.len() as u64);
    assert_eq!(sections(&bytes)[0], Params::default().to_json().as_bytes());
}

/// The peaks of a recording of `frames`: tick and pitch.
fn decoded_peaks(bytes: &[u8], frames: u32, params: &Params) -> Vec<(u32, u16)> {
    let chunks = (4 * frames).div_ceil(2048) as usize;
    let (lengths, mut rest) = bytes.split_at(2 * chunks);
    let mut peaks = Vec::new();
    for (chunk, length) in (0..).zip(lengths.chunks(2)) {
        let (own, after) = rest.split_at(usize::from(u16::from_le_bytes([length[0], length[1]])));
        rest = after;
        let mut bits = Bits { bytes: own, at: 0 };
        let count = bits.gamma() - 1;
        let mut tick = 2048 * chunk;
        for _ in 0..count {
            tick += bits.rice(2) as u32;
            peaks.push((tick, bits.number(params.max_pitch().ilog2() + 1) as u16));
        }
        bits.end();
    }
    assert!(rest.is_empty());
    peaks
}

#[test]
fn constellations_are_what_the_page_says() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let path = registry(folder.path());
    let bytes = fs::read(&path).expect("a segment");
    let params = Params::default();
    let segment = Segment::open(&path, &params).expect("a segment");
    let parts = sections(&bytes);

    let row = fields(&section("### Recording table"));
    let row_bytes = end(*row.last().expect("fields"));
    assert!(header_says(row_bytes));
    assert_eq!(parts[1].len(), 2 * row_bytes);
    let mut first_slot = 0;
    for (ordinal, fingerprint) in fingerprints(&params).iter().enumerate() {
        let field = |i: usize| row_bytes * ordinal + row[i].0;
        assert_eq!(u32_at(parts[1], field(0)), ordinal as u32 + 1, "key");
        assert_eq!(u32_at(parts[1], field(1)), fingerprint.frames);
        assert_eq!(u32_at(parts[1], field(2)), first_slot);
        first_slot += fingerprint.frames / params.slot_frames + 8;
        let start = u64_at(parts[1], field(3)) as usize;
        let peaks = &parts[2][start..start + u32_at(parts[1], field(4)) as usize];
        assert_eq!(u32_at(parts[1], field(5)), crc32fast::hash(peaks));

        let decoded = decoded_peaks(peaks, fingerprint.frames, &params);
        assert!(decoded.len() > 20 && decoded.last().expect("peaks").0 > 2048, "more than one chunk");
        let plain = |peaks: &[Peak]| -> Vec<_> { peaks.iter().map(|p| (p.tick, p.pitch)).collect() };
        assert_eq!(decoded, plain(&segment.peaks(ordinal)), "as the program reads them");
        assert_eq!(decoded, plain(&sparse(&fingerprint.peaks, &params)), "as it made them");
    }
    assert_eq!(u32_at(&bytes, fields(&section("### Header"))[6].0), first_slot, "length of the axis");
}

/// Key, slot on the axis and span of each landmark that the page asks for, sorted.
fn landmarks(params: &Params) -> Vec<(u32, u32, u8)> {
    let reach = 16 * params.landmark_reach_semitones as i32;
    let (cells, pitch_cells) = (2 * reach as u32 * 5 / 16 + 1, params.max_pitch() / 3 + 1);
    let mut landmarks = Vec::new();
    let mut first_slot = 0;
    for fingerprint in fingerprints(params) {
        let kept = sparse(&fingerprint.peaks, params);
        let peaks = strongest_per_block(&kept, params.triplet_peaks_per_block, params);
        for (one, two, three) in triples(&peaks) {
            let (first, whole) = (two.tick - one.tick, three.tick - one.tick);
            let steps = [(one, two), (two, three)].map(|(x, y)| i32::from(y.pitch) - i32::from(x.pitch));
            let shortest = 4 * params.triplet_min_frames;
            if first < 4
                || whole - first < 4
                || steps.iter().any(|step| step.abs() > reach)
                || !(shortest..=4 * params.triplet_max_frames).contains(&whole)
            {
                continue;
            }
            // 3.2 is 16 / 5.
            let [a, b] = steps.map(|step| (step + reach) as u32 * 5 / 16);
            let hash = (24 * first / whole * cells + a) * cells + b;
            let span = (24.0 * (f64::from(whole) / f64::from(shortest)).log2()).round() as u8;
            let slot = first_slot + one.tick / (4 * params.slot_frames);
            landmarks.push((hash * pitch_cells + u32::from(one.pitch) / 3, slot, span));
        }
        first_slot += fingerprint.frames / params.slot_frames + 8;
    }
    landmarks.sort_unstable();
    landmarks
}

fn triples(peaks: &[Peak]) -> impl Iterator<Item = (&Peak, &Peak, &Peak)> {
    let after = |peak: &Peak| &peaks[peaks.partition_point(|other| other.tick <= peak.tick)..];
    let pairs = peaks.iter().flat_map(move |one| after(one).iter().map(move |two| (one, two)));
    pairs.flat_map(move |(one, two)| after(two).iter().map(move |three| (one, two, three)))
}

#[test]
fn posting_lists_are_what_the_page_says() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let path = registry(folder.path());
    let bytes = fs::read(&path).expect("a segment");
    let params = Params::default();
    let header = fields(&section("### Header"));
    let (slots, bucket_bits) = (u32_at(&bytes, header[6].0), u32::from(bytes[header[2].0]));
    let (lists, table) = (sections(&bytes)[3], sections(&bytes)[4]);

    let keys = 24 * 91 * 91 * 311;
    assert!(section("### Landmarks").contains("61,809,384 with the default params, where S is 91 and P 311"));
    assert_eq!(keys, 61_809_384);
    assert_eq!(bucket_bits, (keys / (slots / 6)).ilog2());
    let offsets: Vec<usize> = table
        .chunks(5)
        .map(|entry| (0..).zip(entry).map(|(place, byte)| usize::from(*byte) << (8 * place)).sum())
        .collect();
    assert_eq!(offsets.len() as u32, (keys >> bucket_bits) + 2);
    assert_eq!(offsets.last(), Some(&(lists.len() - 8)));
    assert_eq!(lists[lists.len() - 8..], [0; 8]);

    let mut decoded = Vec::new();
    for (bucket, bounds) in (0..).zip(offsets.windows(2)) {
        if bounds[0] == bounds[1] {
            continue;
        }
        let mut bits = Bits { bytes: &lists[bounds[0]..bounds[1]], at: 0 };
        let count = bits.gamma();
        let k = ((u64::from(slots) << bucket_bits) / count).max(1).ilog2();
        let mut value = 0;
        for _ in 0..count {
            value += bits.rice(k);
            let key = (bucket << bucket_bits) + (value / u64::from(slots)) as u32;
            decoded.push((key, (value % u64::from(slots)) as u32, bits.number(6) as u8));
        }
        bits.end();
    }
    assert!(decoded.len() > 100, "{} postings", decoded.len());

    let mut read = Vec::new();
    let segment = Segment::open(&path, &params).expect("a segment");
    segment.triplets(0..keys, |key, slot, span| read.push((key, slot, span)));
    assert!(decoded == read, "as the program reads them");
    assert!(decoded == landmarks(&params), "as the page asks for them");
}

fn header_says(row_bytes: usize) -> bool {
    section("### Header").contains(&format!("| recording table | {row_bytes} bytes for each recording |"))
}

/// A fingerprint file of one recording and one input that could not be decoded.
fn fingerprint_file(sound: &Fingerprint, params: &Params) -> Vec<u8> {
    let about = About {
        path: "a.wav".to_owned(),
        path_bytes: None,
        file: Some(FileHash { bytes: 5, sha256: [0xab; 32] }),
        columns: vec![("url".to_owned(), "x".into())],
        tags: Ok(Tags::default()),
    };
    let info = AudioInfo {
        container: "wave".to_owned(),
        codec: "pcm_s16le".to_owned(),
        sample_rate_hz: params.rate_hz,
        channels: 1,
        duration_s: f64::from(SECONDS),
        filled_s: 0.0,
        packets: 1,
        packets_skipped: 0,
        truncated: false,
        claimed_s: None,
        unheard: Vec::new(),
        audio_hash: [1; 32],
    };
    let mut writer = FingerprintWriter::new(Vec::new(), params).expect("memory");
    let good = Entry { about: about.clone(), sound: Ok((sound.clone().into(), info)) };
    let bad = Entry { about: About { tags: Err("no".to_owned()), ..about }, sound: Err("no".to_owned()) };
    for entry in [good, bad] {
        writer.write(&entry.encode(params).expect("an entry")).expect("memory");
    }
    writer.finish().expect("memory")
}

/// The offset that follows a table of fields some of whose places are names,
/// for these values of the names.
fn place(cell: &str, names: &[(&str, usize)]) -> usize {
    let number = |part: &str| {
        let name = part.trim().trim_matches('*');
        let named = names.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
        named.unwrap_or_else(|| name.parse().expect(cell))
    };
    cell.split('+').map(number).sum()
}

/// The rows of a table of fields as ranges of bytes, and where it ends.
fn ranges(heading: &str, names: &[(&str, usize)]) -> Vec<std::ops::Range<usize>> {
    let rows = table(&section(heading));
    let rows = rows.iter().take_while(|row| row[0] != "key" && !row[0].starts_with('`'));
    let ranges: Vec<_> = rows
        .filter(|row| !row[0].starts_with("---"))
        .map(|row| {
            let start = place(&row[0], names);
            start..start + place(&row[1], names)
        })
        .collect();
    assert!(ranges.len() > 4 && ranges.windows(2).all(|pair| pair[0].end == pair[1].start), "{heading}");
    ranges
}

#[test]
fn fingerprint_files_are_what_the_page_says() {
    let params = Params::default();
    let peak = |i: u32| Peak {
        tick: 4 * i + i * i % 3,
        pitch: (i * 37 % (params.max_pitch() + 1)) as u16,
        strength: (i * i * 7 % 256) as u8,
    };
    let sound = Fingerprint { peaks: (0..600).map(peak).collect(), frames: 620 };
    let bytes = fingerprint_file(&sound, &params);
    let versions = format!(
        "| [fingerprint files](#fingerprint-files) | {} | bytes 8..12 of the file |",
        fingerprint::FORMAT_VERSION
    );
    assert!(page().contains(&versions));

    let json = params.to_json();
    let head = ranges("### Head of the file", &[("p", json.len())]);
    assert_eq!(bytes[head[0].clone()], fingerprint::MAGIC);
    assert!(section("### Head of the file").contains("magic, `EARMKEFP`"));
    assert_eq!(u32_at(&bytes, head[1].start), fingerprint::FORMAT_VERSION);
    assert_eq!(u32_at(&bytes, head[2].start) as usize, json.len());
    assert_eq!(u64_at(&bytes, head[3].start), params.id().0);
    assert_eq!(&bytes[head[4].clone()], json.as_bytes());
    assert_eq!(u32_at(&bytes, head[5].start), crc32fast::hash(&bytes[..head[5].start]));

    let mut at = head[5].end;
    let mut descriptions = Vec::new();
    let mut peaks = Vec::new();
    while &bytes[at..at + 4] == b"ENTR" {
        let entry = &bytes[at..];
        let (d, n) = (u32_at(entry, 4) as usize, u32_at(entry, 8) as usize);
        let parts = ranges("### Entries", &[("d", d), ("n", n)]);
        assert_eq!(u32_at(entry, parts[3].start), crc32fast::hash(&entry[..parts[3].start]));
        assert_eq!(u32_at(entry, parts[6].start), crc32fast::hash(&entry[parts[4].start..parts[5].end]));
        let json: serde_json::Value = serde_json::from_slice(&entry[parts[4].clone()]).expect("JSON");
        descriptions.push(json);
        peaks.push(&entry[parts[5].clone()]);
        at += parts[6].end;
    }
    // The last one is there only where channels have peaks of their own.
    let keys =
        "`path` `path_bytes` `bytes` `sha256` `columns` `tags` `tags_error` `audio` `error` `channels`";
    let documented: Vec<String> = table(&section("### Entries")).iter().map(|row| row[0].clone()).collect();
    assert!(documented.join(" ").ends_with(keys), "{documented:?}");
    for json in &descriptions {
        let found: Vec<&String> = json.as_object().expect("an object").keys().collect();
        assert_eq!(found.len(), 9);
        assert!(found.iter().all(|key| keys.contains(&format!("`{key}`"))));
    }
    assert_eq!(descriptions[0]["sha256"], "ab".repeat(32));
    assert_eq!(descriptions[0]["columns"], serde_json::json!([["url", "x"]]));
    assert_eq!(
        (&descriptions[1]["audio"], &descriptions[1]["error"]),
        (&serde_json::Value::Null, &"no".into())
    );
    assert!(peaks[1].is_empty());

    assert_eq!(u32_at(peaks[0], 0), sound.frames);
    assert_eq!(u32_at(peaks[0], 4) as usize, sound.peaks.len());
    assert!(section("### Dense peaks").contains("runs of 256 peaks") && sound.peaks.len() > 256);
    let mut bits = Bits { bytes: &peaks[0][8..], at: 0 };
    let mut tick = 0;
    for run in sound.peaks.chunks(256) {
        let (step, height, smallest) = (bits.number(4) as u32, bits.number(4) as u32, bits.number(8));
        for peak in run {
            tick += bits.rice(step) as u32;
            let pitch = bits.number(params.max_pitch().ilog2() + 1) as u16;
            let strength = (smallest + bits.rice(height)) as u8;
            assert_eq!(Peak { tick, pitch, strength }, *peak);
        }
    }
    bits.end();

    let end = ranges("### End of the file", &[]);
    let last = &bytes[at..];
    assert_eq!(&last[end[0].clone()], b"DONE");
    assert_eq!((u64_at(last, end[1].start), u64_at(last, end[2].start)), (2, at as u64));
    assert_eq!(&last[end[3].clone()], blake3::hash(&bytes[..at]).as_bytes());
    assert_eq!(u32_at(last, end[4].start), crc32fast::hash(&last[..end[4].start]));
    assert_eq!(last.len(), end[4].end);
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
    let expected = ["declaration", "mandate", "owner", "recording", "recording_isrc", "registry", "segment"];
    assert_eq!(tables, expected);
    for (table_name, heading) in [
        ("registry", "### registry: one row"),
        ("segment", "### segment: the live segments"),
        ("recording", "### recording"),
        ("declaration", "### declaration: append-only"),
        ("mandate", "### mandate: append-only"),
        ("owner", "### owner: append-only"),
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
    for schema in [IDENTIFY_SCHEMA, LIVE_SCHEMA, SCAN_SCHEMA, CHANGE_SCHEMA, DIFFERENCE_SCHEMA] {
        assert!(page.contains(&format!("| `{schema}` | `schema` in every ")), "{schema}");
        assert!(page.contains(&format!("| `schema` | text | `{schema}` |")), "{schema}");
    }
    let columns = SCAN_CSV_COLUMNS.map(|column| format!("`{column}`")).join(", ");
    assert!(page.contains(&columns), "{columns}");
    let codes: Vec<String> = ReasonCode::ALL.map(|code| format!("`{code}`")).to_vec();
    let scan = section("### Scan rows");
    let documented = table(&scan[scan.find("| code |").expect("codes")..]);
    let documented: Vec<&String> = documented.iter().map(|row| &row[0]).collect();
    assert_eq!(documented, codes.iter().collect::<Vec<_>>());
    use VerdictKind::{Allowed, Constrained, Disallowed, Error, NoMatch, Review, TooShort, Undeclared};
    for kind in [Disallowed, Constrained, Allowed, Undeclared, NoMatch, Review, TooShort, Error] {
        assert!(section("### Scan rows").contains(&format!("`{kind}`")), "{kind}");
    }
}

#[test]
fn an_export_is_what_the_page_says() {
    let folder = tempfile::tempdir().expect("temporary folder");
    registry(folder.path());
    let received_at = "2026-11-21T12:00:00Z".parse().expect("a time");
    let subject = Subject::Owner("Label".to_owned());
    let entries: [NewEntry; 3] = [
        NewDeclaration {
            subject: subject.clone(),
            use_: Use::Search,
            statement: Permission::Allow.into(),
            territories: Vec::new(),
            from: None,
            until: None,
            declarant: "Label".to_owned(),
            source: None,
            document_hash: None,
            received_at,
        }
        .into(),
        NewMandate {
            declarant: "Agency".to_owned(),
            speaks_for: subject,
            act: MandateAct::Grant,
            from: None,
            until: None,
            source: None,
            document_hash: None,
            received_at,
        }
        .into(),
        NewOwner {
            name: "Label".to_owned(),
            aliases: Vec::new(),
            parent: None,
            from: None,
            source: None,
            document_hash: None,
            received_at,
        }
        .into(),
    ];
    Registry::open_for_writing(folder.path()).expect("a registry").append(&entries).expect("a commit");
    let file = folder.path().join("copy.jsonl");
    let mut out = Vec::new();
    let registry = Registry::open(folder.path()).expect("a registry");
    registry.export(&file, true, &mut out).expect("an export");
    let rows: Vec<serde_json::Map<String, serde_json::Value>> = String::from_utf8(out)
        .expect("UTF-8")
        .lines()
        .map(|line| serde_json::from_str(line).expect("an object"))
        .collect();
    let text = section("## Exports");
    let named = |key: &str| text.contains(&format!("`{key}`"));

    let documented: Vec<String> =
        ["schema", "params_id", "content_hash", "recordings", "log_rows", "fingerprints"]
            .map(str::to_owned)
            .to_vec();
    assert_eq!(rows[0].keys().cloned().collect::<HashSet<_>>(), documented.iter().cloned().collect());
    assert!(documented.iter().all(|key| named(key)), "{documented:?}");
    assert_eq!(rows[0]["schema"], EXPORT_SCHEMA);
    assert!(named(EXPORT_SCHEMA));
    let segment = rows[0]["fingerprints"][0].as_object().expect("a segment");
    assert!(segment.keys().all(|key| named(&format!("fingerprints[].{key}"))), "{segment:?}");
    assert_eq!(rows.len(), 1 + 2 + 3);
    for (row, kind) in rows[3..].iter().zip(["declaration", "mandate", "owner"]) {
        assert_eq!(row["row"], kind);
        let line = text.lines().find(|line| line.starts_with(&format!("| `{kind}` |"))).expect(kind);
        let known = |key: &String| {
            ["row", "seq", "hash", "owner"].contains(&key.as_str()) || line.contains(&format!("`{key}`"))
        };
        assert!(row.keys().all(known), "{row:?}");
    }
    let columns: HashSet<String> = table(&section("### recording"))
        .iter()
        .flat_map(|row| row[0].split(", ").map(str::to_owned).collect::<Vec<_>>())
        .filter(|column| column != "segment")
        .chain(["row", "isrcs"].map(str::to_owned))
        .collect();
    assert_eq!(rows[1].keys().cloned().collect::<HashSet<_>>(), columns);
}
