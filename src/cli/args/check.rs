//! What can be typed after `earmark check`.

use std::path::PathBuf;

use clap::Args;

use super::judging::{LicenceArgs, QuestionArgs};
use super::{ListFormat, RegistryDir};

/// `earmark check`.
#[derive(Args, Debug)]
#[command(after_help = "\
A list has an ISRC a line, or is CSV with a column isrc (.csv), or JSONL with a key
isrc (.jsonl). A row says what a file would get that is heard to be this recording
and nothing else; nobody has listened, and a code proves nothing about a file.

Exit codes: 0 nothing disallowed, 1 something is, 2 usage or environment, 3 some
lines hold no ISRC (1 outranks 3).

Examples:
  earmark check --isrc QZHB12500001 --registry my-registry
  earmark check --list codes.txt --registry my-registry --format jsonl
  cut -f 3 metadata.tsv | earmark check --list - --registry my-registry")]
pub struct CheckArgs {
    /// An ISRC, with or without hyphens; may be given again
    #[arg(long, value_name = "ISRC", required_unless_present = "list")]
    pub isrc: Vec<String>,
    /// ISRCs of a file (.csv, .jsonl, any other: one a line); - is one a line on stdin
    #[arg(long, value_name = "FILE")]
    pub list: Option<PathBuf>,
    /// Where the registry is.
    #[command(flatten)]
    pub registry: RegistryDir,
    /// What is asked.
    #[command(flatten)]
    pub question: QuestionArgs,
    /// What was licensed.
    #[command(flatten)]
    pub licences: LicenceArgs,
    /// Form of the results
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "table")]
    pub format: ListFormat,
}
