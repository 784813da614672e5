//! `earmark registry export` and `import`.

use std::path::Path;

use earmark::check::OtherLength;
use earmark::inputs::label_copy::{Purpose, Row, read_manifest};
use earmark::params::Params;
use earmark::registry::{
    AuthorityChange, Change, Consent, Existing, Imported, LabelCopy, LogTaken, Registry, RegistryError,
    Updated, is_export,
};
use earmark::report::clean;

use crate::cli::args::log::{ExportArgs, ImportArgs};
use crate::cli::authority::{tell_changes, tell_how_to_apply};
use crate::cli::error::CliError;
use crate::cli::judging::today;
use crate::cli::ui::exit::Outcome;
use crate::cli::ui::messages::{counted, tell};
use crate::cli::ui::output::Output;

/// Writes everything a registry holds.
pub fn export(args: ExportArgs) -> Result<Outcome, CliError> {
    let registry = Registry::open(&args.registry.registry)?;
    let mut output = Output::open(Some(&args.out), false)?;
    let exported = registry.export(&args.out, args.fingerprints, &mut output)?;
    output.finish(true)?;
    tell(format_args!(
        "exported {}, {} of the log, {}; content hash {}",
        counted(exported.recordings, "recording"),
        counted(exported.log_rows, "row"),
        match (args.fingerprints, exported.segments) {
            (false, _) => "no fingerprints".to_owned(),
            (true, segments) => counted(segments, "segment"),
        },
        exported.content_hash
    ));
    Ok(Outcome::default())
}

/// Takes in an export or label copy.
pub fn import(args: ImportArgs) -> Result<Outcome, CliError> {
    let export = is_export(&args.file).map_err(|source| CliError::File {
        path: args.file.clone(),
        action: "open",
        source,
    })?;
    if export { import_export(&args) } else { describe(&args) }
}

fn import_export(args: &ImportArgs) -> Result<Outcome, CliError> {
    let consent = args.authority.consent();
    let imported = open_or_create(&args.registry.registry)?.import(&args.file, &consent, today())?;
    for (id, why) in &imported.left_out {
        tell(clean(&format!("{id}: left out, {why}")));
    }
    tell(format_args!(
        "imported {}, {} changed, {} unchanged, {} left out; {} added to the log",
        counted(imported.new, "new recording"),
        imported.changed,
        imported.unchanged,
        imported.left_out.len(),
        counted(imported.log_rows, "row")
    ));
    let held = tell_authority(&imported, &consent);
    tell(match imported.equal {
        true => "the registry is equal to the exported one: the content hash is the same",
        false => "the registry differs from the exported one: the content hash is another",
    });
    Ok(Outcome { disallowed: false, unchecked: held || !imported.left_out.is_empty() })
}

/// Tells what changed who may speak for what, or would; whether something is held back.
fn tell_authority(imported: &Imported, consent: &Consent) -> bool {
    let of_recordings = |change: &AuthorityChange| matches!(change.change, Change::Recording { .. });
    let (recordings, rows): (Vec<_>, Vec<_>) = imported.authority.iter().cloned().partition(of_recordings);
    let recordings_held = *consent == Consent::Withheld;
    tell_changes(&recordings, !recordings_held);
    tell_changes(&rows, imported.log == LogTaken::Whole);
    let mut held = if recordings_held { recordings } else { Vec::new() };
    match imported.log {
        LogTaken::Whole => {}
        LogTaken::HeldBack => held.extend(rows),
        LogTaken::Differs => {
            tell(
                "the log of the export is another one than the registry's, and is left out with all it says",
            );
        }
    }
    tell_how_to_apply(&held, consent);
    !held.is_empty() || imported.log != LogTaken::Whole
}

/// Opens a registry for writing; makes it if there is none.
fn open_or_create(folder: &Path) -> Result<Registry, RegistryError> {
    match Registry::open_for_writing(folder) {
        Err(RegistryError::NotFound { .. }) => Registry::open_or_create(folder, &Params::default()),
        opened => opened,
    }
}

/// Label copy of recordings that are registered.
fn describe(args: &ImportArgs) -> Result<Outcome, CliError> {
    let manifest = read_manifest(&args.file, &args.columns, Purpose::Describe)?;
    manifest.bad_rows.iter().for_each(tell);
    if !manifest.ignored_columns.is_empty() {
        tell(format_args!("columns that nobody reads: {}", manifest.ignored_columns.join(", ")));
    }
    let mut registry = Registry::open_for_writing(&args.registry.registry)?;
    let label_copy =
        |row: &Row| LabelCopy { id: row.id.clone(), isrcs: row.isrcs.clone(), facts: row.facts.clone() };
    let rows: Vec<LabelCopy> = manifest.rows.iter().map(label_copy).collect();
    let existing = if args.replace { Existing::Replace } else { Existing::Keep };
    let consent = args.authority.consent();
    let updates = registry.update(&rows, existing, &consent)?;
    let mut counts = Counts { refused: manifest.bad_rows.len() as u64, ..Counts::default() };
    for (row, update) in manifest.rows.iter().zip(updates) {
        let at = format!("{}, line {}", args.file.display(), row.line);
        counts.take(&at, row, update);
        tell_lengths(&registry, &at, row)?;
    }
    let withheld = consent == Consent::Withheld;
    tell_changes(&counts.authority, !withheld);
    let held = if withheld { counts.authority.as_slice() } else { &[] };
    tell_how_to_apply(held, &consent);
    tell(format_args!(
        "{} changed, {} unchanged, {} not registered, {} refused",
        counted(counts.changed, "row"),
        counts.unchanged,
        counts.not_registered,
        counts.refused
    ));
    Ok(Outcome {
        disallowed: false,
        unchecked: counts.refused + counts.not_registered > 0 || !held.is_empty(),
    })
}

/// What became of the rows.
#[derive(Default)]
struct Counts {
    changed: u64,
    unchanged: u64,
    not_registered: u64,
    refused: u64,
    /// What changes who may speak for what.
    authority: Vec<AuthorityChange>,
}

impl Counts {
    /// Counts a row and tells what somebody should know about it.
    fn take(&mut self, at: &str, row: &Row, update: Updated) {
        let kept = match update {
            Updated::Changed { kept, authority, .. } => {
                self.changed += 1;
                self.authority.extend(authority);
                kept
            }
            Updated::Unchanged { kept, authority } => {
                self.unchanged += 1;
                self.authority.extend(authority);
                kept
            }
            Updated::NotRegistered => {
                self.not_registered += 1;
                let isrc = row.isrcs.first().map(ToString::to_string);
                let name = row.id.clone().or(isrc).unwrap_or_default();
                tell(clean(&format!("{at}: {name} is not registered: `earmark register` takes its audio")));
                return;
            }
            Updated::Refused(reason) => {
                self.refused += 1;
                tell(clean(&format!("{at}: {reason}")));
                return;
            }
        };
        if !kept.is_empty() {
            tell(clean(&format!(
                "{at}: the registered {} kept; --replace takes those of the file",
                kept.join(", ")
            )));
        }
    }
}

/// Tells about audio of another length than the row says: perhaps another take.
fn tell_lengths(registry: &Registry, at: &str, row: &Row) -> Result<(), CliError> {
    let Some(said_s) = row.duration_s else { return Ok(()) };
    let recordings = match &row.id {
        Some(id) => registry.recording_by_id(id)?.into_iter().collect(),
        None => {
            let mut found = Vec::new();
            for isrc in &row.isrcs {
                found.extend(registry.recordings_with_isrc(isrc)?);
            }
            found
        }
    };
    for recording in &recordings {
        if let Some(lengths) = OtherLength::of(said_s, recording.duration_s) {
            tell(clean(&format!("{at}: {} {lengths}", recording.id)));
        }
    }
    Ok(())
}
