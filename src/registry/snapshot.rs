//! A registry at one moment, in memory: what answers are made from.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use roaring::RoaringBitmap;
use rusqlite::Connection;

use crate::declarations::Log;
use crate::index::{Index, Segment};
use crate::isrc::Isrc;
use crate::params::Params;
use crate::units::RecordingKey;

use super::catalogue::Catalogue;
use super::content_hash::SetHash;
use super::info::{content_hash, id_of};
use super::log_chain::{self, Chain};
use super::opening::{self, altered};
use super::schema::{self, database_error};
use super::state::{RecordingsState, Since, name};
use super::{Lineage, LogState, Recording, RegistryError, RegistryState, head, log_read, read, segments};

/// A registry at one moment: its params, index, recordings and log.
///
/// It is owned and immutable; a clone costs as much as that of an [`Arc`], and any number
/// of threads may use it. Nothing in it changes and nothing becomes unreadable while
/// writers commit, merge and delete files: rows are in memory (about 250 bytes for
/// each recording), and segments stay mapped. It holds neither a lock nor a
/// transaction.
///
/// [`RegistryReader`](super::RegistryReader) takes snapshots, and new ones later.
#[derive(Clone)]
pub struct Snapshot(Arc<State>);

struct State {
    folder: PathBuf,
    params: Params,
    head: Head,
    content_hash: [u8; 32],
    id: Option<String>,
    log: Arc<Log>,
    catalogue: Catalogue,
    index: Index,
    segments: Mapped,
}

/// Live segments by their numbers.
type Mapped = Vec<(i64, Arc<Segment>)>;

/// The row that every commit writes.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Head {
    generation: u64,
    /// Key that the next recording gets.
    next_key: i64,
    recordings: SetHash,
    log: Chain,
}

impl Head {
    fn read(connection: &Connection, database: &Path) -> Result<Self, RegistryError> {
        let sql = "SELECT generation, next_key, recordings_hash, log_rows, log_hash FROM registry";
        let (generation, next_key, recordings, rows, hash): (i64, i64, Vec<u8>, i64, [u8; 32]) = connection
            .query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?)))
            .map_err(database_error(database, "read"))?;
        let recordings = SetHash::from_bytes(&recordings).ok_or_else(|| RegistryError::Corrupt {
            path: database.to_owned(),
            what: format!("the recordings' hash has {} bytes", recordings.len()),
        })?;
        let log = Chain { rows, hash };
        Ok(Self { generation: generation.unsigned_abs(), next_key, recordings, log })
    }
}

impl Snapshot {
    /// Reads the registry in `folder` as it is now. Needs no right to write.
    ///
    /// Reads all rows and the header of each segment: a third of a second for a
    /// hundred thousand recordings.
    ///
    /// # Errors
    /// If there is no registry, it cannot be read, is of another version, or its
    /// rows do not have the hashes that its last commit noted.
    pub fn open(folder: &Path) -> Result<Self, RegistryError> {
        Self::read(folder, None)
    }

    /// The registry as it is now, sharing with this snapshot what is the same; `None`
    /// if all is.
    pub(super) fn renewed(&self) -> Result<Option<Self>, RegistryError> {
        let new = Self::read(&self.0.folder, Some(&self.0))?;
        Ok(Some(new).filter(|new| !Arc::ptr_eq(&new.0, &self.0)))
    }

    fn read(folder: &Path, known: Option<&Arc<State>>) -> Result<Self, RegistryError> {
        let database = super::found(folder)?;
        // A writer may commit and delete a segment between the transaction and
        // the mapping; the next transaction no longer names that segment. More
        // tries than any real sequence of such commits.
        const TRIES: u32 = 20;
        let mut tries = 1;
        loop {
            let noted = head::read(folder)?;
            let (opened, params) = read::open(folder, &database)?;
            let connection = &opened.connection;
            let known = known.filter(|known| known.params == params);
            let place = Place { folder, database: &database, connection, params: &params };
            let head = Head::read(connection, &database)?;
            if let Some(known) = known.filter(|known| known.head == head) {
                return Ok(Self(Arc::clone(known)));
            }
            opening::schema_is_ours(connection, &database, &schema::TABLES)?;
            match place.segments(known) {
                Err(RegistryError::Segment { source, .. }) if source.is_missing() && tries < TRIES => {
                    tries += 1
                }
                Err(error) => return Err(error),
                Ok((segments, index)) => {
                    let catalogue = place.catalogue(&head, known)?;
                    let log = place.log(&head, known)?;
                    if known.is_none_or(|known| known.differs(&head, &segments)) {
                        place.fits(&catalogue, &index)?;
                        opening::rows_are_all(
                            connection,
                            &database,
                            catalogue.last_key(),
                            catalogue.isrc_count(),
                        )?;
                    }
                    let new = Self(Arc::new(State {
                        folder: folder.to_owned(),
                        content_hash: content_hash(
                            &params,
                            &head.recordings.to_bytes(),
                            head.log.rows.unsigned_abs(),
                            &head.log.hash,
                        ),
                        id: log.first_hash().map(|first| id_of(&params, first)),
                        params,
                        head,
                        log,
                        catalogue,
                        index,
                        segments,
                    }));
                    if let Some(noted) = noted {
                        head::check(folder, new.lineage(&noted))?;
                    }
                    return Ok(new);
                }
            }
        }
    }

    /// The folder it was read from.
    pub fn folder(&self) -> &Path {
        &self.0.folder
    }

    /// The parameters of every fingerprint in it.
    pub fn params(&self) -> &Params {
        &self.0.params
    }

    /// Its segments and tombstones, ready to be searched.
    pub fn index(&self) -> &Index {
        &self.0.index
    }

    /// Everything that was declared, and who may speak for whom.
    pub fn log(&self) -> &Log {
        &self.0.log
    }

    /// Number of commits so far; it rises by one with each, merging included.
    pub fn generation(&self) -> u64 {
        self.0.head.generation
    }

    /// The hash that names params, recordings and log, as in
    /// [`Info::content_hash`](super::Info::content_hash).
    pub fn content_hash(&self) -> [u8; 32] {
        self.0.content_hash
    }

    /// The content hash as 64 hexadecimal digits.
    pub fn content_hash_hex(&self) -> String {
        blake3::Hash::from_bytes(self.0.content_hash).to_hex().to_string()
    }

    /// Which registry it is, as in [`Registry::id_hex`](super::Registry::id_hex).
    pub fn id_hex(&self) -> Option<&str> {
        self.0.id.as_deref()
    }

    /// Registered recordings.
    pub fn recording_count(&self) -> usize {
        self.0.catalogue.len()
    }

    /// The recording with this key; `None` when it was removed or never was.
    pub fn recording(&self, key: RecordingKey) -> Option<Recording> {
        self.0.catalogue.get(key)
    }

    /// The recording of this name.
    pub fn recording_by_id(&self, id: &str) -> Option<Recording> {
        self.0.catalogue.by_id(id)
    }

    /// The recordings that carry this ISRC, in order of registration. There
    /// may be several: labels reuse codes.
    pub fn recordings_with_isrc(&self, isrc: &Isrc) -> Vec<Recording> {
        self.0.catalogue.with_isrc(isrc)
    }

    /// All recordings in order of registration.
    pub fn recordings(&self) -> impl Iterator<Item = Recording> + '_ {
        self.0.catalogue.since_key(0)
    }

    /// The state as a report names it.
    pub fn state(&self) -> RegistryState {
        let Chain { rows, hash } = self.0.head.log;
        RegistryState {
            id: self.0.id.clone(),
            generation: self.generation(),
            hash: self.content_hash_hex(),
            log: Some(LogState::new(rows.unsigned_abs(), hash)),
            recordings: self.recordings_state(),
        }
    }

    /// How this registry came from the state `then`, as in
    /// [`Registry::lineage`](super::Registry::lineage).
    pub fn lineage(&self, then: &RegistryState) -> Lineage {
        let last = then.log.as_ref().and_then(|log| self.log().hash_of(log.rows));
        self.state().lineage(then, last.map(|hash| blake3::Hash::from_bytes(hash).to_hex().to_string()))
    }

    /// The recordings as of this moment.
    pub fn recordings_state(&self) -> RecordingsState {
        let Head { next_key, recordings, .. } = &self.0.head;
        RecordingsState { next_key: *next_key, hash: name(recordings) }
    }

    /// What became of the recordings since `then`. The answer is not taken on
    /// trust: without the recordings from `then.next_key` on the set hash must be
    /// the one of then.
    pub fn recordings_since(&self, then: &RecordingsState) -> Since {
        let mut set = self.0.head.recordings.clone();
        if name(&set) == then.hash {
            return Since::Same;
        }
        let Ok(first) = u32::try_from(then.next_key) else { return Since::Changed };
        for recording in self.0.catalogue.since_key(first) {
            set.remove(&recording.canonical());
        }
        if name(&set) == then.hash { Since::Grown { first: RecordingKey(first) } } else { Since::Changed }
    }
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Snapshot")
            .field("folder", &self.0.folder)
            .field("generation", &self.generation())
            .field("content_hash", &self.content_hash_hex())
            .finish_non_exhaustive()
    }
}

/// An open transaction, and what it reads.
struct Place<'a> {
    folder: &'a Path,
    database: &'a Path,
    connection: &'a Connection,
    params: &'a Params,
}

impl State {
    /// Whether recordings or segments are others than these.
    fn differs(&self, head: &Head, segments: &[(i64, Arc<Segment>)]) -> bool {
        let numbers =
            |segments: &[(i64, Arc<Segment>)]| segments.iter().map(|(number, _)| *number).collect::<Vec<_>>();
        self.head.recordings != head.recordings || numbers(&self.segments) != numbers(segments)
    }
}

impl Place<'_> {
    /// The live segments, those that are mapped already and those that are not.
    fn segments(&self, known: Option<&Arc<State>>) -> Result<(Mapped, Index), RegistryError> {
        let live = read::live_segments(self.connection)
            .map_err(database_error(self.database, "read the segments of"))?;
        let known: &[(i64, Arc<Segment>)] = known.map_or(&[], |known| &known.segments);
        let mut open = Vec::with_capacity(live.len());
        for number in live {
            let segment = match known.iter().find(|(other, _)| *other == number) {
                Some((_, segment)) => Arc::clone(segment),
                None => {
                    let segment = Arc::new(segments::open(self.folder, number, self.params)?);
                    opening::segment_fits(self.connection, self.database, number, &segment)?;
                    segment
                }
            };
            open.push((number, segment));
        }
        let mut tombstones = RoaringBitmap::new();
        for (number, _) in &open {
            tombstones |= read::tombstones_of(self.connection, *number, self.database)?;
        }
        let index = Index::new(open.iter().map(|(_, segment)| Arc::clone(segment)).collect(), tombstones);
        Ok((open, index))
    }

    /// The rows of the recordings, whose set hash must be that of the last commit. Where
    /// recordings were only added, the new ones alone are read.
    fn catalogue(&self, head: &Head, known: Option<&Arc<State>>) -> Result<Catalogue, RegistryError> {
        if let Some(known) = known {
            if known.head.recordings == head.recordings {
                return Ok(known.catalogue.clone());
            }
            let (catalogue, set) =
                self.rows(known.head.next_key, &known.catalogue, known.head.recordings.clone())?;
            if set == head.recordings {
                return Ok(catalogue);
            }
        }
        let (catalogue, set) = self.rows(0, &Catalogue::default(), SetHash::default())?;
        if set == head.recordings {
            return Ok(catalogue);
        }
        let what = "the rows of its recordings do not have the hash that the last commit noted";
        Err(altered(self.database, what.to_owned()))
    }

    /// `before` and the rows from a key on; `set` with them.
    fn rows(
        &self,
        first_key: i64,
        before: &Catalogue,
        mut set: SetHash,
    ) -> Result<(Catalogue, SetHash), RegistryError> {
        let mut growing = before.grow();
        read::each_recording(self.connection, self.database, first_key, |recording| {
            set.insert(&recording.canonical());
            growing.push(&recording);
        })?;
        Ok((growing.finish(), set))
    }

    /// That the segments hold the recordings that are registered, each once, and no
    /// others. So whatever is found in the index has a row.
    fn fits(&self, catalogue: &Catalogue, index: &Index) -> Result<(), RegistryError> {
        let (mut searched, mut count) = (RoaringBitmap::new(), 0);
        for at in index.recordings() {
            let key = index.recording(at).key;
            if !index.is_removed(key) {
                searched.insert(key.0);
                count += 1;
            }
        }
        let registered: RoaringBitmap = catalogue.keys().collect();
        if searched == registered && count == registered.len() {
            return Ok(());
        }
        let missing = (&registered - &searched).len();
        let what = format!(
            "{missing} of its {} recordings are in no segment, and {} of {count} in its segments have no row",
            registered.len(),
            count - registered.intersection_len(&searched),
        );
        Err(altered(self.database, what))
    }

    /// The log, whose rows must be a chain that ends as the last commit noted. What
    /// is known of it was checked before, and what came after it is read alone.
    fn log(&self, head: &Head, known: Option<&Arc<State>>) -> Result<Arc<Log>, RegistryError> {
        let follow = |start| {
            log_chain::follow(self.connection, start, head.log)
                .map_err(database_error(self.database, "read the log of"))
        };
        if let Some(known) = known {
            if known.head.log == head.log {
                return Ok(Arc::clone(&known.log));
            }
            if follow(known.head.log)?.is_none() {
                let after = known.head.log.rows.unsigned_abs();
                let new = log_read::read_log_after(self.connection, self.database, after)?;
                return Ok(Arc::new(known.log.with(new)));
            }
        }
        match follow(Chain::START)? {
            Some(fault) => Err(altered(self.database, format!("the log: {fault}"))),
            None => log_read::read_log(self.connection, self.database).map(Arc::new),
        }
    }
}
