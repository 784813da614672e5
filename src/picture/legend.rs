//! The words below the picture: what the marks and colours mean.

use super::colour::{FAINT_INK, INK, NOTHING, UNHEARD, scale};
use super::font::Font;
use super::image::{Area, Image, Rgb};
use super::marks;
use super::panel::{RANGE_DB, alone, faint};

/// One entry.
#[derive(Clone, Copy)]
pub(super) enum Entry {
    /// What the marks on both files mean, and their colour.
    Shared(&'static str, Rgb),
    Missing,
    Other,
    Levels,
    /// What is lightened.
    Outside(&'static str),
    /// Which file has no spectrogram.
    Unheard(&'static str),
    Nothing,
}

impl Entry {
    fn text(self) -> String {
        match self {
            Entry::Shared(text, _) | Entry::Outside(text) | Entry::Unheard(text) => text.to_owned(),
            Entry::Missing => "peak of B not in A".to_owned(),
            Entry::Other => "other peak".to_owned(),
            Entry::Levels => format!("{RANGE_DB:.0} dB up to the loudest of each file"),
            Entry::Nothing => "no audio, or not analysed".to_owned(),
        }
    }

    /// The sample beside the text.
    fn draw(self, image: &mut Image, sample: Area, mark: f32) {
        // What music between its notes looks like.
        image.fill(sample, scale(0.25), 1.0);
        let centre = ((sample.left + sample.width() / 2) as f32, (sample.top + sample.height() / 2) as f32);
        match self {
            Entry::Shared(_, colour) => marks::found(image, centre, mark, colour),
            Entry::Missing => marks::missing(image, centre, mark),
            Entry::Other => faint(image, centre, mark),
            Entry::Levels => {
                for x in sample.left..sample.right {
                    let level = (x - sample.left) as f32 / (sample.width() - 1) as f32;
                    image.fill(Area { left: x, right: x + 1, ..sample }, scale(level), 1.0);
                }
            }
            Entry::Outside(_) => marks::lighten(image, Area { right: centre.0 as i32, ..sample }),
            Entry::Unheard(_) => {
                image.fill(sample, UNHEARD, 1.0);
                let third = sample.width() as f32 / 3.0;
                for (x, y) in [(-third, -0.2), (0.0, 0.2), (third, -0.1)] {
                    alone(image, (centre.0 + x, centre.1 + y * sample.height() as f32), mark);
                }
            }
            Entry::Nothing => image.fill(sample, NOTHING, 1.0),
        }
        image.frame(sample, 1, FAINT_INK);
    }
}

/// Draws entries into `area`, from its top in as many lines as they take;
/// returns how many. Without an image it only counts.
pub(super) fn draw(
    mut image: Option<&mut Image>,
    area: Area,
    font: Font,
    entries: &[Entry],
    mark: f32,
) -> i32 {
    let height = font.height();
    let (mut x, mut lines) = (area.left, 1);
    for entry in entries {
        let sample = if matches!(entry, Entry::Levels) { 4 * height } else { 2 * height };
        let text = entry.text();
        let width = sample + font.letter() / 2 + font.width(&text);
        if x > area.left && x + width > area.right {
            (x, lines) = (area.left, lines + 1);
        }
        if let Some(image) = image.as_deref_mut() {
            let y = area.top + (lines - 1) * (height + height / 3);
            entry.draw(image, Area { left: x, top: y, right: x + sample, bottom: y + height }, mark);
            font.write(image, (x + sample + font.letter() / 2, y), &text, INK, false);
        }
        x += width + 2 * font.letter();
    }
    lines
}
