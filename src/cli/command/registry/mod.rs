//! `earmark registry`.

pub mod exchange;
pub mod log;

use std::io::{self, Write};
use std::path::Path;

use earmark::params::Params;
use earmark::registry::{Registry, Removal};
use earmark::report::{RecordingsTable, clean, write_compaction, write_info, write_json_line};

use crate::cli::args::{ListFormat, RegistryCommand};
use crate::cli::error::CliError;
use crate::cli::ui::exit::Outcome;
use crate::cli::ui::messages::{counted, tell};
use crate::cli::ui::output::{Output, terminal_columns};
use crate::cli::ui::progress::BytesProgress;

/// Looks after a registry.
pub fn run(command: RegistryCommand) -> Result<Outcome, CliError> {
    match command {
        RegistryCommand::Init { registry } => init(&registry.registry),
        RegistryCommand::Info { registry, format } => info(&registry.registry, format),
        RegistryCommand::List { registry, format } => list(&registry.registry, format),
        RegistryCommand::Remove { ids, registry } => remove(&registry.registry, &ids),
        RegistryCommand::Compact { registry, format } => compact(&registry.registry, format),
        RegistryCommand::Mandate(args) => log::mandate(args),
        RegistryCommand::Owner(args) => log::owner(args),
        RegistryCommand::Log(args) => log::show(args),
        RegistryCommand::Export(args) => exchange::export(args),
        RegistryCommand::Import(args) => exchange::import(args),
        RegistryCommand::Upgrade { registry } => upgrade(&registry.registry),
        RegistryCommand::Verify { registry } => verify(&registry.registry),
    }
}

fn init(folder: &Path) -> Result<Outcome, CliError> {
    let registry = Registry::create(folder, &Params::default())?;
    tell(clean(&format!("{} is an empty registry", registry.folder().display())));
    Ok(Outcome::default())
}

fn info(folder: &Path, format: ListFormat) -> Result<Outcome, CliError> {
    let info = Registry::open(folder)?.info()?;
    to_stdout(format, |output| match format {
        ListFormat::Table => write_info(output, &info),
        ListFormat::Jsonl => write_json_line(output, &info),
    })
}

fn list(folder: &Path, format: ListFormat) -> Result<Outcome, CliError> {
    let registry = Registry::open(folder)?;
    let mut output = Output::open(None, format == ListFormat::Table)?;
    let mut table = RecordingsTable::new(terminal_columns());
    for recording in registry.recordings() {
        let recording = recording?;
        let written = match format {
            ListFormat::Table => table.write(&mut output, &recording),
            ListFormat::Jsonl => write_json_line(&mut output, &recording),
        };
        written.map_err(CliError::Stdout)?;
    }
    output.finish(true)?;
    Ok(Outcome::default())
}

fn remove(folder: &Path, ids: &[String]) -> Result<Outcome, CliError> {
    let mut registry = Registry::open_for_writing(folder)?;
    let mut removed = 0;
    let mut outcome = Outcome::default();
    for removal in registry.remove(ids)? {
        match removal {
            Removal::Removed { .. } => removed += 1,
            Removal::Unknown { id } => {
                outcome.unchecked = true;
                tell(clean(&format!("no recording has the id {id}: `earmark registry list` shows the ids")));
            }
        }
    }
    tell(format_args!("removed {}", counted(removed, "recording")));
    Ok(outcome)
}

fn compact(folder: &Path, format: ListFormat) -> Result<Outcome, CliError> {
    let mut registry = Registry::open_for_writing(folder)?;
    let progress = BytesProgress::new();
    let compaction = registry.compact(|done, total| progress.show(done, total));
    progress.finish();
    let compaction = compaction?;
    to_stdout(format, |output| match format {
        ListFormat::Table => write_compaction(output, &compaction),
        ListFormat::Jsonl => write_json_line(output, &compaction),
    })
}

/// Opening for writing does it.
fn upgrade(folder: &Path) -> Result<Outcome, CliError> {
    let registry = Registry::open_for_writing(folder)?;
    tell(format_args!(
        "{} has format version {}, content hash {}",
        folder.display(),
        registry.info()?.format_version,
        registry.content_hash_hex()?
    ));
    Ok(Outcome::default())
}

/// What is damaged goes to standard output, a line each.
fn verify(folder: &Path) -> Result<Outcome, CliError> {
    let registry = Registry::open_unchecked(folder)?;
    let problems = registry.verify()?;
    to_stdout(ListFormat::Table, |output| {
        problems.iter().try_for_each(|problem| writeln!(output, "{}", clean(&problem.to_string())))
    })?;
    let damaged = problems.iter().filter(|problem| !problem.is_harmless()).count();
    if damaged > 0 {
        return Err(CliError::Damaged { path: folder.to_owned(), problems: damaged });
    }
    let info = registry.info()?;
    tell(format_args!(
        "all is well: {}, {}, {}",
        counted(info.recordings, "recording"),
        counted(info.segments, "segment"),
        counted(info.declarations, "declaration")
    ));
    Ok(Outcome::default())
}

fn to_stdout(
    format: ListFormat,
    write: impl FnOnce(&mut Output) -> io::Result<()>,
) -> Result<Outcome, CliError> {
    let mut output = Output::open(None, format == ListFormat::Table)?;
    write(&mut output).map_err(CliError::Stdout)?;
    output.finish(true)?;
    Ok(Outcome::default())
}
