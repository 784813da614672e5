//! Progress on stderr: files done, times real time, time left; or bytes done.

use std::fmt::Display;
use std::io::IsTerminal;
use std::path::Path;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::cli::ui::messages::{counted, is_json, tell, tell_of};

/// How often the bar is drawn anew while no file is finished.
const TICK: Duration = Duration::from_millis(200);

/// Counts files and shows how far a run is. Draws only where stderr is a
/// terminal; messages are written in any case.
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
    tally: Tally,
    started: Instant,
}

/// What was done so far.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Tally {
    files: u64,
    failed: u64,
    audio_s: f64,
}

impl Progress {
    /// Progress over `files` files, or over nobody knows how many.
    pub fn new(files: impl Into<Option<u64>>) -> Self {
        let files = files.into();
        let visible = std::io::stderr().is_terminal() && !is_json();
        let target = if visible { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(files, target);
        let style = ProgressStyle::with_template(match files {
            Some(_) => "{bar:24} {pos}/{len} files  {msg}  {eta} left",
            None => "{spinner} {pos} files  {msg}  {elapsed}",
        });
        bar.set_style(style.expect("the template is valid"));
        if visible {
            bar.enable_steady_tick(TICK);
        }
        Self { bar, tally: Tally::default(), started: Instant::now() }
    }

    /// A file is done: it held `audio_s` seconds.
    pub fn done(&mut self, audio_s: f64) {
        self.tally.files += 1;
        self.tally.audio_s += audio_s;
        self.show();
    }

    /// A file failed and was told about elsewhere.
    pub fn failed(&mut self) {
        self.tally.files += 1;
        self.tally.failed += 1;
        self.show();
    }

    /// Writes a line about a file to stderr, above the bar.
    pub fn say(&self, path: &Path, message: impl Display) {
        self.bar.suspend(|| tell_of(path, &message));
    }

    /// Takes the bar away while `write` writes to the terminal.
    pub fn while_hidden<T>(&self, write: impl FnOnce() -> T) -> T {
        self.bar.suspend(write)
    }

    /// Takes the bar away and says what was done; `what` stands in place of
    /// the number of files.
    pub fn finish(self, what: Option<&dyn Display>) {
        self.bar.finish_and_clear();
        tell(self.tally.told(what, self.started.elapsed()));
    }

    fn show(&self) {
        self.bar.set_position(self.tally.files);
        self.bar.set_message(self.tally.speed(self.started.elapsed()));
    }
}

/// Shows how much of a file is worked off, where stderr is a terminal.
#[derive(Debug)]
pub struct BytesProgress(ProgressBar);

impl BytesProgress {
    /// A bar that is empty.
    pub fn new() -> Self {
        if !std::io::stderr().is_terminal() || is_json() {
            return Self(ProgressBar::hidden());
        }
        let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr());
        let style = ProgressStyle::with_template("{bar:24} {bytes}/{total_bytes}  {elapsed}");
        bar.set_style(style.expect("the template is valid"));
        bar.enable_steady_tick(TICK);
        Self(bar)
    }

    /// Shows `done` of `total` bytes.
    pub fn show(&self, done: u64, total: u64) {
        self.0.set_length(total);
        self.0.set_position(done);
    }

    /// Takes the bar away.
    pub fn finish(self) {
        self.0.finish_and_clear();
    }
}

impl Tally {
    /// Seconds of audio per second.
    fn speed(&self, elapsed: Duration) -> String {
        let speed = self.audio_s / elapsed.as_secs_f64().max(1e-3);
        if speed < 10.0 {
            format!("{speed:.1} \u{d7} real time")
        } else {
            format!("{speed:.0} \u{d7} real time")
        }
    }

    fn told(&self, what: Option<&dyn Display>, elapsed: Duration) -> String {
        let what = what.map_or_else(
            || {
                let failed =
                    if self.failed == 0 { String::new() } else { format!(", {} failed", self.failed) };
                counted(self.files, "file") + &failed
            },
            ToString::to_string,
        );
        format!(
            "{what}; {} of audio in {} ({})",
            span(self.audio_s),
            span(elapsed.as_secs_f64()),
            self.speed(elapsed)
        )
    }
}

/// `2 h 05 min`, `3 min 20 s` or `4.2 s`.
pub fn span(seconds: f64) -> String {
    let whole = seconds.round() as u64;
    match whole {
        0..60 => format!("{seconds:.1} s"),
        60..3600 => format!("{} min {:02} s", whole / 60, whole % 60),
        _ => format!("{} h {:02} min", whole / 3600, whole / 60 % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_tells_files_failures_and_speed() {
        let tally = Tally { files: 20, failed: 2, audio_s: 7500.0 };
        assert_eq!(
            tally.told(None, Duration::from_secs(100)),
            "20 files, 2 failed; 2 h 05 min of audio in 1 min 40 s (75 × real time)"
        );
        let one = Tally { files: 1, failed: 0, audio_s: 8.0 };
        let two = Duration::from_secs(2);
        assert_eq!(one.told(None, two), "1 file; 8.0 s of audio in 2.0 s (4.0 × real time)");
        assert_eq!(one.told(Some(&"1 new"), two), "1 new; 8.0 s of audio in 2.0 s (4.0 × real time)");
    }

    #[test]
    fn no_time_at_all_is_no_division_by_zero() {
        assert_eq!(Tally::default().speed(Duration::ZERO), "0.0 × real time");
    }

    #[test]
    fn failures_count_as_files() {
        let mut progress = Progress::new(2);
        progress.failed();
        progress.done(3.0);
        assert_eq!(progress.tally, Tally { files: 2, failed: 1, audio_s: 3.0 });
    }
}
