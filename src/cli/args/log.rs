//! What can be typed after `earmark registry mandate`, `owner`, `log`, `export`
//! and `import`.

use std::path::PathBuf;

use clap::Args;
use jiff::civil::Date;

use earmark::inputs::label_copy::ColumnMap;
use earmark::isrc::{Isrc, IsrcPrefix};
use earmark::registry::{Subject, Vocabulary};

use crate::cli::args::authority::{AuthorityArgs, TakeOverArgs};
use crate::cli::args::parse;
use crate::cli::args::{ListFormat, RegistryDir};

/// `earmark registry mandate`.
#[derive(Args, Debug)]
#[command(after_help = "\
A mandate is what the keeper of the registry has seen proof of. Nobody gives it to
himself: what counts as proof is the keeper's to judge, and --document stores the
hash of it. Mandates are never changed: --revoke adds a row, from the day given.

What would change is shown, before and after, and stored with --confirm-authority.
Exit codes: 0 stored, or the log says it already, 2 usage or environment, 3 held back.

A file has one row for each mandate: CSV with a header, or JSONL. Columns:
declarant, isrc, prefix, owner or recording (one of them filled), act (grant or
revoke), from, until, source, document_hash.

Examples:
  earmark registry mandate 'Northern Rights Agency' --owner 'Halden Bay Records' \\
      --from 2026-01-01 --document contract.pdf --registry my-registry
  earmark registry mandate 'Northern Rights Agency' --owner 'Halden Bay Records' \\
      --revoke --from 2027-01-01 --registry my-registry --confirm-authority
  earmark registry mandate --import mandates.csv --registry my-registry")]
pub struct MandateArgs {
    /// Who may speak
    #[arg(value_name = "DECLARANT", required_unless_present = "import")]
    pub declarant: Option<String>,
    /// Where the registry is.
    #[command(flatten)]
    pub registry: RegistryDir,
    /// Read mandates from a file (.csv or .jsonl)
    #[arg(long, value_name = "FILE", group = "for_whom",
        conflicts_with_all = ["declarant", "revoke", "from", "until", "source", "document"])]
    pub import: Option<PathBuf>,
    /// For whom.
    #[command(flatten)]
    pub speaks_for: SpeaksFor,
    /// It may not any more
    #[arg(long)]
    pub revoke: bool,
    /// First day it holds [default: it always did]
    #[arg(long, value_name = "DATE", value_parser = parse::date)]
    pub from: Option<Date>,
    /// Last day it holds [default: without end]
    #[arg(long, value_name = "DATE", value_parser = parse::date)]
    pub until: Option<Date>,
    /// Where it was published or how it was shown
    #[arg(long, value_name = "URL")]
    pub source: Option<String>,
    /// The document that shows it; its SHA-256 is stored
    #[arg(long, value_name = "FILE")]
    pub document: Option<PathBuf>,
    /// Consent.
    #[command(flatten)]
    pub authority: AuthorityArgs,
}

/// For what a declarant may speak: one of these, unless a file is imported.
#[derive(Args, Debug)]
#[group(id = "for_whom", required = true, multiple = false)]
pub struct SpeaksFor {
    /// For this owner and its affiliates
    #[arg(long, value_name = "NAME")]
    pub owner: Option<String>,
    /// For recordings whose ISRC has this registrant prefix
    #[arg(long, value_name = "PREFIX")]
    pub prefix: Option<IsrcPrefix>,
    /// For recordings with this ISRC
    #[arg(long, value_name = "CODE")]
    pub isrc: Option<Isrc>,
    /// For the recording with this id
    #[arg(long, value_name = "ID")]
    pub recording: Option<String>,
}

impl SpeaksFor {
    /// What was typed, if anything was.
    pub fn subject(&self) -> Option<Subject> {
        (self.owner.clone().map(Subject::Owner))
            .or(self.prefix.map(Subject::Prefix))
            .or(self.isrc.map(Subject::Isrc))
            .or(self.recording.clone().map(Subject::Recording))
    }
}

/// `earmark registry owner`.
#[derive(Args, Debug)]
#[command(after_help = "\
A row says all there is to say about its owner from a day on, and the last one that
has begun counts: name all aliases again when the parent changes. An owner speaks
for its own recordings and for those of all that belong to it.

What would change is shown, before and after, and stored with --confirm-authority. A
name that recordings or rows carry becomes an alias only if --take-over names it, too:
what its bearer declared, and what was declared for it, then counts for the owner.
Exit codes: 0 stored, or the log says it already, 2 usage or environment, 3 held back.

A file has one row for each owner: CSV with a header, or JSONL. Columns: name,
aliases (several separated by ;), parent, from, source, document_hash.

Examples:
  earmark registry owner 'Halden Bay Records' --alias 'Halden Bay' \\
      --parent 'Example Music Group' --registry my-registry
  earmark registry owner 'Halden Bay Records' --alias 'Halden Bay' \\
      --parent 'Other Group' --from 2027-01-01 --registry my-registry --confirm-authority
  earmark registry owner --import owners.csv --registry my-registry")]
pub struct OwnerArgs {
    /// The owner
    #[arg(value_name = "NAME", required_unless_present = "import")]
    pub name: Option<String>,
    /// Where the registry is.
    #[command(flatten)]
    pub registry: RegistryDir,
    /// Read owners from a file (.csv or .jsonl)
    #[arg(long, value_name = "FILE", conflicts_with_all = ["name", "alias", "parent", "from", "source", "document"])]
    pub import: Option<PathBuf>,
    /// Another name of it; may be given several times
    #[arg(long, value_name = "NAME")]
    pub alias: Vec<String>,
    /// The owner it belongs to
    #[arg(long, value_name = "NAME")]
    pub parent: Option<String>,
    /// The day from which this holds [default: it always did]
    #[arg(long, value_name = "DATE", value_parser = parse::date)]
    pub from: Option<Date>,
    /// Where that was read
    #[arg(long, value_name = "URL")]
    pub source: Option<String>,
    /// The document that shows it; its SHA-256 is stored
    #[arg(long, value_name = "FILE")]
    pub document: Option<PathBuf>,
    /// Consent.
    #[command(flatten)]
    pub authority: TakeOverArgs,
}

/// `earmark registry log`.
#[derive(Args, Debug)]
#[command(after_help = "\
Each row's hash covers the row before: who keeps the last hash can tell later whether
anything before it was changed. `registry verify` follows the chain.

With --vocabulary the declarations in force on a day are written as cawg, aipref or
tdmrep would have them, one JSON object for each declarant and subject; what the
vocabulary cannot say is listed under \"lost\".

Examples:
  earmark registry log --registry my-registry
  earmark registry log --registry my-registry --recording QZHB12500001
  earmark registry log --registry my-registry --declarant 'Halden Bay Records' --format jsonl
  earmark registry log --registry my-registry --vocabulary tdmrep")]
pub struct LogArgs {
    /// Where the registry is.
    #[command(flatten)]
    pub registry: RegistryDir,
    /// Rows of this declarant or owner alone, under any of its names
    #[arg(long, value_name = "NAME")]
    pub declarant: Option<String>,
    /// Rows alone that are about this recording, or about who may speak for it
    #[arg(long, value_name = "ID")]
    pub recording: Option<String>,
    /// Write declarations in another vocabulary
    #[arg(long, value_name = "NAME", value_parser = parse::vocabularies())]
    pub vocabulary: Option<Vocabulary>,
    /// The day on which names, affiliates and declarations are taken [default: today, in UTC]
    #[arg(long, value_name = "DATE", value_parser = parse::date)]
    pub as_of: Option<Date>,
    /// How the rows are written
    #[arg(long, value_enum, default_value_t = ListFormat::Table)]
    pub format: ListFormat,
}

/// `earmark registry export`.
#[derive(Args, Debug)]
#[command(after_help = "\
The file is JSONL: a header with the content hash, a row for each recording, a row
for each entry of the log. With --fingerprints the segments go beside it, as
NAME.1.seg, NAME.2.seg and so on, and the file makes an equal registry from nothing,
with the same content hash. Without them it brings metadata and log to a registry
that holds the same audio.

Examples:
  earmark registry export --registry my-registry --out copy.jsonl --fingerprints
  earmark registry import copy.jsonl --registry other-registry --confirm-authority")]
pub struct ExportArgs {
    /// Where the registry is.
    #[command(flatten)]
    pub registry: RegistryDir,
    /// Write the rows to this file
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// Write the fingerprints, too, beside the file
    #[arg(long)]
    pub fingerprints: bool,
}

/// `earmark registry import`.
#[derive(Args, Debug)]
#[command(after_help = "\
An export is taken as it is, its log row by row with the same numbers and hashes. A
registry with a log of its own takes it only if one log begins with the other; a
registry with recordings takes the metadata of those it holds, and no fingerprints.

Label copy (CSV, JSONL, DDEX ERN as XML) has the columns of a manifest and needs no
`path`: rows are told by id, else by ISRC. What is missing in the registry is added;
--replace lets the file win. Recordings that are not registered are named.

What changes who may speak for what is shown, before and after, and taken only with
--confirm-authority: the rows of an export's log, and owners, ids and ISRCs of
registered recordings. Without it the rest is taken.

Exit codes: 0 all rows are in, 2 usage or environment, 3 some are not, or something
is held back.

Examples:
  earmark registry import copy.jsonl --registry my-registry --confirm-authority
  earmark registry import labelcopy.csv --registry my-registry \\
      --columns isrc=ISRC_CODE,title='Track Title'
  earmark registry import release.xml --registry my-registry --replace")]
pub struct ImportArgs {
    /// An export, or label copy (.csv, .jsonl or .xml)
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Where the registry is; made by an export if there is none.
    #[command(flatten)]
    pub registry: RegistryDir,
    /// Columns of the file by our names, such as isrc=ISRC_CODE,title='Track Title'
    #[arg(long, value_name = "OURS=THEIRS,...", default_value = "", hide_default_value = true)]
    pub columns: ColumnMap,
    /// Let label copy replace what the registry knows
    #[arg(long)]
    pub replace: bool,
    /// Consent.
    #[command(flatten)]
    pub authority: TakeOverArgs,
}
