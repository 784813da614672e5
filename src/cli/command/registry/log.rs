//! `earmark registry mandate`, `owner` and `log`.

use std::collections::BTreeMap;

use earmark::registry::{
    Authority, Consent, Declaration, Entry, Log, MandateAct, NewEntry, NewMandate, NewOwner, Registry,
    Statement, Subject, Use, Vocabulary, name_key, parse_mandates, parse_owners,
};
use earmark::report::{clean, write_entry, write_json_line};
use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::json;

use crate::cli::args::ListFormat;
use crate::cli::args::log::{LogArgs, MandateArgs, OwnerArgs};
use crate::cli::authority::{tell_changes, tell_how_to_apply};
use crate::cli::error::CliError;
use crate::cli::judging::today;
use crate::cli::log_news::{tell_known, tell_of_clock};
use crate::cli::tables::{document_hash, open_table};
use crate::cli::ui::exit::Outcome;
use crate::cli::ui::messages::{counted, tell};
use crate::cli::ui::output::Output;

/// Stores for whom somebody may speak.
pub fn mandate(args: MandateArgs) -> Result<Outcome, CliError> {
    let now = Timestamp::now();
    let mandates = match (&args.import, args.declarant, args.speaks_for.subject()) {
        (Some(path), ..) => {
            let (file, format) = open_table(path, "open the file of entries")?;
            parse_mandates(file, format, &path.display().to_string(), now)?.all_or_nothing()?
        }
        (None, Some(declarant), Some(speaks_for)) => vec![NewMandate {
            declarant,
            speaks_for,
            act: if args.revoke { MandateAct::Revoke } else { MandateAct::Grant },
            from: args.from,
            until: args.until,
            source: args.source,
            document_hash: document_hash(args.document.as_deref())?,
            received_at: now,
        }],
        _ => Vec::new(),
    };
    append(
        &args.registry.registry,
        mandates.into_iter().map(NewEntry::Mandate).collect(),
        &args.authority.consent(),
    )
}

/// Stores names and parents of owners.
pub fn owner(args: OwnerArgs) -> Result<Outcome, CliError> {
    let now = Timestamp::now();
    let owners = match (&args.import, args.name) {
        (Some(path), _) => {
            let (file, format) = open_table(path, "open the file of entries")?;
            parse_owners(file, format, &path.display().to_string(), now)?.all_or_nothing()?
        }
        (None, Some(name)) => vec![NewOwner {
            name,
            aliases: args.alias,
            parent: args.parent,
            from: args.from,
            source: args.source,
            document_hash: document_hash(args.document.as_deref())?,
            received_at: now,
        }],
        _ => Vec::new(),
    };
    append(
        &args.registry.registry,
        owners.into_iter().map(NewEntry::Owner).collect(),
        &args.authority.consent(),
    )
}

/// Stores rows if there is consent to all that they change.
fn append(folder: &std::path::Path, entries: Vec<NewEntry>, consent: &Consent) -> Result<Outcome, CliError> {
    let mut registry = Registry::open_for_writing(folder)?;
    let changes = registry.changes(&entries, today())?;
    if !consent.covers(&changes) {
        tell_changes(&changes, false);
        tell_how_to_apply(&changes, consent);
        return Ok(Outcome { unchecked: true, ..Outcome::default() });
    }
    let appended = registry.append_new(&entries)?;
    tell_changes(&changes, true);
    tell_known(&appended, entries.first().map_or("row", NewEntry::kind));
    let stored = &appended.stored;
    match (stored.first(), stored.last()) {
        (Some(first), Some(last)) if first.seq == last.seq => {
            tell(format_args!("{} stored as row {} of the log", first.kind(), first.seq));
        }
        (Some(first), Some(last)) => tell(format_args!(
            "{} stored as rows {} to {} of the log",
            counted(stored.len() as u64, first.kind()),
            first.seq,
            last.seq
        )),
        _ if entries.is_empty() => tell("the file holds no rows"),
        _ => {}
    }
    tell_of_clock(&registry, stored.first().map(|first| first.seq))?;
    Ok(Outcome::default())
}

/// Shows the log.
pub fn show(args: LogArgs) -> Result<Outcome, CliError> {
    let registry = Registry::open(&args.registry.registry)?;
    let day = args.as_of.unwrap_or_else(today);
    let log = registry.log()?;
    let authority = log.authority(day);
    let wanted = Wanted::new(&registry, &authority, &args)?;
    let log = Log::from_entries(log.into_entries().into_iter().filter(|entry| wanted.has(entry)).collect());
    let mut output = Output::open(None, args.vocabulary.is_none() && args.format == ListFormat::Table)?;
    match args.vocabulary {
        Some(vocabulary) => {
            for row in translated(&log.declarations, &authority, vocabulary, day) {
                write_json_line(&mut output, &row).map_err(CliError::Stdout)?;
            }
        }
        None => {
            for entry in log.into_entries() {
                let written = match args.format {
                    ListFormat::Table => write_entry(&mut output, &entry),
                    ListFormat::Jsonl => write_json_line(&mut output, &entry),
                };
                written.map_err(CliError::Stdout)?;
            }
        }
    }
    output.finish(true)?;
    Ok(Outcome::default())
}

/// Which rows were asked for.
struct Wanted<'a> {
    authority: &'a Authority,
    declarant: Option<String>,
    recording: Option<earmark::registry::Recording>,
}

impl<'a> Wanted<'a> {
    fn new(registry: &Registry, authority: &'a Authority, args: &LogArgs) -> Result<Self, CliError> {
        let recording = match &args.recording {
            Some(id) => Some(
                registry.recording_by_id(id)?.ok_or_else(|| CliError::UnknownRecording { id: id.clone() })?,
            ),
            None => None,
        };
        let declarant = args.declarant.as_deref().map(|name| authority.owner_key(name));
        Ok(Self { authority, declarant, recording })
    }

    fn has(&self, entry: &Entry) -> bool {
        let names: Vec<&str> = match &entry.row {
            NewEntry::Declaration(row) => vec![&row.declarant],
            NewEntry::Mandate(row) => vec![&row.declarant],
            NewEntry::Owner(row) => {
                let mut names: Vec<&str> = row.aliases.iter().map(String::as_str).collect();
                names.push(&row.name);
                names
            }
        };
        let named = self.declarant.as_ref().is_none_or(|wanted| {
            names.iter().any(|name| self.authority.owner_key(name) == *wanted || name_key(name) == *wanted)
        });
        named && self.recording.as_ref().is_none_or(|recording| self.is_about(entry, recording))
    }

    fn is_about(&self, entry: &Entry, recording: &earmark::registry::Recording) -> bool {
        let about = recording.about();
        match &entry.row {
            NewEntry::Declaration(row) => self.authority.is_about(&row.subject, &row.declarant, &about),
            NewEntry::Mandate(row) => self.authority.is_about(&row.speaks_for, &row.declarant, &about),
            NewEntry::Owner(row) => {
                let subject = Subject::Owner(row.name.clone());
                self.authority.is_about(&subject, "", &about)
            }
        }
    }
}

/// What each declarant says about each subject on a day, in another vocabulary.
fn translated(
    declarations: &[Declaration],
    authority: &Authority,
    vocabulary: Vocabulary,
    day: Date,
) -> Vec<serde_json::Value> {
    // In the order of receipt of what was said first.
    let mut places: BTreeMap<(String, String, String), usize> = BTreeMap::new();
    let mut groups: Vec<Vec<&Declaration>> = Vec::new();
    let in_force = declarations
        .iter()
        .filter(|row| row.from.is_none_or(|from| from <= day) && row.until.is_none_or(|until| day <= until));
    for declaration in in_force {
        let value = match &declaration.subject {
            Subject::Owner(name) => authority.owner_key(name),
            other => other.value(),
        };
        let key = (authority.owner_key(&declaration.declarant), declaration.subject.kind().to_owned(), value);
        let place = *places.entry(key).or_insert(groups.len());
        if place == groups.len() {
            groups.push(Vec::new());
        }
        if let Some(group) = groups.get_mut(place) {
            group.push(declaration);
        }
    }
    groups.iter().filter_map(|group| translated_group(group, vocabulary)).collect()
}

fn translated_group(group: &[&Declaration], vocabulary: Vocabulary) -> Option<serde_json::Value> {
    let first = group.first()?;
    let mut territorial = Vec::new();
    let mut said: Vec<(Use, Statement)> = Vec::new();
    for row in group {
        // What is limited to territories cannot be said; a refusal somewhere is
        // said everywhere, a permission somewhere nowhere.
        let refuses = row.permission().is_some_and(|permission| permission.name() != "allow");
        if !row.territories.is_empty() {
            territorial.push(row.seq);
        }
        if row.territories.is_empty() || refuses {
            said.push((row.use_, row.statement.clone()));
        }
    }
    let mut written = vocabulary.write(&said);
    if !territorial.is_empty() {
        let numbers: Vec<String> = territorial.iter().map(u64::to_string).collect();
        written.lost.push(format!(
            "the territories of {}: a refusal is said for everywhere, a permission not at all",
            numbers.join(", ")
        ));
    }
    let text = match vocabulary {
        Vocabulary::Aipref => json!(written.said),
        Vocabulary::Cawg | Vocabulary::Tdmrep => serde_json::from_str(&written.said).unwrap_or_default(),
    };
    Some(json!({
        "declarant": clean(&first.declarant),
        "subject": first.subject,
        "declarations": group.iter().map(|row| row.seq).collect::<Vec<_>>(),
        vocabulary.name(): text,
        "lost": written.lost,
    }))
}
