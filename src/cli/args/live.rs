//! What can be typed about a live stream.

use clap::Args;

use earmark::audio::PcmForm;

/// A live stream on standard input.
#[derive(Args, Debug)]
#[command(next_help_heading = "Live stream (-)")]
pub struct LiveArgs {
    /// Standard input is raw samples: u8, s16le, s24le, s32le or f32le, rate in Hz, channels
    #[arg(long, value_name = "SAMPLE:RATE:CHANNELS")]
    pub pcm: Option<PcmForm>,
}
