//! `scale.md`.

use std::collections::BTreeSet;
use std::fmt::Write;

use earmark::params::Params;

use crate::ask::{Answer, Measured};
use crate::options::Options;
use crate::tally::{self, Line};

/// False matches that a person may want to listen to.
const LISTED: usize = 12;

/// All that is told.
pub struct Summary<'a> {
    /// What was typed.
    pub options: &'a Options,
    /// Parameters of the fingerprints.
    pub params: &'a Params,
    /// Who is where.
    pub parts: &'a str,
    /// The table of statistics.
    pub likeness: &'a str,
    /// The sizes in ascending order.
    pub measured: &'a [Measured],
    /// The same, cold, or nothing.
    pub cold: &'a [Measured],
}

impl Summary<'_> {
    /// The whole text.
    pub fn markdown(&self) -> String {
        let mut text = format!(
            "# Growing registries\n\nearmark {}, params {}, effort {}, seed {}. {}\n\n",
            env!("CARGO_PKG_VERSION"),
            self.params.id(),
            format!("{:?}", self.options.effort).to_lowercase(),
            self.options.seed,
            self.parts,
        );
        let _ = write!(text, "## Is made-up music like real music?\n\n{}\n", self.likeness);
        if self.measured.is_empty() {
            return text;
        }
        text += &self.costs();
        text += &self.queries(
            "CPU ms per second of query, mean (95 % of the queries are below)",
            true,
            |line| format!("{:.2} ({:.2})", line.cpu_ms_per_s, line.cpu_ms_per_s_95),
            |line| Some(line.cpu_ms_per_s),
        );
        text += &self.queries(
            "Page faults of a query (warm)",
            true,
            |line| format!("{:.0}", line.faults),
            |line| Some(line.faults),
        );
        text += &self.queries(
            "Recall: right recording at the right position (right recording), %",
            false,
            |line| {
                let percent = |n: usize| 100.0 * n as f64 / line.registered as f64;
                format!("{:.1} ({:.1})", percent(line.placed), percent(line.right))
            },
            |_| None,
        );
        text += &self.wrong();
        text += &self.calibration();
        text += &self.lowest();
        text
    }

    fn head(&self, estimated: bool) -> String {
        let mut sizes: Vec<String> = self.measured.iter().map(|m| m.recordings.to_string()).collect();
        if estimated {
            sizes.push(format!("{} (estimate)", self.options.estimate));
        }
        format!("{} |\n|---|{}\n", sizes.join(" | "), "---:|".repeat(sizes.len()))
    }

    /// Where the line through the last two sizes leads.
    fn estimate(&self, value: impl Fn(&Measured) -> f64) -> Option<f64> {
        let [.., before, last] = self.measured else { return None };
        let slope = (value(last) - value(before)) / (last.recordings as f64 - before.recordings as f64);
        Some(value(last) + slope * (self.options.estimate.get() as f64 - last.recordings as f64))
    }

    fn costs(&self) -> String {
        let mut text = format!("## The registry\n\n| recordings | {}", self.head(true));
        let mut line = |name: &str, decimals: usize, value: &dyn Fn(&Measured) -> f64, estimated: bool| {
            let mut cells: Vec<String> =
                self.measured.iter().map(|m| format!("{:.decimals$}", value(m))).collect();
            let estimate = self.estimate(value).filter(|_| estimated);
            cells.push(estimate.map_or("–".to_owned(), |e| format!("{e:.decimals$}")));
            let _ = writeln!(text, "| {name} | {} |", cells.join(" | "));
        };
        let mb = |m: &Measured| (m.segment_bytes + m.database_bytes) as f64 / 1e6;
        line("hours", 1, &|m| m.hours, true);
        line("segments", 0, &|m| m.segments as f64, true);
        line("on disk, MB", 1, &mb, true);
        line("of that, database, MB", 1, &|m| m.database_bytes as f64 / 1e6, true);
        line("MB an hour", 3, &|m| mb(m) / m.hours, false);
        line("opening, first in a process, ms", 2, &|m| m.open_ms[0], true);
        line("opening again, ms", 2, &|m| m.open_ms[1], true);
        line("peak memory beyond queries and program, MiB", 1, &|m| m.peak_mib, true);
        line("in no file after all queries, MiB", 1, &|m| m.anonymous_mib, true);
        line("pages of the registry touched by all queries, MiB", 1, &|m| m.mapped_mib, true);
        if self.cold.is_empty() {
            text += "\nNothing was asked cold: that needs `--cold` and the right to empty the system's caches.\n\n";
        } else {
            text += &self.cold();
        }
        text
    }

    fn cold(&self) -> String {
        let sizes: Vec<String> = self.cold.iter().map(|m| m.recordings.to_string()).collect();
        let asked = self.cold.first().map_or(0, |m| m.answers.len());
        let mut text = format!(
            "\nCold: the caches of the system were emptied before; the first {asked} questions, one after the \
             other, so that later ones find what earlier ones read.\n\n| recordings | {} |\n|---|{}\n",
            sizes.join(" | "),
            "---:|".repeat(sizes.len())
        );
        let mut line = |name: &str, value: &dyn Fn(&Measured) -> f64| {
            let cells: Vec<String> = self.cold.iter().map(|m| format!("{:.1}", value(m))).collect();
            let _ = writeln!(text, "| {name} | {} |", cells.join(" | "));
        };
        let mean = |m: &Measured, of: fn(&Answer) -> f64| {
            m.answers.iter().map(of).sum::<f64>() / m.answers.len().max(1) as f64
        };
        line("opening, ms", &|m| m.open_ms[0]);
        line("opening, page faults from the disk", &|m| m.open_major as f64);
        line("opening, read, MB", &|m| m.open_read_kib / 1e3 * 1.024);
        line("first question, ms", &|m| m.answers.first().map_or(0.0, |a| a.wall_ms));
        line("first question, read, MB", &|m| m.answers.first().map_or(0.0, |a| a.read_kib / 1e3 * 1.024));
        line("a question, ms", &|m| mean(m, |a| a.wall_ms));
        line("a question, CPU ms", &|m| mean(m, |a| a.cpu_ms));
        line("a question, page faults from the disk", &|m| mean(m, |a| a.major as f64));
        line("a question, read, MB", &|m| mean(m, |a| a.read_kib) / 1e3 * 1.024);
        text + "\n"
    }

    /// A line for each kind of query, or for each with something registered.
    fn queries(
        &self,
        title: &str,
        all: bool,
        cell: impl Fn(&Line) -> String,
        estimated: impl Fn(&Line) -> Option<f64> + Copy,
    ) -> String {
        let mut text = format!(
            "## {title}\n\n| recordings | queries | {}",
            self.head(all).replacen("|---|", "|---|---:|", 1)
        );
        let by_size: Vec<Vec<Line>> = self.measured.iter().map(tally::by_kind).collect();
        for (number, line) in by_size[0].iter().enumerate().filter(|(_, l)| all || l.registered > 0) {
            let mut cells: Vec<String> = by_size.iter().map(|lines| cell(&lines[number])).collect();
            if all {
                let value =
                    |m: &Measured| tally::by_kind(m).get(number).and_then(estimated).unwrap_or(f64::NAN);
                let estimate = self.estimate(value).filter(|e| e.is_finite());
                cells.push(estimate.map_or("–".to_owned(), |e| format!("{e:.2}")));
            }
            let _ = writeln!(text, "| {} | {} | {} |", line.kind, line.queries, cells.join(" | "));
        }
        text + "\n"
    }

    fn wrong(&self) -> String {
        let mut text = format!("## Accepted and not in the query\n\n| recordings | {}", self.head(false));
        let kinds = [tally::REGISTERED, tally::UNREGISTERED, "long, registered", "long, unregistered"];
        for kind in kinds {
            let cell = |m: &Measured| {
                tally::of_kind(m, kind).map_or("–".to_owned(), |l| format!("{} of {}", l.wrong, l.queries))
            };
            let cells: Vec<String> = self.measured.iter().map(cell).collect();
            let _ = writeln!(text, "| {kind} | {} |", cells.join(" | "));
        }
        text + "\n"
    }

    fn calibration(&self) -> String {
        let mut text = String::from(
            "## False matches by E-value\n\nExcerpts of unregistered music; a query counts once, by its lowest \
             E-value. *Promised* is N (1 − e^−E); the interval is the exact 95 % one of a Poisson mean.\n\n",
        );
        let _ = write!(
            text,
            "| E ≤ | queries | promised | {}",
            self.head(false).replacen("|---|", "|---:|---:|---:|", 1)
        );
        let by_size: Vec<_> = self.measured.iter().map(tally::false_matches).collect();
        for (number, first) in by_size[0].iter().enumerate() {
            let cell = |all: &Vec<tally::False>| {
                let (low, high) = all[number].interval();
                format!("{} ({low:.1}–{high:.1})", all[number].observed)
            };
            let cells: Vec<String> = by_size.iter().map(cell).collect();
            let _ = writeln!(
                text,
                "| {:.2} | {} | {:.2} | {} |",
                Short(first.threshold),
                first.queries,
                first.promised,
                cells.join(" | ")
            );
        }
        text + "\n"
    }

    /// The best false matches, each pair of query and recording once.
    fn lowest(&self) -> String {
        let mut found: Vec<(&Answer, f64)> = self
            .measured
            .iter()
            .flat_map(|m| &m.answers)
            .filter_map(|a| Some((a, a.false_e_value.or(a.e_value.filter(|_| !a.right))?)))
            .collect();
        found.sort_by(|a, b| a.1.total_cmp(&b.1));
        let mut seen = BTreeSet::new();
        let mut text = String::from(
            "## The lowest E-values of false matches\n\n| E | recordings | query | kind | found |\n|---:|---:|---|---|---|\n",
        );
        let name = |a: &Answer| a.false_id.clone().or(a.found.clone()).unwrap_or_default();
        found.retain(|(a, _)| seen.insert((&a.query, name(a))));
        for (answer, e) in found.into_iter().take(LISTED) {
            let Answer { registry, query, kind, .. } = answer;
            let _ = writeln!(text, "| {e:.1e} | {registry} | {query} | {kind} | {} |", name(answer));
        }
        text
    }
}

/// Two significant digits.
struct Short(f64);

impl std::fmt::Display for Short {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let decimals = (1 - self.0.log10().floor() as i32).max(0) as usize;
        write!(f, "{:.decimals$}", self.0)
    }
}
