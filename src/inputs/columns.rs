//! Which columns of a manifest hold audio, and the audio that one row names.
//!
//! A loader may take any column. So a row stands for everything in it that is audio:
//! what the columns of [`PATH_COLUMNS`](super::PATH_COLUMNS) name, or those that
//! somebody chose, and every other text that is the path of a file that sounds.

use std::fs::File;
use std::path::{Path, PathBuf};

use super::is_audio_extension;
use super::members::extension;
use super::sniff::{Bytes, sniff};
use super::{Input, InputError, Item, Passage, RowSource};

/// What somebody said about the columns of manifests and of Parquet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ColumnChoice {
    /// Columns with audio or with paths to it; empty for those that are known by name.
    pub audio: Vec<String>,
    /// Columns that hold neither, whatever they look like.
    pub silent: Vec<String>,
}

impl ColumnChoice {
    /// Whether somebody said that `column` holds no audio.
    pub(super) fn is_silent(&self, column: &str) -> bool {
        self.silent.iter().any(|silent| silent == column)
    }

    /// The columns that are audio by their name, the most telling first.
    pub(super) fn named<'a>(&'a self, by_default: &'a [&'a str]) -> impl Iterator<Item = &'a str> {
        let told = self.audio.iter().map(String::as_str);
        let default = if self.audio.is_empty() { by_default } else { &[] };
        told.chain(default.iter().copied()).filter(|column| !self.is_silent(column))
    }
}

/// Most pieces of audio of one row. A row is a clip, a few channels of it, or a pair.
const MOST_ITEMS: usize = 64;

/// Bytes of the longest text that may be a path (PATH_MAX of Linux).
const LONGEST_PATH: usize = 4096;

/// The pieces of audio that one row names, each once.
pub(super) struct RowItems<'a> {
    source: &'a RowSource,
    items: Vec<Item>,
    /// What is wrong with the row.
    reason: Option<String>,
}

impl<'a> RowItems<'a> {
    pub(super) fn new(source: &'a RowSource) -> Self {
        Self { source, items: Vec::new(), reason: None }
    }

    /// Whether nothing was found so far.
    pub(super) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Something is wrong with the row, which makes it one item with this reason.
    pub(super) fn fail(&mut self, reason: String) {
        self.reason.get_or_insert(reason);
    }

    /// An item that is no file.
    pub(super) fn add(&mut self, item: Item) {
        if self.items.len() == MOST_ITEMS {
            self.fail(format!(
                "names more than {MOST_ITEMS} pieces of audio: say which columns hold none with --not-audio"
            ));
        } else {
            self.items.push(item);
        }
    }

    /// The file that `text` in `column` names, which is audio by the column's name. Only
    /// the first of a row has to be there; of another one it is said what to do.
    pub(super) fn named(&mut self, column: &str, text: &str, passage: Option<Passage>) {
        let Some(path) = self.path(text) else { return };
        if self.is_empty() || path.exists() {
            return self.add(Item { input: Input::File(path), passage });
        }
        let reason = format!(
            "names this file in `{column}`, and it is not there: \
             say --not-audio {column} if that column does not matter"
        );
        self.add(Item::unreadable(path, InputError::Row { reason }));
    }

    /// The file that `text` names, if it is one that sounds.
    pub(super) fn perhaps(&mut self, text: &str) {
        let may_be = !text.is_empty() && text.len() <= LONGEST_PATH && !text.contains(char::is_control);
        if may_be
            && let Some(path) = self.path(text)
            && sounds(&path)
        {
            self.add(Item::whole(Input::File(path)));
        }
    }

    /// Where `text` leads, unless it led there before.
    fn path(&self, text: &str) -> Option<PathBuf> {
        let path = self.source.base().join(text);
        let is_new = !self.items.iter().any(|item| item.input.path() == path);
        is_new.then_some(path)
    }

    /// All of the row, which is called `row`; what is to be said where there is nothing.
    pub(super) fn finish(self, row: impl FnOnce() -> PathBuf, nothing: impl FnOnce() -> String) -> Vec<Item> {
        match self.reason.or_else(|| self.items.is_empty().then(nothing)) {
            Some(reason) => vec![Item::unreadable(row(), InputError::Row { reason })],
            None => self.items,
        }
    }
}

/// Whether the file at `path` is there, and audio by its name or by its bytes.
fn sounds(path: &Path) -> bool {
    // Most texts are no paths. Opening a pipe would wait for ever.
    if !path.metadata().is_ok_and(|metadata| metadata.is_file()) {
        return false;
    }
    if is_audio_extension(&extension(&path.to_string_lossy())) {
        return true;
    }
    let sniffed = File::open(path).and_then(|mut file| sniff(&mut file));
    sniffed.is_ok_and(|sniffed| matches!(sniffed.bytes, Bytes::Audio | Bytes::Unread(_)))
}
