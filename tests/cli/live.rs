//! `earmark identify -`: streams through a pipe.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use super::support::{Run, earmark, program, registry};

const MEDLEY: &str = "testdata/scraped/medley.opus";

/// The program, waiting for a stream.
fn listening(options: &[&str]) -> Child {
    let mut command: Command = program();
    command.args(["identify", "-", "--registry"]).arg(registry()).args(options);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().expect("the program starts")
}

/// Writes `bytes` in pieces of `size`; the program may have stopped to listen.
fn feed(mut pipe: ChildStdin, bytes: &[u8], size: usize) {
    for piece in bytes.chunks(size) {
        if pipe.write_all(piece).is_err() {
            return;
        }
    }
}

fn heard(options: &[&str], bytes: &[u8], size: usize) -> Run {
    let mut child = listening(options);
    let pipe = child.stdin.take().expect("a pipe");
    let bytes = bytes.to_vec();
    let feeder = thread::spawn(move || feed(pipe, &bytes, size));
    let output = child.wait_with_output().expect("the program ends");
    feeder.join().expect("no panic");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    Run { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

/// A stream with several recordings one after another.
pub fn medley() -> Run {
    heard(&["--format", "jsonl"], &fs::read(MEDLEY).expect("a clip"), 4_096)
}

fn of_event(rows: &[Value], event: &str) -> Vec<Value> {
    rows.iter().filter(|row| row["event"] == event).cloned().collect()
}

/// The samples of a WAV file of 16 bits with a header of 44 bytes, and the rate.
fn samples(wave: &[u8]) -> (&[u8], u32) {
    let at = wave.windows(4).position(|id| id == b"data").expect("audio") + 8;
    (&wave[at..], u32::from_le_bytes(wave[24..28].try_into().expect("four bytes")))
}

#[test]
fn the_lines_are_the_same_whatever_the_pieces_and_agree_with_the_file() {
    let medley = medley();
    assert_eq!(medley.code, Some(0), "{medley:?}");
    let rows = medley.objects();
    let bytes = fs::read(MEDLEY).expect("a clip");
    for size in [1, 997, 1 << 20] {
        assert_eq!(
            heard(&["--format", "jsonl"], &bytes, size).stdout,
            medley.stdout,
            "{size} bytes at a time"
        );
    }
    let file = earmark(&format!("identify {MEDLEY} --format jsonl --registry {{}}"), registry()).objects();
    let mut due: Vec<&Value> = file[0]["matches"].as_array().expect("a list").iter().collect();
    due.sort_by(|a, b| {
        a["query_start_s"].as_f64().partial_cmp(&b["query_start_s"].as_f64()).expect("numbers")
    });
    let ended = of_event(&rows, "ended");
    let ids = |rows: &[&Value]| rows.iter().map(|row| row["recording"].clone()).collect::<Vec<_>>();
    assert_eq!(ids(&ended.iter().collect::<Vec<_>>()), ids(&due));
    for (live, file) in ended.iter().zip(due) {
        for key in ["query_start_s", "query_end_s", "reference_start_s"] {
            let off = live[key].as_f64().expect("a number") - file[key].as_f64().expect("a number");
            assert!(off.abs() < 0.5, "{key}: {live} instead of {file}");
        }
    }
    let begun = of_event(&rows, "begun");
    assert_eq!(begun.len(), ended.len());
    assert!(rows.iter().all(|row| row["schema"] == json!("earmark.live/1")));
    assert!(medley.stderr.contains(&format!("{} match", begun.len())), "{}", medley.stderr);
}

#[test]
fn people_get_a_line_for_each_event() {
    let bytes = fs::read(MEDLEY).expect("a clip");
    let run = heard(&[], &bytes, 10_000);
    let objects = medley().objects();
    assert_eq!(run.stdout.lines().count(), objects.len(), "{}", run.stdout);
    let title = objects[0]["title"].as_str().expect("a title");
    assert!(run.stdout.lines().next().expect("a line").contains(title), "{}", run.stdout);
}

#[test]
fn a_wave_without_end_and_raw_samples_are_heard() {
    let wave = fs::read("testdata/catalogue/06-windmill-waltz.wav").expect("a recording");
    let (samples, rate) = samples(&wave);
    let mut endless = wave.clone();
    let at = wave.len() - samples.len();
    endless[4..8].fill(0xff);
    endless[at - 4..at].fill(0xff);
    let channels = u16::from_le_bytes([wave[22], wave[23]]);
    let form = format!("s16le:{rate}:{channels}");
    assert_eq!(wave[34], 16, "samples of 16 bits");
    let known = heard(&["--format", "jsonl"], &wave, 5_000);
    let rows = known.objects();
    assert_eq!((rows.len(), &rows[0]["title"]), (2, &json!("Windmill Waltz")), "{known:?}");
    assert_eq!(heard(&["--format", "jsonl"], &endless, 4_999).stdout, known.stdout);
    assert_eq!(heard(&["--format", "jsonl", "--pcm", &form], samples, 1_001).stdout, known.stdout);
}

/// While the stream goes on: the line is there before it ends.
#[test]
fn a_match_is_told_while_the_stream_goes_on_and_ctrl_c_ends_it() {
    let wave = fs::read("testdata/catalogue/06-windmill-waltz.wav").expect("a recording");
    for signal in ["-INT", "-TERM"] {
        let mut child = listening(&["--format", "jsonl"]);
        let mut pipe = child.stdin.take().expect("a pipe");
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        // All but the last quarter; the pipe stays open.
        pipe.write_all(&wave[..wave.len() / 4 * 3]).expect("somebody listens");
        let begun: Value = serde_json::from_str(&lines.next().expect("a line").expect("text")).expect("JSON");
        assert_eq!(begun["event"], "begun", "{begun}");
        let status = Command::new("kill").args([signal, &child.id().to_string()]).status();
        assert!(status.expect("kill runs").success());
        let ended: Value = serde_json::from_str(&lines.next().expect("a line").expect("text")).expect("JSON");
        assert_eq!((&ended["event"], &ended["number"]), (&json!("ended"), &json!(1)), "{ended}");
        assert!(lines.next().is_none());
        let mut said = String::new();
        child.stderr.take().expect("a pipe").read_to_string(&mut said).expect("text");
        assert_eq!(child.wait().expect("the program ends").code(), Some(3), "{said}");
        assert!(said.contains("ending the matches") && said.contains("1 match"), "{said}");
        drop(pipe);
    }
}

#[test]
fn a_closed_output_ends_the_run_quietly() {
    let mut child = listening(&[]);
    drop(child.stdout.take());
    let pipe = child.stdin.take().expect("a pipe");
    let wave = fs::read("testdata/catalogue/06-windmill-waltz.wav").expect("a recording");
    let feeder = thread::spawn(move || {
        feed(pipe, &wave, 8_192);
        // A stream that never ends would keep a program that does not notice.
        thread::sleep(Duration::from_millis(10));
    });
    let output = child.wait_with_output().expect("the program ends");
    feeder.join().expect("no panic");
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]));
}

#[test]
fn what_cannot_be_heard_says_what_to_do() {
    let mp4 = heard(&[], &fs::read("testdata/codecs/aac.m4a").expect("a file"), 1_000);
    assert_eq!((mp4.code, mp4.stdout.as_str()), (Some(3), ""));
    assert!(mp4.stderr.contains("ffmpeg -i FILE -f wav -"), "{}", mp4.stderr);
    let paths = heard(&[], b"a.mp3\nb.mp3\n", 100);
    assert_eq!(paths.code, Some(3));
    assert!(paths.stderr.contains("--files-from -") && paths.stderr.contains("--pcm"), "{}", paths.stderr);
    let nothing = heard(&[], b"", 1);
    assert_eq!(nothing.code, Some(3));
}

#[test]
fn wrong_arguments_are_refused_with_a_remedy() {
    let told = |line: &str| {
        let run = earmark(&format!("identify {line} --registry {{}}"), registry());
        assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""), "{line}: {run:?}");
        run.stderr
    };
    for line in [format!("- {MEDLEY}"), "- -".to_owned(), "- --files-from -".to_owned()] {
        assert!(told(&line).contains("--files-from -"), "{line}");
    }
    assert!(told("- --file-timeout 3").contains("--file-timeout"));
    assert!(told(&format!("{MEDLEY} --pcm s16le:8000:1")).contains("only input"));
    for form in ["s16be:44100:2", "s16le:44100", "s16le:1:2", "s16le:44100:0", "s16le:44100:99"] {
        assert!(told(&format!("- --pcm {form}")).contains("--pcm"), "{form}");
    }
}
