//! The rows of `earmark identify -`: what begins and ends in a stream.

use std::io::{self, Write};

use serde::Serialize;

use super::MatchRow;
use super::rows::thousandths;
use super::table::{details, named};
use super::text::{clean, clock};
use crate::matching::live::{LiveEvent, LiveKind};
use crate::units::Seconds;

/// Name and number of the schema of [`LiveRow`].
pub const LIVE_SCHEMA: &str = "earmark.live/1";

/// Columns of the range of time in text: `1:02:03–1:04:05`.
const RANGE_WIDTH: usize = 15;

/// A match that was confirmed in a stream, or that is over. One object a line, in
/// order of what happened; a match has two of them. Every key is always there.
///
/// ```json
/// {"event":"begun","number":1,"heard_s":16.384,"recording":"QZHB12500001",
///  "isrcs":["QZHB12500001"],"title":"Harbour Lights","artist":"The Tidewrights",
///  "query_start_s":8.1,"query_end_s":16.3,"reference_start_s":7.4,"reference_end_s":15.6,
///  "time_scale":1.0,"pitch_semitones":0.0,"e_value":6.3e-62,"score":61.2,
///  "agreement":0.93,"grade":"match","also_at_s":[],"siblings":[],"more_siblings":false,"schema":"earmark.live/1"}
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct LiveRow {
    /// `begun` or `ended`.
    pub event: LiveKind,
    /// The match, counted from 1.
    pub number: u64,
    /// How much of the stream had been searched, in seconds.
    #[serde(serialize_with = "thousandths")]
    pub heard_s: Seconds,
    /// The match; query times count from the start of the stream.
    #[serde(flatten)]
    pub found: MatchRow,
    /// [`LIVE_SCHEMA`].
    pub schema: &'static str,
}

impl LiveRow {
    /// The row of `event`, whose match is shown as `found`.
    pub fn new(event: &LiveEvent, found: MatchRow) -> Self {
        Self { event: event.kind, number: event.number, heard_s: event.heard_s, found, schema: LIVE_SCHEMA }
    }

    /// Writes the row as a line for people: a match that has begun with an open
    /// range of time.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write_text(&self, out: &mut impl Write) -> io::Result<()> {
        let (name, range) = named(&self.found);
        let range = match self.event {
            LiveKind::Begun => format!("{}\u{2013}", clock(self.found.place.query_start_s)),
            LiveKind::Ended => range,
        };
        writeln!(
            out,
            "{}",
            clean(&format!("{range:<RANGE_WIDTH$}  {name}, {}", details(&self.found).join(", ")))
        )
    }
}

#[cfg(test)]
mod tests {
    use super::super::identify::tests::example;
    use super::super::write_json_line;
    use super::*;

    fn row(event: LiveKind) -> LiveRow {
        LiveRow { event, number: 3, heard_s: 21.845_33, found: example(), schema: LIVE_SCHEMA }
    }

    #[test]
    fn the_schema_stays() {
        let mut out = Vec::new();
        write_json_line(&mut out, &row(LiveKind::Begun)).expect("memory does not fail");
        let expected = concat!(
            r#"{"event":"begun","number":3,"heard_s":21.845,"recording":"QZHB12500003","isrcs":["QZHB12500003"],"#,
            r#""title":"Slow Orbit","artist":"Mina Voss","query_start_s":0.012,"query_end_s":8.9,"#,
            r#""reference_start_s":9.013,"reference_end_s":18.612,"time_scale":1.08,"pitch_semitones":1.332,"#,
            r#""e_value":5.62e-49,"score":48.25,"agreement":0.811,"grade":"match","also_at_s":[41.013],"#,
            r#""siblings":[],"more_siblings":false,"schema":"earmark.live/1"}"#,
            "\n",
        );
        assert_eq!(String::from_utf8(out).expect("JSON is UTF-8"), expected);
    }

    #[test]
    fn people_read_one_line_for_each_event() {
        let line = |event| {
            let mut out = Vec::new();
            row(event).write_text(&mut out).expect("memory does not fail");
            String::from_utf8(out).expect("text")
        };
        let (begun, ended) = (line(LiveKind::Begun), line(LiveKind::Ended));
        let start =
            format!("{:<RANGE_WIDTH$}  Slow Orbit, Mina Voss (QZ-HB1-25-00003), from ", "0:00.0\u{2013}");
        assert!(begun.starts_with(&start), "{begun}");
        let start = format!("{:<RANGE_WIDTH$}  Slow Orbit, ", "0:00.0\u{2013}0:08.9");
        assert!(ended.starts_with(&start), "{ended}");
        assert_eq!((begun.lines().count(), ended.lines().count()), (1, 1));
    }
}
