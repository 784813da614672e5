//! Reports: what was found, as rows for programs and text for people.
//!
//! | form | for | written by |
//! |---|---|---|
//! | JSONL | programs: every field, one object a line | [`write_json_line`], [`ScanRow::write_json_line`] |
//! | CSV | spreadsheets: a scan's rows, the main fields | [`ScanCsv`] |
//! | table | people: 80 columns or more, coloured where the output takes colour | [`IdentifyTable`], [`ScanTable`] |
//! | text | people: two files compared | [`CompareRow::write_text`] |
//! | lines | people: what sounds in a stream | [`LiveRow::write_text`] |
//! | HTML | people, and their counsel: a report as one page | [`Page`] |
//! | Markdown | people: figures for the EU's summary of training content | [`write_eu_summary`] |
//! | folder, zip | people: one file of a report and what it rests on | [`Evidence`] |
//! | lines | people: what a registry holds | [`RecordingsTable`], [`write_entry`], [`write_info`], [`write_compaction`] |
//!
//! A report of a scan begins with a [`ScanHeader`], which has what is common to its
//! rows; [`PastReport`] reads it again.
//!
//! Rows have a schema with a name and a number ([`IDENTIFY_SCHEMA`],
//! [`SCAN_SCHEMA`], [`COMPARE_SCHEMA`]). Within one number keys are only ever added; a reader
//! should ignore keys it does not know. Numbers in rows are rounded to what
//! they mean: times to a millisecond, time scales to 10⁻⁵, pitch and score to
//! 10⁻³. Paths that are not UTF-8 are shown with U+FFFD in place of what
//! cannot be shown.

mod compare;
mod difference;
mod eu_summary;
mod evidence;
mod excerpt;
mod header;
mod identify;
mod isrc_row;
mod live;
mod log_table;
mod page;
mod part;
mod past;
mod place;
mod registry_table;
mod rows;
mod scan_csv;
mod scan_row;
pub(crate) mod table;
pub(crate) mod text;
mod totals;

pub use crate::registry::RegistryState;
pub use compare::{COMPARE_SCHEMA, CompareRow, ComparedFile, PlacementRow};
pub use difference::{DIFFERENCE_SCHEMA, Difference, DifferenceKind, FieldDifference};
pub use eu_summary::write_eu_summary;
pub use evidence::Evidence;
pub use excerpt::LogExcerpt;
pub use header::ScanHeader;
pub use identify::{IDENTIFY_SCHEMA, IdentifyRow, MatchRow};
pub use isrc_row::{ISRC_SCHEMA, IsrcRow};
pub use live::{LIVE_SCHEMA, LiveRow};
pub use log_table::write_entry;
pub use page::{Page, PageFile, PagePicture};
pub use part::{MergeError, SHARD_SCHEMA, Unfinished, merge, write_shard_line};
pub use past::{MOST_LINE_BYTES, PastLine, PastReason, PastReport, PastRow, ReportError};
pub use place::PlaceRow;
pub use registry_table::{RecordingsTable, write_compaction, write_info};
pub use rows::write_json_line;
pub use scan_csv::{SCAN_CSV_COLUMNS, ScanCsv};
#[cfg(test)]
pub(crate) use scan_row::tests::example as example_row;
pub use scan_row::{FileRow, SCAN_SCHEMA, ScanRow, TagCheck, TagSound};
pub use table::{IdentifyTable, ScanTable, Summary};
pub use text::clean;
pub use totals::{LICENCE_COLUMNS, MOST_SOURCES, OBTAINED_COLUMNS, SOURCE_COLUMNS, Share, Totals};
