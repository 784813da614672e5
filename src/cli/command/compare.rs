//! `earmark compare`.

use std::ops::Range;
use std::path::Path;

use earmark::audio::{AudioInfo, Limits, decode};
use earmark::fingerprint::{Fingerprint, Fingerprinter};
use earmark::matching::Match;
use earmark::matching::pair::{Overlay, Pair, SharedPeaks};
use earmark::params::Params;
use earmark::picture::{Basis, Comparison, Side, Size, Spectrogram, SpectrogramRecorder};
use earmark::report::{COMPARE_SCHEMA, CompareRow, ComparedFile, PlacementRow, write_json_line};
use earmark::units::Seconds;

use crate::cli::args::ListFormat;
use crate::cli::args::compare::CompareArgs;
use crate::cli::error::CliError;
use crate::cli::ui::exit::Outcome;
use crate::cli::ui::messages::tell;
use crate::cli::ui::output::Output;
use earmark::check::SHORTEST_S;
use earmark::check::{ReadError, open};

/// A whole file.
const WHOLE: Range<Seconds> = 0.0..f64::INFINITY;

/// Says where one file sounds in another, and draws both.
pub fn run(args: CompareArgs) -> Result<Outcome, CliError> {
    let params = Params::default();
    let passage = args.from..args.until.unwrap_or(f64::INFINITY);
    if passage.is_empty() {
        return Err(CliError::EmptyPassage);
    }
    let query = hear(&args.query, passage.clone(), &params);
    let recording = hear(&args.recording, WHOLE, &params);
    let mut row = CompareRow {
        query: file(&args.query, &query),
        recording: file(&args.recording, &recording),
        matches: Vec::new(),
        shown: None,
        picture: None,
        schema: COMPARE_SCHEMA,
    };
    let mut unchecked = false;
    if let (Ok(query), Ok(recording)) = (query, recording) {
        let passage = passage.start..passage.end.min(query.info.duration_s);
        if passage.is_empty() {
            return Err(CliError::PassageBeyond { path: args.query, duration_s: query.info.duration_s });
        }
        let pair = Pair::new(&query.fingerprint, passage.start, &recording.fingerprint, &params)?;
        let view = match args.at {
            Some(at_s) => View::given(&pair, at_s, &args, &passage, recording.info.duration_s)?,
            None => View::searched(&pair, &args, &passage, recording.info.duration_s),
        };
        row.matches = view.matches.iter().map(|(found, shared)| PlacementRow::found(found, shared)).collect();
        row.shown = view.row();
        if let Some(path) = &args.output {
            match view.comparison(&args, &passage, &pair, [&query.info, &recording.info], &params) {
                Ok(comparison) => {
                    save(&comparison, Size { width: args.width, height: args.height }, path)?;
                    row.picture = Some(path.to_string_lossy().into_owned());
                }
                // It could be read a moment ago.
                Err((of_query, error)) => {
                    let side = if of_query { &mut row.query } else { &mut row.recording };
                    side.error = Some(error.to_string());
                }
            }
        }
    }
    for (path, side) in [(&args.query, &row.query), (&args.recording, &row.recording)] {
        if let Some(error) = &side.error {
            tell(format_args!("{}: {error}", path.display()));
            unchecked = true;
        }
    }
    let text = args.format == ListFormat::Table;
    let mut output = Output::open(None, text)?;
    let written = if text { row.write_text(&mut output) } else { write_json_line(&mut output, &row) };
    written.map_err(CliError::Stdout)?;
    output.finish(true)?;
    Ok(Outcome { disallowed: false, unchecked })
}

/// What to look at, and why.
struct View {
    basis: Basis,
    overlay: Overlay,
    held_s: Range<Seconds>,
    shared: SharedPeaks,
    /// All matches with what is shared there; the first is the one to look at.
    matches: Vec<(Match, SharedPeaks)>,
}

impl View {
    /// The best match, else the best candidate, else both as they begin.
    fn searched(pair: &Pair<'_>, args: &CompareArgs, passage: &Range<Seconds>, recording_s: Seconds) -> View {
        let options = args.matching.options();
        let mut matches = Vec::new();
        let mut candidate = None;
        if recording_s < SHORTEST_S || passage.end - passage.start < SHORTEST_S {
            tell(format_args!("nothing is recognised in less than {SHORTEST_S} s of audio"));
        } else {
            matches = pair.matches(&options);
            if matches.is_empty() {
                candidate = pair.candidate(&options);
            }
        }
        let shared =
            |found: &Match| pair.shared(&Overlay::from(found), found.query_start_s..found.query_end_s);
        let matches: Vec<(Match, SharedPeaks)> =
            matches.into_iter().map(|found| (found.clone(), shared(&found))).collect();
        let (found, basis, shared) = match (matches.first(), &candidate) {
            (Some((best, shared)), _) => {
                (best, Basis::Found { grade: best.grade, score: best.score }, shared.clone())
            }
            (None, Some(best)) => {
                let basis = Basis::Candidate { score: best.score, needed: -options.match_e_value.log10() };
                (best, basis, shared(best))
            }
            (None, None) => {
                return View {
                    basis: Basis::Nothing,
                    overlay: Overlay { reference_at_zero_s: -passage.start, ..Overlay::BEGINNINGS },
                    held_s: passage.clone(),
                    shared: SharedPeaks::default(),
                    matches,
                };
            }
        };
        View {
            basis,
            overlay: Overlay::from(found),
            held_s: found.query_start_s..found.query_end_s,
            shared,
            matches,
        }
    }

    /// B laid so that its position `at_s` sounds where the passage of A starts.
    fn given(
        pair: &Pair<'_>,
        at_s: Seconds,
        args: &CompareArgs,
        passage: &Range<Seconds>,
        recording_s: Seconds,
    ) -> Result<View, CliError> {
        let time_scale = args.scale.unwrap_or(1.0);
        let overlay = Overlay {
            reference_at_zero_s: at_s - time_scale * passage.start,
            time_scale,
            pitch_semitones: args.pitch.unwrap_or(0.0),
        };
        let (start, end) = (overlay.query_s(0.0), overlay.query_s(recording_s));
        let held_s = passage.start.max(start)..passage.end.min(end);
        if held_s.is_empty() {
            let path = args.recording.clone();
            return Err(CliError::NoOverlap { path, at_s, duration_s: recording_s });
        }
        let shared = pair.shared(&overlay, held_s.clone());
        Ok(View { basis: Basis::Given, overlay, held_s, shared, matches: Vec::new() })
    }

    fn row(&self) -> Option<PlacementRow> {
        match (self.matches.first(), self.basis) {
            (Some((found, shared)), _) => Some(PlacementRow::found(found, shared)),
            (None, Basis::Nothing) => None,
            (None, basis) => {
                Some(PlacementRow::overlaid(&basis, &self.overlay, self.held_s.clone(), &self.shared))
            }
        }
    }

    /// The picture's parts; reads both files once more, for what is drawn of
    /// them. An error says whether it is about the query.
    fn comparison(
        self,
        args: &CompareArgs,
        passage: &Range<Seconds>,
        pair: &Pair<'_>,
        [query, recording]: [&AudioInfo; 2],
        params: &Params,
    ) -> Result<Comparison, (bool, ReadError)> {
        let drawn_s = Comparison::drawn_s(&self.held_s, passage);
        let reference_s = self.overlay.reference_s(drawn_s.start)..self.overlay.reference_s(drawn_s.end);
        let columns = args.width as usize;
        let above = record(&args.query, passage.clone(), drawn_s.clone(), columns, params);
        let below = record(&args.recording, WHOLE, reference_s, columns, params);
        let name = |path: &Path| path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        Ok(Comparison {
            basis: self.basis,
            overlay: self.overlay,
            held_s: self.held_s,
            drawn_s,
            shared: self.shared,
            query: Side {
                name: name(&args.query),
                duration_s: query.duration_s,
                spectrogram: Some(above.map_err(|error| (true, error))?),
                spots: pair.query_spots(),
            },
            recording: Side {
                name: name(&args.recording),
                duration_s: recording.duration_s,
                spectrogram: Some(below.map_err(|error| (false, error))?),
                spots: pair.recording_spots(),
            },
            band_hz: Comparison::band_hz(params),
        })
    }
}

fn save(comparison: &Comparison, size: Size, path: &Path) -> Result<(), CliError> {
    let mut output = Output::open(Some(path), false)?;
    let image = comparison.draw(size);
    image.write_png(&mut output).map_err(|error| Output::failed(Some(path), error))?;
    output.finish(true).map(|_| ())
}

fn file(path: &Path, heard: &Result<Heard, ReadError>) -> ComparedFile {
    ComparedFile::new(path, heard.as_ref().map(|heard| heard.info.duration_s))
}

/// What a file sounds like.
struct Heard {
    fingerprint: Fingerprint,
    info: AudioInfo,
}

/// The fingerprint of a passage of a file.
fn hear(path: &Path, passage: Range<Seconds>, params: &Params) -> Result<Heard, ReadError> {
    let mut fingerprinter = Fingerprinter::new(params);
    let info = listen(path, passage, params, |samples| fingerprinter.push(samples))?;
    Ok(Heard { fingerprint: fingerprinter.finish(), info })
}

/// The spectrogram of a range of a passage, on the frames that its fingerprint
/// is made of.
fn record(
    path: &Path,
    passage: Range<Seconds>,
    range_s: Range<Seconds>,
    columns: usize,
    params: &Params,
) -> Result<Spectrogram, ReadError> {
    let mut recorder = SpectrogramRecorder::new(params, passage.start, range_s, columns);
    listen(path, passage, params, |samples| recorder.push(samples))?;
    Ok(recorder.finish())
}

/// Decodes a file and hands over the samples of a passage.
fn listen(
    path: &Path,
    passage: Range<Seconds>,
    params: &Params,
    mut sink: impl FnMut(&[f32]),
) -> Result<AudioInfo, ReadError> {
    let extension = path.extension().map(|extension| extension.to_string_lossy().into_owned());
    let rate = f64::from(params.rate_hz);
    // Casting saturates: without an end the passage goes on for ever.
    let kept = (passage.start * rate).round() as u64..(passage.end * rate).round() as u64;
    let mut reached = 0_u64;
    let mut cut = |samples: &[f32]| {
        let length = samples.len() as u64;
        let within = |sample: u64| sample.saturating_sub(reached).min(length) as usize;
        let (from, until) = (within(kept.start), within(kept.end));
        reached += length;
        if from < until {
            sink(&samples[from..until]);
        }
    };
    Ok(decode(open(path)?, extension.as_deref(), params.rate_hz, &Limits::default(), &mut cut)?)
}
