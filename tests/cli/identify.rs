//! `earmark identify`.

use serde_json::Value;

use super::support::{earmark, registry};

/// The schema that programs rely on, to the byte where nothing is recognised.
#[test]
fn the_schema_stays() {
    let run = earmark(
        "identify testdata/scraped/silence.flac testdata/scraped/short.wav testdata/scraped/not-audio.mp3 \
         --registry {} --format jsonl",
        registry(),
    );
    let expected = concat!(
        r#"{"path":"testdata/scraped/silence.flac","path_bytes":null,"duration_s":8.0,"matches":[],"error":null,"schema":"earmark.identify/1"}"#,
        "\n",
        r#"{"path":"testdata/scraped/short.wav","path_bytes":null,"duration_s":0.4,"matches":[],"error":null,"schema":"earmark.identify/1"}"#,
        "\n",
        r#"{"path":"testdata/scraped/not-audio.mp3","path_bytes":null,"duration_s":null,"matches":[],"error":"not a known audio container "#,
        r#"(no signature found); supported are AIFF, CAF, FLAC, MP3, MP4/M4A, Matroska/WebM, Ogg, WAV and ADTS AAC","#,
        r#""schema":"earmark.identify/1"}"#,
        "\n",
    );
    assert_eq!(run.stdout, expected);
    assert_eq!(run.code, Some(3));
    assert!(run.stderr.contains("earmark: testdata/scraped/not-audio.mp3: "), "{}", run.stderr);
}

#[test]
fn a_match_has_every_key_in_its_place() {
    let run = earmark("identify testdata/scraped/cut.mp3 --registry {} --format jsonl", registry());
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let keys = [
        "recording",
        "isrcs",
        "title",
        "artist",
        "query_start_s",
        "query_end_s",
        "reference_start_s",
        "reference_end_s",
        "time_scale",
        "pitch_semitones",
        "e_value",
        "score",
        "agreement",
        "grade",
        "also_at_s",
        "siblings",
        "more_siblings",
    ];
    let places: Vec<usize> =
        keys.iter().map(|key| run.stdout.find(&format!("\"{key}\":")).unwrap_or(usize::MAX)).collect();
    assert!(places.is_sorted() && places.last() != Some(&usize::MAX), "{}", run.stdout);
    let objects = run.objects();
    let found = &objects[0]["matches"][0];
    assert_eq!(found.as_object().map(|found| found.len()), Some(keys.len()));
    assert_eq!(found["recording"], "QZHB12500001");
    assert_eq!(found["isrcs"], serde_json::json!(["QZHB12500001"]));
    assert_eq!((&found["title"], &found["artist"]), (&"Harbour Lights".into(), &"The Tidewrights".into()));
    assert_eq!(found["grade"], "match");
    for key in &keys[4..13] {
        assert!(found[key].is_number(), "{key}");
    }
}

#[test]
fn rows_come_in_the_order_of_the_inputs_whatever_the_threads_and_effort() {
    for effort in ["fast", "standard", "thorough"] {
        let with = |threads| {
            let line = format!(
                "identify testdata/scraped/voice.opus testdata/scraped testdata/catalogue --registry {{}} \
                 --format jsonl --effort {effort} --threads {threads}"
            );
            earmark(&line, registry())
        };
        let alone = with(1);
        let paths: Vec<Value> = alone.objects().into_iter().map(|object| object["path"].clone()).collect();
        assert_eq!(paths.len(), 1 + 20 + 8);
        assert_eq!(paths[0], "testdata/scraped/voice.opus");
        assert_eq!(paths[1], "testdata/scraped/contested.m4a");
        assert_eq!(paths[21], "testdata/catalogue/01-harbour-lights.mp3");
        assert_eq!(alone.stdout, with(2).stdout, "{effort}");
        assert_eq!(alone.code, Some(3));
    }
}

#[test]
fn a_registered_file_is_itself() {
    let run = earmark("identify testdata/catalogue --registry {} --format jsonl", registry());
    let best: Vec<String> = run
        .objects()
        .iter()
        .map(|object| object["matches"][0]["recording"].as_str().unwrap_or("nothing").to_owned())
        .collect();
    let expected = [
        "QZHB12500001",
        "QZHB12500002",
        "QZHB12500003",
        "QZHB12500004",
        "QZHB22400011",
        "windmill-waltz",
        "QZHB32300007",
        "undertow-demo",
    ];
    assert_eq!(best, expected);
}
