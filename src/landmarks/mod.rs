//! Landmarks: small groups of peaks that are turned into hashes.
//!
//! [`pairs`] hold absolute frequencies and times and survive noise, as only two
//! peaks must live (Wang 2003). [`triplets`] hold ratios only and survive any
//! mixture of speed, tempo and pitch change (Six & Leman 2014, section 3;
//! Sonnleitner & Widmer 2014). A registered recording makes them from its few
//! strongest peaks, a query from all of a denser set, and probes neighbouring
//! cells where a value lies near the edge of its own.

pub mod pairs;
#[cfg(test)]
mod tests;
pub mod triplets;

/// Pitch units in one cell of a hash: a third of a semitone.
const PITCH_CELL: f64 = 16.0 / 3.0;

/// Share of a cell, from its edge, in which the neighbour is probed too.
const PROBE_MARGIN: f64 = 0.3;

/// The cell of `value` and, when it lies near an edge, the neighbour's.
/// Cells are `width` wide and counted from 0; `None` beyond `count`.
fn cells(value: f64, width: f64, count: u32) -> [Option<u32>; 2] {
    let position = value / width;
    let cell = position.floor();
    let inside = position - cell;
    let neighbour = if inside < PROBE_MARGIN {
        cell - 1.0
    } else if inside > 1.0 - PROBE_MARGIN {
        cell + 1.0
    } else {
        f64::NAN
    };
    let valid = |c: f64| (c >= 0.0 && c < f64::from(count)).then_some(c as u32);
    [valid(cell), valid(neighbour)]
}
