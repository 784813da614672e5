//! What the service asks of a registry.
//!
//! A [`Registry`] is held for the life of the service. A [`View`] is one
//! consistent state of it: every answer comes from one view and names its state.

use std::fs::File;
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// The state that an answer rests on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct State {
    /// The registry's content hash, in hexadecimal.
    pub content_hash: String,
    /// The registry's generation, which rises with every commit.
    pub generation: u64,
    /// The id of the parameters with which fingerprints are made.
    pub params_id: String,
    /// How many recordings are registered.
    pub recordings: u64,
    /// How many rows the log has.
    pub log_size: u64,
    /// The hash of the log's last row, in hexadecimal.
    pub log_head: String,
}

/// What somebody wants to do, and where and when. Names are those of the command
/// line; what is left out has the command line's default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// The use: `data-mining`, `ai-training`, `ai-generative-training`,
    /// `ai-inference` or `search`.
    #[serde(rename = "use", default, skip_serializing_if = "Option::is_none")]
    pub use_: Option<String>,
    /// A country by its ISO 3166-1 code; everywhere if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub territory: Option<String>,
    /// The day, as `YYYY-MM-DD`; today in UTC if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<String>,
    /// What silence means: `review`, `opt-out` or `opt-in`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
    /// Who asks: declarations may name this licensee.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asker: Option<String>,
}

/// A row of the log as it is published.
#[derive(Clone, Debug, PartialEq)]
pub struct LogRow {
    /// Its number: 1, 2, 3, …
    pub seq: u64,
    /// The canonical bytes over which the log's hashes are taken.
    pub canonical: Vec<u8>,
    /// What it says.
    pub row: Value,
}

/// Which recordings to list.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
pub struct Search {
    /// Words of title, artist or ISRC; all if empty.
    #[serde(default)]
    pub text: String,
    /// Only recordings of this owner.
    #[serde(default)]
    pub owner: Option<String>,
    /// Only recordings behind this id, in the order of ids.
    #[serde(default)]
    pub after: Option<String>,
    /// At most this many.
    #[serde(default)]
    pub limit: Option<usize>,
}

/// A recording that an excerpt was recognised as.
#[derive(Clone, Debug, PartialEq)]
pub struct Recognised {
    /// Its id.
    pub recording: String,
    /// How many unrelated matches this good are expected by chance.
    pub e_value: f64,
}

/// What became of an upload of fingerprints.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Registered {
    /// Recordings that are new.
    pub added: u64,
    /// Recordings that were registered before.
    pub known: u64,
    /// What was not taken, and why.
    pub refused: Vec<String>,
}

/// Why a registry does not answer.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The question or the body is not understood.
    #[error("{0}")]
    Invalid(String),
    /// What is asked for is not there.
    #[error("{0} is not in this registry")]
    NotFound(String),
    /// The caller may not do this.
    #[error("{0}")]
    Forbidden(String),
    /// Another process writes.
    #[error("the registry is being written by another process")]
    Busy,
    /// The registry was altered or cannot be read.
    #[error("{0}")]
    Failed(String),
    /// The caller went away or the time is over.
    #[error("the request was given up")]
    Stopped,
}

/// A registry that is held open.
pub trait Registry: Send + Sync + 'static {
    /// The present state. Cheap: it is called for every request.
    fn view(&self) -> Arc<dyn View>;

    /// Takes up what was committed since; whether anything was.
    ///
    /// # Errors
    /// [`Refusal::Failed`] when the registry cannot be read or was altered. The view
    /// stays what it was.
    fn reload(&self) -> Result<bool, Refusal>;

    /// Adds the recordings of a fingerprint file, read from its start. With `owner`, label copy that names
    /// another owner is refused.
    ///
    /// # Errors
    /// [`Refusal`], and then nothing was registered.
    fn register(&self, fingerprints: File, owner: Option<&str>) -> Result<Registered, Refusal>;

    /// Appends rows to the log, all or none, and returns them as logged. The same rows
    /// again append nothing and return those that stand there. By their numbers.
    ///
    /// # Errors
    /// [`Refusal`], and then nothing was appended.
    fn append(&self, rows: &[Value]) -> Result<Vec<LogRow>, Refusal>;
}

/// One state of a registry.
pub trait View: Send + Sync {
    /// Which state.
    fn state(&self) -> &State;

    /// The question as it is answered, every default filled in, in canonical form.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] names the part that is not understood.
    fn question(&self, question: &Question) -> Result<Value, Refusal>;

    /// What is declared about an ISRC: the row of `earmark check`.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] when `isrc` is not an ISRC.
    fn isrc(&self, isrc: &str, question: &Question) -> Result<Value, Refusal>;

    /// Answers a fingerprint file, read from its start, with the bytes that `earmark scan` writes for it.
    /// Looks at `stop` between entries.
    ///
    /// # Errors
    /// [`Refusal`]; part of the answer may have been written.
    fn scan(
        &self,
        fingerprints: File,
        question: &Question,
        stop: &AtomicBool,
        out: &mut (dyn Write + Send),
    ) -> Result<(), Refusal>;

    /// The recordings in the first entry of a fingerprint file, best first.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] when `fingerprints` are not readable here.
    fn identify(&self, fingerprints: File) -> Result<Vec<Recognised>, Refusal>;

    /// A recording by its id: the row of `earmark registry list`.
    ///
    /// # Errors
    /// [`Refusal::NotFound`].
    fn recording(&self, id: &str) -> Result<Value, Refusal>;

    /// Recordings in the order of their ids.
    ///
    /// # Errors
    /// [`Refusal::Failed`].
    fn recordings(&self, search: &Search) -> Result<Vec<Value>, Refusal>;

    /// Rows of the log, from the number `from` (1 is the first), at most `limit`.
    ///
    /// # Errors
    /// [`Refusal::Failed`].
    fn log(&self, from: u64, limit: usize) -> Result<Vec<LogRow>, Refusal>;

    /// How many recordings would get another verdict, by verdict before and after, if
    /// `rows` were appended.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] when a row is not understood.
    fn effect(&self, rows: &[Value], question: &Question) -> Result<Value, Refusal>;
}
