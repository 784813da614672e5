//! What a report rests on.

use serde::{Deserialize, Serialize};

use super::scan_row::SCAN_SCHEMA;
use crate::coverage::Coverage;
use crate::matching::MatchOptions;
use crate::registry::{RegistryState, Snapshot};
use crate::verdict::Question;

/// The first line of a report: everything besides the files that went into its
/// verdicts. Whoever has the same registry and files and asks the same gets the
/// same report, to the byte.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ScanHeader {
    kind: HeaderKind,
    /// Program and version, `earmark 0.1.0`.
    pub tool: String,
    /// Id of the fingerprint params, 16 hexadecimal digits.
    pub params: String,
    /// The registry as it was.
    pub registry: RegistryState,
    /// What was asked.
    pub question: Question,
    /// How it was searched.
    pub match_options: MatchOptions,
    /// How much of each file was listened to.
    pub coverage: Coverage,
    /// The files, folders and fingerprint files that were named, in order.
    pub inputs: Vec<String>,
    schema: &'static str,
}

/// Tells the header from rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum HeaderKind {
    /// The only one.
    Header,
}

impl ScanHeader {
    /// The header of a report that this program writes now.
    pub fn new(
        registry: &Snapshot,
        question: Question,
        match_options: MatchOptions,
        coverage: Coverage,
        inputs: Vec<String>,
    ) -> Self {
        let tool = concat!("earmark ", env!("CARGO_PKG_VERSION")).to_owned();
        let params = registry.params().id().to_string();
        Self::from_parts(tool, params, registry.state(), question, match_options, coverage, inputs)
    }

    pub(super) fn from_parts(
        tool: String,
        params: String,
        registry: RegistryState,
        question: Question,
        match_options: MatchOptions,
        coverage: Coverage,
        inputs: Vec<String>,
    ) -> Self {
        let (kind, schema) = (HeaderKind::Header, SCAN_SCHEMA);
        ScanHeader { kind, tool, params, registry, question, match_options, coverage, inputs, schema }
    }
}
