//! The rows of `earmark scan`.

use std::io::{self, Write};
use std::path::Path;

use serde::Serialize;

use super::rows::{optional_thousandths, shown, write_json_line};
use super::{CheckedAgainst, MatchRow};
use crate::audio::{AudioInfo, Tags};
use crate::isrc::Isrc;
use crate::units::Seconds;
use crate::verdict::{Reason, ReasonCode, Verdict, VerdictKind};

/// Name and number of the schema of [`ScanRow`].
pub const SCAN_SCHEMA: &str = "earmark.scan/1";

/// One file and its verdict. In JSONL one object a line, in the order of the
/// inputs, each with the keys below and `checked_against` and `schema`. Every
/// key is always there.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ScanRow {
    /// The file as it was named or found.
    pub path: String,
    /// The verdict.
    pub verdict: VerdictKind,
    /// Why, what decided first; never empty.
    pub reasons: Vec<Reason>,
    /// Length of the decoded audio in seconds; null when it could not be decoded.
    #[serde(serialize_with = "optional_thousandths")]
    pub duration_s: Option<Seconds>,
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

/// An ISRC in a file's tags.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct TagCheck {
    /// The ISRC.
    pub isrc: Isrc,
    /// What the sound says to it.
    pub sound: TagSound,
}

/// What the sound says to an ISRC in a tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
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
            path: shown(path),
            verdict: verdict.kind,
            reasons: verdict.reasons,
            duration_s: None,
            tag_checks,
            tags: None,
            matches: Vec::new(),
            audio: None,
            error: None,
        }
    }

    /// Writes the row as a line of JSON. Fails when `out` does.
    pub fn write_json_line(&self, out: &mut impl Write, checked: &CheckedAgainst) -> io::Result<()> {
        write_json_line(out, &Line { row: self, checked_against: checked, schema: SCAN_SCHEMA })
    }
}

#[derive(Serialize)]
struct Line<'a> {
    #[serde(flatten)]
    row: &'a ScanRow,
    checked_against: &'a CheckedAgainst,
    schema: &'static str,
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
    use crate::matching::MatchOptions;
    use crate::registry::{RecordingsState, Use};
    use crate::verdict::Question;

    pub(in crate::report) fn checked() -> CheckedAgainst {
        CheckedAgainst {
            tool: "earmark 0.1.0".to_owned(),
            params: "0123456789abcdef".to_owned(),
            registry_generation: 2,
            registry_hash: "ab".repeat(32),
            registry_recordings: RecordingsState { next_key: 9, hash: "cd".repeat(32) },
            question: Question::new(Use::AiTraining, "2026-01-31".parse().expect("a date")),
            match_options: MatchOptions::default(),
        }
    }

    fn reason(code: ReasonCode, text: &str) -> Reason {
        Reason::new(code, text.to_owned())
    }

    /// A file with a wrong tag.
    pub(in crate::report) fn example() -> ScanRow {
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
            duration_s: Some(9.0),
            matches: vec![example_match()],
            ..ScanRow::new(Path::new("a/tag-wrong.ogg"), verdict)
        }
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
        example().write_json_line(&mut out, &checked()).expect("memory does not fail");
        let line = String::from_utf8(out).expect("JSON is UTF-8");
        let json: serde_json::Value = serde_json::from_str(&line).expect("JSON");
        let mut keys: Vec<&str> = json.as_object().expect("an object").keys().map(String::as_str).collect();
        let mut expected = [
            "path",
            "verdict",
            "reasons",
            "duration_s",
            "tag_checks",
            "tags",
            "matches",
            "audio",
            "error",
            "checked_against",
            "schema",
        ];
        keys.sort_unstable();
        expected.sort_unstable();
        assert_eq!(keys, expected);
        assert!(
            line.starts_with(
                r#"{"path":"a/tag-wrong.ogg","verdict":"disallowed","reasons":[{"code":"recognised","#
            ),
            "{line}"
        );
        assert_eq!(json["reasons"][1]["declarations"], serde_json::json!([2, 5]));
        assert_eq!(json["tag_checks"], serde_json::json!([{"isrc": "QZHB12500001", "sound": "contradicts"}]));
        assert_eq!(json["checked_against"]["question"]["as_of"], "2026-01-31");
        assert_eq!(json["checked_against"]["question"]["use"], "ai-training");
        assert_eq!(json["schema"], "earmark.scan/1");
        assert!(line.ends_with("}\n"));
    }
}
