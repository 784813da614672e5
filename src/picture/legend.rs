//! The words below the picture: what the marks and colours mean.

use super::colour::{FAINT_INK, INK, OTHER, scale};
use super::comparison::Basis;
use super::font::Font;
use super::image::{Area, Image, Rgb};
use super::marks;
use super::panel::RANGE_DB;

/// One entry.
enum Entry {
    Shared(&'static str),
    Missing,
    Other,
    Levels,
    Outside,
}

impl Entry {
    fn text(&self) -> String {
        match self {
            Entry::Shared(text) => (*text).to_owned(),
            Entry::Missing => "peak of B not in A".to_owned(),
            Entry::Other => "other peak".to_owned(),
            Entry::Levels => format!("{RANGE_DB:.0} dB below the loudest, to the loudest"),
            Entry::Outside => "light: outside the match".to_owned(),
        }
    }
}

/// Draws the legend for a comparison into `area`, in as many lines as it takes;
/// returns how many.
pub(super) fn draw(
    image: Option<&mut Image>,
    area: Area,
    font: Font,
    basis: &Basis,
    colour: Rgb,
    mark: f32,
) -> i32 {
    let mut entries = Vec::new();
    match basis {
        Basis::Found { .. } => entries.push(Entry::Shared("same peak in A and B (lines join some)")),
        Basis::Candidate { .. } | Basis::Given => {
            entries.push(Entry::Shared("peak of A where one of B would be (chance gives some)"));
        }
        Basis::Nothing => {}
    }
    if !matches!(basis, Basis::Nothing) {
        entries.push(Entry::Missing);
    }
    entries.extend([Entry::Other, Entry::Levels]);
    if matches!(basis, Basis::Found { .. } | Basis::Candidate { .. }) {
        entries.push(Entry::Outside);
    }
    let (mut x, mut lines) = (area.left, 1);
    let height = font.height();
    let pitch = height + height / 3;
    let mut image = image;
    for entry in entries {
        let swatch = match entry {
            Entry::Levels => 8 * font.letter(),
            Entry::Outside => 0,
            _ => 2 * height,
        };
        let text = entry.text();
        let width = swatch + font.letter() / 2 + font.width(&text);
        if x > area.left && x + width > area.right {
            (x, lines) = (area.left, lines + 1);
        }
        let y = area.top + (lines - 1) * pitch;
        if let Some(image) = image.as_deref_mut() {
            let box_ = Area { left: x, top: y, right: x + swatch, bottom: y + height };
            let centre = ((x + swatch / 2) as f32, (y + height / 2) as f32);
            match entry {
                Entry::Shared(_) => {
                    image.fill(box_, scale(0.25), 1.0);
                    marks::found(image, centre, mark, colour);
                }
                Entry::Missing => {
                    image.fill(box_, scale(0.25), 1.0);
                    marks::missing(image, centre, mark);
                }
                Entry::Other => {
                    image.fill(box_, scale(0.25), 1.0);
                    image.disc(centre, 0.28 * mark, OTHER, 0.55);
                }
                Entry::Levels => {
                    for column in 0..swatch {
                        let colour = scale(column as f32 / (swatch - 1) as f32);
                        image.fill(Area { left: x + column, right: x + column + 1, ..box_ }, colour, 1.0);
                    }
                }
                Entry::Outside => {}
            }
            if swatch > 0 {
                image.frame(box_, 1, FAINT_INK);
            }
            let start = if swatch > 0 { x + swatch + font.letter() / 2 } else { x };
            font.write(image, (start, y), &text, INK, false);
        }
        x += width + 3 * font.letter();
    }
    lines
}
