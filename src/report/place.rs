//! Where a recording sounds in a query: the keys that all rows of matches share.

use serde::{Deserialize, Serialize};

use super::rows::{hundred_thousandths, thousandths};
use crate::matching::Match;
use crate::units::Seconds;

/// A place in a query at which a recording lies, and how it was altered.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PlaceRow {
    /// Where it starts in the query, in seconds.
    #[serde(serialize_with = "thousandths")]
    pub query_start_s: Seconds,
    /// Where it ends in the query, in seconds.
    #[serde(serialize_with = "thousandths")]
    pub query_end_s: Seconds,
    /// The position in the recording that sounds at `query_start_s`, in seconds;
    /// negative only where a position was given by hand that lets the recording
    /// start later.
    #[serde(serialize_with = "thousandths")]
    pub reference_start_s: Seconds,
    /// The position in the recording that sounds at `query_end_s`, in seconds.
    #[serde(serialize_with = "thousandths")]
    pub reference_end_s: Seconds,
    /// Seconds of the recording per second of the query: above 1 the query is
    /// faster.
    #[serde(serialize_with = "hundred_thousandths")]
    pub time_scale: f64,
    /// How much higher the query is, in semitones.
    #[serde(serialize_with = "thousandths")]
    pub pitch_semitones: f64,
}

impl From<&Match> for PlaceRow {
    fn from(found: &Match) -> Self {
        Self {
            query_start_s: found.query_start_s,
            query_end_s: found.query_end_s,
            reference_start_s: found.reference_start_s,
            reference_end_s: found.reference_end_s,
            time_scale: found.time_scale,
            pitch_semitones: found.pitch_semitones,
        }
    }
}
