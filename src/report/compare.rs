//! The row of `earmark compare --format jsonl`, and the same as text.

use std::io::{self, Write};
use std::ops::Range;
use std::path::Path;

use serde::Serialize;

use super::place::PlaceRow;
use super::rows::{optional_thousandths, rounded, thousandths};
use super::text::{BOLD, FAINT, GREEN, RED, RESET, YELLOW, clean, clock};
use crate::matching::pair::{Overlay, SharedPeaks};
use crate::matching::{Grade, Match};
use crate::paths;
use crate::picture::Basis;
use crate::text;
use crate::units::Seconds;

/// Name and number of the schema of [`CompareRow`].
pub const COMPARE_SCHEMA: &str = "earmark.compare/1";

/// A query, a recording, and where the one sounds in the other. Every key is
/// always there.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CompareRow {
    /// The query, A.
    pub query: ComparedFile,
    /// The recording, B.
    pub recording: ComparedFile,
    /// Where B was recognised in A, best first; empty where it was not, where
    /// a file could not be read, and where a position was given.
    pub matches: Vec<PlacementRow>,
    /// What the picture shows: the best match, the best candidate below the
    /// threshold, or the position that was given; null where there is none.
    pub shown: Option<PlacementRow>,
    /// Where the picture was written; null where none was asked for or a file
    /// could not be read.
    pub picture: Option<String>,
    /// [`COMPARE_SCHEMA`].
    pub schema: &'static str,
}

/// One of two files.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ComparedFile {
    /// The file as it was named.
    pub path: String,
    /// Length of its decoded audio in seconds; null when it could not be decoded.
    #[serde(serialize_with = "optional_thousandths")]
    pub duration_s: Option<Seconds>,
    /// Why it could not be read; null when it could.
    pub error: Option<String>,
}

/// A place in the query at which the recording lies.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PlacementRow {
    /// `match`, `possible`, `below-threshold` or `given`.
    pub grade: &'static str,
    /// Where it lies.
    #[serde(flatten)]
    pub place: PlaceRow,
    /// As in [`super::MatchRow::score`]; null where a position was given.
    #[serde(serialize_with = "optional_thousandths")]
    pub score: Option<f64>,
    /// Peaks of the recording that should sound in the range.
    pub peaks: usize,
    /// Those of them that the query has there.
    pub peaks_found: usize,
    /// How many it would have by chance at a place chosen at random. The best of
    /// many places that were tried has more.
    #[serde(serialize_with = "thousandths")]
    pub peaks_by_chance: f64,
}

impl ComparedFile {
    /// A file that was read, or why it was not.
    pub fn new(path: &Path, duration_s: Result<Seconds, impl ToString>) -> Self {
        let error = duration_s.as_ref().err().map(ToString::to_string);
        Self { path: paths::text(path), duration_s: duration_s.ok(), error }
    }
}

impl PlacementRow {
    /// A match, with what both share there.
    pub fn found(found: &Match, shared: &SharedPeaks) -> Self {
        let basis = Basis::Found { grade: found.grade, score: found.score };
        Self::new(&basis, PlaceRow::from(found), shared)
    }

    /// Any overlay over a range of the query, in seconds.
    pub fn overlaid(basis: &Basis, overlay: &Overlay, query_s: Range<Seconds>, shared: &SharedPeaks) -> Self {
        let place = PlaceRow {
            query_start_s: query_s.start,
            query_end_s: query_s.end,
            reference_start_s: overlay.reference_s(query_s.start),
            reference_end_s: overlay.reference_s(query_s.end),
            time_scale: overlay.time_scale,
            pitch_semitones: overlay.pitch_semitones,
        };
        Self::new(basis, place, shared)
    }

    fn new(basis: &Basis, place: PlaceRow, shared: &SharedPeaks) -> Self {
        let (grade, score) = match *basis {
            Basis::Found { grade: Grade::Match, score } => ("match", Some(score)),
            Basis::Found { grade: Grade::Possible, score } => ("possible", Some(score)),
            Basis::Candidate { score, .. } => ("below-threshold", Some(score)),
            Basis::Given | Basis::Nothing => ("given", None),
        };
        Self {
            grade,
            place,
            score,
            peaks: shared.looked_for(),
            peaks_found: shared.found.len(),
            peaks_by_chance: shared.expected_by_chance,
        }
    }
}

impl CompareRow {
    /// Writes it as text with ANSI colours.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write_text(&self, out: &mut impl Write) -> io::Result<()> {
        for (letter, file) in [("A", &self.query), ("B", &self.recording)] {
            let length = file.duration_s.map_or_else(String::new, |seconds| format!("  {}", clock(seconds)));
            writeln!(out, "{letter}  {BOLD}{}{RESET}{FAINT}{length}{RESET}", clean(&file.path))?;
            if let Some(error) = &file.error {
                writeln!(out, "   {RED}error: {}{RESET}", clean(error))?;
            }
        }
        let given = self.shown.as_ref().is_some_and(|shown| shown.grade == "given");
        let read = self.query.error.is_none() && self.recording.error.is_none();
        if self.matches.is_empty() && read && !given {
            writeln!(out, "B was not recognised in A")?;
        }
        for placement in &self.matches {
            placement.write_text(out)?;
        }
        if let Some(shown) = self.shown.as_ref().filter(|shown| !self.matches.contains(shown)) {
            shown.write_text(out)?;
        }
        if let Some(picture) = &self.picture {
            writeln!(out, "{FAINT}picture: {}{RESET}", clean(picture))?;
        }
        out.flush()
    }
}

impl PlacementRow {
    fn write_text(&self, out: &mut impl Write) -> io::Result<()> {
        let (word, colour) = match self.grade {
            "match" => ("match", GREEN),
            "possible" => ("possible match; a person should listen", YELLOW),
            "given" => ("the position given", ""),
            _ => ("not a match; the best candidate below the threshold", ""),
        };
        writeln!(
            out,
            "{colour}{word}{RESET}\n  A {}\u{2013}{}, B {}\u{2013}{}",
            clock(self.place.query_start_s),
            clock(self.place.query_end_s),
            // Before 0 where the recording starts after the query.
            text::clock(self.place.reference_start_s, 1),
            text::clock(self.place.reference_end_s, 1)
        )?;
        let score = self.score.map_or_else(String::new, |score| format!(", score {score:.1}"));
        writeln!(
            out,
            "  time scale {:.4} (speed {:+.1} %), pitch {:+.2} semitones{score}",
            self.place.time_scale,
            rounded((self.place.time_scale - 1.0) * 100.0, 1),
            rounded(self.place.pitch_semitones, 2)
        )?;
        let share = |count: f64| if self.peaks == 0 { 0.0 } else { 100.0 * count / self.peaks as f64 };
        writeln!(
            out,
            "  {FAINT}of {} peaks of B, A has {} ({:.0} %); at a random place chance gives about {:.0} ({:.0} %){RESET}",
            self.peaks,
            self.peaks_found,
            share(self.peaks_found as f64),
            self.peaks_by_chance,
            share(self.peaks_by_chance)
        )
    }
}
