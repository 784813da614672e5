//! Pictures in fewer colours and bytes, for pages that hold many.

use std::collections::HashMap;
use std::io::{self, Write};

use super::Image;

/// Colours of the palette.
const MOST_COLOURS: usize = 64;

/// Colours of the palette are at least so far apart, as the square of their distance
/// in the cube of 256 a side. The scale of the spectrograms becomes about 30 steps,
/// which halves the bytes once more; beside each other they still look smooth.
const LEAST_DISTANCE: i32 = 18 * 18;

impl Image {
    /// Writes it as PNG with a palette of at most 64 colours: a third of the bytes of
    /// [`write_png`](Image::write_png).
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write_compact_png(&self, out: impl Write) -> io::Result<()> {
        let size = self.size();
        let mut counts: HashMap<[u8; 3], u32> = HashMap::new();
        let pixels = self.pixels().as_chunks::<3>().0;
        pixels.iter().for_each(|pixel| *counts.entry(*pixel).or_default() += 1);
        let mut colours: Vec<([u8; 3], u32)> = counts.into_iter().collect();
        // The most frequent first; no order of the map remains.
        colours.sort_unstable_by_key(|(colour, count)| (std::cmp::Reverse(*count), *colour));
        let mut palette: Vec<[u8; 3]> = Vec::new();
        for (colour, _) in &colours {
            if palette.len() == MOST_COLOURS {
                break;
            }
            if palette.iter().all(|chosen| distance(chosen, colour) >= LEAST_DISTANCE) {
                palette.push(*colour);
            }
        }
        let nearest = |colour: &[u8; 3]| {
            let distances = palette.iter().enumerate().map(|(i, chosen)| (distance(chosen, colour), i));
            distances.min().map_or(0, |(_, i)| i as u8)
        };
        let places: HashMap<[u8; 3], u8> =
            colours.iter().map(|(colour, _)| (*colour, nearest(colour))).collect();
        let indices: Vec<u8> = pixels.iter().map(|pixel| places.get(pixel).copied().unwrap_or(0)).collect();

        let mut encoder = png::Encoder::new(out, size.width, size.height);
        encoder.set_color(png::ColorType::Indexed);
        encoder.set_depth(png::BitDepth::Eight);
        encoder.set_palette(palette.concat());
        encoder.set_compression(png::Compression::High);
        encoder.set_filter(png::Filter::NoFilter);
        let mut writer = encoder.write_header()?;
        writer.write_image_data(&indices)?;
        Ok(writer.finish()?)
    }
}

fn distance(a: &[u8; 3], b: &[u8; 3]) -> i32 {
    a.iter().zip(b).map(|(a, b)| (i32::from(*a) - i32::from(*b)).pow(2)).sum()
}

#[cfg(test)]
mod tests {
    use super::super::image::Area;
    use super::super::{Image, Rgb, Size};

    #[test]
    fn colours_that_matter_stay_and_others_move_little() {
        let size = Size { width: 300, height: 200 };
        let mut image = Image::new(size, Rgb([255, 255, 255]));
        for x in 0..256 {
            let area = Area { left: x, top: 0, right: x + 1, bottom: 150 };
            image.fill(area, Rgb([x as u8, (x / 2) as u8, 255 - x as u8]), 1.0);
        }
        image.fill(Area { left: 10, top: 160, right: 30, bottom: 190 }, Rgb([64, 255, 220]), 1.0);
        let (mut compact, mut again) = (Vec::new(), Vec::new());
        image.write_compact_png(&mut compact).unwrap();
        image.write_compact_png(&mut again).unwrap();
        assert_eq!(compact, again);
        let mut decoder = png::Decoder::new(std::io::Cursor::new(&compact));
        decoder.set_transformations(png::Transformations::EXPAND);
        let mut reader = decoder.read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut pixels).unwrap();
        assert_eq!((info.width, info.height), (300, 200));
        for (x, y) in [(0, 199), (20, 170), (0, 0), (100, 50), (255, 149)] {
            let Some(Rgb(was)) = image.pixel(x, y) else { panic!("outside") };
            let at = 3 * (y as usize * 300 + x as usize);
            let is = [pixels[at], pixels[at + 1], pixels[at + 2]];
            let apart = super::distance(&was, &is);
            assert!(apart <= super::LEAST_DISTANCE, "{x} {y}: {was:?} became {is:?}");
            assert!(x == 0 && y == 199 || x != 20 || apart == 0, "a colour of many pixels is kept");
        }
    }
}
