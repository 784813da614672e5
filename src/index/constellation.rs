//! The stored peaks of a recording.
//!
//! Chunks of [`CHUNK_TICKS`] are coded one by one, so that a passage is read
//! without what comes before it: first the length of every chunk in bytes (two
//! bytes each), then the chunks. A chunk is the number of its peaks plus one
//! (Elias gamma), and for every peak the Rice code of the ticks since the one
//! before it (the first: since the chunk's start) and the pitch.

use std::ops::Range;

use crate::bits::{BitReader, BitWriter};
use crate::params::{Params, TICKS_PER_FRAME};
use crate::peaks::Peak;

/// Length of a chunk, in ticks: 10.9 s with the default parameters, the
/// stretch that a search compares.
pub(super) const CHUNK_TICKS: u32 = 2048;

/// Rice parameter of the time steps: 29 peaks a second are 6.5 ticks apart.
const STEP_PARAMETER: u32 = 2;

/// Bits of a pitch.
pub(super) fn pitch_bits(params: &Params) -> u32 {
    params.max_pitch().max(1).ilog2() + 1
}

/// Chunks of a recording of `frames`.
fn chunks(frames: u32) -> usize {
    (u64::from(frames) * u64::from(TICKS_PER_FRAME)).div_ceil(u64::from(CHUNK_TICKS)) as usize
}

/// The most frames of a recording whose stored peaks are `bytes` long.
pub(super) fn most_frames(bytes: usize) -> u32 {
    u32::try_from(bytes / 2).unwrap_or(u32::MAX).saturating_mul(CHUNK_TICKS / TICKS_PER_FRAME)
}

/// Appends a constellation of `frames`, in order of time. `None` if a chunk
/// holds too many peaks for its length.
pub(super) fn encode(peaks: &[Peak], frames: u32, pitch_bits: u32, out: &mut Vec<u8>) -> Option<()> {
    let chunks = chunks(frames);
    let lengths = out.len();
    out.resize(lengths + 2 * chunks, 0);
    let mut rest = peaks;
    let mut writer = BitWriter::default();
    for chunk in 0..chunks {
        let start = chunk as u32 * CHUNK_TICKS;
        // The last chunk takes whatever lies beyond the last frame.
        let end = if chunk + 1 == chunks { u32::MAX } else { start + CHUNK_TICKS };
        let (own, after) = rest.split_at(rest.partition_point(|p| p.tick < end));
        rest = after;
        writer.gamma(own.len() as u32 + 1);
        let mut last = start;
        for peak in own {
            writer.rice(u64::from(peak.tick - last), STEP_PARAMETER);
            writer.push(u64::from(peak.pitch), pitch_bits);
            last = peak.tick;
        }
        let before = out.len();
        writer.take(out);
        let length = u16::try_from(out.len() - before).ok()?;
        out[lengths + 2 * chunk..][..2].copy_from_slice(&length.to_le_bytes());
    }
    Some(())
}

/// Appends the peaks of the chunks that overlap `ticks`, in order of time; their
/// strength is not stored and comes back as 0. Damaged bytes end a chunk early.
pub(super) fn decode(bytes: &[u8], frames: u32, pitch_bits: u32, ticks: Range<u32>, peaks: &mut Vec<Peak>) {
    let chunks = chunks(frames);
    let Some((lengths, body)) = bytes.split_at_checked(2 * chunks) else { return };
    let first = (ticks.start / CHUNK_TICKS) as usize;
    let last = (ticks.end.div_ceil(CHUNK_TICKS) as usize).min(chunks);
    let mut offset = 0;
    for (chunk, length) in lengths.as_chunks::<2>().0.iter().take(last).enumerate() {
        let end = offset + usize::from(u16::from_le_bytes(*length));
        if chunk >= first {
            let Some(bytes) = body.get(offset..end) else { return };
            let start = (chunk as u32).saturating_mul(CHUNK_TICKS);
            let end = if chunk + 1 == chunks { u32::MAX } else { start.saturating_add(CHUNK_TICKS) };
            decode_chunk(bytes, start..end, pitch_bits, peaks);
        }
        offset = end;
    }
}

fn decode_chunk(bytes: &[u8], ticks: Range<u32>, pitch_bits: u32, peaks: &mut Vec<Peak>) -> Option<()> {
    let mut reader = BitReader::new(bytes);
    // A peak takes more than a byte.
    let count = reader.gamma()?.min(bytes.len() as u32 + 1) - 1;
    let mut tick = ticks.start;
    peaks.reserve(count as usize);
    for _ in 0..count {
        let (step, pitch) = reader.rice_and(STEP_PARAMETER, pitch_bits)?;
        // Peaks stay in order, whatever is damaged.
        tick = tick.checked_add(u32::try_from(step).ok()?).filter(|tick| *tick < ticks.end)?;
        peaks.push(Peak { tick, pitch: pitch as u16, strength: 0 });
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    #[test]
    fn whole_constellations_and_passages_come_back() {
        let mut random = Random::new(4);
        let params = Params::default();
        let bits = pitch_bits(&params);
        for frames in [0_u32, 1, 511, 512, 513, 5000] {
            let ticks = u64::from(frames * TICKS_PER_FRAME);
            let mut peaks = match frames {
                0 => Vec::new(),
                _ => random.constellation(frames as usize, ticks, params.max_pitch()),
            };
            peaks.iter_mut().for_each(|p| p.strength = 0);
            let mut bytes = Vec::new();
            encode(&peaks, frames, bits, &mut bytes).unwrap();
            let mut found = Vec::new();
            decode(&bytes, frames, bits, 0..u32::MAX, &mut found);
            assert_eq!(found, peaks);
            for _ in 0..20 {
                let from = random.below(ticks + 1) as u32;
                let until = from + random.below(5000) as u32;
                found.clear();
                decode(&bytes, frames, bits, from..until, &mut found);
                let wanted: Vec<Peak> =
                    peaks.iter().filter(|p| (from..until).contains(&p.tick)).copied().collect();
                found.retain(|p| (from..until).contains(&p.tick));
                assert_eq!(found, wanted, "{frames} frames, ticks {from}..{until}");
            }
        }
    }

    #[test]
    fn damaged_bytes_do_not_panic() {
        let mut random = Random::new(6);
        let params = Params::default();
        let bits = pitch_bits(&params);
        let peaks = random.constellation(3000, 20_000, params.max_pitch());
        let mut bytes = Vec::new();
        encode(&peaks, 5000, bits, &mut bytes).unwrap();
        for _ in 0..2000 {
            let mut damaged = bytes.clone();
            let at = random.below(bytes.len() as u64) as usize;
            damaged[at] ^= 1 << random.below(8);
            damaged.truncate(bytes.len() - random.below(40) as usize);
            let mut found = Vec::new();
            decode(&damaged, 5000, bits, 0..u32::MAX, &mut found);
            assert!(found.len() <= damaged.len());
            assert!(found.is_sorted_by_key(|peak| peak.tick), "a search relies on it");
        }
    }
}
