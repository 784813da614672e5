//! Pixels, the few shapes that are needed, and PNG.

use std::io::{self, Write};

/// A colour: red, green, blue, each 0 to 255 (sRGB).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rgb(pub [u8; 3]);

/// Width and height of a picture, in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Pixels in a line.
    pub width: u32,
    /// Lines.
    pub height: u32,
}

impl Size {
    /// The smallest picture: below it the words do not fit.
    pub const SMALLEST: Size = Size { width: 800, height: 600 };
    /// The largest picture; 72 MB while it is drawn.
    pub const LARGEST: Size = Size { width: 6_000, height: 4_000 };

    /// The nearest size within the two above.
    pub fn clamped(self) -> Size {
        Size {
            width: self.width.clamp(Self::SMALLEST.width, Self::LARGEST.width),
            height: self.height.clamp(Self::SMALLEST.height, Self::LARGEST.height),
        }
    }
}

impl Default for Size {
    /// 1600 x 1000: fills a screen, and a page in landscape.
    fn default() -> Self {
        Size { width: 1_600, height: 1_000 }
    }
}

/// A picture in memory, three bytes a pixel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    size: Size,
    /// Red, green and blue of each pixel, line by line from the top left.
    pixels: Vec<u8>,
}

/// A rectangle of pixels; right and bottom are not part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Area {
    pub left: i32,
    pub top: i32,
    pub right: i32,
    pub bottom: i32,
}

impl Area {
    pub fn width(&self) -> i32 {
        self.right - self.left
    }

    pub fn height(&self) -> i32 {
        self.bottom - self.top
    }
}

impl Image {
    /// A picture of one colour.
    pub fn new(size: Size, colour: Rgb) -> Self {
        Image { size, pixels: colour.0.repeat(size.width as usize * size.height as usize) }
    }

    /// Its size.
    pub fn size(&self) -> Size {
        self.size
    }

    /// Red, green and blue of each pixel, line by line from the top left.
    pub(super) fn pixels(&self) -> &[u8] {
        &self.pixels
    }

    /// The colour of a pixel, counted from the top left; none outside.
    pub fn pixel(&self, x: u32, y: u32) -> Option<Rgb> {
        let at = self.offset(i32::try_from(x).ok()?, i32::try_from(y).ok()?)?;
        self.pixels.get(at..at + 3)?.try_into().ok().map(Rgb)
    }

    /// Writes it as PNG.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write_png(&self, out: impl Write) -> io::Result<()> {
        let mut encoder = png::Encoder::new(out, self.size.width, self.size.height);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        encoder.set_compression(png::Compression::High);
        // Measured: a quarter smaller than with any filter, as there are few
        // colours and their differences are many.
        encoder.set_filter(png::Filter::NoFilter);
        let mut writer = encoder.write_header()?;
        writer.write_image_data(&self.pixels)?;
        Ok(writer.finish()?)
    }

    fn offset(&self, x: i32, y: i32) -> Option<usize> {
        let (x, y) = (u32::try_from(x).ok()?, u32::try_from(y).ok()?);
        let inside = x < self.size.width && y < self.size.height;
        inside.then(|| (y as usize * self.size.width as usize + x as usize) * 3)
    }

    /// Lays a colour over a pixel; `opacity` 0 to 1. Outside nothing happens.
    pub(super) fn blend(&mut self, x: i32, y: i32, colour: Rgb, opacity: f32) {
        let Some(at) = self.offset(x, y) else { return };
        for (old, new) in self.pixels[at..at + 3].iter_mut().zip(colour.0) {
            let mixed = f32::from(*old) + (f32::from(new) - f32::from(*old)) * opacity.clamp(0.0, 1.0);
            *old = mixed.round() as u8;
        }
    }

    pub(super) fn fill(&mut self, area: Area, colour: Rgb, opacity: f32) {
        for y in area.top..area.bottom {
            for x in area.left..area.right {
                self.blend(x, y, colour, opacity);
            }
        }
    }

    /// The outline of an area, `width` pixels wide, inside it.
    pub(super) fn frame(&mut self, area: Area, width: i32, colour: Rgb) {
        let Area { left, top, right, bottom } = area;
        self.fill(Area { bottom: top + width, ..area }, colour, 1.0);
        self.fill(Area { top: bottom - width, ..area }, colour, 1.0);
        self.fill(Area { right: left + width, ..area }, colour, 1.0);
        self.fill(Area { left: right - width, ..area }, colour, 1.0);
    }

    /// A line that goes down from `from` to `until`, which may lean, with
    /// smooth edges.
    pub(super) fn descent(
        &mut self,
        from: (f32, f32),
        until: (f32, f32),
        width: f32,
        colour: Rgb,
        opacity: f32,
    ) {
        let height = until.1 - from.1;
        for y in from.1.round() as i32..until.1.round() as i32 {
            let share = if height > 0.0 { (y as f32 - from.1) / height } else { 0.0 };
            let middle = from.0 + (until.0 - from.0) * share;
            let reach = (width / 2.0).ceil() as i32 + 1;
            for x in middle.round() as i32 - reach..=middle.round() as i32 + reach {
                let cover = (width / 2.0 + 0.5 - (x as f32 - middle).abs()).clamp(0.0, 1.0);
                self.blend(x, y, colour, cover * opacity);
            }
        }
    }

    /// A ring around a place: the line of a circle, `width` pixels wide.
    pub(super) fn ring(&mut self, centre: (f32, f32), radius: f32, width: f32, colour: Rgb, opacity: f32) {
        let cover = |distance: f32| width / 2.0 + 0.5 - (distance - radius).abs();
        self.round(centre, radius + width, cover, colour, opacity);
    }

    pub(super) fn disc(&mut self, centre: (f32, f32), radius: f32, colour: Rgb, opacity: f32) {
        self.round(centre, radius + 1.0, |distance| radius + 0.5 - distance, colour, opacity);
    }

    fn round(
        &mut self,
        centre: (f32, f32),
        reach: f32,
        cover: impl Fn(f32) -> f32,
        colour: Rgb,
        opacity: f32,
    ) {
        let reach = reach.ceil() as i32 + 1;
        let (column, line) = (centre.0.round() as i32, centre.1.round() as i32);
        for y in line - reach..=line + reach {
            for x in column - reach..=column + reach {
                let distance = (x as f32 - centre.0).hypot(y as f32 - centre.1);
                self.blend(x, y, colour, cover(distance).clamp(0.0, 1.0) * opacity);
            }
        }
    }
}
