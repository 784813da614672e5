//! What can be typed after `earmark compare`.

use std::path::PathBuf;

use clap::Args;
use clap::builder::RangedU64ValueParser;

use earmark::picture::Size;
use earmark::units::Seconds;

use crate::cli::args::{ListFormat, MatchingArgs};

/// `earmark compare`.
#[derive(Args, Debug)]
#[command(after_help = "\
Times are seconds (83.5) or as pictures show them (1:23.5). A picture shows the
best match with a margin, at most 60 s from its beginning: --from and --until
show other passages.

Exit codes: 0 compared, whether B was recognised or not, 2 usage or environment,
3 a file could not be read.

Examples:
  earmark compare clip.mp3 song.flac --output clip.png
  earmark compare mix.mp3 song.flac --from 12:30 --until 13:30 --output mix.png
  earmark compare clip.mp3 song.flac --at 7.3 --scale 1.08 --pitch 1.33 --output clip.png")]
pub struct CompareArgs {
    /// The query: what may hold the recording
    #[arg(value_name = "A")]
    pub query: PathBuf,
    /// The recording to look for
    #[arg(value_name = "B")]
    pub recording: PathBuf,
    /// Draw both into this file
    #[arg(long, value_name = "PICTURE.png", value_parser = png)]
    pub output: Option<PathBuf>,
    /// Where the passage of A to look at starts
    #[arg(long, value_name = "TIME", value_parser = time_in_file, default_value = "0")]
    pub from: Seconds,
    /// Where the passage of A to look at ends [default: with A]
    #[arg(long, value_name = "TIME", value_parser = time_in_file)]
    pub until: Option<Seconds>,
    /// Do not search: the position in B that sounds where the passage of A starts
    #[arg(long, value_name = "TIME", value_parser = time, allow_hyphen_values = true)]
    pub at: Option<Seconds>,
    /// With --at: seconds of B per second of A, 0.25 to 4 [default: 1]
    #[arg(long, value_name = "NUMBER", value_parser = time_scale, requires = "at")]
    pub scale: Option<f64>,
    /// With --at: how much higher A is, in semitones, -24 to 24 [default: 0]
    #[arg(long, value_name = "NUMBER", value_parser = semitones, requires = "at",
        allow_negative_numbers = true)]
    pub pitch: Option<f64>,
    /// Width of the picture in pixels, 800 to 6000
    #[arg(long, value_name = "PIXELS", default_value_t = Size::default().width,
        value_parser = between(Size::SMALLEST.width, Size::LARGEST.width))]
    pub width: u32,
    /// Height of the picture in pixels, 600 to 4000
    #[arg(long, value_name = "PIXELS", default_value_t = Size::default().height,
        value_parser = between(Size::SMALLEST.height, Size::LARGEST.height))]
    pub height: u32,
    /// How to search.
    #[command(flatten)]
    pub matching: MatchingArgs,
    /// How the result is written
    #[arg(long, value_enum, default_value_t = ListFormat::Table)]
    pub format: ListFormat,
}

/// A number of pixels.
fn between(least: u32, most: u32) -> RangedU64ValueParser<u32> {
    RangedU64ValueParser::new().range(u64::from(least)..=u64::from(most))
}

/// A time in seconds, or as pictures show it: `83.5` or `1:23.5`. May be
/// negative.
fn time(text: &str) -> Result<Seconds, String> {
    let wrong = || "not a time: write seconds, as 83.5, or 1:23.5".to_owned();
    let (sign, text) = text.strip_prefix('-').map_or((1.0, text), |text| (-1.0, text));
    let plain = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let parts: Vec<&str> = text.split(':').collect();
    if parts.len() > 3 || !parts.iter().all(|part| plain(part)) {
        return Err(wrong());
    }
    let mut seconds = 0.0;
    for part in parts {
        seconds = 60.0 * seconds + part.parse::<f64>().map_err(|_| wrong())?;
    }
    Ok(sign * seconds)
}

/// A time that is not negative.
fn time_in_file(text: &str) -> Result<Seconds, String> {
    time(text).and_then(|seconds| {
        if seconds < 0.0 { Err("a file has no time before 0".to_owned()) } else { Ok(seconds) }
    })
}

/// A speed, as seconds of the recording per second of the query.
fn time_scale(text: &str) -> Result<f64, String> {
    within(text, 0.25, 4.0)
}

/// A change of pitch in semitones.
fn semitones(text: &str) -> Result<f64, String> {
    within(text, -24.0, 24.0)
}

/// A number in a range.
fn within(text: &str, least: f64, most: f64) -> Result<f64, String> {
    let number = text.parse::<f64>().ok().filter(|number| (least..=most).contains(number));
    number.ok_or_else(|| format!("not a number from {least} to {most}"))
}

/// A file that is to hold a picture. Another ending may be that of an input
/// which would be overwritten.
fn png(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    let fits = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("png"));
    if fits { Ok(path) } else { Err("pictures are PNG: let the name end in .png".to_owned()) }
}
