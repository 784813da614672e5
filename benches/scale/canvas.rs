//! Pixels, lines and text.

use std::io::{self, Write};

use noto_sans_mono_bitmap::{FontWeight, RasterHeight, get_raster, get_raster_width};

/// Red, green, blue.
pub type Rgb = [u8; 3];

/// A picture.
pub struct Canvas {
    width: usize,
    height: usize,
    pixels: Vec<Rgb>,
}

/// Height of a line of text, in pixels.
pub const LINE: f64 = 16.0;

impl Canvas {
    /// A white picture.
    pub fn new(width: usize, height: usize) -> Canvas {
        Canvas { width, height, pixels: vec![[255; 3]; width * height] }
    }

    /// Width of a text, in pixels.
    pub fn text_width(text: &str) -> f64 {
        (text.chars().count() * get_raster_width(FontWeight::Regular, RasterHeight::Size16)) as f64
    }

    /// Lays a colour over a pixel. Outside nothing happens.
    fn blend(&mut self, x: f64, y: f64, colour: Rgb, opacity: f64) {
        if x < 0.0 || y < 0.0 || x >= self.width as f64 || y >= self.height as f64 {
            return;
        }
        for (old, new) in self.pixels[y as usize * self.width + x as usize].iter_mut().zip(colour) {
            let mixed = f64::from(*old) + (f64::from(new) - f64::from(*old)) * opacity.clamp(0.0, 1.0);
            *old = mixed.round() as u8;
        }
    }

    /// A straight line, `width` pixels wide, with smooth edges and round ends.
    pub fn line(&mut self, from: (f64, f64), to: (f64, f64), width: f64, colour: Rgb) {
        let reach = width / 2.0 + 1.0;
        let (dx, dy) = (to.0 - from.0, to.1 - from.1);
        let length2 = (dx * dx + dy * dy).max(1e-9);
        let span = |a: f64, b: f64| ((a.min(b) - reach).floor() as i64, (a.max(b) + reach).ceil() as i64);
        let ((left, right), (top, bottom)) = (span(from.0, to.0), span(from.1, to.1));
        for y in top..=bottom {
            for x in left..=right {
                let (x, y) = (x as f64, y as f64);
                let along = (((x - from.0) * dx + (y - from.1) * dy) / length2).clamp(0.0, 1.0);
                let distance = (x - from.0 - along * dx).hypot(y - from.1 - along * dy);
                let cover = width / 2.0 + 0.5 - distance;
                if cover > 0.0 {
                    self.blend(x, y, colour, cover);
                }
            }
        }
    }

    /// A disc.
    pub fn disc(&mut self, centre: (f64, f64), radius: f64, colour: Rgb) {
        self.line(centre, centre, 2.0 * radius, colour);
    }

    /// Text with its top left at a place.
    pub fn text(&mut self, (x, y): (f64, f64), text: &str, colour: Rgb, bold: bool) {
        let weight = if bold { FontWeight::Bold } else { FontWeight::Regular };
        let step = get_raster_width(weight, RasterHeight::Size16);
        for (number, letter) in text.chars().enumerate() {
            let left = x.round() + (number * step) as f64;
            let raster = get_raster(letter, weight, RasterHeight::Size16);
            for (row, line) in raster.iter().flat_map(|r| r.rows()).zip(0..) {
                for (value, column) in row.iter().zip(0..) {
                    let place = (left + f64::from(column), y.round() + f64::from(line));
                    self.blend(place.0, place.1, colour, f64::from(*value) / 255.0);
                }
            }
        }
    }

    /// Writes it as PNG.
    ///
    /// # Errors
    /// If `out` cannot be written.
    pub fn write_png(&self, out: impl Write) -> io::Result<()> {
        let mut encoder = png::Encoder::new(out, self.width as u32, self.height as u32);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        let mut writer = encoder.write_header()?;
        writer.write_image_data(self.pixels.as_flattened())?;
        Ok(writer.finish()?)
    }
}
