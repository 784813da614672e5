//! What is known about a recording: the manifest where it speaks, else the tags.

use crate::audio::{IsrcTrust, Tags};
use crate::inputs::label_copy::Row;
use crate::isrc::Isrc;
use crate::registry::Facts;

/// The ISRCs and facts to register. The tags speak only where the manifest is
/// silent, field by field.
pub fn merged(row: Option<&Row>, tags: Option<&Tags>) -> (Vec<Isrc>, Facts) {
    let mut isrcs = row.map(|row| row.isrcs.clone()).unwrap_or_default();
    let mut facts = row.map(|row| row.facts.clone()).unwrap_or_default();
    let Some(tags) = tags else { return (isrcs, facts) };
    if isrcs.is_empty() {
        // What merely looks like an ISRC must not name a recording.
        let trusted = tags.isrcs.iter().filter(|tag| tag.trust == IsrcTrust::Trusted);
        isrcs = trusted.map(|tag| tag.isrc).collect();
    }
    let fill = |fact: &mut Option<String>, tag: Option<&String>| {
        if fact.is_none() {
            *fact = tag.cloned();
        }
    };
    fill(&mut facts.title, tags.title.as_ref());
    fill(&mut facts.artist, tags.artist.as_ref().or(tags.album_artist.as_ref()));
    fill(&mut facts.album, tags.album.as_ref());
    fill(&mut facts.label, tags.label.as_ref());
    // Tags name the owner of the file, which may be whoever bought it: whom
    // the recording belongs to is for the manifest to say.
    fill(&mut facts.p_line, tags.copyrights.iter().find(|text| is_p_line(text)));
    (isrcs, facts)
}

/// Whether a copyright statement is about the sound recording.
fn is_p_line(text: &str) -> bool {
    ["\u{2117}", "(P)", "(p)"].iter().any(|mark| text.trim_start().starts_with(mark))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use crate::audio::IsrcTag;

    use super::*;

    fn text(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    fn tags() -> Tags {
        let tag = |code: &str, trust| IsrcTag { isrc: code.parse().expect("an ISRC"), trust };
        Tags {
            isrcs: vec![tag("QZHB12500001", IsrcTrust::Untrusted), tag("QZHB12500002", IsrcTrust::Trusted)],
            title: text("Tagged"),
            album_artist: text("Band"),
            owners: vec!["Buyer".to_owned()],
            copyrights: vec!["© 2024 Somebody".to_owned(), "℗ 2025 Label".to_owned()],
            ..Tags::default()
        }
    }

    #[test]
    fn tags_speak_where_there_is_no_manifest() {
        let (isrcs, facts) = merged(None, Some(&tags()));
        assert_eq!(isrcs, ["QZHB12500002".parse().expect("an ISRC")]);
        let expected = Facts {
            title: text("Tagged"),
            artist: text("Band"),
            p_line: text("℗ 2025 Label"),
            ..Facts::default()
        };
        assert_eq!(facts, expected);
    }

    #[test]
    fn the_manifest_outranks_the_tags_field_by_field() {
        let row = Row {
            line: 2,
            path: Some(PathBuf::from("a.mp3")),
            id: None,
            isrcs: vec!["QZHB12500009".parse().expect("an ISRC")],
            facts: Facts { title: text("Known"), owner: text("Owner"), ..Facts::default() },
            columns: Vec::new(),
            duration_s: None,
        };
        let (isrcs, facts) = merged(Some(&row), Some(&tags()));
        assert_eq!(isrcs, row.isrcs);
        assert_eq!((facts.title, facts.owner, facts.artist), (text("Known"), text("Owner"), text("Band")));
        assert_eq!(merged(Some(&row), None), (row.isrcs, row.facts));
    }
}
