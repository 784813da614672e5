//! A report against what is known.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use crate::Failure;
use crate::damage::Damage;
use crate::rows::Row;
use crate::truth;

/// Seconds by which a position may be off.
const POSITION_S: f64 = 0.5;
/// Seconds by which the length of a sound clip may be off: padding of encoders that
/// no container tells.
const LENGTH_S: f64 = 0.3;

/// How often something was right.
#[derive(Clone, Copy, Debug, Default)]
struct Share {
    of: u64,
    right: u64,
    placed: u64,
    other: u64,
}

/// What the rows of `once` say against the `truth`, as Markdown; rows that are not as
/// they should be are written to `misses`.
///
/// # Errors
/// If `misses` cannot be written.
pub fn check(truth: &[truth::Row], rows: &[Row], misses: &Path) -> Result<String, Failure> {
    let mut out = String::new();
    let in_order = truth.len() == rows.len() && truth.iter().zip(rows).all(|(due, row)| due.item == row.path);
    writeln!(
        out,
        "{} items, {} rows: {}.\n",
        truth.len(),
        rows.len(),
        if in_order { "each item once, in order" } else { "**not** each item once and in order" }
    )?;
    let mut csv = csv::Writer::from_path(misses)?;
    csv.write_record(["what", "item", "source", "encoding", "broken", "verdict", "found"])?;
    let by_item: BTreeMap<&str, &Row> = rows.iter().map(|row| (&row.path[..], row)).collect();
    let mut verdicts: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    let mut encodings: BTreeMap<&str, Share> = BTreeMap::new();
    let mut parts: BTreeMap<&str, Share> = BTreeMap::new();
    let mut lengths: BTreeMap<&str, Share> = BTreeMap::new();
    let mut broken: BTreeMap<&str, [u64; 3]> = BTreeMap::new();
    let mut wrong: BTreeMap<&str, u64> = BTreeMap::new();
    let mut unregistered = (0u64, 0u64, 0u64);
    let groups: BTreeMap<&str, &str> = truth.iter().map(|due| (&due.source[..], &due.group[..])).collect();
    for due in truth {
        let Some(row) = by_item.get(&due.item[..]) else { continue };
        let kind = match (due.broken.is_empty(), due.registered) {
            (false, _) => "broken",
            (true, true) => "registered",
            (true, false) => "unregistered",
        };
        *verdicts.entry((kind, &row.verdict[..])).or_default() += 1;
        let mut note = |what: &'static str| -> Result<(), Failure> {
            *wrong.entry(what).or_default() += 1;
            let found: Vec<&str> = row.accepted().map(|found| &found.recording[..]).collect();
            let found = row.error.clone().unwrap_or_else(|| found.join(";"));
            Ok(csv.write_record([
                what,
                &due.item,
                &due.source,
                &due.encoding,
                &due.broken,
                &row.verdict,
                &found,
            ])?)
        };
        if row.error.as_ref().is_some_and(|error| error.contains("panic")) {
            note("the program failed on it")?;
        }
        if !due.broken.is_empty() {
            let damage = Damage::ALL.into_iter().find(|damage| damage.name() == due.broken);
            let decoded = match (&row.error, &row.audio) {
                (Some(_), _) => 0,
                (None, Some(audio)) if audio.truncated || audio.packets_skipped > 0 => 1,
                (None, _) if row.duration_s.unwrap_or(0.0) < due.duration_s - LENGTH_S => 1,
                (None, _) => 2,
            };
            broken.entry(&due.broken[..]).or_default()[decoded] += 1;
            if decoded > 0 && damage.is_some_and(Damage::is_total) {
                note("decoded, and nothing is in it")?;
            }
            continue;
        }
        if row.error.is_some() {
            note("sound, and could not be checked")?;
            continue;
        }
        if row.duration_s.is_some_and(|found| (found - due.duration_s).abs() > LENGTH_S) {
            note("sound, and of another length")?;
        }
        if !due.registered {
            unregistered.0 += 1;
            let group = |name: &str| groups.get(name).copied().unwrap_or("");
            let others: Vec<&str> = row.accepted().map(|found| group(&found.recording)).collect();
            let related = |group: &str| !group.is_empty() && group == due.group;
            if others.iter().any(|group| !related(group)) {
                unregistered.2 += 1;
                note("unregistered, and recognised as music of another group")?;
            } else if !others.is_empty() {
                unregistered.1 += 1;
                note("unregistered, and recognised as music of its own group")?;
            }
            continue;
        }
        let right = row.accepted().find(|found| {
            found.recording == due.source
                || found.siblings.iter().any(|sibling| sibling.recording == due.source)
        });
        let placed = right.is_some_and(|found| {
            let at = due.start_s + found.query_start_s;
            let starts = found.also_at_s.iter().chain([&found.reference_start_s]);
            found.recording != due.source || starts.into_iter().any(|start| (start - at).abs() < POSITION_S)
        });
        let other = right.is_none() && row.accepted().next().is_some();
        for share in [
            encodings.entry(&due.encoding).or_default(),
            parts.entry(&due.part).or_default(),
            lengths.entry(length(due.duration_s)).or_default(),
        ] {
            share.of += 1;
            share.right += u64::from(right.is_some());
            share.placed += u64::from(placed);
            share.other += u64::from(other);
        }
        if right.is_none() {
            note(if other { "registered, and another one named" } else { "registered, and not recognised" })?;
        } else if !placed {
            note("recognised elsewhere in the recording")?;
        }
    }
    csv.flush()?;
    writeln!(out, "| not as it should be | rows |\n|---|---|")?;
    for (what, count) in &wrong {
        writeln!(out, "| {what} | {count} |")?;
    }
    writeln!(
        out,
        "\nOf {} unregistered items {} were recognised as registered music of their own group (album, game), which may be in them, and {} as other music.\n",
        unregistered.0, unregistered.1, unregistered.2
    )?;
    writeln!(out, "| truth | verdict | rows |\n|---|---|---|")?;
    for ((kind, verdict), count) in &verdicts {
        writeln!(out, "| {kind} | {verdict} | {count} |")?;
    }
    writeln!(out, "\n| broken how | refused | decoded in part | decoded whole |\n|---|---|---|---|")?;
    for (kind, [refused, part, whole]) in &broken {
        writeln!(out, "| {kind} | {refused} | {part} | {whole} |")?;
    }
    for (title, shares) in [("length", lengths), ("held by", parts), ("encoding", encodings)] {
        writeln!(
            out,
            "\n| {title} | registered, sound | recognised, % | at the right place, % | another one named |\n|---|---|---|---|---|"
        )?;
        for (name, share) in &shares {
            let percent = |n: u64| 100.0 * n as f64 / share.of as f64;
            writeln!(
                out,
                "| {name} | {} | {:.1} | {:.1} | {} |",
                share.of,
                percent(share.right),
                percent(share.placed),
                share.other
            )?;
        }
    }
    Ok(out)
}

fn length(seconds: f64) -> &'static str {
    match seconds {
        s if s < 7.0 => "5 to 7 s",
        s if s < 10.0 => "7 to 10 s",
        s if s <= 20.0 => "10 to 20 s",
        _ => "whole recordings",
    }
}

/// Rows of adaptive against full coverage, as Markdown, with the first differences.
///
/// # Errors
/// Never, but formatting can.
pub fn coverage(truth: &[truth::Row], full: &[Row], adaptive: &[Row]) -> Result<String, Failure> {
    #[derive(Default)]
    struct Differences {
        rows: u64,
        verdicts: u64,
        lost: u64,
        won: u64,
        moved: u64,
    }
    let mut kinds: BTreeMap<&str, Differences> = BTreeMap::new();
    let mut first = Vec::new();
    for ((due, full), adaptive) in truth.iter().zip(full).zip(adaptive) {
        let kind = if due.duration_s > 20.0 { "whole recordings" } else { "clips" };
        let counts = kinds.entry(kind).or_default();
        counts.rows += 1;
        let names = |row: &Row| -> Vec<String> {
            let mut names: Vec<String> = row.accepted().map(|found| found.recording.clone()).collect();
            names.sort();
            names.dedup();
            names
        };
        let (before, after) = (names(full), names(adaptive));
        let lost = before.iter().filter(|name| !after.contains(name)).count() as u64;
        let won = after.iter().filter(|name| !before.contains(name)).count() as u64;
        let moved = full.accepted().count() != adaptive.accepted().count()
            || full.accepted().zip(adaptive.accepted()).any(|(one, other)| {
                let ends = [
                    (one.query_start_s, other.query_start_s),
                    (one.query_end_s, other.query_end_s),
                    (one.reference_start_s, other.reference_start_s),
                ];
                ends.iter().any(|(one, other)| (one - other).abs() > POSITION_S)
            });
        let verdict = full.path != adaptive.path || full.verdict != adaptive.verdict;
        counts.verdicts += u64::from(verdict);
        counts.lost += lost;
        counts.won += won;
        counts.moved += u64::from(moved);
        if (verdict || lost + won > 0) && first.len() < 20 {
            first.push(format!(
                "| {} | {} {} | {} {} |",
                due.item,
                full.verdict,
                before.join(" "),
                adaptive.verdict,
                after.join(" ")
            ));
        }
    }
    let mut out = String::from(
        "| | rows | other verdict | recordings lost | recordings won | rows with other positions |\n|---|---|---|---|---|---|\n",
    );
    for (kind, d) in &kinds {
        writeln!(out, "| {kind} | {} | {} | {} | {} | {} |", d.rows, d.verdicts, d.lost, d.won, d.moved)?;
    }
    if !first.is_empty() {
        writeln!(
            out,
            "\nThe first rows that differ:\n\n| item | full | adaptive |\n|---|---|---|\n{}",
            first.join("\n")
        )?;
    }
    Ok(out)
}
