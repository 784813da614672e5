//! A report as one page for people: HTML that needs no other file and no network.
//!
//! Nothing that comes from files, tags, manifests or declarants reaches the page
//! unescaped, and a content security policy lets no other script run than the page's
//! own and lets it load nothing. Without scripts the page shows everything; the
//! script sorts, filters and folds. The same report and pictures give the same bytes.
//!
//! | file | does |
//! |---|---|
//! | `head` | what was asked, of which registry, and the counts |
//! | `files` | the table of files and what opens below each |
//! | `log` | declarations, mandates, owners |
//! | `text` | escaping, numbers |

mod files;
mod head;
mod log;
pub(super) mod text;

use std::collections::BTreeMap;
use std::io::{self, Write};

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use sha2::{Digest, Sha256};

use super::ScanHeader;
use super::excerpt::LogExcerpt;
use super::past::PastRow;
use super::totals::Totals;
use crate::registry::RegistryState;

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");

/// All that a page shows.
#[derive(Debug)]
pub struct Page<'a> {
    /// What the report rests on.
    pub header: &'a ScanHeader,
    /// Figures over all its rows.
    pub totals: &'a Totals,
    /// The rows that are listed, in the order of the report.
    pub files: Vec<PageFile>,
    /// Matches in these rows for which a picture was not asked, as there are too many.
    pub pictures_left_out: u64,
    /// What was declared; `None` where the registry was not at hand.
    pub log: Option<LogExcerpt>,
    /// The registry as it was at hand for pictures and declarations.
    pub registry_now: Option<RegistryState>,
}

/// A row on the page.
#[derive(Clone, Debug)]
pub struct PageFile {
    /// Its line in the report.
    pub line: u64,
    /// The row.
    pub row: PastRow,
    /// The pictures of its matches by their place in the row, from 0; or why there is
    /// none.
    pub pictures: BTreeMap<usize, Result<PagePicture, String>>,
}

/// A picture of a match.
#[derive(Clone, Debug)]
pub struct PagePicture {
    /// The picture as PNG.
    pub png: Vec<u8>,
    /// Its width and height in pixels.
    pub size: (u32, u32),
    /// Peaks of the recording that should sound in the range.
    pub peaks: usize,
    /// Those of them that the file has.
    pub peaks_found: usize,
    /// How many it would have by chance at a place chosen at random.
    pub peaks_by_chance: f64,
    /// Whether the spectrograms of the file and of the recording are drawn, or their
    /// peaks alone.
    pub heard: [bool; 2],
    /// The range drawn, in seconds of the file.
    pub drawn_s: (f64, f64),
}

impl Page<'_> {
    /// Writes the page.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let hash = |text: &str| BASE64.encode(Sha256::digest(text.as_bytes()));
        writeln!(
            out,
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; \
             style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; form-action 'none'\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"generator\" content=\"{}\">\n<title>{}</title>\n<style>{STYLE}</style>\n</head>\n<body>",
            hash(STYLE),
            hash(SCRIPT),
            text::escaped(&self.header.tool),
            text::escaped(&self.title())
        )?;
        head::write(self, out)?;
        files::write(self, out)?;
        log::write(self, out)?;
        head::write_foot(self, out)?;
        writeln!(out, "<script>{SCRIPT}</script>\n</body>\n</html>")
    }

    fn title(&self) -> String {
        let files = text::counted(self.totals.verdicts.total(), "file").replace('\u{a0}', " ");
        format!("earmark report: {files}, {}", self.header.question.as_of)
    }
}

/// An image as it stands in an address.
fn data_url(png: &[u8]) -> String {
    format!("data:image/png;base64,{}", BASE64.encode(png))
}

#[cfg(test)]
mod tests;
