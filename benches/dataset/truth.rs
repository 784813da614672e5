//! What is known about every row that a scan has to give.

use std::path::Path;

use earmark::inputs::{Input, Item, Passage};
use serde::{Deserialize, Serialize};

use crate::Failure;
use crate::plan::{Plan, Source};

/// Name of the file with all of them.
pub const TRUTH: &str = "truth.csv";
/// Name of the file with what is named to the scan.
pub const INPUTS: &str = "inputs.json";

/// A row that is due.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Row {
    /// How the scan calls it.
    pub item: String,
    /// What holds it.
    pub part: String,
    /// Id of the recording that it is cut from.
    pub source: String,
    /// Album or game of that, whose recordings may share audio; empty if unknown.
    pub group: String,
    /// Whether that is registered.
    pub registered: bool,
    /// Where in the recording it begins, in seconds.
    pub start_s: f64,
    /// How long it is, in seconds.
    pub duration_s: f64,
    /// Its form.
    pub encoding: String,
    /// Its sample rate.
    pub rate_hz: u32,
    /// Its channels.
    pub channels: u16,
    /// How it is broken; empty if it is not.
    pub broken: String,
}

/// What is named to the scan, relative to the data set.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Inputs {
    /// Manifests.
    pub manifests: Vec<String>,
    /// Folders.
    pub named: Vec<String>,
    /// Tar and Parquet files, which can be written again.
    pub shards: Vec<String>,
}

/// The rows of a plan, in order.
pub fn rows(plan: &Plan, sources: &[Source]) -> Vec<Row> {
    let items = plan.groups.iter().flat_map(|group| group.items.iter().map(move |item| (group.kind, item)));
    items
        .map(|(kind, item)| {
            let file = &plan.files[item.file];
            let source = &sources[file.source];
            let (offset_s, length_s) = match item.passage {
                Some((offset_s, length_s)) => (offset_s, Some(length_s)),
                None => (0.0, file.length_s),
            };
            let passage =
                item.passage.map(|(start_s, length_s)| Passage { start_s, duration_s: Some(length_s) });
            let named = Item { input: Input::File(item.name.clone().into()), passage };
            Row {
                item: named.name().to_string_lossy().into_owned(),
                part: kind.name().to_owned(),
                source: source.id.clone(),
                group: source.group.clone(),
                registered: source.registered,
                start_s: file.start_s + offset_s,
                duration_s: length_s.unwrap_or(source.duration_s),
                encoding: file.encoding.name.to_owned(),
                rate_hz: file.rate_hz,
                channels: file.channels,
                broken: file.damage.map_or("", |damage| damage.name()).to_owned(),
            }
        })
        .collect()
}

/// Writes rows as CSV.
///
/// # Errors
/// If that cannot be done.
pub fn write(path: &Path, rows: &[Row]) -> Result<(), Failure> {
    let mut out = csv::Writer::from_path(path)?;
    for row in rows {
        out.serialize(row)?;
    }
    Ok(out.flush()?)
}

/// Reads what [`write`] wrote.
///
/// # Errors
/// If that cannot be done.
pub fn read(folder: &Path) -> Result<(Vec<Row>, Inputs), Failure> {
    let path = folder.join(TRUTH);
    let named = |error: csv::Error| format!("{}: {error}: make the data set first", path.display());
    let mut reader = csv::Reader::from_path(&path).map_err(named)?;
    let rows = reader.deserialize().collect::<Result<_, _>>().map_err(named)?;
    Ok((rows, serde_json::from_slice(&std::fs::read(folder.join(INPUTS))?)?))
}
