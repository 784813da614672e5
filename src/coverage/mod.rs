//! How much of a file is listened to.
//!
//! [`listen`] is what [`Coverage::Adaptive`] asks for: it decodes all of a file, or, where
//! it begins with a registered recording, windows of it. If every window
//! holds that recording alone, and all on one line of time, the file is taken for
//! that recording from its first window to its last: [`united`] makes one match of
//! theirs. If the first window says otherwise, all of the file is decoded in the same
//! pass; if a later one does, windows do not suffice, and the caller decodes it anew.
//!
//! What that may miss: what sounds between two windows only and moves nothing, a
//! second recording laid over the first, or in the place of exactly as much of it,
//! for less than [`EVERY_S`] − [`WINDOW_S`] seconds. Where something is put in,
//! taken out or faster, the windows behind it are not on the line. So what lies between
//! the windows is told as not heard ([`AudioInfo::unheard`]), and nothing is allowed on
//! windows alone.

#[cfg(test)]
mod tests;
mod windows;

use std::io::{Read, Seek};

use serde::{Deserialize, Serialize};

use crate::audio::{AudioError, AudioInfo, Limits, Parts, Unheard, Wish, decode_parts};
use crate::fingerprint::{Fingerprinter, Fingerprints};
use crate::matching::{Match, Matcher};
use crate::params::Params;
use crate::units::Seconds;

pub use windows::{Window, united};

/// Length of the first window, in seconds: as long as the stretches that a query is
/// searched in.
pub const FIRST_S: Seconds = 12.0;

/// Length of the other windows, in seconds.
pub const WINDOW_S: Seconds = 10.0;

/// From the start of one window to the next, in seconds.
pub const EVERY_S: Seconds = 60.0;

/// How much of a file is listened to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Coverage {
    /// All of it.
    #[default]
    Full,
    /// Windows of it, as long as they leave no doubt.
    Adaptive,
}

impl Coverage {
    /// All of them.
    pub const ALL: [Coverage; 2] = [Coverage::Full, Coverage::Adaptive];

    /// The name in reports and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Coverage::Full => "full",
            Coverage::Adaptive => "adaptive",
        }
    }
}

/// What listening gave.
#[derive(Clone, Debug, PartialEq)]
pub enum Sound {
    /// The fingerprints of all of it, which are still to be searched.
    Whole(Fingerprints),
    /// What is in it, from windows of it.
    Settled {
        /// The recording that fills it.
        found: Match,
        /// Length of what was decoded, in seconds.
        decoded_s: Seconds,
    },
}

impl From<Fingerprints> for Sound {
    fn from(fingerprints: Fingerprints) -> Self {
        Sound::Whole(fingerprints)
    }
}

/// Listens to a file, in windows if it begins with a registered recording; `None` if
/// they disagree, so that all of it has to be decoded. While `stopped` says so, what is
/// decoded is thrown away.
///
/// # Errors
/// Those of [`decode_parts`].
pub fn listen<R>(
    source: R,
    extension: Option<&str>,
    matcher: &Matcher,
    params: &Params,
    limits: &Limits,
    stopped: &dyn Fn() -> bool,
) -> Result<Option<(Sound, AudioInfo)>, AudioError>
where
    R: Read + Seek + Send + Sync + 'static,
{
    // Of a long file that is searched whole, most is searched like this, too.
    let windows = matcher.sparing();
    let mut listener = Listener::new(&windows, params, stopped);
    let mut info = decode_parts(source, extension, params.rate_hz, limits, &mut listener)?;
    let sound = listener.finish();
    if let Some(Sound::Settled { decoded_s, .. }) = &sound {
        info.unheard.push(Unheard::between_windows(info.duration_s, *decoded_s));
    }
    Ok(sound.map(|sound| (sound, info)))
}

/// What was decided so far.
enum State {
    /// It is still the first window.
    Undecided,
    /// All is decoded.
    Whole,
    /// The file begins with a recording: windows are decoded, and the last of
    /// them, if it is not ended, is `open`.
    Windows { known: Vec<Window>, open: Option<OpenWindow> },
    /// A window held something else.
    Disagreed,
}

struct OpenWindow {
    /// Place of its first sample.
    first: u64,
    fingerprinter: Box<Fingerprinter>,
}

struct Listener<'a> {
    matcher: &'a Matcher,
    params: &'a Params,
    stopped: &'a dyn Fn() -> bool,
    /// All that came before the first gap, and the place of the next sample.
    whole: Fingerprinter,
    next: u64,
    gap: bool,
    state: State,
}

impl<'a> Listener<'a> {
    fn new(matcher: &'a Matcher, params: &'a Params, stopped: &'a dyn Fn() -> bool) -> Self {
        let (whole, state) = (Fingerprinter::new(params), State::Undecided);
        Listener { matcher, params, stopped, whole, next: 0, gap: false, state }
    }

    fn seconds(&self, samples: u64) -> Seconds {
        samples as f64 / f64::from(self.params.rate_hz)
    }

    /// Searches the first window and decides how to go on.
    fn decide(&mut self) {
        if !matches!(self.state, State::Undecided) {
            return;
        }
        self.state = match self.window(0, self.whole.clone()) {
            Some(window) => State::Windows { known: vec![window], open: None },
            None => State::Whole,
        };
    }

    /// What is in the window from sample `first` on, if it is one recording from its
    /// start to its end.
    fn window(&self, first: u64, fingerprinter: Fingerprinter) -> Option<Window> {
        let found = self.matcher.identify(&fingerprinter.finish());
        Window::new(self.seconds(first), self.seconds(self.next - first), found)
    }

    /// Ends the window that is open and looks whether the windows still agree.
    fn close(&mut self) {
        let State::Windows { open, .. } = &mut self.state else { return };
        let Some(OpenWindow { first, fingerprinter }) = open.take() else { return };
        let window = self.window(first, *fingerprinter);
        let State::Windows { known, .. } = &mut self.state else { return };
        match window.filter(|window| window.may_follow(known)) {
            Some(window) => known.push(window),
            None => self.state = State::Disagreed,
        }
    }

    /// `None` if all has to be decoded, and was not.
    fn finish(mut self) -> Option<Sound> {
        // Short files come whole, whatever was wished.
        if !self.gap && !matches!(self.state, State::Disagreed) {
            return Some(Sound::Whole(self.whole.finish().into()));
        }
        self.close();
        match self.state {
            State::Windows { known, .. } => {
                let decoded_s = known.iter().map(Window::length_s).sum();
                Some(Sound::Settled { found: united(&known)?, decoded_s })
            }
            _ => None,
        }
    }
}

impl Parts for Listener<'_> {
    fn wish(&mut self, at_s: Seconds) -> Wish {
        if at_s >= FIRST_S && !(self.stopped)() {
            self.decide();
        }
        match &self.state {
            State::Undecided | State::Whole => Wish::Decode,
            State::Disagreed => Wish::End,
            State::Windows { .. } if at_s % EVERY_S < WINDOW_S => Wish::Decode,
            State::Windows { .. } => Wish::Pass,
        }
    }

    fn tail_s(&self) -> Seconds {
        WINDOW_S
    }

    fn take(&mut self, first: u64, samples: &[f32]) {
        // What comes after the time is over is thrown away: no work for nothing.
        if (self.stopped)() {
            return;
        }
        if self.next != first {
            // Behind a gap another window begins.
            self.close();
            self.gap = true;
        }
        self.next = first + samples.len() as u64;
        if !self.gap {
            self.whole.push(samples);
        }
        if let State::Windows { open, .. } = &mut self.state {
            let new = || OpenWindow { first, fingerprinter: Box::new(Fingerprinter::new(self.params)) };
            open.get_or_insert_with(new).fingerprinter.push(samples);
        }
    }
}
