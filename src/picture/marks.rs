//! What both files share.

use std::ops::Range;

use crate::matching::pair::{SharedPeaks, Spot};
use crate::units::Seconds;

use super::axes::Axes;
use super::colour::{HALO, INK, SHADE};
use super::image::{Area, Image, Rgb};

/// Joining lines are about this many marks apart: enough to follow, few enough
/// to see the spectrograms.
const MARKS_BETWEEN_LINES: f32 = 9.0;

/// Column and line, as fractions of pixels.
type Place = (f32, f32);

/// The panels, what they share, and how it is drawn.
pub(super) struct Marks<'a> {
    pub query: &'a Axes,
    pub recording: &'a Axes,
    pub shared: &'a SharedPeaks,
    pub colour: Rgb,
    /// The same colour between the panels.
    pub colour_on_paper: Rgb,
    /// Radius of a mark, in pixels.
    pub radius: f32,
}

impl Marks<'_> {
    /// Draws the joining lines, then the marks over them.
    pub fn draw(&self, image: &mut Image) {
        let places: Vec<(Place, Place)> = self
            .shared
            .found
            .iter()
            .map(|(query, reference)| (place(self.query, query), place(self.recording, reference)))
            .filter(|(above, below)| self.query.holds(*above) && self.recording.holds(*below))
            .collect();
        self.join(image, &places);
        for spot in &self.shared.missing {
            let place = place(self.recording, spot);
            if self.recording.holds(place) {
                missing(image, place, self.radius);
            }
        }
        for place in places.iter().flat_map(|(above, below)| [above, below]) {
            found(image, *place, self.radius, self.colour);
        }
    }

    /// Between the panels a stroke for every pair; over them whole lines for
    /// some, spread evenly.
    fn join(&self, image: &mut Image, places: &[(Place, Place)]) {
        let (top, bottom) = (self.query.area.bottom as f32, self.recording.area.top as f32);
        let width = (self.radius / 3.5).max(1.0);
        let mut last = f32::MIN;
        for (above, below) in places {
            let at = |y: f32| above.0 + (below.0 - above.0) * (y - above.1) / (below.1 - above.1);
            image.descent((at(top), top), (at(bottom), bottom), width, self.colour_on_paper, 0.8);
            if above.0 - last >= MARKS_BETWEEN_LINES * self.radius {
                last = above.0;
                let start = (above.0, above.1 + self.radius);
                image.descent(start, (at(top), top), width, self.colour, 0.45);
                image.descent(
                    (at(bottom), bottom),
                    (below.0, below.1 - self.radius),
                    width,
                    self.colour,
                    0.45,
                );
            }
        }
    }
}

/// A peak that both have.
pub(super) fn found(image: &mut Image, place: Place, radius: f32, colour: Rgb) {
    let width = (radius / 2.6).max(1.0);
    image.ring(place, radius, width + 1.6, HALO, 0.7);
    image.ring(place, radius, width, colour, 1.0);
}

/// A peak of the recording that the query has not: a cross.
pub(super) fn missing(image: &mut Image, (x, y): Place, radius: f32) {
    let reach = (0.62 * radius).round() as i32;
    let (x, y) = (x.round() as i32, y.round() as i32);
    for step in -reach..=reach {
        for y in [y + step, y - step] {
            image.blend(x + step, y, SHADE, 0.75);
            image.blend(x + step + 1, y, SHADE, 0.35);
        }
    }
}

/// Lightens what lies outside the range in which the match holds, and draws
/// its borders.
pub(super) fn hold(image: &mut Image, axes: &Axes, held_s: &Range<Seconds>, width: i32) {
    let Area { left, right, .. } = axes.area;
    let column = |time_s: Seconds| (axes.x(time_s).round() as i32).clamp(left, right);
    let (from, until) = (column(held_s.start), column(held_s.end));
    lighten(image, Area { right: from, ..axes.area });
    lighten(image, Area { left: until, ..axes.area });
    for x in [from - width, until] {
        if (left..right).contains(&x) {
            image.fill(Area { left: x, right: x + width, ..axes.area }, INK, 1.0);
        }
    }
}

/// What is outside the match looks so.
pub(super) fn lighten(image: &mut Image, area: Area) {
    image.fill(area, SHADE, 0.4);
}

fn place(axes: &Axes, spot: &Spot) -> Place {
    (axes.x(spot.time_s), axes.y(spot.hz))
}
