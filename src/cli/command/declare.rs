//! `earmark declare`.

use std::fs;
use std::path::Path;

use earmark::registry::{
    AuthorityChange, Change, Declaration, Log, NewDeclaration, NewEntry, Permission, Registry, Statement,
    Subject, Use, Vocabulary, parse_declarations,
};
use earmark::report::clean;
use jiff::Timestamp;

use crate::cli::args::declare::{DeclareArgs, PermissionArgs};
use crate::cli::authority::{tell_changes, tell_how_to_apply};
use crate::cli::error::CliError;
use crate::cli::judging::today;
use crate::cli::log_news::{tell_known, tell_of_clock};
use crate::cli::tables::{document_hash, open_table};
use crate::cli::ui::exit::Outcome;
use crate::cli::ui::messages::{counted, tell};

/// Stores one declaration, or those of a file.
pub fn run(args: DeclareArgs) -> Result<Outcome, CliError> {
    let declarations = match &args.import {
        Some(path) => {
            let (file, format) = open_table(path, "open the file of entries")?;
            parse_declarations(file, format, &path.display().to_string(), Timestamp::now())?
                .all_or_nothing()?
        }
        None => typed(&args)?,
    };
    let mut registry = Registry::open_for_writing(&args.registry.registry)?;
    let entries: Vec<NewEntry> = declarations.into_iter().map(NewEntry::from).collect();
    let changes = registry.changes(&entries, today())?;
    let held = match args.import {
        Some(_) => in_other_names(&registry, &changes, args.declarant.as_deref())?,
        // Whose name it is was typed.
        None => Vec::new(),
    };
    let consent = args.authority.consent();
    if !consent.covers(&held) {
        tell_changes(&held, false);
        tell_how_to_apply(&held, &consent);
        tell("nothing of the file is stored; --declarant says in whose name it speaks");
        return Ok(Outcome { unchecked: true, ..Outcome::default() });
    }
    changes.iter().flat_map(|change| &change.look_alikes).for_each(|name| tell(clean(&name.to_string())));
    let appended = registry.append_new(&entries)?;
    tell_known(&appended, "declaration");
    if entries.is_empty() {
        tell("that says nothing that could be declared");
    }
    let first = appended.stored.first().map(|row| row.seq);
    report(&registry, &Log::from_entries(appended.stored).declarations)?;
    tell_of_clock(&registry, first)?;
    Ok(Outcome::default())
}

/// The changes that are not in the name of `declarant`, under any of its names.
fn in_other_names(
    registry: &Registry,
    changes: &[AuthorityChange],
    declarant: Option<&str>,
) -> Result<Vec<AuthorityChange>, CliError> {
    let authority = registry.log()?.authority(today());
    let own = declarant.map(|name| authority.owner_key(name));
    let is_own = |change: &AuthorityChange| match &change.change {
        Change::Declaration { row, .. } => Some(authority.owner_key(&row.declarant)) == own,
        Change::Owner { .. } | Change::Mandate { .. } | Change::Recording { .. } => false,
    };
    Ok(changes.iter().filter(|change| !is_own(change)).cloned().collect())
}

/// The declarations on the command line: there are a subject and a declarant
/// unless a file was named, and one statement or those of another vocabulary.
fn typed(args: &DeclareArgs) -> Result<Vec<NewDeclaration>, CliError> {
    let (Some(subject), Some(declarant)) = (args.subject.subject(), &args.declarant) else {
        return Ok(Vec::new());
    };
    let said: Vec<(Use, Statement)> = match (args.permission.statement(), args.use_) {
        (Some(statement), Some(use_)) => vec![(use_, statement)],
        _ => translated(&args.permission)?
            .into_iter()
            .map(|(use_, permission)| (use_, permission.into()))
            .collect(),
    };
    let (document_hash, received_at) = (document_hash(args.document.as_deref())?, Timestamp::now());
    let declaration = |(use_, statement)| NewDeclaration {
        subject: subject.clone(),
        use_,
        statement,
        territories: args.territory.clone(),
        from: args.from,
        until: args.until,
        declarant: declarant.clone(),
        source: args.source.clone(),
        document_hash,
        received_at,
    };
    Ok(said.into_iter().map(declaration).collect())
}

/// What was said in another vocabulary; tells what is lost.
fn translated(args: &PermissionArgs) -> Result<Vec<(Use, Permission)>, CliError> {
    let read = |path: &Path| {
        fs::read_to_string(path).map_err(|source| CliError::File {
            path: path.to_owned(),
            action: "read",
            source,
        })
    };
    let (vocabulary, text) = match (&args.cawg, &args.tdmrep, &args.aipref) {
        (Some(path), _, _) => (Vocabulary::Cawg, read(path)?),
        (_, Some(path), _) => (Vocabulary::Tdmrep, read(path)?),
        (_, _, Some(text)) => (Vocabulary::Aipref, text.clone()),
        _ => return Ok(Vec::new()),
    };
    let read = vocabulary.read(&text)?;
    read.lost.iter().for_each(|lost| tell(clean(&format!("not taken over from {vocabulary}: {lost}"))));
    Ok(read.said)
}

/// Declarations that are told one by one; the rest is counted.
const TOLD: usize = 100;

/// Says what was stored, and about how many recordings it speaks: none may be
/// a slip of the pen.
fn report(registry: &Registry, stored: &[Declaration]) -> Result<(), CliError> {
    let concern = registry.concern(today())?;
    for declaration in stored.iter().take(TOLD) {
        let concerned = match concern.recordings(declaration)? {
            0 => "no registered recording so far".to_owned(),
            count => counted(count, "registered recording"),
        };
        let subject = match &declaration.subject {
            Subject::Everything => "everything".to_owned(),
            other => other.to_string(),
        };
        tell(clean(&format!(
            "declaration {}: {} {} {subject}, says {}; concerns {concerned}",
            declaration.seq,
            declaration.statement.name(),
            declaration.use_,
            declaration.declarant
        )));
        let claimed = concern.claimed_owners(declaration)?;
        if let Some(first) = claimed.first() {
            let owner = match (first, claimed.len()) {
                (Some(owner), 1) => format!("recordings of {owner}"),
                (None, 1) => "recordings without an owner".to_owned(),
                (_, count) => format!("recordings of {count} owners"),
            };
            tell(clean(&format!(
                "{} may not speak for {owner}: there it counts as a claim, which leads to a review at \
                 most; `earmark registry mandate` notes that it may",
                declaration.declarant
            )));
        }
    }
    if stored.len() > TOLD {
        tell(format_args!("and {} more, of {}", stored.len() - TOLD, stored.len()));
    }
    Ok(())
}
