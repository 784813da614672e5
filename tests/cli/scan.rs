//! `earmark scan`: the main job.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::support::{Run, earmark, fill, folder, program, registry, run};

/// Positions are refined to a tick (5 ms), and the time stretch of `lower.m4a`
/// puts sound up to 12 ms off. A sixteenth note of the fastest song, the
/// smallest step by which music repeats itself, takes 99 ms.
const POSITION_TOLERANCE_S: f64 = 0.045;
/// The smallest change of speed in the clips is 8 %.
const TIME_SCALE_TOLERANCE: f64 = 0.005;
/// The smallest change of pitch in the clips is 1.3 semitones.
const PITCH_TOLERANCE_SEMITONES: f64 = 0.25;
/// Crossfades last 1 s, and a match may start a landmark late.
const EDGE_TOLERANCE_S: f64 = 1.5;

/// A row of the right answers.
struct Expected {
    verdict: String,
    tag_isrcs: String,
    heard: Vec<Heard>,
}

struct Heard {
    recording: String,
    query_s: (f64, f64),
    reference_start_s: f64,
    time_scale: f64,
    pitch_semitones: f64,
}

fn expected() -> BTreeMap<String, Expected> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/expected.csv");
    let mut answers: BTreeMap<String, Expected> = BTreeMap::new();
    for row in csv::Reader::from_path(path).expect("the answers are committed").records() {
        let row = row.expect("a row of the answers");
        let answer = answers.entry(row[0].to_owned()).or_insert_with(|| Expected {
            verdict: row[1].to_owned(),
            tag_isrcs: row[2].to_owned(),
            heard: Vec::new(),
        });
        if !row[3].is_empty() {
            let number = |column: usize| row[column].parse::<f64>().expect("a number");
            answer.heard.push(Heard {
                recording: row[3].to_owned(),
                query_s: (number(4), number(5)),
                reference_start_s: number(6),
                time_scale: number(7),
                pitch_semitones: number(8),
            });
        }
    }
    answers
}

fn scan(options: &str) -> Run {
    earmark(&format!("scan testdata/scraped --registry {{}} --format jsonl {options}"), registry())
}

fn by_file(objects: Vec<Value>) -> BTreeMap<String, Value> {
    let name = |object: &Value| {
        let path = object["path"].as_str().expect("a path");
        path.strip_prefix("testdata/scraped/").expect("the path as it was named").to_owned()
    };
    objects.into_iter().map(|object| (name(&object), object)).collect()
}

#[test]
fn every_clip_gets_its_verdict() {
    let run = scan("--as-of 2026-11-21");
    assert_eq!(run.code, Some(1), "something is disallowed: {}", run.stderr);
    let found = by_file(run.rows());
    let expected = expected();
    assert!(found.keys().eq(expected.keys()));
    let mut wrong = Vec::new();
    for (file, answer) in &expected {
        let (row, verdict) = (&found[file], found[file]["verdict"].as_str().expect("a verdict"));
        if verdict != answer.verdict {
            wrong.push(format!("{file}: {verdict} instead of {}: {}", answer.verdict, row["reasons"]));
        }
        let isrcs: Vec<&str> =
            row["tag_checks"].as_array().expect("a list").iter().filter_map(|c| c["isrc"].as_str()).collect();
        assert_eq!(isrcs.join(";"), answer.tag_isrcs, "{file}");
        assert_eq!(row["error"].is_null(), answer.verdict != "error", "{file}");
        assert!(!row["reasons"].as_array().expect("a list").is_empty(), "{file}");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_recording_is_found_where_it_is_and_no_other() {
    let found = by_file(scan("").rows());
    let mut wrong = Vec::new();
    for (file, answer) in expected() {
        let matches = found[&file]["matches"].as_array().expect("a list");
        for heard in &answer.heard {
            let fits: Vec<String> = matches
                .iter()
                .filter(|found| found["recording"] == heard.recording.as_str())
                .map(|found| misfit(found, heard))
                .collect();
            if !fits.iter().any(String::is_empty) {
                wrong.push(format!("{file}: {}: {fits:?}", heard.recording));
            }
        }
        for found in matches.iter().filter(|found| found["grade"] == "match") {
            if !answer.heard.iter().any(|heard| found["recording"] == heard.recording.as_str()) {
                wrong.push(format!("{file}: {} is not in it: {found}", found["recording"]));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What is wrong with a match of the right recording; empty if nothing is.
fn misfit(found: &Value, heard: &Heard) -> String {
    let number = |key: &str| found[key].as_f64().expect(key);
    let (start, end) = (number("query_start_s"), number("query_end_s"));
    let reference = heard.reference_start_s + (start - heard.query_s.0) * heard.time_scale;
    let reference_end = heard.reference_start_s + (end - heard.query_s.0) * heard.time_scale;
    let checks = [
        ("query_start_s", start, heard.query_s.0, EDGE_TOLERANCE_S),
        ("query_end_s", end, heard.query_s.1, EDGE_TOLERANCE_S),
        ("reference_start_s", number("reference_start_s"), reference, POSITION_TOLERANCE_S),
        ("reference_end_s", number("reference_end_s"), reference_end, POSITION_TOLERANCE_S),
        ("time_scale", number("time_scale"), heard.time_scale, TIME_SCALE_TOLERANCE),
        ("pitch_semitones", number("pitch_semitones"), heard.pitch_semitones, PITCH_TOLERANCE_SEMITONES),
    ];
    let wrong = checks.iter().filter(|(_, found, expected, tolerance)| (found - expected).abs() > *tolerance);
    wrong.map(|(key, found, expected, _)| format!("{key} {found} instead of {expected}; ")).collect()
}

#[test]
fn the_schema_stays() {
    let mut objects =
        scan("--as-of 2026-11-21 --territory de --use ai-generative-training --policy opt-in").objects();
    let keys = |value: &Value| -> Vec<String> {
        let mut keys: Vec<String> = value.as_object().expect("an object").keys().cloned().collect();
        keys.sort_unstable();
        keys
    };
    let header = objects.remove(0);
    for object in &objects {
        let expected = [
            "audio",
            "columns",
            "decoded_s",
            "duration_s",
            "error",
            "file",
            "kind",
            "matches",
            "path",
            "path_bytes",
            "reasons",
            "schema",
            "tag_checks",
            "tags",
            "verdict",
        ];
        assert_eq!(keys(object), expected);
        assert_eq!((&object["kind"], &object["schema"]), (&json!("file"), &json!("earmark.scan/2")));
        for reason in object["reasons"].as_array().expect("a list") {
            assert_eq!(keys(reason), ["code", "declarations", "grounds", "isrc", "recording", "text"]);
        }
    }
    assert_eq!(
        keys(&header),
        ["coverage", "inputs", "kind", "match_options", "params", "question", "registry", "schema", "tool"]
    );
    assert_eq!(keys(&header["registry"]), ["generation", "hash", "id", "log", "recordings"]);
    assert_eq!(header["inputs"], json!(["testdata/scraped"]));
    assert_eq!(
        header["question"],
        json!({"use": "ai-generative-training", "territory": "DE", "as_of": "2026-11-21", "policy": "opt-in",
            "shortest_s": 2.0, "min_overlap": "0s", "accepted_terms": null})
    );
    assert_eq!(header["tool"], concat!("earmark ", env!("CARGO_PKG_VERSION")));
    let audio = by_file(objects)["silence.flac"]["audio"].clone();
    assert_eq!(
        keys(&audio),
        [
            "audio_hash",
            "channels",
            "claimed_s",
            "codec",
            "container",
            "duration_s",
            "filled_s",
            "packets",
            "packets_skipped",
            "sample_rate_hz",
            "truncated",
            "unheard"
        ]
    );
}

/// Of a file whose tag names a disallowed recording that does not sound.
#[test]
fn use_day_and_policy_change_the_verdict() {
    let cases = [
        ("", "disallowed", 1),
        ("--use ai-generative-training", "disallowed", 1),
        // Nobody spoke about searching: the tag is doubtful and no more.
        ("--use search", "review", 0),
        ("--use search --policy opt-out", "no-match", 0),
        // The declaration holds from 2025 on.
        ("--as-of 2024-12-31", "review", 0),
        ("--as-of 2025-01-01", "disallowed", 1),
        ("--use search --policy opt-in", "disallowed", 1),
    ];
    for (options, verdict, code) in cases {
        let line = format!("scan testdata/scraped/tag-only.mp3 --registry {{}} --format jsonl {options}");
        let run = earmark(&line, registry());
        assert_eq!((run.rows()[0]["verdict"].as_str(), run.code), (Some(verdict), Some(code)), "{options}");
    }
}

#[test]
fn exit_codes_tell_how_it_ended() {
    let cases = [
        ("testdata/scraped/silence.flac", 0),
        ("testdata/scraped/short.wav", 0),
        ("testdata/scraped/tag-only.mp3", 1),
        ("testdata/scraped/silence.flac testdata/scraped/not-audio.mp3", 3),
        ("testdata/scraped/no-such-file.mp3", 3),
        ("testdata/scraped/not-audio.mp3 testdata/scraped/tag-only.mp3", 1),
    ];
    for (inputs, code) in cases {
        let run = earmark(&format!("scan {inputs} --registry {{}} --format jsonl"), registry());
        assert_eq!(run.code, Some(code), "{inputs}: {}", run.stderr);
        assert_eq!(run.rows().len(), inputs.split(' ').count());
    }
    let empty = folder();
    for usage in [
        "scan testdata/scraped --registry {}",
        "scan testdata/scraped --registry {} --as-of 2026-02-30",
        "scan --registry {}",
        "scam",
    ] {
        let run = earmark(usage, empty.path());
        assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""), "{usage}");
        assert!(!run.stderr.is_empty(), "{usage}");
    }
}

#[test]
fn a_bad_file_is_named_and_the_run_goes_on() {
    let run = scan("");
    assert_eq!(run.rows().len(), 20);
    for file in ["not-audio.mp3", "truncated.m4a"] {
        assert!(run.stderr.contains(&format!("earmark: testdata/scraped/{file}: ")), "{}", run.stderr);
    }
    assert!(run.stderr.contains("20 files: "), "{}", run.stderr);
}

#[test]
fn the_same_bytes_come_out_on_any_number_of_threads() {
    for format in ["table", "jsonl", "csv"] {
        let with = |threads| {
            let line = format!("scan testdata/scraped --registry {{}} --format {format} --threads {threads}");
            earmark(&line, registry()).stdout
        };
        let alone = with(1);
        assert!(!alone.is_empty());
        assert_eq!(alone, with(2), "{format}");
        assert_eq!(alone, with(5), "{format}");
    }
}

/// The ready registry that README scans first is what its documented commands
/// make, and reading leaves nothing behind in it.
#[test]
fn the_committed_registry_is_ready_to_scan() {
    let committed = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/registry");
    let files = || {
        let mut files: Vec<String> = walkdir::WalkDir::new(&committed)
            .into_iter()
            .map(|entry| entry.expect("a readable folder").path().display().to_string())
            .collect();
        files.sort_unstable();
        files
    };
    let before = files();
    let database = fs::read(committed.join("registry.db")).expect("the registry is committed");
    let verified = earmark("registry verify --registry testdata/registry", Path::new(""));
    assert_eq!(verified.code, Some(0), "made with other params? See testdata/README.md. {}", verified.stderr);

    let fresh = folder();
    fill(fresh.path());
    let listed = |line: &str| earmark(line, fresh.path()).stdout;
    assert_eq!(
        listed("registry list --registry testdata/registry --format jsonl"),
        listed("registry list --registry {} --format jsonl"),
    );
    let verdicts = |line: &str| -> Vec<(Value, Value, Value)> {
        let rows = earmark(line, fresh.path()).rows();
        rows.into_iter().map(|o| (o["path"].clone(), o["verdict"].clone(), o["matches"].clone())).collect()
    };
    assert_eq!(
        verdicts("scan testdata/scraped --registry testdata/registry --format jsonl"),
        verdicts("scan testdata/scraped --registry {} --format jsonl"),
    );
    assert_eq!(files(), before);
    assert!(fs::read(committed.join("registry.db")).expect("still there") == database);
}

/// The table is for people and may be reworded, but it has to name every file
/// and end with the counts and what was asked.
#[test]
fn the_table_names_files_verdicts_and_what_it_rests_on() {
    let run = run(program()
        .args(["scan", "testdata/scraped", "--as-of", "2026-11-21", "--registry"])
        .arg(registry()));
    for file in expected().keys() {
        assert!(run.stdout.contains(&format!("testdata/scraped/{file}\n")), "{file}");
    }
    assert!(run.stdout.contains("\n20 files: "));
    assert!(run.stdout.contains("Asked: ai-training, worldwide, on 2026-11-21, policy review."));
    assert!(!run.stdout.contains('\u{1b}'), "no colours into a pipe");
}
