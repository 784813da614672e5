//! The tables of fitted tails.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::counts::{Count, Results, Size, thresholds};
use crate::rows::{MOST_E_VALUE, Row};
use crate::summary::{length_class, observed_and_ratio, short, title};
use crate::tail::{Tail, fit};

/// Reported E-values up to which tails are fitted. Where the fits differ, what
/// is fitted is no single tail: classes of queries that differ, or audio that
/// groups share.
const CUTS: [f64; 3] = [1.0, 0.3, 0.1];

/// The fits by size and by length, and what the pooled ones say about the size
/// that they have not seen.
pub fn markdown(results: &Results, sizes: &[Size<'_>]) -> String {
    let smaller = if sizes.len() > 1 { &sizes[1..] } else { sizes };
    let pooled: Vec<&Row> = smaller.iter().flat_map(|size| size.rows.iter().copied()).collect();
    let mut by_length: BTreeMap<String, Vec<&Row>> = BTreeMap::new();
    for row in &pooled {
        by_length.entry(length_class(row)).or_default().push(row);
    }
    let mut samples: Vec<(String, Vec<&Row>)> =
        sizes.iter().map(|size| (title(size), size.rows.clone())).collect();
    samples.push(("pooled".to_owned(), pooled.clone()));
    samples.extend(by_length.into_iter().map(|(length, rows)| (format!("pooled, {length}"), rows)));

    let mut text = String::from(
        "## Tail\n\n\
         Matches with a reported E-value of at most E occur *level* · E^*λ* times a query; both are 1 where \
         E-values hold. Fitted by maximum likelihood to the lowest E-values of the queries up to a cut, of \
         which there are *n*; ± is a standard error that allows for likeness within a group. *Pooled* leaves \
         the largest registry out.\n\n| registry |",
    );
    for cut in CUTS {
        let _ = write!(text, " n, E ≤ {} | λ | level |", short(cut));
    }
    text += &format!("\n|---|{}\n", "---:|---|---|".repeat(CUTS.len()));
    for (name, rows) in &samples {
        let _ = write!(text, "| {name} |");
        for cut in CUTS {
            text += &tail_cells(fit(&results.observations(rows), -cut.ln()));
        }
        text += "\n";
    }
    text += "\n";
    if let [largest, _, ..] = sizes {
        let fits = CUTS.map(|cut| (cut, fit(&results.observations(&pooled), -cut.ln())));
        let fits: Vec<(f64, Tail)> = fits.into_iter().filter_map(|(cut, tail)| Some((cut, tail?))).collect();
        text += &held_out(&fits, largest);
    }
    text
}

fn tail_cells(tail: Option<Tail>) -> String {
    let Some(tail) = tail else { return " too few | | |".to_owned() };
    let Tail { lambda, lambda_error, level, level_error, used } = tail;
    format!(" {used} | {lambda:.2} ± {lambda_error:.2} | {level:.2} ± {level_error:.2} |")
}

fn held_out(fits: &[(f64, Tail)], largest: &Size<'_>) -> String {
    let mut text = format!("### Corrected by the pooled fits: registry of {}\n\n| E′ ≤ |", title(largest));
    text += " promised queries |";
    for (cut, tail) in fits {
        let Tail { level, lambda, .. } = tail;
        let _ = write!(text, " E ≤ {}: E′ = {level:.2} · E^{lambda:.2} | ratio, 95 % |", short(*cut));
    }
    text += &format!("\n|---:|---:|{}\n", "---:|---|".repeat(fits.len()));
    for threshold in thresholds() {
        let promised = short(Count::new(&largest.rows, threshold, |e| e).promised_queries());
        let _ = write!(text, "| {} | {promised} |", short(threshold));
        for (_, tail) in fits {
            // Above what was recorded nothing is known.
            if threshold > tail.corrected(MOST_E_VALUE) {
                text += " | |";
            } else {
                text += &observed_and_ratio(&Count::new(&largest.rows, threshold, |e| tail.corrected(e)));
            }
        }
        text += "\n";
    }
    text + "\n"
}
