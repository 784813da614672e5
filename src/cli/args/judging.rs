//! What can be typed about how findings are judged, after `scan` and `rescan`.

use std::path::PathBuf;

use clap::Args;
use earmark::registry::{Territory, Use};
use earmark::verdict::{MinOverlap, Policy, Question};
use jiff::civil::Date;

use super::parse;

/// What is asked about every file or code.
#[derive(Args, Debug)]
pub struct QuestionArgs {
    /// The intended use
    #[arg(long = "use", value_name = "USE", value_parser = parse::uses(), default_value = Use::AiTraining.name())]
    pub use_: Use,
    /// Where it is to happen, a two-letter country code [default: everywhere]
    #[arg(long, value_name = "XX")]
    pub territory: Option<Territory>,
    /// The day on which it is to happen [default: today, in UTC]
    #[arg(long, value_name = "DATE", value_parser = parse::date)]
    pub as_of: Option<Date>,
    /// What it means that nobody declared anything: review tells it, opt-out allows, opt-in denies
    #[arg(long, value_name = "POLICY", value_parser = parse::policies(), default_value = Policy::Review.name())]
    pub policy: Policy,
}

impl QuestionArgs {
    /// The question, on the day `today` unless another was named.
    pub fn question(&self, today: Date) -> Question {
        Question::new(self.use_, self.as_of.unwrap_or(today)).territory(self.territory).policy(self.policy)
    }
}

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
