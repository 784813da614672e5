//! From what somebody names to what is read, one after another.
//!
//! A [`Listing`] says what is to be read: files and folders, lists of paths,
//! manifests. [`Listing::stream`] gives it as [`Item`]s in a fixed order, which a
//! thread of its own reads ahead of their user by one, so that memory depends
//! neither on their number nor on the size of what holds them.
//!
//! | file | reads |
//! |---|---|
//! | `walk` | files, and folders with what they hold |
//! | `choice` | globs |
//! | `holders` | manifests in folders; which items came out of what |
//! | `path_list` | one path a line, or one before each NUL |
//! | `lines` | lines of bounded length, also out of gzip |
//! | `manifest_rows`, `json_rows`, `csv_rows` | rows of JSONL and CSV that name audio |
//! | `columns` | which columns hold audio; the audio of one row |
//! | `parquet_rows` | rows of Parquet with a path or the audio itself |
//! | `parquet_pages` | what pages claim to hold |
//! | `sniff`, `members` | what has no telling name, by its bytes |
//! | `tar_members`, `zip_members` | audio in archives, in memory one by one |
//! | `selection` | every n-th item, and those behind what is done |
//!
//! What holds audio is told by its bytes, or else by its name: `.tar`, `.tar.gz`,
//! `.tgz`, `.zip`, `.parquet`, `.efp`. It counts as one input with many items. Nothing is ever
//! unpacked to disk, and names in archives are only names.

mod choice;
mod columns;
mod csv_rows;
mod holders;
mod input;
mod json_rows;
pub mod label_copy;
mod lines;
mod manifest_rows;
mod members;
#[cfg(feature = "parquet")]
pub(crate) mod parquet_footer;
#[cfg(feature = "parquet")]
pub(crate) mod parquet_pages;
#[cfg(feature = "parquet")]
mod parquet_rows;
mod path_list;
mod selection;
mod sniff;
mod stream;
mod tar_members;
#[cfg(test)]
mod testing;
#[cfg(feature = "parquet")]
mod thrift;
mod walk;
mod zip_members;

pub use choice::{BadGlob, Choice};
pub use columns::ColumnChoice;
pub(crate) use csv_rows::Columns as CsvColumns;
pub use csv_rows::CsvRows;
pub use holders::{Held, Holder, manifests};
pub use input::{Input, InputError, Item, Passage, Shared, is_passage};
pub(crate) use json_rows::{line_items, object, without_python_numbers};
pub use lines::{LONGEST_LINE, Line, Lines, plain};
pub use manifest_rows::{ManifestKind, PATH_COLUMNS};
pub use members::{Fate, MemberKind, fate};
#[cfg(feature = "parquet")]
pub use parquet_rows::BATCH_ROWS;
#[cfg(feature = "parquet")]
pub(crate) use parquet_rows::counts as parquet_counts;
pub use selection::{BadShard, Selection, SelectionError, Shard};
pub use stream::{Items, Listing, RowSource, Survey};
pub use tar_members::{TarMember, TarReader, key, sample_key};
pub use walk::{AUDIO_EXTENSIONS, Skipped, is_audio_extension};

/// Bytes of one member of an archive, one cell of Parquet or of standard input
/// that are held in memory, unless told otherwise: 512 MiB, three quarters of an
/// hour of CD audio as WAV. As many are in memory as files are under way.
pub const LARGEST_MEMBER: u64 = 512 << 20;
