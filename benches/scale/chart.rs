//! `scale.png`: time, recall, false matches and memory by the size of the registry.

use crate::ask::Measured;
use crate::canvas::{Canvas, LINE, Rgb};
use crate::tally::{self, Line};

const WIDTH: usize = 1500;
const HEIGHT: usize = 1120;

/// Space around the frame of a panel: left, top, right, bottom.
const MARGIN: (f64, f64, f64, f64) = (78.0, 52.0, 18.0, 56.0);

const INK: Rgb = [34, 34, 34];
const GREY: Rgb = [110, 110, 110];
const GRID: Rgb = [226, 226, 226];

/// Okabe and Ito's colours, which the colour-blind can tell apart.
const COLOURS: [Rgb; 7] =
    [[0, 114, 178], [213, 94, 0], [0, 158, 115], [204, 121, 167], [230, 159, 0], [86, 180, 233], [0, 0, 0]];

/// Kinds of excerpts that have a line of their own.
const KINDS: [(&str, &str); 4] = [
    ("clean", "clean"),
    ("noise_pink_+0dB", "pink noise 0 dB"),
    ("speed", "other speed"),
    (tally::REGISTERED, tally::REGISTERED),
];

struct Series {
    name: String,
    points: Vec<(f64, f64)>,
    /// A promise and no measurement.
    dashed: bool,
}

struct Panel {
    title: &'static str,
    x_name: &'static str,
    /// Whether the vertical axis is logarithmic; else it is percent.
    log: bool,
    series: Vec<Series>,
}

/// The picture.
pub fn draw(measured: &[Measured]) -> Canvas {
    let mut canvas = Canvas::new(WIDTH, HEIGHT);
    let panels = [time(measured), recall(measured), false_matches(measured), memory(measured)];
    let (width, height) = (WIDTH as f64 / 2.0, HEIGHT as f64 / 2.0);
    for (number, panel) in panels.iter().enumerate() {
        let corner = ((number % 2) as f64 * width, (number / 2) as f64 * height);
        let frame = Frame::new(panel, corner, (width, height));
        frame.draw(&mut canvas, panel);
    }
    canvas
}

fn over_hours(measured: &[Measured], name: &str, value: impl Fn(&Measured) -> Option<f64>) -> Series {
    let points = measured.iter().filter_map(|m| Some((m.hours, value(m)?)));
    Series { name: name.to_owned(), points: points.collect(), dashed: false }
}

fn time(measured: &[Measured]) -> Panel {
    let others = [tally::UNREGISTERED, "long, registered", "long, unregistered"].map(|kind| (kind, kind));
    let kinds = KINDS.iter().take(3).copied().chain(others);
    let cpu = |kind: &str, m: &Measured| tally::of_kind(m, kind).map(|line| line.cpu_ms_per_s);
    let series = kinds.map(|(kind, name)| over_hours(measured, name, |m| cpu(kind, m))).collect();
    Panel {
        title: "CPU time of the search, ms per second of query",
        x_name: "hours registered",
        log: true,
        series,
    }
}

fn recall(measured: &[Measured]) -> Panel {
    let placed = |line: Line| 100.0 * line.placed as f64 / line.registered as f64;
    let of = |kind: &str, m: &Measured| tally::of_kind(m, kind).map(placed);
    let series = KINDS.iter().map(|(kind, name)| over_hours(measured, name, |m| of(kind, m))).collect();
    Panel {
        title: "Right recording at the right position, %",
        x_name: "hours registered",
        log: false,
        series,
    }
}

fn false_matches(measured: &[Measured]) -> Panel {
    let share = |m: &Measured| {
        let observed = tally::false_matches(m).into_iter().filter(|f| f.observed > 0);
        observed.map(|f| (f.threshold, f.observed as f64 / f.queries as f64)).collect()
    };
    let mut series: Vec<Series> = measured
        .iter()
        .map(|m| Series { name: format!("{:.0} h", m.hours), points: share(m), dashed: false })
        .collect();
    let promised = |half: i32| 10_f64.powf(f64::from(half) / 2.0);
    let points = (-6..=0).map(|half| (promised(half), -(-promised(half)).exp_m1())).collect();
    series.push(Series { name: "promised".to_owned(), points, dashed: true });
    Panel {
        title: "Unregistered excerpts with a match, share",
        x_name: "E-value of at most",
        log: true,
        series,
    }
}

fn memory(measured: &[Measured]) -> Panel {
    let mib = |m: &Measured| (m.segment_bytes + m.database_bytes) as f64 / f64::from(1 << 20);
    let series = vec![
        over_hours(measured, "on disk", |m| Some(mib(m))),
        over_hours(measured, "touched by all queries", |m| Some(m.mapped_mib)),
        over_hours(measured, "in no file", |m| Some(m.anonymous_mib)),
    ];
    Panel { title: "Disk and memory, MiB", x_name: "hours registered", log: true, series }
}

/// Where a panel is, and what its axes hold: decades, or percent.
struct Frame {
    left: f64,
    top: f64,
    right: f64,
    bottom: f64,
    x: (f64, f64),
    y: (f64, f64),
    log: bool,
}

impl Frame {
    fn new(panel: &Panel, (x, y): (f64, f64), (width, height): (f64, f64)) -> Frame {
        let points = || panel.series.iter().flat_map(|s| &s.points);
        let decades = |values: &mut dyn Iterator<Item = f64>| {
            let logs: Vec<f64> = values.filter(|v| *v > 0.0).map(f64::log10).collect();
            let low = logs.iter().copied().fold(f64::INFINITY, f64::min);
            let high = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            // Nothing measured, or all in one decade.
            if low > high { (0.0, 1.0) } else { (low.floor(), high.ceil().max(low.floor() + 1.0)) }
        };
        Frame {
            left: x + MARGIN.0,
            top: y + MARGIN.1,
            right: x + width - MARGIN.2,
            bottom: y + height - MARGIN.3,
            x: decades(&mut points().map(|p| p.0)),
            y: if panel.log { decades(&mut points().map(|p| p.1)) } else { (0.0, 100.0) },
            log: panel.log,
        }
    }

    fn column(&self, decade: f64) -> f64 {
        self.left + (decade - self.x.0) / (self.x.1 - self.x.0) * (self.right - self.left)
    }

    fn row(&self, value: f64) -> f64 {
        self.bottom - (value - self.y.0) / (self.y.1 - self.y.0) * (self.bottom - self.top)
    }

    fn place(&self, (x, y): (f64, f64)) -> (f64, f64) {
        let y = if self.log { y.max(f64::MIN_POSITIVE).log10() } else { y };
        (self.column(x.log10()), self.row(y.clamp(self.y.0, self.y.1)))
    }

    fn draw(&self, canvas: &mut Canvas, panel: &Panel) {
        canvas.text((self.left, self.top - 30.0), panel.title, INK, true);
        self.grid(canvas);
        let middle = (self.left + self.right - Canvas::text_width(panel.x_name)) / 2.0;
        canvas.text((middle, self.bottom + 30.0), panel.x_name, GREY, false);
        for (number, series) in panel.series.iter().enumerate() {
            let colour = if series.dashed { GREY } else { COLOURS[number % COLOURS.len()] };
            let places: Vec<_> = series.points.iter().map(|p| self.place(*p)).collect();
            for pair in places.windows(2) {
                connect(canvas, pair[0], pair[1], series.dashed, colour);
            }
            for place in places.iter().filter(|_| !series.dashed) {
                canvas.disc(*place, 4.5, colour);
            }
        }
        self.legend(canvas, panel);
    }

    fn grid(&self, canvas: &mut Canvas) {
        for decade in self.x.0 as i32..=self.x.1 as i32 {
            let x = self.column(f64::from(decade));
            canvas.line((x, self.top), (x, self.bottom), 1.0, GRID);
            let text = power(decade);
            canvas.text((x - Canvas::text_width(&text) / 2.0, self.bottom + 8.0), &text, INK, false);
        }
        let steps: Vec<(f64, String)> = if self.log {
            (self.y.0 as i32..=self.y.1 as i32).map(|d| (f64::from(d), power(d))).collect()
        } else {
            (0..=5).map(|n| (f64::from(20 * n), (20 * n).to_string())).collect()
        };
        for (value, text) in steps {
            let y = self.row(value);
            canvas.line((self.left, y), (self.right, y), 1.0, GRID);
            let left = self.left - 8.0 - Canvas::text_width(&text);
            canvas.text((left, y - LINE / 2.0), &text, INK, false);
        }
        canvas.line((self.left, self.top), (self.left, self.bottom), 1.0, GREY);
        canvas.line((self.left, self.bottom), (self.right, self.bottom), 1.0, GREY);
    }

    /// In the corner that the lines leave free: they rise, but recall falls.
    fn legend(&self, canvas: &mut Canvas, panel: &Panel) {
        let height = 20.0 * panel.series.len() as f64;
        let top = if panel.log { self.top + 8.0 } else { self.bottom - height - 8.0 };
        for (number, series) in panel.series.iter().enumerate() {
            let y = top + 20.0 * number as f64 + LINE / 2.0;
            let colour = if series.dashed { GREY } else { COLOURS[number % COLOURS.len()] };
            connect(canvas, (self.left + 12.0, y), (self.left + 40.0, y), series.dashed, colour);
            canvas.text((self.left + 50.0, y - LINE / 2.0), &series.name, INK, false);
        }
    }
}

fn connect(canvas: &mut Canvas, from: (f64, f64), to: (f64, f64), dashed: bool, colour: Rgb) {
    if !dashed {
        canvas.line(from, to, 2.0, colour);
        return;
    }
    let count = ((to.0 - from.0).hypot(to.1 - from.1) / 10.0).ceil().max(1.0);
    let at = |share: f64| (from.0 + (to.0 - from.0) * share, from.1 + (to.1 - from.1) * share);
    for number in 0..count as u32 {
        let start = f64::from(number) / count;
        canvas.line(at(start), at(start + 0.5 / count), 1.6, colour);
    }
}

fn power(decade: i32) -> String {
    let decimals = (-decade).max(0) as usize;
    format!("{:.decimals$}", 10_f64.powi(decade))
}
