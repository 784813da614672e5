//! From a source and a registry to what is known of the source.
//!
//! [`Checker`] says what owners declared about the recordings in a [`Source`],
//! [`Identifier`] which recordings these are, [`prepare`](fn@prepare) makes of a source a
//! recording to register. All of them take whatever is read the same way, own what they
//! need and answer for anything: what cannot be read has a row that says why.
//!
//! | file | does |
//! |---|---|
//! | `source` | what is checked: a file, bytes, a reader, an entry of a fingerprint file |
//! | `reading` | reads its tags and its sound |
//! | `passage` | decodes a passage of it in bounded time |
//! | `checker` | searches, judges, makes the row |
//! | `prepare`, `metadata`, `findable` | makes of it what is registered, and looks whether it can be found |
//! | `run` | works on any number of items on several threads, in order and in bounded time |
//! | `repeat` | makes the rows of a report again |
//! | `pictures` | draws the matches of a report |
//! | `rescan` | tells what new recordings and declarations change in a report |

mod checker;
mod findable;
mod metadata;
mod passage;
mod pictures;
mod prepare;
mod read_error;
mod reading;
mod repeat;
pub mod rescan;
mod run;
mod source;

pub use checker::{Checker, CheckerBuilder, Identifier};
pub use pictures::{Drawn, MatchPictures};
pub use prepare::{OtherLength, PrepareError, Prepared, prepare};
pub use read_error::ReadError;
pub use reading::{Reading, SHORTEST_S, cue_sheets, read};
pub use repeat::{Compared, Repeater};
pub use run::{Care, DEFAULT_LIMIT, Ending, Lost, Marks, NoThreads, Run, Sink, StopFlag, Suspects};
pub use source::{Source, Sources, open};
