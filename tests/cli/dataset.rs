//! Data sets written again, shards joined, killed scans gone on with.

use std::fs::{self, File};
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parquet::data_type::{ByteArray, ByteArrayType, Int64Type};
use parquet::file::properties::WriterProperties;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use serde_json::{Value, json};

use super::support::{Run, earmark, folder, noise_wav, program, registry};

pub fn scan(line: &str, folder: &Path) -> Run {
    let registry = registry().display();
    earmark(&format!("scan {line} --registry {registry} --format jsonl --as-of 2026-11-21"), folder)
}

pub fn clip(name: &str) -> String {
    format!("{}/testdata/scraped/{name}", env!("CARGO_MANIFEST_DIR"))
}

pub fn text(path: impl AsRef<Path>) -> String {
    fs::read_to_string(path).expect("a text")
}

/// Disallowed, nothing found, and what cannot be read.
pub const CLIPS: [(&str, &str); 4] = [
    ("tag-wrong.ogg", "disallowed"),
    ("silence.flac", "no-match"),
    ("not-audio.mp3", "error"),
    ("silence.flac", "no-match"),
];

#[test]
fn json_and_csv_come_back_with_their_verdicts() {
    let folder = folder();
    let at = |name: &str| folder.path().join(name);
    let lines: Vec<String> = CLIPS
        .iter()
        .enumerate()
        .map(|(id, (name, _))| json!({"z": id, "file_name": clip(name), "a": [1.50, null]}).to_string())
        .collect();
    fs::write(at("metadata.jsonl"), lines.join("\n") + "\nno row\n").expect("a file");
    let run = scan(
        "--manifest {}/metadata.jsonl --out {}/r.jsonl --annotated {}/a.jsonl --filtered {}/f.jsonl --allow-list {}/allow --deny-list {}/deny --review-list {}/review",
        folder.path(),
    );
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    let annotated = text(at("a.jsonl"));
    let found: Vec<Value> = annotated.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    let verdicts: Vec<&str> =
        found.iter().map(|row| row["earmark_verdict"].as_str().expect("a verdict")).collect();
    assert_eq!(verdicts, ["disallowed", "no-match", "error", "no-match", "error"]);
    assert_eq!(found[4]["earmark_row"], "no row");
    assert!(!found[0]["earmark_recordings"].as_array().expect("a list").is_empty());
    for (line, row) in annotated.lines().zip(&lines) {
        assert!(line.starts_with(row.trim_end_matches('}')), "{line}\n{row}");
    }
    assert_eq!(text(at("f.jsonl")), format!("{}\n{}\n", lines[1], lines[3]));
    assert_eq!(text(at("allow")), format!("{0}\n{0}\n", clip("silence.flac")));
    assert_eq!(text(at("deny")), format!("{}\n", clip("tag-wrong.ogg")));
    assert_eq!(text(at("review")).lines().count(), 2);
    let names: Vec<_> =
        fs::read_dir(folder.path()).expect("the folder").map(|e| e.expect("readable").file_name()).collect();
    assert_eq!(names.len(), 7, "nothing else is left: {names:?}");

    let rows: String = CLIPS.iter().map(|(name, _)| format!("\"x, y\",{}\n", clip(name))).collect();
    fs::write(at("m.csv"), "note,clip\n".to_owned() + &rows).expect("a file");
    let run = scan(
        "--manifest {}/m.csv --path-column clip --annotated {}/a.csv --filtered {}/f.csv",
        folder.path(),
    );
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    let mut csv = csv::Reader::from_path(at("a.csv")).expect("a file");
    let found: Vec<csv::StringRecord> = csv.records().map(|row| row.expect("a row")).collect();
    for (row, (name, verdict)) in found.iter().zip(CLIPS) {
        assert_eq!((&row[0], &row[1], &row[2]), ("x, y", &clip(name)[..], verdict));
    }
    assert_eq!(
        text(at("f.csv")),
        format!("note,clip\n{0}{0}", format!("\"x, y\",{}\n", clip("silence.flac")))
    );
    // Folders have no rows.
    let run = scan("testdata/scraped --annotated {}/x.jsonl", folder.path());
    assert_eq!(run.code, Some(2));
    assert!(run.stderr.contains("--annotated writes rows again"), "{}", run.stderr);
}

#[test]
fn parquet_and_tar_come_back() {
    let folder = folder();
    let schema = "message m { required int64 id; optional group audio { optional binary bytes; optional binary path (UTF8); } }";
    let schema = Arc::new(parse_message_type(schema).expect("a schema"));
    let out = File::create(folder.path().join("train.parquet")).expect("a file");
    let properties = Arc::new(WriterProperties::builder().build());
    let mut writer = SerializedFileWriter::new(out, schema, properties).expect("a writer");
    for clips in CLIPS.chunks(2) {
        let mut group = writer.next_row_group().expect("a group");
        let mut column = group.next_column().expect("a column").expect("the first");
        column.typed::<Int64Type>().write_batch(&[7, 8], None, None).expect("written");
        column.close().expect("closed");
        let bytes: Vec<ByteArray> =
            clips.iter().map(|(name, _)| fs::read(clip(name)).expect("a clip").into()).collect();
        let paths: Vec<ByteArray> = clips.iter().map(|(name, _)| ByteArray::from(*name)).collect();
        for values in [bytes, paths] {
            let mut column = group.next_column().expect("a column").expect("the next");
            column.typed::<ByteArrayType>().write_batch(&values, Some(&[2, 2]), None).expect("written");
            column.close().expect("closed");
        }
        group.close().expect("closed");
    }
    writer.close().expect("closed");
    let run = scan("{}/train.parquet --annotated {}/a.parquet --filtered {}/f.parquet", folder.path());
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    assert_eq!(run.objects().iter().filter(|row| row.get("verdict").is_some()).count(), 4);
    let rows = |name: &str| {
        let reader = SerializedFileReader::new(File::open(folder.path().join(name)).expect("a file"))
            .expect("Parquet");
        reader.get_row_iter(None).expect("rows").map(|row| row.expect("a row")).collect::<Vec<_>>()
    };
    let before = rows("train.parquet");
    let annotated: Vec<String> = rows("a.parquet").iter().map(ToString::to_string).collect();
    for ((row, before), (_, verdict)) in annotated.iter().zip(&before).zip(CLIPS) {
        assert!(row.starts_with(before.to_string().trim_end_matches('}')));
        assert!(row.contains(&format!("earmark_verdict: \"{verdict}\"")));
    }
    assert_eq!(rows("f.parquet"), [before[1].clone(), before[3].clone()]);

    let tar = |members: &[(String, &str)]| {
        let mut tar = tar::Builder::new(Vec::new());
        for (name, clip_name) in members {
            let content = fs::read(clip(clip_name)).expect("a clip");
            let mut header = tar::Header::new_gnu();
            header.set_size(content.len() as u64);
            header.set_mode(0o644);
            tar.append_data(&mut header, name, &content[..]).expect("memory");
        }
        tar.into_inner().expect("memory")
    };
    let members: Vec<(String, &str)> =
        CLIPS.iter().enumerate().map(|(at, (name, _))| (format!("{at:05}.{name}"), *name)).collect();
    fs::write(folder.path().join("shard.tar"), tar(&members)).expect("a file");
    let run = scan("{}/shard.tar --filtered {}/f.tar", folder.path());
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    let found = fs::read(folder.path().join("f.tar")).expect("a file");
    assert!(found == tar(&[members[1].clone(), members[3].clone()]));

    // Several shards, one of them cut short.
    let whole = tar(&members);
    fs::write(folder.path().join("2.tar"), &whole[..whole.len() - 2000]).expect("a file");
    fs::write(folder.path().join("3.tar"), tar(&members[1..2])).expect("a file");
    let run = scan("{}/shard.tar {}/2.tar {}/3.tar --filtered {}/usable", folder.path());
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    let usable = folder.path().join("usable");
    assert!(fs::read(usable.join("shard.tar")).expect("a file") == found);
    assert!(fs::read(usable.join("3.tar")).expect("a file") == tar(&members[1..2]));
    assert!(!usable.join("2.tar").exists());
    let stats = |name: &str| -> Value { serde_json::from_str(&text(usable.join(name))).expect("JSON") };
    let expected = json!({"disallowed": 1, "error": 1, "no-match": 2});
    assert_eq!(stats("shard.tar_stats.json")["verdicts"], expected);
    assert_eq!(
        (&stats("shard.tar_stats.json")["samples"], &stats("3.tar_stats.json")["written"]),
        (&json!(4), &json!(1))
    );
    assert!(stats("2.tar_stats.json")["error"].as_str().expect("an error").contains("ends inside"));
}

#[test]
fn shards_joined_are_one_run() {
    let folder = folder();
    let whole = scan("testdata/scraped --out {}/whole.jsonl", folder.path());
    assert_eq!(whole.code, Some(1), "{}", whole.stderr);
    for number in 1..=3 {
        let run =
            scan(&format!("testdata/scraped --shard {number}/3 --out {{}}/{number}.jsonl"), folder.path());
        assert!(matches!(run.code, Some(0 | 1 | 3)), "{}", run.stderr);
    }
    let run = earmark("report merge {}/3.jsonl {}/1.jsonl {}/2.jsonl --out {}/merged.jsonl", folder.path());
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert_eq!(text(folder.path().join("merged.jsonl")), text(folder.path().join("whole.jsonl")));
    let run = earmark("report merge {}/3.jsonl {}/1.jsonl --out {}/less.jsonl", folder.path());
    assert_eq!(run.code, Some(2));
    assert!(run.stderr.contains("shard 2 of 3 is given 0 times"), "{}", run.stderr);
    assert!(!folder.path().join("less.jsonl").exists());
    let run = scan("testdata/scraped --shard 1/3 --format csv", folder.path());
    assert_eq!(run.code, Some(2));
}

/// Killed at any instant, gone on with, killed again: at the end everything is as
/// if nothing had happened.
#[test]
fn a_killed_scan_goes_on_where_it_was() {
    let kills = std::env::var("EARMARK_TEST_KILLS").map_or(12, |kills| kills.parse().expect("a number"));
    let folder = folder();
    let data = folder.path().join("data");
    fs::create_dir(&data).expect("a folder");
    let mut manifest = String::new();
    for seed in 0..24u32 {
        let path = data.join(format!("{seed:02}.wav"));
        noise_wav(&path, 4 + seed % 5, seed);
        manifest += &format!("{}\n", json!({"path": path, "n": seed}));
    }
    fs::write(data.join("bad.wav"), b"nothing").expect("a file");
    manifest += &format!("{}\n", json!({"path": data.join("bad.wav")}));
    fs::write(folder.path().join("m.jsonl"), manifest).expect("a file");
    let line = |out: &str| {
        format!(
            "scan --manifest {{}}/m.jsonl --registry {} --format jsonl --as-of 2026-11-21 --threads 2 --resume --out {{}}/{out}.jsonl --annotated {{}}/{out}.annotated.jsonl --allow-list {{}}/{out}.allow",
            registry().display()
        )
    };
    // Not part of what is timed.
    registry();
    let start = Instant::now();
    let whole = earmark(&line("whole"), folder.path());
    let mut longest = start.elapsed().as_secs_f64();
    assert_eq!(whole.code, Some(3), "{}", whole.stderr);
    let names = folder.path().to_str().expect("a plain name");
    let mut state = 12_345u32;
    let (mut most, mut written) = (0, false);
    for _ in 0..kills {
        let mut command = program();
        command.args(line("killed").split_whitespace().map(|word| word.replace("{}", names)));
        let mut child =
            command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the program starts");
        // Linear congruential generator (Numerical Recipes, section 7.1). Short lives, so
        // that no run comes to its end before its time.
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let share = f64::from(state >> 16) / 65_536.0;
        std::thread::sleep(Duration::from_secs_f64(longest * 0.6 * share));
        child.kill().expect("SIGKILL");
        child.wait().expect("it is dead");
        // No file is to blame: so whoever kills may say.
        let _ = fs::remove_file(folder.path().join("killed.jsonl.in-work"));
        let (out, part) = (folder.path().join("killed.jsonl"), folder.path().join("killed.jsonl.part"));
        // On a machine that others use, how long a life has to be changes.
        if out.exists() {
            fs::remove_file(out).expect("a file");
            (longest, most) = (longest * 0.6, 0);
            continue;
        }
        let rows = fs::read(&part).map_or(0, |bytes| bytes.iter().filter(|byte| **byte == b'\n').count());
        assert!(rows >= most, "rows were lost: {rows} of {most}");
        if rows == most {
            longest *= 1.2;
        }
        written |= rows > 0;
        most = rows.max(most);
        // And a torn line, as a full disk or a power cut leaves.
        if let Ok(mut bytes) = fs::read(&part) {
            bytes.extend_from_slice(b"{\"path\":\"torn");
            fs::write(&part, bytes).expect("a file");
        }
    }
    assert!(written, "no run came to write anything");
    let run = earmark(&line("killed"), folder.path());
    assert_eq!(run.code, Some(3), "{}", run.stderr);
    for suffix in ["jsonl", "annotated.jsonl", "allow"] {
        let of = |name: &str| text(folder.path().join(format!("{name}.{suffix}")));
        assert_eq!(of("killed"), of("whole"), "{suffix}");
    }
    // Once more: nothing is done twice, and other inputs or questions are told.
    let again = earmark(&line("killed"), folder.path());
    assert!(again.stderr.contains("resuming behind 25 rows"), "{}", again.stderr);
    assert_eq!(text(folder.path().join("killed.jsonl")), text(folder.path().join("whole.jsonl")));
    let other = earmark(&(line("killed") + " --policy opt-in"), folder.path());
    assert_eq!(other.code, Some(2));
    assert!(other.stderr.contains("no unfinished report of this scan"), "{}", other.stderr);
    let manifest = text(folder.path().join("m.jsonl"));
    let (_, less) = manifest.split_once('\n').expect("lines");
    fs::write(folder.path().join("m.jsonl"), less).expect("a file");
    let other = earmark(&line("killed"), folder.path());
    assert_eq!(other.code, Some(2));
    assert!(other.stderr.contains("cannot resume: row 1 is about"), "{}", other.stderr);
}
