//! What was declared about an ISRC, without any sound.

use std::io::{self, Write};

use serde::Serialize;

use super::table::{INDENT, NARROWEST, colour, paragraph};
use super::text::{BOLD, FAINT, RESET};
use crate::isrc::Isrc;
use crate::verdict::{Reason, VerdictKind};

/// Name and number of the schema of [`IsrcRow`].
pub const ISRC_SCHEMA: &str = "earmark.isrc/1";

/// What owners declared about the recordings that carry an ISRC. In JSONL one object a
/// line; every key is always there.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct IsrcRow {
    /// The ISRC in its compact form.
    pub isrc: Isrc,
    /// `isrc`: nobody listened. The code is what somebody says that a recording is.
    pub basis: &'static str,
    /// What a file would get that is heard to be this recording and nothing else.
    pub declared: VerdictKind,
    /// Why, the strictest first.
    pub reasons: Vec<Reason>,
    /// Ids of the registered recordings that carry the code, in order of registration.
    pub recordings: Vec<String>,
    /// [`ISRC_SCHEMA`].
    pub schema: &'static str,
}

impl IsrcRow {
    /// The row of `isrc`, which `recordings` carry.
    pub fn new(isrc: Isrc, declared: VerdictKind, reasons: Vec<Reason>, recordings: Vec<String>) -> Self {
        Self { isrc, basis: "isrc", declared, reasons, recordings, schema: ISRC_SCHEMA }
    }

    /// Writes it for people, `width` columns wide (80 if that is less). `out` should take
    /// out ANSI escapes where they are not wanted.
    ///
    /// # Errors
    /// When `out` fails.
    pub fn write_text(&self, out: &mut impl Write, width: usize) -> io::Result<()> {
        let (colour, declared) = (colour(self.declared), self.declared.name());
        writeln!(out, "{colour}{declared:<INDENT$}{RESET}{BOLD}{}{RESET}", self.isrc)?;
        if self.recordings.is_empty() {
            paragraph(
                out,
                "No registered recording carries this code.",
                INDENT,
                width.max(NARROWEST),
                FAINT,
            )?;
        }
        for reason in &self.reasons {
            paragraph(out, &reason.text, INDENT, width.max(NARROWEST), FAINT)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_has_its_documented_keys_and_reads_well() {
        let isrc = "QZHB12500001".parse().expect("an ISRC");
        let row = IsrcRow::new(isrc, VerdictKind::Undeclared, Vec::new(), Vec::new());
        assert_eq!(
            serde_json::to_string(&row).expect("JSON"),
            r#"{"isrc":"QZHB12500001","basis":"isrc","declared":"undeclared","reasons":[],"recordings":[],"schema":"earmark.isrc/1"}"#
        );
        let mut out = Vec::new();
        row.write_text(&mut out, 0).expect("memory");
        let text = String::from_utf8(out).expect("text");
        let text = anstream::adapter::strip_str(&text).to_string();
        assert_eq!(
            text,
            "undeclared   QZ-HB1-25-00001\n             No registered recording carries this code.\n"
        );
    }
}
