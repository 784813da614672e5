//! Counting, and the tables.

use std::collections::BTreeMap;

use earmark::matching::Match;
use earmark::units::RecordingKey;

use crate::material::{Query, Truth};

/// Largest error of a right position, in seconds of the query.
const POSITION_S: f64 = 0.5;

/// What became of one query.
pub struct Row {
    group: String,
    kind: Kind,
}

enum Kind {
    /// Nothing registered is in it.
    Unregistered { accepted: bool },
    /// One recording, or several at once.
    Registered { recording: bool, position: bool, wrong: bool, all: bool, errors: Option<Errors> },
    /// One recording after another.
    Sequence { passages: usize, found: usize, rows: usize, good: usize },
}

struct Errors {
    offset_s: f64,
    scale: f64,
}

impl Row {
    /// Compares the answer with the truth.
    pub fn new<'a>(query: &Query, answer: &[Match], id: impl Fn(RecordingKey) -> &'a str) -> Self {
        let truth = &query.truth;
        let group = if truth[0].group == "noise" { &truth[0].condition } else { &truth[0].group };
        let registered: Vec<&Truth> = truth.iter().filter(|t| t.is_registered()).collect();
        let names = |m: &Match, t: &Truth| id(m.recording) == t.ref_id;
        let kind = if registered.is_empty() {
            Kind::Unregistered { accepted: !answer.is_empty() }
        } else if truth[0].group == "dj" {
            let found = |t: &&&Truth| answer.iter().any(|m| names(m, t) && fits(m, t, 2.0));
            let good = |m: &&Match| registered.iter().any(|t| names(m, t) && fits(m, t, 2.0));
            Kind::Sequence {
                passages: registered.len(),
                found: registered.iter().filter(found).count(),
                rows: answer.len(),
                good: answer.iter().filter(good).count(),
            }
        } else {
            let first = answer.first();
            let right = first.and_then(|m| registered.iter().find(|t| names(m, t) && fits(m, t, POSITION_S)));
            Kind::Registered {
                recording: first.is_some_and(|m| registered.iter().any(|t| names(m, t))),
                position: right.is_some(),
                wrong: first.is_some_and(|m| !registered.iter().any(|t| names(m, t))),
                all: registered.iter().all(|t| answer.iter().any(|m| names(m, t))),
                errors: first.zip(right).map(|(m, t)| Errors::new(m, t)),
            }
        };
        Row { group: group.clone(), kind }
    }
}

/// Lag of a match behind a true position, in seconds of the recording.
fn lag(m: &Match, t: &Truth, position: f64) -> f64 {
    m.reference_start_s - position - (m.query_start_s - t.query_start_s) * t.time_scale
}

fn fits(m: &Match, t: &Truth, tolerance_s: f64) -> bool {
    t.positions().any(|p| lag(m, t, p).abs() <= tolerance_s * t.time_scale.recip().max(1.0))
}

impl Errors {
    fn new(m: &Match, t: &Truth) -> Self {
        let offset_s = t.positions().map(|p| lag(m, t, p).abs()).fold(f64::INFINITY, f64::min);
        Errors { offset_s, scale: (m.time_scale / t.time_scale - 1.0).abs() }
    }
}

/// What became of all queries in one configuration.
pub struct Tally {
    name: &'static str,
    rows: Vec<Row>,
    cpu_s: f64,
    query_s: f64,
}

impl Tally {
    /// `rows` of one configuration, its CPU time, and the length of the queries.
    pub fn new(name: &'static str, rows: Vec<Row>, cpu_s: f64, query_s: f64) -> Self {
        Tally { name, rows, cpu_s, query_s }
    }

    /// Percent of the queries for which `is` holds, of those for which it can.
    fn percent(&self, is: impl Fn(&Row) -> Option<bool>) -> String {
        let answers: Vec<bool> = self.rows.iter().filter_map(is).collect();
        let yes = answers.iter().filter(|yes| **yes).count();
        if answers.is_empty() {
            "–".to_owned()
        } else {
            format!("{:.1}", 100.0 * yes as f64 / answers.len() as f64)
        }
    }

    fn accepted(&self) -> (usize, usize) {
        let asked = self.rows.iter().filter_map(|r| match r.kind {
            Kind::Unregistered { accepted } => Some(accepted),
            _ => None,
        });
        asked.fold((0, 0), |(yes, all), accepted| (yes + usize::from(accepted), all + 1))
    }

    fn sequences(&self) -> [usize; 4] {
        let mut sum = [0; 4];
        for row in &self.rows {
            if let Kind::Sequence { passages, found, rows, good } = row.kind {
                for (sum, value) in sum.iter_mut().zip([passages, found, rows, good]) {
                    *sum += value;
                }
            }
        }
        sum
    }

    /// The `share` quantile of an error.
    fn quantile(&self, share: f64, error: impl Fn(&Errors) -> f64) -> f64 {
        let errors = self.rows.iter().filter_map(|r| match &r.kind {
            Kind::Registered { errors, .. } => errors.as_ref(),
            _ => None,
        });
        let mut errors: Vec<f64> = errors.map(error).collect();
        errors.sort_by(f64::total_cmp);
        errors.get(((errors.len().max(1) - 1) as f64 * share) as usize).copied().unwrap_or(f64::NAN)
    }
}

fn position(row: &Row) -> Option<bool> {
    match row.kind {
        Kind::Registered { position, .. } => Some(position),
        _ => None,
    }
}

/// Prints the tables, a column for each configuration.
pub fn print(columns: &[Tally]) {
    let Some(first) = columns.first() else { return };
    let mut groups: BTreeMap<&str, usize> = BTreeMap::new();
    for row in first.rows.iter().filter(|r| position(r).is_some()) {
        *groups.entry(&row.group).or_default() += 1;
    }
    let heads: Vec<&str> = columns.iter().map(|c| c.name).collect();
    println!(
        "Percent of queries whose first match is the right recording at the right position (±{POSITION_S} s):\n"
    );
    println!("| | queries | {} |\n|---|---|{}", heads.join(" | "), "---|".repeat(columns.len()));
    let line = |name: &str, count: usize, cell: &dyn Fn(&Tally) -> String| {
        let cells: Vec<String> = columns.iter().map(cell).collect();
        println!("| {name} | {count} | {} |", cells.join(" | "));
    };
    for (group, count) in &groups {
        line(group, *count, &|c| c.percent(|r| position(r).filter(|_| r.group == **group)));
    }
    let all = groups.values().sum();
    line("**all**", all, &|c| c.percent(position));
    line("right recording", all, &|c| {
        c.percent(|r| match r.kind {
            Kind::Registered { recording, .. } => Some(recording),
            _ => None,
        })
    });
    line("wrong recording", all, &|c| {
        c.percent(|r| match r.kind {
            Kind::Registered { wrong, .. } => Some(wrong),
            _ => None,
        })
    });
    line("every recording of several at once", groups.get("mash").copied().unwrap_or(0), &|c| {
        c.percent(|r| match r.kind {
            Kind::Registered { all, .. } if r.group == "mash" => Some(all),
            _ => None,
        })
    });
    line("accepted, nothing registered", first.accepted().1, &|c| c.accepted().0.to_string());
    line("sequences: passages found, %", first.sequences()[0], &|c| {
        share(c.sequences()[1], c.sequences()[0])
    });
    line("sequences: matches that are right, %", first.sequences()[0], &|c| {
        share(c.sequences()[3], c.sequences()[2])
    });
    line("offset, median / 95 % / largest error, ms", all, &|c| {
        let ms = |share| 1000.0 * c.quantile(share, |e| e.offset_s);
        format!("{:.0} / {:.0} / {:.0}", ms(0.5), ms(0.95), ms(1.0))
    });
    line("time scale, median / 95 % / largest error, %", all, &|c| {
        let percent = |share| 100.0 * c.quantile(share, |e| e.scale);
        format!("{:.2} / {:.2} / {:.2}", percent(0.5), percent(0.95), percent(1.0))
    });
    line("CPU ms per second of query", first.rows.len(), &|c| format!("{:.2}", 1000.0 * c.cpu_s / c.query_s));
    line("× real time a core", first.rows.len(), &|c| format!("{:.0}", c.query_s / c.cpu_s));
    println!("\nCPU without decoding and fingerprinting the queries.");
}

fn share(part: usize, whole: usize) -> String {
    if whole == 0 { "–".to_owned() } else { format!("{:.1}", 100.0 * part as f64 / whole as f64) }
}
