//! `earmark identify -`: a stream on standard input, told while it goes on.

use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::time::Instant;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use earmark::audio::{AudioError, Limits, decode_stream};
use earmark::fingerprint::Fingerprinter;
use earmark::matching::live::{LiveEvent, LiveKind, LiveMatcher};
use earmark::registry::Snapshot;
use earmark::report::{LiveRow, MatchRow, write_json_line};

use crate::cli::args::{IdentifyArgs, ListFormat};
use crate::cli::emptiness::{self, Wanted};
use crate::cli::error::CliError;
use crate::cli::ui::exit::Outcome;
use crate::cli::ui::interrupt;
use crate::cli::ui::messages::{is_json, tell, tell_of};
use crate::cli::ui::output::Output;
use crate::cli::ui::progress::span;
use crate::cli::ui::stdin::Stoppable;

/// The input that stands for standard input.
const STREAM: &str = "-";

/// Whether the input is a live stream.
pub fn is_asked_for(args: &IdentifyArgs) -> Result<bool, CliError> {
    let listing = &args.listing;
    if !args.inputs.iter().any(|input| input == Path::new(STREAM)) {
        return if args.live.pcm.is_some() { Err(CliError::PcmWithoutStream) } else { Ok(false) };
    }
    if args.inputs.len() > 1 || !listing.files_from.is_empty() || !args.rows.manifest.is_empty() {
        return Err(CliError::StreamAmongInputs);
    }
    let senseless = [
        ("--include", !listing.include.is_empty()),
        ("--exclude", !listing.exclude.is_empty()),
        ("--audio-column", !listing.audio_column.is_empty()),
        ("--not-audio", !listing.not_audio.is_empty()),
        ("--hidden", listing.hidden),
        ("--null", listing.null),
        ("--file-timeout", listing.file_timeout.is_some()),
    ];
    match senseless.into_iter().find(|(_, given)| *given) {
        Some((option, _)) => Err(CliError::NotLive { option }),
        None => Ok(true),
    }
}

/// Tells what begins and ends in the stream until it ends.
pub fn run(args: IdentifyArgs) -> Result<Outcome, CliError> {
    let registry = Snapshot::open(&args.registry.registry)?;
    emptiness::check(&registry, Wanted::Sound, &args.emptiness)?;
    let params = registry.params();
    let output = Output::open(args.out.as_deref(), args.format == ListFormat::Table)?;
    let stop = interrupt::watch_and_say("ending the matches; press Ctrl-C again to stop at once")?;
    let source =
        Stoppable::new(io::stdin(), stop.clone()).map_err(|error| CliError::Threads(error.into()))?;
    let mut teller = Teller::new(output, &args, &registry);

    let mut matcher = LiveMatcher::new(registry.index(), params, args.matching.options());
    let mut fingerprinter = Fingerprinter::new(params);
    let limits = Limits::default().max_duration_s(f64::INFINITY);
    let decoded = decode_stream(source, args.live.pcm, params.rate_hz, &limits, &mut |samples| {
        fingerprinter.push(samples);
        teller.samples += samples.len() as u64;
        if teller.failed.is_none() {
            let events = matcher.push(fingerprinter.settled());
            teller.tell(&events);
            teller.show(params.rate_hz);
        }
        if teller.failed.is_some() {
            // Nobody takes the results: the source ends, and decoding with it.
            stop.stop();
        }
    });
    let interrupted = stop.is_stopped();
    if teller.failed.is_none() {
        teller.tell(&matcher.finish(fingerprinter.finish_settled()));
    }
    let failed = match decoded {
        // What was cut off may end anywhere.
        Err(_) if interrupted => false,
        Err(error) => {
            teller.bar.suspend(|| tell_of(Path::new(STREAM), &explained(&error)));
            true
        }
        Ok(info) => {
            if info.packets_skipped > 0 {
                let text = format!("{} of {} packets damaged", info.packets_skipped, info.packets);
                teller.bar.suspend(|| tell_of(Path::new(STREAM), &text));
            }
            false
        }
    };
    teller.finish(params.rate_hz, !interrupted)?;
    Ok(Outcome { disallowed: false, unchecked: failed || interrupted })
}

/// What is no audio may be something else that another option reads.
fn explained(error: &AudioError) -> String {
    match error {
        AudioError::UnrecognisedContainer { .. } => format!(
            "{error}; a list of paths is read with --files-from -, samples without a header with --pcm"
        ),
        error => error.to_string(),
    }
}

/// Writes the rows and shows how far the stream is.
struct Teller<'a> {
    output: Output,
    args: &'a IdentifyArgs,
    registry: &'a Snapshot,
    bar: ProgressBar,
    started: Instant,
    /// Samples at the analysis rate that came.
    samples: u64,
    /// Seconds of them that are shown.
    shown_s: u64,
    matches: u64,
    sounding: Vec<(u64, String)>,
    failed: Option<CliError>,
}

impl<'a> Teller<'a> {
    fn new(output: Output, args: &'a IdentifyArgs, registry: &'a Snapshot) -> Self {
        let visible = io::stderr().is_terminal() && !is_json();
        let target = if visible { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let style = ProgressStyle::with_template("{spinner} {msg}").expect("the template is valid");
        let bar = ProgressBar::with_draw_target(None, target).with_style(style);
        Self {
            output,
            args,
            registry,
            bar,
            started: Instant::now(),
            samples: 0,
            shown_s: 0,
            matches: 0,
            sounding: Vec::new(),
            failed: None,
        }
    }

    /// Writes `events`, each at once; what fails is kept for the end.
    fn tell(&mut self, events: &[LiveEvent]) {
        for event in events {
            if let Err(error) = self.write(event) {
                self.failed = Some(error);
                return;
            }
        }
    }

    fn write(&mut self, event: &LiveEvent) -> Result<(), CliError> {
        let row = LiveRow::new(event, MatchRow::of(&event.found, self.registry)?);
        match event.kind {
            LiveKind::Begun => {
                self.matches += 1;
                let name = row.found.title.clone().unwrap_or_else(|| row.found.recording.clone());
                self.sounding.push((event.number, name));
            }
            LiveKind::Ended => self.sounding.retain(|(number, _)| *number != event.number),
        }
        let output = &mut self.output;
        let written = self.bar.suspend(|| {
            match self.args.format {
                ListFormat::Table => row.write_text(output)?,
                ListFormat::Jsonl => write_json_line(output, &row)?,
            }
            output.flush()
        });
        written.map_err(|error| Output::failed(self.args.out.as_deref(), error))
    }

    /// Shows the time once a second of the stream.
    fn show(&mut self, rate_hz: u32) {
        let now_s = self.samples / u64::from(rate_hz.max(1));
        if now_s == self.shown_s || self.bar.is_hidden() {
            return;
        }
        self.shown_s = now_s;
        let names: Vec<&str> = self.sounding.iter().map(|(_, name)| name.as_str()).collect();
        let names = if names.is_empty() { "nothing recognised".to_owned() } else { names.join("; ") };
        self.bar.set_message(format!("{}  {}", span(now_s as f64), earmark::report::clean(&names)));
        self.bar.tick();
    }

    /// Says what was done.
    fn finish(self, rate_hz: u32, whole: bool) -> Result<(), CliError> {
        self.bar.finish_and_clear();
        if let Some(error) = self.failed {
            return Err(error);
        }
        let (heard_s, took_s) =
            (self.samples as f64 / f64::from(rate_hz.max(1)), self.started.elapsed().as_secs_f64());
        let matches = match self.matches {
            1 => "1 match".to_owned(),
            n => format!("{n} matches"),
        };
        tell(format_args!("{matches}; {} of audio in {}", span(heard_s), span(took_s)));
        self.output.finish_and_tell(whole)
    }
}
