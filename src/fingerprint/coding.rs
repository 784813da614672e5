//! The bytes of a dense constellation.
//!
//! Frames and peaks as u32, then one stream of bits in runs of [`RUN`] peaks,
//! each with the parameters that code it shortest: strengths and steps in time
//! of music vary with it by a factor of several.

use crate::bits::{BitReader, BitWriter};
use crate::params::{Params, TICKS_PER_FRAME};
use crate::peaks::Peak;

use super::Fingerprint;

/// Peaks that share parameters: two seconds of music, whose 20 bits of
/// parameters are 0.1 bits a peak.
const RUN: usize = 256;

/// Bits of a Rice parameter.
const PARAMETER_BITS: u32 = 4;

/// Bits of the smallest strength of a run.
const STRENGTH_BITS: u32 = 8;

/// Bits of a pitch.
fn pitch_bits(params: &Params) -> u32 {
    params.max_pitch().max(1).ilog2() + 1
}

/// The Rice parameter with which `values` take the fewest bits.
fn best_parameter(values: impl Iterator<Item = u32> + Clone) -> u32 {
    let bits = |k: u32| values.clone().map(|value| u64::from((value >> k) + 1 + k)).sum::<u64>();
    (0..1 << PARAMETER_BITS).min_by_key(|k| bits(*k)).unwrap_or(0)
}

/// The bytes of a constellation, whose peaks are in order of time. `None` if
/// they are not, if there are 2^32 of them, or a pitch is beyond the params.
pub(super) fn encode(fingerprint: &Fingerprint, params: &Params) -> Option<Vec<u8>> {
    let Fingerprint { peaks, frames } = fingerprint;
    let mut out = Vec::with_capacity(8 + 3 * peaks.len());
    out.extend_from_slice(&frames.to_le_bytes());
    out.extend_from_slice(&u32::try_from(peaks.len()).ok()?.to_le_bytes());
    if !fits(fingerprint, params) {
        return None;
    }
    let pitch_bits = pitch_bits(params);
    let mut writer = BitWriter::default();
    let mut before = 0;
    for run in peaks.chunks(RUN) {
        let starts = std::iter::once(before).chain(run.iter().map(|peak| peak.tick));
        let steps = starts.zip(run).map(|(before, peak)| peak.tick - before);
        let floor = run.iter().map(|peak| peak.strength).min().unwrap_or(0);
        let heights = run.iter().map(|peak| u32::from(peak.strength - floor));
        let step_parameter = best_parameter(steps.clone());
        let height_parameter = best_parameter(heights.clone());
        writer.push(u64::from(step_parameter), PARAMETER_BITS);
        writer.push(u64::from(height_parameter), PARAMETER_BITS);
        writer.push(u64::from(floor), STRENGTH_BITS);
        for ((step, height), peak) in steps.zip(heights).zip(run) {
            writer.rice(u64::from(step), step_parameter);
            writer.push(u64::from(peak.pitch), pitch_bits);
            writer.rice(u64::from(height), height_parameter);
        }
        before = run.last().map_or(before, |peak| peak.tick);
    }
    writer.take(&mut out);
    Some(out)
}

/// Blocks whose peaks can lie within the length of one, as peaks are placed up to a
/// frame beside the one they were found in.
const BLOCKS_IN_ONE: usize = 3;

/// Whether the peaks are in order of time, within what frames and params allow, and
/// no denser: the cost of a search grows with the square of those at one place.
fn fits(fingerprint: &Fingerprint, params: &Params) -> bool {
    let end = u64::from(fingerprint.frames) * u64::from(TICKS_PER_FRAME);
    let within = |peak: &Peak| u64::from(peak.tick) < end && u32::from(peak.pitch) <= params.max_pitch();
    let most = BLOCKS_IN_ONE * params.dense_peaks_per_block as usize;
    let apart = |(early, late): (&Peak, &Peak)| late.tick - early.tick >= params.block_ticks();
    fingerprint.peaks.is_sorted_by_key(|peak| peak.tick)
        && fingerprint.peaks.iter().all(within)
        && fingerprint.peaks.iter().zip(fingerprint.peaks.iter().skip(most)).all(apart)
}

/// The constellation that [`encode`] gave these bytes; `None` if it gave no
/// such bytes. Memory is bounded by their length.
pub(super) fn decode(bytes: &[u8], params: &Params) -> Option<Fingerprint> {
    let (frames, rest) = bytes.split_first_chunk::<4>()?;
    let (count, stream) = rest.split_first_chunk::<4>()?;
    let (frames, count) = (u32::from_le_bytes(*frames), u32::from_le_bytes(*count) as usize);
    let pitch_bits = pitch_bits(params);
    // Two Rice codes have a bit at least.
    if count as u64 * u64::from(pitch_bits + 2) > 8 * stream.len() as u64 {
        return None;
    }
    let mut reader = BitReader::new(stream);
    let mut peaks = Vec::with_capacity(count);
    let mut tick = 0_u32;
    while peaks.len() < count {
        let step_parameter = reader.take(PARAMETER_BITS) as u32;
        let height_parameter = reader.take(PARAMETER_BITS) as u32;
        let floor = reader.take(STRENGTH_BITS);
        for _ in 0..RUN.min(count - peaks.len()) {
            let (step, pitch) = reader.rice_and(step_parameter, pitch_bits)?;
            let height = reader.rice(height_parameter)?;
            tick = tick.checked_add(u32::try_from(step).ok()?)?;
            let strength = u8::try_from(floor.checked_add(height)?).ok()?;
            peaks.push(Peak { tick, pitch: pitch as u16, strength });
        }
    }
    let fingerprint = Fingerprint { peaks, frames };
    (reader.bytes_read() == stream.len() && fits(&fingerprint, params)).then_some(fingerprint)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    fn example(random: &mut Random, count: usize, frames: u32, params: &Params) -> Fingerprint {
        let ticks = u64::from(frames * TICKS_PER_FRAME);
        let peaks =
            if frames == 0 { Vec::new() } else { random.constellation(count, ticks, params.max_pitch()) };
        Fingerprint { peaks, frames }
    }

    #[test]
    fn constellations_come_back() {
        let mut random = Random::new(11);
        let params = Params::default();
        for (count, frames) in
            [(0, 0), (0, 9), (1, 1), (255, 90), (256, 90), (257, 900), (9000, 3000), (40, 4_000_000)]
        {
            let fingerprint = example(&mut random, count, frames, &params);
            let bytes = encode(&fingerprint, &params).expect("fits");
            assert_eq!(decode(&bytes, &params), Some(fingerprint), "{count} peaks in {frames} frames");
        }
    }

    #[test]
    fn extremes_come_back() {
        let params = Params::default();
        let peak = |tick, pitch, strength| Peak { tick, pitch, strength };
        let top = params.max_pitch() as u16;
        let peaks = vec![peak(0, 0, 255), peak(0, top, 0), peak(0, 3, 7), peak(u32::MAX / 8, top, 255)];
        let fingerprint = Fingerprint { peaks, frames: u32::MAX / 8 };
        let bytes = encode(&fingerprint, &params).expect("fits");
        assert_eq!(decode(&bytes, &params), Some(fingerprint));
    }

    #[test]
    fn what_no_fingerprinter_makes_is_refused() {
        let params = Params::default();
        let peak = |tick, pitch| Peak { tick, pitch, strength: 1 };
        let of = |peaks: Vec<Peak>, frames| encode(&Fingerprint { peaks, frames }, &params);
        assert!(of(vec![peak(5, 1), peak(4, 1)], 10).is_none(), "out of order");
        assert!(of(vec![peak(40, 1)], 10).is_none(), "after the end");
        assert!(of(vec![peak(4, params.max_pitch() as u16 + 1)], 10).is_none(), "too high");
        let crowd = |count| (0..count).map(|at| peak(at / 9, at as u16 % 900)).collect::<Vec<_>>();
        assert!(of(crowd(300), 900).is_some());
        assert!(of(crowd(301), 900).is_none(), "too many at one place");
    }

    #[test]
    fn damaged_bytes_give_nothing_or_what_may_be_searched() {
        let mut random = Random::new(12);
        let params = Params::default();
        let fingerprint = example(&mut random, 2000, 700, &params);
        let bytes = encode(&fingerprint, &params).expect("fits");
        let mut refused = 0;
        for _ in 0..4000 {
            let mut damaged = bytes.clone();
            let at = random.below(bytes.len() as u64) as usize;
            damaged[at] ^= 1 << random.below(8);
            damaged.truncate(bytes.len() - random.below(3) as usize);
            match decode(&damaged, &params) {
                Some(found) => assert!(fits(&found, &params) && found.peaks.len() <= damaged.len()),
                None => refused += 1,
            }
        }
        assert!(refused > 2000, "{refused}");
        for length in 0..bytes.len() {
            assert_eq!(decode(&bytes[..length], &params), None, "cut at {length}");
        }
        let mut many = bytes.clone();
        many[4..8].copy_from_slice(&u32::MAX.to_le_bytes());
        assert_eq!(decode(&many, &params), None, "more peaks than bits");
    }
}
