//! earmark finds registered recordings inside untagged audio and says what
//! their owners declared about AI training.
//!
//! The program `earmark` is glue over this library. Data goes through the
//! modules in one direction, and a module uses only what stands before it:
//!
//! | module | turns | into |
//! |---|---|---|
//! | [`audio`] | the bytes of a file | mono samples at one rate; its tags |
//! | [`spectrum`] | samples | frames of log power |
//! | [`peaks`] | frames | a constellation of spectral peaks |
//! | [`landmarks`] | peaks | hashes of triplets |
//! | [`fingerprint`] | a file | its constellation, by the three before; a file of them |
//! | [`index`] | constellations | write-once segments, and look-ups in them |
//! | [`matching`] | a constellation and an index | recordings, where, how sure |
//! | [`coverage`] | a file and an index | its fingerprint, or what windows of it say |
//! | [`declarations`] | what owners and mandates say | who may speak for what, on a day |
//! | [`registry`] | recordings and declarations | a folder that survives crashes, and snapshots of it |
//! | [`verdict`] | what was recognised, declared and asked | a verdict with reasons |
//! | [`inputs`] | folders, manifests and archives | what is read, in order |
//! | [`picture`] | two spectrograms and what they share | a PNG |
//! | [`report`] | verdicts and matches | JSONL, CSV, text, a page, evidence |
//! | [`check`] | sources, a registry and a question | rows, in parallel, in order; a report of now |
//! | [`dataset`] | the rows of a data set and verdicts | the data set with verdicts, or what of it may be used |
//!
//! [`params`] holds everything that changes a fingerprint, [`isrc`], [`units`] and
//! [`usage`] the words all of them share, [`files`] how files come to be,
//! [`paths`] how their names stand in text.
//!
//! Whole programs are in `examples/`: `register`, `identify`, `scan_folder`, `verdict`
//! and `live`.
//!
//! # From sound to verdict
//!
//! ```
//! use earmark::fingerprint::{Fingerprint, Fingerprinter};
//! use earmark::matching::{MatchOptions, Matcher};
//! use earmark::params::Params;
//! use earmark::registry::{
//!     Facts, NewDeclaration, NewRecording, Permission, Registry, Subject, Use,
//! };
//! use earmark::verdict::{
//!     DeclarationBook, Heard, Question, Recognition, VerdictKind, decide,
//! };
//!
//! // Twelve seconds of plucked notes. Files come through `fingerprint::fingerprint`.
//! let params = Params::default();
//! let rate = f64::from(params.rate_hz);
//! let mut song = vec![0.0_f32; 12 * params.rate_hz as usize];
//! let mut state = 1_u32;
//! for note in 0..80 {
//!     state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
//!     let hz = 220.0 * f64::from(state >> 27).exp2().powf(1.0 / 12.0);
//!     let start = note * params.rate_hz as usize * 3 / 20;
//!     for (i, sample) in song[start..].iter_mut().take(params.rate_hz as usize / 2).enumerate() {
//!         let t = i as f64 / rate;
//!         let partial = |k: f64| (std::f64::consts::TAU * k * hz * t).sin() / k;
//!         *sample += (0.2 * (-6.0 * t).exp() * (partial(1.0) + partial(2.0) + partial(3.0))) as f32;
//!     }
//! }
//! let fingerprint = |samples: &[f32]| -> Fingerprint {
//!     let mut fingerprinter = Fingerprinter::new(&params);
//!     fingerprinter.push(samples);
//!     fingerprinter.finish()
//! };
//!
//! // The owner registers it and says what may be done with it.
//! let folder = tempfile::tempdir()?;
//! let mut registry = Registry::create(folder.path(), &params)?;
//! registry.add(&[NewRecording {
//!     id: Some("pluck".to_owned()),
//!     isrcs: vec!["QZ-HB1-26-00001".parse()?],
//!     facts: Facts { owner: Some("Halden Bay Records".to_owned()), ..Facts::default() },
//!     audio_hash: [7; 32],
//!     duration_s: 12.0,
//!     source_path: None,
//!     fingerprint: fingerprint(&song),
//! }])?;
//! registry.declare(&[NewDeclaration {
//!     subject: Subject::Owner("Halden Bay Records".to_owned()),
//!     use_: Use::AiTraining,
//!     statement: Permission::Disallow.into(),
//!     territories: Vec::new(),
//!     from: None,
//!     until: None,
//!     declarant: "Halden Bay Records".to_owned(),
//!     source: None,
//!     document_hash: None,
//!     received_at: "2026-11-21T12:00:00Z".parse()?,
//! }])?;
//! drop(registry);
//!
//! // Somebody else has a clip of it, from 3 s on, without any tags.
//! let clip = &song[3 * params.rate_hz as usize..9 * params.rate_hz as usize];
//! let registry = Registry::open(folder.path())?;
//! let index = registry.index()?;
//! let matches =
//!     Matcher::new(&index, &params, MatchOptions::default()).identify(&fingerprint(clip));
//! let best = &matches[0];
//! assert!((best.reference_start_s - best.query_start_s - 3.0).abs() < 0.05);
//!
//! let mut recognition = Recognition { duration_s: 6.0, ..Recognition::default() };
//! for found in &matches {
//!     let recording = registry.recording(found.recording)?.expect("the index is the registry's");
//!     recognition.matches.push(Heard {
//!         recording: (&recording).into(),
//!         grade: found.grade,
//!         query_start_s: found.query_start_s,
//!         query_end_s: found.query_end_s,
//!         sibling_of: None,
//!         more_siblings: found.more_siblings,
//!     });
//! }
//! let question = Question::new(Use::AiGenerativeTraining, "2026-12-01".parse()?);
//! let book = DeclarationBook::new(registry.log()?, question, None);
//! let verdict = decide(&recognition, &book);
//! assert_eq!(verdict.kind, VerdictKind::Disallowed);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![warn(clippy::missing_errors_doc)]

pub mod audio;
mod bits;
mod canonical;
pub mod check;
pub mod coverage;
mod csv_lines;
mod csv_quotes;
pub mod dataset;
pub mod declarations;
mod error_kind;
pub mod files;
pub mod fingerprint;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzzing;
mod hex;
pub mod index;
pub mod inputs;
pub mod isrc;
pub mod landmarks;
pub mod matching;
pub mod params;
pub mod paths;
pub mod peaks;
pub mod picture;
#[cfg(test)]
mod random;
pub mod registry;
pub mod report;
pub mod spectrum;
mod text;
pub mod units;
pub mod usage;
pub mod verdict;

pub use error_kind::ErrorKind;
