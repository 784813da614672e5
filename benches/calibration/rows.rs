//! What came out of one query in one registry.

use std::path::Path;

use serde::Serialize;

/// A row of `calibration.csv`. The fields from `found_id` on are empty where
/// nothing was found with an E-value of at most [`MOST_E_VALUE`].
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// Fold of the query, from 1.
    pub fold: usize,
    /// The registry holds a part of the other folds, one in so many.
    pub fraction: u32,
    /// Hours of audio in the registry.
    pub registry_hours: f64,
    /// Name of the query: its recording and start in milliseconds.
    pub query_id: String,
    /// Group of the query's recording.
    pub group: String,
    /// The query's recording.
    pub recording_id: String,
    /// Start of the query in its recording, in seconds.
    pub start_s: f64,
    /// Length of the query, in seconds.
    pub length_s: f64,
    /// Class of what was done to it.
    pub degradation: &'static str,
    /// Seconds of the recording per second of the query.
    pub speed: f64,
    /// The recording that was mixed in.
    pub mixed_id: Option<String>,
    /// Matches besides the best.
    pub further: usize,
    /// Matches that were dropped because the pair is excluded.
    pub dropped: usize,
    /// The recording with the lowest E-value.
    pub found_id: Option<String>,
    /// Its E-value.
    pub e_value: Option<f64>,
    /// Where the match starts in the query, in seconds.
    pub match_start_s: Option<f64>,
    /// Where it ends in the query, in seconds.
    pub match_end_s: Option<f64>,
    /// What sounds at its start in the recording that was found, in seconds.
    pub found_start_s: Option<f64>,
    /// Seconds of the found recording per second of the query.
    pub time_scale: Option<f64>,
    /// Pitch of the query minus that of the found recording, in semitones.
    pub pitch_semitones: Option<f64>,
}

/// Largest E-value that is recorded: above it every query would have a match.
pub const MOST_E_VALUE: f64 = 10.0;

/// Writes the table.
///
/// # Errors
/// If the file cannot be written.
pub fn write(path: &Path, rows: &[Row]) -> Result<(), csv::Error> {
    let mut writer = csv::Writer::from_path(path)?;
    for row in rows {
        writer.serialize(row)?;
    }
    writer.flush()?;
    Ok(())
}

/// Rounded to three decimals, for tables.
pub fn milli(value: f64) -> f64 {
    (value * 1e3).round() / 1e3
}
