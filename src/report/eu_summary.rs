//! Figures for the public summary of training content that Article 53(1)(d) of the EU
//! AI Act (Regulation (EU) 2024/1689) asks of providers of general-purpose models.
//!
//! The European Commission's template of July 2025 has three parts: general
//! information, the list of data sources, aspects of data processing. Of the first a
//! scan knows the modality and size, of the second what the columns of a manifest tell,
//! of the third what was done about reservations of rights. What it cannot know is
//! left open, and says so: a summary that looks complete and is not would be worse
//! than none.

use std::collections::BTreeMap;
use std::io::{self, Write};

use super::page::text::{bytes, counted, grouped, span};
use super::{LICENCE_COLUMNS, OBTAINED_COLUMNS, SOURCE_COLUMNS, ScanHeader, Share, Totals};
use crate::text;
use crate::verdict::{Policy, VerdictKind};

/// Most rows of a table; the rest is summed up.
const MOST_ROWS: usize = 200;

/// Shown where a scan cannot know.
const OPEN: &str = "**to be filled in**";

/// Writes the figures as Markdown.
///
/// # Errors
/// Those of `out`.
pub fn write_eu_summary(out: &mut impl Write, header: &ScanHeader, totals: &Totals) -> io::Result<()> {
    let files = totals.verdicts.total();
    writeln!(
        out,
        "# Audio content: figures for the public summary of training content\n\n\
         Regulation (EU) 2024/1689, Article 53(1)(d). These are the figures that a scan of audio files can give; \
         what it cannot know says {OPEN}. They are about the files that were scanned, which need not be those \
         that a model is trained on.\n\n\
         ## 1. General information: the audio\n\n\
         | | |\n|---|---|\n\
         | modality | audio |\n\
         | files | {} |\n\
         | audio that could be decoded | {} |\n\
         | size of the files | {} |\n\
         | files that could not be decoded | {} |\n\
         | kinds of content (music, speech, ...) | {OPEN} |\n\
         | languages | {OPEN} |\n\
         | when the content was made or published | {OPEN} |\n",
        grouped(files),
        span(totals.audio_s),
        size(totals, files),
        grouped(totals.undecoded),
    )?;
    writeln!(out, "Formats:\n\n| codec and container | files | audio |\n|---|---|---|")?;
    write_shares(out, &totals.formats, files, totals.audio_s, |name| name.to_owned())?;
    write_sources(out, totals, files)?;
    write_processing(out, header, totals)
}

fn size(totals: &Totals, files: u64) -> String {
    let mut size = bytes(totals.bytes);
    let unknown = files - totals.named;
    if unknown > 0 {
        size += &format!(", without {} that could not be read", counted(unknown, "file"));
    }
    if totals.passages > 0 {
        let passages = counted(totals.passages, "passage");
        size += &format!(", without the files of {passages}, each of which counts as a file elsewhere here");
    }
    size
}

fn write_sources(out: &mut impl Write, totals: &Totals, files: u64) -> io::Result<()> {
    writeln!(
        out,
        "\n## 2. List of data sources\n\n\
         Whether these sources are publicly available datasets, licensed or otherwise private datasets, content \
         crawled from the web (then with the crawler\u{2019}s name and behaviour), user data or synthetic data: {OPEN}.\n"
    )?;
    match &totals.obtained {
        Some((first, last)) => {
            writeln!(
                out,
                "Obtained from `{}` until `{}`, by the files\u{2019} manifest.\n",
                code(first),
                code(last)
            )?;
        }
        None => writeln!(
            out,
            "Period of collection: {OPEN} (no column {} in the files\u{2019} manifest).\n",
            names(&OBTAINED_COLUMNS)
        )?,
    }
    let known = totals.sources.keys().any(|host| !host.is_empty());
    if known {
        writeln!(
            out,
            "By domain of the address that the files\u{2019} manifest names:\n\n| domain | files | audio |\n|---|---|---|"
        )?;
        let name = |host: &str| match host {
            "" => "*no address: source unknown*".to_owned(),
            host => format!("`{}`", code(host)),
        };
        write_shares(out, &totals.sources, files, totals.audio_s, name)?;
        if totals.other_sources.files > 0 {
            writeln!(out, "\nA further {} from other domains.", counted(totals.other_sources.files, "file"))?;
        }
    } else {
        writeln!(
            out,
            "Domains: {OPEN}. None of the {} has an address in a column {} of its manifest.",
            counted(files, "file"),
            names(&SOURCE_COLUMNS)
        )?;
    }
    if totals.licences.is_empty() {
        writeln!(out, "\nLicences of the sources: {OPEN} (no column {}).", names(&LICENCE_COLUMNS))
    } else {
        writeln!(
            out,
            "\nLicences, by the files\u{2019} manifest:\n\n| licence | files | audio |\n|---|---|---|"
        )?;
        write_shares(out, &totals.licences, files, totals.audio_s, |name| format!("`{}`", code(name)))?;
        let told: u64 = totals.licences.values().map(|share| share.files).sum();
        writeln!(out, "\n{} without one.", counted(files.saturating_sub(told), "file"))
    }
}

fn write_processing(out: &mut impl Write, header: &ScanHeader, totals: &Totals) -> io::Result<()> {
    let question = &header.question;
    let verdicts = &totals.verdicts;
    let territory = question.territory.map_or_else(|| "everywhere".to_owned(), |t| t.to_string());
    let silence = match question.policy {
        Policy::Review => "told as *undeclared* and left to a person",
        Policy::OptOut => "taken as permission (opt-out)",
        Policy::OptIn => "taken as refusal (opt-in)",
    };
    writeln!(
        out,
        "\n## 3. Data processing: measures to respect reservations of rights\n\n\
         Every file was compared by its sound, not by its name or tags alone, with a registry of recordings and of \
         their owners\u{2019} declarations about text and data mining and the training of AI (Article 4(3) of \
         Directive (EU) 2019/790), with the following result.\n\n\
         | | |\n|---|---|\n\
         | program | {} |\n\
         | registry | `{}`, state {}, content hash `{}` |\n\
         | use that was asked about | {} |\n\
         | place and day | {territory}, {} |\n\
         | silence of an owner | {silence} |\n\
         | files in which registered recordings were recognised | {} ({}) |\n\
         | files whose verdict rests on declarations | {} |\n\
         | files with an ISRC in their tags | {} |\n\
         | files with statements about rights in them | {}, of which {} restrict mining or training in terms that machines read |\n",
        code(&header.tool),
        code(header.registry.id.as_deref().unwrap_or("without an id")),
        grouped(header.registry.generation),
        code(&header.registry.hash),
        question.use_,
        question.as_of,
        grouped(totals.recognised.files),
        span(totals.recognised.audio_s),
        grouped(totals.with_declarations),
        grouped(totals.with_isrc),
        grouped(totals.with_signals),
        grouped(totals.with_restricting_signals),
    )?;
    writeln!(out, "| verdict | files | what became of them |\n|---|---|---|")?;
    use VerdictKind::{Allowed, Constrained, Disallowed, Error, NoMatch, Review, TooShort, Undeclared};
    for kind in [Disallowed, Constrained, Review, Undeclared, Error, TooShort, NoMatch, Allowed] {
        if verdicts.count(kind) > 0 {
            writeln!(out, "| {kind} | {} | {OPEN} |", grouped(verdicts.count(kind)))?;
        }
    }
    writeln!(
        out,
        "\n*no-match* says that no recording of this registry was recognised; recordings that nobody registered are \
         not found by it.\n\n\
         Not known to a scan:\n\n\
         - reservations expressed at the source (robots.txt, `Content-Usage`, TDMRep, terms of service), and which of \
         them the collection respected: {OPEN}\n\
         - measures against illegal content: {OPEN}\n\
         - further processing (cutting, deduplication, filtering, synthetic variants): {OPEN}\n\
         - a contact for rightsholders: {OPEN}"
    )
}

/// Rows of a table, the largest first.
fn write_shares(
    out: &mut impl Write,
    shares: &BTreeMap<String, Share>,
    files: u64,
    audio_s: f64,
    name: impl Fn(&str) -> String,
) -> io::Result<()> {
    let mut rows: Vec<(&String, &Share)> = shares.iter().collect();
    rows.sort_by_key(|(name, share)| (std::cmp::Reverse(share.files), *name));
    let percent = |part: f64, whole: f64| if whole > 0.0 { 100.0 * part / whole } else { 0.0 };
    for (key, share) in rows.iter().take(MOST_ROWS) {
        writeln!(
            out,
            "| {} | {} ({:.1}\u{a0}%) | {} ({:.1}\u{a0}%) |",
            name(key).replace('|', "\\|"),
            grouped(share.files),
            percent(share.files as f64, files as f64),
            span(share.audio_s),
            percent(share.audio_s, audio_s)
        )?;
    }
    if rows.len() > MOST_ROWS {
        let rest: u64 = rows[MOST_ROWS..].iter().map(|(_, share)| share.files).sum();
        writeln!(out, "| {} more | {} | |", grouped((rows.len() - MOST_ROWS) as u64), grouped(rest))?;
    }
    Ok(())
}

fn names(columns: &[&str]) -> String {
    columns.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// Text that stands between backticks: nothing in it ends them or the line.
fn code(text: &str) -> String {
    text.chars()
        .map(|c| {
            if text::is_hidden(c) {
                ' '
            } else if c == '`' {
                '\u{2019}'
            } else {
                c
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::scan_row::tests::{example, failed, header};
    use super::super::{PastRow, ScanRow};
    use super::*;

    fn summary(rows: &[ScanRow]) -> String {
        let mut totals = Totals::default();
        for row in rows {
            let mut line = Vec::new();
            row.write_json_line(&mut line).expect("memory does not fail");
            totals.add(&serde_json::from_slice::<PastRow>(&line).expect("a row"));
        }
        let mut out = Vec::new();
        write_eu_summary(&mut out, &header(), &totals).expect("memory does not fail");
        String::from_utf8(out).expect("UTF-8")
    }

    #[test]
    fn figures_are_those_of_the_report() {
        let mut crawled = example();
        crawled.columns.push(("Crawl_Date".to_owned(), "2026-03-01".into()));
        crawled.columns.push(("license".to_owned(), "CC-BY | `x`\n".into()));
        let passage = ScanRow { path: "talk.wav#t=2.5,7".to_owned(), ..example() };
        let text = summary(&[passage, failed()]);
        let said = "| size of the files | 0\u{a0}bytes, without 1\u{a0}file that could not be read, without the \
                    files of 1\u{a0}passage, each of which counts as a file elsewhere here |";
        assert!(text.contains(said), "{text}");
        let text = summary(&[crawled, example(), failed()]);
        for said in [
            "| files | 3 |",
            "| audio that could be decoded | 18.0\u{a0}s |",
            "| size of the files | 154\u{a0}bytes, without 1\u{a0}file that could not be read |",
            "Obtained from `2026-03-01` until `2026-03-01`",
            "| `a.example` | 2 (66.7\u{a0}%) | 18.0\u{a0}s (100.0\u{a0}%) |",
            "| *no address: source unknown* | 1 (33.3\u{a0}%) |",
            "| `CC-BY \\| \u{2019}x\u{2019}` | 1 ",
            "2\u{a0}files without one.",
            "| disallowed | 2 | **to be filled in** |",
            "| error | 1 |",
            "| files whose verdict rests on declarations | 2 |",
        ] {
            assert!(text.contains(said), "{said}\n{text}");
        }
    }

    #[test]
    fn what_is_unknown_is_left_open() {
        let text = summary(&[failed()]);
        for open in [
            "Domains: **to be filled in**",
            "Licences of the sources: **to be filled in**",
            "Period of collection: **to be filled in**",
        ] {
            assert!(text.contains(open), "{open}");
        }
    }
}
