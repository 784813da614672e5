//! Sound recordings of DDEX release messages (ERN).

use std::collections::{HashMap, HashSet};
use std::io::Read;

use super::xml::{self, Element};
use super::{Builder, DURATION, ISRC, ManifestError, PATH};

/// Largest message that is read, in bytes. One of a thousand tracks has ten megabytes.
const MAX_BYTES: u64 = 256 * 1024 * 1024;

/// Reads every sound recording into `builder`.
pub(super) fn read(source: impl Read, builder: &mut Builder<'_>) -> Result<(), ManifestError> {
    let path = builder.file.to_owned();
    let mut content = Vec::new();
    source
        .take(MAX_BYTES + 1)
        .read_to_end(&mut content)
        .map_err(|source| ManifestError::Io { path: path.clone(), source })?;
    let refuse = |(line, reason)| ManifestError::Xml { path: path.clone(), line, reason };
    if content.len() as u64 > MAX_BYTES {
        let reason = format!("has more than {MAX_BYTES} bytes: split the message");
        return Err(refuse((1, reason)));
    }
    let message = xml::parse(&content).map_err(refuse)?;
    let mut recordings = Vec::new();
    message.below("SoundRecording", &mut recordings);
    if recordings.is_empty() {
        let reason = format!("{} holds no SoundRecording: is it a DDEX release message?", message.name);
        return Err(refuse((message.line, reason)));
    }
    let parties = parties(&message);
    let release = release(&message, &parties);
    // What recordings share is repeated in each of them, and so grows faster than the message.
    let mut left = MAX_BYTES;
    for recording in recordings {
        let mut cells = cells(recording, &parties);
        cells.extend(release.iter().cloned());
        let taken = cells.iter().map(|(_, text)| text.len() as u64).sum();
        left = left.checked_sub(taken).ok_or_else(|| {
            let reason = format!("its recordings repeat more than {MAX_BYTES} bytes: split the message");
            refuse((recording.line, reason))
        })?;
        builder.add(recording.line, Ok(cells.into_iter().map(|(name, text)| (name, text.into())).collect()));
    }
    Ok(())
}

type Cell = (String, String);

/// Names of the parties by their references.
fn parties(message: &Element) -> HashMap<&str, &str> {
    let mut found = Vec::new();
    message.below("Party", &mut found);
    found
        .into_iter()
        .filter_map(|party| Some((party.text_at(&["PartyReference"])?, name_in(party)?)))
        .collect()
}

/// The name of a party that is written out.
fn name_in(party: &Element) -> Option<&str> {
    party.text_at(&["PartyName", "FullName"]).or_else(|| party.text_at(&["PartyName"]))
}

/// The name of a party that is written out or referred to.
fn name_of<'a>(party: &'a Element, parties: &HashMap<&str, &'a str>) -> Option<&'a str> {
    let references = ["RightsControllerPartyReference", "ArtistPartyReference", "PartyReference"];
    let referred = references.iter().find_map(|name| party.text_at(&[name]));
    name_in(party).or_else(|| referred.and_then(|reference| parties.get(reference).copied()))
}

fn cells<'a>(recording: &'a Element, parties: &HashMap<&str, &'a str>) -> Vec<Cell> {
    let mut cells = Vec::new();
    let mut set = |column: &str, text: Option<&str>| {
        cells.extend(text.map(|text| (column.to_owned(), text.to_owned())));
    };
    let isrcs = isrcs(recording).join(";");
    set(ISRC, Some(isrcs.as_str()));

    let titles = ["DisplayTitle", "ReferenceTitle", "Title"];
    let title = titles.iter().find_map(|name| recording.child(name));
    let display = detail(recording, "DisplayTitleText");
    set("title", display.or_else(|| title.and_then(|title| title.text_at(&["TitleText"]))));
    // A display title holds the version already.
    if display.is_none() {
        set("version", title.and_then(|title| title.text_at(&["SubTitle"])));
    }

    let mut artists = Vec::new();
    recording.below("DisplayArtist", &mut artists);
    let names: Vec<&str> = artists.iter().filter_map(|artist| name_of(artist, parties)).collect();
    let names = names.join(", ");
    let artist = detail(recording, "DisplayArtistName").or(Some(names.as_str()));
    set("artist", artist);

    let mut controllers = Vec::new();
    for name in ["ResourceRightsController", "RightsController"] {
        recording.below(name, &mut controllers);
    }
    let p_line = below_first(recording, "PLine");
    let company = p_line.and_then(|line| line.text_at(&["PLineCompany"]));
    set("owner", controllers.iter().find_map(|party| name_of(party, parties)).or(company));
    let p_line = p_line.map(p_line_text);
    set("p_line", p_line.as_deref());

    set(DURATION, recording.text_at(&["Duration"]));
    let path = file(recording);
    set(PATH, path.as_deref());
    cells
}

/// Codes of the recording and of its editions, not of works or videos it refers to.
fn isrcs(recording: &Element) -> Vec<&str> {
    let mut ids = Vec::new();
    for name in ["SoundRecordingId", "ResourceId"] {
        recording.below(name, &mut ids);
    }
    let (mut codes, mut seen) = (Vec::new(), HashSet::new());
    for id in ids.iter().flat_map(|id| id.all("ISRC")) {
        let code = id.text.trim();
        if !code.is_empty() && seen.insert(code) {
            codes.push(code);
        }
    }
    codes
}

fn below_first<'a>(element: &'a Element, name: &str) -> Option<&'a Element> {
    let mut found = Vec::new();
    element.below(name, &mut found);
    found.into_iter().next()
}

/// A text of the recording, or of its details by territory, as version 3 has it.
fn detail<'a>(element: &'a Element, name: &str) -> Option<&'a str> {
    element.text_at(&[name]).or_else(|| below_first(element, name).and_then(|found| found.text_at(&[])))
}

fn p_line_text(line: &Element) -> String {
    let (year, text) = (line.text_at(&["Year"]), line.text_at(&["PLineText"]));
    match (year, text.unwrap_or_default()) {
        (Some(year), text) if !text.contains(year) => format!("{year} {text}"),
        (_, text) => text.to_owned(),
    }
}

/// The first file of the recording, as the message names it.
fn file(recording: &Element) -> Option<String> {
    let file = below_first(recording, "File")?;
    if let Some(uri) = file.text_at(&["URI"]).or_else(|| file.text_at(&["URL"])) {
        return Some(uri.strip_prefix("file://").unwrap_or(uri).to_owned());
    }
    let name = file.text_at(&["FileName"])?;
    let folder = file.text_at(&["FilePath"]).unwrap_or_default().trim_end_matches('/');
    Some(if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") })
}

/// What every recording shares: of the release, if the message has one.
fn release(message: &Element, parties: &HashMap<&str, &str>) -> Vec<Cell> {
    let Some(releases) = message.child("ReleaseList") else { return Vec::new() };
    // Version 3 repeats every track as a release and marks the main one by an attribute
    // alone; several releases say nothing about any one recording.
    let mut all = releases.all("Release");
    let (Some(release), None) = (all.next(), all.next()) else { return Vec::new() };
    let title = detail(release, "DisplayTitleText").or_else(|| {
        let titles = ["DisplayTitle", "ReferenceTitle", "Title"];
        titles.iter().find_map(|name| below_first(release, name)?.text_at(&["TitleText"]))
    });
    let label = detail(release, "LabelName").or_else(|| {
        let reference = release.text_at(&["ReleaseLabelReference"])?;
        parties.get(reference).copied()
    });
    let dates = ["OriginalReleaseDate", "ReleaseDate", "GlobalOriginalReleaseDate"];
    let date = dates.iter().find_map(|name| detail(release, name));
    [("album", title), ("label", label), ("release_date", date)]
        .into_iter()
        .filter_map(|(column, text)| Some((column.to_owned(), text?.to_owned())))
        .collect()
}
