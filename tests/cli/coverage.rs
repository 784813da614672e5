//! `earmark scan --coverage`.

use serde_json::Value;

use crate::support::{earmark, folder, registry};

/// Scans with a coverage, into a report.
fn scan(coverage: &str, into: &std::path::Path) -> Vec<Value> {
    let registry = registry().to_str().expect("a plain name");
    let line = format!(
        "scan testdata/catalogue testdata/scraped --registry {registry} --coverage {coverage} \
         --as-of 2026-11-21 --format jsonl --out {{}}/{coverage}.jsonl"
    );
    let run = earmark(&line, into);
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    let report = std::fs::read_to_string(into.join(format!("{coverage}.jsonl"))).expect("written");
    let mut objects: Vec<Value> =
        report.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    assert_eq!(objects.remove(0)["coverage"], coverage);
    objects
}

#[test]
fn windows_lead_to_the_same_verdicts() {
    let folder = folder();
    let (full, adaptive) = (scan("full", folder.path()), scan("adaptive", folder.path()));
    assert_eq!(full.len(), adaptive.len());
    let mut windows = 0;
    for (full, adaptive) in full.iter().zip(&adaptive) {
        assert_eq!(full["decoded_s"], full["duration_s"], "{full}");
        for key in ["path", "verdict", "file", "duration_s"] {
            assert_eq!(full[key], adaptive[key], "{adaptive}");
        }
        let names = |row: &Value| -> Vec<Value> {
            let matches = row["matches"].as_array().expect("a list");
            matches.iter().map(|found| found["recording"].clone()).collect()
        };
        assert_eq!(names(full), names(adaptive));
        if adaptive["decoded_s"] == adaptive["duration_s"] {
            assert_eq!(full, adaptive);
        } else {
            windows += 1;
            // Nothing is allowed, or sent to a review, on windows alone.
            assert_eq!(adaptive["verdict"], "disallowed");
            assert_eq!(full["audio"]["unheard"], Value::Array(Vec::new()));
            let part = &adaptive["audio"]["unheard"][0];
            let between = adaptive["duration_s"].as_f64().unwrap() - adaptive["decoded_s"].as_f64().unwrap();
            assert_eq!(part["kind"], "passed");
            assert!((part["seconds"].as_f64().unwrap() - between).abs() < 0.01, "{part}");
            let mut audio = adaptive["audio"].clone();
            audio["unheard"] = Value::Array(Vec::new());
            assert_eq!(full["audio"], audio);
            let reasons = adaptive["reasons"].as_array().expect("a list");
            let not_heard = reasons.iter().any(|reason| reason["code"] == "not-heard");
            // As long as the shortest passage that is recognised.
            assert_eq!(not_heard, between >= 2.0, "{adaptive}");
        }
    }
    // Songs of 26 s: 12 at the start and 10 at the end.
    assert!(windows >= 3, "{windows} of the songs were known by windows");

    let registry = registry().to_str().expect("a plain name");
    // A song that goes on as noise: the last window disagrees, and all is decoded.
    let mut wave = std::fs::read("testdata/catalogue/06-windmill-waltz.wav").expect("a song");
    let noise = (0..2 * 11_025 * 20_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8);
    let data = wave.windows(4).position(|name| name == b"data").expect("samples") + 4;
    wave.extend(noise);
    let length = (wave.len() - data - 4) as u32;
    wave[data..data + 4].copy_from_slice(&length.to_le_bytes());
    let length = (wave.len() - 8) as u32;
    wave[4..8].copy_from_slice(&length.to_le_bytes());
    std::fs::write(folder.path().join("on.wav"), wave).expect("written");
    let rows = |coverage: &str| {
        let line = format!("scan {{}}/on.wav --registry {registry} --coverage {coverage} --format jsonl");
        let rows = earmark(&line, folder.path()).rows();
        assert_eq!(rows.len(), 1);
        rows
    };
    let full = rows("full");
    assert_eq!(full[0]["matches"][0]["recording"], "windmill-waltz");
    assert_eq!((full[0]["duration_s"].as_f64(), &full), (Some(39.0), &rows("adaptive")));

    // What such a report says can be repeated, from the files.
    let verify = |more: &str| {
        earmark(&format!("report verify {{}}/adaptive.jsonl --registry {registry} {more}"), folder.path())
    };
    let same = verify("");
    assert_eq!((same.code, same.stdout.as_str()), (Some(0), ""), "{}", same.stderr);
    let line = "fingerprint testdata/catalogue testdata/scraped --out {}/all.efp";
    earmark(line, folder.path());
    let refused = verify("--fingerprints {}/all.efp");
    assert_eq!(refused.code, Some(2));
    assert!(refused.stderr.contains("--coverage adaptive"), "{}", refused.stderr);
    // Going on with another coverage would mix two kinds of rows.
    let line = format!(
        "scan testdata/catalogue testdata/scraped --registry {registry} --as-of 2026-11-21 \
         --format jsonl --out {{}}/adaptive.jsonl --resume"
    );
    let other = earmark(&line, folder.path());
    assert_eq!(other.code, Some(2), "{}", other.stderr);
}
