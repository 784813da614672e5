//! The rows of `earmark scan`.

use std::io::{self, Write};
use std::path::Path;

use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;

use super::MatchRow;
use super::rows::{optional_thousandths, write_json_line};
use crate::audio::{AudioInfo, Tags};
use crate::fingerprint::FileHash;
use crate::isrc::Isrc;
use crate::paths::{self, PathBytes};
use crate::units::Seconds;
use crate::verdict::{Reason, ReasonCode, Verdict, VerdictKind};

/// Name and number of the schema of [`ScanRow`] and its
/// [header](super::ScanHeader).
pub const SCAN_SCHEMA: &str = "earmark.scan/2";

/// One file and its verdict. In JSONL one object a line, in the order of the
/// inputs, each with the keys below, `kind` and `schema`. Every key is always
/// there.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ScanRow {
    /// The file as it was named or found.
    pub path: String,
    /// The bytes of its path where they are not UTF-8; else null.
    pub path_bytes: Option<PathBytes>,
    /// The file's bytes; null when they could not be read.
    pub file: Option<FileRow>,
    /// The cells of the manifest's row that named the file, in its order; empty
    /// without a manifest.
    #[serde(serialize_with = "as_object")]
    pub columns: Vec<(String, Value)>,
    /// The verdict.
    pub verdict: VerdictKind,
    /// Why, what decided first; never empty.
    pub reasons: Vec<Reason>,
    /// Length of the decoded audio in seconds; null when it could not be decoded.
    #[serde(serialize_with = "optional_thousandths")]
    pub duration_s: Option<Seconds>,
    /// Length of what was decoded and searched of it, in seconds: less than
    /// `duration_s` where windows of the file sufficed. Null when nothing was.
    #[serde(serialize_with = "optional_thousandths")]
    pub decoded_s: Option<Seconds>,
    /// The ISRCs in the file's tags, and what the sound says to each.
    pub tag_checks: Vec<TagCheck>,
    /// What the file says about itself; null when that could not be read.
    pub tags: Option<Tags>,
    /// The recordings recognised, best first.
    pub matches: Vec<MatchRow>,
    /// How the file is encoded, how much of it was damaged, and the hash of
    /// its audio; null when it could not be decoded.
    pub audio: Option<AudioInfo>,
    /// Why the file could not be checked; null when it could.
    pub error: Option<String>,
}

/// The bytes of a file, named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FileRow {
    /// How many.
    pub bytes: u64,
    /// Their SHA-256, in hexadecimal.
    #[serde(with = "crate::hex")]
    pub sha256: [u8; 32],
}

impl From<FileHash> for FileRow {
    fn from(file: FileHash) -> Self {
        FileRow { bytes: file.bytes, sha256: file.sha256 }
    }
}

/// An ISRC in a file's tags.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TagCheck {
    /// The ISRC.
    pub isrc: Isrc,
    /// What the sound says to it.
    pub sound: TagSound,
}

/// What the sound says to an ISRC in a tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TagSound {
    /// The recording heard carries it.
    Agrees,
    /// Neither confirms nor contradicts it.
    NotConfirmed,
    /// Another recording is heard.
    Contradicts,
    /// Nothing can be said: the registry does not know the ISRC.
    Unknown,
}

impl TagSound {
    /// The name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Agrees => "agrees",
            Self::NotConfirmed => "not-confirmed",
            Self::Contradicts => "contradicts",
            Self::Unknown => "unknown",
        }
    }
}

impl ScanRow {
    /// The row of the file at `path`. What the sound says to the tags follows
    /// from the verdict's reasons.
    pub fn new(path: &Path, verdict: Verdict) -> Self {
        let tag_checks = verdict.reasons.iter().filter_map(tag_check).collect();
        Self {
            path: paths::text(path),
            path_bytes: PathBytes::of(path),
            file: None,
            columns: Vec::new(),
            verdict: verdict.kind,
            reasons: verdict.reasons,
            duration_s: None,
            decoded_s: None,
            tag_checks,
            tags: None,
            matches: Vec::new(),
            audio: None,
            error: None,
        }
    }

    /// Writes the row as a line of JSON.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write_json_line(&self, out: &mut impl Write) -> io::Result<()> {
        write_json_line(out, &Line { kind: "file", row: self, schema: SCAN_SCHEMA })
    }
}

#[derive(Serialize)]
struct Line<'a> {
    kind: &'static str,
    #[serde(flatten)]
    row: &'a ScanRow,
    schema: &'static str,
}

/// Names are unique: a manifest with one twice is refused.
fn as_object<S: Serializer>(columns: &[(String, Value)], serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(columns.len()))?;
    for (name, value) in columns {
        map.serialize_entry(name, value)?;
    }
    map.end()
}

fn tag_check(reason: &Reason) -> Option<TagCheck> {
    let sound = match reason.code {
        ReasonCode::TagAgrees => TagSound::Agrees,
        ReasonCode::TagNotConfirmed => TagSound::NotConfirmed,
        ReasonCode::TagContradictsSound => TagSound::Contradicts,
        ReasonCode::TagUnknown => TagSound::Unknown,
        _ => return None,
    };
    reason.isrc.map(|isrc| TagCheck { isrc, sound })
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::identify::tests::example as example_match;
    use super::*;
    use crate::coverage::Coverage;
    use crate::matching::MatchOptions;
    use crate::registry::{LogState, RecordingsState, RegistryState, Use};
    use crate::report::ScanHeader;
    use crate::verdict::Question;

    pub(in crate::report) fn header() -> ScanHeader {
        let question = Question::new(Use::AiTraining, "2026-01-31".parse().expect("a date"));
        let registry = RegistryState {
            id: Some("12".repeat(16)),
            generation: 2,
            hash: "ab".repeat(32),
            log: Some(LogState { rows: 5, hash: "ef".repeat(32) }),
            recordings: RecordingsState { next_key: 9, hash: "cd".repeat(32) },
        };
        ScanHeader::from_parts(
            "earmark 0.1.0".to_owned(),
            "0123456789abcdef".to_owned(),
            registry,
            question,
            MatchOptions::default(),
            Coverage::Full,
            vec!["a".to_owned()],
        )
    }

    fn reason(code: ReasonCode, text: &str) -> Reason {
        Reason::new(code, text.to_owned())
    }

    /// A file with a wrong tag.
    pub(crate) fn example() -> ScanRow {
        let declared = Reason {
            declarations: vec![2, 5],
            recording: Some("QZHB12500003".to_owned()),
            ..reason(
                ReasonCode::DeclaredDisallow,
                "Halden Bay Records disallows AI training, said on 2025-01-01, for everything that it owns.",
            )
        };
        let tag = Reason {
            isrc: Some("QZHB12500001".parse().expect("an ISRC")),
            ..reason(ReasonCode::TagContradictsSound, "The tag contradicts the sound.")
        };
        let reasons = vec![reason(ReasonCode::Recognised, "The file contains it."), declared, tag];
        let verdict = Verdict { kind: VerdictKind::Disallowed, reasons };
        ScanRow {
            file: Some(FileRow { bytes: 77, sha256: [0xef; 32] }),
            columns: vec![("url".to_owned(), "https://a.example/x".into()), ("day".to_owned(), 3.into())],
            duration_s: Some(9.0),
            decoded_s: Some(9.0),
            matches: vec![example_match()],
            ..ScanRow::new(Path::new("a/tag-wrong.ogg"), verdict)
        }
    }

    /// Facts of audio with two parts that were not heard.
    pub(in crate::report) fn half_heard() -> AudioInfo {
        let hash = "cd".repeat(32);
        let facts = serde_json::json!({
            "container": "mp4", "codec": "aac", "sample_rate_hz": 44_100, "channels": 2, "duration_s": 9.0,
            "filled_s": 0.0, "packets": 3, "packets_skipped": 0, "truncated": true, "claimed_s": 12.5,
            "audio_hash": hash, "unheard": [
                {"kind": "track", "seconds": 9.0, "detail": "audio track 2"},
                {"kind": "cut", "detail": "it stops; and goes on"},
            ],
        });
        serde_json::from_value(facts).expect("as in rows")
    }

    pub(in crate::report) fn failed() -> ScanRow {
        let verdict = Verdict {
            kind: VerdictKind::Error,
            reasons: vec![reason(ReasonCode::Error, "The file could not be checked: unknown format.")],
        };
        ScanRow {
            error: Some("unknown format".to_owned()),
            ..ScanRow::new(Path::new("bad\u{1b}[2J.mp3"), verdict)
        }
    }

    #[test]
    fn the_schema_stays() {
        let mut out = Vec::new();
        write_json_line(&mut out, &header()).expect("memory does not fail");
        example().write_json_line(&mut out).expect("memory does not fail");
        let text = String::from_utf8(out).expect("JSON is UTF-8");
        let (first, second) = text.split_once('\n').expect("two lines");
        let keys = |line: &str| -> Vec<String> {
            let json: serde_json::Value = serde_json::from_str(line).expect("JSON");
            json.as_object().expect("an object").keys().cloned().collect()
        };
        let expected = [
            "coverage",
            "inputs",
            "kind",
            "match_options",
            "params",
            "question",
            "registry",
            "schema",
            "tool",
        ];
        assert_eq!(keys(first), expected);
        let expected = [
            "audio",
            "columns",
            "decoded_s",
            "duration_s",
            "error",
            "file",
            "kind",
            "matches",
            "path",
            "path_bytes",
            "reasons",
            "schema",
            "tag_checks",
            "tags",
            "verdict",
        ];
        assert_eq!(keys(second), expected);
        assert!(first.starts_with(r#"{"kind":"header","tool":"earmark 0.1.0","params":"#), "{first}");
        let hash = "ef".repeat(32);
        let start = format!(
            r#"{{"kind":"file","path":"a/tag-wrong.ogg","path_bytes":null,"file":{{"bytes":77,"sha256":"{hash}"}},"columns":{{"url":"https://a.example/x","day":3}},"verdict":"disallowed","reasons":[{{"code":"recognised","#
        );
        assert!(second.starts_with(&start), "{second}");
        let json: serde_json::Value = serde_json::from_str(second).expect("JSON");
        assert_eq!(json["reasons"][1]["declarations"], serde_json::json!([2, 5]));
        assert_eq!(json["tag_checks"], serde_json::json!([{"isrc": "QZHB12500001", "sound": "contradicts"}]));
        let json: serde_json::Value = serde_json::from_str(first).expect("JSON");
        assert_eq!(json["question"]["as_of"], "2026-01-31");
        assert_eq!(json["question"]["use"], "ai-training");
        assert_eq!(json["schema"], "earmark.scan/2");
        assert!(text.ends_with("}\n"));
    }
}
