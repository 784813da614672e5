//! `earmark declare`.

use std::fs::File;
use std::path::Path;

use earmark::params::Params;
use earmark::registry::{
    Declaration, DeclarationFormat, NewDeclaration, Permission, Registry, RegistryError, Subject,
    parse_declarations,
};
use earmark::report::clean;
use jiff::Timestamp;

use super::args::DeclareArgs;
use super::error::CliError;
use super::exit::Outcome;
use super::tell::{counted, tell};

/// Stores one declaration, or those of a file.
pub fn run(args: DeclareArgs) -> Result<Outcome, CliError> {
    // Read before the registry is opened: a file with an error must not leave
    // a new, empty registry behind.
    let folder = args.registry.registry.clone();
    let declarations = match &args.import {
        Some(path) => import(path)?,
        None => single(args).into_iter().collect(),
    };
    let mut registry = match Registry::open_for_writing(&folder) {
        Err(RegistryError::NotFound { .. }) => Registry::open_or_create(&folder, &Params::default())?,
        opened => opened?,
    };
    let stored = registry.declare(&declarations)?;
    report(&registry, &stored)?;
    Ok(Outcome::default())
}

fn import(path: &Path) -> Result<Vec<NewDeclaration>, CliError> {
    let extension = path.extension().unwrap_or_default().to_string_lossy();
    let Some(format) = DeclarationFormat::from_extension(&extension) else {
        return Err(CliError::UnknownFormat { path: path.to_owned() });
    };
    let file = File::open(path).map_err(|source| CliError::File {
        path: path.to_owned(),
        action: "open the declaration file",
        source,
    })?;
    let parsed = parse_declarations(file, format, &path.display().to_string(), Timestamp::now())?;
    Ok(parsed.all_or_nothing()?)
}

/// The declaration on the command line, which is there unless a file was named.
fn single(args: DeclareArgs) -> Option<NewDeclaration> {
    let subject = args
        .subject
        .isrc
        .map(Subject::Isrc)
        .or(args.subject.prefix.map(Subject::Prefix))
        .or(args.subject.owner.map(Subject::Owner))
        .or(args.subject.recording.map(Subject::Recording))?;
    let permission = match args.permission.constrain {
        Some(terms) => Permission::Constrain { terms },
        None if args.permission.allow => Permission::Allow,
        None => Permission::Disallow,
    };
    Some(NewDeclaration {
        subject,
        use_: args.use_?,
        statement: permission.into(),
        territories: args.territory,
        from: args.from,
        until: args.until,
        declarant: args.declarant?,
        source: args.source,
        document_hash: None,
        received_at: Timestamp::now(),
    })
}

/// Says what was stored, and about how many recordings it speaks: none may be
/// a slip of the pen.
fn report(registry: &Registry, stored: &[Declaration]) -> Result<(), CliError> {
    let concern = registry.concern(Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date())?;
    for declaration in stored {
        let concerned = match concern.recordings(declaration)? {
            0 => "no registered recording so far".to_owned(),
            count => counted(count, "registered recording"),
        };
        tell(clean(&format!(
            "declaration {}: {} {} {}, says {}; concerns {concerned}",
            declaration.seq,
            declaration.statement.name(),
            declaration.use_,
            declaration.subject,
            declaration.declarant
        )));
    }
    if stored.is_empty() {
        tell("the file holds no declarations");
    }
    Ok(())
}
