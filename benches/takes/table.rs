//! The tables.

use std::collections::BTreeMap;

use crate::list::Role;
use crate::outcome::Outcome;
use crate::poisson;

/// E-values at which is counted, as −log10.
const SCORES: [f64; 5] = [0.0, 1.0, 2.0, 3.0, 4.0];

/// Prints false matches by kind and length, and how many copies are found.
pub fn print(outcomes: &[Outcome<'_>]) {
    println!("Queries with a match that is not in them, and how many were promised:\n");
    let heads = SCORES.map(|score| format!("E ≤ 10^-{score} | 95 %"));
    println!("| kind | length s | queries | {} |", heads.join(" | "));
    println!("|---|---|---:|{}", "---:|---|".repeat(SCORES.len()));
    for ((kind, length), outcomes) in groups(outcomes, Role::Query) {
        let cells = SCORES.map(|score| {
            let observed = outcomes.iter().filter(|o| o.worst().is_some_and(|worst| worst >= score)).count();
            let promised = outcomes.len() as f64 * -(-10_f64.powf(-score)).exp_m1();
            let (least, most) = poisson::interval(observed);
            format!("{observed} of {promised:.1} | {least:.1} – {most:.1}")
        });
        println!("| {kind} | {length} | {} | {} |", outcomes.len(), cells.join(" | "));
    }
    println!("\nCopies that are found, and those with a match besides that is not in them (E ≤ 0.001):\n");
    println!("| kind | length s | queries | found % | others |\n|---|---|---:|---:|---:|");
    for ((kind, length), outcomes) in groups(outcomes, Role::Copy) {
        let found = outcomes.iter().filter(|o| o.is_found()).count();
        let others = outcomes.iter().filter(|o| o.worst().is_some_and(|worst| worst >= 3.0)).count();
        let share = 100.0 * found as f64 / outcomes.len() as f64;
        println!("| {kind} | {length} | {} | {share:.1} | {others} |", outcomes.len());
    }
}

type Groups<'a, 'o> = BTreeMap<(String, String), Vec<&'a Outcome<'o>>>;

/// By kind and length, then by kind alone.
fn groups<'a, 'o>(outcomes: &'a [Outcome<'o>], role: Role) -> Groups<'a, 'o> {
    let mut groups: Groups<'a, 'o> = BTreeMap::new();
    for outcome in outcomes.iter().filter(|o| o.clip.entry.role == role) {
        let length = match outcome.clip.length_s {
            0.0 => "whole".to_owned(),
            length => format!("{length:4}"),
        };
        for length in [length, "all".to_owned()] {
            groups.entry((outcome.clip.entry.kind.clone(), length)).or_default().push(outcome);
        }
    }
    groups
}
