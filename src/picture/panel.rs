//! One spectrogram with its axes and faint peaks.

use super::axes::Axes;
use super::colour::{FAINT_INK, INK, NOTHING, OTHER, UNHEARD, scale};
use super::font::Font;
use super::image::{Area, Image};
use super::subject::Side;

/// Levels this far below the loudest are the darkest, in decibels: 60 dB is
/// what music and its room fill.
pub(super) const RANGE_DB: f32 = 60.0;

/// The level that counts as the loudest is at least this, in decibels of a sine
/// at full scale: silence, which the spectrum puts at -103 dB, is black.
const LEAST_LOUDEST_DB: f32 = -43.0;

/// Share of the values up to the level that counts as the loudest: what is
/// above are the few strongest partials.
const LOUDEST_SHARE: f64 = 0.998;

/// Where the labels of the times stand.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Labels {
    Above,
    Below,
}

/// A panel to be drawn.
pub(super) struct Panel<'a> {
    pub side: &'a Side,
    /// `A` or `B`.
    pub letter: &'static str,
    pub axes: &'a Axes,
    pub labels: Labels,
}

/// A peak that is not shared.
pub(super) fn faint(image: &mut Image, place: (f32, f32), mark: f32) {
    image.disc(place, 0.28 * mark, OTHER, 0.55);
}

/// A peak of a file of which nothing else is drawn.
pub(super) fn alone(image: &mut Image, place: (f32, f32), mark: f32) {
    image.disc(place, 0.36 * mark, OTHER, 0.9);
}

impl Panel<'_> {
    /// Draws the spectrogram and, faintly, all peaks; without a spectrogram the
    /// peaks plainly.
    pub fn draw(&self, image: &mut Image, mark: f32) {
        let Area { left, top, right, bottom } = self.axes.area;
        let spectrogram = self.side.spectrogram.as_ref();
        let loudest = spectrogram.and_then(|spectrogram| spectrogram.level_db(LOUDEST_SHARE));
        let loudest = loudest.unwrap_or(0.0).max(LEAST_LOUDEST_DB);
        let times: Vec<f64> = (left..right).map(|x| self.axes.time_s(x)).collect();
        for y in top..bottom {
            let band = self.axes.band_hz(y);
            for (x, time_s) in (left..right).zip(&times) {
                let inside = (0.0..=self.side.duration_s).contains(time_s);
                let level = spectrogram.map(|spectrogram| spectrogram.at_db(*time_s, band.clone()));
                let colour = match level {
                    Some(Some(db)) if inside => scale(1.0 + (db - loudest) / RANGE_DB),
                    None if inside => UNHEARD,
                    _ => NOTHING,
                };
                image.blend(x, y, colour, 1.0);
            }
        }
        for spot in &self.side.spots {
            let place = (self.axes.x(spot.time_s), self.axes.y(spot.hz));
            if self.axes.holds(place) {
                match spectrogram {
                    Some(_) => faint(image, place, mark),
                    None => alone(image, place, mark),
                }
            }
        }
    }

    /// Draws frame, ticks and labels.
    pub fn draw_axes(&self, image: &mut Image, font: Font, heading: Font) {
        let Area { left, top, right, bottom } = self.axes.area;
        let line = (font.height() / 14).max(1);
        let tick = font.height() / 3;
        image.frame(
            Area { left: left - line, top: top - line, right: right + line, bottom: bottom + line },
            line,
            INK,
        );
        for (y, label) in self.axes.frequencies(1.2 * font.height() as f32) {
            let y = y.round() as i32;
            image.fill(Area { left: left - tick, top: y, right: left, bottom: y + line }, INK, 1.0);
            let x = left - tick - font.letter() / 2 - font.width(&label);
            font.write(image, (x, y - font.height() / 2), &label, INK, false);
        }
        let above = self.labels == Labels::Above;
        let row = if above { top - tick - font.height() - line } else { bottom + tick + line };
        for (x, label) in self.axes.times(font.width("0:00:00.0   ") as f32, self.side.duration_s) {
            let column = x.round() as i32;
            let (from, until) = if above { (top - tick, top) } else { (bottom, bottom + tick) };
            image.fill(Area { left: column, top: from, right: column + line, bottom: until }, INK, 1.0);
            let start = column - font.width(&label) / 2;
            let most = image.size().width as i32 - font.width(&label);
            font.write(image, (start.clamp(left, most.max(left)), row), &label, INK, false);
        }
        let unit = if above { "time in A" } else { "time in B" };
        font.write(image, (font.letter(), row), unit, FAINT_INK, false);
        let y = (top + bottom - heading.height() - font.height()) / 2;
        heading.write(image, (font.letter(), y), self.letter, INK, true);
        font.write(image, (font.letter(), y + heading.height()), "Hz", FAINT_INK, false);
    }
}
