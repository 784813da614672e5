//! Text, in Noto Sans Mono.

use noto_sans_mono_bitmap::{FontWeight, RasterHeight, get_raster, get_raster_width};

use super::image::{Image, Rgb};

/// A size of the typeface.
#[derive(Clone, Copy)]
pub(super) struct Font(RasterHeight);

/// Shown for letters that the typeface has not: those beyond Latin.
const UNKNOWN: char = '\u{fffd}';

impl Font {
    /// The largest size of at most `height` pixels a line.
    pub fn at_most(height: f32) -> Font {
        let sizes = [RasterHeight::Size32, RasterHeight::Size24, RasterHeight::Size20];
        Font(sizes.into_iter().find(|size| size.val() as f32 <= height).unwrap_or(RasterHeight::Size16))
    }

    /// Height of a line, in pixels.
    pub fn height(self) -> i32 {
        self.0.val() as i32
    }

    /// Width of a letter, in pixels.
    pub fn letter(self) -> i32 {
        get_raster_width(FontWeight::Regular, self.0) as i32
    }

    /// Width of `text`, in pixels.
    pub fn width(self, text: &str) -> i32 {
        self.letter() * text.chars().count() as i32
    }

    /// Writes `text` with its top left at (`x`, `y`).
    pub fn write(self, image: &mut Image, (x, y): (i32, i32), text: &str, colour: Rgb, bold: bool) {
        let weight = if bold { FontWeight::Bold } else { FontWeight::Regular };
        for (letter, left) in text.chars().zip((x..).step_by(self.letter() as usize)) {
            let raster = get_raster(letter, weight, self.0).or_else(|| get_raster(UNKNOWN, weight, self.0));
            let lines = raster.iter().flat_map(|raster| raster.rows());
            for (line, top) in lines.zip(y..) {
                for (value, column) in line.iter().zip(left..) {
                    image.blend(column, top, colour, f32::from(*value) / 255.0);
                }
            }
        }
    }
}

/// `text` in at most `letters` letters, cut in its middle: both ends of a file
/// name tell something.
pub(super) fn shortened(text: &str, letters: usize) -> String {
    const CUT: &str = "...";
    let all: Vec<char> = text.chars().collect();
    if all.len() <= letters {
        return text.to_owned();
    }
    let kept = letters.saturating_sub(CUT.len());
    let (front, back) = (kept.div_ceil(2), kept / 2);
    all[..front]
        .iter()
        .chain(CUT.chars().collect::<Vec<_>>().iter())
        .chain(&all[all.len() - back..])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_keep_both_ends() {
        assert_eq!(shortened("short.mp3", 9), "short.mp3");
        assert_eq!(shortened("a-very-long-name.mp3", 11), "a-ve....mp3");
        assert_eq!(shortened("äöüäöüäöü", 5), "ä...ü");
    }

    #[test]
    fn sizes_grow_and_unknown_letters_have_a_shape() {
        let heights: Vec<i32> = [0.0, 19.0, 20.0, 31.0, 99.0].map(|h| Font::at_most(h).height()).to_vec();
        assert_eq!(heights, [16, 16, 20, 24, 32]);
        for text in ["A", "é", "日"] {
            let mut image = Image::new(super::super::Size { width: 20, height: 20 }, Rgb([0; 3]));
            Font::at_most(16.0).write(&mut image, (2, 2), text, Rgb([255; 3]), true);
            assert!((0..400).any(|i| image.pixel(i % 20, i / 20) != Some(Rgb([0; 3]))), "{text}");
        }
    }
}
