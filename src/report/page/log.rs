//! Declarations, mandates, owners.

use std::io::{self, Write};

use jiff::civil::Date;

use super::Page;
use super::text::{escaped, hex};
use crate::registry::{Declaration, DocumentHash, Mandate, Owner};
use crate::report::excerpt::in_force;

pub(super) fn write(page: &Page<'_>, out: &mut impl Write) -> io::Result<()> {
    let day = page.header.question.as_of;
    let cited = page.files.iter().any(|file| !file.row.declarations().is_empty());
    let Some(log) = &page.log else {
        if cited {
            writeln!(
                out,
                "<section><h2>Declarations</h2><p class=\"note\">The registry was not at hand when this page was \
                 made: declarations are cited by their numbers, and the reasons above tell what they say.</p>\
                 </section>"
            )?;
        }
        return Ok(());
    };
    if log.declarations.is_empty() && log.unknown.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "<section class=\"log\">\n<h2>Declarations cited</h2>\n<p>Rows of the registry\u{2019}s log, which is never \
         changed: the hash of each covers the row before it.</p>"
    )?;
    for declaration in &log.declarations {
        write_declaration(declaration, day, out)?;
    }
    for seq in &log.unknown {
        writeln!(
            out,
            "<article id=\"d{seq}\"><h3>Declaration {seq}</h3><p class=\"note\">is not in the registry that this \
             page was made with.</p></article>"
        )?;
    }
    if !log.mandates.is_empty() || !log.owners.is_empty() {
        writeln!(out, "<h2>Who may speak for whom</h2>")?;
        for mandate in &log.mandates {
            write_mandate(mandate, day, out)?;
        }
        for owner in &log.owners {
            write_owner(owner, day, out)?;
        }
    }
    writeln!(out, "</section>")
}

fn write_declaration(declaration: &Declaration, day: Date, out: &mut impl Write) -> io::Result<()> {
    let what = match declaration.statement.name() {
        "constrain" => "allows under terms",
        "withdraw" => "withdraws what it said about",
        "allow" => "allows",
        _ => "disallows",
    };
    writeln!(
        out,
        "<article id=\"d{seq}\">\n<h3>Declaration {seq}: <bdi>{}</bdi> <em class=\"{}\">{what}</em> {}</h3>\n<dl>",
        escaped(&declaration.declarant),
        declaration.statement.name(),
        declaration.use_.words(),
        seq = declaration.seq
    )?;
    fact(out, "About", &escaped(&declaration.subject.to_string()))?;
    if let Some(terms) = declaration.statement.terms() {
        fact(out, "Terms", &format!("<bdi>{}</bdi>", escaped(terms)))?;
    }
    let territories: Vec<String> = declaration.territories.iter().map(ToString::to_string).collect();
    let place = if territories.is_empty() { "worldwide".to_owned() } else { territories.join(", ") };
    fact(out, "Where", &place)?;
    write_period(declaration.from, declaration.until, day, out)?;
    let source = declaration.source.as_deref();
    write_origin(
        source,
        declaration.document_hash,
        &declaration.received_at.to_string(),
        &declaration.hash,
        out,
    )
}

fn write_mandate(mandate: &Mandate, day: Date, out: &mut impl Write) -> io::Result<()> {
    writeln!(
        out,
        "<article><h3>Mandate {}: <bdi>{}</bdi> {} for <bdi>{}</bdi></h3>\n<dl>",
        mandate.seq,
        escaped(&mandate.declarant),
        if mandate.act.name() == "grant" { "may speak" } else { "may no longer speak" },
        escaped(&mandate.speaks_for.to_string())
    )?;
    write_period(mandate.from, mandate.until, day, out)?;
    let source = mandate.source.as_deref();
    write_origin(source, mandate.document_hash, &mandate.received_at.to_string(), &mandate.hash, out)
}

fn write_owner(owner: &Owner, day: Date, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "<article><h3>Owner, row {}: <bdi>{}</bdi></h3>\n<dl>", owner.seq, escaped(&owner.name))?;
    if !owner.aliases.is_empty() {
        let aliases: Vec<String> =
            owner.aliases.iter().map(|alias| format!("<bdi>{}</bdi>", escaped(alias))).collect();
        fact(out, "Also called", &aliases.join(", "))?;
    }
    if let Some(parent) = &owner.parent {
        fact(out, "Belongs to", &format!("<bdi>{}</bdi>", escaped(parent)))?;
    }
    write_period(owner.from, None, day, out)?;
    let source = owner.source.as_deref();
    write_origin(source, owner.document_hash, &owner.received_at.to_string(), &owner.hash, out)
}

fn write_period(from: Option<Date>, until: Option<Date>, day: Date, out: &mut impl Write) -> io::Result<()> {
    let period = match (from, until) {
        (None, None) => "without beginning or end".to_owned(),
        (Some(from), None) => format!("from {from} on"),
        (None, Some(until)) => format!("until {until}"),
        (Some(from), Some(until)) => format!("from {from} until {until}"),
    };
    fact(out, "When", &format!("{period}; <b>{}</b> on {day}", in_force(from, until, day)))
}

fn write_origin(
    source: Option<&str>,
    document: Option<DocumentHash>,
    received_at: &str,
    hash: &[u8; 32],
    out: &mut impl Write,
) -> io::Result<()> {
    if let Some(source) = source {
        fact(out, "Source", &format!("<bdi>{}</bdi>", escaped(source)))?;
    }
    if let Some(document) = document {
        fact(out, "Document", &format!("SHA-256 <code>{}</code>", hex(&document.0)))?;
    }
    fact(out, "Received", &escaped(received_at))?;
    fact(out, "Row\u{2019}s hash", &format!("<code>{}</code>", hex(hash)))?;
    writeln!(out, "</dl></article>")
}

fn fact(out: &mut impl Write, name: &str, value: &str) -> io::Result<()> {
    writeln!(out, "<div><dt>{name}</dt><dd>{value}</dd></div>")
}
