//! Writing a sound as a file of some codec, with tags.

use std::error::Error;
use std::fs;
use std::path::Path;
use std::process::Command;

use lofty::config::WriteOptions;
use lofty::file::TaggedFileExt;
use lofty::tag::{ItemKey, ItemValue, Tag, TagExt, TagItem};

use crate::synth::audio::Audio;
use crate::wav;

/// What a file is encoded as; the container follows from its extension.
#[derive(Clone, Copy, Debug)]
pub enum Codec {
    /// Uncompressed, written by ourselves.
    Wav,
    /// Lossless.
    Flac,
    /// MPEG layer 3 at so many kbit/s.
    Mp3(u32),
    /// Ogg Vorbis at so many kbit/s.
    Vorbis(u32),
    /// Opus at so many kbit/s.
    Opus(u32),
    /// AAC-LC at so many kbit/s.
    Aac(u32),
}

/// What is written into a file about itself.
#[derive(Clone, Debug, Default)]
pub struct FileTags {
    /// ISRCs in their compact form.
    pub isrcs: Vec<&'static str>,
    /// Title.
    pub title: Option<&'static str>,
    /// Artist.
    pub artist: Option<&'static str>,
    /// Album.
    pub album: Option<&'static str>,
    /// Copyright notice.
    pub copyright: Option<String>,
}

/// Writes `audio` to `path`. A codec other than WAV is left out unless
/// `with_ffmpeg`.
pub fn write(
    path: &Path,
    audio: &Audio,
    codec: Codec,
    tags: &FileTags,
    with_ffmpeg: bool,
) -> Result<(), Box<dyn Error>> {
    let plain = wav::bytes(audio);
    let options: Vec<String> = match codec {
        Codec::Wav => {
            fs::write(path, plain)?;
            return Ok(());
        }
        _ if !with_ffmpeg => return Ok(()),
        Codec::Flac => vec!["flac".into(), "-compression_level".into(), "12".into()],
        Codec::Mp3(kbps) => [lossy("libmp3lame", kbps), vec!["-id3v2_version".into(), "0".into()]].concat(),
        Codec::Vorbis(kbps) => lossy("libvorbis", kbps),
        Codec::Opus(kbps) => lossy("libopus", kbps),
        Codec::Aac(kbps) => lossy("aac", kbps),
    };
    let source = path.with_extension("source.wav");
    fs::write(&source, plain)?;
    let status = Command::new("ffmpeg")
        .args(["-v", "error", "-nostdin", "-y", "-i"])
        .arg(&source)
        .args(["-map_metadata", "-1", "-fflags", "+bitexact", "-flags:a", "+bitexact", "-c:a"])
        .args(&options)
        .arg(path)
        .status();
    fs::remove_file(&source)?;
    let status = status.map_err(|error| format!("cannot start ffmpeg (needed by --encode): {error}"))?;
    if !status.success() {
        return Err(format!("ffmpeg failed on {}: {status}", path.display()).into());
    }
    match codec {
        Codec::Mp3(_) => tag_mp3(path, tags),
        _ => tag(path, tags),
    }
}

fn lossy(encoder: &str, kbps: u32) -> Vec<String> {
    vec![encoder.into(), "-b:a".into(), format!("{kbps}k")]
}

fn tag(path: &Path, tags: &FileTags) -> Result<(), Box<dyn Error>> {
    let kind = lofty::read_from_path(path)?.primary_tag_type();
    let mut tag = Tag::new(kind);
    let mut put = |key: ItemKey, text: &str| {
        tag.push(TagItem::new(key, ItemValue::Text(text.to_owned())));
    };
    for isrc in &tags.isrcs {
        put(ItemKey::Isrc, isrc);
    }
    let texts = [
        (ItemKey::TrackTitle, tags.title),
        (ItemKey::TrackArtist, tags.artist),
        (ItemKey::AlbumTitle, tags.album),
        (ItemKey::CopyrightMessage, tags.copyright.as_deref()),
    ];
    for (key, text) in texts {
        if let Some(text) = text.filter(|text| !text.is_empty()) {
            put(key, text);
        }
    }
    if !tag.is_empty() {
        tag.save_to_path(path, WriteOptions::default())?;
    }
    Ok(())
}

/// An ID3v2.4 tag in front of the file. Lofty would write the frames in an
/// order that differs from run to run.
fn tag_mp3(path: &Path, tags: &FileTags) -> Result<(), Box<dyn Error>> {
    // Seven bits a byte, so that no size looks like the start of a frame.
    let size = |bytes: usize| [21, 14, 7, 0].map(|shift| (bytes >> shift) as u8 & 0x7f);
    let isrcs = tags.isrcs.join("\0");
    let texts = [
        (b"TIT2", tags.title),
        (b"TPE1", tags.artist),
        (b"TALB", tags.album),
        (b"TCOP", tags.copyright.as_deref()),
        (b"TSRC", Some(isrcs.as_str())),
    ];
    let mut frames = Vec::new();
    for (id, text) in texts {
        if let Some(text) = text.filter(|text| !text.is_empty()) {
            frames.extend(id);
            frames.extend(size(text.len() + 1));
            // No flags; 3 stands for UTF-8.
            frames.extend([0, 0, 3]);
            frames.extend(text.as_bytes());
        }
    }
    if !frames.is_empty() {
        let audio = fs::read(path)?;
        let header = [b"ID3".as_slice(), &[4, 0, 0], &size(frames.len())].concat();
        fs::write(path, [header, frames, audio].concat())?;
    }
    Ok(())
}

/// Keeps only the first `share` of the file's bytes, as a broken download.
pub fn truncate(path: &Path, share: f64) -> Result<(), Box<dyn Error>> {
    let file = fs::OpenOptions::new().write(true).open(path)?;
    let kept = (file.metadata()?.len() as f64 * share) as u64;
    file.set_len(kept)?;
    Ok(())
}
