//! Says what sounds in a stream on standard input while it sounds.
//!
//! ```text
//! ffmpeg -i URL -f wav - | cargo run --release --example live -- REGISTRY
//! ```

use std::error::Error;
use std::io;

use earmark::audio::{Limits, decode_stream};
use earmark::fingerprint::Fingerprinter;
use earmark::matching::MatchOptions;
use earmark::matching::live::{LiveEvent, LiveMatcher};
use earmark::registry::Snapshot;
use earmark::report::{LiveRow, MatchRow};

fn main() -> Result<(), Box<dyn Error>> {
    let registry = std::env::args_os().nth(1).ok_or("give a registry")?;
    let snapshot = Snapshot::open(registry.as_ref())?;
    let params = snapshot.params();
    let mut matcher = LiveMatcher::new(snapshot.index(), params, MatchOptions::default());
    let mut fingerprinter = Fingerprinter::new(params);
    let tell = |events: &[LiveEvent]| {
        for event in events {
            let row = MatchRow::of(&event.found, &snapshot).map(|row| LiveRow::new(event, row));
            let told = row.map_err(io::Error::other).and_then(|row| row.write_text(&mut io::stdout()));
            if let Err(error) = told {
                eprintln!("{error}");
            }
        }
    };
    // A stream may have no end; memory is bounded all the same.
    let limits = Limits::default().max_duration_s(f64::INFINITY);
    decode_stream(io::stdin(), None, params.rate_hz, &limits, &mut |samples| {
        fingerprinter.push(samples);
        tell(&matcher.push(fingerprinter.settled()));
    })?;
    tell(&matcher.finish(fingerprinter.finish_settled()));
    Ok(())
}
