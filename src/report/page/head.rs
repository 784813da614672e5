//! What was asked, of which registry, and the counts.

use std::io::{self, Write};

use super::Page;
use super::text::{bytes, counted, escaped, grouped, span};
use crate::verdict::{Policy, VerdictKind};

/// The strictest first, as in the text of a scan.
const VERDICTS: [VerdictKind; 8] = [
    VerdictKind::Disallowed,
    VerdictKind::Error,
    VerdictKind::Constrained,
    VerdictKind::TooShort,
    VerdictKind::Review,
    VerdictKind::Undeclared,
    VerdictKind::NoMatch,
    VerdictKind::Allowed,
];

pub(super) fn write(page: &Page<'_>, out: &mut impl Write) -> io::Result<()> {
    let Page { header, totals, .. } = page;
    let question = &header.question;
    let place =
        question.territory.map_or_else(|| "everywhere".to_owned(), |territory| format!("in {territory}"));
    writeln!(
        out,
        "<header>\n<p class=\"brand\">earmark <span>report</span></p>\n<h1>{}, {} of audio</h1>\n\
         <p class=\"lead\">Asked: may these files be used for <b>{}</b>, {place}, on <b>{}</b>? {}</p>",
        counted(totals.verdicts.total(), "file"),
        span(totals.audio_s),
        question.use_.words(),
        question.as_of,
        policy_words(question.policy)
    )?;
    write_counts(page, out)?;
    writeln!(out, "<dl class=\"facts\">")?;
    let inputs: Vec<String> =
        header.inputs.iter().map(|input| format!("<bdi>{}</bdi>", escaped(input))).collect();
    fact(out, "Scanned", &format!("{} ({})", inputs.join(", "), bytes(totals.bytes)))?;
    let registry = &header.registry;
    let id = registry.id.as_deref().unwrap_or("without an id, as its log is empty");
    fact(
        out,
        "Against registry",
        &format!(
            "<code>{}</code>, state {} <span class=\"hash\">content hash <code>{}</code></span>",
            escaped(id),
            grouped(registry.generation),
            escaped(&registry.hash)
        ),
    )?;
    let options = &header.match_options;
    fact(
        out,
        "Searched with",
        &format!(
            "{}, params <code>{}</code>, effort {}, E-value of a match at most {}, of a possible one {}, \
             tempo changes up to a factor of {}",
            escaped(&header.tool),
            escaped(&header.params),
            options.effort.name(),
            options.match_e_value,
            options.possible_e_value,
            options.max_time_scale
        ),
    )?;
    writeln!(out, "</dl>")?;
    if let Some(now) = page.registry_now.as_ref().filter(|now| now.hash != registry.hash) {
        writeln!(
            out,
            "<p class=\"note\">This page was made with a later state of the registry (state {}, content hash \
             <code>{}</code>). Rows of its log are never changed, so that the declarations cited are those of \
             then; recordings removed since have no picture.</p>",
            grouped(now.generation),
            escaped(&now.hash)
        )?;
    }
    writeln!(out, "</header>")
}

/// A bar of the verdicts and a button for each, which filters.
fn write_counts(page: &Page<'_>, out: &mut impl Write) -> io::Result<()> {
    let verdicts = &page.totals.verdicts;
    let total = verdicts.total().max(1) as f64;
    let present = || VERDICTS.iter().filter(|kind| verdicts.count(**kind) > 0);
    writeln!(
        out,
        "<svg class=\"bar\" viewBox=\"0 0 1000 10\" preserveAspectRatio=\"none\" aria-hidden=\"true\">"
    )?;
    let mut x = 0.0;
    for kind in present() {
        let width = 1000.0 * verdicts.count(*kind) as f64 / total;
        writeln!(out, "<rect class=\"{kind}\" x=\"{x:.2}\" width=\"{width:.2}\" height=\"10\"/>")?;
        x += width;
    }
    writeln!(out, "</svg>\n<ul class=\"counts\" id=\"counts\">")?;
    for kind in present() {
        writeln!(
            out,
            "<li><button type=\"button\" data-verdict=\"{kind}\" aria-pressed=\"false\" class=\"{kind}\" \
             title=\"{}\"><b>{}</b> {kind}</button></li>",
            verdict_words(*kind),
            grouped(verdicts.count(*kind))
        )?;
    }
    writeln!(out, "</ul>")
}

pub(super) fn write_foot(page: &Page<'_>, out: &mut impl Write) -> io::Result<()> {
    let header = serde_json::to_string_pretty(page.header).unwrap_or_default();
    writeln!(
        out,
        "<footer>\n<h2>What this page says</h2>\n\
         <p>A verdict says what follows from the declarations in this registry, by the rules of the program \
         named above. <i>no-match</i> says that no recording of this registry was recognised, and nothing about \
         recordings that nobody registered. The <i>E-value</i> of a match is the number of unrelated matches as \
         good that chance would give for this much audio in a registry of this size. A tag in a file may \
         restrict and never allows.</p>\n\
         <h2>How to repeat it</h2>\n\
         <p>The page is made of a report in JSONL. Whoever has that report, the files and the registry gets the \
         same report to the byte, or is told what differs, from:</p>\n\
         <pre>earmark report verify REPORT.jsonl --registry DIR --root FOLDER-OF-THE-FILES</pre>\n\
         <details><summary>The report\u{2019}s header</summary><pre class=\"json\">{}</pre></details>\n</footer>",
        // Line feeds stay in what is preformatted.
        header.lines().map(escaped).collect::<Vec<_>>().join("\n")
    )
}

fn fact(out: &mut impl Write, name: &str, value: &str) -> io::Result<()> {
    writeln!(out, "<div><dt>{name}</dt><dd>{value}</dd></div>")
}

fn policy_words(policy: Policy) -> &'static str {
    match policy {
        Policy::Review => "Silence of an owner is told as <i>undeclared</i>.",
        Policy::OptOut => "Silence of an owner was taken as permission (opt-out).",
        Policy::OptIn => "Silence of an owner was taken as refusal (opt-in).",
    }
}

fn verdict_words(kind: VerdictKind) -> &'static str {
    match kind {
        VerdictKind::Allowed => {
            "Every recording recognised in the file is allowed, and they fill at least half of it."
        }
        VerdictKind::NoMatch => {
            "Nothing registered was recognised, or nothing that restricts in a file of which most was not recognised."
        }
        VerdictKind::Undeclared => "A registered recording about which nobody declared anything.",
        VerdictKind::Review => "A person has to look.",
        VerdictKind::TooShort => "Too little audio to recognise anything.",
        VerdictKind::Constrained => "Allowed under terms only.",
        VerdictKind::Error => "The file could not be checked.",
        VerdictKind::Disallowed => "Not allowed.",
    }
}
