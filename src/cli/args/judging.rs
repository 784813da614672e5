//! What can be typed about how findings are judged, after `scan` and `rescan`.

use std::path::PathBuf;

use clap::Args;
use earmark::verdict::MinOverlap;

/// Accepted terms.
#[derive(Args, Debug)]
pub struct LicenceArgs {
    /// Terms that you have accepted, a licence a row (.csv or .jsonl): licence; hash or
    /// declaration, or declarant with terms or terms_sha256; and where it is limited isrc,
    /// prefix, owner or recording, use, territories, from, until
    #[arg(long, value_name = "FILE")]
    pub accept_terms: Option<PathBuf>,
}

/// Whether the registry is what became of the one that a report names.
#[derive(Args, Debug)]
pub struct LineageArgs {
    /// Go on with a registry that is not a continuation of the one the report names: an older copy,
    /// another one, or one whose log was written anew
    #[arg(long)]
    pub allow_other_registry: bool,
}

/// How much of a file counts.
#[derive(Args, Debug)]
pub struct OverlapArgs {
    /// How much of the file a recording has to fill, such as 3s or 10%; less counts for a
    /// review at most [default: however little, for rescan as the report has it]
    #[arg(long, value_name = "LENGTH")]
    pub min_overlap: Option<MinOverlap>,
}
