//! The CSV files beside the audio.

use std::error::Error;
use std::path::Path;

use crate::catalogue::Song;
use crate::scraped::Clip;

/// The manifest of the catalogue for `earmark register --manifest`.
pub fn write_catalogue(path: &Path, songs: &[Song]) -> Result<(), Box<dyn Error>> {
    let mut csv = csv::Writer::from_path(path)?;
    csv.write_record(["path", "id", "isrc", "title", "artist", "album", "owner", "label", "release_date"])?;
    for song in songs {
        let file = format!("catalogue/{}", song.file);
        let isrcs = song.isrcs.join(";");
        csv.write_record([
            &file,
            song.id,
            &isrcs,
            song.title,
            song.artist,
            song.album,
            song.owner,
            song.label,
            song.release_date,
        ])?;
    }
    csv.flush()?;
    Ok(())
}

/// The declarations for `earmark declare --import`.
pub fn write_declarations(path: &Path) -> Result<(), Box<dyn Error>> {
    let mut csv = csv::Writer::from_path(path)?;
    csv.write_record([
        "recording",
        "isrc",
        "prefix",
        "owner",
        "use",
        "permission",
        "terms",
        "territories",
        "from",
        "until",
        "declarant",
        "source",
    ])?;
    let halden = "https://halden-bay.example/ai";
    let nightjar = "https://nightjar.example/ai";
    let rows = [
        // A blanket reservation, and the one exception from it.
        [
            "",
            "",
            "QZHB1",
            "",
            "ai-training",
            "disallow",
            "",
            "",
            "2025-01-01",
            "",
            "Halden Bay Records",
            halden,
        ],
        [
            "",
            "QZHB12500003",
            "",
            "",
            "ai-training",
            "allow",
            "",
            "",
            "2025-06-01",
            "",
            "Halden Bay Records",
            halden,
        ],
        [
            "",
            "",
            "",
            "Nightjar Collective",
            "ai-training",
            "constrain",
            "licence from ai@nightjar.example",
            "",
            "",
            "",
            "Nightjar Collective",
            nightjar,
        ],
        // Two who disagree about one recording.
        ["", "QZHB32300007", "", "", "ai-training", "allow", "", "", "", "", "Ilse Marren", ""],
        ["", "QZHB32300007", "", "", "ai-training", "disallow", "", "", "", "", "Kitchen Table Music", ""],
    ];
    for row in rows {
        csv.write_record(row)?;
    }
    csv.flush()?;
    Ok(())
}

/// The answers: one row for every recording heard in a clip, one row with no
/// recording for a clip in which none is.
pub fn write_expected(path: &Path, clips: &[Clip]) -> Result<(), Box<dyn Error>> {
    let mut csv = csv::Writer::from_path(path)?;
    csv.write_record([
        "file",
        "verdict",
        "tag_isrcs",
        "recording",
        "query_start_s",
        "query_end_s",
        "reference_start_s",
        "time_scale",
        "pitch_semitones",
        "note",
    ])?;
    for clip in clips {
        let isrcs = clip.tag_isrcs().join(";");
        let answer = &clip.answer;
        if answer.heard.is_empty() {
            csv.write_record([clip.file, answer.verdict, &isrcs, "", "", "", "", "", "", answer.note])?;
        }
        for heard in &answer.heard {
            csv.write_record([
                clip.file,
                answer.verdict,
                &isrcs,
                heard.recording,
                &heard.query_s.0.to_string(),
                &heard.query_s.1.to_string(),
                &heard.reference_start_s.to_string(),
                &heard.time_scale.to_string(),
                &heard.pitch_semitones.to_string(),
                answer.note,
            ])?;
        }
    }
    csv.flush()?;
    Ok(())
}
