//! From a source to its row.

use std::path::Path;
use std::sync::Arc;

use crate::audio::{AudioInfo, Limits, Tags};
use crate::coverage::{self, Coverage, Sound};
use crate::fingerprint::Fingerprints;
use crate::isrc::Isrc;
use crate::matching::{Match, MatchOptions, Matcher};
use crate::registry::{RegistryError, Snapshot};
use crate::report::{IdentifyRow, IsrcRow, MatchRow, ScanHeader, ScanRow};
use crate::verdict::{
    AcceptedTerms, DeclarationBook, Heard, KnownRecording, Question, Recognition, TagClaim, Verdict,
    VerdictKind, decide,
};

use super::read_error::ReadError;
use super::reading::{self, Audio, Reading, SHORTEST_S};
use super::source::Source;

/// Recognises recordings in sources: what `earmark identify` does with each.
///
/// It owns what it needs; a clone costs as much as that of an [`Arc`], and any number of
/// threads may use it.
#[derive(Clone)]
pub struct Identifier(Arc<Search>);

struct Search {
    snapshot: Snapshot,
    matcher: Matcher,
    limits: Limits,
}

impl Identifier {
    /// Searches `snapshot`.
    pub fn new(snapshot: &Snapshot, options: MatchOptions, limits: Limits) -> Self {
        let matcher = Matcher::new(snapshot.index(), snapshot.params(), options);
        Self(Arc::new(Search { snapshot: snapshot.clone(), matcher, limits }))
    }

    /// The registry that is searched.
    pub fn snapshot(&self) -> &Snapshot {
        &self.0.snapshot
    }

    /// The row of a source. What cannot be read has a row that says why.
    pub fn identify(&self, source: impl Into<Source>) -> IdentifyRow {
        let reading = reading::read(source.into(), self.0.snapshot.params(), &self.0.limits);
        let path = &reading.path;
        match reading.sound {
            Ok((sound, info)) => match self.recognise(&sound, &info) {
                Ok(matches) => IdentifyRow::checked(path, info.duration_s, matches),
                Err(error) => IdentifyRow::failed(path, error),
            },
            Err(error) => IdentifyRow::failed(path, error),
        }
    }

    /// The recordings recognised in audio that was read, best first; none in too little
    /// of it. What is heard in a channel by itself and in the mean of all is told once.
    ///
    /// # Errors
    /// If the registry's index names a recording that the registry does not know.
    pub fn recognise(&self, sound: &Fingerprints, info: &AudioInfo) -> Result<Vec<MatchRow>, RegistryError> {
        if info.duration_s < SHORTEST_S {
            return Ok(Vec::new());
        }
        let search = |fingerprint| self.0.matcher.identify(fingerprint);
        let row = |found: &Match| MatchRow::of(found, &self.0.snapshot);
        let mut rows = search(&sound.mean).iter().map(row).collect::<Result<Vec<_>, _>>()?;
        for own in &sound.channels {
            for found in &search(&own.fingerprint) {
                let found = MatchRow { channel: Some(u32::from(own.channel) + 1), ..row(found)? };
                if rows.iter().all(|known| !known.tells(&found)) {
                    rows.push(found);
                }
            }
        }
        if !sound.channels.is_empty() {
            rows.sort_by(|a, b| b.score.total_cmp(&a.score));
        }
        Ok(rows)
    }
}

/// Says what owners declared about the recordings in sources: what `earmark scan` does
/// with each.
///
/// It owns what it needs; a clone costs as much as that of an [`Arc`], and any number of
/// threads may use it.
///
/// ```no_run
/// use earmark::check::{Checker, Source};
/// use earmark::registry::{Snapshot, Use};
/// use earmark::verdict::Question;
///
/// let snapshot = Snapshot::open("my-registry".as_ref())?;
/// let question = Question::new(Use::AiTraining, "2026-12-01".parse()?);
/// let checker = Checker::builder(&snapshot, question).build();
/// let row = checker.check(Source::file("download.mp3"));
/// println!("{}: {}", row.verdict, row.reasons[0].text);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Checker {
    identifier: Identifier,
    coverage: Coverage,
    book: Arc<DeclarationBook>,
}

/// Says how sources are to be checked; see [`Checker::builder`].
#[derive(Debug)]
#[must_use]
pub struct CheckerBuilder {
    snapshot: Snapshot,
    question: Question,
    accepted: Option<AcceptedTerms>,
    options: MatchOptions,
    coverage: Coverage,
    limits: Limits,
}

impl CheckerBuilder {
    /// How to search. [`MatchOptions::default`] unless told.
    pub fn matching(self, options: MatchOptions) -> Self {
        Self { options, ..self }
    }

    /// The licences at hand; none unless told. Their hash becomes a part of the question.
    pub fn accepted_terms(self, accepted: Option<AcceptedTerms>) -> Self {
        Self { accepted, ..self }
    }

    /// How much of each source to listen to. All of it unless told.
    pub fn coverage(self, coverage: Coverage) -> Self {
        Self { coverage, ..self }
    }

    /// Limits of what is read. [`Limits::default`] unless told.
    pub fn limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// Arranges the log for the question: a microsecond for each of its rows.
    pub fn build(self) -> Checker {
        let Self { snapshot, question, accepted, options, coverage, limits } = self;
        let book = DeclarationBook::new(snapshot.log().clone(), question, accepted);
        let identifier = Identifier::new(&snapshot, options, limits);
        Checker { identifier, coverage, book: Arc::new(book) }
    }
}

impl Checker {
    /// Answers `question` about sources from `snapshot`.
    pub fn builder(snapshot: &Snapshot, question: Question) -> CheckerBuilder {
        CheckerBuilder {
            snapshot: snapshot.clone(),
            question,
            accepted: None,
            options: MatchOptions::default(),
            coverage: Coverage::default(),
            limits: Limits::default(),
        }
    }

    /// The registry that is asked.
    pub fn snapshot(&self) -> &Snapshot {
        self.identifier.snapshot()
    }

    /// What is asked, the accepted terms included.
    pub fn question(&self) -> &Question {
        self.book.question()
    }

    /// The log of the registry, arranged for the question.
    pub fn book(&self) -> &DeclarationBook {
        &self.book
    }

    /// The first line of a report with rows of this checker, about what was named as
    /// `inputs`.
    pub fn header(&self, inputs: Vec<String>) -> ScanHeader {
        let options = self.identifier.0.matcher.options().clone();
        ScanHeader::new(self.snapshot(), self.question().clone(), options, self.coverage, inputs)
    }

    /// The row of a source. What cannot be read or decided has a row that says why.
    pub fn check(&self, source: impl Into<Source>) -> ScanRow {
        self.check_reading(self.read(source.into()))
    }

    /// What was declared about the recordings that carry `isrc`, or about the code where
    /// none of them is registered: owners may declare about codes and their prefixes.
    /// Nobody listens, and a code proves nothing about a file.
    pub fn check_isrc(&self, isrc: Isrc) -> IsrcRow {
        let recordings = self.snapshot().recordings_with_isrc(&isrc);
        let mut known: Vec<KnownRecording> = recordings.iter().map(KnownRecording::from).collect();
        if known.is_empty() {
            known.push(KnownRecording { id: String::new(), isrcs: vec![isrc], owner: None, title: None });
        }
        let Verdict { kind, reasons } = self.book.declared(&known);
        IsrcRow::new(isrc, kind, reasons, recordings.into_iter().map(|recording| recording.id).collect())
    }

    /// The row of a source on which the program failed.
    pub fn failed(&self, path: &Path, error: impl ToString) -> ScanRow {
        self.row(path, Recognition { error: Some(error.to_string()), ..Recognition::default() })
    }

    /// Reads a source and listens to as much of it as was asked for.
    pub(super) fn read(&self, source: Source) -> Reading<Sound> {
        let (params, limits) = (self.snapshot().params(), &self.identifier.0.limits);
        let listen = |audio: Audio<'_>| {
            if let Some(sound) = self.sample(&audio)? {
                return Ok(sound);
            }
            audio.fingerprints(params, limits).map(|(sound, info)| (sound.into(), info))
        };
        reading::read_by(source, params, limits, &listen)
    }

    /// Listens to windows, where that is asked for; `None` if all has to be decoded. As
    /// anything may lie between them, they suffice for a refusal alone.
    fn sample(&self, audio: &Audio<'_>) -> Result<Option<(Sound, AudioInfo)>, ReadError> {
        if self.coverage == Coverage::Full || audio.passage.is_some() {
            return Ok(None);
        }
        let Audio { source, extension, clock, .. } = audio;
        let Search { snapshot, matcher, limits } = &*self.identifier.0;
        let stopped = || clock.is_over();
        let sound =
            coverage::listen(source.clone(), *extension, matcher, snapshot.params(), limits, &stopped)?;
        // Windows of the mean say nothing about a channel that is not in it.
        let sound = sound.filter(|(_, info)| info.unheard.iter().all(|part| part.channel.is_none()));
        Ok(sound.filter(|(sound, info)| match sound {
            Sound::Settled { found, .. } => self.is_refused(found, info),
            Sound::Whole(_) => true,
        }))
    }

    /// Whether a file that is one recording is disallowed, whatever else is in it. What
    /// goes wrong here is told where all of it is checked.
    fn is_refused(&self, found: &Match, info: &AudioInfo) -> bool {
        let matches = MatchRow::of(found, self.snapshot()).map(|row| vec![row]);
        let matches = matches.map_err(|error| error.to_string());
        self.judge(Path::new(""), None, Ok(info.clone()), matches).verdict == VerdictKind::Disallowed
    }

    /// The row of a source that was read.
    pub(super) fn check_reading(&self, reading: Reading<Sound>) -> ScanRow {
        let (audio, matches, decoded_s) = match reading.sound {
            Ok((Sound::Whole(sound), info)) => {
                let matches = self.search(&sound, &info);
                (Ok(info), matches, None)
            }
            Ok((Sound::Settled { found, decoded_s }, info)) => {
                let matches = MatchRow::of(&found, self.snapshot()).map(|row| vec![row]);
                (Ok(info), matches.map_err(|error| error.to_string()), Some(decoded_s))
            }
            Err(error) => (Err(error.to_string()), Ok(Vec::new()), None),
        };
        let row = self.judge(&reading.path, reading.tags.ok(), audio, matches);
        ScanRow {
            file: reading.file.map(Into::into),
            columns: reading.columns,
            decoded_s: decoded_s.or(row.decoded_s),
            ..row
        }
    }

    /// The recordings recognised in a source.
    pub(super) fn search(&self, sound: &Fingerprints, info: &AudioInfo) -> Result<Vec<MatchRow>, String> {
        self.identifier.recognise(sound, info).map_err(|error| error.to_string())
    }

    /// The row of a source in which `matches` were recognised, or why none could be;
    /// `audio` says why it could not be decoded, if it could not.
    pub(super) fn judge(
        &self,
        path: &Path,
        tags: Option<Tags>,
        audio: Result<AudioInfo, String>,
        matches: Result<Vec<MatchRow>, String>,
    ) -> ScanRow {
        let mut recognition = Recognition::default();
        if let Some(tags) = &tags {
            recognition.tags = self.claims(tags);
            recognition.signals.clone_from(&tags.signals);
        }
        match &audio {
            Ok(info) => {
                recognition.duration_s = info.duration_s;
                recognition.unheard.clone_from(&info.unheard);
            }
            Err(error) => recognition.error = Some(error.clone()),
        }
        let heard = matches.and_then(|matches| {
            recognition.matches = self.heard(&matches)?;
            Ok(matches)
        });
        let matches = heard.unwrap_or_else(|error| {
            recognition.error.get_or_insert(error);
            Vec::new()
        });
        let audio = audio.ok();
        ScanRow {
            duration_s: audio.as_ref().map(|audio| audio.duration_s),
            decoded_s: audio.as_ref().map(|audio| audio.duration_s),
            tags,
            matches,
            audio,
            ..self.row(path, recognition)
        }
    }

    /// What the verdict is told of matches. The sound may be any of those that hold it.
    fn heard(&self, matches: &[MatchRow]) -> Result<Vec<Heard>, String> {
        let known = |id: &str| -> Result<KnownRecording, String> {
            let recording = self.snapshot().recording_by_id(id);
            recording.as_ref().map(Into::into).ok_or_else(|| format!("the recording {id} is not registered"))
        };
        let mut heard = Vec::new();
        for found in matches {
            heard.push(found.heard(known(&found.recording)?));
            for sibling in &found.siblings {
                let sibling_of = Some(found.recording.clone());
                heard.push(Heard { sibling_of, ..sibling.heard(known(&sibling.recording)?) });
            }
        }
        Ok(heard)
    }

    /// The row with its verdict, and nothing else yet.
    fn row(&self, path: &Path, recognition: Recognition) -> ScanRow {
        let verdict = decide(&recognition, &self.book);
        ScanRow { error: recognition.error, ..ScanRow::new(path, verdict) }
    }

    /// The ISRCs in the tags, each once, and who carries them.
    fn claims(&self, tags: &Tags) -> Vec<TagClaim> {
        let mut claims: Vec<TagClaim> = Vec::new();
        for tag in &tags.isrcs {
            if claims.iter().all(|claim| claim.isrc != tag.isrc) {
                let recordings = self.snapshot().recordings_with_isrc(&tag.isrc);
                let recordings = recordings.iter().map(Into::into).collect();
                claims.push(TagClaim { isrc: tag.isrc, recordings });
            }
        }
        claims
    }
}
