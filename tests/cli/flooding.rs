//! A refused recording among many releases of the same take whose owners allow.

use std::fs;
use std::path::Path;

use earmark::registry::{NewDeclaration, Permission, Registry, Subject, Use};

use super::support::{earmark, folder, noise_wav};

/// The samples of a WAV file of 16 bits and one channel, and its rate.
fn samples(path: &str) -> (u32, Vec<f64>) {
    let bytes = fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).expect("testdata is committed");
    let rate_hz = u32::from_le_bytes(bytes[24..28].try_into().expect("four bytes"));
    let channels = usize::from(u16::from_le_bytes([bytes[22], bytes[23]]));
    let data = bytes.windows(4).position(|window| window == b"data").expect("audio") + 8;
    let frames = bytes[data..].chunks_exact(2 * channels);
    let left = frames.map(|frame| f64::from(i16::from_le_bytes([frame[0], frame[1]])) / 32_768.0);
    (rate_hz, left.collect())
}

/// The same at another rate, by straight lines, and level.
fn encoded(samples: &[f64], from_hz: u32, to_hz: u32, gain: f64) -> Vec<f64> {
    let step = f64::from(from_hz) / f64::from(to_hz);
    let count = (samples.len() as f64 / step) as usize;
    let at = |place: usize| {
        let position = place as f64 * step;
        let (before, part) = (position as usize, position.fract());
        let next = samples.get(before + 1).unwrap_or(&0.0);
        gain * (samples[before] * (1.0 - part) + next * part)
    };
    (0..count).map(at).collect()
}

fn write_wav(path: &Path, rate_hz: u32, samples: &[f64]) {
    let size = 2 * samples.len() as u32;
    let mut bytes = Vec::new();
    bytes.extend(b"RIFF");
    bytes.extend((36 + size).to_le_bytes());
    bytes.extend(b"WAVEfmt ");
    bytes.extend(16_u32.to_le_bytes());
    bytes.extend([1, 0, 1, 0]);
    bytes.extend(rate_hz.to_le_bytes());
    bytes.extend((2 * rate_hz).to_le_bytes());
    bytes.extend([2, 0, 16, 0]);
    bytes.extend(b"data");
    bytes.extend(size.to_le_bytes());
    bytes.extend(samples.iter().flat_map(|sample| ((sample * 32_767.0) as i16).to_le_bytes()));
    fs::write(path, bytes).expect("a temporary file");
}

#[test]
fn releases_that_are_allowed_free_no_other() {
    const SONG: &str = "testdata/catalogue/06-windmill-waltz.wav";
    let folder = folder();
    let folder = folder.path();
    let (rate_hz, song) = samples(SONG);
    let releases =
        [44_100, 32_000, 24_000, 22_050, 48_000, 16_000, 44_100, 32_000, 24_000, 22_050, 48_000, 16_000];
    let mut sheet = "path,id,owner\n".to_owned();
    for (number, to_hz) in releases.into_iter().enumerate() {
        let name = format!("{number}.wav");
        let gain = 0.9 - 0.05 * number as f64;
        write_wav(&folder.join(&name), to_hz, &encoded(&song, rate_hz, to_hz, gain));
        sheet.push_str(&format!("{name},release-{number},Owner {number}\n"));
    }
    // A passage, and the song within a file that is searched sparingly.
    let rate = rate_hz as usize;
    write_wav(&folder.join("clip.wav"), rate_hz, &song[5 * rate..13 * rate]);
    noise_wav(&folder.join("noise.wav"), 30, 7);
    let (noise_hz, noise) = {
        let bytes = fs::read(folder.join("noise.wav")).expect("noise");
        (8_000, bytes[44..].iter().map(|byte| (f64::from(*byte) - 128.0) / 1_280.0).collect::<Vec<f64>>())
    };
    let noise = encoded(&noise, noise_hz, rate_hz, 1.0);
    write_wav(&folder.join("long.wav"), rate_hz, &[noise.as_slice(), &song, &noise].concat());

    for count in [7, 12] {
        let rows: Vec<&str> = sheet.lines().take(1 + count).collect();
        fs::write(folder.join("m.csv"), rows.join("\n")).expect("a sheet");
        let line = format!("register --manifest {{}}/m.csv --registry {{}}/r{count}");
        assert_eq!(earmark(&line, folder).code, Some(0));
        // Whichever owner refuses.
        for refusing in [0, count / 2, count - 1] {
            let mut registry =
                Registry::open_for_writing(&folder.join(format!("r{count}"))).expect("a registry");
            let said: Vec<NewDeclaration> = (0..count)
                .map(|number| NewDeclaration {
                    subject: Subject::Recording(format!("release-{number}")),
                    use_: Use::AiTraining,
                    statement: if number == refusing { Permission::Disallow } else { Permission::Allow }
                        .into(),
                    territories: Vec::new(),
                    from: None,
                    until: None,
                    declarant: format!("Owner {number}"),
                    source: None,
                    document_hash: None,
                    received_at: "2026-11-21T12:00:00Z".parse().expect("a time"),
                })
                .collect();
            registry.declare(&said).expect("a commit");
            drop(registry);
            let scan = format!("scan {{}}/clip.wav {{}}/long.wav --registry {{}}/r{count} --format jsonl");
            for row in earmark(&scan, folder).rows() {
                let named = 1 + row["matches"][0]["siblings"].as_array().expect("a list").len();
                assert_eq!((row["verdict"].as_str(), named), (Some("disallowed"), count), "{}", row["path"]);
                assert_eq!(row["matches"][0]["more_siblings"], false);
            }
        }
    }
}
