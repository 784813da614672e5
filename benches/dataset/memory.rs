//! `memory.png` and `memory.csv`: memory over time.

use std::fs::File;
use std::io::BufWriter;
use std::path::Path;

use crate::Failure;
use crate::canvas::{Canvas, LINE, Rgb};
use crate::watched::Sample;

const WIDTH: usize = 1100;
const HEIGHT: usize = 420;
/// Space around the frame: left, top, right, bottom.
const MARGIN: (f64, f64, f64, f64) = (78.0, 52.0, 28.0, 56.0);

const INK: Rgb = [34, 34, 34];
const GREY: Rgb = [110, 110, 110];
const GRID: Rgb = [226, 226, 226];
/// Two of Okabe and Ito's colours, which the colour-blind can tell apart.
const RESIDENT: Rgb = [0, 114, 178];
const ANONYMOUS: Rgb = [213, 94, 0];

/// One of the lines.
struct Line {
    name: &'static str,
    colour: Rgb,
    of: fn(&Sample) -> f64,
}

/// Writes both into `folder`.
///
/// # Errors
/// If that cannot be done.
pub fn write(samples: &[Sample], folder: &Path) -> Result<(), Failure> {
    let mut csv = csv::Writer::from_path(folder.join("memory.csv"))?;
    for sample in samples {
        csv.serialize(sample)?;
    }
    csv.flush()?;
    draw(samples).write_png(BufWriter::new(File::create(folder.join("memory.png"))?))?;
    Ok(())
}

fn draw(samples: &[Sample]) -> Canvas {
    let mut canvas = Canvas::new(WIDTH, HEIGHT);
    let (left, top) = (MARGIN.0, MARGIN.1);
    let (right, bottom) = (WIDTH as f64 - MARGIN.2, HEIGHT as f64 - MARGIN.3);
    let most = |of: fn(&Sample) -> f64| samples.iter().map(of).fold(1.0, f64::max);
    let (x_step, y_step) = (step(most(|s| s.at_s) / 60.0), step(most(|s| s.resident)));
    let (x_end, y_end) = (x_step * 6.0, y_step * 6.0);
    let column = |minutes: f64| left + minutes / x_end * (right - left);
    let row = |mib: f64| bottom - mib / y_end * (bottom - top);
    canvas.text((left, top - 36.0), "Memory of the scan, MiB", INK, true);
    for number in 0..=6 {
        let (minutes, mib) = (x_step * f64::from(number), y_step * f64::from(number));
        canvas.line((column(minutes), top), (column(minutes), bottom), 1.0, GRID);
        canvas.line((left, row(mib)), (right, row(mib)), 1.0, GRID);
        let (below, beside) = (label(minutes), label(mib));
        canvas.text((column(minutes) - Canvas::text_width(&below) / 2.0, bottom + 8.0), &below, INK, false);
        canvas.text((left - 8.0 - Canvas::text_width(&beside), row(mib) - LINE / 2.0), &beside, INK, false);
    }
    let name = "minutes";
    canvas.text(((left + right - Canvas::text_width(name)) / 2.0, bottom + 30.0), name, GREY, false);
    let lines: [Line; 2] = [
        Line { name: "resident", colour: RESIDENT, of: |sample| sample.resident },
        Line { name: "in no file", colour: ANONYMOUS, of: |sample| sample.anonymous },
    ];
    for (number, Line { name, colour, of }) in lines.into_iter().enumerate() {
        let place = |sample: &Sample| (column(sample.at_s / 60.0), row(of(sample)));
        for pair in samples.windows(2) {
            canvas.line(place(&pair[0]), place(&pair[1]), 2.0, colour);
        }
        let y = top + 8.0 + 20.0 * number as f64;
        canvas.line((right - 150.0, y), (right - 122.0, y), 2.0, colour);
        canvas.text((right - 112.0, y - LINE / 2.0), name, INK, false);
    }
    canvas
}

/// A sixth of an axis to `most` and a little more: 1, 2 or 5 times a power of ten.
fn step(most: f64) -> f64 {
    let decade = 10_f64.powf((most / 6.0).max(1e-3).log10().floor());
    [1.0, 2.0, 5.0, 10.0].map(|n| n * decade).into_iter().find(|step| step * 6.0 >= most).unwrap_or(most)
}

fn label(value: f64) -> String {
    if value < 10.0 && value.fract() > 1e-9 { format!("{value:.2}") } else { format!("{value:.0}") }
}
