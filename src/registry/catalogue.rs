//! The recordings of a registry at one moment, in memory.
//!
//! A snapshot answers from here and not from the database, where a later commit
//! may have changed the row. The rows lie as bytes in chunks that are never
//! changed: a snapshot of a grown registry shares the chunks of the one before
//! and adds one. Values that many recordings share (owner, label, album, folder)
//! are kept once in each chunk.

use std::collections::HashMap;
use std::path::MAIN_SEPARATOR;
use std::sync::Arc;

use crate::isrc::Isrc;
use crate::units::RecordingKey;

use super::recording::{Facts, Recording};

/// A chunk ends when its rows have so many bytes: far below the 4 GiB that its
/// 32-bit places address.
const CHUNK_BYTES: usize = 256 << 20;

/// Rows in order of registration, found by key, id and ISRC.
#[derive(Clone, Debug, Default)]
pub(super) struct Catalogue {
    /// Of ascending keys.
    chunks: Vec<Arc<Chunk>>,
}

impl Catalogue {
    /// Starts a catalogue of these rows and those that will be pushed.
    pub(super) fn grow(&self) -> Growing {
        Growing { catalogue: self.clone(), builder: Builder::default() }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.chunks.iter().map(|chunk| chunk.keys.len()).sum()
    }

    /// The keys, ascending.
    pub(super) fn keys(&self) -> impl Iterator<Item = u32> + '_ {
        self.chunks.iter().flat_map(|chunk| chunk.keys.iter().copied())
    }

    /// The largest key.
    pub(super) fn last_key(&self) -> Option<u32> {
        self.chunks.last().and_then(|chunk| chunk.keys.last().copied())
    }

    /// ISRCs that recordings carry, those of each counted.
    pub(super) fn isrc_count(&self) -> usize {
        self.chunks.iter().map(|chunk| chunk.by_isrc.len()).sum()
    }

    /// The recording with this key.
    pub(super) fn get(&self, key: RecordingKey) -> Option<Recording> {
        let place = self.chunks.partition_point(|chunk| chunk.keys.last().is_some_and(|last| *last < key.0));
        let chunk = self.chunks.get(place)?;
        chunk.keys.binary_search(&key.0).ok().map(|ordinal| chunk.recording(ordinal))
    }

    /// The recording of this name.
    pub(super) fn by_id(&self, id: &str) -> Option<Recording> {
        self.chunks.iter().find_map(|chunk| chunk.by_id(id))
    }

    /// The recordings with this ISRC, in order of registration.
    pub(super) fn with_isrc(&self, isrc: &Isrc) -> Vec<Recording> {
        self.chunks.iter().flat_map(|chunk| chunk.with_isrc(isrc)).collect()
    }

    /// All recordings from a key on, in order of registration.
    pub(super) fn since_key(&self, key: u32) -> impl Iterator<Item = Recording> + '_ {
        self.chunks.iter().flat_map(move |chunk| {
            let first = chunk.keys.partition_point(|known| *known < key);
            (first..chunk.keys.len()).map(|ordinal| chunk.recording(ordinal))
        })
    }

    /// Bytes of memory, without what snapshots share.
    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        self.chunks.iter().map(|chunk| chunk.memory()).sum()
    }

    /// Adds a chunk. Small ones are joined, so that there are as many as the
    /// logarithm of the rows and each row is copied as often at most.
    fn push(&mut self, mut chunk: Chunk) {
        while let Some(last) = self.chunks.last()
            && last.keys.len() <= 2 * chunk.keys.len()
            && last.bytes.len() + chunk.bytes.len() < CHUNK_BYTES
        {
            let mut builder = Builder::default();
            for part in [last.as_ref(), &chunk] {
                (0..part.keys.len()).for_each(|ordinal| builder.push(&part.recording(ordinal)));
            }
            chunk = builder.finish();
            self.chunks.pop();
        }
        self.chunks.push(Arc::new(chunk));
    }
}

/// A catalogue to which rows are being added.
pub(super) struct Growing {
    catalogue: Catalogue,
    builder: Builder,
}

impl Growing {
    /// Adds a row, whose key is above all that are there.
    pub(super) fn push(&mut self, recording: &Recording) {
        if self.builder.bytes.len() >= CHUNK_BYTES {
            self.catalogue.push(std::mem::take(&mut self.builder).finish());
        }
        self.builder.push(recording);
    }

    /// The catalogue with all of them.
    pub(super) fn finish(mut self) -> Catalogue {
        if !self.builder.keys.is_empty() {
            self.catalogue.push(self.builder.finish());
        }
        self.catalogue
    }
}

/// Rows, one after the other as bytes.
///
/// A row is its id, ISRCs, audio hash, duration, folder and name of its file,
/// title, and the other facts. Texts are their length and their bytes, or the
/// number of a shared text; 0 stands for a missing one. Numbers are LEB128.
#[derive(Debug)]
struct Chunk {
    /// Ascending.
    keys: Box<[u32]>,
    /// Where each row starts.
    starts: Box<[u32]>,
    bytes: Box<[u8]>,
    /// Ordinals in the order of the ids.
    by_id: Box<[u32]>,
    /// Sorted.
    by_isrc: Box<[(Isrc, u32)]>,
    shared: Box<[Box<str>]>,
}

impl Chunk {
    fn recording(&self, ordinal: usize) -> Recording {
        let mut row = self.row(ordinal);
        let id = row.text().unwrap_or_default().to_owned();
        let isrcs = (0..row.number()).filter_map(|_| row.isrc()).collect();
        let audio_hash = row.array();
        let duration_s = f64::from_le_bytes(row.array());
        let folder = self.shared(&mut row);
        let name = row.text();
        let source_path = name.map(|name| folder.unwrap_or_default().to_owned() + name);
        let mut facts = Facts { title: row.text().map(str::to_owned), ..Facts::default() };
        for fact in facts.values_mut().into_iter().skip(1) {
            *fact = self.shared(&mut row).map(str::to_owned);
        }
        let key = RecordingKey(self.keys.get(ordinal).copied().unwrap_or_default());
        Recording { key, id, isrcs, facts, audio_hash, duration_s, source_path }
    }

    fn row(&self, ordinal: usize) -> Row<'_> {
        let start = self.starts.get(ordinal).map_or(usize::MAX, |start| *start as usize);
        Row(self.bytes.get(start..).unwrap_or_default())
    }

    fn shared(&self, row: &mut Row<'_>) -> Option<&str> {
        (row.number() as usize).checked_sub(1).and_then(|place| self.shared.get(place)).map(|text| &**text)
    }

    fn by_id(&self, id: &str) -> Option<Recording> {
        let name = |ordinal: &u32| self.row(*ordinal as usize).text().unwrap_or_default();
        let place = self.by_id.binary_search_by(|ordinal| name(ordinal).cmp(id)).ok()?;
        Some(self.recording(self.by_id[place] as usize))
    }

    fn with_isrc(&self, isrc: &Isrc) -> impl Iterator<Item = Recording> + '_ {
        let first = self.by_isrc.partition_point(|(known, _)| known < isrc);
        let isrc = *isrc;
        let same = self.by_isrc[first..].iter().take_while(move |(known, _)| *known == isrc);
        same.map(|(_, ordinal)| self.recording(*ordinal as usize))
    }

    #[cfg(test)]
    fn memory(&self) -> usize {
        let shared: usize = self.shared.iter().map(|text| text.len() + size_of::<Box<str>>()).sum();
        self.keys.len() * 12 + self.bytes.len() + size_of_val(&*self.by_isrc) + shared
    }
}

/// What is still to be read of a row.
struct Row<'a>(&'a [u8]);

impl<'a> Row<'a> {
    fn take(&mut self, length: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(length.min(self.0.len()));
        self.0 = rest;
        taken
    }

    fn array<const N: usize>(&mut self) -> [u8; N] {
        self.take(N).try_into().unwrap_or([0; N])
    }

    fn number(&mut self) -> u32 {
        let mut number = 0;
        for shift in (0..32).step_by(7) {
            let [byte] = self.array();
            number |= u32::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                break;
            }
        }
        number
    }

    fn text(&mut self) -> Option<&'a str> {
        let length = self.number().checked_sub(1)?;
        std::str::from_utf8(self.take(length as usize)).ok()
    }

    fn isrc(&mut self) -> Option<Isrc> {
        std::str::from_utf8(self.take(ISRC_BYTES)).ok()?.parse().ok()
    }
}

/// Letters of an ISRC.
const ISRC_BYTES: usize = 12;

/// A chunk that is being filled.
#[derive(Default)]
struct Builder {
    keys: Vec<u32>,
    starts: Vec<u32>,
    bytes: Vec<u8>,
    by_isrc: Vec<(Isrc, u32)>,
    shared: Vec<Box<str>>,
    /// The number of each shared text, from 1.
    numbers: HashMap<Box<str>, u32>,
}

impl Builder {
    fn push(&mut self, recording: &Recording) {
        let ordinal = self.keys.len() as u32;
        self.keys.push(recording.key.0);
        self.starts.push(self.bytes.len() as u32);
        self.text(Some(&recording.id));
        self.number(recording.isrcs.len() as u32);
        for isrc in &recording.isrcs {
            self.bytes.extend_from_slice(isrc.as_str().as_bytes());
            self.by_isrc.push((*isrc, ordinal));
        }
        self.bytes.extend_from_slice(&recording.audio_hash);
        self.bytes.extend_from_slice(&recording.duration_s.to_le_bytes());
        let path = recording.source_path.as_deref();
        let cut = path.and_then(|path| path.rfind(['/', MAIN_SEPARATOR])).map_or(0, |last| last + 1);
        self.share(path.map(|path| &path[..cut]));
        self.text(path.map(|path| &path[cut..]));
        let [title, others @ ..] = recording.facts.values();
        self.text(title);
        others.into_iter().for_each(|value| self.share(value));
    }

    fn number(&mut self, mut number: u32) {
        while number >= 0x80 {
            self.bytes.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.bytes.push(number as u8);
    }

    /// Stored texts have 64 KiB at most.
    fn text(&mut self, text: Option<&str>) {
        self.number(text.map_or(0, |text| text.len() as u32 + 1));
        self.bytes.extend_from_slice(text.unwrap_or_default().as_bytes());
    }

    fn share(&mut self, text: Option<&str>) {
        let number = match text {
            None => 0,
            Some(text) => self.numbers.get(text).copied().unwrap_or_else(|| {
                self.shared.push(text.into());
                let number = self.shared.len() as u32;
                self.numbers.insert(text.into(), number);
                number
            }),
        };
        self.number(number);
    }

    fn finish(mut self) -> Chunk {
        self.by_isrc.sort_unstable();
        let mut chunk = Chunk {
            keys: self.keys.into(),
            starts: self.starts.into(),
            bytes: self.bytes.into(),
            by_id: Box::default(),
            by_isrc: self.by_isrc.into(),
            shared: self.shared.into(),
        };
        let mut by_id: Vec<u32> = (0..chunk.keys.len() as u32).collect();
        by_id.sort_unstable_by_key(|ordinal| chunk.row(*ordinal as usize).text());
        chunk.by_id = by_id.into();
        chunk
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    fn recording(key: u32, random: &mut Random) -> Recording {
        let mut some =
            |text: &str, of: u64| (random.below(3) > 0).then(|| format!("{text} {}", random.below(of)));
        let facts = Facts {
            title: some("Título", 1_000_000),
            version: some("v", 2),
            artist: some("Artist", 50),
            album: some("", 100),
            owner: some("Owner", 5),
            label: some("Label", 7),
            p_line: some("\u{2117} 2026", 5),
            release_date: some("2026", 30),
        };
        let source_path = some("music/a b/", 1_000_000).or_else(|| some("C:\\music\\x", 9));
        let isrcs = (0..random.below(3)).map(|n| format!("QZHB1{:02}{:05}", n, random.below(40)).parse());
        let mut isrcs: Vec<Isrc> = isrcs.collect::<Result<_, _>>().expect("ISRCs");
        isrcs.sort_unstable();
        Recording {
            key: RecordingKey(key),
            id: format!("id-{}-{key}", random.below(1000)),
            isrcs,
            facts,
            audio_hash: *blake3::hash(&key.to_le_bytes()).as_bytes(),
            duration_s: f64::from(key) / 3.0,
            source_path,
        }
    }

    #[test]
    fn rows_come_out_as_they_went_in_however_they_came_in() {
        let mut random = Random::new(5);
        let mut all: Vec<Recording> = Vec::new();
        let mut catalogue = Catalogue::default();
        for _ in 0..60 {
            let mut growing = catalogue.grow();
            for _ in 0..random.below(8) * random.below(8) {
                // Keys of removed recordings are missing.
                let key = all.last().map_or(1, |last| last.key.0 + 1 + random.below(3) as u32);
                all.push(recording(key, &mut random));
                growing.push(&all[all.len() - 1]);
            }
            catalogue = growing.finish();
        }
        assert!(all.len() > 300, "{}", all.len());
        assert!(catalogue.chunks.len() < 12, "{}", catalogue.chunks.len());
        assert_eq!(catalogue.len(), all.len());
        assert_eq!(catalogue.since_key(0).collect::<Vec<_>>(), all);
        let half = all[all.len() / 2].key.0;
        assert!(catalogue.since_key(half).eq(all[all.len() / 2..].iter().cloned()));
        for recording in &all {
            assert_eq!(catalogue.get(recording.key).as_ref(), Some(recording));
            assert_eq!(catalogue.by_id(&recording.id).as_ref(), Some(recording));
            for isrc in &recording.isrcs {
                let expected: Vec<_> =
                    all.iter().filter(|other| other.isrcs.contains(isrc)).cloned().collect();
                assert_eq!(catalogue.with_isrc(isrc), expected);
            }
        }
        let known: Vec<u32> = all.iter().map(|recording| recording.key.0).collect();
        for key in 0..=known[known.len() - 1] + 1 {
            assert_eq!(catalogue.get(RecordingKey(key)).is_some(), known.contains(&key), "{key}");
        }
        assert_eq!(catalogue.by_id("id"), None);
        assert_eq!(catalogue.with_isrc(&"QZHB19900001".parse().expect("an ISRC")), []);
    }

    #[test]
    fn a_row_takes_about_two_hundred_bytes() {
        const ROWS: u32 = 20_000;
        let mut growing = Catalogue::default().grow();
        for key in 0..ROWS {
            let (album, artist) = (key / 12, key / 60);
            growing.push(&Recording {
                key: RecordingKey(key),
                id: format!("QZHB126{key:05}"),
                isrcs: vec![format!("QZHB126{key:05}").parse().expect("an ISRC")],
                facts: Facts {
                    title: Some(format!("A title of usual length {key}")),
                    version: None,
                    artist: Some(format!("Some Artist {artist}")),
                    album: Some(format!("The Album {album}")),
                    owner: Some("Halden Bay Records".to_owned()),
                    label: Some("Halden Bay".to_owned()),
                    p_line: Some(format!("\u{2117} 20{} Halden Bay Records", album % 30)),
                    release_date: Some(format!("20{:02}-0{}-01", album % 30, 1 + album % 9)),
                },
                audio_hash: *blake3::hash(&key.to_le_bytes()).as_bytes(),
                duration_s: 200.0,
                source_path: Some(format!("/music/artist {artist}/album {album}/track {key}.flac")),
            });
        }
        let bytes = growing.finish().bytes() / ROWS as usize;
        assert!((120..220).contains(&bytes), "{bytes} bytes a row");
    }

    #[test]
    fn earlier_catalogues_stay_as_they_were() {
        let mut random = Random::new(6);
        let rows: Vec<Recording> = (1..40).map(|key| recording(key, &mut random)).collect();
        let mut kept = vec![Catalogue::default()];
        for row in &rows {
            let mut growing = kept[kept.len() - 1].grow();
            growing.push(row);
            kept.push(growing.finish());
        }
        for (length, catalogue) in kept.iter().enumerate() {
            assert!(catalogue.since_key(0).eq(rows[..length].iter().cloned()), "{length}");
        }
    }
}
