//! Results for people to read in a terminal.
//!
//! A file takes a few lines, so that nothing has to be known about the files
//! to come. Long texts are wrapped; paths are not, so that they can be copied.

use std::collections::BTreeMap;
use std::io::{self, Write};

use super::text::{BOLD, FAINT, GREEN, RED, RESET, YELLOW, clean, clock};
use super::{IdentifyRow, MatchRow, ScanHeader, ScanRow};
use crate::matching::Grade;
use crate::text;
use crate::verdict::{ReasonCode, VerdictKind};

/// The narrowest table: what an old terminal shows.
pub(crate) const NARROWEST: usize = 80;

/// Width of the column of verdicts; the longest has 11 letters.
pub(crate) const INDENT: usize = 13;

/// Writes what `earmark identify` found.
#[derive(Debug)]
pub struct IdentifyTable<W: Write> {
    out: W,
    width: usize,
}

impl<W: Write> IdentifyTable<W> {
    /// A table `width` characters wide (80 if that is less). `out` should be a
    /// stream that removes ANSI escapes where they are not wanted.
    pub fn new(out: W, width: usize) -> Self {
        Self { out, width: width.max(NARROWEST) }
    }

    /// Writes one input and hands it to the output.
    ///
    /// # Errors
    /// Those of what it is written to.
    pub fn write(&mut self, row: &IdentifyRow) -> io::Result<()> {
        let length = row.duration_s.map_or_else(String::new, |seconds| format!("  {}", clock(seconds)));
        writeln!(self.out, "{BOLD}{}{RESET}{FAINT}{length}{RESET}", clean(&row.path))?;
        if let Some(error) = &row.error {
            paragraph(&mut self.out, &format!("error: {error}"), 2, self.width, RED)?;
        } else if row.matches.is_empty() {
            paragraph(&mut self.out, "nothing recognised", 2, self.width, FAINT)?;
        }
        for found in &row.matches {
            write_match(&mut self.out, found, 2, self.width)?;
        }
        self.out.flush()
    }

    /// Hands everything to the output.
    ///
    /// # Errors
    /// Those of what it is written to.
    pub fn finish(mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Writes what `earmark scan` found.
#[derive(Debug)]
pub struct ScanTable<W: Write> {
    out: W,
    width: usize,
}

impl<W: Write> ScanTable<W> {
    /// As [`IdentifyTable::new`].
    pub fn new(out: W, width: usize) -> Self {
        Self { out, width: width.max(NARROWEST) }
    }

    /// Writes one file and hands it to the output.
    ///
    /// # Errors
    /// Those of what it is written to.
    pub fn write(&mut self, row: &ScanRow) -> io::Result<()> {
        let colour = colour(row.verdict);
        let verdict = row.verdict.name();
        writeln!(self.out, "{colour}{verdict:<INDENT$}{RESET}{BOLD}{}{RESET}", clean(&row.path))?;
        for found in &row.matches {
            write_match(&mut self.out, found, INDENT, self.width)?;
        }
        for reason in &row.reasons {
            // These only say again what the lines above say.
            if !matches!(reason.code, ReasonCode::Recognised | ReasonCode::NoMatch) {
                paragraph(&mut self.out, &reason.text, INDENT, self.width, FAINT)?;
            }
        }
        for part in row.audio.iter().flat_map(|audio| &audio.unheard) {
            let detail = part.detail.trim_end_matches('.');
            if !row.reasons.iter().any(|reason| reason.text.contains(detail)) {
                let text = clean(&format!("not heard: {part}"));
                paragraph(&mut self.out, &text, INDENT, self.width, FAINT)?;
            }
        }
        self.out.flush()
    }

    /// Writes the counts and what was asked, and hands everything to the
    /// output.
    ///
    /// # Errors
    /// Those of what it is written to.
    pub fn finish(mut self, summary: &Summary, header: &ScanHeader) -> io::Result<()> {
        writeln!(self.out, "\n{BOLD}{summary}{RESET}")?;
        let question = &header.question;
        let place =
            question.territory.map_or_else(|| "worldwide".to_owned(), |territory| format!("in {territory}"));
        let hash: String = header.registry.hash.chars().take(16).collect();
        let asked = format!(
            "Asked: {}, {place}, on {}, policy {}. Checked by {} against registry generation {} ({hash}), params {}.",
            question.use_,
            question.as_of,
            question.policy,
            header.tool,
            header.registry.generation,
            header.params
        );
        paragraph(&mut self.out, &asked, 0, self.width, FAINT)?;
        self.out.flush()
    }
}

/// How many files got which verdict.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    counts: BTreeMap<VerdictKind, u64>,
}

impl Summary {
    /// Counts one file.
    pub fn add(&mut self, verdict: VerdictKind) {
        *self.counts.entry(verdict).or_default() += 1;
    }

    /// Files with this verdict.
    pub fn count(&self, verdict: VerdictKind) -> u64 {
        self.counts.get(&verdict).copied().unwrap_or(0)
    }

    /// All files.
    pub fn total(&self) -> u64 {
        self.counts.values().sum()
    }
}

impl std::fmt::Display for Summary {
    /// `3 files: 2 disallowed, 1 no-match`, the strictest first.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let total = self.total();
        write!(f, "{total} {}", if total == 1 { "file" } else { "files" })?;
        for (i, (verdict, count)) in self.counts.iter().rev().enumerate() {
            write!(f, "{}{count} {verdict}", if i == 0 { ": " } else { ", " })?;
        }
        Ok(())
    }
}

/// The colour of a verdict; empty for none.
pub(crate) fn colour(verdict: VerdictKind) -> &'static str {
    match verdict {
        VerdictKind::Disallowed | VerdictKind::Error => RED,
        VerdictKind::Constrained | VerdictKind::Review | VerdictKind::Undeclared | VerdictKind::TooShort => {
            YELLOW
        }
        VerdictKind::Allowed => GREEN,
        VerdictKind::NoMatch => "",
    }
}

/// What and where in the file; from where in the recording, and what else it
/// may be.
fn write_match(out: &mut impl Write, found: &MatchRow, indent: usize, width: usize) -> io::Result<()> {
    let (name, range) = named(found);
    paragraph(out, &clean(&format!("{range}  {name}")), indent, width, "")?;
    paragraph(out, &details(found).join(", "), indent + 2, width, FAINT)?;
    if !found.siblings.is_empty() {
        let names: Vec<String> = found.siblings.iter().map(|s| named(s).0).collect();
        let more = if found.more_siblings { "; and there may be more" } else { "" };
        let text = format!("the same audio is in {}{more}", names.join("; "));
        paragraph(out, &text, indent + 2, width, FAINT)?;
    }
    Ok(())
}

/// Where in the recording, how sure, how altered, where else.
pub(super) fn details(found: &MatchRow) -> Vec<String> {
    let mut details =
        vec![format!("from {} of the recording", clock(found.place.reference_start_s)), e_value(found.score)];
    // Smaller changes than these nobody makes on purpose; they are in the JSONL.
    if (found.place.time_scale - 1.0).abs() >= 0.002 {
        details.push(format!("speed {:+.1} %", (found.place.time_scale - 1.0) * 100.0));
    }
    if found.place.pitch_semitones.abs() >= 0.05 {
        details.push(format!("pitch {:+.1} semitones", found.place.pitch_semitones));
    }
    if found.grade == Grade::Possible {
        details.push("possible match only".to_owned());
    }
    if let [first, ..] = found.also_at_s.as_slice() {
        let others = found.also_at_s.len() - 1;
        let more = if others == 0 { String::new() } else { format!(" and {others} more places") };
        details.push(format!("sounds the same at {}{more}", clock(*first)));
    }
    details
}

/// Title and artist, or the id; and the codes beside it.
pub(super) fn named(found: &MatchRow) -> (String, String) {
    let name = match (&found.title, &found.artist) {
        (Some(title), Some(artist)) => format!("{title}, {artist}"),
        (Some(title), None) => title.clone(),
        (None, _) => found.recording.clone(),
    };
    let mut codes: Vec<String> = found.isrcs.iter().map(ToString::to_string).collect();
    if found.title.is_some() && !found.isrcs.iter().any(|isrc| isrc.as_str() == found.recording) {
        codes.insert(0, found.recording.clone());
    }
    let codes = if codes.is_empty() { String::new() } else { format!(" ({})", codes.join(", ")) };
    let range = format!("{}\u{2013}{}", clock(found.place.query_start_s), clock(found.place.query_end_s));
    (format!("{name}{codes}"), range)
}

/// As people say it: by powers of ten.
fn e_value(score: f64) -> String {
    if score < 2.0 { format!("E {:.2}", 10_f64.powf(-score)) } else { format!("E 10^-{score:.0}") }
}

/// Text wrapped at `width` and indented.
pub(crate) fn paragraph(
    out: &mut impl Write,
    words: &str,
    indent: usize,
    width: usize,
    colour: &str,
) -> io::Result<()> {
    let reset = if colour.is_empty() { "" } else { RESET };
    for line in text::wrapped(&clean(words), width - indent) {
        writeln!(out, "{:indent$}{colour}{line}{reset}", "")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::identify::tests::example as example_match;
    use super::super::place::PlaceRow;
    use super::super::scan_row::tests::{example, failed, half_heard, header};
    use super::*;

    fn plain(coloured: &[u8]) -> String {
        let text = std::str::from_utf8(coloured).expect("tables are UTF-8");
        anstream::adapter::strip_str(text).to_string()
    }

    #[test]
    fn every_part_that_was_not_heard_is_listed_once() {
        let mut row = example();
        row.audio = Some(half_heard());
        row.reasons[0].text = "A part was not heard: audio track 2 (9.0 s).".to_owned();
        row.reasons[0].code = ReasonCode::NotHeard;
        let mut out = Vec::new();
        ScanTable::new(&mut out, 80).write(&row).expect("memory does not fail");
        let text = plain(&out);
        assert_eq!(text.matches("audio track 2").count(), 1, "{text}");
        assert!(text.contains("not heard: cut: it stops; and goes on"), "{text}");
    }

    #[test]
    fn a_scan_reads_well_in_80_columns() {
        let mut out = Vec::new();
        let mut table = ScanTable::new(&mut out, 20);
        let mut summary = Summary::default();
        for row in [example(), failed(), failed()] {
            table.write(&row).expect("memory does not fail");
            summary.add(row.verdict);
        }
        table.finish(&summary, &header()).expect("memory does not fail");
        let expected = "\
disallowed   a/tag-wrong.ogg
             0:00.0–0:08.9 Slow Orbit, Mina Voss (QZ-HB1-25-00003)
               from 0:09.0 of the recording, E 10^-48, speed +8.0 %, pitch +1.3
               semitones, sounds the same at 0:41.0
             Halden Bay Records disallows AI training, said on 2025-01-01, for
             everything that it owns.
             The tag contradicts the sound.
error        bad\\u{1b}[2J.mp3
             The file could not be checked: unknown format.
error        bad\\u{1b}[2J.mp3
             The file could not be checked: unknown format.

3 files: 1 disallowed, 2 error
Asked: ai-training, worldwide, on 2026-01-31, policy review. Checked by earmark
0.1.0 against registry generation 2 (abababababababab), params 0123456789abcdef.
";
        assert_eq!(plain(&out), expected);
    }

    #[test]
    fn an_identification_reads_well() {
        let mut out = Vec::new();
        let mut table = IdentifyTable::new(&mut out, 100);
        let nameless = MatchRow {
            title: None,
            recording: "windmill".to_owned(),
            isrcs: Vec::new(),
            grade: Grade::Possible,
            place: PlaceRow { time_scale: 1.0, pitch_semitones: 0.0, ..example_match().place },
            also_at_s: Vec::new(),
            siblings: vec![example_match()],
            ..example_match()
        };
        let rows = [
            IdentifyRow::checked(Path::new("a.ogg"), 9.0, vec![nameless]),
            IdentifyRow::checked(Path::new("b.ogg"), 7.0, Vec::new()),
            IdentifyRow::failed(Path::new("c.ogg"), "unknown format"),
        ];
        for row in rows {
            table.write(&row).expect("memory does not fail");
        }
        table.finish().expect("memory does not fail");
        let expected = "\
a.ogg  0:09.0
  0:00.0–0:08.9 windmill
    from 0:09.0 of the recording, E 10^-48, possible match only
    the same audio is in Slow Orbit, Mina Voss (QZ-HB1-25-00003)
b.ogg  0:07.0
  nothing recognised
c.ogg
  error: unknown format
";
        assert_eq!(plain(&out), expected);
    }
}
