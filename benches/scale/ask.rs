//! Asking, in a process of its own: what it costs to open a registry, and how much
//! memory that needs, cannot be told in a process that has done it before.

use std::process::{Command, Stdio};
use std::time::Instant;

use cpu_time::ThreadTime;
use earmark::fingerprint::Fingerprint;
use earmark::matching::{Grade, Match, MatchOptions, Matcher};
use earmark::params::Params;
use earmark::registry::Registry;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::grow;
use crate::options::Options;
use crate::process::{Counters, Memory};
use crate::progress::Progress;
use crate::questions::{Expected, Question};
use crate::store::{Failure, Store};

/// Largest error of a right position, in seconds of the query.
const POSITION_S: f64 = 0.5;

/// Largest E-value that false matches are counted at.
pub const MOST_E_VALUE: f64 = 1.0;

/// What came of one registry.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Measured {
    /// Recordings in it.
    pub recordings: u64,
    /// Length of them.
    pub hours: f64,
    /// Number of segments.
    pub segments: u64,
    /// Size of the segments.
    pub segment_bytes: u64,
    /// Size of the database.
    pub database_bytes: u64,
    /// Time to open it the first time in a process, and once more, in milliseconds.
    pub open_ms: [f64; 2],
    /// What opening read from the disk.
    pub open_read_kib: f64,
    /// Page faults of opening that read from the disk.
    pub open_major: u64,
    /// Most memory beyond the queries and the program, in MiB, mapped files included.
    pub peak_mib: f64,
    /// Memory beyond these when all was asked, in no file, in MiB.
    pub anonymous_mib: f64,
    /// Pages of the registry that were touched and still resident then, in MiB.
    pub mapped_mib: f64,
    /// A row for each question.
    pub answers: Vec<Answer>,
}

/// What came of one question.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Answer {
    /// Recordings in the registry.
    pub registry: u64,
    /// Name of the query.
    pub query: String,
    /// What was done to it.
    pub kind: String,
    /// Whether it is an excerpt.
    pub short: bool,
    /// Whether something registered is in it.
    pub registered: bool,
    /// Its length in seconds.
    pub length_s: f64,
    /// CPU time of the search, in milliseconds.
    pub cpu_ms: f64,
    /// Time of the search, in milliseconds.
    pub wall_ms: f64,
    /// Page faults that read nothing.
    pub minor: u64,
    /// Page faults that read from the disk.
    pub major: u64,
    /// What was read from the disk.
    pub read_kib: f64,
    /// Best accepted match, if any.
    pub found: Option<String>,
    /// Its E-value.
    pub e_value: Option<f64>,
    /// Whether it is in the query.
    pub right: bool,
    /// Whether it is there at the right position.
    pub placed: bool,
    /// Lowest E-value of any match of unregistered music, accepted or not, up to
    /// [`MOST_E_VALUE`].
    pub false_e_value: Option<f64>,
    /// The recording that has it.
    pub false_id: Option<String>,
}

/// Starts this program again to ask a registry. With `few` only so many questions.
///
/// # Errors
/// If it fails.
pub fn in_a_new_process(size: u64, few: Option<usize>) -> Result<Measured, Failure> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(std::env::args_os().skip(1)).args(["--ask", &size.to_string()]);
    if let Some(few) = few {
        command.args(["--few", &few.to_string()]);
    }
    let output = command.stderr(Stdio::inherit()).output()?;
    if !output.status.success() {
        return Err(format!("asking the registry of {size} recordings failed: {}", output.status).into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// Opens the registry of a size and asks.
///
/// # Errors
/// If the registry cannot be opened.
pub fn ask(
    options: &Options,
    size: u64,
    questions: &[Question],
    store: &Store,
    params: &Params,
) -> Result<Measured, Failure> {
    let questions = &questions[..options.few.unwrap_or(questions.len()).min(questions.len())];
    let find = |q: &Question| store.find(&q.key).ok_or_else(|| format!("{}: no fingerprint", q.name));
    let queries = questions.iter().map(|q| Ok(find(q)?.fingerprint)).collect::<Result<Vec<_>, String>>()?;
    let folder = grow::folder(options, size);

    let program = Memory::now();
    // The peak counts from here (proc(5)); where it does not, it is one of more.
    let _ = std::fs::write("/proc/self/clear_refs", "5");
    let before = Counters::now();
    let mut open_ms = [0.0; 2];
    let start = Instant::now();
    let registry = Registry::open(&folder)?;
    let index = registry.index()?;
    open_ms[0] = milliseconds(start);
    let opening = Counters::now().since(&before);
    if options.few.is_none() {
        let start = Instant::now();
        let _ = Registry::open(&folder)?.index()?;
        open_ms[1] = milliseconds(start);
    }

    let match_options = MatchOptions::default().effort(options.effort);
    let matcher = Matcher::new(&index, params, match_options.clone());
    let progress = Progress::new(format!("queries of {size} recordings"), questions.len());
    let mut answers = Vec::new();
    for (question, query) in questions.iter().zip(&queries) {
        let counters = Counters::now();
        let (start, cpu) = (Instant::now(), ThreadTime::now());
        let matches = matcher.identify(query);
        let (cpu_ms, wall_ms) = (cpu.elapsed().as_secs_f64() * 1e3, milliseconds(start));
        let cost = Counters::now().since(&counters);
        let best = matches.iter().find(|m| m.grade == Grade::Match);
        let id = |m: &Match| registry.recording(m.recording).map(|r| r.map(|r| r.id).unwrap_or_default());
        let found = best.map(id).transpose()?;
        let right: Vec<&Expected> =
            question.expected.iter().filter(|e| found.as_ref() == Some(&e.id)).collect();
        answers.push(Answer {
            registry: size,
            query: question.name.clone(),
            kind: question.kind.clone(),
            short: question.short,
            registered: !question.expected.is_empty(),
            length_s: question.length_s,
            cpu_ms,
            wall_ms,
            minor: cost.minor_faults,
            major: cost.major_faults,
            read_kib: cost.read_bytes as f64 / 1024.0,
            e_value: best.map(e_value),
            right: !right.is_empty(),
            placed: best.is_some_and(|m| right.iter().any(|e| is_placed(m, e))),
            found,
            false_e_value: None,
            false_id: None,
        });
        progress.step();
    }
    let memory = Memory::now();
    if options.few.is_none() {
        let wide = match_options.possible_e_value(MOST_E_VALUE);
        count_false(&registry, &Matcher::new(&index, params, wide), &queries, &mut answers)?;
    }
    let info = registry.info()?;
    Ok(Measured {
        recordings: info.recordings,
        hours: index.seconds() / 3600.0,
        segments: info.segments,
        segment_bytes: info.segment_bytes,
        database_bytes: info.database_bytes,
        open_ms,
        open_read_kib: opening.read_bytes as f64 / 1024.0,
        open_major: opening.major_faults,
        peak_mib: memory.peak - program.anonymous - program.file,
        anonymous_mib: memory.anonymous - program.anonymous,
        mapped_mib: memory.file - program.file,
        answers,
    })
}

/// Asks for excerpts of unregistered music again, up to E-values that are nobody's
/// threshold. Not timed: that search goes on longer than the usual one.
fn count_false(
    registry: &Registry,
    matcher: &Matcher,
    queries: &[Fingerprint],
    answers: &mut [Answer],
) -> Result<(), Failure> {
    let asked = |a: &Answer| a.short && !a.registered;
    let count = answers.iter().filter(|a| asked(a)).count();
    let progress = Progress::new("false matches".to_owned(), count);
    answers.par_iter_mut().zip(queries).filter(|(a, _)| asked(a)).try_for_each(|(answer, query)| {
        progress.step();
        if let Some(best) = matcher.identify(query).first() {
            answer.false_e_value = Some(e_value(best));
            answer.false_id = registry.recording(best.recording)?.map(|r| r.id);
        }
        Ok(())
    })
}

/// From the score: the E-value itself ends at the smallest number.
fn e_value(m: &Match) -> f64 {
    10_f64.powf(-m.score)
}

fn is_placed(m: &Match, expected: &Expected) -> bool {
    let at = (m.query_start_s - expected.query_s) * expected.time_scale;
    let tolerance_s = POSITION_S * expected.time_scale.recip().max(1.0);
    expected.places_s.iter().any(|place| (m.reference_start_s - place - at).abs() <= tolerance_s)
}

fn milliseconds(start: Instant) -> f64 {
    start.elapsed().as_secs_f64() * 1e3
}
