//! Every codec and container: time, length, sound.

use std::process::Command;

use super::make::RECIPES;
use super::support::*;
use crate::audio::ogg::checksum;

/// What to expect of each file: codec, least correlation with the signal, lag
/// in output samples. The lag of AAC, raw and as ffmpeg writes it to Matroska,
/// is the encoder's delay of 1 024 samples at 44.1 kHz, which the file does not
/// tell; it is no whole number of output samples, hence the lower correlation.
/// The speech modes of Opus keep a sweep's pitch but not its phase.
const EXPECTED: &[(&str, &str, f64, i64)] = &[
    ("lame.mp3", "mp3", 0.99, 0),
    ("mono.mp3", "mp3", 0.99, 0),
    ("aac.m4a", "aac", 0.99, 0),
    ("aac.mkv", "aac", 0.85, 279),
    ("aac.aac", "aac", 0.85, 279),
    ("alac.m4a", "alac", 0.999, 0),
    ("vorbis.ogg", "vorbis", 0.99, 0),
    ("vorbis.webm", "vorbis", 0.99, 0),
    ("flac.flac", "flac", 0.999, 0),
    ("flac.ogg", "flac", 0.999, 0),
    ("celt.opus", "opus", 0.99, 0),
    ("silk.opus", "opus", 0.75, 0),
    ("hybrid.opus", "opus", 0.75, 0),
    ("surround.opus", "opus", 0.98, 0),
    ("opus.webm", "opus", 0.99, 0),
    ("opus.mp4", "opus", 0.99, 0),
    ("pcm.aiff", "pcm_s8", 0.999, 0),
    ("pcm.caf", "pcm_s16be", 0.999, 0),
    ("ima.wav", "adpcm_ima_wav", 0.99, 0),
    ("ms.wav", "adpcm_ms", 0.99, 0),
    ("he1.m4a", "aac", 0.9, 0),
    ("he2.m4a", "aac", 0.98, 0),
    // Here and in mp3.wav the encoder's delay, which the file does not tell, is
    // longer than is looked for. Its length tells that all of it is there.
    ("he1.aac", "aac", -1.0, 0),
    ("quad.opus", "opus", 0.75, 0),
    ("sphere.opus", "opus", 0.75, 0),
    ("mp3.wav", "mp3", -1.0, 0),
    ("rf64.wav", "pcm_u8", 0.99, 0),
    ("film.mp4", "aac", 0.99, 0),
    ("film.webm", "opus", 0.75, 0),
];

#[test]
fn every_file_decodes_in_time_and_at_length() {
    let due = signal(OUT_HZ);
    let mut wrong = Vec::new();
    for &(name, codec, least, lag_due) in EXPECTED {
        // Without a hint, as bytes in a Parquet column come.
        let (out, info) = run(&fixture(name), None).unwrap_or_else(|e| panic!("{name}: {e}"));
        let (correlation, lag) = correlate(&out, &due);
        let report = format!(
            "{name}: {} {} Hz x{}, {:.4} s, {} packets, correlation {correlation:.4} at lag {lag}",
            info.codec, info.sample_rate_hz, info.channels, info.duration_s, info.packets
        );
        println!("{report}");
        let (_, rate, channels, _) = RECIPES.iter().find(|r| r.0 == name).unwrap();
        // Opus is always at 48 kHz, the core of HE-AAC at half the rate and that
        // of version 2 has one channel.
        let rate = match codec {
            "opus" => 48_000,
            _ if name.starts_with("he") => rate / 2,
            _ => *rate,
        };
        let channels = if name.starts_with("he2") { &1 } else { channels };
        // One output sample where the container is exact; Matroska counts
        // milliseconds; raw AAC and ADPCM have their last block padded, and
        // raw AAC its delay besides.
        let tolerance_s = match name.rsplit('.').next() {
            Some("webm") => 0.004,
            Some("aac") if name.starts_with("he") => 0.15,
            Some("aac" | "mkv") => 0.07,
            Some("wav") => 0.1,
            _ => 1.01 / f64::from(OUT_HZ),
        };
        let fine = info.codec == codec
            && info.sample_rate_hz == rate
            && info.channels == *channels
            && info.packets_skipped == 0
            && !info.truncated
            && info.filled_s == 0.0
            && (info.duration_s - LENGTH_S).abs() < tolerance_s
            && (out.len() as f64 - info.duration_s * f64::from(OUT_HZ)).abs() <= 0.51
            && correlation >= least
            && ((lag - lag_due).abs() <= 2 || least < 0.0);
        if !fine {
            wrong.push(report);
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_eq!(EXPECTED.len(), RECIPES.len());
}

#[test]
fn a_wrong_hint_does_no_harm() {
    for name in ["celt.opus", "aac.m4a", "lame.mp3"] {
        let bytes = fixture(name);
        let plain = run(&bytes, None).unwrap();
        for hint in ["wav", "flac", "mp3", "", "no such thing"] {
            assert_eq!(run(&bytes, Some(hint)).unwrap(), plain, "{name} called {hint}");
        }
    }
}

#[test]
fn the_hash_is_of_the_audio_and_not_of_the_tags() {
    let bytes = fixture("lame.mp3");
    let plain = run(&bytes, None).unwrap().1.audio_hash;
    // Another tag in front, and an ID3v1 tag behind.
    let mut retagged = id3v2(&[(b"TIT2", "Another title"), (b"TSRC", "USS1Z9900001")]);
    retagged.extend(&bytes);
    retagged.extend(b"TAG");
    retagged.extend([b'x'; 125]);
    assert_eq!(run(&retagged, None).unwrap().1.audio_hash, plain);
    // The same Opus packets in two containers.
    let ogg = run(&fixture("celt.opus"), None).unwrap().1.audio_hash;
    let webm = run(&fixture("opus.webm"), None).unwrap().1.audio_hash;
    assert_eq!(ogg, webm);
    assert_ne!(plain, ogg);
    // One bit of one packet.
    let mut changed = fixture("pcm.caf");
    let before = run(&changed, None).unwrap().1.audio_hash;
    let last = changed.len() - 100;
    changed[last] ^= 1;
    assert_ne!(run(&changed, None).unwrap().1.audio_hash, before);
}

#[test]
fn chained_ogg_files_go_on() {
    for name in ["vorbis.ogg", "celt.opus"] {
        let one = fixture(name);
        let (single, _) = run(&one, None).unwrap();
        // Logical streams of one file have different serial numbers.
        let two = [one.clone(), renumbered(&one)].concat();
        let (chained, info) = run(&two, None).unwrap();
        assert_eq!(info.packets_skipped, 0, "{name}");
        assert!((info.duration_s - 2.0 * LENGTH_S).abs() < 0.001, "{name}: {}", info.duration_s);
        let (correlation, lag) = correlate(&chained[single.len()..], &signal(OUT_HZ));
        assert!(correlation > 0.99 && lag.abs() <= 2, "{name}: {correlation} at {lag}");
    }
}

/// The Ogg file with another serial number and its pages' sums put right.
fn renumbered(ogg: &[u8]) -> Vec<u8> {
    let mut out = ogg.to_vec();
    let mut at = 0;
    while at + 27 <= out.len() {
        let segments = usize::from(out[at + 26]);
        let body: usize = out[at + 27..at + 27 + segments].iter().map(|l| usize::from(*l)).sum();
        let end = at + 27 + segments + body;
        out[at + 14] ^= 0x55;
        out[at + 22..at + 26].fill(0);
        let sum = checksum(&out[at..end]).to_le_bytes();
        out[at + 22..at + 26].copy_from_slice(&sum);
        at = end;
    }
    out
}

/// The same samples from ffmpeg's decoders; they differ by its dither and
/// resampler only.
#[test]
#[ignore = "compares with ffmpeg, if there is one"]
fn ffmpeg_hears_the_same() {
    let mut files: Vec<_> = RECIPES.iter().map(|r| folder().join(r.0)).collect();
    if let Ok(more) = std::env::var("EARMARK_COMPARE") {
        files.extend(std::fs::read_dir(more).unwrap().map(|entry| entry.unwrap().path()));
    }
    for path in files {
        let Ok(ffmpeg) = Command::new("ffmpeg")
            .args(["-v", "error"])
            // ffmpeg's own Opus decoder is another one than the reference.
            .args(if path.to_string_lossy().contains("opus") { &["-c:a", "libopus"][..] } else { &[] })
            .arg("-i")
            .arg(&path)
            .args(["-ac", "1", "-ar", "12000", "-f", "f32le", "-"])
            .output()
        else {
            println!("no ffmpeg: nothing compared");
            return;
        };
        let due: Vec<f32> =
            ffmpeg.stdout.chunks_exact(4).map(|b| f32::from_le_bytes(b.try_into().unwrap())).collect();
        let name = path.display();
        let (out, info) = run(&std::fs::read(&path).unwrap(), None).unwrap();
        let few = due.len().min(60 * OUT_HZ as usize);
        let (correlation, lag) = correlate(&out, &due[..few]);
        println!(
            "{name}: {:.3} s, ffmpeg {:.3} s, correlation {correlation:.4} at {lag}",
            info.duration_s,
            due.len() as f64 / 12e3
        );
        assert!(correlation > 0.99 && lag == 0, "{name}: {correlation} at {lag}");
        // ffmpeg keeps the padding of AAC and Opus in MP4 and of Vorbis in WebM.
        assert!((info.duration_s - due.len() as f64 / 12e3).abs() < 0.05, "{name}");
    }
}
