//! The way from a source to a row, as a program of one's own goes it.

use std::fs::{self, File};
use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::Duration;

use earmark::audio::Limits;
use earmark::check::{Checker, Identifier, Lost, NoThreads, PrepareError, Run, Source, StopFlag, prepare};
use earmark::fingerprint::{About, Entry, FingerprintReader, FingerprintWriter};
use earmark::inputs::Passage;
use earmark::matching::MatchOptions;
use earmark::params::Params;
use earmark::registry::{Registry, RegistryReader, Snapshot, Use};
use earmark::report::ScanRow;
use earmark::verdict::{Question, VerdictKind};

fn testdata(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata").join(name)
}

fn registry() -> Snapshot {
    Snapshot::open(&testdata("registry")).expect("the committed registry")
}

fn checker(snapshot: &Snapshot) -> Checker {
    Checker::builder(snapshot, Question::new(Use::AiTraining, "2026-01-31".parse().expect("a day"))).build()
}

/// A row without what differs by where the sound came from.
fn nameless(mut row: ScanRow) -> ScanRow {
    row.path.clear();
    row
}

#[test]
fn a_file_bytes_a_reader_and_a_fingerprint_have_one_row() {
    let snapshot = registry();
    let checker = checker(&snapshot);
    for (name, verdict) in [
        ("medley.opus", VerdictKind::Disallowed),
        ("tag-wrong.ogg", VerdictKind::Disallowed),
        ("unregistered.mp3", VerdictKind::NoMatch),
        ("not-audio.mp3", VerdictKind::Error),
    ] {
        let path = testdata("scraped").join(name);
        let row = checker.check(Source::file(&path));
        assert_eq!(row.path, path.to_string_lossy());
        assert_eq!(row.verdict, verdict, "{name}: {:?}", row.reasons);
        let bytes = fs::read(&path).expect("a clip");
        let expected = nameless(row);
        assert_eq!(nameless(checker.check(Source::bytes(name, bytes.clone()))), expected, "{name}");
        assert_eq!(nameless(checker.check(Source::reader(name, Cursor::new(bytes)))), expected, "{name}");
        let file = File::open(&path).expect("a clip");
        assert_eq!(nameless(checker.check(Source::reader(name, file))), expected, "{name}");

        // What is kept of it.
        let (params, folder) = (snapshot.params(), tempfile::tempdir().expect("a folder"));
        let reading = earmark::check::read(Source::file(&path), params, &Limits::default());
        let about = About {
            path: name.to_owned(),
            path_bytes: None,
            file: reading.file,
            columns: Vec::new(),
            tags: reading.tags.map_err(|error| error.to_string()),
        };
        let entry = Entry { about, sound: reading.sound.map_err(|error| error.to_string()) };
        let kept = folder.path().join("kept.efp");
        let mut writer =
            FingerprintWriter::new(File::create(&kept).expect("a file"), params).expect("writes");
        writer.write(&entry.encode(params).expect("an entry")).expect("writes");
        writer.finish().expect("writes");
        let mut entries = FingerprintReader::open(&kept, params).expect("a fingerprint file");
        let entry = entries.next().expect("an entry").expect("an entry");
        assert_eq!(nameless(checker.check(Source::entry(entry))), expected, "{name}");
    }
}

#[test]
fn a_passage_is_named_and_answered_for_alone() {
    let snapshot = registry();
    let checker = checker(&snapshot);
    let path = testdata("scraped/medley.opus");
    let whole = checker.check(Source::file(&path));
    let [first, .., last] = &whole.matches[..] else { panic!("a medley: {:?}", whole.matches) };
    let (first, last) =
        if first.place.query_start_s < last.place.query_start_s { (first, last) } else { (last, first) };
    let passage = Passage { start_s: 0.0, duration_s: Some(first.place.query_end_s - 0.5) };
    for source in [Source::file(&path), Source::bytes("a.opus", fs::read(&path).expect("a clip"))] {
        let row = checker.check(source.passage(passage));
        assert!(row.path.contains("#t=0,"), "{}", row.path);
        let heard: Vec<&str> = row.matches.iter().map(|found| found.recording.as_str()).collect();
        assert!(heard.contains(&first.recording.as_str()), "{heard:?}");
        assert!(!heard.contains(&last.recording.as_str()), "{heard:?}");
    }
    let beyond = checker.check(Source::file(&path).passage(Passage { start_s: 1e6, duration_s: None }));
    assert_eq!(beyond.verdict, VerdictKind::Error);
}

#[test]
fn checkers_of_two_snapshots_answer_from_their_own_on_any_thread() {
    let folder = tempfile::tempdir().expect("a folder");
    let params = Params::default();
    Registry::create(folder.path(), &params).expect("a registry");
    let reader = RegistryReader::open(folder.path()).expect("a registry");
    let empty = checker(&reader.snapshot());
    let clip = testdata("scraped/transcoded.opus");
    let song = Source::file(testdata("catalogue/02-paper-lanterns.ogg"));
    let prepared = prepare(song, None, &params, &Limits::default()).expect("a song");
    let added = Registry::open_for_writing(folder.path()).expect("a registry").add(&[prepared.recording]);
    added.expect("registers");
    assert!(reader.reload().expect("reloads"));
    let full = checker(&reader.snapshot());
    let identifier = Identifier::new(full.snapshot(), MatchOptions::default(), Limits::default());
    std::thread::spawn(move || {
        assert_eq!(empty.check(Source::file(&clip)).verdict, VerdictKind::NoMatch);
        let row = full.check(Source::file(&clip));
        assert_eq!(row.verdict, VerdictKind::Undeclared, "{:?}", row.reasons);
        let found = identifier.identify(Source::file(&clip));
        assert_eq!(found.matches, row.matches);
        assert_eq!(full.header(Vec::new()).registry.generation, 1);
    })
    .join()
    .expect("no panic");
}

#[test]
fn what_cannot_be_registered_says_why() {
    let (params, limits) = (Params::default(), Limits::default());
    let short = testdata("scraped/silence.flac");
    let refused = |source: Source| prepare(source, None, &params, &limits).expect_err("refused");
    assert!(matches!(refused(Source::file("no/such/file.mp3")), PrepareError::Read(_)));
    let half = Source::file(short).passage(Passage { start_s: 0.0, duration_s: Some(0.5) });
    let error = refused(half);
    assert!(matches!(error, PrepareError::TooShort { .. }), "{error}");
}

/// A file on a network that is gone: whoever reads it waits.
struct Gone;

impl Read for Gone {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        loop {
            std::thread::park();
        }
    }
}

impl Seek for Gone {
    fn seek(&mut self, _: SeekFrom) -> io::Result<u64> {
        Ok(0)
    }
}

#[test]
fn a_source_that_never_answers_costs_its_own_row() {
    let snapshot = registry();
    let checker = checker(&snapshot);
    let clip = testdata("scraped/silence.flac");
    let limit = Some(Duration::from_secs(1));
    let sources = [
        Source::reader("gone.mp3", Gone).timeout(limit),
        Source::file(&clip),
        Source::reader("gone.wav", Gone).timeout(limit),
        Source::file(&clip),
    ];
    let mut rows = Vec::new();
    let failing = checker.clone();
    let mut sink = |path: PathBuf, row: Result<ScanRow, Lost>| -> Result<(), NoThreads> {
        rows.push(row.unwrap_or_else(|error| failing.failed(&path, error)));
        Ok(())
    };
    let run = Run::new(StopFlag::new()).limit(limit);
    let ending = run.each(sources, Source::name, move |source| checker.check(source), &mut sink);
    assert!(ending.expect("threads start").is_complete());
    assert_eq!(rows.len(), 4);
    for (row, name) in [(&rows[0], "gone.mp3"), (&rows[2], "gone.wav")] {
        assert_eq!((row.path.as_str(), row.verdict), (name, VerdictKind::Error));
        let error = row.error.as_deref().expect("an error");
        assert!(error.starts_with("took longer than 1 s"), "{error}");
    }
    assert!(rows[1].error.is_none() && rows[3].error.is_none());
}

/// 32-bit float WAV of these channels.
fn wav(channels: &[Vec<f32>], rate_hz: u32) -> Vec<u8> {
    let count = channels.len() as u32;
    let size = channels[0].len() as u32 * count * 4;
    let mut bytes = [&b"RIFF"[..], &(36 + size).to_le_bytes(), b"WAVEfmt ", &16_u32.to_le_bytes()].concat();
    bytes.extend([3, 0, count as u8, 0]);
    bytes.extend(rate_hz.to_le_bytes());
    bytes.extend((rate_hz * count * 4).to_le_bytes());
    bytes.extend([count as u8 * 4, 0, 32, 0]);
    bytes.extend(b"data");
    bytes.extend(size.to_le_bytes());
    for frame in 0..channels[0].len() {
        channels.iter().for_each(|channel| bytes.extend(channel[frame].to_le_bytes()));
    }
    bytes
}

#[test]
fn a_song_that_the_mean_of_the_channels_hides_is_heard() {
    let (snapshot, rate_hz) = (registry(), 12_000);
    let checker = checker(&snapshot);
    let song = |name: &str, from: usize| {
        let mut samples = Vec::new();
        let file = File::open(testdata("catalogue").join(name)).expect("a song");
        earmark::audio::decode(file, None, rate_hz, &Limits::default(), &mut |block| samples.extend(block))
            .expect("a song");
        samples.split_off(from * rate_hz as usize)[..10 * rate_hz as usize].to_vec()
    };
    let scaled = |samples: &[f32], by: f32| samples.iter().map(|sample| by * sample).collect::<Vec<_>>();
    let sum = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a + b).collect::<Vec<_>>();
    let (refused, allowed) = (song("01-harbour-lights.mp3", 4), song("03-slow-orbit.m4a", 4));
    let mut state = 1_u32;
    let mut noise = || {
        std::iter::repeat_with(|| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / 16_777_216.0 - 0.5
        })
        .take(refused.len())
        .collect::<Vec<_>>()
    };
    let (quiet, upside_down) = (scaled(&refused, 0.03), scaled(&refused, -1.0));
    let middle = scaled(&allowed, 0.1);
    let mut eight: Vec<Vec<f32>> = (0..8).map(|_| noise()).collect();
    eight[5] = quiet.clone();
    let cases = [
        ("upside down", vec![refused.clone(), upside_down.clone()]),
        ("around another song", vec![sum(&refused, &middle), sum(&upside_down, &middle)]),
        ("beside noise", vec![quiet, noise()]),
        ("one of eight", eight),
    ];
    let options = MatchOptions::default();
    let identifier = Identifier::new(&snapshot, options, Limits::default());
    let folder = tempfile::tempdir().expect("a folder");
    for (name, channels) in cases {
        let bytes = wav(&channels, rate_hz);
        let row = checker.check(Source::bytes(name, bytes.clone()));
        assert_eq!(row.verdict, VerdictKind::Disallowed, "{name}: {:?}", row.reasons);
        let found = row.matches.iter().find(|found| found.title.as_deref() == Some("Harbour Lights"));
        let found = found.unwrap_or_else(|| panic!("{name}: {:?}", row.matches));
        assert!(found.channel.is_some(), "{name}");
        assert_eq!(row.matches.iter().filter(|other| other.recording == found.recording).count(), 1);
        assert!(row.audio.as_ref().is_some_and(|audio| audio.unheard.is_empty()), "{name}");
        assert_eq!(identifier.identify(Source::bytes(name, bytes.clone())).matches, row.matches);
        // Also from what a fingerprint file keeps.
        let params = snapshot.params();
        let reading = earmark::check::read(Source::bytes(name, bytes), params, &Limits::default());
        let about = About {
            path: name.to_owned(),
            path_bytes: None,
            file: reading.file,
            columns: Vec::new(),
            tags: reading.tags.map_err(|error| error.to_string()),
        };
        let entry = Entry { about, sound: reading.sound.map_err(|error| error.to_string()) };
        let kept = folder.path().join("kept.efp");
        let mut writer =
            FingerprintWriter::new(File::create(&kept).expect("a file"), params).expect("writes");
        writer.write(&entry.encode(params).expect("an entry")).expect("writes");
        writer.finish().expect("writes");
        let mut entries = FingerprintReader::open(&kept, params).expect("a fingerprint file");
        let again = checker.check(Source::entry(entries.next().expect("an entry").expect("an entry")));
        assert_eq!(nameless(again), nameless(row), "{name}");
    }
    // Ordinary stereo is heard in the mean.
    let stereo = vec![sum(&refused, &middle), refused];
    let row = checker.check(Source::bytes("stereo", wav(&stereo, rate_hz)));
    assert_eq!(row.verdict, VerdictKind::Disallowed);
    assert!(row.matches.iter().all(|found| found.channel.is_none()));
}
