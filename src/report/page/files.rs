//! The table of files and what opens below each.

use std::io::{self, Write};

use super::text::{bytes, clock, counted, escaped, grouped, hex, span};
use super::{Page, PageFile, PagePicture, data_url};
use crate::matching::Grade;
use crate::report::{MatchRow, PastReason, PastRow};

pub(super) fn write(page: &Page<'_>, out: &mut impl Write) -> io::Result<()> {
    let listed = page.files.len() as u64;
    let left_out = page.totals.verdicts.total().saturating_sub(listed);
    writeln!(out, "<main>\n<h2 id=\"files-title\">Files</h2>")?;
    if left_out > 0 {
        writeln!(
            out,
            "<p class=\"note\">{} of the report are counted above and not listed here; those listed have the \
             strictest verdicts.</p>",
            counted(left_out, "file")
        )?;
    }
    if page.pictures_left_out > 0 {
        writeln!(
            out,
            "<p class=\"note\">{} without a picture, as the page would become too large; \
             <code>--pictures</code> asks for more, <code>earmark evidence</code> for those of one file.</p>",
            counted(page.pictures_left_out, "further match").replace("matchs", "matches")
        )?;
    }
    writeln!(
        out,
        "<div class=\"tools\" id=\"tools\" hidden>\n\
         <label>Find <input type=\"search\" id=\"find\" placeholder=\"path, title, ISRC, hash\u{2026}\"></label>\n\
         <label>Sort <select id=\"sort\"><option value=\"n\">as scanned</option><option value=\"verdict\">by verdict</option>\
         <option value=\"path\">by file</option><option value=\"title\">by recording</option>\
         <option value=\"score\">by certainty</option><option value=\"length\">by length</option></select></label>\n\
         <button type=\"button\" id=\"unfold\">Open all</button>\n\
         <output id=\"shown\" aria-live=\"polite\"></output>\n</div>\n\
         <table id=\"files\" aria-labelledby=\"files-title\">\n<thead><tr>\
         <th data-key=\"verdict\">Verdict</th><th data-key=\"path\">File</th>\
         <th data-key=\"title\">Recording</th><th data-key=\"score\">Where in the file</th>\
         <th data-key=\"length\" class=\"number\">Length</th></tr></thead>"
    )?;
    for file in &page.files {
        write_file(page, file, out)?;
    }
    writeln!(out, "</table>\n<p id=\"none\" class=\"note\" hidden>No file fits.</p>\n</main>")
}

fn write_file(page: &Page<'_>, file: &PageFile, out: &mut impl Write) -> io::Result<()> {
    let row = &file.row;
    let first = row.matches.first();
    writeln!(
        out,
        "<tbody data-n=\"{}\" data-verdict=\"{}\" data-rank=\"{}\" data-path=\"{}\" data-title=\"{}\" \
         data-score=\"{}\" data-length=\"{}\">",
        file.line,
        row.verdict,
        row.verdict as u8,
        escaped(&row.path),
        escaped(&first_name(row)),
        first.map_or(-1.0, |found| found.score),
        row.duration_s.unwrap_or(-1.0)
    )?;
    let more = match row.matches.len() {
        0 | 1 => String::new(),
        all => format!(" <span class=\"more\">and {} more</span>", all - 1),
    };
    let place = first.map_or_else(String::new, |found| {
        let possible = if found.grade == Grade::Possible { ", possibly" } else { "" };
        format!("{}\u{2013}{}{possible}", clock(found.place.query_start_s), clock(found.place.query_end_s))
    });
    writeln!(
        out,
        "<tr class=\"row\"><td><button type=\"button\" class=\"verdict {verdict}\" aria-expanded=\"false\">{verdict}\
         </button></td><td class=\"path\"><bdi>{}</bdi></td><td class=\"title\"><bdi>{}</bdi>{more}</td>\
         <td class=\"place\">{place}</td><td class=\"number\">{}</td></tr>",
        breakable(&row.path),
        escaped(&first_name(row)),
        row.duration_s.map_or_else(String::new, clock),
        verdict = row.verdict,
    )?;
    writeln!(out, "<tr class=\"detail\"><td colspan=\"5\">")?;
    writeln!(out, "<ul class=\"reasons\">")?;
    row.reasons.iter().try_for_each(|reason| write_reason(page, reason, out))?;
    writeln!(out, "</ul>")?;
    for (number, found) in row.matches.iter().enumerate() {
        write_match(row, number, found, file.pictures.get(&number), out)?;
    }
    write_facts(row, out)?;
    writeln!(out, "</td></tr>\n</tbody>")
}

/// A path that may be broken after its slashes.
fn breakable(path: &str) -> String {
    escaped(path).replace('/', "/<wbr>")
}

fn write_reason(page: &Page<'_>, reason: &PastReason, out: &mut impl Write) -> io::Result<()> {
    let links: Vec<String> = reason
        .declarations
        .iter()
        .map(|seq| match &page.log {
            Some(_) => format!("<a href=\"#d{seq}\">declaration {seq}</a>"),
            None => format!("declaration {seq}"),
        })
        .collect();
    let links = if links.is_empty() {
        String::new()
    } else {
        format!(" <span class=\"cites\">{}</span>", links.join(", "))
    };
    let (code, text) = (escaped(&reason.code), escaped(&reason.text));
    writeln!(out, "<li><code class=\"code\">{code}</code> {text}{links}</li>")
}

/// The name of the first match, or nothing.
fn first_name(row: &PastRow) -> String {
    row.matches.first().map(name).unwrap_or_default()
}

/// Title and artist, or the id.
fn name(found: &MatchRow) -> String {
    match (&found.title, &found.artist) {
        (Some(title), Some(artist)) => format!("{title}, {artist}"),
        (Some(title), None) => title.clone(),
        (None, _) => found.recording.clone(),
    }
}

fn write_match(
    row: &PastRow,
    number: usize,
    found: &MatchRow,
    picture: Option<&Result<PagePicture, String>>,
    out: &mut impl Write,
) -> io::Result<()> {
    let grade = match found.grade {
        Grade::Match => "Match",
        Grade::Possible => "Possible match",
    };
    let of = if row.matches.len() > 1 { format!(" {}", number + 1) } else { String::new() };
    writeln!(
        out,
        "<section class=\"match\">\n<h3>{grade}{of}: <bdi>{}</bdi></h3>\n<dl class=\"facts\">",
        escaped(&name(found))
    )?;
    let isrcs: Vec<String> = found.isrcs.iter().map(ToString::to_string).collect();
    let isrcs = if isrcs.is_empty() { String::new() } else { format!(", ISRC {}", isrcs.join(", ")) };
    fact(out, "Recording", &format!("<code>{}</code>{isrcs}", escaped(&found.recording)))?;
    let place = &found.place;
    let range = |start: f64, end: f64| format!("{}\u{2013}{}", clock(start), clock(end));
    fact(out, "In the file", &range(place.query_start_s, place.query_end_s))?;
    fact(out, "In the recording", &range(place.reference_start_s, place.reference_end_s))?;
    fact(out, "Altered", &altered(place.time_scale, place.pitch_semitones))?;
    let e_value = power_of_ten(found.score);
    fact(
        out,
        "Certainty",
        &format!("E-value {e_value}; agreement of the peaks {:.0}\u{a0}%", 100.0 * found.agreement),
    )?;
    if !found.also_at_s.is_empty() {
        let places: Vec<String> = found.also_at_s.iter().map(|at| clock(*at)).collect();
        fact(out, "Sounds the same at", &places.join(", "))?;
    }
    if !found.siblings.is_empty() {
        let names: Vec<String> = found
            .siblings
            .iter()
            .map(|sibling| {
                format!(
                    "<bdi>{}</bdi> (<code>{}</code>)",
                    escaped(&name(sibling)),
                    escaped(&sibling.recording)
                )
            })
            .collect();
        let more = if found.more_siblings { "; and there may be more" } else { "" };
        fact(out, "The same audio is in", &format!("{}{more}", names.join("; ")))?;
    }
    writeln!(out, "</dl>")?;
    match picture {
        Some(Ok(picture)) => write_picture(row, found, picture, out)?,
        Some(Err(reason)) => writeln!(out, "<p class=\"note\">No picture: {}.</p>", escaped(reason))?,
        None => {}
    }
    writeln!(out, "</section>")
}

/// An E-value by its −log10: `0.012`, or `3.1 × 10⁻³⁹` below a thousandth.
fn power_of_ten(score: f64) -> String {
    if score < 3.0 {
        return format!("{:.4}", 10_f64.powf(-score));
    }
    let exponent = score.ceil();
    let digits = 10_f64.powf(exponent - score);
    format!("{digits:.1}\u{a0}\u{d7}\u{a0}10<sup>\u{2212}{exponent:.0}</sup>")
}

/// Speed and pitch in words.
fn altered(time_scale: f64, pitch_semitones: f64) -> String {
    let percent = (time_scale - 1.0) * 100.0;
    // As in the picture of `compare`: less nobody hears.
    let speed = match percent {
        _ if percent.abs() < 0.05 => "as fast as the recording".to_owned(),
        _ if percent > 0.0 => format!("{percent:.1}\u{a0}% faster"),
        _ => format!("{:.1}\u{a0}% slower", -percent),
    };
    let pitch = match pitch_semitones {
        _ if pitch_semitones.abs() < 0.05 => "at the same pitch".to_owned(),
        _ if pitch_semitones > 0.0 => format!("{pitch_semitones:.2} semitones higher"),
        _ => format!("{:.2} semitones lower", -pitch_semitones),
    };
    format!("{speed}, {pitch}")
}

fn write_picture(
    row: &PastRow,
    found: &MatchRow,
    picture: &PagePicture,
    out: &mut impl Write,
) -> io::Result<()> {
    let share = |count: f64| if picture.peaks == 0 { 0.0 } else { 100.0 * count / picture.peaks as f64 };
    let drawn = match picture.heard {
        [true, true] => "Both spectrograms",
        [true, false] => {
            "The spectrogram of the file, and the registered peaks of the recording, whose audio is not at hand"
        }
        [false, true] => "The peaks of the file, which is not at hand, and the spectrogram of the recording",
        [false, false] => "The peaks of the file and of the recording, of which no audio is at hand",
    };
    let caption = format!(
        "{drawn}: A is the file, B the recording laid on its time and pitch. Of {} registered peaks that should \
         sound from {} to {}, the file has <b>{}</b> ({:.0}\u{a0}%); at a random place chance gives about {:.0} \
         ({:.0}\u{a0}%). Drawn from {} to {}.",
        picture.peaks,
        clock(found.place.query_start_s),
        clock(found.place.query_end_s),
        picture.peaks_found,
        share(picture.peaks_found as f64),
        picture.peaks_by_chance,
        share(picture.peaks_by_chance),
        clock(picture.drawn_s.0),
        clock(picture.drawn_s.1),
    );
    let alt = format!("{} in {}: shared peaks marked", name(found), row.path);
    let (width, height) = picture.size;
    writeln!(
        out,
        "<figure><div class=\"scroll\"><img alt=\"{}\" width=\"{width}\" height=\"{height}\" src=\"{}\"></div>\
         <figcaption>{caption}</figcaption></figure>",
        escaped(&alt),
        data_url(&picture.png)
    )
}

fn write_facts(row: &PastRow, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "<section class=\"about\">\n<h3>The file</h3>\n<dl class=\"facts\">")?;
    match &row.file {
        Some(file) => {
            fact(out, "SHA-256", &format!("<code>{}</code> ({})", hex(&file.sha256), bytes(file.bytes)))?
        }
        None => fact(out, "SHA-256", "unknown, as the file could not be read")?,
    }
    if let Some(audio) = &row.audio {
        fact(out, "Audio hash", &format!("<code>{}</code>", hex(&audio.audio_hash)))?;
        let mut format = format!(
            "{} in {}, {}\u{a0}Hz, {}, {}",
            escaped(&audio.codec),
            escaped(&audio.container),
            grouped(u64::from(audio.sample_rate_hz)),
            counted(u64::from(audio.channels), "channel"),
            span(audio.duration_s)
        );
        if audio.packets_skipped > 0 {
            format += &format!(
                "; {} of {} packets damaged, {} filled with silence",
                grouped(audio.packets_skipped),
                grouped(audio.packets),
                span(audio.filled_s)
            );
        }
        if audio.truncated {
            format += "; ends before its structure says";
        }
        fact(out, "Format", &format)?;
        for part in &audio.unheard {
            fact(out, "Not heard", &format!("<bdi>{}</bdi>", escaped(&part.to_string())))?;
        }
    }
    if let Some(tags) = &row.tags {
        for (label, value) in [
            ("Title", &tags.title),
            ("Artist", &tags.artist),
            ("Album", &tags.album),
            ("Album artist", &tags.album_artist),
            ("Label", &tags.label),
        ] {
            if let Some(value) = value {
                fact(
                    out,
                    &format!("Tag: {}", label.to_lowercase()),
                    &format!("<bdi>{}</bdi>", escaped(value)),
                )?;
            }
        }
        for check in &row.tag_checks {
            let words = match check.sound.name() {
                "agrees" => "the sound agrees",
                "contradicts" => "the sound contradicts it",
                "not-confirmed" => "the sound does not confirm it",
                _ => "not known to the registry",
            };
            fact(out, "Tag: ISRC", &format!("{}; {words}", check.isrc))?;
        }
        for signal in &tags.signals {
            let signature =
                signal.signature.map_or_else(String::new, |state| format!(", signature {}", state.name()));
            fact(
                out,
                &format!("Says ({})", signal.kind.name()),
                &format!(
                    "<bdi>{}</bdi> <span class=\"more\">{} {}{signature}</span>",
                    escaped(&signal.text),
                    escaped(&signal.carrier),
                    escaped(&signal.field)
                ),
            )?;
        }
    }
    for (name, value) in &row.columns {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        fact(
            out,
            &format!("Manifest: <bdi>{}</bdi>", escaped(name)),
            &format!("<bdi>{}</bdi>", escaped(&text)),
        )?;
    }
    if let Some(error) = &row.error {
        fact(out, "Error", &escaped(error))?;
    }
    writeln!(out, "</dl></section>")
}

/// `name` and `value` are escaped.
fn fact(out: &mut impl Write, name: &str, value: &str) -> io::Result<()> {
    writeln!(out, "<div><dt>{name}</dt><dd>{value}</dd></div>")
}
