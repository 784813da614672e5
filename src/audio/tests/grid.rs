//! Encoders × rates × channels × containers against ffmpeg's decoders, for
//! developers: needs ffmpeg, and what else is there of fdkaac, opusenc and
//! mkvmerge.
//!
//! ```text
//! cargo test --release --lib format_grid -- --ignored --nocapture
//! ```
//!
//! The sound is a clip of the songs in testdata/catalogue.

use std::path::Path;
use std::process::Command;

use super::support::*;

/// What ffmpeg decodes may be late against ours by this much, in output samples:
/// the delay of the decoder's SBR filters, 962 samples of the full rate, which a
/// core alone does not have, rounded up for the lowest rate.
const SBR_DELAY: i64 = 530;

/// One way to make a file: what it is called, how it is made from `IN`, and the
/// codec expected.
struct Way {
    file: &'static str,
    make: &'static str,
    codec: &'static str,
}

const fn way(file: &'static str, make: &'static str, codec: &'static str) -> Way {
    Way { file, make, codec }
}

const WAYS: &[Way] = &[
    way("he1.m4a", "fdkaac -S -p 5 -b 40000 -G 0 IN -o OUT", "aac"),
    way("he1-edts.m4a", "fdkaac -S -p 5 -b 40000 -G 1 IN -o OUT", "aac"),
    way("he1-single-rate.m4a", "fdkaac -S -p 5 -s 1 -b 64000 -G 1 IN -o OUT", "aac"),
    way("he1.aac", "fdkaac -S -p 5 -b 40000 -f 2 IN -o OUT", "aac"),
    way("he1.mkv", "fdkaac -S -p 5 -b 40000 -G 1 IN -o OUT.m4a && mkvmerge -q -o OUT OUT.m4a", "aac"),
    way("he2.m4a", "fdkaac -S -p 29 -b 32000 -G 0 IN -o OUT", "aac"),
    way("he2-edts.m4a", "fdkaac -S -p 29 -b 32000 -G 1 IN -o OUT", "aac"),
    way("he2.aac", "fdkaac -S -p 29 -b 32000 -f 2 IN -o OUT", "aac"),
    way("he2.mkv", "fdkaac -S -p 29 -b 32000 -G 1 IN -o OUT.m4a && mkvmerge -q -o OUT OUT.m4a", "aac"),
    way("lc.m4a", "ffmpeg -v error -y -i IN -c:a aac -b:a 96k OUT", "aac"),
    way("lc-fdk.m4a", "fdkaac -S -p 2 -b 96000 -G 1 IN -o OUT", "aac"),
    way("lc.aac", "ffmpeg -v error -y -i IN -c:a aac -b:a 96k -f adts OUT", "aac"),
    way(
        "lc-fragmented.mp4",
        "ffmpeg -v error -y -i IN -c:a aac -movflags frag_keyframe+empty_moov OUT",
        "aac",
    ),
    way("opus.opus", "ffmpeg -v error -y -i IN -c:a libopus -b:a 64k OUT", "opus"),
    way("opusenc.opus", "opusenc --quiet --bitrate 96 IN OUT", "opus"),
    way("opus.mkv", "ffmpeg -v error -y -i IN -c:a libopus -b:a 64k OUT", "opus"),
    way("opus.webm", "ffmpeg -v error -y -i IN -c:a libopus -b:a 64k OUT", "opus"),
    way("opus.mp4", "ffmpeg -v error -y -i IN -c:a libopus -b:a 64k OUT", "opus"),
    way("opus-family1.opus", "ffmpeg -v error -y -i IN -c:a libopus -b:a 96k -mapping_family 1 OUT", "opus"),
    way(
        "opus-family255.opus",
        "ffmpeg -v error -y -i IN -c:a libopus -b:a 128k -mapping_family 255 OUT",
        "opus",
    ),
    way(
        "opus-family255.mkv",
        "ffmpeg -v error -y -i IN -c:a libopus -b:a 128k -mapping_family 255 OUT",
        "opus",
    ),
    way("opus-family1.mp4", "ffmpeg -v error -y -i IN -c:a libopus -b:a 96k -mapping_family 1 OUT", "opus"),
    way("vorbis.ogg", "ffmpeg -v error -y -i IN -c:a libvorbis -q:a 3 OUT", "vorbis"),
    way("vorbis.webm", "ffmpeg -v error -y -i IN -c:a libvorbis -q:a 3 OUT", "vorbis"),
    way("mp3.mp3", "ffmpeg -v error -y -i IN -c:a libmp3lame -b:a 96k OUT", "mp3"),
    way("mp3.mkv", "ffmpeg -v error -y -i IN -c:a libmp3lame -b:a 96k OUT", "mp3"),
    way("mp3.mp4", "ffmpeg -v error -y -i IN -c:a libmp3lame -b:a 96k OUT", "mp3"),
    way("mp3.wav", "ffmpeg -v error -y -i IN -c:a libmp3lame -b:a 96k OUT", "mp3"),
    way("mp2.mp2", "ffmpeg -v error -y -i IN -c:a mp2 -b:a 128k OUT", "mp2"),
    way("flac.flac", "ffmpeg -v error -y -i IN -c:a flac OUT", "flac"),
    way("flac.mkv", "ffmpeg -v error -y -i IN -c:a flac OUT", "flac"),
    way("flac.mp4", "ffmpeg -v error -y -i IN -c:a flac -strict -2 OUT", "flac"),
    way("alac.m4a", "ffmpeg -v error -y -i IN -c:a alac OUT", "alac"),
    way("rf64.wav", "ffmpeg -v error -y -i IN -c:a pcm_s16le -rf64 always OUT", "pcm_s16le"),
    way("pcm24.wav", "ffmpeg -v error -y -i IN -c:a pcm_s24le OUT", "pcm_s24le"),
    way("pcm.mov", "ffmpeg -v error -y -i IN -c:a pcm_s16le OUT", "pcm_s16le"),
    way(
        "film.mp4",
        "ffmpeg -v error -y -f lavfi -i testsrc=s=64x64:r=10 -i IN -shortest -c:v libx264 -c:a aac OUT",
        "aac",
    ),
    way(
        "film.mov",
        "ffmpeg -v error -y -f lavfi -i testsrc=s=64x64:r=10 -i IN -shortest -c:v libx264 -c:a aac OUT",
        "aac",
    ),
    way(
        "film.mkv",
        "ffmpeg -v error -y -f lavfi -i testsrc=s=64x64:r=10 -i IN -shortest -c:v libx264 -c:a libmp3lame OUT",
        "mp3",
    ),
    way(
        "film.webm",
        "ffmpeg -v error -y -f lavfi -i testsrc=s=64x64:r=10 -i IN -shortest -c:v libvpx -c:a libopus OUT",
        "opus",
    ),
];

/// Combinations that encoders refuse, or that nothing here decodes.
fn is_possible(way: &Way, rate: u32, channels: u16) -> bool {
    let aac = way.codec == "aac" && channels > 2;
    let mpeg = matches!(way.codec, "mp3" | "mp2") && (channels > 2 || !(16_000..=48_000).contains(&rate));
    let opusenc = way.file.starts_with("opusenc") && channels > 8;
    let family = (way.file.contains("family1.") || way.codec == "opus") && channels > 8;
    let parametric = way.file.starts_with("he2") && channels != 2;
    let heaac = way.file.starts_with("he") && rate < 22_050;
    let vorbis = way.codec == "vorbis" && rate < 8_000;
    // Symphonia 0.6.1 reads PCM in QuickTime with up to two channels, and hears
    // something else in Vorbis of eight.
    let quicktime = way.file == "pcm.mov" && channels > 2;
    let vorbis = vorbis || way.codec == "vorbis" && channels > 6;
    !(quicktime || aac || mpeg || opusenc || family || parametric || heaac || vorbis)
}

fn sh(command: &str) -> bool {
    Command::new("sh").args(["-c", command]).status().is_ok_and(|status| status.success())
}

/// The file as ffmpeg hears it, mono at the analysis rate.
fn heard(path: &Path, rate: u32) -> Vec<f32> {
    let opus = if path.to_string_lossy().contains("opus") { "-c:a libopus" } else { "" };
    // The mean of all channels, as ours is.
    let out = Command::new("sh")
        .arg("-c")
        .arg(format!("ffmpeg -v error {opus} -i {} -map 0:a -ac 1 -ar {rate} -f f32le -", path.display()))
        .output()
        .expect("ffmpeg runs");
    out.stdout.chunks_exact(4).map(|b| f32::from_le_bytes(b.try_into().expect("four"))).collect()
}

#[test]
#[ignore = "encodes and compares with ffmpeg, if there is one"]
fn format_grid() {
    if !sh("ffmpeg -v error -version > /dev/null") {
        println!("no ffmpeg: nothing compared");
        return;
    }
    let temp = tempfile::tempdir().expect("a folder");
    let song = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/catalogue/05-night-bus.flac");
    let (mut wrong, mut count) = (Vec::new(), 0);
    for (rate, channels) in [
        (8_000, 1),
        (16_000, 1),
        (22_050, 2),
        (32_000, 2),
        (44_100, 1),
        (44_100, 2),
        (48_000, 2),
        (48_000, 6),
        (48_000, 8),
    ] {
        let source = temp.path().join(format!("{rate}x{channels}.wav"));
        // All channels alike, so that every downmix is the same.
        let layout = ["", "mono", "stereo", "", "", "", "5.1", "", "7.1"][usize::from(channels)];
        let pan = (0..channels).map(|i| format!("|c{i}=c0")).collect::<String>();
        assert!(sh(&format!(
            "ffmpeg -v error -y -ss 3 -t 6 -i {} -af 'pan={layout}{pan}' -ar {rate} -c:a pcm_s16le {}",
            song.display(),
            source.display()
        )));
        let due = heard(&source, OUT_HZ);
        for way in WAYS.iter().filter(|way| is_possible(way, rate, channels)) {
            let name = format!("{rate}x{channels}-{}", way.file);
            let path = temp.path().join(&name);
            let make = way.make.replace("IN", &source.display().to_string());
            if !sh(&format!("{} 2> /dev/null", make.replace("OUT", &path.display().to_string()))) {
                println!("{name}: not made");
                continue;
            }
            count += 1;
            let (out, info) = match run(&std::fs::read(&path).expect("written"), None) {
                Ok(decoded) => decoded,
                Err(error) => {
                    wrong.push(format!("{name}: {error}"));
                    continue;
                }
            };
            let theirs = heard(&path, OUT_HZ);
            let n = out.len().min(theirs.len()).min(4 * OUT_HZ as usize);
            // Ours may be early: shift it.
            let shifted = [&vec![0.0; SBR_DELAY as usize][..], &out[..n.min(out.len())]].concat();
            let (correlation, lag) = correlate_within(&shifted, &theirs[..n], 2 * SBR_DELAY);
            let (of_source, source_lag) = correlate_within(&shifted, &due[..n.min(due.len())], 2 * SBR_DELAY);
            let seconds = |samples: usize| samples as f64 / f64::from(OUT_HZ);
            let report = format!(
                "{name}: {} {} Hz x{}, {:.3} s, ffmpeg {:.3} s, source {:.3} s, as ffmpeg {correlation:.4} at {}, as source {of_source:.4} at {}",
                info.codec,
                info.sample_rate_hz,
                info.channels,
                info.duration_s,
                seconds(theirs.len()),
                seconds(due.len()),
                lag - SBR_DELAY,
                source_lag - SBR_DELAY,
            );
            println!("{report}");
            if info.packets_skipped == 0 && !info.truncated {
                let (decoded_s, worst) = super::parts::compare(&path);
                println!("{name}: {decoded_s:.2} s in parts, which differ by {worst:.6}");
                // AAC draws noise, and goes on drawing where it was.
                if worst > 0.05 {
                    wrong.push(format!("{name}: parts differ by {worst}"));
                }
            }
            let is_core = way.file.starts_with("he");
            // ffmpeg keeps a part of the delay of Opus in MP4.
            let in_time = (lag - SBR_DELAY).abs() <= if is_core { SBR_DELAY } else { 2 }
                || source_lag == SBR_DELAY && of_source > 0.99;
            // It keeps the padding of AAC that only iTunes' comment tells, too.
            let length = (info.duration_s - seconds(theirs.len())).abs() < 0.13
                || (info.duration_s - seconds(due.len())).abs() < 0.001;
            let fine = info.codec == way.codec
                && info.packets_skipped == 0
                && !info.truncated
                && correlation > if is_core { 0.95 } else { 0.99 }
                && in_time
                && length;
            if !fine {
                wrong.push(report);
            }
        }
    }
    println!("{count} files, {} wrong", wrong.len());
    assert!(wrong.is_empty(), "{wrong:#?}");
}
