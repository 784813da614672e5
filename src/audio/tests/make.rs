//! Makes testdata/codecs anew; needs ffmpeg with its usual encoders.

use std::path::Path;
use std::process::Command;

use lofty::config::WriteOptions;
use lofty::mp4::{Atom, AtomData, AtomIdent, Ilst};
use lofty::tag::TagExt;

use super::support::{Format, folder, signal, wav};

/// Each file with its source's rate and channels and ffmpeg's options, or with
/// the whole command of another encoder.
pub const RECIPES: &[(&str, u32, u16, &str)] = &[
    ("lame.mp3", 44_100, 2, "-c:a libmp3lame -b:a 56k -id3v2_version 3"),
    ("mono.mp3", 22_050, 1, "-c:a libmp3lame -b:a 32k -id3v2_version 4"),
    ("aac.m4a", 44_100, 2, "-c:a aac -b:a 56k"),
    ("aac.mkv", 44_100, 2, "-c:a aac -b:a 56k"),
    ("aac.aac", 44_100, 2, "-c:a aac -b:a 56k -f adts"),
    ("alac.m4a", 11_025, 1, "-c:a alac"),
    ("vorbis.ogg", 44_100, 2, "-c:a libvorbis -q:a 1 -page_duration 200000"),
    ("vorbis.webm", 44_100, 1, "-c:a libvorbis -q:a 1"),
    ("flac.flac", 11_025, 1, "-c:a flac -compression_level 12"),
    ("flac.ogg", 11_025, 1, "-c:a flac -compression_level 12"),
    ("celt.opus", 48_000, 2, "-c:a libopus -b:a 56k -page_duration 200000"),
    ("silk.opus", 16_000, 1, "-c:a libopus -b:a 16k -application voip"),
    ("hybrid.opus", 48_000, 1, "-c:a libopus -b:a 28k -application voip -frame_duration 20"),
    ("surround.opus", 48_000, 6, "-c:a libopus -b:a 72k -mapping_family 1"),
    ("opus.webm", 48_000, 2, "-c:a libopus -b:a 56k"),
    ("opus.mp4", 48_000, 2, "-c:a libopus -b:a 56k"),
    ("pcm.aiff", 11_025, 1, "-c:a pcm_s8 -write_id3v2 1"),
    ("pcm.caf", 11_025, 1, "-c:a pcm_s16be"),
    ("ima.wav", 11_025, 1, "-c:a adpcm_ima_wav"),
    ("ms.wav", 11_025, 1, "-c:a adpcm_ms"),
    ("he1.m4a", 44_100, 2, "fdkaac -S -p 5 -b 40000 -G 0"),
    ("he2.m4a", 44_100, 2, "fdkaac -S -p 29 -b 32000 -G 1"),
    ("he1.aac", 44_100, 2, "fdkaac -S -p 5 -b 40000 -f 2"),
    ("quad.opus", 48_000, 4, "-c:a libopus -b:a 48k -mapping_family 255"),
    ("sphere.opus", 48_000, 4, "-c:a libopus -b:a 64k -mapping_family 2"),
    ("mp3.wav", 22_050, 1, "-c:a libmp3lame -b:a 32k"),
    ("rf64.wav", 11_025, 1, "-c:a pcm_u8 -rf64 always"),
    ("film.mp4", 44_100, 2, "-f lavfi -i testsrc=s=32x32:r=5:d=1.2 -c:v libx264 -c:a aac -b:a 56k"),
    ("film.webm", 48_000, 2, "-f lavfi -i testsrc=s=32x32:r=5:d=1.2 -c:v libvpx -c:a libopus -b:a 48k"),
];

/// Tags given to all files whose container takes them.
pub const TITLE: &str = "Sweep";
/// The code in them.
pub const ISRC: &str = "QZ-HB1-24-00001";

#[test]
#[ignore = "writes testdata/codecs, for which it needs ffmpeg"]
fn make_the_files() {
    let temp = tempfile::tempdir().unwrap();
    // All of them, or those named.
    let named = std::env::var("EARMARK_MAKE").unwrap_or_default();
    let wanted = |name: &str| named.is_empty() || named.split(',').any(|n| n == name);
    for (name, rate, channels, options) in RECIPES.iter().filter(|recipe| wanted(recipe.0)) {
        let source = temp.path().join("source.wav");
        std::fs::write(&source, wav(*rate, *channels, Format::S16, &signal(*rate), &[])).unwrap();
        let to = folder().join(name);
        if let Some(options) = options.strip_prefix("fdkaac ") {
            let status = Command::new("fdkaac")
                .args(options.split(' '))
                .args(["--title", TITLE, "--artist", "Nobody", "--tag", "cprt:2026 Nobody", "--long-tag"])
                .arg(format!("ISRC:{}", ISRC.replace('-', "")))
                .arg(&source)
                .arg("-o")
                .arg(&to)
                .status()
                .unwrap();
            assert!(status.success(), "{name}");
            continue;
        }
        let status = Command::new("ffmpeg")
            .args(["-v", "error", "-y", "-bitexact", "-i"])
            .arg(&source)
            .args(options.split(' '))
            .args(["-metadata", "title=Sweep", "-metadata", "artist=Nobody", "-metadata", "album=Tests"])
            .args(["-metadata", "copyright=2026 Nobody", "-metadata"])
            .arg(format!(
                "{}={}",
                if name.ends_with("mp3") || name.ends_with("aiff") { "TSRC" } else { "ISRC" },
                ISRC.replace('-', "")
            ))
            .args(["-flags:a", "+bitexact", "-fflags", "+bitexact"])
            .arg(&to)
            .status()
            .unwrap();
        assert!(status.success(), "{name}");
        if *name == "aac.m4a" {
            tag_mp4(&to);
        }
        let bytes = std::fs::metadata(&to).unwrap().len();
        println!("{name}: {bytes} bytes");
    }
}

/// ffmpeg does not write the atom that shops use.
fn tag_mp4(path: &Path) {
    let mut ilst = Ilst::default();
    let ident = AtomIdent::Freeform { mean: "com.apple.iTunes".into(), name: "ISRC".into() };
    ilst.insert(Atom::new(ident, AtomData::UTF8("QZHB12400001".to_owned())));
    ilst.insert(Atom::new(AtomIdent::Fourcc(*b"\xa9nam"), AtomData::UTF8(TITLE.to_owned())));
    ilst.insert(Atom::new(AtomIdent::Fourcc(*b"cprt"), AtomData::UTF8("2026 Nobody".to_owned())));
    ilst.save_to_path(path, WriteOptions::default()).unwrap();
}
