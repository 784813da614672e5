//! What can be typed after `earmark compare`.

use std::path::PathBuf;

use clap::Args;
use clap::builder::RangedU64ValueParser;

use earmark::matching::Effort;
use earmark::picture::Size;
use earmark::units::Seconds;

use super::args::ListFormat;
use super::parse;

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
    #[arg(long, value_name = "PICTURE.png", value_parser = parse::png)]
    pub output: Option<PathBuf>,
    /// Where the passage of A to look at starts
    #[arg(long, value_name = "TIME", value_parser = parse::time_in_file, default_value = "0")]
    pub from: Seconds,
    /// Where the passage of A to look at ends [default: with A]
    #[arg(long, value_name = "TIME", value_parser = parse::time_in_file)]
    pub until: Option<Seconds>,
    /// Do not search: the position in B that sounds where the passage of A starts
    #[arg(long, value_name = "TIME", value_parser = parse::time, allow_hyphen_values = true)]
    pub at: Option<Seconds>,
    /// With --at: seconds of B per second of A, 0.25 to 4 [default: 1]
    #[arg(long, value_name = "NUMBER", value_parser = parse::time_scale, requires = "at")]
    pub scale: Option<f64>,
    /// With --at: how much higher A is, in semitones, -24 to 24 [default: 0]
    #[arg(long, value_name = "NUMBER", value_parser = parse::semitones, requires = "at",
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
    /// How hard to search: more finds more of what was altered and takes longer
    #[arg(long, value_name = "EFFORT", value_parser = parse::efforts(), default_value = "standard")]
    pub effort: Effort,
    /// How the result is written
    #[arg(long, value_enum, default_value_t = ListFormat::Table)]
    pub format: ListFormat,
}

/// A number of pixels.
fn between(least: u32, most: u32) -> RangedU64ValueParser<u32> {
    RangedU64ValueParser::new().range(u64::from(least)..=u64::from(most))
}
