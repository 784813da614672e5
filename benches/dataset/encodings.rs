//! The forms that clips have.

/// One way to encode a clip.
#[derive(Debug)]
pub struct Encoding {
    /// Its name in tables.
    pub name: &'static str,
    /// The extension of its files.
    pub extension: &'static str,
    /// What makes it.
    pub with: With,
    /// Sample rates that it takes, in Hz.
    pub rates_hz: &'static [u32],
    /// Channels that it takes.
    pub channels: &'static [u16],
    /// How many of a thousand clips or so.
    pub weight: usize,
}

/// The program and its options.
#[derive(Clone, Copy, Debug)]
pub enum With {
    /// Options of an output of ffmpeg.
    Ffmpeg(&'static str),
    /// The same, with a picture beside the sound.
    Film(&'static str),
    /// Options of fdkaac.
    Fdkaac(&'static str),
}

const MONO: &[u16] = &[1];
const STEREO: &[u16] = &[2];
const BOTH: &[u16] = &[1, 2];
/// Of what is not packed, clips of high rates would fill the disk.
const LOW: &[u32] = &[8_000, 11_025, 16_000, 22_050, 24_000];
const HIGH: &[u32] = &[44_100, 48_000];
const ALL: &[u32] = &[8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000];
const MPEG: &[u32] = &[16_000, 22_050, 24_000, 32_000, 44_100, 44_100, 48_000];
const OPUS: &[u32] = &[8_000, 12_000, 16_000, 24_000, 48_000, 48_000];

const fn way(
    name: &'static str,
    extension: &'static str,
    with: With,
    (rates_hz, channels): (&'static [u32], &'static [u16]),
    weight: usize,
) -> Encoding {
    Encoding { name, extension, with, rates_hz, channels, weight }
}

use With::{Fdkaac, Ffmpeg, Film};

/// All that earmark reads. Weights follow what is found in data sets: most is MP3,
/// AAC, Opus, Vorbis and WAV, and the rest is there to be met.
pub const ENCODINGS: &[Encoding] = &[
    way("wav-s16", "wav", Ffmpeg("-c:a pcm_s16le"), (LOW, MONO), 60),
    way("wav-s16-full", "wav", Ffmpeg("-c:a pcm_s16le"), (HIGH, BOTH), 20),
    way("wav-s24", "wav", Ffmpeg("-c:a pcm_s24le"), (LOW, BOTH), 12),
    way("wav-f32", "wav", Ffmpeg("-c:a pcm_f32le"), (LOW, MONO), 12),
    way("wav-u8", "wav", Ffmpeg("-c:a pcm_u8"), (LOW, MONO), 10),
    way("wav-alaw", "wav", Ffmpeg("-c:a pcm_alaw"), (LOW, MONO), 8),
    way("wav-mulaw", "wav", Ffmpeg("-c:a pcm_mulaw"), (LOW, MONO), 8),
    way("wav-ima", "wav", Ffmpeg("-c:a adpcm_ima_wav"), (ALL, BOTH), 10),
    way("wav-ms", "wav", Ffmpeg("-c:a adpcm_ms"), (ALL, BOTH), 10),
    way("wav-mp3", "wav", Ffmpeg("-c:a libmp3lame -b:a 64k"), (MPEG, MONO), 5),
    way("rf64", "wav", Ffmpeg("-c:a pcm_s16le -rf64 always"), (LOW, BOTH), 10),
    way("aiff", "aiff", Ffmpeg("-c:a pcm_s16be"), (LOW, BOTH), 10),
    way("aif", "aif", Ffmpeg("-c:a pcm_s24be -f aiff"), (LOW, MONO), 5),
    way("caf", "caf", Ffmpeg("-c:a pcm_s16be"), (LOW, BOTH), 8),
    way("pcm-mov", "mov", Ffmpeg("-c:a pcm_s16le"), (LOW, BOTH), 5),
    way("flac", "flac", Ffmpeg("-c:a flac"), (ALL, BOTH), 80),
    way("flac-ogg", "oga", Ffmpeg("-c:a flac -f ogg"), (LOW, BOTH), 5),
    way("flac-mkv", "mka", Ffmpeg("-c:a flac -f matroska"), (LOW, BOTH), 5),
    way("flac-mp4", "mp4", Ffmpeg("-c:a flac -strict -2"), (LOW, BOTH), 5),
    way("alac", "m4a", Ffmpeg("-c:a alac"), (LOW, BOTH), 25),
    way("mp3-cbr", "mp3", Ffmpeg("-c:a libmp3lame -b:a 96k"), (MPEG, BOTH), 120),
    way("mp3-vbr", "mp3", Ffmpeg("-c:a libmp3lame -q:a 4"), (MPEG, BOTH), 100),
    way("mp3-low", "mp3", Ffmpeg("-c:a libmp3lame -b:a 32k"), (&[16_000, 22_050], MONO), 40),
    way("mp3-mp4", "mp4", Ffmpeg("-c:a libmp3lame -b:a 96k"), (HIGH, STEREO), 5),
    way("mp2", "mp2", Ffmpeg("-c:a mp2 -b:a 96k"), (HIGH, BOTH), 8),
    way("aac", "m4a", Ffmpeg("-c:a aac -b:a 96k"), (MPEG, BOTH), 70),
    way("aac-adts", "aac", Ffmpeg("-c:a aac -b:a 64k -f adts"), (MPEG, BOTH), 30),
    way("aac-mkv", "mkv", Ffmpeg("-c:a aac -b:a 96k"), (MPEG, BOTH), 10),
    way(
        "aac-fragmented",
        "mp4",
        Ffmpeg("-c:a aac -b:a 96k -movflags frag_keyframe+empty_moov"),
        (HIGH, STEREO),
        10,
    ),
    way("aac-3gp", "3gp", Ffmpeg("-c:a aac -b:a 48k"), (&[16_000], MONO), 4),
    way("he-aac", "m4a", Fdkaac("-p 5 -b 40000 -G 1"), (HIGH, STEREO), 20),
    way("he-aac-adts", "aac", Fdkaac("-p 5 -b 40000 -f 2"), (HIGH, STEREO), 10),
    way("he-aac-v2", "m4a", Fdkaac("-p 29 -b 32000 -G 1"), (HIGH, STEREO), 10),
    way("vorbis", "ogg", Ffmpeg("-c:a libvorbis -q:a 3"), (ALL, BOTH), 70),
    way("vorbis-webm", "webm", Ffmpeg("-c:a libvorbis -q:a 3"), (HIGH, BOTH), 8),
    way("opus", "opus", Ffmpeg("-c:a libopus -b:a 64k"), (OPUS, BOTH), 60),
    way("opus-low", "opus", Ffmpeg("-c:a libopus -b:a 20k"), (OPUS, MONO), 30),
    way("opus-ogg", "ogg", Ffmpeg("-c:a libopus -b:a 48k"), (OPUS, BOTH), 15),
    way("opus-webm", "webm", Ffmpeg("-c:a libopus -b:a 64k"), (OPUS, BOTH), 30),
    way("opus-mka", "mka", Ffmpeg("-c:a libopus -b:a 64k -f matroska"), (OPUS, BOTH), 10),
    way("opus-mp4", "mp4", Ffmpeg("-c:a libopus -b:a 64k"), (OPUS, BOTH), 5),
    way("film-mp4", "mp4", Film("-c:v libx264 -preset ultrafast -c:a aac -b:a 96k"), (HIGH, STEREO), 8),
    way(
        "film-mkv",
        "mkv",
        Film("-c:v libx264 -preset ultrafast -c:a libmp3lame -b:a 96k"),
        (HIGH, STEREO),
        5,
    ),
    way("film-webm", "webm", Film("-c:v libvpx -deadline realtime -c:a libopus -b:a 64k"), (OPUS, STEREO), 5),
];

/// What earmark refuses and calls by its name, in containers that it opens.
pub const UNSUPPORTED: &[Encoding] = &[
    way("ac3", "mp4", Ffmpeg("-c:a ac3"), (HIGH, STEREO), 4),
    way("eac3", "mkv", Ffmpeg("-c:a eac3"), (HIGH, STEREO), 4),
    way("dts", "mkv", Ffmpeg("-strict -2 -c:a dca"), (HIGH, STEREO), 4),
    way("wma", "mka", Ffmpeg("-c:a wmav2 -f matroska"), (HIGH, STEREO), 4),
    way("speex", "ogg", Ffmpeg("-c:a libspeex"), (&[16_000], MONO), 4),
    way("gsm", "wav", Ffmpeg("-c:a libgsm_ms"), (&[8_000], MONO), 4),
    way("g722", "wav", Ffmpeg("-c:a g722"), (&[16_000], MONO), 4),
    way("tta", "mka", Ffmpeg("-c:a tta -f matroska"), (LOW, STEREO), 4),
    way("wavpack", "mka", Ffmpeg("-c:a wavpack -f matroska"), (LOW, STEREO), 4),
];

/// Whole recordings: what people keep of them.
pub fn is_for_whole(encoding: &Encoding) -> bool {
    ["mp3-cbr", "mp3-vbr", "aac", "vorbis", "opus", "opus-webm", "he-aac", "aac-fragmented", "film-mp4"]
        .contains(&encoding.name)
        || encoding.name == "flac"
}
