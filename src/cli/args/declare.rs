//! What can be typed after `earmark declare`.

use std::path::PathBuf;

use clap::Args;
use jiff::civil::Date;

use earmark::isrc::{Isrc, IsrcPrefix};
use earmark::registry::{Permission, Statement, Subject, Territory, Use};

use crate::cli::args::RegistryDir;
use crate::cli::args::authority::AuthorityArgs;
use crate::cli::args::parse;

/// `earmark declare`.
#[derive(Args, Debug)]
#[command(after_help = "\
A declaration file has one row for each declaration: CSV with a header, or JSONL.
Columns: isrc, prefix, owner, recording or everything (one of them filled), use,
permission (allow, disallow, constrain, withdraw), terms, territories, from, until,
declarant, source, document_hash. It speaks in the name of --declarant: with rows in any
other name it is shown and held back, unless --confirm-authority is given.

--cawg, --aipref and --tdmrep take what was said in another vocabulary and store a
declaration for each use it names. What it cannot say, or says about other uses, is
told; FORMAT.md has the maps.

The registry has to exist: `earmark register` makes it, or `earmark registry init`.

Whose word counts is for `earmark registry owner` and `mandate` to say: an owner
speaks for its own recordings and those of its affiliates, everybody else needs a
mandate, and a claim without one can at most ask for review.

Examples:
  earmark declare --registry my-registry --prefix QZHB1 --use ai-training \\
      --disallow --declarant 'Halden Bay Records' --source https://halden-bay.example/ai
  earmark declare --registry my-registry --isrc QZ-HB1-25-00003 --use ai-training \\
      --constrain 'licence from ai@halden-bay.example' --territory DE,FR \\
      --from 2026-01-01 --declarant 'Halden Bay Records'
  earmark declare --registry my-registry --import declarations.csv \\
      --declarant 'Halden Bay Records'

Exit codes: 0 stored, or the log says it already, 2 usage or environment, 3 held back.")]
pub struct DeclareArgs {
    /// Where the registry is.
    #[command(flatten)]
    pub registry: RegistryDir,
    /// Read declarations from a file (.csv or .jsonl)
    #[arg(long, value_name = "FILE", groups = ["subject", "permission"],
        conflicts_with_all = ["use_", "territory", "from", "until", "source", "document"])]
    pub import: Option<PathBuf>,
    /// What it speaks about.
    #[command(flatten)]
    pub subject: SubjectArgs,
    /// The use it speaks about, and all narrower ones
    #[arg(long = "use", value_name = "USE", value_parser = parse::uses(),
        required_unless_present_any = ["import", "cawg", "aipref", "tdmrep"],
        conflicts_with_all = ["cawg", "aipref", "tdmrep"])]
    pub use_: Option<Use>,
    /// What it says.
    #[command(flatten)]
    pub permission: PermissionArgs,
    /// Countries where it holds, two-letter codes separated by commas [default: worldwide]
    #[arg(long, value_name = "ISO", value_delimiter = ',')]
    pub territory: Vec<Territory>,
    /// First day it holds [default: it always did]
    #[arg(long, value_name = "DATE", value_parser = parse::date)]
    pub from: Option<Date>,
    /// Last day it holds [default: without end]
    #[arg(long, value_name = "DATE", value_parser = parse::date)]
    pub until: Option<Date>,
    /// Who says so; with --import, whose file it is: rows in other names are held back
    #[arg(long, value_name = "NAME", required_unless_present = "import")]
    pub declarant: Option<String>,
    /// Where it was published or how it arrived
    #[arg(long, value_name = "URL")]
    pub source: Option<String>,
    /// The document in which it was said; its SHA-256 is stored
    #[arg(long, value_name = "FILE")]
    pub document: Option<PathBuf>,
    /// Consent.
    #[command(flatten)]
    pub authority: AuthorityArgs,
}

/// What a declaration speaks about: one of these, unless a file is imported,
/// which counts as one of the group.
#[derive(Args, Debug)]
#[group(id = "subject", required = true, multiple = false)]
pub struct SubjectArgs {
    /// Recordings with this ISRC
    #[arg(long, value_name = "CODE")]
    pub isrc: Option<Isrc>,
    /// Recordings whose ISRC has this registrant prefix, such as QZHB1
    #[arg(long, value_name = "PREFIX")]
    pub prefix: Option<IsrcPrefix>,
    /// Recordings of this owner and its affiliates
    #[arg(long, value_name = "NAME")]
    pub owner: Option<String>,
    /// The recording with this id
    #[arg(long, value_name = "ID")]
    pub recording: Option<String>,
    /// All recordings for which the declarant may speak
    #[arg(long)]
    pub everything: bool,
}

impl SubjectArgs {
    /// The subject that was typed, if one was.
    pub fn subject(&self) -> Option<Subject> {
        let everything = self.everything.then_some(Subject::Everything);
        (self.isrc.map(Subject::Isrc))
            .or(self.prefix.map(Subject::Prefix))
            .or(self.owner.clone().map(Subject::Owner))
            .or(self.recording.clone().map(Subject::Recording))
            .or(everything)
    }
}

/// What a declaration says: one of these, unless a file is imported.
#[derive(Args, Debug)]
#[group(id = "permission", required = true, multiple = false)]
pub struct PermissionArgs {
    /// The use is allowed
    #[arg(long)]
    pub allow: bool,
    /// The use is not allowed
    #[arg(long)]
    pub disallow: bool,
    /// The use is allowed under these terms (text or URL)
    #[arg(long, value_name = "TEXT")]
    pub constrain: Option<String>,
    /// What was declared before is taken back
    #[arg(long)]
    pub withdraw: bool,
    /// What a CAWG training-mining assertion (JSON) says, about each use it names
    #[arg(long, value_name = "FILE")]
    pub cawg: Option<PathBuf>,
    /// What the value of an AIPREF Content-Usage header says, such as 'train-ai=n, search=y'
    #[arg(long, value_name = "TEXT")]
    pub aipref: Option<String>,
    /// What a tdmrep.json says
    #[arg(long, value_name = "FILE")]
    pub tdmrep: Option<PathBuf>,
}

impl PermissionArgs {
    /// The statement that was typed, if one was.
    pub fn statement(&self) -> Option<Statement> {
        let withdraw = self.withdraw.then_some(Statement::Withdraw);
        let constrain = self.constrain.clone().map(|terms| Permission::Constrain { terms });
        let plain = [(self.allow, Permission::Allow), (self.disallow, Permission::Disallow)];
        let plain = plain.into_iter().find(|(typed, _)| *typed).map(|(_, permission)| permission);
        constrain.or(plain).map(Statement::from).or(withdraw)
    }
}
