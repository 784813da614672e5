//! `calibration.md`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use earmark::params::Params;

use crate::counts::{Count, Results, Size, thresholds};
use crate::fits;
use crate::options::Options;
use crate::rows::Row;

/// Threshold of the tables by class: low enough to be a tail, with enough
/// matches to count.
const CLASS_THRESHOLD: f64 = 0.1;

/// Rows of the lists that a person reads.
const LISTED: usize = 20;

/// The whole text.
pub fn markdown(results: &Results, options: &Options, params: &Params) -> String {
    let sizes = results.sizes();
    let mut text = String::from("# Do E-values hold?\n\n");
    text += &introduction(results, &sizes, options, params);
    for size in &sizes {
        text += &by_threshold(size);
    }
    text += &by_class("degradation", &sizes, |row| row.degradation.to_owned());
    text += &by_class("length", &sizes, length_class);
    text += &fits::markdown(results, &sizes);
    text += &lowest(results);
    text += &repeated(&sizes);
    text
}

fn introduction(results: &Results, sizes: &[Size<'_>], options: &Options, params: &Params) -> String {
    let queries = sizes.first().map_or(0, |size| size.rows.len());
    let count = |name: fn(&Row) -> &String| results.rows().iter().map(name).collect::<BTreeSet<_>>().len();
    let seconds: f64 = sizes.first().map_or(0.0, |size| size.rows.iter().map(|row| row.length_s).sum());
    format!(
        "earmark {}, params {}, effort {}, seed {}, {} folds. {queries} queries ({:.1} h) from {} recordings \
         of {} groups; every match is false. {} matches of excluded pairs dropped.\n\n\
         *Promised* is the threshold times the queries; *queries* is how many of them have at least one match \
         if matches are independent, N (1 − e^−E). *Observed* counts queries by their lowest E-value, with the \
         exact 95 % interval of a Poisson mean (Garwood); *ratio* is observed to promised queries. The interval \
         takes queries for independent: few *pairs* of recordings behind many queries say that they are not.\n\n",
        env!("CARGO_PKG_VERSION"),
        params.id(),
        format!("{:?}", options.effort).to_lowercase(),
        options.seed,
        options.folds,
        seconds / 3600.0,
        count(|row| &row.recording_id),
        count(|row| &row.group),
        results.dropped(),
    )
}

/// Name of a size.
pub fn title(size: &Size<'_>) -> String {
    format!("{} h (1/{})", short(size.hours), size.fraction)
}

fn by_threshold(size: &Size<'_>) -> String {
    let mut text = format!("## Registry of {}\n\n", title(size));
    text += "| E ≤ | promised | queries | observed | 95 % | pairs | ratio | 95 % |\n";
    text += "|---:|---:|---:|---:|---:|---:|---:|---:|\n";
    for threshold in thresholds() {
        let count = Count::new(&size.rows, threshold, |e| e);
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} |",
            short(threshold),
            short(count.promised_matches()),
            short(count.promised_queries()),
            observed(&count),
        );
    }
    text + "\n"
}

/// Observed queries, interval, pairs, ratio and its interval.
fn observed(count: &Count) -> String {
    let (low, high) = count.interval();
    let promised = count.promised_queries();
    format!(
        "{} | {}–{} | {} | {} | {}–{}",
        count.observed,
        short(low),
        short(high),
        count.pairs,
        short(count.observed as f64 / promised),
        short(low / promised),
        short(high / promised),
    )
}

/// Two cells: observed queries; their ratio to the promised ones with its interval.
pub fn observed_and_ratio(count: &Count) -> String {
    let promised = count.promised_queries();
    let (low, high) = count.interval();
    let ratio = short(count.observed as f64 / promised);
    format!(" {} | {ratio} ({}–{}) |", count.observed, short(low / promised), short(high / promised))
}

/// One row for each class, with two columns for each size.
fn by_class(what: &str, sizes: &[Size<'_>], class_of: impl Fn(&Row) -> String) -> String {
    let threshold = short(CLASS_THRESHOLD);
    let mut text = format!("## By {what}, E ≤ {threshold}\n\n| {what} | of | promised queries |");
    for size in sizes {
        let _ = write!(text, " {} | ratio, 95 % |", title(size));
    }
    text += &format!("\n|---|---:|---:|{}\n", "---:|---|".repeat(sizes.len()));
    let mut classes: BTreeMap<String, Vec<Vec<&Row>>> = BTreeMap::new();
    for (number, size) in sizes.iter().enumerate() {
        for row in &size.rows {
            let class = classes.entry(class_of(row)).or_insert_with(|| vec![Vec::new(); sizes.len()]);
            class[number].push(row);
        }
    }
    for (class, rows) in classes {
        let counts: Vec<Count> = rows.iter().map(|rows| Count::new(rows, CLASS_THRESHOLD, |e| e)).collect();
        let promised = counts[0].promised_queries();
        let _ = write!(text, "| {class} | {} | {} |", counts[0].queries, short(promised));
        for count in &counts {
            text += &observed_and_ratio(count);
        }
        text += "\n";
    }
    text + "\n"
}

/// The best matches of all sizes, each pair of query and recording once.
fn lowest(results: &Results) -> String {
    let mut rows: Vec<(&Row, f64)> =
        results.rows().iter().filter_map(|row| Some((row, row.e_value?))).collect();
    rows.sort_by(|a, b| a.1.total_cmp(&b.1).then_with(|| a.0.query_id.cmp(&b.0.query_id)));
    let mut seen = BTreeSet::new();
    rows.retain(|(row, _)| seen.insert((&row.query_id, &row.found_id)));
    let mut text = format!(
        "## The {LISTED} lowest E-values\n\nTo be listened to: chance, or audio that two groups share? Times \
         are places in the recordings.\n\n| E | registry | query | from | to | degradation | found | from | \
         time scale | semitones |\n|---:|---:|---|---:|---:|---|---|---:|---:|---:|\n"
    );
    for (row, e_value) in rows.into_iter().take(LISTED) {
        let place = |s: Option<f64>| clock(row.start_s + s.unwrap_or(0.0) * row.speed);
        let degradation = match &row.mixed_id {
            Some(id) => format!("{} with {id}", row.degradation),
            None if row.speed != 1.0 => format!("{} {}", row.degradation, row.speed),
            None => row.degradation.to_owned(),
        };
        let _ = writeln!(
            text,
            "| {e_value:.1e} | {} h | {} | {} | {} | {degradation} | {} | {} | {:.3} | {:+.2} |",
            short(row.registry_hours),
            row.recording_id,
            place(row.match_start_s),
            place(row.match_end_s),
            row.found_id.as_deref().unwrap_or_default(),
            clock(row.found_start_s.unwrap_or(0.0)),
            row.time_scale.unwrap_or(1.0),
            row.pitch_semitones.unwrap_or(0.0),
        );
    }
    text + "\n"
}

/// Pairs of recordings that several queries found in the largest registry.
fn repeated(sizes: &[Size<'_>]) -> String {
    let mut pairs: BTreeMap<(&str, &str), Vec<f64>> = BTreeMap::new();
    for row in sizes.first().iter().flat_map(|size| &size.rows) {
        if let (Some(found), Some(e_value)) = (&row.found_id, row.e_value.filter(|e| *e <= 1.0)) {
            pairs.entry((&row.recording_id, found)).or_default().push(e_value);
        }
    }
    let mut pairs: Vec<_> = pairs.into_iter().filter(|(_, e_values)| e_values.len() > 1).collect();
    pairs.sort_by_key(|(_, e_values)| std::cmp::Reverse(e_values.len()));
    let mut text = String::from(
        "## Pairs of recordings found by several queries, E ≤ 1\n\nIn the largest registry.\n\n\
         | query's recording | found | queries | lowest E |\n|---|---|---:|---:|\n",
    );
    for ((recording, found), e_values) in pairs.into_iter().take(LISTED) {
        let best = e_values.iter().copied().fold(f64::INFINITY, f64::min);
        let _ = writeln!(text, "| {recording} | {found} | {} | {best:.1e} |", e_values.len());
    }
    text
}

/// Name of a row's length, in the order of lengths.
pub fn length_class(row: &Row) -> String {
    format!("{:>2} s", row.length_s)
}

/// Minutes and seconds.
fn clock(seconds: f64) -> String {
    let tenths = (seconds * 10.0).round().max(0.0) as u64;
    format!("{}:{:02}.{}", tenths / 600, tenths / 10 % 60, tenths % 10)
}

/// Two significant digits, or all before the point.
pub fn short(value: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    let decimals = (1 - value.abs().log10().floor() as i32).max(0) as usize;
    let text = format!("{value:.decimals$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}
