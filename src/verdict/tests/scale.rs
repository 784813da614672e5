//! A registry with many declarations.

use std::time::{Duration, Instant};

use crate::registry::{NewEntry, Subject};

use super::page::{entry, known, log_of};
use super::*;

/// Rows that one file could bring to bear.
const ROWS: u64 = 20_000;

fn time(entries: Vec<NewEntry>, files: usize) -> Duration {
    let book = DeclarationBook::new(
        log_of(entries),
        Question::new(crate::registry::Use::AiTraining, "2026-11-21".parse().unwrap()),
        None,
    );
    let found = recognition("A, tag QZHB12400001");
    let start = Instant::now();
    for _ in 0..files {
        decide(&found, &book);
    }
    start.elapsed()
}

/// A verdict costs what concerns the file: were every declaration looked at,
/// the time would be thousands of times as long.
#[test]
fn a_verdict_costs_what_concerns_the_file() {
    let few = ["Label disallows ai-training for owner Label", "Label allows search for recording A"];
    let mut many: Vec<NewEntry> = few.map(entry).to_vec();
    for number in 0..ROWS {
        let mut row = entry("Somebody disallows ai-training for recording Z");
        if let NewEntry::Declaration(declaration) = &mut row {
            declaration.subject = match number % 3 {
                0 => Subject::Recording(format!("other-{number}")),
                1 => Subject::Owner(format!("Other {number}")),
                _ => Subject::Everything,
            };
        }
        many.push(row);
    }
    let (few, many) = (time(few.map(entry).to_vec(), 2_000), time(many, 2_000));
    assert!(many < few * 20 + Duration::from_millis(200), "{few:?} with two rows, {many:?} with {ROWS} more");
}

/// Twenty thousand rows of one declarant about one owner, each in the place of
/// the one before. A square of them would take minutes.
#[test]
fn a_long_history_is_no_square() {
    let rows = (0..ROWS).map(|number| {
        entry(if number % 2 == 0 {
            "Label disallows ai-training for owner Label"
        } else {
            "Label allows ai-training for owner Label"
        })
    });
    assert_eq!(known("A").owner.as_deref(), Some("Label"));
    let taken = time(rows.collect(), 1);
    assert!(taken < Duration::from_secs(10), "{taken:?}");
}

/// Recordings of a thousand owners in a hundred groups; twenty thousand declarations about groups, owners, prefixes and recordings;
/// two thousand mandates.
#[test]
fn a_large_registry_is_judged_fast() {
    let mut entries = Vec::new();
    for owner in 0..1_000 {
        entries.push(entry(&format!("owner: Owner_{owner} alias O{owner} parent Group_{}", owner % 100)));
    }
    for agency in 0..2_000 {
        entries.push(entry(&format!("mandate: Agency_{agency} for owner O{}", agency % 1_000)));
    }
    for row in 0..ROWS {
        let (owner, verb) = (row % 1_000, ["allows", "disallows"][row as usize % 2]);
        entries.push(entry(&match row % 4 {
            0 => format!("Group_{} disallows ai-training for everything", row % 100),
            1 => format!("Agency_{owner} {verb} ai-training for owner Owner_{owner}"),
            2 => format!("O{owner} {verb} data-mining for recording r{row}"),
            _ => format!("Stranger_{row} {verb} ai-training for recording r{row}"),
        }));
    }
    let start = Instant::now();
    let question = Question::new(crate::registry::Use::AiTraining, "2026-11-21".parse().unwrap());
    let book = DeclarationBook::new(log_of(entries), question, None);
    let arranged = start.elapsed();
    let mut found = recognition("A");
    let mut kinds = std::collections::BTreeMap::new();
    let start = Instant::now();
    for recording in 0..20_000 {
        let known = &mut found.matches[0].recording;
        known.id = format!("r{recording}");
        known.owner = Some(format!("Owner {}", recording % 1_000));
        *kinds.entry(decide(&found, &book).kind).or_insert(0) += 1;
    }
    let judged = start.elapsed();
    println!("{arranged:?} to arrange, {judged:?} to judge: {kinds:?}");
    assert_eq!(kinds.len(), 3, "{kinds:?}");
    // Measured 0.02 and 1 s, without optimisation.
    assert!(arranged + judged < Duration::from_secs(60), "{arranged:?} and {judged:?}");
}
