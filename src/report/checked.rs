//! What a report rests on.

use serde::Serialize;

use crate::matching::MatchOptions;
use crate::registry::RecordingsState;
use crate::verdict::Question;

/// Everything besides the file that went into a verdict: whoever has the same
/// registry and asks the same gets the same answer. It stands in every row, so
/// that a row is a proof wherever it is copied to.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CheckedAgainst {
    /// Program and version, `earmark 0.1.0`.
    pub tool: String,
    /// Id of the fingerprint params, 16 hexadecimal digits.
    pub params: String,
    /// The registry's number of commits.
    pub registry_generation: u64,
    /// The registry's content hash in hexadecimal: its params, recordings and
    /// declarations.
    pub registry_hash: String,
    /// Its recordings, by which those that are registered later are told.
    pub registry_recordings: RecordingsState,
    /// What was asked.
    pub question: Question,
    /// How it was searched.
    pub match_options: MatchOptions,
}
