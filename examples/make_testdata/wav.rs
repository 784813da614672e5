//! 16-bit PCM in RIFF, nothing but `fmt ` and `data`.

use crate::synth::audio::Audio;

/// The bytes of a WAV file that holds `audio`.
pub fn bytes(audio: &Audio) -> Vec<u8> {
    let channels = audio.channels.len() as u16;
    let block = channels * 2;
    let data_bytes = audio.len() as u32 * u32::from(block);
    let mut file = Vec::with_capacity(44 + data_bytes as usize);
    file.extend(b"RIFF");
    file.extend((36 + data_bytes).to_le_bytes());
    file.extend(b"WAVEfmt ");
    file.extend(16u32.to_le_bytes());
    file.extend(1u16.to_le_bytes());
    file.extend(channels.to_le_bytes());
    file.extend(audio.rate_hz.to_le_bytes());
    file.extend((audio.rate_hz * u32::from(block)).to_le_bytes());
    file.extend(block.to_le_bytes());
    file.extend(16u16.to_le_bytes());
    file.extend(b"data");
    file.extend(data_bytes.to_le_bytes());
    for i in 0..audio.len() {
        for channel in &audio.channels {
            // Half away from zero is IEEE's `round`: the same everywhere.
            let level = (channel[i].clamp(-1.0, 1.0) * 32767.0).round() as i16;
            file.extend(level.to_le_bytes());
        }
    }
    file
}
