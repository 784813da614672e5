//! Taking an export in.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use jiff::civil::Date;
use roaring::RoaringBitmap;
use rusqlite::{Transaction, params};

use crate::index::{Segment, SegmentSummary};
use crate::registry::add::{self, recordings_hash, store_recordings_hash};
use crate::registry::authority_change::{Spoken, changes_of};
use crate::registry::concern::owner_counts;
use crate::registry::log::append_to;
use crate::registry::schema::database_error;
use crate::registry::{
    AuthorityChange, Consent, Entry, Place, Recording, Registry, RegistryError, read, segments,
};

use super::export::copy_file;
use super::file::{Export, parse, refused};

/// What became of an export.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// Recordings that are new, with their fingerprints.
    pub new: u64,
    /// Registered recordings whose name, facts, ISRCs or source changed.
    pub changed: u64,
    /// Registered recordings that were as in the export.
    pub unchanged: u64,
    /// Recordings of the export that are not registered here: id, and why.
    pub left_out: Vec<(String, String)>,
    /// Rows added to the log.
    pub log_rows: u64,
    /// What changes who may speak for what, in registered recordings and by rows of the
    /// log that are not there.
    pub authority: Vec<AuthorityChange>,
    /// What became of it.
    pub log: LogTaken,
    /// Recordings of which a change of who may speak for them was held back.
    pub recordings_held: u64,
    /// Whether the registry is equal to the exported one now: the content
    /// hashes are the same.
    pub equal: bool,
}

/// What became of the log of an export.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogTaken {
    /// All of it is there now.
    #[default]
    Whole,
    /// The rows that are not there are held back: there is no consent to what they change.
    HeldBack,
    /// It is another one than the registry's, and nothing of it could be taken.
    Differs,
}

impl Registry {
    /// Takes an export in, in one transaction: after a crash all of it is there
    /// or none.
    ///
    /// A registry without recordings takes fingerprints, where the export has
    /// them. Any other, and every registry where it has none, takes name, facts,
    /// ISRCs and source of the recordings whose audio it holds, as they are in
    /// the export, and tells of the others. With consent the log is taken row by row
    /// with its numbers and hashes; it must begin with the whole log that is there,
    /// or be the beginning of it.
    ///
    /// What changes who may speak for what is told, for `day`, and is held back where
    /// `consent` does not cover it: the whole rest of the log, as a chain cannot leave a
    /// row out, and owners, ids and ISRCs of registered recordings.
    ///
    /// # Errors
    /// When a file cannot be read or is damaged, when the fingerprints were made
    /// with other params, or when the log is to be taken and differs. Nothing is taken then.
    pub fn import(&mut self, path: &Path, consent: &Consent, day: Date) -> Result<Imported, RegistryError> {
        let export = parse(path)?;
        let params_id = self.params.id().to_string();
        if export.header.params_id != params_id {
            return Err(refused(
                path,
                None,
                format!(
                    "its params id is {} and the registry's is {params_id}: \
                     such fingerprints cannot be searched together",
                    export.header.params_id
                ),
            ));
        }
        let committed = self.commit(|transaction, place| {
            let mut imported = Imported::default();
            let carried = owner_counts(transaction, place.database)?;
            let empty = transaction
                .query_row("SELECT NOT EXISTS (SELECT 1 FROM recording)", [], |row| row.get(0))
                .map_err(database_error(place.database, "read"))?;
            if empty && !export.header.fingerprints.is_empty() {
                take_fingerprints(transaction, place, path, &export, &mut imported)?;
            } else {
                take_metadata(transaction, place, &export, consent, &mut imported)?;
            }
            // What is held back is told as it is for who gives consent then.
            let carried = match consent {
                Consent::Withheld => owner_counts(transaction, place.database)?,
                Consent::Given { .. } => carried,
            };
            let terms = Terms { consent, carried: &carried, day };
            take_log(transaction, place, path, &export, &terms, &mut imported)?;
            let changed = imported.new + imported.changed + imported.log_rows > 0;
            Ok((imported, changed))
        });
        // Also what was copied in vain.
        self.sweep()?;
        let mut imported = committed?;
        imported.equal = self.content_hash_hex()? == export.header.content_hash;
        Ok(imported)
    }
}

/// The segments become the registry's, under numbers of its own.
fn take_fingerprints(
    transaction: &Transaction<'_>,
    place: &Place<'_>,
    path: &Path,
    export: &Export,
    imported: &mut Imported,
) -> Result<(), RegistryError> {
    let database = database_error(place.database, "write to");
    let first: i64 =
        transaction.query_row("SELECT next_segment FROM registry", [], |row| row.get(0)).map_err(database)?;
    let mut segment_of: HashMap<u32, i64> = HashMap::new();
    for (number, file) in (first..).zip(&export.header.fingerprints) {
        if file.file.is_empty() || Path::new(&file.file).file_name() != Some(file.file.as_ref()) {
            return Err(refused(path, Some(1), format!("{:?} is not a plain file name", file.file)));
        }
        let from = path.with_file_name(&file.file);
        let written = segments::write(place.folder, number, |to| {
            copy_file(&from, to).map(|_| ()).map_err(|error| crate::index::IndexError::Io {
                path: from.clone(),
                source: std::io::Error::other(error.to_string()),
            })?;
            Ok(SegmentSummary { bytes: file.bytes, recordings: file.recordings, frames: 0, triplets: 0 })
        })?;
        let copy = segments::path(place.folder, number);
        if blake3::Hash::from_bytes(written.hash).to_hex().as_str() != file.hash {
            return Err(refused(&from, None, "is not the file that was exported: copy it again"));
        }
        let segment = Segment::open(&copy, place.params)
            .map_err(|source| RegistryError::Segment { path: from.clone(), source })?;
        segments::enter(transaction, place, number, &written)?;
        for key in segment.keys() {
            if segment_of.insert(key.0, number).is_some() {
                return Err(refused(&from, None, format!("holds recording {} a second time", key.0)));
            }
        }
    }
    let mut hash = recordings_hash(transaction, place)?;
    let (mut seen, mut ids) = (RoaringBitmap::new(), HashSet::new());
    let mut audio = HashSet::new();
    for (line, read) in (2..).zip(&export.recordings) {
        let recording = read.recording().map_err(|reason| refused(path, Some(line), reason))?;
        let Some(segment) = segment_of.get(&recording.key.0) else {
            return Err(refused(path, Some(line), "no segment holds its fingerprint"));
        };
        if !seen.insert(recording.key.0)
            || !ids.insert(recording.id.clone())
            || !audio.insert(recording.audio_hash)
        {
            return Err(refused(path, Some(line), "its key, id or audio stands twice"));
        }
        add::insert(transaction, &recording, *segment).map_err(database)?;
        hash.insert(&recording.canonical());
        imported.new += 1;
    }
    if seen.len() != segment_of.len() as u64 {
        let reason =
            format!("its segments hold {} recordings, its rows are {}", segment_of.len(), seen.len());
        return Err(refused(path, None, reason));
    }
    let next_key = i64::from(seen.max().unwrap_or(0)) + 1;
    transaction.execute("UPDATE registry SET next_key = max(next_key, ?1)", [next_key]).map_err(database)?;
    store_recordings_hash(transaction, place, &hash)
}

/// What is known about the recordings whose audio is registered here.
fn take_metadata(
    transaction: &Transaction<'_>,
    place: &Place<'_>,
    export: &Export,
    consent: &Consent,
    imported: &mut Imported,
) -> Result<(), RegistryError> {
    let database = database_error(place.database, "write to");
    let spoken = Spoken::read(transaction, place.database)?;
    let mut hash = recordings_hash(transaction, place)?;
    for read in &export.recordings {
        let given = match read.recording() {
            Ok(given) => given,
            Err(reason) => {
                imported.left_out.push((read.id.clone(), reason));
                continue;
            }
        };
        let Some(registered) = read::by_audio_hash(transaction, place.database, &given.audio_hash)? else {
            imported.left_out.push((given.id, "no registered recording has its audio".to_owned()));
            continue;
        };
        // Its place and length are those of the registered audio.
        let mut given = Recording { key: registered.key, duration_s: registered.duration_s, ..given };
        if let Some((change, rest)) = spoken.compare(&registered, &given) {
            imported.authority.push(change);
            if *consent == Consent::Withheld {
                imported.recordings_held += 1;
                given = rest;
            }
        }
        if given == registered {
            imported.unchanged += 1;
            continue;
        }
        if given.id != registered.id && add::is_taken(transaction, &given.id).map_err(database)? {
            let why = format!("another recording has that id; its audio is registered as {}", registered.id);
            imported.left_out.push((given.id, why));
            continue;
        }
        transaction
            .prepare_cached("DELETE FROM recording_isrc WHERE recording = ?1")
            .and_then(|mut statement| statement.execute(params![given.key.0]))
            .and_then(|_| add::update(transaction, &given))
            .map_err(database)?;
        hash.remove(&registered.canonical());
        hash.insert(&given.canonical());
        imported.changed += 1;
    }
    store_recordings_hash(transaction, place, &hash)
}

/// How the log of an export is taken.
struct Terms<'a> {
    consent: &'a Consent,
    /// The owners of recordings whose names are not taken over.
    carried: &'a [(String, u64)],
    day: Date,
}

fn take_log(
    transaction: &Transaction<'_>,
    place: &Place<'_>,
    path: &Path,
    export: &Export,
    terms: &Terms<'_>,
    imported: &mut Imported,
) -> Result<(), RegistryError> {
    let Some(new) = continuation(transaction, place, export)? else {
        if *terms.consent == Consent::Withheld {
            imported.log = LogTaken::Differs;
            return Ok(());
        }
        let reason = "its log is another one than the registry's: two chains cannot become one; \
                      import it into a new registry, or declare what it holds anew";
        return Err(refused(path, None, reason));
    };
    let there = export.entries.len() - new.len();
    let rows: Vec<_> = new.iter().map(|entry| entry.row.clone()).collect();
    let changes = changes_of(transaction, place.database, terms.carried, &rows, terms.day)?;
    let covered = terms.consent.covers(&changes);
    imported.authority.extend(changes);
    if !covered {
        imported.log = LogTaken::HeldBack;
        return Ok(());
    }
    let stored = append_to(transaction, place, &rows)?;
    let first_line = 2 + export.recordings.len() + there;
    for (line, (stored, given)) in (first_line as u64..).zip(stored.iter().zip(new)) {
        if stored.seq != given.seq || stored.hash != given.hash {
            return Err(refused(
                path,
                Some(line),
                "its hash is not that of the row: the export was changed after it was written",
            ));
        }
    }
    imported.log_rows = stored.len() as u64;
    Ok(())
}

/// The rows of the export's log that come after those of the registry; none if it is
/// the beginning of the registry's, `None` if it is another one.
fn continuation<'a>(
    transaction: &Transaction<'_>,
    place: &Place<'_>,
    export: &'a Export,
) -> Result<Option<&'a [Entry]>, RegistryError> {
    let (rows, last): (i64, [u8; 32]) = transaction
        .query_row("SELECT log_rows, log_hash FROM registry", [], |row| Ok((row.get(0)?, row.get(1)?)))
        .map_err(database_error(place.database, "read"))?;
    let there = usize::try_from(rows).map_err(|_| place.corrupt(format!("its log has {rows} rows")))?;
    if export.entries.len() <= there {
        let Some(end) = export.entries.last() else { return Ok(Some(&[])) };
        let same = read::log_hash_of(transaction, place.database, end.seq)?;
        return Ok((same == Some(end.hash)).then_some(&[]));
    }
    let (known, new) = export.entries.split_at(there);
    Ok(known.last().is_none_or(|end| end.hash == last).then_some(new))
}
