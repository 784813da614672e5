//! Every form of input, end to end: what is inside something else gets the answer
//! that it gets as a file.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::process::Stdio;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use super::support::{Run, earmark, folder, program, registry, run};

/// Files with different verdicts.
const CLIPS: [&str; 4] = ["tag-wrong.ogg", "silence.flac", "not-audio.mp3", "short.wav"];

fn clip(name: &str) -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/scraped").join(name)).expect("a clip")
}

fn scan(line: &str, folder: &Path) -> Run {
    let registry = registry().display();
    earmark(&format!("scan {line} --registry {registry} --format jsonl --as-of 2026-11-21"), folder)
}

/// What is said about each clip that is read as a file.
fn expected() -> &'static BTreeMap<String, Value> {
    static EXPECTED: std::sync::OnceLock<BTreeMap<String, Value>> = std::sync::OnceLock::new();
    EXPECTED.get_or_init(|| {
        let files: Vec<String> = CLIPS.iter().map(|name| format!("testdata/scraped/{name}")).collect();
        let found = scan(&files.join(" "), Path::new("/"));
        let objects = rows(&found);
        assert_eq!(objects.len(), CLIPS.len(), "{}", found.stderr);
        CLIPS.iter().map(ToString::to_string).zip(objects.into_iter().map(answer)).collect()
    })
}

fn expected_of(name: &str) -> Value {
    expected()[name].clone()
}

fn rows(run: &Run) -> Vec<Value> {
    run.objects().into_iter().filter(|object| object.get("verdict").is_some()).collect()
}

/// A row without what depends on where the file is.
fn answer(mut row: Value) -> Value {
    let row = row.as_object_mut().expect("an object");
    row.retain(|key, _| {
        ["verdict", "matches", "duration_s", "audio", "tags", "tag_checks"].contains(&key.as_str())
    });
    Value::Object(row.clone())
}

/// Looks whether there is a row for each of `names`, below `inside`, in this order.
fn assert_rows(run: &Run, inside: &Path, names: &[&str]) {
    let rows = rows(run);
    let paths: Vec<&str> = rows.iter().map(|row| row["path"].as_str().expect("a path")).collect();
    let wanted: Vec<String> = names.iter().map(|name| format!("{}/{name}", inside.display())).collect();
    assert_eq!(paths, wanted, "{}", run.stderr);
    for (row, name) in rows.iter().zip(names) {
        let clip = name.rsplit('/').next().expect("a name");
        assert_eq!(answer(row.clone()), expected()[clip], "{name}");
    }
}

fn tar(members: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for (name, content) in members {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, name, &content[..]).expect("memory");
    }
    tar.into_inner().expect("memory")
}

fn gz(bytes: &[u8]) -> Vec<u8> {
    let mut gz = GzEncoder::new(Vec::new(), Compression::fast());
    gz.write_all(bytes).expect("memory");
    gz.finish().expect("memory")
}

#[test]
fn archives_are_read_like_folders() {
    let folder = folder();
    let members = [
        ("b/tag-wrong.ogg", clip(CLIPS[0])),
        ("b/tag-wrong.json", b"{}".to_vec()),
        ("silence.flac", clip(CLIPS[1])),
        ("._silence.flac", vec![0; 10]),
        ("a/not-audio.mp3", clip(CLIPS[2])),
    ];
    let names = ["b/tag-wrong.ogg", "silence.flac", "a/not-audio.mp3"];
    fs::write(folder.path().join("x.tar"), tar(&members)).expect("a file");
    fs::write(folder.path().join("x.tar.gz"), gz(&tar(&members))).expect("a file");
    let mut zip = zip::ZipWriter::new(File::create(folder.path().join("x.zip")).expect("a file"));
    for (name, content) in &members {
        zip.start_file(*name, zip::write::SimpleFileOptions::default()).expect("a member");
        zip.write_all(content).expect("written");
    }
    zip.finish().expect("written");
    for name in ["x.tar", "x.tar.gz", "x.zip"] {
        let run = scan(&format!("{{}}/{name}"), folder.path());
        assert_eq!(run.code, Some(1), "{}", run.stderr);
        assert_rows(&run, &folder.path().join(name), &names);
        assert!(
            run.stderr.contains("left out of archives: 1 without an audio extension (1 .json), 1 hidden"),
            "{}",
            run.stderr
        );
        let run = scan(&format!("{{}}/{name} --exclude b/*"), folder.path());
        assert_rows(&run, &folder.path().join(name), &names[1..]);
    }
    // And in a folder, in its order.
    let run = scan("{} --exclude *.gz --exclude *.zip", folder.path());
    assert_rows(&run, &folder.path().join("x.tar"), &names);
    assert_eq!(fs::read_dir(folder.path()).expect("the folder").count(), 3, "nothing was unpacked");
    // Identify, fingerprint and register take them, too.
    let line = format!("identify {{}}/x.tar --registry {} --format jsonl", registry().display());
    assert_eq!(earmark(&line, folder.path()).objects().len(), 3);
    let kept = earmark("fingerprint {}/x.zip --out {}/x.efp", folder.path());
    assert_eq!(kept.code, Some(3), "{}", kept.stderr);
    assert_rows(&scan("{}/x.efp", folder.path()), &folder.path().join("x.zip"), &names);
    let line = "register {}/x.tar --include *.ogg --registry {}/r";
    let registered = earmark(line, folder.path());
    assert!(registered.stderr.contains("1 new, 0 duplicates, 0 failed"), "{}", registered.stderr);
}

#[test]
fn damaged_archives_are_told_and_the_rest_goes_on() {
    let folder = folder();
    let whole = tar(&[("silence.flac", clip(CLIPS[1])), ("tag-wrong.ogg", clip(CLIPS[0]))]);
    fs::write(folder.path().join("1.tar"), &whole[..whole.len() - 9000]).expect("a file");
    fs::write(folder.path().join("2.zip"), b"PK\x03\x04 no zip").expect("a file");
    fs::write(folder.path().join("3.parquet"), b"PAR1 no Parquet PAR1").expect("a file");
    fs::write(folder.path().join("4.flac"), clip(CLIPS[1])).expect("a file");
    let run = scan("{}", folder.path());
    let rows = rows(&run);
    let told: Vec<(&str, &str)> = rows
        .iter()
        .map(|row| (row["path"].as_str().expect("a path"), row["error"].as_str().unwrap_or("none")))
        .map(|(path, error)| {
            (path.rsplit('/').next().expect("a name"), error.split(':').next().expect("words"))
        })
        .collect();
    assert_eq!(
        told,
        [
            ("silence.flac", "none"),
            ("1.tar", "the tar file is damaged or no such file"),
            ("2.zip", "the zip file is damaged or no such file"),
            ("3.parquet", "the Parquet file is damaged or no such file"),
            ("4.flac", "none"),
        ]
    );
    assert_eq!(run.code, Some(3));
    assert!(run.stderr.contains("errors: "), "{}", run.stderr);
    let run = scan("{}/1.tar --max-member-mib 1", folder.path());
    assert_eq!(run.objects().iter().filter(|row| row["verdict"] == "error").count(), 1);
}

#[test]
fn lists_of_paths_come_from_files_and_from_stdin() {
    let folder = folder();
    let paths: Vec<String> = CLIPS[..2].iter().map(|name| format!("testdata/scraped/{name}")).collect();
    fs::write(folder.path().join("list"), paths.join("\r\n")).expect("a file");
    assert_rows(&scan("--files-from {}/list", folder.path()), Path::new("testdata/scraped"), &CLIPS[..2]);
    let line =
        ["scan", "--files-from", "-", "-0", "--format", "jsonl", "--as-of", "2026-11-21", "--registry"];
    let mut command = program();
    command.args(line).arg(registry()).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program starts");
    child.stdin.take().expect("a pipe").write_all((paths.join("\0") + "\0").as_bytes()).expect("written");
    let output = child.wait_with_output().expect("the program ends");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    let run = Run { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) };
    assert_rows(&run, Path::new("testdata/scraped"), &CLIPS[..2]);
}

#[test]
fn audio_on_stdin_is_scanned() {
    let mut command = program();
    command.args(["scan", "-", "--format", "jsonl", "--registry"]).arg(registry());
    let clip = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/scraped/tag-wrong.ogg");
    let run = run(command.stdin(File::open(clip).expect("a clip")));
    assert!(!run.stderr.contains("found no"), "{}", run.stderr);
    let found = run.rows();
    let line =
        format!("scan testdata/scraped/tag-wrong.ogg --format jsonl --registry {}", registry().display());
    let file = earmark(&line, Path::new("/")).rows();
    assert_eq!((found.len(), &found[0]["path"]), (1, &json!("-")));
    assert_eq!(found[0]["matches"], file[0]["matches"]);
    assert!(!found[0]["matches"].as_array().expect("a list").is_empty());
}

#[test]
fn archives_are_known_by_their_bytes_and_hide_nothing() {
    let folder = folder();
    let members = [
        ("1.ogg", clip(CLIPS[1])),
        ("1.song", clip(CLIPS[0])),
        ("2", clip(CLIPS[1])),
        ("2.json", b"{}".to_vec()),
        (".3.ogg", clip(CLIPS[0])),
        ("4.raw", vec![0; 4000]),
        ("4.flac", clip(CLIPS[1])),
        ("5.amr", b"#!AMR\n".to_vec()),
    ];
    fs::write(folder.path().join("x.dat"), gz(&tar(&members))).expect("a file");
    let run = scan("{}/x.dat --filtered {}/y.tar", folder.path());
    assert!(
        run.stderr.contains(
            "left out of archives: 2 without an audio extension (1 .json, 1 .raw), 1 hidden; \
             2 of these may hold audio and are not checked"
        ) && run.stderr.contains("1 of 5 samples"),
        "{}",
        run.stderr
    );
    let paths = |run: &Run| -> Vec<String> {
        rows(run)
            .iter()
            .map(|row| row["path"].as_str().expect("a path").rsplit('/').next().unwrap().to_owned())
            .collect()
    };
    let expected = ["1.ogg", "1.song", "2", "4.flac", "5.amr"];
    assert_eq!(paths(&run), expected);
    assert_eq!(answer(rows(&run)[1].clone()), expected_of(CLIPS[0]));
    assert!(rows(&run)[4]["error"].as_str().expect("text").contains("it is AMR-NB (AMR)"));
    let mut left = tar::Archive::new(File::open(folder.path().join("y.tar")).expect("a file"));
    let left: Vec<String> = left
        .entries()
        .expect("an archive")
        .map(|entry| entry.expect("a member").path().expect("a name").display().to_string())
        .collect();
    assert_eq!(left, ["2", "2.json"]);
    // In a folder, and on standard input.
    fs::remove_file(folder.path().join("y.tar")).expect("a file");
    assert_eq!(paths(&scan("{}", folder.path())), expected);
    let mut command = program();
    command.args(["scan", "-", "--format", "jsonl", "--registry"]).arg(registry());
    let input = File::open(folder.path().join("x.dat")).expect("a file");
    let run = super::support::run(command.stdin(input));
    assert_eq!(paths(&run), expected);
    assert_eq!(rows(&run)[0]["path"], "-/1.ogg");
    // What somebody says is no audio stays.
    let run = scan("{}/x.dat --filtered {}/y.tar --not-audio *.raw", folder.path());
    assert!(run.stderr.contains("2 of 5 samples"), "{}", run.stderr);
}

#[test]
fn of_a_row_with_an_offset_that_passage_is_analysed() {
    let folder = folder();
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/scraped/medley.opus");
    let nemo = [
        json!({"audio_filepath": file, "offset": 1.0, "duration": 4.0, "text": "x"}),
        json!({"audio_filepath": file, "offset": 2.0, "duration": 4.0}),
        json!({"audio_filepath": file, "offset": 1000.0, "duration": 4.0}),
        json!({"audio_filepath": file, "duration": 4.0}),
    ];
    let lines: Vec<String> = nemo.iter().map(ToString::to_string).collect();
    fs::write(folder.path().join("m.jsonl"), lines.join("\n")).expect("a file");
    let run = scan("--manifest {}/m.jsonl", folder.path());
    let rows = rows(&run);
    assert_eq!(rows.len(), 4, "{}", run.stderr);
    assert!(run.stderr.contains("3 rows ask for a passage"), "{}", run.stderr);
    assert_eq!(rows[0]["path"], format!("{}#t=1,5", file.display()));
    assert_eq!(rows[0]["duration_s"], 4.0);
    assert!(rows[2]["error"].as_str().expect("an error").contains("the passage begins at 1000.000 s"));
    assert!(rows[3]["duration_s"].as_f64().expect("a length") > 5.0, "a duration alone is none of a passage");
    // Times count from the start of the passage.
    let reference = |row: &Value| row["matches"][0]["reference_start_s"].as_f64().expect("a match");
    let query = |row: &Value| row["matches"][0]["query_start_s"].as_f64().expect("a match");
    let offset = |row: &Value| reference(row) - query(row);
    assert!(
        (offset(&rows[1]) - offset(&rows[0]) - 1.0).abs() < 0.1,
        "{} {}",
        offset(&rows[0]),
        offset(&rows[1])
    );
}

#[test]
fn a_file_that_takes_too_long_is_named() {
    let folder = folder();
    // An hour of silence takes more than a second, wherever.
    let seconds = 36_000u32;
    let header = |bytes: &mut Vec<u8>| {
        let data = seconds * 8_000;
        bytes.extend(b"RIFF");
        bytes.extend((36 + data).to_le_bytes());
        bytes.extend(b"WAVEfmt ");
        bytes.extend(16u32.to_le_bytes());
        bytes.extend([1, 0, 1, 0]);
        bytes.extend(8_000u32.to_le_bytes());
        bytes.extend(8_000u32.to_le_bytes());
        bytes.extend([1, 0, 8, 0]);
        bytes.extend(b"data");
        bytes.extend(data.to_le_bytes());
    };
    let mut bytes = Vec::new();
    header(&mut bytes);
    let path = folder.path().join("long.wav");
    fs::write(&path, bytes).expect("a file");
    // A file with a hole takes no disk.
    File::options()
        .write(true)
        .open(&path)
        .expect("a file")
        .set_len(44 + u64::from(seconds) * 8_000)
        .expect("a hole");
    let run = scan("{}/long.wav testdata/scraped/silence.flac --file-timeout 1", folder.path());
    let rows = rows(&run);
    assert_eq!((rows.len(), run.code), (2, Some(3)), "{}", run.stderr);
    assert!(rows[0]["error"].as_str().expect("an error").starts_with("took longer than 1 s"), "{}", rows[0]);
    assert_eq!(rows[1]["error"], Value::Null);
}

#[test]
#[cfg(unix)]
fn special_files_are_told_and_never_read() {
    use std::os::unix::fs::symlink;
    use std::os::unix::net::UnixListener;
    let folder = folder();
    let at = |name: &str| folder.path().join(name);
    let made = std::process::Command::new("mkfifo").arg(at("fifo.mp3")).status().expect("mkfifo runs");
    assert!(made.success());
    let _socket = UnixListener::bind(at("socket.mp3")).expect("a socket");
    symlink(at("fifo.mp3"), at("to-fifo.mp3")).expect("a link");
    symlink("/dev/zero", at("zero.mp3")).expect("a link");
    // Regular and empty, it says, and reading it waits for news of the system.
    symlink("/proc/kmsg", at("kmsg.mp3")).expect("a link");
    symlink("/proc/kmsg", at("kmsg.txt")).expect("a link");
    fs::write(at("empty.mp3"), "").expect("a file");
    fs::copy("testdata/scraped/silence.flac", at("silence.flac")).expect("a clip");
    let run = scan("{}", folder.path());
    let rows = rows(&run);
    let told: Vec<(&str, Option<&str>)> = rows
        .iter()
        .map(|row| {
            let path = row["path"].as_str().expect("a path");
            (path.rsplit('/').next().expect("a name"), row["error"].as_str())
        })
        .collect();
    let empty = Some("the file is empty");
    let mut expected = vec![("empty.mp3", empty), ("silence.flac", None)];
    if Path::new("/proc/kmsg").exists() {
        expected.insert(1, ("kmsg.mp3", empty));
    } else {
        expected.insert(1, told[1]);
    }
    assert_eq!(told, expected, "{}", run.stderr);
    assert!(run.stderr.contains("4 special files"), "{}", run.stderr);
    // Named one by one, each has a row.
    let run = scan("{}/fifo.mp3 {}/socket.mp3 {}/to-fifo.mp3 {}/zero.mp3", folder.path());
    let rows = run.rows();
    assert_eq!(rows.len(), 4);
    for row in rows {
        let error = row["error"].as_str().expect("an error");
        assert!(error.starts_with("is not a regular file"), "{row}");
    }
}

#[test]
fn messages_are_json_where_they_are_wanted() {
    let run = scan("testdata/scraped/not-audio.mp3 --log-format json", Path::new("/"));
    let messages: Vec<Value> =
        run.stderr.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    assert!(messages.iter().any(|message| {
        message["level"] == "warning" && message["path"] == "testdata/scraped/not-audio.mp3"
    }));
    let run = earmark("scan x --registry {}/none --log-format json", folder().path());
    let message: Value = serde_json::from_str(&run.stderr).expect("one object");
    assert_eq!((run.code, &message["level"]), (Some(2), &json!("error")));
}
