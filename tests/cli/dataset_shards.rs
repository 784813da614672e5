//! Several manifests and archives in one scan, each written again by itself.

use std::fs::{self, File};
use std::path::Path;
use std::sync::Arc;

use parquet::data_type::{ByteArray, ByteArrayType};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use serde_json::{Value, json};

use super::dataset::{CLIPS, clip, scan, text};
use super::support::{earmark, folder};

/// A data set in shards of all forms; no two hold the same clips.
fn make(at: &Path) {
    let clips = |from: usize| CLIPS.iter().cycle().skip(from).take(3).map(|(name, _)| *name);
    let write = |name: &str, content: &[u8]| {
        let path = at.join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, content).expect("a file");
    };
    for shard in 0..2 {
        let row = |name: &str| json!({"path": clip(name), "shard": shard}).to_string() + "\n";
        write(&format!("m/{shard}/metadata.jsonl"), clips(shard).map(row).collect::<String>().as_bytes());
        let mut tar = tar::Builder::new(Vec::new());
        for (number, name) in clips(shard + 1).enumerate() {
            let content = fs::read(clip(name)).expect("a clip");
            let mut header = tar::Header::new_gnu();
            header.set_size(content.len() as u64);
            tar.append_data(&mut header, format!("{number}.{name}"), &content[..]).expect("memory");
        }
        write(&format!("s/{shard}.tar"), &tar.into_inner().expect("memory"));
        let out = at.join(format!("s/{shard}.parquet"));
        let schema = parse_message_type("message m { required binary audio; }").expect("a schema");
        let properties = Arc::new(WriterProperties::builder().set_dictionary_enabled(false).build());
        let out = File::create(out).expect("a file");
        let mut writer = SerializedFileWriter::new(out, Arc::new(schema), properties).expect("a writer");
        for name in clips(shard + 2) {
            let mut group = writer.next_row_group().expect("a group");
            let mut column = group.next_column().expect("a column").expect("the first");
            let value = ByteArray::from(fs::read(clip(name)).expect("a clip"));
            column.typed::<ByteArrayType>().write_batch(&[value], None, None).expect("written");
            column.close().expect("closed");
            group.close().expect("closed");
        }
        writer.close().expect("closed");
    }
    let rows: String = clips(3).map(|name| format!("{},x\n", clip(name))).collect();
    write("m/last.csv", ("path,note\n".to_owned() + &rows).as_bytes());
}

fn stats(path: impl AsRef<Path>) -> Value {
    serde_json::from_str(&text(path)).expect("JSON")
}

#[test]
fn each_of_several_is_as_if_it_were_alone() {
    let folder = folder();
    let at = |name: &str| folder.path().join(name);
    make(folder.path());
    // The quotes of a shell are none here.
    let run =
        scan("{}/s --manifest {}/m/*/*.jsonl --manifest {}/m/last.csv --filtered {}/out/", folder.path());
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    assert!(run.stderr.contains("of 21 rows and samples"), "{}", run.stderr);
    let tables = ["m/0/metadata.jsonl", "m/1/metadata.jsonl", "m/last.csv"];
    let archives = ["s/0.parquet", "s/0.tar", "s/1.parquet", "s/1.tar"];
    for name in tables.iter().chain(&archives) {
        let option = if name.starts_with('m') { "--manifest " } else { "" };
        let ending = name.rsplit('.').next().expect("an extension");
        let run = scan(&format!("{option}{{}}/{name} --filtered {{}}/alone.{ending}"), folder.path());
        assert!(matches!(run.code, Some(0 | 1 | 3)), "{}", run.stderr);
        let bytes = |path| fs::read(path).expect("a file");
        assert!(bytes(at(&format!("alone.{ending}"))) == bytes(at("out").join(name)), "{name}");
        let stats = stats(at("out").join(format!("{name}_stats.json")));
        let unit = if ending == "tar" { "samples" } else { "rows" };
        assert_eq!((&stats[unit], &stats["error"]), (&json!(3), &Value::Null), "{name}: {stats}");
        let counted: u64 =
            stats["verdicts"].as_object().expect("counts").values().filter_map(Value::as_u64).sum();
        assert_eq!(counted, 3);
        assert_eq!(stats["written"], stats["verdicts"]["no-match"]);
    }
    // A folder stands for its manifests.
    let run = scan("--manifest {}/m --annotated {}/annotated", folder.path());
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    for name in ["0/metadata.jsonl", "1/metadata.jsonl", "last.csv"] {
        let ending = name.rsplit('.').next().expect("an extension");
        scan(&format!("--manifest {{}}/m/{name} --annotated {{}}/alone.{ending}"), folder.path());
        assert_eq!(text(at("annotated").join(name)), text(at(&format!("alone.{ending}"))), "{name}");
        assert_eq!(stats(at("annotated").join(format!("{name}_stats.json")))["written"], 3);
    }
}

#[test]
fn damage_costs_the_file_that_has_it() {
    let folder = folder();
    let at = |name: &str| folder.path().join(name);
    make(folder.path());
    let whole = scan("{}/s --filtered {}/whole", folder.path());
    assert_eq!(whole.code, Some(1), "{}", whole.stderr);
    // A page of Parquet, and a manifest whose rows name the manifest itself.
    let mut bytes = fs::read(at("s/0.parquet")).expect("a file");
    bytes[4..40].fill(0xff);
    fs::write(at("s/0.parquet"), bytes).expect("a file");
    let own = at("m/0/metadata.jsonl");
    let row = json!({"path": own}).to_string() + "\n";
    fs::write(&own, row.clone() + &text(&own) + &row).expect("a file");
    fs::write(at("m/1/metadata.jsonl.gz"), b"\x1f\x8b\x08 and no more").expect("a file");
    let run = scan("{}/s --manifest {}/m --filtered {}/out", folder.path());
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    for name in ["s/0.tar", "s/1.tar", "s/1.parquet"] {
        let alone = at("whole").join(name.trim_start_matches("s/"));
        assert!(
            fs::read(alone).expect("a file") == fs::read(at("out").join(name)).expect("a file"),
            "{name}"
        );
    }
    for name in ["s/0.parquet", "m/1/metadata.jsonl.gz"] {
        assert!(!at("out").join(name).exists(), "{name}");
        assert!(stats(at("out").join(format!("{name}_stats.json")))["error"].is_string());
    }
    let found = stats(at("out/m/0/metadata.jsonl_stats.json"));
    assert_eq!((&found["rows"], &found["verdicts"]["error"]), (&json!(5), &json!(3)), "{found}");
    assert!(run.stderr.contains("2 damaged files left out"), "{}", run.stderr);
    // Alone it is the question that is wrong.
    let run = scan("--manifest {}/m/missing.csv", folder.path());
    assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""), "{}", run.stderr);
}

#[test]
fn a_share_is_joined_before_its_rows_are_written() {
    let folder = folder();
    let at = |name: &str| folder.path().join(name);
    make(folder.path());
    let line = "{}/s --manifest {}/m";
    let run = scan(&format!("{line} --shard 1/2 --out {{}}/1.jsonl --filtered {{}}/out"), folder.path());
    assert_eq!(run.code, Some(2));
    assert!(run.stderr.contains("report merge") && run.stderr.contains("--resume"), "{}", run.stderr);
    assert!(!at("out").exists());
    // And so it goes.
    for number in [1, 2] {
        scan(&format!("{line} --shard {number}/2 --out {{}}/{number}.jsonl"), folder.path());
    }
    earmark("report merge {}/1.jsonl {}/2.jsonl --out {}/all.jsonl", folder.path());
    let merged = text(at("all.jsonl"));
    let run = scan(&format!("{line} --resume --out {{}}/all.jsonl --filtered {{}}/joined"), folder.path());
    assert!(run.stderr.contains("resuming behind 21 rows"), "{}", run.stderr);
    scan(&format!("{line} --out {{}}/once.jsonl --filtered {{}}/once"), folder.path());
    assert_eq!((text(at("once.jsonl")), text(at("all.jsonl"))), (merged.clone(), merged));
    for name in ["m/0/metadata.jsonl", "m/last.csv", "s/0.tar", "s/1.parquet", "s/1.parquet_stats.json"] {
        let of = |run: &str| fs::read(at(run).join(name)).expect("a file");
        assert!(of("joined") == of("once"), "{name}");
    }
}

#[test]
fn nothing_is_written_over_what_is_read() {
    let folder = folder();
    let mut wrong = Vec::new();
    make(folder.path());
    for (line, reason) in [
        ("{}/s --filtered {}/s", "would be read as one of the inputs"),
        ("--manifest {}/m/last.csv --annotated {}/m/../m/last.csv", "which is the input"),
        ("--manifest {}/m --annotated {}/out --filtered {}/out", "which is written by --annotated"),
        ("{}/s/0.tar {}/s/../s/0.tar --filtered {}/out", "twice"),
        ("{}/s --annotated {}/out", "0.tar has none: use --filtered"),
        ("{}/s testdata/scraped --filtered {}/out", "scan nothing but"),
        ("--manifest {}/m/*.tsv", "matches no file"),
    ] {
        let run = scan(line, folder.path());
        if run.code != Some(2) || !run.stderr.contains(reason) {
            wrong.push(format!("{line}: {run:?}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_eq!(fs::read_dir(folder.path()).expect("the folder").count(), 2, "nothing was written");
}
