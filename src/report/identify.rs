//! The rows of `earmark identify --format jsonl`.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::place::PlaceRow;
use super::rows::{each_thousandth, optional_thousandths, rounded, thousandths, three_digits};
use crate::isrc::Isrc;
use crate::matching::{Grade, Match};
use crate::paths::{self, PathBytes};
use crate::registry::{Recording, RegistryError, Snapshot};
use crate::units::Seconds;
use crate::verdict::{Heard, KnownRecording};

/// Name and number of the schema of [`IdentifyRow`].
pub const IDENTIFY_SCHEMA: &str = "earmark.identify/1";

/// One input: what is in it and where. One object a line, in the order of the
/// inputs, without a header. Every key is always there.
///
/// ```json
/// {"path":"clip.mp3","path_bytes":null,"duration_s":8.02,"matches":[{"recording":"QZHB12500001",
///  "isrcs":["QZHB12500001"],"title":"Harbour Lights","artist":"The Tidewrights",
///  "query_start_s":0.1,"query_end_s":7.9,"reference_start_s":7.4,"reference_end_s":15.2,
///  "time_scale":1.0,"pitch_semitones":0.0,"e_value":6.3e-62,"score":61.2,
///  "agreement":0.93,"grade":"match","also_at_s":[],"siblings":[],"more_siblings":false}],
///  "error":null,"schema":"earmark.identify/1"}
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct IdentifyRow {
    /// The input as it was named or found.
    pub path: String,
    /// The bytes of its path where they are not UTF-8; else null.
    pub path_bytes: Option<PathBytes>,
    /// Length of the decoded audio in seconds; null when it could not be decoded.
    #[serde(serialize_with = "optional_thousandths")]
    pub duration_s: Option<Seconds>,
    /// The recordings recognised, best first. A recording may occur several
    /// times, at different places.
    pub matches: Vec<MatchRow>,
    /// Why the input could not be checked; null when it could.
    pub error: Option<String>,
    /// [`IDENTIFY_SCHEMA`].
    pub schema: &'static str,
}

impl IdentifyRow {
    /// The row of an input that was checked.
    pub fn checked(path: &Path, duration_s: Seconds, matches: Vec<MatchRow>) -> Self {
        Self {
            path: paths::text(path),
            path_bytes: PathBytes::of(path),
            duration_s: Some(duration_s),
            matches,
            error: None,
            schema: IDENTIFY_SCHEMA,
        }
    }

    /// The row of an input that could not be checked.
    pub fn failed(path: &Path, error: impl ToString) -> Self {
        let error = Some(error.to_string());
        Self {
            path: paths::text(path),
            path_bytes: PathBytes::of(path),
            duration_s: None,
            matches: Vec::new(),
            error,
            schema: IDENTIFY_SCHEMA,
        }
    }
}

/// A recording that sounds in an input.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MatchRow {
    /// The recording's id in the registry.
    pub recording: String,
    /// Its ISRCs, in their compact form.
    pub isrcs: Vec<Isrc>,
    /// Its title, if known.
    pub title: Option<String>,
    /// Its artist, if known.
    pub artist: Option<String>,
    /// Where it sounds.
    #[serde(flatten)]
    pub place: PlaceRow,
    /// The number of unrelated matches this good that are expected by chance for
    /// this much input in a registry of this size.
    #[serde(serialize_with = "three_digits")]
    pub e_value: f64,
    /// −log10 of the E-value.
    #[serde(serialize_with = "thousandths")]
    pub score: f64,
    /// Share of the recording's peaks that sound at the place, less what chance
    /// finds: 1 in an exact copy, less the more is altered or lies over it.
    #[serde(serialize_with = "thousandths")]
    pub agreement: f64,
    /// `match`, or `possible` where a person should listen.
    pub grade: Grade,
    /// The other positions in the recording that sound like this at
    /// `query_start_s`, in seconds, in order.
    #[serde(serialize_with = "each_thousandth")]
    pub also_at_s: Vec<Seconds>,
    /// Other recordings that hold this audio, strongest first; none of them has
    /// siblings of its own.
    pub siblings: Vec<MatchRow>,
    /// Whether there may be more of them than could be named. Reports that were written
    /// before there was this key lack it.
    #[serde(default)]
    pub more_siblings: bool,
    /// The channel in which it was heard by itself, from 1, where the mean of all channels
    /// does not hold it; there is no such key for what is heard in the mean.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<u32>,
}

impl MatchRow {
    /// The row of `found`, which was found in `registry`.
    ///
    /// # Errors
    /// If it was found in another registry, and this one has no such recording.
    pub fn of(found: &Match, registry: &Snapshot) -> Result<Self, RegistryError> {
        let siblings = found.siblings.iter().map(|sibling| Self::of(sibling, registry));
        let siblings = siblings.collect::<Result<_, _>>()?;
        let recording = registry.recording(found.recording).ok_or_else(|| RegistryError::Corrupt {
            path: registry.folder().to_owned(),
            what: format!("a segment holds recording {}, which is not registered", found.recording.0),
        })?;
        Ok(Self::new(found, &recording, siblings))
    }

    /// The row of `found`, which is of `recording`, with those of its siblings.
    pub fn new(found: &Match, recording: &Recording, siblings: Vec<MatchRow>) -> Self {
        Self {
            recording: recording.id.clone(),
            isrcs: recording.isrcs.clone(),
            title: recording.facts.title.clone(),
            artist: recording.facts.artist.clone(),
            place: PlaceRow::from(found),
            e_value: found.e_value,
            score: found.score,
            agreement: found.agreement,
            grade: found.grade,
            also_at_s: found.also_at_s.clone(),
            siblings,
            more_siblings: found.more_siblings,
            channel: None,
        }
    }

    /// Whether this row, or a sibling in it, tells that the recording of `other` sounds
    /// where that says so.
    pub(crate) fn tells(&self, other: &MatchRow) -> bool {
        let overlaps = self.place.query_start_s < other.place.query_end_s
            && other.place.query_start_s < self.place.query_end_s;
        let is_same = overlaps && self.recording == other.recording;
        is_same || self.siblings.iter().any(|sibling| sibling.tells(other))
    }

    /// What a verdict is told of it, which is what the row shows, so that the
    /// verdict follows from the row. `recording` is the one of the row.
    pub fn heard(&self, recording: KnownRecording) -> Heard {
        Heard {
            recording,
            grade: self.grade,
            query_start_s: rounded(self.place.query_start_s, 3),
            query_end_s: rounded(self.place.query_end_s, 3),
            sibling_of: None,
            more_siblings: self.more_siblings,
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::write_json_line;
    use super::*;

    /// A match with a value of its own in every field.
    pub(in crate::report) fn example() -> MatchRow {
        MatchRow {
            recording: "QZHB12500003".to_owned(),
            isrcs: vec!["QZHB12500003".parse().expect("an ISRC")],
            title: Some("Slow Orbit".to_owned()),
            artist: Some("Mina Voss".to_owned()),
            place: PlaceRow {
                query_start_s: 0.012_34,
                query_end_s: 8.9,
                reference_start_s: 9.013,
                reference_end_s: 18.612,
                time_scale: 1.080_001_2,
                pitch_semitones: 1.332_4,
            },
            e_value: 5.623_4e-49,
            score: 48.25,
            agreement: 0.811_4,
            grade: Grade::Match,
            also_at_s: vec![41.013_4],
            siblings: Vec::new(),
            more_siblings: false,
            channel: None,
        }
    }

    fn lines(rows: &[IdentifyRow]) -> String {
        let mut out = Vec::new();
        for row in rows {
            write_json_line(&mut out, row).expect("memory does not fail");
        }
        String::from_utf8(out).expect("JSON is UTF-8")
    }

    /// The schema that programs rely on: a change of these lines is a change
    /// of [`IDENTIFY_SCHEMA`], unless it adds a key.
    #[test]
    fn the_schema_stays() {
        let rows = [
            IdentifyRow::checked(Path::new("a/faster.ogg"), 9.000_04, vec![example()]),
            IdentifyRow::checked(Path::new("noise.ogg"), 7.0, Vec::new()),
            IdentifyRow::failed(Path::new("not \"audio\".mp3"), "unknown format"),
        ];
        let expected = concat!(
            r#"{"path":"a/faster.ogg","path_bytes":null,"duration_s":9.0,"matches":[{"recording":"QZHB12500003","isrcs":["QZHB12500003"],"#,
            r#""title":"Slow Orbit","artist":"Mina Voss","query_start_s":0.012,"query_end_s":8.9,"#,
            r#""reference_start_s":9.013,"reference_end_s":18.612,"time_scale":1.08,"pitch_semitones":1.332,"#,
            r#""e_value":5.62e-49,"score":48.25,"agreement":0.811,"grade":"match","also_at_s":[41.013],"#,
            r#""siblings":[],"more_siblings":false}],"error":null,"schema":"earmark.identify/1"}"#,
            "\n",
            r#"{"path":"noise.ogg","path_bytes":null,"duration_s":7.0,"matches":[],"error":null,"schema":"earmark.identify/1"}"#,
            "\n",
            r#"{"path":"not \"audio\".mp3","path_bytes":null,"duration_s":null,"matches":[],"error":"unknown format","schema":"earmark.identify/1"}"#,
            "\n",
        );
        assert_eq!(lines(&rows), expected);
    }

    #[test]
    fn a_missing_title_is_null_and_a_possible_match_says_so() {
        let row = MatchRow { title: None, isrcs: Vec::new(), grade: Grade::Possible, ..example() };
        let json = serde_json::to_value(&row).expect("a row is JSON");
        assert_eq!(json["title"], serde_json::Value::Null);
        assert_eq!(json["isrcs"], serde_json::json!([]));
        assert_eq!(json["grade"], "possible");
    }
}
