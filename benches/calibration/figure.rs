//! `calibration.svg`: observed against promised, both axes logarithmic.

use std::fmt::Write;

use crate::counts::{Count, Results, Size, promised_rate, thresholds};
use crate::summary::short;

const WIDTH: f64 = 860.0;
const HEIGHT: f64 = 640.0;
/// The frame of the plot.
const LEFT: f64 = 92.0;
const RIGHT: f64 = 836.0;
const TOP: f64 = 74.0;
const BOTTOM: f64 = 560.0;

/// Decades of the threshold.
const DECADES: (i32, i32) = (-4, 1);

/// Okabe and Ito's colours, which the colour-blind can tell apart.
const COLOURS: [&str; 5] = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00"];

/// Decades between the thresholds at which two sizes are counted, so that their
/// intervals stand side by side and every mark where it belongs.
const APART: f64 = 0.06;

struct Plot {
    text: String,
    /// Lowest decade of the rate.
    lowest: i32,
}

/// The figure.
pub fn svg(results: &Results) -> String {
    let sizes = results.sizes();
    let queries = sizes.first().map_or(1, |size| size.rows.len()).max(1);
    // One match in all queries stands at least a third of a decade above the edge.
    let lowest = (0.5 / queries as f64).log10().floor() as i32;
    let mut plot = Plot { text: String::new(), lowest };
    plot.start(queries);
    plot.grid();
    plot.promise();
    for (number, size) in sizes.iter().enumerate() {
        plot.size(size, number);
    }
    plot.legend(&sizes);
    plot.text + "</svg>\n"
}

impl Plot {
    fn x(&self, threshold: f64) -> f64 {
        let (from, to) = (f64::from(DECADES.0) - 0.15, f64::from(DECADES.1) + 0.15);
        LEFT + (threshold.log10() - from) / (to - from) * (RIGHT - LEFT)
    }

    fn y(&self, rate: f64) -> f64 {
        let (from, to) = (f64::from(self.lowest), 0.15);
        let decades = rate.log10().clamp(from, to);
        BOTTOM - (decades - from) / (to - from) * (BOTTOM - TOP)
    }

    fn start(&mut self, queries: usize) {
        let middle = (LEFT + RIGHT) / 2.0;
        let half_height = (TOP + BOTTOM) / 2.0;
        let _ = writeln!(
            self.text,
            r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" font-family="Helvetica, Arial, 'DejaVu Sans', sans-serif" font-size="14" fill="#222">
<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>
<text x="{LEFT}" y="32" font-size="19" font-weight="bold">False matches: observed against promised</text>
<text x="{LEFT}" y="54" fill="#555">{queries} queries a registry, none of which holds anything of theirs; bars are exact 95 % Poisson intervals</text>
<text x="{middle}" y="{}" text-anchor="middle" font-size="15">threshold: E-value (promised false matches per query)</text>
<text transform="translate(26 {half_height}) rotate(-90)" text-anchor="middle" font-size="15">observed: queries with a match below it (share of all)</text>"##,
            HEIGHT - 32.0,
        );
    }

    fn grid(&mut self) {
        for decade in DECADES.0..=DECADES.1 {
            let x = self.x(10_f64.powi(decade));
            self.line((x, TOP), (x, BOTTOM), r##"stroke="#e4e4e4""##);
            self.power(decade, (x, BOTTOM + 22.0), "middle");
        }
        for decade in self.lowest..=0 {
            let y = self.y(10_f64.powi(decade));
            self.line((LEFT, y), (RIGHT, y), r##"stroke="#e4e4e4""##);
            self.power(decade, (LEFT - 9.0, y + 5.0), "end");
        }
        let (width, height) = (RIGHT - LEFT, BOTTOM - TOP);
        let _ = writeln!(
            self.text,
            r##"<rect x="{LEFT}" y="{TOP}" width="{width}" height="{height}" fill="none" stroke="#777"/>"##
        );
    }

    /// The promise, twice and half of it.
    fn promise(&mut self) {
        let steps = || (0..=200).map(|i| 10_f64.powf(-4.15 + f64::from(i) * 5.3 / 200.0));
        let visible = |plot: &Plot, rate: f64| rate >= 10_f64.powi(plot.lowest);
        let band: Vec<(f64, f64)> = steps()
            .map(|e| (e, (2.0 * promised_rate(e)).min(1.0)))
            .chain(steps().collect::<Vec<_>>().into_iter().rev().map(|e| (e, promised_rate(e) / 2.0)))
            .map(|(e, rate)| (self.x(e), self.y(rate)))
            .collect();
        let points = path(&band);
        let _ = writeln!(self.text, r##"<polygon points="{points}" fill="#000" fill-opacity="0.06"/>"##);
        let curve: Vec<(f64, f64)> = steps()
            .map(|e| (e, promised_rate(e)))
            .filter(|p| visible(self, p.1))
            .map(|(e, rate)| (self.x(e), self.y(rate)))
            .collect();
        let points = path(&curve);
        let _ = writeln!(
            self.text,
            r##"<polyline points="{points}" fill="none" stroke="#333" stroke-width="1.6" stroke-dasharray="7 4"/>"##
        );
    }

    fn size(&mut self, size: &Size<'_>, number: usize) {
        let colour = COLOURS[number % COLOURS.len()];
        let mut line = Vec::new();
        let mut marks = Vec::new();
        for threshold in thresholds().map(|e| e * 10_f64.powf(-APART * number as f64)) {
            let count = Count::new(&size.rows, threshold, |e| e);
            let queries = count.queries as f64;
            let (low, high) = count.interval();
            let x = self.x(threshold);
            let (top, bottom) = (self.y(high / queries), self.y(low / queries));
            let style = format!(r#"stroke="{colour}" stroke-width="1.5""#);
            if count.observed == 0 {
                // An arrow: anything from the upper limit down.
                self.line((x, top), (x, top + 18.0), &style);
                self.line((x, top + 18.0), (x - 3.5, top + 12.0), &style);
                self.line((x, top + 18.0), (x + 3.5, top + 12.0), &style);
            } else {
                self.line((x, top), (x, bottom), &style);
                let y = self.y(count.observed as f64 / queries);
                line.push((x, y));
                marks.push((x, y));
            }
            for (y, drawn) in [(top, true), (bottom, low / queries > 10_f64.powi(self.lowest))] {
                if drawn {
                    self.line((x - 4.0, y), (x + 4.0, y), &style);
                }
            }
        }
        let points = path(&line);
        let _ = writeln!(
            self.text,
            r#"<polyline points="{points}" fill="none" stroke="{colour}" stroke-opacity="0.55"/>"#
        );
        for place in marks {
            self.mark(place, number);
        }
    }

    fn legend(&mut self, sizes: &[Size<'_>]) {
        let x = LEFT + 22.0;
        let mut y = TOP + 30.0;
        let height = 26.0 * (sizes.len() + 3) as f64 + 12.0;
        let _ = writeln!(
            self.text,
            r##"<rect x="{}" y="{}" width="330" height="{height}" fill="#fff" fill-opacity="0.92" stroke="#ccc"/>"##,
            LEFT + 10.0,
            TOP + 10.0,
        );
        for (number, size) in sizes.iter().enumerate() {
            let colour = COLOURS[number % COLOURS.len()];
            self.line((x - 4.0, y), (x + 24.0, y), &format!(r#"stroke="{colour}" stroke-width="1.5""#));
            self.mark((x + 10.0, y), number);
            let part = match size.fraction {
                1 => "all other folds".to_owned(),
                n => format!("1/{n} of them"),
            };
            self.label(x + 36.0, y + 5.0, &format!("registry of {} h ({part})", short(size.hours)));
            y += 26.0;
        }
        self.line(
            (x - 4.0, y),
            (x + 24.0, y),
            r##"stroke="#333" stroke-width="1.6" stroke-dasharray="7 4""##,
        );
        self.label(x + 36.0, y + 5.0, "as promised: 1 − exp(−E)");
        y += 26.0;
        let _ = writeln!(
            self.text,
            r##"<rect x="{}" y="{}" width="28" height="14" fill="#000" fill-opacity="0.08"/>"##,
            x - 4.0,
            y - 7.0,
        );
        self.label(x + 36.0, y + 5.0, "within a factor of 2 of the promise");
        y += 26.0;
        let style = r##"stroke="#333" stroke-width="1.5""##;
        self.line((x + 6.0, y - 8.0), (x + 14.0, y - 8.0), style);
        self.line((x + 10.0, y - 8.0), (x + 10.0, y + 9.0), style);
        self.line((x + 10.0, y + 9.0), (x + 6.5, y + 3.0), style);
        self.line((x + 10.0, y + 9.0), (x + 13.5, y + 3.0), style);
        self.label(x + 36.0, y + 5.0, "none observed: upper limit");
    }

    fn mark(&mut self, (x, y): (f64, f64), number: usize) {
        let colour = COLOURS[number % COLOURS.len()];
        let style = format!(r##"fill="{colour}" stroke="#fff" stroke-width="1""##);
        let _ = match number % 3 {
            0 => writeln!(self.text, r#"<circle cx="{x:.1}" cy="{y:.1}" r="5" {style}/>"#),
            1 => writeln!(
                self.text,
                r#"<rect x="{:.1}" y="{:.1}" width="9" height="9" {style}/>"#,
                x - 4.5,
                y - 4.5
            ),
            _ => {
                let points = path(&[(x, y - 6.0), (x + 5.5, y + 4.0), (x - 5.5, y + 4.0)]);
                writeln!(self.text, r#"<polygon points="{points}" {style}/>"#)
            }
        };
    }

    fn line(&mut self, from: (f64, f64), to: (f64, f64), style: &str) {
        let _ = writeln!(
            self.text,
            r#"<line x1="{:.1}" y1="{:.1}" x2="{:.1}" y2="{:.1}" {style}/>"#,
            from.0, from.1, to.0, to.1
        );
    }

    fn label(&mut self, x: f64, y: f64, text: &str) {
        let _ = writeln!(self.text, r#"<text x="{x:.1}" y="{y:.1}">{text}</text>"#);
    }

    fn power(&mut self, decade: i32, (x, y): (f64, f64), anchor: &str) {
        let decimals = (-decade).max(0) as usize;
        let power = 10_f64.powi(decade);
        let _ = writeln!(
            self.text,
            r#"<text x="{x:.1}" y="{y:.1}" text-anchor="{anchor}">{power:.decimals$}</text>"#
        );
    }
}

fn path(points: &[(f64, f64)]) -> String {
    points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect::<Vec<_>>().join(" ")
}
