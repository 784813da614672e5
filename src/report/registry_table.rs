//! What a registry holds, for people to read.

use std::io::{self, Write};

use super::text::{BOLD, FAINT, RESET, clean, clock};
use crate::registry::{Compaction, Info, Recording};

/// Writes the figures about a registry, a line each.
///
/// # Errors
/// Those of `out`.
pub fn write_info(out: &mut impl Write, info: &Info) -> io::Result<()> {
    let lines = [
        ("recordings", info.recordings.to_string()),
        ("audio", clock(info.duration_s)),
        ("ISRCs", info.isrcs.to_string()),
        ("declarations", info.declarations.to_string()),
        ("mandates", info.mandates.to_string()),
        ("owners", info.owners.to_string()),
        ("generation", info.generation.to_string()),
        ("content hash", info.content_hash_hex()),
        ("params", info.params_id.clone()),
        ("format version", info.format_version.to_string()),
        ("segments", format!("{} ({} bytes)", info.segments, info.segment_bytes)),
        ("removed, still stored", info.tombstones.to_string()),
        ("database", format!("{} bytes", info.database_bytes)),
    ];
    let late = (info.received_out_of_order > 0).then(|| {
        let rows = format!("{} rows of the log (the clock was set back)", info.received_out_of_order);
        ("received out of order", rows)
    });
    for (name, value) in lines.into_iter().chain(late) {
        writeln!(out, "{FAINT}{name:<22}{RESET}{value}")?;
    }
    Ok(())
}

/// Writes what merging did, in a line.
///
/// # Errors
/// Those of `out`.
pub fn write_compaction(out: &mut impl Write, done: &Compaction) -> io::Result<()> {
    let Compaction { segments_before, segments_after, bytes_before, bytes_after, dropped } = done;
    writeln!(
        out,
        "segments: {segments_before} before, {segments_after} after; \
         bytes: {bytes_before} before, {bytes_after} after; removed recordings dropped: {dropped}"
    )
}

/// Columns that ids take unless one is longer: an ISRC, or the hash of content.
const ID: usize = 16;

/// Writes recordings, a line each: id, duration, title and artist, ISRCs.
#[derive(Debug)]
pub struct RecordingsTable {
    width: usize,
}

impl RecordingsTable {
    /// Lines are cut at `width` characters; 0 for no limit.
    pub fn new(width: usize) -> Self {
        Self { width: if width == 0 { usize::MAX } else { width } }
    }

    /// Writes one recording.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write(&mut self, out: &mut impl Write, recording: &Recording) -> io::Result<()> {
        let facts = &recording.facts;
        let id = clean(&recording.id);
        let name: Vec<String> =
            [&facts.title, &facts.artist].into_iter().flatten().map(|t| clean(t)).collect();
        let other = recording.isrcs.iter().filter(|isrc| isrc.as_str() != recording.id);
        let codes: Vec<String> = other.map(ToString::to_string).collect();
        let mut rest = format!("  {:>9}  {}", clock(recording.duration_s), name.join(", "));
        if !codes.is_empty() {
            rest.push_str(&format!(" ({})", codes.join(", ")));
        }
        let room = self.width.saturating_sub(id.chars().count().max(ID));
        if rest.chars().count() > room {
            rest = rest.chars().take(room.saturating_sub(1)).chain(['\u{2026}']).collect();
        }
        writeln!(out, "{BOLD}{id:<ID$}{RESET}{rest}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::Facts;
    use crate::units::RecordingKey;

    fn recording(id: &str, title: Option<&str>, isrcs: &[&str]) -> Recording {
        Recording {
            key: RecordingKey(1),
            id: id.to_owned(),
            isrcs: isrcs.iter().map(|code| code.parse().expect("an ISRC")).collect(),
            facts: Facts {
                title: title.map(str::to_owned),
                artist: Some("Orrin Vale".to_owned()),
                ..Facts::default()
            },
            audio_hash: [0; 32],
            duration_s: 3725.04,
            source_path: None,
        }
    }

    fn lines(width: usize, recordings: &[Recording]) -> String {
        let mut out = Vec::new();
        let mut table = RecordingsTable::new(width);
        for recording in recordings {
            table.write(&mut out, recording).expect("memory does not fail");
        }
        anstream::adapter::strip_str(&String::from_utf8(out).expect("UTF-8")).to_string()
    }

    #[test]
    fn recordings_are_listed_a_line_each() {
        let recordings = [
            recording("QZHB12500001", Some("Bus\u{1b}[2J"), &["QZHB12500001"]),
            recording("windmill-waltz", None, &["QZHB22400012", "QZHB22500031"]),
        ];
        let expected = "\
QZHB12500001      1:02:05.0  Bus\\u{1b}[2J, Orrin Vale
windmill-waltz    1:02:05.0  Orrin Vale (QZ-HB2-24-00012, QZ-HB2-25-00031)
";
        assert_eq!(lines(0, &recordings), expected);
        assert_eq!(
            lines(40, &recordings[1..]),
            "windmill-waltz    1:02:05.0  Orrin Vale…\n",
            "40 characters wide"
        );
    }
}
