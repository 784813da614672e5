//! Any channels and sample format to mono `f32`.

use fearless_simd::{Level, dispatch};
use symphonia::core::audio::conv::FromSample;
use symphonia::core::audio::sample::Sample;
use symphonia::core::audio::{Audio, AudioBuffer, GenericAudioBufferRef};

use super::balance::Balance;

/// Largest magnitude taken. Full scale is 1; mastering headroom stays below 64
/// (36 dB). Infinities, NaN and values above come only from damage, and one of them
/// would spread over a whole spectrum.
pub(super) const MAX_MAGNITUDE: f32 = 64.0;

/// What is above cannot be a number that somebody meant: 2^100.
const MAX_NUMBER: f32 = 1.267_650_6e30;

/// Does something with the planes of a buffer and with what a sample becomes that is
/// no number.
macro_rules! each_format {
    ($buffer:expr, $planes:ident, $taken:ident => $do:expr) => {
        match $buffer {
            GenericAudioBufferRef::U8($planes) => {
                let $taken = |s| s;
                $do
            }
            GenericAudioBufferRef::U16($planes) => {
                let $taken = |s| s;
                $do
            }
            GenericAudioBufferRef::U24($planes) => {
                let $taken = |s| s;
                $do
            }
            GenericAudioBufferRef::U32($planes) => {
                let $taken = |s| s;
                $do
            }
            GenericAudioBufferRef::S8($planes) => {
                let $taken = |s| s;
                $do
            }
            GenericAudioBufferRef::S16($planes) => {
                let $taken = |s| s;
                $do
            }
            GenericAudioBufferRef::S24($planes) => {
                let $taken = |s| s;
                $do
            }
            GenericAudioBufferRef::S32($planes) => {
                let $taken = |s| s;
                $do
            }
            GenericAudioBufferRef::F32($planes) => {
                let $taken = number;
                $do
            }
            GenericAudioBufferRef::F64($planes) => {
                let $taken = number;
                $do
            }
        }
    };
}

/// Writes the mean of the channels of `buffer` to `mono`, replacing what it
/// held: one sample per frame, full scale ±1 unless it was beyond in the file. What of
/// the channels the mean does not hold is counted in `balance`.
///
/// The mean and not a loudness-preserving sum, because it cannot clip and the
/// fingerprint does not depend on level. Every channel counts, that of low-frequency
/// effects too: nobody but the file says that there are only effects in it.
pub(super) fn to_mono(buffer: &GenericAudioBufferRef<'_>, mono: &mut Vec<f32>, balance: &mut Balance) {
    mono.resize(buffer.frames(), 0.0);
    // Plain loops, compiled once per set of instructions.
    dispatch!(Level::new(), _simd => mix(buffer, mono));
    if buffer.num_planes() > 1 {
        dispatch!(Level::new(), _simd => weigh(buffer, mono, balance));
        balance.end(mono, buffer.spec().rate());
    }
}

/// Writes one channel of `buffer`, numbered from 0, to `mono`; false if there is none.
pub(super) fn one(buffer: &GenericAudioBufferRef<'_>, channel: usize, mono: &mut Vec<f32>) -> bool {
    mono.resize(buffer.frames(), 0.0);
    each_format!(buffer, planes, taken => plane(planes, channel, mono, taken))
}

#[inline(always)]
fn mix(buffer: &GenericAudioBufferRef<'_>, mono: &mut [f32]) {
    each_format!(buffer, b, taken => planes(*b, mono, taken))
}

#[inline(always)]
fn weigh(buffer: &GenericAudioBufferRef<'_>, mono: &[f32], balance: &mut Balance) {
    each_format!(buffer, b, taken => {
        for channel in 0..b.num_planes() {
            let samples = b.plane(channel).unwrap_or_default();
            balance.add(channel, samples.iter().map(|&s| taken(f32::from_sample(s))), mono);
        }
    });
}

fn plane<S: Sample>(
    buffer: &AudioBuffer<S>,
    channel: usize,
    mono: &mut [f32],
    taken: impl Fn(f32) -> f32,
) -> bool
where
    f32: FromSample<S>,
{
    let Some(samples) = buffer.plane(channel) else { return false };
    for (to, &s) in mono.iter_mut().zip(samples) {
        *to = taken(f32::from_sample(s));
    }
    true
}

/// Writes the mean of the channels, each after `taken`, to `mono`, which is as long as
/// they are. A channel of nonsense does not silence the others.
#[inline(always)]
fn planes<S: Sample>(buffer: &AudioBuffer<S>, mono: &mut [f32], taken: impl Fn(f32) -> f32)
where
    f32: FromSample<S>,
{
    let count = buffer.num_planes();
    if let (1, Some(only)) = (count, buffer.plane(0)) {
        for (to, &s) in mono.iter_mut().zip(only) {
            *to = taken(f32::from_sample(s));
        }
    } else if let (2, Some((left, right))) = (count, (count == 2).then(|| buffer.plane_pair(0, 1)).flatten())
    {
        for ((to, &l), &r) in mono.iter_mut().zip(left).zip(right) {
            *to = 0.5 * (taken(f32::from_sample(l)) + taken(f32::from_sample(r)));
        }
    } else {
        mono.fill(0.0);
        let scale = 1.0 / count.max(1) as f32;
        for plane in (0..count).filter_map(|i| buffer.plane(i)) {
            for (to, &s) in mono.iter_mut().zip(plane) {
                *to += scale * taken(f32::from_sample(s));
            }
        }
    }
}

/// The sample, or silence for what is no number.
#[inline(always)]
fn number(sample: f32) -> f32 {
    // False for NaN too.
    if sample.abs() <= MAX_NUMBER { sample } else { 0.0 }
}

/// Puts silence in place of what cannot be audio.
pub(super) fn clean(mono: &mut [f32]) {
    mono.iter_mut().for_each(|s| *s = cleaned(*s));
}

/// The sample, or silence for what cannot be audio.
#[inline(always)]
pub(super) fn cleaned(sample: f32) -> f32 {
    // False for NaN too.
    if sample.abs() <= MAX_MAGNITUDE { sample } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use symphonia::core::audio::layouts::{CHANNEL_LAYOUT_5P1, CHANNEL_LAYOUT_STEREO};
    use symphonia::core::audio::{AsGenericAudioBufferRef, AudioMut, AudioSpec, Channels};

    use super::*;

    fn buffer<S: Sample>(
        layout: Channels,
        frames: usize,
        value: impl Fn(usize, usize) -> S,
    ) -> AudioBuffer<S> {
        let channels = layout.count();
        let mut buffer = AudioBuffer::new(AudioSpec::new(48_000, layout), frames);
        buffer.render_uninit(Some(frames));
        for c in 0..channels {
            for (i, s) in buffer.plane_mut(c).unwrap().iter_mut().enumerate() {
                *s = value(c, i);
            }
        }
        buffer
    }

    #[test]
    fn stereo_is_the_mean_of_both() {
        let b = buffer(CHANNEL_LAYOUT_STEREO, 4, |c, i| if c == 0 { 8192_i16 } else { (i as i16) * 4096 });
        let mut mono = vec![9.0; 3];
        to_mono(&b.as_generic_audio_buffer_ref(), &mut mono, &mut Balance::default());
        assert_eq!(mono, [0.125, 0.1875, 0.25, 0.3125]);
    }

    #[test]
    fn every_channel_counts() {
        for silent in 0..6 {
            let b = buffer(CHANNEL_LAYOUT_5P1, 2, |c, _| if c == silent { 0.6_f32 } else { 0.0 });
            let mut mono = Vec::new();
            to_mono(&b.as_generic_audio_buffer_ref(), &mut mono, &mut Balance::default());
            assert!(mono.iter().all(|s| (s - 0.1).abs() < 1e-6), "{mono:?}");
        }
    }

    #[test]
    fn discrete_channels_all_count() {
        let b = buffer(Channels::Discrete(4), 1, |c, _| c as f32);
        let mut mono = Vec::new();
        to_mono(&b.as_generic_audio_buffer_ref(), &mut mono, &mut Balance::default());
        assert_eq!(mono, [1.5]);
    }

    #[test]
    fn not_a_number_becomes_silence_in_its_channel() {
        let bad = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 1e31, 0.5];
        for (layout, due) in [(CHANNEL_LAYOUT_STEREO, 0.25), (CHANNEL_LAYOUT_5P1, 0.5 * 5.0 / 6.0)] {
            let b = buffer(layout, 5, |c, i| if c == 0 { bad[i] } else { 0.5 });
            let mut mono = Vec::new();
            to_mono(&b.as_generic_audio_buffer_ref(), &mut mono, &mut Balance::default());
            assert!(mono[..4].iter().all(|s| (s - due).abs() < 1e-6) && mono[4] == 0.5, "{mono:?}");
        }
    }
}
