//! The colours, and the scale of the spectrograms.

use super::image::Rgb;

/// Behind everything.
pub(super) const PAPER: Rgb = Rgb([255, 255, 255]);
/// Text and axes.
pub(super) const INK: Rgb = Rgb([28, 28, 34]);
/// Text that explains.
pub(super) const FAINT_INK: Rgb = Rgb([96, 96, 106]);
/// Where a file has no audio.
pub(super) const NOTHING: Rgb = Rgb([214, 214, 220]);
/// Where a file has audio that is not at hand: below the colours of the scale, so
/// that it is not taken for silence.
pub(super) const UNHEARD: Rgb = Rgb([44, 46, 58]);
/// Laid over what is drawn beyond the match.
pub(super) const SHADE: Rgb = Rgb([255, 255, 255]);
/// Peaks that both share. The colour scale has no green and no blue brighter
/// than dark violet; it stands out for the colour-blind as well, being light.
pub(super) const SHARED: Rgb = Rgb([64, 255, 220]);
/// The same on paper, where a light green would not be seen.
pub(super) const SHARED_ON_PAPER: Rgb = Rgb([0, 150, 125]);
/// Peaks on the same place where nothing was recognised: the colour says
/// nothing, as they do.
pub(super) const COINCIDENCE: Rgb = Rgb([235, 235, 245]);
/// The same on paper.
pub(super) const COINCIDENCE_ON_PAPER: Rgb = Rgb([120, 120, 132]);
/// Other peaks.
pub(super) const OTHER: Rgb = Rgb([255, 255, 255]);
/// A halo that keeps light marks apart from light places.
pub(super) const HALO: Rgb = Rgb([0, 0, 4]);
/// Headlines: certain, to be listened to, negative.
pub(super) const CERTAIN: Rgb = Rgb([0, 112, 84]);
pub(super) const DOUBTFUL: Rgb = Rgb([168, 92, 0]);
pub(super) const NEGATIVE: Rgb = Rgb([184, 22, 40]);

/// The colour map *magma* at every eighth of its length, by van der Walt &
/// Smith for matplotlib (public domain, CC0): perceptually uniform, rising in
/// lightness, readable for the colour-blind and in grey.
const MAGMA: [[u8; 3]; 9] = [
    [0x00, 0x00, 0x04],
    [0x1d, 0x11, 0x47],
    [0x51, 0x12, 0x7c],
    [0x82, 0x26, 0x81],
    [0xb6, 0x36, 0x79],
    [0xe6, 0x51, 0x64],
    [0xfb, 0x88, 0x61],
    [0xfe, 0xc2, 0x87],
    [0xfc, 0xfd, 0xbf],
];

/// Steps of the scale: what an eye tells apart. More would only make the PNG
/// larger.
const STEPS: f32 = 64.0;

/// The colour of a level from 0 (nothing) to 1 (the loudest).
pub(super) fn scale(level: f32) -> Rgb {
    let level = (level.clamp(0.0, 1.0) * STEPS).round() / STEPS;
    let place = level * (MAGMA.len() - 1) as f32;
    let below = (place as usize).min(MAGMA.len() - 2);
    let share = place - below as f32;
    let mix = |channel: usize| {
        let (a, b) = (f32::from(MAGMA[below][channel]), f32::from(MAGMA[below + 1][channel]));
        (a + (b - a) * share).round() as u8
    };
    Rgb([mix(0), mix(1), mix(2)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scale_hits_its_control_points_and_gets_lighter_all_the_way() {
        for (i, colour) in MAGMA.iter().enumerate() {
            assert_eq!(scale(i as f32 / 8.0), Rgb(*colour));
        }
        // ITU-R BT.709 luma.
        let luma =
            |Rgb([r, g, b]): Rgb| 0.2126 * f32::from(r) + 0.7152 * f32::from(g) + 0.0722 * f32::from(b);
        let lightness: Vec<f32> = (0..=64).map(|i| luma(scale(i as f32 / 64.0))).collect();
        assert!(lightness.windows(2).all(|pair| pair[0] < pair[1]));
        assert_eq!((scale(-1.0), scale(9.0)), (Rgb(MAGMA[0]), Rgb(MAGMA[8])));
    }
}
