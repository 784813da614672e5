//! One row of a report, answered anew.

use std::path::{Path, PathBuf};

use crate::audio::{AudioInfo, Limits};
use crate::check::Checker;
use crate::fingerprint::{Entry, Fingerprints, StoredEntry};
use crate::index::IndexError;
use crate::matching::MatchOptions;
use crate::registry::Since;
use crate::report::{MatchRow, PastLine, PastRow, ScanRow};
use crate::units::Seconds;

use super::{Change, Newcomers, RescanError, Scout, same_file};
use crate::check::reading::SHORTEST_S;

/// Answers the rows of a report anew, from the fingerprints of their files.
pub struct Rescanner {
    report: PathBuf,
    checker: Checker,
    limits: Limits,
    since: Since,
    newcomers: Option<(Scout, Seconds)>,
}

/// The answer for one file.
#[derive(Debug)]
#[non_exhaustive]
pub struct Answer {
    /// Its row now.
    pub row: ScanRow,
    /// What is different, if anything is.
    pub change: Option<Change>,
    /// Whether it was searched wholly.
    pub searched: bool,
}

impl Rescanner {
    /// Gets ready to answer the report at `report` by `checker`, which listens to all of
    /// what it is given. `since` says what became of the recordings since the
    /// report, and `options` are those of `checker`.
    ///
    /// # Errors
    /// Where new recordings cannot be put into an index of their own.
    pub fn new(
        report: &Path,
        checker: Checker,
        options: &MatchOptions,
        since: Since,
    ) -> Result<Self, IndexError> {
        let (index, params) = (checker.snapshot().index(), checker.snapshot().params());
        let newcomers = match since {
            Since::Grown { first } => {
                let newcomers = Newcomers::new(index, first, params)?;
                Some((newcomers.scout(params, options), newcomers.seconds()))
            }
            Since::Same | Since::Changed => None,
        };
        Ok(Self { report: report.to_owned(), checker, limits: Limits::default(), since, newcomers })
    }

    /// Seconds of recordings that are new; `None` where files are not searched for these
    /// alone.
    pub fn new_s(&self) -> Option<Seconds> {
        self.newcomers.as_ref().map(|(_, seconds)| *seconds)
    }

    /// The answer for the file of `line`, whose fingerprint `entry` is.
    ///
    /// # Errors
    /// If the line is no row, or `entry` is of another file.
    pub fn answer(&self, line: &PastLine, entry: StoredEntry) -> Result<Answer, RescanError> {
        let past = line.row(&self.report)?;
        same_file(&self.report, line.number, &past.named(), &entry)?;
        let about = entry.about.clone();
        let (audio, matches, searched) = self.sound(entry, &past);
        let path = about.input();
        let row = self.checker.judge(&path, about.tags.ok(), audio, matches);
        let row = ScanRow { file: about.file.map(Into::into), columns: about.columns, ..row };
        Ok(Answer { change: Change::between(&past, &row), row, searched })
    }

    /// The answer for a file on which the program failed.
    pub fn failed(&self, path: &Path, error: impl ToString) -> Answer {
        Answer { row: self.checker.failed(path, error), change: None, searched: true }
    }

    fn sound(&self, entry: StoredEntry, past: &PastRow) -> Sound {
        let info = match entry.info() {
            Ok(info) => info.clone(),
            Err(error) => return (Err(error.to_owned()), Ok(Vec::new()), false),
        };
        // A row of other audio says nothing about this.
        let since = if past.audio_hash() == Some(info.audio_hash) { self.since } else { Since::Changed };
        if since == Since::Same {
            return (Ok(info), Ok(past.matches.clone()), false);
        }
        let sound = match entry.decode(self.checker.snapshot().params(), &self.limits) {
            Ok(Entry { sound: Ok((sound, _)), .. }) => sound,
            Ok(Entry { sound: Err(error), .. }) => return (Err(error), Ok(Vec::new()), false),
            Err(error) => return (Err(error.to_string()), Ok(Vec::new()), false),
        };
        if since != Since::Changed && !self.may_be_new(&sound, &info) {
            return (Ok(info), Ok(past.matches.clone()), false);
        }
        let matches = self.checker.search(&sound, &info);
        (Ok(info), matches, true)
    }

    /// Whether a recording that is new to the registry may sound in a file.
    fn may_be_new(&self, sound: &Fingerprints, info: &AudioInfo) -> bool {
        let may = |(scout, _): &(Scout, Seconds)| sound.all().any(|query| scout.may_sound_in(query));
        info.duration_s >= SHORTEST_S && self.newcomers.as_ref().is_none_or(may)
    }
}

/// How a file was encoded or why it could not be decoded, what is recognised in
/// it, and whether it was searched wholly.
type Sound = (Result<AudioInfo, String>, Result<Vec<MatchRow>, String>, bool);
