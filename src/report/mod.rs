//! Reports: what was found, as rows for programs and text for people.
//!
//! | form | for | written by |
//! |---|---|---|
//! | JSONL | programs: every field, one object a line | [`write_json_line`], [`ScanRow::write_json_line`] |
//! | CSV | spreadsheets: a scan's rows, the main fields | [`ScanCsv`] |
//! | table | people: 80 columns or more, coloured where the output takes colour | [`IdentifyTable`], [`ScanTable`] |
//! | text | people: two files compared | [`CompareRow::write_text`] |
//! | lines | people: what a registry holds | [`RecordingsTable`], [`write_entry`], [`write_info`], [`write_compaction`] |
//!
//! Rows have a schema with a name and a number ([`IDENTIFY_SCHEMA`],
//! [`SCAN_SCHEMA`], [`COMPARE_SCHEMA`]). Within one number keys are only ever added; a reader
//! should ignore keys it does not know. Numbers in rows are rounded to what
//! they mean: times to a millisecond, time scales to 10⁻⁵, pitch and score to
//! 10⁻³. Paths that are not UTF-8 are shown with U+FFFD in place of what
//! cannot be shown.

mod checked;
mod compare;
mod identify;
mod log_table;
mod part;
mod place;
mod registry_table;
mod rows;
mod scan_csv;
mod scan_row;
pub(crate) mod table;
pub(crate) mod text;

pub use checked::CheckedAgainst;
pub use compare::{COMPARE_SCHEMA, CompareRow, ComparedFile, PlacementRow};
pub use identify::{IDENTIFY_SCHEMA, IdentifyRow, MatchRow};
pub use log_table::write_entry;
pub use part::{MergeError, SHARD_SCHEMA, Unfinished, merge, write_shard_line};
pub use place::PlaceRow;
pub use registry_table::{RecordingsTable, write_compaction, write_info};
pub use rows::write_json_line;
pub use scan_csv::{SCAN_CSV_COLUMNS, ScanCsv};
pub use scan_row::{SCAN_SCHEMA, ScanRow, TagCheck, TagSound};
pub use table::{IdentifyTable, ScanTable, Summary};
pub use text::clean;
