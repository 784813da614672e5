//! What became of a row, and why.

use std::collections::BTreeSet;
use std::io::{self, Write};

use serde::Serialize;

use crate::report::table::{NARROWEST, colour, paragraph};
use crate::report::text::{BOLD, FAINT, RESET};
use crate::report::{MatchRow, PastRow, ScanRow, clean};
use crate::verdict::VerdictKind;

/// Name and number of the schema of [`Change`].
pub const CHANGE_SCHEMA: &str = "earmark.change/1";

/// A file whose answer is another than before. In JSONL one object a line, in
/// the order of the report; every key is always there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// The file.
    pub path: String,
    /// Its verdict before.
    pub verdict_before: VerdictKind,
    /// Its verdict now.
    pub verdict: VerdictKind,
    /// Ids of recordings recognised now and not before, siblings included, sorted.
    pub recordings_added: Vec<String>,
    /// Ids of recordings recognised before and not now, sorted.
    pub recordings_dropped: Vec<String>,
    /// Numbers of the declarations cited now and not before, ascending.
    pub declarations_added: Vec<u64>,
    /// Numbers of the declarations cited before and not now, ascending.
    pub declarations_dropped: Vec<u64>,
    /// The sentences among the reasons that were not there before.
    pub reasons_added: Vec<String>,
    /// [`CHANGE_SCHEMA`].
    pub schema: &'static str,
}

impl Change {
    /// What is different between a row before and now; `None` where the verdict,
    /// the recordings and the declarations are the same.
    pub fn between(before: &PastRow, now: &ScanRow) -> Option<Change> {
        let recordings = |matches: &[MatchRow]| -> BTreeSet<String> {
            let all = matches.iter().flat_map(|found| std::iter::once(found).chain(&found.siblings));
            all.map(|found| found.recording.clone()).collect()
        };
        let (recordings_before, recordings_now) = (recordings(&before.matches), recordings(&now.matches));
        let declarations_before: BTreeSet<u64> =
            before.reasons.iter().flat_map(|reason| reason.declarations.iter().copied()).collect();
        let declarations_now: BTreeSet<u64> =
            now.reasons.iter().flat_map(|reason| reason.declarations.iter().copied()).collect();
        if before.verdict == now.verdict
            && recordings_before == recordings_now
            && declarations_before == declarations_now
        {
            return None;
        }
        let sentences = now.reasons.iter().map(|reason| &reason.text);
        let is_new = |text: &&String| before.reasons.iter().all(|reason| reason.text != **text);
        Some(Change {
            path: now.path.clone(),
            verdict_before: before.verdict,
            verdict: now.verdict,
            recordings_added: recordings_now.difference(&recordings_before).cloned().collect(),
            recordings_dropped: recordings_before.difference(&recordings_now).cloned().collect(),
            declarations_added: declarations_now.difference(&declarations_before).copied().collect(),
            declarations_dropped: declarations_before.difference(&declarations_now).copied().collect(),
            reasons_added: sentences.filter(is_new).cloned().collect(),
            schema: CHANGE_SCHEMA,
        })
    }

    /// Writes it for people, `width` columns wide (80 if that is less). `out` should
    /// take out ANSI escapes where they are not wanted.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write_text(&self, out: &mut impl Write, width: usize) -> io::Result<()> {
        let colour = colour(self.verdict);
        let verdict = if self.verdict_before == self.verdict {
            format!("{colour}{}{RESET}", self.verdict)
        } else {
            format!("{} \u{2192} {colour}{}{RESET}", self.verdict_before, self.verdict)
        };
        writeln!(out, "{BOLD}{}{RESET}  {verdict}", clean(&self.path))?;
        let numbers = |numbers: &[u64]| numbers.iter().map(u64::to_string).collect::<Vec<_>>().join(", ");
        for (what, names) in [
            ("now recognised", self.recordings_added.join(", ")),
            ("no longer recognised", self.recordings_dropped.join(", ")),
            ("now cites declarations", numbers(&self.declarations_added)),
            ("no longer cites declarations", numbers(&self.declarations_dropped)),
        ] {
            if !names.is_empty() {
                paragraph(out, &format!("{what}: {names}"), 2, width.max(NARROWEST), "")?;
            }
        }
        for reason in &self.reasons_added {
            paragraph(out, reason, 4, width.max(NARROWEST), FAINT)?;
        }
        Ok(())
    }
}
