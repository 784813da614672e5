//! Decodes audio files with Symphonia and throws the samples away: the limit
//! that registering and scanning approach. Compare whole processes:
//!
//! ```text
//! cargo build --release --example decode_only
//! time target/release/examples/decode_only FILE...
//! time target/release/earmark register FILE... --registry DIR --threads 1
//! ```

use std::fs::File;
use std::process::ExitCode;

use symphonia::core::codecs::audio::AudioDecoderOptions;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatOptions, TrackType};
use symphonia::core::io::{MediaSourceStream, MediaSourceStreamOptions};
use symphonia::core::meta::MetadataOptions;

/// Decodes a file; the frames it gave.
fn decode(path: &str) -> Result<u64, Box<dyn std::error::Error>> {
    let file = Box::new(File::open(path)?);
    let stream = MediaSourceStream::new(file, MediaSourceStreamOptions::default());
    let mut format = symphonia::default::get_probe().probe(
        &Hint::new(),
        stream,
        FormatOptions::default(),
        MetadataOptions::default(),
    )?;
    let track = format.default_track(TrackType::Audio).ok_or("no audio track")?;
    let id = track.id;
    let params = track.codec_params.as_ref().and_then(|p| p.audio()).ok_or("no codec")?;
    let mut decoder =
        symphonia::default::get_codecs().make_audio_decoder(params, &AudioDecoderOptions::default())?;
    let mut frames = 0;
    while let Some(packet) = format.next_packet()? {
        if packet.track_id == id {
            frames += decoder.decode(&packet)?.frames() as u64;
        }
    }
    Ok(frames)
}

fn main() -> ExitCode {
    let mut failed = false;
    let mut frames = 0;
    for path in std::env::args().skip(1) {
        match decode(&path) {
            Ok(count) => frames += count,
            Err(error) => {
                eprintln!("{path}: {error}");
                failed = true;
            }
        }
    }
    println!("{frames} frames");
    if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
