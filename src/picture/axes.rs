//! Seconds and Hz to pixels, and what is written beside them.

use std::ops::Range;

use crate::matching::pair::Overlay;
use crate::text::clock;
use crate::units::Seconds;

use super::image::Area;

/// The axes of one panel: where a time and a frequency of its file stand.
#[derive(Clone)]
pub(super) struct Axes {
    pub area: Area,
    /// The query's seconds from the left edge to the right.
    range_s: Range<Seconds>,
    /// The query's Hz from the bottom to the top, on a logarithmic scale.
    band_hz: Range<f64>,
    /// How the panel's file lies on the query: the query itself as it is.
    overlay: Overlay,
}

impl Axes {
    pub fn new(area: Area, range_s: Range<Seconds>, band_hz: Range<f64>, overlay: Overlay) -> Self {
        Axes { area, range_s, band_hz, overlay }
    }

    /// Column of a time of the panel's file, as a fraction of pixels.
    pub fn x(&self, time_s: Seconds) -> f32 {
        let share =
            (self.overlay.query_s(time_s) - self.range_s.start) / (self.range_s.end - self.range_s.start);
        (f64::from(self.area.left) + share * f64::from(self.area.width())) as f32
    }

    /// Line of a frequency of the panel's file.
    pub fn y(&self, hz: f64) -> f32 {
        let share = (hz * self.overlay.frequency_ratio() / self.band_hz.start).ln() / self.span();
        (f64::from(self.area.bottom) - share * f64::from(self.area.height())) as f32
    }

    /// Time of the panel's file in the middle of a column.
    pub fn time_s(&self, x: i32) -> Seconds {
        let share = (f64::from(x - self.area.left) + 0.5) / f64::from(self.area.width());
        self.overlay.reference_s(self.range_s.start + share * (self.range_s.end - self.range_s.start))
    }

    /// Frequencies of the panel's file from the bottom of a line to its top.
    pub fn band_hz(&self, y: i32) -> Range<f64> {
        let hz = |line: i32| {
            let share = f64::from(self.area.bottom - line) / f64::from(self.area.height());
            self.band_hz.start * (share * self.span()).exp() / self.overlay.frequency_ratio()
        };
        hz(y + 1)..hz(y)
    }

    /// Whether a place is inside the panel.
    pub fn holds(&self, (x, y): (f32, f32)) -> bool {
        let Area { left, top, right, bottom } = self.area;
        (left as f32..right as f32).contains(&x) && (top as f32..bottom as f32).contains(&y)
    }

    fn span(&self) -> f64 {
        (self.band_hz.end / self.band_hz.start).ln()
    }

    /// Times of the panel's file with their labels, at least `distance` pixels
    /// apart, none before its beginning or after `end_s`.
    pub fn times(&self, distance: f32, end_s: Seconds) -> Vec<(f32, String)> {
        const STEPS_S: [f64; 15] =
            [0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1_800.0, 3_600.0];
        let per_second = self.x(1.0) - self.x(0.0);
        let step = STEPS_S.into_iter().find(|step| *step as f32 * per_second >= distance).unwrap_or(7_200.0);
        let (left, right) =
            (self.overlay.reference_s(self.range_s.start), self.overlay.reference_s(self.range_s.end));
        let first = (left.max(0.0) / step).ceil() as i64;
        let last = (right.min(end_s) / step).floor() as i64;
        (first..=last)
            .map(|i| i as f64 * step)
            .map(|time_s| (self.x(time_s), clock(time_s, usize::from(step < 1.0))))
            .collect()
    }

    /// Frequencies of the panel's file with their labels, at least `distance`
    /// pixels apart, rounder ones first.
    pub fn frequencies(&self, distance: f32) -> Vec<(f32, String)> {
        const ROUND_HZ: [u32; 12] = [200, 500, 1_000, 2_000, 5_000, 300, 3_000, 700, 1_500, 4_000, 150, 400];
        let mut placed: Vec<(f32, String)> = Vec::new();
        for hz in ROUND_HZ {
            let y = self.y(f64::from(hz));
            let free = placed.iter().all(|(other, _)| (other - y).abs() >= distance);
            if free && self.holds((self.area.left as f32, y)) {
                placed.push((y, hz.to_string()));
            }
        }
        placed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axes(overlay: Overlay) -> Axes {
        let area = Area { left: 100, top: 50, right: 1_100, bottom: 450 };
        Axes::new(area, 10.0..20.0, 180.0..5_760.0, overlay)
    }

    #[test]
    fn places_of_the_query_are_linear_in_seconds_and_octaves() {
        let axes = axes(Overlay::BEGINNINGS);
        assert_eq!((axes.x(10.0), axes.x(15.0), axes.x(20.0)), (100.0, 600.0, 1_100.0));
        // 180 to 5760 Hz are five octaves on 400 pixels.
        for (hz, y) in [(180.0, 450.0), (360.0, 370.0), (5_760.0, 50.0)] {
            assert!((axes.y(hz) - y).abs() < 1e-3, "{hz}");
        }
        assert!((axes.x(axes.time_s(600)) - 600.5).abs() < 1e-3);
        let band = axes.band_hz(370);
        assert!((axes.y(band.end) - 370.0).abs() < 1e-3 && (axes.y(band.start) - 371.0).abs() < 1e-3);
    }

    #[test]
    fn the_recording_stands_where_it_sounds_in_the_query() {
        let overlay = Overlay { reference_at_zero_s: 30.0, time_scale: 1.1, pitch_semitones: 12.0 };
        let axes = axes(overlay);
        // At 15 s of the query sounds 30 + 16.5 s, an octave higher.
        assert!((axes.x(46.5) - 600.0).abs() < 1e-3);
        assert!((axes.y(180.0) - 370.0).abs() < 1e-3);
        let labels: Vec<String> = axes.times(90.0, 48.5).into_iter().map(|(_, label)| label).collect();
        assert_eq!(labels, ["0:41", "0:42", "0:43", "0:44", "0:45", "0:46", "0:47", "0:48"]);
        assert!(axes.frequencies(20.0).iter().any(|(_, label)| label == "150"));
    }

    #[test]
    fn labels_keep_their_distance() {
        let axes = axes(Overlay::BEGINNINGS);
        for distance in [10.0, 40.0, 130.0, 900.0] {
            let times = axes.times(distance, 1e9);
            assert!(times.windows(2).all(|pair| pair[1].0 - pair[0].0 >= distance - 0.01), "{distance}");
            let mut lines: Vec<f32> = axes.frequencies(distance).into_iter().map(|(y, _)| y).collect();
            lines.sort_by(f32::total_cmp);
            assert!(lines.windows(2).all(|pair| pair[1] - pair[0] >= distance - 0.01), "{distance}");
        }
    }
}
